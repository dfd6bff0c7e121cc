/* Thousands of random valid events, with world.h's checks after every step, under policies that
 * answer well and badly; and the same events with the same seed give the same actions. */
#include "world.h"

#include <stdio.h>

#define STEPS 4000
#define PEERS 400 /* peer numbers in play */
#define TOKENS_MAX 64

struct script {
    struct world *world;
    struct rng rng;
    uint64_t tokens[TOKENS_MAX]; /* look-ups without an answer */
    size_t tokens_n;
    bool bounded; /* nobody but rounds dials: the outbound maximum holds */
};

static uint32_t below(struct script *script, uint32_t bound)
{
    return (uint32_t)rng_below(&script->rng, bound);
}

/* A random socket in this state; 0: none. */
static uint64_t any(struct script *script, enum socket_state state)
{
    struct world *world = script->world;
    size_t n = world_sockets(world, state);
    size_t which = n > 0 ? below(script, (uint32_t)n) : 0;
    for (size_t i = 0; n > 0 && i < world->sockets_n; i++)
        if (world->sockets[i].state == state && which-- == 0)
            return world->sockets[i].number;
    return 0;
}

static enum err any_error(struct script *script)
{
    static const enum err errs[] = {ERR_REFUSED, ERR_TIMEOUT, ERR_RESET, ERR_CLOSED_BY_PEER,
        ERR_WRONG_ID, ERR_SELF, ERR_OTHER_NETWORK, ERR_NODE_INFO, ERR_UNREACHABLE, ERR_FRAME_TAG,
        ERR_PEX_UNDECODABLE, ERR_HANDSHAKE_TIMEOUT, ERR_PONG_TIMEOUT, ERR_NO_DESCRIPTORS};
    return errs[below(script, sizeof errs / sizeof *errs)];
}

/* Of a peer mostly, sometimes something the book has to refuse. */
static struct addr any_addr(struct script *script)
{
    struct addr addr = addr_of(1 + below(script, PEERS));
    switch (below(script, 20)) {
    case 0:
        addr.at.ip = ip_of_v4((uint32_t)rng_next(&script->rng));
        break;
    case 1:
        addr.id = id_of(OWN_ID);
        break;
    case 2:
        addr.at.port = 0;
        break;
    case 3:
        addr.id = id_of(1 + below(script, PEERS));
        break;
    }
    return addr;
}

static void accept_somebody(struct script *script)
{
    struct endpoint remote = remote_of(1 + below(script, PEERS));
    world_accept(script->world, &remote);
}

static void finish_handshake(struct script *script)
{
    uint64_t number = any(script, SOCKET_HANDSHAKING);
    struct peer_id id = id_of(1 + below(script, PEERS));
    static const char *const listens[] = {NULL, "tcp://0.0.0.0:1", "name.example:5", "junk"};
    if (!number)
        return;
    if (below(script, 4) == 0)
        world_closed_as(script->world, number, any_error(script), &id);
    else
        world_establish(script->world, number, &id, listens[below(script, 4)]);
}

static void finish_dial(struct script *script)
{
    uint64_t number = any(script, SOCKET_DIALING);
    if (!number)
        return;
    if (below(script, 2))
        world_connect(script->world, number);
    else
        world_dial_fails(script->world, number, any_error(script), below(script, 2));
}

static void send_list(struct script *script, uint64_t number)
{
    struct addr addrs[PEX_SELECTION_MAX];
    if (!world_socket(script->world, number)->asked && below(script, 30))
        return; /* rarely uncalled for */
    uint32_t n = below(script, 8) ? below(script, 12) : PEX_SELECTION_MAX;
    for (uint32_t i = 0; i < n; i++)
        addrs[i] = any_addr(script);
    world_list(script->world, number, addrs, n);
}

static void say_something(struct script *script)
{
    uint64_t number = any(script, SOCKET_PEER);
    if (!number)
        return;
    switch (below(script, 24)) {
    case 0:
        world_bad_list(script->world, number);
        break;
    case 1:
        world_send_failed(script->world, number);
        break;
    case 2:
        world_closed(script->world, number, any_error(script));
        break;
    case 3:
    case 4:
    case 5:
        world_request(script->world, number);
        break;
    default:
        send_list(script, number);
    }
}

static void answer_lookup(struct script *script)
{
    if (script->tokens_n == 0)
        return;
    struct ip ip = addr_of(500 + below(script, 5)).at.ip;
    uint32_t which = below(script, (uint32_t)script->tokens_n);
    uint64_t token = script->tokens[which];
    script->tokens[which] = script->tokens[--script->tokens_n];
    world_resolved(script->world, token, below(script, 2) ? &ip : NULL);
}

static void command(struct script *script)
{
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = below(script, 2) && !script->bounded ? COMMAND_DIAL : COMMAND_SAVE;
    event.command.addr = any_addr(script);
    world_step(script->world, &event);
}

static void one_event(struct script *script)
{
    switch (below(script, 16)) {
    case 0:
    case 1:
        world_run(script->world, below(script, 3000));
        break;
    case 2:
        world_run(script->world, below(script, 10) ? 10 : below(script, 120000));
        break;
    case 3:
    case 4:
        accept_somebody(script);
        break;
    case 5:
    case 6:
        finish_handshake(script);
        break;
    case 7:
    case 8:
    case 9:
        finish_dial(script);
        break;
    case 10:
        answer_lookup(script);
        break;
    case 11:
        command(script);
        break;
    default:
        say_something(script);
    }
}

