#include "app/policy/policy_named.h"

#include "base/embedded.h"
#include "base/nearest.h"
#include <stdio.h>
#include <string.h>

#define FOLDER "policies/"

static bool is_file(const char *name)
{
    return strchr(name, '/') || strstr(name, ".lua");
}

void policy_named_unknown(const char *name, char *cause)
{
    size_t folder_n = strlen(FOLDER);
    for (size_t i = 0; i < embedded_files_n; i++) {
        const char *file = embedded_files[i].name;
        char builtin[SCRIPT_NAME_MAX + 1];
        if (strncmp(file, FOLDER, folder_n) != 0)
            continue;
        snprintf(
            builtin, sizeof builtin, "%.*s", (int)strcspn(file + folder_n, "."), file + folder_n);
        if (edit_distance(name, builtin, 4) > nearest_slip_max(name))
            continue;
        snprintf(cause, POLICY_CAUSE_MAX, "no built-in policy '%.200s', did you mean %s?", name,
            builtin);
        return;
    }
    snprintf(cause, POLICY_CAUSE_MAX, "no built-in policy '%.200s'; luapex policy show lists them",
        name);
}

enum err policy_named_read(const char *name, struct policy_named *policy, char *cause)
{
    *policy = (struct policy_named){0};
    if (is_file(name)) {
        enum err err = policy_files_read(name, &policy->files, cause);
        policy->source = policy->files.source;
        return err == ERR_NOT_FOUND ? ERR_IO : err;
    }
    enum err err = script_builtin(name, &policy->source);
    if (err)
        policy_named_unknown(name, cause);
    return err;
}

void policy_named_free(struct policy_named *policy)
{
    policy_files_free(&policy->files);
}
