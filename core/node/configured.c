/* Seeds and persistent peers: the addresses an operator configured (R3 - R6, R58, S16 - S20, F14,
 * F16). Persistent peers are dialed by nobody else. */
#include "node/state.h"

#include <stdlib.h>

#define TOKEN_PERSISTENT (UINT64_C(1) << 32)
#define SEED_RETRY_MS SECONDS_MS(10)       /* between two dials of one seed (P10) */
#define LOOKUP_RETRY_MIN_MS SECONDS_MS(30) /* F14: names that do not resolve are tried again */
#define LOOKUP_RETRY_MAX_MS MINUTES_MS(10)
#define RECONNECT_FAST_TRIES 20
#define RECONNECT_FAST_MS SECONDS_MS(5)
#define RECONNECT_JITTER_MS SECONDS_MS(3)
#define RECONNECT_MAX_MS MINUTES_MS(5) /* F16 */
#define SHORT_STAY_MS SECONDS_MS(5)    /* a peer lost sooner counts as a failed dial */

static struct configured_peer *find(
    struct configured_peer *list, uint32_t n, const struct peer_id *id)
{
    for (uint32_t i = 0; i < n; i++)
        if (peer_id_equal(&list[i].text.id, id))
            return &list[i];
    return NULL;
}

static struct configured_peer *find_persistent(const struct node *node, const struct peer_id *id)
{
    return find(node->persistent, node->persistent_n, id);
}

bool configured_is_persistent(const struct node *node, const struct peer_id *id)
{
    return find_persistent(node, id) != NULL;
}

bool configured_is_seed(const struct node *node, const struct peer_id *id)
{
    return find(node->seeds, node->seeds_n, id) != NULL;
}

static bool any_in(const struct configured_peer *list, uint32_t n, const struct cidr *range)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i].resolved && cidr_contains(range, &list[i].addr.at.ip))
            return true;
    return false;
}

bool configured_covers(const struct node *node, const struct cidr *range)
{
    return any_in(node->seeds, node->seeds_n, range) ||
        any_in(node->persistent, node->persistent_n, range);
}

static void resolve(struct step *step, struct configured_peer *peer, uint64_t token)
{
    struct action *action = outbox_add(step->outbox, ACTION_RESOLVE, 0);
    action->resolve.token = token;
    action->resolve.host = peer->text.host;
    peer->resolving = true;
    peer->next_ms = NEVER_MS;
}

static void set_address(struct configured_peer *peer, const struct ip *ip)
{
    peer->addr = (struct addr){.id = peer->text.id, .at = {*ip, peer->text.port}};
    peer->resolved = true;
}

/* S16: persistent peers are known to the book, told by ourselves. */
static void add_to_book(struct step *step, const struct addr *addr)
{
    struct node *node = step->node;
    struct addr source = {.id = node->settings.id};
    if (node->settings.own_addresses_n > 0)
        source = node->settings.own_addresses[0];
    enum err err = book_add(node->book, step->now, &node->rng, addr, &source, NULL);
    if (err)
        log_write(&node->settings.log, LOG_DEBUG, "address refused by the book",
            LOG_TEXT("error", err_text(err)));
}

/* ---- reconnects to persistent peers (S20) ---- */

static int64_t jitter_ms(struct node *node, int64_t below_ms)
{
    return below_ms > 0 ? (int64_t)rng_below(&node->rng, (uint64_t)below_ms) : 0;
}

static int64_t reconnect_wait_ms(struct node *node, uint32_t failures)
{
    int64_t cap = node->settings.persistent_max_dial_period_ms;
    int64_t longest = cap > 0 ? cap : RECONNECT_MAX_MS;
    int64_t wait = RECONNECT_FAST_MS;
    if (failures > RECONNECT_FAST_TRIES) {
        wait = SECONDS_MS(1);
        for (uint32_t i = RECONNECT_FAST_TRIES; i < failures && wait < longest; i++)
            wait *= 3;
    }
    return earlier_ms(wait + jitter_ms(node, RECONNECT_JITTER_MS), longest);
}

static void retry_later(struct step *step, struct configured_peer *peer)
{
    if (peer->failures < UINT32_MAX)
        peer->failures++;
    peer->next_ms = step->now.mono_ms + reconnect_wait_ms(step->node, peer->failures);
}

static void log_retry(struct step *step, const struct configured_peer *peer, enum err err)
{
    char id[PEER_ID_TEXT + 1];
    log_write(&step->node->settings.log, LOG_INFO, "persistent peer not reached, will try again",
        LOG_TEXT("peer", peer_id_text(&peer->text.id, id)), LOG_TEXT("host", peer->text.host),
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
        retry_later(step, peer);
        log_retry(step, peer, err);
    }
}

