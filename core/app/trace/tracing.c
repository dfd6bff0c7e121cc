#include "app/trace/tracing.h"

#include "script/snapshot.h"
#include <stdlib.h>

static void save_policy(void *context, struct now now, struct codec *codec)
{
    script_snapshot_write(codec, context, (double)now.wall_ms / 1000);
}

static uint64_t policy_revision(void *context)
{
    return script_revision(context);
}

static enum err open(struct tracing *tracing, const struct settings *settings,
    struct script *script, const struct tags *tags, const struct log *log, const char *path,
    char *why, size_t cap)
{
    enum err err =
        trace_file_open(path, (uint32_t)settings->trace.files_max, &tracing->file, why, cap);
    if (err)
        return err;
    const struct recorder_settings made = {
        .segment_ms = settings->trace.segment_ms,
        .file_max = (uint64_t)settings->trace.size_max,
        .version = LUAPEX_VERSION,
        .tags = tags,
        .sink = trace_file_sink(tracing->file),
        .save_policy = save_policy,
        .policy_revision = policy_revision,
        .context = script,
        .log = *log,
    };
    tracing->recorder = recorder_new(&made, script_policy(script));
    return tracing->recorder ? ERR_OK : ERR_NO_MEMORY;
}

enum err tracing_open(struct tracing *tracing, const struct settings *settings,
    struct script *script, const struct tags *tags, const struct log *log, char *why, size_t cap)
{
    if (!*settings->trace.file)
        return ERR_OK;
    char *path = settings_path(settings, settings->trace.file);
    enum err err =
        path ? open(tracing, settings, script, tags, log, path, why, cap) : ERR_NO_MEMORY;
    if (!err)
        log_write(log, LOG_INFO, "tracing", LOG_TEXT("file", path),
            LOG_NUMBER("size_max", settings->trace.size_max),
            LOG_NUMBER("files_max", settings->trace.files_max));
    free(path);
    return err;
}

struct policy *tracing_policy(const struct tracing *tracing, struct policy *policy)
{
    return tracing->recorder ? recorder_policy(tracing->recorder) : policy;
}

void tracing_start(struct tracing *tracing, struct node *node)
{
    if (!tracing->recorder)
        return;
    node_observe(node, recorder_observer(tracing->recorder));
    recorder_start(tracing->recorder, node);
}

void tracing_close(struct tracing *tracing)
{
    if (tracing->recorder)
        recorder_stop(tracing->recorder, "the node stopped");
    trace_file_close(tracing->file);
    recorder_free(tracing->recorder);
    *tracing = (struct tracing){0};
}
