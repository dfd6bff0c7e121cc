#include "node/conns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DIAL_RANGE_V4 (96 + 24)
#define DIAL_RANGE_V6 48
#define HOME_V6 64

/* A key of outbound_tags: a tag, and zeros behind it. */
struct conn_tag {
    char text[TAG_MAX + 1];
};

void conns_init(struct conns *conns, bool strict, const struct tags *tags, struct rng *rng)
{
    *conns = (struct conns){.strict = strict, .tags = tags};
    map_init(&conns->by_number, sizeof(uint64_t), rng_next(rng));
    map_init(&conns->dialing_by_id, PEER_ID_SIZE, rng_next(rng));
    map_init(&conns->peer_by_id, PEER_ID_SIZE, rng_next(rng));
    map_init(&conns->dialing_ips, sizeof(struct ip), rng_next(rng));
    map_init(&conns->open_ips, sizeof(struct ip), rng_next(rng));
    map_init(&conns->dialing_ranges, sizeof(struct ip), rng_next(rng));
    map_init(&conns->outbound_groups, sizeof(struct group), rng_next(rng));
    map_init(&conns->outbound_tags, sizeof(struct conn_tag), 0); /* no peer chooses a tag */
    map_init(&conns->accepted_homes, sizeof(struct ip), rng_next(rng));
    map_init(&conns->accepted_groups, sizeof(struct group), rng_next(rng));
}

