/* A random small network with random faults, made from one number: nodes and seeds, some behind
 * NAT, on one IP or in one range, with persistent peers, some by name, private and unconditional
 * IDs; books that know dead, wrong and foreign addresses; hostile peers; faults for some minutes;
 * then peace. */
#ifndef TESTS_SIM_CHAOS_H
#define TESTS_SIM_CHAOS_H

#include "sim/faults.h"
#include "unit/sim/vandal.h"
#include <stdio.h>

#define NODES_MAX 14
#define LIARS 4     /* IDs of nobody */
#define FOREIGN 200 /* machine of another network */
#define VANDAL 220  /* the first hostile peer */
#define VANDALS_MAX 2
#define KNOWN_MAX (NODES_MAX + LIARS)

struct chaos {
    struct rig rig;
    struct faults *faults;
    struct rng rng;            /* for the making; the run has its own */
    uint32_t nodes_n, seeds_n; /* honest machines; the first seeds_n are seeds */
    bool nat[NODES_MAX];
    uint32_t max_outbound[NODES_MAX];
    uint32_t hidden[NODES_MAX]; /* the node in its private_peer_ids, or NODES_MAX */
    bool one_ip;                /* all behind one IP, which everybody allows */
    struct vandal vandals[VANDALS_MAX];
    struct addr victims[NODES_MAX];
    unsigned slanders; /* honest peers that were taken for bad ones */
    char slander[32];
    int64_t peace_ms;
};

static inline uint32_t below(struct chaos *chaos, uint32_t n)
{
    return (uint32_t)rng_below(&chaos->rng, n);
}

static inline bool percent(struct chaos *chaos, uint32_t n)
{
    return below(chaos, 100) < n;
}

static inline struct addr chaos_addr(const struct chaos *chaos, uint32_t i)
{
    struct addr addr = addr_of(i);
    if (chaos->one_ip)
        addr.at = (struct endpoint){endpoint_of(0).ip, (uint16_t)(PORT + i)};
    else if (i % 3 == 1) /* some in one /24 */
        addr.at.ip = ip_of_v4(0x2d2d2d00u + i);
    return addr;
}

/* An address that leads nowhere: nobody's ID at a dead endpoint or at a node's. (Not a node's ID:
 * the first address of an ID is kept, B4, so a wrong one can hide a node for long.) */
static inline struct addr chaos_lie(struct chaos *chaos)
{
    struct addr lie = addr_of(FOREIGN + below(chaos, LIARS));
    if (percent(chaos, 50))
        lie.at = chaos_addr(chaos, below(chaos, chaos->nodes_n)).at;
    return lie;
}

/* What the book of a first start holds. A seed knows everybody: what no node that anybody asks has
 * heard of can never be found. */
static inline size_t chaos_knowledge(struct chaos *chaos, uint32_t i, struct addr *known)
{
    size_t n = 0;
    for (uint32_t j = 0; j < chaos->nodes_n; j++)
        if (i < chaos->seeds_n || percent(chaos, 30))
            known[n++] = chaos_addr(chaos, j);
    for (uint32_t lie = 0; lie < LIARS; lie++)
        if (percent(chaos, 50))
            known[n++] = chaos_lie(chaos);
    return n;
}

/* A configured address, sometimes by a name that resolves to it. */
static inline struct addr_text chaos_text(struct chaos *chaos, uint32_t i)
{
    struct addr addr = chaos_addr(chaos, i);
    struct addr_text text = text_of(&addr);
    if (!percent(chaos, 30))
        return text;
    text.is_name = true;
    snprintf(text.host, sizeof text.host, "node%u.example", i);
    sim_set_name(chaos->rig.sim, text.host, &addr.at.ip, 1);
    return text;
}

static inline void chaos_add(struct chaos *chaos, uint32_t i)
{
    struct sim_machine machine = machine_of(&chaos->rig, i);
    struct node_settings *node = &machine.node;
    struct addr_text seeds[2], persistent;
    struct addr known[KNOWN_MAX];
    uint32_t peer = below(chaos, chaos->nodes_n);
    uint32_t secret = chaos->seeds_n + below(chaos, chaos->nodes_n - chaos->seeds_n);
    struct peer_id special = id_of(below(chaos, chaos->nodes_n)), private = id_of(secret);
    machine.at = chaos_addr(chaos, i).at;
    for (uint32_t s = 0; s < chaos->seeds_n; s++)
        seeds[s] = chaos_text(chaos, s);
    persistent = chaos_text(chaos, peer);
    node->seeds = seeds;
    node->seeds_n = chaos->seeds_n;
    node->seed_mode = i < chaos->seeds_n;
    node->persistent_peers = &persistent;
    node->persistent_peers_n = percent(chaos, 25);
    node->unconditional_ids = &special;
    node->unconditional_ids_n = percent(chaos, 10);
    node->private_ids = &private;
    node->private_ids_n = i >= chaos->seeds_n && percent(chaos, 5);
    chaos->hidden[i] = node->private_ids_n ? secret : NODES_MAX;
    node->allow_duplicate_ip = chaos->one_ip;
    node->max_outbound = chaos->max_outbound[i] = 1 + below(chaos, 4);
    machine.known_n = chaos_knowledge(chaos, i, known);
    machine.known = known;
    machine.nat = chaos->nat[i];
    machine.clock_skew_ms = (int64_t)below(chaos, 600000) - 300000;
    sim_add(chaos->rig.sim, &machine);
}

