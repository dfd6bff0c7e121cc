/* Peers that take what they are sent slowly or not at all, or that do not stop. */
#include "rig.h"

#include <sys/socket.h>
#include <unistd.h>

static int socket_of(const struct tcp *tcp)
{
    uv_os_fd_t fd = -1;
    uv_fileno((const uv_handle_t *)&tcp->handle, &fd);
    return fd;
}

/* From now on its host reads nothing from this socket, and the system keeps little. */
static void go_deaf(struct tcp *tcp)
{
    int size = 4096;
    uv_recv_buffer_size((uv_handle_t *)&tcp->handle, &size);
    uv_read_stop((uv_stream_t *)&tcp->handle);
}

static void connect_to_deaf(struct rig *rig, struct rig_host *a, struct rig_host *b)
{
    int size = 4096;
    rig_connect(rig, a, b);
    uv_send_buffer_size((uv_handle_t *)&rig_tcp(a)->handle, &size);
    go_deaf(rig_tcp(b));
}

static void peer_that_takes_nothing_is_cut_by_the_write_timeout(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    a->settings.write_timeout_ms = 50;
    rig_start(&rig, a);
    connect_to_deaf(&rig, a, b);
    for (int i = 0; i < 8; i++)
        act_list(&a->host->outbox, rig_number(a), PEX_SELECTION_MAX);
    rig_act(a);
    assert_non_null(rig_tcp(a)->block);
    rig_until(&rig, seen_count(&a->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_CLOSED)->err, ERR_TIMEOUT);
    rig_close(&rig);
}

/* F27: it lingers for what is on its way, but not beyond the time to flush. */
static void deaf_peer_is_reset_when_the_time_to_flush_is_over_F27(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    connect_to_deaf(&rig, a, b);
    struct tcp *deaf = rig_tcp(b);
    for (int i = 0; i < 8; i++)
        act_list(&a->host->outbox, rig_number(a), PEX_SELECTION_MAX);
    act_close(&a->host->outbox, rig_number(a), 50);
    rig_act(a);
    assert_int_equal(a->host->closing.n, 1);
    rig_until(&rig, a->host->counts.sockets == 0);
    assert_int_equal(a->host->closing.n, 0);
    assert_int_equal(seen_count(&a->node, EVENT_CLOSED), 0);
    int code = 0;
    socklen_t n = sizeof code;
    assert_int_equal(getsockopt(socket_of(deaf), SOL_SOCKET, SO_ERROR, &code, &n), 0);
    assert_int_equal(code, ECONNRESET);
    rig_close(&rig);
}

static void lingering_waits_for_a_slow_reader(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    rig_connect(&rig, a, b);
    uint64_t number = rig_number(a);
    struct tcp *slow = rig_tcp(b);
    go_deaf(slow);
    for (int i = 0; i < 3; i++)
        act_list(&a->host->outbox, number, PEX_SELECTION_MAX);
    act_close(&a->host->outbox, number, SECONDS_MS(20));
    struct tcp *tcp = rig_tcp(a);
    rig_act(a);
    assert_int_equal(tcp->state, TCP_LINGERING);
    int64_t first_ms = tcp->until_ms;
    rig_until(&rig, tcp->until_ms > first_ms); /* not cut at the end of the first wait */
    slow->reading = false;
    tcp_due(slow); /* reads on */
    rig_until(&rig, seen_count(&b->node, EVENT_MESSAGE) == 3);
    rig_until(&rig, a->host->counts.sockets == 0);
    rig_close(&rig);
}

static void peer_that_goes_on_sending_is_dropped_while_closing(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    a->settings.write_delay_ms = 3600000; /* nothing it has to flush ever leaves */
    rig_start(&rig, a);
    b->settings.write_timeout_ms = 3600000;
    rig_dial(b, 1, &(struct addr){a->key.id, host_listen_endpoint(a->host)});
    rig_until(&rig, a->host->tcps_n == 1 && a->host->tcps[0]->state == TCP_OPEN);
    struct tcp *tcp = a->host->tcps[0];
    rig_until(&rig, tcp->block != NULL);
    tcp_close(tcp, 3600000);
    assert_int_equal(tcp->state, TCP_FLUSHING);
    static const uint8_t bytes[65536];
    int fd = socket_of(b->host->tcps[0]);
    for (int i = 0; i < 8 && a->host->counts.sockets > 0; i++) {
        (void)!send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        uv_run(&rig.loop, UV_RUN_NOWAIT);
    }
    rig_until(&rig, a->host->counts.sockets == 0);
    assert_true(a->host->counts.bytes_in <= TCP_DISCARD_MAX + 2 * 65536);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_that_takes_nothing_is_cut_by_the_write_timeout),
        cmocka_unit_test(deaf_peer_is_reset_when_the_time_to_flush_is_over_F27),
        cmocka_unit_test(lingering_waits_for_a_slow_reader),
        cmocka_unit_test(peer_that_goes_on_sending_is_dropped_while_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
