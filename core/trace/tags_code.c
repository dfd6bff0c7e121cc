#include "trace/tags_code.h"

#include "trace/digest.h"
#include "trace/format.h"
#include <stdio.h>

#define LINE_MAX (IP_TEXT_MAX + 4 + TAG_MAX + 3)

void tags_record_code(struct codec *codec, struct tags_record *record)
{
    code_u32(codec, &record->count);
    code_u64(codec, &record->digest);
    code_bool(codec, &record->is_whole);
    code_span(codec, &record->text, TRACE_TAGS_MAX);
}

/* "CIDR TAG\n" */
static struct span line_of(const struct tags *tags, uint32_t i, char line[LINE_MAX])
{
    char text[IP_TEXT_MAX + 4];
    struct cidr range;
    const char *tag = tags_at(tags, i, &range);
    int n = snprintf(line, LINE_MAX, "%s %s\n", cidr_text(&range, text), tag);
    return span_of(line, (size_t)n);
}

uint64_t tags_digest(const struct tags *tags)
{
    uint64_t both[2] = {0};
    char line[LINE_MAX];
    for (uint32_t i = 0; i < tags_count(tags); i++) {
        both[1] = digest(line_of(tags, i, line));
        both[0] = digest(span_of(both, sizeof both));
    }
    return both[0];
}

/* False: it is longer. */
static bool write_text(struct codec *text, const struct tags *tags, size_t max)
{
    char line[LINE_MAX];
    for (uint32_t i = 0; i < tags_count(tags) && text->n <= max; i++) {
        struct span span = line_of(tags, i, line);
        code_bytes(text, line, span.n);
    }
    return text->n <= max;
}

void tags_write(struct codec *codec, const struct tags *tags, size_t text_max)
{
    struct codec text = codec_writer();
    size_t max = text_max < TRACE_TAGS_MAX ? text_max : TRACE_TAGS_MAX;
    struct tags_record record = {.count = (uint32_t)tags_count(tags), .digest = tags_digest(tags)};
    record.is_whole = write_text(&text, tags, max);
    if (record.is_whole)
        record.text = codec_written(&text);
    if (text.err)
        codec->err = text.err;
    size_t begun = trace_begin(codec, TRACE_TAGS);
    tags_record_code(codec, &record);
    trace_end(codec, begun);
    codec_free(&text);
}
