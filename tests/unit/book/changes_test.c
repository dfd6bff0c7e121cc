/* What a store is told: single changes by name, and a store that follows a book through random
 * operations, failed writes and restarts. */
#include "book/changes.h"
#include "unit/book/kit.h"

static struct book_changes take(struct book *book)
{
    struct book_changes changes;
    assert_int_equal(book_take_changes(book, UINT32_MAX, &changes), ERR_OK);
    assert_false(changes.more);
    assert_false(book_has_changes(book));
    return changes;
}

/* A book with these entries of which a store knows all. */
static struct book *saved_book(uint32_t entries)
{
    struct book *book = default_book();
    fill(book, 0, entries, 0);
    book_all_saved(book);
    return book;
}

static unsigned count_kind(const struct book_changes *changes, enum book_change_kind kind)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < changes->n; i++)
        n += changes->at[i].kind == kind;
    return n;
}

static void assert_only(struct book *book, enum book_change_kind kind)
{
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 1);
    assert_int_equal(changes.at[0].kind, kind);
    book_free_changes(&changes);
}

static void a_fresh_book_is_unsaved_as_a_whole(void **state)
{
    (void)state;
    struct book *book = default_book();
    assert_true(book_has_changes(book));
    fill(book, 0, 3, 1);
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 5);
    assert_int_equal(changes.at[0].kind, BOOK_FORGET_ALL);
    assert_int_equal(changes.at[1].kind, BOOK_PUT_KEY);
    assert_string_equal(changes.at[1].key, book_key(book));
    assert_int_equal(count_kind(&changes, BOOK_PUT_ENTRY), 3);
    book_free_changes(&changes);
    done(book);
}

static void nothing_changed_gives_no_rows(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 0);
    book_free_changes(&changes);
    done(book);
}

static void every_mark_makes_one_row_of_the_newest_state(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct addr addr = addr_number(4);
    for (int i = 0; i < 5; i++)
        assert_int_equal(book_mark_attempt(book, at_ms(i), &addr, ERR_TIMEOUT), ERR_OK);
    assert_int_equal(book_mark_rtt(book, &addr, 70), ERR_OK);
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 1);
    assert_int_equal(changes.at[0].kind, BOOK_PUT_ENTRY);
    assert_true(addr_equal(&changes.at[0].record.known.addr, &addr));
    assert_int_equal(changes.at[0].record.known.attempts, 5);
    assert_int_equal(changes.at[0].record.known.rtt_ms, 70);
    book_free_changes(&changes);
    assert_int_equal(book_mark_answer(book, &addr), ERR_OK);
    assert_only(book, BOOK_PUT_ENTRY);
    assert_int_equal(book_mark_success(book, at_ms(9), &addr, 1), ERR_OK);
    assert_only(book, BOOK_PUT_ENTRY);
    assert_int_equal(book_mark_good(book, at_ms(9), &addr), ERR_OK);
    assert_only(book, BOOK_PUT_ENTRY);
    done(book);
}

static void another_source_is_a_change(void **state)
{
    (void)state;
    struct book *book = saved_book(2);
    add_ok(book, addr_number(1), source_number(77));
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 1);
    assert_int_equal(changes.at[0].record.known.sources_n, 2);
    book_free_changes(&changes);
    add_ok(book, addr_number(1), source_number(77));
    done(book);
}

static void a_removed_entry_is_dropped_by_id(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct peer_id id = id_number(3);
    assert_int_equal(book_remove(book, &id), ERR_OK);
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 1);
    assert_int_equal(changes.at[0].kind, BOOK_DROP_ENTRY);
    assert_true(peer_id_equal(&changes.at[0].id, &id));
    book_free_changes(&changes);
    done(book);
}

static void an_entry_that_came_again_is_one_row(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct peer_id id = id_number(3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(book_remove(book, &id), ERR_OK);
        add_ok(book, addr_number(3), source_number(5));
    }
    assert_only(book, BOOK_PUT_ENTRY);
    done(book);
}

static void the_place_of_a_removed_entry_keeps_its_row_when_used_again(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct addr addr = addr_number(3);
    assert_int_equal(book_mark_answer(book, &addr), ERR_OK);
    assert_int_equal(book_remove(book, &addr.id), ERR_OK);
    add_ok(book, addr_number(50), source_number(5));
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 2);
    assert_int_equal(changes.at[0].kind, BOOK_DROP_ENTRY);
    assert_int_equal(number_of(&changes.at[0].id), 3);
    assert_int_equal(number_of(&changes.at[1].record.known.addr.id), 50);
    book_free_changes(&changes);
    done(book);
}

