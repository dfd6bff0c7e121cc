#include "uv/store.h"

#include "crypto/hash.h"
#include "uv/state.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store *store_of(uv_work_t *request)
{
    return (struct store *)((char *)request - offsetof(struct store, request));
}

/* ---- on the worker ---- */

static enum err open_file(struct store *store, char *why)
{
    const char *path = store->host->settings->store_path;
    return store->file ? ERR_OK : store_file_open(path, STORE_WRITE, &store->file, why);
}

/* The rest of the book is in memory: it can be begun anew. */
static void begin_anew(struct store *store, char *why)
{
    char aside[PATH_MAX], cause[STORE_FILE_WHY_MAX];
    memcpy(cause, why, sizeof cause);
    store_file_close(store->file);
    store->file = NULL;
    if (store_move_aside(store->host->settings->store_path, aside, sizeof aside) == ERR_OK)
        snprintf(why, STORE_FILE_WHY_MAX, "%.90s; moved to %.90s", cause, aside);
    else
        snprintf(
            why, STORE_FILE_WHY_MAX, "%.90s; cannot be moved aside: %s", cause, strerror(errno));
}

static void write_rows(struct store *store, struct store_work *work)
{
    work->store_err = ERR_OK;
    if (!store->host->settings->store_path)
        return;
    work->store_err = open_file(store, work->store_why);
    if (!work->store_err)
        work->store_err = store_file_write(
            store->file, work->rows.at, work->rows.n, work->rows.more, work->store_why);
    if (work->store_err == ERR_CORRUPT)
        begin_anew(store, work->store_why);
}

/* Without a database nobody can tell later whose export it is, and it is merged then. */
static void write_image(struct store *store, struct store_work *work)
{
    const char *path = store->host->settings->book_path;
    uint8_t hash[32];
    char why[STORE_FILE_WHY_MAX];
    work->export_err = ERR_OK;
    if (!path)
        return;
    sha256(span_of(work->image.at, work->image.n), hash);
    bool known = store->file && store_file_announce_export(store->file, hash, why) == ERR_OK;
    work->export_err = store_replace_file(path, work->image.at, work->image.n);
    if (work->export_err)
        snprintf(work->export_why, STORE_FILE_WHY_MAX, "%s", strerror(errno));
    else if (known)
        store_file_confirm_export(store->file, hash, why);
}

static void on_work(uv_work_t *request)
{
    struct store *store = store_of(request);
    struct store_work *work = &store->now;
    if (work->stores)
        write_rows(store, work);
    if (work->image.at)
        write_image(store, work);
    if (work->closes) {
        store_file_close(store->file);
        store->file = NULL;
    }
}

/* ---- on the loop ---- */

const char *store_advice(const char *why, bool stops)
{
    if (strstr(why, "damaged-"))
        return "nothing: it is written anew from memory";
    if (strstr(why, "full") || strstr(why, strerror(ENOSPC)) || strstr(why, strerror(EDQUOT)))
        return stops ? "free some disk space before the next start"
                     : "free some disk space; until then what is learned is kept in memory";
    return stops
        ? "make the folder writable for this user before the next start"
        : "make the folder writable for this user; until then what is learned is kept in memory";
}

static void report(struct store *store, const char *path, const char *what, enum err err,
    const char *why, char trouble[STORE_FILE_WHY_MAX])
{
    const struct log *log = &store->host->settings->log;
    if (!err && *trouble)
        log_write(log, LOG_INFO, "the book is written again", LOG_TEXT("file", path));
    else if (err && strcmp(why, trouble) != 0)
        log_write(log, LOG_ERROR, what, LOG_TEXT("file", path), LOG_TEXT("error", why),
            LOG_TEXT("to_do", store_advice(why, store->closing)));
    snprintf(trouble, STORE_FILE_WHY_MAX, "%s", err ? why : "");
}

/* Rows that more follow are not written before those are. */
static void note_stored(struct store *store, const struct store_work *done)
{
    struct host_storing *storing = &store->storing;
    if (!done->store_err && done->rows.more)
        return;
    if (done->store_err && storing->failing_since_ms == 0)
        storing->failing_since_ms = host_now(store->host).wall_ms;
    storing->failures += done->store_err != ERR_OK;
    report(store, store->host->settings->store_path, "cannot store the book", done->store_err,
        done->store_why, storing->why);
    if (!done->store_err)
        *storing = (struct host_storing){.failures = storing->failures};
}

static void tell_stored(struct store *store, struct store_work *done)
{
    struct event event = {.kind = EVENT_STORED};
    event.stored.err = done->store_err;
    event.stored.rows = &done->rows;
    event.stored.detail = done->store_err ? done->store_why : NULL;
    note_stored(store, done);
    host_event(store->host, &event);
    book_free_changes(&done->rows);
}

static void tell_exported(struct store *store, struct store_work *done)
{
    struct event event = {.kind = EVENT_EXPORTED};
    event.exported.err = done->export_err;
    report(store, store->host->settings->book_path, "cannot export the book", done->export_err,
        done->export_why, store->export_trouble);
    host_event(store->host, &event);
    free(done->image.at);
}

static void begin(struct store *store);

static void finished(struct store *store)
{
    struct store_work done = store->now;
    store->working = false;
    if (done.closes)
        store->closed = true;
    if (done.stores)
        tell_stored(store, &done);
    if (done.image.at)
        tell_exported(store, &done);
    begin(store);
}

static void on_finished(uv_work_t *request, int status)
{
    struct store *store = store_of(request);
    struct host *host = store->host;
    (void)status; /* it is never cancelled */
    finished(store);
    host_settle(host);
    host_closed_one(host);
}

static void begin(struct store *store)
{
    struct store_work *next = &store->next;
    bool waits = next->stores || next->image.at;
    if (store->working || (!waits && (!store->closing || store->closed)))
        return;
    store->now = *next;
    store->now.closes = store->closing; /* again, if the node tries again what failed */
    *next = (struct store_work){0};
    store->working = true;
    store->host->open++;
    int code = uv_queue_work(store->host->workspace->loop, &store->request, on_work, on_finished);
    assert(code == 0); /* it fails without a function only */
    (void)code;
}

void store_rows(struct store *store, const struct book_changes *changes)
{
    assert(!store->next.stores); /* the node waits for an answer, but with the last ones */
    store->next.rows = *changes;
    store->next.stores = true;
    begin(store);
}

void store_export(struct store *store, char *image, size_t n)
{
    free(store->next.image.at);
    store->next.image = (struct store_image){image, n};
    begin(store);
}

void store_close(struct store *store)
{
    store->closing = true;
    begin(store);
}
