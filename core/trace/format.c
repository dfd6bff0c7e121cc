#include "trace/format.h"

#include "node/snapshot.h"
#include "policy/schema.h"
#include "trace/digest.h"
#include <assert.h>

static_assert(sizeof TRACE_MAGIC == TRACE_MAGIC_SIZE, "magic");
static_assert(HOOK_COUNT <= 32, "a bit for each hook");

#define BODY_MAX (1u << 30)

/* ---- layout ---- */

static uint64_t mix(uint64_t sum, const char *text)
{
    uint64_t both[2] = {sum, digest(span_of_text(text))};
    return digest(span_of(both, sizeof both));
}

static uint64_t mix_fields(uint64_t sum, const struct schema_field *fields, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        sum = mix(sum + (uint64_t)fields[i].type, fields[i].name);
    return sum;
}

static uint64_t mix_hook(uint64_t sum, const struct schema_hook *hook)
{
    sum = mix_fields(mix(sum, hook->name), hook->view, hook->view_n);
    for (unsigned i = 0; i < hook->verdict.alternatives_n; i++) {
        const struct schema_alternative *alternative = &hook->verdict.alternatives[i];
        sum = mix_fields(sum, alternative->fields, alternative->fields_n);
    }
    return sum;
}

uint64_t trace_layout(void)
{
    uint64_t sum = node_snapshot_layout();
    for (int i = 0; i < ERR_COUNT; i++)
        sum = mix(sum, err_name((enum err)i));
    for (int i = 0; i < HOOK_COUNT; i++)
        sum = mix_hook(sum, &schema_hooks[i]);
    return sum;
}

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

void trace_code_header(struct codec *codec, struct trace_header *header)
{
    code_bytes(codec, &header->layout, sizeof header->layout);
    code_text(codec, header->version, sizeof header->version);
}

void trace_write_header(struct codec *codec, const char *version)
{
    struct trace_header header = {.layout = trace_layout()};
    strncpy(header.version, version, TRACE_TEXT_MAX);
    code_bytes(codec, TRACE_MAGIC, TRACE_MAGIC_SIZE);
    size_t begun = trace_begin(codec, TRACE_HEADER);
    trace_code_header(codec, &header);
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

enum err trace_open(struct trace_reader *reader, struct span bytes, struct trace_header *header)
{
    struct trace_record record;
    struct trace_reader made = {.rest = bytes, .next = TRACE_MAGIC_SIZE};
    if (bytes.n < TRACE_MAGIC_SIZE || memcmp(bytes.at, TRACE_MAGIC, TRACE_MAGIC_SIZE) != 0)
        return ERR_INVALID;
    span_take(&made.rest, TRACE_MAGIC_SIZE);
    enum err err = trace_next(&made, &record);
    if (err == ERR_NOT_FOUND)
        return ERR_TRUNCATED;
    if (err)
        return err;
    struct codec codec = codec_reader(record.body);
    struct trace_header read;
    trace_code_header(&codec, &read);
    if (record.kind != TRACE_HEADER || codec_end(&codec))
        return ERR_CORRUPT;
    *header = read;
    *reader = made;
    return ERR_OK;
}
