/* Persistent peers: kept connected for ever and dialed by nobody else (S16, S20, F16). */
#include "node/configured.h"
#include "node/view.h"

#define RECONNECT_LIMIT_MS HOURS_MS(24) /* P25: bounds of what an operator may set instead */
#define RECONNECT_LEAST_MS SECONDS_MS(1)
#define SHORT_STAY_MS SECONDS_MS(5) /* a peer lost sooner counts as a failed dial */

/* S16: persistent peers are known to the book, told by ourselves, and it is saved at once. */
static void add_to_book(struct step *step, const struct addr *addr)
{
    struct node *node = step->node;
    struct addr source = {.id = node->settings.id};
    if (node->settings.own_addresses_n > 0)
        source = node->settings.own_addresses[0];
    enum book_added added = BOOK_KNOWN;
    enum err err = book_add(node->book, step->now, &node->rng, addr, &source, &added);
    node->metrics.addresses_refused[err] += err != ERR_OK;
    if (err)
        log_write(&node->settings.log, LOG_DEBUG, "address refused by the book",
            LOG_TEXT("error", err_text(err)));
    else if (added == BOOK_ADDED)
        node->save.export_ms = step->now.mono_ms;
}

static int64_t jitter_ms(struct node *node, int64_t below_ms)
{
    return below_ms > 0 ? (int64_t)rng_below(&node->rng, (uint64_t)below_ms) : 0;
}

/* P25: the policy's wait within bounds; an operator's cap holds whatever it says. */
static int64_t reconnect_wait_ms(
    struct step *step, const struct configured_peer *peer, enum err err)
{
    struct node *node = step->node;
    const struct node_settings *settings = &node->settings;
    int64_t cap = settings->persistent_max_dial_period_ms;
    int64_t longest = cap > 0 ? earlier_ms(cap, RECONNECT_LIMIT_MS) : RECONNECT_LIMIT_MS;
    struct addr addr = {peer->text.id, peer->addr.at};
    struct row_text text;
    struct view_name name = view_name(node, &addr, &text);
    struct reconnect_view view = {
        .id = name.id,
        .ip = peer->resolved ? name.ip : "",
        .port = peer->text.port,
        .tag = peer->resolved ? name.tag : "",
        .class = err_name(err),
        .failures = peer->failures,
        .away_s = view_age_mono_s(step, peer->away_ms),
        .max_wait_s = (double)cap / 1000,
        .tries = settings->reconnect_tries,
        .interval_s = (double)settings->reconnect_interval_ms / 1000,
        .jitter_s = (double)settings->reconnect_jitter_ms / 1000,
        .factor = settings->reconnect_factor,
        .longest_s = (double)settings->reconnect_max_ms / 1000,
    };
    struct reconnect_verdict verdict;
    view_common(step, &view.common);
    if (policy_ask(node->policy, HOOK_reconnect, &node->rng, &view, &verdict))
        verdict.wait_s = (double)settings->reconnect_max_ms / 1000;
    int64_t wait = clamp_ms(verdict.wait_s, RECONNECT_LEAST_MS, longest);
    return wait > RECONNECT_LEAST_MS ? wait : RECONNECT_LEAST_MS;
}

static void retry_later(struct step *step, struct configured_peer *peer, enum err err)
{
    if (peer->failures < UINT32_MAX)
        peer->failures++;
    peer->result = (uint8_t)err;
    peer->next_ms = step->now.mono_ms + reconnect_wait_ms(step, peer, err);
}

static const char *host_of(const struct configured_peer *peer, char ip[IP_TEXT_MAX])
{
    return peer->text.is_name ? peer->text.host : ip_text(&peer->text.ip, ip);
}

static void log_retry(struct step *step, const struct configured_peer *peer, enum err err)
{
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX];
    bool for_long = peer->failures == step->node->settings.reconnect_tries + 1; /* said once */
    log_write(&step->node->settings.log, for_long ? LOG_ERROR : LOG_INFO,
        for_long ? "persistent peer not reached for long, waits grow from now on"
                 : "persistent peer not reached, will try again",
        LOG_TEXT("peer", peer_id_text(&peer->text.id, id)), LOG_TEXT("host", host_of(peer, ip)),
        LOG_TEXT("error", err_text(err)), LOG_NUMBER("tries", peer->failures),
        LOG_NUMBER("wait_ms", peer->next_ms - step->now.mono_ms));
}

