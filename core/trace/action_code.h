/* Lists of actions as bytes that tell whether two steps wanted the same, and what. Long contents -
 * addresses sent, rows stored, images - are in it as a count and a digest. */
#ifndef TRACE_ACTION_CODE_H
#define TRACE_ACTION_CODE_H

#include "base/codec.h"
#include "node/event.h"

#include <jansson.h>

void actions_write(struct codec *codec, const struct action *actions, size_t n);
/* An array, from what actions_write wrote; NULL: the bytes are damaged, or out of memory. */
json_t *actions_json(struct span bytes);

#endif
