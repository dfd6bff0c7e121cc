#include "uv/store_inside.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define LAYOUT 1
#define FIXED 147 /* bytes in front of the buckets */
#define NAME_MAX_BYTES 40

static_assert(
    FIXED + 4 * BOOK_REFS_MAX + 42 * BOOK_SOURCES_MAX + 1 + BOOK_VERSION_MAX + 2 + NAME_MAX_BYTES <=
        STORE_RECORD_MAX,
    "the largest record fits");

/* Writing */

static inline uint8_t *put(uint8_t *at, uint64_t value, unsigned n)
{
    value = htole64(value);
    memcpy(at, &value, n);
    return at + n;
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static uint8_t *put_float(uint8_t *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put(at, bits, 4);
}

static uint8_t *put_addr(uint8_t *at, const struct addr *addr)
{
    at = put_bytes(at, addr->id.bytes, PEER_ID_SIZE);
    at = put_bytes(at, addr->at.ip.bytes, sizeof addr->at.ip.bytes);
    return put(at, addr->at.port, 2);
}

static uint8_t *put_known(uint8_t *at, const struct book_entry *known)
{
    const int64_t times[] = {known->first_seen_ms, known->last_attempt_ms, known->last_success_ms,
        known->last_verified_ms, known->last_ban_ms};
    at = put_addr(at, &known->addr);
    at = put(at, known->attempts, 4);
    at = put(at, known->rtt_ms, 4);
    at = put(at, known->answers, 4);
    at = put(at, known->bans, 1);
    at = put_bytes(at, known->failures, BOOK_FAILURES);
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++)
        at = put(at, (uint64_t)times[i], 8);
    at = put(at, known->dials.first_s, 4);
    at = put(at, known->dials.last_s, 4);
    for (unsigned i = 0; i < BOOK_WINDOWS; i++)
        at = put_float(at, known->dials.good[i]);
    for (unsigned i = 0; i < BOOK_WINDOWS; i++)
        at = put_float(at, known->dials.tries[i]);
    return at;
}

static uint8_t *put_text(uint8_t *at, const char *text, size_t max)
{
    size_t n = strnlen(text, max);
    return put_bytes(put(at, n, 1), text, n);
}

size_t store_pack(const struct book_record *record, uint8_t out[STORE_RECORD_MAX])
{
    const struct book_entry *known = &record->known;
    uint8_t *at = put(out, LAYOUT, 1);
    at = put(at, known->side, 1);
    at = put(at, record->buckets_n, 1);
    at = put(at, known->sources_n, 1);
    at = put_known(at, known);
    assert(at - out == FIXED);
    for (uint32_t i = 0; i < record->buckets_n; i++)
        at = put(at, record->buckets[i], 4);
    for (uint32_t i = 0; i < known->sources_n; i++)
        at = put(put_addr(at, &record->sources[i]), record->heard_s[i], 4);
    at = put_text(at, record->version, BOOK_VERSION_MAX);
    at = put(at, known->last_failure, 1);
    at = put_text(
        at, known->last_failure ? err_name((enum err)known->last_failure) : "", NAME_MAX_BYTES);
    return (size_t)(at - out);
}

/* Reading; whoever calls knows that there are enough bytes */

static inline uint64_t take(struct span *in, unsigned n)
{
    uint64_t value = 0;
    memcpy(&value, span_take(in, n).at, n);
    return le64toh(value);
}

static void take_bytes(struct span *in, void *out, size_t n)
{
    memcpy(out, span_take(in, n).at, n);
}

static float take_float(struct span *in)
{
    uint32_t bits = (uint32_t)take(in, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static struct addr take_addr(struct span *in)
{
    struct addr addr;
    take_bytes(in, addr.id.bytes, PEER_ID_SIZE);
    take_bytes(in, addr.at.ip.bytes, sizeof addr.at.ip.bytes);
    addr.at.port = (uint16_t)take(in, 2);
    return addr;
}

/* Impossible numbers of dials are the book's to repair. */
static bool take_known(struct span *in, struct book_entry *known)
{
    int64_t *const times[] = {&known->first_seen_ms, &known->last_attempt_ms,
        &known->last_success_ms, &known->last_verified_ms, &known->last_ban_ms};
    bool good = true;
    known->addr = take_addr(in);
    known->attempts = (uint32_t)take(in, 4);
    known->rtt_ms = (uint32_t)take(in, 4);
    known->answers = (uint32_t)take(in, 4);
    known->bans = (uint8_t)take(in, 1);
    take_bytes(in, known->failures, BOOK_FAILURES);
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        *times[i] = (int64_t)take(in, 8);
        good &= *times[i] >= 0;
    }
    known->dials.first_s = (uint32_t)take(in, 4);
    known->dials.last_s = (uint32_t)take(in, 4);
    for (unsigned i = 0; i < BOOK_WINDOWS; i++)
        known->dials.good[i] = take_float(in);
    for (unsigned i = 0; i < BOOK_WINDOWS; i++)
        known->dials.tries[i] = take_float(in);
    return good;
}

static bool take_text(struct span *in, size_t max, struct span *text)
{
    if (in->n == 0 || in->at[0] > max || in->at[0] >= in->n)
        return false;
    size_t n = (size_t)take(in, 1);
    *text = span_take(in, n);
    return true;
}

/* A name that another version knew is no damage. */
enum err store_failure_named(struct span name)
{
    for (int err = 1; err < ERR_COUNT; err++)
        if (span_equal(name, span_of_text(err_name((enum err)err))))
            return (enum err)err;
    return ERR_OK;
}

static bool take_failure(struct span *in, struct book_entry *known)
{
    struct span name;
    if (in->n == 0)
        return false;
    uint8_t number = (uint8_t)take(in, 1);
    if (!take_text(in, NAME_MAX_BYTES, &name))
        return false;
    bool same = number < ERR_COUNT && span_equal(name, span_of_text(err_name((enum err)number)));
    if (name.n > 0)
        known->last_failure = same ? number : (uint8_t)store_failure_named(name);
    return true;
}

bool store_unpack(struct span in, struct book_record *record)
{
    struct span version;
    if (in.n < FIXED || in.at[0] != LAYOUT)
        return false;
    uint8_t side = in.at[1], buckets_n = in.at[2], sources_n = in.at[3];
    size_t counted = (size_t)4 * buckets_n + (size_t)42 * sources_n;
    if ((side != BOOK_NEW && side != BOOK_OLD) || buckets_n > BOOK_REFS_MAX || sources_n == 0 ||
        sources_n > BOOK_SOURCES_MAX || in.n < FIXED + counted)
        return false;
    memset(record, 0, sizeof *record);
    record->known.side = side;
    record->known.sources_n = sources_n;
    record->buckets_n = buckets_n;
    span_take(&in, 4);
    if (!take_known(&in, &record->known))
        return false;
    for (unsigned i = 0; i < buckets_n; i++)
        record->buckets[i] = (uint32_t)take(&in, 4);
    for (unsigned i = 0; i < sources_n; i++) {
        record->sources[i] = take_addr(&in);
        record->heard_s[i] = (uint32_t)take(&in, 4);
    }
    if (!take_text(&in, BOOK_VERSION_MAX, &version))
        return false;
    memcpy(record->version, version.at, version.n);
    return take_failure(&in, &record->known) && in.n == 0;
}
