#include "book/placement.h"

#include <assert.h>
#include <endian.h>

#include "crypto/hash.h"

/* The longest hash input: the key, two texts, and eight bytes. */
#define INPUT_MAX (BOOK_KEY_MAX + ADDR_TEXT_MAX + 2 * GROUP_TEXT_MAX + 8)

struct input {
    char bytes[INPUT_MAX];
    size_t n;
};

static uint64_t hash_siphash(const struct placement *placement, struct span data)
{
    return siphash(placement->sip_key, data);
}

void placement_init(struct placement *placement, const struct book_settings *settings)
{
    *placement = (struct placement){
        .new_buckets = settings->new_buckets,
        .new_buckets_per_group = settings->new_buckets_per_group,
        .old_buckets = settings->old_buckets,
        .old_buckets_per_group = settings->old_buckets_per_group,
        .hash = hash_siphash,
    };
    placement_set_key(placement, (struct span){0});
}

void placement_set_key(struct placement *placement, struct span text)
{
    uint8_t digest[32];
    assert(text.n <= BOOK_KEY_MAX);
    if (text.n > 0)
        memcpy(placement->key, text.at, text.n);
    placement->key[text.n] = 0;
    placement->key_n = text.n;
    sha256(span_of(placement->key, text.n), digest);
    memcpy(placement->sip_key, digest, sizeof placement->sip_key);
}

/* Copies of one length take one instruction or two; what is too much is written over. */
static void begin(struct input *input, const struct placement *placement)
{
    memcpy(input->bytes, placement->key, BOOK_KEY_MAX);
    input->n = placement->key_n;
}

static void put_group(struct input *input, struct group group)
{
    input->n = (size_t)(group_text_end(group, input->bytes + input->n) - input->bytes);
}

static void put_number(struct input *input, uint64_t value)
{
    value = htobe64(value);
    memcpy(input->bytes + input->n, &value, sizeof value);
    input->n += sizeof value;
}

static uint64_t hash_of(const struct placement *placement, const struct input *input)
{
    return placement->hash(placement, span_of(input->bytes, input->n));
}

/* The bucket of a group, whose text `input` holds behind the key, at its x-th place. */
static uint32_t bucket_of(
    const struct placement *placement, struct input *input, uint64_t x, uint32_t buckets)
{
    put_number(input, x);
    return (uint32_t)(hash_of(placement, input) % buckets);
}

uint32_t placement_new(const struct placement *placement, struct group addr, struct group source)
{
    struct input both, second;
    begin(&second, placement);
    put_group(&second, source);
    begin(&both, placement);
    put_group(&both, addr);
    memcpy(both.bytes + both.n, second.bytes + placement->key_n, GROUP_TEXT_MAX);
    both.n += second.n - placement->key_n;
    uint64_t x = hash_of(placement, &both) % placement->new_buckets_per_group;
    return bucket_of(placement, &second, x, placement->new_buckets);
}

uint32_t placement_old(
    const struct placement *placement, const struct addr *addr, struct group group)
{
    struct input first, second;
    begin(&first, placement);
    first.n += strlen(addr_to_text(addr, first.bytes + first.n));
    begin(&second, placement);
    put_group(&second, group);
    uint64_t x = hash_of(placement, &first) % placement->old_buckets_per_group;
    return bucket_of(placement, &second, x, placement->old_buckets);
}
