#include "app/settings/settings_value.h"

#include "app/settings/settings_list.h"
#include "app/text/duration.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fills cause and returns false. */
__attribute__((format(printf, 2, 3))) static bool refuse(char *cause, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cause, SETTING_CAUSE_MAX, format, arguments);
    va_end(arguments);
    return false;
}

/* Values may be long: this much of one is repeated in a cause. */
#define SHOWN "'%.80s'"

static bool refuse_type(const struct setting *setting, const char *text, char *cause)
{
    char expected[SETTING_CAUSE_MAX];
    return refuse(cause, SHOWN " is not %.300s", text, setting_expected(setting, expected));
}

/* ---- texts ---- */

static bool set_text(const struct setting *setting, void *field, const char *text, char *cause)
{
    (void)setting;
    size_t n = strlen(text);
    if (n > SETTING_TEXT_MAX)
        return refuse(cause, "longer than %d bytes", SETTING_TEXT_MAX);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return refuse(cause, "holds a control character");
    char *copy = strdup(text);
    if (!copy)
        return refuse(cause, "out of memory");
    free(*(char **)field);
    *(char **)field = copy;
    return true;
}

static void clear_text(void *field)
{
    free(*(char **)field);
    *(char **)field = NULL;
}

static bool set_name(const struct setting *setting, void *field, const char *text, char *cause)
{
    bool is_blank = true;
    for (const char *at = text; *at; at++) {
        if (*at < ' ' || *at > '~')
            return refuse_type(setting, text, cause);
        is_blank &= *at == ' ';
    }
    return is_blank ? refuse_type(setting, text, cause) : set_text(setting, field, text, cause);
}

static bool set_namespace(const struct setting *setting, void *field, const char *text, char *cause)
{
    for (const char *at = text; *at; at++) {
        bool is_digit = *at >= '0' && *at <= '9';
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!is_letter && *at != '_' && (!is_digit || at == text))
            return refuse_type(setting, text, cause);
    }
    return set_text(setting, field, text, cause);
}

/* ---- addresses and IDs ---- */

static bool set_listen(const struct setting *setting, void *field, const char *text, char *cause)
{
    struct listen_address *listen = field;
    struct addr_text at = {0};
    const char *why = "";
    if (setting->type == SETTING_LISTEN || *text) {
        bool allow_empty_host = setting->type == SETTING_LISTEN;
        if (addr_text_parse_listen(span_of_text(text), allow_empty_host, &at, &why))
            return refuse(cause, SHOWN ": %s; expected host:port", text, why);
    }
    if (setting->type == SETTING_LOOPBACK && *text && (at.is_name || !ip_is_loopback(&at.ip)))
        return refuse(
            cause, SHOWN ": others could reach it; expected 127.0.0.1:port or [::1]:port", text);
    if (!set_text(setting, &listen->text, text, cause))
        return false;
    listen->at = at;
    return true;
}

static void clear_listen(void *field)
{
    struct listen_address *listen = field;
    clear_text(&listen->text);
    listen->at = (struct addr_text){0};
}

/* Parses every item of text with `parse` into an array of elements of `size` bytes. */
static bool parse_list(const char *text, size_t size,
    bool (*parse)(struct span item, void *element, char *cause), void **items, size_t *n,
    char *cause)
{
    size_t items_n = 0;
    const char *rest = text;
    while (settings_list_take(&rest).at)
        items_n++;
    if (items_n > SETTINGS_LIST_MAX)
        return refuse(cause, "more than %d items", SETTINGS_LIST_MAX);
    char *parsed = calloc(items_n + 1, size);
    if (!parsed)
        return refuse(cause, "out of memory");
    rest = text;
    for (size_t i = 0; i < items_n; i++) {
        if (!parse(settings_list_take(&rest), parsed + i * size, cause)) {
            free(parsed);
            return false;
        }
    }
    *items = parsed;
    *n = items_n;
    return true;
}

static bool parse_address(struct span item, void *element, char *cause)
{
    const char *why = "";
    if (addr_text_parse(item, element, &why) == ERR_OK)
        return true;
    return refuse(cause, "'%.*s': %s; expected ID@host:port", (int)(item.n < 300 ? item.n : 300),
        (const char *)item.at, why);
}

static bool parse_id(struct span item, void *element, char *cause)
{
    if (peer_id_parse(item, element) == ERR_OK)
        return true;
    return refuse(cause, "'%.*s' is not an ID: 40 hex digits, letters in lower case",
        (int)(item.n < 80 ? item.n : 80), (const char *)item.at);
}

