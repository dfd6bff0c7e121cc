/* Lines of connections, and who makes room when one is full. */
#include "rig.h"
#include "uv/sockaddr.h"

#include <sys/socket.h>
#include <unistd.h>

#define LINE 5

static void assert_order(const struct line *line, struct tcp *const *tcps, unsigned n)
{
    struct tcp *at = line->first;
    for (unsigned i = 0; i < n; i++) {
        assert_ptr_equal(at, tcps[i]);
        at = at->line_after;
    }
    assert_null(at);
    assert_int_equal(line->n, n);
    assert_ptr_equal(line->last, n > 0 ? tcps[n - 1] : NULL);
}

static void line_keeps_the_order_whoever_leaves(void **state)
{
    (void)state;
    static struct tcp tcps[LINE];
    struct tcp *t[LINE];
    struct line line = {0};
    for (unsigned i = 0; i < LINE; i++) {
        t[i] = &tcps[i];
        line_join(&line, t[i]);
    }
    line_leave(t[2]);
    assert_order(&line, (struct tcp *[]){t[0], t[1], t[3], t[4]}, 4);
    line_leave(t[0]);
    line_leave(t[0]); /* twice is fine */
    line_leave(t[4]);
    assert_order(&line, (struct tcp *[]){t[1], t[3]}, 2);
    line_join(&line, t[1]); /* again, at the end */
    assert_order(&line, (struct tcp *[]){t[3], t[1]}, 2);
    line_leave(t[1]);
    line_leave(t[3]);
    assert_order(&line, NULL, 0);
}

static void line_is_left_for_another(void **state)
{
    (void)state;
    static struct tcp tcp;
    struct line one = {0}, other = {0};
    line_join(&one, &tcp);
    line_join(&other, &tcp);
    assert_order(&one, NULL, 0);
    assert_order(&other, (struct tcp *[]){&tcp}, 1);
}

/* ---- handshakes ---- */

static int connect_to(const struct rig_host *host)
{
    struct sockaddr_storage address;
    struct endpoint to = host_listen_endpoint(host->host);
    socklen_t n = sockaddr_of_endpoint(&to, &address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, n), 0);
    return fd;
}

static struct rig_host *run_with_room_for(struct rig *rig, uint32_t handshakes)
{
    struct rig_host *host = rig_add(rig);
    host->settings.max_handshaking = handshakes;
    rig_start(rig, host);
    return host;
}

static void assert_closed(int fd)
{
    uint8_t byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static void oldest_silent_socket_makes_room_F24(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *host = run_with_room_for(&rig, 2);
    int first = connect_to(host);
    rig_until(&rig, host->host->mute.n == 1);
    int second = connect_to(host);
    rig_until(&rig, host->host->mute.n == 2);
    int third = connect_to(host);
    rig_until(&rig, seen_count(&host->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&host->node, EVENT_CLOSED)->err, ERR_NO_SLOT);
    assert_int_equal(seen_last(&host->node, EVENT_CLOSED)->conn, 1);
    assert_int_equal(host->host->mute.n, 2);
    assert_closed(first);
    close(second);
    close(third);
    rig_close(&rig);
}

static void who_has_spoken_stays_while_others_are_silent_F24(void **state)
{
    (void)state;
    static const uint8_t key[35] = {0x22, 0x0a, 0x20, 0x09}; /* the base point */
    struct rig rig;
    rig_open(&rig);
    struct rig_host *host = run_with_room_for(&rig, 2);
    int speaker = connect_to(host);
    assert_int_equal(send(speaker, key, sizeof key, 0), sizeof key);
    rig_until(&rig, host->host->speaking.n == 1);
    int silent = connect_to(host);
    rig_until(&rig, host->host->mute.n == 1);
    int next = connect_to(host);
    rig_until(&rig, seen_count(&host->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&host->node, EVENT_CLOSED)->conn, 2);
    assert_closed(silent);
    assert_int_equal(send(next, key, sizeof key, 0), sizeof key);
    rig_until(&rig, host->host->speaking.n == 2);
    int last = connect_to(host); /* nobody is silent: the oldest of all goes */
    rig_until(&rig, seen_count(&host->node, EVENT_CLOSED) == 2);
    assert_int_equal(seen_last(&host->node, EVENT_CLOSED)->conn, 1);
    close(speaker);
    close(next);
    close(last);
    rig_close(&rig);
}

static void who_has_left_is_not_answered(void **state)
{
    (void)state;
    static const uint8_t key[35] = {0x22, 0x0a, 0x20, 0x09};
    struct rig rig;
    rig_open(&rig);
    struct rig_host *host = rig_run(&rig);
    int gone = connect_to(host);
    assert_int_equal(send(gone, key, sizeof key, 0), sizeof key);
    close(gone);
    rig_until(&rig, seen_count(&host->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&host->node, EVENT_CLOSED)->err, ERR_RESET);
    assert_int_equal(host->host->counts.bytes_in, sizeof key);
    assert_int_equal(host->host->counts.bytes_out, 0);
    rig_close(&rig);
}

static void peers_do_not_count_as_handshakes_F24(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *host = run_with_room_for(&rig, 1);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    rig_connect(&rig, a, host);
    rig_connect(&rig, b, host);
    assert_int_equal(seen_count(&host->node, EVENT_CLOSED), 0);
    assert_int_equal(host->host->mute.n + host->host->speaking.n, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_keeps_the_order_whoever_leaves),
        cmocka_unit_test(line_is_left_for_another),
        cmocka_unit_test(oldest_silent_socket_makes_room_F24),
        cmocka_unit_test(who_has_spoken_stays_while_others_are_silent_F24),
        cmocka_unit_test(who_has_left_is_not_answered),
        cmocka_unit_test(peers_do_not_count_as_handshakes_F24),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
