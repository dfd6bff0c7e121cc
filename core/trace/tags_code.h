/* The tags that a node had (addr/tags.h), at the head of every file of its trace:
 *
 *     count  digest of all  whole  text
 *
 * The text is what tags_parse reads, in the order of addresses; it is empty if it would be longer
 * than a file has room for. */
#ifndef TRACE_TAGS_CODE_H
#define TRACE_TAGS_CODE_H

#include "addr/tags.h"
#include "base/codec.h"

#define TRACE_TAGS_MAX (16u << 20) /* bytes of text */

struct tags_record {
    uint32_t count;
    uint64_t digest;
    bool is_whole;
    struct span text; /* borrowed */
};

void tags_record_code(struct codec *codec, struct tags_record *record);
/* A number that stands for the ranges and their tags. */
uint64_t tags_digest(const struct tags *tags);
/* Appends a TAGS record, with the text if that has at most text_max bytes. */
void tags_write(struct codec *codec, const struct tags *tags, size_t text_max);

#endif
