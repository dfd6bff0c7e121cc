/* Pages over HTTP: what is answered, and what clients of all kinds can make it hold. */
#include "http/http.h"

#include "base/rng.h"
#include "uv/sockaddr.h"
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define LOOPBACK 0x7f000001u
#define LONG (1u << 20)
#define LARGE (8u << 20) /* more than sockets take without a reader */
#define ANSWER_MAX (LARGE + 4096)

static uv_loop_t loop;
static struct http *http;
static struct endpoint at;
static char *answer;    /* ANSWER_MAX + 1 */
static unsigned served; /* pages */

static void serve(void *context, const char *path, struct http_page *page)
{
    (void)context;
    size_t n = strcmp(path, "/large") == 0 ? LARGE : strcmp(path, "/long") == 0 ? LONG : 2;
    if (strcmp(path, "/gone") == 0)
        return;
    unsigned fresh_ms = strcmp(path, "/fresh") == 0 ? 100 : 0;
    *page = (struct http_page){200, "text/plain", malloc(n), n, fresh_ms};
    memset(page->body, 'x', n);
    served++;
}

static int open_with_patience(unsigned patience_s)
{
    const char *why = "";
    answer = malloc(ANSWER_MAX + 1);
    uv_loop_init(&loop);
    const struct http_settings settings = {
        .loop = &loop, .at = {ip_of_v4(LOOPBACK), 0}, .patience_s = patience_s, .serve = serve};
    int err = http_open(&settings, &http, &why);
    if (err)
        fprintf(stderr, "%s\n", why);
    else
        at = http_endpoint(http);
    return err;
}

static int open_server(void **state)
{
    (void)state;
    return open_with_patience(1);
}

/* For it to be known that no deadline helped. */
static int open_patient_server(void **state)
{
    (void)state;
    return open_with_patience(3600);
}

/* Every handle is closed, also those of connections that are open. */
static int close_server(void **state)
{
    (void)state;
    free(answer);
    http_close(http);
    http_close(http);
    uv_run(&loop, UV_RUN_DEFAULT);
    http_free(http);
    return uv_loop_close(&loop);
}

static int client_at(uint32_t own)
{
    struct sockaddr_storage address;
    const struct endpoint from = {ip_of_v4(own), 0};
    socklen_t n = sockaddr_of_endpoint(&from, &address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    n = sockaddr_of_endpoint(&at, &address);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, n), 0);
    return fd;
}

static int client(void)
{
    return client_at(LOOPBACK);
}

static void say(int fd, const char *text)
{
    size_t n = strlen(text);
    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

static void turn(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
    usleep(500);
}

/* Reads until the server closes, or the text that was read ends with `last` (NULL: no such). */
static const char *hear(int fd, const char *last)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = recv(fd, answer + n, ANSWER_MAX - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t)got : 0;
        answer[n] = 0;
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return answer;
        if (last && n >= strlen(last) && strcmp(answer + n - strlen(last), last) == 0)
            return answer;
        turn();
    }
}

static void assert_begins(const char *text, const char *with)
{
    assert_memory_equal(text, with, strlen(with));
}

static void http_answers_several_requests_of_one_connection(void **state)
{
    (void)state;
    int fd = client();
    for (unsigned i = 0; i < 3; i++) {
        say(fd, "GET /page?query=1 HTTP/1.1\r\nhost: a\r\n\r\n");
        const char *text = hear(fd, "\r\n\r\nxx");
        assert_begins(text, "HTTP/1.1 200 OK\r\n");
        assert_non_null(strstr(text, "Content-Length: 2\r\n"));
        assert_non_null(strstr(text, "Content-Type: text/plain\r\n"));
    }
    close(fd);
}

