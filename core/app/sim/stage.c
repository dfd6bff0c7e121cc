#include "app/sim/stage.h"

#include "sim/need.h"
#include <stdlib.h>

#define PORT 26656
#define HOSTS 250                         /* of a /24, and /24s of a group */
#define NODES_AT (UINT32_C(32) << 8)      /* the groups of nodes and of the dead: 32.0, 32.1 ... */
#define SEEDS_AT (UINT32_C(64) << 8)      /* each seed has one of its own */
#define ATTACKERS_AT (UINT32_C(150) << 8) /* theirs */
#define NEVER_SAVED_MS HOURS_MS(1000000)  /* no book is read again where nobody restarts */
#define BOOK_CHECKED_EVERY 1000           /* steps of a node */

/* ---- addresses ---- */

/* Where those of one kind may live: groups one behind the other, host by host. */
struct ground {
    uint32_t first;
    uint32_t groups_n;
    uint32_t *hosts; /* of each group, so far */
};

static struct ground ground_new(uint32_t first, uint32_t groups_n)
{
    return (struct ground){first, groups_n, need(calloc(groups_n, sizeof(uint32_t)))};
}

static struct endpoint settle(struct ground *ground, uint32_t group)
{
    uint32_t host = ground->hosts[group]++;
    uint32_t low = (host % HOSTS) << 8 | (1 + host / HOSTS);
    return (struct endpoint){ip_of_v4((ground->first + group) << 16 | low), PORT};
}

/* Group g has a weight of 1 / (g + 1) (Zipf): a few hold many. */
static uint32_t draw_group(struct stage *stage, uint32_t groups_n)
{
    double sum = 0;
    for (uint32_t g = 0; g < groups_n; g++)
        sum += 1.0 / (g + 1);
    double left = rng_unit(&stage->rng) * sum;
    uint32_t group = 0;
    while (group + 1 < groups_n && (left -= 1.0 / (group + 1)) >= 0)
        group++;
    return group;
}

static void add_addr(struct stage *stage, struct endpoint at)
{
    struct addr addr = {.at = at};
    for (size_t i = 0; i < sizeof addr.id.bytes; i++)
        addr.id.bytes[i] = (uint8_t)rng_next(&stage->rng);
    if (!map_put(&stage->by_id, &addr.id, stage->addrs_n))
        need(NULL);
    stage->addrs[stage->addrs_n++] = addr;
}

static void make_addrs(struct stage *stage)
{
    const struct scenario *scenario = stage->scenario;
    struct ground nodes = ground_new(NODES_AT, (uint32_t)scenario->groups);
    struct ground seeds = ground_new(SEEDS_AT, SCENARIO_SEEDS_MAX);
    struct ground attackers = ground_new(ATTACKERS_AT, (uint32_t)scenario->attacker_groups);
    stage->machines_n = (uint32_t)(scenario->nodes + scenario->seed_nodes + scenario->attackers);
    stage->addrs = need(calloc(stage->machines_n + (size_t)scenario->dead, sizeof *stage->addrs));
    map_init(&stage->by_id, PEER_ID_SIZE, rng_next(&stage->rng));
    for (int64_t i = 0; i < scenario->nodes; i++)
        add_addr(stage, settle(&nodes, draw_group(stage, nodes.groups_n)));
    for (int64_t i = 0; i < scenario->seed_nodes; i++)
        add_addr(stage, settle(&seeds, (uint32_t)i));
    for (int64_t i = 0; i < scenario->attackers; i++)
        add_addr(stage, settle(&attackers, (uint32_t)i % attackers.groups_n));
    for (int64_t i = 0; i < scenario->dead; i++)
        add_addr(stage, settle(&nodes, draw_group(stage, nodes.groups_n)));
    free(nodes.hosts);
    free(seeds.hosts);
    free(attackers.hosts);
}

enum role stage_role(const struct stage *stage, uint32_t i)
{
    const struct scenario *scenario = stage->scenario;
    if (i < scenario->nodes)
        return ROLE_NODE;
    if (i < scenario->nodes + scenario->seed_nodes)
        return ROLE_SEED;
    return i < stage->machines_n ? ROLE_ATTACKER : ROLE_NOBODY;
}

