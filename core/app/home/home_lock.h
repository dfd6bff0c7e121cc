/* One process at a time changes what is in a home: a node while it runs, or a command that writes
 * its address book. */
#ifndef APP_HOME_LOCK_H
#define APP_HOME_LOCK_H

#include "app/settings/settings.h"
#include "base/err.h"

#define HOME_LOCK_FILE "data/luapex.lock" /* holds the process ID of whoever has it */

/* Takes the home until home_unlock or the end of the process, whichever way it ends. Makes the
 * folder and file if need be; where they cannot be made nobody can write either, so that is no
 * failure (*lock is -1). ERR_FULL: another process has it; cause (HOME_CAUSE_MAX bytes) says which.
 * ERR_NO_MEMORY. */
enum err home_lock(const struct settings *settings, int *lock, char *cause);
void home_unlock(int lock); /* -1 is fine */

#endif
