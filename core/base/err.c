#include "base/err.h"

#include <assert.h>

struct entry {
    const char *name;
    const char *text;
    enum blame blame;
};

#define ERR_ENTRY(symbol, name, blame, text) {name, text, BLAME_##blame},
static const struct entry entries[ERR_COUNT] = {ERR_LIST(ERR_ENTRY)};
#undef ERR_ENTRY

static const struct entry *entry_of(enum err err)
{
    assert((unsigned)err < ERR_COUNT);
    return &entries[err];
}

const char *err_name(enum err err)
{
    return entry_of(err)->name;
}

const char *err_text(enum err err)
{
    return entry_of(err)->text;
}

enum blame err_blame(enum err err)
{
    return entry_of(err)->blame;
}
