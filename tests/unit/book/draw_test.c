/* core/book/sample.c: draws, many candidates at once as single picks would choose them (B34, P2).
 */
#include "unit/book/kit.h"

#include <math.h>

static size_t draw_checked(
    struct book *book, struct rng *rng, struct book_draw draw, const struct book_entry **entries)
{
    size_t n = book_draw(book, at_ms(0), rng, &draw, entries);
    assert_true(n <= draw.count);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(entries[i], entries[j]);
    return n;
}

static void book_draw_gives_distinct_entries_up_to_all_there_are(void **state)
{
    (void)state;
    struct rng rng = seeded(13);
    struct book *book = default_book();
    const struct book_entry *entries[300];
    assert_int_equal(
        draw_checked(book, &rng, (struct book_draw){.count = 5, .new_percent = 50}, entries), 0);
    fill(book, 0, 200, 80);
    static const uint32_t counts[] = {0, 1, 2, 60, 150, 199, 200, 201, 300};
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct book_draw draw = {.count = counts[i], .new_percent = 50};
        size_t expected = counts[i] < 200 ? counts[i] : 200;
        assert_int_equal(draw_checked(book, &rng, draw, entries), expected);
    }
    done(book);
}

/* As in B34, a side without weight gives none, but for new ones when there is nothing else. */
static void book_draw_respects_sides(void **state)
{
    (void)state;
    struct rng rng = seeded(14);
    struct book *book = default_book();
    const struct book_entry *entries[300];
    fill(book, 0, 100, 40);
    static const struct {
        struct book_draw draw;
        size_t n, old;
    } cases[] = {
        {{.count = 300, .new_percent = 0}, 40, 40},
        {{.count = 300, .new_percent = 100}, 60, 0},
        {{.count = 300, .new_percent = 50}, 100, 40},
        {{.count = 300, .sides = BOOK_NEW}, 60, 0},
        {{.count = 300, .sides = BOOK_OLD, .new_percent = 100}, 40, 40},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = draw_checked(book, &rng, cases[i].draw, entries), old = 0;
        for (size_t j = 0; j < n; j++)
            old += entries[j]->side == BOOK_OLD;
        assert_int_equal(n, cases[i].n);
        assert_int_equal(old, cases[i].old);
    }
    done(book);
    book = default_book();
    fill(book, 0, 10, 0);
    assert_int_equal(draw_checked(book, &rng, (struct book_draw){.count = 300}, entries), 10);
    done(book);
}

/* The first one drawn is distributed as a pick: by bucket. */
static void book_draw_is_biased_like_a_pick(void **state)
{
    (void)state;
    struct rng rng = seeded(15);
    struct book *book = default_book();
    const struct book_entry *entries[10];
    fill(book, 0, 500, 100);
    size_t old = 0, rounds = 3000;
    for (size_t round = 0; round < rounds; round++) {
        struct book_draw draw = {.count = 10, .new_percent = 30};
        assert_int_equal(draw_checked(book, &rng, draw, entries), 10);
        for (size_t i = 0; i < 10; i++)
            old += entries[i]->side == BOOK_OLD;
    }
    double expected = sqrt(100) * 70 / (sqrt(100) * 70 + sqrt(400) * 30);
    assert_true(fabs((double)old / (double)(10 * rounds) - expected) < 0.02);
    done(book);
}

static bool keep_even(void *context, const struct book_entry *entry)
{
    ++*(unsigned *)context;
    return number_of(&entry->addr.id) % 2 == 0;
}

static bool keep_none(void *context, const struct book_entry *entry)
{
    (void)entry;
    ++*(unsigned *)context;
    return false;
}

static void book_draw_filters_and_asks_once_for_each(void **state)
{
    (void)state;
    struct rng rng = seeded(16);
    struct book *book = default_book();
    const struct book_entry *entries[300];
    unsigned asked = 0;
    fill(book, 0, 200, 100);
    struct book_draw draw = {.count = 150, .new_percent = 50, .keep = keep_even, .context = &asked};
    assert_int_equal(draw_checked(book, &rng, draw, entries), 100);
    assert_int_equal(asked, 200);
    done(book);
}

/* The cost is bounded by what is wanted, not by the book. */
static void book_draw_looks_at_a_bounded_number(void **state)
{
    (void)state;
    struct rng rng = seeded(17);
    struct book *book = default_book();
    const struct book_entry *entries[10];
    unsigned asked = 0;
    fill(book, 0, 3000, 1000);
    struct book_draw draw = {.count = 10, .new_percent = 50, .keep = keep_none, .context = &asked};
    assert_int_equal(draw_checked(book, &rng, draw, entries), 0);
    assert_int_equal(asked, BOOK_DRAW_LOOKS * 10 + 64);
    done(book);
}

static void book_draw_gives_only_what_was_verified_within(void **state)
{
    (void)state;
    struct rng rng = seeded(18);
    struct book *book = default_book();
    const struct book_entry *entries[64];
    fill(book, 0, 5000, 1000);
    verify(book, 990, 1010, 0);
    struct book_draw draw = {.count = 64, .new_percent = 50, .verified_within_ms = 1000};
    assert_int_equal(draw_checked(book, &rng, draw, entries), 20);
    for (unsigned i = 0; i < 20; i++)
        assert_true(entries[i]->last_verified_ms > 0);
    draw.sides = BOOK_OLD;
    assert_int_equal(draw_checked(book, &rng, draw, entries), 10);
    assert_int_equal(book_draw(book, at_ms(1001), &rng, &draw, entries), 0);
    done(book);
}

/* Two books fed alike draw alike, whatever their index keys are. */
static void book_draws_depend_on_calls_and_seed_only(void **state)
{
    (void)state;
    uint8_t entropy[BOOK_ENTROPY];
    struct book_settings settings = book_settings_default();
    struct book *a = default_book(), *b;
    memcpy(entropy, kit_entropy, sizeof entropy);
    entropy[BOOK_ENTROPY - 1] ^= 1; /* the index key alone */
    assert_int_equal(book_new(&settings, entropy, &b), ERR_OK);
    assert_string_equal(book_key(a), book_key(b));
    fill(a, 0, 300, 100);
    fill(b, 0, 300, 100);
    struct rng of_a = seeded(19), of_b = seeded(19);
    for (unsigned i = 0; i < 100; i++) {
        struct addr from_a[250], from_b[250];
        struct book_selection selection = {.biased = i % 2, .new_percent = 40};
        size_t n = book_select(a, at_ms(0), &of_a, &selection, from_a);
        assert_int_equal(book_select(b, at_ms(0), &of_b, &selection, from_b), n);
        assert_memory_equal(from_a, from_b, n * sizeof *from_a);
        const struct book_entry *x = book_pick(a, at_ms(0), &of_a, 30);
        assert_true(addr_equal(&x->addr, &book_pick(b, at_ms(0), &of_b, 30)->addr));
    }
    done(a);
    done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_draw_gives_distinct_entries_up_to_all_there_are),
        cmocka_unit_test(book_draw_respects_sides),
        cmocka_unit_test(book_draw_is_biased_like_a_pick),
        cmocka_unit_test(book_draw_filters_and_asks_once_for_each),
        cmocka_unit_test(book_draw_looks_at_a_bounded_number),
        cmocka_unit_test(book_draw_gives_only_what_was_verified_within),
        cmocka_unit_test(book_draws_depend_on_calls_and_seed_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
