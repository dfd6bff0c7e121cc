/* Dialing: which addresses may be dialed, how fast, and what becomes of each result
 * (R50 - R57, S10, P3 - P5, F3, F4, F14, F15, F21, F25). */
#include "node/state.h"

#define RANGE_IN_FLIGHT_MAX 2 /* strict mode: dials in flight per /24 or /48 (P3) */
#define RANGE_PER_MINUTE 10.0
#define WAIT_MAX_MS HOURS_MS(48) /* P4 */
#define WRONG_ID_BLOCK_MS HOURS_MS(24)

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

enum err dialer_check(const struct step *step, const struct addr *addr, enum dial_origin origin)
{
    const struct node *node = step->node;
    bool persistent = configured_is_persistent(node, &addr->id);
    if (peer_id_equal(&addr->id, &node->settings.id) || book_is_own(node->book, addr))
        return ERR_ADDR_SELF;
    if (conns_peer(&node->conns, &addr->id) || conns_dial(&node->conns, &addr->id))
        return ERR_ALREADY_CONNECTED;
    if (is_from_book(origin) && persistent) /* F16: one dialer per ID */
        return ERR_ALREADY_CONNECTED;
    if (!node->settings.allow_duplicate_ip && conns_with_ip(&node->conns, &addr->at.ip))
        return ERR_DUPLICATE_IP;
    if (!persistent && bans_by_addr(book_bans(node->book), step->now, addr))
        return ERR_BANNED;
    if (is_from_book(origin)) {
        const struct dial_record *record = dialer_record(node, &addr->at);
        if (record && step->now.mono_ms < record->next_ms)
            return ERR_TOO_EARLY;
    }
    return ERR_OK;
}

/* The /24 or /48 that an address is in. */
static struct cidr range_of(const struct ip *ip)
{
    return cidr_of(ip, ip_is_v4(ip) ? 96 + 24 : 48);
}

/* P3: gossip chooses the targets, so one small range never gets many dials of us. */
static bool range_is_busy(const struct step *step, const struct cidr *range)
{
    const struct conns *conns = &step->node->conns;
    uint32_t in_flight = 0;
    for (uint32_t i = 0; i < conns->n; i++)
        in_flight +=
            conns->at[i].state == CONN_DIALING && cidr_contains(range, &conns->at[i].remote.ip);
    return in_flight >= RANGE_IN_FLIGHT_MAX;
}

static bool take_budget(struct step *step, const struct addr *addr, enum dial_origin origin)
{
    struct node *node = step->node;
    int64_t now = step->now.mono_ms;
    double rate = node->settings.dial_rate;
    if (node->conns.dialing >= node->settings.dial_concurrency ||
        bucket_level(&node->dial_budget, now, rate, rate) < 1)
        return false;
    if (is_from_book(origin) && node->settings.strict) {
        struct cidr range = range_of(&addr->at.ip);
        if (range_is_busy(step, &range))
            return false;
        struct bucket *dials = recent_touch(&node->ranges, range.ip.bytes);
        if (!dials || !bucket_take(dials, now, RANGE_PER_MINUTE / 60, RANGE_PER_MINUTE))
            return false;
    }
    return bucket_take(&node->dial_budget, now, rate, rate);
}

