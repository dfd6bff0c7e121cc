/* The policies that ship, and the one that policies/README.md teaches. */
#include "unit/script/fixture.h"

#include "base/embedded.h"

static void check(struct fixture *fixture, const struct script_source *source)
{
    struct script_report report = {0};
    struct script_settings settings = fixture->settings;
    settings.tries_hooks = true;
    if (script_check(&settings, source, &report, &fixture->error) != ERR_OK)
        fail_msg("%s: %s:%d: %s", source->name, fixture->error.file, fixture->error.line,
            fixture->error.message);
    if (report.examples_n == 0)
        fail_msg("%s has no examples", source->name);
    if (report.changed_n > 0)
        fail_msg("%s changes its local %s", source->name, report.changed[0]);
}

/* A part is a file that only a policy can use: it makes no policy of its own. */
static bool is_part(const struct embedded_file *file)
{
    return strstr(file->text, "pex.policy") == NULL;
}

static void every_policy_that_ships_passes_its_examples(void **state)
{
    unsigned policies = 0;
    for (size_t i = 0; i < embedded_files_n; i++) {
        const struct embedded_file *file = &embedded_files[i];
        if (strncmp(file->name, "policies/", 9) != 0 || is_part(file))
            continue;
        struct script_source source = {.name = file->name, .text = span_of(file->text, file->size)};
        check(*state, &source);
        policies++;
    }
    assert_true(policies >= 2);
}

static void every_policy_that_ships_loads_and_answers(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"default", "tendermint", "seed", "crawler", "diverse",
        "feeler", "sticky", "latency", "adaptive", "private"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(
            script_load_builtin(fixture->script, names[i], NOW_S, &fixture->error), ERR_OK);
        ask_bias(fixture, 0, 10);
    }
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
}

static void first_policy_of_the_readme_passes_its_examples(void **state)
{
    static char readme[16 * 1024];
    FILE *file = fopen(TESTS_DIR "/../policies/README.md", "r");
    assert_non_null(file);
    size_t n = fread(readme, 1, sizeof readme - 1, file);
    fclose(file);
    readme[n] = 0;
    char *from = strstr(readme, "```lua\n");
    assert_non_null(from);
    char *to = strstr(from + 7, "```");
    assert_non_null(to);
    *to = 0;
    struct script_source source = {.name = "patient.lua", .text = span_of_text(from + 7)};
    check(*state, &source);
}

/* Candidates all over: no group gets more than one connection, those we have counted. */
static void diverse_takes_one_candidate_of_each_group(void **state)
{
    struct fixture *fixture = *state;
    static struct address_row rows[200];
    static char groups[200][24];
    static struct select_verdict verdict;
    assert_int_equal(
        script_load_builtin(fixture->script, "diverse", NOW_S, &fixture->error), ERR_OK);
    struct select_view view;
    schema_view_defaults(&schema_hooks[HOOK_select], &view);
    bool taken[20] = {false};
    size_t expected = 0;
    for (size_t i = 0; i < 200; i++) {
        size_t group = rng_below(&fixture->rng, 20);
        snprintf(groups[i], 24, "9.%zu.0.0", group);
        schema_row_defaults(&schema_rows[0], &rows[i]);
        rows[i].group = groups[i];
        rows[i].group_outbound = group % 4 == 0;
        rows[i].retry_in_s = rng_below(&fixture->rng, 3) == 0 ? 5 : 0;
        bool is_free = group % 4 != 0 && rows[i].retry_in_s == 0;
        expected += is_free && !taken[group];
        taken[group] = taken[group] || is_free;
    }
    view.candidates = rows;
    view.candidates_n = 200;
    assert_int_equal(ask(fixture, HOOK_select, &view, &verdict), ERR_OK);
    assert_int_equal(verdict.picks_n, expected);
    for (size_t i = 0; i < verdict.picks_n; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(
                rows[verdict.picks[i].row].group, rows[verdict.picks[j].row].group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_policy_that_ships_passes_its_examples),
        TEST(every_policy_that_ships_loads_and_answers),
        TEST(first_policy_of_the_readme_passes_its_examples),
        TEST(diverse_takes_one_candidate_of_each_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
