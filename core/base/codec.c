#include "base/codec.h"

#include "base/now.h"
#include "base/varint.h"
#include <stdlib.h>

#define CAP_MIN 256
#define TIME_END (INT64_C(1) << 53)

struct codec codec_writer(void)
{
    return (struct codec){0};
}

struct codec codec_reader(struct span bytes)
{
    return (struct codec){.reading = true, .in = bytes};
}

void codec_free(struct codec *codec)
{
    free(codec->out);
    *codec = (struct codec){.reading = codec->reading};
}

void codec_reset(struct codec *codec)
{
    codec->n = 0;
    codec->err = ERR_OK;
}

struct span codec_written(const struct codec *codec)
{
    return span_of(codec->out, codec->n);
}

void codec_refuse(struct codec *codec)
{
    if (!codec->err)
        codec->err = ERR_CORRUPT;
}

enum err codec_end(struct codec *codec)
{
    if (codec->reading && codec->in.n > 0)
        codec_refuse(codec);
    return codec->err;
}

/* Room for n more bytes, or NULL. */
static uint8_t *room(struct codec *codec, size_t n)
{
    if (codec->err)
        return NULL;
    if (codec->cap - codec->n < n) {
        size_t cap = codec->cap ? codec->cap * 2 : CAP_MIN;
        while (cap - codec->n < n)
            cap *= 2;
        uint8_t *out = realloc(codec->out, cap);
        if (!out) {
            codec->err = ERR_NO_MEMORY;
            return NULL;
        }
        codec->out = out;
        codec->cap = cap;
    }
    return codec->out + codec->n;
}

static void put(struct codec *codec, uint64_t value)
{
    uint8_t *out = room(codec, VARINT_MAX);
    if (out)
        codec->n += varint_put(out, value);
}

static uint64_t take(struct codec *codec, uint64_t max)
{
    uint64_t value = 0;
    if (codec->err)
        return 0;
    if (varint_take(&codec->in, &value) != ERR_OK || value > max) {
        codec_refuse(codec);
        return 0;
    }
    return value;
}

static uint64_t code(struct codec *codec, uint64_t value, uint64_t max)
{
    if (codec->reading)
        return take(codec, max);
    put(codec, value);
    return value;
}

/* Small negative numbers are short too. */
static uint64_t fold(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unfold(uint64_t folded)
{
    return (int64_t)(folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0));
}

static int64_t code_signed(struct codec *codec, int64_t value)
{
    return unfold(code(codec, fold(value), UINT64_MAX));
}

void code_bool(struct codec *codec, bool *value)
{
    bool got = code(codec, !codec->reading && *value, 1) != 0;
    if (codec->reading)
        *value = got;
}

/* A writer's data is often const further up: nothing is stored into it. */
#define CODE(name, type)                                                                           \
    void code_##name(struct codec *codec, type *value)                                             \
    {                                                                                              \
        uint64_t got = code(codec, codec->reading ? 0 : *value, (type)-1);                         \
        if (codec->reading)                                                                        \
            *value = (type)got;                                                                    \
    }

CODE(u8, uint8_t)
CODE(u16, uint16_t)
CODE(u32, uint32_t)
CODE(u64, uint64_t)
CODE(size, size_t)

void code_i64(struct codec *codec, int64_t *value)
{
    int64_t got = code_signed(codec, codec->reading ? 0 : *value);
    if (codec->reading)
        *value = got;
}

void code_i32(struct codec *codec, int32_t *value)
{
    int64_t got = code_signed(codec, codec->reading ? 0 : *value);
    if (!codec->reading)
        return;
    if (got < INT32_MIN || got > INT32_MAX)
        codec_refuse(codec);
    *value = codec->err ? 0 : (int32_t)got;
}

void code_float(struct codec *codec, float *value)
{
    code_bytes(codec, value, sizeof *value);
}

void code_double(struct codec *codec, double *value)
{
    code_bytes(codec, value, sizeof *value);
}

void code_below(struct codec *codec, uint32_t *value, uint32_t bound)
{
    uint64_t got = code(codec, codec->reading ? 0 : *value, bound - 1);
    if (codec->reading)
        *value = (uint32_t)got;
}

uint32_t code_count(struct codec *codec, uint32_t n, uint32_t max)
{
    return (uint32_t)code(codec, n, max);
}

void code_time(struct codec *codec, int64_t *time_ms)
{
    bool zero = codec->reading || *time_ms == NEVER_MS;
    uint64_t got = code(codec, zero ? 0 : fold(*time_ms) + 1, 2 * (uint64_t)TIME_END);
    if (!codec->reading)
        return;
    *time_ms = got == 0 ? NEVER_MS : unfold(got - 1);
    if (codec->err)
        *time_ms = 0;
}

void code_bytes(struct codec *codec, void *bytes, size_t n)
{
    if (!codec->reading) {
        uint8_t *out = room(codec, n);
        if (out && n > 0)
            memcpy(out, bytes, n);
        codec->n += out ? n : 0;
        return;
    }
    if (codec->in.n < n)
        codec_refuse(codec);
    if (codec->err)
        memset(bytes, 0, n);
    else if (n > 0)
        memcpy(bytes, span_take(&codec->in, n).at, n);
}

void code_span(struct codec *codec, struct span *span, size_t max)
{
    size_t n = (size_t)code(codec, codec->reading ? 0 : span->n, max);
    if (!codec->reading) {
        code_bytes(codec, (void *)span->at, n);
        return;
    }
    if (codec->in.n < n)
        codec_refuse(codec);
    *span = codec->err ? (struct span){0} : span_take(&codec->in, n);
}

void code_text(struct codec *codec, char *text, size_t cap)
{
    struct span span = codec->reading ? (struct span){0} : span_of_text(text);
    code_span(codec, &span, cap - 1);
    if (!codec->reading)
        return;
    if (span.n > 0 && memchr(span.at, 0, span.n))
        codec_refuse(codec);
    memset(text, 0, cap);
    if (!codec->err && span.n > 0)
        memcpy(text, span.at, span.n);
}
