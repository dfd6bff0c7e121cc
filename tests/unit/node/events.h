/* What can happen in a world, and what can be asked about what the node did then. */
#ifndef TESTS_NODE_EVENTS_H
#define TESTS_NODE_EVENTS_H

/* ---- what was done ---- */

static inline size_t world_count(const struct world *world, enum action_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < world->done_n; i++)
        n += world->done[i].kind == kind;
    return n;
}

/* The last one of this kind; there must be one. */
static inline const struct done *world_last(const struct world *world, enum action_kind kind)
{
    for (size_t i = world->done_n; i-- > 0;)
        if (world->done[i].kind == kind)
            return &world->done[i];
    fail_msg("no action of kind %d", (int)kind);
    return NULL;
}

/* The only one of this kind. */
static inline const struct done *world_only(const struct world *world, enum action_kind kind)
{
    assert_int_equal(world_count(world, kind), 1);
    return world_last(world, kind);
}

static inline size_t world_sent(const struct world *world, enum pex_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < world->done_n; i++)
        n += world->done[i].kind == ACTION_SEND && world->done[i].message == kind;
    return n;
}

static inline bool world_logged(const struct world *world, const char *event)
{
    for (size_t i = 0; i < world->logged_n; i++)
        if (text_is(world->logged[i], event))
            return true;
    return false;
}

static inline bool world_is_banned(const struct world *world, uint32_t n)
{
    struct peer_id id = id_of(n);
    return bans_by_id(book_bans(world->book), world->now, &id) != NULL;
}

static inline bool world_knows(const struct world *world, uint32_t n)
{
    struct peer_id id = id_of(n);
    return book_find(world->book, &id) != NULL;
}

/* As an operator would: by ID ... */
static inline void world_ban(struct world *world, uint32_t n, int64_t ms)
{
    struct peer_id id = id_of(n);
    struct ban_target target = ban_of_id(&id);
    assert_int_equal(book_ban(world->book, world->now, &target, ms, "test"), ERR_OK);
}

/* ... and by IP. */
static inline void world_ban_ip(struct world *world, uint32_t n, int64_t ms)
{
    struct addr addr = addr_of(n);
    struct cidr range = cidr_of(&addr.at.ip, 128);
    struct ban_target target = ban_of_cidr(&range);
    assert_int_equal(book_ban(world->book, world->now, &target, ms, "test"), ERR_OK);
}

/* Whether the node dialed peer n. */
static inline bool world_dialed(const struct world *world, uint32_t n)
{
    struct peer_id id = id_of(n);
    for (size_t i = 0; i < world->done_n; i++)
        if (world->done[i].kind == ACTION_DIAL && peer_id_equal(&world->done[i].addr.id, &id))
            return true;
    return false;
}

/* The number of the dial or peer with this ID; 0: none. */
static inline uint64_t world_number(const struct world *world, uint32_t n)
{
    struct peer_id id = id_of(n);
    for (size_t i = 0; i < world->sockets_n; i++)
        if (world->sockets[i].state >= SOCKET_DIALING && peer_id_equal(&world->sockets[i].id, &id))
            return world->sockets[i].number;
    return 0;
}

/* Whether this connection is a peer now. */
static inline bool world_is_peer(struct world *world, uint64_t number)
{
    const struct world_socket *on = world_socket(world, number);
    return on && on->state == SOCKET_PEER;
}

/* ---- the book ---- */

static inline enum err world_add(struct world *world, const struct addr *addr, uint32_t teller)
{
    struct rng rng;
    struct addr source = addr_of(teller);
    rng_seed(&rng, 5);
    return book_add(world->book, world->now, &rng, addr, &source, NULL);
}

/* Peers first .. first + n - 1, each told by another one. */
static inline void world_add_peers(struct world *world, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++) {
        struct addr addr = addr_of(i);
        assert_int_equal(world_add(world, &addr, i + 7), ERR_OK);
    }
}

/* ---- connections ---- */

static inline uint64_t world_accept(struct world *world, const struct endpoint *remote)
{
    struct event event = {.kind = EVENT_ACCEPTED, .conn = ++world->accepted};
    event.accepted.remote = *remote;
    world_socket_add(world, event.conn, SOCKET_ACCEPTED)->at = *remote;
    world_step(world, &event);
    size_t answers = 0;
    for (size_t i = 0; i < world->done_n; i++)
        answers += world->done[i].conn == event.conn &&
            (world->done[i].kind == ACTION_ACCEPT || world->done[i].kind == ACTION_REFUSE);
    assert_int_equal(answers, 1);
    return event.conn;
}

/* listen: text of the peer's own listen address; NULL: where its socket is, with PEER_PORT. */
static inline void world_establish(
    struct world *world, uint64_t number, const struct peer_id *id, const char *listen)
{
    struct world_socket *on = world_socket(world, number);
    char id_text[PEER_ID_TEXT + 1], at[ADDR_TEXT_MAX];
    struct endpoint own = {on->at.ip, PEER_PORT};
    struct node_info info = {
        .id = span_of_text(peer_id_text(id, id_text)),
        .listen_addr = span_of_text(listen ? listen : endpoint_to_text(&own, at)),
        .version = span_of_text("1.0.0"),
        .channels = span_of(world->lacks_pex ? "\x20" : "\0", 1),
        .moniker = span_of_text("m"),
    };
    struct event event = {.kind = EVENT_ESTABLISHED, .conn = number};
    event.established.id = *id;
    event.established.info = &info;
    event.established.remote = on->at;
    event.established.connect_ms = on->outbound ? 20 : -1;
    on->state = SOCKET_PEER;
    on->id = *id;
    world_step(world, &event);
}

