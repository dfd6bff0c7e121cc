/* Who may connect and stay: accepted sockets, finished handshakes, ends of connections (S8, S14,
 * S15, S21 - S24, F5, F24). */
#include "node/admit.h"
#include "node/observe.h"

#define SEED_GROUP_SHARE 4 /* one group has at most one in so many slots of a seed ... */
#define SEED_GROUP_MIN 8   /* ... but always so many connections */

static void refuse(struct step *step, const struct event *event, enum err why)
{
    struct node *node = step->node;
    const struct addr addr = {.at = event->accepted.remote};
    char at[ADDR_TEXT_MAX];
    const char *detail = refusal_detail(step, why, &addr);
    struct action *action = outbox_add(step->outbox, ACTION_REFUSE, event->conn);
    action->refuse.why = why;
    action->refuse.detail = detail;
    node->metrics.refused[why]++;
    log_write(&node->settings.log, LOG_INFO, "inbound refused",
        LOG_TEXT("addr", endpoint_to_text(&event->accepted.remote, at)),
        LOG_TEXT("error", err_text(why)), LOG_NUMBER("inbound", node->conns.inbound),
        LOG_NUMBER("inbound_max", node->settings.max_inbound), refusal_field(detail));
}

/* A seed is for everybody, so a crowd of one group must not take all of its slots; where an
 * operator expects private networks or many peers behind one IP, he has said so. */
uint32_t admission_group_max(const struct node *node, struct group group)
{
    const struct node_settings *settings = &node->settings;
    uint32_t share = settings->max_inbound / SEED_GROUP_SHARE;
    if (settings->max_inbound_per_group > 0)
        return settings->max_inbound_per_group;
    if (!settings->seed_mode || !settings->strict || settings->allow_duplicate_ip ||
        !group_is_public(group))
        return 0;
    return share > SEED_GROUP_MIN ? share : SEED_GROUP_MIN;
}

/* Rules that hold for unconditional peers too (S4, S22). A number says more than the boolean. */
static enum err judge_origin(const struct node *node, const struct ip *ip)
{
    const struct node_settings *settings = &node->settings;
    struct group group = ip_group(ip, settings->strict);
    uint32_t per_ip = settings->max_inbound_per_ip, per_group = admission_group_max(node, group);
    if (per_ip == 0 && !settings->allow_duplicate_ip && conns_open_with_ip(&node->conns, ip))
        return ERR_DUPLICATE_IP;
    if (per_ip > 0 && conns_accepted_from(&node->conns, ip) >= per_ip)
        return ERR_CROWDED;
    if (per_group > 0 && conns_accepted_in_group(&node->conns, group) >= per_group)
        return ERR_CROWDED;
    return ERR_OK;
}

/* Before the handshake only the IP is known; whoever may turn out to be unconditional passes. */
static enum err judge_accepted(struct step *step, const struct ip *ip)
{
    const struct node *node = step->node;
    bool may_be_unconditional = node->settings.unconditional_ids_n > 0;
    if (node->stopping)
        return ERR_STOPPING;
    if (node->conns.handshaking >= node->settings.max_handshaking)
        return ERR_NO_SLOT;
    enum err err = judge_origin(node, ip);
    if (err)
        return err;
    if (!may_be_unconditional && bans_by_ip(book_bans(node->book), step->now, ip))
        return ERR_BANNED;
    bool full = !may_be_unconditional && node->conns.inbound >= node->settings.max_inbound;
    return admit_socket(step, ip, full ? ERR_NO_SLOT : ERR_OK);
}

void admission_accepted(struct step *step, const struct event *event)
{
    enum err err = judge_accepted(step, &event->accepted.remote.ip);
    struct conn conn = {
        .number = event->conn,
        .remote = event->accepted.remote,
        .state = CONN_HANDSHAKING,
        .origin = ORIGIN_INBOUND,
        .since_ms = step->now.mono_ms,
        .rtt_ms = -1,
        .asked_ms = NEVER_MS,
        .list_ms = NEVER_MS,
        .request_ms = NEVER_MS,
    };
    if (!err && !conns_add(&step->node->conns, &conn))
        err = ERR_NO_MEMORY;
    if (err)
        refuse(step, event, err);
    else
        outbox_add(step->outbox, ACTION_ACCEPT, event->conn);
}

/* After the handshake: the ID is proven. */
static enum err judge_established(
    const struct step *step, const struct conn *conn, const struct peer_id *id)
{
    const struct node *node = step->node;
    if (node->stopping)
        return ERR_STOPPING;
    if (conns_peer(&node->conns, id))
        return ERR_DUPLICATE_ID;
    bool exempt = conn->unconditional || conn->persistent || conn->is_seed;
    const struct bans *bans = book_bans(node->book);
    if (!exempt &&
        (bans_by_id(bans, step->now, id) || bans_by_ip(bans, step->now, &conn->remote.ip)))
        return ERR_BANNED;
    if (conn->outbound)
        return node->settings.allow_duplicate_ip ||
                !conns_open_with_ip(&node->conns, &conn->remote.ip)
            ? ERR_OK
            : ERR_DUPLICATE_IP;
    if (!conn->unconditional && node->conns.inbound >= node->settings.max_inbound)
        return ERR_NO_SLOT;
    return ERR_OK;
}

