#include "app/book/book_home.h"

#include "app/book/book_file.h"
#include "app/book/book_store.h"
#include "app/home/home_lock.h"
#include "app/text/complain.h"
#include "crypto/hash.h"
#include "ops/file.h"
#include "uv/store.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define STORE_ROWS 4096 /* written at once */

__attribute__((format(printf, 3, 4))) static enum err fail(
    struct book_home *home, enum err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(home->why, sizeof home->why, format, arguments);
    va_end(arguments);
    return err;
}

static struct now wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct now){.wall_ms = SECONDS_MS(now.tv_sec) + now.tv_nsec / 1000000};
}

enum err book_home_new(struct book_home *home, struct book **book)
{
    enum err err = book_file_empty(&home->settings, book);
    if (err == ERR_IO)
        return fail(home, err, "this machine gives no entropy");
    return err ? fail(home, err, "no memory for an address book") : ERR_OK;
}

enum err book_home_read_file(struct book_home *home, const char *path, struct file_text *file)
{
    char cause[FILE_CAUSE_MAX];
    enum err err = file_read(path, IMAGE_SIZE_MAX, false, file, cause);
    return err ? fail(home, err, "%s %s", path, cause) : ERR_OK;
}

static int64_t modified_ms(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? SECONDS_MS(info.st_mtim.tv_sec) + info.st_mtim.tv_nsec / 1000000
                                  : 0;
}

static void note_saved(struct book_home *home, const char *path)
{
    int64_t ms = modified_ms(path);
    home->saved_ms = ms > home->saved_ms ? ms : home->saved_ms;
}

/* ---- luapex.db ---- */

static struct book_load_report report_of(const struct store_report *from)
{
    return (struct book_load_report){
        .listed = from->peers + from->malformed,
        .kept = from->kept,
        .replaced = from->replaced,
        .demoted = from->demoted,
        .bad_shape = from->malformed,
        .non_routable = from->non_routable,
        .duplicate = from->duplicate,
        .excluded = from->excluded,
        .no_room = from->no_room,
        .bans_listed = from->bans,
        .bans_kept = from->bans_kept,
    };
}

static void note_store(struct book_home *home)
{
    char log_path[PATH_MAX];
    home->file = home->store_path;
    note_saved(home, home->store_path);
    snprintf(log_path, sizeof log_path, "%s-wal", home->store_path);
    note_saved(home, log_path);
}

static enum err read_store(struct book_home *home, struct store_file *store, char *why)
{
    struct store_report report;
    enum err err = store_file_load(store, home->book, home->now, &report);
    if (err) {
        snprintf(why, STORE_FILE_WHY_MAX, "%s", err == ERR_CORRUPT ? report.cause : err_text(err));
        return err;
    }
    home->report = report_of(&report);
    note_store(home);
    if (!report.outdated && report.peers + report.bans > 0)
        book_all_saved(home->book);
    return ERR_OK;
}

/* As the node does when it starts; the file itself stays as it is until something is saved. */
static void salvage(struct book_home *home, const char *why)
{
    struct store_file *file;
    struct store_report report = {0};
    char ignored[STORE_FILE_WHY_MAX];
    complain("luapex: warning: %s: %s; this is what can be read of it", home->store_path, why);
    home->store_is_damaged = true;
    book_all_unsaved(home->book);
    if (store_file_open(home->store_path, STORE_SALVAGE, &file, ignored) == ERR_OK) {
        store_file_load(file, home->book, home->now, &report);
        store_file_close(file);
    }
    home->report = report_of(&report);
    if (book_count(home->book) + bans_count(book_bans(home->book)) > 0)
        note_store(home);
}

static enum err open_store(
    struct book_home *home, enum book_home_access access, struct store_file **store)
{
    char why[STORE_FILE_WHY_MAX];
    bool was_there = modified_ms(home->store_path) > 0;
    enum err err = store_file_open(
        home->store_path, access == BOOK_HOME_WRITE ? STORE_WRITE : STORE_READ, store, why);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (!err && was_there)
        err = read_store(home, *store, why);
    if (err != ERR_CORRUPT)
        return err ? fail(home, err, "%s: %s", home->store_path, why) : ERR_OK;
    store_file_close(*store);
    *store = NULL;
    salvage(home, why);
    return ERR_OK;
}

/* ---- addrbook.json ---- */

static enum err take_image(struct book_home *home, const struct file_text *file)
{
    bool is_merged = book_count(home->book) > 0 || bans_count(book_bans(home->book)) > 0;
    struct book_load_report *report = is_merged ? &home->merged : &home->report;
    struct span text = span_of(file->text, file->n);
    enum err err = is_merged ? book_merge(home->book, home->now, text, report)
                             : book_load(home->book, home->now, text, report);
    if (err == ERR_CORRUPT)
        return fail(home, err, "%s:%u: %s; the node will move the file aside", home->image_path,
            report->line, report->cause);
    if (err)
        return fail(home, err, "%s: %s", home->image_path, err_text(err));
    if (!is_merged) {
        home->file = home->image_path;
        note_saved(home, home->image_path);
    }
    return ERR_OK;
}

/* Our own last export says nothing that the store does not. */
static enum err load_image(struct book_home *home, struct store_file *store)
{
    struct file_text file;
    uint8_t hash[32];
    enum err err = book_home_read_file(home, home->image_path, &file);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err)
        return err;
    sha256(span_of(file.text, file.n), hash);
    if (!store || !store_file_knows_export(store, hash))
        err = take_image(home, &file);
    free(file.text);
    return err;
}

/* ---- life ---- */

