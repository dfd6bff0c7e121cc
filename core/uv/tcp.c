#include "uv/tcp.h"

#include "uv/flow.h"
#include "uv/machine.h"
#include "uv/sockaddr.h"
#include "uv/state.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t mono_ms(const struct tcp *tcp)
{
    return host_now(tcp->host).mono_ms;
}

/* ---- life ---- */

static void on_closed(uv_handle_t *handle)
{
    struct tcp *tcp = (struct tcp *)handle;
    struct host *host = tcp->host;
    host->counts.sockets--;
    free(tcp);
    host_closed_one(host);
}

static struct tcp *tcp_new(struct host *host, uint64_t number, const struct endpoint *remote)
{
    struct tcp *tcp = calloc(1, sizeof *tcp);
    if (!tcp)
        return NULL;
    if (uv_tcp_init(host->workspace->loop, &tcp->handle) != 0) {
        free(tcp);
        return NULL;
    }
    tcp->host = host;
    tcp->number = number;
    tcp->remote = *remote;
    tcp->connect_ms = -1;
    tcp->until_ms = NEVER_MS;
    host->open++;
    host->counts.sockets++;
    if (host_add(host, tcp))
        return tcp;
    tcp->state = TCP_CLOSED;
    uv_close((uv_handle_t *)&tcp->handle, on_closed);
    return NULL;
}

static void drop(struct tcp *tcp, bool reset)
{
    assert(tcp->state != TCP_CLOSED);
    tcp->state = TCP_CLOSED;
    tcp->dead = true;
    host_remove(tcp->host, tcp);
    line_leave(tcp);
    link_free(tcp->link);
    tcp->link = NULL;
    flow_drop_block(tcp);
    if (!reset || uv_tcp_close_reset(&tcp->handle, on_closed) != 0)
        uv_close((uv_handle_t *)&tcp->handle, on_closed);
}

void tcp_drop(struct tcp *tcp)
{
    drop(tcp, tcp->block != NULL);
}

void tcp_cut(struct tcp *tcp)
{
    drop(tcp, flow_has_unsent(tcp));
}

static void dial_failed(struct host *host, uint64_t number, enum err err)
{
    struct event event = {.kind = EVENT_DIAL_FAILED, .conn = number};
    event.dial_failed.err = err;
    host_event(host, &event);
}

/* The commonest reason why a new node finds no peers: a wrong name shows beside the right one. */
static void log_other_network(const struct tcp *tcp, enum err err, const char *detail)
{
    char at[ADDR_TEXT_MAX], id[PEER_ID_TEXT + 1];
    log_write(&tcp->host->settings->log, LOG_INFO, err_text(err),
        LOG_TEXT("peer", peer_id_text(link_peer_id(tcp->link), id)),
        LOG_TEXT("addr", endpoint_to_text(&tcp->remote, at)), LOG_TEXT("detail", detail));
}

static struct event end_event(const struct tcp *tcp, enum err err, const char *detail)
{
    const struct peer_id *proven = tcp->link ? link_peer_id(tcp->link) : NULL;
    struct event event = {.kind = EVENT_CLOSED, .conn = tcp->number};
    if (tcp->outbound && !tcp->established) {
        event.kind = EVENT_DIAL_FAILED;
        event.dial_failed.err = err;
        event.dial_failed.id_proven = proven && peer_id_equal(proven, &tcp->dialed);
        event.dial_failed.detail = detail;
        return event;
    }
    event.closed.err = err;
    if (proven && !tcp->established)
        event.closed.id = *proven;
    event.closed.detail = detail;
    return event;
}

void tcp_fail(struct tcp *tcp, enum err err)
{
    if (tcp->dead) {
        tcp_drop(tcp);
        return;
    }
    struct host *host = tcp->host;
    const char *told = tcp->link ? link_detail(tcp->link) : NULL;
    char text[LINK_DETAIL_MAX + 1];
    if (told) /* it outlives the link */
        snprintf(text, sizeof text, "%s", told);
    const char *detail = told ? text : NULL;
    if (detail && err_is_other_network(err))
        log_other_network(tcp, err, detail);
    struct event event = end_event(tcp, err, detail);
    tcp_drop(tcp);
    host_event(host, &event);
}

