#include "unit/book/kit.h"

/* Go's names of behaviour.md section 7 stand before the tests that cover them. */

static void book_new_refuses_settings_out_of_range(void **state)
{
    (void)state;
    static const size_t offsets[] = {
        offsetof(struct book_settings, new_buckets),
        offsetof(struct book_settings, new_bucket_size),
        offsetof(struct book_settings, old_buckets),
        offsetof(struct book_settings, old_bucket_size),
        offsetof(struct book_settings, new_buckets_per_group),
        offsetof(struct book_settings, old_buckets_per_group),
        offsetof(struct book_settings, new_buckets_per_addr),
        offsetof(struct book_settings, selection_max),
        offsetof(struct book_settings, bans_max),
    };
    for (size_t i = 0; i < COUNT(offsets); i++) {
        static const uint32_t values[] = {0, UINT32_MAX};
        for (size_t j = 0; j < COUNT(values); j++) {
            struct book_settings settings = book_settings_default();
            struct book *book = NULL;
            bool unbounded = offsets[i] == offsetof(struct book_settings, new_buckets_per_group) ||
                offsets[i] == offsetof(struct book_settings, old_buckets_per_group);
            if (unbounded && values[j] > 0)
                continue;
            memcpy((char *)&settings + offsets[i], &values[j], sizeof values[j]);
            assert_int_equal(book_new(&settings, kit_entropy, &book), ERR_INVALID);
            assert_null(book);
        }
    }
}

static void book_key_is_24_hex_characters_of_entropy(void **state)
{
    (void)state;
    struct book *book = default_book();
    assert_string_equal(book_key(book), "0102030405060708090a0b0c");
    assert_int_equal(book_set_key(book, span_of_text("another")), ERR_OK);
    assert_string_equal(book_key(book), "another");
    assert_int_equal(book_set_key(book, span_of("a\0b", 3)), ERR_INVALID);
    char longest[BOOK_KEY_MAX + 1];
    memset(longest, 'k', sizeof longest);
    assert_int_equal(book_set_key(book, span_of(longest, sizeof longest)), ERR_INVALID);
    assert_int_equal(book_set_key(book, span_of(longest, BOOK_KEY_MAX)), ERR_OK);
    fill(book, 0, 1, 0);
    assert_int_equal(book_set_key(book, span_of_text("late")), ERR_INVALID);
    done(book);
}

/* TestAddrBookLookup, TestAddrBookHasAddress */
static void book_finds_what_was_added(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 100, 0);
    for (uint32_t n = 0; n < 100; n++) {
        struct addr addr = addr_number(n), source = source_number(n);
        const struct book_entry *entry = book_find(book, &addr.id);
        assert_non_null(entry);
        assert_true(addr_equal(&entry->addr, &addr));
        assert_true(addr_equal(book_source(book, entry, 0), &source));
        assert_int_equal(entry->side, BOOK_NEW);
        assert_int_equal(entry->refs, 1);
        assert_int_equal(entry->attempts, 0);
        assert_int_equal(entry->first_seen_ms, START_MS);
        assert_int_equal(entry->last_attempt_ms, START_MS); /* B2 */
        assert_int_equal(entry->last_success_ms, 0);
        assert_int_equal(entry->last_verified_ms, 0);
    }
    struct addr gone = addr_number(7), unknown = addr_number(100);
    assert_int_equal(book_remove(book, &gone.id), ERR_OK);
    assert_null(book_find(book, &gone.id));
    assert_null(book_find(book, &unknown.id));
    done(book);
}

/* TestAddrBookRemoveAddress */
static void book_remove_of_an_unknown_id_changes_nothing(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr addr = addr_number(0), other = addr_number(1);
    fill(book, 0, 1, 0);
    assert_int_equal(book_count(book), 1);
    assert_int_equal(book_remove(book, &addr.id), ERR_OK);
    assert_int_equal(book_count(book), 0);
    assert_int_equal(book_remove(book, &addr.id), ERR_NOT_FOUND);
    assert_int_equal(book_remove(book, &other.id), ERR_NOT_FOUND);
    assert_int_equal(book_count(book), 0);
    done(book);
}

/* B40, P7 */
static void book_needs_more_below_its_threshold(void **state)
{
    (void)state;
    struct book *book = default_book();
    assert_true(book_need_more(book));
    fill(book, 0, 999, 0);
    assert_true(book_need_more(book));
    fill(book, 999, 1000, 0);
    assert_false(book_need_more(book));
    done(book);

    struct book_settings settings = book_settings_default();
    settings.need_more = 0;
    book = book_of(settings);
    fill(book, 0, 31, 0);
    assert_true(book_need_more(book));
    fill(book, 31, 32, 0);
    assert_false(book_need_more(book));
    done(book);
}

static void book_next_visits_every_entry_once(void **state)
{
    (void)state;
    struct book *book = default_book();
    bool seen[50] = {false};
    uint32_t cursor = 0, n = 0;
    fill(book, 0, 50, 20);
    for (uint32_t i = 0; i < 50; i += 3) {
        struct peer_id id = id_number(i);
        assert_int_equal(book_remove(book, &id), ERR_OK);
    }
    for (const struct book_entry *entry; (entry = book_next(book, &cursor)); n++) {
        uint32_t number = number_of(&entry->addr.id);
        assert_false(seen[number] || number % 3 == 0);
        seen[number] = true;
    }
    assert_int_equal(n, book_count(book));
    done(book);
}

static void book_counts_what_lies_in_a_range(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct cidr cidr;
    fill(book, 0, 64, 0);
    assert_int_equal(cidr_parse(span_of_text("64.0.0.0/8"), &cidr), ERR_OK);
    assert_int_equal(book_count_in(book, &cidr), 2);
    assert_int_equal(cidr_parse(span_of_text("0.0.0.0/0"), &cidr), ERR_OK);
    assert_int_equal(book_count_in(book, &cidr), 64);
    assert_int_equal(cidr_parse(span_of_text("::/0"), &cidr), ERR_OK);
    assert_int_equal(book_count_in(book, &cidr), 0);
    done(book);
}

static void book_revision_grows_with_every_change(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr addr = addr_number(0);
    struct ban_target target = ban_of_id(&addr.id);
    uint64_t last = book_revision(book);
#define GREW() (book_revision(book) > last ? (last = book_revision(book), true) : false)
    fill(book, 0, 1, 0);
    assert_true(GREW());
    book_mark_attempt(book, at_ms(1), &addr, ERR_TIMEOUT);
    assert_true(GREW());
    book_mark_success(book, at_ms(2), &addr, 30);
    assert_true(GREW());
    book_mark_good(book, at_ms(2), &addr);
    assert_true(GREW());
    book_ban(book, at_ms(3), &target, 1000, "test");
    assert_true(GREW());
    book_lift_ban(book, &target);
    assert_true(GREW());
    assert_null(book_find(book, &addr.id));
    assert_false(GREW());
#undef GREW
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_new_refuses_settings_out_of_range),
        cmocka_unit_test(book_key_is_24_hex_characters_of_entropy),
        cmocka_unit_test(book_finds_what_was_added),
        cmocka_unit_test(book_remove_of_an_unknown_id_changes_nothing),
        cmocka_unit_test(book_needs_more_below_its_threshold),
        cmocka_unit_test(book_next_visits_every_entry_once),
        cmocka_unit_test(book_counts_what_lies_in_a_range),
        cmocka_unit_test(book_revision_grows_with_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
