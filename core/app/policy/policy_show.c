#include "app/cli/commands.h"
#include "app/policy/policy_named.h"
#include "app/text/wrap.h"
#include "base/embedded.h"
#include <stdio.h>
#include <string.h>

#define FOLDER "policies/"
#define NAME_COLUMN 14 /* of the list: where the text begins */
#define DOC_MAX 400

/* A policy of the binary by its place there. */
struct builtin {
    char name[SCRIPT_NAME_MAX + 1];
    const struct embedded_file *file;
    bool is_part; /* of default: not a policy of its own */
};

/* False: the file is no policy. */
static bool builtin_of(const struct embedded_file *file, struct builtin *builtin)
{
    size_t prefix_n = strlen(FOLDER), n = strcspn(file->name, ".");
    if (strncmp(file->name, FOLDER, prefix_n) != 0 || n - prefix_n > SCRIPT_NAME_MAX)
        return false;
    snprintf(
        builtin->name, sizeof builtin->name, "%.*s", (int)(n - prefix_n), file->name + prefix_n);
    builtin->file = file;
    builtin->is_part = !strstr(file->text, "= pex.policy");
    return true;
}

/* ---- the list ---- */

/* The first sentence of the comment that a file begins with. */
static void first_sentence(const char *text, char doc[DOC_MAX])
{
    size_t n = 0;
    bool is_ended = false;
    for (; strncmp(text, "--", 2) == 0 && !is_ended; text += strcspn(text, "\n") + 1) {
        const char *at = text + 2;
        for (; *at && *at != '\n' && n + 1 < DOC_MAX && !is_ended; at++) {
            doc[n++] = *at;
            is_ended = *at == '.' && (at[1] == ' ' || at[1] == '\n');
        }
        if (!text[strcspn(text, "\n")])
            break;
    }
    doc[n] = 0;
}

static void list(const char *title, bool parts)
{
    struct builtin builtin;
    puts(title);
    for (size_t i = 0; i < embedded_files_n; i++) {
        char first[NAME_COLUMN + SCRIPT_NAME_MAX + 4], doc[DOC_MAX];
        if (!builtin_of(&embedded_files[i], &builtin) || builtin.is_part != parts)
            continue;
        snprintf(first, sizeof first, "  %-*s", NAME_COLUMN - 2, builtin.name);
        first_sentence(builtin.file->text, doc);
        wrap_write(stdout, first, "              ", doc);
    }
}

static int list_all(void)
{
    list("Policies in the binary:\n", false);
    list("\nParts of default, for policy.use(require \"NAME\"):\n", true);
    puts("\nTo change one, copy it: luapex policy show NAME > mine.lua");
    return EXIT_OK;
}

/* ---- one ---- */

static int policy_show(const struct flags *flags)
{
    if (flags->arguments_n == 0)
        return list_all();
    struct script_source source;
    char cause[POLICY_CAUSE_MAX];
    if (script_builtin(flags->arguments[0], &source) != ERR_OK) {
        policy_named_unknown(flags->arguments[0], cause);
        return flags_misuse(flags->command, "%s", cause);
    }
    fwrite(source.text.at, 1, source.text.n, stdout);
    return EXIT_OK;
}

const struct command command_policy_show = {
    .name = "policy show",
    .arguments = "[NAME]",
    .arguments_max = 1,
    .summary = "list the built-in policies, or print one",
    .about = "Prints the source of a built-in policy, to be read or copied.\n",
    .run = policy_show,
};
