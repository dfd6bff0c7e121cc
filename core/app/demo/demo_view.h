/* What a demonstration looks like while it runs: on a terminal a table that is drawn again and
 * again, elsewhere one line for each event. */
#ifndef APP_DEMO_VIEW_H
#define APP_DEMO_VIEW_H

#include "app/demo/demo_cast.h"
#include <stdio.h>

struct demo_view {
    FILE *out;
    bool is_table;
    unsigned lines; /* of the table on the screen */
};

void demo_view_open(struct demo_view *view, const struct demo_cast *cast, FILE *out);
/* Draws the table over the last one; nothing without a terminal. */
void demo_view_draw(struct demo_view *view, const struct demo_cast *cast);
/* One line; nothing on a terminal, where the table shows the last event of each node. */
void demo_view_tell(
    struct demo_view *view, const struct demo_cast *cast, const char *who, const char *event);

#endif
