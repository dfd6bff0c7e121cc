#include "addr/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ID "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
#define OTHER_ID "deadbeefdeadbeefdeadbeefdeadbeefdeadbeed"

static struct addr addr_from(const char *text)
{
    struct addr addr;
    const char *why = "";
    if (addr_parse(span_of_text(text), &addr, &why))
        fail_msg("'%s': %s", text, why);
    return addr;
}

static void addr_prints_what_it_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {ID "@127.0.0.1:8080", ID "@127.0.0.1:8080"},
        {"tcp://" ID "@127.0.0.1:8080", ID "@127.0.0.1:8080"},
        {"udp://" ID "@127.0.0.1:8080", ID "@127.0.0.1:8080"},
        {"://" ID "@127.0.0.1:8080", ID "@127.0.0.1:8080"},
        {"a://" ID "@127.0.0.1:8080://rest", ID "@127.0.0.1:8080"},
        {ID "@[127.0.0.1]:8080", ID "@127.0.0.1:8080"},
        {ID "@[::ffff:1.2.3.4]:1", ID "@1.2.3.4:1"},
        {ID "@[2001:DB8::0:1]:26656", ID "@[2001:db8::1]:26656"},
        {ID "@1.2.3.4:0", ID "@1.2.3.4:0"},
        {ID "@1.2.3.4:65535", ID "@1.2.3.4:65535"},
        {ID "@1.2.3.4:0000000000080", ID "@1.2.3.4:80"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr addr = addr_from(cases[i].in);
        char text[ADDR_TEXT_MAX];
        assert_string_equal(addr_to_text(&addr, text), cases[i].out);
    }
}

static void addr_without_id_prints_its_endpoint(void **state)
{
    (void)state;
    struct addr addr = addr_from(ID "@[fe80::1]:7");
    memset(&addr.id, 0, sizeof addr.id);
    char text[ADDR_TEXT_MAX];
    assert_string_equal(addr_to_text(&addr, text), "[fe80::1]:7");
}

static void addr_longest_text_fits(void **state)
{
    (void)state;
    const char *longest = ID "@[1111:2222:3333:4444:5555:6666:7777:8888]:65535";
    struct addr addr = addr_from(longest);
    char text[ADDR_TEXT_MAX];
    assert_string_equal(addr_to_text(&addr, text), longest);
}

/* wire.md 1.3: the error class and the order of the checks; the text table of Go's address tests.
 */
static void addr_text_refuses_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"", ERR_ADDR_NO_ID},
        {"127.0.0.1:8080", ERR_ADDR_NO_ID},
        {"tcp://127.0.0.1:8080", ERR_ADDR_NO_ID},
        {"notahost", ERR_ADDR_NO_ID},
        {"notahost:8080", ERR_ADDR_NO_ID},
        {"127.0.0.1:notapath", ERR_ADDR_NO_ID},
        {"8082", ERR_ADDR_NO_ID},
        {"127.0.0:8080000", ERR_ADDR_NO_ID},
        {ID "@" ID "@1.2.3.4:5", ERR_ADDR_NO_ID},
        {"@@", ERR_ADDR_NO_ID},
        {ID "@1.2.3.4:5@", ERR_ADDR_NO_ID},
        {"tcp://", ERR_ADDR_NO_ID},
        {"tcp://://" ID "@1.2.3.4:5", ERR_ADDR_NO_ID},
        {"tcp//" ID "@127.0.0.1:8080", ERR_ADDR_INVALID},
        {"udp//" ID "@127.0.0.1:8080", ERR_ADDR_INVALID},
        {"deadbeef@127.0.0.1:8080", ERR_ADDR_INVALID},
        {"this-isnot-hex@127.0.0.1:8080", ERR_ADDR_INVALID},
        {"xxxxbeefdeadbeefdeadbeefdeadbeefdeadbeef@127.0.0.1:8080", ERR_ADDR_INVALID},
        {"tcp://deadbeef@127.0.0.1:8080", ERR_ADDR_INVALID},
        {"tcp://@127.0.0.1:8080", ERR_ADDR_INVALID},
        {"tcp://@", ERR_ADDR_INVALID},
        {"@", ERR_ADDR_INVALID},
        {" @", ERR_ADDR_INVALID},
        {" @ ", ERR_ADDR_INVALID},
        {"DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF@1.2.3.4:5", ERR_ADDR_INVALID},
        {"0000000000000000000000000000000000000000@1.2.3.4:5", ERR_ADDR_INVALID},
        {ID "0@1.2.3.4:5", ERR_ADDR_INVALID},
        {" " ID "@1.2.3.4:5", ERR_ADDR_INVALID},
        {ID "@", ERR_ADDR_INVALID},
        {ID "@1.2.3.4", ERR_ADDR_INVALID},
        {ID "@:5", ERR_ADDR_INVALID},
        {ID "@[]:5", ERR_ADDR_INVALID},
        {ID "@1.2.3.4:", ERR_ADDR_INVALID},
        {ID "@1.2.3.4:65536", ERR_ADDR_INVALID},
        {ID "@1.2.3.4:99999999999999999999", ERR_ADDR_INVALID},
        {ID "@1.2.3.4:+5", ERR_ADDR_INVALID},
        {ID "@1.2.3.4:-5", ERR_ADDR_INVALID},
        {ID "@1.2.3.4: 5", ERR_ADDR_INVALID},
        {ID "@1.2.3.4:http", ERR_ADDR_INVALID},
        {ID "@1.2.3.4:5:6", ERR_ADDR_INVALID},
        {ID "@::1:5", ERR_ADDR_INVALID},
        {ID "@[::1]", ERR_ADDR_INVALID},
        {ID "@[::1:5", ERR_ADDR_INVALID},
        {ID "@[::1]5", ERR_ADDR_INVALID},
        {ID "@[::1]x:5", ERR_ADDR_INVALID},
        {ID "@[[::1]]:5", ERR_ADDR_INVALID},
        {ID "@1.2.3.4]:5", ERR_ADDR_INVALID},
        {ID "@[fe80::1%eth0]:5", ERR_ADDR_INVALID},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr_text addr = {.port = 77};
        const char *why = NULL;
        enum err err = addr_text_parse(span_of_text(cases[i].text), &addr, &why);
        if (err != cases[i].err)
            fail_msg("'%s': %s", cases[i].text, err_name(err));
        assert_non_null(why);
        assert_int_equal(addr.port, 77);
        assert_int_equal(addr_text_parse(span_of_text(cases[i].text), &addr, NULL), err);
    }
    struct addr_text addr;
    assert_int_equal(addr_text_parse(span_of(NULL, 0), &addr, NULL), ERR_ADDR_NO_ID);
}

