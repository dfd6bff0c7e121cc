/* core/book/clock.c: a wall clock that was set back. */
#include "unit/book/kit.h"

#define YEAR_MS HOURS_MS(365 * 24)

static const struct ban *ban_number(const struct book *book, uint32_t n)
{
    struct peer_id id = id_number(n);
    struct ban_target target = ban_of_id(&id);
    return bans_find(book_bans(book), &target);
}

static void ban_at(struct book *book, int64_t ms, uint32_t n, int64_t duration_ms)
{
    struct peer_id id = id_number(n);
    struct ban_target target = ban_of_id(&id);
    assert_int_equal(book_ban(book, at_ms(ms), &target, duration_ms, "test"), ERR_OK);
}

static void book_clock_set_back_leaves_no_time_ahead(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = {{1}};
    struct addr addr = addr_number(1), other = addr_number(2), source = source_number(1);
    assert_int_equal(book_add(book, at_ms(0), &rng, &other, &source, NULL), ERR_OK);
    assert_int_equal(book_add(book, at_ms(YEAR_MS), &rng, &addr, &source, NULL), ERR_OK);
    assert_int_equal(book_mark_success(book, at_ms(YEAR_MS), &addr, 5), ERR_OK);
    struct now back = at_ms(HOURS_MS(1));
    book_clock_set_back(book, back);
    const struct book_entry *entry = book_find(book, &addr.id);
    assert_int_equal(entry->first_seen_ms, back.wall_ms);
    assert_int_equal(entry->last_attempt_ms, back.wall_ms);
    assert_int_equal(entry->last_success_ms, back.wall_ms);
    assert_int_equal(entry->last_verified_ms, back.wall_ms);
    assert_int_equal(entry->dials.last_s, back.wall_ms / 1000);
    assert_int_equal(book_find(book, &other.id)->last_attempt_ms, START_MS);
    assert_null(book_check(book));
    book_free(book);
}

static void book_bans_hold_no_longer_than_they_are_long(void **state)
{
    (void)state;
    struct book *book = default_book();
    ban_at(book, 0, 1, HOURS_MS(2));
    ban_at(book, YEAR_MS, 2, HOURS_MS(1));
    ban_at(book, YEAR_MS, 3, HOURS_MS(24));
    ban_at(book, YEAR_MS, 4, INT64_MAX);
    uint64_t revision = book_revision(book);
    book_clock_set_back(book, at_ms(60000));
    assert_int_equal(ban_number(book, 1)->until_ms, START_MS + HOURS_MS(2));
    assert_int_equal(ban_number(book, 2)->until_ms, START_MS + 60000 + HOURS_MS(1));
    assert_int_equal(ban_number(book, 3)->until_ms, START_MS + 60000 + HOURS_MS(24));
    assert_int_equal(ban_number(book, 4)->until_ms, NEVER_MS);
    assert_true(book_revision(book) > revision);
    assert_null(book_check(book));
    struct rng rng = {{1}};
    book_reinstate_expired(book, at_ms(60000 + HOURS_MS(1)), &rng);
    assert_null(ban_number(book, 2));
    assert_non_null(ban_number(book, 1));
    book_free(book);
}

static void book_clock_that_was_right_changes_nothing(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = {{1}};
    struct addr addr = addr_number(1), source = source_number(1);
    assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, NULL), ERR_OK);
    ban_at(book, 0, 2, HOURS_MS(2));
    uint64_t revision = book_revision(book);
    book_clock_set_back(book, at_ms(0));
    assert_int_equal(book_revision(book), revision);
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_clock_set_back_leaves_no_time_ahead),
        cmocka_unit_test(book_bans_hold_no_longer_than_they_are_long),
        cmocka_unit_test(book_clock_that_was_right_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
