#include "node/observe.h"

#include <assert.h>
#include <stdlib.h>

#define DIAL_RATE_NODE 10 /* per second (P3) */
#define DIAL_RATE_SEED 200
#define HOUSEKEEP_SEED_MS SECONDS_MS(1)
#define HOUSEKEEP_NODE_MS SECONDS_MS(10)

static struct configured_peer *copy_configured(const struct addr_text *texts, size_t n)
{
    struct configured_peer *peers = calloc(n ? n : 1, sizeof *peers);
    for (size_t i = 0; peers && i < n; i++)
        peers[i] = (struct configured_peer){.text = texts[i], .next_ms = NEVER_MS};
    return peers;
}

static struct peer_id *copy_ids(const struct peer_id *ids, size_t n)
{
    struct peer_id *copy = malloc((n ? n : 1) * sizeof *copy);
    if (copy && n > 0)
        memcpy(copy, ids, n * sizeof *copy);
    return copy;
}

static void init_tables(struct node *node)
{
    struct rng *rng = &node->rng;
    conns_init(&node->conns, node->settings.strict, node->settings.tags, rng);
    recent_init(&node->dial_records, sizeof(struct endpoint_key), sizeof(struct dial_record),
        DIAL_RECORDS_MAX, rng_next(rng));
    recent_init(
        &node->ranges, sizeof(struct ip), sizeof(struct bucket), RANGE_RECORDS_MAX, rng_next(rng));
    recent_init(
        &node->history, PEER_ID_SIZE, sizeof(struct peer_history), HISTORY_MAX, rng_next(rng));
    recent_init(
        &node->ip_budgets, sizeof(struct ip), sizeof(struct bucket), IP_BUDGETS_MAX, rng_next(rng));
}

uint32_t node_default_dial_rate(const struct node_settings *settings)
{
    return settings->seed_mode ? DIAL_RATE_SEED : DIAL_RATE_NODE;
}

static bool copy_settings(struct node *node, const struct node_settings *settings)
{
    if (settings->dial_rate == 0)
        node->settings.dial_rate = node_default_dial_rate(settings);
    node->seeds = copy_configured(settings->seeds, settings->seeds_n);
    node->seeds_n = (uint32_t)settings->seeds_n;
    node->walk.order = calloc(settings->seeds_n ? settings->seeds_n : 1, sizeof *node->walk.order);
    node->persistent = copy_configured(settings->persistent_peers, settings->persistent_peers_n);
    node->persistent_n = (uint32_t)settings->persistent_peers_n;
    node->unconditional = copy_ids(settings->unconditional_ids, settings->unconditional_ids_n);
    node->settings.seeds = node->settings.persistent_peers = NULL; /* borrowed for this call */
    node->settings.unconditional_ids = NULL;
    return node->seeds && node->walk.order && node->persistent && node->unconditional;
}

/* B30, S19: what the book must know of ourselves before the first address arrives. */
static enum err introduce_to_book(struct node *node)
{
    book_set_own_id(node->book, &node->settings.id);
    for (size_t i = 0; i < node->settings.own_addresses_n; i++)
        book_add_own(node->book, &node->settings.own_addresses[i]);
    enum err err =
        book_set_private(node->book, node->settings.private_ids, node->settings.private_ids_n);
    node->settings.private_ids = NULL; /* borrowed for this call */
    return err;
}

static void init_deadlines(struct node *node, struct now now)
{
    node->dial_number = CONN_OUTBOUND;
    node->round_ms = node->wake_ms = node->crawl.next_ms = NEVER_MS;
    node->housekeep_ms = NEVER_MS;
    save_init(node);
    node->alone_since_ms = node->banned.since_ms = now.mono_ms;
}

static bool take_memory(struct node *node, const struct node_settings *settings)
{
    return crawler_init(node) && copy_settings(node, settings);
}

struct node *node_make(const struct node_settings *settings, struct policy *policy)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->settings = *settings;
    node->policy = policy;
    rng_seed(&node->rng, settings->rng_seed);
    init_tables(node);
    if (take_memory(node, settings))
        return node;
    node_free(node);
    return NULL;
}

