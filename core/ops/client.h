/* The command-line client of a control socket (`luapex ctl`): Lua in a VM and on a loop of its own.
 * What it says and asks follows from the table in lua/ops/methods/. */
#ifndef OPS_CLIENT_H
#define OPS_CLIENT_H

#include <stddef.h>

#define CLIENT_CAUSE_MAX 1024

struct client {
    int argc; /* the words after "ctl" */
    char **argv;
    /* The socket of a home (NULL: the default one) as heap text; NULL: cause says why. */
    char *(*socket_path)(const char *home, char cause[CLIENT_CAUSE_MAX]);
    /* However the program ends from now on, the terminal leaves raw mode and gets the text `leave`;
     * NULL: no more. */
    void (*guard_terminal)(const char *leave);
};

/* Runs one command. The exit status: 0 done, 1 refused or no node there, 2 wrong usage. */
int client_run(const struct client *client);

#endif
