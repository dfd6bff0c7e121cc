/* A policy as text, as an operator might load it: whatever it says, loading ends within the limits
 * with an error that has a message or with a policy; every hook can be asked, with rows in its
 * lists; what the policy remembers is taken back by a policy of the same text; and the default's
 * decision is right afterwards. */
#include "script/script.h"

#include "policy/schema.h"
#include <assert.h>
#include <stdlib.h>

#define TEXT_MAX 4096
#define ROWS 3

static void fill(const struct schema_hook *hook, void *view, char *rows, size_t rows_size)
{
    schema_view_defaults(hook, view);
    for (unsigned i = 0; i < hook->view_n; i++) {
        const struct schema_field *field = &hook->view[i];
        if (field->type != SCHEMA_ROWS)
            continue;
        assert(ROWS * field->row->size <= rows_size);
        for (size_t row = 0; row < ROWS; row++)
            schema_row_defaults(field->row, rows + row * field->row->size);
        *(const void **)((char *)view + field->offset) = rows;
        *(size_t *)((char *)view + field->offset_n) = ROWS;
    }
    ((struct policy_common *)view)->now = 1e9; /* long after the load: no roll-back */
}

static void ask_all(struct script *script)
{
    static uint64_t view[128], verdict[16384], rows[512];
    struct rng rng;
    rng_seed(&rng, 1);
    for (int i = 0; i < HOOK_COUNT; i++) {
        const struct schema_hook *hook = &schema_hooks[i];
        assert(hook->view_size <= sizeof view && hook->verdict.size <= sizeof verdict);
        fill(hook, view, (char *)rows, sizeof rows);
        enum err err = policy_ask(script_policy(script), (enum hook)i, &rng, view, verdict);
        assert(err == ERR_OK || hook->answered_by_core);
    }
}

static void check_state(struct script *script)
{
    char *text;
    struct script_error error;
    if (script_export(script, &text, &error) != ERR_OK)
        return;
    enum err err = script_import(script, span_of_text(text), &error);
    assert(err == ERR_OK || error.message[0]);
    free(text);
}

static void check_default(struct script *script)
{
    struct backoff_view view;
    struct backoff_verdict verdict;
    struct rng rng;
    rng_seed(&rng, 1);
    schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
    view.failures = 17;
    assert(policy_ask(script_policy(script), HOOK_backoff, &rng, &view, &verdict) == ERR_OK);
    assert(verdict.act == BACKOFF_ban && verdict.ban_s == 86400);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct script *script;
    struct script_error error;
    if (!script) {
        struct script_settings settings = script_settings_default();
        settings.clock_ns = script_still_clock;
        settings.instructions_max = 50000;
        assert(script_new(&settings, &script, &error) == ERR_OK);
    }
    struct script_source source = {.name = "fuzz.lua", .text = span_of(data, size)};
    if (size <= TEXT_MAX && script_load(script, &source, 1, &error) == ERR_OK) {
        ask_all(script);
        check_state(script);
        enum err err = script_rollback(script, 2, &error); /* it may have been taken back already */
        assert(err == ERR_OK || err == ERR_NOT_FOUND);
    } else {
        assert(size > TEXT_MAX || error.message[0]);
    }
    check_default(script);
    return 0;
}
