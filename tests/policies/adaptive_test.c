/* policies/adaptive.lua: fewer requests, as many useful addresses. */
#include "policies/scene.h"

#define OTHERS 40
#define LATE 20 /* come after two hours */
#define FIRST_KNOWN 2

struct gain {
    uint64_t requests, useful;
};

/* One who knows another, and not the subject. */
static uint32_t add_other(struct scene *scene, uint32_t i)
{
    struct sim_machine machine = machine_of(&scene->rig, i);
    struct addr friend = addr_of(1 + i % OTHERS);
    machine.known = &friend;
    machine.known_n = 1;
    return sim_add(scene->rig.sim, &machine);
}

/* What a node asked and gained in six hours. */
static struct gain gain_of(const char *policy)
{
    struct scene scene;
    scene_open(&scene, policy, 11);
    scene_know(&scene, 1, FIRST_KNOWN);
    struct sim_machine subject = scene_subject(&scene);
    subject.node.max_outbound = OTHERS + LATE; /* looks for more all the time */
    sim_add(scene.rig.sim, &subject);
    for (uint32_t i = 1; i <= OTHERS; i++)
        add_other(&scene, i);
    scene_start(&scene);
    scene_run(&scene, HOURS_MS(2));
    for (uint32_t i = 1 + OTHERS; i <= OTHERS + LATE; i++)
        sim_start(scene.rig.sim, add_other(&scene, i));
    scene_run(&scene, HOURS_MS(4));
    struct node_counts counts = counts_of(&scene.rig, SUBJECT);
    scene_close(&scene);
    return (struct gain){counts.requests_sent, counts.addresses_added};
}

static void asks_less_and_learns_no_less(void **state)
{
    (void)state;
    struct gain by_default = gain_of("default"), adaptive = gain_of("adaptive");
    print_message(
        "requests (fewer is better), useful addresses (more): default %u, %u; adaptive %u, %u\n",
        (unsigned)by_default.requests, (unsigned)by_default.useful, (unsigned)adaptive.requests,
        (unsigned)adaptive.useful);
    if (scene_guest()) {
        struct gain guest = gain_of(scene_guest());
        print_message("requests, useful addresses: yours %u, %u\n", (unsigned)guest.requests,
            (unsigned)guest.useful);
    }
    assert_true(2 * adaptive.requests < by_default.requests);
    assert_true(adaptive.useful >= by_default.useful);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asks_less_and_learns_no_less)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
