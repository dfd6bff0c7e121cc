/* bench: app
 *
 * Resident memory of an idle established peer. One process runs a node as `luapex start` does,
 * another holds N authenticated connections to it, each with its own key and its own 127.x.y.z.
 *
 *     bench_idle [--json] [N]             both, and the report (N: 2000)
 *     bench_idle hold ID@IP:PORT NETWORK N   only the second: prints "holding N", ends with its
 * input
 *
 * The peers announce a listen address, so the book learns one entry from each: that is counted. */
#include "raw_peer.h"

#include "app/run/runner.h"
#include "uv/limits.h"
#include "uv/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEERS 2000
#define PEERS_MAX 60000
#define NETWORK "bench-idle"
#define SETTLE_MS 2000
#define WINDOW_MS 5000 /* over which idle CPU is measured */
#define PATIENCE_MS 120000
#define POLL_MS 100

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_idle: %s\n", what);
    exit(1);
}

/* ---- the side that holds connections ---- */

static enum err on_message(void *context, uint8_t channel, struct span bytes)
{
    (void)context;
    (void)channel;
    (void)bytes;
    return ERR_OK;
}

static int connect_from(const struct endpoint *from, const struct endpoint *to)
{
    struct sockaddr_storage address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail(strerror(errno));
    socklen_t n = sockaddr_of_endpoint(from, &address);
    if (bind(fd, (struct sockaddr *)&address, n) != 0)
        fail("cannot bind a source address");
    n = sockaddr_of_endpoint(to, &address);
    if (connect(fd, (struct sockaddr *)&address, n) != 0)
        fail("cannot connect");
    return fd;
}

static void holder_open(
    struct raw_peer *holder, const struct addr *to, const char *network, unsigned i)
{
    const struct endpoint from = {ip_of_v4(0x7f640001u + i), 0};
    const struct endpoint listen = {from.ip, 26656};
    uint8_t seed[32];
    if (!machine_entropy(seed, sizeof seed))
        fail("no entropy");
    holder->key = node_key_of_seed(seed);
    holder->fd = connect_from(&from, &to->at);
    if (!raw_peer_begin(holder, &listen, network, &to->id, on_message) || !raw_peer_write(holder))
        fail("cannot begin a handshake");
    while (!holder->established)
        if (!raw_peer_read(holder))
            fail("refused");
}

/* Answers pings until the input ends. */
static void hold_until_eof(struct raw_peer *holders, unsigned n)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    for (unsigned i = 0; i < n; i++) {
        event.data.ptr = &holders[i];
        epoll_ctl(epoll, EPOLL_CTL_ADD, holders[i].fd, &event);
    }
    event.data.ptr = NULL;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    while (epoll_wait(epoll, &event, 1, -1) >= 0 || errno == EINTR) {
        if (!event.data.ptr)
            return;
        if (!raw_peer_read(event.data.ptr))
            fail("a connection was lost");
    }
}

static int hold(const char *text, const char *network, unsigned n)
{
    struct addr to;
    const char *why = "";
    if (addr_parse(span_of_text(text), &to, &why) != ERR_OK)
        fail(why);
    struct raw_peer *holders = calloc(n, sizeof *holders);
    if (!holders)
        fail("out of memory");
    for (unsigned i = 0; i < n; i++)
        holder_open(&holders[i], &to, network, i);
    printf("holding %u\n", n);
    fflush(stdout);
    hold_until_eof(holders, n);
    for (unsigned i = 0; i < n; i++)
        raw_peer_end(&holders[i]);
    free(holders);
    return 0;
}

/* ---- the node ---- */

struct reading {
    size_t resident, heap;
    size_t sockets, links; /* of the heap, as their owners count it */
};

struct bench {
    uv_loop_t loop;
    uv_timer_t timer;
    struct runner runner;
    unsigned peers;
    bool wants_json;
    int64_t deadline_ms;
    enum { WAITING, SETTLING, MEASURING } phase;
    struct reading before, after;
    double cpu_s;
    pid_t child;
    int child_in; /* closing it ends the child */
};

