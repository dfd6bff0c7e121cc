/* core/uv/store_file.h: rows of a book to disk and back, whatever state the file is in. */
#include "uv/store_file.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW ((struct now){1000, 1700000000000})

struct bench {
    char folder[64], path[96], why[STORE_FILE_WHY_MAX];
    struct book *book;
};

static struct book *new_book(uint8_t seed)
{
    struct book_settings settings = book_settings_default();
    uint8_t entropy[BOOK_ENTROPY] = {seed};
    struct book *book;
    settings.strict = false;
    assert_int_equal(book_new(&settings, entropy, &book), ERR_OK);
    return book;
}

static struct addr addr_of(uint32_t i)
{
    struct addr addr = {.at = {ip_of_v4(0x0b000000u + i * 65536 + i), 26656}};
    memcpy(addr.id.bytes, &i, sizeof i);
    addr.id.bytes[19] = 1;
    return addr;
}

/* Entries of every kind, and bans of every kind. */
static void fill(struct book *book, uint32_t n)
{
    struct rng rng;
    rng_seed(&rng, 7);
    for (uint32_t i = 1; i <= n; i++) {
        struct addr addr = addr_of(i), source = addr_of(i % 7 + 100000), other = addr_of(200000);
        assert_int_equal(book_add(book, NOW, &rng, &addr, &source, NULL), ERR_OK);
        book_add(book, NOW, &rng, &addr, &other, NULL);
        if (i % 3 == 0)
            book_mark_success(book, NOW, &addr, i);
        if (i % 6 == 0)
            book_mark_good(book, NOW, &addr);
        if (i % 4 == 0)
            book_mark_attempt(book, NOW, &addr, ERR_REFUSED);
        book_mark_version(book, &addr, span_of_text("luapex/1"));
    }
    struct addr addr = addr_of(1), pair = addr_of(300000);
    struct cidr range = cidr_of(&pair.at.ip, 120);
    const struct ban_target targets[] = {
        ban_of_id(&addr.id), ban_of_pair(&pair), ban_of_cidr(&range)};
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(book_ban(book, NOW, &targets[i], 60000, "why not"), ERR_OK);
}

static enum err save(struct bench *bench, struct store_file *file, struct book *book)
{
    enum err err = ERR_OK;
    for (bool more = true; more && !err;) {
        struct book_changes changes;
        assert_int_equal(book_take_changes(book, 100, &changes), ERR_OK);
        more = changes.more;
        err = store_file_write(file, changes.at, changes.n, more, bench->why);
        book_free_changes(&changes);
    }
    return err;
}

static struct bench open_bench(uint32_t n)
{
    struct bench bench = {.book = new_book(1)};
    struct store_file *file;
    strcpy(bench.folder, "/tmp/luapex-db-XXXXXX");
    assert_non_null(mkdtemp(bench.folder));
    snprintf(bench.path, sizeof bench.path, "%s/luapex.db", bench.folder);
    fill(bench.book, n);
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
    assert_int_equal(save(&bench, file, bench.book), ERR_OK);
    store_file_close(file);
    return bench;
}

static void close_bench(struct bench *bench)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", bench->folder);
    assert_int_equal(system(command), 0);
    book_free(bench->book);
}

static struct book *load(
    struct bench *bench, enum store_access access, enum err wanted, struct store_report *report)
{
    struct store_file *file;
    struct book *book = new_book(2);
    assert_int_equal(store_file_open(bench->path, access, &file, bench->why), ERR_OK);
    assert_int_equal(store_file_load(file, book, NOW, report), wanted);
    store_file_close(file);
    assert_null(book_check(book));
    return book;
}

