/* How far long work is, in one line of a terminal on standard error that is gone afterwards;
 * nothing where there is no terminal. */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool is_shown;
    int64_t drawn_ns; /* when; 0: never */
};

void progress_open(struct progress *progress);
/* Draws it, but not faster than anybody can read. */
__attribute__((format(printf, 2, 3))) void progress_tell(
    struct progress *progress, const char *format, ...);
/* Takes the line away: before anything else is written. */
void progress_clear(struct progress *progress);

#endif
