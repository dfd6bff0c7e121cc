/* What an entry remembers of dials beyond Go's: reliability, failures by class, version. */
#include <math.h>

#include "unit/book/kit.h"

static struct book *book_with(struct addr addr)
{
    struct book *book = default_book();
    add_ok(book, addr, source_number(1));
    return book;
}

static struct now at_hours(double hours)
{
    return at_ms((int64_t)(hours * 3600 * 1000));
}

static struct book_reliability reading(
    const struct book *book, struct addr addr, enum book_window window, struct now now)
{
    return book_reliability(book_find(book, &addr.id), window, now);
}

static void nothing_is_known_before_the_first_dial(void **state)
{
    (void)state;
    struct addr addr = addr_number(1);
    struct book *book = book_with(addr);
    assert_int_equal(book_mark_good(book, at_hours(1), &addr), ERR_OK);
    struct book_reliability now = reading(book, addr, BOOK_WINDOW_1M, at_hours(1));
    assert_float_equal(now.good, 0, 0);
    assert_float_equal(now.known, 0, 0);
    assert_float_equal(now.tries, 0, 0);
    done(book);
}

/* A dial each hour, two of three successful, for two weeks. */
static void the_share_of_successes_is_found_in_every_window(void **state)
{
    (void)state;
    struct addr addr = addr_number(1);
    struct book *book = book_with(addr);
    int hours = 14 * 24;
    for (int hour = 0; hour < hours; hour++) {
        if (hour % 3 == 0)
            book_mark_attempt(book, at_hours(hour), &addr, ERR_TIMEOUT);
        else
            book_mark_success(book, at_hours(hour), &addr, 20);
    }
    struct now end = at_hours(hours - 1);
    static const double expected_known[BOOK_WINDOWS] = {1, 1, 1, 1 - 0.136, 1 - 0.628};
    static const double expected_tries[BOOK_WINDOWS] = {2.54, 8.51, 24.5, 146, 268};
    for (unsigned window = 0; window < BOOK_WINDOWS; window++) {
        struct book_reliability r = reading(book, addr, window, end);
        assert_float_equal(r.good / r.known, 2.0 / 3, window == 0 ? 0.2 : 0.05);
        assert_float_equal(r.known, expected_known[window], 0.01);
        assert_float_equal(r.tries, expected_tries[window], expected_tries[window] / 100);
    }
    done(book);
}

static void short_windows_forget_sooner(void **state)
{
    (void)state;
    struct addr addr = addr_number(1);
    struct book *book = book_with(addr);
    for (int hour = 0; hour < 100; hour++)
        book_mark_success(book, at_hours(hour), &addr, 20);
    for (int hour = 100; hour < 106; hour++)
        book_mark_attempt(book, at_hours(hour), &addr, ERR_REFUSED);
    double last = -1;
    for (unsigned window = 0; window < BOOK_WINDOWS; window++) {
        struct book_reliability r = reading(book, addr, window, at_hours(105));
        assert_true(r.good / r.known > last);
        last = r.good / r.known;
    }
    assert_true(last > 0.9);
    assert_true(reading(book, addr, BOOK_WINDOW_2H, at_hours(105)).good < 0.06);
    done(book);
}

static void what_is_known_fades_without_changing_its_share(void **state)
{
    (void)state;
    struct addr addr = addr_number(1);
    struct book *book = book_with(addr);
    for (int i = 0; i < 10; i++) {
        book_mark_success(book, at_hours(i), &addr, 20);
        book_mark_attempt(book, at_hours(i + 0.5), &addr, ERR_TIMEOUT);
    }
    struct book_reliability soon = reading(book, addr, BOOK_WINDOW_8H, at_hours(10));
    struct book_reliability later = reading(book, addr, BOOK_WINDOW_8H, at_hours(18));
    assert_float_equal(later.known, soon.known * exp(-1), 1e-6);
    assert_float_equal(later.tries, soon.tries * exp(-1), 1e-6);
    assert_float_equal(later.good / later.known, soon.good / soon.known, 1e-6);
    done(book);
}

