#include "crypto/hash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "unit/with_crypto.h"
#include "vectors/hex.h"

/* FIPS 180-4, and the reference vectors of SipHash-2-4: key 00..0f, data 00 01 02 ... */
static void sha256_gives_the_standard_digests(void **state)
{
    (void)state;
    uint8_t digest[32];
    sha256(span_of_text("abc"), digest);
    assert_memory_equal(
        digest, HEX("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").at, 32);
    sha256(span_of(NULL, 0), digest);
    assert_memory_equal(
        digest, HEX("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").at, 32);
}

static void siphash_reads_its_result_little_endian(void **state)
{
    (void)state;
    uint8_t bytes[16];
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    assert_true(siphash(bytes, span_of(bytes, 0)) == 0x726fdb47dd0e0e31);
    assert_true(siphash(bytes, span_of(bytes, 15)) == 0xa129ca6149be45e5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_standard_digests),
        cmocka_unit_test(siphash_reads_its_result_little_endian),
    };
    return cmocka_run_group_tests(tests, with_crypto, NULL);
}
