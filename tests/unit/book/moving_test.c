/* core/book: who announced an ID first does not decide for ever where it is (against B4 alone). */
#include "unit/book/kit.h"

/* The n-th ID, at another endpoint, and as a source from there. */
static struct addr elsewhere(uint32_t n)
{
    struct addr addr = addr_number(n + 5000);
    addr.id = id_number(n);
    return addr;
}

static enum err hear(struct book *book, int64_t at, struct addr addr, struct addr source)
{
    struct rng rng = seeded(1);
    return book_add(book, at_ms(at), &rng, &addr, &source, NULL);
}

static bool is_at(const struct book *book, uint32_t n, struct addr addr)
{
    return addr_equal(&entry_number(book, n)->addr, &addr);
}

/* Anybody can announce a dead endpoint for an honest ID; it would take 17 dials to get rid of it.
 */
static void B4_a_false_address_does_not_hide_a_peer_that_speaks_for_itself(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr false_one = addr_number(0), true_one = elsewhere(0);
    assert_int_equal(hear(book, 0, false_one, source_number(1)), ERR_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(book_mark_attempt(book, at_ms(i), &false_one, ERR_TIMEOUT), ERR_OK);
    assert_int_equal(hear(book, 9, true_one, true_one), ERR_OK);
    const struct book_entry *entry = entry_number(book, 0);
    assert_true(addr_equal(&entry->addr, &true_one));
    assert_int_equal(entry->attempts, 0);
    assert_int_equal(entry->failures[BOOK_TIMED_OUT], 0);
    assert_int_equal(entry->last_attempt_ms, START_MS + 9);
    assert_int_equal(entry->first_seen_ms, START_MS);
    assert_int_equal(entry->sources_n, 1);
    assert_true(addr_equal(book_source(book, entry, 0), &true_one));
    assert_int_equal(hear(book, 10, false_one, source_number(1)), ERR_OK);
    assert_true(is_at(book, 0, true_one));
    assert_int_equal(book_count(book), 1);
    done(book);
}

static void B4_nobody_else_moves_an_entry(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 1, 0);
    for (uint32_t n = 1; n < 50; n++)
        assert_int_equal(hear(book, n, elsewhere(0), source_number(n)), ERR_OK);
    assert_true(is_at(book, 0, addr_number(0)));
    done(book);
}

static void D15_old_and_verified_entries_stay_whatever_the_peer_says(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr verified = addr_number(1);
    fill(book, 0, 2, 1);
    assert_int_equal(book_mark_success(book, at_ms(1), &verified, 5), ERR_OK);
    for (uint32_t n = 0; n < 2; n++) {
        assert_int_equal(hear(book, 2, elsewhere(n), elsewhere(n)), ERR_OK);
        assert_true(is_at(book, n, addr_number(n)));
    }
    done(book);
}

static void book_mark_success_elsewhere_moves_what_was_never_verified(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 2, 1); /* the first is old, as another program's file may have it */
    for (uint32_t n = 0; n < 2; n++) {
        struct addr at = elsewhere(n), before = addr_number(n);
        assert_int_equal(book_mark_success(book, at_ms(7), &at, 5), ERR_OK);
        assert_true(is_at(book, n, at));
        assert_int_equal(entry_number(book, n)->side, BOOK_NEW);
        assert_int_equal(entry_number(book, n)->last_verified_ms, START_MS + 7);
        assert_int_equal(book_mark_success(book, at_ms(8), &before, 5), ERR_NOT_FOUND);
        assert_true(is_at(book, n, at)); /* verified now: it stays */
    }
    done(book);
}

static void a_move_to_where_nobody_may_be_is_refused(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr own = elsewhere(0), private = elsewhere(0);
    fill(book, 0, 1, 0);
    own.id = id_number(999);
    book_add_own(book, &own);
    private.at.ip = ip_of_v4(0x0a000001);
    struct addr at = elsewhere(0);
    assert_int_equal(book_mark_success(book, at_ms(1), &at, 5), ERR_NOT_FOUND);
    assert_int_equal(book_mark_success(book, at_ms(1), &private, 5), ERR_NOT_FOUND);
    assert_int_equal(hear(book, 1, private, private), ERR_ADDR_NON_ROUTABLE);
    assert_true(is_at(book, 0, addr_number(0)));
    done(book);
}

static uint32_t refuse(void *context, struct now now, const struct book_full *full)
{
    (void)context;
    (void)now;
    (void)full;
    return BOOK_EVICT_REFUSE;
}

static void a_move_into_a_full_bucket_may_be_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 4;
    settings.new_bucket_size = 1;
    struct book *book = book_of(settings);
    struct rng rng = seeded(3);
    fill(book, 0, 60, 0);
    assert_int_equal(book_count(book), 4);
    book_set_evict(book, refuse, NULL);
    uint32_t moved = 0, cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(book, &cursor));) {
        uint32_t n = number_of(&entry->addr.id);
        struct addr at = elsewhere(n);
        enum book_added added;
        assert_int_equal(book_add(book, at_ms(1), &rng, &at, &at, &added), ERR_OK);
        assert_int_equal(added == BOOK_ADDED, is_at(book, n, at));
        moved += is_at(book, n, at);
        check(book);
    }
    assert_true(moved < 4);
    assert_int_equal(book_count(book), 4);
    done(book);
}

static void a_move_is_a_row_for_the_store(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 1, 0);
    uint64_t revision = book_revision(book);
    assert_int_equal(hear(book, 2, elsewhere(0), elsewhere(0)), ERR_OK);
    assert_true(book_revision(book) > revision);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B4_a_false_address_does_not_hide_a_peer_that_speaks_for_itself),
        cmocka_unit_test(B4_nobody_else_moves_an_entry),
        cmocka_unit_test(D15_old_and_verified_entries_stay_whatever_the_peer_says),
        cmocka_unit_test(book_mark_success_elsewhere_moves_what_was_never_verified),
        cmocka_unit_test(a_move_to_where_nobody_may_be_is_refused),
        cmocka_unit_test(a_move_into_a_full_bucket_may_be_refused_and_changes_nothing),
        cmocka_unit_test(a_move_is_a_row_for_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
