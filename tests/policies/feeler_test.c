/* policies/feeler.lua: vetted addresses that answer are not displaced by those of an attacker. */
#include "policies/scene.h"

#define HONEST 60
#define ATTACKERS 100
#define FIRST_ATTACKER (1 + HONEST)

static bool is_attacker(const struct peer_id *id)
{
    uint32_t number = (uint32_t)id->bytes[PEER_ID_SIZE - 2] << 8 | id->bytes[PEER_ID_SIZE - 1];
    return number > FIRST_ATTACKER;
}

/* Share of the vetted addresses where nobody is any more, in percent. */
static double dead_percent(const struct scene *scene)
{
    unsigned old = 0, dead = 0;
    uint32_t cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(book_of(scene), &cursor));) {
        old += entry->side == BOOK_OLD;
        dead += entry->side == BOOK_OLD && is_attacker(&entry->addr.id);
    }
    assert_true(old > 0);
    return 100.0 * dead / old;
}

/* A seed with little room for vetted addresses. Its honest nodes are vetted; then a source names
 * many more, who answer until they are vetted too, and vanish all at once. */
static double poisoned_percent(const char *policy)
{
    struct scene scene;
    scene_open(&scene, policy, 17);
    scene_know(&scene, 1, HONEST);
    struct sim_machine subject = scene_subject(&scene);
    subject.node.seed_mode = true;
    subject.book.old_buckets = 8;
    subject.book.old_bucket_size = 4;
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, HONEST);
    scene_start(&scene);
    scene_run(&scene, MINUTES_MS(20));
    for (uint32_t i = 0; i < ATTACKERS; i++) {
        struct sim_machine machine = machine_of(&scene.rig, FIRST_ATTACKER + i);
        struct addr honest = addr_of(1 + i % HONEST);
        machine.known = &honest;
        machine.known_n = 1;
        sim_start(scene.rig.sim, sim_add(scene.rig.sim, &machine));
    }
    scene_run(&scene, MINUTES_MS(40));
    for (uint32_t i = 0; i < ATTACKERS; i++)
        sim_end(scene.rig.sim, FIRST_ATTACKER + i, SIM_VANISH);
    scene_run(&scene, MINUTES_MS(1));
    double percent = dead_percent(&scene);
    scene_close(&scene);
    return percent;
}

static void fewer_vetted_addresses_are_dead_after_an_attack(void **state)
{
    (void)state;
    double by_default = poisoned_percent("default"), feeler = poisoned_percent("feeler");
    print_message(
        "vetted addresses that are dead, fewer is better: default %.0f %%, feeler %.0f %%\n",
        by_default, feeler);
    if (scene_guest())
        print_message(
            "vetted addresses that are dead: yours %.0f %%\n", poisoned_percent(scene_guest()));
    assert_true(feeler < by_default / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_vetted_addresses_are_dead_after_an_attack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
