/* core/uv/store_file.h: rows of a book to disk and back, whatever state the file is in. */
#include "unit/uv/store_bench.h"

/* Every record of one book is in the other as it was. */
static void assert_same_entries(const struct book *a, const struct book *b)
{
    assert_int_equal(book_count(a), book_count(b));
    assert_int_equal(bans_count(book_bans(a)), bans_count(book_bans(b)));
    assert_string_equal(book_key(a), book_key(b));
    uint32_t cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(a, &cursor));) {
        struct book_record mine, theirs;
        const struct book_entry *other = book_find(b, &entry->addr.id);
        assert_non_null(other);
        book_record(a, entry, &mine);
        book_record(b, other, &theirs);
        assert_true(addr_equal(&mine.known.addr, &theirs.known.addr));
        assert_int_equal(mine.known.side, theirs.known.side);
        assert_int_equal(mine.known.attempts, theirs.known.attempts);
        assert_int_equal(mine.known.last_failure, theirs.known.last_failure);
        assert_int_equal(mine.known.rtt_ms, theirs.known.rtt_ms);
        assert_int_equal(mine.known.first_seen_ms, theirs.known.first_seen_ms);
        assert_int_equal(mine.known.last_success_ms, theirs.known.last_success_ms);
        assert_int_equal(mine.known.last_verified_ms, theirs.known.last_verified_ms);
        assert_memory_equal(&mine.known.dials, &theirs.known.dials, sizeof mine.known.dials);
        assert_memory_equal(mine.known.failures, theirs.known.failures, BOOK_FAILURES);
        assert_string_equal(mine.version, theirs.version);
        assert_int_equal(mine.buckets_n, theirs.buckets_n);
        assert_memory_equal(mine.buckets, theirs.buckets, sizeof mine.buckets);
        assert_int_equal(mine.known.sources_n, theirs.known.sources_n);
        for (unsigned i = 0; i < mine.known.sources_n; i++) {
            assert_true(addr_equal(&mine.sources[i], &theirs.sources[i]));
            assert_int_equal(mine.heard_s[i], theirs.heard_s[i]);
        }
    }
}

static void rows_come_back_as_they_were(void **state)
{
    (void)state;
    struct bench bench = open_bench(500);
    struct store_report report;
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_int_equal(report.kept, book_count(bench.book));
    assert_int_equal(report.bans_kept, 3);
    assert_int_equal(report.replaced + report.demoted + report.malformed, 0);
    assert_same_entries(bench.book, book);
    book_free(book);
    close_bench(&bench);
}

static void changes_replace_and_remove_rows(void **state)
{
    (void)state;
    struct bench bench = open_bench(100);
    struct store_report report;
    struct addr gone = addr_of(50), tried = addr_of(51), banned = addr_of(1);
    struct ban_target target = ban_of_id(&banned.id);
    assert_int_equal(book_remove(bench.book, &gone.id), ERR_OK);
    assert_int_equal(book_mark_attempt(bench.book, NOW, &tried, ERR_TIMEOUT), ERR_OK);
    assert_int_equal(book_lift_ban(bench.book, &target), ERR_OK);
    struct store_file *file = open_to_write(&bench);
    assert_int_equal(save(&bench, file, bench.book), ERR_OK);
    store_file_close(file);
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_null(book_find(book, &gone.id));
    assert_same_entries(bench.book, book);
    book_free(book);
    close_bench(&bench);
}

static void rows_that_make_no_sense_are_told_and_left_out(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE peers SET record = 'text' WHERE side = 'old'",
        "UPDATE peers SET record = zeroblob(0) WHERE side = 'old'",
        "UPDATE peers SET record = zeroblob(300) WHERE side = 'old'",
        "UPDATE peers SET record = substr(record, 1, length(record) - 1) WHERE side = 'old'",
        "UPDATE peers SET record = CAST(record || x'00' AS BLOB) WHERE side = 'old'",
        /* first_seen before 1970 */
        ("UPDATE peers SET record = CAST(substr(record, 1, 66) || x'ff' || substr(record, 68) AS "
         "BLOB) WHERE side = 'old'"),
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct bench bench = open_bench(60);
        struct store_report report;
        uint32_t old = book_count_side(bench.book, BOOK_OLD);
        sql(&bench, changes[i]);
        struct book *book = load(&bench, STORE_READ, ERR_CORRUPT, &report);
        assert_int_equal(report.malformed, old);
        assert_int_equal(book_count(book), book_count(bench.book) - old);
        book_free(book);
        close_bench(&bench);
    }
}

static void other_versions_and_foreign_databases_are_not_written(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 3",
        "PRAGMA application_id = 1",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct bench bench = open_bench(60);
        struct store_report report;
        struct store_file *file;
        sql(&bench, changes[i]);
        assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_CORRUPT);
        struct book *book = load(&bench, STORE_SALVAGE, ERR_CORRUPT, &report);
        assert_same_entries(bench.book, book); /* nothing is lost, though */
        book_free(book);
        close_bench(&bench);
    }
}