void configured_persistent_failed(struct step *step, const struct peer_id *id, enum err err)
{
    struct configured_peer *peer = find_persistent(step->node, id);
    if (!peer || peer->never)
        return;
    if (err == ERR_SELF) {
        peer->never = true;
        return;
    }
    retry_later(step, peer);
    log_retry(step, peer, err);
}

void configured_persistent_connected(struct step *step, const struct peer_id *id)
{
    struct configured_peer *peer = find_persistent(step->node, id);
    if (peer)
        peer->next_ms = NEVER_MS;
}

void configured_persistent_closed(
    struct step *step, const struct peer_id *id, int64_t stayed_ms, bool by_us)
{
    struct configured_peer *peer = find_persistent(step->node, id);
    if (!peer || peer->never || step->node->stopping)
        return;
    if (by_us) { /* S15: no reconnect, but F16: never given up */
        peer->next_ms = step->now.mono_ms + RECONNECT_MAX_MS;
        return;
    }
    if (stayed_ms < SHORT_STAY_MS) {
        retry_later(step, peer);
        return;
    }
    peer->failures = 0;
    peer->next_ms = step->now.mono_ms;
}

static void tick_persistent(struct step *step, uint32_t i)
{
    struct configured_peer *peer = &step->node->persistent[i];
    if (conns_peer(&step->node->conns, &peer->text.id))
        peer->next_ms = NEVER_MS;
    else if (peer->text.is_name) /* F16: the address may have changed */
        resolve(step, peer, TOKEN_PERSISTENT | i);
    else
        dial_persistent(step, peer);
}

/* ---- seeds (R58) ---- */

static void end_walk(struct seed_walk *walk)
{
    free(walk->order);
    *walk = (struct seed_walk){0};
}

static bool seed_is_ready(const struct step *step, const struct configured_peer *seed)
{
    return seed->resolved && !seed->never && step->now.mono_ms - seed->tried_ms >= SEED_RETRY_MS;
}

/* Dials the next seed of the walk; ends it at a success or when none is left. */
static void walk_on(struct step *step)
{
    struct node *node = step->node;
    struct seed_walk *walk = &node->walk;
    for (; walk->at < walk->n; walk->at++) {
        struct configured_peer *seed = &node->seeds[walk->order[walk->at]];
        enum err err = dialer_dial(step, &seed->addr, ORIGIN_SEED);
        if (err == ERR_OK) {
            seed->tried_ms = step->now.mono_ms;
            return;
        }
        if (err == ERR_ALREADY_CONNECTED)
            break;
        char text[ADDR_TEXT_MAX];
        log_write(&node->settings.log, LOG_ERROR, "seed not dialed",
            LOG_TEXT("seed", addr_to_text(&seed->addr, text)), LOG_TEXT("error", err_text(err)));
    }
    if (walk->at == walk->n)
        log_write(&node->settings.log, LOG_ERROR, "no seed could be reached",
            LOG_NUMBER("tried", walk->n));
    end_walk(walk);
}

void configured_dial_seeds(struct step *step)
{
    struct node *node = step->node;
    struct seed_walk *walk = &node->walk;
    if (walk->active || node->seeds_n == 0)
        return;
    walk->order = malloc(node->seeds_n * sizeof *walk->order);
    if (!walk->order)
        return;
    for (uint32_t i = 0; i < node->seeds_n; i++) {
        if (!seed_is_ready(step, &node->seeds[i]))
            continue;
        uint32_t place = (uint32_t)rng_below(&node->rng, walk->n + 1);
        walk->order[walk->n++] = walk->order[place];
        walk->order[place] = i;
    }
    if (walk->n == 0) {
        end_walk(walk);
        return;
    }
    walk->active = true;
    log_write(&node->settings.log, LOG_INFO, "dialing seeds", LOG_NUMBER("seeds", walk->n));
    walk_on(step);
}

void configured_seed_failed(struct step *step, const struct peer_id *id, enum err err)
{
    struct node *node = step->node;
    struct configured_peer *seed = find(node->seeds, node->seeds_n, id);
    char text[ADDR_TEXT_MAX];
    if (!seed)
        return;
    log_write(&node->settings.log, LOG_ERROR, "seed dial failed",
        LOG_TEXT("seed", addr_to_text(&seed->addr, text)), LOG_TEXT("error", err_text(err)));
    if (err == ERR_SELF)
        seed->never = true;
    if (node->walk.active) {
        node->walk.at++;
        walk_on(step);
    }
}

