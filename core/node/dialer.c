/* Dialing: which addresses may be dialed, how fast, and what becomes of each result
 * (R50 - R57, S10, P3 - P5, F3, F4, F14, F15, F21, F25). */
#include "node/observe.h"

#define WAIT_MIN_MS SECONDS_MS(1) /* P4 */
#define WAIT_MAX_MS HOURS_MS(48)

struct endpoint_key endpoint_key(const struct endpoint *at)
{
    struct endpoint_key key;
    memcpy(key.bytes, at->ip.bytes, 16);
    key.bytes[16] = (uint8_t)(at->port >> 8);
    key.bytes[17] = (uint8_t)at->port;
    return key;
}

const struct dial_record *dialer_record(const struct node *node, const struct endpoint *at)
{
    struct endpoint_key key = endpoint_key(at);
    return recent_find(&node->dial_records, &key);
}

/* The record of this endpoint, made if need be. NULL: out of memory. */
static struct dial_record *touch_record(struct node *node, const struct endpoint *at)
{
    struct endpoint_key key = endpoint_key(at);
    return recent_touch(&node->dial_records, &key);
}

static void forget_record(struct node *node, const struct endpoint *at)
{
    struct endpoint_key key = endpoint_key(at);
    recent_remove(&node->dial_records, &key);
}

/* ---- may this address be dialed? ---- */

static bool is_from_book(enum dial_origin origin)
{
    return origin == ORIGIN_BOOK || origin == ORIGIN_FEELER;
}

/* F16: one dialer per ID. Seeds close once they have answered: as candidates of the book they would
 * be asked again in every round (P10); only a crawl visits them like anybody. */
static bool has_own_dialer(const struct node *node, const struct peer_id *id)
{
    return configured_is_persistent(node, id) ||
        (!node->settings.seed_mode && configured_is_seed(node, id));
}

enum err dialer_check(const struct step *step, const struct addr *addr, enum dial_origin origin)
{
    const struct node *node = step->node;
    bool persistent = configured_is_persistent(node, &addr->id);
    if (peer_id_equal(&addr->id, &node->settings.id) || book_is_own(node->book, addr))
        return ERR_ADDR_SELF;
    if (conns_peer(&node->conns, &addr->id) || conns_dial(&node->conns, &addr->id))
        return ERR_ALREADY_CONNECTED;
    if (is_from_book(origin) && has_own_dialer(node, &addr->id))
        return ERR_ALREADY_CONNECTED;
    if (!node->settings.allow_duplicate_ip && conns_with_ip(&node->conns, &addr->at.ip))
        return ERR_DUPLICATE_IP;
    bool exempt = persistent || origin == ORIGIN_SEED;
    if (!exempt && bans_by_addr(book_bans(node->book), step->now, addr))
        return ERR_BANNED;
    if (is_from_book(origin)) {
        const struct dial_record *record = dialer_record(node, &addr->at);
        if (record && step->now.mono_ms < record->next_ms)
            return ERR_TOO_EARLY;
    }
    return ERR_OK;
}

/* P3: gossip chooses the targets, so one small range never gets many dials of us. At most a rate of
 * n in any minute is a bucket of b that gets n - b back a minute. */
static bool take_range(struct step *step, const struct ip *ip)
{
    struct node *node = step->node;
    const struct node_settings *settings = &node->settings;
    struct ip range = conns_range(ip);
    if (conns_dials_in_range(&node->conns, &range) >= settings->range_dial_concurrency)
        return false;
    double a_minute = settings->range_dial_rate;
    double burst = a_minute < 4 ? 1 : 2;
    struct bucket *dials = recent_touch(&node->ranges, &range);
    return dials && bucket_take(dials, step->now.mono_ms, (a_minute - burst) / 60, burst);
}

static enum err take_budget(struct step *step, const struct addr *addr, enum dial_origin origin)
{
    struct node *node = step->node;
    double rate = node->settings.dial_rate;
    if (node->conns.dialing >= node->settings.dial_concurrency ||
        bucket_level(&node->dial_budget, step->now.mono_ms, rate, rate) < 1)
        return ERR_FULL;
    if (is_from_book(origin) && node->settings.strict && !take_range(step, &addr->at.ip))
        return ERR_TOO_EARLY;
    bucket_take(&node->dial_budget, step->now.mono_ms, rate, rate);
    return ERR_OK;
}

