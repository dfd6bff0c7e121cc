/* Reads delimited messages (wire.md 0.2) out of bytes that come in any split: a varint with the
 * length of the body, then the body. */
#ifndef LINK_DELIMITED_H
#define LINK_DELIMITED_H

#include "link/buffer.h"

/* Takes one message off the front of *in, together with what *held has kept of it.
 *
 * A message that is whole in *in is not copied. Otherwise its bytes move to *held, at most body_max
 * + VARINT_MAX of them, and when it is complete *body points there: the caller frees *held once it
 * is done with the body.
 *
 * ERR_TRUNCATED: incomplete, all of *in was taken. ERR_VARINT; ERR_TOO_LONG as soon as the length
 * is read, before any byte of the body is kept; ERR_NO_MEMORY. */
enum err delimited_take(struct buffer **held, struct span *in, size_t body_max, struct span *body);

#endif
