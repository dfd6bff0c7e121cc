/* Connections of one kind in the order in which they became it, so that the oldest can make room.
 * A connection stands in one line at most. All-zero is an empty line. */
#ifndef UV_LINE_H
#define UV_LINE_H

#include <stdint.h>

struct tcp;

struct line {
    struct tcp *first, *last;
    uint32_t n;
};

/* At the end; it leaves the line it stood in. */
void line_join(struct line *line, struct tcp *tcp);
void line_leave(struct tcp *tcp); /* in none: fine */

#endif
