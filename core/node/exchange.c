/* Requests and address lists, both ways (R20 - R37, F12, F13, F20, F26). */
#include "node/state.h"

#define HEELS_SHARE 10 /* of the interval: what comes sooner is no honest extra request (D2) */

/* ---- asking (R30) ---- */

static bool is_outstanding(const struct step *step, const struct conn *conn)
{
    return conn->asked_ms != NEVER_MS &&
        step->now.mono_ms - conn->asked_ms < step->node->settings.request_timeout_ms;
}

/* F12: nobody waits for the answer any more, but it may still come and is then no offence. */
static void give_up_request(const struct step *step, struct conn *conn)
{
    const struct node_settings *settings = &step->node->settings;
    if (conn->asked_ms == NEVER_MS)
        return;
    if (step->now.mono_ms >= conn->late_ms)
        conn->late_lists = 0;
    conn->late_lists++;
    conn->late_ms = conn->asked_ms + settings->request_timeout_ms + settings->late_list_grace_ms;
    conn->asked_ms = NEVER_MS;
}

/* An unanswered request is followed by another only after a while, unless by the second of the
 * connection: one that stalls delivers all at once when it goes on, which beyond the free pass
 * (R27) is abuse in the peer's eyes. One that stalls for longer is ended by the pong timeout. */
static bool is_stalled(const struct step *step, const struct conn *conn)
{
    return conn->asked_ms != NEVER_MS && conn->asked >= 2 &&
        step->now.mono_ms - conn->asked_ms < step->node->settings.request_retry_ms;
}

bool exchange_may_ask(const struct step *step, const struct conn *conn)
{
    const struct node *node = step->node;
    int64_t now = step->now.mono_ms;
    if (conn->state != CONN_PEER || !conn->has_pex || is_outstanding(step, conn) ||
        is_stalled(step, conn))
        return false;
    const struct peer_history *history = recent_find(&node->history, &conn->id);
    return !history || history->asked_at == 0 ||
        now + 1 - history->asked_at >= node->settings.own_request_spacing_ms;
}

static void log_message(
    const struct step *step, const struct conn *conn, const char *event, enum pex_kind kind)
{
    char id[PEER_ID_TEXT + 1];
    log_write(&step->node->settings.log, LOG_DEBUG, event,
        LOG_TEXT("peer", peer_id_text(&conn->id, id)), LOG_NUMBER("channel", PEX_CHANNEL),
        LOG_TEXT("message", kind == PEX_REQUEST ? "request" : "addresses"));
}

bool exchange_ask(struct step *step, struct conn *conn)
{
    struct node *node = step->node;
    if (!exchange_may_ask(step, conn))
        return false;
    struct peer_history *history = recent_touch(&node->history, &conn->id);
    if (!history)
        return false;
    history->asked_at = step->now.mono_ms + 1;
    give_up_request(step, conn);
    conn->asked_ms = step->now.mono_ms;
    conn->asked++;
    outbox_add(step->outbox, ACTION_SEND, conn->number)->send.kind = PEX_REQUEST;
    node->counts.requests_sent++;
    log_message(step, conn, "request sent", PEX_REQUEST);
    return true;
}

/* Which message was dropped is not known: if it was an answer, the list we asked for still comes.
 */
void exchange_send_failed(struct step *step, const struct event *event)
{
    struct conn *conn = conns_find(&step->node->conns, event->conn);
    if (conn && conn->state == CONN_PEER)
        give_up_request(step, conn);
}

/* ---- answering (R25 - R28) ---- */

/* F13: whether this IP may get one more answer now, over all its connections. */
static bool within_budget(struct step *step, const struct conn *conn)
{
    struct node *node = step->node;
    if (node->settings.allow_duplicate_ip)
        return true;
    struct ip key = conns_home(&conn->remote.ip);
    struct bucket *budget = recent_touch(&node->ip_budgets, &key);
    return budget &&
        bucket_take(budget, step->now.mono_ms, node->settings.ip_answers_per_s,
            node->settings.ip_answers_burst);
}

/* F13: two answers within one interval are the free pass (R27); a reconnect gives no new one. */
static bool is_repeat_of_earlier_connection(const struct step *step, const struct conn *conn)
{
    const struct peer_history *history = recent_find(&step->node->history, &conn->id);
    return history && conn->requests <= 2 && history->answered >= 2 &&
        step->now.mono_ms + 1 - history->answered_at < step->node->settings.request_interval_min_ms;
}

static void note_answer(struct step *step, const struct conn *conn)
{
    struct node *node = step->node;
    struct peer_history *history = recent_touch(&node->history, &conn->id);
    if (!history)
        return;
    bool same_burst = history->answered_at > 0 &&
        step->now.mono_ms + 1 - history->answered_at < node->settings.request_interval_min_ms;
    history->answered = same_burst ? history->answered + 1 : 1;
    history->answered_at = step->now.mono_ms + 1;
}

/* R27: the second request is free, later ones are measured from the one before. CometBFT v0.37 and
 * v0.38.10 - 15 ask once more when a seed has answered them (D2), whenever that is: one such
 * request an interval is forgiven, unless it comes on the heels of the last (wire.md 6.3). */
enum pace { IN_TIME, FORGIVEN, TOO_SOON };

