#include "unit/book/kit.h"

static void mark_good_at(struct book *book, int64_t ms, uint32_t n)
{
    struct addr addr = addr_number(n);
    assert_int_equal(book_mark_good(book, at_ms(ms), &addr), ERR_OK);
}

/* TestAddrBookPromoteToOld */
static void book_mark_good_promotes(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 100, 50);
    assert_int_equal(book_count(book), 100);
    assert_int_equal(book_count_side(book, BOOK_OLD), 50);
    assert_int_equal(book_count_side(book, BOOK_NEW), 50);
    for (uint32_t n = 0; n < 100; n++) {
        const struct book_entry *entry = entry_number(book, n);
        assert_int_equal(entry->side, n < 50 ? BOOK_OLD : BOOK_NEW);
        assert_int_equal(entry->refs, 1);
        assert_int_equal(book_is_good(book, &entry->addr.id), n < 50);
    }
    done(book);
}

static void book_mark_good_leaves_other_verified_entries_listed(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 3, 0);
    for (uint32_t n = 0; n < 3; n++) {
        struct addr addr = addr_number(n);
        assert_int_equal(book_mark_success(book, at_ms(0), &addr, 0), ERR_OK);
    }
    for (uint32_t n = 0; n < 3; n++) {
        mark_good_at(book, 0, n);
        check(book);
    }
    done(book);
}

/* B44: from every new bucket into one old bucket. */
static void book_mark_good_clears_all_new_buckets(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_number(0);
    for (uint32_t n = 0; n < 500; n++) {
        struct addr source = source_number(n);
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, NULL), ERR_OK);
    }
    assert_int_equal(entry_number(book, 0)->refs, 4);
    mark_good_at(book, 0, 0);
    assert_int_equal(entry_number(book, 0)->refs, 1);
    assert_int_equal(entry_number(book, 0)->side, BOOK_OLD);
    done(book);
}

/* B31.8 */
static void book_add_leaves_old_entries_alone(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_number(0);
    fill(book, 0, 1, 1);
    for (uint32_t n = 0; n < 100; n++) {
        struct addr source = source_number(n);
        enum book_added added;
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, &added), ERR_OK);
        assert_int_equal(added, BOOK_KNOWN);
    }
    assert_int_equal(entry_number(book, 0)->refs, 1);
    assert_int_equal(entry_number(book, 0)->side, BOOK_OLD);
    done(book);
}

/* K1: each branch of B43 just before and just at its boundary. */
static void K1_book_entry_is_bad_at_each_boundary(void **state)
{
    (void)state;
    enum { MINUTE = 60000, DAY = 86400000, WEEK = 7 * DAY };
    static const struct {
        uint8_t side;
        uint32_t attempts;
        int64_t untried_ms, unsuccessful_ms; /* 0: never successful */
        bool bad;
    } cases[] = {
        {BOOK_OLD, 1000, 10 * (int64_t)WEEK, 0, false}, {BOOK_NEW, 1000, MINUTE - 1, 0, false},
        {BOOK_NEW, 1000, MINUTE, 0, true}, {BOOK_NEW, 0, WEEK, 0, false},
        {BOOK_NEW, 0, (int64_t)WEEK + 1, 0, true}, {BOOK_NEW, 2, DAY, 0, false},
        {BOOK_NEW, 3, DAY, 0, true}, {BOOK_NEW, 9, DAY, (int64_t)WEEK + 1, false},
        {BOOK_NEW, 10, DAY, WEEK, false}, {BOOK_NEW, 10, DAY, (int64_t)WEEK + 1, true},
        {BOOK_NEW, 10, MINUTE - 1, (int64_t)WEEK + 1, false},
        {BOOK_NEW, 1000, -DAY, 0, false}, /* the clock went back */
    };
    struct book_settings settings = book_settings_default();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct book_entry entry = {
            .side = cases[i].side,
            .attempts = cases[i].attempts,
            .last_attempt_ms = START_MS - cases[i].untried_ms,
            .last_success_ms = cases[i].unsuccessful_ms ? START_MS - cases[i].unsuccessful_ms : 0,
        };
        if (book_entry_is_bad(&settings, &entry, at_ms(0)) != cases[i].bad)
            fail_msg("case %zu", i);
    }
}

