#include "app/run/runner_inside.h"

#include "uv/machine.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct script_settings runner_script_settings(const struct runner *runner)
{
    const struct settings *settings = runner->options.settings;
    struct script_settings made = script_settings_default();
    made.instructions_max = (uint64_t)settings->policy.instructions_max;
    made.memory_max = (size_t)settings->policy.memory_max;
    made.fuse_ms = (int)settings->policy.fuse_ms;
    made.turn_fuse_ms = (int)settings->policy.turn_fuse_ms;
    made.clock_ns = machine_clock_ns;
    made.cpu_ns = machine_cpu_ns;
    made.log = runner->options.log;
    return made;
}

void runner_policy_changed(struct runner *runner)
{
    struct script_stats stats;
    script_stats(runner->script, &stats);
    host_policy_loaded(runner->host, stats.name);
}

void runner_policy_loaded(struct runner *runner)
{
    struct script_stats stats;
    char text[HAPPENING_TEXT_MAX + 1];
    script_stats(runner->script, &stats);
    snprintf(text, sizeof text, "%s v%" PRId64 " %s%s%s", stats.name, stats.version, stats.hash,
        *stats.state ? ", state " : "", stats.state);
    journal_note(
        runner->journal, machine_now(runner->options.workspace->loop), HAPPENING_POLICY, text);
    runner_policy_changed(runner);
}

void runner_policy_refused(struct runner *runner, const struct script_error *error)
{
    char text[SCRIPT_ERROR_TEXT_MAX];
    log_write(&runner->options.log, LOG_ERROR, "policy not loaded",
        log_text_if_any("file", *error->file ? error->file : runner->policy_path),
        log_number_if_any("line", error->line), LOG_TEXT("error", error->message));
    journal_note(runner->journal, machine_now(runner->options.workspace->loop),
        HAPPENING_POLICY_REFUSED, script_error_text(error, text));
}

void runner_note_taken_back(struct runner *runner)
{
    const struct script_refusal *refusal = script_refused(runner->script);
    if (!refusal || !refusal->taken_back || refusal->time <= runner->taken_back_s)
        return;
    runner->taken_back_s = refusal->time;
    struct script_stats stats;
    char why[SCRIPT_ERROR_TEXT_MAX], text[HAPPENING_TEXT_MAX + 1];
    script_stats(runner->script, &stats);
    snprintf(text, sizeof text, "%.*s %s, after %.250s", SCRIPT_NAME_MAX, stats.name, stats.hash,
        script_error_text(&refusal->error, why));
    journal_note(
        runner->journal, machine_now(runner->options.workspace->loop), HAPPENING_ROLLED_BACK, text);
    if (runner->options.taken_back)
        runner->options.taken_back(runner->options.taken_back_context, why);
}

static void on_reloaded(void *context, const struct script_error *error)
{
    struct runner *runner = context;
    char why[SCRIPT_ERROR_TEXT_MAX];
    if (error) /* the previous one goes on answering */
        runner_policy_refused(runner, error);
    else
        runner_policy_loaded(runner);
    if (runner->options.reloaded)
        runner->options.reloaded(
            runner->options.reloaded_context, error ? script_error_text(error, why) : NULL);
}

void runner_reload_policy(struct runner *runner)
{
    if (runner->policy_path && runner->is_started)
        policy_loader_reload(&runner->loader);
}

static void changed(void *context, const char *path)
{
    (void)path;
    runner_reload_policy(context);
}

void runner_watch_policy(struct runner *runner, struct ops *ops)
{
    if (ops && runner->policy_path && runner->options.settings->policy.watch)
        ops_watch(ops, runner->policy_path, changed, runner);
}

static enum err take_path(struct runner *runner)
{
    const struct settings *settings = runner->options.settings;
    char *path = settings_path(settings, settings->policy.file);
    if (!path)
        return ERR_NO_MEMORY;
    policy_loader_follow(&runner->loader, path);
    free(runner->policy_path);
    runner->policy_path = path;
    return ERR_OK;
}

enum err runner_follow_policy(struct runner *runner, struct ops *ops)
{
    enum err err = take_path(runner);
    if (err)
        return err;
    if (ops)
        ops_unwatch(ops, runner);
    runner_watch_policy(runner, ops);
    return ERR_OK;
}

static enum err load_policy(struct runner *runner, struct script_error *error)
{
    enum err err = take_path(runner);
    return err ? err : policy_loader_load(&runner->loader, error);
}

static enum err open_state(struct runner *runner)
{
    if (runner->options.keeps_no_store)
        return ERR_OK;
    char *path = settings_path(runner->options.settings, POLICY_STATE_FILE);
    if (!path)
        return ERR_NO_MEMORY;
    policy_state_open(&runner->state, path, runner->script, &runner->options.log);
    return ERR_OK;
}

enum err runner_open_policy(struct runner *runner, char *why)
{
    const struct script_settings made = runner_script_settings(runner);
    struct script_error error = {0};
    char text[SCRIPT_ERROR_TEXT_MAX];
    int folder_n = 0;
    enum err err = script_new(&made, &runner->script, &error);
    runner->loader = (struct policy_loader){.loop = runner->options.workspace->loop,
        .script = runner->script,
        .settings = made,
        .done = on_reloaded,
        .context = runner};
    if (!err && *runner->options.settings->policy.file)
        err = load_policy(runner, &error);
    /* The file lies beside the policy, unless it is in the binary. */
    const char *slash = runner->policy_path ? strrchr(runner->policy_path, '/') : NULL;
    if (slash && *error.file && !strchr(error.file, '/'))
        folder_n = (int)(slash + 1 - runner->policy_path);
    if (err && *error.message)
        snprintf(why, RUNNER_WHY_MAX, "%.*s%s", folder_n, folder_n ? runner->policy_path : "",
            script_error_text(&error, text));
    return err ? err : open_state(runner);
}