static void dial_persistent(struct step *step, struct configured_peer *peer)
{
    enum err err = dialer_dial(step, &peer->addr, ORIGIN_PERSISTENT);
    switch (err) {
    case ERR_OK:
        peer->tried_ms = step->now.mono_ms;
        peer->next_ms = NEVER_MS;
        break;
    case ERR_ADDR_SELF:
        peer->never = true;
        peer->next_ms = NEVER_MS;
        break;
    case ERR_ALREADY_CONNECTED: /* an inbound connection of it, or an operator's dial */
    case ERR_FULL:              /* dial rate: no fault of the peer's */
        peer->next_ms = conns_peer(&step->node->conns, &peer->text.id)
            ? NEVER_MS
            : step->now.mono_ms + SECONDS_MS(1);
        break;
    default:
        retry_later(step, peer, err);
        log_retry(step, peer, err);
    }
}

void persistent_failed(struct step *step, const struct peer_id *id, enum err err)
{
    struct configured_peer *peer = configured_persistent(step->node, id);
    if (!peer || peer->never || err == ERR_DUPLICATE_ID) /* connected: its end will tell us */
        return;
    if (err == ERR_SELF) {
        peer->never = true;
        return;
    }
    retry_later(step, peer, err);
    log_retry(step, peer, err);
}

void persistent_connected(struct step *step, const struct peer_id *id)
{
    struct configured_peer *peer = configured_persistent(step->node, id);
    if (!peer)
        return;
    peer->next_ms = peer->away_ms = NEVER_MS;
    peer->result = ERR_OK;
}

void persistent_closed(
    struct step *step, const struct peer_id *id, int64_t stayed_ms, enum err err, bool by_us)
{
    struct configured_peer *peer = configured_persistent(step->node, id);
    if (!peer || peer->never || step->node->stopping)
        return;
    char text[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX];
    log_write(&step->node->settings.log, LOG_INFO, "persistent peer lost, reconnecting",
        LOG_TEXT("peer", peer_id_text(id, text)), LOG_TEXT("host", host_of(peer, ip)));
    peer->away_ms = step->now.mono_ms;
    if (by_us) { /* S15: no reconnect, but F16: never given up */
        peer->next_ms = step->now.mono_ms + step->node->settings.reconnect_max_ms;
        return;
    }
    if (stayed_ms < SHORT_STAY_MS) {
        retry_later(step, peer, err);
        return;
    }
    peer->failures = 0;
    peer->result = (uint8_t)err;
    peer->next_ms = step->now.mono_ms;
}

void persistent_due(struct step *step, uint32_t i)
{
    struct configured_peer *peer = &step->node->persistent[i];
    if (peer->resolving || conns_peer(&step->node->conns, &peer->text.id))
        peer->next_ms = NEVER_MS;
    else if (peer->text.is_name) /* F16: the address may have changed */
        configured_resolve(step, peer, CONFIGURED_PERSISTENT | i);
    else
        dial_persistent(step, peer);
}

void persistent_answered(struct step *step, struct configured_peer *peer, const struct event *event)
{
    if (event->resolved.err || event->resolved.ips_n == 0) {
        retry_later(step, peer, ERR_LOOKUP);
        log_retry(step, peer, ERR_LOOKUP);
        return;
    }
    configured_set_address(peer, &event->resolved.ips[peer->failures % event->resolved.ips_n]);
    add_to_book(step, &peer->addr);
    dial_persistent(step, peer);
}

void persistent_start(struct step *step, struct configured_peer *peer)
{
    struct node *node = step->node;
    int64_t delay = jitter_ms(node, node->settings.configured_dial_delay_max_ms);
    peer->away_ms = step->now.mono_ms;
    peer->never = peer_id_equal(&peer->text.id, &node->settings.id);
    if (peer->never)
        return;
    peer->next_ms = step->now.mono_ms + delay;
    if (!peer->text.is_name) {
        configured_set_address(peer, &peer->text.ip);
        add_to_book(step, &peer->addr);
    }
}

enum err persistent_add(struct step *step, const struct addr_text *text)
{
    struct node *node = step->node;
    if (peer_id_equal(&text->id, &node->settings.id))
        return ERR_ADDR_SELF;
    if (configured_is_persistent(node, &text->id))
        return ERR_LISTED;
    struct configured_peer *peer = configured_place(&node->persistent, &node->persistent_n);
    if (!peer)
        return ERR_FULL;
    *peer = (struct configured_peer){.text = *text, .next_ms = NEVER_MS};
    persistent_start(step, peer);
    peer->next_ms = step->now.mono_ms; /* an operator waits for it */
    struct conn *conn = conns_peer(&node->conns, &text->id);
    if (conn)
        conn->persistent = true;
    return ERR_OK;
}

enum err persistent_remove(struct step *step, const struct peer_id *id)
{
    struct configured_peer *peer = configured_persistent(step->node, id);
    if (!peer)
        return ERR_NOT_FOUND;
    peer->removed = true;
    peer->next_ms = NEVER_MS;
    struct conn *conn = conns_peer(&step->node->conns, id);
    if (conn)
        conn->persistent = false;
    return ERR_OK;
}