struct node *node_new(
    const struct node_settings *settings, struct book *book, struct policy *policy, struct now now)
{
    assert(settings->ensure_peers_period_ms > 0 && settings->crawl_period_ms > 0);
    assert(settings->book_save_interval_ms > 0);
    assert(book_settings(book)->selection_max <= PEX_SELECTION_MAX);
    struct node *node = node_make(settings, policy);
    if (!node)
        return NULL;
    init_deadlines(node, now);
    node->clock = (struct node_clock){.last_wall_ms = now.wall_ms, .shown = now};
    node->book = book;
    if (introduce_to_book(node) == ERR_OK) {
        evict_init(node);
        return node;
    }
    node->book = NULL; /* still the caller's */
    node_free(node);
    return NULL;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    book_free(node->book);
    crawler_free(node);
    conns_free(&node->conns);
    recent_free(&node->dial_records);
    recent_free(&node->ranges);
    recent_free(&node->history);
    recent_free(&node->ip_budgets);
    free(node->walk.order);
    free(node->seeds);
    free(node->persistent);
    free(node->unconditional);
    free(node);
}

bool node_is_unconditional(const struct node *node, const struct peer_id *id)
{
    for (size_t i = 0; i < node->settings.unconditional_ids_n; i++)
        if (peer_id_equal(&node->unconditional[i], id))
            return true;
    return false;
}

/* ---- start, tick, stop ---- */

/* R40: nobody is there yet, so without jitter unless an operator wants some (P27). */
static int64_t first_round_delay_ms(struct node *node)
{
    int64_t below =
        earlier_ms(node->settings.first_round_delay_max_ms, node->settings.ensure_peers_period_ms);
    return below > 0 ? (int64_t)rng_below(&node->rng, (uint64_t)below) : 0;
}

static int64_t housekeep_period_ms(const struct node *node)
{
    return node->settings.seed_mode ? HOUSEKEEP_SEED_MS : HOUSEKEEP_NODE_MS;
}

static void start(struct step *step)
{
    struct node *node = step->node;
    int64_t now = step->now.mono_ms;
    if (node->started)
        return;
    node->started = true;
    node->alone_since_ms = now;
    save_start(step);
    node->housekeep_ms = now + housekeep_period_ms(node);
    configured_start(step);
    if (!node->settings.pex)
        return;
    if (node->settings.seed_mode) {
        crawler_start(step);
        node->crawl.next_ms = now + node->settings.crawl_period_ms;
        return;
    }
    node->round_ms = now + first_round_delay_ms(node);
}

static int64_t latest(const struct peer_history *history)
{
    const int64_t times[] = {history->asked_at, history->answered_at, history->incidents_at,
        history->added_at, history->dead_at};
    int64_t last = 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        last = times[i] > last ? times[i] : last;
    return last;
}

/* P28 */
static void forget_old_history(struct step *step)
{
    struct recent *history = &step->node->history;
    int64_t oldest = step->now.mono_ms + 1 - step->node->settings.record_lifetime_ms;
    const struct peer_history *record;
    while ((record = recent_oldest(history)) && latest(record) < oldest)
        recent_forget_oldest(history);
}

static void housekeep(struct step *step)
{
    promote_all(step);
    forget_old_history(step);
    if (!step->node->settings.seed_mode)
        return;
    rotate_peers(step);
    crawler_housekeep(step);
}

int64_t node_next_tick(int64_t due, int64_t period, int64_t now)
{
    return due + (1 + (now - due) / period) * period;
}

static void tick(struct step *step)
{
    struct node *node = step->node;
    int64_t now = step->now.mono_ms;
    if (!node->started || node->stopping)
        return;
    configured_tick(step);
    if (node->round_ms <= now) {
        node->round_ms = node_next_tick(node->round_ms, node->settings.ensure_peers_period_ms, now);
        ensure_round(step, true);
    }
    if (node->wake_ms <= now)
        ensure_round(step, false);
    if (node->housekeep_ms <= now) {
        node->housekeep_ms = node_next_tick(node->housekeep_ms, housekeep_period_ms(node), now);
        housekeep(step);
    }
    if (node->crawl.next_ms <= now) {
        node->crawl.next_ms =
            node_next_tick(node->crawl.next_ms, node->settings.crawl_period_ms, now);
        crawler_round(step);
    }
    if (node->crawl.sweep_ms <= now)
        crawler_sweep(step);
    save_tick(step);
}

