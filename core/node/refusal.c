/* The fact behind a refusal, for people: which ban, whose connection, which limit. */
#include "node/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SEARCHED_MAX 1024

__attribute__((format(printf, 2, 3))) static const char *say(
    const struct step *step, const char *format, ...)
{
    char *text = outbox_alloc(step->outbox, DETAIL_MAX + 1);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, DETAIL_MAX + 1, format, arguments);
    va_end(arguments);
    return text;
}

static const char *say_limit(const struct step *step, uint32_t n, uint32_t max, const char *what)
{
    return say(step, "%" PRIu32 " of %" PRIu32 " %s", n, max, what);
}

static const char *say_ban(const struct step *step, const struct addr *addr)
{
    const struct bans *bans = book_bans(step->node->book);
    const struct ban *ban = bans_by_addr(bans, step->now, addr);
    char text[BAN_TEXT_MAX];
    return ban ? say(step, "%s", ban_text(ban, text)) : NULL;
}

static const char *say_conn(const struct step *step, const struct conn *conn)
{
    static const char *const states[] = {"dialing", "in handshake with", "connected to"};
    const struct addr addr = {conn->id, conn->remote};
    char text[ADDR_TEXT_MAX];
    return say(step, "%s %s, %s", states[conn->state],
        peer_id_is_none(&conn->id) ? endpoint_to_text(&conn->remote, text)
                                   : addr_to_text(&addr, text),
        conn->outbound ? "outbound" : "inbound");
}

/* Of several the one that is a peer. Of a great many connections only the latest are searched: who
 * is refused may come again at once. */
static const struct conn *find_by_ip(const struct conns *conns, const struct ip *ip)
{
    const struct conn *found = NULL;
    for (uint32_t i = conns->n > SEARCHED_MAX ? conns->n - SEARCHED_MAX : 0; i < conns->n; i++)
        if (ip_equal(&conns->at[i].remote.ip, ip) && (!found || conns->at[i].state > found->state))
            found = &conns->at[i];
    return found;
}

static const char *say_other(const struct step *step, enum err why, const struct addr *addr)
{
    const struct conns *conns = &step->node->conns;
    const struct conn *conn =
        why == ERR_DUPLICATE_IP ? find_by_ip(conns, &addr->at.ip) : conns_peer(conns, &addr->id);
    if (!conn)
        conn = conns_dial(conns, &addr->id);
    return conn ? say_conn(step, conn) : NULL;
}

static const char *say_crowd(const struct step *step, const struct ip *ip)
{
    const struct node *node = step->node;
    uint32_t there = conns_accepted_from(&node->conns, ip), max = node->settings.max_inbound_per_ip;
    if (max > 0 && there >= max)
        return say_limit(step, there, max, "accepted from there (max_inbound_per_ip)");
    struct group group = ip_group(ip, node->settings.strict);
    return say_limit(step, conns_accepted_in_group(&node->conns, group),
        admission_group_max(node, group), "accepted from its group (max_inbound_per_group)");
}

static const char *say_slots(const struct step *step)
{
    const struct node *node = step->node;
    const struct node_settings *settings = &node->settings;
    if (node->conns.handshaking >= settings->max_handshaking)
        return say_limit(step, node->conns.handshaking, settings->max_handshaking,
            "handshakes under way (max_handshaking)");
    return say_limit(
        step, node->conns.inbound, settings->max_inbound, "inbound peers (max_num_inbound_peers)");
}

const char *refusal_detail(const struct step *step, enum err why, const struct addr *addr)
{
    const struct node_settings *settings = &step->node->settings;
    switch (why) {
    case ERR_BANNED:
        return say_ban(step, addr);
    case ERR_DUPLICATE_IP:
    case ERR_DUPLICATE_ID:
    case ERR_ALREADY_CONNECTED:
        return say_other(step, why, addr);
    case ERR_CROWDED:
        return say_crowd(step, &addr->at.ip);
    case ERR_NO_SLOT:
        return say_slots(step);
    case ERR_FULL:
        return say(step, "%" PRIu32 " dials under way, at most %" PRIu32 "; %" PRIu32 " a second",
            step->node->conns.dialing, settings->dial_concurrency, settings->dial_rate);
    default:
        return NULL;
    }
}

/* ---- bans, to an operator ---- */

static const char *say_how_to_end(
    const struct step *step, const char *before, const struct ban *ban)
{
    char text[BAN_TEXT_MAX], target[ADDR_TEXT_MAX];
    bool is_pair = ban->target.kind == BAN_PAIR; /* they end with those of the ID */
    return say(step, "%s%s; ctl unban %s ends it", before, ban_text(ban, text),
        is_pair ? peer_id_text(&ban->target.id, target) : ban_target_text(&ban->target, target));
}

const char *refusal_ban(const struct step *step, const struct addr *addr)
{
    const struct ban *ban = bans_by_addr(book_bans(step->node->book), step->now, addr);
    return ban ? say_how_to_end(step, "", ban) : NULL;
}

/* The address that is meant: of a range its first, of an ID the one in the book. */
static bool address_of(const struct step *step, const struct ban_target *target, struct ip *ip)
{
    const struct book_entry *entry =
        target->kind == BAN_ID ? book_find(step->node->book, &target->id) : NULL;
    if (target->kind == BAN_CIDR)
        *ip = target->ip;
    else if (entry)
        *ip = entry->addr.at.ip;
    return target->kind == BAN_CIDR || entry;
}

static bool is_inside(const struct ban *ban, const struct ban_target *range)
{
    const struct cidr cidr = {range->ip, range->bits};
    return range->kind == BAN_CIDR && ban->target.kind == BAN_CIDR &&
        cidr_contains(&cidr, &ban->target.ip);
}

static const char *say_others(const struct step *step, const struct ban_target *target)
{
    const struct bans *bans = book_bans(step->node->book);
    uint32_t in_force = 0, inside = 0;
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        const struct ban *ban = bans_at(bans, i);
        bool holds = ban->until_ms > step->now.wall_ms;
        in_force += holds;
        inside += holds && is_inside(ban, target);
    }
    char text[ADDR_TEXT_MAX];
    if (inside > 0)
        return say(step, "%" PRIu32 " %s inside of it: ctl bans %s lists %s", inside,
            inside > 1 ? "bans are" : "ban is", ban_target_text(target, text),
            inside > 1 ? "them" : "it");
    if (in_force > 0)
        return say(step, "%" PRIu32 " other %s in force: ctl bans lists %s", in_force,
            in_force > 1 ? "bans are" : "ban is", in_force > 1 ? "them" : "it");
    return "nothing is banned";
}

const char *refusal_no_ban(const struct step *step, const struct ban_target *target)
{
    const struct bans *bans = book_bans(step->node->book);
    struct ip ip;
    const struct ban *range =
        address_of(step, target, &ip) ? bans_by_ip(bans, step->now, &ip) : NULL;
    char text[IP_TEXT_MAX], before[IP_TEXT_MAX + 16];
    if (!range || (target->kind == BAN_CIDR && range->target.bits > target->bits))
        return say_others(step, target);
    snprintf(before, sizeof before, "%s is in ", ip_text(&ip, text));
    return say_how_to_end(step, before, range);
}
