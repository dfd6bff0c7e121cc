#include <math.h>

#include "unit/book/kit.h"

static struct addr out[BOOK_SELECTION_LIMIT];

static size_t count_old(const struct book *book, const struct addr *addrs, size_t n)
{
    size_t old = 0;
    for (size_t i = 0; i < n; i++)
        old += book_is_good(book, &addrs[i].id);
    return old;
}

static size_t pick_many(struct book *book, struct rng *rng, double percent, size_t rounds)
{
    size_t got = 0;
    for (size_t i = 0; i < rounds; i++)
        got += book_pick(book, at_ms(0), rng, percent) != NULL;
    return got;
}

/* TestAddrBookPickAddress, B34's edge cases */
static void book_pick_follows_the_edge_cases_of_B34(void **state)
{
    (void)state;
    struct rng rng = seeded(1);
    struct book *book = default_book();
    assert_int_equal(pick_many(book, &rng, 50, 10), 0);
    fill(book, 0, 1, 0);
    assert_int_equal(pick_many(book, &rng, 0, 10), 10);
    assert_int_equal(pick_many(book, &rng, 50, 10), 10);
    assert_int_equal(pick_many(book, &rng, 100, 10), 10);
    struct addr addr = addr_number(0);
    assert_int_equal(book_mark_good(book, at_ms(0), &addr), ERR_OK);
    assert_int_equal(pick_many(book, &rng, 0, 10), 10);
    assert_int_equal(pick_many(book, &rng, 50, 10), 10);
    assert_int_equal(pick_many(book, &rng, 100, 10), 0);
    assert_int_equal(pick_many(book, &rng, 1000, 10), 0);
    assert_int_equal(pick_many(book, &rng, -5, 10), 10);
    assert_int_equal(pick_many(book, &rng, (double)NAN, 10), 10);
    done(book);
}

/* B34: old with probability sqrt(old) * (100 - bias) over the sum of both weights. */
static void book_pick_prefers_sides_by_the_weights_of_B34(void **state)
{
    (void)state;
    struct rng rng = seeded(2);
    struct book *book = default_book();
    fill(book, 0, 500, 100);
    static const double percents[] = {0, 10, 30, 50, 90, 100};
    for (size_t i = 0; i < COUNT(percents); i++) {
        size_t old = 0, rounds = 20000;
        for (size_t round = 0; round < rounds; round++)
            old += book_pick(book, at_ms(0), &rng, percents[i])->side == BOOK_OLD;
        double of_old = sqrt(100) * (100 - percents[i]), of_new = sqrt(400) * percents[i];
        double expected = of_old / (of_old + of_new), got = (double)old / (double)rounds;
        assert_true(fabs(got - expected) < 0.02);
    }
    done(book);
}

/* B34: the bucket comes first, so a full bucket gives no more picks than one with a single entry.
 */
static void book_pick_favours_entries_of_sparse_buckets(void **state)
{
    (void)state;
    struct rng rng = seeded(3);
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 2;
    settings.new_buckets_per_group = 1; /* a source group has one bucket */
    struct book *book = book_of(settings);
    struct peer_id lonely = {{0}};
    for (uint32_t n = 0; book_count(book) < 40; n++)
        add_ok(book, addr_number(n), source_number(0));
    for (uint32_t source = 1; peer_id_is_none(&lonely); source++) {
        struct addr addr = addr_number(9000 + source);
        add_ok(book, addr, source_number(source));
        size_t hits = 0;
        for (unsigned i = 0; i < 100; i++)
            hits += peer_id_equal(&book_pick(book, at_ms(0), &rng, 50)->addr.id, &addr.id);
        if (hits > 20)
            lonely = addr.id;
    }
    size_t hits = 0;
    for (unsigned i = 0; i < 10000; i++)
        hits += peer_id_equal(&book_pick(book, at_ms(0), &rng, 50)->addr.id, &lonely);
    assert_in_range(hits, 4700, 5300);
    done(book);
}

