#include "crypto/peer_id.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/with_crypto.h"
#include "vectors/hex.h"
#include "vectors/wire.h"

static void peer_id_is_the_hash_of_the_key(void **state)
{
    (void)state;
    char text[PEER_ID_TEXT + 1];
    struct peer_id id = peer_id_of_key(HEX(A_PUBLIC).at);
    assert_string_equal(peer_id_text(&id, text), A_ID_TEXT);
    id = peer_id_of_key(HEX(B_PUBLIC).at);
    assert_string_equal(peer_id_text(&id, text), B_ID_TEXT);
}

static void peer_id_text_parses_back(void **state)
{
    (void)state;
    struct peer_id id, again = peer_id_of_key(HEX(A_PUBLIC).at);
    assert_int_equal(peer_id_parse(span_of_text(A_ID_TEXT), &id), ERR_OK);
    assert_true(peer_id_equal(&id, &again));
    assert_false(peer_id_is_none(&id));
}

static void peer_id_parse_rejects_what_is_not_lower_case_hex_F20(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "519cae93e93ad011d785355894405ed8fa8162c",
        "519cae93e93ad011d785355894405ed8fa8162c60",
        "519CAE93E93AD011D785355894405ED8FA8162C6",
        "519cae93e93ad011d785355894405ed8fa8162c ",
        "519cae93e93ad011d785355894405ed8fa8162cg",
        "519cae93e93ad011d785355894405ed8fa8162c/",
        "519cae93e93ad011d785355894405ed8fa8162c:",
        "519cae93e93ad011d785355894405ed8fa8162c`",
        "0x9cae93e93ad011d785355894405ed8fa8162c6",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct peer_id id = {{7}};
        assert_int_equal(peer_id_parse(span_of_text(texts[i]), &id), ERR_ADDR_INVALID);
        assert_int_equal(id.bytes[0], 7);
    }
}

static void peer_id_parse_rejects_a_nul_inside(void **state)
{
    (void)state;
    char text[] = A_ID_TEXT;
    struct peer_id id;
    text[20] = 0;
    assert_int_equal(peer_id_parse(span_of(text, PEER_ID_TEXT), &id), ERR_ADDR_INVALID);
}

static void peer_id_of_zeros_is_no_id(void **state)
{
    (void)state;
    struct peer_id id = {0};
    assert_true(peer_id_is_none(&id));
    id.bytes[PEER_ID_SIZE - 1] = 1;
    assert_false(peer_id_is_none(&id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_id_is_the_hash_of_the_key),
        cmocka_unit_test(peer_id_text_parses_back),
        cmocka_unit_test(peer_id_parse_rejects_what_is_not_lower_case_hex_F20),
        cmocka_unit_test(peer_id_parse_rejects_a_nul_inside),
        cmocka_unit_test(peer_id_of_zeros_is_no_id),
    };
    return cmocka_run_group_tests(tests, with_crypto, NULL);
}
