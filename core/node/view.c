/* What others see of a node: policies (behaviour.md L1), reports, people. */
#include "node/view.h"

#include "addr/tags.h"

double view_now_s(const struct step *step)
{
    return (double)(clock_shown_ms(step) / 1000);
}

void view_common(const struct step *step, struct policy_common *common)
{
    const struct node *node = step->node;
    *common = (struct policy_common){
        .now = view_now_s(step),
        .role = node->settings.seed_mode ? POLICY_ROLE_seed : POLICY_ROLE_node,
        .outbound = node->conns.outbound,
        .inbound = node->conns.inbound,
        .dialing = node->conns.dialing,
        .outbound_max = node->settings.max_outbound,
        .inbound_max = node->settings.max_inbound,
        .dialing_max = node->settings.dial_concurrency,
        .book_new = book_count_side(node->book, BOOK_NEW),
        .book_old = book_count_side(node->book, BOOK_OLD),
    };
}

/* Wall time may have been set back since: an age is never negative. */
double view_age_s(const struct step *step, int64_t wall_ms)
{
    if (wall_ms == 0)
        return NEVER_AGE;
    int64_t age_ms = step->now.wall_ms - wall_ms;
    return age_ms > 0 ? (double)age_ms / 1000 : 0;
}

double view_age_mono_s(const struct step *step, int64_t mono_ms)
{
    return mono_ms == NEVER_MS ? NEVER_AGE : (double)(step->now.mono_ms - mono_ms) / 1000;
}

/* Of times kept as mono_ms + 1, 0 for never. */
static double age_at_s(const struct step *step, int64_t at)
{
    return view_age_mono_s(step, at == 0 ? NEVER_MS : at - 1);
}

struct view_name view_name(const struct node *node, const struct addr *addr, struct row_text *text)
{
    struct group group = ip_group(&addr->at.ip, node->settings.strict);
    return (struct view_name){
        .id = peer_id_text(&addr->id, text->id),
        .ip = ip_text(&addr->at.ip, text->ip),
        .group = group_text(group, text->group),
        .tag = tags_find(node->settings.tags, &addr->at.ip),
        .port = addr->at.port,
    };
}

/* ---- addresses ---- */

static double retry_in_s(const struct step *step, const struct dial_record *record)
{
    if (!record || record->next_ms <= step->now.mono_ms)
        return 0;
    return (double)(record->next_ms - step->now.mono_ms) / 1000;
}

static double reached(const struct step *step, const struct book_entry *entry, enum book_window in)
{
    struct book_reliability seen = book_reliability(entry, in, step->now);
    return seen.known > 0 ? seen.good / seen.known : NEVER_AGE;
}

static void view_source(const struct step *step, const struct book_entry *entry,
    struct address_row *row, struct row_text *text)
{
    const struct ip *ip = &book_source(step->node->book, entry, 0)->at.ip;
    row->source_ip = ip_text(ip, text->source_ip);
    row->source_group = group_text(ip_group(ip, step->node->settings.strict), text->source_group);
}

static void view_entry(const struct step *step, const struct book_entry *entry,
    struct address_row *row, struct row_text *text)
{
    row->old = entry->side == BOOK_OLD;
    row->attempts = entry->attempts;
    row->last_attempt_age_s = view_age_s(step, entry->last_attempt_ms);
    row->last_success_age_s = view_age_s(step, entry->last_success_ms);
    row->last_verified_age_s = view_age_s(step, entry->last_verified_ms);
    row->first_seen_age_s = view_age_s(step, entry->first_seen_ms);
    row->references = entry->side == BOOK_NEW ? entry->refs : 0;
    row->reached_2h = reached(step, entry, BOOK_WINDOW_2H);
    row->reached_day = reached(step, entry, BOOK_WINDOW_1D);
    row->reached_week = reached(step, entry, BOOK_WINDOW_1W);
    row->connected = entry->connected;
    row->version = book_version(step->node->book, entry);
    if (entry->rtt_ms > 0)
        row->rtt_ms = entry->rtt_ms;
    if (entry->sources_n > 0)
        view_source(step, entry, row, text);
}