/* B35 */
static void book_select_gives_the_number_of_B35(void **state)
{
    (void)state;
    static const struct {
        uint32_t size, wanted;
    } cases[] = {{0, 0}, {1, 1}, {31, 31}, {32, 32}, {33, 32}, {100, 32}, {143, 32}, {144, 33},
        {1086, 249}, {1087, 250}, {1088, 250}, {3000, 250}};
    struct rng rng = seeded(4);
    struct book *book = default_book();
    struct book_selection uniform = {0}, biased = {.biased = true, .new_percent = 30};
    for (size_t i = 0; i < COUNT(cases); i++) {
        fill(book, book_count(book), cases[i].size, cases[i].size);
        assert_int_equal(book_count(book), cases[i].size);
        assert_int_equal(book_select(book, at_ms(0), &rng, &uniform, out), cases[i].wanted);
        assert_distinct(out, cases[i].wanted);
        assert_int_equal(book_select(book, at_ms(0), &rng, &biased, out), cases[i].wanted);
        assert_distinct(out, cases[i].wanted);
    }
    done(book);
}

/* TestAddrBookGetSelection, TestAddrBookGetSelectionReturnsNilWhenAddrBookIsEmpty */
static void book_select_is_never_larger_than_the_book(void **state)
{
    (void)state;
    struct rng rng = seeded(5);
    struct book *book = default_book();
    struct book_selection all = {.count = 250};
    assert_int_equal(book_select(book, at_ms(0), &rng, &all, out), 0);
    fill(book, 0, 1, 0);
    assert_int_equal(book_select(book, at_ms(0), &rng, &all, out), 1);
    fill(book, 1, 101, 0);
    assert_int_equal(book_select(book, at_ms(0), &rng, &all, out), 101);
    assert_distinct(out, 101);
    done(book);
}

/* B36: each entry is as likely as any other, old or new. */
static void book_select_is_uniform(void **state)
{
    (void)state;
    enum { SIZE = 60, ROUNDS = 6000 };
    struct rng rng = seeded(6);
    struct book *book = default_book();
    unsigned hits[SIZE] = {0};
    struct book_selection some = {.count = 10};
    fill(book, 0, SIZE, 20);
    for (unsigned round = 0; round < ROUNDS; round++) {
        assert_int_equal(book_select(book, at_ms(0), &rng, &some, out), 10);
        for (unsigned i = 0; i < 10; i++)
            hits[number_of(&out[i].id)]++;
    }
    for (unsigned i = 0; i < SIZE; i++)
        assert_in_range(hits[i], 850, 1150); /* 1000, give or take five deviations */
    done(book);
}

/* B37 with F8: counts for one split of a book, and new before old. */
static void check_biased(uint32_t of_new, uint32_t of_old, double percent)
{
    struct rng rng = seeded(7 + of_new);
    struct book *book = default_book();
    struct book_selection selection = {.biased = true, .new_percent = percent};
    fill(book, 0, of_new + of_old, of_old);
    size_t size = of_new + of_old,
           n = size < 32       ? size
        : size * 23 / 100 > 32 ? size * 23 / 100
                               : 32;
    size_t wanted_new = (size_t)round(percent / 100 * (double)n);
    if (n > of_old && wanted_new < n - of_old)
        wanted_new = n - of_old;
    if (wanted_new > of_new)
        wanted_new = of_new;
    assert_int_equal(book_select(book, at_ms(0), &rng, &selection, out), n);
    assert_distinct(out, n);
    assert_int_equal(count_old(book, out, wanted_new), 0);
    assert_int_equal(count_old(book, out, n), n - wanted_new);
    done(book);
}

/* TestMultipleAddrBookAddressSelection */
static void book_select_biased_counts_hold_for_every_split(void **state)
{
    (void)state;
    for (uint32_t size = 1; size < 32; size++)
        for (uint32_t old = 0; old <= size; old++)
            check_biased(size - old, old, 30);
    static const uint32_t sizes[] = {77, 163};
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (uint32_t old = 0; old <= sizes[i]; old += 11)
            check_biased(sizes[i] - old, old, 30);
}

/* TestAddrBookGetSelectionWithOneMarkedGood, ...OneNotMarkedGood */
static void book_select_biased_gives_small_books_whole(void **state)
{
    (void)state;
    check_biased(9, 1, 100);
    check_biased(1, 9, 100);
    check_biased(9, 1, 30);
    check_biased(1, 9, 30);
}

/* TestAddrBookGetSelectionWithBias */
static void book_select_biased_by_30_is_70_percent_old(void **state)
{
    (void)state;
    struct rng rng = seeded(8);
    struct book *book = default_book();
    struct book_selection selection = {.biased = true, .new_percent = 30};
    fill(book, 0, 2000, 1600);
    assert_int_equal(book_select(book, at_ms(0), &rng, &selection, out), 250);
    assert_int_equal(count_old(book, out, 250), 175);
    done(book);
}

