/* The rows behind a decision, for people. */
#ifndef APP_DIFF_ROWS_H
#define APP_DIFF_ROWS_H

#include "policy/schema.h"

#include <jansson.h>

/* Prints the rows of a view, one to a line, without the fields that are as by default; who it is,
 * `id`, `ip` and `port`, stands always. Takes those fields out of the view. */
void diff_print_rows(const struct schema_hook *hook, json_t *view);

#endif
