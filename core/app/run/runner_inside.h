/* What the files of a runner share: runner_open goes through them in this order. On failure `why`
 * (RUNNER_WHY_MAX bytes) may be written. */
#ifndef APP_RUNNER_INSIDE_H
#define APP_RUNNER_INSIDE_H

#include "app/run/runner.h"

/* runner_policy.c: the script with its policy, and what that remembers. */
enum err runner_open_policy(struct runner *runner, char *why);
/* runner_policy.c: the journal hears of a policy that failed and was taken back in between. */
void runner_note_taken_back(struct runner *runner);
/* runner_node.c: the node with its book, and what watches it. The host is open. */
enum err runner_open_node(struct runner *runner, char *why);

#endif
