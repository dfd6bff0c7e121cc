/* Connected peers: peers, dial, disconnect. */
#include "app/control/control_inside.h"

#include <stdlib.h>
#include <string.h>

/* ---- finding one ---- */

#define PREFIX_MIN 4 /* digits of an ID */

struct search {
    const char *text;
    size_t text_n;
    unsigned found;
    struct node_peer peer;
};

static void try_peer(void *context, const struct node_peer *peer)
{
    struct search *search = context;
    char id[PEER_ID_TEXT + 1], at[ADDR_TEXT_MAX], ip[IP_TEXT_MAX];
    bool is_it = strcmp(search->text, endpoint_to_text(&peer->remote, at)) == 0 ||
        strcmp(search->text, ip_text(&peer->remote.ip, ip)) == 0 ||
        (search->text_n >= PREFIX_MIN &&
            strncasecmp(search->text, peer_id_text(&peer->id, id), search->text_n) == 0);
    if (!is_it)
        return;
    search->found++;
    search->peer = *peer;
}

bool control_find_peer(struct controller *controller, struct control_request *request,
    const char *name, struct node_peer *peer)
{
    const char *text = control_text(request, name);
    struct search search = {.text = text, .text_n = strlen(text)};
    node_peers(control_node(controller), try_peer, &search);
    if (search.found == 1) {
        *peer = search.peer;
        return true;
    }
    if (search.found > 1)
        control_refuse(request, CONTROL_REFUSED,
            "%s names %u connected peers; give more of the ID, or IP:port", text, search.found);
    else
        control_refuse(request, CONTROL_REFUSED, "no connected peer is %s; see peers", text);
    return false;
}

/* ---- the list ---- */

struct listing {
    struct node_peer *peers;
    size_t n, cap;
    const char *direction;
};

static void add_peer(void *context, const struct node_peer *peer)
{
    struct listing *listing = context;
    const char *direction = peer->outbound ? "outbound" : "inbound";
    if (strcmp(listing->direction, "all") != 0 && strcmp(listing->direction, direction) != 0)
        return;
    if (listing->n < listing->cap)
        listing->peers[listing->n++] = *peer;
}

static int by_age(const void *a, const void *b)
{
    const struct node_peer *one = a, *other = b;
    return (one->connected_ms > other->connected_ms) - (one->connected_ms < other->connected_ms);
}

static json_t *flags_json(const struct node_peer *peer)
{
    char text[64];
    snprintf(text, sizeof text, "%s%s%s", peer->persistent ? " persistent" : "",
        peer->unconditional ? " unconditional" : "", peer->is_seed ? " seed" : "");
    return json_string(*text ? text + 1 : text);
}

static json_t *peer_json(const struct controller *controller, const struct node_peer *peer)
{
    int64_t uptime_ms = control_now(controller).mono_ms - peer->connected_ms;
    json_t *json = json_pack("{s:o, s:o, s:s, s:f, s:I, s:o, s:o}", "id", control_id(&peer->id),
        "addr", control_endpoint(&peer->remote), "direction",
        peer->outbound ? "outbound" : "inbound", "uptime_s", (double)uptime_ms / 1000, "useful",
        (json_int_t)peer->useful, "version", report_text(peer->version), "flags", flags_json(peer));
    if (json && peer->rtt_ms >= 0)
        json_object_set_new(json, "rtt_ms", json_integer(peer->rtt_ms));
    return json;
}

void control_peers(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    struct listing listing = {.direction = control_text(request, "direction")};
    listing.cap = node_counts(control_node(controller)).peers;
    listing.peers = calloc(listing.cap ? listing.cap : 1, sizeof *listing.peers);
    json_t *rows = json_array();
    if (listing.peers) {
        node_peers(control_node(controller), add_peer, &listing);
        qsort(listing.peers, listing.n, sizeof *listing.peers, by_age);
    }
    size_t limit = (size_t)control_number(request, "limit");
    for (size_t i = 0; i < listing.n && i < limit; i++)
        json_array_append_new(rows, peer_json(controller, &listing.peers[i]));
    free(listing.peers);
    control_answer(request, json_pack("{s:o, s:I}", "peers", rows, "total", (json_int_t)listing.n));
}

/* ---- dial, disconnect ---- */

bool control_read_address(struct control_request *request, struct addr_text *text)
{
    const char *given = control_text(request, "address"), *why = "";
    if (addr_text_parse(span_of_text(given), text, &why) == ERR_OK)
        return true;
    char expected[160];
    snprintf(expected, sizeof expected, "ID@host:port (%s)", why);
    control_refuse_argument(request, "address", expected, given);
    return false;
}

json_t *control_address_json(struct control_request *request, const char *member)
{
    return json_pack("{s:s}", member, control_text(request, "address"));
}

void control_dial(void *context, struct control_request *request)
{
    struct addr_text text;
    if (control_flag(request, "persistent")) {
        control_configured_add(context, request, COMMAND_PERSISTENT_ADD, "dialing");
        return;
    }
    if (control_flag(request, "save")) {
        control_refuse_argument(request, "save", "given with persistent", "true");
        return;
    }
    if (!control_read_address(request, &text))
        return;
    if (text.is_name) {
        control_refuse_argument(request, "address",
            "an address with an IP, or a persistent one: only those are looked up", text.host);
        return;
    }
    struct node_command command = {.kind = COMMAND_DIAL, .addr = {text.id, {text.ip, text.port}}};
    control_command(
        context, request, &command, "not dialed", control_address_json(request, "dialing"), NULL);
}

void control_disconnect(void *context, struct control_request *request)
{
    struct node_peer peer;
    if (!control_find_peer(context, request, "peer", &peer))
        return;
    json_t *result = json_pack("{s:o}", "disconnected", control_id(&peer.id));
    double ban_s = control_number(request, "ban");
    struct node_command command = {.kind = COMMAND_DISCONNECT, .id = peer.id};
    if (ban_s > 0) {
        command.kind = COMMAND_BAN;
        command.ban.target = ban_of_id(&peer.id);
        command.ban.duration_ms = (int64_t)(ban_s * 1000);
        command.ban.reason = control_text(request, "reason");
    }
    control_command(context, request, &command, "not disconnected", result, NULL);
}
