#include "app/book/book_store.h"

#include "app/book/book_file.h"
#include "uv/store.h"
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REBUILD_ROWS 4096 /* written at once */

struct opening {
    const struct book_store_paths *paths;
    struct book *book;
    struct now now;
    const struct log *log;
    struct store_file *file;
    bool had_store;  /* there was a database, in whatever state */
    bool is_damaged; /* to be made anew from the book */
    char cause[STORE_FILE_WHY_MAX];
};

/* ---- saying what happened ---- */

static void log_report(const struct opening *o, const struct store_report *report)
{
    log_write(o->log, LOG_INFO, "book loaded", LOG_TEXT("file", o->paths->store),
        LOG_NUMBER("addresses", book_count(o->book)), LOG_NUMBER("replaced", report->replaced),
        LOG_NUMBER("demoted", report->demoted), LOG_NUMBER("bans", report->bans_kept));
    if (report->kept == report->peers && report->malformed == 0)
        return;
    log_write(o->log, LOG_INFO, "addresses skipped", LOG_TEXT("file", o->paths->store),
        LOG_NUMBER("malformed", report->malformed),
        LOG_NUMBER("non_routable", report->non_routable),
        LOG_NUMBER("duplicate", report->duplicate), LOG_NUMBER("excluded", report->excluded),
        LOG_NUMBER("no_room", report->no_room),
        LOG_TEXT("then",
            report->outdated ? "they leave the file with the next write"
                             : "they stay in the file, for addr_book_strict = false"));
}

static void log_unwritable(const struct opening *o)
{
    log_write(o->log, LOG_ERROR, "cannot store the book", LOG_TEXT("file", o->paths->store),
        LOG_TEXT("error", o->cause), LOG_TEXT("to_do", store_advice(o->cause, false)));
}

/* ---- reading ---- */

/* A rebuild that was complete, but for its new name. */
static void finish_rebuild(const struct opening *o, const char *fresh)
{
    struct stat info;
    if (lstat(o->paths->store, &info) != 0 && errno == ENOENT && lstat(fresh, &info) == 0 &&
        rename(fresh, o->paths->store) == 0)
        log_write(o->log, LOG_INFO, "a repair of the book that was cut short is complete",
            LOG_TEXT("file", o->paths->store));
}

static enum err load(struct opening *o, struct store_file *file)
{
    struct store_report report;
    enum err err = store_file_load(file, o->book, o->now, &report);
    if (err == ERR_CORRUPT)
        snprintf(o->cause, sizeof o->cause, "%s", report.cause);
    if (err)
        return err;
    log_report(o, &report);
    if (!report.outdated && report.peers + report.bans > 0)
        book_all_saved(o->book);
    return ERR_OK;
}

static void salvage(struct opening *o)
{
    struct store_file *file;
    struct store_report report = {0};
    char why[STORE_FILE_WHY_MAX];
    o->is_damaged = true;
    book_all_unsaved(o->book);
    store_file_close(o->file);
    o->file = NULL;
    if (store_file_open(o->paths->store, STORE_SALVAGE, &file, why) == ERR_OK) {
        store_file_load(file, o->book, o->now, &report);
        store_file_close(file);
    }
    log_write(o->log, LOG_ERROR, "the stored book is damaged", LOG_TEXT("file", o->paths->store),
        LOG_TEXT("error", o->cause), LOG_NUMBER("addresses", book_count(o->book)),
        LOG_NUMBER("malformed", report.malformed), LOG_NUMBER("bans", report.bans_kept));
}

