/* policies/seed.lua: a seed's answers hold addresses that it reached itself. */
#include "policies/scene.h"

#define LIVE 50
#define DEAD_N 200
#define WARM_UP MINUTES_MS(10) /* the first crawls */

struct told {
    int64_t from_ms;
    unsigned answers, addresses, dead;
};

static void watch_answers(void *context, const struct sim_step *step)
{
    struct told *told = context;
    for (size_t i = 0; step->machine == SUBJECT && i < step->actions_n; i++) {
        const struct action *action = &step->actions[i];
        if (step->now.mono_ms < told->from_ms || action->kind != ACTION_SEND ||
            action->send.kind != PEX_ADDRS)
            continue;
        told->answers++;
        told->addresses += (unsigned)action->send.addrs_n;
        for (size_t j = 0; j < action->send.addrs_n; j++)
            told->dead += is_dead(&action->send.addrs[j].id);
    }
}

/* A node that the seed knows, and that asks the seed in every period: it never has enough peers. */
static void add_asker(struct scene *scene, uint32_t i)
{
    struct sim_machine machine = machine_of(&scene->rig, i);
    struct addr subject = addr_of(SUBJECT);
    struct addr_text seed = text_of(&subject);
    machine.node.seeds = &seed;
    machine.node.seeds_n = 1;
    machine.node.max_outbound = LIVE;
    sim_add(scene->rig.sim, &machine);
}

static struct told told_by(const char *policy)
{
    struct scene scene;
    struct told told = {.from_ms = WARM_UP};
    scene_open(&scene, policy, 21);
    scene_know(&scene, 1, LIVE);
    scene_know(&scene, DEAD, DEAD_N);
    struct sim_machine subject = scene_subject(&scene);
    subject.node.seed_mode = true;
    sim_add(scene.rig.sim, &subject);
    for (uint32_t i = 1; i <= LIVE; i++)
        add_asker(&scene, i);
    sim_observe(scene.rig.sim, watch_answers, &told);
    scene_start(&scene);
    scene_run(&scene, MINUTES_MS(40));
    scene_close(&scene);
    return told;
}

static double dead_percent(const struct told *told)
{
    return 100.0 * told->dead / told->addresses;
}

static void answers_hold_only_verified_addresses(void **state)
{
    (void)state;
    struct told tendermint = told_by("tendermint"), by_default = told_by("default"),
                seed = told_by("seed");
    assert_true(tendermint.addresses > 0 && by_default.addresses > 0 && seed.addresses > 0);
    print_message("dead addresses in answers, fewer is better: tendermint %.0f %%, default %.0f "
                  "%%, seed %.0f %% "
                  "of %u\n",
        dead_percent(&tendermint), dead_percent(&by_default), dead_percent(&seed), seed.addresses);
    if (scene_guest()) {
        struct told guest = told_by(scene_guest());
        if (guest.addresses > 0)
            print_message("dead addresses in answers: yours %.0f %% of %u\n", dead_percent(&guest),
                guest.addresses);
        else
            print_message("dead addresses in answers: yours gave no addresses\n");
    }
    assert_int_equal(seed.dead, 0);
    assert_true(dead_percent(&by_default) > 5);
    assert_true(seed.addresses >= 10 * seed.answers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_hold_only_verified_addresses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