static void keep_node_info(
    struct conn *conn, const struct peer_id *id, const struct node_info *info)
{
    size_t n = info->version.n < VERSION_KEPT ? info->version.n : VERSION_KEPT;
    if (n > 0)
        memcpy(conn->version, info->version.at, n);
    conn->version[n] = 0;
    conn->has_pex = node_info_has_channel(info, PEX_CHANNEL);
    enum err err = node_info_listen(info, &conn->listen);
    conn->listen_known = err == ERR_OK;
    conn->listen_bad = err == ERR_LISTEN_ADDRESS; /* a name is no fault, only no use (F23) */
    conn->listen.id = *id;
}

/* R21 */
static void add_itself(struct step *step, const struct conn *conn)
{
    struct node *node = step->node;
    struct addr itself = source_of(conn);
    if (!conn->listen_known || source_room(step, &conn->id) == 0)
        return;
    enum book_added added = BOOK_KNOWN;
    enum err err = book_add(node->book, step->now, &node->rng, &conn->listen, &itself, &added);
    node->metrics.addresses_refused[err] += err != ERR_OK;
    if (err)
        log_write(&node->settings.log, LOG_DEBUG, "address refused by the book",
            LOG_TEXT("error", err_text(err)));
    else if (added == BOOK_ADDED)
        source_added(step, &conn->id);
}

/* R20, R21: what a new peer means to the exchange. */
static void greet(struct step *step, struct conn *conn)
{
    if (!step->node->settings.pex)
        return;
    if (!conn->outbound)
        add_itself(step, conn);
    ask_newcomer(step, conn);
}

static void log_added(const struct step *step, const struct conn *conn)
{
    char text[ADDR_TEXT_MAX];
    struct addr addr = {conn->id, conn->remote};
    log_write(&step->node->settings.log, LOG_INFO, "peer added",
        LOG_TEXT("peer", addr_to_text(&addr, text)),
        LOG_TEXT("direction", conn->outbound ? "outbound" : "inbound"),
        LOG_TEXT("version", conn->version));
}

static enum err welcome(struct step *step, struct conn *conn, const struct event *event)
{
    struct node *node = step->node;
    const struct peer_id *id = &event->established.id;
    if (!conns_promote(&node->conns, conn, id, step->now.mono_ms))
        return ERR_NO_MEMORY;
    keep_node_info(conn, id, event->established.info);
    conn->rtt_ms = event->established.connect_ms;
    node->alone_since_ms = NEVER_MS;
    persistent_connected(step, id);
    log_added(step, conn);
    greet(step, conn);
    book_set_connected(node->book, id, true);
    observe_conn(step, conn, POLICY_EVENT_connected);
    return ERR_OK;
}

static void turn_away(struct step *step, struct conn *conn, const struct peer_id *id, enum err err)
{
    const struct addr addr = {*id, conn->remote};
    const char *detail = refusal_detail(step, err, &addr);
    char text[PEER_ID_TEXT + 1];
    step->node->metrics.refused[err] += !conn->outbound;
    log_write(&step->node->settings.log, LOG_INFO,
        conn->outbound ? "outbound dropped" : "inbound refused",
        LOG_TEXT("peer", peer_id_text(id, text)), LOG_TEXT("error", err_text(err)),
        refusal_field(detail));
    admission_close_because(step, conn, err, detail, 0);
}

void admission_established(struct step *step, const struct event *event)
{
    struct node *node = step->node;
    struct conn *conn = conns_find(&node->conns, event->conn);
    if (!conn || conn->state == CONN_PEER)
        return;
    const struct peer_id *id = &event->established.id;
    enum dial_origin origin = (enum dial_origin)conn->origin;
    bool outbound = conn->outbound;
    conn->unconditional = node_is_unconditional(node, id);
    conn->persistent = configured_is_persistent(node, id);
    conn->is_seed = configured_is_seed(node, id);
    enum err err = judge_established(step, conn, id);
    if (!outbound && (!err || err == ERR_NO_SLOT)) {
        err = admit_peer(step, conn, event, err);
        conn = conns_find(&node->conns, event->conn);
    }
    if (outbound) {
        dialer_succeeded(step, conn, id, event->established.connect_ms);
        book_mark_version(
            node->book, &(struct addr){*id, conn->remote}, event->established.info->version);
    }
    if (!err && origin == ORIGIN_FEELER)
        admission_close_because(step, conn, ERR_GRACEFUL, "tried out: it proved its ID", 0);
    else if (!err)
        err = welcome(step, conn, event);
    if (err)
        turn_away(step, conn, id, err);
    if (outbound)
        dialer_ended(step, origin, id, err, NULL);
}

/* A peer left, by whatever way. R24 and S15: everything that belongs to the connection goes first;
 * a returning peer meets no trace of it. */
