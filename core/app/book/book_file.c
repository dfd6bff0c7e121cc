#include "app/book/book_file.h"

#include "app/settings/settings_parts.h"
#include "book/image.h"
#include "crypto/hash.h"
#include "ops/file.h"
#include "uv/machine.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void log_report(const struct log *log, const char *path, const struct book *book,
    const struct book_load_report *report, bool merged)
{
    if (merged)
        log_write(log, LOG_INFO, "address book merged", LOG_TEXT("file", path),
            LOG_NUMBER("listed", report->listed), LOG_NUMBER("added", report->kept),
            LOG_NUMBER("known", report->duplicate), LOG_NUMBER("addresses", book_count(book)));
    else
        log_write(log, LOG_INFO, "book loaded", LOG_TEXT("file", path),
            LOG_NUMBER("addresses", report->kept), LOG_NUMBER("replaced", report->replaced),
            LOG_NUMBER("demoted", report->demoted), LOG_NUMBER("bans", report->bans_kept));
    uint32_t damaged = report->bad_shape + report->bad_id + report->bad_address;
    if (report->kept + (merged ? report->duplicate : 0) == report->listed)
        return;
    log_write(log, LOG_INFO, "addresses skipped", LOG_TEXT("file", path),
        LOG_NUMBER("malformed", damaged), LOG_NUMBER("non_routable", report->non_routable),
        LOG_NUMBER("duplicate", report->duplicate), LOG_NUMBER("excluded", report->excluded),
        LOG_NUMBER("no_room", report->no_room), LOG_NUMBER("too_many", report->too_many));
}

/* From a folder that cannot be written the node starts all the same: with what else it knows. */
static void move_aside(const char *path, const struct book *book, struct now now,
    const struct log *log, const struct book_load_report *report)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.damaged-%lld", path, (long long)now.wall_ms / 1000);
    if (n < 0 || (size_t)n >= sizeof aside || rename(path, aside) != 0)
        log_write(log, LOG_ERROR, "addrbook.json is damaged and cannot be moved aside",
            LOG_TEXT("file", path), LOG_TEXT("cause", strerror(errno)),
            LOG_NUMBER("line", report->line), LOG_TEXT("error", report->cause),
            LOG_NUMBER("addresses", book_count(book)),
            LOG_TEXT("to_do",
                "keep a copy of it if you need one: the first export that succeeds replaces it"));
    else
        log_write(log, LOG_ERROR, "addrbook.json is damaged, moved aside", LOG_TEXT("file", path),
            LOG_TEXT("moved_to", aside), LOG_NUMBER("line", report->line),
            LOG_TEXT("error", report->cause), LOG_NUMBER("addresses", book_count(book)));
}

static enum err take(struct span text, const char *path, struct book *book,
    struct store_file *store, struct now now, const struct log *log,
    struct book_load_report *report)
{
    uint8_t hash[32];
    sha256(text, hash);
    if (store && store_file_knows_export(store, hash))
        return ERR_OK;
    bool merged = book_count(book) > 0 || bans_count(book_bans(book)) > 0;
    enum err err =
        merged ? book_merge(book, now, text, report) : book_load(book, now, text, report);
    if (!err)
        log_report(log, path, book, report, merged);
    return err;
}

enum err book_file_load(const char *path, struct book *book, struct store_file *store,
    struct now now, const struct log *log, char *why, size_t cap)
{
    struct file_text file = {0};
    struct book_load_report report = {0};
    char cause[FILE_CAUSE_MAX];
    enum err err = file_read(path, IMAGE_SIZE_MAX, false, &file, cause);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err) {
        snprintf(why, cap, "%s %s", path, cause);
        snprintf(report.cause, sizeof report.cause, "%s", cause);
    } else {
        err = take(span_of(file.text, file.n), path, book, store, now, log, &report);
    }
    free(file.text);
    if (err != ERR_CORRUPT && err != ERR_TOO_LONG)
        return err;
    move_aside(path, book, now, log, &report);
    return ERR_OK;
}

enum err book_file_empty(const struct settings *settings, struct book **book)
{
    struct book_settings made = book_settings_default();
    uint8_t entropy[BOOK_ENTROPY];
    settings_of_book(settings, &made);
    if (!machine_entropy(entropy, sizeof entropy))
        return ERR_IO;
    enum err err = book_new(&made, entropy, book);
    crypto_wipe(entropy, sizeof entropy);
    return err;
}
