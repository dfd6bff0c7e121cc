/* The conformance checklist of behaviour.md section 7, by the names of the Go tests: what those of
 * the reactor and the switch say that is not said by a test of another folder under the same name.
 */
#include "world.h"

static struct world *open_node(void)
{
    struct node_settings settings = world_settings();
    return world_open(&settings);
}

static struct world *open_seed(void)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    return world_open(&settings);
}

/* ---- pex_reactor_test.go ---- */

/* It is made, and what it sends goes over the PEX channel of a peer that has it. */
static void TestPEXReactorBasic(void **state)
{
    (void)state;
    struct world *world = open_node();
    world_dial(world, 1);
    world_connect(world, world_number(world, 1));
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_free(world);
}

static void TestPEXReactorAddRemovePeer(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t inbound = world_inbound(world, 1);
    assert_int_equal(book_count(world->book), 1);
    uint64_t outbound = world_outbound(world, 2);
    assert_int_equal(book_count(world->book), 1);
    world_closed(world, inbound, ERR_CLOSED_BY_PEER);
    world_closed(world, outbound, ERR_CLOSED_BY_PEER);
    assert_int_equal(node_counts(world->node).peers, 0);
    assert_int_equal(book_count(world->book), 1);
    world_free(world);
}

static void TestPEXReactorReceive(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 1);
    assert_int_equal(book_count(world->book), 1);
    world_request(world, peer);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    assert_true(world_is_peer(world, peer));
    world_free(world);
}

static void TestPEXReactorRequestMessageAbuse(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    world_request(world, peer);
    world_request(world, peer);
    assert_true(world_is_peer(world, peer));
    world_request(world, peer);
    assert_false(world_is_peer(world, peer));
    assert_true(world_is_banned(world, 1));
    world_free(world);
}

static void TestPEXReactorAddrsMessageAbuse(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_outbound(world, 1);
    world_list_of(world, peer, 50, 1);
    assert_true(world_is_peer(world, peer));
    world_list_of(world, peer, 51, 1);
    assert_false(world_is_peer(world, peer));
    assert_true(world_is_banned(world, 1));
    assert_false(world_knows(world, 51));
    world_free(world);
}

/* Starts with these seeds, none of whose names resolves but the first `good`; whether it may run.
 */
static bool starts_with_seeds(unsigned n, unsigned good)
{
    struct node_settings settings = world_settings();
    struct addr_text seeds[3];
    for (unsigned i = 0; i < n; i++)
        seeds[i] = text_of(i + 1, "seed.example");
    settings.seeds = seeds;
    settings.seeds_n = n;
    struct world *world = world_open(&settings);
    size_t aborts = world_count(world, ACTION_ABORT);
    for (unsigned i = 0; i < n; i++) {
        struct ip ip = addr_of(i + 1).at.ip;
        world_resolved(world, i, i < good ? &ip : NULL);
        aborts += world_count(world, ACTION_ABORT);
    }
    world_free(world);
    return aborts == 0;
}

static void TestCheckSeeds(void **state)
{
    (void)state;
    assert_true(starts_with_seeds(0, 0));
    assert_true(starts_with_seeds(1, 1));
    assert_false(starts_with_seeds(2, 0));
    assert_true(starts_with_seeds(3, 1));
}

/* Whatever else becomes of a peer that is being flushed and closed. */
static void TestPEXReactorSeedModeFlushStop(void **state)
{
    (void)state;
    struct world *world = open_seed();
    uint64_t peer = world_inbound(world, 1);
    struct peer_id none = {{0}};
    world_request(world, peer);
    assert_true(world_only(world, ACTION_CLOSE)->flush_ms > 0);
    struct event closed = {.kind = EVENT_CLOSED, .conn = peer};
    closed.closed.err = ERR_RESET;
    closed.closed.id = none;
    world_step(world, &closed);
    world_request(world, peer);
    assert_int_equal(world->done_n, 0);
    assert_int_equal(node_counts(world->node).peers, 0);
    world_free(world);
}

static void TestPEXReactorDoesNotAddPrivatePeersToAddrBook(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct peer_id private = id_of(50);
    settings.private_ids = &private;
    settings.private_ids_n = 1;
    struct world *world = world_open(&settings);
    world_list_of(world, world_outbound(world, 1), 50, 1);
    assert_int_equal(book_count(world->book), 0);
    world_inbound(world, 50);
    assert_int_equal(book_count(world->book), 0);
    world_free(world);
}

static void TestPEXReactorDialPeer(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct addr addr = addr_of(1);
    world_add_peers(world, 1, 1);
    world_run(world, SECONDS_MS(30));
    assert_int_equal(world_all_dials_fail(world, ERR_REFUSED), 1);
    assert_int_equal(book_find(world->book, &addr.id)->attempts, 1);
    world_run(world, 1000); /* 2 s and a random part of one more must pass */
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    world_run(world, SECONDS_MS(30));
    assert_int_equal(world_all_dials_fail(world, ERR_REFUSED), 1);
    assert_int_equal(book_find(world->book, &addr.id)->attempts, 2);
    world_free(world);
}

/* ---- switch_test.go ---- */

static void TestSwitchFiltersOutItself(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct addr addr = addr_of(1);
    world_add_peers(world, 1, 1);
    world_dial_fails(world, world_dial(world, 1), ERR_SELF, false);
    assert_false(world_knows(world, 1));
    assert_true(book_is_own(world->book, &addr));
    assert_int_equal(node_counts(world->node).peers, 0);
    world_free(world);
}

