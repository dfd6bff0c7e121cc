#include "app/settings/settings_list.h"

#include "addr/addr.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span settings_list_take(const char **rest)
{
    while (**rest) {
        size_t n = strcspn(*rest, ",");
        const char *at = *rest;
        *rest += n + (at[n] == ',');
        while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t'))
            n--;
        while (n > 0 && (*at == ' ' || *at == '\t'))
            at++, n--;
        if (n > 0)
            return span_of(at, n);
    }
    return (struct span){0};
}

static bool is_of(struct span item, const struct peer_id *id)
{
    struct addr_text parsed;
    return addr_text_parse(item, &parsed, NULL) == ERR_OK && peer_id_equal(&parsed.id, id);
}

static void put(FILE *out, struct span item)
{
    fprintf(out, "%s%.*s", ftell(out) > 0 ? "," : "", (int)item.n, (const char *)item.at);
}

char *settings_list_with(const char *list, const struct peer_id *id, const char *entry)
{
    char *made = NULL;
    size_t n;
    FILE *out = open_memstream(&made, &n);
    if (!out)
        return NULL;
    for (struct span item; (item = settings_list_take(&list)).at;) {
        if (!is_of(item, id)) {
            put(out, item);
        } else if (entry) {
            put(out, span_of_text(entry));
            entry = NULL;
        }
    }
    if (entry)
        put(out, span_of_text(entry));
    if (fclose(out) == 0)
        return made;
    free(made);
    return NULL;
}
