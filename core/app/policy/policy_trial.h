/* A policy that came as text over the control socket: built and tried out on a worker thread, like
 * one from a file (policy_loader.h). */
#ifndef APP_POLICY_TRIAL_H
#define APP_POLICY_TRIAL_H

#include "ops/control.h"
#include "script/script.h"
#include <uv.h>

struct policy_trial;

/* What became of it; takes prepared (NULL: *error says why it failed). */
typedef void (*policy_tried)(void *context, struct control_request *request,
    struct script_prepared *prepared, const struct script_error *error);

/* The texts are in argument `source` of the request, which must not be answered before `tried` is
 * called: soon, on the loop's thread. Until then the loop stays alive. ERR_NO_MEMORY. */
enum err policy_trial_begin(uv_loop_t *loop, const struct script_settings *settings,
    struct control_request *request, policy_tried tried, void *context);

/* The texts of an argument `source`; files has room for CONTROL_FILES_MAX. Borrowed. */
#define CONTROL_FILES_MAX 64
struct script_source policy_trial_source(
    const struct control_request *request, struct script_file files[CONTROL_FILES_MAX]);

#endif
