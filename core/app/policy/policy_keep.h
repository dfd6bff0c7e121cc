/* Keeps a policy that came over the control socket, so that the next start runs it: its texts in a
 * folder of their own, HOME/data/policy/HASH, and `[policy] file` of config.toml naming it. */
#ifndef APP_POLICY_KEEP_H
#define APP_POLICY_KEEP_H

#include "app/settings/settings.h"
#include "script/script.h"

#define POLICY_KEEP_CAUSE_MAX 1024
#define POLICY_KEEP_PATH_MAX 512

/* path (POLICY_KEEP_PATH_MAX bytes): what config.toml says now, relative to the home. ERR_IO ...;
 * cause (POLICY_KEEP_CAUSE_MAX bytes) is a sentence. */
enum err policy_keep(
    const struct settings *settings, const struct script_source *source, char *path, char *cause);

#endif
