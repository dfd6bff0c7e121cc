#include "trace/decision_inside.h"

#include <math.h>

#define TEXT_MAX 4096 /* bytes of a text */
#define ROWS_OTHER 48 /* rows kept that it does not name */

/* ---- writing a view ---- */

/* Plain fields, in views, rows and verdicts alike. Texts are not: they differ. */
void decision_code_plain(struct codec *codec, const struct schema_field *field, void *at)
{
    switch (field->type) {
    case SCHEMA_INTEGER:
        code_i64(codec, at);
        break;
    case SCHEMA_NUMBER:
        code_double(codec, at);
        break;
    case SCHEMA_BOOLEAN:
        code_bool(codec, at);
        break;
    case SCHEMA_ENUM:
        code_below(codec, at, field->values->values_n);
        break;
    default:
        break;
    }
}

static void write_row(struct codec *codec, const struct schema_row *row, const void *at)
{
    for (unsigned i = 0; i < row->fields_n; i++) {
        const struct schema_field *field = &row->fields[i];
        if (field->type == SCHEMA_TEXT) {
            const char *text = *(const char *const *)member(at, field);
            struct span span = span_of_text(text ? text : "");
            code_span(codec, &span, TEXT_MAX);
        } else {
            decision_code_plain(codec, field, (void *)member(at, field));
        }
    }
}

/* Which rows of a view's lists are written. */
struct choice {
    enum hook hook;
    const void *verdict, *other; /* what they name; NULL: nothing */
    bool only_named;
};

static struct named_rows named_by(const struct choice *choice, const struct schema_field *list)
{
    struct named_rows named = decision_named_rows(choice->hook, choice->verdict, list);
    struct named_rows other = decision_named_rows(choice->hook, choice->other, list);
    for (size_t i = 0; i < sizeof named.bits / sizeof *named.bits; i++)
        named.bits[i] |= other.bits[i];
    return named;
}

/* How many of the first rows are kept, beside those that are named. */
static size_t first_rows(const struct choice *choice, size_t n, const struct named_rows *named)
{
    size_t named_n = 0;
    if (choice->only_named)
        return 0;
    if (n <= DECISION_ROWS_MAX)
        return n;
    for (size_t i = ROWS_OTHER; i < n && named_n < DECISION_ROWS_MAX - ROWS_OTHER; i++)
        named_n += is_named(named, i);
    return DECISION_ROWS_MAX - named_n;
}

/* Count, then of each row kept its number from 1 and its fields, then 0. */
static void write_rows(struct codec *codec, const struct schema_field *field, const void *view,
    const struct choice *choice)
{
    struct named_rows named = named_by(choice, field);
    const char *rows = *(const char *const *)member(view, field);
    size_t n = list_count(view, field), first = first_rows(choice, n, &named), kept = 0;
    code_count(codec, (uint32_t)n, DECISION_LIST_MAX);
    for (size_t i = 0; i < n && kept < DECISION_ROWS_MAX; i++) {
        if (i >= first && !is_named(&named, i))
            continue;
        kept++;
        code_count(codec, (uint32_t)i + 1, DECISION_LIST_MAX);
        write_row(codec, field->row, rows + i * field->row->size);
    }
    code_count(codec, 0, DECISION_LIST_MAX);
}

static void write_field(struct codec *codec, const struct schema_field *field, const void *view,
    const struct choice *choice)
{
    if (field->type == SCHEMA_ROWS) {
        write_rows(codec, field, view, choice);
        return;
    }
    if (field->type == SCHEMA_ROW) {
        write_row(codec, field->row, member(view, field));
        return;
    }
    const struct schema_row one = {.fields = field, .fields_n = 1};
    write_row(codec, &one, view);
}

static void write_view(struct codec *codec, const void *view, const struct choice *choice)
{
    const struct schema_hook *schema = &schema_hooks[choice->hook];
    for (unsigned i = 0; i < schema->view_n; i++)
        write_field(codec, &schema->view[i], view, choice);
}

void decision_write_view(struct codec *codec, enum hook hook, const void *view, const void *verdict)
{
    write_view(codec, view, &(struct choice){.hook = hook, .verdict = verdict});
}

void decision_write_named(
    struct codec *codec, enum hook hook, const void *view, const void *verdict, const void *other)
{
    write_view(codec, view, &(struct choice){hook, verdict, other, true});
}

/* ---- a written view as JSON ---- */

/* One walk serves both readers: `into` is NULL when nobody wants JSON. */
struct reading {
    struct codec codec;
    const struct decision_subject *subject;
    /* the row under way: names somebody; its ID, IP and port are the wanted ones */
    bool has_id, met_id, met_ip, met_port;
};

static bool text_is(struct span text, const char *wanted)
{
    return wanted && span_equal(text, span_of_text(wanted));
}

static void begin_row(struct reading *reading)
{
    reading->has_id = reading->met_id = reading->met_ip = reading->met_port = false;
}

static bool row_is_met(const struct reading *reading)
{
    const struct decision_subject *subject = reading->subject;
    if (!subject || (subject->id && reading->has_id))
        return reading->met_id;
    return reading->met_ip && (subject->port == 0 || reading->met_port);
}

