#include "book/placement.h"

#include "crypto/hash.h"
#include "unit/book/kit.h"

/* The H of Tendermint up to v0.33.4, for the columns of B25. */
static uint64_t double_sha256(const struct placement *placement, struct span data)
{
    (void)placement;
    uint8_t digest[32];
    uint64_t value = 0;
    sha256(data, digest);
    sha256(span_of(digest, sizeof digest), digest);
    for (unsigned i = 0; i < 8; i++)
        value = value << 8 | digest[i];
    return value;
}

static struct addr repeated_id(char digit, const char *ip, uint16_t port)
{
    char text[PEER_ID_TEXT];
    memset(text, digit, sizeof text);
    struct addr addr = addr_at(0, ip, port);
    assert_int_equal(peer_id_parse(span_of(text, sizeof text), &addr.id), ERR_OK);
    return addr;
}

static void placement_matches_the_vectors_of_B25(void **state)
{
    (void)state;
    struct {
        struct addr addr, source;
        const char *addr_group, *source_group;
        uint32_t new_bucket, old_bucket;
    } cases[] = {
        {repeated_id('a', "8.8.4.4", 26656), repeated_id('b', "1.2.3.4", 26656), "8.8.0.0",
            "1.2.0.0", 145, 53},
        {repeated_id('c', "2600:1901:0:1::5", 26656), repeated_id('b', "1.2.3.4", 26656),
            "2600:1901::", "1.2.0.0", 69, 49},
        {repeated_id('d', "10.1.2.3", 26656), repeated_id('b', "2001:470:1f10::1", 1), "unroutable",
            "2001:470:1000::", 63, 28},
    };
    struct book_settings settings = book_settings_default();
    struct placement placement;
    placement_init(&placement, &settings);
    placement_set_key(&placement, span_of_text("0123456789abcdef01234567"));
    placement.hash = double_sha256;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct group group = ip_group(&cases[i].addr.at.ip, true);
        struct group source = ip_group(&cases[i].source.at.ip, true);
        char text[GROUP_TEXT_MAX];
        assert_string_equal(group_text(group, text), cases[i].addr_group);
        assert_string_equal(group_text(source, text), cases[i].source_group);
        assert_int_equal(placement_new(&placement, group, source), cases[i].new_bucket);
        assert_int_equal(placement_old(&placement, &cases[i].addr, group), cases[i].old_bucket);
    }
}

/* B24: the SipHash key is the first half of SHA-256 over the key's text. */
static void placement_hashes_with_siphash_of_the_key_text(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    struct placement placement;
    placement_init(&placement, &settings);
    placement_set_key(&placement, span_of_text("0123456789abcdef01234567"));
    uint8_t digest[32];
    sha256(span_of_text("0123456789abcdef01234567"), digest);
    struct span data = span_of_text("0123456789abcdef012345678.8.0.01.2.0.0");
    uint64_t x = siphash(digest, data) % 32;
    char second[] = "0123456789abcdef012345671.2.0.0\0\0\0\0\0\0\0\0";
    size_t n = strlen(second) + 8;
    second[n - 1] = (char)x;
    struct addr addr = addr_at(0, "8.8.4.4", 1), source = addr_at(0, "1.2.3.4", 1);
    assert_int_equal(
        placement_new(&placement, ip_group(&addr.at.ip, true), ip_group(&source.at.ip, true)),
        siphash(digest, span_of(second, n)) % 256);
}

/* F11: the key decides, and nothing else does. */
static void F11_placement_is_the_same_after_a_restart(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    struct placement first, second, other;
    placement_init(&first, &settings);
    placement_init(&second, &settings);
    placement_init(&other, &settings);
    placement_set_key(&first, span_of_text("key one"));
    placement_set_key(&second, span_of_text("key one"));
    placement_set_key(&other, span_of_text("key two"));
    unsigned moved = 0;
    for (uint32_t n = 0; n < 200; n++) {
        struct addr addr = addr_number(n), source = source_number(n);
        struct group a = ip_group(&addr.at.ip, true), s = ip_group(&source.at.ip, true);
        assert_int_equal(placement_new(&first, a, s), placement_new(&second, a, s));
        assert_int_equal(placement_old(&first, &addr, a), placement_old(&second, &addr, a));
        moved += placement_new(&first, a, s) != placement_new(&other, a, s);
    }
    assert_true(moved > 150);
}

static unsigned count_used(const bool *used, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += used[i];
    return sum;
}

/* B22: one source group reaches at most 32 of the new buckets. */
static void placement_limits_a_source_group_to_32_new_buckets(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    struct placement placement;
    bool used[256] = {false};
    placement_init(&placement, &settings);
    for (uint32_t n = 0; n < 20000; n++) {
        struct addr addr = addr_number(n), source = source_number(0);
        source.at.ip.bytes[15] = (uint8_t)n;
        uint32_t bucket =
            placement_new(&placement, ip_group(&addr.at.ip, true), ip_group(&source.at.ip, true));
        assert_in_range(bucket, 0, 255);
        used[bucket] = true;
    }
    assert_in_range(count_used(used, 256), 20, 32);
}

/* B23: one address group reaches at most 4 of the old buckets. */
static void placement_limits_an_address_group_to_4_old_buckets(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    struct placement placement;
    bool used[64] = {false};
    placement_init(&placement, &settings);
    for (uint32_t n = 0; n < 2000; n++) {
        struct addr addr = addr_number(0);
        addr.id = id_number(n);
        addr.at.ip.bytes[15] = (uint8_t)n;
        used[placement_old(&placement, &addr, ip_group(&addr.at.ip, true))] = true;
    }
    assert_in_range(count_used(used, 64), 2, 4);
}

/* F20: the source's group is that of its socket, so IDs and claims do not widen its reach: a /16
 * that announces ten times what the book holds gets an eighth of the new buckets and no more. */
static void F20_one_source_network_reaches_an_eighth_of_the_new_buckets(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    for (uint32_t n = 0; n < 30000; n++) {
        struct addr addr = addr_number(n), source = source_number(0);
        source.id = id_number(0x40000000 | n % 1000);
        source.at.ip.bytes[14] = (uint8_t)(n >> 8);
        source.at.ip.bytes[15] = (uint8_t)n;
        assert_int_equal(book_add(book, at_ms(n), &rng, &addr, &source, NULL), ERR_OK);
    }
    assert_in_range(book_count(book), 20 * 64, 32 * 64);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placement_matches_the_vectors_of_B25),
        cmocka_unit_test(placement_hashes_with_siphash_of_the_key_text),
        cmocka_unit_test(F11_placement_is_the_same_after_a_restart),
        cmocka_unit_test(placement_limits_a_source_group_to_32_new_buckets),
        cmocka_unit_test(placement_limits_an_address_group_to_4_old_buckets),
        cmocka_unit_test(F20_one_source_network_reaches_an_eighth_of_the_new_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
