#include "uv/host.h"

#include "uv/machine.h"
#include "uv/state.h"
#include "uv/tcp.h"
#include <assert.h>
#include <stdlib.h>

#define TIMER_MIN_MS 1 /* a deadline that stays in the past must not starve sockets */

static const uint8_t pex_channels[] = {PEX_CHANNEL};

struct host_settings host_settings_default(void)
{
    return (struct host_settings){
        .link =
            {
                .own =
                    {
                        .p2p_version = P2P_PROTOCOL,
                        .block_version = BLOCK_PROTOCOL,
                        .channels = span_of(pex_channels, sizeof pex_channels),
                    },
                .channels = {{
                    .id = PEX_CHANNEL,
                    .priority = 1,
                    .queue_max = 10,
                    .receive_max = PEX_MESSAGE_MAX,
                }},
                .channels_n = 1,
                .handshake_timeout_ms = SECONDS_MS(20),
                .ping_interval_ms = SECONDS_MS(60),
                .pong_timeout_ms = SECONDS_MS(45),
                .flush_throttle_ms = 100,
                .send_timeout_ms = SECONDS_MS(10),
                .payload_max = PACKET_PAYLOAD_MAX,
                .send_rate = 5120000,
                .recv_rate = 5120000,
            },
        .max_handshaking = 256,
        .dial_timeout_ms = SECONDS_MS(3),
        .write_timeout_ms = SECONDS_MS(30),
    };
}

struct now host_now(const struct host *host)
{
    return machine_now(host->workspace->loop);
}

/* ---- connections by number ---- */

static struct tcp *find(const struct host *host, uint64_t number)
{
    uint32_t place = map_get(&host->by_number, &number);
    return place == MAP_NONE ? NULL : host->tcps[place];
}

static bool reserve(struct host *host)
{
    if (host->tcps_n < host->tcps_cap)
        return true;
    uint32_t cap = host->tcps_cap ? host->tcps_cap * 2 : 16;
    struct tcp **tcps = realloc(host->tcps, cap * sizeof *tcps);
    if (!tcps)
        return false;
    host->tcps = tcps;
    host->tcps_cap = cap;
    return true;
}

bool host_add(struct host *host, struct tcp *tcp)
{
    uint32_t n = host->tcps_n;
    if (!reserve(host) || !heap_reserve(&host->deadlines, n + 1) ||
        !map_put(&host->by_number, &tcp->number, n))
        return false;
    tcp->place = n;
    host->tcps[host->tcps_n++] = tcp;
    return true;
}

void host_remove(struct host *host, struct tcp *tcp)
{
    struct tcp *last = host->tcps[--host->tcps_n];
    map_remove(&host->by_number, &tcp->number);
    heap_remove(&host->deadlines, &tcp->deadline);
    if (last == tcp)
        return;
    last->place = tcp->place;
    host->tcps[last->place] = last;
    bool kept = map_put(&host->by_number, &last->number, last->place);
    assert(kept); /* its key is there already */
    (void)kept;
}

/* ---- events and actions ---- */

void host_event(struct host *host, const struct event *event)
{
    if (!host->node || (host->stop_asked && event->kind != EVENT_STORED))
        return;
    size_t first = host->outbox.n;
    node_step(host->node, host_now(host), event, &host->outbox);
    for (size_t i = first; i < host->outbox.n; i++) {
        const struct action *action = &host->outbox.at[i];
        if (action->kind != ACTION_CLOSE && action->kind != ACTION_REFUSE)
            continue;
        struct tcp *tcp = find(host, action->conn);
        if (tcp)
            tcp->dead = true; /* what the running read may still bring is no news to the node */
    }
}

static void act_on_connection(struct host *host, const struct action *action)
{
    struct tcp *tcp = find(host, action->conn);
    if (!tcp)
        return;
    switch (action->kind) {
    case ACTION_ACCEPT:
        tcp_accept(tcp);
        break;
    case ACTION_REFUSE:
        tcp_drop(tcp);
        break;
    case ACTION_SEND:
        tcp_send(tcp, &action->send);
        break;
    default:
        tcp_close(tcp, action->close.flush_ms);
        break;
    }
}

static void answer(const struct host *host, const struct node_answer *answer)
{
    if (answer->token != 0 && host->settings->answered)
        host->settings->answered(host->settings->context, answer);
}

static void act(struct host *host, struct action *action)
{
    switch (action->kind) {
    case ACTION_DIAL:
        tcp_dial(host, action->conn, &action->dial.addr);
        break;
    case ACTION_ACCEPT:
    case ACTION_REFUSE:
    case ACTION_SEND:
    case ACTION_CLOSE:
        act_on_connection(host, action);
        break;
    case ACTION_RESOLVE:
        resolver_resolve(&host->resolver, action->resolve.token, action->resolve.host);
        break;
    case ACTION_STORE:
        store_rows(&host->store, &action->store);
        break;
    case ACTION_EXPORT:
        store_export(&host->store, action->export.image, action->export.n);
        break;
    case ACTION_ANSWER:
        answer(host, &action->answer);
        break;
    case ACTION_ABORT:
        if (host->settings->aborted)
            host->settings->aborted(host->settings->context, action->abort.why);
        break;
    }
}

/* Actions cause events, which append actions: the array may move under the loop. */
static void act_all(struct host *host)
{
    for (size_t i = 0; i < host->outbox.n; i++) {
        struct action action = host->outbox.at[i];
        if (action.kind == ACTION_STORE)
            host->outbox.at[i].store = (struct book_changes){0}; /* taken */
        if (action.kind == ACTION_EXPORT)
            host->outbox.at[i].export.image = NULL;
        act(host, &action);
    }
    outbox_reset(&host->outbox);
}

