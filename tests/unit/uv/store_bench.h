/* A database in a folder of its own, with a book of entries and bans of every kind in it. */
#ifndef UNIT_UV_STORE_BENCH_H
#define UNIT_UV_STORE_BENCH_H

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

static inline struct book *new_book(uint8_t seed)
{
    struct book_settings settings = book_settings_default();
    uint8_t entropy[BOOK_ENTROPY] = {seed};
    struct book *book;
    settings.strict = false;
    assert_int_equal(book_new(&settings, entropy, &book), ERR_OK);
    return book;
}

static inline struct addr addr_of(uint32_t i)
{
    struct addr addr = {.at = {ip_of_v4(0x0b000000u + i * 65536 + i), 26656}};
    memcpy(addr.id.bytes, &i, sizeof i);
    addr.id.bytes[19] = 1;
    return addr;
}

/* Entries of every kind, and bans of every kind. */
static inline void fill(struct book *book, uint32_t n)
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

static inline enum err save(struct bench *bench, struct store_file *file, struct book *book)
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

static inline struct store_file *open_to_write(struct bench *bench)
{
    struct store_file *file;
    assert_int_equal(store_file_open(bench->path, STORE_WRITE, &file, bench->why), ERR_OK);
    return file;
}

static inline struct bench open_bench(uint32_t n)
{
    struct bench bench = {.book = new_book(1)};
    strcpy(bench.folder, "/tmp/luapex-db-XXXXXX");
    assert_non_null(mkdtemp(bench.folder));
    snprintf(bench.path, sizeof bench.path, "%s/luapex.db", bench.folder);
    fill(bench.book, n);
    struct store_file *file = open_to_write(&bench);
    assert_int_equal(save(&bench, file, bench.book), ERR_OK);
    store_file_close(file);
    return bench;
}

static inline void close_bench(struct bench *bench)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", bench->folder);
    assert_int_equal(system(command), 0);
    book_free(bench->book);
}

static inline struct book *load(
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

static inline void sql(struct bench *bench, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

#endif
