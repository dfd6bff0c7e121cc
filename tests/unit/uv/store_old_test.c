/* core/uv/store_old.c: files of version 1 are read, and brought up to date or left as they are. */
#include "unit/uv/store_bench.h"

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
    make_version_1(&bench);
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    assert_as_in_version_1(book);
    assert_true(report.outdated);
    struct store_file *file = open_to_write(&bench);
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
    struct book_changes changes;
    make_version_1(&bench);
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    struct store_file *file = open_to_write(&bench);
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
    struct book_changes changes;
    const struct book_change impossible = {.kind = (enum book_change_kind)99};
    make_version_1(&bench);
    struct book *book = load(&bench, STORE_READ, ERR_OK, &report);
    struct store_file *file = open_to_write(&bench);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_version_1_is_read_and_brought_up_to_date),
        cmocka_unit_test(a_file_of_version_1_stays_as_it_is_until_all_of_it_is_written),
        cmocka_unit_test(a_file_of_version_1_is_brought_up_to_date_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
