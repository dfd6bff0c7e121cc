/* Whom a node dials, how fast, and how many connections it has. */
#include "sim/picture.h"

#define DIAL_RATE_NODE 10
#define DIAL_RATE_SEED 200
#define REDIAL_MIN_MS SECONDS_MS(1)
#define RANGE_IN_FLIGHT 2
#define RANGE_A_MINUTE 10
#define FEELERS 1
#define CRAWL_SPACING_MS SECONDS_MS(30)

static bool is_within_rate(const struct exam *exam)
{
    const struct node_settings *settings = exam->settings;
    int64_t rate = settings->dial_rate;
    if (rate == 0)
        rate = settings->seed_mode ? DIAL_RATE_SEED : DIAL_RATE_NODE;
    return picture_take(&exam->picture->dials, exam->step->now.mono_ms, 1000, rate, rate);
}

static struct cidr range_of(const struct ip *ip)
{
    return cidr_of(ip, ip_is_v4(ip) ? 96 + 24 : 48);
}

static bool range_allows(const struct exam *exam, const struct ip *ip)
{
    struct cidr range = range_of(ip);
    uint32_t in_flight = 0;
    for (uint32_t i = 0; i < exam->picture->n; i++) {
        const struct seen_conn *conn = &exam->picture->at[i];
        in_flight += conn->state == SEEN_DIALING && cidr_contains(&range, &conn->remote.ip);
    }
    struct budget *budget = need(recent_touch(&exam->picture->ranges, &range.ip));
    return in_flight < RANGE_IN_FLIGHT &&
        picture_take(
            budget, exam->step->now.mono_ms, MINUTES_MS(1), RANGE_A_MINUTE, RANGE_A_MINUTE);
}

/* failed: mono_ms + 1 of it; NULL: none. */
static bool waited_after(const struct exam *exam, const int64_t *failed)
{
    return !failed || exam->step->now.mono_ms + 1 - *failed >= REDIAL_MIN_MS;
}

static void exam_target(const struct exam *exam, const struct addr *addr, uint64_t number)
{
    const struct book *book = node_book(exam->step->node);
    bool banned = bans_by_addr(book_bans(book), exam->step->now, addr);
    bool own = peer_id_equal(&addr->id, &exam->settings->id) || book_is_own(book, addr);
    exam_rule(exam, !own, "dials itself", number);
    exam_rule(
        exam, !banned || picture_configured(exam->settings, &addr->id), "dials the banned", number);
    for (uint32_t i = 0; i < exam->picture->n; i++) {
        const struct seen_conn *conn = &exam->picture->at[i];
        bool same_id = (conn->state == SEEN_PEER || conn->state == SEEN_DIALING) &&
            peer_id_equal(&conn->id, &addr->id);
        bool same_ip =
            !exam->settings->allow_duplicate_ip && ip_equal(&conn->remote.ip, &addr->at.ip);
        exam_rule(exam, !same_id, "dials an ID that it is connected to or dialing", number);
        exam_rule(exam, !same_ip, "dials an IP that it is connected to or dialing", number);
    }
}

/* P10, P19, P25: between two dials of one ID, or after one that failed. */
static void exam_spacing(const struct exam *exam, const struct addr *addr, uint64_t number)
{
    const struct node_settings *settings = exam->settings;
    int64_t *dialed = need(recent_touch(&exam->picture->dialed, &addr->id));
    int64_t now_at = exam->step->now.mono_ms + 1, since_ms = now_at - *dialed;
    bool again = *dialed > 0, seed = picture_seed(settings, &addr->id);
    bool persistent = picture_persistent(settings, &addr->id);
    *dialed = now_at;
    if (persistent && seed) /* has two dialers, each with its own schedule */
        return;
    if (persistent)
        exam_rule(exam, waited_after(exam, recent_find(&exam->picture->missed, &addr->id)),
            "dials a persistent peer within a second of a failure", number);
    else if (settings->seed_mode && !seed)
        exam_rule(exam, !again || since_ms >= CRAWL_SPACING_MS, "crawls an ID too often", number);
    else if (!settings->seed_mode && seed)
        exam_rule(
            exam, !again || since_ms >= settings->seed_retry_ms, "dials a seed too often", number);
}

/* What holds for addresses from the book; seeds and persistent peers have their own schedules. */
static void exam_choice(const struct exam *exam, const struct endpoint *at, uint64_t number)
{
    exam_rule(exam, waited_after(exam, recent_find(&exam->picture->failed, at)),
        "dials again within a second of a failure", number);
    if (exam->settings->strict)
        exam_rule(exam, range_allows(exam, &at->ip), "dials one range too much", number);
}

