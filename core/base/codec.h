/* Plain data to bytes and back, by one description for both directions:
 *
 *     static void code_point(struct codec *codec, struct point *point)
 *     {
 *         code_i64(codec, &point->x);
 *         code_bool(codec, &point->visible);
 *     }
 *
 * writes a point with codec_writer, and fills one with codec_reader. So what is written and what is
 * read cannot drift apart, and a field is listed once. A writer never changes what it is given.
 *
 * Errors stick: after the first one (bytes end, a value out of range, out of memory) nothing more
 * is read or written, values read are 0, and `err` says why. Whoever reads looks at it once, at the
 * end, and before using a count. Numbers are varints, so small ones are short.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/err.h"
#include "base/span.h"

struct codec {
    bool reading;
    enum err err;   /* ERR_OK, ERR_CORRUPT (reading), ERR_NO_MEMORY, or what a user of it set */
    struct span in; /* reading: what is left */
    uint8_t *out;   /* writing: n of cap bytes, on the heap */
    size_t n, cap;
};

struct codec codec_writer(void);
/* Borrows bytes. */
struct codec codec_reader(struct span bytes);
/* Frees what was written. */
void codec_free(struct codec *codec);
/* Forgets what was written and keeps the memory. */
void codec_reset(struct codec *codec);
/* What was written; valid until the next write. */
struct span codec_written(const struct codec *codec);

void code_bool(struct codec *codec, bool *value);
void code_u8(struct codec *codec, uint8_t *value);
void code_u16(struct codec *codec, uint16_t *value);
void code_u32(struct codec *codec, uint32_t *value);
void code_u64(struct codec *codec, uint64_t *value);
void code_i32(struct codec *codec, int32_t *value);
void code_i64(struct codec *codec, int64_t *value);
void code_size(struct codec *codec, size_t *value);
void code_float(struct codec *codec, float *value);
void code_double(struct codec *codec, double *value);
/* A number below `bound`: an enum, an index. */
void code_below(struct codec *codec, uint32_t *value, uint32_t bound);
/* A count of at most `max`; 0 after an error, so that a loop over it ends. */
uint32_t code_count(struct codec *codec, uint32_t n, uint32_t max);
/* A time in milliseconds, less than 2^53 away from 0, or NEVER_MS. Sums of two do not overflow. */
void code_time(struct codec *codec, int64_t *time_ms);
/* n bytes as they are. */
void code_bytes(struct codec *codec, void *bytes, size_t n);
/* Length and bytes, at most max. What was read borrows from the input. */
void code_span(struct codec *codec, struct span *span, size_t max);
/* A text with terminator in an array of cap bytes. */
void code_text(struct codec *codec, char *text, size_t cap);

/* Something that was read is impossible. */
void codec_refuse(struct codec *codec);
/* Reading: ends well only if everything was used. */
enum err codec_end(struct codec *codec);

/* The same for an enum variable, whose type differs from place to place. */
#define code_enum(codec, value, count)                                                             \
    do {                                                                                           \
        uint32_t code_enum_ = (codec)->reading ? 0 : (uint32_t) * (value);                         \
        code_below((codec), &code_enum_, (uint32_t)(count));                                       \
        if ((codec)->reading)                                                                      \
            *(value) = (__typeof__(*(value)))code_enum_;                                           \
    } while (0)

#endif