/* K2, B42 */
static void K2_book_mark_attempt_counts_and_stamps_and_good_resets(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr addr = addr_number(0), unknown = addr_number(1);
    fill(book, 0, 1, 0);
    for (uint32_t n = 1; n <= 3; n++) {
        assert_int_equal(book_mark_attempt(book, at_ms(n * 1000), &addr, ERR_REFUSED), ERR_OK);
        const struct book_entry *entry = entry_number(book, 0);
        assert_int_equal(entry->attempts, n);
        assert_int_equal(entry->last_attempt_ms, START_MS + n * 1000);
        assert_int_equal(entry->last_failure, ERR_REFUSED);
        assert_int_equal(entry->last_success_ms, 0);
    }
    assert_int_equal(book_mark_attempt(book, at_ms(0), &unknown, ERR_REFUSED), ERR_NOT_FOUND);
    mark_good_at(book, 9000, 0);
    const struct book_entry *entry = entry_number(book, 0);
    assert_int_equal(entry->attempts, 0);
    assert_int_equal(entry->last_attempt_ms, START_MS + 9000);
    assert_int_equal(entry->last_success_ms, START_MS + 9000);
    assert_int_equal(entry->last_failure, ERR_OK);
    done(book);
}

/* K4: naming the same bucket again adds no reference. */
static void K4_book_add_to_the_same_bucket_adds_no_reference(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_number(0), source = source_number(0);
    for (unsigned round = 0; round < 100; round++) {
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, NULL), ERR_OK);
        assert_int_equal(entry_number(book, 0)->refs, 1);
    }
    done(book);
}

/* K5: what is not there cannot be taken away, and is not miscounted. */
static void K5_book_remove_of_what_is_missing_is_refused(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct peer_id id = id_number(0);
    assert_int_equal(book_remove(book, &id), ERR_NOT_FOUND);
    fill(book, 0, 1, 1);
    assert_int_equal(book_remove(book, &id), ERR_OK);
    assert_int_equal(book_remove(book, &id), ERR_NOT_FOUND);
    assert_int_equal(book_count_side(book, BOOK_OLD), 0);
    done(book);
}

/* B41 */
static void book_mark_good_of_an_unknown_id_changes_nothing(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr addr = addr_number(0);
    assert_int_equal(book_mark_good(book, at_ms(0), &addr), ERR_NOT_FOUND);
    assert_int_equal(book_count(book), 0);
    done(book);
}

static void F9_book_is_good_is_false_for_an_unknown_id(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct peer_id id = id_number(0);
    assert_false(book_is_good(book, &id));
    done(book);
}

/* F21: three failures over a lifetime do not make a working address bad. */
static void F21_book_mark_success_stamps_and_forgives(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr addr = addr_number(0);
    fill(book, 0, 1, 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(book_mark_attempt(book, at_ms(i), &addr, ERR_TIMEOUT), ERR_OK);
    struct now later = at_ms(MINUTES_MS(5));
    assert_int_equal(book_count_bad(book, later), 1);
    assert_int_equal(book_mark_success(book, at_ms(1000), &addr, 42), ERR_OK);
    assert_int_equal(book_count_bad(book, later), 0);
    const struct book_entry *entry = entry_number(book, 0);
    assert_int_equal(entry->attempts, 0);
    assert_int_equal(entry->last_attempt_ms, START_MS + 1000);
    assert_int_equal(entry->last_success_ms, START_MS + 1000);
    assert_int_equal(entry->last_verified_ms, START_MS + 1000);
    assert_int_equal(entry->rtt_ms, 42);
    assert_int_equal(entry->side, BOOK_NEW);
    done(book);
}

/* P6: only the endpoint that was dialed. */
static void book_marks_apply_to_the_dialed_endpoint_only(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr port = addr_number(0), ip = addr_number(1);
    struct addr at = addr_number(0);
    fill(book, 0, 1, 0);
    port.at.port++;
    ip.id = id_number(0);
    assert_int_equal(book_mark_success(book, at_ms(0), &at, 1), ERR_OK);
    const struct addr *elsewhere[] = {&port, &ip};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(
            book_mark_attempt(book, at_ms(1), elsewhere[i], ERR_TIMEOUT), ERR_NOT_FOUND);
        assert_int_equal(book_mark_success(book, at_ms(1), elsewhere[i], 1), ERR_NOT_FOUND);
        assert_int_equal(book_mark_good(book, at_ms(1), elsewhere[i]), ERR_NOT_FOUND);
        assert_int_equal(book_mark_answer(book, elsewhere[i]), ERR_NOT_FOUND);
        assert_int_equal(book_mark_rtt(book, elsewhere[i], 1), ERR_NOT_FOUND);
    }
    const struct book_entry *entry = entry_number(book, 0);
    assert_int_equal(entry->attempts, 0);
    assert_int_equal(entry->last_attempt_ms, START_MS);
    assert_int_equal(entry->side, BOOK_NEW);
    done(book);
}