/* ---- the timer ---- */

static void on_timer(uv_timer_t *timer)
{
    struct host *host = timer->data;
    host->armed_ms = NEVER_MS;
    struct now now = host_now(host);
    struct heap_item *item = heap_top(&host->deadlines);
    for (uint32_t left = host->deadlines.n; left > 0 && item && item->key <= now.mono_ms; left--) {
        tcp_due(tcp_of_deadline(item));
        item = heap_top(&host->deadlines);
    }
    listener_due(&host->listener, now);
    if (node_deadline(host->node) <= now.mono_ms)
        host_event(host, &(struct event){.kind = EVENT_TICK});
    host_settle(host);
}

static int64_t next_deadline_ms(const struct host *host)
{
    int64_t at_ms = host->listener.resume_ms;
    const struct heap_item *item = heap_top(&host->deadlines);
    if (item)
        at_ms = earlier_ms(at_ms, item->key);
    return host->stop_asked ? at_ms : earlier_ms(at_ms, node_deadline(host->node));
}

static void arm_timer(struct host *host)
{
    if (uv_is_closing((uv_handle_t *)&host->timer))
        return;
    int64_t at_ms = next_deadline_ms(host);
    if (at_ms == host->armed_ms)
        return;
    host->armed_ms = at_ms;
    if (at_ms == NEVER_MS) {
        uv_timer_stop(&host->timer);
        return;
    }
    int64_t wait_ms = at_ms - host_now(host).mono_ms;
    uv_timer_start(
        &host->timer, on_timer, (uint64_t)(wait_ms > TIMER_MIN_MS ? wait_ms : TIMER_MIN_MS), 0);
}

/* ---- life ---- */

struct host *host_new(struct workspace *workspace, const struct host_settings *settings)
{
    struct host *host = calloc(1, sizeof *host);
    if (!host)
        return NULL;
    host->workspace = workspace;
    host->settings = settings;
    host->armed_ms = NEVER_MS;
    host->resolver.host = host;
    host->store.host = host;
    listener_init(&host->listener);
    map_init(&host->by_number, sizeof(uint64_t), machine_seed());
    return host;
}

enum err host_listen(struct host *host, const struct endpoint *at, const char **why)
{
    return listener_open(&host->listener, at, why);
}

struct endpoint host_listen_endpoint(const struct host *host)
{
    return host->listener.at;
}

void host_use_store(struct host *host, struct store_file *file)
{
    host->store.file = file;
}

enum err host_start(struct host *host, struct node *node)
{
    uv_timer_init(host->workspace->loop, &host->timer);
    host->timer.data = host;
    host->open = 1;
    if (host->listener.fd >= 0 && !listener_start(&host->listener, host))
        return ERR_IO;
    host->node = node;
    host_event(host, &(struct event){.kind = EVENT_START});
    host_settle(host);
    return ERR_OK;
}

void host_command(struct host *host, const struct node_command *command)
{
    assert(command->kind != COMMAND_STOP);
    if (!host->node || host->stop_asked)
        answer(host, &(struct node_answer){.token = command->token, .err = ERR_STOPPING});
    else
        host_event(host, &(struct event){.kind = EVENT_COMMAND, .command = *command});
    host_settle(host);
}

void host_policy_loaded(struct host *host, const char *name)
{
    struct event event = {.kind = EVENT_POLICY_LOADED};
    event.policy_loaded.name = name;
    host_event(host, &event);
    host_settle(host);
}

void host_stop(struct host *host, void (*stopped)(void *context), void *context)
{
    if (host->stop_asked)
        return;
    host->stopped = stopped;
    host->stopped_context = context;
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = COMMAND_STOP;
    host_event(host, &event);
    host->stop_asked = true;
    host_settle(host);
}

static void tear_down(struct host *host)
{
    host->torn_down = true;
    listener_close(&host->listener);
    resolver_close(&host->resolver);
    store_close(&host->store);
    for (uint32_t i = host->tcps_n; i-- > 0;) {
        struct tcp *tcp = host->tcps[i];
        if (tcp->state != TCP_FLUSHING && tcp->state != TCP_LINGERING)
            tcp_drop(tcp);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    host_closed_one(handle->data);
}

/* The timer goes last: flushing connections need it. */
static void close_timer_when_alone(struct host *host)
{
    if (host->torn_down && host->open == 1 && !uv_is_closing((uv_handle_t *)&host->timer))
        uv_close((uv_handle_t *)&host->timer, on_timer_closed);
}

void host_closed_one(struct host *host)
{
    host->open--;
    close_timer_when_alone(host);
    if (host->open == 0 && host->stopped)
        host->stopped(host->stopped_context);
}

void host_settle(struct host *host)
{
    if (host->settling)
        return;
    host->settling = true;
    act_all(host);
    if (host->stop_asked && !host->torn_down)
        tear_down(host);
    host->settling = false;
    close_timer_when_alone(host);
    arm_timer(host);
}

void host_free(struct host *host)
{
    if (!host)
        return;
    assert(host->open == 0);
    listener_close(&host->listener);
    store_file_close(host->store.file); /* of a host that never started */
    map_free(&host->by_number);
    heap_free(&host->deadlines);
    outbox_free(&host->outbox);
    free(host->tcps);
    free(host);
}
