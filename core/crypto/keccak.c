#include "crypto/keccak.h"

#include "crypto/node_key.h"

#define LANES 25
#define ROUNDS 24

static const uint64_t round_constants[ROUNDS] = {
    0x0000000000000001,
    0x0000000000008082,
    0x800000000000808a,
    0x8000000080008000,
    0x000000000000808b,
    0x0000000080000001,
    0x8000000080008081,
    0x8000000000008009,
    0x000000000000008a,
    0x0000000000000088,
    0x0000000080008009,
    0x000000008000000a,
    0x000000008000808b,
    0x800000000000008b,
    0x8000000000008089,
    0x8000000000008003,
    0x8000000000008002,
    0x8000000000000080,
    0x000000000000800a,
    0x800000008000000a,
    0x8000000080008081,
    0x8000000000008080,
    0x0000000080000001,
    0x8000000080008008,
};

static uint64_t rotate_left(uint64_t x, unsigned k)
{
    return k == 0 ? x : (x << k) | (x >> (64 - k));
}

static void theta(uint64_t a[LANES])
{
    uint64_t parity[5];
    for (unsigned x = 0; x < 5; x++)
        parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (unsigned x = 0; x < 5; x++) {
        uint64_t d = parity[(x + 4) % 5] ^ rotate_left(parity[(x + 1) % 5], 1);
        for (unsigned y = 0; y < LANES; y += 5)
            a[x + y] ^= d;
    }
}

/* Both steps in one walk: lane t of the cycle through (1, 0) turns by the t-th triangular number.
 */
static void rho_and_pi(uint64_t a[LANES])
{
    unsigned x = 1, y = 0;
    uint64_t moving = a[1];
    for (unsigned t = 1; t <= 24; t++) {
        unsigned next_y = (2 * x + 3 * y) % 5;
        x = y;
        y = next_y;
        uint64_t displaced = a[x + 5 * y];
        a[x + 5 * y] = rotate_left(moving, t * (t + 1) / 2 % 64);
        moving = displaced;
    }
}

static void chi(uint64_t a[LANES])
{
    for (unsigned y = 0; y < LANES; y += 5) {
        uint64_t first = a[y], second = a[y + 1];
        a[y] ^= ~second & a[y + 2];
        a[y + 1] ^= ~a[y + 2] & a[y + 3];
        a[y + 2] ^= ~a[y + 3] & a[y + 4];
        a[y + 3] ^= ~a[y + 4] & first;
        a[y + 4] ^= ~first & second;
    }
}

void keccak_f1600(uint8_t state[KECCAK_STATE])
{
    uint64_t a[LANES] = {0};
    for (unsigned i = 0; i < KECCAK_STATE; i++)
        a[i / 8] |= (uint64_t)state[i] << (8 * (i % 8));
    for (unsigned round = 0; round < ROUNDS; round++) {
        theta(a);
        rho_and_pi(a);
        chi(a);
        a[0] ^= round_constants[round];
    }
    for (unsigned i = 0; i < KECCAK_STATE; i++)
        state[i] = (uint8_t)(a[i / 8] >> (8 * (i % 8)));
    crypto_wipe(a, sizeof a);
}
