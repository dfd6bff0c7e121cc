/* What we ask of peers, and what comes back (R30 - R37, F12, F20, F26). */
#include "node/observe.h"

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

/* ---- lists (R31 - R37) ---- */

enum solicited { SOLICITED, LATE, UNSOLICITED };

/* R31 (2) and (3): one request admits one list. Lists come in the order of the requests: after one
 * that was given up, the one that comes is its, and that of the latest may still be late. */
static enum solicited take_request(const struct step *step, struct conn *conn)
{
    if (is_outstanding(step, conn)) {
        give_up_request(step, conn);
        conn->late_lists--;
        return SOLICITED;
    }
    give_up_request(step, conn);
    if (conn->late_lists == 0 || step->now.mono_ms >= conn->late_ms)
        return UNSOLICITED;
    conn->late_lists--;
    return LATE;
}

/* R35 - R37. */
static void take_list(struct step *step, struct conn *conn, const struct pex_message *list)
{
    struct node *node = step->node;
    struct addr source = source_of(conn);
    conn->lists++;
    conn->addresses += (uint32_t)list->addrs_n;
    conn->list_ms = step->now.mono_ms;
    uint32_t added = accept_list(step, conn, list);
    node->counts.lists_received++;
    node->counts.addresses_received += list->listed_n;
    node->counts.addresses_added += added;
    conn->useful += added;
    observe_list(step, conn, (uint32_t)list->addrs_n, added);
    if (added > 0)
        crawler_learned(step);
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
        answer_request(step, conn);
    else
        handle_list(step, conn, event->message);
}