static bool set_addresses(const struct setting *setting, void *field, const char *text, char *cause)
{
    (void)setting;
    struct address_list *list = field;
    void *items;
    size_t n;
    if (!parse_list(text, sizeof *list->items, parse_address, &items, &n, cause))
        return false;
    free(list->items);
    *list = (struct address_list){items, n};
    return true;
}

static void clear_addresses(void *field)
{
    struct address_list *list = field;
    free(list->items);
    *list = (struct address_list){0};
}

static bool set_ids(const struct setting *setting, void *field, const char *text, char *cause)
{
    (void)setting;
    struct id_list *list = field;
    void *items;
    size_t n;
    if (!parse_list(text, sizeof *list->items, parse_id, &items, &n, cause))
        return false;
    free(list->items);
    *list = (struct id_list){items, n};
    return true;
}

static void clear_ids(void *field)
{
    struct id_list *list = field;
    free(list->items);
    *list = (struct id_list){0};
}

/* ---- numbers and words ---- */

static bool set_boolean(const struct setting *setting, void *field, const char *text, char *cause)
{
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0)
        return refuse_type(setting, text, cause);
    *(bool *)field = is_true;
    return true;
}

static bool set_in_range(
    const struct setting *setting, void *field, int64_t value, const char *text, char *cause)
{
    if (value < setting->min || value > setting->max)
        return refuse_type(setting, text, cause);
    *(int64_t *)field = value;
    return true;
}

/* Decimal, or as TOML: 0x.., 0o.., 0b.. */
static bool set_integer(const struct setting *setting, void *field, const char *text, char *cause)
{
    int base = 10;
    const char *digits = text;
    if (text[0] == '0' && text[1] && strchr("xob", text[1])) {
        base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
        digits += 2;
    }
    char *end;
    errno = 0;
    long long value = strtoll(digits, &end, base);
    bool has_digits = *digits && !strchr(" \t\n\v\f\r", *digits) && !*end;
    if (!has_digits || errno)
        return refuse_type(setting, text, cause);
    return set_in_range(setting, field, value, text, cause);
}

static bool set_duration(const struct setting *setting, void *field, const char *text, char *cause)
{
    int64_t ms;
    const char *why;
    if (!duration_parse(text, &ms, &why))
        return refuse(cause, SHOWN " is not a duration: %s", text, why);
    return set_in_range(setting, field, ms, text, cause);
}

/* "info", or CometBFT's list of module:level, where p2p counts, else *. */
static bool set_log_level(const struct setting *setting, void *field, const char *text, char *cause)
{
    enum log_level level = LOG_INFO;
    int rank = 0;
    const char *rest = text;
    for (struct span item; (item = settings_list_take(&rest)).at;) {
        char word[64];
        snprintf(
            word, sizeof word, "%.*s", (int)(item.n < 63 ? item.n : 63), (const char *)item.at);
        char *colon = strchr(word, ':');
        if (colon)
            *colon = 0;
        int item_rank = !colon || strcmp(word, "*") == 0 ? 2 : strcmp(word, "p2p") == 0 ? 3 : 1;
        enum log_level item_level;
        if (!log_level_parse(colon ? colon + 1 : word, &item_level))
            return refuse_type(setting, text, cause);
        if (item_rank >= rank && item_rank > 1)
            level = item_level;
        rank = item_rank > rank ? item_rank : rank;
    }
    if (rank == 0)
        return refuse_type(setting, text, cause);
    *(enum log_level *)field = level;
    return true;
}

static bool set_log_format(
    const struct setting *setting, void *field, const char *text, char *cause)
{
    bool is_json = strcmp(text, "json") == 0;
    if (!is_json && strcmp(text, "plain") != 0)
        return refuse_type(setting, text, cause);
    *(enum log_format *)field = is_json ? LOG_FORMAT_JSON : LOG_FORMAT_PLAIN;
    return true;
}

/* ---- by type ---- */