static enum pace pace_of(const struct step *step, const struct conn *conn)
{
    int64_t interval_ms = step->node->settings.request_interval_min_ms;
    int64_t gap_ms = step->now.mono_ms - conn->requested_ms;
    if (conn->requests <= 2 || gap_ms >= interval_ms)
        return IN_TIME;
    return conn->forgiven || gap_ms < interval_ms / HEELS_SHARE ? TOO_SOON : FORGIVEN;
}

static void close_unanswered(struct step *step, struct conn *conn)
{
    step->node->counts.requests_refused++;
    admission_close(step, conn, ERR_GRACEFUL, 0);
}

static void handle_request(struct step *step, struct conn *conn)
{
    struct node *node = step->node;
    bool answer_and_close = node->settings.seed_mode && !conn->outbound;
    node->counts.requests_received++;
    if (conn->requests < UINT32_MAX)
        conn->requests++;
    enum pace pace = pace_of(step, conn);
    if (pace == TOO_SOON) {
        node->counts.requests_refused++;
        penalty_incident(step, conn, ERR_PEX_TOO_SOON);
        return;
    }
    if (is_repeat_of_earlier_connection(step, conn) || !within_budget(step, conn)) {
        close_unanswered(step, conn);
        return;
    }
    conn->forgiven = pace == FORGIVEN;
    if (pace == IN_TIME)
        conn->requested_ms = step->now.mono_ms;
    note_answer(step, conn);
    share_send(step, conn);
    if (answer_and_close) /* R25: whatever else it sends is no message any more */
        admission_close(step, conn, ERR_GRACEFUL, node->settings.seed_flush_ms);
}

/* ---- lists (R31 - R37) ---- */

enum solicited { SOLICITED, LATE, UNSOLICITED };

/* R31 (2) and (3): one request admits one list. */
static enum solicited take_request(const struct step *step, struct conn *conn)
{
    if (is_outstanding(step, conn)) {
        conn->asked_ms = NEVER_MS;
        return SOLICITED;
    }
    give_up_request(step, conn);
    if (conn->late_lists == 0 || step->now.mono_ms >= conn->late_ms)
        return UNSOLICITED;
    conn->late_lists--;
    return LATE;
}

static uint32_t take_addresses(
    struct step *step, const struct addr *source, const struct pex_message *list)
{
    struct node *node = step->node;
    uint32_t added = 0;
    for (size_t i = 0; i < list->addrs_n && source_may_add(step, &source->id); i++) {
        enum book_added result = BOOK_KNOWN;
        enum err err =
            book_add(node->book, step->now, &node->rng, &list->addrs[i], source, &result);
        node->metrics.addresses_refused[err] += err != ERR_OK;
        if (err && log_wants(&node->settings.log, LOG_DEBUG)) {
            char text[ADDR_TEXT_MAX];
            log_write(&node->settings.log, LOG_DEBUG, "address refused by the book",
                LOG_TEXT("addr", addr_to_text(&list->addrs[i], text)),
                LOG_TEXT("error", err_text(err)));
        }
        if (!err && result == BOOK_ADDED) {
            source_added(step, &source->id);
            added++;
        }
    }
    return added;
}

/* R35 - R37. */
static void take_list(struct step *step, struct conn *conn, const struct pex_message *list)
{
    struct node *node = step->node;
    struct addr source = source_of(conn);
    uint32_t added = take_addresses(step, &source, list);
    node->counts.lists_received++;
    node->counts.addresses_received += list->listed_n;
    node->counts.addresses_added += added;
    conn->useful += added;
    conn->list_ms = step->now.mono_ms;
    if (added > 0 && conn->outbound)
        book_mark_answer(node->book, &source);
    promote_if_useful(step, conn);
    char id[PEER_ID_TEXT + 1];
    log_write(&node->settings.log, LOG_INFO, "addresses received",
        LOG_TEXT("peer", peer_id_text(&conn->id, id)), LOG_NUMBER("listed", list->listed_n),
        LOG_NUMBER("new", added));
    if (conn->is_seed) /* D1, F1: within the outbound limit, without waiting for the period */
        ensure_wake(step, step->now.mono_ms);
}

/* Our request reached the peer at the latest just now, however long it was on its way: the interval
 * that the peer measures began then. */
static void note_delivery(struct step *step, const struct conn *conn)
{
    struct peer_history *history = recent_find(&step->node->history, &conn->id);
    if (history && history->asked_at > 0)
        history->asked_at = step->now.mono_ms + 1;
}

/* The checks of R31, in its order. */
static void handle_list(struct step *step, struct conn *conn, const struct pex_message *list)
{
    note_delivery(step, conn);
    if (list->bad_address) {
        penalty_incident(step, conn, ERR_PEX_BAD_ADDRESS);
        return;
    }
    switch (take_request(step, conn)) {
    case UNSOLICITED:
        step->node->counts.lists_unsolicited++;
        penalty_incident(step, conn, ERR_PEX_UNSOLICITED);
        return;
    case LATE:
        return;
    case SOLICITED:
        break;
    }
    if (conn->listen_bad)
        penalty_incident(step, conn, ERR_LISTEN_ADDRESS);
    else
        take_list(step, conn, list);
}

void exchange_message(struct step *step, const struct event *event)
{
    struct conn *conn = conns_find(&step->node->conns, event->conn);
    if (!conn || conn->state != CONN_PEER || !step->node->settings.pex)
        return;
    log_message(step, conn, "message received", event->message->kind);
    if (event->message->kind == PEX_REQUEST)
        handle_request(step, conn);
    else
        handle_list(step, conn, event->message);
}
