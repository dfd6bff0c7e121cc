/* Who is kept out: bans, ban, unban. */
#include "app/book/book_wanted.h"
#include "app/control/control_inside.h"

#include <stdlib.h>
#include <string.h>

static const char *kind_name(const struct ban_target *target)
{
    return target->kind == BAN_ID ? "id" : target->kind == BAN_CIDR ? "range" : "pair";
}

static json_t *ban_json(const struct ban *ban, struct now now)
{
    char text[ADDR_TEXT_MAX];
    return json_pack("{s:s, s:s, s:f, s:f, s:I, s:s, s:o}", "target",
        ban_target_text(&ban->target, text), "kind", kind_name(&ban->target), "left_s",
        (double)(ban->until_ms - now.wall_ms) / 1000, "until", (double)ban->until_ms / 1000,
        "times", (json_int_t)ban->times, "reason", ban->reason, "since",
        json_real((double)ban->since_ms / 1000));
}

/* False: told that `field` is nothing to look for. */
static bool read_wanted(
    struct control_request *request, const char *field, struct book_wanted *wanted)
{
    const char *text = control_text(request, field);
    if (!text || book_wanted_read(text, wanted))
        return true;
    control_refuse_argument(
        request, field, "an IP, a range or the beginning of an ID (4 digits or more)", text);
    return false;
}

void control_bans(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    const struct bans *bans = book_bans(node_book(control_node(controller)));
    const struct now now = control_now(controller);
    size_t limit = (size_t)control_number(request, "limit");
    struct book_wanted wanted = {0};
    if (!read_wanted(request, "match", &wanted))
        return;
    json_t *rows = json_array();
    json_int_t total = 0;
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        const struct ban *ban = bans_at(bans, i);
        bool is_meant =
            control_text(request, "match") == NULL || book_wanted_bans(&wanted, &ban->target);
        if (!is_meant || ban->until_ms <= now.wall_ms)
            continue;
        if ((size_t)total++ < limit)
            json_array_append_new(rows, ban_json(ban, now));
    }
    control_answer(request, json_pack("{s:o, s:I}", "bans", rows, "total", total));
}

/* False: refused. */
static bool read_target(struct control_request *request, struct ban_target *target)
{
    const char *text = control_text(request, "target");
    struct peer_id id;
    struct cidr range;
    if (peer_id_parse(span_of_text(text), &id) == ERR_OK) {
        *target = ban_of_id(&id);
        return true;
    }
    if (cidr_parse(span_of_text(text), &range) == ERR_OK) {
        *target = ban_of_cidr(&range);
        return true;
    }
    control_refuse_argument(request, "target",
        "a node ID (40 digits), an IP, or a range whose bits beyond the prefix are zero", text);
    return false;
}

static json_t *target_json(const struct ban_target *target, const char *member)
{
    char text[ADDR_TEXT_MAX];
    return json_pack("{s:s}", member, ban_target_text(target, text));
}

void control_ban(void *context, struct control_request *request)
{
    struct controller *controller = context;
    struct node_command command = {.kind = COMMAND_BAN};
    if (!read_target(request, &command.ban.target))
        return;
    command.ban.duration_ms = (int64_t)(control_number(request, "duration") * 1000);
    command.ban.reason = control_text(request, "reason");
    json_t *result = target_json(&command.ban.target, "banned");
    int64_t until_ms = control_now(controller).wall_ms + command.ban.duration_ms;
    json_object_set_new(result, "until", json_real((double)until_ms / 1000));
    control_command(controller, request, &command, "not banned", result, "closed");
}

void control_unban(void *context, struct control_request *request)
{
    struct node_command command = {.kind = COMMAND_UNBAN};
    if (!read_target(request, &command.target))
        return;
    control_command(context, request, &command, "not unbanned",
        target_json(&command.target, "unbanned"), "ended");
}
