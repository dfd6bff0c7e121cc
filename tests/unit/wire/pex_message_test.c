#include "wire/pex_message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/varint.h"
#include "vectors/hex.h"
#include "vectors/wire.h"

static struct pex_scratch scratch;

static struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_int_equal(addr_parse(span_of_text(text), &addr, NULL), ERR_OK);
    return addr;
}

static void assert_encodes(struct pex_message message, struct span expected)
{
    uint8_t out[128];
    size_t n;
    assert_int_equal(pex_message_encode(&message, out, sizeof out, &n), ERR_OK);
    assert_true(span_equal(span_of(out, n), expected));
}

/* TestPexVectors */
static void pex_message_encodes_as_the_vectors_R10(void **state)
{
    (void)state;
    struct addr a = addr_of(A_ID_TEXT "@1.2.3.4:26656");
    assert_encodes((struct pex_message){.kind = PEX_REQUEST}, HEX(PEX_REQUEST_MESSAGE));
    assert_encodes((struct pex_message){.kind = PEX_ADDRS}, HEX(PEX_EMPTY_LIST));
    assert_encodes(
        (struct pex_message){.kind = PEX_ADDRS, .addrs = &a, .addrs_n = 1}, HEX(PEX_LIST_OF_A));
}

static void pex_message_omits_port_zero_R10(void **state)
{
    (void)state;
    struct addr a = addr_of(A_ID_TEXT "@[::1]:0");
    struct pex_message message = {.kind = PEX_ADDRS, .addrs = &a, .addrs_n = 1};
    uint8_t out[64];
    size_t n;
    assert_int_equal(pex_message_encode(&message, out, sizeof out, &n), ERR_OK);
    assert_int_equal(n, 2 + 2 + 42 + 5);
    assert_memory_equal(out + n - 5, HEX("12033a3a31").at, 5);
}

static void pex_message_encode_rejects_what_does_not_fit(void **state)
{
    (void)state;
    struct addr a = addr_of(A_ID_TEXT "@1.2.3.4:26656");
    struct pex_message list = {.kind = PEX_ADDRS, .addrs = &a, .addrs_n = 1};
    struct pex_message request = {.kind = PEX_REQUEST};
    size_t expected_n = HEX(PEX_LIST_OF_A).n, n = 7;
    uint8_t out[64];
    assert_int_equal(pex_message_encode(&list, out, expected_n - 1, &n), ERR_TOO_LONG);
    assert_int_equal(pex_message_encode(&request, out, 1, &n), ERR_TOO_LONG);
    assert_int_equal(n, 7);
    assert_int_equal(pex_message_encode(&list, out, expected_n, &n), ERR_OK);
}

static void pex_message_of_a_full_selection_fits(void **state)
{
    (void)state;
    static struct addr addrs[PEX_SELECTION_MAX];
    static uint8_t out[PEX_MESSAGE_MAX];
    struct pex_message message = {.kind = PEX_ADDRS, .addrs = addrs, .addrs_n = PEX_SELECTION_MAX};
    struct pex_message again;
    size_t n;
    for (size_t i = 0; i < PEX_SELECTION_MAX; i++) {
        addrs[i] = addr_of(A_ID_TEXT "@[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
        addrs[i].id.bytes[0] = (uint8_t)i;
    }
    assert_int_equal(pex_message_encode(&message, out, sizeof out, &n), ERR_OK);
    assert_int_equal(pex_message_decode(span_of(out, n), &scratch, &again), ERR_OK);
    assert_int_equal(again.addrs_n, PEX_SELECTION_MAX);
    assert_int_equal(again.listed_n, PEX_SELECTION_MAX);
    assert_memory_equal(again.addrs, addrs, sizeof addrs);
}

static void pex_message_encode_rejects_more_than_64000_bytes_R14(void **state)
{
    (void)state;
    static struct addr addrs[1200];
    static uint8_t out[2 * PEX_MESSAGE_MAX];
    struct pex_message message = {.kind = PEX_ADDRS, .addrs = addrs};
    size_t n = 0;
    for (size_t i = 0; i < sizeof addrs / sizeof *addrs; i++)
        addrs[i] = addr_of(A_ID_TEXT "@1.2.3.4:26656");
    /* 4 bytes before the entries, 57 for each */
    message.addrs_n = (PEX_MESSAGE_MAX - 4) / 57;
    assert_int_equal(pex_message_encode(&message, out, sizeof out, &n), ERR_OK);
    assert_int_equal(n, 4 + 57 * message.addrs_n);
    message.addrs_n++;
    assert_int_equal(pex_message_encode(&message, out, sizeof out, &n), ERR_TOO_LONG);
}

/* TestLegacyReactorReceiveBasic: what an old peer sends is read. */
static void pex_message_decodes_the_vectors(void **state)
{
    (void)state;
    struct pex_message message;
    struct addr a = addr_of(A_ID_TEXT "@1.2.3.4:26656");
    assert_int_equal(pex_message_decode(HEX(PEX_REQUEST_MESSAGE), &scratch, &message), ERR_OK);
    assert_int_equal(message.kind, PEX_REQUEST);
    assert_int_equal(pex_message_decode(HEX(PEX_EMPTY_LIST), &scratch, &message), ERR_OK);
    assert_int_equal(message.kind, PEX_ADDRS);
    assert_int_equal(message.addrs_n, 0);
    assert_int_equal(message.listed_n, 0);
    assert_false(message.bad_address);
    assert_int_equal(pex_message_decode(HEX(PEX_LIST_OF_A), &scratch, &message), ERR_OK);
    assert_int_equal(message.addrs_n, 1);
    assert_int_equal(message.listed_n, 1);
    assert_int_equal(message.bad_ids_n, 0);
    assert_true(addr_equal(&message.addrs[0], &a));
}

static void pex_message_rejects_neither_kind_R12(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "", "1a00", "1801", "0a", "12", "0a01", "0801", "120101", "1203 0a0108", "1202 0801",
        "1204 0a021801 80", "1205 0a03 0a0261", "0a0108", "1202 0a05", "12 00 0b", "0c",
        "1204 0a02 1a00", /* port as text */
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        uint8_t bytes[64];
        struct pex_message message = {.listed_n = 7};
        struct span body = hex_read(bodies[i], bytes, sizeof bytes);
        assert_int_equal(pex_message_decode(body, &scratch, &message), ERR_PEX_UNDECODABLE);
        assert_int_equal(message.listed_n, 7);
    }
}

