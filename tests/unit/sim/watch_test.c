/* The watch finds each broken rule. No node of ours breaks one, so steps are made up: a real node
 * that does nothing, told and wanting what a test says. */
#include "sim/picture.h"
#include "unit/sim/rig.h"

#define OUT(n) (CONN_OUTBOUND + (n))

struct stage {
    struct rig rig;
    struct sim_machine machine; /* may be changed before open */
    struct outbox outbox;
    int64_t ms;
};

static const struct peer_id private_id = {{0x77}};

static void make(struct stage *stage)
{
    *stage = (struct stage){.ms = 1000};
    rig_open(&stage->rig, 1);
    stage->machine = machine_of(&stage->rig, 0);
    stage->machine.node.private_ids = &private_id;
    stage->machine.node.private_ids_n = 1;
}

static void open(struct stage *stage)
{
    sim_add(stage->rig.sim, &stage->machine);
    rig_start(&stage->rig);
}

static void make_and_open(struct stage *stage)
{
    make(stage);
    open(stage);
}

static void close(struct stage *stage)
{
    outbox_free(&stage->outbox);
    sim_free(stage->rig.sim);
    watch_free(stage->rig.watch);
}

static struct action *wants(struct stage *stage, enum action_kind kind, uint64_t conn)
{
    return outbox_add(&stage->outbox, kind, conn);
}

static void dials(struct stage *stage, uint64_t conn, struct addr to)
{
    wants(stage, ACTION_DIAL, conn)->dial.addr = to;
}

static void sends(
    struct stage *stage, uint64_t conn, enum pex_kind kind, struct addr *addrs, size_t n)
{
    wants(stage, ACTION_SEND, conn)->send =
        (struct pex_message){.kind = kind, .addrs = addrs, .addrs_n = n};
}

/* The node is told this and wants what was collected. What earlier steps broke is forgotten: the
 * node knows nothing of these connections, so each step miscounts. */
static const char *step(struct stage *stage, struct event event)
{
    struct sim *sim = stage->rig.sim;
    struct sim_step made = {
        .now = {stage->ms, sim_now(sim).wall_ms + stage->ms},
        .node = sim_node(sim, 0),
        .event = &event,
        .actions = stage->outbox.at,
        .actions_n = stage->outbox.n,
    };
    stage->rig.watch->text[0] = 0;
    sim->observers[0].observe(sim->observers[0].context, &made);
    outbox_reset(&stage->outbox);
    return watch_broken(stage->rig.watch);
}

static const char *tick(struct stage *stage)
{
    return step(stage, (struct event){.kind = EVENT_TICK});
}

static struct event established(uint64_t conn, struct addr peer)
{
    static const uint8_t channels[] = {PEX_CHANNEL};
    static const struct node_info info = {.channels = {channels, 1}};
    struct event event = {.kind = EVENT_ESTABLISHED, .conn = conn};
    event.established.id = peer.id;
    event.established.remote = peer.at;
    event.established.info = &info;
    return event;
}

static struct event accepted(uint64_t conn, struct addr peer)
{
    struct event event = {.kind = EVENT_ACCEPTED, .conn = conn};
    event.accepted.remote = peer.at;
    return event;
}

static void accepts(struct stage *stage, uint64_t conn, struct addr peer)
{
    wants(stage, ACTION_ACCEPT, conn);
    step(stage, accepted(conn, peer));
    step(stage, established(conn, peer));
}

static void requests(struct stage *stage, uint64_t conn)
{
    static const struct pex_message request = {.kind = PEX_REQUEST};
    step(stage, (struct event){.kind = EVENT_MESSAGE, .conn = conn, .message = &request});
}

static void assert_found(struct stage *stage, const char *broken, const char *rule)
{
    if (!broken || strncmp(broken, rule, strlen(rule)) != 0)
        fail_msg("wanted: %s; found: %s", rule, broken ? broken : "nothing");
    close(stage);
}

/* ---- dials ---- */

