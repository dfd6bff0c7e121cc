#include "app/sim/figures.h"

#include "app/text/wrap.h"
#include <stdio.h>

#define NAME_COLUMN 30 /* of the help: where the text begins */
#define NAME_INDENT "                              "

static bool with_attackers(const struct scenario *scenario)
{
    return scenario->attackers > 0;
}

static bool with_dead(const struct scenario *scenario)
{
    return scenario->dead > 0;
}

const struct figure_kind figure_kinds[FIGURES] = {
    [FIGURE_TARGET_HALF] =
        {
            .name = "target_half_s",
            .heading = "Outbound target",
            .label = "half of the nodes after, s",
            .doc = "Seconds that a node was on until it first had as many outbound peers as "
                   "--outbound says: half of the nodes got there within these; null, never: fewer "
                   "did.",
        },
    [FIGURE_TARGET_90] =
        {
            .name = "target_90_s",
            .label = "90 % after, s",
            .doc = "The same for 90 % of the nodes.",
        },
    [FIGURE_TARGET_ALL] =
        {
            .name = "target_all_s",
            .label = "all after, s",
            .doc = "The same for all nodes.",
        },
    [FIGURE_BELOW_TARGET] =
        {
            .name = "below_target_percent",
            .label = "below it since, % of time",
            .doc = "Share of the time in which nodes were on and had reached the target once, that "
                   "they had fewer outbound peers than it.",
            .decimals = 1,
        },
    [FIGURE_OUTBOUND_MIN] =
        {
            .name = "outbound_min",
            .heading = "Peers at the end",
            .label = "outbound, fewest",
            .doc = "Outbound peers at the end, of the nodes that are on then: of the one that has "
                   "fewest.",
        },
    [FIGURE_OUTBOUND_MEDIAN] =
        {
            .name = "outbound_median",
            .label = "outbound, median",
            .doc = "The same, the median of the nodes.",
        },
    [FIGURE_OUTBOUND_MAX] =
        {
            .name = "outbound_max",
            .label = "outbound, most",
            .doc = "The same, of the one that has most.",
        },
    [FIGURE_INBOUND_MIN] =
        {
            .name = "inbound_min",
            .label = "inbound, fewest",
            .doc = "Inbound peers at the end: of the node that has fewest.",
        },
    [FIGURE_INBOUND_MEDIAN] =
        {
            .name = "inbound_median",
            .label = "inbound, median",
            .doc = "The same, the median of the nodes.",
        },
    [FIGURE_INBOUND_MAX] =
        {
            .name = "inbound_max",
            .label = "inbound, most",
            .doc = "The same, of the one that has most.",
        },
    [FIGURE_OUTBOUND_GROUPS] =
        {
            .name = "outbound_groups",
            .label = "groups of the outbound",
            .doc = "Address groups (/16) of a node's outbound peers at the end, each counted once: "
                   "the median of the nodes.",
        },
    [FIGURE_OUTBOUND_RTT] =
        {
            .name = "outbound_rtt_ms",
            .label = "round trip to them, ms",
            .doc = "Mean round trip of the network between a node and its outbound peers at the "
                   "end: the median of the nodes.",
        },
    [FIGURE_LARGEST_COMPONENT] =
        {
            .name = "largest_component_percent",
            .heading = "Graph at the end",
            .label = "largest component, %",
            .doc = "All nodes that are on at the end are vertices, and connections between them "
                   "edges. Share of the nodes that the largest component holds.",
            .decimals = 1,
        },
    [FIGURE_PATH_MEAN] =
        {
            .name = "path_mean",
            .label = "mean shortest path",
            .doc = "Mean length of the shortest paths between any two nodes of it.",
            .decimals = 2,
        },
    [FIGURE_DIAMETER] =
        {
            .name = "diameter",
            .label = "diameter",
            .doc = "The longest of these paths.",
        },
    [FIGURE_BOOK_ENTRIES] =
        {
            .name = "book_entries",
            .heading = "Address books at the end",
            .label = "entries",
            .doc = "Addresses in a node's book: the median of the nodes.",
        },
    [FIGURE_BOOK_KNOWN] =
        {
            .name = "book_known_percent",
            .label = "network known, %",
            .doc = "Share of all other nodes, on or off, that are in a node's book where they are: "
                   "the median of the nodes.",
            .decimals = 1,
        },
    [FIGURE_BOOK_OLD] =
        {
            .name = "book_old_percent",
            .label = "vetted (old), %",
            .doc = "Share of the entries of all books that were marked good.",
            .decimals = 1,
        },
    [FIGURE_BOOK_DEAD] =
        {
            .name = "book_dead_percent",
            .label = "dead, %",
            .doc = "Share of the entries of all books where nobody is (--dead).",
            .decimals = 1,
            .matters = with_dead,
        },
    [FIGURE_DIALS] =
        {
            .name = "dials_per_h",
            .heading = "A node in an hour",
            .label = "dials",
            .doc = "Dials of all nodes over the hours that they were on together.",
        },
    [FIGURE_DIALS_FAILED] =
        {
            .name = "dials_failed_percent",
            .label = "failed, % of them",
            .doc = "Share of them that failed before the handshake was done, of those that ended.",
            .decimals = 1,
        },
    [FIGURE_REQUESTS_SENT] =
        {
            .name = "requests_sent_per_h",
            .label = "requests sent",
            .doc = "Requests for addresses that nodes sent, likewise.",
        },
    [FIGURE_REQUESTS_RECEIVED] =
        {
            .name = "requests_received_per_h",
            .label = "requests received",
            .doc = "Those that came to them.",
        },
    [FIGURE_ADDRESSES_RECEIVED] =
        {
            .name = "addresses_received_per_h",
            .label = "addresses received",
            .doc = "Addresses in the lists that came to them, known ones included.",
        },
    [FIGURE_ATTACKERS_OUTBOUND] =
        {
            .name = "attackers_outbound_percent",
            .heading = "Attackers at the end",
            .label = "outbound slots held, %",
            .doc = "Share of the outbound peers of all nodes that are attackers.",
            .decimals = 1,
            .matters = with_attackers,
        },
    [FIGURE_ATTACKERS_BOOK] =
        {
            .name = "attackers_book_percent",
            .label = "entries of books, %",
            .doc = "Share of the entries of all books that are attackers.",
            .decimals = 1,
            .matters = with_attackers,
        },
    [FIGURE_ECLIPSED] =
        {
            .name = "eclipsed_nodes",
            .label = "eclipsed nodes",
            .doc = "Nodes that have outbound peers, all of them attackers.",
            .matters = with_attackers,
        },
};

void figures_help(void)
{
    puts(
        "\nWhat is measured, by its name in --json. The nodes are those that run the policy (with\n"
        "--subjects seeds: all), and seconds are whole ones:");
    for (size_t i = 0; i < FIGURES; i++) {
        char left[64];
        snprintf(left, sizeof left, "  %-*s", NAME_COLUMN - 2, figure_kinds[i].name);
        wrap_write(stdout, left, NAME_INDENT, figure_kinds[i].doc);
    }
}