static const struct type {
    bool (*set)(const struct setting *setting, void *field, const char *text, char *cause);
    void (*clear)(void *field); /* NULL: the field owns nothing */
    const char *expected;
} types[] = {
    [SETTING_TEXT] = {set_text, clear_text, "a text"},
    [SETTING_NAME] = {set_name, clear_text, "printable ASCII with something to see in it"},
    [SETTING_PATH] = {set_text, clear_text, "a path"},
    [SETTING_LISTEN] = {set_listen, clear_listen, "an address host:port"},
    [SETTING_REACHABLE] = {set_listen, clear_listen, "an address host:port"},
    [SETTING_LOOPBACK] = {set_listen, clear_listen,
        "an address of this machine alone, 127.0.0.1:port or [::1]:port, or empty"},
    [SETTING_ADDRESSES] = {set_addresses, clear_addresses, "a list of addresses ID@host:port"},
    [SETTING_IDS] = {set_ids, clear_ids, "a list of IDs"},
    [SETTING_BOOLEAN] = {set_boolean, NULL, "true or false"},
    [SETTING_INTEGER] = {set_integer, NULL, NULL},
    [SETTING_DURATION] = {set_duration, NULL, NULL},
    [SETTING_LOG_LEVEL] = {set_log_level, NULL, "debug, info, error or none"},
    [SETTING_LOG_FORMAT] = {set_log_format, NULL, "plain or json"},
    [SETTING_NAMESPACE] = {set_namespace, clear_text,
        "a name of letters, digits and _ (no digit first)"},
};

static void *field_of(const struct setting *setting, struct settings *settings)
{
    return (char *)settings + setting->offset;
}

bool setting_set(const struct setting *setting, struct settings *settings, const char *text,
    char cause[SETTING_CAUSE_MAX])
{
    return types[setting->type].set(setting, field_of(setting, settings), text, cause);
}

void setting_clear(const struct setting *setting, struct settings *settings)
{
    if (types[setting->type].clear)
        types[setting->type].clear(field_of(setting, settings));
}

/* ---- comparing ---- */

static bool equal_addresses(const struct address_list *a, const struct address_list *b)
{
    bool is_equal = a->n == b->n;
    for (size_t i = 0; is_equal && i < a->n; i++) {
        const struct addr_text *x = &a->items[i], *y = &b->items[i];
        is_equal = peer_id_equal(&x->id, &y->id) && x->port == y->port &&
            x->is_name == y->is_name &&
            (x->is_name ? strcmp(x->host, y->host) == 0 : ip_equal(&x->ip, &y->ip));
    }
    return is_equal;
}

static bool equal_ids(const struct id_list *a, const struct id_list *b)
{
    bool is_equal = a->n == b->n;
    for (size_t i = 0; is_equal && i < a->n; i++)
        is_equal = peer_id_equal(&a->items[i], &b->items[i]);
    return is_equal;
}

bool setting_equal(
    const struct setting *setting, const struct settings *a, const struct settings *b)
{
    const void *x = (const char *)a + setting->offset, *y = (const char *)b + setting->offset;
    switch (setting->type) {
    case SETTING_ADDRESSES:
        return equal_addresses(x, y);
    case SETTING_IDS:
        return equal_ids(x, y);
    case SETTING_LISTEN:
    case SETTING_REACHABLE:
    case SETTING_LOOPBACK:
        return strcmp(((const struct listen_address *)x)->text,
                   ((const struct listen_address *)y)->text) == 0;
    case SETTING_BOOLEAN:
        return *(const bool *)x == *(const bool *)y;
    case SETTING_INTEGER:
    case SETTING_DURATION:
        return *(const int64_t *)x == *(const int64_t *)y;
    case SETTING_LOG_LEVEL:
        return *(const enum log_level *)x == *(const enum log_level *)y;
    case SETTING_LOG_FORMAT:
        return *(const enum log_format *)x == *(const enum log_format *)y;
    default:
        return strcmp(*(char *const *)x, *(char *const *)y) == 0;
    }
}

char *setting_expected(const struct setting *setting, char out[SETTING_CAUSE_MAX])
{
    char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX];
    if (setting->type == SETTING_INTEGER)
        snprintf(out, SETTING_CAUSE_MAX, "an integer from %" PRId64 " to %" PRId64 " (%s)",
            setting->min, setting->max, setting->unit);
    else if (setting->type == SETTING_DURATION)
        snprintf(out, SETTING_CAUSE_MAX, "a duration from %s to %s",
            duration_text(setting->min, low), duration_text(setting->max, high));
    else
        snprintf(out, SETTING_CAUSE_MAX, "%s", types[setting->type].expected);
    return out;
}

bool setting_is_list(const struct setting *setting)
{
    return setting->type == SETTING_ADDRESSES || setting->type == SETTING_IDS;
}