static void watch_finds_dials_to_the_wrong(void **state)
{
    (void)state;
    struct stage stage;
    make_and_open(&stage);
    dials(&stage, OUT(1), (struct addr){id_of(0), endpoint_of(5)});
    assert_found(&stage, tick(&stage), "dials itself");

    make_and_open(&stage);
    dials(&stage, OUT(1), (struct addr){id_of(5), endpoint_of(0)});
    assert_found(&stage, tick(&stage), "dials itself");

    make_and_open(&stage);
    struct addr banned = addr_of(1);
    struct ban_target target = ban_of_id(&banned.id);
    book_ban((struct book *)node_book(sim_node(stage.rig.sim, 0)), sim_now(stage.rig.sim), &target,
        HOURS_MS(1), "test");
    dials(&stage, OUT(1), banned);
    assert_found(&stage, tick(&stage), "dials the banned");

    make_and_open(&stage);
    accepts(&stage, 1, addr_of(1));
    dials(&stage, OUT(1), (struct addr){id_of(1), endpoint_of(9)});
    assert_found(&stage, tick(&stage), "dials an ID that it is connected to");

    make_and_open(&stage);
    dials(&stage, OUT(1), addr_of(1));
    dials(&stage, OUT(2), (struct addr){id_of(9), endpoint_of(1)});
    assert_found(&stage, tick(&stage), "dials an IP that it is connected to");

    make_and_open(&stage);
    dials(&stage, OUT(2), addr_of(1));
    dials(&stage, OUT(1), addr_of(2));
    assert_found(&stage, tick(&stage), "dials under an old number");
}

static void fail_dial(struct stage *stage, uint64_t conn, enum err err)
{
    struct event event = {.kind = EVENT_DIAL_FAILED, .conn = conn};
    event.dial_failed.err = err;
    step(stage, event);
}

static void watch_finds_dials_that_come_too_fast(void **state)
{
    (void)state;
    struct stage stage;
    make(&stage);
    stage.machine.node.max_outbound = 100;
    open(&stage);
    for (uint32_t i = 1; i <= 10; i++)
        dials(&stage, OUT(i), addr_of(i));
    const char *ten = tick(&stage);
    assert_non_null(strstr(ten, "miscounts"));
    stage.ms += 99;
    dials(&stage, OUT(11), addr_of(11));
    assert_found(&stage, tick(&stage), "dials faster than the dial rate");

    make_and_open(&stage);
    dials(&stage, OUT(1), addr_of(1));
    tick(&stage);
    fail_dial(&stage, OUT(1), ERR_TIMEOUT);
    stage.ms += 999;
    dials(&stage, OUT(2), addr_of(1));
    assert_found(&stage, tick(&stage), "dials again within a second");

    make_and_open(&stage);
    for (uint32_t i = 1; i <= 3; i++)
        dials(&stage, OUT(i), (struct addr){id_of(i), {ip_of_v4(0x20202000 + i), PORT}});
    assert_found(&stage, tick(&stage), "dials one range too much");
}

/* ---- how many ---- */

static void watch_finds_too_many_connections(void **state)
{
    (void)state;
    struct stage stage;
    make(&stage);
    stage.machine.node.max_outbound = 2;
    open(&stage);
    for (uint32_t i = 1; i <= 4; i++) /* two, and one feeler */
        dials(&stage, OUT(i), addr_of(i));
    assert_found(&stage, tick(&stage), "has too many outbound peers and dials");

    make(&stage);
    stage.machine.node.dial_concurrency = 2;
    open(&stage);
    for (uint32_t i = 1; i <= 3; i++)
        dials(&stage, OUT(i), addr_of(i));
    assert_found(&stage, tick(&stage), "has too many dials");

    make(&stage);
    stage.machine.node.max_handshaking = 1;
    open(&stage);
    const char *broken = NULL;
    for (uint32_t i = 1; i <= 2; i++) {
        wants(&stage, ACTION_ACCEPT, i);
        broken = step(&stage, accepted(i, addr_of(i)));
    }
    assert_found(&stage, broken, "has too many sockets in handshake");

    make(&stage);
    stage.machine.node.max_inbound = 1;
    open(&stage);
    accepts(&stage, 1, addr_of(1));
    wants(&stage, ACTION_ACCEPT, 2);
    step(&stage, accepted(2, addr_of(2)));
    assert_found(&stage, step(&stage, established(2, addr_of(2))), "has too many inbound peers");
}