static enum err load(struct book_home *home, enum book_home_access access)
{
    struct store_file *store = NULL;
    enum err err = open_store(home, access, &store);
    if (!err) {
        err = load_image(home, store);
        home->image_is_damaged = err == ERR_CORRUPT;
    }
    if (access == BOOK_HOME_WRITE)
        home->store = store;
    else
        store_file_close(store);
    if (!err && !home->file && home->store_is_damaged && access == BOOK_HOME_READ)
        err = fail(home, ERR_CORRUPT, "%s: nothing can be read of it", home->store_path);
    if (!err && !home->file && access == BOOK_HOME_READ)
        err = fail(home, ERR_NOT_FOUND,
            "%s: there is no address book yet; luapex book import brings one", home->settings.home);
    return err;
}

static enum err open_book(struct book_home *home, enum book_home_access access)
{
    home->image_path = settings_path(&home->settings, home->settings.p2p.addr_book_file);
    home->store_path = settings_path(&home->settings, BOOK_STORE_FILE);
    if (!home->image_path || !home->store_path)
        return fail(home, ERR_NO_MEMORY, "out of memory");
    enum err err = ERR_OK;
    if (access == BOOK_HOME_WRITE)
        err = home_lock(&home->settings, &home->lock, home->why);
    if (!err)
        err = book_home_new(home, &home->book);
    return err ? err : load(home, access);
}

enum err book_home_open(
    const struct flags *flags, enum book_home_access access, struct book_home *home)
{
    *home = (struct book_home){.lock = -1, .now = wall_now()};
    return home_settings(flags, &home->settings) == EXIT_OK ? open_book(home, access) : ERR_INVALID;
}

void book_home_close(struct book_home *home)
{
    store_file_close(home->store);
    book_free(home->book);
    free(home->image_path);
    free(home->store_path);
    settings_free(&home->settings);
    home_unlock(home->lock);
}

int book_home_fail(const struct book_home *home)
{
    if (*home->why)
        complain("luapex: error: %s", home->why);
    return EXIT_FAILED;
}

/* ---- writing ---- */

static enum err replace_damaged_store(struct book_home *home)
{
    char aside[PATH_MAX], why[STORE_FILE_WHY_MAX];
    if (store_move_aside(home->store_path, aside, sizeof aside) != ERR_OK)
        return fail(
            home, ERR_IO, "%s cannot be moved aside: %s", home->store_path, strerror(errno));
    printf("%s: the damaged book\n", aside);
    home->store_is_damaged = false;
    enum err err = store_file_open(home->store_path, STORE_WRITE, &home->store, why);
    return err ? fail(home, err, "%s: %s", home->store_path, why) : ERR_OK;
}

static enum err store_changes(struct book_home *home)
{
    struct book_changes changes = {.more = true};
    char why[STORE_FILE_WHY_MAX];
    enum err err = ERR_OK;
    while (changes.more && !err) {
        err = book_take_changes(home->book, STORE_ROWS, &changes);
        if (err)
            return fail(home, err, "%s: %s", home->store_path, err_text(err));
        err = store_file_write(home->store, changes.at, changes.n, changes.more, why);
        book_free_changes(&changes);
    }
    return err ? fail(home, err, "%s: %s", home->store_path, why) : ERR_OK;
}

static enum err replace_image(
    struct book_home *home, const char *path, const struct book *book, bool is_export)
{
    struct image_text image = {0};
    uint8_t hash[32];
    char why[STORE_FILE_WHY_MAX];
    enum err err = book_save(book, &image);
    if (err)
        return fail(home, err, "%s: %s", path, err_text(err));
    sha256(span_of(image.at, image.n), hash);
    if (is_export)
        err = store_file_announce_export(home->store, hash, why);
    if (!err) {
        err = store_replace_file(path, image.at, image.n);
        snprintf(why, sizeof why, "%s", strerror(errno));
    }
    if (!err && is_export)
        err = store_file_confirm_export(home->store, hash, why);
    image_text_free(&image);
    return err ? fail(home, err, "%s cannot be written: %s", path, why) : ERR_OK;
}

enum err book_home_save(struct book_home *home)
{
    enum err err = home->store_is_damaged ? replace_damaged_store(home) : ERR_OK;
    if (!err)
        err = store_changes(home);
    return err ? err : replace_image(home, home->image_path, home->book, true);
}

/* The file goes under a name that tells why. */
static enum err move_image(struct book_home *home, const char *what)
{
    char aside[PATH_MAX];
    snprintf(aside, sizeof aside, "%s.%s-%lld", home->image_path, what,
        (long long)(home->now.wall_ms / 1000));
    if (rename(home->image_path, aside) != 0)
        return fail(
            home, ERR_IO, "%s cannot be moved aside: %s", home->image_path, strerror(errno));
    printf("%s: the %s file\n", aside, what);
    return ERR_OK;
}

/* What the database held, as an addrbook.json. */
static enum err keep_stored(struct book_home *home, const struct book *old)
{
    char aside[PATH_MAX];
    snprintf(aside, sizeof aside, "%s.replaced-%lld", home->image_path,
        (long long)(home->now.wall_ms / 1000));
    enum err err = replace_image(home, aside, old, false);
    if (!err)
        printf("%s: the old book\n", aside);
    return err;
}

enum err book_home_set_aside(struct book_home *home, const struct book *old)
{
    enum err err = ERR_OK;
    if (home->file == home->store_path && book_count(old) > 0)
        err = keep_stored(home, old);
    if (!err && home->image_is_damaged)
        err = move_image(home, "damaged");
    else if (!err && home->file != home->store_path && modified_ms(home->image_path) > 0)
        err = move_image(home, "replaced");
    return !err && home->store_is_damaged ? replace_damaged_store(home) : err;
}
