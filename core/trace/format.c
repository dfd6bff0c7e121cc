#include "trace/format.h"

#include "policy/schema.h"
#include "trace/digest.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static_assert(HOOK_COUNT <= 32, "a bit for each hook");

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
    code_span(codec, &segment->node, TRACE_RECORD_MAX);
    code_span(codec, &segment->policy, TRACE_RECORD_MAX);
}

/* ---- reading ---- */

static enum err read_bytes(void *context, uint64_t at, uint8_t *into, size_t n)
{
    memcpy(into, (const uint8_t *)context + at, n);
    return ERR_OK;
}

struct trace_source trace_source_of(struct span bytes)
{
    return (struct trace_source){read_bytes, (void *)bytes.at, bytes.n};
}

/* Moves the window so that it begins at an offset and holds n bytes from there. */
static enum err move_window(struct trace_reader *reader, uint64_t at, size_t n)
{
    uint64_t rest = reader->source.size - at;
    size_t cap = n > TRACE_WINDOW ? n : TRACE_WINDOW;
    if (cap > reader->window_cap) {
        free(reader->window);
        reader->window_n = reader->window_cap = 0;
        reader->window = malloc(cap);
        if (!reader->window)
            return ERR_NO_MEMORY;
        reader->window_cap = cap;
    }
    size_t wanted = rest < reader->window_cap ? (size_t)rest : reader->window_cap;
    enum err err = reader->source.read(reader->source.context, at, reader->window, wanted);
    reader->window_at = at;
    reader->window_n = err ? 0 : wanted;
    return err;
}

/* n bytes at reader->next + skip. */
static enum err look(struct trace_reader *reader, size_t skip, size_t n, const uint8_t **bytes)
{
    uint64_t at = reader->next + skip;
    if (at > reader->source.size || n > reader->source.size - at)
        return ERR_TRUNCATED;
    bool holds = at >= reader->window_at && at - reader->window_at <= reader->window_n &&
        n <= reader->window_n - (size_t)(at - reader->window_at);
    enum err err = holds ? ERR_OK : move_window(reader, at, n);
    if (!err)
        *bytes = reader->window + (at - reader->window_at);
    return err;
}

enum err trace_next(struct trace_reader *reader, struct trace_record *record)
{
    const uint8_t *bytes;
    if (reader->next == reader->source.size)
        return ERR_NOT_FOUND;
    enum err err = look(reader, 0, TRACE_FRAME, &bytes);
    if (err)
        return err;
    uint32_t n = get_u32(bytes), check = get_u32(bytes + 4);
    if (n == 0 || n > TRACE_RECORD_MAX)
        return ERR_CORRUPT;
    err = look(reader, TRACE_FRAME, n, &bytes);
    if (err)
        return err;
    if (check != (uint32_t)digest(span_of(bytes, n)))
        return ERR_CORRUPT;
    record->kind = (enum trace_kind)bytes[0];
    record->body = span_of(bytes + 1, n - 1);
    reader->at = reader->next;
    reader->next += TRACE_FRAME + n;
    return ERR_OK;
}

/* *format 0: it is none. */
static enum err read_magic(struct trace_reader *reader, uint32_t *format)
{
    char magic[TRACE_MAGIC_SIZE];
    const uint8_t *bytes;
    enum err err = look(reader, 0, sizeof magic, &bytes);
    *format = 0;
    if (err)
        return err == ERR_TRUNCATED ? ERR_OK : err;
    for (uint32_t i = 1; i <= FORMATS_MAX && *format == 0; i++) {
        write_magic(magic, i);
        if (memcmp(bytes, magic, sizeof magic) == 0)
            *format = i;
    }
    reader->next = sizeof magic;
    return ERR_OK;
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

enum err trace_open(
    struct trace_reader *reader, struct trace_source source, struct trace_header *header)
{
    struct trace_header read = {0};
    *reader = (struct trace_reader){.source = source};
    enum err err = read_magic(reader, &read.format);
    if (err || read.format == 0)
        return err ? err : ERR_INVALID;
    err = read_version(reader, read.version);
    if (err && read.format == TRACE_FORMAT)
        return err;
    if (err)
        *read.version = 0;
    *header = read;
    return ERR_OK;
}

void trace_close(struct trace_reader *reader)
{
    free(reader->window);
    *reader = (struct trace_reader){0};
}
