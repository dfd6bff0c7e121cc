#include "trace/happening.h"

#include "addr/code.h"
#include "base/text.h"
#include "trace/decision_inside.h"
#include "trace/event_code.h"

#include <stdio.h>

const char *happening_name(enum happening_kind kind)
{
    static const char *const names[HAPPENINGS] = {
#define HAPPENING_NAME(symbol, name) name,
        HAPPENING_LIST(HAPPENING_NAME)
#undef HAPPENING_NAME
    };
    return names[kind];
}

void happenings_init(struct happenings *happenings,
    void (*told)(void *context, const struct happening *happening), void *context)
{
    *happenings = (struct happenings){.told = told, .context = context};
    recent_init(&happenings->conns, sizeof(uint64_t), sizeof(struct addr), HAPPENING_CONNS_MAX, 0);
}

void happenings_free(struct happenings *happenings)
{
    recent_free(&happenings->conns);
}

/* ---- whom a connection leads to ---- */

static void remember(struct happenings *happenings, uint64_t conn, const struct addr *addr)
{
    struct addr *known = recent_touch(&happenings->conns, &conn);
    if (known)
        *known = *addr;
}

static struct happening of_conn(
    const struct happenings *happenings, enum happening_kind kind, uint64_t conn)
{
    struct happening made = {.kind = kind, .conn = conn};
    const struct addr *known = recent_find(&happenings->conns, &conn);
    if (known)
        made.addr = *known;
    return made;
}

static void tell_conn(struct happenings *happenings, enum happening_kind kind, uint64_t conn,
    enum err err, uint32_t count)
{
    struct happening made = of_conn(happenings, kind, conn);
    made.err = err;
    made.count = count;
    happenings->told(happenings->context, &made);
}

/* Cut to its room; what is no printable character becomes '?'. */
static void put_text(struct happening *made, struct span text)
{
    size_t n = text.n < HAPPENING_TEXT_MAX ? text.n : HAPPENING_TEXT_MAX;
    if (n > 0)
        memcpy(made->text, text.at, n);
    made->text[n] = 0;
    text_make_printable(made->text, n);
}

static void tell_text(struct happenings *happenings, enum happening_kind kind, const char *text)
{
    struct happening made = {.kind = kind};
    put_text(&made, span_of_text(text));
    happenings->told(happenings->context, &made);
}

static void tell_failure(
    struct happenings *happenings, struct happening made, enum err err, const char *detail)
{
    made.err = err;
    if (detail)
        put_text(&made, span_of_text(detail));
    happenings->told(happenings->context, &made);
}

static void tell_end(struct happenings *happenings, enum happening_kind kind, uint64_t conn,
    enum err err, const char *detail)
{
    tell_failure(happenings, of_conn(happenings, kind, conn), err, detail);
    recent_remove(&happenings->conns, &conn);
}

/* ---- events ---- */

static void established(struct happenings *happenings, const struct event *event)
{
    const struct addr addr = {event->established.id, event->established.remote};
    remember(happenings, event->conn, &addr);
    struct happening made = of_conn(happenings, HAPPENING_CONNECTED, event->conn);
    put_text(&made, event->established.info->version);
    happenings->told(happenings->context, &made);
}

static void closed(struct happenings *happenings, const struct event *event)
{
    struct addr *known = recent_find(&happenings->conns, &event->conn);
    if (known && peer_id_is_none(&known->id))
        known->id = event->closed.id;
    tell_end(happenings, HAPPENING_CLOSED, event->conn, event->closed.err, event->closed.detail);
}

static void connection_event(struct happenings *happenings, const struct event *event)
{
    const struct pex_message *message = event->message;
    switch (event->kind) {
    case EVENT_ACCEPTED: {
        const struct addr addr = {.at = event->accepted.remote};
        remember(happenings, event->conn, &addr);
        tell_conn(happenings, HAPPENING_ACCEPTED, event->conn, ERR_OK, 0);
        break;
    }
    case EVENT_ESTABLISHED:
        established(happenings, event);
        break;
    case EVENT_DIAL_FAILED:
        tell_end(happenings, HAPPENING_DIAL_FAILED, event->conn, event->dial_failed.err,
            event->dial_failed.detail);
        break;
    case EVENT_MESSAGE:
        tell_conn(happenings, message->kind == PEX_REQUEST ? HAPPENING_REQUEST : HAPPENING_LIST,
            event->conn, ERR_OK, message->kind == PEX_REQUEST ? 0 : (uint32_t)message->listed_n);
        break;
    case EVENT_SEND_FAILED:
        tell_conn(happenings, HAPPENING_SEND_FAILED, event->conn, ERR_OK, 0);
        break;
    case EVENT_CLOSED:
        closed(happenings, event);
        break;
    default:
        break;
    }
}

