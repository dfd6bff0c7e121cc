#include "node/conns.h"

#include <assert.h>
#include <stdlib.h>

void conns_init(struct conns *conns, struct rng *rng)
{
    *conns = (struct conns){0};
    map_init(&conns->by_number, sizeof(uint64_t), rng_next(rng));
    map_init(&conns->dialing_by_id, PEER_ID_SIZE, rng_next(rng));
    map_init(&conns->peer_by_id, PEER_ID_SIZE, rng_next(rng));
    map_init(&conns->dialing_ips, sizeof(struct ip), rng_next(rng));
    map_init(&conns->open_ips, sizeof(struct ip), rng_next(rng));
}

void conns_free(struct conns *conns)
{
    free(conns->at);
    map_free(&conns->by_number);
    map_free(&conns->dialing_by_id);
    map_free(&conns->peer_by_id);
    map_free(&conns->dialing_ips);
    map_free(&conns->open_ips);
    *conns = (struct conns){0};
}

/* The index that holds this connection's ID, or NULL when its ID is not known yet. */
static struct map *id_index(struct conns *conns, const struct conn *conn)
{
    switch ((enum conn_state)conn->state) {
    case CONN_DIALING:
        return &conns->dialing_by_id;
    case CONN_PEER:
        return &conns->peer_by_id;
    case CONN_HANDSHAKING:
        break;
    }
    return NULL;
}

static void count(struct conns *conns, const struct conn *conn, uint32_t by)
{
    switch ((enum conn_state)conn->state) {
    case CONN_DIALING:
        conns->dialing += by;
        break;
    case CONN_HANDSHAKING:
        conns->handshaking += by;
        break;
    case CONN_PEER:
        conns->peers += by;
        if (!conn->unconditional && conn->outbound)
            conns->outbound += by;
        if (!conn->unconditional && !conn->outbound)
            conns->inbound += by;
        break;
    }
}

/* Writes the position of a connection into every index. */
static bool index_conn(struct conns *conns, uint32_t i)
{
    struct conn *conn = &conns->at[i];
    struct map *ids = id_index(conns, conn);
    return map_put(&conns->by_number, &conn->number, i) && (!ids || map_put(ids, &conn->id, i));
}

static void forget_conn(struct conns *conns, const struct conn *conn)
{
    struct map *ids = id_index(conns, conn);
    map_remove(&conns->by_number, &conn->number);
    if (ids)
        map_remove(ids, &conn->id);
}

static uint32_t ip_count(const struct map *ips, const struct ip *ip)
{
    uint32_t n = map_get(ips, ip);
    return n == MAP_NONE ? 0 : n;
}

/* by: +1 or -1 */
static bool count_ip(struct conns *conns, const struct conn *conn, int by)
{
    struct map *ips = conn->state == CONN_DIALING ? &conns->dialing_ips : &conns->open_ips;
    const struct ip *ip = &conn->remote.ip;
    uint32_t n = ip_count(ips, ip) + (uint32_t)by;
    if (n > 0)
        return map_put(ips, ip, n);
    map_remove(ips, ip);
    return true;
}

struct conn *conns_add(struct conns *conns, const struct conn *conn)
{
    if (conns->n == conns->cap) {
        uint32_t cap = conns->cap ? conns->cap * 2 : 16;
        struct conn *at = realloc(conns->at, cap * sizeof *at);
        if (!at)
            return NULL;
        conns->at = at;
        conns->cap = cap;
    }
    if (!count_ip(conns, conn, 1))
        return NULL;
    uint32_t i = conns->n;
    conns->at[i] = *conn;
    if (!index_conn(conns, i)) {
        forget_conn(conns, conn);
        count_ip(conns, conn, -1);
        return NULL;
    }
    conns->n++;
    count(conns, conn, 1);
    return &conns->at[i];
}

void conns_remove(struct conns *conns, struct conn *conn)
{
    uint32_t i = (uint32_t)(conn - conns->at);
    assert(i < conns->n);
    count(conns, conn, UINT32_MAX); /* minus one */
    count_ip(conns, conn, -1);
    forget_conn(conns, conn);
    uint32_t last = --conns->n;
    if (i == last)
        return;
    conns->at[i] = conns->at[last];
    bool indexed = index_conn(conns, i); /* replaces values only: takes no memory */
    assert(indexed);
    (void)indexed;
}

bool conns_promote(
    struct conns *conns, struct conn *conn, const struct peer_id *id, int64_t mono_ms)
{
    assert(conn->state != CONN_PEER && !conns_peer(conns, id));
    count(conns, conn, UINT32_MAX);
    count_ip(conns, conn, -1);
    forget_conn(conns, conn);
    conn->id = *id;
    conn->state = CONN_PEER;
    conn->since_ms = mono_ms;
    bool indexed = index_conn(conns, (uint32_t)(conn - conns->at));
    count_ip(conns, conn, 1);
    count(conns, conn, 1);
    return indexed;
}

static struct conn *conn_at(const struct conns *conns, uint32_t i)
{
    return i == MAP_NONE ? NULL : &conns->at[i];
}

struct conn *conns_find(const struct conns *conns, uint64_t number)
{
    return conn_at(conns, map_get(&conns->by_number, &number));
}

struct conn *conns_peer(const struct conns *conns, const struct peer_id *id)
{
    return conn_at(conns, map_get(&conns->peer_by_id, id));
}

struct conn *conns_dial(const struct conns *conns, const struct peer_id *id)
{
    return conn_at(conns, map_get(&conns->dialing_by_id, id));
}

uint32_t conns_with_ip(const struct conns *conns, const struct ip *ip)
{
    return ip_count(&conns->dialing_ips, ip) + ip_count(&conns->open_ips, ip);
}

uint32_t conns_open_with_ip(const struct conns *conns, const struct ip *ip)
{
    return ip_count(&conns->open_ips, ip);
}