void tcp_schedule(struct tcp *tcp)
{
    int64_t at_ms = earlier_ms(tcp->until_ms, flow_deadline_ms(tcp));
    if (tcp->link)
        at_ms = earlier_ms(at_ms, link_deadline(tcp->link));
    if (at_ms == NEVER_MS)
        heap_remove(&tcp->host->deadlines, &tcp->deadline);
    else
        heap_set(&tcp->host->deadlines, &tcp->deadline, at_ms);
}

/* ---- what the link tells ---- */

static void on_established(void *context, const struct peer_id *id, const struct node_info *info)
{
    struct tcp *tcp = context;
    tcp->established = true;
    line_leave(tcp);
    if (tcp->dead)
        return;
    struct event event = {.kind = EVENT_ESTABLISHED, .conn = tcp->number};
    event.established.id = *id;
    event.established.info = info;
    event.established.remote = tcp->remote;
    event.established.connect_ms = tcp->connect_ms;
    host_event(tcp->host, &event);
}

static enum err on_message(void *context, uint8_t channel, struct span bytes)
{
    struct tcp *tcp = context;
    if (tcp->dead || channel != PEX_CHANNEL)
        return ERR_OK;
    struct pex_message message;
    enum err err = pex_message_decode(bytes, &tcp->host->workspace->decoded, &message);
    if (err)
        return err;
    tcp->received += bytes.n;
    tcp->host->counts.messages_in[message.kind] += bytes.n;
    struct event event = {.kind = EVENT_MESSAGE, .conn = tcp->number, .message = &message};
    host_event(tcp->host, &event);
    return ERR_OK;
}

static void send_failed(struct tcp *tcp)
{
    if (tcp->dead)
        return;
    struct event event = {.kind = EVENT_SEND_FAILED, .conn = tcp->number};
    host_event(tcp->host, &event);
}

static void on_send_failed(void *context, uint8_t channel)
{
    (void)channel;
    send_failed(context);
}

static void on_round_trip(void *context, int64_t ms)
{
    struct tcp *tcp = context;
    if (tcp->dead)
        return;
    struct event event = {.kind = EVENT_ROUND_TRIP, .conn = tcp->number};
    event.round_trip.ms = ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
    host_event(tcp->host, &event);
}

/* ---- what the node wants ---- */

static struct link *make_link(struct tcp *tcp)
{
    const struct link_handler handler = {
        .established = on_established,
        .message = on_message,
        .send_failed = on_send_failed,
        .round_trip = on_round_trip,
        .context = tcp,
    };
    uint8_t secret[32];
    if (!machine_entropy(secret, sizeof secret))
        return NULL;
    struct link *link = link_new(&tcp->host->settings->link, handler,
        tcp->outbound ? &tcp->dialed : NULL, secret, host_now(tcp->host));
    crypto_wipe(secret, sizeof secret);
    return link;
}

/* The socket is connected: the handshake begins. */
static void begin(struct tcp *tcp)
{
    tcp->link = make_link(tcp);
    if (!tcp->link) {
        tcp_fail(tcp, ERR_NO_MEMORY);
        return;
    }
    tcp->state = TCP_OPEN;
    tcp->until_ms = NEVER_MS;
    flow_read(tcp);
    flow_progress(tcp);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct tcp *tcp = (struct tcp *)request->handle;
    free(request);
    if (tcp->state == TCP_CLOSED)
        return;
    struct host *host = tcp->host;
    if (status < 0) {
        tcp_fail(tcp, err_of_uv(status));
    } else {
        int64_t started_ms = tcp->until_ms - host->settings->dial_timeout_ms;
        tcp->connect_ms = (int32_t)(mono_ms(tcp) - started_ms);
        uv_tcp_nodelay(&tcp->handle, 1);
        begin(tcp);
    }
    host_settle(host);
}

static int connect_socket(struct tcp *tcp)
{
    struct sockaddr_storage address;
    const struct endpoint *from = &tcp->host->settings->dial_from;
    static const struct ip anywhere;
    if (!ip_equal(&from->ip, &anywhere) && ip_is_v4(&from->ip) == ip_is_v4(&tcp->remote.ip)) {
        sockaddr_of_endpoint(from, &address);
        int code = uv_tcp_bind(&tcp->handle, (struct sockaddr *)&address, 0);
        if (code < 0)
            return code;
    }
    uv_connect_t *request = malloc(sizeof *request);
    if (!request)
        return UV_ENOMEM;
    sockaddr_of_endpoint(&tcp->remote, &address);
    int code = uv_tcp_connect(request, &tcp->handle, (struct sockaddr *)&address, on_connected);
    if (code < 0)
        free(request);
    return code;
}

