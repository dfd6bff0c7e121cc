/* core/addr/tags.c: names for ranges of addresses. */
#include "addr/tags.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tags *parsed(const char *text)
{
    struct tags *tags = NULL;
    struct tags_error error = {0};
    if (tags_parse(span_of_text(text), &tags, &error))
        fail_msg("line %zu: %s", error.line, error.what);
    return tags;
}

static const char *tag_of(const struct tags *tags, const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(span_of_text(text), &ip), ERR_OK);
    return tags_find(tags, &ip);
}

static void an_address_has_the_tag_of_the_longest_prefix(void **state)
{
    (void)state;
    struct tags *tags = parsed("# allocations\n"
                               "10.0.0.0/8 ten\n"
                               "\t10.1.0.0/16   inner # in the middle\r\n"
                               "\n"
                               "10.1.2.3 host\n"
                               "10.2.0.0/16 other\n"
                               "2001:67c::/32 AS64501\n"
                               "0.0.0.0/0 world");
    assert_int_equal(tags_count(tags), 6);
    assert_string_equal(tag_of(tags, "10.0.0.0"), "ten");
    assert_string_equal(tag_of(tags, "10.1.0.0"), "inner");
    assert_string_equal(tag_of(tags, "10.1.2.2"), "inner");
    assert_string_equal(tag_of(tags, "10.1.2.3"), "host");
    assert_string_equal(tag_of(tags, "10.1.2.4"), "inner");
    assert_string_equal(tag_of(tags, "10.2.255.255"), "other");
    assert_string_equal(tag_of(tags, "10.3.0.0"), "ten");
    assert_string_equal(tag_of(tags, "11.0.0.0"), "world");
    assert_string_equal(tag_of(tags, "2001:67c:1::5"), "AS64501");
    assert_string_equal(tag_of(tags, "2001:67d::"), "");
    tags_free(tags);
}

/* IPv4 ranges lie among those of IPv6 by their bytes. */
static void a_prefix_around_all_of_ipv6_has_no_hole_behind_ipv4(void **state)
{
    (void)state;
    struct tags *tags = parsed("::/0 six\n0.0.0.0/0 four\n10.0.0.0/8 ten\n2001:67c::/32 AS64501\n");
    assert_string_equal(tag_of(tags, "2001:db8::1"), "six");
    assert_string_equal(tag_of(tags, "::1"), "six");
    assert_string_equal(tag_of(tags, "2001:67c::1"), "AS64501");
    assert_string_equal(tag_of(tags, "10.1.1.1"), "ten");
    assert_string_equal(tag_of(tags, "255.1.1.1"), "four");
    tags_free(tags);
    tags = parsed("::/0 six\n10.0.0.0/8 ten\n");
    assert_string_equal(tag_of(tags, "2001:db8::1"), "six");
    assert_string_equal(tag_of(tags, "11.0.0.1"), "");
    tags_free(tags);
}

static void without_a_table_nothing_has_a_tag(void **state)
{
    (void)state;
    struct tags *tags = parsed("# nothing\n\n");
    assert_string_equal(tag_of(tags, "8.8.8.8"), "");
    assert_string_equal(tag_of(NULL, "8.8.8.8"), "");
    assert_int_equal(tags_count(NULL), 0);
    tags_free(tags);
}

static void of_two_lines_for_one_range_the_later_counts(void **state)
{
    (void)state;
    struct tags *tags = parsed("8.8.0.0/16 a\n8.8.0.0/16 b\n8.8.0.0/24 c\n8.8.0.0/16 d\n");
    assert_int_equal(tags_count(tags), 2);
    assert_string_equal(tag_of(tags, "8.8.9.9"), "d");
    assert_string_equal(tag_of(tags, "8.8.0.9"), "c");
    tags_free(tags);
}

static void a_bad_line_is_refused_with_its_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"1.2.3.0/24", "1.2.3.4/24 x", "1.2.3/24 x", "example x",
        "1.2.3.0/24 two words", "1.2.3.0/24 caf\xc3\xa9", "1.2.3.0/33 x",
        "1.2.3.0/24 0123456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        struct tags *tags = NULL;
        struct tags_error error = {0};
        snprintf(text, sizeof text, "8.8.0.0/16 fine\n\n%s\n9.9.0.0/16 fine\n", bad[i]);
        assert_int_equal(tags_parse(span_of_text(text), &tags, &error), ERR_INVALID);
        assert_int_equal(error.line, 3);
        assert_non_null(error.what);
        assert_null(tags);
    }
}

/* Against a look at every range. */
static void any_table_is_read_like_one_without_an_index(void **state)
{
    (void)state;
    enum { RANGES = 300, LOOKS = 2000 };
    struct rng rng;
    rng_seed(&rng, 11);
    for (unsigned round = 0; round < 20; round++) {
        struct cidr ranges[RANGES];
        static char text[RANGES * 80];
        size_t n = 0;
        for (unsigned i = 0; i < RANGES; i++) {
            struct ip ip = ip_of_v4(0x0a000000u | (uint32_t)rng_below(&rng, 1u << 12) << 4);
            char range[IP_TEXT_MAX + 4];
            ranges[i] = cidr_of(&ip, (uint8_t)(96 + 8 + rng_below(&rng, 25)));
            n += (size_t)snprintf(
                text + n, sizeof text - n, "%s t%u\n", cidr_text(&ranges[i], range), i);
        }
        struct tags *tags = parsed(text);
        for (unsigned look = 0; look < LOOKS; look++) {
            struct ip ip = ip_of_v4(0x0a000000u | (uint32_t)rng_below(&rng, 1u << 16));
            char want[16] = "";
            int longest = -1;
            for (unsigned i = 0; i < RANGES; i++)
                if (cidr_contains(&ranges[i], &ip) && ranges[i].bits >= longest) {
                    longest = ranges[i].bits;
                    snprintf(want, sizeof want, "t%u", i);
                }
            assert_string_equal(tags_find(tags, &ip), want);
        }
        tags_free(tags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_the_tag_of_the_longest_prefix),
        cmocka_unit_test(a_prefix_around_all_of_ipv6_has_no_hole_behind_ipv4),
        cmocka_unit_test(without_a_table_nothing_has_a_tag),
        cmocka_unit_test(of_two_lines_for_one_range_the_later_counts),
        cmocka_unit_test(a_bad_line_is_refused_with_its_number),
        cmocka_unit_test(any_table_is_read_like_one_without_an_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
