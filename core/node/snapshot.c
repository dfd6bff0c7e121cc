#include "node/snapshot.h"

#include "addr/code.h"
#include "book/dump.h"
#include "node/configured.h"
#include <assert.h>
#include <stdlib.h>

#define CONNS_MAX 1000000 /* of a node that can be read back */
#define IDS_MAX 100000
#define DIALS_MAX (UINT64_C(1) << 48)
#define ORIGINS (ORIGIN_COMMAND + 1)
#define STATES (CONN_PEER + 1)

/* A field more or less in one of these, and this file and picture.c must know it; what is written
 * in another way is another format (trace/format.h). */
#if UINTPTR_MAX == UINT64_MAX
static_assert(sizeof(struct conn) == 248, "code_conn");
static_assert(sizeof(struct configured_peer) == 384, "code_configured");
static_assert(sizeof(struct peer_history) == 56, "code_history");
static_assert(sizeof(struct dial_record) == 16, "code_dial_record");
static_assert(sizeof(struct crawl) == 168, "code_crawl");
static_assert(sizeof(struct evict_test) == 128, "code_test");
static_assert(sizeof(struct node_save) == 48, "code_save");
static_assert(sizeof(struct node_counts) == 112, "code_counts");
static_assert(sizeof(struct node_metrics) == 7 * 8 * ERR_COUNT + 24, "code_metrics");
static_assert(
    sizeof(struct node) == sizeof(struct node_settings) + sizeof(struct node_metrics) + 2848,
    "code_node");
#endif

/* ---- connections ---- */

