/* Connections of a host: dialing, handshake results, messages, closing. */
#include "rig.h"
#include "uv/sockaddr.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int raw_connect(const struct endpoint *to)
{
    struct sockaddr_storage address;
    socklen_t n = sockaddr_of_endpoint(to, &address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, n), 0);
    return fd;
}

static void tcp_establishes_both_ends(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    rig_connect(&rig, a, b);
    const struct seen *there = seen_last(&a->node, EVENT_ESTABLISHED);
    const struct seen *here = seen_last(&b->node, EVENT_ESTABLISHED);
    assert_true(peer_id_equal(&there->id, &b->key.id));
    assert_true(peer_id_equal(&here->id, &a->key.id));
    assert_int_equal(there->conn, CONN_OUTBOUND + 1);
    assert_int_equal(here->conn, 1);
    assert_true(there->ms >= 0);
    assert_int_equal(here->ms, -1);
    struct endpoint listen = host_listen_endpoint(b->host);
    assert_true(endpoint_equal(&there->remote, &listen));
    assert_true(ip_equal(&here->remote.ip, &a->settings.dial_from.ip));
    rig_close(&rig);
}

static void answer_250(struct node *node, const struct event *event, struct outbox *outbox)
{
    (void)node;
    if (event->kind == EVENT_MESSAGE && event->message->kind == PEX_REQUEST)
        act_list(outbox, event->conn, PEX_SELECTION_MAX);
}

static void tcp_carries_requests_and_whole_lists(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    b->node.react = answer_250;
    rig_connect(&rig, a, b);
    act_request(&a->host->outbox, rig_number(a));
    rig_act(a);
    rig_until(&rig, seen_count(&a->node, EVENT_MESSAGE) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_MESSAGE)->n, PEX_SELECTION_MAX);
    assert_int_equal(seen_last(&b->node, EVENT_MESSAGE)->message, PEX_REQUEST);
    assert_null(rig_tcp(a)->block);
    rig_close(&rig);
}

static void tcp_reports_refused_dial(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig);
    struct addr nobody = {{{1}}, rig_endpoint(7, 9)};
    rig_dial(a, 1, &nobody);
    rig_until(&rig, seen_count(&a->node, EVENT_DIAL_FAILED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_DIAL_FAILED)->err, ERR_REFUSED);
    assert_int_equal(a->host->tcps_n, 0);
    rig_close(&rig);
}

/* A listener that accepts nothing and whose backlog is full: a SYN to it gets no answer. */
static int full_listener(struct endpoint *at, int *filler)
{
    struct sockaddr_storage address;
    struct endpoint any = rig_endpoint(6, 0);
    socklen_t n = sockaddr_of_endpoint(&any, &address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    *at = sockaddr_to_endpoint((struct sockaddr *)&address);
    *filler = raw_connect(at);
    return fd;
}

static void tcp_dial_times_out_F18(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    a->settings.dial_timeout_ms = 30;
    rig_start(&rig, a);
    struct addr slow = {{{1}}, {{{0}}, 0}};
    int filler;
    int fd = full_listener(&slow.at, &filler);
    rig_dial(a, 1, &slow);
    rig_until(&rig, seen_count(&a->node, EVENT_DIAL_FAILED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_DIAL_FAILED)->err, ERR_TIMEOUT);
    close(filler);
    close(fd);
    rig_close(&rig);
}

static void tcp_dial_reports_wrong_id_as_not_proven_F3(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    struct addr addr = rig_addr(b);
    addr.id.bytes[0] ^= 1;
    rig_dial(a, 1, &addr);
    rig_until(&rig, seen_count(&a->node, EVENT_DIAL_FAILED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_DIAL_FAILED)->err, ERR_WRONG_ID);
    assert_false(seen_last(&a->node, EVENT_DIAL_FAILED)->id_proven);
    rig_until(&rig, seen_count(&b->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_count(&b->node, EVENT_ESTABLISHED), 0);
    rig_close(&rig);
}

static void tcp_names_the_proven_id_when_networks_differ_F25(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_add(&rig);
    b->settings.link.own.network = span_of_text("another");
    rig_start(&rig, b);
    struct addr addr = rig_addr(b);
    rig_dial(a, 1, &addr);
    rig_until(&rig,
        seen_count(&a->node, EVENT_DIAL_FAILED) == 1 && seen_count(&b->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_DIAL_FAILED)->err, ERR_OTHER_NETWORK);
    assert_true(seen_last(&a->node, EVENT_DIAL_FAILED)->id_proven);
    assert_true(peer_id_equal(&seen_last(&b->node, EVENT_CLOSED)->id, &a->key.id));
    rig_close(&rig);
}

static void tcp_dial_of_ourselves_is_self_S12(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig);
    struct addr addr = rig_addr(a);
    rig_dial(a, 1, &addr);
    rig_until(&rig, seen_count(&a->node, EVENT_DIAL_FAILED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_DIAL_FAILED)->err, ERR_SELF);
    rig_close(&rig);
}

static void tcp_silent_handshake_times_out_F18(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    a->settings.link.handshake_timeout_ms = 30;
    rig_start(&rig, a);
    struct endpoint at = host_listen_endpoint(a->host);
    int fd = raw_connect(&at);
    rig_until(&rig, seen_count(&a->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_CLOSED)->err, ERR_HANDSHAKE_TIMEOUT);
    assert_true(peer_id_is_none(&seen_last(&a->node, EVENT_CLOSED)->id));
    close(fd);
    rig_close(&rig);
}

static void tcp_refuse_closes_before_any_byte_F24(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig);
    a->node.refuses = true;
    struct endpoint at = host_listen_endpoint(a->host);
    int fd = raw_connect(&at);
    rig_until(&rig, seen_count(&a->node, EVENT_ACCEPTED) == 1 && a->host->counts.sockets == 0);
    char byte;
    assert_int_equal(read(fd, &byte, 1), 0);
    assert_int_equal(seen_count(&a->node, EVENT_CLOSED), 0);
    close(fd);
    rig_close(&rig);
}

