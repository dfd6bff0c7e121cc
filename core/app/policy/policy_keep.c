#include "app/policy/policy_keep.h"

#include "app/settings/settings_save.h"
#include "ops/file.h"
#include "script/source.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "data/policy"

static enum err make_folder(const struct settings *settings, const char *folder, char *cause)
{
    char *path = settings_path(settings, folder);
    enum err err = ERR_OK;
    if (!path || (mkdir(path, 0700) != 0 && errno != EEXIST)) {
        snprintf(cause, POLICY_KEEP_CAUSE_MAX, "%.300s: %s", folder, strerror(errno));
        err = ERR_IO;
    }
    free(path);
    return err;
}

/* The same text may be there already. */
static enum err write_text(const struct settings *settings, const char *folder, const char *name,
    struct span text, char *cause)
{
    char relative[POLICY_KEEP_PATH_MAX], why[FILE_CAUSE_MAX] = "out of memory";
    snprintf(relative, sizeof relative, "%s/%s", folder, name);
    char *path = settings_path(settings, relative);
    enum err err =
        path ? file_replace(path, 0600, (const char *)text.at, text.n, why) : ERR_NO_MEMORY;
    free(path);
    if (err)
        snprintf(cause, POLICY_KEEP_CAUSE_MAX, "%.300s: %s", relative, why);
    return err;
}

static enum err write_all(const struct settings *settings, const char *folder,
    const struct script_source *source, char *cause)
{
    enum err err = make_folder(settings, FOLDER, cause);
    if (!err)
        err = make_folder(settings, folder, cause);
    if (!err)
        err = write_text(settings, folder, source->name, source->text, cause);
    for (size_t i = 0; i < source->files_n && !err; i++) {
        char name[SCRIPT_FILE_MAX + 5];
        snprintf(name, sizeof name, "%s.lua", source->files[i].name);
        err = write_text(settings, folder, name, source->files[i].text, cause);
    }
    return err;
}

enum err policy_keep(
    const struct settings *settings, const struct script_source *source, char *path, char *cause)
{
    char folder[sizeof FOLDER + 1 + SCRIPT_HASH_TEXT], hash[SCRIPT_HASH_TEXT + 1], *config;
    source_hash(source, hash);
    snprintf(folder, sizeof folder, FOLDER "/%s", hash);
    snprintf(path, POLICY_KEEP_PATH_MAX, "%s/%s", folder, source->name);
    enum err err = write_all(settings, folder, source, cause);
    if (err)
        return err;
    config = settings_path(settings, SETTINGS_FILE);
    snprintf(cause, POLICY_KEEP_CAUSE_MAX, "out of memory");
    err =
        config ? settings_save(config, setting_find("policy", "file"), path, cause) : ERR_NO_MEMORY;
    free(config);
    return err;
}