static void addr_text_keeps_names_unresolved(void **state)
{
    (void)state;
    static const char *const names[] = {"example.com", "seed-1.example.com.", "localhost", "a_b.c",
        "1.2.3.4.example", "xn--bcher-kva.example", "0xa.b"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[400];
        snprintf(text, sizeof text, "%s@%s:26656", ID, names[i]);
        struct addr_text addr;
        assert_int_equal(addr_text_parse(span_of_text(text), &addr, NULL), ERR_OK);
        assert_true(addr.is_name);
        assert_string_equal(addr.host, names[i]);
        assert_int_equal(addr.port, 26656);
        struct addr literal;
        const char *why = NULL;
        assert_int_equal(addr_parse(span_of_text(text), &literal, &why), ERR_ADDR_UNRESOLVED);
        assert_non_null(why);
    }
}

/* Some resolvers take these for IPv4 addresses, or for something else than a name. */
static void addr_text_refuses_what_is_no_name(void **state)
{
    (void)state;
    static const char *const names[] = {"127.1", "127.0.0", "1", "0x7f.1", "0x7f000001", "a.0x7f",
        "1.2.3.04", "256.1.1.1", "a..b", ".a", ".", "a b", "a/b", "b\xc3\xbc", "a%b", "*", "a,b"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[400];
        snprintf(text, sizeof text, "%s@%s:26656", ID, names[i]);
        struct addr_text addr;
        if (addr_text_parse(span_of_text(text), &addr, NULL) != ERR_ADDR_INVALID)
            fail_msg("'%s' was accepted", names[i]);
    }
    struct addr_text addr;
    static const char nul[] = ID "@a\0b:1";
    assert_int_equal(addr_text_parse(span_of(nul, sizeof nul - 1), &addr, NULL), ERR_ADDR_INVALID);
}

static void addr_text_bounds_names(void **state)
{
    (void)state;
    char name[HOST_MAX + 2], text[400];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 64 == 63 ? '.' : 'a';
    name[HOST_MAX] = 0;
    snprintf(text, sizeof text, "%s@%s:1", ID, name);
    struct addr_text addr;
    assert_int_equal(addr_text_parse(span_of_text(text), &addr, NULL), ERR_OK);
    assert_int_equal(strlen(addr.host), HOST_MAX);
    name[HOST_MAX] = 'a';
    name[HOST_MAX + 1] = 0;
    snprintf(text, sizeof text, "%s@%s:1", ID, name);
    assert_int_equal(addr_text_parse(span_of_text(text), &addr, NULL), ERR_ADDR_INVALID);
    snprintf(text, sizeof text, "%s@%064d:1", ID, 0);
    assert_int_equal(addr_text_parse(span_of_text(text), &addr, NULL), ERR_ADDR_INVALID);
}

