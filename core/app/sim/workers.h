/* Pieces of work that know nothing of each other, several at a time, each in a process of its own:
 * its memory goes back whole, and one that dies takes no other along. */
#ifndef APP_WORKERS_H
#define APP_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#define WORKERS_MAX 256

struct workers {
    size_t n;      /* pieces, begun in the order of their numbers */
    unsigned jobs; /* at a time, at most WORKERS_MAX */
    /* Does one, in its process. What the others shall see of it goes into workers_share. */
    void (*work)(void *context, size_t piece);
    /* Told of each that ended; `signal` is what killed it, or 0. False: no further ones, and those
     * under way are not wanted any more. */
    bool (*ended)(void *context, size_t piece, int signal);
    /* Told now and then while nothing ends. */
    void (*waiting)(void *context);
    void *context;
};

enum workers_end {
    WORKERS_DONE,        /* all have ended, or `ended` wanted no further ones */
    WORKERS_INTERRUPTED, /* by SIGINT or SIGTERM */
    WORKERS_NO_PROCESS,  /* to be had (errno) */
};

/* Whatever is under way at the end is ended too. SIGINT and SIGTERM are taken here, and stay
 * blocked. */
enum workers_end workers_run(const struct workers *workers);

/* Zeroed memory that the processes of workers_run share, until this one ends; NULL: there is none.
 */
void *workers_share(size_t size);

#endif
