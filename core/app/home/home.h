/* A home directory in use: its settings, key and network. */
#ifndef APP_HOME_H
#define APP_HOME_H

#include "app/cli/flags.h"
#include "app/home/genesis.h"
#include "crypto/node_key.h"

#define HOME_CAUSE_MAX 1024

/* Finds the home (--home or its defaults), loads settings from file, environment and flags, and
 * prints every problem to standard error. EXIT_OK; EXIT_MISUSE: flags are wrong and nothing else
 * is; EXIT_FAILED. */
int home_settings(const struct flags *flags, struct settings *settings);
/* The same of the home that is given. */
int home_settings_of(const char *home, const struct flags *flags, struct settings *settings);
/* Prints problems to standard error, "luapex: warning: ..." or "luapex: error: ...". */
void home_print_problems(const struct settings_problems *problems);

/* The three below give, on failure, a sentence for people in cause (HOME_CAUSE_MAX bytes). */

/* Reads the node key. ERR_NOT_FOUND, ERR_CORRUPT, ERR_IO ... */
enum err home_node_key(const struct settings *settings, struct node_key *key, char *cause);
/* [pex] network, else the chain ID of the genesis file; network has room for a chain ID. */
enum err home_network(const struct settings *settings, char *network, char *cause);
/* Makes a new node key in a new file of mode 0600. ERR_FULL: the file exists. */
enum err home_make_node_key(const char *path, struct node_key *key, char *cause);

#endif