static void a_clock_set_back_harms_nothing(void **state)
{
    (void)state;
    struct addr addr = addr_number(1);
    struct book *book = book_with(addr);
    book_mark_success(book, at_hours(100), &addr, 20);
    book_mark_success(book, at_hours(1), &addr, 20);
    struct book_reliability r = reading(book, addr, BOOK_WINDOW_1D, at_hours(2));
    assert_true(r.good <= r.known && r.known < 0.02 && r.good > 0);
    assert_float_equal(r.tries, 2, 1e-6);
    done(book);
}

static void our_own_trouble_does_not_count_against_the_peer(void **state)
{
    (void)state;
    struct addr addr = addr_number(1);
    struct book *book = book_with(addr);
    book_mark_attempt(book, at_hours(1), &addr, ERR_NO_DESCRIPTORS);
    book_mark_attempt(book, at_hours(1), &addr, ERR_UNREACHABLE);
    const struct book_entry *entry = book_find(book, &addr.id);
    assert_int_equal(entry->failures[BOOK_OTHER], 2);
    assert_float_equal(reading(book, addr, BOOK_WINDOW_2H, at_hours(1)).tries, 0, 0);
    done(book);
}

static void failures_are_counted_by_class_and_stay_at_their_maximum(void **state)
{
    (void)state;
    static const struct {
        enum err cause;
        enum book_failure class;
    } causes[] = {
        {ERR_REFUSED, BOOK_REFUSED},
        {ERR_RESET, BOOK_REFUSED},
        {ERR_CLOSED_BY_PEER, BOOK_REFUSED},
        {ERR_TIMEOUT, BOOK_TIMED_OUT},
        {ERR_HANDSHAKE_TIMEOUT, BOOK_TIMED_OUT},
        {ERR_WRONG_ID, BOOK_HANDSHAKE},
        {ERR_AUTH_SIGNATURE, BOOK_HANDSHAKE},
        {ERR_OTHER_NETWORK, BOOK_HANDSHAKE},
        {ERR_FRAME_TAG, BOOK_HANDSHAKE},
        {ERR_HOST_UNREACHABLE, BOOK_OTHER},
        {ERR_UNREACHABLE, BOOK_OTHER},
        {ERR_IO, BOOK_OTHER},
    };
    struct addr addr = addr_number(1);
    struct book *book = book_with(addr);
    const struct book_entry *entry = book_find(book, &addr.id);
    unsigned expected[BOOK_FAILURES] = {0};
    for (size_t i = 0; i < COUNT(causes); i++) {
        assert_int_equal(book_mark_attempt(book, at_ms(0), &addr, causes[i].cause), ERR_OK);
        assert_int_equal(entry->failures[causes[i].class], ++expected[causes[i].class]);
    }
    for (int i = 0; i < 300; i++)
        assert_int_equal(book_mark_attempt(book, at_ms(0), &addr, ERR_TIMEOUT), ERR_OK);
    assert_int_equal(entry->failures[BOOK_TIMED_OUT], UINT8_MAX);
    assert_int_equal(book_mark_success(book, at_ms(0), &addr, 1), ERR_OK);
    assert_int_equal(entry->failures[BOOK_REFUSED], expected[BOOK_REFUSED]);
    done(book);
}