/* Of a transaction in several parts only the last says that it is written. */
static void stored(struct happenings *happenings, const struct event *event)
{
    const struct book_changes *rows = event->stored.rows;
    bool fails = event->stored.err != ERR_OK;
    if (fails)
        tell_failure(happenings, (struct happening){.kind = HAPPENING_STORE_FAILED},
            event->stored.err, event->stored.detail);
    else if (rows && rows->more)
        return;
    else if (happenings->store_fails)
        tell_text(happenings, HAPPENING_STORE_RECOVERED, "");
    happenings->store_fails = fails;
}

/* ---- commands ---- */

static void put_target(struct happening *made, const struct ban_target *target)
{
    made->addr = (struct addr){target->id, {target->ip, target->port}};
    made->is_range = target->kind == BAN_CIDR;
    made->bits = target->bits;
}

static void put_subject(struct happening *made, const struct node_command *command)
{
    switch (command->kind) {
    case COMMAND_DIAL:
        made->addr = command->addr;
        break;
    case COMMAND_DISCONNECT:
    case COMMAND_PERSISTENT_REMOVE:
    case COMMAND_SEED_REMOVE:
        made->addr.id = command->id;
        break;
    case COMMAND_BAN:
        put_target(made, &command->ban.target);
        break;
    case COMMAND_UNBAN:
        put_target(made, &command->target);
        break;
    case COMMAND_PERSISTENT_ADD:
    case COMMAND_SEED_ADD:
        made->addr = (struct addr){command->peer->id, {command->peer->ip, command->peer->port}};
        break;
    case COMMAND_STOP:
    case COMMAND_SAVE:
    case COMMAND_SET:
        break;
    }
}

/* A setting is told by whoever changed it, with the name that people know (HAPPENING_SETTING). */
static void tell_command(struct happenings *happenings, const struct node_command *command)
{
    struct happening made = {.kind = HAPPENING_COMMAND};
    char text[HAPPENING_TEXT_MAX + 1], duration[TEXT_DURATION_MAX];
    const char *name = command_name(command->kind);
    if (command->kind == COMMAND_SET)
        return;
    if (command->kind == COMMAND_BAN)
        snprintf(text, sizeof text, "%s for %s: %s", name,
            text_duration(command->ban.duration_ms, duration), command->ban.reason);
    else
        snprintf(text, sizeof text, "%s", name);
    put_text(&made, span_of_text(text));
    put_subject(&made, command);
    if (command->token == 0) {
        happenings->told(happenings->context, &made);
        return;
    }
    happenings->command = made;
    happenings->token = command->token;
}

/* "unban" into "unban: not found (nothing is banned)" */
static void refuse_command(struct happening *command, const struct node_answer *answer)
{
    char text[HAPPENING_TEXT_MAX + 1];
    bool has_detail = answer->detail && *answer->detail;
    snprintf(text, sizeof text, "%.120s: %s%s%.200s%s", command->text, err_text(answer->err),
        has_detail ? " (" : "", has_detail ? answer->detail : "", has_detail ? ")" : "");
    command->kind = HAPPENING_COMMAND_REFUSED;
    put_text(command, span_of_text(text));
}