static void note_lookups(struct script *script)
{
    const struct world *world = script->world;
    for (size_t i = 0; i < world->done_n; i++) {
        if (world->done[i].kind != ACTION_RESOLVE)
            continue;
        assert_true(script->tokens_n < TOKENS_MAX);
        for (size_t j = 0; j < script->tokens_n; j++) /* one at a time */
            assert_true(script->tokens[j] != world->done[i].token);
        script->tokens[script->tokens_n++] = world->done[i].token;
    }
}

/* ---- a policy that answers anything ---- */

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    static const double seconds[] = {0, -1, 1e-9, 30, 4000, 1e12, 1e300, INFINITY, -INFINITY};
    struct rng *rng = fake->test;
    double some = seconds[rng_below(rng, 9)];
    (void)view;
    if (rng_below(rng, 3) == 0)
        return;
    if (hook == HOOK_bias) {
        struct bias_verdict *bias = verdict;
        bias->draw = (int64_t)rng_below(rng, 3000) - 10;
        bias->new_percent = some;
    } else if (hook == HOOK_select) {
        struct select_verdict *select = verdict;
        for (select->picks_n = 0; select->picks_n < 60; select->picks_n++)
            select->picks[select->picks_n] = (struct policy_pick){
                .row = (int64_t)rng_below(rng, 40) - 1, .id = "x", .feeler = rng_below(rng, 2)};
    } else if (hook == HOOK_backoff) {
        struct backoff_verdict *backoff = verdict;
        backoff->act = (enum backoff_act)rng_below(rng, 3);
        backoff->wait_s = backoff->ban_s = some;
    } else {
        struct ban_verdict *ban = verdict;
        ban->ban_s = some;
        ban->scope = (enum policy_scope)rng_below(rng, 3);
        ban->disconnect = rng_below(rng, 2);
    }
}

/* ---- runs ---- */

enum { AS_SEED = 1, LOOSE = 2, NAMED = 4, HOSTILE = 8 };

static struct addr_text seeds[2], friends[2];
static struct peer_id unconditional;

static struct node_settings settings_for(unsigned how, uint64_t seed)
{
    struct node_settings settings = world_settings();
    settings.rng_seed = seed;
    settings.seed_mode = how & AS_SEED;
    settings.strict = !(how & LOOSE);
    settings.allow_duplicate_ip = how & LOOSE;
    settings.max_inbound = 30;
    settings.max_handshaking = 10;
    if (!(how & NAMED))
        return settings;
    seeds[0] = text_of(501, "seed.example");
    seeds[1] = text_of(3, NULL);
    friends[0] = text_of(502, "friend.example");
    friends[1] = text_of(4, NULL);
    unconditional = id_of(5);
    settings.seeds = seeds;
    settings.persistent_peers = friends;
    settings.seeds_n = settings.persistent_peers_n = 2;
    settings.unconditional_ids = &unconditional;
    settings.unconditional_ids_n = 1;
    return settings;
}

static void check_outbound(const struct script *script)
{
    struct node_counts counts = node_counts(script->world->node);
    uint32_t most = script->world->settings.seed_mode ? script->world->settings.crawl_outbound_max
                                                      : script->world->settings.max_outbound + 1;
    assert_true(counts.inbound <= script->world->settings.max_inbound);
    if (script->bounded)
        assert_true(counts.outbound + counts.dialing <= most);
}

/* Returns the digest of all actions. */
static uint64_t run(unsigned how, uint64_t seed)
{
    struct node_settings settings = settings_for(how, seed);
    struct script script = {.world = world_open(&settings), .bounded = !(how & NAMED)};
    struct rng twist_rng;
    rng_seed(&script.rng, seed);
    rng_seed(&twist_rng, seed + 1);
    script.world->fake.test = &twist_rng;
    if (how & HOSTILE)
        script.world->fake.twist = twist;
    note_lookups(&script);
    for (unsigned i = 0; i < STEPS; i++) {
        for (int hook = 0; hook < HOOK_COUNT && how & HOSTILE; hook++)
            script.world->fake.fails[hook] = below(&script, 20) == 0;
        script.world->done_n = 0;
        one_event(&script);
        note_lookups(&script);
        check_outbound(&script);
    }
    world_command(script.world, COMMAND_STOP);
    assert_int_equal(script.world->sockets_n, 0);
    uint64_t digest = script.world->digest;
    world_free(script.world);
    return digest;
}

static void random_events_keep_every_invariant(void **state)
{
    (void)state;
    const char *given = getenv("LUAPEX_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20240901;
    for (unsigned how = 0; how < 16; how++) {
        printf("settings %u, seed %llu\n", how, (unsigned long long)(seed + how));
        run(how, seed + how);
    }
}

static void the_same_seed_gives_the_same_actions(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 16; how += 5) {
        uint64_t first = run(how, 42 + how);
        assert_true(run(how, 42 + how) == first);
        assert_true(run(how, 43 + how) != first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_events_keep_every_invariant),
        cmocka_unit_test(the_same_seed_gives_the_same_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