static void bans_are_put_and_dropped(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct rng rng = seeded(1);
    struct peer_id id = id_number(3);
    struct ban_target target = ban_of_id(&id);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "rude"), ERR_OK);
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 2);
    assert_int_equal(changes.at[0].kind, BOOK_DROP_ENTRY);
    assert_int_equal(changes.at[1].kind, BOOK_PUT_BAN);
    assert_string_equal(changes.at[1].ban.reason, "rude");
    book_free_changes(&changes);
    assert_int_equal(book_ban(book, at_ms(0), &target, 2000, "rude"), ERR_OK);
    assert_only(book, BOOK_PUT_BAN);
    assert_int_equal(book_reinstate_expired(book, at_ms(3000), &rng), 1);
    changes = take(book);
    assert_int_equal(count_kind(&changes, BOOK_PUT_ENTRY), 1);
    assert_int_equal(count_kind(&changes, BOOK_DROP_BAN), 1);
    assert_int_equal(changes.n, 2);
    book_free_changes(&changes);
    done(book);
}

static void a_ban_that_another_displaced_is_dropped(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.bans_max = 1;
    struct book *book = book_of(settings);
    struct peer_id first = id_number(1), second = id_number(2);
    struct ban_target a = ban_of_id(&first), b = ban_of_id(&second);
    assert_int_equal(book_ban(book, at_ms(0), &a, 1000, ""), ERR_OK);
    book_all_saved(book);
    assert_int_equal(book_ban(book, at_ms(0), &b, 2000, ""), ERR_OK);
    struct book_changes changes = take(book);
    assert_int_equal(changes.n, 2);
    assert_memory_equal(&changes.at[0].target, &a, sizeof a);
    assert_memory_equal(&changes.at[1].ban.target, &b, sizeof b);
    book_free_changes(&changes);
    done(book);
}

static void a_take_stops_at_its_limit_and_says_that_there_is_more(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 10, 0);
    unsigned puts = 0, takes = 0;
    for (bool more = true; more; takes++) {
        struct book_changes changes;
        assert_int_equal(book_take_changes(book, 5, &changes), ERR_OK);
        assert_in_range(changes.n, 1, 5);
        puts += count_kind(&changes, BOOK_PUT_ENTRY);
        more = changes.more;
        book_free_changes(&changes);
    }
    assert_int_equal(puts, 10);
    assert_int_equal(takes, 3);
    done(book);
}

static void what_a_store_refused_comes_again_in_its_newest_state(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct addr addr = addr_number(3), other = addr_number(4);
    assert_int_equal(book_mark_answer(book, &addr), ERR_OK);
    assert_int_equal(book_remove(book, &other.id), ERR_OK);
    struct book_changes refused = take(book);
    assert_int_equal(book_mark_answer(book, &addr), ERR_OK);
    book_unsaved(book, &refused);
    struct book_changes again = take(book);
    assert_int_equal(again.n, 2);
    assert_int_equal(again.at[0].kind, BOOK_DROP_ENTRY);
    assert_int_equal(again.at[1].record.known.answers, 2);
    book_unsaved(book, &again);
    assert_int_equal(book_remove(book, &addr.id), ERR_OK);
    add_ok(book, other, source_number(1));
    struct book_changes last = take(book);
    assert_int_equal(last.n, 2);
    assert_int_equal(last.at[0].kind, BOOK_DROP_ENTRY);
    assert_true(peer_id_equal(&last.at[0].id, &addr.id));
    assert_true(addr_equal(&last.at[1].record.known.addr, &other));
    book_free_changes(&refused);
    book_free_changes(&again);
    book_free_changes(&last);
    done(book);
}

static void count_is(const struct book *book, uint32_t entries, uint32_t bans)
{
    uint32_t unsaved_entries, unsaved_bans;
    book_count_unsaved(book, &unsaved_entries, &unsaved_bans);
    assert_int_equal(unsaved_entries, entries);
    assert_int_equal(unsaved_bans, bans);
}

static void what_is_unsaved_is_counted(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct addr changed = addr_number(3), vanished = addr_number(4), stranger = addr_number(99);
    struct ban_target target = ban_of_id(&stranger.id);
    count_is(book, 0, 0);
    assert_int_equal(book_mark_answer(book, &changed), ERR_OK);
    assert_int_equal(book_mark_answer(book, &vanished), ERR_OK);
    assert_int_equal(book_remove(book, &vanished.id), ERR_OK);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "rude"), ERR_OK);
    count_is(book, 2, 1);
    book_all_unsaved(book);
    count_is(book, 9, 1);
    done(book);
}