static struct reading read_memory(const struct host *host)
{
    struct reading reading = {.heap = mallinfo2().uordblks};
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long size = 0, pages = 0;
    if (!file || fscanf(file, "%lu %lu", &size, &pages) != 2)
        fail("cannot read /proc/self/statm");
    fclose(file);
    reading.sockets = host_memory(host, &reading.links);
    reading.resident = (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
    return reading;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void on_stopped(void *context, struct runner *runner)
{
    (void)context;
    (void)runner;
}

static void finish(struct bench *bench)
{
    bench->cpu_s = cpu_seconds() - bench->cpu_s;
    close(bench->child_in);
    uv_close((uv_handle_t *)&bench->timer, NULL);
    runner_stop(&bench->runner);
}

static void on_poll(uv_timer_t *timer)
{
    struct bench *bench = timer->data;
    int64_t now_ms = machine_now(&bench->loop).mono_ms;
    struct node_counts counts = node_counts(bench->runner.node);
    if (bench->phase == WAITING && counts.inbound == bench->peers) {
        bench->phase = SETTLING;
        bench->deadline_ms = now_ms + SETTLE_MS;
    }
    if (now_ms < bench->deadline_ms)
        return;
    if (bench->phase == WAITING)
        fail("the peers did not come in time");
    if (bench->phase == MEASURING) {
        finish(bench);
        return;
    }
    bench->after = read_memory(bench->runner.host);
    bench->cpu_s = cpu_seconds();
    bench->phase = MEASURING;
    bench->deadline_ms = now_ms + WINDOW_MS;
}

static void start_holder(struct bench *bench, const char *program)
{
    char address[ADDR_TEXT_MAX], count[16];
    struct addr own = {bench->runner.options.key->id, runner_endpoint(&bench->runner)};
    addr_to_text(&own, address);
    snprintf(count, sizeof count, "%u", bench->peers);
    int input[2];
    if (pipe(input) != 0)
        fail("cannot make a pipe");
    bench->child = fork();
    if (bench->child == 0) {
        dup2(input[0], STDIN_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        close(input[0]);
        close(input[1]);
        execl(program, "bench_idle", "hold", address, NETWORK, count, (char *)NULL);
        _exit(127);
    }
    close(input[0]);
    bench->child_in = input[1];
}

static void load_settings(struct settings *settings, unsigned peers)
{
    char inbound[16];
    snprintf(inbound, sizeof inbound, "%u", peers + 10);
    const struct settings_override values[] = {
        {"moniker", "bench"},
        {"p2p.laddr", "tcp://127.0.0.1:0"},
        {"p2p.addr_book_strict", "false"},
        {"p2p.addr_book_file", "/nonexistent/addrbook.json"}, /* saving fails, and may */
        {"p2p.max_num_outbound_peers", "0"},
        {"p2p.max_num_inbound_peers", inbound},
        {"pex.max_handshaking", "256"},
    };
    static struct settings_problems problems;
    if (settings_load(NULL, NULL, values, sizeof values / sizeof *values, settings, &problems))
        fail(problems.items[0].cause);
}

static void report(const struct bench *bench)
{
    double n = bench->peers;
    double resident = ((double)bench->after.resident - (double)bench->before.resident) / n;
    double heap = ((double)bench->after.heap - (double)bench->before.heap) / n;
    double cpu_percent = bench->cpu_s * 1000 / WINDOW_MS * 100;
    double sockets = (double)bench->after.sockets / n, links = (double)bench->after.links / n;
    printf(bench->wants_json
            ? "{\"bench\":\"idle\",\"peers\":%u,\"rss_before\":%zu,\"rss_after\":%zu,"
              "\"rss_per_peer\":%.0f,\"heap_per_peer\":%.0f,\"socket_per_peer\":%.0f,"
              "\"link_per_peer\":%.0f,\"rest_per_peer\":%.0f,\"idle_cpu_percent\":%.2f}\n"
            : "idle established peers       %8u\n"
              "resident before, after       %8zu %8zu bytes\n"
              "resident, each peer          %8.0f bytes (goal <= 4096)\n"
              "heap in use, each peer       %8.0f bytes\n"
              "  socket and its places      %8.0f bytes\n"
              "  link                       %8.0f bytes\n"
              "  node, overhead of malloc   %8.0f bytes\n"
              "processor while idle         %8.2f %%\n",
        bench->peers, bench->before.resident, bench->after.resident, resident, heap, sockets, links,
        heap - sockets - links, cpu_percent);
}

static void run(struct bench *bench, const char *program)
{
    char why[RUNNER_WHY_MAX];
    struct settings settings;
    uint8_t seed[32];
    if (uv_loop_init(&bench->loop) != 0 || !machine_entropy(seed, sizeof seed))
        fail("cannot make a loop");
    const struct node_key key = node_key_of_seed(seed);
    load_settings(&settings, bench->peers);
    struct workspace *workspace = workspace_new(&bench->loop);
    const struct runner_options options = {.workspace = workspace,
        .settings = &settings,
        .key = &key,
        .network = NETWORK,
        .log = {.level = LOG_NONE}};
    if (!workspace || runner_open(&bench->runner, &options, why) != ERR_OK ||
        runner_start(&bench->runner, on_stopped, NULL, why) != ERR_OK)
        fail(why);
    uv_timer_init(&bench->loop, &bench->timer);
    bench->timer.data = bench;
    bench->deadline_ms = machine_now(&bench->loop).mono_ms + PATIENCE_MS;
    uv_timer_start(&bench->timer, on_poll, POLL_MS, POLL_MS);
    bench->before = read_memory(bench->runner.host);
    start_holder(bench, program);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    report(bench);
    waitpid(bench->child, NULL, 0);
    runner_close(&bench->runner);
    workspace_free(workspace);
    settings_free(&settings);
    uv_loop_close(&bench->loop);
}

static unsigned parse_peers(const char *text)
{
    int n = atoi(text);
    if (n < 1 || n > PEERS_MAX)
        fail("usage: bench_idle [--json] [N], N from 1 to 60000");
    return (unsigned)n;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    limits_raise();
    if (!crypto_init())
        fail("no entropy");
    if (argc == 5 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], argv[3], parse_peers(argv[4]));
    static struct bench bench = {.peers = PEERS};
    int at = 1;
    if (at < argc && strcmp(argv[at], "--json") == 0) {
        bench.wants_json = true;
        at++;
    }
    if (at < argc)
        bench.peers = parse_peers(argv[at]);
    run(&bench, "/proc/self/exe");
    return 0;
}
