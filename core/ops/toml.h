/* TOML 1.0, read by the grammar in lua/ops/toml.lua (LPeg) in a VM of its own, which is thrown away
 * after the file. Handles hostile text: size, nesting and number of values are capped, memory is
 * bounded and nothing backtracks without bound. */
#ifndef OPS_TOML_H
#define OPS_TOML_H

#include "base/err.h"
#include "base/span.h"

#define TOML_SIZE_MAX (4u << 20) /* bytes of a file */
#define TOML_MEMORY_MAX (128u << 20)

enum toml_kind {
    TOML_TEXT,    /* the text itself */
    TOML_INTEGER, /* digits as written, without underscores: "40", "-3", "0xff" */
    TOML_FLOAT,   /* as written, without underscores */
    TOML_BOOLEAN, /* "true", "false" */
    TOML_TIME,    /* date, time or both, as written */
    TOML_LIST,    /* an array whose items are all texts: joined by commas */
    TOML_OTHER,   /* anything else: other arrays, tables inside tables; no text */
};

/* A key of the top level or of a table there, and its value. What lies deeper is only told as
 * TOML_OTHER. Valid during the call. */
struct toml_value {
    const char *section; /* "" at top level, "p2p" */
    const char *key;
    unsigned line; /* from 1 */
    enum toml_kind kind;
    struct span text; /* may hold any UTF-8, NUL too */
};

struct toml_problem {
    unsigned line; /* 0: the file as a whole */
    char cause[256];
};

/* Calls `value` for every key, table by table.
 * ERR_INVALID: not TOML, and `value` was not called; ERR_TOO_LONG; ERR_NO_MEMORY; ERR_SCRIPT, a bug
 * of ours. *problem then says where and why. */
enum err toml_read(struct span text, void (*value)(void *context, const struct toml_value *value),
    void *context, struct toml_problem *problem);

#endif
