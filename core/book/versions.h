/* Version texts of peers: each distinct one once, counted by its users. Peers choose them, so their
 * number is bounded; beyond it a version stays unknown. */
#ifndef BOOK_VERSIONS_H
#define BOOK_VERSIONS_H

#include "base/err.h"
#include "base/span.h"

#define BOOK_VERSION_MAX 31 /* bytes kept of a version, without terminator */
#define VERSIONS_MAX 1024
#define VERSION_UNKNOWN 0

struct versions {
    char (*texts)[BOOK_VERSION_MAX + 1];
    uint32_t *users; /* 0: free */
    uint32_t n;      /* from here on never used */
};

/* ERR_NO_MEMORY. */
enum err versions_init(struct versions *versions);
void versions_free(struct versions *versions);

/* One more user of this text, cut to BOOK_VERSION_MAX bytes, bytes other than printable ASCII
 * turned into '?'. VERSION_UNKNOWN if it is empty or there is no room. */
uint16_t versions_take(struct versions *versions, struct span text);
void versions_release(struct versions *versions, uint16_t version);
const char *versions_text(const struct versions *versions, uint16_t version); /* "": unknown */

#endif
