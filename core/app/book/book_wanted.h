/* Whom a look-up in the book means: an IP, IP:port, a range, or the beginning of an ID. */
#ifndef APP_BOOK_WANTED_H
#define APP_BOOK_WANTED_H

#include "book/book.h"

#define BOOK_PREFIX_MIN 4 /* digits of an ID */

struct book_wanted {
    bool is_range;
    struct cidr range;
    uint16_t port;      /* at that IP; 0: any */
    const char *prefix; /* borrowed */
};

/* False: text is none of these. */
bool book_wanted_read(const char *text, struct book_wanted *wanted);
/* A `keep` of book_filter; context is a struct book_wanted. */
bool book_wanted_fits(void *context, const struct book_entry *entry);
/* Whether a ban touches what is wanted. */
bool book_wanted_bans(const struct book_wanted *wanted, const struct ban_target *target);

#endif
