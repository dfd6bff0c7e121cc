#include "e2e/hostile/crowd.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define READY_MAX 256
#define TICK_MS 20   /* drips and delayed beginnings */
#define BEGIN_MAX 64 /* clients begun between two looks at the sockets */

struct crowd {
    const struct crowd_plan *plan;
    struct crowd_counts *counts;
    struct client *clients;
    uint32_t *unused; /* places, a stack */
    uint32_t unused_n;
    uint32_t honest_n; /* that do not misbehave yet */
    uint32_t next_from;
    uint64_t next_us; /* when the next client is to begin */
    uint64_t end_us;
    int epoll;
};

static volatile sig_atomic_t is_told_to_leave;

static void on_sigterm(int number)
{
    (void)number;
    is_told_to_leave = 1;
}

static uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct endpoint next_from(struct crowd *crowd)
{
    struct endpoint from = {crowd->plan->from, 0};
    uint32_t n = crowd->next_from++ % crowd->plan->from_n;
    from.ip.bytes[15] = (uint8_t)(from.ip.bytes[15] + n % 250);
    from.ip.bytes[14] = (uint8_t)(from.ip.bytes[14] + n / 250 % 250);
    from.ip.bytes[13] = (uint8_t)(from.ip.bytes[13] + n / 62500);
    return from;
}

static void watch(struct crowd *crowd, struct client *client, int operation)
{
    struct epoll_event event = {.data.ptr = client};
    if (client_wants_to_write(client))
        event.events |= EPOLLOUT;
    if (client_wants_to_read(client))
        event.events |= EPOLLIN;
    epoll_ctl(crowd->epoll, operation, client->fd, &event);
}

static bool may_begin(const struct crowd *crowd, uint64_t now_us)
{
    const struct crowd_plan *plan = crowd->plan;
    return crowd->unused_n > 0 && (!plan->total || crowd->counts->begun < plan->total) &&
        (!plan->honest || crowd->honest_n < plan->honest) && now_us >= crowd->next_us &&
        now_us < crowd->end_us;
}

static bool is_honest(const struct client *client)
{
    return !client->misbehaving && client->end == END_NONE;
}

static void begin_some(struct crowd *crowd, uint64_t now_us)
{
    const struct crowd_plan *plan = crowd->plan;
    for (unsigned i = 0; i < BEGIN_MAX && may_begin(crowd, now_us); i++) {
        struct client *client = &crowd->clients[crowd->unused[crowd->unused_n - 1]];
        struct endpoint from = next_from(crowd);
        crowd->next_us += plan->every_us;
        crowd->counts->begun++;
        if (client_open(client, plan->behaviour, plan->network, &from, &plan->to)) {
            client->stays = plan->pace_us > 0;
            crowd->unused_n--;
            crowd->honest_n++;
            watch(crowd, client, EPOLL_CTL_ADD);
        } else {
            crowd->counts->failed++;
        }
    }
}

static void end_client(struct crowd *crowd, struct client *client)
{
    crowd->counts->ends[client->end]++;
    crowd->counts->addresses += client->addresses;
    client_close(client);
    crowd->unused[crowd->unused_n++] = (uint32_t)(client - crowd->clients);
}

/* Of one that stays: notes when it asked, and tells of the answer. */
static void follow(const struct crowd *crowd, struct client *client, bool asked, uint64_t now_us)
{
    if (!asked && client->said == SAY_PACKETS)
        client->asked_us = now_us;
    if (client->answers == client->told)
        return;
    client->told = client->answers;
    client->answered_us = clock_us();
    printf("{\"peer\":%td,\"asked_us\":%" PRIu64 ",\"answered_us\":%" PRIu64
           ",\"addresses\":%zu}\n",
        client - crowd->clients, client->asked_us, client->answered_us, client->addresses);
    fflush(stdout);
}

