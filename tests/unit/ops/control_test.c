/* The control socket between clients and the functions of the program, on a real loop. */
#include "ops/control.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

#define LOOPBACK 0x7f000001u
#define PATIENCE_NS UINT64_C(10000000000)
#define ANSWER_MAX 4096
#define TOKEN "0123456789abcdef0123456789abcdef"
#define ASK "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"save\"}\n"

static struct temp_folder folder;
static uv_loop_t loop;
static struct ops *ops;
static int log_lines;
static char cause[CONTROL_CAUSE_MAX], line[ANSWER_MAX];
static struct control_request *kept; /* not answered yet */

/* ---- the program's side ---- */

static void status(void *context, struct control_request *request)
{
    assert_ptr_equal(context, &folder);
    control_answer(request, json_pack("{s:s}", "network", "a\nb"));
}

static void save(void *context, struct control_request *request)
{
    (void)context;
    assert_null(kept);
    kept = request;
}

static void ban(void *context, struct control_request *request)
{
    (void)context;
    assert_string_equal(control_text(request, "target"), "10.0.0.1");
    assert_null(control_text(request, "none"));
    assert_true(control_number(request, "duration") == 5400);
    assert_true(control_number(request, "none") == 0);
    assert_false(control_flag(request, "none"));
    assert_true(json_is_object(control_params(request)));
    control_refuse_argument(request, "target", "somebody else", "10.0.0.1");
}

static void seeds(void *context, struct control_request *request)
{
    (void)context;
    control_refuse(request, CONTROL_REFUSED, "not %s", "now");
}

static void bans(void *context, struct control_request *request)
{
    (void)context;
    control_answer_text(request, "{\"bans\":[],\"total\":0}");
}

static void book(void *context, struct control_request *request)
{
    (void)context;
    control_answer(request, NULL);
}

static const struct control_function functions[] = {{"status", status}, {"save", save},
    {"ban", ban}, {"seeds", seeds}, {"bans", bans}, {"book", book}};
static const struct control control = {
    functions, sizeof functions / sizeof *functions, &folder, TOKEN};

/* ---- a loop around it ---- */

static void on_log(void *context, const struct log_line *text)
{
    (void)context;
    (void)text;
    log_lines++;
}

static int open_ops(void **state)
{
    (void)state;
    const struct log log = {.level = LOG_DEBUG, .write = on_log};
    folder = temp_folder_make();
    log_lines = 0;
    kept = NULL;
    return uv_loop_init(&loop) != 0 || ops_new(&loop, &log, &ops) != ERR_OK;
}

static int close_ops(void **state)
{
    (void)state;
    ops_close(ops);
    uv_run(&loop, UV_RUN_DEFAULT);
    bool is_closed = ops_is_closed(ops);
    ops_free(ops);
    temp_folder_remove(&folder);
    return !is_closed || uv_loop_close(&loop) != 0;
}

static const char *socket_path(void)
{
    return temp_path(&folder, "s");
}

static int connected(const struct sockaddr *at, socklen_t n)
{
    int fd = socket(at->sa_family, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, at, n), 0);
    return fd;
}

static int client(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path());
    return connected((struct sockaddr *)&at, sizeof at);
}

static int client_over_tcp(const struct endpoint *to)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    at.sin_addr.s_addr = htonl(LOOPBACK);
    return connected((struct sockaddr *)&at, sizeof at);
}

static void turn(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
    usleep(500);
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The next line, without its end; "" at the end of all. */
static const char *hear(int fd)
{
    size_t n = 0;
    uint64_t begin = uv_hrtime();
    while (uv_hrtime() - begin < PATIENCE_NS && n + 1 < ANSWER_MAX) {
        ssize_t got = recv(fd, line + n, 1, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            break;
        if (got < 0)
            turn();
        else if (line[n] == '\n')
            break;
        else
            n++;
    }
    line[n] = 0;
    return line;
}

static const char *ask(int fd, const char *method, const char *params)
{
    char request[256];
    snprintf(request, sizeof request,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n", method, params);
    say(fd, request);
    return hear(fd);
}

static void wait_for_question(void)
{
    uint64_t begin = uv_hrtime();
    while (!kept && uv_hrtime() - begin < PATIENCE_NS)
        turn();
    assert_non_null(kept);
}

/* ---- questions and answers ---- */

static void control_gives_results_and_refusals(void **state)
{
    (void)state;
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    int fd = client();
    assert_string_equal(ask(fd, "status", "{}"),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"network\":\"a\\nb\"}}");
    assert_string_equal(ask(fd, "bans", "{}"),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"bans\":[],\"total\":0}}");
    assert_string_equal(ask(fd, "seeds", "{}"),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"not now\"}}");
    assert_non_null(strstr(ask(fd, "book", "{}"), "out of memory"));
    close(fd);
    assert_int_equal(log_lines, 0);
}

static void control_tells_which_argument_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    int fd = client();
    json_t *answer =
        json_loads(ask(fd, "ban", "{\"target\":\"10.0.0.1\",\"duration\":\"1h30m\"}"), 0, NULL);
    const char *field, *expected, *got, *message;
    int code;
    assert_int_equal(
        json_unpack(answer, "{s:{s:i,s:s,s:{s:s,s:s,s:s}}}", "error", "code", &code, "message",
            &message, "data", "field", &field, "expected", &expected, "got", &got),
        0);
    assert_int_equal(code, CONTROL_BAD_ARGUMENT);
    assert_string_equal(message, "target must be somebody else, got 10.0.0.1");
    assert_string_equal(field, "target");
    assert_string_equal(expected, "somebody else");
    assert_string_equal(got, "10.0.0.1");
    json_decref(answer);
    close(fd);
}

static void control_serves_no_method_that_the_program_has_not(void **state)
{
    (void)state;
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    int fd = client();
    assert_non_null(strstr(ask(fd, "settings", "{}"), "does not serve settings"));
    close(fd);
}

static void control_answers_later(void **state)
{
    (void)state;
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    int fd = client();
    say(fd, ASK);
    wait_for_question();
    assert_non_null(strstr(ask(fd, "status", "{}"), "network")); /* others meanwhile */
    control_answer_text(kept, "{\"saved\":true}");
    assert_non_null(strstr(hear(fd), "saved"));
    close(fd);
}

static void control_answer_for_who_has_left_is_fine(void **state)
{
    (void)state;
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    int fd = client();
    say(fd, ASK);
    wait_for_question();
    close(fd);
    for (int i = 0; i < 20; i++)
        turn();
    control_refuse(kept, CONTROL_REFUSED, "too late");
    fd = client();
    assert_non_null(strstr(ask(fd, "status", "{}"), "network"));
    close(fd);
    assert_int_equal(log_lines, 0);
}

static void control_answer_after_the_end_is_fine(void **state)
{
    (void)state;
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    int fd = client();
    say(fd, ASK);
    wait_for_question();
    control_close(ops, &control);
    ops_close(ops);
    uv_run(&loop, UV_RUN_DEFAULT);
    control_answer(kept, json_object());
    assert_string_equal(hear(fd), "");
    close(fd);
}

static void control_close_twice_and_of_nothing_is_fine(void **state)
{
    (void)state;
    control_close(ops, &control);
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    control_close(ops, &control);
    control_close(ops, &control);
    for (int i = 0; i < 20; i++)
        turn();
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
}

/* ---- where it listens ---- */

static void control_socket_is_for_its_owner_alone(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
    assert_int_equal(stat(socket_path(), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void control_replaces_a_socket_that_nobody_serves(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path());
    int left = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(left, (struct sockaddr *)&at, sizeof at), 0);
    close(left);
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_OK);
}

static void control_leaves_what_another_process_serves(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path());
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(other, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(other, 1), 0);
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_FULL);
    assert_non_null(strstr(cause, "another process serves"));
    assert_int_equal(access(socket_path(), F_OK), 0);
    close(other);
}

