/* bench: uv
 *
 * The network that a crawl finds: N addresses of 127.0.0.0/8, a share of them answered by this one
 * process, each under an ID of its own. For tests/bench/crawl.py, which gives the others a port
 * where nobody answers.
 *
 *     bench_crawl N ANSWERING PORT OTHER_PORT NETWORK
 *
 * Prints the N addresses, the first ANSWERING of them at PORT and the rest at OTHER_PORT, then
 * "ready"; ends with its input and prints how many connections it took and requests it answered.
 * Listens on all interfaces: for a network namespace with loopback alone. */
#include "raw_peer.h"
#include "uv/limits.h"
#include "uv/sockaddr.h"
#include "wire/pex_message.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ADDRESSES_MAX 62500 /* of one number in the last byte */
#define CALLERS_MAX 65536
#define GROUPS 250 /* of the second byte: as many groups of addresses in a book */

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_crawl: %s\n", what);
    exit(1);
}

struct crowd {
    uint32_t n, answering;
    struct node_key *keys; /* of the answering ones */
    struct addr *addrs;    /* of all */
    const char *network;
    struct rng rng;
    uint64_t connections, requests;
    struct caller *callers[CALLERS_MAX]; /* by descriptor */
};

struct caller {
    struct raw_peer peer; /* first: the context of its link */
    struct crowd *crowd;
};

/* ---- who there is ---- */

static struct ip ip_of(uint32_t i)
{
    return ip_of_v4(0x7f000001u | (1 + i % GROUPS) << 16 | (1 + i / GROUPS) << 8);
}

static uint32_t index_of(const struct ip *ip)
{
    return ip->bytes[13] - 1u + (ip->bytes[14] - 1u) * GROUPS;
}

static struct node_key key_of(uint32_t i)
{
    uint8_t seed[32] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};
    return node_key_of_seed(seed);
}

static void crowd_init(struct crowd *crowd, uint16_t port, uint16_t other_port)
{
    crowd->keys = calloc(crowd->answering + 1, sizeof *crowd->keys);
    crowd->addrs = calloc(crowd->n, sizeof *crowd->addrs);
    if (!crowd->keys || !crowd->addrs)
        fail("out of memory");
    for (uint32_t i = 0; i < crowd->n; i++) {
        struct node_key key = key_of(i);
        bool answers = i < crowd->answering;
        crowd->addrs[i] = (struct addr){key.id, {ip_of(i), answers ? port : other_port}};
        if (answers)
            crowd->keys[i] = key;
    }
}

static void crowd_print(const struct crowd *crowd)
{
    char text[ADDR_TEXT_MAX];
    for (uint32_t i = 0; i < crowd->n; i++)
        puts(addr_to_text(&crowd->addrs[i], text));
    puts("ready");
    fflush(stdout);
}

/* ---- one connection ---- */

static void answer(struct caller *caller)
{
    struct crowd *crowd = caller->crowd;
    struct addr some[PEX_SELECTION_MAX];
    static uint8_t bytes[PEX_MESSAGE_MAX];
    struct pex_message list = {.kind = PEX_ADDRS, .addrs = some};
    size_t n;
    while (list.addrs_n < PEX_SELECTION_MAX && list.addrs_n < crowd->n)
        some[list.addrs_n++] = crowd->addrs[rng_index(&crowd->rng, crowd->n)];
    if (pex_message_encode(&list, bytes, sizeof bytes, &n) == ERR_OK &&
        link_send(caller->peer.link, raw_peer_now(), PEX_CHANNEL, span_of(bytes, n)) == ERR_OK)
        crowd->requests++;
}

static enum err on_message(void *context, uint8_t channel, struct span bytes)
{
    static struct pex_scratch scratch;
    struct pex_message message;
    enum err err = pex_message_decode(bytes, &scratch, &message);
    if (!err && channel == PEX_CHANNEL && message.kind == PEX_REQUEST)
        answer(context);
    return err;
}

/* Which of the crowd was dialed; false: nobody who answers. */
static bool dialed_index(int fd, const struct crowd *crowd, uint32_t *i, struct endpoint *at)
{
    struct sockaddr_storage own;
    socklen_t n = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &n) != 0)
        return false;
    *at = sockaddr_to_endpoint((struct sockaddr *)&own);
    *i = index_of(&at->ip);
    return *i < crowd->answering;
}

static struct caller *caller_new(struct crowd *crowd, int fd)
{
    uint32_t i;
    struct endpoint at;
    struct caller *caller = calloc(1, sizeof *caller);
    if (!caller)
        fail("out of memory");
    caller->crowd = crowd;
    caller->peer.fd = fd;
    crowd->connections++;
    if (dialed_index(fd, crowd, &i, &at)) {
        caller->peer.key = crowd->keys[i];
        if (raw_peer_begin(&caller->peer, &at, crowd->network, NULL, on_message) &&
            raw_peer_write(&caller->peer))
            return caller;
    }
    raw_peer_end(&caller->peer);
    free(caller);
    return NULL;
}

/* ---- serving ---- */

static int listen_at(uint16_t port)
{
    struct sockaddr_storage address;
    const struct endpoint any = {ip_of_v4(0), port};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t n = sockaddr_of_endpoint(&any, &address);
    if (bind(fd, (struct sockaddr *)&address, n) != 0 || listen(fd, 4096) != 0)
        fail(strerror(errno));
    return fd;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        fail(strerror(errno));
}

static void take_one(struct crowd *crowd, int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || fd >= CALLERS_MAX)
        fail("no descriptor for one more connection");
    struct caller *caller = caller_new(crowd, fd);
    if (!caller)
        return;
    crowd->callers[fd] = caller;
    watch(epoll, fd);
}

static void serve_one(struct crowd *crowd, int fd)
{
    struct caller *caller = crowd->callers[fd];
    if (raw_peer_read(&caller->peer))
        return;
    crowd->callers[fd] = NULL;
    raw_peer_end(&caller->peer);
    free(caller);
}

static void serve(struct crowd *crowd, int listener)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event;
    watch(epoll, listener);
    watch(epoll, STDIN_FILENO);
    while (epoll_wait(epoll, &event, 1, -1) >= 0 || errno == EINTR) {
        if (event.data.fd == STDIN_FILENO)
            return;
        if (event.data.fd == listener)
            take_one(crowd, epoll, listener);
        else
            serve_one(crowd, event.data.fd);
    }
}

static uint32_t number(const char *text, uint32_t min, uint32_t max)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n < min || n > max)
        fail("usage: bench_crawl N ANSWERING PORT OTHER_PORT NETWORK");
    return (uint32_t)n;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    limits_raise();
    if (argc != 6)
        fail("usage: bench_crawl N ANSWERING PORT OTHER_PORT NETWORK");
    if (!crypto_init())
        fail("no entropy");
    static struct crowd crowd;
    crowd.n = number(argv[1], 1, ADDRESSES_MAX);
    crowd.network = argv[5];
    crowd.answering = number(argv[2], 0, crowd.n);
    uint16_t port = (uint16_t)number(argv[3], 1, UINT16_MAX);
    rng_seed(&crowd.rng, crowd.n);
    crowd_init(&crowd, port, (uint16_t)number(argv[4], 1, UINT16_MAX));
    int listener = listen_at(port);
    crowd_print(&crowd);
    serve(&crowd, listener);
    printf("{\"connections\":%llu,\"requests\":%llu}\n", (unsigned long long)crowd.connections,
        (unsigned long long)crowd.requests);
    return 0;
}