/* Not writable: read it at least. */
static enum err open_to_read(struct opening *o)
{
    struct store_file *file;
    char why[STORE_FILE_WHY_MAX];
    enum err err = store_file_open(o->paths->store, STORE_READ, &file, why);
    log_unwritable(o);
    if (err) {
        snprintf(o->cause, sizeof o->cause, "%s", why);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = load(o, file);
    store_file_close(file);
    return err;
}

static enum err open_store(struct opening *o)
{
    struct stat info;
    o->had_store = lstat(o->paths->store, &info) == 0 && info.st_size > 0;
    enum err err = store_file_open(o->paths->store, STORE_WRITE, &o->file, o->cause);
    if (!err)
        err = load(o, o->file);
    if (err == ERR_IO) {
        store_file_close(o->file);
        o->file = NULL;
        err = open_to_read(o);
    }
    if (err != ERR_CORRUPT)
        return err;
    salvage(o);
    return ERR_OK;
}

/* ---- a new database in place of a damaged one ---- */

static void remove_database(const char *path)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char part[PATH_MAX];
        snprintf(part, sizeof part, "%s%s", path, parts[i]);
        unlink(part);
    }
}

static enum err write_book(struct opening *o, struct store_file *file)
{
    enum err err = ERR_OK;
    for (bool more = true; more && !err;) {
        struct book_changes changes;
        err = book_take_changes(o->book, REBUILD_ROWS, &changes);
        if (err)
            break;
        more = changes.more;
        err = store_file_write(file, changes.at, changes.n, more, o->cause);
        book_free_changes(&changes);
    }
    if (err)
        book_all_unsaved(o->book);
    return err;
}

static enum err write_fresh(struct opening *o, const char *fresh)
{
    struct store_file *file;
    remove_database(fresh);
    enum err err = store_file_open(fresh, STORE_WRITE, &file, o->cause);
    if (err)
        return err;
    err = write_book(o, file);
    store_file_close(file);
    return err;
}

static enum err put_in_place(struct opening *o, const char *fresh)
{
    char aside[PATH_MAX];
    if (store_move_aside(o->paths->store, aside, sizeof aside) != ERR_OK ||
        rename(fresh, o->paths->store) != 0) {
        snprintf(o->cause, sizeof o->cause, "%s", strerror(errno));
        return ERR_IO;
    }
    log_write(o->log, LOG_INFO, "the stored book was written anew",
        LOG_TEXT("file", o->paths->store), LOG_TEXT("moved_to", aside),
        LOG_NUMBER("addresses", book_count(o->book)));
    return store_file_open(o->paths->store, STORE_WRITE, &o->file, o->cause);
}

/* Whatever cannot be done now is left to the running node, which has the book in memory. */
static void rebuild(struct opening *o, const char *fresh)
{
    enum err err = write_fresh(o, fresh);
    if (!err)
        err = put_in_place(o, fresh);
    if (!err)
        return;
    remove_database(fresh);
    book_all_unsaved(o->book);
    log_unwritable(o);
}

/* ---- all of it ---- */

/* What else goes wrong with it shows when the file in it is opened. */
static enum err make_folder(const char *path, char *why, size_t cap)
{
    struct stat info;
    char *copy = strdup(path);
    if (!copy)
        return ERR_NO_MEMORY;
    const char *folder = dirname(copy);
    bool is_file = mkdir(folder, 0700) != 0 && stat(folder, &info) == 0 && !S_ISDIR(info.st_mode);
    if (is_file)
        snprintf(why, cap, "%s is a file, but has to be a folder: move it away", folder);
    free(copy);
    return is_file ? ERR_INVALID : ERR_OK;
}

enum err book_store_open(const struct book_store_paths *paths, struct book *book, struct now now,
    const struct log *log, struct store_file **file, char *why, size_t cap)
{
    struct opening o = {.paths = paths, .book = book, .now = now, .log = log};
    char fresh[PATH_MAX];
    snprintf(fresh, sizeof fresh, "%s.new", paths->store);
    enum err err = make_folder(paths->store, why, cap);
    if (err)
        return err;
    finish_rebuild(&o, fresh);
    err = open_store(&o);
    if (err)
        snprintf(why, cap, "%s cannot be read: %s", paths->store, o.cause);
    if (!err)
        err = book_file_load(paths->image, book, o.file, now, log, why, cap);
    if (!err && o.is_damaged)
        rebuild(&o, fresh);
    if (err)
        store_file_close(o.file);
    else
        *file = o.file;
    return err;
}