static void watch_finds_doubles_and_miscounts(void **state)
{
    (void)state;
    struct stage stage;
    struct addr same_id = {id_of(1), endpoint_of(2)}, same_ip = {id_of(2), endpoint_of(1)};
    make_and_open(&stage);
    accepts(&stage, 1, addr_of(1));
    wants(&stage, ACTION_ACCEPT, 2);
    step(&stage, accepted(2, same_id));
    assert_found(&stage, step(&stage, established(2, same_id)), "has two connections to one ID");

    make_and_open(&stage);
    accepts(&stage, 1, addr_of(1));
    wants(&stage, ACTION_ACCEPT, 2);
    assert_found(&stage, step(&stage, accepted(2, same_ip)), "has two connections to one IP");

    make_and_open(&stage);
    wants(&stage, ACTION_ACCEPT, 1);
    assert_found(&stage, step(&stage, accepted(1, addr_of(1))), "miscounts its connections");
}

/* ---- sockets ---- */

static void watch_finds_sockets_that_are_not_answered_right(void **state)
{
    (void)state;
    struct stage stage;
    make_and_open(&stage);
    assert_found(&stage, step(&stage, accepted(1, addr_of(1))), "does not answer a socket");

    make_and_open(&stage);
    wants(&stage, ACTION_ACCEPT, 1);
    wants(&stage, ACTION_REFUSE, 1);
    assert_found(
        &stage, step(&stage, accepted(1, addr_of(1))), "answered a socket that does not wait");

    make_and_open(&stage);
    wants(&stage, ACTION_CLOSE, 7);
    assert_found(&stage, tick(&stage), "closed a connection that it does not have");

    make_and_open(&stage);
    sends(&stage, OUT(1), PEX_REQUEST, NULL, 0);
    assert_found(&stage, tick(&stage), "sends to nobody");

    make_and_open(&stage);
    assert_found(&stage, step(&stage, established(7, addr_of(1))), "told of a dead connection");
}

/* ---- talk ---- */

static void watch_finds_requests_that_come_too_often(void **state)
{
    (void)state;
    struct stage stage;
    make_and_open(&stage);
    accepts(&stage, 1, addr_of(1));
    sends(&stage, 1, PEX_REQUEST, NULL, 0);
    sends(&stage, 1, PEX_REQUEST, NULL, 0);
    assert_found(&stage, tick(&stage), "asks again before the answer");

    make_and_open(&stage);
    accepts(&stage, 1, addr_of(1));
    sends(&stage, 1, PEX_REQUEST, NULL, 0);
    tick(&stage);
    step(&stage, (struct event){.kind = EVENT_CLOSED, .conn = 1});
    stage.ms += SECONDS_MS(12) - 1;
    accepts(&stage, 2, addr_of(1));
    sends(&stage, 2, PEX_REQUEST, NULL, 0);
    assert_found(&stage, tick(&stage), "asks one ID too often");
}

