/* Merlin transcripts over STROBE-128/1600 (wire.md 3.3): a running hash that takes labelled
 * messages and gives labelled challenges. No packaged C library has it. Only what the secret
 * connection needs: append and challenge.
 *
 *     NEW(label)        STROBE-INIT("Merlin v1.0"), then APPEND("dom-sep", label)
 *     APPEND(label, m)  META-AD(label), META-AD(LE32(length of m), more), AD(m)
 *     CHALLENGE(label)  META-AD(label), META-AD(LE32(n), more), PRF(n)
 */
#ifndef CRYPTO_MERLIN_H
#define CRYPTO_MERLIN_H

#include "base/span.h"
#include "crypto/keccak.h"

/* As secret as the most secret message appended to it; whoever made it wipes it. */
struct merlin {
    uint8_t state[KECCAK_STATE];
    uint8_t position; /* next byte of the rate, 0..165 */
    uint8_t begin;    /* position after the start of the current operation, 0: in an older block */
    uint8_t flags;    /* of the current operation */
};

/* Labels are protocol constants. */
void merlin_init(struct merlin *transcript, const char *label);
void merlin_append(struct merlin *transcript, const char *label, struct span message);
void merlin_challenge(struct merlin *transcript, const char *label, uint8_t *out, size_t n);

#endif