uint32_t stage_find(const struct stage *stage, const struct peer_id *id)
{
    return map_get(&stage->by_id, id);
}

uint32_t stage_measured(const struct stage *stage)
{
    const struct scenario *scenario = stage->scenario;
    return (uint32_t)(scenario->subjects_are_seeds ? scenario->nodes : scenario->subjects);
}

/* ---- machines ---- */

static bool is_subject(const struct stage *stage, uint32_t i)
{
    const struct scenario *scenario = stage->scenario;
    if (scenario->subjects_are_seeds)
        return stage_role(stage, i) == ROLE_SEED;
    return i < scenario->subjects;
}

static struct addr_text text_of(const struct addr *addr)
{
    struct addr_text text = {.id = addr->id, .ip = addr->at.ip, .port = addr->at.port};
    ip_text(&addr->at.ip, text.host);
    return text;
}

/* What the first book of a machine holds. */
static void make_known(struct stage *stage, uint32_t i, struct sim_machine *machine)
{
    const struct scenario *scenario = stage->scenario;
    bool has_seeds = scenario->seed_nodes > 0;
    if (has_seeds && stage_role(stage, i) == ROLE_NODE)
        return;
    size_t friends_n = has_seeds ? 0 : SCENARIO_FRIENDS, dead_n = (size_t)scenario->dead;
    struct addr *known = need(calloc(friends_n + dead_n + 1, sizeof *known));
    for (size_t k = 0; k < friends_n; k++)
        known[k] = stage->addrs[rng_below(&stage->rng, (uint64_t)scenario->nodes)];
    memcpy(known + friends_n, stage->addrs + stage->machines_n, dead_n * sizeof *known);
    machine->known = known;
    machine->known_n = friends_n + dead_n;
}

static struct sim_machine base_machine(const struct stage *stage, uint32_t i)
{
    struct sim_machine machine = sim_machine_default();
    machine.node.id = stage->addrs[i].id;
    machine.at = stage->addrs[i].at;
    return machine;
}

static enum err add_node(
    struct stage *stage, const struct lua_rules *rules, uint32_t i, struct script_error *error)
{
    const struct scenario *scenario = stage->scenario;
    struct sim_machine machine = base_machine(stage, i);
    struct addr_text seeds[SCENARIO_SEEDS_MAX];
    enum err err =
        lua_policy_new(is_subject(stage, i) ? rules : &stage->plain, &stage->policies[i], error);
    if (err)
        return err;
    for (int64_t s = 0; s < scenario->seed_nodes; s++)
        seeds[s] = text_of(&stage->addrs[scenario->nodes + s]);
    machine.node.seed_mode = stage_role(stage, i) == ROLE_SEED;
    machine.node.seeds = seeds;
    machine.node.seeds_n = machine.node.seed_mode ? 0 : (size_t)scenario->seed_nodes;
    machine.node.max_outbound = (uint32_t)scenario->outbound;
    machine.node.max_inbound = (uint32_t)scenario->inbound;
    if (scenario->churn_ms == 0)
        machine.node.book_save_interval_ms = NEVER_SAVED_MS;
    machine.nat =
        !machine.node.seed_mode && rng_below(&stage->rng, 100) < (uint64_t)scenario->nat_percent;
    machine.policy = lua_policy_of(stage->policies[i]);
    machine.begin = lua_policy_begin;
    make_known(stage, i, &machine);
    sim_add(stage->sim, &machine);
    free((void *)machine.known);
    return ERR_OK;
}

static enum err add_honest(
    struct stage *stage, const struct lua_rules *rules, struct script_error *error)
{
    uint32_t n = stage->machines_n - (uint32_t)stage->scenario->attackers;
    enum err err = ERR_OK;
    stage->policies = need(calloc(n, sizeof *stage->policies));
    for (uint32_t i = 0; i < n && !err; i++)
        err = add_node(stage, rules, i, error);
    return err;
}

