/* The shape of graphs made by hand. */
#include "app/sim/graph.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EDGES_MAX 16

struct drawn {
    uint32_t n;
    struct graph_edge edges[EDGES_MAX];
    size_t edges_n;
};

static struct graph_shape shape_of(const struct drawn *drawn)
{
    struct graph graph;
    graph_init(&graph, drawn->n);
    for (size_t i = 0; i < drawn->edges_n; i++)
        graph_connect(&graph, drawn->edges[i].a, drawn->edges[i].b);
    struct graph_shape shape = graph_shape(&graph);
    graph_free(&graph);
    return shape;
}

static void assert_shape(const struct drawn *drawn, struct graph_shape wanted)
{
    struct graph_shape shape = shape_of(drawn);
    assert_int_equal(shape.largest, wanted.largest);
    assert_int_equal(shape.diameter, wanted.diameter);
    assert_float_equal(shape.path_mean, wanted.path_mean, 1e-9);
}

static void a_path_is_as_long_as_its_edges(void **state)
{
    (void)state;
    /* 0 - 1 - 2 - 3: three paths of 1, two of 2, one of 3 */
    assert_shape(
        &(struct drawn){4, {{0, 1}, {1, 2}, {2, 3}}, 3}, (struct graph_shape){4, 10.0 / 6, 3});
}

static void a_ring_closes_the_way_round(void **state)
{
    (void)state;
    assert_shape(&(struct drawn){5, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 0}}, 5},
        (struct graph_shape){5, 1.5, 2});
}

static void a_star_has_its_hub_on_every_path(void **state)
{
    (void)state;
    /* of six paths, three are 1 and three are 2 */
    assert_shape(&(struct drawn){4, {{2, 0}, {2, 1}, {2, 3}}, 3}, (struct graph_shape){4, 1.5, 2});
}

static void the_largest_component_counts_wherever_it_lies(void **state)
{
    (void)state;
    assert_shape(
        &(struct drawn){7, {{0, 1}, {3, 4}, {4, 6}, {6, 3}}, 4}, (struct graph_shape){3, 1, 1});
}

static void edges_added_twice_and_loops_change_nothing(void **state)
{
    (void)state;
    assert_shape(&(struct drawn){3, {{0, 1}, {1, 0}, {0, 1}, {1, 2}, {2, 2}}, 5},
        (struct graph_shape){3, 4.0 / 3, 2});
}

static void without_edges_a_vertex_is_alone(void **state)
{
    (void)state;
    assert_shape(&(struct drawn){3, {{0, 0}}, 0}, (struct graph_shape){1, 0, 0});
    assert_shape(&(struct drawn){0, {{0, 0}}, 0}, (struct graph_shape){0, 0, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_as_long_as_its_edges),
        cmocka_unit_test(a_ring_closes_the_way_round),
        cmocka_unit_test(a_star_has_its_hub_on_every_path),
        cmocka_unit_test(the_largest_component_counts_wherever_it_lies),
        cmocka_unit_test(edges_added_twice_and_loops_change_nothing),
        cmocka_unit_test(without_edges_a_vertex_is_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