void exam_dial(const struct exam *exam, const struct action *action)
{
    struct picture *picture = exam->picture;
    const struct event *event = exam->step->event;
    const struct addr *addr = &action->dial.addr;
    uint64_t number = action->conn;
    bool commanded = event->kind == EVENT_COMMAND && event->command.kind == COMMAND_DIAL &&
        addr_equal(&event->command.addr, addr);
    bool configured = commanded || picture_configured(exam->settings, &addr->id);
    exam_rule(exam, number > picture->last_dial, "dials under an old number", number);
    picture->last_dial = number;
    exam_target(exam, addr, number);
    exam_rule(exam, is_within_rate(exam), "dials faster than the dial rate", number);
    if (!configured)
        exam_choice(exam, &addr->at, number);
    if (!commanded)
        exam_spacing(exam, addr, number);
    picture_add(picture,
        &(struct seen_conn){
            .number = number,
            .state = SEEN_DIALING,
            .outbound = true,
            .configured = configured,
            .id = addr->id,
            .remote = addr->at,
            .asked_ms = NEVER_MS,
        });
}

/* ---- how many ---- */

struct tally {
    uint32_t waiting, handshaking, dialing, peers, outbound, inbound;
    uint32_t chosen; /* outbound and dialing, configured ones not counted */
};

static struct tally count(const struct exam *exam)
{
    struct tally tally = {0};
    for (uint32_t i = 0; i < exam->picture->n; i++) {
        const struct seen_conn *conn = &exam->picture->at[i];
        bool peer = conn->state == SEEN_PEER;
        bool counted = peer && !picture_unconditional(exam->settings, &conn->id);
        tally.waiting += conn->state == SEEN_ACCEPTED;
        tally.handshaking += conn->state == SEEN_HANDSHAKING;
        tally.dialing += conn->state == SEEN_DIALING;
        tally.peers += peer;
        tally.outbound += counted && conn->outbound;
        tally.inbound += counted && !conn->outbound;
        tally.chosen +=
            !conn->configured && (conn->state == SEEN_DIALING || (counted && conn->outbound));
    }
    return tally;
}

static void exam_counts(const struct exam *exam, const struct tally *tally)
{
    struct node_counts counts = node_counts(exam->step->node);
    bool right = counts.peers == tally->peers && counts.outbound == tally->outbound &&
        counts.inbound == tally->inbound && counts.dialing == tally->dialing &&
        counts.handshaking == tally->handshaking;
    exam_rule(exam, right, "miscounts its connections", 0);
}

/* Whether another connection of the same kind is to the same peer. */
static void exam_newcomer(const struct exam *exam)
{
    struct picture *picture = exam->picture;
    const struct seen_conn *conn = picture_find(picture, exam->step->event->conn);
    if (!conn || conn->state == SEEN_DIALING)
        return;
    for (uint32_t i = 0; i < picture->n; i++) {
        const struct seen_conn *other = &picture->at[i];
        if (other == conn || other->state == SEEN_DIALING)
            continue;
        bool same_id = conn->state == SEEN_PEER && other->state == SEEN_PEER &&
            peer_id_equal(&conn->id, &other->id);
        bool same_ip =
            !exam->settings->allow_duplicate_ip && ip_equal(&conn->remote.ip, &other->remote.ip);
        exam_rule(exam, !same_id, "has two connections to one ID", conn->number);
        exam_rule(exam, !same_ip, "has two connections to one IP", conn->number);
    }
}

void exam_caps(const struct exam *exam)
{
    const struct node_settings *settings = exam->settings;
    struct tally tally = count(exam);
    exam_rule(exam, tally.waiting == 0, "does not answer a socket", exam->step->event->conn);
    exam_rule(exam, tally.handshaking <= settings->max_handshaking,
        "has too many sockets in handshake", 0);
    exam_rule(exam, tally.inbound <= settings->max_inbound, "has too many inbound peers", 0);
    exam_rule(exam, tally.dialing <= settings->dial_concurrency, "has too many dials", 0);
    uint32_t chosen_max =
        settings->seed_mode ? settings->crawl_outbound_max : settings->max_outbound + FEELERS;
    exam_rule(exam, tally.chosen <= chosen_max, "has too many outbound peers and dials", 0);
    exam_newcomer(exam);
    exam_counts(exam, &tally);
}
