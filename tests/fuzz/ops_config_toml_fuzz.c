/* config.toml: what is read has the form its kind promises and a line of the file; what is refused
 * was not told of at all and has a cause; our own Lua never fails. Input: a file. */
#include "ops/toml.h"

#include <stdlib.h>
#include <string.h>

struct seen {
    unsigned lines; /* of the file */
    size_t values_n;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool consists_of(struct span text, const char *characters)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.at[i] == 0 || !strchr(characters, text.at[i]))
            return false;
    return text.n > 0;
}

static bool has_form(const struct toml_value *value)
{
    switch (value->kind) {
    case TOML_INTEGER:
        return consists_of(value->text, "+-0123456789abcdefABCDEFxo") && value->text.n <= 66;
    case TOML_FLOAT:
        return consists_of(value->text, "+-0123456789.eEinfa");
    case TOML_BOOLEAN:
        return span_equal(value->text, span_of_text("true")) ||
            span_equal(value->text, span_of_text("false"));
    case TOML_TIME:
        return consists_of(value->text, "+-0123456789.:TtZz ") && value->text.n >= 8;
    case TOML_OTHER:
        return value->text.n == 0;
    case TOML_TEXT:
    case TOML_LIST:
        return true;
    }
    return false;
}

static void see(void *context, const struct toml_value *value)
{
    struct seen *seen = context;
    seen->values_n++;
    require(value->line >= 1 && value->line <= seen->lines);
    require(has_form(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct seen seen = {.lines = 1};
    for (size_t i = 0; i < n; i++)
        seen.lines += bytes[i] == '\n';
    struct toml_problem problem = {.line = UINT32_MAX};
    enum err err = toml_read(span_of(bytes, n), see, &seen, &problem);
    require(err == ERR_OK || err == ERR_INVALID || err == ERR_NO_MEMORY || err == ERR_TOO_LONG);
    if (err)
        require(*problem.cause && problem.line <= seen.lines);
    if (err == ERR_INVALID)
        require(seen.values_n == 0 && problem.line >= 1);
    return 0;
}
