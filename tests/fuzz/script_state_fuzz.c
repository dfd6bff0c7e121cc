/* What a policy remembers, from a file: refused with a message, or taken; and then written out
 * again it is taken back, as the same text. */
#include "script/script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char policy[] =
    "local policy = pex.policy { name = 'kept', version = 2, params = { n = { default = 1 },\n"
    "  list = { default = { 'a' } }, on = { default = true } } }\n"
    "function policy.migrate(old, version) return old end\n"
    "function policy.bias() policy.state.n = 1 end\n"
    "return policy";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct script *script;
    struct script_error error;
    char *first, *second;
    if (!script) {
        struct script_settings settings = script_settings_default();
        settings.clock_ns = script_still_clock;
        settings.instructions_max = 50000;
        assert(script_new(&settings, &script, &error) == ERR_OK);
        struct script_source source = {.name = "kept.lua", .text = span_of_text(policy)};
        assert(script_load(script, &source, 1, &error) == ERR_OK);
    }
    if (script_import(script, span_of(data, size), &error) != ERR_OK) {
        assert(error.message[0]);
        return 0;
    }
    assert(script_export(script, &first, &error) == ERR_OK);
    assert(script_import(script, span_of_text(first), &error) == ERR_OK);
    assert(script_export(script, &second, &error) == ERR_OK);
    assert(strcmp(first, second) == 0);
    free(first);
    free(second);
    return 0;
}