static void tcp_close_may_come_before_the_dial_ends(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    struct addr addr = rig_addr(b);
    act_dial(&a->host->outbox, CONN_OUTBOUND + 1, &addr);
    act_close(&a->host->outbox, CONN_OUTBOUND + 1, 0);
    rig_act(a);
    rig_until(&rig, a->host->counts.sockets == 0);
    assert_int_equal(a->node.seen_n, 1); /* EVENT_START */
    rig_close(&rig);
}

static void tcp_undecodable_message_ends_the_connection_R12(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    rig_connect(&rig, a, b);
    struct tcp *tcp = rig_tcp(a);
    struct span junk = span_of_text("\xff\xff junk");
    assert_int_equal(link_send(tcp->link, host_now(a->host), PEX_CHANNEL, junk), ERR_OK);
    act_request(&a->host->outbox, rig_number(a)); /* makes the socket look at its link */
    rig_act(a);
    rig_until(&rig, seen_count(&b->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&b->node, EVENT_CLOSED)->err, ERR_PEX_UNDECODABLE);
    assert_int_equal(seen_count(&b->node, EVENT_MESSAGE), 0);
    rig_until(&rig, seen_count(&a->node, EVENT_CLOSED) == 1);
    rig_close(&rig);
}

static void close_at_message(struct node *node, const struct event *event, struct outbox *outbox)
{
    (void)node;
    if (event->kind == EVENT_MESSAGE)
        act_close(outbox, event->conn, 0);
}

/* Three messages arrive in one read; the node closes on the first. */
static void tcp_tells_nothing_after_close(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    b->node.react = close_at_message;
    rig_connect(&rig, a, b);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            link_send(rig_tcp(a)->link, host_now(a->host), PEX_CHANNEL, span_of("\x0a\0", 2)),
            ERR_OK);
    act_request(&a->host->outbox, rig_number(a));
    rig_act(a);
    rig_until(&rig, seen_count(&a->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_count(&b->node, EVENT_MESSAGE), 1);
    assert_int_equal(seen_count(&b->node, EVENT_CLOSED), 0);
    assert_int_equal(b->host->tcps_n, 0);
    rig_close(&rig);
}

static void answer_and_leave(struct node *node, const struct event *event, struct outbox *outbox)
{
    (void)node;
    if (event->kind != EVENT_MESSAGE)
        return;
    for (int i = 0; i < 4; i++)
        act_list(outbox, event->conn, PEX_SELECTION_MAX);
    act_close(outbox, event->conn, SECONDS_MS(10));
}

static void flood_when_closing(struct rig *rig, struct rig_host *a, struct rig_host *b)
{
    rig_connect(rig, a, b);
    act_request(&a->host->outbox, rig_number(a));
    rig_act(a);
    rig_until(rig, seen_count(&b->node, EVENT_MESSAGE) == 1);
    for (int i = 0; i < 3; i++) /* input that b leaves unread by the node */
        act_list(&a->host->outbox, rig_number(a), PEX_SELECTION_MAX);
    rig_act(a);
    rig_until(rig, seen_count(&a->node, EVENT_CLOSED) == 1);
}

static void tcp_flush_delivers_the_last_byte_R25(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    b->node.react = answer_and_leave;
    flood_when_closing(&rig, a, b);
    assert_int_equal(seen_count(&a->node, EVENT_MESSAGE), 4);
    assert_int_equal(seen_last(&a->node, EVENT_MESSAGE)->n, PEX_SELECTION_MAX);
    assert_int_equal(seen_last(&a->node, EVENT_CLOSED)->err, ERR_CLOSED_BY_PEER);
    assert_int_equal(seen_count(&b->node, EVENT_CLOSED), 0);
    rig_close(&rig);
}

static void tcp_flush_ends_at_its_deadline_F27(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_add(&rig);
    b->settings.link.send_rate = 1;
    rig_start(&rig, b);
    rig_connect(&rig, a, b);
    act_list(&b->host->outbox, rig_number(b), PEX_SELECTION_MAX);
    act_close(&b->host->outbox, rig_number(b), 40);
    rig_act(b);
    rig_until(&rig, b->host->counts.sockets == 0);
    assert_int_equal(seen_count(&a->node, EVENT_MESSAGE), 0);
    rig_close(&rig);
}

