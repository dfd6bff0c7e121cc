/* Names for ranges of addresses, given by the operator: AS numbers, countries, allow-lists.
 *
 *     # comment
 *     203.0.113.0/24   AS64500
 *     203.0.113.7      friends
 *     2001:67c::/32    AS64501
 *
 * One "CIDR TAG" a line, blanks between them; an address has the tag of the longest prefix that
 * holds it. A tag is 1 to 63 printable ASCII characters without blanks. Of two lines for one prefix
 * the later counts. */
#ifndef ADDR_TAGS_H
#define ADDR_TAGS_H

#include "addr/ip.h"

#define TAG_MAX 63       /* bytes, without terminator */
#define TAGS_MAX 2000000 /* lines that hold a range */
#define TAGS_TEXT_MAX (1 << 27)

struct tags;

/* Where and why a text is refused. */
struct tags_error {
    size_t line;      /* from 1; 0: the text as a whole */
    const char *what; /* a sentence for people, static */
};

/* Keeps no pointer into text. ERR_INVALID (*error says where), ERR_TOO_LONG (more than the limits
 * above), ERR_NO_MEMORY. error may be NULL. */
enum err tags_parse(struct span text, struct tags **tags, struct tags_error *error);
void tags_free(struct tags *tags); /* NULL is fine */
/* "" when no range holds it, or tags is NULL. Valid as long as tags. O(log n), plus the ranges that
 * lie around it. */
const char *tags_find(const struct tags *tags, const struct ip *ip);
size_t tags_count(const struct tags *tags);
/* The i-th range (i < tags_count) by first address, the larger before the smaller, and its tag. */
const char *tags_at(const struct tags *tags, size_t i, struct cidr *range);

#endif
