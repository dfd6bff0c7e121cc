#include "app/policy_loader.h"

#include <stdio.h>
#include <time.h>

static enum err read_files(struct policy_loader *loader, struct script_error *error)
{
    char cause[POLICY_CAUSE_MAX];
    *error = (struct script_error){.outcome = SCRIPT_ERROR};
    loader->files = (struct policy_files){0};
    enum err err = policy_files_read(loader->path, &loader->files, cause);
    if (err)
        snprintf(error->message, sizeof error->message, "%.*s", SCRIPT_MESSAGE_MAX, cause);
    return err;
}

static enum err load_files(struct policy_loader *loader, struct script_error *error)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    double seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    return script_load(loader->script, &loader->files.source, seconds, error);
}

enum err policy_loader_load(struct policy_loader *loader, struct script_error *error)
{
    enum err err = read_files(loader, error);
    if (!err)
        err = load_files(loader, error);
    policy_files_free(&loader->files);
    return err;
}

static void try_out(uv_work_t *work)
{
    struct policy_loader *loader = work->data;
    loader->err = read_files(loader, &loader->error);
    if (!loader->err)
        loader->err = script_check(&loader->settings, &loader->files.source, NULL, &loader->error);
}

static void on_tried(uv_work_t *work, int status)
{
    struct policy_loader *loader = work->data;
    (void)status;
    loader->is_busy = false;
    if (!loader->is_closing && !loader->err)
        loader->err = load_files(loader, &loader->error);
    policy_files_free(&loader->files);
    if (loader->is_closing) {
        loader->closed(loader->context);
        return;
    }
    loader->done(loader->context, loader->err ? &loader->error : NULL);
    if (loader->is_again)
        policy_loader_reload(loader);
}

void policy_loader_reload(struct policy_loader *loader)
{
    loader->is_again = loader->is_busy;
    if (loader->is_busy || loader->is_closing)
        return;
    loader->settings.log = (struct log){.level = LOG_NONE}; /* the trial is on another thread */
    loader->work.data = loader;
    loader->is_busy = uv_queue_work(loader->loop, &loader->work, try_out, on_tried) == 0;
}

void policy_loader_close(struct policy_loader *loader)
{
    loader->is_closing = true;
    if (!loader->is_busy)
        loader->closed(loader->context);
}
