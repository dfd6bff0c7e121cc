/* app/metrics/metrics.h: nodes as Prometheus text. */
#include "app/metrics/metrics.h"

#include <ctype.h>

#include "unit/node/world.h"

static char *text_of_nodes(const struct metrics_node *nodes, size_t n)
{
    char *text = NULL;
    size_t text_n = 0;
    assert_int_equal(metrics_text(nodes, n, &text, &text_n), ERR_OK);
    assert_int_equal(strlen(text), text_n);
    return text;
}

static struct metrics_node describe(
    const struct world *world, const char *namespace_, const char *network, uint32_t id)
{
    return (struct metrics_node){.namespace_ = namespace_,
        .network = network,
        .id = id_of(id),
        .node = world->node,
        .now = world->now};
}

static void has(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    if (!at || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n')
        fail_msg("no line %s", line);
}

static struct world *open_world(void)
{
    struct node_settings settings = world_settings();
    struct world *world = world_open(&settings);
    world_inbound(world, 1);
    return world;
}

static void a_name_begins_with_the_namespace_and_carries_the_network(void **state)
{
    (void)state;
    struct world *world = open_world();
    const struct metrics_node node = describe(world, "cometbft", "net-1", 1);
    char *text = text_of_nodes(&node, 1);
    has(text, "# TYPE cometbft_p2p_peers gauge");
    has(text, "cometbft_p2p_peers{chain_id=\"net-1\"} 1");
    has(text, "cometbft_pex_slots_used{chain_id=\"net-1\",direction=\"inbound\"} 1");
    has(text, "cometbft_pex_crawl_pass_duration_seconds_count{chain_id=\"net-1\"} 0");
    free(text);
    world_free(world);
}

static void without_a_namespace_names_begin_with_their_own_word(void **state)
{
    (void)state;
    struct world *world = open_world();
    const struct metrics_node node = describe(world, "", "net-1", 1);
    char *text = text_of_nodes(&node, 1);
    has(text, "p2p_peers{chain_id=\"net-1\"} 1");
    free(text);
    world_free(world);
}

static void a_label_cannot_forge_a_sample(void **state)
{
    (void)state;
    struct world *world = open_world();
    const struct metrics_node node = describe(world, "n", "a\"} 7\n\\", 1);
    char *text = text_of_nodes(&node, 1);
    has(text, "n_p2p_peers{chain_id=\"a\\\"} 7?\\\\\"} 1");
    free(text);
    world_free(world);
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

static void nodes_of_one_namespace_stand_together(void **state)
{
    (void)state;
    struct world *world = open_world();
    const struct metrics_node nodes[] = {describe(world, "a", "net-1", 1),
        describe(world, "b", "net-1", 2), describe(world, "a", "net-2", 3)};
    char *text = text_of_nodes(nodes, 3);
    assert_int_equal(count_of(text, "# TYPE a_p2p_peers "), 1);
    assert_int_equal(count_of(text, "# TYPE b_p2p_peers "), 1);
    has(text, "a_p2p_peers{chain_id=\"net-1\"} 1\na_p2p_peers{chain_id=\"net-2\"} 1");
    has(text, "b_p2p_peers{chain_id=\"net-1\"} 1");
    free(text);
    world_free(world);
}

static void two_nodes_of_one_network_are_told_apart(void **state)
{
    (void)state;
    struct world *world = open_world();
    const struct metrics_node nodes[] = {describe(world, "a", "net", 1),
        describe(world, "a", "net", 2), describe(world, "a", "other", 3)};
    char *text = text_of_nodes(nodes, 3), line[128], id[PEER_ID_TEXT + 1];
    for (size_t i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "a_p2p_peers{chain_id=\"net\",node_id=\"%s\"} 1",
            peer_id_text(&nodes[i].id, id));
        has(text, line);
    }
    has(text, "a_p2p_peers{chain_id=\"other\"} 1");
    free(text);
    world_free(world);
}

static bool is_name(const char *name)
{
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static void the_table_holds_to_prometheus_customs(void **state)
{
    (void)state;
    for (size_t i = 0; i < metrics_table_n; i++) {
        const struct metric *metric = &metrics_table[i];
        size_t n = strlen(metric->name), total_n = strlen("_total");
        bool is_total = n > total_n && strcmp(metric->name + n - total_n, "_total") == 0;
        if (is_total != (metric->kind == METRIC_COUNTER))
            fail_msg("%s: counters, and only they, end in _total", metric->name);
        if (!is_name(metric->name) || metric->help[strlen(metric->help) - 1] != '.' ||
            strpbrk(metric->help, "\\\n"))
            fail_msg("%s", metric->name);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(metrics_table[k].name, metric->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_begins_with_the_namespace_and_carries_the_network),
        cmocka_unit_test(without_a_namespace_names_begin_with_their_own_word),
        cmocka_unit_test(a_label_cannot_forge_a_sample),
        cmocka_unit_test(nodes_of_one_namespace_stand_together),
        cmocka_unit_test(two_nodes_of_one_network_are_told_apart),
        cmocka_unit_test(the_table_holds_to_prometheus_customs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