static void http_answers_head_without_the_page(void **state)
{
    (void)state;
    int fd = client();
    say(fd, "HEAD /page HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_non_null(strstr(hear(fd, "\r\n\r\n"), "Content-Length: 2\r\n"));
    say(fd, "GET /page HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_begins(hear(fd, "\r\n\r\nxx"), "HTTP/1.1 200 OK\r\n");
    close(fd);
}

static void http_answers_one_request_of_http_1_0(void **state)
{
    (void)state;
    int fd = client();
    say(fd, "GET /page HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(hear(fd, NULL), "\r\n\r\nxx"));
    close(fd);
}

/* How many pages were made for so many requests. */
static unsigned made_for(const char *request, unsigned requests)
{
    unsigned before = served;
    for (unsigned i = 0; i < requests; i++) {
        int fd = client();
        say(fd, request);
        assert_begins(hear(fd, "\r\n\r\nxx"), "HTTP/1.1 200 OK\r\n");
        close(fd);
    }
    return served - before;
}

static void http_gives_a_page_again_while_it_is_fresh(void **state)
{
    (void)state;
    assert_int_equal(made_for("GET /page HTTP/1.1\r\nhost: a\r\n\r\n", 3), 3);
    unsigned made = made_for("GET /fresh HTTP/1.1\r\nhost: a\r\n\r\n", 100);
    assert_true(made >= 1 && made < 100);
    assert_int_equal(made_for("GET /page HTTP/1.1\r\nhost: a\r\n\r\n", 1), 1);
    uint64_t begin = uv_now(&loop);
    while (uv_now(&loop) - begin <= 100)
        turn();
    assert_int_equal(made_for("GET /fresh HTTP/1.1\r\nhost: a\r\n\r\n", 1), 1);
}

static void http_knows_no_other_page(void **state)
{
    (void)state;
    int fd = client();
    say(fd, "GET /gone HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_begins(hear(fd, "no such page\n"), "HTTP/1.1 404 ");
    close(fd);
}

static void http_refuses_other_methods(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char request[128];
        int fd = client();
        snprintf(request, sizeof request,
            "%s /page HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc", methods[i]);
        say(fd, request);
        const char *text = hear(fd, NULL);
        assert_null(strstr(text, " 200 "));
        close(fd);
    }
}

static void http_upgrades_to_nothing(void **state)
{
    (void)state;
    static const char *const wishes[] = {
        "websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        "h2c\r\nhttp2-settings: AAMAAABkAAQAAP__",
    };
    for (size_t i = 0; i < 2; i++) {
        char request[256];
        int fd = client();
        snprintf(request, sizeof request,
            "GET /page HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: %s\r\n\r\n",
            wishes[i]);
        say(fd, request);
        assert_null(strstr(hear(fd, NULL), " 101 "));
        close(fd);
    }
}

static void http_survives_what_is_no_http(void **state)
{
    (void)state;
    static const char *const noises[] = {"\x16\x03\x01\x02", "GET\r\n\r\n", "\r\n\r\n\r\n", "A",
        "GET / HTTP/9.9\r\n\r\n", "GET http://[/ HTTP/1.1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};
    for (size_t i = 0; i < sizeof noises / sizeof *noises; i++) {
        int fd = client();
        say(fd, noises[i]);
        shutdown(fd, SHUT_WR);
        hear(fd, NULL);
        close(fd);
    }
    int fd = client();
    say(fd, "GET /page HTTP/1.1\r\nhost: a\r\n\r\n");
    hear(fd, "\r\n\r\nxx");
    close(fd);
}

/* Requests of every kind with bytes changed, put in and left out, cut at random places. */
static size_t mutate(struct rng *rng, char *text, size_t cap)
{
    static const char *const kinds[] = {
        "GET /page HTTP/1.1\r\nhost: a\r\n\r\nGET /long HTTP/1.1\r\nhost: a\r\n\r\n",
        "HEAD /page HTTP/1.0\r\n\r\n",
        "POST /page HTTP/1.1\r\nhost: a\r\ntransfer-encoding: "
        "chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        "GET /%2e%2e/%00?a=b&c=%zz HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n"
        "upgrade: websocket\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET /page HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nrange: bytes=0-1\r\n\r\nabc",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    size_t n = (size_t)snprintf(text, cap, "%s", kinds[rng_below(rng, 6)]);
    for (uint64_t i = rng_below(rng, 8); i > 0 && n + 1 < cap; i--) {
        size_t place = (size_t)rng_below(rng, n);
        if (rng_below(rng, 3) == 0) {
            memmove(text + place, text + place + 1, --n - place);
        } else {
            if (rng_below(rng, 2) == 0)
                memmove(text + place + 1, text + place, n++ - place);
            text[place] = (char)rng_below(rng, 256);
        }
    }
    return n;
}

static void http_survives_random_requests(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7);
    for (unsigned i = 0; i < 1500; i++) {
        char text[1024];
        size_t n = mutate(&rng, text, sizeof text), half = (size_t)rng_below(&rng, n);
        int fd = client();
        send(fd, text, half, MSG_NOSIGNAL);
        turn();
        send(fd, text + half, n - half, MSG_NOSIGNAL);
        turn();
        close(fd);
    }
    for (unsigned i = 0; i < 100; i++)
        turn();
    int fd = client();
    say(fd, "GET /page HTTP/1.1\r\nhost: a\r\n\r\n");
    hear(fd, "\r\n\r\nxx");
    close(fd);
}

static void http_takes_no_endless_headers(void **state)
{
    (void)state;
    char line[256];
    int fd = client();
    ssize_t sent = 1;
    say(fd, "GET /page HTTP/1.1\r\n");
    memset(line, 'a', sizeof line);
    memcpy(line + 100, ": ", 2);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    for (unsigned i = 0; i < 100000 && (sent > 0 || errno == EAGAIN); i++) {
        sent = send(fd, line, sizeof line, MSG_NOSIGNAL | MSG_DONTWAIT);
        turn();
    }
    assert_true(sent < 0);
    close(fd);
}

static void http_writes_a_page_as_fast_as_it_is_read(void **state)
{
    (void)state;
    int fd = client();
    say(fd, "GET /long HTTP/1.0\r\n\r\n");
    const char *text = hear(fd, NULL);
    const char *body = strstr(text, "\r\n\r\n") + 4;
    assert_int_equal(strlen(body), LONG);
    close(fd);
}

/* Whether the server has closed it. */
static bool is_closed(int fd)
{
    struct pollfd its = {.fd = fd, .events = POLLRDHUP};
    return poll(&its, 1, 0) > 0;
}

static void http_gives_the_place_of_the_oldest_to_who_comes(void **state)
{
    (void)state;
    int fds[HTTP_CONNECTIONS_MAX];
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        fds[i] = client();
        turn();
    }
    int fd = client();
    say(fd, "GET /page HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_begins(hear(fd, "\r\n\r\nxx"), "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        assert_int_equal(is_closed(fds[i]), i == 0);
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        close(fds[i]);
    close(fd);
}

static void http_one_address_takes_no_place_of_another(void **state)
{
    (void)state;
    int fds[3 * HTTP_CONNECTIONS_MAX], fd = client_at(LOOPBACK + 1);
    turn();
    for (unsigned i = 0; i < 3 * HTTP_CONNECTIONS_MAX; i++) {
        fds[i] = client();
        turn();
    }
    say(fd, "GET /page HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_begins(hear(fd, "\r\n\r\nxx"), "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i < 3 * HTTP_CONNECTIONS_MAX; i++)
        close(fds[i]);
    close(fd);
}

#define HOSTILE 200
#define SCRAPES 8

/* Connects again whom the server closed: those who say nothing, half a request, a byte now and
 * then, and who take no byte of a large page. */
static void attack(int fds[HOSTILE])
{
    static const char *const first_words[] = {"", "GET /page HTTP/1.1\r\nho", "G",
        "GET /large HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /page HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab"};
    for (unsigned i = 0; i < HOSTILE; i++) {
        bool is_there = fds[i] >= 0 && !is_closed(fds[i]);
        if (is_there && i % 5 == 2)
            send(fds[i], "E", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (is_there)
            continue;
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = client();
        send(fds[i], first_words[i % 5], strlen(first_words[i % 5]), MSG_NOSIGNAL);
    }
}

/* One request of a scraper at `own`, while others try to keep it out. */
static void scrape(uint32_t own, int hostile[HOSTILE])
{
    size_t n = 0;
    ssize_t got = -1;
    int fd = client_at(own);
    say(fd, "GET /long HTTP/1.0\r\n\r\n");
    while (got != 0) {
        got = recv(fd, answer + n, ANSWER_MAX - n, MSG_DONTWAIT);
        assert_true(got >= 0 || errno == EAGAIN);
        n += got > 0 ? (size_t)got : 0;
        attack(hostile);
        turn();
    }
    answer[n] = 0;
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    assert_int_equal(strlen(body + 4), LONG);
    close(fd);
}

static void http_serves_a_scraper_while_hostile_clients_take_every_place(void **state)
{
    (void)state;
    int hostile[HOSTILE];
    for (unsigned i = 0; i < HOSTILE; i++)
        hostile[i] = -1;
    for (unsigned i = 0; i < 2 * HOSTILE; i++) {
        attack(hostile);
        turn();
    }
    for (unsigned i = 0; i < SCRAPES; i++)
        scrape(i % 2 == 0 ? LOOPBACK : LOOPBACK + 1, hostile);
    for (unsigned i = 0; i < HOSTILE; i++)
        close(hostile[i]);
}

static void http_waits_for_nobody_for_ever(void **state)
{
    (void)state;
    int silent = client(), half = client(), reads_nothing = client(), drips = client();
    say(half, "GET /page HTTP/1.1\r\nho");
    say(reads_nothing, "GET /large HTTP/1.1\r\nhost: a\r\n\r\n");
    uint64_t begin = uv_hrtime();
    int end = 0;
    while (end >= 0 && (end > 0 || uv_hrtime() - begin < UINT64_C(60000000000))) {
        char byte;
        end = send(drips, "a", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
        if (recv(drips, &byte, 1, MSG_DONTWAIT) == 0)
            end = -1;
        for (unsigned i = 0; i < 100; i++)
            turn();
    }
    assert_int_equal(end, -1);
    hear(silent, NULL);
    hear(half, NULL);
    assert_true(strlen(hear(reads_nothing, NULL)) < LARGE);
    close(silent), close(half), close(reads_nothing), close(drips);
}

static void http_outlives_a_lack_of_descriptors(void **state)
{
    (void)state;
    struct rlimit old, none;
    int fd = client();
    getrlimit(RLIMIT_NOFILE, &old);
    none = (struct rlimit){3, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    for (unsigned i = 0; i < 20; i++)
        turn();
    setrlimit(RLIMIT_NOFILE, &old);
    say(fd, "GET /page HTTP/1.1\r\nhost: a\r\n\r\n");
    hear(fd, "\r\n\r\nxx");
    close(fd);
}

static void http_names_an_address_in_use(void **state)
{
    (void)state;
    struct http *second;
    const char *why = "";
    const struct http_settings settings = {
        .loop = &loop, .at = at, .patience_s = 1, .serve = serve};
    assert_int_equal(http_open(&settings, &second, &why), ERR_IO);
    assert_non_null(strstr(why, "in use"));
    http_close(second);
    http_free(second);
}

static void http_closes_with_clients_in_every_state(void **state)
{
    (void)state;
    int fds[4] = {client(), client(), client(), client()};
    say(fds[1], "GET /pa");
    say(fds[2], "GET /large HTTP/1.1\r\nhost: a\r\n\r\n");
    say(fds[3], "GET /page HTTP/1.1\r\nhost: a\r\n\r\n");
    for (unsigned i = 0; i < 20; i++)
        turn();
    assert_int_equal(close_server(state), 0);
    for (unsigned i = 0; i < 4; i++)
        close(fds[i]);
    assert_int_equal(open_server(state), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
#define PATIENT_TEST(name) cmocka_unit_test_setup_teardown(name, open_patient_server, close_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(http_answers_several_requests_of_one_connection),
        TEST(http_answers_head_without_the_page),
        TEST(http_answers_one_request_of_http_1_0),
        TEST(http_gives_a_page_again_while_it_is_fresh),
        TEST(http_knows_no_other_page),
        TEST(http_refuses_other_methods),
        TEST(http_upgrades_to_nothing),
        TEST(http_survives_what_is_no_http),
        TEST(http_survives_random_requests),
        TEST(http_takes_no_endless_headers),
        TEST(http_writes_a_page_as_fast_as_it_is_read),
        PATIENT_TEST(http_gives_the_place_of_the_oldest_to_who_comes),
        PATIENT_TEST(http_one_address_takes_no_place_of_another),
        PATIENT_TEST(http_serves_a_scraper_while_hostile_clients_take_every_place),
        TEST(http_waits_for_nobody_for_ever),
        TEST(http_outlives_a_lack_of_descriptors),
        TEST(http_names_an_address_in_use),
        TEST(http_closes_with_clients_in_every_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
