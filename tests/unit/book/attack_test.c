/* What a flood can reach: bucket limits under overload, and the share of a book that one network
 * can take (B22, B23, F20). The measured shares are printed. */
#include "book/inside.h"
#include "unit/book/kit.h"

#define HONEST 12000
#define FLOOD 100000
#define PICKS 20000
#define ATTACKER 0x40000000 /* numbers from here on are the attacker's */

static bool is_attackers(const struct addr *addr)
{
    return number_of(&addr->id) >= ATTACKER;
}

/* Routable addresses of more groups and hosts than kit's. */
static struct addr addr_of_flood(uint32_t n, struct rng *rng)
{
    struct addr addr = {id_number(n), {.port = 26656}};
    do
        addr.at.ip = ip_of_v4((uint32_t)rng_next(rng));
    while (!ip_is_routable(&addr.at.ip) || ip_is_reserved(&addr.at.ip));
    return addr;
}

static struct addr in_network(uint32_t network, uint32_t n)
{
    struct addr addr = {id_number(n), {ip_of_v4(network << 16 | (n & 0xffff)), 26656}};
    return addr;
}

static uint32_t buckets_in_use(const struct book *book, enum book_side side)
{
    return book->buckets[side_of(side)].busy_n;
}

static void overload(uint32_t times)
{
    struct book *book = default_book();
    struct rng rng = seeded(times);
    uint32_t capacity = book->capacity, refused = 0;
    for (uint32_t n = 0; n < times * capacity; n++) {
        struct addr addr = addr_of_flood(n, &rng), source = addr_of_flood(n % 5000, &rng);
        struct now now = at_ms(n);
        refused += book_add(book, now, &rng, &addr, &source, NULL) != ERR_OK;
        if (n % 4 == 0)
            book_mark_good(book, now, &addr);
        if (n % 5000 == 0)
            check(book);
    }
    print_message("%u x overload: %u new, %u old of %u; refused %u\n", times,
        book_count_side(book, BOOK_NEW), book_count_side(book, BOOK_OLD), capacity, refused);
    assert_int_equal(refused, 0);
    assert_true(book_count_side(book, BOOK_NEW) <= 256 * 64);
    assert_true(book_count_side(book, BOOK_OLD) <= 64 * 64);
    assert_true(book_count(book) > capacity / 2);
    done(book);
}

static void buckets_hold_their_limits_at_one_and_ten_times_their_load(void **state)
{
    (void)state;
    overload(1);
    overload(10);
}

static struct book *honest_book(void)
{
    struct book *book = default_book();
    for (uint32_t n = 0; n < HONEST; n++)
        add_ok(book, addr_number(n), source_number(n % 4000));
    return book;
}

struct share {
    uint32_t buckets; /* that hold anything of the attacker's */
    uint32_t entries;
    double of_picks;
};

static struct share share_of(struct book *book, enum book_side side)
{
    struct share share = {0};
    const struct buckets *buckets = &book->buckets[side_of(side)];
    for (uint32_t b = 0; b < buckets->count; b++) {
        bool any = false;
        for (uint32_t i = 0; i < buckets->fill[b]; i++) {
            const struct addr *addr = &book->entries[buckets->slots[b * buckets->size + i]].addr;
            share.entries += is_attackers(addr);
            any |= is_attackers(addr);
        }
        share.buckets += any;
    }
    struct rng rng = seeded(5);
    for (uint32_t i = 0; i < PICKS; i++) {
        const struct book_entry *entry =
            book_pick(book, at_ms(0), &rng, side == BOOK_NEW ? 100 : 0);
        share.of_picks += is_attackers(&entry->addr) / (double)PICKS;
    }
    return share;
}

static void print_share(
    const char *what, struct share share, const struct book *book, enum book_side side)
{
    print_message("%s: %u of %u buckets, %u of %u entries, %.1f %% of picks\n", what, share.buckets,
        buckets_in_use(book, side), share.entries, book_count_side(book, side),
        100 * share.of_picks);
}

/* The flood names addresses everywhere, from sources that `source` makes up. */
static struct share flood(const char *what, struct addr (*source)(uint32_t n))
{
    struct book *book = honest_book();
    struct rng rng = seeded(3);
    for (uint32_t n = 0; n < FLOOD; n++) {
        struct addr addr = addr_of_flood(ATTACKER + n, &rng), from = source(n);
        book_add(book, at_ms(1000 + n), &rng, &addr, &from, NULL);
    }
    check(book);
    struct share share = share_of(book, BOOK_NEW);
    print_share(what, share, book, BOOK_NEW);
    book_free(book);
    return share;
}

static struct addr from_one_network(uint32_t n)
{
    return in_network(0x2d4d, 0x50000000 + n);
}

static struct addr from_one_socket(uint32_t n)
{
    struct addr addr = {id_number(0x50000000 + n), {ip_of_v4(0x2d4d0102), (uint16_t)n}};
    return addr;
}

/* B22: 32 of 256 buckets, whatever it claims to be. */
static void F20_one_network_takes_at_most_an_eighth_of_the_new_buckets(void **state)
{
    (void)state;
    struct share share = flood("a /16 of sources", from_one_network);
    assert_in_range(share.buckets, 1, 32);
    assert_in_range(share.entries, 1, 32 * 64);
    assert_true(share.of_picks < 0.135); /* 12.5 % and the noise of 20,000 picks */
}

static void F20_many_ids_of_one_socket_take_at_most_an_eighth_of_the_new_buckets(void **state)
{
    (void)state;
    struct share share = flood("one socket, many IDs", from_one_socket);
    assert_in_range(share.buckets, 1, 32);
    assert_in_range(share.entries, 1, 32 * 64);
    assert_true(share.of_picks < 0.135);
}

/* B23: 4 of 64 buckets, though every one of its peers answers. */
static void one_network_of_good_peers_takes_at_most_a_sixteenth_of_the_old_buckets(void **state)
{
    (void)state;
    struct book *book = honest_book();
    struct rng rng = seeded(3);
    for (uint32_t n = 0; n < HONEST / 4; n++) {
        struct addr addr = addr_number(n);
        book_mark_good(book, at_ms(0), &addr);
    }
    for (uint32_t n = 0; n < 0x10000; n++) {
        struct addr addr = in_network(0x2d4d, ATTACKER + n);
        book_add(book, at_ms(1000 + n), &rng, &addr, &addr, NULL);
        book_mark_success(book, at_ms(1000 + n), &addr, 1);
        book_mark_good(book, at_ms(1000 + n), &addr);
    }
    check(book);
    struct share share = share_of(book, BOOK_OLD);
    print_share("a /16 of good peers", share, book, BOOK_OLD);
    assert_in_range(share.buckets, 1, 4);
    assert_in_range(share.entries, 1, 4 * 64);
    assert_true(share.of_picks < 0.07);
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_hold_their_limits_at_one_and_ten_times_their_load),
        cmocka_unit_test(F20_one_network_takes_at_most_an_eighth_of_the_new_buckets),
        cmocka_unit_test(F20_many_ids_of_one_socket_take_at_most_an_eighth_of_the_new_buckets),
        cmocka_unit_test(one_network_of_good_peers_takes_at_most_a_sixteenth_of_the_old_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
