#include "base/varint.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "vectors/hex.h"

static const struct {
    uint64_t value;
    const char *hex;
} minimal_forms[] = {
    {0, "00"},
    {1, "01"},
    {127, "7f"},
    {128, "8001"},
    {300, "ac02"},
    {16383, "ff7f"},
    {16384, "808001"},
    {UINT32_MAX, "ffffffff0f"},
    {UINT64_C(1) << 62, "808080808080808040"},
    {UINT64_C(1) << 63, "80808080808080808001"},
    {UINT64_MAX, "ffffffffffffffffff01"},
};
#define FORMS_N (sizeof minimal_forms / sizeof *minimal_forms)

static void varint_put_writes_the_minimal_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS_N; i++) {
        uint8_t out[VARINT_MAX], bytes[VARINT_MAX];
        struct span expected = hex_read(minimal_forms[i].hex, bytes, sizeof bytes);
        assert_int_equal(varint_size(minimal_forms[i].value), expected.n);
        assert_int_equal(varint_put(out, minimal_forms[i].value), expected.n);
        assert_memory_equal(out, expected.at, expected.n);
    }
}

static void assert_takes(struct span in, uint64_t expected, size_t left)
{
    uint64_t value;
    assert_int_equal(varint_take(&in, &value), ERR_OK);
    assert_true(value == expected);
    assert_int_equal(in.n, left);
}

static void varint_take_reads_what_put_wrote(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS_N; i++) {
        uint8_t bytes[VARINT_MAX];
        assert_takes(
            hex_read(minimal_forms[i].hex, bytes, sizeof bytes), minimal_forms[i].value, 0);
    }
}

static void varint_take_leaves_the_rest(void **state)
{
    (void)state;
    assert_takes(HEX("00ff"), 0, 1);
    assert_takes(HEX("ac02 010203"), 300, 3);
}

static void varint_take_accepts_longer_forms(void **state)
{
    (void)state;
    assert_takes(HEX("8000"), 0, 0);
    assert_takes(HEX("ac8200"), 300, 0);
    assert_takes(HEX("80808080808080808000"), 0, 0);
    assert_takes(HEX("a2808080808080808001 55"), (UINT64_C(1) << 63) + 0x22, 1);
}

static void assert_refused(struct span bytes, enum err err)
{
    struct span in = bytes;
    uint64_t value = 7;
    assert_int_equal(varint_take(&in, &value), err);
    assert_int_equal(value, 7);
    assert_ptr_equal(in.at, bytes.at);
    assert_int_equal(in.n, bytes.n);
}

static void varint_take_waits_for_a_last_byte(void **state)
{
    (void)state;
    struct span longest = HEX("ffffffffffffffffff01");
    for (size_t n = 0; n < longest.n; n++)
        assert_refused(span_of(longest.at, n), ERR_TRUNCATED);
}

static void varint_take_rejects_more_than_64_bits(void **state)
{
    (void)state;
    assert_refused(HEX("80808080808080808002"), ERR_VARINT);
    assert_refused(HEX("8080808080808080807f"), ERR_VARINT);
    assert_refused(HEX("80808080808080808080"), ERR_VARINT);
    assert_refused(HEX("8080808080808080808000"), ERR_VARINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varint_put_writes_the_minimal_form),
        cmocka_unit_test(varint_take_reads_what_put_wrote),
        cmocka_unit_test(varint_take_leaves_the_rest),
        cmocka_unit_test(varint_take_accepts_longer_forms),
        cmocka_unit_test(varint_take_waits_for_a_last_byte),
        cmocka_unit_test(varint_take_rejects_more_than_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
