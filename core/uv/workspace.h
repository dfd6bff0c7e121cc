/* Buffers that all hosts of one loop share.
 *
 * libuv runs one callback at a time, and what it read is handed on before the next read, so one
 * buffer of each kind serves every connection: an idle peer has none of its own. Nothing may keep a
 * pointer into these buffers beyond the callback that filled them. */
#ifndef UV_WORKSPACE_H
#define UV_WORKSPACE_H

#include "wire/pex_message.h"
#include <uv.h>

#define WORKSPACE_READ_MAX 65536
#define WORKSPACE_WRITE_MAX 65536

struct workspace {
    uv_loop_t *loop;
    struct pex_scratch decoded;
    uint8_t received[WORKSPACE_READ_MAX]; /* bytes of one read, opened in place */
    uint8_t sealed[WORKSPACE_WRITE_MAX];  /* bytes on their way to one socket */
    uint8_t encoded[PEX_MESSAGE_MAX];     /* one outgoing PEX message */
};

/* Borrows loop, which must outlive it. NULL when out of memory. */
struct workspace *workspace_new(uv_loop_t *loop);
void workspace_free(struct workspace *workspace); /* NULL is fine */

#endif
