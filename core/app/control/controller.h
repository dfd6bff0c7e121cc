/* What the control socket of a home can do to its node: the C side of lua/ops/methods/.
 *
 * Questions are answered from the node at once. What changes the node goes in as a command, so that
 * a trace of the run holds it, and is answered when the node has answered.
 *
 * Life: controller_open (the runner is open) -> controller_close (before runner_close). */
#ifndef APP_CONTROLLER_H
#define APP_CONTROLLER_H

#include "app/control/control_token.h"
#include "app/run/runner.h"
#include "ops/control.h"
#include <jansson.h>

struct controller_wait; /* a command that the node has not answered */

struct controller {
    struct runner *runner;
    struct ops *ops;
    struct settings *settings; /* the runner's: `set` changes them */
    enum log_level *log_level; /* of its log */
    struct control control;
    char secret[CONTROL_TOKEN_MAX + 1]; /* of clients over TCP */
    int64_t started_ms;                 /* mono */
    uint64_t token;                     /* of the last command */
    struct controller_wait *waits;
    json_t
        *next_start; /* setting -> value at the next start, where `set` made it another; or NULL */
    bool is_closed;
};

/* Serves the sockets that the settings name, from the loop's next turn on; what is set before:
 * runner to log_level. The node runs without one when that fails, and the log says why. */
void controller_open(struct controller *controller);
/* The sockets go. Who still waits for an answer is told that the node stops. All-zero is fine. */
void controller_close(struct controller *controller);

#endif
