/* bench: link
 *
 * CPU time of a handshake, one side, beside the four operations of libsodium it cannot do without:
 * an X25519 pair, an X25519 shared secret, an ed25519 signature, an ed25519 verification.
 *
 *     bench_handshake [--json] [rounds]
 *
 * Both are measured in turn, round by round, and the median of the ratios is printed. */
#include "unit/link/peer.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS 41
#define ROUNDS_MAX 10001
#define PER_ROUND 50 /* handshakes in one measurement */

static struct side a, b;

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds of one side's handshake: two links in one thread, by half. */
static double handshake_us(void)
{
    double start = cpu_us();
    for (unsigned i = 0; i < PER_ROUND; i++) {
        side_connect(&a, &b, at(0));
        side_close(&a);
        side_close(&b);
    }
    return (cpu_us() - start) / PER_ROUND / 2;
}

static double primitives_us(void)
{
    static const uint8_t challenge[32] = {1};
    uint8_t public_key[32], shared[32], signature[64];
    struct secret secret = secret_from(EPHEMERAL_A), other = secret_from(EPHEMERAL_B);
    uint8_t other_public[32];
    int bad = crypto_scalarmult_base(other_public, other.bytes);
    double start = cpu_us();
    for (unsigned i = 0; i < PER_ROUND; i++) {
        bad |= crypto_scalarmult_base(public_key, secret.bytes);
        bad |= crypto_scalarmult(shared, secret.bytes, other_public);
        bad |= crypto_sign_detached(signature, NULL, challenge, 32, a.key.secret);
        bad |= crypto_sign_verify_detached(signature, challenge, 32, node_key_public(&a.key));
    }
    double us = (cpu_us() - start) / PER_ROUND;
    if (bad)
        abort();
    return us;
}

static int by_value(const void *x, const void *y)
{
    double a_value = *(const double *)x, b_value = *(const double *)y;
    return (a_value > b_value) - (a_value < b_value);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

int main(int argc, char **argv)
{
    static double handshake[ROUNDS_MAX], primitives[ROUNDS_MAX], ratio[ROUNDS_MAX];
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    int rounds = argc > 1 + json ? atoi(argv[1 + json]) : ROUNDS;
    if (rounds < 1 || rounds > ROUNDS_MAX || !crypto_init()) {
        fprintf(stderr, "usage: bench_handshake [--json] [rounds, 1 to %d]\n", ROUNDS_MAX);
        return 2;
    }
    side_init(&a, SEED_A);
    side_init(&b, SEED_B);
    size_t n = (size_t)rounds;
    for (size_t i = 0; i < n; i++) {
        handshake[i] = handshake_us();
        primitives[i] = primitives_us();
        ratio[i] = handshake[i] / primitives[i];
    }
    double handshake_median = median(handshake, n), primitives_median = median(primitives, n);
    double ratio_median = median(ratio, n);
    printf(json ? "{\"bench\":\"handshake\",\"side_us\":%.2f,\"primitives_us\":%.2f,"
                  "\"ratio\":%.3f,\"rounds\":%zu}\n"
                : "handshake, one side        %8.2f us\n"
                  "four libsodium operations  %8.2f us\n"
                  "ratio (goal <= 1.3)        %8.3f\n"
                  "rounds                     %8zu\n",
        handshake_median, primitives_median, ratio_median, n);
    return 0;
}
