/* core/book/evict.c: full buckets, what the policy says to them, and tests before eviction (B38,
 * P21, P22, F7). */
#include "unit/book/kit.h"

static struct book *one_bucket_book(uint32_t size)
{
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 1;
    settings.new_bucket_size = size;
    return book_of(settings);
}

static void add_at(struct book *book, int64_t ms, uint32_t n)
{
    struct rng rng = seeded(1);
    struct addr addr = addr_number(n), source = source_number(n);
    assert_int_equal(book_add(book, at_ms(ms), &rng, &addr, &source, NULL), ERR_OK);
}

/* F7 */
static void F7_book_new_bucket_holds_64(void **state)
{
    (void)state;
    struct book *book = one_bucket_book(64);
    for (uint32_t n = 0; n < 200; n++) {
        add_at(book, n, n);
        assert_int_equal(book_count(book), n < 64 ? n + 1 : 64);
    }
    done(book);
}

static void F7_book_old_bucket_holds_64(void **state)
{
    (void)state;
    struct book *book = narrow_book(64);
    fill(book, 0, 100, 100);
    assert_int_equal(book_count_side(book, BOOK_OLD), 64);
    assert_int_equal(book_count(book), 100);
    done(book);
}

/* B38 */
static void book_full_new_bucket_drops_a_bad_entry_first(void **state)
{
    (void)state;
    struct book *book = one_bucket_book(4);
    for (uint32_t n = 0; n < 4; n++)
        add_at(book, n, n);
    struct addr bad = addr_number(2);
    for (unsigned i = 0; i < 3; i++)
        book_mark_attempt(book, at_ms(1000), &bad, ERR_TIMEOUT);
    add_at(book, 1000 + MINUTES_MS(1), 4);
    assert_null(entry_number(book, 2));
    assert_int_equal(book_count(book), 4);
    done(book);
}

/* B38 */
static void book_full_new_bucket_drops_the_entry_tried_longest_ago(void **state)
{
    (void)state;
    struct book *book = one_bucket_book(4);
    for (uint32_t n = 0; n < 4; n++)
        add_at(book, n, n);
    struct addr tried = addr_number(0);
    book_mark_attempt(book, at_ms(10), &tried, ERR_TIMEOUT);
    add_at(book, 20, 4);
    assert_null(entry_number(book, 1));
    add_at(book, 21, 5);
    assert_null(entry_number(book, 2));
    assert_non_null(entry_number(book, 0));
    done(book);
}

/* B38: an entry with other buckets only loses this reference. */
static void book_full_new_bucket_keeps_entries_that_are_elsewhere_too(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 2;
    settings.new_bucket_size = 1;
    struct book *book = book_of(settings);
    struct rng rng = seeded(1);
    struct addr addr = addr_number(0);
    for (uint32_t n = 0; n < 100; n++) {
        struct addr source = source_number(n);
        book_add(book, at_ms(0), &rng, &addr, &source, NULL);
    }
    assert_int_equal(entry_number(book, 0)->refs, 2);
    add_at(book, 1, 1);
    assert_int_equal(entry_number(book, 0)->refs, 1);
    assert_int_equal(book_count(book), 2);
    done(book);
}

/* P21, P22 */

struct chooser {
    uint32_t answer;
    unsigned asked;
    enum book_side side;
    uint32_t n;
    struct addr source;
    bool known;
};

static uint32_t choose(void *context, struct now now, const struct book_full *full)
{
    struct chooser *chooser = context;
    (void)now;
    chooser->asked++;
    chooser->side = full->side;
    chooser->n = full->n;
    chooser->source = *full->source;
    chooser->known = full->known != NULL;
    for (uint32_t i = 0; i < full->n; i++)
        assert_int_equal(full->entries[i]->side, full->side);
    return chooser->answer;
}

static void book_asks_the_policy_about_a_full_new_bucket(void **state)
{
    (void)state;
    struct book *book = one_bucket_book(4);
    struct chooser chooser = {.answer = BOOK_EVICT_REFUSE};
    struct rng rng = seeded(1);
    book_set_evict(book, choose, &chooser);
    for (uint32_t n = 0; n < 4; n++)
        add_at(book, n, n);
    assert_int_equal(chooser.asked, 0);
    struct addr addr = addr_number(4), source = source_number(4);
    assert_int_equal(book_add(book, at_ms(9), &rng, &addr, &source, NULL), ERR_BOOK_FULL);
    assert_null(entry_number(book, 4));
    assert_int_equal(chooser.n, 4);
    assert_int_equal(chooser.side, BOOK_NEW);
    assert_true(addr_equal(&chooser.source, &source));
    assert_false(chooser.known);
    chooser.answer = 3;
    assert_int_equal(book_add(book, at_ms(9), &rng, &addr, &source, NULL), ERR_OK);
    assert_null(entry_number(book, 3));
    chooser.answer = 77; /* nonsense: the default decides */
    add_at(book, 10, 5);
    assert_null(entry_number(book, 0));
    book_set_evict(book, NULL, NULL);
    add_at(book, 11, 6);
    assert_null(entry_number(book, 1));
    assert_int_equal(chooser.asked, 3);
    done(book);
}

