/* One node and the world around it, played by the test: a clock, sockets by number, a policy.
 *
 * Every step is checked as a host would suffer from it: actions name living connections only, every
 * accepted socket gets exactly one answer, no dial goes to ourselves, to somebody connected or to
 * somebody banned, the node's counts are those of the sockets, and the book is consistent.
 *
 * Peer n (1 ..) has an ID and an address of its own, in a /16 of its own. Nothing here does I/O. */
#ifndef TESTS_NODE_WORLD_H
#define TESTS_NODE_WORLD_H

#include "node/node.h"
#include "policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define OWN_ID 0xfffffffu
#define PEER_PORT 26656
#define DONE_MAX 4096
#define LOGGED_MAX 4096
#define SOCKETS_MAX 16384

enum socket_state { SOCKET_ACCEPTED, SOCKET_HANDSHAKING, SOCKET_DIALING, SOCKET_PEER };

struct world_socket {
    uint64_t number;
    enum socket_state state;
    bool outbound;
    bool asked;        /* the node sent a request and got no list since */
    struct peer_id id; /* of dials and peers */
    struct endpoint at;
};

/* What the node wanted, with what it pointed to. */
struct done {
    enum action_kind kind;
    uint64_t conn;
    struct addr addr; /* DIAL */
    enum err why;     /* REFUSE, CLOSE, ANSWER */
    int64_t flush_ms;
    enum pex_kind message; /* SEND */
    size_t addrs_n;
    uint64_t token;              /* RESOLVE, ANSWER */
    uint32_t n;                  /* ANSWER */
    char detail[DETAIL_MAX + 1]; /* REFUSE, CLOSE, ANSWER; "": none */
};

struct world {
    struct node *node;
    struct book *book; /* the node's */
    struct fake_policy fake;
    struct now now;
    struct outbox outbox;
    struct node_settings settings;
    bool holds_stores; /* do not answer STORE */
    bool skips_book;   /* do not check the book at every step */
    bool lacks_pex;    /* peers that establish do not announce the channel */

    struct done done[DONE_MAX]; /* since the last call that made steps began */
    size_t done_n;
    struct addr list[PEX_SELECTION_MAX]; /* of the last list sent */
    const char *logged[LOGGED_MAX];
    size_t logged_n;
    void (*on_log)(const struct log_line *line); /* sees every line; NULL: nobody */

    struct world_socket sockets[SOCKETS_MAX];
    size_t sockets_n;
    uint64_t accepted;
    uint64_t digest; /* of all actions so far */
};

/* ---- names ---- */

static inline struct peer_id id_of(uint32_t n)
{
    struct peer_id id = {{0}};
    for (unsigned i = 0; i < 4; i++)
        id.bytes[i] = (uint8_t)(n >> (24 - 8 * i));
    id.bytes[19] = 1;
    return id;
}

static inline struct addr addr_of(uint32_t n)
{
    return (struct addr){id_of(n), {ip_of_v4((20u << 24) + (n << 16) + 1), PEER_PORT}};
}

static inline struct addr addr_at(uint32_t n, uint32_t ipv4)
{
    return (struct addr){id_of(n), {ip_of_v4(ipv4), PEER_PORT}};
}

/* An address of the configuration: a literal, or a name when host is given. */
static inline struct addr_text text_of(uint32_t n, const char *host)
{
    struct addr addr = addr_of(n);
    struct addr_text text = {.id = addr.id, .ip = addr.at.ip, .port = addr.at.port};
    text.is_name = host != NULL;
    if (host)
        strncpy(text.host, host, HOST_MAX);
    return text;
}

/* ---- sockets ---- */

static inline struct world_socket *world_socket(struct world *world, uint64_t number)
{
    for (size_t i = 0; i < world->sockets_n; i++)
        if (world->sockets[i].number == number)
            return &world->sockets[i];
    return NULL;
}

static inline struct world_socket *world_socket_add(
    struct world *world, uint64_t number, enum socket_state state)
{
    assert_true(world->sockets_n < SOCKETS_MAX);
    assert_null(world_socket(world, number));
    struct world_socket *added = &world->sockets[world->sockets_n++];
    *added = (struct world_socket){.number = number, .state = state};
    return added;
}

static inline void world_socket_drop(struct world *world, uint64_t number)
{
    struct world_socket *gone = world_socket(world, number);
    assert_non_null(gone);
    *gone = world->sockets[--world->sockets_n];
}

static inline size_t world_sockets(const struct world *world, enum socket_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < world->sockets_n; i++)
        n += world->sockets[i].state == state;
    return n;
}

static inline bool world_has_peer(const struct world *world, const struct peer_id *id)
{
    for (size_t i = 0; i < world->sockets_n; i++)
        if (world->sockets[i].state == SOCKET_PEER && peer_id_equal(&world->sockets[i].id, id))
            return true;
    return false;
}

/* ---- one step ---- */