static void book_mark_rtt_smooths(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr addr = addr_number(0);
    fill(book, 0, 1, 0);
    book_mark_rtt(book, &addr, 100);
    assert_int_equal(entry_number(book, 0)->rtt_ms, 100);
    book_mark_rtt(book, &addr, 180);
    assert_int_equal(entry_number(book, 0)->rtt_ms, 110);
    book_mark_rtt(book, &addr, 0); /* unknown */
    assert_int_equal(entry_number(book, 0)->rtt_ms, 110);
    book_mark_rtt(book, &addr, UINT32_MAX);
    assert_true(entry_number(book, 0)->rtt_ms > UINT32_MAX / 9);
    book_mark_answer(book, &addr);
    book_mark_answer(book, &addr);
    assert_int_equal(entry_number(book, 0)->answers, 2);
    done(book);
}

/* B44, F6 */
static void F6_book_keeps_whom_a_full_old_bucket_demotes(void **state)
{
    (void)state;
    struct book *book = narrow_book(8);
    for (uint32_t n = 0; n < 40; n++) {
        fill(book, n, n + 1, 0);
        mark_good_at(book, 1000 + n, n);
        check(book);
        assert_int_equal(book_count(book), n + 1);
        assert_int_equal(book_count_side(book, BOOK_OLD), n < 8 ? n + 1 : 8);
    }
    for (uint32_t n = 0; n < 40; n++) { /* the ones tried longest ago went back */
        const struct book_entry *entry = entry_number(book, n);
        assert_int_equal(entry->side, n < 32 ? BOOK_NEW : BOOK_OLD);
        assert_int_equal(entry->last_success_ms, START_MS + 1000 + n);
    }
    mark_good_at(book, 5000, 0);
    assert_int_equal(entry_number(book, 0)->side, BOOK_OLD);
    assert_int_equal(entry_number(book, 32)->side, BOOK_NEW);
    done(book);
}

/* P22 */
static void book_never_demotes_a_connected_peer(void **state)
{
    (void)state;
    struct book *book = narrow_book(2);
    fill(book, 0, 3, 0);
    mark_good_at(book, 1, 0);
    mark_good_at(book, 2, 1);
    struct peer_id first = id_number(0), second = id_number(1);
    book_set_connected(book, &first, true);
    mark_good_at(book, 3, 2);
    assert_true(book_is_good(book, &first));
    assert_false(book_is_good(book, &second));

    struct peer_id third = id_number(2);
    struct addr addr = addr_number(1);
    book_set_connected(book, &third, true);
    assert_int_equal(book_mark_good(book, at_ms(4), &addr), ERR_BOOK_FULL);
    assert_int_equal(entry_number(book, 1)->side, BOOK_NEW);
    assert_int_equal(entry_number(book, 1)->last_success_ms, START_MS + 4);
    book_set_connected(book, &third, false);
    assert_int_equal(book_mark_good(book, at_ms(5), &addr), ERR_OK);
    assert_false(book_is_good(book, &third));
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_mark_good_promotes),
        cmocka_unit_test(book_mark_good_leaves_other_verified_entries_listed),
        cmocka_unit_test(book_mark_good_clears_all_new_buckets),
        cmocka_unit_test(book_add_leaves_old_entries_alone),
        cmocka_unit_test(K1_book_entry_is_bad_at_each_boundary),
        cmocka_unit_test(K2_book_mark_attempt_counts_and_stamps_and_good_resets),
        cmocka_unit_test(K4_book_add_to_the_same_bucket_adds_no_reference),
        cmocka_unit_test(K5_book_remove_of_what_is_missing_is_refused),
        cmocka_unit_test(book_mark_good_of_an_unknown_id_changes_nothing),
        cmocka_unit_test(F9_book_is_good_is_false_for_an_unknown_id),
        cmocka_unit_test(F21_book_mark_success_stamps_and_forgives),
        cmocka_unit_test(book_marks_apply_to_the_dialed_endpoint_only),
        cmocka_unit_test(book_mark_rtt_smooths),
        cmocka_unit_test(F6_book_keeps_whom_a_full_old_bucket_demotes),
        cmocka_unit_test(book_never_demotes_a_connected_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
