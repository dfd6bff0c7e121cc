#include "crypto/merlin.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/with_crypto.h"
#include "vectors/hex.h"

static void merlin_gives_the_check_value(void **state)
{
    (void)state;
    struct merlin transcript;
    uint8_t challenge[32];
    merlin_init(&transcript, "test protocol");
    merlin_append(&transcript, "some label", span_of_text("some data"));
    merlin_challenge(&transcript, "challenge", challenge, sizeof challenge);
    assert_memory_equal(
        challenge, HEX("d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615").at, 32);
}

/* Messages of many blocks, and challenges that feed the transcript; the value is the one all merlin
 * libraries test against. */
static void merlin_carries_over_blocks(void **state)
{
    (void)state;
    struct merlin transcript;
    uint8_t challenge[32], data[1024];
    memset(data, 99, sizeof data);
    merlin_init(&transcript, "test protocol");
    merlin_append(&transcript, "step1", span_of_text("some data"));
    for (int i = 0; i < 32; i++) {
        merlin_challenge(&transcript, "challenge", challenge, sizeof challenge);
        merlin_append(&transcript, "bigdata", span_of(data, sizeof data));
        merlin_append(&transcript, "challengedata", span_of(challenge, sizeof challenge));
    }
    assert_memory_equal(
        challenge, HEX("a8c933f54fae76e3f9bea93648c1308e7dfa2152dd51674ff3ca438351cf003c").at, 32);
}

/* FIPS 202: the first lanes of the permutation of all zeros. */
static void keccak_permutes_zeros(void **state)
{
    (void)state;
    uint8_t sponge[KECCAK_STATE] = {0};
    keccak_f1600(sponge);
    assert_memory_equal(sponge, HEX("e7dde140798f25f18a47c033f9ccd584").at, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merlin_gives_the_check_value),
        cmocka_unit_test(merlin_carries_over_blocks),
        cmocka_unit_test(keccak_permutes_zeros),
    };
    return cmocka_run_group_tests(tests, with_crypto, NULL);
}
