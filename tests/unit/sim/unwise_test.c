/* Random whole networks with faults and hostile peers, and policies that answer at random: whatever
 * they say, every rule of the watch holds at every step (behaviour.md section 5, last column), and
 * the same number gives the same actions. LUAPEX_SIM_RUNS and LUAPEX_SIM_FIRST as in chaos_test. */
#include "unit/sim/chaos.h"
#include "unit/sim/unwise.h"

#define RUNS 60

struct outcome {
    uint64_t hash;
    char broken[256];
};

static struct outcome run(uint64_t seed)
{
    struct outcome outcome = {0};
    struct unwise unwise;
    struct chaos *chaos = chaos_new(seed);
    unwise_begin(&unwise, &chaos->rig.policy, seed + 99);
    sim_run_until(chaos->rig.sim, chaos->peace_ms + MINUTES_MS(10));
    const char *broken = watch_broken(chaos->rig.watch);
    snprintf(outcome.broken, sizeof outcome.broken, "%s", broken ? broken : "");
    outcome.hash = sim_log_hash(chaos->rig.sim);
    chaos_free(chaos);
    return outcome;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void whatever_policies_answer_the_rules_hold(void **state)
{
    (void)state;
    uint64_t first = number_from("LUAPEX_SIM_FIRST", 1);
    uint64_t end = first + number_from("LUAPEX_SIM_RUNS", RUNS);
    unsigned failed = 0;
    for (uint64_t seed = first; seed < end; seed++) {
        struct outcome outcome = run(seed);
        if (outcome.broken[0])
            print_error("network %llu: %s\n", (unsigned long long)seed, outcome.broken);
        failed += outcome.broken[0] != 0;
    }
    assert_int_equal(failed, 0);
}

static void the_same_number_gives_the_same_actions(void **state)
{
    (void)state;
    for (uint64_t seed = 3; seed < 6; seed++)
        assert_true(run(seed).hash == run(seed).hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_policies_answer_the_rules_hold),
        cmocka_unit_test(the_same_number_gives_the_same_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
