/* Who is kept out: bans, ban, unban. */
#include "app/book/book_wanted.h"
#include "app/control/control_subject.h"

#include <stdio.h>
#include <string.h>

static const char *kind_name(const struct ban_target *target)
{
    return target->kind == BAN_ID ? "id" : target->kind == BAN_CIDR ? "range" : "pair";
}

static void add_row(struct text *out, const struct ban *ban, struct now now)
{
    char text[ADDR_TEXT_MAX];
    text_add_text(out, "{\"target\":\"");
    text_add_text(out, ban_target_text(&ban->target, text));
    text_add_text(out, "\",\"kind\":\"");
    text_add_text(out, kind_name(&ban->target));
    text_add_text(out, "\",\"left_s\":");
    report_add_seconds(out, ban->until_ms - now.wall_ms);
    text_add_text(out, ",\"until\":");
    report_add_seconds(out, ban->until_ms);
    text_add_text(out, ",\"times\":");
    text_add_count(out, ban->times);
    text_add_text(out, ",\"reason\":");
    report_add_text(out, ban->reason);
    text_add_text(out, ",\"since\":");
    report_add_seconds(out, ban->since_ms);
    text_add_char(out, '}');
}

/* False: told that `field` is nothing to look for. */
static bool read_wanted(
    struct control_request *request, const char *field, struct book_wanted *wanted)
{
    const char *text = control_text(request, field);
    if (!text || book_wanted_read(text, wanted))
        return true;
    control_refuse_argument(request, field,
        "an IP, IP:port, a range or the beginning of an ID (4 digits or more)", text);
    return false;
}

/* As text at once: of thousands of bans a tree takes long. */
void control_bans(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    const struct bans *bans = book_bans(node_book(control_node(controller)));
    const struct now now = control_now(controller);
    size_t limit = (size_t)control_number(request, "limit");
    struct book_wanted wanted = {0};
    if (!read_wanted(request, "match", &wanted))
        return;
    struct text out = {0};
    char *answer = NULL;
    size_t total = 0;
    text_add_text(&out, "{\"bans\":[");
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        const struct ban *ban = bans_at(bans, i);
        bool is_meant =
            control_text(request, "match") == NULL || book_wanted_bans(&wanted, &ban->target);
        if (!is_meant || ban->until_ms <= now.wall_ms)
            continue;
        if (total++ >= limit)
            continue;
        text_add_text(&out, total > 1 ? "," : "");
        add_row(&out, ban, now);
    }
    text_add_text(&out, "],\"total\":");
    text_add_count(&out, total);
    text_add_char(&out, '}');
    text_take(&out, &answer, NULL);
    control_answer_text(request, answer);
    free(answer);
}

/* ---- whom a ban names ---- */

/* "10.0.0.1/8" into "10.0.0.0/8"; false: something else is wrong with it. */
static bool range_meant(const char *text, char meant[IP_TEXT_MAX + 4])
{
    char blank[IP_TEXT_MAX];
    struct cidr range;
    struct ip ip;
    const char *slash = strchr(text, '/');
    if (!slash || ip_parse(span_of(text, (size_t)(slash - text)), &ip) != ERR_OK)
        return false;
    snprintf(blank, sizeof blank, "%s%.4s", ip_is_v4(&ip) ? "0.0.0.0" : "::", slash);
    if (cidr_parse(span_of_text(blank), &range) != ERR_OK)
        return false;
    range = cidr_of(&ip, range.bits);
    cidr_text(&range, meant);
    return true;
}

static void refuse_target(
    struct control_request *request, enum control_scope scope, const char *text)
{
    char meant[IP_TEXT_MAX + 4], expected[160];
    if (range_meant(text, meant)) {
        snprintf(expected, sizeof expected,
            "a range without bits beyond its prefix (did you mean %s?)", meant);
        control_refuse_argument(request, "target", expected, text);
        return;
    }
    struct book_wanted wanted;
    if (book_wanted_read(text, &wanted) && !wanted.is_range)
        control_refuse(request, CONTROL_REFUSED,
            scope == CONTROL_BANNED ? "no banned ID begins with %s; see luapex ctl bans"
                                    : "no known ID begins with %s; give all of it",
            text);
    else
        control_refuse_argument(request, "target",
            "a node ID, the first digits of one (4 or more), an IP or a range", text);
}

/* False: refused. */
static bool read_target(const struct controller *controller, struct control_request *request,
    enum control_scope scope, struct ban_target *target)
{
    const char *text = control_text(request, "target");
    struct peer_id id;
    struct cidr range;
    bool is_id;
    if (cidr_parse(span_of_text(text), &range) == ERR_OK) {
        *target = ban_of_cidr(&range);
        return true;
    }
    if (!control_read_id(controller, request, text, scope, &id, &is_id))
        return false;
    if (is_id)
        *target = ban_of_id(&id);
    else
        refuse_target(request, scope, text);
    return is_id;
}

static json_t *target_json(const struct ban_target *target, const char *member)
{
    char text[ADDR_TEXT_MAX];
    return json_pack("{s:s}", member, ban_target_text(target, text));
}