enum err dialer_dial(struct step *step, const struct addr *addr, enum dial_origin origin)
{
    struct node *node = step->node;
    enum err err = dialer_check(step, addr, origin);
    if (!err)
        err = take_budget(step, addr, origin);
    if (err) {
        node->metrics.dials_held[err]++;
        return err;
    }
    struct conn conn = {
        .number = ++node->dial_number,
        .id = addr->id,
        .remote = addr->at,
        .state = CONN_DIALING,
        .origin = (uint8_t)origin,
        .outbound = true,
        .since_ms = step->now.mono_ms,
        .rtt_ms = -1,
        .asked_ms = NEVER_MS,
        .list_ms = NEVER_MS,
        .request_ms = NEVER_MS,
    };
    if (!conns_add(&node->conns, &conn))
        return ERR_FULL;
    outbox_add(step->outbox, ACTION_DIAL, conn.number)->dial.addr = *addr;
    node->counts.dials++;
    char text[ADDR_TEXT_MAX];
    log_write(
        &node->settings.log, LOG_DEBUG, "dialing", LOG_TEXT("addr", addr_to_text(addr, text)));
    return ERR_OK;
}

/* ---- what becomes of a result ---- */

static void gate(struct dial_record *record, const struct step *step, int64_t wait_ms)
{
    record->next_ms = step->now.mono_ms + wait_ms;
}

/* F4: what else is at this endpoint is no worse for it, but not dialed at once either. */
static void start_afresh(struct step *step, const struct endpoint *at)
{
    struct dial_record *record = touch_record(step->node, at);
    if (!record)
        return;
    record->failures = 0;
    gate(record, step, WAIT_MIN_MS);
}

/* The record goes with the address (F4). */
static void ban_address(struct step *step, const struct addr *addr, const struct ban_target *target,
    int64_t duration_ms, const char *reason, enum err kind)
{
    struct node *node = step->node;
    char text[ADDR_TEXT_MAX];
    if (book_ban(node->book, step->now, target, duration_ms, reason))
        return;
    start_afresh(step, &addr->at);
    node->counts.bans++;
    node->metrics.bans[kind]++;
    log_write(&node->settings.log, LOG_INFO, "address banned",
        LOG_TEXT("addr", addr_to_text(addr, text)), LOG_TEXT("reason", reason),
        LOG_NUMBER("seconds", duration_ms / 1000));
}

/* A ban by ID needs a proven ID, else only the pair of ID and endpoint is blocked (P5, F3). */
static void apply_ban(struct step *step, const struct addr *addr,
    const struct backoff_verdict *verdict, bool id_proven, enum err kind)
{
    int64_t duration_ms = clamp_ms(verdict->ban_s, BAN_MIN_MS, BAN_MAX_MS);
    const char *reason = verdict->reason[0] ? verdict->reason : err_name(kind);
    struct ban_target target = id_proven ? ban_of_id(&addr->id) : ban_of_pair(addr);
    ban_address(step, addr, &target, duration_ms, reason, kind);
}

static void remove_from_book(struct node *node, const struct addr *addr)
{
    const struct book_entry *entry = book_find(node->book, &addr->id);
    char text[ADDR_TEXT_MAX];
    if (!entry || !endpoint_equal(&entry->addr.at, &addr->at))
        return;
    book_remove(node->book, &addr->id);
    log_write(&node->settings.log, LOG_INFO, "address removed",
        LOG_TEXT("addr", addr_to_text(addr, text)));
}

/* The wait when no script answers: R52 without jitter, saturating (F15). */
static double plain_wait_s(uint32_t failures)
{
    return failures < 18 ? (double)(UINT32_C(1) << failures) : (double)WAIT_MAX_MS / 1000;
}

static void ask_backoff(struct step *step, const struct addr *addr, struct dial_record *record,
    enum err err, bool id_proven)
{
    struct node *node = step->node;
    struct row_text text;
    struct backoff_view view = {
        .class = err_name(err),
        .failures = record->failures,
        .max_wait_s = (double)node->settings.persistent_max_dial_period_ms / 1000,
    };
    struct backoff_verdict verdict;
    view_common(step, &view.common);
    view_address(step, addr, &view.address, &text);
    if (policy_ask(node->policy, HOOK_backoff, &node->rng, &view, &verdict))
        verdict =
            (struct backoff_verdict){.act = BACKOFF_wait, .wait_s = plain_wait_s(record->failures)};
    /* What becomes of the record below: a wait, or an entry that is gone and comes back afresh. */
    gate(record, step, WAIT_MAX_MS);
    switch (verdict.act) {
    case BACKOFF_wait:
        gate(record, step, clamp_ms(verdict.wait_s, WAIT_MIN_MS, WAIT_MAX_MS));
        break;
    case BACKOFF_ban:
        if (!configured_is_seed(node, &addr->id)) /* P17 */
            apply_ban(step, addr, &verdict, id_proven, err);
        break;
    case BACKOFF_remove:
        remove_from_book(node, addr);
        break;
    }
}

/* F3: somebody else answers at that endpoint. The pair is blocked, the claimed ID is not. */
static void block_pair(struct step *step, const struct addr *addr)
{
    struct ban_target pair = ban_of_pair(addr);
    ban_address(step, addr, &pair, step->node->settings.wrong_id_block_ms, err_name(ERR_WRONG_ID),
        ERR_WRONG_ID);
}

