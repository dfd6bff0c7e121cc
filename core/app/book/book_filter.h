/* Which entries of a book a command is about: --old, --new, --verified TIME. */
#ifndef APP_BOOK_FILTER_H
#define APP_BOOK_FILTER_H

#include "app/cli/flags.h"
#include "book/book.h"

#define FLAGS_BOOK_FILTER                                                                          \
    {"old", NULL, "Only vetted addresses."}, {"new", NULL, "Only addresses not vetted yet."},      \
    {                                                                                              \
        "verified", "TIME",                                                                        \
            "Only those that this node reached, under their ID, within this time, such as 24h."    \
    }

/* All-zero: every entry. */
struct book_filter {
    enum book_side side;                                         /* 0: both */
    int64_t verified_within_ms;                                  /* 0: whenever or never */
    bool (*keep)(void *context, const struct book_entry *entry); /* NULL: all */
    void *context;
};

/* False: misuse, which was told to the user. */
bool book_filter_read(const struct flags *flags, struct book_filter *filter);
bool book_filter_is_empty(const struct book_filter *filter);
bool book_filter_takes(
    const struct book_filter *filter, const struct book_entry *entry, struct now now);

/* Those it takes, a heap array of *n. The `first` of them that were verified last, then by last
 * success, come first and in this order; SIZE_MAX: all. NULL: no memory. */
const struct book_entry **book_filter_list(const struct book_filter *filter,
    const struct book *book, struct now now, size_t first, size_t *n);

#endif
