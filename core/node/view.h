/* What policies see of a node (behaviour.md L1): copies and plain values. Rows are built in the
 * memory of the step, at most ROWS_MAX for one question; of more, a random sample. */
#ifndef NODE_VIEW_H
#define NODE_VIEW_H

#include "book/bans.h"
#include "node/state.h"

#define ROWS_MAX 1024

/* Texts behind the pointers of one row. */
struct row_text {
    char id[PEER_ID_TEXT + 1];
    char ip[IP_TEXT_MAX];
    char group[GROUP_TEXT_MAX];
    char source_ip[IP_TEXT_MAX];
    char source_group[GROUP_TEXT_MAX];
};

/* How every row names an address. */
struct view_name {
    const char *id, *ip, *group, *tag;
    int64_t port;
};
struct view_name view_name(const struct node *node, const struct addr *addr, struct row_text *text);

/* Wall time as policies see it, never going back; age of something that happened at a wall time,
 * NEVER_AGE for 0. */
#define NEVER_AGE (-1.0)
double view_now_s(const struct step *step);
double view_age_s(const struct step *step, int64_t wall_ms);
double view_age_mono_s(const struct step *step, int64_t mono_ms); /* NEVER_AGE for NEVER_MS */

void view_common(const struct step *step, struct policy_common *common);
/* The row of an address, whether it is in the book or not. */
void view_address(const struct step *step, const struct addr *addr, struct address_row *row,
    struct row_text *text);
void view_peer(
    const struct step *step, const struct conn *conn, struct peer_row *row, struct row_text *text);

/* The rows of n addresses. */
const struct address_row *view_addresses(struct step *step, const struct addr *addrs, size_t n);

/* Some of the peers, and the numbers of their connections: whoever acts on one row may change where
 * the others are. */
struct peer_rows {
    const struct peer_row *at;
    const uint64_t *numbers;
    size_t n;
};
struct peer_rows view_peers(
    struct step *step, bool (*keep)(const struct step *step, const struct conn *conn));
/* The same for what may be asked at any time: looks at no more than `looks` connections, spread
 * over all, each as likely as any other. */
struct peer_rows view_some_peers(struct step *step,
    bool (*keep)(const struct step *step, const struct conn *conn), uint32_t looks);

/* Rows that a verdict chose, each once: false for what is no row, or a row for the second time.
 * `seen` has room for n flags and is all false at first. */
static inline bool view_take_row(bool *seen, size_t n, int64_t row)
{
    if (row < 0 || (size_t)row >= n || seen[row])
        return false;
    seen[row] = true;
    return true;
}

#endif