static void forget(struct step *step, struct conn *conn, enum err why, bool by_us)
{
    struct node *node = step->node;
    bool was_peer = conn->state == CONN_PEER;
    struct peer_id id = conn->id;
    int64_t stayed_ms = step->now.mono_ms - conn->since_ms;
    conns_remove(&node->conns, conn);
    if (node->conns.peers == 0 && node->alone_since_ms == NEVER_MS)
        node->alone_since_ms = step->now.mono_ms;
    if (!was_peer)
        return;
    book_set_connected(node->book, &id, false);
    persistent_closed(step, &id, stayed_ms, why, by_us);
}

static void log_gone(
    const struct step *step, const struct conn *conn, enum err why, const char *detail)
{
    const struct log *log = &step->node->settings.log;
    char id[PEER_ID_TEXT + 1];
    bool by_peer = why == ERR_CLOSED_BY_PEER || why == ERR_RESET; /* as peers do at any time */
    bool graceful = err_blame(why) == BLAME_NONE;
    bool banned = why == ERR_BANNED; /* of a policy or an operator: their decision, no failure */
    const char *event = by_peer ? "peer closed the connection"
        : graceful              ? "peer stopped gracefully"
        : banned                ? "peer stopped for a ban"
                                : "peer stopped for error";
    enum log_level level = by_peer || graceful || banned ? LOG_INFO : LOG_ERROR;
    step->node->metrics.gone[why]++;
    log_write(log, level, event, LOG_TEXT("peer", peer_id_text(&conn->id, id)),
        LOG_TEXT("reason", err_text(why)), log_text_if_any("detail", detail));
}

void admission_close_because(
    struct step *step, struct conn *conn, enum err why, const char *detail, int64_t flush_ms)
{
    struct action *action = outbox_add(step->outbox, ACTION_CLOSE, conn->number);
    action->close.why = why;
    action->close.detail = detail;
    action->close.flush_ms = flush_ms;
    if (conn->state == CONN_PEER) {
        log_gone(step, conn, why, detail);
        observe_closed(step, conn, why);
    }
    forget(step, conn, why, why == ERR_GRACEFUL || why == ERR_SERVED);
}

void admission_close(struct step *step, struct conn *conn, enum err why, int64_t flush_ms)
{
    const struct addr addr = {conn->id, conn->remote};
    const char *detail = why == ERR_BANNED ? refusal_detail(step, why, &addr) : NULL;
    admission_close_because(step, conn, why, detail, flush_ms);
}

/* Not so: ends that are not the peer's doing, or that any honest peer brings about by leaving or by
 * losing its network. */
static bool is_incident(enum err err)
{
    return err_blame(err) == BLAME_PEER && err != ERR_CLOSED_BY_PEER && err != ERR_RESET &&
        err != ERR_TIMEOUT && err != ERR_PONG_TIMEOUT && err != ERR_HOST_UNREACHABLE;
}

/* F25 for those who dialed us: whoever proved to be of another network need not be dialed. */
static void block_foreign(struct step *step, const struct peer_id *id, enum err err)
{
    struct node *node = step->node;
    struct ban_target target = ban_of_id(id);
    char text[PEER_ID_TEXT + 1];
    if (!err_is_other_network(err) || !book_find(node->book, id) ||
        configured_is_persistent(node, id) || configured_is_seed(node, id) ||
        node_is_unconditional(node, id))
        return;
    if (book_ban(node->book, step->now, &target, node->settings.other_network_block_ms,
            err_name(err)) != ERR_OK)
        return;
    node->counts.bans++;
    node->metrics.bans[err]++;
    log_write(&node->settings.log, LOG_INFO, "peer banned",
        LOG_TEXT("peer", peer_id_text(id, text)), LOG_TEXT("reason", err_name(err)),
        LOG_NUMBER("seconds", node->settings.other_network_block_ms / 1000));
}

static void handshake_failed(struct step *step, const struct conn *conn, const struct event *event)
{
    char at[ADDR_TEXT_MAX];
    enum err err = event->closed.err;
    step->node->metrics.refused[err]++;
    log_write(&step->node->settings.log, LOG_INFO, "inbound rejected",
        LOG_TEXT("addr", endpoint_to_text(&conn->remote, at)), LOG_TEXT("error", err_text(err)),
        LOG_NUMBER("peers", step->node->conns.peers), refusal_field(event->closed.detail));
    block_foreign(step, &event->closed.id, err);
}

void admission_closed(struct step *step, const struct event *event)
{
    struct conn *conn = conns_find(&step->node->conns, event->conn);
    if (!conn || conn->state == CONN_DIALING)
        return;
    enum err err = event->closed.err;
    if (conn->state == CONN_HANDSHAKING) {
        handshake_failed(step, conn, event);
    } else {
        log_gone(step, conn, err, event->closed.detail);
        if (is_incident(err))
            penalty_judge(step, conn, err);
        observe_closed(step, conn, err);
    }
    forget(step, conn, err, false);
}
