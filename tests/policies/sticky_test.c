/* policies/sticky.lua: after a restart a node finds the peers again that it kept longest. */
#include "policies/scene.h"

#define OTHERS 40
#define SLOTS 8

static size_t among(const struct outbound *now, const struct outbound *before)
{
    size_t n = 0;
    for (size_t i = 0; i < now->n; i++)
        for (size_t j = 0; j < before->n; j++)
            n += peer_id_equal(&now->at[i].id, &before->at[j].id);
    return n;
}

/* How many of the outbound peers a minute after the restart were those of before it. Until
 * an hour before that, all connections were lost now and then, so that many addresses are vetted:
 * which of them the last peers were, only a policy's memory tells. */
static size_t found_again(const char *policy)
{
    struct scene scene;
    scene_open(&scene, policy, 5);
    if (strcmp(policy, "sticky") == 0)
        scene_set(&scene, "anchors", "8");
    scene_know(&scene, 1, OTHERS);
    struct sim_machine subject = scene_subject(&scene);
    subject.nat = true;
    subject.node.max_outbound = SLOTS;
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, OTHERS);
    scene_start(&scene);
    for (unsigned i = 0; i < 6; i++) {
        scene_run(&scene, MINUTES_MS(65));
        scene_shake(&scene);
    }
    scene_run(&scene, HOURS_MS(1));
    struct outbound before = outbound_of(&scene);
    assert_int_equal(before.n, SLOTS);
    scene_restart(&scene);
    scene_run(&scene, MINUTES_MS(1));
    struct outbound after = outbound_of(&scene);
    assert_int_equal(after.n, SLOTS);
    size_t again = among(&after, &before);
    scene_close(&scene);
    return again;
}

static void anchors_are_found_after_a_restart(void **state)
{
    (void)state;
    size_t by_default = found_again("default"), sticky = found_again("sticky");
    print_message("of %d outbound peers after a restart, known ones from before, more is better: "
                  "default %zu, "
                  "sticky %zu\n",
        SLOTS, by_default, sticky);
    if (scene_guest())
        print_message(
            "known ones from before: yours %zu of %d\n", found_again(scene_guest()), SLOTS);
    assert_int_equal(sticky, SLOTS);
    assert_true(by_default <= SLOTS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(anchors_are_found_after_a_restart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
