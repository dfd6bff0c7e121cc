#include "addr/ip.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rng.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct ip ip_from(const char *text)
{
    struct ip ip;
    if (ip_parse(span_of_text(text), &ip))
        fail_msg("'%s' does not parse", text);
    return ip;
}

static struct cidr cidr_from(const char *text)
{
    struct cidr cidr;
    if (cidr_parse(span_of_text(text), &cidr))
        fail_msg("'%s' does not parse", text);
    return cidr;
}

static void ip_prints_canonical_text(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"1.2.3.4", "1.2.3.4"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"::ffff:102:304", "1.2.3.4"},
        {"0:0:0:0:0:FFFF:0102:0304", "1.2.3.4"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"::1.2.3.4", "::102:304"},
        {"::ffff:0:1.2.3.4", "::ffff:0:102:304"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"fe80:0000::00ab", "fe80::ab"},
        {"a:b:c:d:e:f:0:0", "a:b:c:d:e:f::"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip = ip_from(cases[i].in);
        char text[IP_TEXT_MAX];
        assert_string_equal(ip_text(&ip, text), cases[i].out);
    }
}

static void ip_refuses_what_is_no_literal(void **state)
{
    (void)state;
    static const char *const cases[] = {"", " ", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.5",
        "1.2.3.4.", "01.2.3.4", "1.2.3.00", "1.2.3.256", "1.2.3.1000", "1.2.3.-4", "+1.2.3.4",
        "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.a", ":", ":::", "1", "1:", ":1", "1::2::3",
        "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8", "12345::", "g::", "::1%eth0", "fe80::1%1", "[::1]", "::1.2.3",
        "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1:1.2.3.4::", "::01.2.3.4", "::1.2.3.256",
        "1.2.3.4::", "::1 ", "example.com"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip = {{7}}, before = ip;
        if (ip_parse(span_of_text(cases[i]), &ip) != ERR_ADDR_INVALID)
            fail_msg("'%s' was accepted", cases[i]);
        assert_memory_equal(&ip, &before, sizeof ip);
    }
    struct ip ip;
    assert_int_equal(ip_parse(span_of("1.2.3.4\0", 8), &ip), ERR_ADDR_INVALID);
    assert_int_equal(ip_parse(span_of(NULL, 0), &ip), ERR_ADDR_INVALID);
}

/* Same verdict and same bytes as the C library on every text it can be asked about. */
static void ip_agrees_with_inet_pton(void **state)
{
    (void)state;
    static const char alphabet[] = "0:0:1:.a.f25::";
    struct rng rng;
    rng_seed(&rng, 1);
    unsigned accepted = 0;
    for (unsigned round = 0; round < 300000; round++) {
        char text[24];
        size_t n = rng_below(&rng, sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
        text[n] = 0;
        struct ip ip, expect = ip_of_v4(0);
        bool known = inet_pton(AF_INET, text, expect.bytes + 12) == 1 ||
            inet_pton(AF_INET6, text, expect.bytes) == 1;
        assert_int_equal(ip_parse(span_of_text(text), &ip) == ERR_OK, known);
        if (known) {
            assert_memory_equal(&ip, &expect, sizeof ip);
            accepted++;
        }
    }
    assert_true(accepted > 300);
}

static void ip_text_parses_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2);
    for (unsigned round = 0; round < 100000; round++) {
        struct ip ip, back;
        for (unsigned i = 0; i < 16; i += 2) {
            uint64_t word = rng_next(&rng);
            bool zero = word >> 63;
            ip.bytes[i] = zero ? 0 : (uint8_t)word;
            ip.bytes[i + 1] = zero ? 0 : (uint8_t)(word >> 8);
        }
        char text[IP_TEXT_MAX];
        ip_text(&ip, text);
        assert_int_equal(ip_parse(span_of_text(text), &back), ERR_OK);
        assert_true(ip_equal(&ip, &back));
    }
}

static void ip_of_v4_is_the_mapped_address(void **state)
{
    (void)state;
    struct ip ip = ip_of_v4(0x01020304), mapped = ip_from("::ffff:1.2.3.4");
    assert_true(ip_equal(&ip, &mapped));
    assert_true(ip_is_v4(&ip));
    struct ip compatible = ip_from("::1.2.3.4"), translated = ip_from("::ffff:0:1.2.3.4");
    assert_false(ip_is_v4(&compatible));
    assert_false(ip_is_v4(&translated));
}