void conns_free(struct conns *conns)
{
    free(conns->at);
    map_free(&conns->by_number);
    map_free(&conns->dialing_by_id);
    map_free(&conns->peer_by_id);
    map_free(&conns->dialing_ips);
    map_free(&conns->open_ips);
    map_free(&conns->dialing_ranges);
    map_free(&conns->outbound_groups);
    map_free(&conns->outbound_tags);
    map_free(&conns->accepted_homes);
    map_free(&conns->accepted_groups);
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

/* Takes what the next changes need, so that none of them can fail half-way. */
static bool reserve_maps(struct conns *conns)
{
    return map_reserve(&conns->by_number) && map_reserve(&conns->dialing_by_id) &&
        map_reserve(&conns->peer_by_id) && map_reserve(&conns->dialing_ips) &&
        map_reserve(&conns->open_ips) && map_reserve(&conns->dialing_ranges) &&
        map_reserve(&conns->outbound_groups) && map_reserve(&conns->accepted_homes) &&
        map_reserve(&conns->accepted_groups) &&
        (!conns->tags || map_reserve(&conns->outbound_tags));
}

static bool reserve(struct conns *conns)
{
    if (conns->n == conns->cap) {
        uint32_t cap = conns->cap ? conns->cap * 2 : 16;
        struct conn *at = realloc(conns->at, cap * sizeof *at);
        if (!at)
            return false;
        conns->at = at;
        conns->cap = cap;
    }
    return reserve_maps(conns);
}

/* Room has been reserved, or the key is there and only its value changes. */
static void put(struct map *map, const void *key, uint32_t value)
{
    bool done = map_put(map, key, value);
    assert(done);
    (void)done;
}

static uint32_t tally_of(const struct map *tally, const void *key)
{
    uint32_t n = map_get(tally, key);
    return n == MAP_NONE ? 0 : n;
}

/* by: +1 or -1 */
static void tally_add(struct map *tally, const void *key, int by)
{
    uint32_t n = tally_of(tally, key) + (uint32_t)by;
    if (n > 0)
        put(tally, key, n);
    else
        map_remove(tally, key);
}

static void count_peer(struct conns *conns, const struct conn *conn, int by)
{
    conns->peers += (uint32_t)by;
    if (conn->unconditional)
        return;
    if (conn->outbound)
        conns->outbound += (uint32_t)by;
    else
        conns->inbound += (uint32_t)by;
}

static void count_dial(struct conns *conns, const struct conn *conn, int by)
{
    struct ip range = conns_range(&conn->remote.ip);
    conns->dialing += (uint32_t)by;
    if (conn->origin == ORIGIN_FEELER)
        conns->feelers += (uint32_t)by;
    tally_add(&conns->dialing_ranges, &range, by);
}

static struct conn_tag tag_key(const char *tag)
{
    struct conn_tag key = {{0}};
    memcpy(key.text, tag, strnlen(tag, TAG_MAX));
    return key;
}

static void count_tag(struct conns *conns, const struct conn *conn, int by)
{
    if (!conn->outbound || !*conn->tag)
        return;
    struct conn_tag tag = tag_key(conn->tag);
    tally_add(&conns->outbound_tags, &tag, by);
}

/* Counts a connection in its state; by: +1 or -1. */
static void count(struct conns *conns, const struct conn *conn, int by)
{
    bool dialing = conn->state == CONN_DIALING;
    tally_add(dialing ? &conns->dialing_ips : &conns->open_ips, &conn->remote.ip, by);
    struct group group = ip_group(&conn->remote.ip, conns->strict);
    tally_add(conn->outbound ? &conns->outbound_groups : &conns->accepted_groups, &group, by);
    count_tag(conns, conn, by);
    if (!conn->outbound) {
        struct ip home = conns_home(&conn->remote.ip);
        tally_add(&conns->accepted_homes, &home, by);
    }
    if (dialing)
        count_dial(conns, conn, by);
    else if (conn->state == CONN_PEER)
        count_peer(conns, conn, by);
    else
        conns->handshaking += (uint32_t)by;
}

/* Writes the position of a connection into every index. */
static void index_conn(struct conns *conns, uint32_t i)
{
    struct conn *conn = &conns->at[i];
    struct map *ids = id_index(conns, conn);
    put(&conns->by_number, &conn->number, i);
    if (ids)
        put(ids, &conn->id, i);
}

static void forget_conn(struct conns *conns, const struct conn *conn)
{
    struct map *ids = id_index(conns, conn);
    map_remove(&conns->by_number, &conn->number);
    if (ids)
        map_remove(ids, &conn->id);
}

struct conn *conns_add(struct conns *conns, const struct conn *conn)
{
    assert(!conns_find(conns, conn->number));
    assert(conn->state != CONN_DIALING || !conns_dial(conns, &conn->id));
    if (!reserve(conns))
        return NULL;
    uint32_t i = conns->n++;
    conns->at[i] = *conn;
    conns->at[i].tag = tags_find(conns->tags, &conn->remote.ip);
    index_conn(conns, i);
    count(conns, &conns->at[i], 1);
    return &conns->at[i];
}

void conns_remove(struct conns *conns, struct conn *conn)
{
    uint32_t i = (uint32_t)(conn - conns->at);
    assert(i < conns->n);
    count(conns, conn, -1);
    forget_conn(conns, conn);
    uint32_t last = --conns->n;
    if (i == last)
        return;
    conns->at[i] = conns->at[last];
    index_conn(conns, i);
}

bool conns_promote(
    struct conns *conns, struct conn *conn, const struct peer_id *id, int64_t mono_ms)
{
    assert(conn->state != CONN_PEER && !conns_peer(conns, id));
    if (!reserve_maps(conns))
        return false;
    count(conns, conn, -1);
    forget_conn(conns, conn);
    conn->id = *id;
    conn->state = CONN_PEER;
    conn->since_ms = mono_ms;
    index_conn(conns, (uint32_t)(conn - conns->at));
    count(conns, conn, 1);
    return true;
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
    return tally_of(&conns->dialing_ips, ip) + tally_of(&conns->open_ips, ip);
}

uint32_t conns_open_with_ip(const struct conns *conns, const struct ip *ip)
{
    return tally_of(&conns->open_ips, ip);
}

struct ip conns_home(const struct ip *ip)
{
    return ip_is_v4(ip) ? *ip : cidr_of(ip, HOME_V6).ip;
}

uint32_t conns_accepted_from(const struct conns *conns, const struct ip *ip)
{
    struct ip home = conns_home(ip);
    return tally_of(&conns->accepted_homes, &home);
}

uint32_t conns_accepted_in_group(const struct conns *conns, struct group group)
{
    return tally_of(&conns->accepted_groups, &group);
}

struct ip conns_range(const struct ip *ip)
{
    return cidr_of(ip, ip_is_v4(ip) ? DIAL_RANGE_V4 : DIAL_RANGE_V6).ip;
}

uint32_t conns_dials_in_range(const struct conns *conns, const struct ip *range)
{
    return tally_of(&conns->dialing_ranges, range);
}

uint32_t conns_outbound_in_group(const struct conns *conns, struct group group)
{
    return tally_of(&conns->outbound_groups, &group);
}

uint32_t conns_outbound_with_tag(const struct conns *conns, const char *tag)
{
    struct conn_tag key = tag_key(tag);
    return *tag ? tally_of(&conns->outbound_tags, &key) : 0;
}