/* The socket of peer n's inbound connection. */
static inline struct endpoint remote_of(uint32_t n)
{
    return (struct endpoint){addr_of(n).at.ip, (uint16_t)(40000 + n % 20000)};
}

/* Peer n dials us and becomes a peer. */
static inline uint64_t world_inbound(struct world *world, uint32_t n)
{
    struct endpoint remote = remote_of(n);
    struct peer_id id = id_of(n);
    uint64_t number = world_accept(world, &remote);
    world_only(world, ACTION_ACCEPT);
    world_establish(world, number, &id, NULL);
    assert_true(world_is_peer(world, number));
    return number;
}

/* A dial of the node succeeds. */
static inline void world_connect(struct world *world, uint64_t number)
{
    struct world_socket *on = world_socket(world, number);
    assert_true(on && on->state == SOCKET_DIALING);
    struct peer_id id = on->id;
    world_establish(world, number, &id, NULL);
}

/* The operator has the node dial peer n; the dial is in progress. */
static inline uint64_t world_dial(struct world *world, uint32_t n)
{
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = COMMAND_DIAL;
    event.command.addr = addr_of(n);
    world_step(world, &event);
    return world_only(world, ACTION_DIAL)->conn;
}

/* The same, and it becomes a peer. */
static inline uint64_t world_outbound(struct world *world, uint32_t n)
{
    uint64_t number = world_dial(world, n);
    world_connect(world, number);
    assert_true(world_is_peer(world, number));
    return number;
}

static inline void world_dial_fails(
    struct world *world, uint64_t number, enum err err, bool id_proven)
{
    struct event event = {.kind = EVENT_DIAL_FAILED, .conn = number};
    event.dial_failed.err = err;
    event.dial_failed.id_proven = id_proven;
    world_socket_drop(world, number);
    world_step(world, &event);
}

/* All dials in progress end with this error. Returns how many. */
static inline size_t world_all_dials_fail(struct world *world, enum err err)
{
    uint64_t numbers[256];
    size_t n = 0;
    for (size_t i = 0; i < world->sockets_n && n < 256; i++)
        if (world->sockets[i].state == SOCKET_DIALING)
            numbers[n++] = world->sockets[i].number;
    for (size_t i = 0; i < n; i++)
        world_dial_fails(world, numbers[i], err, false);
    return n;
}

static inline void world_closed_as(
    struct world *world, uint64_t number, enum err err, const struct peer_id *proven)
{
    struct event event = {.kind = EVENT_CLOSED, .conn = number};
    event.closed.err = err;
    event.closed.id = *proven;
    world_socket_drop(world, number);
    world_step(world, &event);
}

static inline void world_closed(struct world *world, uint64_t number, enum err err)
{
    struct peer_id none = {{0}};
    world_closed_as(world, number, err, &none);
}

/* ---- messages ---- */

static inline void world_message(
    struct world *world, uint64_t number, const struct pex_message *message)
{
    world_step(world, &(struct event){.kind = EVENT_MESSAGE, .conn = number, .message = message});
}

static inline void world_request(struct world *world, uint64_t number)
{
    world_message(world, number, &(struct pex_message){.kind = PEX_REQUEST});
}

static inline void world_list(
    struct world *world, uint64_t number, const struct addr *addrs, size_t n)
{
    struct pex_message list = {.kind = PEX_ADDRS, .addrs = addrs, .addrs_n = n, .listed_n = n};
    if (world_socket(world, number))
        world_socket(world, number)->asked = false;
    world_message(world, number, &list);
}

/* A list of peers first .. first + n - 1. */
static inline void world_list_of(struct world *world, uint64_t number, uint32_t first, uint32_t n)
{
    struct addr addrs[PEX_SELECTION_MAX];
    assert_true(n <= PEX_SELECTION_MAX);
    for (uint32_t i = 0; i < n; i++)
        addrs[i] = addr_of(first + i);
    world_list(world, number, addrs, n);
}

static inline void world_bad_list(struct world *world, uint64_t number)
{
    struct pex_message list = {.kind = PEX_ADDRS, .listed_n = 1, .bad_address = true};
    world_message(world, number, &list);
}

static inline void world_send_failed(struct world *world, uint64_t number)
{
    world_step(world, &(struct event){.kind = EVENT_SEND_FAILED, .conn = number});
}

/* ---- the rest ---- */

/* ip NULL: the look-up failed. */
static inline void world_resolved(struct world *world, uint64_t token, const struct ip *ip)
{
    struct event event = {.kind = EVENT_RESOLVED};
    event.resolved.token = token;
    event.resolved.err = ip ? ERR_OK : ERR_LOOKUP;
    event.resolved.ips = ip;
    event.resolved.ips_n = ip ? 1 : 0;
    world_step(world, &event);
}

static inline void world_command(struct world *world, enum command_kind kind)
{
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = kind;
    world_step(world, &event);
}

#endif
