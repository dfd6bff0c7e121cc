/* Accepting: addresses, and running out of descriptors (F19). */
#include "rig.h"
#include "uv/sockaddr.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 6

static void listener_names_an_address_in_use(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_add(&rig);
    struct endpoint at = host_listen_endpoint(a->host);
    const char *why = NULL;
    assert_int_equal(host_listen(b->host, &at, &why), ERR_IO);
    assert_non_null(strstr(why, "in use"));
    rig_close(&rig);
}

static void listener_names_a_foreign_address(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    struct endpoint at = {ip_of_v4(0xc0000201u), 26656}; /* 192.0.2.1, documentation */
    const char *why = NULL;
    assert_int_equal(host_listen(a->host, &at, &why), ERR_IO);
    assert_non_null(strstr(why, "none of this machine's"));
    rig_close(&rig);
}

static void listener_numbers_sockets_from_one(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    a->node.refuses = true;
    struct addr addr = rig_addr(a);
    for (unsigned i = 1; i <= 3; i++) {
        rig_dial(b, i, &addr);
        rig_until(&rig, seen_count(&a->node, EVENT_ACCEPTED) == i);
        assert_int_equal(seen_last(&a->node, EVENT_ACCEPTED)->conn, i);
    }
    rig_close(&rig);
}

static void listener_takes_ipv4_on_an_ipv6_socket(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    const struct endpoint any = {{{0}}, 0};
    const char *why = NULL;
    if (host_listen(a->host, &any, &why) != ERR_OK) {
        print_message("no IPv6 here: %s\n", why);
        rig_close(&rig);
        skip();
    }
    assert_int_equal(host_start(a->host, &a->node), ERR_OK);
    a->started = true;
    struct addr addr = {a->key.id, {ip_of_v4(0x7f000001), host_listen_endpoint(a->host).port}};
    rig_dial(b, 1, &addr);
    rig_until(&rig, seen_count(&a->node, EVENT_ESTABLISHED) == 1);
    assert_true(ip_is_v4(&seen_last(&a->node, EVENT_ACCEPTED)->remote.ip));
    rig_close(&rig);
}

static unsigned lines_n;

static void count_line(void *context, const struct log_line *line)
{
    (void)context;
    if (strcmp(line->event, "accept failed") == 0)
        lines_n++;
}

/* The lowest number that is no open descriptor. */
static int first_free(void)
{
    int fd = dup(STDIN_FILENO);
    close(fd);
    return fd;
}

static struct rlimit forbid_new_descriptors(void)
{
    struct rlimit limit, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = (rlim_t)first_free();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    return limit;
}

static void connect_all(const int *fds, const struct endpoint *to)
{
    struct sockaddr_storage address;
    socklen_t n = sockaddr_of_endpoint(to, &address);
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(connect(fds[i], (struct sockaddr *)&address, n), 0);
}

static void listener_sheds_when_descriptors_run_out_F19(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    a->settings.log = (struct log){.level = LOG_ERROR, .write = count_line};
    rig_start(&rig, a);
    int fds[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct endpoint at = host_listen_endpoint(a->host);
    lines_n = 0;

    struct rlimit before = forbid_new_descriptors();
    connect_all(fds, &at);
    rig_until(&rig, a->host->counts.shed == CLIENTS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    assert_int_equal(seen_count(&a->node, EVENT_ACCEPTED), 0);
    assert_true(a->host->counts.accept_errors > 0);
    assert_int_equal(lines_n, 1);
    for (unsigned i = 0; i < CLIENTS; i++) {
        char byte;
        assert_true(read(fds[i], &byte, 1) <= 0); /* each was told */
        close(fds[i]);
    }
    struct addr addr = rig_addr(a);
    rig_dial(b, 1, &addr);
    rig_until(&rig, seen_count(&a->node, EVENT_ESTABLISHED) == 1);
    assert_true(a->host->listener.reserve >= 0);
    rig_close(&rig);
}

/* libuv reports a broken descriptor once, and stops to watch it. */
static void listener_goes_on_after_an_error_of_the_poll_F19(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig), *b = rig_run(&rig);
    a->settings.log = (struct log){.level = LOG_ERROR, .write = count_line};
    rig_start(&rig, a);
    lines_n = 0;
    uv_poll_t *poll = &a->host->listener.poll;
    uv_poll_cb readable = poll->poll_cb;
    uv_poll_stop(poll);
    readable(poll, UV_EBADF, 0);
    assert_int_equal(a->host->counts.accept_errors, 1);
    assert_int_equal(lines_n, 1);
    struct addr addr = rig_addr(a);
    rig_dial(b, 1, &addr);
    rig_until(&rig, seen_count(&a->node, EVENT_ESTABLISHED) == 1);
    rig_close(&rig);
}

static void listener_pauses_double_up_to_a_second_F19(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    a->settings.log = (struct log){.level = LOG_NONE};
    rig_start(&rig, a);
    struct listener *listener = &a->host->listener;
    uv_poll_cb readable = listener->poll.poll_cb;
    for (int64_t pause_ms = 10; pause_ms < 10000; pause_ms *= 2) {
        readable(&listener->poll, UV_EBADF, 0);
        assert_int_equal(listener->pause_ms, pause_ms < 1000 ? pause_ms : 1000);
        assert_int_equal(listener->resume_ms, host_now(a->host).mono_ms + listener->pause_ms);
    }
    rig_close(&rig);
}

static void listener_dial_without_descriptors_is_no_descriptors(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    struct addr addr = rig_addr(a);
    struct rlimit before = forbid_new_descriptors();
    rig_dial(b, 1, &addr);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(seen_last(&b->node, EVENT_DIAL_FAILED)->err, ERR_NO_DESCRIPTORS);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listener_names_an_address_in_use),
        cmocka_unit_test(listener_names_a_foreign_address),
        cmocka_unit_test(listener_numbers_sockets_from_one),
        cmocka_unit_test(listener_takes_ipv4_on_an_ipv6_socket),
        cmocka_unit_test(listener_sheds_when_descriptors_run_out_F19),
        cmocka_unit_test(listener_goes_on_after_an_error_of_the_poll_F19),
        cmocka_unit_test(listener_pauses_double_up_to_a_second_F19),
        cmocka_unit_test(listener_dial_without_descriptors_is_no_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
