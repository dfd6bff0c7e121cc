/* core/node/conns.h against a slow, obvious model, and out of memory at every allocation (S1 - S3,
 * S5, S7). */
#include <stdlib.h>

/* Allocations fail when this reaches zero; negative: never. */
static int allocations_left = -1;

static int may_allocate(void)
{
    if (allocations_left > 0)
        allocations_left--;
    else if (allocations_left == 0)
        return 0;
    return 1;
}

static void *failing_malloc(size_t n)
{
    return may_allocate() ? malloc(n) : NULL;
}

static void *failing_realloc(void *memory, size_t n)
{
    return may_allocate() ? realloc(memory, n) : NULL;
}

/* The code under test with an allocator of ours: the linker then takes neither from the library. */
#define malloc failing_malloc
#define realloc failing_realloc
#include "base/map.c"
#include "node/conns.c"
#undef malloc
#undef realloc

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MODEL_MAX 300

struct model {
    struct conn at[MODEL_MAX];
    uint32_t n;
    uint64_t next;
};

static struct rng dice;
static struct tags *tags;

static int set_up(void **state)
{
    (void)state;
    static const char text[] = "20.0.0.0/15 one\n20.1.0.0/24 two\n2600:1900::/32 two\n";
    return tags_parse(span_of_text(text), &tags, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    tags_free(tags);
    return 0;
}

static uint32_t below(uint32_t bound)
{
    return (uint32_t)rng_below(&dice, bound);
}

static struct peer_id id_of(uint32_t n)
{
    return (struct peer_id){{(uint8_t)n, (uint8_t)(n >> 8), 1}};
}

/* Few IPs, ranges and groups, IPv6 among them, so that they repeat. */
static struct ip some_ip(void)
{
    if (below(3) == 0)
        return (struct ip){{0x26, 0, 0x19, (uint8_t)below(2), 0, (uint8_t)below(2), [15] = 1}};
    return ip_of_v4((20u << 24) + (below(2) << 16) + (below(2) << 8) + below(3));
}

static struct conn some_conn(struct model *model)
{
    struct conn conn = {
        .number = ++model->next,
        .remote = {some_ip(), 1},
        .state = below(2) ? CONN_DIALING : CONN_HANDSHAKING,
        .unconditional = below(4) == 0,
    };
    conn.tag = tags_find(tags, &conn.remote.ip);
    if (conn.state == CONN_DIALING) {
        conn.outbound = true;
        conn.id = id_of(below(500));
        conn.origin = below(5) == 0 ? ORIGIN_FEELER : ORIGIN_BOOK;
    }
    return conn;
}

static struct conn *model_find(struct model *model, enum conn_state state, const struct peer_id *id)
{
    for (uint32_t i = 0; i < model->n; i++)
        if (model->at[i].state == state && peer_id_equal(&model->at[i].id, id))
            return &model->at[i];
    return NULL;
}

struct sums {
    uint32_t outbound, inbound, peers, dialing, handshaking, feelers;
    uint32_t with_ip, open_with_ip, in_range, in_group, with_tag;
};

static struct sums sums_of(const struct model *model, const struct ip *ip)
{
    struct sums s = {0};
    struct ip range = conns_range(ip);
    for (uint32_t i = 0; i < model->n; i++) {
        const struct conn *conn = &model->at[i];
        bool peer = conn->state == CONN_PEER, dialing = conn->state == CONN_DIALING;
        struct ip other = conns_range(&conn->remote.ip);
        s.peers += peer;
        s.outbound += peer && conn->outbound && !conn->unconditional;
        s.inbound += peer && !conn->outbound && !conn->unconditional;
        s.dialing += dialing;
        s.handshaking += conn->state == CONN_HANDSHAKING;
        s.feelers += dialing && conn->origin == ORIGIN_FEELER;
        s.with_ip += ip_equal(&conn->remote.ip, ip);
        s.open_with_ip += !dialing && ip_equal(&conn->remote.ip, ip);
        s.in_range += dialing && ip_equal(&other, &range);
        s.in_group +=
            conn->outbound && group_equal(ip_group(&conn->remote.ip, true), ip_group(ip, true));
        s.with_tag += conn->outbound && tags_find(tags, ip)[0] &&
            strcmp(tags_find(tags, &conn->remote.ip), tags_find(tags, ip)) == 0;
    }
    return s;
}

static void check(const struct conns *conns, struct model *model)
{
    struct ip ip = some_ip(), range = conns_range(&ip);
    struct sums s = sums_of(model, &ip);
    assert_int_equal(conns->n, model->n);
    assert_int_equal(conns->outbound, s.outbound);
    assert_int_equal(conns->inbound, s.inbound);
    assert_int_equal(conns->peers, s.peers);
    assert_int_equal(conns->dialing, s.dialing);
    assert_int_equal(conns->handshaking, s.handshaking);
    assert_int_equal(conns->feelers, s.feelers);
    assert_int_equal(conns_with_ip(conns, &ip), s.with_ip);
    assert_int_equal(conns_open_with_ip(conns, &ip), s.open_with_ip);
    assert_int_equal(conns_dials_in_range(conns, &range), s.in_range);
    assert_int_equal(conns_outbound_in_group(conns, ip_group(&ip, true)), s.in_group);
    assert_int_equal(conns_outbound_with_tag(conns, tags_find(tags, &ip)), s.with_tag);
    for (uint32_t i = 0; i < model->n; i++) {
        const struct conn *conn = conns_find(conns, model->at[i].number);
        assert_non_null(conn);
        assert_memory_equal(conn, &model->at[i], sizeof *conn);
        if (conn->state == CONN_PEER)
            assert_ptr_equal(conns_peer(conns, &conn->id), conn);
        if (conn->state == CONN_DIALING)
            assert_ptr_equal(conns_dial(conns, &conn->id), conn);
    }
}

static void add(struct conns *conns, struct model *model)
{
    struct conn conn = some_conn(model);
    if (model->n == MODEL_MAX ||
        (conn.state == CONN_DIALING && model_find(model, CONN_DIALING, &conn.id)))
        return;
    if (conns_add(conns, &conn))
        model->at[model->n++] = conn;
    else
        assert_true(allocations_left >= 0); /* only then may it fail */
}

static void promote(struct conns *conns, struct model *model)
{
    if (model->n == 0)
        return;
    struct conn *chosen = &model->at[below(model->n)];
    struct peer_id id = chosen->state == CONN_DIALING ? chosen->id : id_of(below(500));
    if (chosen->state == CONN_PEER || model_find(model, CONN_PEER, &id))
        return;
    if (!conns_promote(conns, conns_find(conns, chosen->number), &id, 77)) {
        assert_true(allocations_left >= 0);
        return;
    }
    chosen->id = id;
    chosen->state = CONN_PEER;
    chosen->since_ms = 77;
}

static void drop(struct conns *conns, struct model *model)
{
    if (model->n == 0)
        return;
    uint32_t which = below(model->n);
    conns_remove(conns, conns_find(conns, model->at[which].number));
    model->at[which] = model->at[--model->n];
}

static void change(struct conns *conns, struct model *model)
{
    uint32_t what = below(10);
    if (what < 5)
        add(conns, model);
    else if (what < 8)
        promote(conns, model);
    else
        drop(conns, model);
}

static void conns_agree_with_a_model_over_random_changes(void **state)
{
    (void)state;
    static struct model model;
    struct conns conns;
    memset(&model, 0, sizeof model);
    allocations_left = -1;
    rng_seed(&dice, 9);
    conns_init(&conns, true, tags, &dice);
    for (unsigned i = 0; i < 6000; i++) {
        change(&conns, &model);
        check(&conns, &model);
    }
    while (model.n > 0)
        drop(&conns, &model);
    check(&conns, &model);
    conns_free(&conns);
}

static void conns_out_of_memory_change_nothing(void **state)
{
    (void)state;
    static struct model model;
    struct conns conns;
    rng_seed(&dice, 10);
    for (unsigned run = 0; run < 40; run++) {
        memset(&model, 0, sizeof model);
        conns_init(&conns, true, tags, &dice);
        for (unsigned i = 0; i < 300; i++) {
            allocations_left = (int)below(3);
            change(&conns, &model);
            allocations_left = -1;
            check(&conns, &model);
        }
        conns_free(&conns);
    }
}

static void conns_never_need_memory_to_remove(void **state)
{
    (void)state;
    static struct model model;
    struct conns conns;
    memset(&model, 0, sizeof model);
    rng_seed(&dice, 11);
    conns_init(&conns, true, tags, &dice);
    for (unsigned i = 0; i < 400; i++)
        change(&conns, &model);
    allocations_left = 0;
    while (model.n > 0) {
        drop(&conns, &model);
        check(&conns, &model);
    }
    allocations_left = -1;
    conns_free(&conns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conns_agree_with_a_model_over_random_changes),
        cmocka_unit_test(conns_out_of_memory_change_nothing),
        cmocka_unit_test(conns_never_need_memory_to_remove),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
