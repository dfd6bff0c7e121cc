#include "app/policy/policy_loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum err read_files(
    struct policy_loader *loader, const char *path, struct script_error *error)
{
    char cause[POLICY_CAUSE_MAX];
    *error = (struct script_error){.outcome = SCRIPT_ERROR};
    loader->files = (struct policy_files){0};
    enum err err = policy_files_read(path, &loader->files, cause);
    if (err)
        snprintf(error->message, sizeof error->message, "%.*s", SCRIPT_MESSAGE_MAX, cause);
    return err;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

enum err policy_loader_load(struct policy_loader *loader, struct script_error *error)
{
    enum err err = read_files(loader, loader->path, error);
    if (!err)
        err = script_load(loader->script, &loader->files.source, now_s(), error);
    policy_files_free(&loader->files);
    return err;
}

static void try_out(uv_work_t *work)
{
    struct policy_loader *loader = work->data;
    loader->err = read_files(loader, loader->reading, &loader->error);
    if (!loader->err)
        loader->err = script_prepare(
            &loader->settings, &loader->files.source, &loader->prepared, NULL, &loader->error);
    policy_files_free(&loader->files);
}

static void on_tried(uv_work_t *work, int status)
{
    struct policy_loader *loader = work->data;
    (void)status;
    loader->is_busy = false;
    free(loader->reading);
    if (loader->is_closing || loader->is_stale)
        script_prepared_free(loader->prepared);
    else if (!loader->err)
        loader->err = script_adopt(loader->script, loader->prepared, now_s(), &loader->error);
    else
        script_note_refused(loader->script, &loader->error, now_s());
    loader->prepared = NULL;
    if (loader->is_closing) {
        loader->closed(loader->context);
        return;
    }
    if (!loader->is_stale)
        loader->done(loader->context, loader->err ? &loader->error : NULL);
    if (loader->is_again)
        policy_loader_reload(loader);
}

void policy_loader_reload(struct policy_loader *loader)
{
    loader->is_again = loader->is_busy;
    if (!loader->path || loader->is_busy || loader->is_closing)
        return;
    loader->is_stale = false;
    loader->prepared = NULL;
    loader->reading = strdup(loader->path);
    loader->settings.log = (struct log){.level = LOG_NONE}; /* the trial is on another thread */
    loader->work.data = loader;
    loader->is_busy =
        loader->reading && uv_queue_work(loader->loop, &loader->work, try_out, on_tried) == 0;
    if (!loader->is_busy)
        free(loader->reading);
}

void policy_loader_follow(struct policy_loader *loader, const char *path)
{
    loader->path = path;
    loader->is_stale = loader->is_busy;
}

void policy_loader_close(struct policy_loader *loader)
{
    loader->is_closing = true;
    if (!loader->is_busy)
        loader->closed(loader->context);
}