void configured_seed_connected(struct step *step)
{
    end_walk(&step->node->walk);
}

/* R6: with seeds configured, one must resolve unless the book has addresses. */
static void check_seeds(struct step *step)
{
    struct node *node = step->node;
    if (node->seeds_checked)
        return;
    for (uint32_t i = 0; i < node->seeds_n; i++) {
        if (node->seeds[i].resolved)
            break;
        if (node->seeds[i].resolving)
            return;
        if (i + 1 == node->seeds_n && book_count(node->book) == 0)
            outbox_add(step->outbox, ACTION_ABORT, 0)->abort.why =
                "none of the configured seeds resolves and the address book is empty; check the "
                "`seeds` setting and the name server";
    }
    node->seeds_checked = true;
}

static void seed_resolved(
    struct step *step, struct configured_peer *seed, const struct event *event)
{
    struct node *node = step->node;
    if (event->resolved.err || event->resolved.ips_n == 0) {
        int64_t wait = LOOKUP_RETRY_MIN_MS;
        for (uint32_t i = 0; i < seed->failures && wait < LOOKUP_RETRY_MAX_MS; i++)
            wait *= 2;
        seed->failures++;
        seed->next_ms = step->now.mono_ms + earlier_ms(wait, LOOKUP_RETRY_MAX_MS);
        log_write(&node->settings.log, LOG_ERROR, "seed does not resolve",
            LOG_TEXT("seed", seed->text.host), LOG_NUMBER("failures", seed->failures));
    } else {
        seed->failures = 0;
        set_address(seed, &event->resolved.ips[rng_below(&node->rng, event->resolved.ips_n)]);
        if (node->conns.peers + node->conns.dialing == 0)
            configured_dial_seeds(step);
    }
    check_seeds(step);
}

/* ---- both ---- */

void configured_resolved(struct step *step, const struct event *event)
{
    struct node *node = step->node;
    uint32_t i = (uint32_t)event->resolved.token;
    if (!(event->resolved.token & TOKEN_PERSISTENT)) {
        node->seeds[i].resolving = false;
        seed_resolved(step, &node->seeds[i], event);
        return;
    }
    struct configured_peer *peer = &node->persistent[i];
    peer->resolving = false;
    if (event->resolved.err || event->resolved.ips_n == 0) {
        retry_later(step, peer);
        log_retry(step, peer, ERR_LOOKUP);
        return;
    }
    set_address(peer, &event->resolved.ips[peer->failures % event->resolved.ips_n]);
    add_to_book(step, &peer->addr);
    dial_persistent(step, peer);
}

void configured_start(struct step *step)
{
    struct node *node = step->node;
    for (uint32_t i = 0; i < node->seeds_n; i++) {
        struct configured_peer *seed = &node->seeds[i];
        seed->tried_ms = step->now.mono_ms - SEED_RETRY_MS;
        seed->next_ms = NEVER_MS;
        if (seed->text.is_name)
            resolve(step, seed, i);
        else
            set_address(seed, &seed->text.ip);
    }
    for (uint32_t i = 0; i < node->persistent_n; i++) {
        struct configured_peer *peer = &node->persistent[i];
        peer->next_ms =
            step->now.mono_ms + jitter_ms(node, node->settings.configured_dial_delay_max_ms);
        peer->never = peer_id_equal(&peer->text.id, &node->settings.id);
        if (peer->never)
            peer->next_ms = NEVER_MS;
        if (!peer->text.is_name && !peer->never) {
            set_address(peer, &peer->text.ip);
            add_to_book(step, &peer->addr);
        }
    }
    check_seeds(step);
}

void configured_tick(struct step *step)
{
    struct node *node = step->node;
    for (uint32_t i = 0; i < node->seeds_n; i++)
        if (node->seeds[i].next_ms <= step->now.mono_ms)
            resolve(step, &node->seeds[i], i);
    for (uint32_t i = 0; i < node->persistent_n; i++)
        if (node->persistent[i].next_ms <= step->now.mono_ms)
            tick_persistent(step, i);
}

int64_t configured_deadline(const struct node *node)
{
    int64_t next = NEVER_MS;
    for (uint32_t i = 0; i < node->seeds_n; i++)
        next = earlier_ms(next, node->seeds[i].next_ms);
    for (uint32_t i = 0; i < node->persistent_n; i++)
        next = earlier_ms(next, node->persistent[i].next_ms);
    return next;
}
