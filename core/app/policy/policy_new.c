#include "app/cli/commands.h"
#include "app/policy/policy_skeleton.h"
#include "app/text/complain.h"
#include "ops/file.h"
#include "script/script.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct flag own_flags[] = {
    {"dir", "DIR", "Folder for the new file; default: the current one."},
};

/* Names that `require` finds and that no built-in policy has. */
static bool check_name(const struct flags *flags, const char *name)
{
    struct script_source builtin;
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name) || !*name ||
        strlen(name) > SCRIPT_NAME_MAX) {
        flags_misuse(flags->command, "'%s' is not a name of up to %d small letters, digits and _",
            name, SCRIPT_NAME_MAX);
        return false;
    }
    if (script_builtin(name, &builtin) == ERR_OK) {
        flags_misuse(flags->command,
            "'%s' is a built-in policy; take another name, or copy it: luapex policy show %s", name,
            name);
        return false;
    }
    return true;
}

static char *path_of(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s%s.lua", dir ? dir : "",
        dir && *dir && dir[strlen(dir) - 1] != '/' ? "/" : "", name);
    return n > 0 && (size_t)n < sizeof path ? strdup(path) : NULL;
}

static int make(const char *path, const char *name)
{
    char text[POLICY_SKELETON_MAX], cause[FILE_CAUSE_MAX];
    size_t n = policy_skeleton(name, text);
    enum err err = file_create(path, 0644, text, n, cause);
    if (err == ERR_FULL)
        snprintf(cause, sizeof cause, "exists and is left as it is; take another name");
    if (err) {
        complain("luapex: error: %s: %s", path, cause);
        return EXIT_FAILED;
    }
    printf("made  %s\nnext: luapex policy check %s\n", path, path);
    return EXIT_OK;
}

static int policy_new(const struct flags *flags)
{
    if (flags->arguments_n == 0)
        return flags_misuse(flags->command, "which name? Give NAME");
    const char *name = flags->arguments[0];
    if (!check_name(flags, name))
        return EXIT_MISUSE;
    char *path = path_of(flags_value(flags, "dir"), name);
    if (!path)
        return flags_misuse(flags->command, "--dir is too long");
    int code = make(path, name);
    free(path);
    return code;
}

const struct command command_policy_new = {
    .name = "policy new",
    .arguments = "NAME",
    .arguments_max = 1,
    .summary = "begin a policy: a commented file with one example",
    .about =
        "Writes NAME.lua, a policy that works and explains itself. A file that exists is kept.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = policy_new,
};
