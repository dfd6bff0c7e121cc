/* The policy that authors begin with: it works, explains itself and has an example. */
#ifndef APP_POLICY_SKELETON_H
#define APP_POLICY_SKELETON_H

#include "script/script.h"
#include <assert.h>
#include <stddef.h>

#define POLICY_SKELETON_MAX 2048

/* name: at most SCRIPT_NAME_MAX bytes. Returns the length of the text. */
size_t policy_skeleton(const char *name, char out[POLICY_SKELETON_MAX]);

#endif