void view_address(const struct step *step, const struct addr *addr, struct address_row *row,
    struct row_text *text)
{
    const struct node *node = step->node;
    const struct dial_record *record = dialer_record(node, &addr->at);
    const int64_t *crawled_at = recent_find(&node->crawl.records, &addr->id);
    struct group group = ip_group(&addr->at.ip, node->settings.strict);
    struct view_name name = view_name(node, addr, text);
    *row = (struct address_row){
        .id = name.id,
        .ip = name.ip,
        .port = name.port,
        .group = name.group,
        .tag = name.tag,
        .failures = record ? record->failures : 0,
        .retry_in_s = retry_in_s(step, record),
        .last_attempt_age_s = NEVER_AGE,
        .last_success_age_s = NEVER_AGE,
        .last_verified_age_s = NEVER_AGE,
        .first_seen_age_s = NEVER_AGE,
        .last_crawl_age_s = age_at_s(step, crawled_at ? *crawled_at : 0),
        .rtt_ms = -1,
        .group_outbound = conns_outbound_in_group(&node->conns, group),
        .tag_outbound = conns_outbound_with_tag(&node->conns, name.tag),
        .persistent = configured_is_persistent(node, &addr->id),
        .source_ip = "",
        .source_group = "",
        .reached_2h = NEVER_AGE,
        .reached_day = NEVER_AGE,
        .reached_week = NEVER_AGE,
        .version = "",
    };
    const struct book_entry *entry = book_find(node->book, &addr->id);
    if (entry && endpoint_equal(&entry->addr.at, &addr->at))
        view_entry(step, entry, row, text);
}

const struct address_row *view_addresses(struct step *step, const struct addr *addrs, size_t n)
{
    struct address_row *rows = outbox_alloc(step->outbox, n * sizeof *rows);
    struct row_text *texts = outbox_alloc(step->outbox, n * sizeof *texts);
    for (size_t i = 0; i < n; i++)
        view_address(step, &addrs[i], &rows[i], &texts[i]);
    return rows;
}

/* ---- peers ---- */

void view_peer(
    const struct step *step, const struct conn *conn, struct peer_row *row, struct row_text *text)
{
    const struct peer_history *history = recent_find(&step->node->history, &conn->id);
    struct addr addr = {conn->id, conn->remote};
    struct view_name name = view_name(step->node, &addr, text);
    *row = (struct peer_row){
        .id = name.id,
        .ip = name.ip,
        .port = name.port,
        .group = name.group,
        .tag = name.tag,
        .outbound = conn->outbound,
        .persistent = conn->persistent,
        .unconditional = conn->unconditional,
        .seed = conn->is_seed,
        .uptime_s = view_age_mono_s(step, conn->since_ms),
        .rtt_ms = conn->rtt_ms,
        .useful_addresses = conn->useful,
        .addresses = conn->addresses,
        .lists = conn->lists,
        .list_age_s = view_age_mono_s(step, conn->list_ms),
        .asked_age_s = age_at_s(step, history ? history->asked_at : 0),
        .requests = conn->requests,
        .request_age_s = view_age_mono_s(step, conn->request_ms),
        .incidents = penalty_incidents(step, history),
        .dead_addresses = source_dead(step, &conn->id),
        .version = conn->version,
    };
}

/* Reservoir sampling: each of those kept is as likely as any other. */
static uint32_t sample_peers(struct step *step,
    bool (*keep)(const struct step *step, const struct conn *conn), uint32_t *places)
{
    const struct conns *conns = &step->node->conns;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < conns->n; i++) {
        if (conns->at[i].state != CONN_PEER || !keep(step, &conns->at[i]))
            continue;
        uint64_t place = seen < ROWS_MAX ? seen : rng_below(&step->node->rng, seen + 1);
        seen++;
        if (place < ROWS_MAX)
            places[place] = i;
    }
    return seen < ROWS_MAX ? (uint32_t)seen : ROWS_MAX;
}

/* The connections at n places. */
static struct peer_rows view_places(struct step *step, const uint32_t *places, uint32_t n)
{
    const struct conns *conns = &step->node->conns;
    struct peer_row *rows = outbox_alloc(step->outbox, n * sizeof *rows);
    struct row_text *texts = outbox_alloc(step->outbox, n * sizeof *texts);
    uint64_t *numbers = outbox_alloc(step->outbox, n * sizeof *numbers);
    for (uint32_t i = 0; i < n; i++) {
        const struct conn *conn = &conns->at[places[i]];
        view_peer(step, conn, &rows[i], &texts[i]);
        numbers[i] = conn->number;
    }
    return (struct peer_rows){rows, numbers, n};
}

struct peer_rows view_peers(
    struct step *step, bool (*keep)(const struct step *step, const struct conn *conn))
{
    const struct conns *conns = &step->node->conns;
    size_t max = conns->n < ROWS_MAX ? conns->n : ROWS_MAX;
    uint32_t *places = outbox_alloc(step->outbox, max * sizeof *places);
    return view_places(step, places, sample_peers(step, keep, places));
}