static void F8_book_select_biased_honours_a_quota_of_zero(void **state)
{
    (void)state;
    struct rng rng = seeded(9);
    struct book *book = default_book();
    fill(book, 0, 3000, 1500);
    for (unsigned round = 0; round < 20; round++) {
        struct book_selection only_new = {.biased = true, .new_percent = 100},
                              only_old = {.biased = true};
        assert_int_equal(book_select(book, at_ms(0), &rng, &only_new, out), 250);
        assert_int_equal(count_old(book, out, 250), 0);
        assert_int_equal(book_select(book, at_ms(0), &rng, &only_old, out), 250);
        assert_int_equal(count_old(book, out, 250), 250);
    }
    done(book);
}

/* P13 */
static void book_select_leaves_out_the_requester(void **state)
{
    (void)state;
    struct rng rng = seeded(10);
    struct book *book = default_book();
    fill(book, 0, 20, 10);
    for (uint32_t n = 0; n < 20; n++) {
        struct peer_id requester = id_number(n);
        struct book_selection selection = {
            .except = &requester, .biased = n % 2, .new_percent = 30};
        assert_int_equal(book_select(book, at_ms(0), &rng, &selection, out), 19);
        for (unsigned i = 0; i < 19; i++)
            assert_false(peer_id_equal(&out[i].id, &requester));
    }
    done(book);
}

/* P13: only what was verified lately, however little of the book that is. */
static void book_select_gives_only_what_was_verified_within(void **state)
{
    (void)state;
    struct rng rng = seeded(11);
    struct book *book = default_book();
    fill(book, 0, 5000, 1000);
    verify(book, 990, 1010, 0);
    verify(book, 1010, 1020, 50000);
    for (unsigned biased = 0; biased < 2; biased++) {
        struct book_selection ever = {
            .biased = biased, .new_percent = 50, .verified_within_ms = HOURS_MS(24)};
        struct book_selection lately = ever;
        lately.verified_within_ms = 20000;
        assert_int_equal(book_select(book, at_ms(60000), &rng, &ever, out), 30);
        for (unsigned i = 0; i < 30; i++)
            assert_in_range(number_of(&out[i].id), 990, 1019);
        assert_int_equal(book_select(book, at_ms(60000), &rng, &lately, out), 10);
        for (unsigned i = 0; i < 10; i++)
            assert_in_range(number_of(&out[i].id), 1010, 1019);
    }
    done(book);
}

static void book_select_never_exceeds_the_setting(void **state)
{
    (void)state;
    struct rng rng = seeded(12);
    struct book_settings settings = book_settings_default();
    settings.selection_max = 7;
    struct book *book = book_of(settings);
    struct book_selection selection = {.count = 100};
    fill(book, 0, 50, 0);
    assert_int_equal(book_select(book, at_ms(0), &rng, &selection, out), 7);
    selection.count_max = 9; /* in its place */
    assert_int_equal(book_select(book, at_ms(0), &rng, &selection, out), 9);
    selection.count = 3;
    assert_int_equal(book_select(book, at_ms(0), &rng, &selection, out), 3);
    done(book);
}

/* The marks of one draw are told from those of older ones by a 16-bit number that starts again. */
static void draws_stay_complete_after_any_number_of_them(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(2);
    struct book_selection selection = {.count = 6};
    fill(book, 0, 6, 2);
    for (uint32_t i = 0; i < 3 * 65536; i++)
        assert_int_equal(book_select(book, at_ms(0), &rng, &selection, out), 6);
    assert_distinct(out, 6);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_pick_follows_the_edge_cases_of_B34),
        cmocka_unit_test(book_pick_prefers_sides_by_the_weights_of_B34),
        cmocka_unit_test(book_pick_favours_entries_of_sparse_buckets),
        cmocka_unit_test(book_select_gives_the_number_of_B35),
        cmocka_unit_test(book_select_is_never_larger_than_the_book),
        cmocka_unit_test(book_select_is_uniform),
        cmocka_unit_test(book_select_biased_counts_hold_for_every_split),
        cmocka_unit_test(book_select_biased_gives_small_books_whole),
        cmocka_unit_test(book_select_biased_by_30_is_70_percent_old),
        cmocka_unit_test(F8_book_select_biased_honours_a_quota_of_zero),
        cmocka_unit_test(book_select_leaves_out_the_requester),
        cmocka_unit_test(book_select_gives_only_what_was_verified_within),
        cmocka_unit_test(book_select_never_exceeds_the_setting),
        cmocka_unit_test(draws_stay_complete_after_any_number_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
