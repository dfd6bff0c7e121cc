#include "app/run/runner_inside.h"

#include "uv/machine.h"
#include <stdio.h>

struct script_settings runner_script_settings(const struct runner *runner)
{
    const struct settings *settings = runner->options.settings;
    struct script_settings made = script_settings_default();
    made.instructions_max = (uint64_t)settings->policy.instructions_max;
    made.memory_max = (size_t)settings->policy.memory_max;
    made.fuse_ms = (int)settings->policy.fuse_ms;
    made.turn_fuse_ms = (int)settings->policy.turn_fuse_ms;
    made.clock_ns = machine_clock_ns;
    made.log = runner->options.log;
    return made;
}

static const char *file_of(const struct runner *runner, const struct script_error *error)
{
    return *error->file ? error->file : runner->policy_path;
}

static void describe(const struct runner *runner, const struct script_error *error, char *why)
{
    if (error->line > 0)
        snprintf(
            why, RUNNER_WHY_MAX, "%s:%d: %s", file_of(runner, error), error->line, error->message);
    else if (*error->file)
        snprintf(why, RUNNER_WHY_MAX, "%s: %s", error->file, error->message);
    else
        snprintf(why, RUNNER_WHY_MAX, "%s", error->message);
}

void runner_policy_loaded(struct runner *runner)
{
    struct script_stats stats;
    script_stats(runner->script, &stats);
    host_policy_loaded(runner->host, stats.name);
}

static void on_reloaded(void *context, const struct script_error *error)
{
    struct runner *runner = context;
    char why[RUNNER_WHY_MAX] = "";
    if (!error) {
        runner_policy_loaded(runner);
    } else { /* the previous one goes on answering */
        log_write(&runner->options.log, LOG_ERROR, "policy not loaded",
            LOG_TEXT("file", file_of(runner, error)), LOG_NUMBER("line", error->line),
            LOG_TEXT("error", error->message));
        describe(runner, error, why);
    }
    if (runner->options.reloaded)
        runner->options.reloaded(runner->options.reloaded_context, error ? why : NULL);
}

void runner_reload_policy(struct runner *runner)
{
    if (runner->policy_path && runner->is_started)
        policy_loader_reload(&runner->loader);
}

static enum err load_policy(
    struct runner *runner, const struct script_settings *made, struct script_error *error)
{
    const struct settings *settings = runner->options.settings;
    runner->policy_path = settings_path(settings, settings->policy.file);
    if (!runner->policy_path)
        return ERR_NO_MEMORY;
    runner->loader = (struct policy_loader){
        .loop = runner->options.workspace->loop,
        .path = runner->policy_path,
        .script = runner->script,
        .settings = *made,
        .done = on_reloaded,
    };
    return policy_loader_load(&runner->loader, error);
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
    enum err err = script_new(&made, &runner->script, &error);
    if (!err && *runner->options.settings->policy.file)
        err = load_policy(runner, &made, &error);
    runner->loader.context = runner;
    if (err && *error.message)
        describe(runner, &error, why);
    return err ? err : open_state(runner);
}
