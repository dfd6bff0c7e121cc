#include "book/placement.h"

#include <assert.h>

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

static void begin(struct input *input, const struct placement *placement)
{
    memcpy(input->bytes, placement->key, placement->key_n);
    input->n = placement->key_n;
}

struct text {
    char bytes[GROUP_TEXT_MAX];
    size_t n;
};

static void make_text(struct text *text, struct group group)
{
    text->n = (size_t)(group_text_end(group, text->bytes) - text->bytes);
}

static void put_text(struct input *input, const struct text *text)
{
    memcpy(input->bytes + input->n, text->bytes, text->n);
    input->n += text->n;
}

static void put_number(struct input *input, uint64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        input->bytes[input->n++] = (char)(value >> shift);
}

static uint64_t hash_of(const struct placement *placement, const struct input *input)
{
    return placement->hash(placement, span_of(input->bytes, input->n));
}

static uint32_t bucket_of(
    const struct placement *placement, const struct text *group, uint64_t x, uint32_t buckets)
{
    struct input input;
    begin(&input, placement);
    put_text(&input, group);
    put_number(&input, x);
    return (uint32_t)(hash_of(placement, &input) % buckets);
}

uint32_t placement_new(const struct placement *placement, struct group addr, struct group source)
{
    struct input input;
    struct text of_addr, of_source;
    make_text(&of_addr, addr);
    make_text(&of_source, source);
    begin(&input, placement);
    put_text(&input, &of_addr);
    put_text(&input, &of_source);
    uint64_t x = hash_of(placement, &input) % placement->new_buckets_per_group;
    return bucket_of(placement, &of_source, x, placement->new_buckets);
}

uint32_t placement_old(
    const struct placement *placement, const struct addr *addr, struct group group)
{
    struct input input;
    struct text of_group;
    make_text(&of_group, group);
    begin(&input, placement);
    input.n += strlen(addr_to_text(addr, input.bytes + input.n));
    uint64_t x = hash_of(placement, &input) % placement->old_buckets_per_group;
    return bucket_of(placement, &of_group, x, placement->old_buckets);
}