/* R5: a bad port is malformed even when the host would not resolve. */
static void addr_text_checks_port_before_host(void **state)
{
    (void)state;
    struct addr_text addr;
    const char *why = "";
    assert_int_equal(
        addr_text_parse(span_of_text(ID "@no.such.host:bad"), &addr, &why), ERR_ADDR_INVALID);
    assert_string_equal(why, "port is not a number");
    assert_int_equal(addr_text_parse(span_of_text(ID "@a b:bad"), &addr, &why), ERR_ADDR_INVALID);
    assert_string_equal(why, "port is not a number");
}

static void addr_text_parse_listen_reads_laddr(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool allow_empty;
        enum err err;
        const char *ip;
        uint16_t port;
    } cases[] = {
        {"tcp://0.0.0.0:26656", false, ERR_OK, "0.0.0.0", 26656},
        {"127.0.0.1:0", false, ERR_OK, "127.0.0.1", 0},
        {"tcp://[::]:26656", false, ERR_OK, "::", 26656},
        {":26656", true, ERR_OK, "0.0.0.0", 26656},
        {"tcp://:26656", true, ERR_OK, "0.0.0.0", 26656},
        {":26656", false, ERR_ADDR_INVALID, NULL, 0},
        {"", true, ERR_ADDR_INVALID, NULL, 0},
        {"tcp://", true, ERR_ADDR_INVALID, NULL, 0},
        {"1.2.3.4", true, ERR_ADDR_INVALID, NULL, 0},
        {ID "@1.2.3.4:5", true, ERR_ADDR_INVALID, NULL, 0},
        {":x", true, ERR_ADDR_INVALID, NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr_text addr = {0};
        const char *why = NULL;
        enum err err =
            addr_text_parse_listen(span_of_text(cases[i].text), cases[i].allow_empty, &addr, &why);
        if (err != cases[i].err)
            fail_msg("'%s': %s", cases[i].text, err_name(err));
        if (err) {
            assert_non_null(why);
            continue;
        }
        char text[IP_TEXT_MAX];
        assert_string_equal(ip_text(&addr.ip, text), cases[i].ip);
        assert_int_equal(addr.port, cases[i].port);
        assert_true(peer_id_is_none(&addr.id));
        assert_false(addr.is_name);
    }
}

static void addr_text_parse_listen_keeps_names(void **state)
{
    (void)state;
    struct addr_text addr;
    assert_int_equal(
        addr_text_parse_listen(span_of_text("tcp://node.example.com:26656"), false, &addr, NULL),
        ERR_OK);
    assert_true(addr.is_name);
    assert_string_equal(addr.host, "node.example.com");
}

static void addr_equal_and_same_follow_B15(void **state)
{
    (void)state;
    struct addr a = addr_from(ID "@1.2.3.4:5"), mapped = addr_from(ID "@[::ffff:1.2.3.4]:5");
    struct addr port = addr_from(ID "@1.2.3.4:6"), ip = addr_from(ID "@1.2.3.5:5");
    struct addr other = addr_from(OTHER_ID "@1.2.3.4:5");
    struct addr far = addr_from(OTHER_ID "@1.2.3.4:6");
    assert_true(addr_equal(&a, &mapped));
    assert_false(addr_equal(&a, &port));
    assert_false(addr_equal(&a, &ip));
    assert_false(addr_equal(&a, &other));
    assert_true(addr_same(&a, &port));
    assert_true(addr_same(&a, &ip));
    assert_true(addr_same(&a, &other));
    assert_false(addr_same(&a, &far));
    struct addr bare = a, bare_far = ip;
    memset(&bare.id, 0, sizeof bare.id);
    memset(&bare_far.id, 0, sizeof bare_far.id);
    assert_false(addr_same(&bare, &bare_far));
    assert_true(addr_same(&bare, &a));
    assert_true(endpoint_equal(&bare.at, &a.at));
    assert_false(endpoint_equal(&a.at, &port.at));
    assert_false(endpoint_equal(&a.at, &ip.at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addr_prints_what_it_parsed),
        cmocka_unit_test(addr_without_id_prints_its_endpoint),
        cmocka_unit_test(addr_longest_text_fits),
        cmocka_unit_test(addr_text_refuses_in_order),
        cmocka_unit_test(addr_text_keeps_names_unresolved),
        cmocka_unit_test(addr_text_refuses_what_is_no_name),
        cmocka_unit_test(addr_text_bounds_names),
        cmocka_unit_test(addr_text_checks_port_before_host),
        cmocka_unit_test(addr_text_parse_listen_reads_laddr),
        cmocka_unit_test(addr_text_parse_listen_keeps_names),
        cmocka_unit_test(addr_equal_and_same_follow_B15),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
