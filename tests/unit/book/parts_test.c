#include "book/buckets.h"
#include "book/hash_index.h"
#include "book/sources.h"
#include "unit/book/kit.h"

/* The hash index against a plain list, with hashes that collide often. */
static void hash_index_agrees_with_a_plain_list(void **state)
{
    (void)state;
    enum { CAPACITY = 200 };
    struct rng rng = seeded(1);
    struct hash_index index;
    uint32_t hashes[CAPACITY];
    bool present[CAPACITY] = {false};
    assert_int_equal(hash_index_init(&index, CAPACITY), ERR_OK);
    for (uint32_t i = 0; i < CAPACITY; i++)
        hashes[i] = (uint32_t)rng_below(&rng, 60) * (i % 2 ? 1 : 0x1000001);
    for (unsigned step = 0; step < 50000; step++) {
        uint32_t i = (uint32_t)rng_below(&rng, CAPACITY), at, handle;
        if (present[i])
            hash_index_remove(&index, hashes[i], i);
        else
            hash_index_put(&index, hashes[i], i);
        present[i] = !present[i];
        i = (uint32_t)rng_below(&rng, CAPACITY);
        at = hashes[i];
        bool found = false;
        while ((handle = hash_index_next(&index, hashes[i], &at)) != HANDLE_NONE) {
            assert_int_equal(hashes[handle], hashes[i]);
            assert_true(present[handle]);
            found |= handle == i;
        }
        assert_int_equal(found, present[i]);
    }
    hash_index_free(&index);
}

static void hash_index_can_be_filled_to_its_capacity(void **state)
{
    (void)state;
    static const uint32_t capacities[] = {1, 11, 12, 13, 48, 1000};
    for (size_t i = 0; i < COUNT(capacities); i++) {
        struct hash_index index;
        assert_int_equal(hash_index_init(&index, capacities[i]), ERR_OK);
        for (uint32_t handle = 0; handle < capacities[i]; handle++)
            hash_index_put(&index, 7, handle);
        uint32_t at = 8;
        assert_int_equal(hash_index_next(&index, 8, &at), HANDLE_NONE);
        hash_index_free(&index);
    }
}

static void buckets_agree_with_plain_lists(void **state)
{
    (void)state;
    enum { BUCKETS = 5, SIZE = 4, HANDLES = BUCKETS * SIZE };
    struct rng rng = seeded(2);
    struct buckets buckets;
    uint32_t slots[HANDLES];
    bool present[HANDLES] = {false};
    unsigned fill_of[BUCKETS] = {0};
    assert_int_equal(buckets_init(&buckets, BUCKETS, SIZE), ERR_OK);
    for (unsigned step = 0; step < 50000; step++) {
        uint32_t handle = (uint32_t)rng_below(&rng, HANDLES), from;
        uint32_t bucket = (uint32_t)rng_below(&rng, BUCKETS);
        if (present[handle]) {
            uint32_t slot = slots[handle], moved = buckets_take(&buckets, slot, &from);
            fill_of[slot / SIZE]--;
            if (moved != HANDLE_NONE) {
                assert_int_equal(slots[moved], from);
                slots[moved] = slot;
            }
        } else if (!buckets_full(&buckets, bucket)) {
            slots[handle] = buckets_put(&buckets, bucket, handle);
            assert_int_equal(slots[handle] / SIZE, bucket);
            fill_of[bucket]++;
        } else {
            assert_int_equal(fill_of[bucket], SIZE);
            continue;
        }
        present[handle] = !present[handle];
        if (buckets_check(&buckets))
            fail_msg("%s", buckets_check(&buckets));
        for (uint32_t i = 0; i < HANDLES; i++)
            assert_true(!present[i] || buckets.slots[slots[i]] == i);
        if (buckets.busy_n > 0)
            assert_true(present[buckets_pick(&buckets, &rng)]);
    }
    buckets_free(&buckets);
}

/* IDs in a series, as anybody can make them up, in half as many cells: as even as by chance. */
static void hash_of_name_spreads_series(void **state)
{
    (void)state;
    static const uint8_t secret[16] = {9};
    static uint8_t cells[1 << 15];
    struct hash_key key;
    hash_key_init(&key, secret);
    for (unsigned at = 0; at < PEER_ID_SIZE; at += 2) {
        memset(cells, 0, sizeof cells);
        unsigned most = 0;
        for (uint32_t n = 0; n < 1 << 16; n++) {
            struct peer_id id = {{0}};
            id.bytes[at] = (uint8_t)n;
            id.bytes[at + 1] = (uint8_t)(n >> 8);
            uint8_t in = ++cells[hash_of_name(&key, &id, sizeof id) % COUNT(cells)];
            most = in > most ? in : most;
        }
        assert_true(most < 16);
    }
}

static void hash_of_name_depends_on_every_byte_and_on_the_secret(void **state)
{
    (void)state;
    static const uint8_t secrets[2][16] = {{1}, {2}};
    struct hash_key key, other;
    hash_key_init(&key, secrets[0]);
    hash_key_init(&other, secrets[1]);
    uint8_t name[38] = {0};
    uint32_t plain = hash_of_name(&key, name, sizeof name);
    assert_int_not_equal(plain, hash_of_name(&other, name, sizeof name));
    for (unsigned i = 0; i < sizeof name; i++) {
        name[i] ^= 0x80;
        assert_int_not_equal(plain, hash_of_name(&key, name, sizeof name));
        name[i] ^= 0x80;
    }
}

static void sources_are_shared_and_counted(void **state)
{
    (void)state;
    static const uint8_t secret[16] = {1};
    struct hash_key key;
    struct sources sources;
    hash_key_init(&key, secret);
    assert_int_equal(sources_init(&sources, 3, &key), ERR_OK);
    struct addr a = source_number(1), b = source_number(2), port = a;
    port.at.port++;
    uint32_t first = sources_take(&sources, &a);
    assert_int_equal(sources_take(&sources, &a), first);
    assert_int_not_equal(sources_take(&sources, &b), first);
    assert_int_not_equal(sources_take(&sources, &port), first);
    struct addr full = source_number(3);
    assert_int_equal(sources_take(&sources, &full), HANDLE_NONE);
    sources_release(&sources, first);
    assert_int_equal(sources_find(&sources, &a), first);
    assert_null(sources_check(&sources));
    sources_release(&sources, first);
    assert_int_equal(sources_find(&sources, &a), HANDLE_NONE);
    assert_int_equal(sources_take(&sources, &full), first); /* its record is used again */
    assert_null(sources_check(&sources));
    sources_free(&sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_index_agrees_with_a_plain_list),
        cmocka_unit_test(hash_index_can_be_filled_to_its_capacity),
        cmocka_unit_test(hash_of_name_spreads_series),
        cmocka_unit_test(hash_of_name_depends_on_every_byte_and_on_the_secret),
        cmocka_unit_test(buckets_agree_with_plain_lists),
        cmocka_unit_test(sources_are_shared_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
