#include "app/sim/graph.h"

#include "sim/need.h"
#include <stdlib.h>
#include <string.h>

#define UNSEEN UINT32_MAX

void graph_init(struct graph *graph, uint32_t n)
{
    *graph = (struct graph){.n = n};
}

void graph_free(struct graph *graph)
{
    free(graph->edges);
}

void graph_connect(struct graph *graph, uint32_t a, uint32_t b)
{
    if (a == b)
        return;
    if (graph->edges_n == graph->edges_cap) {
        graph->edges_cap = graph->edges_cap ? 2 * graph->edges_cap : 64;
        graph->edges = need(realloc(graph->edges, graph->edges_cap * sizeof *graph->edges));
    }
    graph->edges[graph->edges_n++] = (struct graph_edge){a, b};
}

/* The neighbours of vertex i are next[starts[i]] .. next[starts[i + 1] - 1], an edge that was added
 * twice among them twice. */
struct walk {
    uint32_t n;
    size_t *starts;
    uint32_t *next;
    uint32_t *distances; /* from where the last walk began; UNSEEN: not reached */
    uint32_t *queue;
};

static struct walk walk_new(const struct graph *graph)
{
    size_t n = graph->n;
    struct walk walk = {
        .n = graph->n,
        .starts = need(calloc(n + 2, sizeof *walk.starts)),
        .next = need(calloc(2 * graph->edges_n + 1, sizeof *walk.next)),
        .distances = need(calloc(n + 1, sizeof *walk.distances)),
        .queue = need(calloc(n + 1, sizeof *walk.queue)),
    };
    size_t *ends = walk.starts + 1; /* for now: where the next neighbour of i goes */
    for (size_t e = 0; e < graph->edges_n; e++) {
        ends[graph->edges[e].a + 1]++;
        ends[graph->edges[e].b + 1]++;
    }
    for (size_t i = 1; i <= n; i++)
        ends[i] += ends[i - 1];
    for (size_t e = 0; e < graph->edges_n; e++) {
        walk.next[ends[graph->edges[e].a]++] = graph->edges[e].b;
        walk.next[ends[graph->edges[e].b]++] = graph->edges[e].a;
    }
    return walk;
}

static void walk_free(struct walk *walk)
{
    free(walk->starts);
    free(walk->next);
    free(walk->distances);
    free(walk->queue);
}

/* Visits all that can be reached, near ones first; returns how many, `from` included. */
static uint32_t walk_from(struct walk *walk, uint32_t from)
{
    uint32_t head = 0, tail = 0;
    memset(walk->distances, 0xff, walk->n * sizeof *walk->distances);
    walk->distances[from] = 0;
    walk->queue[tail++] = from;
    while (head < tail) {
        uint32_t at = walk->queue[head++];
        for (size_t e = walk->starts[at]; e < walk->starts[at + 1]; e++) {
            uint32_t to = walk->next[e];
            if (walk->distances[to] != UNSEEN)
                continue;
            walk->distances[to] = walk->distances[at] + 1;
            walk->queue[tail++] = to;
        }
    }
    return tail;
}

/* A vertex of the largest component, which has *size of them. */
static uint32_t find_largest(struct walk *walk, uint32_t *size)
{
    uint8_t *seen = need(calloc(walk->n, 1));
    uint32_t best = 0;
    *size = 0;
    for (uint32_t i = 0; i < walk->n; i++) {
        if (seen[i])
            continue;
        uint32_t n = walk_from(walk, i);
        for (uint32_t q = 0; q < n; q++)
            seen[walk->queue[q]] = 1;
        if (n > *size) {
            *size = n;
            best = i;
        }
    }
    free(seen);
    return best;
}

struct graph_shape graph_shape(const struct graph *graph)
{
    struct graph_shape shape = {0};
    if (graph->n == 0)
        return shape;
    struct walk walk = walk_new(graph);
    uint64_t sum = 0;
    uint32_t first = find_largest(&walk, &shape.largest);
    walk_from(&walk, first);
    uint32_t *members = copy_of(walk.queue, shape.largest * sizeof *members);
    for (uint32_t i = 0; i < shape.largest; i++) {
        walk_from(&walk, members[i]);
        for (uint32_t q = 0; q < shape.largest; q++) {
            uint32_t distance = walk.distances[walk.queue[q]];
            sum += distance;
            if (distance > shape.diameter)
                shape.diameter = distance;
        }
    }
    if (shape.largest > 1)
        shape.path_mean = (double)sum / ((double)shape.largest * (shape.largest - 1));
    free(members);
    walk_free(&walk);
    return shape;
}
