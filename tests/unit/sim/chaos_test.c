/* Random whole networks with random faults and hostile peers. Whatever happens, every rule of the
 * watch holds and no honest node is taken for a bad one; once the faults stop every node finds its
 * peers; and the same number gives the same actions in another process.
 *
 *     LUAPEX_SIM_RUNS=1000 LUAPEX_SIM_FIRST=1 sim_chaos_test     as many, from that number on
 *     sim_chaos_test hashes FIRST RUNS                           only prints what each run did */
#include "unit/sim/chaos.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS 200
/* A node that misses one peer looks at three addresses a round (R44), and buckets favour the dead
 * ones of sparse groups: most networks are content in minutes, a few need hours. */
#define PATIENCE_MS HOURS_MS(12)

struct outcome {
    uint64_t hash;
    bool content;
    char slander[32];
    char broken[256];
};

static struct outcome run(uint64_t seed)
{
    struct outcome outcome = {0};
    struct chaos *chaos = chaos_new(seed);
    sim_run_until(chaos->rig.sim, chaos->peace_ms);
    outcome.content = sim_run_until_true(
        chaos->rig.sim, chaos->peace_ms + PATIENCE_MS, SECONDS_MS(10), chaos_all_content, chaos);
    outcome.hash = sim_log_hash(chaos->rig.sim);
    memcpy(outcome.slander, chaos->slander, sizeof outcome.slander);
    const char *broken = watch_broken(chaos->rig.watch);
    snprintf(outcome.broken, sizeof outcome.broken, "%s", broken ? broken : "");
    chaos_free(chaos);
    return outcome;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* This program once more, printing hashes. */
static FILE *another_process(uint64_t first, uint64_t runs, pid_t *pid)
{
    int ends[2];
    char from[24], count[24];
    snprintf(from, sizeof from, "%llu", (unsigned long long)first);
    snprintf(count, sizeof count, "%llu", (unsigned long long)runs);
    assert_int_equal(pipe(ends), 0);
    *pid = fork();
    assert_true(*pid >= 0);
    if (*pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execl("/proc/self/exe", "sim_chaos_test", "hashes", from, count, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    return fdopen(ends[0], "r");
}

static void random_networks_keep_the_rules_and_find_peace_and_repeat(void **state)
{
    (void)state;
    uint64_t first = number_from("LUAPEX_SIM_FIRST", 1);
    uint64_t runs = number_from("LUAPEX_SIM_RUNS", RUNS);
    pid_t pid;
    FILE *other = another_process(first, runs, &pid);
    assert_non_null(other);
    unsigned failed = 0;
    for (uint64_t seed = first; seed < first + runs; seed++) {
        struct outcome outcome = run(seed);
        unsigned long long hash;
        assert_int_equal(fscanf(other, "%llx", &hash), 1);
        const char *why = outcome.broken[0] ? outcome.broken
            : outcome.slander[0]            ? outcome.slander
            : !outcome.content              ? "not every node found its peers"
            : hash != outcome.hash          ? "another process did otherwise"
                                            : NULL;
        if (why)
            print_error("network %llu: %s\n", (unsigned long long)seed, why);
        failed += why != NULL;
    }
    fclose(other);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(failed, 0);
}

static void the_same_number_gives_the_same_actions_twice_and_another_others(void **state)
{
    (void)state;
    assert_true(run(7).hash == run(7).hash);
    assert_true(run(7).hash != run(8).hash);
}

static int print_hashes(const char *first, const char *runs)
{
    uint64_t from = strtoull(first, NULL, 10), n = strtoull(runs, NULL, 10);
    for (uint64_t seed = from; seed < from + n; seed++)
        printf("%llx\n", (unsigned long long)run(seed).hash);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_number_gives_the_same_actions_twice_and_another_others),
        cmocka_unit_test(random_networks_keep_the_rules_and_find_peace_and_repeat),
    };
    if (argc == 4 && strcmp(argv[1], "hashes") == 0)
        return print_hashes(argv[2], argv[3]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