static void book_asks_the_policy_about_a_full_old_bucket(void **state)
{
    (void)state;
    struct book *book = narrow_book(4);
    struct chooser chooser = {.answer = BOOK_EVICT_REFUSE};
    fill(book, 0, 5, 4);
    book_set_evict(book, choose, &chooser);
    struct addr addr = addr_number(4);
    assert_int_equal(book_mark_good(book, at_ms(9), &addr), ERR_BOOK_FULL);
    assert_int_equal(chooser.side, BOOK_OLD);
    struct addr source = source_number(4);
    assert_true(addr_equal(&chooser.source, &source));
    assert_true(chooser.known);
    assert_false(book_is_good(book, &addr.id));
    chooser.answer = 2;
    assert_int_equal(book_mark_good(book, at_ms(9), &addr), ERR_OK);
    assert_int_equal(entry_number(book, 2)->side, BOOK_NEW);
    struct peer_id connected = id_number(4);
    struct addr again = addr_number(2);
    book_set_connected(book, &connected, true);
    assert_int_equal(book_mark_good(book, at_ms(10), &again), ERR_OK);
    assert_true(book_is_good(book, &connected));
    assert_int_equal(book_count(book), 5);
    done(book);
}

static void book_asks_the_policy_about_a_further_reference(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 2;
    settings.new_bucket_size = 2;
    settings.new_buckets_per_group = 1;
    struct book *book = book_of(settings);
    struct chooser chooser = {.answer = BOOK_EVICT_REFUSE};
    struct rng rng = seeded(1);
    fill(book, 0, 6, 0);
    book_set_evict(book, choose, &chooser);
    struct addr addr = entry_number(book, 5)->addr;
    for (uint32_t n = 6; n < 300; n++) {
        struct addr source = source_number(n);
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, NULL), ERR_OK);
    }
    assert_true(chooser.asked > 0);
    assert_true(chooser.known);
    assert_int_equal(entry_number(book, 5)->refs, 1);
    done(book);
}

static void book_replace_lets_a_newcomer_in_for_a_new_entry_that_failed(void **state)
{
    (void)state;
    struct book *book = one_bucket_book(4);
    struct chooser chooser = {.answer = BOOK_EVICT_REFUSE};
    struct rng rng = seeded(1);
    book_set_evict(book, choose, &chooser);
    for (uint32_t n = 0; n < 4; n++)
        add_at(book, n, n);
    struct addr addr = addr_number(4), other = addr_number(5), source = source_number(4);
    struct peer_id victim = id_number(2);
    assert_int_equal(book_replace(book, at_ms(9), &rng, BOOK_NEW, &victim, &addr, &source), ERR_OK);
    assert_non_null(entry_number(book, 4));
    assert_null(entry_number(book, 2));
    assert_int_equal(
        book_replace(book, at_ms(9), &rng, BOOK_NEW, &victim, &other, &source), ERR_BOOK_FULL);
    victim = id_number(0);
    assert_int_equal(book_remove(book, &victim), ERR_OK);
    assert_int_equal(
        book_replace(book, at_ms(9), &rng, BOOK_NEW, &victim, &other, &source), ERR_OK);
    assert_int_equal(book_count(book), 4);
    assert_int_equal(chooser.asked, 0);
    done(book);
}

static void book_replace_promotes_instead_of_an_old_entry_that_failed(void **state)
{
    (void)state;
    struct book *book = narrow_book(4);
    struct rng rng = seeded(1);
    fill(book, 0, 5, 4);
    struct addr addr = addr_number(4), unknown = addr_number(9);
    struct peer_id victim = id_number(1);
    int64_t success_ms = entry_number(book, 4)->last_success_ms;
    book_set_connected(book, &victim, true);
    assert_int_equal(
        book_replace(book, at_ms(9), &rng, BOOK_OLD, &victim, &addr, NULL), ERR_BOOK_FULL);
    book_set_connected(book, &victim, false);
    assert_int_equal(
        book_replace(book, at_ms(9), &rng, BOOK_OLD, &victim, &unknown, NULL), ERR_NOT_FOUND);
    assert_int_equal(book_replace(book, at_ms(9), &rng, BOOK_OLD, &victim, &addr, NULL), ERR_OK);
    assert_true(book_is_good(book, &addr.id));
    assert_int_equal(entry_number(book, 4)->last_success_ms, success_ms);
    assert_int_equal(entry_number(book, 1)->side, BOOK_NEW); /* F6 */
    assert_int_equal(book_count(book), 5);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F7_book_new_bucket_holds_64),
        cmocka_unit_test(F7_book_old_bucket_holds_64),
        cmocka_unit_test(book_full_new_bucket_drops_a_bad_entry_first),
        cmocka_unit_test(book_full_new_bucket_drops_the_entry_tried_longest_ago),
        cmocka_unit_test(book_full_new_bucket_keeps_entries_that_are_elsewhere_too),
        cmocka_unit_test(book_asks_the_policy_about_a_full_new_bucket),
        cmocka_unit_test(book_asks_the_policy_about_a_full_old_bucket),
        cmocka_unit_test(book_asks_the_policy_about_a_further_reference),
        cmocka_unit_test(book_replace_lets_a_newcomer_in_for_a_new_entry_that_failed),
        cmocka_unit_test(book_replace_promotes_instead_of_an_old_entry_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
