#include "trace/format.h"

#include "policy/schema.h"
#include "trace/digest.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static_assert(HOOK_COUNT <= 32, "a bit for each hook");

#define BODY_MAX (1u << 30)
#define FORMATS_MAX 99 /* what fits into the magic */

/* ---- writing ---- */

static void put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get_u32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

size_t trace_begin(struct codec *codec, enum trace_kind kind)
{
    uint8_t head[TRACE_FRAME + 1] = {0};
    size_t begun = codec->n;
    head[TRACE_FRAME] = (uint8_t)kind;
    code_bytes(codec, head, sizeof head);
    return begun;
}

void trace_end(struct codec *codec, size_t begun)
{
    if (codec->err)
        return;
    struct span record = span_of(codec->out + begun + TRACE_FRAME, codec->n - begun - TRACE_FRAME);
    put_u32(codec->out + begun, (uint32_t)record.n);
    put_u32(codec->out + begun + 4, (uint32_t)digest(record));
}

static void write_magic(char magic[TRACE_MAGIC_SIZE], uint32_t format)
{
    char text[32] = {0};
    snprintf(text, sizeof text, "luapex trace %" PRIu32 "\n", format);
    memcpy(magic, text, TRACE_MAGIC_SIZE);
}

void trace_write_header(struct codec *codec, const char *version)
{
    char magic[TRACE_MAGIC_SIZE];
    write_magic(magic, TRACE_FORMAT);
    code_bytes(codec, magic, sizeof magic);
    size_t begun = trace_begin(codec, TRACE_HEADER);
    struct span text = span_of(version, strnlen(version, TRACE_TEXT_MAX));
    code_span(codec, &text, TRACE_TEXT_MAX);
    trace_end(codec, begun);
}

void trace_write_end(struct codec *codec, const char *why)
{
    size_t begun = trace_begin(codec, TRACE_END);
    struct span text = span_of(why, strnlen(why, TRACE_TEXT_MAX));
    code_span(codec, &text, TRACE_TEXT_MAX);
    trace_end(codec, begun);
}

void trace_code_segment(struct codec *codec, struct trace_segment *segment)
{
    code_u64(codec, &segment->number);
    code_time(codec, &segment->now.mono_ms);
    code_time(codec, &segment->now.wall_ms);
    code_u32(codec, &segment->wants);
    code_span(codec, &segment->node, BODY_MAX);
    code_span(codec, &segment->policy, BODY_MAX);
}

/* ---- reading ---- */

enum err trace_next(struct trace_reader *reader, struct trace_record *record)
{
    struct span rest = reader->rest;
    if (rest.n == 0)
        return ERR_NOT_FOUND;
    if (rest.n < TRACE_FRAME)
        return ERR_TRUNCATED;
    const uint8_t *head = span_take(&rest, TRACE_FRAME).at;
    uint32_t n = get_u32(head);
    if (n == 0 || n > BODY_MAX)
        return ERR_CORRUPT;
    if (n > rest.n)
        return ERR_TRUNCATED;
    struct span bytes = span_take(&rest, n);
    if (get_u32(head + 4) != (uint32_t)digest(bytes))
        return ERR_CORRUPT;
    record->kind = (enum trace_kind)bytes.at[0];
    record->body = span_of(bytes.at + 1, bytes.n - 1);
    reader->at = reader->next;
    reader->next += TRACE_FRAME + n;
    reader->rest = rest;
    return ERR_OK;
}

/* 0: it is none. */
static uint32_t read_magic(struct span bytes)
{
    char magic[TRACE_MAGIC_SIZE];
    for (uint32_t format = 1; bytes.n >= sizeof magic && format <= FORMATS_MAX; format++) {
        write_magic(magic, format);
        if (memcmp(bytes.at, magic, sizeof magic) == 0)
            return format;
    }
    return 0;
}

/* It reaches terminals. */
static bool is_printable(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == 0;
}

static enum err read_version(struct trace_reader *reader, char version[static TRACE_TEXT_MAX + 1])
{
    struct trace_record record;
    enum err err = trace_next(reader, &record);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_TRUNCATED : err;
    struct codec codec = codec_reader(record.body);
    code_text(&codec, version, TRACE_TEXT_MAX + 1);
    return record.kind == TRACE_HEADER && is_printable(version) ? codec_end(&codec) : ERR_CORRUPT;
}

enum err trace_open(struct trace_reader *reader, struct span bytes, struct trace_header *header)
{
    struct trace_reader made = {.rest = bytes, .next = TRACE_MAGIC_SIZE};
    struct trace_header read = {.format = read_magic(bytes)};
    if (read.format == 0)
        return ERR_INVALID;
    span_take(&made.rest, TRACE_MAGIC_SIZE);
    enum err err = read_version(&made, read.version);
    if (read.format == TRACE_FORMAT && err)
        return err;
    if (err)
        *read.version = 0;
    *header = read;
    *reader = made;
    return ERR_OK;
}