/* Before what the command brought about. */
static void settle_command(struct happenings *happenings, const struct action *actions, size_t n)
{
    if (happenings->token == 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (actions[i].kind == ACTION_ANSWER && actions[i].answer.token == happenings->token &&
            actions[i].answer.err)
            refuse_command(&happenings->command, &actions[i].answer);
    happenings->told(happenings->context, &happenings->command);
    happenings->token = 0;
}

void happenings_event(struct happenings *happenings, const struct event *event)
{
    struct happening made = {0};
    switch (event->kind) {
    case EVENT_START:
        tell_text(happenings, HAPPENING_STARTED, "");
        break;
    case EVENT_RESOLVED:
        made = (struct happening){.kind = HAPPENING_RESOLVED,
            .err = event->resolved.err,
            .count = (uint32_t)event->resolved.ips_n};
        happenings->told(happenings->context, &made);
        break;
    case EVENT_STORED:
        stored(happenings, event);
        break;
    case EVENT_EXPORTED:
        made = (struct happening){.kind = HAPPENING_EXPORTED, .err = event->exported.err};
        happenings->told(happenings->context, &made);
        break;
    case EVENT_COMMAND:
        tell_command(happenings, &event->command);
        break;
    case EVENT_POLICY_LOADED: /* the host tells whether it was loaded, promoted or rolled back to */
        break;
    default:
        connection_event(happenings, event);
        break;
    }
}

/* ---- actions ---- */

static void act(struct happenings *happenings, const struct action *action)
{
    switch (action->kind) {
    case ACTION_DIAL:
        remember(happenings, action->conn, &action->dial.addr);
        tell_conn(happenings, HAPPENING_DIALING, action->conn, ERR_OK, 0);
        break;
    case ACTION_REFUSE:
        tell_end(
            happenings, HAPPENING_REFUSED, action->conn, action->refuse.why, action->refuse.detail);
        break;
    case ACTION_SEND:
        if (action->send.kind == PEX_REQUEST)
            tell_conn(happenings, HAPPENING_ASKED, action->conn, ERR_OK, 0);
        else
            tell_conn(happenings, HAPPENING_ANSWERED, action->conn, ERR_OK,
                (uint32_t)action->send.addrs_n);
        break;
    case ACTION_CLOSE:
        tell_end(
            happenings, HAPPENING_CLOSING, action->conn, action->close.why, action->close.detail);
        break;
    case ACTION_ABORT:
        tell_text(happenings, HAPPENING_GAVE_UP, action->abort.why);
        break;
    default: /* of accept, resolve, store and export the answer is what matters */
        break;
    }
}

void happenings_actions(struct happenings *happenings, const struct action *actions, size_t n)
{
    settle_command(happenings, actions, n);
    for (size_t i = 0; i < n; i++)
        act(happenings, &actions[i]);
}

bool happening_is_of_policy(enum happening_kind kind)
{
    return kind == HAPPENING_POLICY || kind == HAPPENING_POLICY_REFUSED ||
        kind == HAPPENING_ROLLED_BACK || kind == HAPPENING_PROMOTED || kind == HAPPENING_PARAM ||
        kind == HAPPENING_SHADOW || kind == HAPPENING_SHADOW_END;
}

/* ---- as bytes and JSON ---- */

void happening_code(struct codec *codec, struct happening *happening)
{
    code_conn(codec, &happening->conn);
    code_addr(codec, &happening->addr);
    code_bool(codec, &happening->is_range);
    code_u8(codec, &happening->bits);
    code_enum(codec, &happening->err, ERR_COUNT);
    code_u32(codec, &happening->count);
    code_text(codec, happening->text, sizeof happening->text);
}

static struct happening read_happening(struct span body)
{
    struct happening read = {0};
    struct codec codec = codec_reader(body);
    happening_code(&codec, &read);
    return read;
}

struct addr happening_addr(struct span body)
{
    return read_happening(body).addr;
}

/* Of other texts a peer may say some. */
static struct peer_id other_of(const struct happening *read)
{
    struct peer_id found = {0}, id;
    for (const char *at = read->text; read->err == ERR_WRONG_ID && *at;
         at += strspn(at, " ,:;()")) {
        size_t n = strcspn(at, " ,:;()");
        if (peer_id_parse(span_of(at, n), &id) == ERR_OK && !peer_id_equal(&id, &read->addr.id))
            found = id;
        at += n;
    }
    return found;
}

struct peer_id happening_other(struct span body)
{
    struct happening read = read_happening(body);
    return other_of(&read);
}

bool happening_concerns(
    struct span body, const struct peer_id *id, const struct ip *ip, uint16_t port)
{
    struct happening read = read_happening(body);
    const struct cidr range = {read.addr.at.ip, read.bits};
    struct peer_id other = other_of(&read);
    if (id && peer_id_equal(id, &other))
        return true;
    if (id && !peer_id_is_none(&read.addr.id))
        return peer_id_equal(id, &read.addr.id);
    if (!ip || read.is_range)
        return ip && cidr_contains(&range, ip);
    return ip_equal(ip, &range.ip) && (port == 0 || port == read.addr.at.port);
}

static void put_subject_json(json_t *into, const struct happening *read)
{
    char text[ADDR_TEXT_MAX], range_text[IP_TEXT_MAX + 4];
    static const struct ip none;
    const struct cidr range = {read->addr.at.ip, read->bits};
    if (read->conn)
        conn_put_json(into, read->conn);
    if (!peer_id_is_none(&read->addr.id))
        json_object_set_new(into, "peer", json_string(peer_id_text(&read->addr.id, text)));
    if (read->is_range)
        json_object_set_new(into, "range", json_string(cidr_text(&range, range_text)));
    else if (!ip_equal(&read->addr.at.ip, &none))
        json_object_set_new(into, "address", json_string(endpoint_to_text(&read->addr.at, text)));
}

void happening_put_json(json_t *into, const char *name, struct span body)
{
    struct happening read = read_happening(body);
    json_object_set_new(into, "event", json_string(name));
    put_subject_json(into, &read);
    if (read.err) {
        json_object_set_new(into, "error", json_string(err_name(read.err)));
        json_object_set_new(into, "text", json_string(err_text(read.err)));
    }
    if (read.count)
        json_object_set_new(into, "count", json_integer(read.count));
    if (*read.text)
        json_object_set_new(
            into, read.err ? "detail" : "text", decision_text_json(span_of_text(read.text)));
}
