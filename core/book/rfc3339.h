/* Times of addrbook.json: RFC 3339 in milliseconds since 1970, 0 meaning never, which the file
 * writes as 0001-01-01T00:00:00Z (wire.md 7). */
#ifndef BOOK_RFC3339_H
#define BOOK_RFC3339_H

#include "base/span.h"

#define RFC3339_MAX 25                    /* with terminator */
#define RFC3339_LATEST_MS 253402300799999 /* the end of the year 9999 */

/* UTC, trailing zeros of the fraction dropped. Never for anything not in (0, RFC3339_LATEST_MS]. */
char *rfc3339_text(int64_t wall_ms, char out[RFC3339_MAX]);
/* Any offset and up to nine digits of fraction; what is finer than a millisecond is cut off, and
 * what lies before 1970 is never. false, *wall_ms untouched: not such a time. */
bool rfc3339_parse(struct span text, int64_t *wall_ms);

#endif
