#include "app/cli/commands.h"
#include "app/control/terminal.h"
#include "ops/client.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Warnings are the node's to tell, when it starts. */
static const struct settings_problem *first_error(const struct settings_problems *problems)
{
    for (unsigned i = 0; i < problems->n; i++)
        if (problems->items[i].is_error)
            return &problems->items[i];
    return NULL;
}

static char *socket_in(const char *home, struct settings_problems *problems, char *cause)
{
    struct settings settings;
    if (settings_load(home, environ, NULL, 0, &settings, problems) != ERR_OK) {
        const struct settings_problem *problem = first_error(problems);
        if (problem)
            settings_problem_text(problem, cause, CLIENT_CAUSE_MAX);
        return NULL;
    }
    char *path =
        *settings.control.socket ? settings_path(&settings, settings.control.socket) : NULL;
    if (!*settings.control.socket)
        snprintf(
            cause, CLIENT_CAUSE_MAX, "%s has no control socket: control.socket is empty", home);
    settings_free(&settings);
    return path;
}

static char *socket_path(const char *given, char cause[CLIENT_CAUSE_MAX])
{
    char *home = settings_home(given);
    if (!home) {
        snprintf(cause, CLIENT_CAUSE_MAX, "no home directory; give one with --home DIR");
        return NULL;
    }
    struct settings_problems *problems = malloc(sizeof *problems);
    char *path = problems ? socket_in(home, problems, cause) : NULL;
    free(problems);
    free(home);
    return path;
}

static int run(int argc, char **argv)
{
    return client_run(&(struct client){argc, argv, socket_path, terminal_guard});
}

const struct command command_ctl = {
    .name = "ctl",
    .arguments =
        "[--home DIR | --socket PATH | --tcp IP:PORT --token FILE] [--json] METHOD [ARGUMENTS]",
    .summary = "ask and steer a running node",
    .about =
        "Talks to a node over the control socket in its home. What can be asked and changed:\n\n"
        "  luapex ctl help            all methods\n"
        "  luapex ctl help METHOD     one of them\n",
    .run_words = run,
};
