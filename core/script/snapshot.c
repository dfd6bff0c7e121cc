#include "script/snapshot.h"

#include "script/runtime.h"
#include "script/script_inside.h"

#include <stdlib.h>

#define FILES_MAX 256
#define STATE_MAX (1024 * 1024) /* more than can be exported */

/* ---- state ---- */

static void write_state(struct codec *codec, struct vm *vm)
{
    char *text = NULL;
    if (vm && runtime_export(vm, &text) != SCRIPT_OK)
        codec->err = ERR_SCRIPT;
    struct span span = text ? span_of_text(text) : (struct span){0};
    code_span(codec, &span, STATE_MAX);
    free(text);
}

static enum err read_state(struct codec *codec, struct vm *vm, struct script_error *error)
{
    struct span text = {0};
    code_span(codec, &text, STATE_MAX);
    if (codec->err || !vm || text.n == 0 || runtime_import(vm, text) == SCRIPT_OK)
        return codec->err;
    *error = vm->error;
    return ERR_SCRIPT;
}

/* ---- source ---- */

static void code_name(struct codec *codec, const char **name)
{
    struct span span = codec->reading ? (struct span){0} : span_of(*name, strlen(*name) + 1);
    code_span(codec, &span, SCRIPT_SOURCE_MAX);
    if (!codec->reading)
        return;
    if (span.n == 0 || memchr(span.at, 0, span.n) != span.at + span.n - 1)
        codec_refuse(codec);
    *name = codec->err ? "" : (const char *)span.at;
}

static void code_source(struct codec *codec, struct script_source *source, struct script_file *room)
{
    code_name(codec, &source->name);
    code_span(codec, &source->text, SCRIPT_SOURCE_MAX);
    source->files_n = code_count(codec, (uint32_t)source->files_n, FILES_MAX);
    if (codec->reading)
        source->files = room;
    for (size_t i = 0; i < source->files_n && !codec->err; i++) {
        struct script_file *file = (struct script_file *)&source->files[i];
        code_name(codec, &file->name);
        code_span(codec, &file->text, SCRIPT_SOURCE_MAX);
    }
}

/* ---- limits and failures ---- */

static void code_limits(struct codec *codec, struct script_settings *settings)
{
    code_u64(codec, &settings->instructions_max);
    code_size(codec, &settings->memory_max);
}

static void code_failures(struct codec *codec, struct script *script)
{
    struct generation *now = script->now;
    code_u32(codec, &script->generation);
    code_double(codec, &now->loaded_at);
    code_bool(codec, &now->on_probation);
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        code_u32(codec, &now->failures[hook]);
        code_bool(codec, &now->fallen_back[hook]);
    }
}

/* ---- all ---- */

void script_snapshot_write(struct codec *codec, struct script *script)
{
    code_limits(codec, &script->settings);
    code_source(codec, script->now->source, NULL);
    write_state(codec, script->now->live);
    write_state(codec, script->now->base);
    write_state(codec, script->pristine);
    code_failures(codec, script);
}

static enum err load(struct script *script, const struct script_source *source, struct codec *codec,
    struct script_error *error)
{
    enum err err = script_load(script, source, 0, error);
    if (!err)
        err = read_state(codec, script->now->live, error);
    if (!err)
        err = read_state(codec, script->now->base, error);
    if (!err)
        err = read_state(codec, script->pristine, error);
    if (!err)
        code_failures(codec, script);
    return err ? err : codec_end(codec);
}

enum err script_snapshot_read(struct codec *codec, const struct script_settings *host,
    struct script **out, struct script_error *error)
{
    struct script_settings settings = *host;
    struct script_source source = {0};
    struct script_file files[FILES_MAX];
    struct script *script;
    *error = (struct script_error){0};
    code_limits(codec, &settings);
    code_source(codec, &source, files);
    if (codec->err)
        return codec->err;
    enum err err = script_new(&settings, &script, error);
    if (err)
        return err;
    err = load(script, &source, codec, error);
    if (err)
        script_free(script);
    else
        *out = script;
    return err;
}

enum err script_snapshot_carry(
    struct codec *codec, struct script *script, struct script_error *error)
{
    struct script_settings settings;
    struct script_source source = {0};
    struct script_file files[FILES_MAX];
    *error = (struct script_error){0};
    code_limits(codec, &settings);
    code_source(codec, &source, files);
    return codec->err ? codec->err : read_state(codec, script->now->live, error);
}