/* R50, R55: one more failure of this endpoint. */
static void count_failure(struct step *step, const struct addr *addr, enum err err, bool id_proven)
{
    struct node *node = step->node;
    book_mark_attempt(node->book, step->now, addr, err);
    if (configured_is_persistent(node, &addr->id)) /* has its own schedule, is never given up */
        return;
    struct dial_record *record = touch_record(node, &addr->at);
    if (!record)
        return;
    if (record->failures < UINT32_MAX)
        record->failures++;
    ask_backoff(step, addr, record, err, id_proven && err_is_other_network(err));
}

static void book_result(struct step *step, const struct addr *addr, enum err err, bool id_proven)
{
    if (err_blame(err) == BLAME_ENVIRONMENT) { /* our own host's trouble: says nothing of theirs */
        struct dial_record *record = touch_record(step->node, &addr->at);
        if (record)
            gate(record, step, step->node->settings.own_trouble_wait_ms);
        return;
    }
    source_blame(step, addr);
    if (err == ERR_WRONG_ID)
        block_pair(step, addr);
    else
        count_failure(step, addr, err, id_proven);
}

/* S12. Whoever's ID was announced for our endpoint is somebody else. */
static void found_ourselves(struct step *step, const struct addr *addr)
{
    struct node *node = step->node;
    struct addr own = {node->settings.id, addr->at};
    char text[ADDR_TEXT_MAX];
    book_add_own(node->book, &own); /* removes what the book has there */
    log_write(&node->settings.log, LOG_INFO, "own address recorded",
        LOG_TEXT("addr", addr_to_text(addr, text)));
}

/* We are connected already, so perhaps each dialed the other at once: then both drop the newer of
 * two connections, which for both is the one that they dialed, and nothing is left. Rounds of equal
 * phase would collide for ever: the next comes at a time of our own. */
static void collided(struct step *step)
{
    int64_t period = step->node->settings.ensure_peers_period_ms;
    int64_t wait = 1 + (int64_t)rng_below(&step->node->rng, (uint64_t)period);
    ensure_wake(step, step->now.mono_ms + wait);
}

void dialer_ended(struct step *step, enum dial_origin origin, const struct peer_id *id,
    enum err err, const char *detail)
{
    step->node->metrics.dials[err]++;
    switch (origin) {
    case ORIGIN_SEED:
        step->node->metrics.seed_dials[err]++;
        if (err && err != ERR_DUPLICATE_ID) /* it is connected already: as good as dialed */
            seeds_failed(step, err, detail);
        else
            seeds_connected(step);
        break;
    case ORIGIN_PERSISTENT:
        if (err)
            persistent_failed(step, id, err);
        break;
    case ORIGIN_BOOK:
        if (err == ERR_DUPLICATE_ID)
            collided(step);
        break;
    case ORIGIN_FEELER:
    case ORIGIN_COMMAND:
    case ORIGIN_INBOUND:
        break;
    }
    crawler_dial_ended(step);
}

void dialer_failed(struct step *step, const struct event *event)
{
    struct node *node = step->node;
    struct conn *conn = conns_find(&node->conns, event->conn);
    if (!conn || conn->state != CONN_DIALING)
        return;
    struct addr addr = {conn->id, conn->remote};
    enum dial_origin origin = (enum dial_origin)conn->origin;
    enum err err = event->dial_failed.err;
    conns_remove(&node->conns, conn);
    node->counts.dials_failed++;
    const struct dial_record *record = dialer_record(node, &addr.at);
    char text[ADDR_TEXT_MAX];
    log_write(&node->settings.log, LOG_DEBUG, "dial failed",
        LOG_TEXT("addr", addr_to_text(&addr, text)), LOG_TEXT("error", err_text(err)),
        LOG_NUMBER("failed_before", record ? record->failures : 0),
        refusal_field(event->dial_failed.detail));
    if (err == ERR_SELF)
        found_ourselves(step, &addr);
    else if (is_from_book(origin) || origin == ORIGIN_COMMAND)
        book_result(step, &addr, err, event->dial_failed.id_proven);
    observe_dial_failed(step, &addr, err);
    evict_tested(step, &addr.id, err);
    dialer_ended(step, origin, &addr.id, err, event->dial_failed.detail);
}

/* R56, F21: we reached this endpoint and it proved this ID. */
void dialer_succeeded(
    struct step *step, const struct conn *conn, const struct peer_id *id, int32_t rtt_ms)
{
    struct addr addr = {*id, conn->remote};
    forget_record(step->node, &conn->remote);
    book_mark_success(step->node->book, step->now, &addr, rtt_ms > 0 ? (uint32_t)rtt_ms : 0);
    observe_dialed(step, &addr, rtt_ms);
    evict_tested(step, id, ERR_OK);
}