void tcp_dial(struct host *host, uint64_t number, const struct addr *to)
{
    struct tcp *tcp = tcp_new(host, number, &to->at);
    if (!tcp) {
        dial_failed(host, number, ERR_NO_MEMORY);
        return;
    }
    tcp->state = TCP_CONNECTING;
    tcp->outbound = true;
    tcp->dialed = to->id;
    tcp->until_ms = mono_ms(tcp) + host->settings->dial_timeout_ms;
    int code = connect_socket(tcp);
    if (code < 0)
        tcp_fail(tcp, err_of_uv(code));
    else
        tcp_schedule(tcp);
}

void tcp_accepted(struct host *host, int fd, const struct endpoint *remote)
{
    struct tcp *tcp = tcp_new(host, ++host->counts.accepted, remote);
    if (!tcp) {
        close(fd);
        return;
    }
    tcp->state = TCP_WAITING;
    if (uv_tcp_open(&tcp->handle, fd) != 0) {
        close(fd);
        tcp_drop(tcp);
        return;
    }
    struct event event = {.kind = EVENT_ACCEPTED, .conn = tcp->number};
    event.accepted.remote = *remote;
    host_event(host, &event);
}

static void make_room_for_a_handshake(struct host *host)
{
    if (host->mute.n + host->speaking.n >= host->settings->max_handshaking)
        tcp_fail(host->mute.first ? host->mute.first : host->speaking.first, ERR_NO_SLOT);
}

void tcp_accept(struct tcp *tcp)
{
    if (tcp->state != TCP_WAITING)
        return;
    make_room_for_a_handshake(tcp->host);
    line_join(&tcp->host->mute, tcp);
    begin(tcp);
}

void tcp_heard(struct tcp *tcp)
{
    if (tcp->line == &tcp->host->mute && link_has_heard_key(tcp->link))
        line_join(&tcp->host->speaking, tcp);
}

static enum err queue_message(struct tcp *tcp, const struct pex_message *message)
{
    struct workspace *workspace = tcp->host->workspace;
    size_t n;
    enum err err = pex_message_encode(message, workspace->encoded, sizeof workspace->encoded, &n);
    if (err)
        return err;
    struct span bytes = span_of(workspace->encoded, n);
    err = link_send(tcp->link, host_now(tcp->host), PEX_CHANNEL, bytes);
    if (err)
        return err;
    tcp->sent += n;
    tcp->host->counts.messages_out[message->kind] += n;
    tcp->host->counts.lists_sent += message->kind == PEX_ADDRS;
    return ERR_OK;
}

void tcp_send(struct tcp *tcp, const struct pex_message *message)
{
    if (tcp->state != TCP_OPEN)
        return;
    if (queue_message(tcp, message) != ERR_OK)
        send_failed(tcp);
    flow_progress(tcp);
}

void tcp_close(struct tcp *tcp, int64_t flush_ms)
{
    tcp->dead = true;
    if (tcp->state != TCP_OPEN || flush_ms <= 0) {
        tcp_drop(tcp);
        return;
    }
    struct line *closing = &tcp->host->closing;
    if (closing->n >= TCP_CLOSING_MAX)
        tcp_drop(closing->first);
    line_join(closing, tcp);
    tcp->state = TCP_FLUSHING;
    tcp->flush_by_ms = mono_ms(tcp) + flush_ms;
    tcp->until_ms = tcp->flush_by_ms;
    link_flush(tcp->link);
    flow_progress(tcp);
}

void tcp_due(struct tcp *tcp)
{
    struct now now = host_now(tcp->host);
    if (now.mono_ms >= tcp->until_ms) {
        if (tcp->state == TCP_CONNECTING)
            tcp_fail(tcp, ERR_TIMEOUT);
        else if (now.mono_ms < tcp->flush_by_ms && flow_has_unsent(tcp))
            flow_linger(tcp);
        else
            tcp_cut(tcp);
        return;
    }
    if (!tcp->link) {
        tcp_schedule(tcp);
        return;
    }
    enum err err = link_tick(tcp->link, now);
    if (err)
        tcp_fail(tcp, err);
    else
        flow_due(tcp);
}