enum err dialer_dial(struct step *step, const struct addr *addr, enum dial_origin origin)
{
    struct node *node = step->node;
    enum err err = dialer_check(step, addr, origin);
    if (err)
        return err;
    if (!take_budget(step, addr, origin))
        return ERR_FULL;
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

static bool is_other_network(enum err err)
{
    return err == ERR_OTHER_NETWORK || err == ERR_OTHER_BLOCK_VERSION ||
        err == ERR_NO_COMMON_CHANNEL;
}

/* R50, R55: one more failure of this endpoint. NULL: out of memory. */
static struct dial_record *count_failure(struct step *step, const struct endpoint *at)
{
    struct endpoint_key key = endpoint_key(at);
    struct dial_record *record = recent_touch(&step->node->dial_records, &key);
    if (!record)
        return NULL;
    if (record->failures < UINT32_MAX)
        record->failures++;
    record->last_failure_ms = step->now.mono_ms;
    return record;
}

static void apply_wait(struct dial_record *record, int64_t mono_ms, double wait_s)
{
    double ms = wait_s * 1000;
    record->next_ms = mono_ms + (ms < (double)WAIT_MAX_MS ? (int64_t)ms : WAIT_MAX_MS);
}

/* A ban by ID needs a proven ID, else only the pair of ID and endpoint is blocked (P5, F3). */
static void apply_ban(struct step *step, const struct addr *addr,
    const struct backoff_verdict *verdict, bool id_proven, const char *kind)
{
    struct node *node = step->node;
    int64_t duration_ms = (int64_t)(verdict->ban_s * 1000);
    const char *reason = verdict->reason[0] ? verdict->reason : kind;
    char text[ADDR_TEXT_MAX];
    struct ban_target target = id_proven ? ban_of_id(&addr->id) : ban_of_pair(addr);
    book_ban(node->book, step->now, &target, duration_ms, reason);
    forget_record(node, &addr->at); /* F4 */
    node->counts.bans++;
    log_write(&node->settings.log, LOG_INFO, "address banned",
        LOG_TEXT("addr", addr_to_text(addr, text)), LOG_TEXT("reason", reason),
        LOG_NUMBER("seconds", duration_ms / 1000));
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
    apply_wait(record, step->now.mono_ms, (double)WAIT_MAX_MS / 1000);
    if (policy_ask(node->policy, HOOK_backoff, &node->rng, &view, &verdict))
        return;
    switch (verdict.act) {
    case BACKOFF_wait:
        apply_wait(record, step->now.mono_ms, verdict.wait_s);
        break;
    case BACKOFF_ban:
        apply_ban(step, addr, &verdict, id_proven, view.class);
        break;
    case BACKOFF_remove:
        book_remove(node->book, &addr->id);
        break;
    }
}

/* F3: somebody else answers at that endpoint. The pair is blocked, the claimed ID is not. */
static void block_pair(struct step *step, const struct addr *addr)
{
    struct node *node = step->node;
    struct ban_target pair = ban_of_pair(addr);
    book_ban(node->book, step->now, &pair, WRONG_ID_BLOCK_MS, err_name(ERR_WRONG_ID));
    forget_record(node, &addr->at);
}

static void book_result(struct step *step, const struct addr *addr, enum err err, bool id_proven)
{
    struct node *node = step->node;
    if (err_blame(err) == BLAME_ENVIRONMENT) /* our own host's trouble: says nothing of theirs */
        return;
    if (err == ERR_WRONG_ID) {
        block_pair(step, addr);
        return;
    }
    book_mark_attempt(node->book, step->now, addr, err);
    struct dial_record *record = count_failure(step, &addr->at);
    if (record)
        ask_backoff(step, addr, record, err, id_proven && is_other_network(err));
}

static void found_ourselves(struct step *step, const struct addr *addr)
{
    struct node *node = step->node;
    char text[ADDR_TEXT_MAX];
    book_remove(node->book, &addr->id);
    book_add_own(node->book, addr);
    log_write(&node->settings.log, LOG_INFO, "own address recorded",
        LOG_TEXT("addr", addr_to_text(addr, text)));
}

void dialer_ended(
    struct step *step, enum dial_origin origin, const struct peer_id *id, enum err err)
{
    switch (origin) {
    case ORIGIN_SEED:
        if (err && err != ERR_DUPLICATE_ID) /* it is connected already: as good as dialed */
            configured_seed_failed(step, id, err);
        else
            configured_seed_connected(step);
        break;
    case ORIGIN_PERSISTENT:
        if (err)
            configured_persistent_failed(step, id, err);
        break;
    case ORIGIN_BOOK:
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
    char text[ADDR_TEXT_MAX];
    log_write(&node->settings.log, LOG_DEBUG, "dial failed",
        LOG_TEXT("addr", addr_to_text(&addr, text)), LOG_TEXT("error", err_text(err)));
    if (err == ERR_SELF)
        found_ourselves(step, &addr);
    else if (is_from_book(origin) || origin == ORIGIN_COMMAND)
        book_result(step, &addr, err, event->dial_failed.id_proven);
    dialer_ended(step, origin, &addr.id, err);
}

/* R56, F21: we reached this endpoint and it proved this ID. */
void dialer_succeeded(
    struct step *step, const struct conn *conn, const struct peer_id *id, int32_t rtt_ms)
{
    struct addr addr = {*id, conn->remote};
    forget_record(step->node, &conn->remote);
    book_mark_success(step->node->book, step->now, &addr, rtt_ms > 0 ? (uint32_t)rtt_ms : 0);
}
