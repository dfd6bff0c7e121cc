/* The shape of an undirected graph, exact: every path is followed, so it costs vertices * edges. */
#ifndef APP_GRAPH_H
#define APP_GRAPH_H

#include <stddef.h>
#include <stdint.h>

struct graph {
    uint32_t n; /* vertices, numbered from 0 */
    struct graph_edge {
        uint32_t a, b;
    } * edges;
    size_t edges_n, edges_cap;
};

void graph_init(struct graph *graph, uint32_t n);
void graph_free(struct graph *graph);
/* Known edges may be added again, in either direction; one from a vertex to itself is none. */
void graph_connect(struct graph *graph, uint32_t a, uint32_t b);

/* Of the largest component. */
struct graph_shape {
    uint32_t largest;  /* its vertices; 0: the graph has none */
    double path_mean;  /* of the shortest paths between any two of them; 0: it is one vertex */
    uint32_t diameter; /* the longest of these */
};
struct graph_shape graph_shape(const struct graph *graph);

#endif
