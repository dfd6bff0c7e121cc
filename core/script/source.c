#include "script/source.h"

#include "base/embedded.h"
#include "crypto/hash.h"
#include "script/example.h"
#include "script/runtime.h"

#include <stdio.h>
#include <stdlib.h>

void source_error(struct script_error *error, const char *message)
{
    *error = (struct script_error){.outcome = SCRIPT_ERROR};
    snprintf(error->message, sizeof error->message, "%s", message);
}

enum err script_builtin(const char *name, struct script_source *source)
{
    char path[SCRIPT_NAME_MAX + sizeof "policies/.lua"];
    snprintf(path, sizeof path, "policies/%.*s.lua", SCRIPT_NAME_MAX, name);
    const struct embedded_file *file = embedded_find(path);
    if (!file)
        return ERR_NOT_FOUND;
    *source = (struct script_source){.name = file->name, .text = span_of(file->text, file->size)};
    return ERR_OK;
}

static enum err check_size(const struct script_source *source, struct script_error *error)
{
    size_t size = source->text.n;
    for (size_t i = 0; i < source->files_n && size <= SCRIPT_SOURCE_MAX; i++)
        size += source->files[i].text.n;
    if (size <= SCRIPT_SOURCE_MAX)
        return ERR_OK;
    source_error(error, "the policy's files are larger than 256 KiB");
    return ERR_TOO_LONG;
}

static char *put_bytes(char *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static char *put_text(char *at, const char *text, const char **copy)
{
    *copy = at;
    return put_bytes(at, text, strlen(text) + 1);
}

static char *put_span(char *at, struct span *span)
{
    struct span copy = span_of(at, span->n);
    at = span->n > 0 ? put_bytes(at, span->at, span->n) : at;
    *span = copy;
    return at;
}

enum err source_copy(const struct script_source *source, struct script_source **out)
{
    size_t files_n = source->files_n;
    size_t size =
        sizeof **out + files_n * sizeof *source->files + strlen(source->name) + 1 + source->text.n;
    for (size_t i = 0; i < files_n; i++)
        size += strlen(source->files[i].name) + 1 + source->files[i].text.n;
    struct script_source *copy = malloc(size);
    if (!copy)
        return ERR_NO_MEMORY;
    *copy = *source;
    struct script_file *files = (struct script_file *)(copy + 1);
    char *at = (char *)(files + files_n);
    copy->files = files;
    at = put_text(at, source->name, &copy->name);
    at = put_span(at, &copy->text);
    for (size_t i = 0; i < files_n; i++) {
        files[i] = source->files[i];
        at = put_text(at, source->files[i].name, &files[i].name);
        at = put_span(at, &files[i].text);
    }
    *out = copy;
    return ERR_OK;
}

void source_hash(const struct script_source *source, char text[SCRIPT_HASH_TEXT + 1])
{
    uint8_t digest[64]; /* of all files so far, and of the next one */
    sha256(source->text, digest);
    for (size_t i = 0; i < source->files_n; i++) {
        sha256(source->files[i].text, digest + 32);
        sha256(span_of(digest, sizeof digest), digest);
    }
    for (int i = 0; i < SCRIPT_HASH_TEXT / 2; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* An error without a place of its own is somewhere in the main file. */
static void name_file(struct script_error *error, const struct script_source *source)
{
    if (!error->file[0] && source)
        snprintf(error->file, sizeof error->file, "%s", source->name);
}

enum err source_load(const struct script_settings *settings, const struct script_source *source,
    const char *name, struct vm **out, struct script_error *error)
{
    struct vm *vm;
    enum err err = vm_new(settings, &vm, error);
    if (err != ERR_OK)
        return err;
    vm->is_builtin = source == NULL;
    if (runtime_load(vm, source, name) != SCRIPT_OK) {
        *error = vm->error;
        name_file(error, source);
        vm_free(vm);
        return ERR_SCRIPT;
    }
    *out = vm;
    return ERR_OK;
}

static enum err run_examples(struct vm *vm, struct script_error *error)
{
    for (unsigned i = 0; i < vm->examples_n; i++) {
        if (example_run(vm, i) == SCRIPT_OK)
            continue;
        *error = vm->error;
        return ERR_SCRIPT;
    }
    return ERR_OK;
}

/* Those that no example asks. */
static enum err try_hooks(struct vm *vm, struct script_error *error)
{
    struct script_report report;
    runtime_report(vm, &report);
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        bool is_asked = !report.defines[hook] || report.examples[hook] > 0;
        if (is_asked || example_run_defaults(vm, hook) == SCRIPT_OK)
            continue;
        *error = vm->error;
        return ERR_SCRIPT;
    }
    return ERR_OK;
}

static enum err try_once(struct vm *vm, struct script_error *error)
{
    enum err err = run_examples(vm, error);
    return err == ERR_OK && vm->settings->tries_hooks ? try_hooks(vm, error) : err;
}

static enum err try_twice(struct vm *vm, struct script_error *error)
{
    enum err err = try_once(vm, error);
    if (err != ERR_OK || (err = try_once(vm, error)) == ERR_OK)
        return err;
    char first[SCRIPT_MESSAGE_MAX + 1];
    snprintf(first, sizeof first, "%s", error->message);
    snprintf(error->message, sizeof error->message, "%.200s, when run again", first);
    return err;
}

enum err script_check(const struct script_settings *settings, const struct script_source *source,
    struct script_report *report, struct script_error *error)
{
    struct vm *vm;
    enum err err = check_size(source, error);
    if (err == ERR_OK)
        err = source_load(settings, source, NULL, &vm, error);
    if (err != ERR_OK)
        return err;
    runtime_note_locals(vm);
    err = try_twice(vm, error);
    if (err != ERR_OK)
        name_file(error, source);
    else if (report)
        runtime_report(vm, report);
    vm_free(vm);
    return err;
}
