#include "trace/event_code.h"

#include "trace/decision_inside.h"

static const char *kind_name(enum event_kind kind)
{
    static const char *const names[] = {"start", "tick", "accepted", "established", "dial_failed",
        "message", "send_failed", "round_trip", "closed", "resolved", "stored", "exported",
        "command", "policy_loaded"};
    return names[kind];
}

void conn_put_json(json_t *into, uint64_t conn)
{
    json_object_set_new(into, "connection", json_integer((json_int_t)(conn & ~CONN_OUTBOUND)));
    json_object_set_new(
        into, "direction", json_string(conn >= CONN_OUTBOUND ? "outbound" : "inbound"));
}

static void put_endpoint(json_t *into, const struct endpoint *at)
{
    char text[ADDR_TEXT_MAX];
    json_object_set_new(into, "address", json_string(endpoint_to_text(at, text)));
}

static void put_id(json_t *into, const struct peer_id *id)
{
    char text[PEER_ID_TEXT + 1];
    if (!peer_id_is_none(id))
        json_object_set_new(into, "peer", json_string(peer_id_text(id, text)));
}

static void put_err(json_t *into, enum err err)
{
    if (err)
        json_object_set_new(into, "error", json_string(err_name(err)));
}

static void put_number(json_t *into, const char *name, int64_t number)
{
    json_object_set_new(into, name, json_integer(number));
}

static void put_text(json_t *into, const char *name, const char *text)
{
    json_object_set_new(into, name, decision_text_json(span_of_text(text)));
}

static void put_detail(json_t *into, const char *detail)
{
    if (detail)
        put_text(into, "detail", detail);
}

static void put_message(json_t *into, const struct pex_message *message)
{
    bool is_list = message->kind == PEX_ADDRS;
    json_object_set_new(into, "message", json_string(is_list ? "list" : "request"));
    if (is_list)
        put_number(into, "count", (int64_t)message->listed_n);
}

static void put_command(json_t *into, const struct node_command *command)
{
    char text[ADDR_TEXT_MAX];
    put_text(into, "command", command_name(command->kind));
    if (command->kind == COMMAND_DIAL)
        json_object_set_new(into, "address", json_string(addr_to_text(&command->addr, text)));
    if (command->kind == COMMAND_DISCONNECT || command->kind == COMMAND_PERSISTENT_REMOVE ||
        command->kind == COMMAND_SEED_REMOVE)
        put_id(into, &command->id);
}

static void put_connection_details(json_t *into, const struct event *event)
{
    switch (event->kind) {
    case EVENT_ACCEPTED:
        put_endpoint(into, &event->accepted.remote);
        break;
    case EVENT_ESTABLISHED:
        put_id(into, &event->established.id);
        put_endpoint(into, &event->established.remote);
        break;
    case EVENT_DIAL_FAILED:
        put_err(into, event->dial_failed.err);
        put_detail(into, event->dial_failed.detail);
        break;
    case EVENT_MESSAGE:
        put_message(into, event->message);
        break;
    case EVENT_ROUND_TRIP:
        put_number(into, "ms", event->round_trip.ms);
        break;
    case EVENT_CLOSED:
        put_id(into, &event->closed.id);
        put_err(into, event->closed.err);
        put_detail(into, event->closed.detail);
        break;
    default:
        break;
    }
}

json_t *event_json(const struct event *event)
{
    json_t *into = json_pack("{s:s}", "event", kind_name(event->kind));
    if (!into)
        return NULL;
    if (event->conn)
        conn_put_json(into, event->conn);
    switch (event->kind) {
    case EVENT_RESOLVED:
        put_err(into, event->resolved.err);
        put_number(into, "count", (int64_t)event->resolved.ips_n);
        break;
    case EVENT_STORED:
        put_err(into, event->stored.err);
        put_detail(into, event->stored.detail);
        break;
    case EVENT_EXPORTED:
        put_err(into, event->exported.err);
        break;
    case EVENT_COMMAND:
        put_command(into, &event->command);
        break;
    case EVENT_POLICY_LOADED:
        put_text(into, "policy", event->policy_loaded.name);
        break;
    default:
        put_connection_details(into, event);
        break;
    }
    return into;
}