static inline bool world_is_named(const struct world *world, const struct peer_id *id)
{
    for (size_t i = 0; i < world->settings.seeds_n; i++)
        if (peer_id_equal(&world->settings.seeds[i].id, id))
            return true;
    for (size_t i = 0; i < world->settings.persistent_peers_n; i++)
        if (peer_id_equal(&world->settings.persistent_peers[i].id, id))
            return true;
    return false;
}

static inline void world_check_dial(struct world *world, uint64_t number, const struct addr *addr)
{
    assert_true(number > CONN_OUTBOUND);
    assert_false(peer_id_equal(&addr->id, &world->settings.id));
    assert_false(book_is_own(world->book, addr));
    if (!world_is_named(world, &addr->id))
        assert_null(bans_by_addr(book_bans(world->book), world->now, addr));
    for (size_t i = 0; i < world->sockets_n; i++) {
        const struct world_socket *other = &world->sockets[i];
        if (other->state == SOCKET_DIALING || other->state == SOCKET_PEER)
            assert_false(peer_id_equal(&other->id, &addr->id));
    }
    struct world_socket *dial = world_socket_add(world, number, SOCKET_DIALING);
    dial->id = addr->id;
    dial->at = addr->at;
    dial->outbound = true;
}

static inline void world_note_send(struct world *world, struct done *done, const struct action *a)
{
    struct world_socket *to = world_socket(world, a->conn);
    assert_non_null(to);
    assert_int_equal(to->state, SOCKET_PEER);
    done->message = a->send.kind;
    to->asked |= a->send.kind == PEX_REQUEST;
    done->addrs_n = a->send.addrs_n;
    assert_true(a->send.addrs_n <= PEX_SELECTION_MAX);
    if (a->send.addrs_n > 0)
        memcpy(world->list, a->send.addrs, a->send.addrs_n * sizeof *world->list);
}