/* A machine of another network, known to some. */
static inline void chaos_add_foreign(struct chaos *chaos)
{
    struct sim_machine machine = machine_of(&chaos->rig, FOREIGN);
    struct addr known = chaos_addr(chaos, below(chaos, chaos->nodes_n));
    machine.network = "other";
    machine.known = &known;
    machine.known_n = 1;
    sim_add(chaos->rig.sim, &machine);
}

static inline void chaos_add_vandals(struct chaos *chaos)
{
    uint32_t n = percent(chaos, 50) ? 1 + below(chaos, VANDALS_MAX) : 0;
    for (uint32_t i = 0; i < chaos->nodes_n; i++)
        chaos->victims[i] = chaos_addr(chaos, i);
    for (uint32_t i = 0; i < n; i++) {
        struct vandal *vandal = &chaos->vandals[i];
        struct sim_machine machine = machine_of(&chaos->rig, VANDAL + i);
        *vandal = (struct vandal){.victims = chaos->victims, .victims_n = chaos->nodes_n};
        rng_seed(&vandal->rng, below(chaos, UINT32_MAX));
        machine.actor = (struct sim_actor){vandal_step, vandal_deadline, vandal};
        sim_add(chaos->rig.sim, &machine);
    }
}

/* Only vandals may be suspected. */
static inline void chaos_suspect(
    struct fake_policy *policy, enum hook hook, const void *view, void *verdict)
{
    struct chaos *chaos = policy->test;
    (void)verdict;
    struct peer_id id;
    if (hook != HOOK_ban)
        return;
    assert_int_equal(peer_id_parse(span_of_text(((const struct ban_view *)view)->peer.id), &id), 0);
    for (uint32_t i = 0; i < VANDALS_MAX; i++) {
        struct peer_id vandal = id_of(VANDAL + i);
        if (peer_id_equal(&id, &vandal))
            return;
    }
    chaos->slanders++;
    memcpy(chaos->slander, policy->kind, sizeof chaos->slander);
}

static inline struct faults_settings chaos_faults(struct chaos *chaos)
{
    chaos->peace_ms = MINUTES_MS(2 + below(chaos, 6));
    return (struct faults_settings){
        .from_ms = SECONDS_MS(below(chaos, 60)),
        .until_ms = chaos->peace_ms,
        .machines_n = chaos->nodes_n,
        .crash_every_ms = percent(chaos, 70) ? SECONDS_MS(10 + below(chaos, 60)) : 0,
        .partition_every_ms = percent(chaos, 60) ? SECONDS_MS(30 + below(chaos, 120)) : 0,
        .reset_every_ms = percent(chaos, 60) ? SECONDS_MS(5 + below(chaos, 30)) : 0,
        .down_max_ms = SECONDS_MS(1 + below(chaos, 120)),
        .apart_max_ms = SECONDS_MS(1 + below(chaos, 180)),
        .vanish_percent = below(chaos, 100),
        .stop_percent = below(chaos, 40),
        .wipe_percent = below(chaos, 40),
        .dial_loss = percent(chaos, 50) ? (double)below(chaos, 50) / 100 : 0,
    };
}

static inline struct chaos *chaos_new(uint64_t seed)
{
    struct chaos *chaos = calloc(1, sizeof *chaos);
    assert_non_null(chaos);
    rng_seed(&chaos->rng, ~seed);
    rig_open(&chaos->rig, seed);
    chaos->nodes_n = 5 + below(chaos, NODES_MAX - 4);
    chaos->seeds_n = 1 + below(chaos, 2);
    chaos->one_ip = percent(chaos, 15);
    for (uint32_t i = chaos->seeds_n; i < chaos->nodes_n; i++)
        chaos->nat[i] = percent(chaos, 20);
    for (uint32_t i = 0; i < chaos->nodes_n; i++)
        chaos_add(chaos, i);
    chaos_add_foreign(chaos);
    chaos_add_vandals(chaos);
    chaos->rig.policy.twist = chaos_suspect;
    chaos->rig.policy.test = chaos;
    rig_start(&chaos->rig);
    struct faults_settings faults = chaos_faults(chaos);
    chaos->faults = faults_new(chaos->rig.sim, &faults);
    return chaos;
}

static inline void chaos_free(struct chaos *chaos)
{
    sim_free(chaos->rig.sim);
    watch_free(chaos->rig.watch);
    faults_free(chaos->faults);
    free(chaos);
}

/* It has as many outbound peers as it may, or everybody whom it can reach. */
static inline bool chaos_is_content(const struct chaos *chaos, const struct sim *sim, uint32_t i)
{
    const struct node *node = sim_node(sim, i);
    if (i < chaos->seeds_n)
        return true;
    if (node_counts(node).outbound >= chaos->max_outbound[i])
        return true;
    for (uint32_t j = chaos->seeds_n; j < chaos->nodes_n; j++)
        if (j != i && j != chaos->hidden[i] && !chaos->nat[j] && !is_connected(sim, i, j))
            return false;
    return true;
}

static inline bool chaos_all_content(void *context, const struct sim *sim)
{
    const struct chaos *chaos = context;
    for (uint32_t i = 0; i < chaos->nodes_n; i++)
        if (!chaos_is_content(chaos, sim, i))
            return false;
    return true;
}

#endif
