/* What a node asks its peers and what it tells them. */
#include "sim/picture.h"

#define REQUEST_EXPIRES_MS SECONDS_MS(30) /* F12 */
#define HEELS_SHARE 10                    /* of the interval */

void exam_message(const struct exam *exam, const struct event *event)
{
    struct seen_conn *conn = picture_find(exam->picture, event->conn);
    bool request = event->kind == EVENT_MESSAGE && event->message->kind == PEX_REQUEST;
    exam_rule(exam, conn->state == SEEN_PEER, "hears from a stranger", conn->number);
    if (request)
        conn->requests++;
    else
        conn->asked_ms = NEVER_MS;
}

static void exam_request(const struct exam *exam, struct seen_conn *conn)
{
    int64_t now_ms = exam->step->now.mono_ms;
    bool outstanding = conn->asked_ms != NEVER_MS && now_ms - conn->asked_ms < REQUEST_EXPIRES_MS;
    int64_t *asked = need(recent_touch(&exam->picture->asked, &conn->id));
    bool spaced = *asked == 0 || now_ms + 1 - *asked >= exam->settings->own_request_spacing_ms;
    exam_rule(exam, !outstanding, "asks again before the answer", conn->number);
    exam_rule(exam, spaced, "asks one ID too often", conn->number);
    *asked = now_ms + 1;
    conn->asked_ms = now_ms;
}

static void exam_addresses(
    const struct exam *exam, const struct seen_conn *conn, const struct pex_message *list)
{
    const struct book *book = node_book(exam->step->node);
    for (size_t i = 0; i < list->addrs_n; i++) {
        const struct addr *addr = &list->addrs[i];
        enum err err = book_admits(book, exam->step->now, addr, addr);
        bool requester = peer_id_equal(&addr->id, &conn->id);
        bool again = false;
        for (size_t j = 0; j < i && !again; j++)
            again = peer_id_equal(&addr->id, &list->addrs[j].id);
        exam_rule(exam, err == ERR_OK, err_text(err), conn->number);
        exam_rule(exam, !requester, "tells a peer its own address", conn->number);
        exam_rule(exam, !again, "tells an address twice", conn->number);
    }
}

/* R27, D2: the first two answers are free; then one an interval, and one more in between that is
 * not on the heels of the last. */
static bool is_spaced(const struct exam *exam, struct seen_conn *conn)
{
    int64_t interval_ms = exam->settings->request_interval_min_ms;
    int64_t gap_ms = exam->step->now.mono_ms - conn->answered_ms;
    if (conn->answers >= 2 && gap_ms < interval_ms) {
        bool first = !conn->extra_answer;
        conn->extra_answer = true;
        return first && gap_ms >= interval_ms / HEELS_SHARE;
    }
    conn->answered_ms = exam->step->now.mono_ms;
    conn->extra_answer = false;
    return true;
}

/* F13, P12: over all connections of an IP, unless IPs may repeat. */
static bool is_within_budget(const struct exam *exam, const struct seen_conn *conn)
{
    const struct node_settings *settings = exam->settings;
    const struct ip *ip = &conn->remote.ip;
    struct ip home = ip_is_v4(ip) ? *ip : cidr_of(ip, 64).ip;
    struct budget *budget = need(recent_touch(&exam->picture->homes, &home));
    return settings->allow_duplicate_ip ||
        picture_take(budget, exam->step->now.mono_ms, 1000, (int64_t)settings->ip_answers_per_s,
            settings->ip_answers_burst);
}

static void exam_list(
    const struct exam *exam, struct seen_conn *conn, const struct pex_message *list)
{
    bool once = exam->settings->seed_mode && !conn->outbound;
    exam_rule(exam, conn->answers < conn->requests, "sends a list unasked", conn->number);
    exam_rule(exam, is_within_budget(exam, conn), "answers one IP too often", conn->number);
    exam_rule(exam, is_spaced(exam, conn), "answers faster than the interval", conn->number);
    exam_rule(exam, !once || conn->answers == 0, "answers twice in seed mode", conn->number);
    exam_rule(exam, list->addrs_n <= PEX_SELECTION_MAX, "sends a long list", conn->number);
    exam_addresses(exam, conn, list);
    conn->answers++;
}

void exam_send(const struct exam *exam, const struct action *action)
{
    struct seen_conn *conn = picture_find(exam->picture, action->conn);
    bool peer = conn && conn->state == SEEN_PEER;
    if (!exam_rule(exam, peer, "sends to nobody", action->conn))
        return;
    exam_rule(exam, conn->has_pex, "sends to a peer without the channel", conn->number);
    if (action->send.kind == PEX_REQUEST)
        exam_request(exam, conn);
    else
        exam_list(exam, conn, &action->send);
}