static void sql(struct bench *bench, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

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
    struct store_file *file;
    struct addr gone = addr_of(50), tried = addr_of(51), banned = addr_of(1);
    struct ban_target target = ban_of_id(&banned.id);
    assert_int_equal(book_remove(bench.book, &gone.id), ERR_OK);
    assert_int_equal(book_mark_attempt(bench.book, NOW, &tried, ERR_TIMEOUT), ERR_OK);
    assert_int_equal(book_lift_ban(bench.book, &target), ERR_OK);
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
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
        "UPDATE peers SET record = CAST(substr(record, 1, 66) || x'ff' || substr(record, 68) AS "
        "BLOB) WHERE side = 'old'",
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

/* Two rows, as version 1 wrote them. */
static void make_version_1(struct bench *bench)
{
    sql(bench,
        "DROP VIEW edges; DROP TABLE peers; DROP TABLE sources; PRAGMA user_version = 1;"
        "CREATE TABLE peers("
        " id TEXT PRIMARY KEY, ip TEXT NOT NULL, port INTEGER NOT NULL, side TEXT NOT NULL,"
        " buckets TEXT NOT NULL, source_id TEXT NOT NULL, source_ip TEXT NOT NULL,"
        " source_port INTEGER NOT NULL, heard INTEGER NOT NULL, attempts INTEGER NOT NULL,"
        " last_failure TEXT, rtt_ms INTEGER NOT NULL, answers INTEGER NOT NULL,"
        " bans INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_attempt INTEGER NOT NULL,"
        " last_success INTEGER NOT NULL, last_verified INTEGER NOT NULL,"
        " last_ban INTEGER NOT NULL, version TEXT NOT NULL, refused INTEGER NOT NULL,"
        " timed_out INTEGER NOT NULL, bad_handshake INTEGER NOT NULL,"
        " other_failures INTEGER NOT NULL, first_dial INTEGER NOT NULL,"
        " last_dial INTEGER NOT NULL, good_2h REAL NOT NULL, good_8h REAL NOT NULL,"
        " good_1d REAL NOT NULL, good_1w REAL NOT NULL, good_1m REAL NOT NULL,"
        " tries_2h REAL NOT NULL, tries_8h REAL NOT NULL, tries_1d REAL NOT NULL,"
        " tries_1w REAL NOT NULL, tries_1m REAL NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE sources(id TEXT NOT NULL, n INTEGER NOT NULL, source_id TEXT NOT NULL,"
        " source_ip TEXT NOT NULL, source_port INTEGER NOT NULL, heard INTEGER NOT NULL,"
        " PRIMARY KEY(id, n)) WITHOUT ROWID;"
        "CREATE VIEW edges AS SELECT id FROM peers;"
        "INSERT INTO peers VALUES('0a00000000000000000000000000000000000001', '11.2.0.1', 26656,"
        " 'old', '7', '0200000000000000000000000000000000000002', '12.3.0.1', 26657, 1600000000,"
        " 2, 'timeout', 33, 4, 1, 1600000000001, 1600000000002, 1600000000003, 1600000000004,"
        " 1600000000005, 'luapex/1', 5, 6, 7, 8, 1600000000, 1600000009,"
        " 0.25, 0.5, 0.75, 1, 1, 1, 2, 3, 4, 5);"
        "INSERT INTO sources VALUES('0a00000000000000000000000000000000000001', 1,"
        " '0300000000000000000000000000000000000003', '13.4.0.1', 26658, 1600000001);"
        "INSERT INTO peers SELECT '0400000000000000000000000000000000000004', '11.5.0.1', port,"
        " 'new', '9 11', source_id, source_ip, source_port, heard, 0, NULL, 0, 0, 0, first_seen,"
        " last_attempt, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM peers");
}

static void assert_as_in_version_1(const struct book *book)
{
    struct peer_id id = {{10, [19] = 1}};
    struct book_record r;
    assert_int_equal(book_count(book), 2);
    book_record(book, book_find(book, &id), &r);
    assert_int_equal(r.known.side, BOOK_OLD);
    assert_int_equal(r.buckets[0], 7);
    assert_int_equal(r.known.attempts, 2);
    assert_int_equal(r.known.last_failure, ERR_TIMEOUT);
    assert_int_equal(r.known.rtt_ms, 33);
    assert_int_equal(r.known.answers, 4);
    assert_int_equal(r.known.last_verified_ms, 1600000000004);
    assert_int_equal(r.known.last_ban_ms, 1600000000005);
    assert_string_equal(r.version, "luapex/1");
    assert_int_equal(r.known.failures[BOOK_OTHER], 8);
    assert_int_equal(r.known.dials.last_s, 1600000009);
    assert_true(r.known.dials.good[1] == 0.5F);
    assert_int_equal(r.known.sources_n, 2);
    assert_int_equal(r.sources[1].at.port, 26658);
    assert_int_equal(r.heard_s[1], 1600000001);
}

static void a_file_of_version_1_is_read_and_brought_up_to_date(void **state)
{
    (void)state;
    struct bench bench = open_bench(0);
    struct store_report report;
    struct store_file *file;
    make_version_1(&bench);
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_as_in_version_1(book);
    assert_true(report.outdated);
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
    assert_int_equal(save(&bench, file, book), ERR_OK);
    store_file_close(file);
    book_free(book);
    book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_as_in_version_1(book);
    assert_false(report.outdated);
    assert_int_equal(report.bans_kept, 3);
    sql(&bench, "SELECT heard FROM edges; SELECT record FROM peers");
    book_free(book);
    close_bench(&bench);
}

static void a_file_of_version_1_stays_as_it_is_until_all_of_it_is_written(void **state)
{
    (void)state;
    struct bench bench = open_bench(0);
    struct store_report report;
    struct store_file *file;
    struct book_changes changes;
    make_version_1(&bench);
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
    assert_int_equal(book_take_changes(book, 2, &changes), ERR_OK);
    assert_true(changes.more);
    assert_int_equal(store_file_write(file, changes.at, changes.n, true, bench.why), ERR_OK);
    store_file_close(file); /* as if the process had ended here */
    book_free_changes(&changes);
    book_free(book);
    book = load(&bench, STORE_SALVAGE, ERR_CORRUPT, &report);
    assert_as_in_version_1(book);
    book_free(book);
    close_bench(&bench);
}

/* Such as on a full disk: what was begun is undone, and begun again. */
static void a_file_of_version_1_is_brought_up_to_date_after_a_failure(void **state)
{
    (void)state;
    struct bench bench = open_bench(0);
    struct store_report report;
    struct store_file *file;
    struct book_changes changes;
    const struct book_change impossible = {.kind = (enum book_change_kind)99};
    make_version_1(&bench);
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
    assert_int_equal(book_take_changes(book, 2, &changes), ERR_OK);
    assert_int_equal(store_file_write(file, changes.at, changes.n, true, bench.why), ERR_OK);
    assert_int_equal(store_file_write(file, &impossible, 1, false, bench.why), ERR_IO);
    book_unsaved(book, &changes);
    book_free_changes(&changes);
    assert_int_equal(save(&bench, file, book), ERR_OK);
    store_file_close(file);
    book_free(book);
    book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_as_in_version_1(book);
    assert_false(report.outdated);
    book_free(book);
    close_bench(&bench);
}

static void rows_that_were_refused_make_the_file_outdated(void **state)
{
    (void)state;
    struct bench bench = open_bench(60);
    struct store_report report;
    struct store_file *file;
    struct book *book = new_book(2);
    struct addr own = addr_of(30);
    book_set_own_id(book, &own.id);
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
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

static void a_damaged_page_costs_little_more_than_its_rows(void **state)
{
    (void)state;
    struct bench bench = open_bench(2000);
    struct store_report report;
    damage_a_page_of_peers(bench.path);
    struct book *book = load(&bench, STORE_SALVAGE, ERR_CORRUPT, &report);
    assert_true(report.damaged);
    assert_true(book_count(book) < book_count(bench.book));
    assert_true(book_count(book) > book_count(bench.book) - 100);
    book_free(book);
    close_bench(&bench);
}

/* All in one of the ranges that are read one after the other. */
static void what_lies_behind_a_damaged_page_is_reached_from_its_other_side(void **state)
{
    (void)state;
    struct bench bench = open_bench(2000);
    struct store_report report;
    sql(&bench, "UPDATE peers SET id = 'abc' || id; VACUUM");
    damage_a_page_of_peers(bench.path);
    struct book *book = load(&bench, STORE_SALVAGE, ERR_CORRUPT, &report);
    assert_true(report.damaged);
    assert_true(book_count(book) < book_count(bench.book));
    assert_true(book_count(book) > book_count(bench.book) - 100);
    book_free(book);
    close_bench(&bench);
}

static void a_removed_database_is_noticed(void **state)
{
    (void)state;
    struct bench bench = open_bench(10);
    struct store_file *file;
    struct book_change change = {.kind = BOOK_PUT_KEY, .key = "abc"};
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
    assert_int_equal(unlink(bench.path), 0);
    assert_int_equal(store_file_write(file, &change, 1, false, bench.why), ERR_CORRUPT);
    store_file_close(file);
    close_bench(&bench);
}

static void announced_and_confirmed_exports_are_known(void **state)
{
    (void)state;
    struct bench bench = open_bench(10);
    struct store_file *file;
    const uint8_t one[32] = {1}, two[32] = {2};
    assert_int_equal(store_file_open(bench.path, STORE_WRITE, &file, bench.why), ERR_OK);
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
        cmocka_unit_test(a_file_of_version_1_is_read_and_brought_up_to_date),
        cmocka_unit_test(a_file_of_version_1_is_brought_up_to_date_after_a_failure),
        cmocka_unit_test(a_file_of_version_1_stays_as_it_is_until_all_of_it_is_written),
        cmocka_unit_test(rows_that_were_refused_make_the_file_outdated),
        cmocka_unit_test(a_hostile_schema_runs_nothing),
        cmocka_unit_test(a_damaged_page_costs_little_more_than_its_rows),
        cmocka_unit_test(what_lies_behind_a_damaged_page_is_reached_from_its_other_side),
        cmocka_unit_test(a_removed_database_is_noticed),
        cmocka_unit_test(announced_and_confirmed_exports_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