/* Our filter is the hook `admit`. */
static void refuse_all(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)view;
    if (hook == HOOK_admit)
        ((struct admit_verdict *)verdict)->is_false = true;
}

static void TestSwitchPeerFilter(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct endpoint remote = remote_of(1);
    world->fake.answers[HOOK_admit] = true;
    world->fake.twist = refuse_all;
    world_accept(world, &remote);
    assert_int_equal(world_only(world, ACTION_REFUSE)->why, ERR_POLICY);
    world_free(world);
}

/* One that takes too long is stopped by its limits, and the rule answers. */
static void TestSwitchPeerFilterTimeout(void **state)
{
    (void)state;
    struct world *world = open_node();
    world->fake.answers[HOOK_admit] = true;
    world->fake.twist = refuse_all;
    world->fake.fails[HOOK_admit] = true;
    world_inbound(world, 1);
    world_free(world);
}

static void TestSwitchPeerFilterDuplicate(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    settings.allow_duplicate_ip = true;
    struct world *world = world_open(&settings);
    struct endpoint remote = remote_of(1);
    struct peer_id id = id_of(1);
    world_inbound(world, 1);
    uint64_t again = world_accept(world, &remote);
    world_establish(world, again, &id, NULL);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_DUPLICATE_ID);
    assert_int_equal(node_counts(world->node).peers, 1);
    world_free(world);
}

static void TestSwitchStopPeerForError(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t peer = world_inbound(world, 1);
    assert_int_equal(node_counts(world->node).peers, 1);
    world_bad_list(world, peer);
    assert_int_equal(node_counts(world->node).peers, 0);
    world_step(world, &(struct event){.kind = EVENT_CLOSED, .conn = peer}); /* it failed too */
    assert_int_equal(node_counts(world->node).peers, 0);
    world_free(world);
}

static void TestSwitchAcceptRoutine(void **state)
{
    (void)state;
    struct node_settings settings = world_settings();
    struct peer_id friends[2] = {id_of(90), id_of(91)};
    settings.max_inbound = 5;
    settings.unconditional_ids = friends;
    settings.unconditional_ids_n = 2;
    struct world *world = world_open(&settings);
    for (uint32_t n = 1; n <= 5; n++)
        world_inbound(world, n);
    struct endpoint remote = remote_of(6);
    struct peer_id sixth = id_of(6);
    uint64_t number = world_accept(world, &remote);
    world_establish(world, number, &sixth, NULL);
    assert_int_equal(world_only(world, ACTION_CLOSE)->why, ERR_NO_SLOT);
    world_inbound(world, 90);
    world_inbound(world, 91);
    assert_int_equal(node_counts(world->node).peers, 7);
    world_free(world);
}

static void TestSwitchAcceptRoutineErrorCases(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_SELF, ERR_HANDSHAKE_TIMEOUT, ERR_OTHER_NETWORK, ERR_IO};
    struct world *world = open_node();
    for (uint32_t i = 0; i < 4; i++) {
        struct endpoint remote = remote_of(i + 1);
        world_closed(world, world_accept(world, &remote), errs[i]);
    }
    world_inbound(world, 9);
    world_free(world);
}

/* What a connection leaves behind is gone before its successor is greeted. */
static void TestSwitchInitPeerIsNotCalledBeforeRemovePeer(void **state)
{
    (void)state;
    struct world *world = open_node();
    uint64_t first = world_inbound(world, 1);
    world_request(world, first);
    world_closed(world, first, ERR_RESET);
    uint64_t second = world_inbound(world, 1);
    assert_true(second != first && world_is_peer(world, second));
    world_request(world, second);
    assert_int_equal(world_sent(world, PEX_ADDRS), 1);
    world_free(world);
}

/* D6: whoever was closed during the handshake never becomes a peer. */
static void TestSwitchRemovalErr(void **state)
{
    (void)state;
    struct world *world = open_node();
    struct endpoint remote = remote_of(1);
    uint64_t number = world_accept(world, &remote);
    world_closed(world, number, ERR_RESET);
    struct node_info info = {.channels = span_of("\0", 1)};
    struct event late = {.kind = EVENT_ESTABLISHED, .conn = number};
    late.established.id = id_of(1);
    late.established.info = &info;
    world_step(world, &late);
    assert_int_equal(node_counts(world->node).peers, 0);
    assert_int_equal(world->done_n, 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TestPEXReactorBasic),
        cmocka_unit_test(TestPEXReactorAddRemovePeer),
        cmocka_unit_test(TestPEXReactorReceive),
        cmocka_unit_test(TestPEXReactorRequestMessageAbuse),
        cmocka_unit_test(TestPEXReactorAddrsMessageAbuse),
        cmocka_unit_test(TestCheckSeeds),
        cmocka_unit_test(TestPEXReactorSeedModeFlushStop),
        cmocka_unit_test(TestPEXReactorDoesNotAddPrivatePeersToAddrBook),
        cmocka_unit_test(TestPEXReactorDialPeer),
        cmocka_unit_test(TestSwitchFiltersOutItself),
        cmocka_unit_test(TestSwitchPeerFilter),
        cmocka_unit_test(TestSwitchPeerFilterTimeout),
        cmocka_unit_test(TestSwitchPeerFilterDuplicate),
        cmocka_unit_test(TestSwitchStopPeerForError),
        cmocka_unit_test(TestSwitchAcceptRoutine),
        cmocka_unit_test(TestSwitchAcceptRoutineErrorCases),
        cmocka_unit_test(TestSwitchInitPeerIsNotCalledBeforeRemovePeer),
        cmocka_unit_test(TestSwitchRemovalErr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