static inline void world_mix(struct world *world, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        world->digest = (world->digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
}

static inline void world_digest(struct world *world, const struct done *done)
{
    uint64_t numbers[] = {(uint64_t)done->kind, done->conn, (uint64_t)done->why,
        (uint64_t)done->flush_ms, (uint64_t)done->message, done->addrs_n, done->token,
        (uint64_t)world->now.mono_ms};
    world_mix(world, numbers, sizeof numbers);
    world_mix(world, &done->addr, sizeof done->addr);
    if (done->kind == ACTION_SEND)
        world_mix(world, world->list, done->addrs_n * sizeof *world->list);
}

static inline void world_note_detail(struct done *done, const char *detail)
{
    assert_true(!detail || strlen(detail) <= DETAIL_MAX);
    if (detail)
        strcpy(done->detail, detail);
}

/* Does what the host would do, and notes it. */
static inline void world_act(struct world *world, const struct action *action)
{
    assert_true(world->done_n < DONE_MAX);
    struct done *done = &world->done[world->done_n++];
    *done = (struct done){.kind = action->kind, .conn = action->conn};
    struct world_socket *on = world_socket(world, action->conn);
    switch (action->kind) {
    case ACTION_DIAL:
        done->addr = action->dial.addr;
        world_check_dial(world, action->conn, &action->dial.addr);
        break;
    case ACTION_ACCEPT:
        assert_true(on && on->state == SOCKET_ACCEPTED);
        on->state = SOCKET_HANDSHAKING;
        break;
    case ACTION_REFUSE:
        done->why = action->refuse.why;
        world_note_detail(done, action->refuse.detail);
        assert_true(on && on->state == SOCKET_ACCEPTED);
        world_socket_drop(world, action->conn);
        break;
    case ACTION_SEND:
        world_note_send(world, done, action);
        break;
    case ACTION_CLOSE:
        done->why = action->close.why;
        world_note_detail(done, action->close.detail);
        done->flush_ms = action->close.flush_ms;
        world_socket_drop(world, action->conn);
        break;
    case ACTION_RESOLVE:
        done->token = action->resolve.token;
        break;
    case ACTION_STORE:
    case ACTION_EXPORT:
    case ACTION_ABORT:
        break;
    case ACTION_ANSWER:
        done->token = action->answer.token;
        done->why = action->answer.err;
        world_note_detail(done, action->answer.detail);
        done->n = action->answer.n;
        break;
    }
    world_digest(world, done);
}

static inline void world_check(struct world *world)
{
    struct node_counts counts = node_counts(world->node);
    assert_int_equal(counts.peers, world_sockets(world, SOCKET_PEER));
    assert_int_equal(counts.dialing, world_sockets(world, SOCKET_DIALING));
    assert_int_equal(counts.handshaking, world_sockets(world, SOCKET_HANDSHAKING));
    assert_int_equal(world_sockets(world, SOCKET_ACCEPTED), 0); /* none without an answer */
    const char *broken = world->skips_book ? NULL : book_check(world->book);
    if (broken)
        fail_msg("%s", broken);
}

static inline void world_more(struct world *world, const struct event *event)
{
    node_step(world->node, world->now, event, &world->outbox);
    bool stored = false, exported = false;
    for (size_t i = 0; i < world->outbox.n; i++) {
        world_act(world, &world->outbox.at[i]);
        stored |= world->outbox.at[i].kind == ACTION_STORE;
        exported |= world->outbox.at[i].kind == ACTION_EXPORT;
    }
    outbox_reset(&world->outbox);
    world_check(world);
    if (stored && !world->holds_stores)
        world_more(world, &(struct event){.kind = EVENT_STORED});
    if (exported && !world->holds_stores)
        world_more(world, &(struct event){.kind = EVENT_EXPORTED});
}

/* Forgets what was done before. */
static inline void world_step(struct world *world, const struct event *event)
{
    world->done_n = world->logged_n = 0;
    world_more(world, event);
}

/* Lets time pass, with the ticks the node asks for. */
static inline void world_run(struct world *world, int64_t ms)
{
    int64_t end = world->now.mono_ms + ms;
    world->done_n = world->logged_n = 0;
    for (int64_t next; (next = node_deadline(world->node)) <= end;) {
        int64_t passed = next > world->now.mono_ms ? next - world->now.mono_ms : 0;
        world->now.mono_ms += passed;
        world->now.wall_ms += passed;
        world_more(world, &(struct event){.kind = EVENT_TICK});
        assert_true(node_deadline(world->node) > world->now.mono_ms);
    }
    world->now.wall_ms += end - world->now.mono_ms;
    world->now.mono_ms = end;
}

/* ---- life ---- */

static inline void world_log(void *context, const struct log_line *line)
{
    struct world *world = context;
    if (world->on_log)
        world->on_log(line);
    if (world->logged_n < LOGGED_MAX)
        world->logged[world->logged_n++] = line->event;
}

static inline struct node_settings world_settings(void)
{
    struct node_settings settings = node_settings_default();
    settings.id = id_of(OWN_ID);
    settings.own_addresses[0] = (struct addr){settings.id, {ip_of_v4(0x08080808), PEER_PORT}};
    settings.own_addresses_n = 1;
    settings.rng_seed = 1;
    settings.book_store_interval_ms = 0; /* save_test.c has it */
    return settings;
}

/* Peer 1 is persistent and peer 2 unconditional: whom the operator named. */
static inline struct node_settings world_settings_naming_two(void)
{
    static struct addr_text persistent;
    static struct peer_id unconditional;
    struct node_settings settings = world_settings();
    persistent = text_of(1, NULL);
    unconditional = id_of(2);
    settings.persistent_peers = &persistent;
    settings.persistent_peers_n = 1;
    settings.unconditional_ids = &unconditional;
    settings.unconditional_ids_n = 1;
    return settings;
}

/* Lists in settings must outlive the world. */
static inline struct world *world_new_with(
    const struct node_settings *settings, const struct book_settings *book)
{
    struct world *world = calloc(1, sizeof *world);
    static const uint8_t entropy[BOOK_ENTROPY] = {7};
    assert_non_null(world);
    assert_int_equal(book_new(book, entropy, &world->book), ERR_OK);
    world->settings = *settings;
    world->settings.log = (struct log){.level = LOG_DEBUG, .write = world_log, .context = world};
    world->now = (struct now){1000, 1700000000000};
    world->fake.policy.ask = fake_ask;
    world->fake.policy.wants = fake_wants;
    world->node = node_new(&world->settings, world->book, &world->fake.policy, world->now);
    assert_non_null(world->node);
    return world;
}

/* need_more: below how many addresses the book asks. */
static inline struct world *world_new_wanting(
    const struct node_settings *settings, uint32_t need_more)
{
    struct book_settings book = book_settings_default();
    book.strict = settings->strict;
    book.need_more = need_more;
    return world_new_with(settings, &book);
}

static inline struct world *world_new(const struct node_settings *settings)
{
    return world_new_wanting(settings, 1000);
}

static inline void world_free(struct world *world)
{
    node_free(world->node);
    outbox_free(&world->outbox);
    free(world);
}

static inline void world_start(struct world *world)
{
    world_step(world, &(struct event){.kind = EVENT_START});
}

/* A node that has started, with an empty book. */
static inline struct world *world_open(const struct node_settings *settings)
{
    struct world *world = world_new(settings);
    world_start(world);
    return world;
}

#include "events.h"

/* What people are told of the first seed or persistent peer. */
static inline void world_take_configured(void *context, const struct node_configured *peer)
{
    struct node_configured *first = context;
    if (!first->text)
        *first = *peer;
}

static inline struct node_configured world_configured(
    const struct world *world, enum node_list list)
{
    struct node_configured first = {0};
    node_configured(world->node, list, world_take_configured, &first);
    return first;
}

#endif