static void a_version_is_kept_cut_and_cleaned(void **state)
{
    (void)state;
    struct addr addr = addr_number(1), elsewhere = addr_number(1);
    struct book *book = book_with(addr);
    const struct book_entry *entry = book_find(book, &addr.id);
    assert_string_equal(book_version(book, entry), "");
    assert_int_equal(book_mark_version(book, &addr, span_of_text("0.34.24")), ERR_OK);
    assert_string_equal(book_version(book, entry), "0.34.24");
    assert_int_equal(book_mark_version(book, &addr, span_of("a\0b\xff", 4)), ERR_OK);
    assert_string_equal(book_version(book, entry), "a?b?");
    char longer[BOOK_VERSION_MAX + 10];
    memset(longer, 'v', sizeof longer);
    assert_int_equal(book_mark_version(book, &addr, span_of(longer, sizeof longer)), ERR_OK);
    assert_int_equal(strlen(book_version(book, entry)), BOOK_VERSION_MAX);
    elsewhere.at.port++;
    assert_int_equal(book_mark_version(book, &elsewhere, span_of_text("x")), ERR_NOT_FOUND);
    assert_int_equal(book_mark_version(book, &addr, span_of("", 0)), ERR_OK);
    assert_string_equal(book_version(book, entry), "");
    done(book);
}

static void versions_are_bounded_and_their_room_is_used_again(void **state)
{
    (void)state;
    struct book *book = default_book();
    char text[20];
    fill(book, 0, VERSIONS_MAX + 2, 0);
    for (uint32_t n = 0; n < VERSIONS_MAX; n++) {
        struct addr addr = addr_number(n);
        snprintf(text, sizeof text, "v%u", n);
        assert_int_equal(book_mark_version(book, &addr, span_of_text(text)), ERR_OK);
        assert_string_equal(book_version(book, entry_number(book, n)), text);
    }
    struct addr late = addr_number(VERSIONS_MAX);
    assert_int_equal(book_mark_version(book, &late, span_of_text("late")), ERR_OK);
    assert_string_equal(book_version(book, entry_number(book, VERSIONS_MAX)), "");
    assert_int_equal(book_mark_version(book, &late, span_of_text("v7")), ERR_OK);
    assert_string_equal(book_version(book, entry_number(book, VERSIONS_MAX)), "v7");
    struct peer_id gone = id_number(3);
    assert_int_equal(book_remove(book, &gone), ERR_OK);
    assert_int_equal(book_mark_version(book, &late, span_of_text("late")), ERR_OK);
    assert_string_equal(book_version(book, entry_number(book, VERSIONS_MAX)), "late");
    done(book);
}

/* What a store gave back may be nonsense. */
static void restored_dials_are_made_possible(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct book_record record = {
        .known = {.addr = addr_number(1), .side = BOOK_NEW, .sources_n = 1},
        .sources = {source_number(1)},
    };
    record.known.dials = (struct book_dials){
        .first_s = UINT32_MAX,
        .last_s = UINT32_MAX,
        .good = {NAN, -1, 2, INFINITY, 0.5F},
        .tries = {NAN, -1, 1e30F, INFINITY, 3},
    };
    memset(record.version, 'x', sizeof record.version);
    assert_int_equal(book_restore(book, at_ms(0), &record, NULL), ERR_OK);
    for (unsigned window = 0; window < BOOK_WINDOWS; window++) {
        struct book_reliability r = reading(book, addr_number(1), window, at_ms(0));
        assert_true(r.good >= 0 && r.good <= r.known && r.known <= 1);
        assert_true(r.tries >= 0 && r.tries <= 1e6);
    }
    assert_int_equal(strlen(book_version(book, entry_number(book, 1))), BOOK_VERSION_MAX);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_the_first_dial),
        cmocka_unit_test(the_share_of_successes_is_found_in_every_window),
        cmocka_unit_test(short_windows_forget_sooner),
        cmocka_unit_test(what_is_known_fades_without_changing_its_share),
        cmocka_unit_test(a_clock_set_back_harms_nothing),
        cmocka_unit_test(our_own_trouble_does_not_count_against_the_peer),
        cmocka_unit_test(failures_are_counted_by_class_and_stay_at_their_maximum),
        cmocka_unit_test(a_version_is_kept_cut_and_cleaned),
        cmocka_unit_test(versions_are_bounded_and_their_room_is_used_again),
        cmocka_unit_test(restored_dials_are_made_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