static void stop_reading(struct tcp *tcp)
{
    uv_read_stop((uv_stream_t *)&tcp->handle);
}

/* What the socket does not take is kept in one block and follows when the peer reads again. */
static void tcp_finishes_partial_writes(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    rig_connect(&rig, a, b);
    int size = 4096;
    uv_send_buffer_size((uv_handle_t *)&rig_tcp(b)->handle, &size);
    uv_recv_buffer_size((uv_handle_t *)&rig_tcp(a)->handle, &size);
    stop_reading(rig_tcp(a));
    rig_tcp(a)->reading = false;
    struct tcp *tcp = rig_tcp(b);
    for (int i = 0; i < 8; i++)
        act_list(&b->host->outbox, rig_number(b), PEX_SELECTION_MAX);
    rig_act(b);
    assert_non_null(tcp->block);
    tcp_due(rig_tcp(a)); /* reads on */
    rig_until(&rig, seen_count(&a->node, EVENT_MESSAGE) == 8);
    rig_until(&rig, tcp->block == NULL);
    rig_close(&rig);
}

static void tcp_pauses_reading_at_the_rate_limit(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    a->settings.link.recv_rate = 100000;
    rig_start(&rig, a);
    rig_connect(&rig, a, b);
    act_list(&b->host->outbox, rig_number(b), PEX_SELECTION_MAX);
    act_list(&b->host->outbox, rig_number(b), PEX_SELECTION_MAX);
    rig_act(b);
    rig_until(&rig, !rig_tcp(a)->reading);
    rig_until(&rig, seen_count(&a->node, EVENT_MESSAGE) == 2);
    rig_until(&rig, rig_tcp(a)->reading);
    rig_close(&rig);
}

static void tcp_reports_round_trips_no_shorter_than_the_delay(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_add(&rig);
    a->settings.write_delay_ms = 10;
    b->settings.write_delay_ms = 20;
    a->settings.link.ping_interval_ms = 60;
    a->settings.link.pong_timeout_ms = 10000;
    rig_start(&rig, a);
    rig_start(&rig, b);
    rig_connect(&rig, a, b);
    rig_until(&rig, seen_count(&a->node, EVENT_ROUND_TRIP) >= 2);
    assert_true(seen_last(&a->node, EVENT_ROUND_TRIP)->ms >= 30);
    rig_close(&rig);
}

static void tcp_silent_peer_fails_by_pong_timeout(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    a->settings.link.ping_interval_ms = 40;
    a->settings.link.pong_timeout_ms = 30;
    rig_start(&rig, a);
    rig_connect(&rig, a, b);
    stop_reading(rig_tcp(b));
    rig_until(&rig, seen_count(&a->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_CLOSED)->err, ERR_PONG_TIMEOUT);
    rig_close(&rig);
}

static void tcp_full_queue_tells_send_failed_F12(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    a->settings.link.send_rate = 1;
    rig_start(&rig, a);
    rig_connect(&rig, a, b);
    for (int i = 0; i < 16; i++)
        act_list(&a->host->outbox, rig_number(a), PEX_SELECTION_MAX);
    rig_act(a);
    assert_true(seen_count(&a->node, EVENT_SEND_FAILED) > 0);
    assert_int_equal(a->host->tcps_n, 1);
    rig_close(&rig);
}

static void tcp_idle_peer_holds_little(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    rig_connect(&rig, a, b);
    size_t links;
    size_t sockets = host_memory(b->host, &links);
    assert_true(sockets + links <= 1536);
    assert_null(rig_tcp(b)->block);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_establishes_both_ends),
        cmocka_unit_test(tcp_carries_requests_and_whole_lists),
        cmocka_unit_test(tcp_reports_refused_dial),
        cmocka_unit_test(tcp_dial_times_out_F18),
        cmocka_unit_test(tcp_dial_reports_wrong_id_as_not_proven_F3),
        cmocka_unit_test(tcp_names_the_proven_id_when_networks_differ_F25),
        cmocka_unit_test(tcp_dial_of_ourselves_is_self_S12),
        cmocka_unit_test(tcp_silent_handshake_times_out_F18),
        cmocka_unit_test(tcp_refuse_closes_before_any_byte_F24),
        cmocka_unit_test(tcp_close_may_come_before_the_dial_ends),
        cmocka_unit_test(tcp_undecodable_message_ends_the_connection_R12),
        cmocka_unit_test(tcp_tells_nothing_after_close),
        cmocka_unit_test(tcp_flush_delivers_the_last_byte_R25),
        cmocka_unit_test(tcp_flush_ends_at_its_deadline_F27),
        cmocka_unit_test(tcp_finishes_partial_writes),
        cmocka_unit_test(tcp_pauses_reading_at_the_rate_limit),
        cmocka_unit_test(tcp_reports_round_trips_no_shorter_than_the_delay),
        cmocka_unit_test(tcp_silent_peer_fails_by_pong_timeout),
        cmocka_unit_test(tcp_full_queue_tells_send_failed_F12),
        cmocka_unit_test(tcp_idle_peer_holds_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
