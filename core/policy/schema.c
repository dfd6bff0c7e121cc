#include "policy/schema.h"

#include <string.h>

static void set_default(const struct schema_field *field, void *record)
{
    void *at = (char *)record + field->offset;
    switch (field->type) {
    case SCHEMA_INTEGER:
        *(int64_t *)at = (int64_t)field->number;
        break;
    case SCHEMA_NUMBER:
        *(double *)at = field->number;
        break;
    case SCHEMA_BOOLEAN:
        *(bool *)at = field->number != 0;
        break;
    case SCHEMA_TEXT:
        *(const char **)at = field->text;
        break;
    case SCHEMA_ENUM:
        *(int *)at = (int)field->number;
        break;
    case SCHEMA_ROW:
        schema_row_defaults(field->row, at);
        break;
    default: /* lists stay empty */
        break;
    }
}

void schema_row_defaults(const struct schema_row *row, void *at)
{
    memset(at, 0, row->size);
    for (unsigned i = 0; i < row->fields_n; i++)
        set_default(&row->fields[i], at);
}

void schema_view_defaults(const struct schema_hook *hook, void *view)
{
    memset(view, 0, hook->view_size);
    for (unsigned i = 0; i < hook->view_n; i++)
        set_default(&hook->view[i], view);
}

bool schema_hook_find(const char *name, enum hook *hook)
{
    for (int i = 0; i < HOOK_COUNT; i++) {
        if (strcmp(schema_hooks[i].name, name) == 0) {
            *hook = (enum hook)i;
            return true;
        }
    }
    return false;
}