static json_t *read_text(struct reading *reading, const struct schema_field *field, bool wanted)
{
    struct span text = {0};
    code_span(&reading->codec, &text, TEXT_MAX);
    if (reading->subject && strcmp(field->name, "id") == 0) {
        reading->has_id = text.n > 0;
        reading->met_id = text_is(text, reading->subject->id);
    }
    if (reading->subject && strcmp(field->name, "ip") == 0)
        reading->met_ip = text_is(text, reading->subject->ip);
    return wanted ? decision_text_json(text) : NULL;
}

json_t *decision_text_json(struct span text)
{
    json_t *made = json_stringn(text.n > 0 ? (const char *)text.at : "", text.n);
    if (made)
        return made;
    char clean[TEXT_MAX];
    size_t n = text.n < sizeof clean ? text.n : sizeof clean;
    for (size_t i = 0; i < n; i++)
        clean[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? (char)text.at[i] : '?';
    return json_stringn(clean, n);
}

json_t *decision_number_json(double number)
{
    if (floor(number) == number && fabs(number) < 9e15)
        return json_integer((json_int_t)number);
    return isfinite(number) ? json_real(number) : json_null();
}

json_t *decision_plain_json(const struct schema_field *field, const void *at)
{
    switch (field->type) {
    case SCHEMA_INTEGER:
        return json_integer(*(const int64_t *)at);
    case SCHEMA_NUMBER:
        return decision_number_json(*(const double *)at);
    case SCHEMA_BOOLEAN:
        return json_boolean(*(const bool *)at);
    case SCHEMA_ENUM:
        return json_string(field->values->values[*(const unsigned *)at]);
    default:
        return json_null();
    }
}

static json_t *read_plain(struct reading *reading, const struct schema_field *field, bool wanted)
{
    union {
        int64_t integer;
        double number;
        bool boolean;
        unsigned value;
    } at = {0};
    if (field->type == SCHEMA_TEXT)
        return read_text(reading, field, wanted);
    decision_code_plain(&reading->codec, field, &at);
    if (reading->subject && field->type == SCHEMA_INTEGER && strcmp(field->name, "port") == 0)
        reading->met_port = at.integer == reading->subject->port;
    return wanted ? decision_plain_json(field, &at) : NULL;
}

/* `book.new` is a field of a nested table. */
void decision_put_member(json_t *into, const struct schema_field *field, json_t *value)
{
    json_t *parent = into;
    if (field->parent) {
        parent = json_object_get(into, field->parent);
        if (!parent) {
            parent = json_object();
            json_object_set_new(into, field->parent, parent);
        }
    }
    json_object_set_new(parent, field->name, value);
}

/* into: an object, or NULL */
static void read_row(struct reading *reading, const struct schema_row *row, json_t *into)
{
    for (unsigned i = 0; i < row->fields_n; i++) {
        json_t *value = read_plain(reading, &row->fields[i], into != NULL);
        if (into)
            decision_put_member(into, &row->fields[i], value);
    }
}

static bool read_rows(struct reading *reading, const struct schema_field *field, json_t *into)
{
    uint32_t n = code_count(&reading->codec, 0, DECISION_LIST_MAX), number;
    json_t *rows = into ? json_array() : NULL;
    bool any = false;
    while ((number = code_count(&reading->codec, 0, DECISION_LIST_MAX)) > 0) {
        json_t *row = into ? json_pack("{s:i}", "row", (int)number) : NULL;
        begin_row(reading);
        read_row(reading, field->row, row);
        any |= row_is_met(reading);
        if (row && (!reading->subject || row_is_met(reading)))
            json_array_append_new(rows, row);
        else
            json_decref(row);
    }
    if (into && json_array_size(rows) < n)
        json_object_set_new(into, "of", json_integer(n));
    if (into)
        decision_put_member(into, field, rows);
    return any;
}

/* Whether the field is about the subject. */
static bool read_field(struct reading *reading, const struct schema_field *field, json_t *into)
{
    if (field->type == SCHEMA_ROWS)
        return read_rows(reading, field, into);
    if (field->type != SCHEMA_ROW) {
        json_t *value = read_plain(reading, field, into != NULL);
        if (into)
            decision_put_member(into, field, value);
        return false;
    }
    json_t *row = into ? json_object() : NULL;
    begin_row(reading);
    read_row(reading, field->row, row);
    if (into)
        decision_put_member(into, field, row);
    return row_is_met(reading);
}

bool decision_concerns(struct span view, enum hook hook, const struct decision_subject *subject)
{
    struct reading reading = {.codec = codec_reader(view), .subject = subject};
    const struct schema_hook *schema = &schema_hooks[hook];
    bool any = false;
    for (unsigned i = 0; i < schema->view_n; i++)
        any |= read_field(&reading, &schema->view[i], NULL);
    return any;
}

json_t *decision_view_json(struct span view, enum hook hook, const struct decision_subject *subject)
{
    struct reading reading = {.codec = codec_reader(view), .subject = subject};
    const struct schema_hook *schema = &schema_hooks[hook];
    json_t *into = json_object();
    for (unsigned i = 0; into && i < schema->view_n; i++)
        read_field(&reading, &schema->view[i], into);
    return into;
}