static void control_leaves_a_file_that_is_no_socket(void **state)
{
    (void)state;
    temp_write(&folder, "s", "mine");
    assert_int_equal(control_open(ops, socket_path(), &control, cause), ERR_INVALID);
    assert_non_null(strstr(cause, "move it away"));
    assert_int_equal(access(socket_path(), F_OK), 0);
}

static void control_says_why_there_can_be_no_socket(void **state)
{
    (void)state;
    char name[CONTROL_PATH_MAX + 1];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(control_open(ops, temp_path(&folder, name), &control, cause), ERR_INVALID);
    assert_non_null(strstr(cause, "control.socket"));
    assert_int_equal(control_open(ops, temp_path(&folder, "no/s"), &control, cause), ERR_IO);
    assert_non_null(strstr(cause, "no/s"));
}

/* ---- over TCP ---- */

static struct endpoint open_tcp(void)
{
    struct endpoint at = {ip_of_v4(LOOPBACK), 0};
    assert_int_equal(control_open_tcp(ops, &at, &control, cause), ERR_OK);
    assert_int_not_equal(at.port, 0);
    return at;
}

static void control_over_tcp_takes_who_has_the_token(void **state)
{
    (void)state;
    const struct endpoint at = open_tcp();
    int fd = client_over_tcp(&at);
    assert_non_null(strstr(ask(fd, "auth", "{\"token\":\"" TOKEN "\"}"), "\"authenticated\":true"));
    assert_non_null(strstr(ask(fd, "status", "{}"), "network"));
    close(fd);
    assert_int_equal(log_lines, 0);
}

static void control_over_tcp_ends_who_has_not(void **state)
{
    (void)state;
    static const char *const params[] = {"{\"token\":\"" TOKEN "0\"}", "{\"token\":\"\"}", "{}",
        "{\"token\":\"0123456789abcdef0123456789abcdee\"}", "{\"token\":5}"};
    const struct endpoint at = open_tcp();
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        int fd = client_over_tcp(&at);
        assert_non_null(strstr(ask(fd, "auth", params[i]), "\"code\":-32000"));
        assert_string_equal(hear(fd), "");
        close(fd);
    }
    assert_true(log_lines > 0);
}

static void control_over_tcp_says_why_it_cannot_listen(void **state)
{
    (void)state;
    struct endpoint at = open_tcp();
    assert_int_equal(control_open_tcp(ops, &at, &control, cause), ERR_IO);
    assert_non_null(strstr(cause, "127.0.0.1:"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ops, close_ops)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(control_gives_results_and_refusals),
        TEST(control_tells_which_argument_is_wrong),
        TEST(control_serves_no_method_that_the_program_has_not),
        TEST(control_answers_later),
        TEST(control_answer_for_who_has_left_is_fine),
        TEST(control_answer_after_the_end_is_fine),
        TEST(control_close_twice_and_of_nothing_is_fine),
        TEST(control_socket_is_for_its_owner_alone),
        TEST(control_replaces_a_socket_that_nobody_serves),
        TEST(control_leaves_what_another_process_serves),
        TEST(control_leaves_a_file_that_is_no_socket),
        TEST(control_says_why_there_can_be_no_socket),
        TEST(control_over_tcp_takes_who_has_the_token),
        TEST(control_over_tcp_ends_who_has_not),
        TEST(control_over_tcp_says_why_it_cannot_listen),
    };
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