static void ask_again(const struct crowd *crowd, struct client *client, uint64_t now_us)
{
    bool waits = client->asked_us > client->answered_us;
    if (client->answers == 0 || waits || now_us < client->answered_us + crowd->plan->pace_us)
        return;
    client->asked_us = now_us;
    client_ask(client);
}

static void look_at(struct crowd *crowd, struct client *client, uint32_t events, uint64_t now_us)
{
    bool asked = client->said == SAY_PACKETS;
    bool wrote = client_wants_to_write(client), read = client_wants_to_read(client);
    bool was_honest = is_honest(client);
    bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
    client_ready(client, broken || (events & EPOLLIN), events & (EPOLLOUT | EPOLLERR), now_us);
    if (crowd->plan->pace_us > 0)
        follow(crowd, client, asked, now_us);
    if (was_honest && !is_honest(client))
        crowd->honest_n--;
    if (client->end != END_NONE)
        end_client(crowd, client);
    else if (client_wants_to_write(client) != wrote || client_wants_to_read(client) != read)
        watch(crowd, client, EPOLL_CTL_MOD);
}

static void tick(struct crowd *crowd, uint64_t now_us)
{
    for (uint32_t i = 0; i < crowd->plan->at_once; i++) {
        struct client *client = &crowd->clients[i];
        if (client->fd < 0)
            continue;
        if (crowd->plan->pace_us > 0)
            ask_again(crowd, client, now_us);
        look_at(crowd, client, 0, now_us);
    }
}

/* Those that stall do nothing any more, however long one waits. */
static bool is_over(const struct crowd *crowd, uint64_t now_us)
{
    const struct crowd_plan *plan = crowd->plan;
    bool all_begun = plan->total && crowd->counts->begun >= plan->total;
    bool all_stall = plan->behaviour->then == THEN_STALL && crowd->honest_n == 0;
    return is_told_to_leave || now_us >= crowd->end_us ||
        (all_begun && (all_stall || crowd->unused_n == plan->at_once));
}

static int wait_ms(const struct crowd *crowd, uint64_t now_us)
{
    if (may_begin(crowd, now_us))
        return 0;
    uint64_t every_us = crowd->plan->every_us;
    return every_us > 0 && every_us < TICK_MS * 1000 ? 1 : TICK_MS;
}

static void run(struct crowd *crowd)
{
    struct epoll_event ready[READY_MAX];
    uint64_t now_us = clock_us();
    while (!is_over(crowd, now_us)) {
        begin_some(crowd, now_us);
        int n = epoll_wait(crowd->epoll, ready, READY_MAX, wait_ms(crowd, now_us));
        now_us = clock_us();
        for (int i = 0; i < n; i++)
            look_at(crowd, ready[i].data.ptr, ready[i].events, now_us);
        if (crowd->plan->behaviour->drips || crowd->plan->pace_us > 0)
            tick(crowd, now_us);
    }
}

static void leave(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->plan->at_once; i++) {
        if (crowd->clients[i].fd < 0)
            continue;
        crowd->clients[i].end = END_LEFT;
        end_client(crowd, &crowd->clients[i]);
    }
}

bool crowd_run(const struct crowd_plan *plan, struct crowd_counts *counts)
{
    *counts = (struct crowd_counts){0};
    struct crowd crowd = {.plan = plan, .counts = counts};
    crowd.clients = calloc(plan->at_once, sizeof *crowd.clients);
    crowd.unused = calloc(plan->at_once, sizeof *crowd.unused);
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    bool ready = crowd.clients && crowd.unused && crowd.epoll >= 0;
    for (uint32_t i = 0; ready && i < plan->at_once; i++) {
        crowd.clients[i].fd = -1;
        crowd.unused[crowd.unused_n++] = i;
    }
    signal(SIGTERM, on_sigterm);
    if (ready) {
        uint64_t start_us = clock_us();
        crowd.next_us = start_us;
        crowd.end_us = start_us + plan->for_us;
        run(&crowd);
        counts->us = clock_us() - start_us;
        leave(&crowd);
    }
    free(crowd.clients);
    free(crowd.unused);
    return ready;
}