static void pex_message_takes_the_last_member_whole(void **state)
{
    (void)state;
    struct pex_message message;
    assert_int_equal(pex_message_decode(HEX(PEX_LIST_OF_A "0a00"), &scratch, &message), ERR_OK);
    assert_int_equal(message.kind, PEX_REQUEST);
    assert_int_equal(pex_message_decode(HEX(PEX_LIST_OF_A "1200"), &scratch, &message), ERR_OK);
    assert_int_equal(message.kind, PEX_ADDRS);
    assert_int_equal(message.listed_n, 0);
    struct span twice = HEX(PEX_LIST_OF_A PEX_LIST_OF_A);
    assert_int_equal(pex_message_decode(twice, &scratch, &message), ERR_OK);
    assert_int_equal(message.listed_n, 1);
    struct span after_bad = HEX("12020a00" PEX_LIST_OF_A);
    assert_int_equal(pex_message_decode(after_bad, &scratch, &message), ERR_OK);
    assert_false(message.bad_address);
    assert_int_equal(message.addrs_n, 1);
}

/* A list under construction: entries are appended, list_bytes closes it. */
struct list {
    uint8_t bytes[PEX_MESSAGE_MAX];
    uint8_t entries[PEX_MESSAGE_MAX];
    size_t n;
};

static size_t put_text(uint8_t *out, uint8_t tag, const char *text)
{
    out[0] = tag;
    out[1] = (uint8_t)strlen(text);
    memcpy(out + 2, text, strlen(text));
    return 2 + strlen(text);
}

static void list_add(struct list *list, const char *id, const char *ip, uint64_t port)
{
    uint8_t entry[200];
    size_t n = put_text(entry, 0x0a, id);
    n += put_text(entry + n, 0x12, ip);
    entry[n++] = 0x18;
    n += varint_put(entry + n, port);
    list->entries[list->n++] = 0x0a;
    list->entries[list->n++] = (uint8_t)n;
    memcpy(list->entries + list->n, entry, n);
    list->n += n;
}

static struct span list_bytes(struct list *list)
{
    list->bytes[0] = 0x12;
    size_t head = 1 + varint_put(list->bytes + 1, list->n);
    memcpy(list->bytes + head, list->entries, list->n);
    return span_of(list->bytes, head + list->n);
}

static struct pex_message decoded(struct span bytes)
{
    struct pex_message message;
    assert_int_equal(pex_message_decode(bytes, &scratch, &message), ERR_OK);
    assert_int_equal(message.kind, PEX_ADDRS);
    return message;
}

static void pex_message_skips_bad_ids_R15(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "519CAE93E93AD011D785355894405ED8FA8162C6", "x",
        "519cae93e93ad011d785355894405ed8fa8162c", "0000000000000000000000000000000000000000",
        "519cae93e93ad011d785355894405ed8fa8162c600"};
    static struct list list;
    size_t bad_n = sizeof ids / sizeof *ids;
    list.n = 0;
    for (size_t i = 0; i < bad_n; i++)
        list_add(&list, ids[i], "1.2.3.4", 1);
    list_add(&list, B_ID_TEXT, "5.6.7.8", 2);
    struct pex_message message = decoded(list_bytes(&list));
    struct addr b = addr_of(B_ID_TEXT "@5.6.7.8:2");
    assert_int_equal(message.bad_ids_n, bad_n);
    assert_int_equal(message.listed_n, bad_n + 1);
    assert_int_equal(message.addrs_n, 1);
    assert_true(addr_equal(&message.addrs[0], &b));
}