static void code_conn(struct codec *codec, struct conn *conn)
{
    code_u64(codec, &conn->number);
    code_peer_id(codec, &conn->id);
    code_endpoint(codec, &conn->remote);
    code_addr(codec, &conn->listen);
    code_enum(codec, &conn->state, STATES);
    code_enum(codec, &conn->origin, ORIGINS);
    bool *const flags[] = {&conn->listen_known, &conn->outbound, &conn->persistent,
        &conn->unconditional, &conn->is_seed, &conn->has_pex, &conn->listen_bad, &conn->forgiven};
    int64_t *const times[] = {&conn->since_ms, &conn->good_ms, &conn->asked_ms, &conn->late_ms,
        &conn->list_ms, &conn->requested_ms, &conn->request_ms, &conn->promote_ms};
    uint32_t *const counts[] = {&conn->late_lists, &conn->asked, &conn->requests, &conn->lists,
        &conn->addresses, &conn->useful};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        code_bool(codec, flags[i]);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        code_time(codec, times[i]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        code_u32(codec, counts[i]);
    code_i32(codec, &conn->rtt_ms);
    code_text(codec, conn->version, sizeof conn->version);
}

static bool is_new(const struct conns *conns, const struct conn *conn)
{
    if (conns_find(conns, conn->number))
        return false;
    return conn->state == CONN_DIALING ? !conns_dial(conns, &conn->id)
        : conn->state == CONN_PEER     ? !conns_peer(conns, &conn->id)
                                       : true;
}

/* They are added in their order, which fills every index and count. */
static void code_conns(struct codec *codec, struct conns *conns)
{
    uint32_t n = code_count(codec, conns->n, CONNS_MAX);
    for (uint32_t i = 0; i < n && !codec->err; i++) {
        struct conn conn = {0};
        if (!codec->reading) {
            code_conn(codec, &conns->at[i]);
            continue;
        }
        code_conn(codec, &conn);
        if (codec->err || !is_new(conns, &conn))
            codec_refuse(codec);
        else if (!conns_add(conns, &conn))
            codec->err = ERR_NO_MEMORY;
    }
}

/* ---- tables ---- */

static void code_dial_record(struct codec *codec, void *at)
{
    struct dial_record *record = at;
    code_u32(codec, &record->failures);
    code_time(codec, &record->next_ms);
}

static void code_bucket(struct codec *codec, void *at)
{
    struct bucket *bucket = at;
    code_double(codec, &bucket->used);
    code_time(codec, &bucket->at_ms);
}

static void code_history(struct codec *codec, void *at)
{
    struct peer_history *history = at;
    code_time(codec, &history->asked_at);
    code_time(codec, &history->answered_at);
    code_u32(codec, &history->answered);
    code_u32(codec, &history->incidents);
    code_time(codec, &history->incidents_at);
    code_time(codec, &history->added_at);
    code_u32(codec, &history->added);
    code_u32(codec, &history->dead);
    code_time(codec, &history->dead_at);
}

static void code_crawled(struct codec *codec, void *at)
{
    code_time(codec, at);
}

static void code_tables(struct codec *codec, struct node *node)
{
    recent_code(codec, &node->dial_records, code_dial_record);
    recent_code(codec, &node->ranges, code_bucket);
    recent_code(codec, &node->history, code_history);
    recent_code(codec, &node->ip_budgets, code_bucket);
    recent_code(codec, &node->crawl.records, code_crawled);
    code_bucket(codec, &node->dial_budget);
    code_bucket(codec, &node->replace_budget);
}

/* ---- configured peers ---- */

static void code_configured(struct codec *codec, struct configured_peer *peer)
{
    code_addr_text(codec, &peer->text);
    code_addr(codec, &peer->addr);
    bool *const flags[] = {&peer->resolved, &peer->resolving, &peer->never, &peer->removed};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        code_bool(codec, flags[i]);
    code_u32(codec, &peer->failures);
    code_time(codec, &peer->next_ms);
    code_time(codec, &peer->tried_ms);
    code_time(codec, &peer->away_ms);
    code_u32(codec, &peer->dials);
    code_u32(codec, &peer->dials_failed);
    code_enum(codec, &peer->result, ERR_COUNT);
}

/* A reader takes memory for n items of a list that has none so far, or one it does not need. */
static void *list_of(struct codec *codec, void *list, uint32_t n, size_t size)
{
    if (!codec->reading)
        return list;
    free(list);
    list = codec->err ? NULL : calloc(n ? n : 1, size);
    if (!list && !codec->err)
        codec->err = ERR_NO_MEMORY;
    return list;
}

static void code_peers(struct codec *codec, struct configured_peer **peers, uint32_t *n)
{
    uint32_t count = code_count(codec, *n, CONFIGURED_MAX);
    *peers = list_of(codec, *peers, count, sizeof **peers);
    *n = *peers ? count : 0;
    for (uint32_t i = 0; i < *n && !codec->err; i++)
        code_configured(codec, &(*peers)[i]);
}

static void code_unconditional(struct codec *codec, struct node *node)
{
    uint32_t n = code_count(codec, (uint32_t)node->settings.unconditional_ids_n, IDS_MAX);
    node->unconditional = list_of(codec, node->unconditional, n, sizeof *node->unconditional);
    node->settings.unconditional_ids_n = node->unconditional ? n : 0;
    for (uint32_t i = 0; i < n && !codec->err; i++)
        code_peer_id(codec, &node->unconditional[i]);
}

static void code_walk(struct codec *codec, struct node *node)
{
    struct seed_walk *walk = &node->walk;
    walk->order = list_of(codec, walk->order, node->seeds_n, sizeof *walk->order);
    code_bool(codec, &walk->active);
    walk->n = code_count(codec, walk->n, node->seeds_n);
    walk->at = code_count(codec, walk->at, walk->n);
    for (uint32_t i = 0; i < walk->n && !codec->err; i++)
        code_below(codec, &walk->order[i], node->seeds_n);
    if (codec->reading && walk->active && walk->at == walk->n)
        codec_refuse(codec);
}

/* ---- the rest ---- */

static void code_crawl(struct codec *codec, struct crawl *crawl)
{
    crawl->queue_n = code_count(codec, (uint32_t)crawl->queue_n, PEX_SELECTION_MAX);
    crawl->queue_at = code_count(codec, (uint32_t)crawl->queue_at, (uint32_t)crawl->queue_n);
    for (size_t i = 0; i < crawl->queue_n && !codec->err; i++)
        code_addr(codec, &crawl->queue[i]);
    code_u32(codec, &crawl->concurrency);
    code_bool(codec, &crawl->sweeping);
    code_u32(codec, &crawl->sweep_at);
    code_time(codec, &crawl->sweep_ms);
    code_time(codec, &crawl->began_ms);
    code_time(codec, &crawl->next_ms);
}

static void code_test(struct codec *codec, struct evict_test *test)
{
    code_enum(codec, &test->side, BOOK_OLD + 1);
    code_bool(codec, &test->dialing);
    code_addr(codec, &test->victim);
    code_addr(codec, &test->newcomer);
    code_addr(codec, &test->source);
    code_time(codec, &test->since_ms);
}

static void code_evict(struct codec *codec, struct evict *evict)
{
    unsigned n = 0;
    for (unsigned i = 0; i < EVICT_TESTS_MAX && !codec->err; i++) {
        code_test(codec, &evict->tests[i]);
        n += evict->tests[i].side != 0;
    }
    code_time(codec, &evict->retry_ms);
    if (codec->reading)
        evict->n = n;
}

static void code_save(struct codec *codec, struct node_save *save)
{
    bool *const flags[] = {&save->storing, &save->exporting, &save->in_parts, &save->tried_again};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        code_bool(codec, flags[i]);
    code_time(codec, &save->store_ms);
    code_time(codec, &save->export_ms);
    code_time(codec, &save->backoff_ms);
    code_u64(codec, &save->store_revision);
    code_u32(codec, &save->store_count);
    code_u32(codec, &save->left_out);
    if (codec->reading && (save->backoff_ms < 0 || save->backoff_ms == NEVER_MS))
        codec_refuse(codec);
}

/* Those of `conns` are counted there. */
static void code_counts(struct codec *codec, struct node_counts *counts)
{
    uint64_t *const numbers[] = {&counts->dials, &counts->dials_failed, &counts->requests_sent,
        &counts->requests_received, &counts->requests_refused, &counts->lists_received,
        &counts->lists_unsolicited, &counts->addresses_received, &counts->addresses_added,
        &counts->bans, &counts->rounds};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        code_u64(codec, numbers[i]);
}

static void code_metrics(struct codec *codec, struct node_metrics *metrics)
{
    uint64_t *const by_cause[] = {metrics->dials, metrics->seed_dials, metrics->dials_held,
        metrics->refused, metrics->gone, metrics->bans, metrics->addresses_refused};
    for (size_t i = 0; i < sizeof by_cause / sizeof *by_cause; i++)
        for (unsigned err = 0; err < ERR_COUNT; err++)
            code_u64(codec, &by_cause[i][err]);
    code_u64(codec, &metrics->crawl.passes);
    code_time(codec, &metrics->crawl.total_ms);
    code_time(codec, &metrics->crawl.last_ms);
}

static void code_rng(struct codec *codec, struct rng *rng)
{
    for (unsigned i = 0; i < sizeof rng->s / sizeof *rng->s; i++)
        code_bytes(codec, &rng->s[i], sizeof rng->s[i]);
}

static void code_life(struct codec *codec, struct node *node)
{
    bool *const flags[] = {
        &node->seeds_checked, &node->started, &node->stopping, &node->is_parting};
    int64_t *const times[] = {&node->round_ms, &node->wake_ms, &node->housekeep_ms,
        &node->alone_since_ms, &node->banned.since_ms, &node->clock.last_wall_ms,
        &node->clock.shown.mono_ms, &node->clock.shown.wall_ms};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        code_bool(codec, flags[i]);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        code_time(codec, times[i]);
    code_u32(codec, &node->banned.outbound);
    code_cidr(codec, &node->parting);
    code_u64(codec, &node->dial_number);
    code_rng(codec, &node->rng);
}

/* Numbers of dials to come are new ones. */
static bool numbers_are_sound(const struct node *node)
{
    if (node->dial_number < CONN_OUTBOUND || node->dial_number > UINT64_MAX - DIALS_MAX)
        return false;
    for (uint32_t i = 0; i < node->conns.n; i++)
        if (node->conns.at[i].number > node->dial_number)
            return false;
    return true;
}

/* All but settings and book. */
static void code_node(struct codec *codec, struct node *node)
{
    code_conns(codec, &node->conns);
    code_tables(codec, node);
    code_peers(codec, &node->seeds, &node->seeds_n);
    code_peers(codec, &node->persistent, &node->persistent_n);
    code_unconditional(codec, node);
    code_walk(codec, node);
    code_crawl(codec, &node->crawl);
    code_evict(codec, &node->evict);
    code_save(codec, &node->save);
    code_counts(codec, &node->counts);
    code_metrics(codec, &node->metrics);
    code_life(codec, node);
    if (codec->reading && !numbers_are_sound(node))
        codec_refuse(codec);
}

/* A writer stores nothing into what it writes. */
void node_snapshot_write(struct codec *codec, const struct node *node)
{
    struct node *written = (struct node *)node;
    assert(!codec->reading);
    node_settings_code(codec, &written->settings);
    book_code(codec, &written->book);
    code_node(codec, written);
}

struct node *node_snapshot_read(struct codec *codec, const struct node_surroundings *surroundings)
{
    struct node_settings settings = {.log = surroundings->log, .tags = surroundings->tags};
    struct book *book = NULL;
    struct node *node = NULL;
    node_settings_code(codec, &settings);
    book_code(codec, &book);
    if (book && book_settings(book)->selection_max > PEX_SELECTION_MAX)
        codec_refuse(codec);
    if (!codec->err && !(node = node_make(&settings, surroundings->policy)))
        codec->err = ERR_NO_MEMORY;
    if (!node) {
        book_free(book);
        return NULL;
    }
    node->book = book;
    code_node(codec, node);
    if (!codec->err) {
        evict_init(node);
        return node;
    }
    node_free(node);
    return NULL;
}

bool node_may_hear(const struct node *node, const struct event *event)
{
    return event->kind != EVENT_ACCEPTED ||
        (event->conn < CONN_OUTBOUND && !conns_find(&node->conns, event->conn));
}