static void too_many_vanished_names_make_the_whole_book_unsaved(void **state)
{
    (void)state;
    struct book *book = saved_book(10);
    struct peer_id id = id_number(3);
    for (uint32_t i = 0; i <= BOOK_VANISHED_MAX; i++) {
        assert_int_equal(book_remove(book, &id), ERR_OK);
        add_ok(book, addr_number(3), source_number(5));
    }
    struct book_changes changes = take(book);
    assert_int_equal(changes.at[0].kind, BOOK_FORGET_ALL);
    assert_int_equal(changes.n, 12);
    book_free_changes(&changes);
    done(book);
}

static void restore_ban_refuses_what_no_book_has_saved(void **state)
{
    (void)state;
    struct book *book = saved_book(5);
    struct peer_id id = id_number(3);
    struct ban ban = {.target = ban_of_id(&id), .until_ms = START_MS + 5, .times = 3};
    ban.target.kind = 9;
    assert_int_equal(book_restore_ban(book, &ban), ERR_INVALID);
    ban.target = ban_of_id(&id);
    ban.target.port = 1;
    assert_int_equal(book_restore_ban(book, &ban), ERR_INVALID);
    ban.target = ban_of_id(&id);
    ban.has_addr = true;
    ban.addr = addr_number(4);
    assert_int_equal(book_restore_ban(book, &ban), ERR_INVALID);
    ban.addr = addr_number(3);
    ban.source = source_number(1);
    assert_int_equal(book_restore_ban(book, &ban), ERR_OK);
    assert_null(book_find(book, &id));
    assert_int_equal(bans_find(book_bans(book), &ban.target)->times, 3);
    done(book);
}

/* A store by peer number, following a crowded book. */

#define PEERS 150

struct store {
    bool has[PEERS], has_ban[PEERS];
    struct book_record records[PEERS];
    struct ban bans[PEERS];
    char key[BOOK_KEY_MAX + 1];
};

static void apply(struct store *store, const struct book_change *change)
{
    const struct peer_id *id = &change->record.known.addr.id;
    switch (change->kind) {
    case BOOK_FORGET_ALL:
        memset(store, 0, sizeof *store);
        break;
    case BOOK_PUT_KEY:
        memcpy(store->key, change->key, sizeof store->key);
        break;
    case BOOK_DROP_ENTRY:
        store->has[number_of(&change->id)] = false;
        break;
    case BOOK_PUT_ENTRY:
        store->has[number_of(id)] = true;
        store->records[number_of(id)] = change->record;
        break;
    case BOOK_DROP_BAN:
        store->has_ban[number_of(&change->target.id)] = false;
        break;
    case BOOK_PUT_BAN:
        store->has_ban[number_of(&change->ban.target.id)] = true;
        store->bans[number_of(&change->ban.target.id)] = change->ban;
        break;
    }
}

/* Batches of one transaction; sometimes it fails and all is given back. */
static void save(struct book *book, struct store *store, struct rng *rng)
{
    struct book_changes batches[400];
    struct store *aside = malloc(sizeof *aside);
    uint32_t n = 0, max = 1 + (uint32_t)rng_below(rng, 40);
    bool more = true, fails = rng_below(rng, 4) == 0;
    *aside = *store;
    while (more) {
        assert_true(n < COUNT(batches));
        assert_int_equal(book_take_changes(book, max, &batches[n]), ERR_OK);
        for (uint32_t i = 0; i < batches[n].n; i++)
            apply(aside, &batches[n].at[i]);
        more = batches[n++].more;
    }
    if (!fails)
        *store = *aside;
    for (uint32_t i = 0; i < n; i++) {
        if (fails)
            book_unsaved(book, &batches[i]);
        book_free_changes(&batches[i]);
    }
    free(aside);
    if (fails)
        save(book, store, rng);
}

static void assert_same_record(const struct book_record *a, const struct book_record *b)
{
    assert_true(addr_equal(&a->known.addr, &b->known.addr));
    assert_int_equal(a->known.side, b->known.side);
    assert_int_equal(a->known.attempts, b->known.attempts);
    assert_int_equal(a->known.answers, b->known.answers);
    assert_int_equal(a->known.bans, b->known.bans);
    assert_int_equal(a->known.last_attempt_ms, b->known.last_attempt_ms);
    assert_int_equal(a->known.last_ban_ms, b->known.last_ban_ms);
    assert_int_equal(a->known.sources_n, b->known.sources_n);
    for (unsigned i = 0; i < a->known.sources_n; i++)
        assert_true(addr_equal(&a->sources[i], &b->sources[i]));
    assert_int_equal(a->buckets_n, b->buckets_n);
    for (uint32_t i = 0; i < a->buckets_n; i++) {
        bool found = false;
        for (uint32_t j = 0; j < b->buckets_n; j++)
            found |= a->buckets[i] == b->buckets[j];
        assert_true(found);
    }
}