static void pex_message_reads_mapped_text_as_IPv4_R15(void **state)
{
    (void)state;
    static struct list list;
    list.n = 0;
    list_add(&list, A_ID_TEXT, "::ffff:1.2.3.4", 26656);
    list_add(&list, A_ID_TEXT, "::ffff:102:304", 26656);
    struct pex_message message = decoded(list_bytes(&list));
    struct addr a = addr_of(A_ID_TEXT "@1.2.3.4:26656");
    assert_int_equal(message.addrs_n, 2);
    assert_true(addr_equal(&message.addrs[0], &a));
    assert_true(addr_equal(&message.addrs[1], &a));
}

static void pex_message_with_a_bad_address_has_none_R33(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        uint64_t port;
    } cases[] = {{"", 1}, {"1.2.3", 1}, {"1.2.3.04", 1}, {"fe80::1%eth0", 1}, {"localhost", 1},
        {"[::1]", 1}, {" 1.2.3.4", 1}, {"1.2.3.4:5", 1}, {"1.2.3.4", 65536},
        {"1.2.3.4", 0xffffffff}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct list list;
        list.n = 0;
        list_add(&list, A_ID_TEXT, "1.2.3.4", 1);
        list_add(&list, i % 2 ? "bad ID too" : A_ID_TEXT, cases[i].ip, cases[i].port);
        list_add(&list, A_ID_TEXT, "1.2.3.4", 1);
        struct pex_message message = decoded(list_bytes(&list));
        assert_true(message.bad_address);
        assert_int_equal(message.addrs_n, 0);
        assert_int_equal(message.listed_n, 3);
    }
}

/* Go keeps the low 32 bits of a port: 2^32 + 1 is port 1. */
static void pex_message_keeps_the_low_bits_of_a_port(void **state)
{
    (void)state;
    static struct list list;
    list.n = 0;
    list_add(&list, A_ID_TEXT, "1.2.3.4", 0x100000001);
    struct pex_message message = decoded(list_bytes(&list));
    assert_int_equal(message.addrs_n, 1);
    assert_int_equal(message.addrs[0].at.port, 1);
}

static void pex_message_keeps_250_and_checks_the_rest_F26(void **state)
{
    (void)state;
    static struct list list;
    list.n = 0;
    for (unsigned i = 0; i < 1000; i++)
        list_add(&list, A_ID_TEXT, "1.2.3.4", i);
    struct pex_message message = decoded(list_bytes(&list));
    assert_int_equal(message.listed_n, 1000);
    assert_int_equal(message.addrs_n, PEX_SELECTION_MAX);
    for (unsigned i = 0; i < PEX_SELECTION_MAX; i++)
        assert_int_equal(message.addrs[i].at.port, i);
    list_add(&list, A_ID_TEXT, "1.2.3", 1);
    message = decoded(list_bytes(&list));
    assert_true(message.bad_address);
    assert_int_equal(message.addrs_n, 0);
}

static void pex_message_of_32000_empty_entries_is_read(void **state)
{
    (void)state;
    static struct list list;
    for (list.n = 0; list.n < PEX_MESSAGE_MAX - 4; list.n += 2)
        memcpy(list.entries + list.n, "\x0a\x00", 2);
    struct pex_message message = decoded(list_bytes(&list));
    assert_int_equal(message.listed_n, (PEX_MESSAGE_MAX - 4) / 2);
    assert_true(message.bad_address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pex_message_encodes_as_the_vectors_R10),
        cmocka_unit_test(pex_message_omits_port_zero_R10),
        cmocka_unit_test(pex_message_encode_rejects_what_does_not_fit),
        cmocka_unit_test(pex_message_of_a_full_selection_fits),
        cmocka_unit_test(pex_message_encode_rejects_more_than_64000_bytes_R14),
        cmocka_unit_test(pex_message_decodes_the_vectors),
        cmocka_unit_test(pex_message_rejects_neither_kind_R12),
        cmocka_unit_test(pex_message_takes_the_last_member_whole),
        cmocka_unit_test(pex_message_skips_bad_ids_R15),
        cmocka_unit_test(pex_message_reads_mapped_text_as_IPv4_R15),
        cmocka_unit_test(pex_message_with_a_bad_address_has_none_R33),
        cmocka_unit_test(pex_message_keeps_the_low_bits_of_a_port),
        cmocka_unit_test(pex_message_keeps_250_and_checks_the_rest_F26),
        cmocka_unit_test(pex_message_of_32000_empty_entries_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