/* ---- ban ---- */

#define V4_BITS 96 /* ranges of IPv4 have longer prefixes, as in struct cidr */
#define V4_WIDEST 8
#define V6_WIDEST 16

static bool is_wide(const struct ban_target *target)
{
    bool is_v4 = target->bits >= V4_BITS && ip_is_v4(&target->ip);
    return target->kind == BAN_CIDR && target->bits < (is_v4 ? V4_BITS + V4_WIDEST : V6_WIDEST);
}

/* What an operator is unlikely to mean. */
static bool refuse_unwise(const struct controller *controller, struct control_request *request,
    const struct ban_target *target)
{
    char text[ADDR_TEXT_MAX];
    bool is_self =
        target->kind == BAN_ID && peer_id_equal(&target->id, &controller->runner->options.key->id);
    bool is_wide_range = is_wide(target) && !control_flag(request, "force");
    if (is_self)
        control_refuse(request, CONTROL_REFUSED, "not banned: that is this node itself");
    else if (is_wide_range)
        control_refuse(request, CONTROL_REFUSED,
            "not banned: %s is wider than /%d (IPv6: /%d) and closes nearly everybody; --force "
            "bans it all the same",
            ban_target_text(target, text), V4_WIDEST, V6_WIDEST);
    return is_self || is_wide_range;
}

struct meeting {
    const struct ban_target *target;
    json_t *rows;
};

static void add_met(void *context, const struct node_peer *peer)
{
    const struct meeting *meeting = context;
    const struct ban_target *target = meeting->target;
    const struct cidr range = {target->ip, target->bits};
    bool is_met = target->kind == BAN_ID ? peer_id_equal(&peer->id, &target->id)
                                         : cidr_contains(&range, &peer->remote.ip);
    if (!is_met)
        return;
    char id[PEER_ID_TEXT + 1];
    json_t *row = json_pack("{s:s, s:o, s:s}", "id", peer_id_text(&peer->id, id), "addr",
        control_endpoint(&peer->remote), "direction", peer->outbound ? "outbound" : "inbound");
    json_object_set_new(meeting->rows, id, row);
}

/* The connected peers that a ban names, by ID. */
static json_t *met(const struct controller *controller, const struct ban_target *target)
{
    struct meeting meeting = {target, json_object()};
    node_peers(control_node(controller), add_met, &meeting);
    return meeting.rows;
}

/* Those of `before` that are not there any more, as a list. */
static json_t *gone(json_t *before, const json_t *now)
{
    json_t *rows = json_array(), *row;
    const char *id;
    json_object_foreach(before, id, row)
    {
        if (!json_object_get(now, id))
            json_array_append(rows, row);
    }
    return rows;
}

static const struct ban *ban_of(
    const struct controller *controller, const struct ban_target *target)
{
    return bans_find(book_bans(node_book(control_node(controller))), target);
}

static void finish_ban(
    struct controller *controller, struct control_request *request, json_t *result)
{
    struct ban_target target = {0};
    struct peer_id id;
    struct cidr range;
    const struct span text = span_of_text(json_string_value(json_object_get(result, "banned")));
    if (peer_id_parse(text, &id) == ERR_OK)
        target = ban_of_id(&id);
    else if (cidr_parse(text, &range) == ERR_OK)
        target = ban_of_cidr(&range);
    const struct ban *ban = ban_of(controller, &target);
    json_t *now = met(controller, &target);
    json_t *peers = gone(json_object_get(result, "peers"), now);
    json_decref(now);
    if (ban)
        json_object_set_new(result, "until", json_real((double)ban->until_ms / 1000));
    json_object_set_new(result, "closed", json_integer((json_int_t)json_array_size(peers)));
    json_object_set_new(result, "peers", peers);
    control_answer(request, result);
}

void control_ban(void *context, struct control_request *request)
{
    struct controller *controller = context;
    struct node_command command = {.kind = COMMAND_BAN};
    const struct ban_target *target = &command.ban.target;
    if (!read_target(controller, request, CONTROL_ANYBODY, &command.ban.target) ||
        refuse_unwise(controller, request, target))
        return;
    command.ban.duration_ms = (int64_t)(control_number(request, "duration") * 1000);
    command.ban.reason = control_text(request, "reason");
    json_t *result = target_json(target, "banned");
    int64_t until_ms = control_now(controller).wall_ms + command.ban.duration_ms;
    const struct ban *before = ban_of(controller, target);
    if (before && before->until_ms > until_ms)
        json_object_set_new(result, "kept",
            json_string("banned for longer already, and that end stays; unban it first"));
    json_object_set_new(result, "peers", met(controller, target));
    control_put_unstored(controller, result);
    control_command_then(controller, request, &command, "not banned", result, finish_ban);
}

void control_unban(void *context, struct control_request *request)
{
    struct node_command command = {.kind = COMMAND_UNBAN};
    if (!read_target(context, request, CONTROL_BANNED, &command.target))
        return;
    json_t *result = target_json(&command.target, "unbanned");
    control_put_unstored(context, result);
    control_command(context, request, &command, "not unbanned", result, "ended");
}