static void rows_that_were_refused_make_the_file_outdated(void **state)
{
    (void)state;
    struct bench bench = open_bench(60);
    struct store_report report;
    struct book *book = new_book(2);
    struct addr own = addr_of(30);
    book_set_own_id(book, &own.id);
    struct store_file *file = open_to_write(&bench);
    assert_int_equal(store_file_load(file, book, NOW, &report), ERR_OK);
    assert_int_equal(report.excluded, 1);
    assert_true(report.outdated);
    assert_int_equal(save(&bench, file, book), ERR_OK);
    store_file_close(file);
    book_free(book);
    book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_false(report.outdated);
    assert_int_equal(report.peers, report.kept);
    book_free(book);
    close_bench(&bench);
}

static void a_hostile_schema_runs_nothing(void **state)
{
    (void)state;
    struct bench bench = open_bench(10);
    struct store_report report;
    sql(&bench,
        "DROP TABLE peers; CREATE VIEW peers AS WITH RECURSIVE x(id) AS"
        " (SELECT '0' UNION ALL SELECT '0' FROM x) SELECT * FROM x");
    struct book *book = load(&bench, STORE_READ, ERR_CORRUPT, &report);
    assert_true(report.damaged);
    assert_int_equal(book_count(book), 0);
    book_free(book);
    close_bench(&bench);
}

/* The second page that holds records. */
static void damage_a_page_of_peers(const char *path)
{
    static const char version[] = "luapex/1";
    FILE *disk = fopen(path, "r+b");
    char page[4096];
    for (unsigned found = 0; found < 2;) {
        assert_int_equal(fread(page, 1, sizeof page, disk), sizeof page);
        found += memmem(page, sizeof page, version, sizeof version - 1) != NULL;
    }
    memset(page, 0xa5, sizeof page);
    assert_int_equal(fseek(disk, -(long)sizeof page, SEEK_CUR), 0);
    assert_int_equal(fwrite(page, 1, sizeof page, disk), sizeof page);
    fclose(disk);
}

static void assert_little_is_lost(struct bench *bench)
{
    struct store_report report;
    struct book *book = load(bench, STORE_SALVAGE, ERR_CORRUPT, &report);
    assert_true(report.damaged);
    assert_true(book_count(book) < book_count(bench->book));
    assert_true(book_count(book) > book_count(bench->book) - 100);
    book_free(book);
}

static void a_damaged_page_costs_little_more_than_its_rows(void **state)
{
    (void)state;
    struct bench bench = open_bench(2000);
    damage_a_page_of_peers(bench.path);
    assert_little_is_lost(&bench);
    close_bench(&bench);
}

/* All in one of the ranges that are read one after the other. */
static void what_lies_behind_a_damaged_page_is_reached_from_its_other_side(void **state)
{
    (void)state;
    struct bench bench = open_bench(2000);
    sql(&bench, "UPDATE peers SET id = 'abc' || id; VACUUM");
    damage_a_page_of_peers(bench.path);
    assert_little_is_lost(&bench);
    close_bench(&bench);
}

static void a_removed_database_is_noticed(void **state)
{
    (void)state;
    struct bench bench = open_bench(10);
    struct book_change change = {.kind = BOOK_PUT_KEY, .key = "abc"};
    struct store_file *file = open_to_write(&bench);
    assert_int_equal(unlink(bench.path), 0);
    assert_int_equal(store_file_write(file, &change, 1, false, bench.why), ERR_CORRUPT);
    store_file_close(file);
    close_bench(&bench);
}

static void announced_and_confirmed_exports_are_known(void **state)
{
    (void)state;
    struct bench bench = open_bench(10);
    const uint8_t one[32] = {1}, two[32] = {2};
    struct store_file *file = open_to_write(&bench);
    assert_false(store_file_knows_export(file, one));
    assert_int_equal(store_file_announce_export(file, one, bench.why), ERR_OK);
    assert_int_equal(store_file_confirm_export(file, one, bench.why), ERR_OK);
    assert_int_equal(store_file_announce_export(file, two, bench.why), ERR_OK);
    assert_true(store_file_knows_export(file, one)); /* a crash may come before the second file */
    assert_true(store_file_knows_export(file, two));
    assert_int_equal(store_file_confirm_export(file, two, bench.why), ERR_OK);
    assert_false(store_file_knows_export(file, one));
    store_file_close(file);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_they_were),
        cmocka_unit_test(changes_replace_and_remove_rows),
        cmocka_unit_test(rows_that_make_no_sense_are_told_and_left_out),
        cmocka_unit_test(other_versions_and_foreign_databases_are_not_written),
        cmocka_unit_test(rows_that_were_refused_make_the_file_outdated),
        cmocka_unit_test(a_hostile_schema_runs_nothing),
        cmocka_unit_test(a_damaged_page_costs_little_more_than_its_rows),
        cmocka_unit_test(what_lies_behind_a_damaged_page_is_reached_from_its_other_side),
        cmocka_unit_test(a_removed_database_is_noticed),
        cmocka_unit_test(announced_and_confirmed_exports_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
