#include "app/book/book_wanted.h"

#include <string.h>

static bool read_endpoint(const char *text, struct book_wanted *wanted)
{
    struct addr_text at;
    if (addr_text_parse_listen(span_of_text(text), false, &at, NULL) != ERR_OK || at.is_name)
        return false;
    wanted->range = cidr_of(&at.ip, 128);
    wanted->port = at.port;
    return true;
}

bool book_wanted_read(const char *text, struct book_wanted *wanted)
{
    size_t n = strlen(text);
    *wanted = (struct book_wanted){.prefix = text};
    bool is_prefix =
        n >= BOOK_PREFIX_MIN && n <= PEER_ID_TEXT && strspn(text, "0123456789abcdef") == n;
    wanted->is_range = !is_prefix &&
        (cidr_parse(span_of_text(text), &wanted->range) == ERR_OK || read_endpoint(text, wanted));
    return is_prefix || wanted->is_range;
}

static bool has_prefix(const struct peer_id *id, const char *prefix)
{
    char text[PEER_ID_TEXT + 1];
    return strncmp(peer_id_text(id, text), prefix, strlen(prefix)) == 0;
}

bool book_wanted_fits(void *context, const struct book_entry *entry)
{
    const struct book_wanted *wanted = context;
    if (!wanted->is_range)
        return has_prefix(&entry->addr.id, wanted->prefix);
    return cidr_contains(&wanted->range, &entry->addr.at.ip) &&
        (wanted->port == 0 || wanted->port == entry->addr.at.port);
}

static bool ranges_overlap(const struct cidr *a, const struct cidr *b)
{
    return cidr_contains(a, &b->ip) || cidr_contains(b, &a->ip);
}

bool book_wanted_bans(const struct book_wanted *wanted, const struct ban_target *target)
{
    struct cidr range = {target->ip, target->kind == BAN_CIDR ? target->bits : 128};
    if (wanted->port > 0 && target->kind == BAN_PAIR && wanted->port != target->port)
        return false;
    if (wanted->is_range)
        return target->kind != BAN_ID && ranges_overlap(&wanted->range, &range);
    return target->kind != BAN_CIDR && has_prefix(&target->id, wanted->prefix);
}
