/* policies/latency.lua: a node ends up near its peers. */
#include "policies/scene.h"

#define OTHERS 60
#define SLOTS 8
#define SEEDS 3

/* Mean round trip to the outbound peers after three hours. */
static double mean_rtt_ms(const char *policy, uint64_t seed)
{
    struct scene scene;
    int64_t sum_ms = 0;
    scene_open(&scene, policy, seed);
    scene_know(&scene, 1, OTHERS);
    struct sim_machine subject = scene_subject(&scene);
    subject.nat = true;
    subject.node.max_outbound = SLOTS;
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, OTHERS);
    scene_start(&scene);
    scene_run(&scene, HOURS_MS(3));
    struct outbound outbound = outbound_of(&scene);
    assert_true(outbound.n >= SLOTS - 1); /* one may be on its way */
    for (size_t i = 0; i < outbound.n; i++)
        sum_ms += outbound.at[i].rtt_ms;
    scene_close(&scene);
    return (double)sum_ms / (double)outbound.n;
}

static void peers_are_nearer_than_the_defaults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double by_default = mean_rtt_ms("default", seed), latency = mean_rtt_ms("latency", seed);
        print_message("network %u, mean round trip to outbound peers, less is better: default %.0f "
                      "ms, latency %.0f ms\n",
            (unsigned)seed, by_default, latency);
        if (scene_guest())
            print_message("network %u, mean round trip to outbound peers: yours %.0f ms\n",
                (unsigned)seed, mean_rtt_ms(scene_guest(), seed));
        assert_true(latency < 0.6 * by_default);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(peers_are_nearer_than_the_defaults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
