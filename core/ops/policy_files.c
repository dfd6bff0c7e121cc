#include "ops/policy_files.h"

#include "ops/file.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct reading {
    struct policy_files *files;
    const char *main_name; /* the policy's own file */
    char folder[PATH_MAX];
    size_t size; /* bytes so far */
    char *cause;
};

static enum err fail(char *cause, enum err err, const char *path, const char *why)
{
    snprintf(cause, POLICY_CAUSE_MAX, "%.700s: %.300s", path, why);
    return err;
}

/* ---- one file ---- */

static enum err read_text(struct reading *reading, const char *name, struct span *text)
{
    char path[PATH_MAX + NAME_MAX + 2], why[FILE_CAUSE_MAX];
    struct file_text file;
    const char *slash = strcmp(reading->folder, "/") == 0 ? "" : "/";
    snprintf(path, sizeof path, "%s%s%s", reading->folder, slash, name);
    enum err err = file_read(path, SCRIPT_SOURCE_MAX, true, &file, why);
    if (err)
        return fail(reading->cause, err, path, why);
    reading->size += file.n;
    if (reading->size > SCRIPT_SOURCE_MAX) {
        free(file.text);
        return fail(reading->cause, ERR_TOO_LONG, path,
            "with this file the policy and what is beside it exceed 256 KiB");
    }
    *text = span_of(file.text, file.n);
    return ERR_OK;
}

/* Bytes of NAME in "NAME.lua"; 0 when `require` cannot ask for it. */
static size_t module_length(const char *file_name)
{
    size_t n = strspn(file_name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return strcmp(file_name + n, ".lua") == 0 ? n : 0;
}

static enum err read_beside(struct reading *reading, const char *name)
{
    struct script_source *source = &reading->files->source;
    if (source->files_n == POLICY_FILES_MAX)
        return fail(reading->cause, ERR_TOO_LONG, reading->folder, "holds more than 64 .lua files");
    struct span text;
    enum err err = read_text(reading, name, &text);
    if (err)
        return err;
    char *module = strndup(name, module_length(name));
    if (!module) {
        free((void *)text.at);
        return fail(reading->cause, ERR_NO_MEMORY, name, "out of memory");
    }
    reading->files->files[source->files_n++] = (struct script_file){module, text};
    return ERR_OK;
}

/* ---- the folder ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_module(const struct dirent *entry)
{
    return module_length(entry->d_name) > 0;
}

static enum err check_folder(struct reading *reading)
{
    struct stat info;
    if (stat(reading->folder, &info) != 0)
        return fail(reading->cause, ERR_IO, reading->folder, strerror(errno));
    if ((info.st_mode & S_IWOTH) && !(info.st_mode & S_ISVTX))
        return fail(reading->cause, ERR_INVALID, reading->folder,
            "everybody may write this folder, so also replace the policy in it; run chmod o-w on "
            "it");
    return ERR_OK;
}

static enum err read_folder(struct reading *reading)
{
    struct dirent **entries;
    int n = scandir(reading->folder, &entries, is_module, by_name);
    if (n < 0)
        return fail(reading->cause, ERR_IO, reading->folder, strerror(errno));
    enum err err = ERR_OK;
    for (int i = 0; i < n; i++) {
        if (!err && strcmp(entries[i]->d_name, reading->main_name) != 0)
            err = read_beside(reading, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return err;
}

static enum err read_all(struct reading *reading)
{
    enum err err = check_folder(reading);
    if (!err)
        err = read_text(reading, reading->main_name, &reading->files->source.text);
    return err ? err : read_folder(reading);
}

enum err policy_files_read(const char *path, struct policy_files *files, char *cause)
{
    struct reading reading = {.cause = cause};
    const char *slash = strrchr(path, '/');
    reading.main_name = slash ? slash + 1 : path;
    size_t folder_n = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (folder_n >= sizeof reading.folder)
        return fail(cause, ERR_INVALID, "policy", "the path is too long");
    snprintf(reading.folder, sizeof reading.folder, "%.*s", slash ? (int)folder_n : 1,
        slash ? path : ".");

    struct policy_files fresh = {.files = calloc(POLICY_FILES_MAX, sizeof *fresh.files)};
    reading.files = &fresh;
    fresh.source.name = strdup(reading.main_name);
    fresh.source.files = fresh.files;
    enum err err = fresh.files && fresh.source.name
        ? read_all(&reading)
        : fail(cause, ERR_NO_MEMORY, path, "out of memory");
    if (err)
        policy_files_free(&fresh);
    else
        *files = fresh;
    return err;
}

void policy_files_free(struct policy_files *files)
{
    for (size_t i = 0; i < files->source.files_n; i++) {
        free((void *)files->files[i].name);
        free((void *)files->files[i].text.at);
    }
    free(files->files);
    free((void *)files->source.text.at);
    free((void *)files->source.name);
    *files = (struct policy_files){0};
}