int64_t node_deadline(const struct node *node)
{
    if (!node->started || node->stopping)
        return NEVER_MS;
    int64_t next = configured_deadline(node);
    next = earlier_ms(next, earlier_ms(node->round_ms, node->wake_ms));
    next = earlier_ms(next, earlier_ms(node->crawl.next_ms, node->crawl.sweep_ms));
    next = earlier_ms(next, save_deadline(node));
    bool idle = node->conns.peers == 0 && !node->settings.seed_mode; /* nobody to look after */
    return idle ? next : earlier_ms(next, node->housekeep_ms);
}

void node_stop(struct step *step)
{
    struct node *node = step->node;
    node->stopping = true;
    while (node->conns.n > 0)
        admission_close(step, &node->conns.at[node->conns.n - 1], ERR_STOPPING, 0);
    save_stop(step);
}

static void round_trip(struct step *step, const struct event *event)
{
    struct conn *conn = conns_find(&step->node->conns, event->conn);
    int32_t ms = event->round_trip.ms;
    if (!conn || conn->state != CONN_PEER || ms < 0)
        return;
    conn->rtt_ms = conn->rtt_ms < 0 ? ms : (int32_t)(((int64_t)conn->rtt_ms * 7 + ms) / 8);
    struct addr addr = {conn->id, conn->remote};
    if (conn->outbound)
        book_mark_rtt(step->node->book, &addr, (uint32_t)ms);
    observe_conn(step, conn, POLICY_EVENT_round_trip);
}

/* What still means something to a node that has stopped: late sockets are turned away. */
static bool is_heard_while_stopping(const struct event *event)
{
    return event->kind == EVENT_ACCEPTED || event->kind == EVENT_STORED ||
        event->kind == EVENT_EXPORTED;
}

static void handle(struct step *step, const struct event *event)
{
    switch (event->kind) {
    case EVENT_START:
        start(step);
        break;
    case EVENT_TICK:
        break; /* every step ends with what is due */
    case EVENT_ACCEPTED:
        admission_accepted(step, event);
        break;
    case EVENT_ESTABLISHED:
        admission_established(step, event);
        break;
    case EVENT_DIAL_FAILED:
        dialer_failed(step, event);
        break;
    case EVENT_MESSAGE:
        exchange_message(step, event);
        break;
    case EVENT_SEND_FAILED:
        exchange_send_failed(step, event);
        break;
    case EVENT_ROUND_TRIP:
        round_trip(step, event);
        break;
    case EVENT_CLOSED:
        admission_closed(step, event);
        break;
    case EVENT_RESOLVED:
        configured_resolved(step, event);
        break;
    case EVENT_STORED:
        save_stored(step, event);
        break;
    case EVENT_EXPORTED:
        save_exported(step, event);
        break;
    case EVENT_COMMAND:
        command_run(step, &event->command);
        break;
    case EVENT_POLICY_LOADED: /* for those who watch; the node asks whoever answers */
        break;
    }
}

/* ---- those who watch ---- */

void node_observe(struct node *node, struct node_observer *observer)
{
    struct node_observer **last = &node->observers;
    while (*last)
        last = &(*last)->next;
    observer->next = NULL;
    *last = observer;
}

static void tell_before(const struct step *step, const struct event *event)
{
    for (struct node_observer *at = step->node->observers; at; at = at->next)
        if (at->before)
            at->before(at->context, step->now, event);
}

static void tell_after(const struct step *step, size_t first)
{
    const struct outbox *outbox = step->outbox;
    for (struct node_observer *at = step->node->observers; at; at = at->next)
        if (at->after)
            at->after(at->context, step->now, outbox->at + first, outbox->n - first);
}

void node_step(struct node *node, struct now now, const struct event *event, struct outbox *outbox)
{
    struct step step = {.node = node, .now = now, .outbox = outbox};
    size_t first = outbox->n;
    node->step = &step;
    tell_before(&step, event);
    clock_begin_step(&step);
    if (!node->stopping || is_heard_while_stopping(event)) {
        handle(&step, event);
        penalty_after_step(&step);
        tick(&step);
        evict_after_step(&step);
        save_after_step(&step);
    }
    tell_after(&step, first);
    node->step = NULL;
}
