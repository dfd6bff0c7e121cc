/* The token that clients of the control socket over TCP must show: a file with one line. */
#ifndef APP_CONTROL_TOKEN_H
#define APP_CONTROL_TOKEN_H

#include "base/err.h"

#define CONTROL_TOKEN_MIN 32 /* characters */
#define CONTROL_TOKEN_MAX 256
#define CONTROL_TOKEN_CAUSE_MAX 512

/* Reads the token; a file that is missing is made, with entropy of this machine and mode 0600. The
 * caller wipes it. ERR_INVALID: others may read the file, or it holds something else; ERR_IO.
 * cause is a sentence that repeats nothing of the file. */
enum err control_token(
    const char *path, char token[CONTROL_TOKEN_MAX + 1], char cause[CONTROL_TOKEN_CAUSE_MAX]);

#endif
