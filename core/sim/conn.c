#include "sim/conn.h"

#include "sim/network.h"
#include <assert.h>
#include <stdlib.h>

#define PORT_FIRST 32768
#define PORTS 28000

/* ---- the table ---- */

static struct conn *conn_new(struct sim *sim)
{
    if (sim->free_conns_n == 0) {
        uint32_t cap = sim->conns_cap ? sim->conns_cap * 2 : 64;
        sim->conns = need(realloc(sim->conns, cap * sizeof *sim->conns));
        sim->free_conns = need(realloc(sim->free_conns, cap * sizeof *sim->free_conns));
        for (uint32_t place = cap; place-- > sim->conns_cap;) {
            sim->conns[place] = NULL;
            sim->free_conns[sim->free_conns_n++] = place;
        }
        sim->conns_cap = cap;
    }
    struct conn *conn = need(calloc(1, sizeof *conn));
    conn->place = sim->free_conns[--sim->free_conns_n];
    sim->conns[conn->place] = conn;
    for (int i = 0; i < 2; i++) {
        conn->sides[i].conn = conn;
        conn->sides[i].due.kind = DUE_SIDE;
        conn->sides[i].in.due.kind = DUE_PIPE;
        conn->sides[i].ping_ms = NEVER_MS;
    }
    return conn;
}

static void conn_free(struct sim *sim, struct conn *conn)
{
    for (int i = 0; i < 2; i++) {
        queue_drop(sim, &conn->sides[i].due);
        pipe_clear(sim, &conn->sides[i].in);
    }
    sim->conns[conn->place] = NULL;
    sim->free_conns[sim->free_conns_n++] = conn->place;
    free(conn);
}

void conn_free_all(struct sim *sim)
{
    for (uint32_t place = 0; place < sim->conns_cap; place++)
        if (sim->conns[place])
            conn_free(sim, sim->conns[place]);
    free(sim->conns);
    free(sim->free_conns);
}

static struct side *find(const struct machine *machine, uint64_t number)
{
    uint32_t at = map_get(&machine->by_number, &number);
    return at == MAP_NONE ? NULL : &machine->sim->conns[at / 2]->sides[at % 2];
}

bool conn_is_known(const struct machine *machine, uint64_t number)
{
    return find(machine, number) != NULL;
}

/* ---- sides ---- */

void side_attach(struct side *side, uint64_t number)
{
    struct machine *machine = side->machine;
    uint32_t at = side->conn->place * 2 + !side_is_dialer(side);
    side->number = number;
    if (!map_put(&machine->by_number, &number, at))
        need(NULL);
    side->previous = machine->last;
    *(machine->last ? &machine->last->next : &machine->first) = side;
    machine->last = side;
}

static void detach(struct side *side)
{
    struct machine *machine = side->machine;
    map_remove(&machine->by_number, &side->number);
    *(side->next ? &side->next->previous : &machine->last) = side->previous;
    *(side->previous ? &side->previous->next : &machine->first) = side->next;
    side->next = side->previous = NULL;
}

static bool is_over(const struct side *side)
{
    return side->state == SIDE_NONE || side->state == SIDE_CLOSED;
}

void side_push(struct side *side, enum segment_kind kind)
{
    struct sim *sim = side_sim(side);
    pipe_put(sim, &side_other(side)->in, segment_new(kind, NULL), sim->now_ms);
}

static void push_end(struct side *side, enum err seen)
{
    struct sim *sim = side_sim(side);
    struct segment *segment = segment_new(SEGMENT_END, NULL);
    segment->err = seen;
    pipe_put(sim, &side_other(side)->in, segment, sim->now_ms);
}

void side_close(struct side *side, enum err seen)
{
    struct sim *sim = side_sim(side);
    struct side *other = side_other(side);
    if (side->state != SIDE_NONE)
        detach(side);
    side->state = SIDE_CLOSED;
    if (is_over(other)) {
        conn_free(sim, side->conn);
        return;
    }
    pipe_cut(sim, &other->in);
    if (seen)
        push_end(side, seen);
    queue_drop(sim, &side->due);
    pipe_clear(sim, &side->in);
}

void side_reject(struct side *listener, enum err seen)
{
    listener->state = SIDE_CLOSED;
    pipe_clear(side_sim(listener), &listener->in);
    if (seen)
        push_end(listener, seen);
}