static void cidr_parses_and_prints(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {{"10.0.0.0/8", "10.0.0.0/8"}, {"0.0.0.0/0", "0.0.0.0/0"},
        {"1.2.3.4", "1.2.3.4/32"}, {"1.2.3.4/32", "1.2.3.4/32"}, {"::/0", "::/0"},
        {"2001:DB8::/32", "2001:db8::/32"}, {"::1", "::1/128"},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8"}, {"::ffff:0:0/96", "0.0.0.0/0"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cidr cidr = cidr_from(cases[i].in);
        char text[IP_TEXT_MAX + 4];
        assert_string_equal(cidr_text(&cidr, text), cases[i].out);
    }
}

static void cidr_refuses_malformed_text(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08",
        "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/99999999999",
        "10.0.0.1/8", "10.0.0.0/6", "10/8", "2001:db8::/129", "2001:db8::1/32",
        "::ffff:10.0.0.0/90", "host/8"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cidr cidr = {.bits = 77};
        if (cidr_parse(span_of_text(cases[i]), &cidr) != ERR_ADDR_INVALID)
            fail_msg("'%s' was accepted", cases[i]);
        assert_int_equal(cidr.bits, 77);
    }
}

static void cidr_contains_exactly_its_range(void **state)
{
    (void)state;
    static const struct {
        const char *cidr, *inside[2], *outside[3];
    } cases[] = {
        {"10.0.0.0/8", {"10.0.0.0", "10.255.255.255"}, {"9.255.255.255", "11.0.0.0", "::a00:0"}},
        {"172.16.0.0/12", {"172.16.0.0", "172.31.255.255"},
            {"172.15.255.255", "172.32.0.0", "::ac10:1"}},
        {"1.2.3.4", {"1.2.3.4", "::ffff:1.2.3.4"}, {"1.2.3.5", "1.2.3.3", "::1.2.3.4"}},
        {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255"}, {"::", "::1", "::ffff:0:1.2.3.4"}},
        {"::/0", {"::", "ffff::1"}, {"1.2.3.4", "0.0.0.0", "::ffff:9.9.9.9"}},
        {"2001:10::/28", {"2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"},
            {"2001:f:ffff::", "2001:20::", "16.0.0.0"}},
        {"fe80::/64", {"fe80::", "fe80::ffff:ffff:ffff:ffff"},
            {"fe80:0:0:1::", "fe7f:ffff::", "254.128.0.0"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cidr cidr = cidr_from(cases[i].cidr);
        for (size_t j = 0; j < 2; j++) {
            struct ip ip = ip_from(cases[i].inside[j]);
            assert_true(cidr_contains(&cidr, &ip));
        }
        for (size_t j = 0; j < 3; j++) {
            struct ip ip = ip_from(cases[i].outside[j]);
            assert_false(cidr_contains(&cidr, &ip));
        }
    }
}

/* One row for each end of each range of wire.md 1.4, and what it must not be confused with. */
static void ip_ranges_hold_at_every_boundary(void **state)
{
    (void)state;
    enum { VALID = 1, LOCAL = 2, ROUTABLE = 4, RESERVED = 8, GLOBAL = VALID | ROUTABLE };
    static const struct {
        const char *ip;
        int expect;
    } cases[] = {
        {"0.0.0.0", LOCAL},
        {"0.0.0.1", VALID | LOCAL},
        {"0.255.255.255", VALID | LOCAL},
        {"1.0.0.0", GLOBAL},
        {"9.255.255.255", GLOBAL},
        {"10.0.0.0", VALID},
        {"10.255.255.255", VALID},
        {"11.0.0.0", GLOBAL},
        {"100.64.0.1", GLOBAL},
        {"126.255.255.255", GLOBAL},
        {"127.0.0.0", VALID | LOCAL},
        {"127.0.0.1", VALID | LOCAL},
        {"127.255.255.255", VALID | LOCAL},
        {"128.0.0.0", GLOBAL},
        {"169.253.255.255", GLOBAL},
        {"169.254.0.0", VALID},
        {"169.254.255.255", VALID},
        {"169.255.0.0", GLOBAL},
        {"172.15.255.255", GLOBAL},
        {"172.16.0.0", VALID},
        {"172.31.255.255", VALID},
        {"172.32.0.0", GLOBAL},
        {"192.0.1.255", GLOBAL},
        {"192.0.2.0", GLOBAL | RESERVED},
        {"192.0.2.255", GLOBAL | RESERVED},
        {"192.0.3.0", GLOBAL},
        {"192.167.255.255", GLOBAL},
        {"192.168.0.0", VALID},
        {"192.168.255.255", VALID},
        {"192.169.0.0", GLOBAL},
        {"198.17.255.255", GLOBAL},
        {"198.18.0.0", GLOBAL},
        {"198.51.99.255", GLOBAL},
        {"198.51.100.0", GLOBAL | RESERVED},
        {"198.51.100.255", GLOBAL | RESERVED},
        {"198.51.101.0", GLOBAL},
        {"203.0.112.255", GLOBAL},
        {"203.0.113.0", GLOBAL | RESERVED},
        {"203.0.113.255", GLOBAL | RESERVED},
        {"203.0.114.0", GLOBAL},
        {"223.255.255.255", GLOBAL},
        {"224.0.0.0", GLOBAL | RESERVED},
        {"239.255.255.255", GLOBAL | RESERVED},
        {"240.0.0.0", GLOBAL | RESERVED},
        {"255.255.255.254", GLOBAL | RESERVED},
        {"255.255.255.255", RESERVED},
        {"::ffff:10.0.0.1", VALID},
        {"::ffff:127.0.0.1", VALID | LOCAL},
        {"::ffff:8.8.8.8", GLOBAL},
        {"::", 0},
        {"::1", VALID | LOCAL},
        {"::2", GLOBAL},
        {"::7f00:1", GLOBAL},
        {"64:ff9b::1", GLOBAL},
        {"2001:f:ffff::", GLOBAL},
        {"2001:10::", VALID},
        {"2001:1f:ffff::", VALID},
        {"2001:20::", GLOBAL},
        {"2001:db7:ffff::", GLOBAL},
        {"2001:db8::", RESERVED},
        {"2001:db8:ffff::1", RESERVED},
        {"2001:db9::", GLOBAL},
        {"2002::", GLOBAL},
        {"3ffe:ffff::", GLOBAL},
        {"3fff::", GLOBAL | RESERVED},
        {"3fff:fff:ffff::", GLOBAL | RESERVED},
        {"3fff:1000::", GLOBAL},
        {"fbff:ffff::", GLOBAL},
        {"fc00::", VALID},
        {"fdff:ffff::", VALID},
        {"fd87:d87e:eb43::1", VALID},
        {"fe00::", GLOBAL},
        {"fe80::", VALID},
        {"fe80::ffff:ffff:ffff:ffff", VALID},
        {"fe80:0:0:1::", GLOBAL},
        {"fe80:0:0:1::1", GLOBAL},
        {"fec0::1", GLOBAL},
        {"feff:ffff::", GLOBAL},
        {"ff00::", GLOBAL | RESERVED},
        {"ff02::1", GLOBAL | RESERVED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip = ip_from(cases[i].ip);
        int got = (ip_is_valid(&ip) ? VALID : 0) | (ip_is_local(&ip) ? LOCAL : 0) |
            (ip_is_routable(&ip) ? ROUTABLE : 0) | (ip_is_reserved(&ip) ? RESERVED : 0);
        if (got != cases[i].expect)
            fail_msg("%s: got %d, expected %d", cases[i].ip, got, cases[i].expect);
    }
}

static void only_this_machine_reaches_loopback(void **state)
{
    static const struct {
        const char *ip;
        bool expect;
    } cases[] = {{"127.0.0.1", true}, {"127.255.255.255", true}, {"::1", true}, {"0.0.0.0", false},
        {"0.0.0.1", false}, {"128.0.0.1", false}, {"::", false}, {"::2", false},
        {"8.8.8.8", false}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip = ip_from(cases[i].ip);
        if (ip_is_loopback(&ip) != cases[i].expect)
            fail_msg("%s", cases[i].ip);
    }
}

struct group_case {
    const char *ip, *group;
};

static void check_groups(const struct group_case *cases, size_t n, bool strict)
{
    for (size_t i = 0; i < n; i++) {
        struct ip ip = ip_from(cases[i].ip);
        char text[GROUP_TEXT_MAX];
        assert_string_equal(group_text(ip_group(&ip, strict), text), cases[i].group);
    }
}

/* TestAddrBookGroupKey, first half, and the edges of each step of B14. */
static void ip_group_follows_B14(void **state)
{
    (void)state;
    static const struct group_case cases[] = {{"12.1.2.3", "12.1.0.0"}, {"173.1.2.3", "173.1.0.0"},
        {"196.1.2.3", "196.1.0.0"}, {"2002:0c01:0203::", "12.1.0.0"},
        {"2001:0:1234::f3fe:fdfc", "12.1.0.0"}, {"64:ff9b::0c01:0203", "12.1.0.0"},
        {"::ffff:0:0c01:0203", "12.1.0.0"}, {"fd87:d87e:eb43:1234::5678", "tor:2"},
        {"fd87:d87e:eb43:1245::6789", "tor:2"}, {"fd87:d87e:eb43:1345::6789", "tor:3"},
        {"fd87:d87e:eb43:f::1", "tor:0"}, {"fd87:d87e:eb43:f00::1", "tor:15"},
        {"fd87:d87e:eb44::1", "fd87:d87e::"}, {"2602:100::1", "2602:100::"},
        {"2602:0100::1234", "2602:100::"}, {"2001:470:1f10:a1::2", "2001:470:1000::"},
        {"2001:0470:1f10:a1::2", "2001:470:1000::"}, {"2001:470:fff::1", "2001:470::"},
        {"2001:470:ffff::1", "2001:470:f000::"}, {"2001:471:1f10::1", "2001:471::"},
        {"64:ff9b:0:0:0:1:0c01:203", "64:ff9b::"}, {"::ffff:1:0c01:0203", "::"},
        {"127.0.0.1", "127.0.0.0"}, {"::1", "::"}, {"0.0.0.0", "0.0.0.0"}, {"0:1::", "0:1::"},
        {"10.1.2.3", "10.1.0.0"}, {"::ffff:10.1.2.3", "10.1.0.0"}, {"2600::1", "2600::"},
        {"2001:10::1", "2001:10::"}, {"fe80::1", "fe80::"}};
    check_groups(cases, COUNT(cases), false);
}

/* TestAddrBookGroupKey, second half. */
static void ip_group_strict_names_local_and_unroutable(void **state)
{
    (void)state;
    static const struct group_case cases[] = {{"127.0.0.1", "local"}, {"::1", "local"},
        {"0.0.0.0", "local"}, {"0.1.2.3", "local"}, {"255.255.255.255", "unroutable"},
        {"10.1.2.3", "unroutable"}, {"172.16.1.2", "unroutable"}, {"192.168.1.2", "unroutable"},
        {"2001:db8::1234", "unroutable"}, {"169.254.1.2", "unroutable"},
        {"fc00::1234", "unroutable"}, {"2001:10::1234", "unroutable"}, {"fe80::1234", "unroutable"},
        {"::", "unroutable"}, {"fd87:d87e:eb43:1234::5678", "unroutable"}, {"8.8.4.4", "8.8.0.0"},
        {"2600:1901:0:1::5", "2600:1901::"}, {"2001:470:1f10::1", "2001:470:1000::"}};
    check_groups(cases, COUNT(cases), true);
}

static void group_equal_compares_kind_and_bytes(void **state)
{
    (void)state;
    struct ip a = ip_from("12.1.2.3"), b = ip_from("12.1.9.9"), c = ip_from("12.2.2.3");
    struct ip tunnel = ip_from("2002:c01:203::"), v6 = ip_from("c01::");
    assert_true(group_equal(ip_group(&a, true), ip_group(&b, true)));
    assert_true(group_equal(ip_group(&a, true), ip_group(&tunnel, true)));
    assert_false(group_equal(ip_group(&a, true), ip_group(&c, true)));
    assert_false(group_equal(ip_group(&a, true), ip_group(&v6, true)));
    char text[GROUP_TEXT_MAX];
    assert_string_equal(group_text((struct group){0}, text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_this_machine_reaches_loopback),
        cmocka_unit_test(ip_prints_canonical_text),
        cmocka_unit_test(ip_refuses_what_is_no_literal),
        cmocka_unit_test(ip_agrees_with_inet_pton),
        cmocka_unit_test(ip_text_parses_back),
        cmocka_unit_test(ip_of_v4_is_the_mapped_address),
        cmocka_unit_test(cidr_parses_and_prints),
        cmocka_unit_test(cidr_refuses_malformed_text),
        cmocka_unit_test(cidr_contains_exactly_its_range),
        cmocka_unit_test(ip_ranges_hold_at_every_boundary),
        cmocka_unit_test(ip_group_follows_B14),
        cmocka_unit_test(ip_group_strict_names_local_and_unroutable),
        cmocka_unit_test(group_equal_compares_kind_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
