#include "link/delimited.h"

#include "base/varint.h"

/* Sizes of the message that begins with `bytes`. ERR_TRUNCATED: its prefix is incomplete. */
static enum err measure(struct span bytes, size_t body_max, size_t *prefix_n, size_t *body_n)
{
    struct span rest = bytes;
    uint64_t n;
    enum err err = varint_take(&rest, &n);
    if (err)
        return err;
    if (n > body_max)
        return ERR_TOO_LONG;
    *prefix_n = bytes.n - rest.n;
    *body_n = (size_t)n;
    return ERR_OK;
}

/* The message across several inputs: byte by byte until its length is known, then in pieces. */
static enum err take_held(struct buffer **held, struct span *in, size_t body_max, struct span *body)
{
    for (;;) {
        struct span kept = buffer_span(*held);
        size_t wanted = 1, prefix_n = 0, body_n = 0;
        enum err err = measure(kept, body_max, &prefix_n, &body_n);
        if (err && err != ERR_TRUNCATED)
            return err;
        if (!err)
            wanted = prefix_n + body_n - kept.n;
        if (wanted == 0) {
            *body = span_of(kept.at + prefix_n, body_n);
            return ERR_OK;
        }
        if (in->n == 0)
            return ERR_TRUNCATED;
        struct span piece = span_take(in, wanted < in->n ? wanted : in->n);
        err = buffer_append(held, piece, VARINT_MAX + body_max);
        if (err)
            return err;
    }
}

enum err delimited_take(struct buffer **held, struct span *in, size_t body_max, struct span *body)
{
    size_t prefix_n, body_n;
    if (!*held && measure(*in, body_max, &prefix_n, &body_n) == ERR_OK &&
        body_n <= in->n - prefix_n) {
        span_take(in, prefix_n);
        *body = span_take(in, body_n);
        return ERR_OK;
    }
    return take_held(held, in, body_max, body);
}