void side_fail(struct side *side, enum err err, enum err seen)
{
    struct machine *machine = side->machine;
    struct event event = {.conn = side->number};
    if (side_is_dialer(side) && side->state != SIDE_OPEN) {
        event.kind = EVENT_DIAL_FAILED;
        event.dial_failed.err = err;
        event.dial_failed.id_proven = side->proven;
    } else {
        event.kind = EVENT_CLOSED;
        event.closed.err = err;
        if (side->proven && side->state != SIDE_OPEN)
            event.closed.id = side_other(side)->machine->settings.node.id;
    }
    side_close(side, seen);
    machine_step(machine, &event);
}

void side_expect(struct side *side, enum side_state state, int64_t patience_ms)
{
    struct sim *sim = side_sim(side);
    side->state = state;
    queue_put(sim, &side->due, sim->now_ms + patience_ms);
}

void side_open(struct side *side)
{
    struct sim *sim = side_sim(side);
    struct machine *peer = side_other(side)->machine;
    const struct conn *conn = side->conn;
    struct event event = {.kind = EVENT_ESTABLISHED, .conn = side->number};
    event.established.id = peer->settings.node.id;
    event.established.info = &peer->info;
    event.established.remote = side->remote;
    event.established.connect_ms =
        side_is_dialer(side) ? (int32_t)(2 * conn->sides[DIALER].in.one_way_ms) : -1;
    side_expect(side, SIDE_OPEN, sim->settings.ping_interval_ms);
    sim->counts.connections += side_is_dialer(side);
    machine_step(side->machine, &event);
}

/* ---- what programs want ---- */

static struct endpoint local_end(struct machine *machine)
{
    struct endpoint at = machine->settings.at;
    at.port = (uint16_t)(PORT_FIRST + machine->ports++ % PORTS);
    return at;
}

void conn_dial(struct machine *machine, uint64_t number, const struct addr *to)
{
    struct sim *sim = machine->sim;
    assert(!conn_is_known(machine, number));
    struct conn *conn = conn_new(sim);
    struct side *side = &conn->sides[DIALER], *other = &conn->sides[LISTENER];
    struct answer answer = network_dial(sim, machine, &to->at);
    conn->dialed = *to;
    conn->dial_err = answer.err;
    side->machine = machine;
    side->remote = to->at;
    other->machine = answer.machine;
    other->remote = local_end(machine);
    side->in.one_way_ms = other->in.one_way_ms = answer.one_way_ms;
    side_attach(side, number);
    side_expect(side, SIDE_DIALING, answer.patience_ms);
    sim->counts.dials++;
    if (answer.machine)
        side_push(side, SEGMENT_SYN);
}

void conn_accept(struct machine *machine, uint64_t number)
{
    struct side *side = find(machine, number);
    if (!side || side->state != SIDE_WAITING)
        return;
    side_expect(side, SIDE_AUTH, machine->sim->settings.handshake_timeout_ms);
    side_push(side, SEGMENT_AUTH);
}

static void send_fails(struct machine *machine, uint64_t number, int64_t in_ms)
{
    const struct event event = {.kind = EVENT_SEND_FAILED, .conn = number};
    note_put(machine->sim, machine, in_ms, &event, NULL, 0);
}

void conn_send(struct machine *machine, uint64_t number, const struct pex_message *message)
{
    struct sim *sim = machine->sim;
    struct side *side = find(machine, number);
    if (!side || side->state != SIDE_OPEN)
        return;
    struct pipe *pipe = &side_other(side)->in;
    bool known_channel = node_info_has_channel(&side_other(side)->machine->info, PEX_CHANNEL) &&
        node_info_has_channel(&machine->info, PEX_CHANNEL);
    if (!known_channel) {
        send_fails(machine, number, 0);
        return;
    }
    if (pipe->held && pipe->messages >= sim->settings.send_queue_max) {
        send_fails(machine, number, sim->settings.send_timeout_ms);
        return;
    }
    pipe_put(sim, pipe, segment_new(SEGMENT_MESSAGE, message),
        sim->now_ms + sim->settings.flush_throttle_ms);
}

void conn_close(struct machine *machine, uint64_t number, int64_t flush_ms)
{
    struct side *side = find(machine, number);
    if (!side)
        return;
    if (flush_ms > 0)
        pipe_flush(machine->sim, &side_other(side)->in);
    side_close(side, ERR_CLOSED_BY_PEER);
}

