#include "app/cli/commands.h"
#include "app/text/complain.h"
#include "base/nearest.h"
#include "ops/reference.h"
#include "policy/schema.h"
#include <stdio.h>
#include <stdlib.h>

static const struct flag own_flags[] = {
    {"markdown", NULL, "Print Markdown; without HOOK, the whole reference."},
};

static int misuse_hook(const struct flags *flags, const char *name)
{
    struct nearest nearest = nearest_to(name);
    for (unsigned i = 0; i < HOOK_COUNT; i++)
        nearest_try(&nearest, schema_hooks[i].name);
    if (nearest.found)
        return flags_misuse(flags->command, "no hook '%s', did you mean %s?", name, nearest.found);
    return flags_misuse(flags->command, "no hook '%s'; luapex policy doc lists them", name);
}

static int policy_doc(const struct flags *flags)
{
    const char *hook = flags->arguments_n > 0 ? flags->arguments[0] : NULL;
    enum hook ignored;
    if (hook && !schema_hook_find(hook, &ignored))
        return misuse_hook(flags, hook);
    char *text, cause[REFERENCE_CAUSE_MAX];
    if (reference_text(hook, flags_has(flags, "markdown"), &text, cause) != ERR_OK) {
        complain("luapex: error: %s", cause);
        return EXIT_FAILED;
    }
    fputs(text, stdout);
    free(text);
    return EXIT_OK;
}

const struct command command_policy_doc = {
    .name = "policy doc",
    .arguments = "[HOOK]",
    .arguments_max = 1,
    .summary = "what a policy can decide, and on which inputs",
    .about =
        "Lists the hooks. With HOOK: the fields of its view, what it may answer, units, ranges\n"
        "and defaults.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = policy_doc,
};