/* One of each of `looks` parts of equal length. */
struct peer_rows view_some_peers(struct step *step,
    bool (*keep)(const struct step *step, const struct conn *conn), uint32_t looks)
{
    const struct conns *conns = &step->node->conns;
    uint32_t parts = conns->n < looks ? conns->n : looks, n = 0;
    uint32_t *places = outbox_alloc(step->outbox, parts * sizeof *places);
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t begin = (uint32_t)((uint64_t)conns->n * i / parts);
        uint32_t end = (uint32_t)((uint64_t)conns->n * (i + 1) / parts);
        uint32_t place = begin + rng_index(&step->node->rng, end - begin);
        const struct conn *conn = &conns->at[place];
        if (conn->state == CONN_PEER && keep(step, conn))
            places[n++] = place;
    }
    return view_places(step, places, n);
}

/* ---- reports and people ---- */

struct node_counts node_counts(const struct node *node)
{
    struct node_counts counts = node->counts;
    counts.outbound = node->conns.outbound;
    counts.inbound = node->conns.inbound;
    counts.peers = node->conns.peers;
    counts.dialing = node->conns.dialing;
    counts.handshaking = node->conns.handshaking;
    return counts;
}

const struct node_metrics *node_metrics(const struct node *node)
{
    return &node->metrics;
}

int64_t node_alone_since(const struct node *node)
{
    return node->alone_since_ms;
}

const struct book *node_book(const struct node *node)
{
    return node->book;
}

void node_peers(const struct node *node, void (*visit)(void *context, const struct node_peer *peer),
    void *context)
{
    for (uint32_t i = 0; i < node->conns.n; i++) {
        const struct conn *conn = &node->conns.at[i];
        if (conn->state != CONN_PEER)
            continue;
        struct node_peer peer = {
            .id = conn->id,
            .remote = conn->remote,
            .outbound = conn->outbound,
            .persistent = conn->persistent,
            .unconditional = conn->unconditional,
            .is_seed = conn->is_seed,
            .connected_ms = conn->since_ms,
            .rtt_ms = conn->rtt_ms,
            .useful = conn->useful,
            .version = conn->version,
        };
        visit(context, &peer);
    }
}

static struct node_configured describe(const struct node *node, const struct configured_peer *peer)
{
    struct node_configured made = {.text = &peer->text,
        .failures = peer->failures,
        .error = (enum err)peer->result,
        .next_ms = peer->next_ms};
    if (peer->never)
        made.state = CONFIGURED_OURSELVES;
    else if (conns_peer(&node->conns, &peer->text.id))
        made.state = CONFIGURED_CONNECTED;
    else if (conns_dial(&node->conns, &peer->text.id))
        made.state = CONFIGURED_DIALING;
    else if (peer->resolving)
        made.state = CONFIGURED_RESOLVING;
    return made;
}

static bool wants_seeds(const struct node *node)
{
    return node->conns.peers == 0 || (!node->settings.seed_mode && book_need_more(node->book));
}

/* The first round from then on: it is what dials seeds. */
static int64_t round_from(const struct node *node, int64_t from_ms)
{
    const struct node_settings *settings = &node->settings;
    bool crawls = settings->seed_mode;
    int64_t due = crawls ? node->crawl.next_ms : node->round_ms;
    int64_t period = crawls ? settings->crawl_period_ms : settings->ensure_peers_period_ms;
    return due < from_ms ? node_next_tick(due, period, from_ms - 1) : due;
}

/* A seed's `failures` are those of its name until that resolves, then those of its dials. */
static struct node_configured describe_seed(
    const struct node *node, const struct configured_peer *seed)
{
    struct node_configured made = describe(node, seed);
    if (seed->failures > 0) {
        made.error = ERR_LOOKUP;
        return made;
    }
    made.failures = seed->dials_failed;
    if (seed->next_ms == NEVER_MS && seed->dials_failed > 0 && wants_seeds(node))
        made.next_ms = round_from(node, seed->tried_ms + node->settings.seed_retry_ms);
    return made;
}

void node_configured(const struct node *node, enum node_list list,
    void (*visit)(void *context, const struct node_configured *peer), void *context)
{
    bool seeds = list == NODE_SEEDS;
    uint32_t n = seeds ? node->seeds_n : node->persistent_n;
    for (uint32_t i = 0; i < n; i++) {
        const struct configured_peer *peer = seeds ? &node->seeds[i] : &node->persistent[i];
        struct node_configured made = seeds ? describe_seed(node, peer) : describe(node, peer);
        if (!peer->removed)
            visit(context, &made);
    }
}
