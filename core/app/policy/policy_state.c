#include "app/policy/policy_state.h"

#include "ops/file.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

_Static_assert(sizeof(((struct policy_state *)0)->cause) >= FILE_CAUSE_MAX, "room for a cause");

/* ---- reading ---- */

/* It goes out of the way of the next saving, whatever is wrong with it. */
static void move_aside(const struct policy_state *keeper, const char *event, const char *why)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.damaged-%lld", keeper->path, (long long)time(NULL));
    bool moved = n > 0 && (size_t)n < sizeof aside && rename(keeper->path, aside) == 0;
    log_write(&keeper->log, LOG_ERROR, event, LOG_TEXT("file", keeper->path),
        LOG_TEXT("error", why), LOG_TEXT("moved_to", moved ? aside : "-"));
}

static void restore(const struct policy_state *keeper)
{
    char cause[FILE_CAUSE_MAX];
    struct file_text file;
    struct script_error error;
    enum err err = file_read(keeper->path, POLICY_STATE_MAX, true, &file, cause);
    if (err == ERR_NOT_FOUND)
        return;
    if (err != ERR_OK) {
        move_aside(keeper, "the policy's saved state cannot be used, it starts without", cause);
        return;
    }
    if (script_import(keeper->script, span_of(file.text, file.n), &error) != ERR_OK)
        move_aside(
            keeper, "the policy's saved state does not fit, it starts without", error.message);
    free(file.text);
}

void policy_state_open(
    struct policy_state *keeper, char *path, struct script *script, const struct log *log)
{
    struct script_error ignored;
    *keeper = (struct policy_state){.path = path, .script = script, .log = *log, .is_open = true};
    restore(keeper);
    script_export(script, &keeper->written, &ignored);
}

/* ---- writing ---- */

static enum err replace_file(struct policy_state *keeper)
{
    return file_replace(
        keeper->path, 0600, keeper->writing, strlen(keeper->writing), keeper->cause);
}

/* What is to be written, or NULL: nothing has changed, or the policy's state does not fit. */
static char *changed(struct policy_state *keeper)
{
    char *text = NULL;
    struct script_error error;
    if (script_export(keeper->script, &text, &error) != ERR_OK) {
        if (!keeper->failed)
            log_write(&keeper->log, LOG_ERROR, "the policy's state cannot be saved",
                LOG_TEXT("error", error.message));
        keeper->failed = true;
        return NULL;
    }
    if (!keeper->written || strcmp(text, keeper->written) != 0)
        return text;
    free(text);
    return NULL;
}

static void note_written(struct policy_state *keeper)
{
    if (keeper->err == ERR_OK) {
        free(keeper->written);
        keeper->written = keeper->writing;
    } else {
        if (!keeper->failed)
            log_write(&keeper->log, LOG_ERROR, "the policy's state was not saved",
                LOG_TEXT("file", keeper->path), LOG_TEXT("error", keeper->cause));
        free(keeper->writing);
    }
    keeper->failed = keeper->err != ERR_OK;
    keeper->writing = NULL;
}

static void on_closed(uv_handle_t *handle)
{
    struct policy_state *keeper = handle->data;
    keeper->closed(keeper->context);
}

static void finish(struct policy_state *keeper)
{
    if ((keeper->writing = changed(keeper))) {
        keeper->err = replace_file(keeper);
        note_written(keeper);
    }
    uv_close((uv_handle_t *)&keeper->timer, on_closed);
}

static void write_on_worker(uv_work_t *work)
{
    struct policy_state *keeper = work->data;
    keeper->err = replace_file(keeper);
}

static void on_written(uv_work_t *work, int status)
{
    struct policy_state *keeper = work->data;
    (void)status;
    keeper->is_busy = false;
    note_written(keeper);
    if (keeper->is_closing)
        finish(keeper);
}

static void on_due(uv_timer_t *timer)
{
    struct policy_state *keeper = timer->data;
    if (keeper->is_busy || !(keeper->writing = changed(keeper)))
        return;
    keeper->work.data = keeper;
    keeper->is_busy = uv_queue_work(timer->loop, &keeper->work, write_on_worker, on_written) == 0;
    if (keeper->is_busy)
        return;
    free(keeper->writing);
    keeper->writing = NULL;
}

void policy_state_start(struct policy_state *keeper, uv_loop_t *loop, int64_t interval_ms)
{
    uv_timer_init(loop, &keeper->timer);
    keeper->timer.data = keeper;
    uv_timer_start(&keeper->timer, on_due, (uint64_t)interval_ms, (uint64_t)interval_ms);
}

void policy_state_close(struct policy_state *keeper, void (*closed)(void *context), void *context)
{
    keeper->closed = closed;
    keeper->context = context;
    keeper->is_closing = true;
    uv_timer_stop(&keeper->timer);
    if (!keeper->is_busy)
        finish(keeper);
}

void policy_state_free(struct policy_state *keeper)
{
    free(keeper->path);
    free(keeper->written);
    free(keeper->writing);
    *keeper = (struct policy_state){0};
}
