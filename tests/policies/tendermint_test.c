/* policies/tendermint.lua: the faults of Go that are a policy's show again. */
#include "policies/scene.h"

#define SEED 1

static void seed_of(struct sim_machine *machine, struct addr_text *seed)
{
    struct addr addr = addr_of(SEED);
    *seed = text_of(&addr);
    machine->node.seeds = seed;
    machine->node.seeds_n = 1;
}

/* Minutes until a node whose whole book is dead has found a peer through its seed; 60: it has not
 * within an hour. */
static int64_t alone_min(const char *policy)
{
    struct scene scene;
    struct addr_text seed;
    scene_open(&scene, policy, 2);
    scene_know(&scene, DEAD, 200);
    struct sim_machine subject = scene_subject(&scene);
    seed_of(&subject, &seed);
    subject.nat = true;
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, SEED, 1);
    scene_start(&scene);
    struct pair pair = {SUBJECT, SEED};
    sim_run_until_true(scene.rig.sim, HOURS_MS(1), SECONDS_MS(1), pair_connected, &pair);
    int64_t min = sim_now(scene.rig.sim).mono_ms / MINUTES_MS(1);
    scene_close(&scene);
    return min;
}

static void f14_a_dead_book_keeps_a_node_from_its_seeds(void **state)
{
    (void)state;
    int64_t by_default = alone_min("default"), tendermint = alone_min("tendermint");
    print_message("minutes until a seed is asked, fewer is better: default %d, tendermint %d%s\n",
        (int)by_default, (int)tendermint, tendermint == 60 ? " and more" : "");
    if (scene_guest())
        print_message("minutes until a seed is asked: yours %d\n", (int)alone_min(scene_guest()));
    assert_true(by_default < 5);
    assert_int_equal(tendermint, 60);
}

/* Vetted addresses after three hours with honest peers. */
static unsigned vetted(const char *policy)
{
    struct scene scene;
    scene_open(&scene, policy, 4);
    scene_know(&scene, 1, 20);
    struct sim_machine subject = scene_subject(&scene);
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, 20);
    scene_start(&scene);
    scene_run(&scene, HOURS_MS(3));
    unsigned n = book_count_side(book_of(&scene), BOOK_OLD);
    scene_close(&scene);
    return n;
}

static void f21_no_address_is_ever_vetted(void **state)
{
    (void)state;
    unsigned by_default = vetted("default"), tendermint = vetted("tendermint");
    print_message(
        "vetted addresses, more is better: default %u, tendermint %u\n", by_default, tendermint);
    if (scene_guest())
        print_message("vetted addresses: yours %u\n", vetted(scene_guest()));
    assert_true(by_default > 0);
    assert_int_equal(tendermint, 0);
}

/* Peers that a seed holds after an hour of crawling. */
static unsigned held(const char *policy)
{
    struct scene scene;
    scene_open(&scene, policy, 6);
    scene_know(&scene, 1, 40);
    struct sim_machine subject = scene_subject(&scene);
    subject.node.seed_mode = true;
    subject.nat = true;
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, 40);
    scene_start(&scene);
    scene_run(&scene, HOURS_MS(1) + SECONDS_MS(25)); /* between two crawls */
    unsigned n = counts_of(&scene.rig, SUBJECT).peers;
    scene_close(&scene);
    return n;
}

static void f17_a_seed_holds_everybody_it_crawled(void **state)
{
    (void)state;
    unsigned by_default = held("default"), tendermint = held("tendermint");
    print_message("peers of 40 that a seed holds, fewer is better: default %u, tendermint %u\n",
        by_default, tendermint);
    if (scene_guest())
        print_message("peers that a seed holds: yours %u\n", held(scene_guest()));
    assert_true(by_default <= 5);
    assert_true(tendermint >= 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f14_a_dead_book_keeps_a_node_from_its_seeds),
        cmocka_unit_test(f21_no_address_is_ever_vetted),
        cmocka_unit_test(f17_a_seed_holds_everybody_it_crawled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
