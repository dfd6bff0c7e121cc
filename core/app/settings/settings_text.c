#include "app/settings/settings_text.h"

#include "app/text/duration.h"
#include <inttypes.h>
#include <stdio.h>

/* Appends at *n; what does not fit is cut. */
static void append(char *out, size_t cap, size_t *n, const char *text)
{
    int written = snprintf(out + *n, cap - *n, "%s", text);
    *n = *n + (size_t)written < cap ? *n + (size_t)written : cap - 1;
}

static void addresses_text(const struct address_list *list, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct addr_text *item = &list->items[i];
        struct addr literal = {item->id, {item->ip, item->port}};
        char id[PEER_ID_TEXT + 1], text[ADDR_TEXT_MAX + HOST_MAX];
        if (item->is_name)
            snprintf(
                text, sizeof text, "%s@%s:%u", peer_id_text(&item->id, id), item->host, item->port);
        else
            addr_to_text(&literal, text);
        append(out, cap, &n, i > 0 ? "," : "");
        append(out, cap, &n, text);
    }
}

static void ids_text(const struct id_list *list, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < list->n; i++) {
        char id[PEER_ID_TEXT + 1];
        append(out, cap, &n, i > 0 ? "," : "");
        append(out, cap, &n, peer_id_text(&list->items[i], id));
    }
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "error", "none"};
    return names[level];
}

char *setting_text(
    const struct setting *setting, const struct settings *settings, char *out, size_t cap)
{
    const void *field = (const char *)settings + setting->offset;
    char duration[DURATION_TEXT_MAX];
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_NAME:
    case SETTING_PATH:
    case SETTING_NAMESPACE:
        snprintf(out, cap, "%s", *(char *const *)field);
        break;
    case SETTING_LISTEN:
    case SETTING_REACHABLE:
    case SETTING_LOOPBACK:
        snprintf(out, cap, "%s", ((const struct listen_address *)field)->text);
        break;
    case SETTING_ADDRESSES:
        addresses_text(field, out, cap);
        break;
    case SETTING_IDS:
        ids_text(field, out, cap);
        break;
    case SETTING_BOOLEAN:
        snprintf(out, cap, "%s", *(const bool *)field ? "true" : "false");
        break;
    case SETTING_INTEGER:
        snprintf(out, cap, "%" PRId64, *(const int64_t *)field);
        break;
    case SETTING_DURATION:
        snprintf(out, cap, "%s", duration_text(*(const int64_t *)field, duration));
        break;
    case SETTING_LOG_LEVEL:
        snprintf(out, cap, "%s", level_name(*(const enum log_level *)field));
        break;
    case SETTING_LOG_FORMAT:
        snprintf(
            out, cap, "%s", *(const enum log_format *)field == LOG_FORMAT_JSON ? "json" : "plain");
        break;
    }
    return out;
}
