/* What lua/schema says about every hook, as data: enough to fill a view, read a verdict and check
 * it without a line of code per hook. The tables are generated (schema/policy_schema.c). */
#ifndef POLICY_SCHEMA_H
#define POLICY_SCHEMA_H

#include "schema/policy_schema.h"

enum schema_type {
    SCHEMA_INTEGER, /* int64_t */
    SCHEMA_NUMBER,  /* double */
    SCHEMA_BOOLEAN, /* bool */
    SCHEMA_TEXT,    /* views: const char *, NULL is ""; verdicts: char[max + 1] */
    SCHEMA_ENUM,    /* an enum whose values count from 0 */
    SCHEMA_ROW,     /* views: the row's struct */
    SCHEMA_ROWS,    /* views: pointer to rows, count at offset_n */
    SCHEMA_INDEX,   /* verdicts: int64_t, from 0 */
    SCHEMA_INDEXES, /* verdicts: int64_t[max], count at offset_n */
    SCHEMA_PICKS    /* verdicts: struct policy_pick[max], count at offset_n */
};

struct schema_enum {
    const char *name;
    const char *const *values;
    unsigned values_n;
};

struct schema_row;

struct schema_field {
    const char *parent; /* nested table it is in ("book"), or NULL */
    const char *name;   /* as in Lua */
    enum schema_type type;
    size_t offset;    /* in its view, row or verdict */
    size_t offset_n;  /* lists: where their size_t count is */
    double min, max;  /* numbers: the accepted range; text and lists: max is the longest */
    bool zero;        /* 0 is accepted beside the range */
    bool required;    /* verdicts: there is no default */
    double number;    /* default of integer, number, boolean (0, 1), enum (its value) */
    const char *text; /* default of text */
    const struct schema_enum *values; /* enum */
    const struct schema_row *row;     /* row, rows */
    const struct schema_field *over;  /* index, indexes, picks: the view's list they point into */
};

struct schema_row {
    const char *name;
    size_t size;
    const struct schema_field *fields;
    unsigned fields_n;
};

/* One form a verdict may take: a table of these fields. */
struct schema_alternative {
    const char *name;
    bool bare; /* the value of fields[0] alone will do */
    const struct schema_field *fields;
    unsigned fields_n;
};

#define SCHEMA_NOWHERE ((size_t)-1) /* offset of a member that this verdict does not have */

struct schema_verdict {
    size_t size;
    const struct schema_alternative *alternatives;
    unsigned alternatives_n;
    size_t offset_act;   /* enum HOOK_act: which alternative; SCHEMA_NOWHERE: there is one */
    size_t offset_false; /* bool is_false: `false` was answered; SCHEMA_NOWHERE: may not be */
    size_t offset_reason;
};

struct schema_hook {
    const char *name;
    bool answered_by_core; /* its rule is not in policies/: asked only where a policy defines it */
    bool is_told;          /* nothing is asked: its verdict has no fields */
    size_t view_size;
    const struct schema_field *view;
    unsigned view_n;
    struct schema_verdict verdict;
};

extern const struct schema_hook schema_hooks[HOOK_COUNT];
extern const struct schema_row schema_rows[];
extern const unsigned schema_rows_n;

/* Fill a view or row (of view_size or size bytes) with the schema's defaults. Texts are static;
 * lists are empty. */
void schema_view_defaults(const struct schema_hook *hook, void *view);
void schema_row_defaults(const struct schema_row *row, void *at);

/* false: no hook of that name. */
bool schema_hook_find(const char *name, enum hook *hook);

#endif
