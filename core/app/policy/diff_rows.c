#include "app/policy/diff_rows.h"

#include "app/text/report_json.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool says_who(const char *name)
{
    return strcmp(name, "id") == 0 || strcmp(name, "ip") == 0 || strcmp(name, "port") == 0;
}

/* null stands for what is no finite number. */
static bool is_number(const json_t *value, double number)
{
    return json_is_number(value) ? json_number_value(value) == number
                                 : json_is_null(value) && !isfinite(number);
}

static bool is_text(const json_t *value, const char *text)
{
    const char *told = json_string_value(value);
    return told && strcmp(told, text ? text : "") == 0;
}

static bool is_default(const struct schema_field *field, const json_t *value)
{
    switch (field->type) {
    case SCHEMA_INTEGER:
    case SCHEMA_NUMBER:
        return is_number(value, field->number);
    case SCHEMA_BOOLEAN:
        return json_is_true(value) == (field->number != 0);
    case SCHEMA_ENUM:
        return is_text(value, field->values->values[(unsigned)field->number]);
    case SCHEMA_TEXT:
        return is_text(value, field->text);
    default:
        return false;
    }
}

static void print_row(const struct schema_row *schema, json_t *row)
{
    for (unsigned i = 0; i < schema->fields_n; i++) {
        const struct schema_field *field = &schema->fields[i];
        if (!says_who(field->name) && is_default(field, json_object_get(row, field->name)))
            json_object_del(row, field->name);
    }
    char *text = report_line(row, JSON_COMPACT);
    printf("       %s\n", text ? text : "");
    free(text);
}

void diff_print_rows(const struct schema_hook *hook, json_t *view)
{
    for (unsigned i = 0; i < hook->view_n; i++) {
        const struct schema_field *field = &hook->view[i];
        json_t *member = json_object_get(view, field->name), *row;
        size_t at;
        if (field->type == SCHEMA_ROW && member)
            print_row(field->row, member);
        else if (field->type == SCHEMA_ROWS)
            json_array_foreach(member, at, row) print_row(field->row, row);
    }
}
