/* Group set-up for tests that use keys or ciphers: cmocka_run_group_tests(tests, with_crypto,
 * NULL). Without it libsodium runs its portable code instead of the code a node runs. */
#ifndef UNIT_WITH_CRYPTO_H
#define UNIT_WITH_CRYPTO_H

#include "crypto/node_key.h"

static inline int with_crypto(void **state)
{
    (void)state;
    return crypto_init() ? 0 : -1;
}

#endif