/* ---- what happens to connections ---- */

static bool is_cut(struct side *side)
{
    return side->machine->island != side_other(side)->machine->island;
}

void conn_pipe_due(struct pipe *pipe)
{
    struct side *side = (struct side *)((char *)pipe - offsetof(struct side, in));
    struct sim *sim = side_sim(side);
    if (side->state == SIDE_CLOSED) {
        pipe_clear(sim, pipe);
        return;
    }
    if (is_cut(side)) {
        pipe_hold(sim, pipe);
        return;
    }
    struct segment *segment = pipe_take(sim, pipe);
    if (segment->kind == SEGMENT_END) {
        side_fail(side, segment->err, ERR_OK);
    } else if (segment->kind == SEGMENT_MESSAGE) {
        sim->counts.messages++;
        const struct event event = {
            .kind = EVENT_MESSAGE, .conn = side->number, .message = &segment->message};
        machine_step(side->machine, &event);
    } else {
        handshake_arrived(side, segment->kind);
    }
    free(segment);
}

/* Whether a ping would be answered; *err: or how the connection ends otherwise. */
static bool is_answered(struct side *side, enum err *err)
{
    const struct side *other = side_other(side);
    bool gone = side->conn->vanished;
    *err = gone && other->machine->on && !is_cut(side) ? ERR_RESET : ERR_PONG_TIMEOUT;
    return !gone && !is_cut(side);
}

static void round_trip(struct side *side)
{
    struct sim *sim = side_sim(side);
    struct event event = {.kind = EVENT_ROUND_TRIP, .conn = side->number};
    event.round_trip.ms = (int32_t)(sim->now_ms - side->ping_ms);
    side_expect(side, SIDE_OPEN, sim->settings.ping_interval_ms - event.round_trip.ms);
    side->ping_ms = NEVER_MS;
    machine_step(side->machine, &event);
}

static void ping_due(struct side *side)
{
    struct sim *sim = side_sim(side);
    int64_t pong_timeout_ms = sim->settings.pong_timeout_ms;
    enum err err;
    if (side->ping_ms == NEVER_MS) {
        side->ping_ms = sim->now_ms;
        side_expect(side, SIDE_OPEN, earlier_ms(2 * side->in.one_way_ms, pong_timeout_ms));
    } else if (is_answered(side, &err)) {
        round_trip(side);
    } else if (err == ERR_RESET || sim->now_ms - side->ping_ms >= pong_timeout_ms) {
        side_fail(side, err, ERR_RESET);
    } else {
        side_expect(side, SIDE_OPEN, side->ping_ms + pong_timeout_ms - sim->now_ms);
    }
}

void conn_side_due(struct side *side)
{
    if (side->state == SIDE_OPEN)
        ping_due(side);
    else if (side->state == SIDE_DIALING)
        side_fail(side, side->conn->dial_err, ERR_RESET);
    else
        side_fail(side, ERR_HANDSHAKE_TIMEOUT, ERR_CLOSED_BY_PEER);
}

void conn_end_all(struct machine *machine, enum sim_end how)
{
    while (machine->first) {
        struct side *side = machine->first;
        side->conn->vanished |= how == SIM_VANISH;
        side_close(side, how == SIM_VANISH ? ERR_OK : ERR_CLOSED_BY_PEER);
    }
}

void conn_reset(struct side *side)
{
    struct sim *sim = side_sim(side);
    struct side *other = side_other(side);
    pipe_cut(sim, &side->in);
    pipe_cut(sim, &other->in);
    push_end(side, ERR_RESET);
    push_end(other, ERR_RESET);
}

void conn_islands_changed(struct sim *sim)
{
    for (uint32_t place = 0; place < sim->conns_cap; place++) {
        struct conn *conn = sim->conns[place];
        for (int i = 0; conn && conn->sides[LISTENER].machine && i < 2; i++) {
            struct side *side = &conn->sides[i];
            if (is_cut(side))
                continue;
            if (side->in.held)
                pipe_let_go(sim, &side->in);
            if (side->ping_ms != NEVER_MS && side->state == SIDE_OPEN)
                side_expect(side, SIDE_OPEN, 2 * side->in.one_way_ms);
        }
    }
}
