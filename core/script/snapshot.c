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
    if (codec->err || !vm || text.n == 0 || runtime_import(vm, text, NULL) == SCRIPT_OK)
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
    if (codec->reading &&
        (settings->instructions_max > SCRIPT_INSTRUCTIONS_MAX ||
            settings->memory_max > SCRIPT_MEMORY_MAX))
        codec_refuse(codec);
}

static void code_failures(struct codec *codec, struct generation *generation)
{
    code_double(codec, &generation->loaded_at);
    code_bool(codec, &generation->on_probation);
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        code_u32(codec, &generation->failures[hook]);
        code_bool(codec, &generation->fallen_back[hook]);
    }
}

/* ---- generations ---- */

static void write_generation(struct codec *codec, struct generation *generation)
{
    code_source(codec, generation->source, NULL);
    write_state(codec, generation->live);
    write_state(codec, generation->base);
    code_failures(codec, generation);
}

/* In place of *generation. */
static enum err read_generation(struct codec *codec, const struct script_settings *settings,
    struct generation **generation, struct script_error *error)
{
    struct script_source source = {0};
    struct script_file files[FILES_MAX];
    code_source(codec, &source, files);
    if (codec->err)
        return codec->err;
    generation_free(*generation);
    *generation = NULL;
    enum err err = generation_new(settings, &source, NULL, generation, error);
    if (!err)
        err = read_state(codec, (*generation)->live, error);
    if (!err)
        err = read_state(codec, (*generation)->base, error);
    if (!err)
        code_failures(codec, *generation);
    return err ? err : codec->err;
}

/* ---- all ---- */

void script_snapshot_write(struct codec *codec, struct script *script, double now)
{
    bool may_return = script->previous && generation_may_be_taken_back(script->now, now);
    code_limits(codec, &script->settings);
    write_generation(codec, script->now);
    write_state(codec, script->pristine);
    code_u32(codec, &script->generation);
    code_bool(codec, &may_return);
    if (may_return)
        write_generation(codec, script->previous);
}

static enum err read_script(struct codec *codec, struct script *script, struct script_error *error)
{
    bool may_return = false;
    enum err err = read_generation(codec, &script->settings, &script->now, error);
    if (!err)
        err = read_state(codec, script->pristine, error);
    code_u32(codec, &script->generation);
    code_bool(codec, &may_return);
    if (!err && may_return)
        err = read_generation(codec, &script->settings, &script->previous, error);
    return err ? err : codec_end(codec);
}

enum err script_snapshot_read(struct codec *codec, const struct script_settings *host,
    struct script **out, struct script_error *error)
{
    struct script_settings settings = *host;
    struct script *script;
    *error = (struct script_error){0};
    code_limits(codec, &settings);
    if (codec->err)
        return codec->err;
    enum err err = script_new(&settings, &script, error);
    if (err)
        return err;
    err = read_script(codec, script, error);
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