static void watch_finds_lists_that_nobody_asked_for(void **state)
{
    (void)state;
    struct stage stage;
    make_and_open(&stage);
    accepts(&stage, 1, addr_of(1));
    sends(&stage, 1, PEX_ADDRS, NULL, 0);
    assert_found(&stage, tick(&stage), "sends a list unasked");

    make_and_open(&stage);
    accepts(&stage, 1, addr_of(1));
    const int64_t gaps_ms[] = {
        0, 0, SECONDS_MS(1), SECONDS_MS(9), SECONDS_MS(9), SECONDS_MS(1) - 1};
    for (int i = 0; i < 6; i++) { /* two free, one early, one in time, one early, one too many */
        stage.ms += gaps_ms[i];
        requests(&stage, 1);
        sends(&stage, 1, PEX_ADDRS, NULL, 0);
        if (i < 5)
            assert_non_null(strstr(tick(&stage), "miscounts"));
    }
    assert_found(&stage, tick(&stage), "answers faster than the interval");

    make_and_open(&stage); /* on the heels of the second */
    accepts(&stage, 1, addr_of(1));
    for (int i = 0; i < 3; i++) {
        stage.ms += i < 2 ? 0 : SECONDS_MS(1) - 1;
        requests(&stage, 1);
        sends(&stage, 1, PEX_ADDRS, NULL, 0);
        if (i < 2)
            tick(&stage);
    }
    assert_found(&stage, tick(&stage), "answers faster than the interval");

    make(&stage);
    stage.machine.node.seed_mode = true;
    open(&stage);
    accepts(&stage, 1, addr_of(1));
    for (int i = 0; i < 2; i++) {
        requests(&stage, 1);
        sends(&stage, 1, PEX_ADDRS, NULL, 0);
    }
    assert_found(&stage, tick(&stage), "answers twice in seed mode");
}

static const char *tell(struct stage *stage, struct addr *addrs, size_t n)
{
    make_and_open(stage);
    accepts(stage, 1, addr_of(1));
    requests(stage, 1);
    sends(stage, 1, PEX_ADDRS, addrs, n);
    return tick(stage);
}

static void watch_finds_addresses_that_must_not_be_told(void **state)
{
    (void)state;
    struct stage stage;
    static struct addr many[PEX_SELECTION_MAX + 1];
    struct addr own = {id_of(0), endpoint_of(9)}, requester = addr_of(1);
    struct addr secret = {private_id, endpoint_of(9)},
                local = {id_of(9), {ip_of_v4(0x7f000001), 1}};
    struct addr twice[] = {addr_of(2), addr_of(2)};
    for (uint32_t i = 0; i <= PEX_SELECTION_MAX; i++)
        many[i] = addr_of(2 + i);
    assert_found(&stage, tell(&stage, &own, 1), err_text(ERR_ADDR_SELF));
    assert_found(&stage, tell(&stage, &secret, 1), err_text(ERR_ADDR_PRIVATE));
    assert_found(&stage, tell(&stage, &local, 1), err_text(ERR_ADDR_NON_ROUTABLE));
    assert_found(&stage, tell(&stage, &requester, 1), "tells a peer its own address");
    assert_found(&stage, tell(&stage, twice, 2), "tells an address twice");
    assert_found(&stage, tell(&stage, many, PEX_SELECTION_MAX + 1), "sends a long list");
    assert_found(&stage, tell(&stage, many, PEX_SELECTION_MAX), "miscounts"); /* nothing else */
}

/* ---- the clock ---- */

static void watch_finds_a_deadline_that_stays_in_the_past(void **state)
{
    (void)state;
    struct stage stage;
    const char *broken = NULL;
    make_and_open(&stage);
    for (int i = 0; i < 6; i++) {
        assert_null(broken);
        stage.ms++;
        broken = tick(&stage);
    }
    assert_found(&stage, broken, "its deadline stays in the past");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watch_finds_dials_to_the_wrong),
        cmocka_unit_test(watch_finds_dials_that_come_too_fast),
        cmocka_unit_test(watch_finds_too_many_connections),
        cmocka_unit_test(watch_finds_doubles_and_miscounts),
        cmocka_unit_test(watch_finds_sockets_that_are_not_answered_right),
        cmocka_unit_test(watch_finds_requests_that_come_too_often),
        cmocka_unit_test(watch_finds_lists_that_nobody_asked_for),
        cmocka_unit_test(watch_finds_addresses_that_must_not_be_told),
        cmocka_unit_test(watch_finds_a_deadline_that_stays_in_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
