/* Connected peers: peers, dial, disconnect. */
#include "app/control/control_subject.h"

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
    else if (control_may_name(request, name, text))
        control_refuse(
            request, CONTROL_REFUSED, "no connected peer is %s; see luapex ctl peers", text);
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

static void add_flags(struct text *out, const struct node_peer *peer)
{
    char text[64];
    snprintf(text, sizeof text, "%s%s%s", peer->persistent ? ",persistent" : "",
        peer->unconditional ? ",unconditional" : "", peer->is_seed ? ",seed" : "");
    text_add_text(out, ",\"flags\":\"");
    text_add_text(out, *text ? text + 1 : text);
    text_add_char(out, '"');
}

static void add_row(struct text *out, const struct node_peer *peer, struct now now)
{
    char id[PEER_ID_TEXT + 1], at[ADDR_TEXT_MAX];
    text_add_text(out, "{\"id\":\"");
    text_add_text(out, peer_id_text(&peer->id, id));
    text_add_text(out, "\",\"addr\":\"");
    text_add_text(out, endpoint_to_text(&peer->remote, at));
    text_add_text(out, "\",\"direction\":\"");
    text_add_text(out, peer->outbound ? "outbound" : "inbound");
    text_add_text(out, "\",\"uptime_s\":");
    report_add_seconds(out, now.mono_ms - peer->connected_ms);
    text_add_text(out, ",\"useful\":");
    text_add_count(out, peer->useful);
    text_add_text(out, ",\"version\":");
    report_add_text(out, peer->version);
    add_flags(out, peer);
    if (peer->rtt_ms >= 0) {
        text_add_text(out, ",\"rtt_ms\":");
        text_add_count(out, (uint64_t)peer->rtt_ms);
    }
    text_add_char(out, '}');
}

/* As text at once: of thousands of peers a tree takes long. */
void control_peers(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    struct listing listing = {.direction = control_text(request, "direction")};
    struct text out = {0};
    char *text = NULL;
    listing.cap = node_counts(control_node(controller)).peers;
    listing.peers = calloc(listing.cap ? listing.cap : 1, sizeof *listing.peers);
    if (listing.peers) {
        node_peers(control_node(controller), add_peer, &listing);
        qsort(listing.peers, listing.n, sizeof *listing.peers, by_age);
    }
    out.has_failed = !listing.peers;
    size_t limit = (size_t)control_number(request, "limit");
    text_add_text(&out, "{\"peers\":[");
    for (size_t i = 0; i < listing.n && i < limit; i++) {
        text_add_text(&out, i > 0 ? "," : "");
        add_row(&out, &listing.peers[i], control_now(controller));
    }
    text_add_text(&out, "],\"total\":");
    text_add_count(&out, listing.n);
    text_add_char(&out, '}');
    free(listing.peers);
    text_take(&out, &text, NULL);
    control_answer_text(request, text);
    free(text);
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