static void add_attackers(struct stage *stage)
{
    uint32_t n = (uint32_t)stage->scenario->attackers, first = stage->machines_n - n;
    stage->attack = (struct attack){
        .attackers = stage->addrs + first,
        .attackers_n = n,
        .victims = stage->addrs,
        .victims_n = first,
        .outbound_max = (uint32_t)stage->scenario->outbound,
    };
    stage->attackers = need(calloc(n + 1, sizeof *stage->attackers));
    for (uint32_t i = 0; i < n; i++) {
        struct sim_machine machine = base_machine(stage, first + i);
        attacker_init(&stage->attackers[i], &stage->attack, rng_next(&stage->rng));
        machine.actor = attacker_actor(&stage->attackers[i]);
        sim_add(stage->sim, &machine);
    }
}

/* ---- what happens ---- */

static void start(void *context, struct sim *sim)
{
    const struct stage_start *starting = context;
    sim_start(sim, starting->machine);
}

static int64_t start_ms(struct stage *stage, enum role role)
{
    const struct scenario *scenario = stage->scenario;
    if (role == ROLE_SEED)
        return 0;
    int64_t from_ms = role == ROLE_ATTACKER ? scenario->attack_after_ms : 0;
    return from_ms + (int64_t)rng_below(&stage->rng, (uint64_t)scenario->join_ms + 1);
}

static void plan_starts(struct stage *stage)
{
    stage->starts = need(calloc(stage->machines_n, sizeof *stage->starts));
    for (uint32_t i = 0; i < stage->machines_n; i++) {
        stage->starts[i].machine = i;
        sim_at(stage->sim, start_ms(stage, stage_role(stage, i)), start, &stage->starts[i]);
    }
}

/* They last longer than the run: what it ends in is what the network is like meanwhile. */
static void plan_faults(struct stage *stage)
{
    const struct scenario *scenario = stage->scenario;
    const struct faults_settings settings = {
        .from_ms = scenario->join_ms + 1,
        .until_ms = scenario->for_ms + HOURS_MS(24),
        .machines_n = (uint32_t)scenario->nodes,
        .crash_every_ms = scenario->churn_ms / scenario->nodes,
        .partition_every_ms = scenario->partitions_ms,
        .down_max_ms = scenario->downtime_ms,
        .apart_max_ms = MINUTES_MS(SCENARIO_APART_MINUTES),
        .stop_percent = SCENARIO_STOP_PERCENT,
        .vanish_percent = SCENARIO_VANISH_PERCENT,
        .dial_loss = (double)scenario->loss_percent / 100,
    };
    if (settings.crash_every_ms > 0 || settings.partition_every_ms > 0)
        stage->faults = faults_new(stage->sim, &settings);
}

/* ---- life ---- */

enum err stage_open(struct stage *stage, const struct scenario *scenario,
    const struct lua_rules *rules, uint64_t seed, struct script_error *error)
{
    struct sim_settings settings = sim_settings_default();
    settings.seed = seed;
    settings.dial_loss = (double)scenario->loss_percent / 100;
    *stage = (struct stage){.scenario = scenario, .sim = sim_new(&settings)};
    rng_seed(&stage->rng, ~seed);
    make_addrs(stage);
    enum err err = add_honest(stage, rules, error);
    if (err)
        return err;
    add_attackers(stage);
    plan_starts(stage);
    plan_faults(stage);
    stage->watch = watch_new(stage->sim, BOOK_CHECKED_EVERY);
    return ERR_OK;
}

void stage_close(struct stage *stage)
{
    uint32_t honest_n = stage->machines_n - (uint32_t)stage->scenario->attackers;
    sim_free(stage->sim);
    watch_free(stage->watch);
    faults_free(stage->faults);
    for (uint32_t i = 0; stage->policies && i < honest_n; i++)
        lua_policy_free(stage->policies[i]);
    free(stage->policies);
    free(stage->attackers);
    free(stage->starts);
    free(stage->addrs);
    map_free(&stage->by_id);
}

uint64_t stage_errors(const struct stage *stage)
{
    uint64_t errors = 0;
    for (uint32_t i = 0; i < stage->scenario->nodes + stage->scenario->seed_nodes; i++)
        if (is_subject(stage, i))
            errors += lua_policy_errors(stage->policies[i]);
    return errors;
}