static void compare(const struct book *book, const struct store *store)
{
    assert_string_equal(store->key, book_key(book));
    for (uint32_t n = 0; n < PEERS; n++) {
        const struct book_entry *entry = entry_number(book, n);
        struct peer_id id = id_number(n);
        struct ban_target target = ban_of_id(&id);
        const struct ban *ban = bans_find(book_bans(book), &target);
        assert_int_equal(entry != NULL, store->has[n]);
        assert_int_equal(ban != NULL, store->has_ban[n]);
        if (ban)
            assert_memory_equal(&store->bans[n], ban, sizeof *ban);
        if (!entry)
            continue;
        struct book_record record;
        book_record(book, entry, &record);
        assert_same_record(&record, &store->records[n]);
    }
}

static struct book_settings crowded(void)
{
    struct book_settings settings = book_settings_default();
    settings.new_buckets = settings.old_buckets = 8;
    settings.new_bucket_size = settings.old_bucket_size = 4;
    return settings;
}

/* The node was killed: a new book from what the store has. */
static struct book *restart(struct book *book, const struct store *store, struct now now)
{
    struct book *back = book_of(crowded());
    assert_int_equal(book_set_key(back, span_of_text(store->key)), ERR_OK);
    for (uint32_t n = 0; n < PEERS; n++) {
        enum book_restored how;
        if (store->has_ban[n])
            assert_int_equal(book_restore_ban(back, &store->bans[n]), ERR_OK);
        if (!store->has[n])
            continue;
        assert_int_equal(book_restore(back, now, &store->records[n], &how), ERR_OK);
        assert_int_equal(how, BOOK_RESTORED);
    }
    book_all_saved(back);
    book_free(book);
    return back;
}

static void operate(struct book *book, struct rng *rng, struct now now)
{
    struct addr addr = addr_number((uint32_t)rng_below(rng, PEERS));
    struct addr source = source_number((uint32_t)rng_below(rng, 20));
    struct ban_target target = ban_of_id(&addr.id);
    switch (rng_below(rng, 10)) {
    case 0:
        book_remove(book, &addr.id);
        break;
    case 1:
        book_mark_attempt(book, now, &addr, ERR_TIMEOUT);
        break;
    case 2:
        book_mark_success(book, now, &addr, 5);
        break;
    case 3:
        book_mark_good(book, now, &addr);
        break;
    case 4:
        if (rng_below(rng, 5) == 0)
            book_ban(book, now, &target, 1 + (int64_t)rng_below(rng, 9000), "r");
        break;
    case 5:
        book_reinstate_expired(book, now, rng);
        break;
    default:
        book_add(book, now, rng, &addr, &source, NULL);
    }
}

static void a_store_follows_the_book(void **state)
{
    (void)state;
    struct book *book = book_of(crowded());
    struct store *store = calloc(1, sizeof *store);
    struct rng rng = seeded(7);
    struct now now = at_ms(0);
    for (int round = 0; round < 400; round++) {
        for (uint64_t n = rng_below(&rng, 60); n > 0; n--) {
            now.wall_ms += (int64_t)rng_below(&rng, 300);
            operate(book, &rng, now);
        }
        if (rng_below(&rng, 50) == 0)
            book_all_unsaved(book);
        save(book, store, &rng);
        compare(book, store);
        check(book);
        if (round % 7 == 6)
            book = restart(book, store, now);
    }
    free(store);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_book_is_unsaved_as_a_whole),
        cmocka_unit_test(nothing_changed_gives_no_rows),
        cmocka_unit_test(every_mark_makes_one_row_of_the_newest_state),
        cmocka_unit_test(another_source_is_a_change),
        cmocka_unit_test(a_removed_entry_is_dropped_by_id),
        cmocka_unit_test(an_entry_that_came_again_is_one_row),
        cmocka_unit_test(the_place_of_a_removed_entry_keeps_its_row_when_used_again),
        cmocka_unit_test(bans_are_put_and_dropped),
        cmocka_unit_test(a_ban_that_another_displaced_is_dropped),
        cmocka_unit_test(a_take_stops_at_its_limit_and_says_that_there_is_more),
        cmocka_unit_test(what_a_store_refused_comes_again_in_its_newest_state),
        cmocka_unit_test(what_is_unsaved_is_counted),
        cmocka_unit_test(too_many_vanished_names_make_the_whole_book_unsaved),
        cmocka_unit_test(restore_ban_refuses_what_no_book_has_saved),
        cmocka_unit_test(a_store_follows_the_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
