/* Hosts on one loop, each with a fake node and its own 127.x.y.z, and a patient way to wait. */
#ifndef TESTS_UV_RIG_H
#define TESTS_UV_RIG_H

#include "fake_node.h"
#include "uv/host.h"
#include "uv/machine.h"
#include "uv/state.h"
#include "uv/tcp.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RIG_HOSTS_MAX 8
#define RIG_PATIENCE_MS 20000 /* a condition that takes longer has failed */

struct rig_host {
    struct node node;
    struct host *host;
    struct host_settings settings;
    struct node_key key;
    char id_text[PEER_ID_TEXT + 1];
    bool stopped, started;
};

struct rig {
    uv_loop_t loop;
    uv_timer_t watchdog;
    struct workspace *workspace;
    struct rig_host hosts[RIG_HOSTS_MAX];
    unsigned n;
};

static inline void rig_open(struct rig *rig)
{
    signal(SIGPIPE, SIG_IGN);
    assert_true(crypto_init());
    memset(rig, 0, sizeof *rig);
    assert_int_equal(uv_loop_init(&rig->loop), 0);
    rig->workspace = workspace_new(&rig->loop);
    assert_non_null(rig->workspace);
    uv_timer_init(&rig->loop, &rig->watchdog);
    uv_unref((uv_handle_t *)&rig->watchdog);
}

static inline struct endpoint rig_endpoint(unsigned index, uint16_t port)
{
    return (struct endpoint){ip_of_v4(0x7f150001u + index * 256), port};
}

/* Makes a host that does not listen or run yet; its settings may be changed. */
static inline struct rig_host *rig_add(struct rig *rig)
{
    struct rig_host *host = &rig->hosts[rig->n];
    uint8_t seed[32] = {(uint8_t)(1 + rig->n)};
    fake_node_init(&host->node);
    host->key = node_key_of_seed(seed);
    peer_id_text(&host->key.id, host->id_text);
    host->settings = host_settings_default();
    host->settings.link.key = &host->key;
    host->settings.link.own.id = span_of_text(host->id_text);
    host->settings.link.own.listen_addr = span_of_text("127.0.0.1:26656");
    host->settings.link.own.network = span_of_text("rig");
    host->settings.link.own.moniker = span_of_text("m");
    host->settings.link.flush_throttle_ms = 0;
    host->settings.dial_from = rig_endpoint(rig->n, 0);
    host->host = host_new(rig->workspace, &host->settings);
    assert_non_null(host->host);
    rig->n++;
    return host;
}

static inline void rig_start(struct rig *rig, struct rig_host *host)
{
    const char *why = "";
    struct endpoint at = rig_endpoint((unsigned)(host - rig->hosts), 0);
    if (host_listen(host->host, &at, &why) != ERR_OK)
        fail_msg("%s", why);
    assert_int_equal(host_start(host->host, &host->node), ERR_OK);
    host->started = true;
}

static inline struct rig_host *rig_run(struct rig *rig)
{
    struct rig_host *host = rig_add(rig);
    rig_start(rig, host);
    return host;
}

static inline struct addr rig_addr(const struct rig_host *host)
{
    return (struct addr){host->key.id, host_listen_endpoint(host->host)};
}

static inline void rig_bark(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Runs the loop until condition holds. */
#define rig_until(rig, condition)                                                                  \
    do {                                                                                           \
        bool late_ = false;                                                                        \
        (rig)->watchdog.data = &late_;                                                             \
        uv_timer_start(&(rig)->watchdog, rig_bark, RIG_PATIENCE_MS, 0);                            \
        while (!(condition)) {                                                                     \
            uv_ref((uv_handle_t *)&(rig)->watchdog);                                               \
            uv_run(&(rig)->loop, UV_RUN_ONCE);                                                     \
            uv_unref((uv_handle_t *)&(rig)->watchdog);                                             \
            if (late_)                                                                             \
                fail_msg("waited in vain for: %s", #condition);                                    \
        }                                                                                          \
        uv_timer_stop(&(rig)->watchdog);                                                           \
    } while (0)

/* Gives the node of this host a moment to act from outside of any event. */
static inline void rig_act(struct rig_host *host)
{
    host_settle(host->host);
}

static inline void rig_dial(struct rig_host *from, uint64_t number, const struct addr *to)
{
    act_dial(&from->host->outbox, CONN_OUTBOUND + number, to);
    rig_act(from);
}

static inline void rig_stopped(void *context)
{
    ((struct rig_host *)context)->stopped = true;
}

static inline bool rig_all_stopped(const struct rig *rig)
{
    for (unsigned i = 0; i < rig->n; i++)
        if (rig->hosts[i].started && !rig->hosts[i].stopped)
            return false;
    return true;
}

/* Stops every host; the loop must close without a handle left. */
static inline void rig_close(struct rig *rig)
{
    for (unsigned i = 0; i < rig->n; i++)
        if (rig->hosts[i].started && !rig->hosts[i].stopped)
            host_stop(rig->hosts[i].host, rig_stopped, &rig->hosts[i]);
    rig_until(rig, rig_all_stopped(rig));
    for (unsigned i = 0; i < rig->n; i++)
        host_free(rig->hosts[i].host);
    uv_close((uv_handle_t *)&rig->watchdog, NULL);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    workspace_free(rig->workspace);
}

/* Connects two running hosts; *outbound and *inbound get their numbers of the connection. */
static inline void rig_connect(struct rig *rig, struct rig_host *from, struct rig_host *to)
{
    size_t a = seen_count(&from->node, EVENT_ESTABLISHED);
    size_t b = seen_count(&to->node, EVENT_ESTABLISHED);
    struct addr addr = rig_addr(to);
    rig_dial(from, a + 1, &addr);
    rig_until(rig,
        seen_count(&from->node, EVENT_ESTABLISHED) > a &&
            seen_count(&to->node, EVENT_ESTABLISHED) > b);
}

static inline uint64_t rig_number(const struct rig_host *host)
{
    return seen_last(&host->node, EVENT_ESTABLISHED)->conn;
}

/* The socket behind the last established connection of a host. */
static inline struct tcp *rig_tcp(const struct rig_host *host)
{
    uint64_t number = rig_number(host);
    uint32_t place = map_get(&host->host->by_number, &number);
    return place == MAP_NONE ? NULL : host->host->tcps[place];
}

#endif
