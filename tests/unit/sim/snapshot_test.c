/* A node that was written and read back acts like the one that was written: in random networks
 * every node is copied at random steps, the copy is told what the node is told, and both must want
 * the same and end as the same bytes. */
#include "node/snapshot.h"

#include "sim/log_hash.h"
#include "unit/sim/chaos.h"

#define RUNS 12
#define COPY_EVERY 60 /* steps, on average */
#define STEPS_MAX 150 /* of a copy */
#define MACHINES_MAX 32

struct copy {
    struct node *node;
    unsigned steps;
};

struct copying {
    struct rng rng;
    struct fake_policy policy;
    struct copy copies[MACHINES_MAX];
    struct outbox outbox;
    unsigned made, compared;
    struct node_picture picture;
};

static const struct log silent = {.level = LOG_NONE};

static struct codec bytes_of(const struct node *node)
{
    struct codec codec = codec_writer();
    node_snapshot_write(&codec, node);
    assert_int_equal(codec_end(&codec), ERR_OK);
    return codec;
}

static struct node *copy_of(struct copying *copying, const struct node *node)
{
    struct codec bytes = bytes_of(node), reader = codec_reader(codec_written(&bytes));
    struct node *copy = node_snapshot_read(
        &reader, &(struct node_surroundings){&copying->policy.policy, silent, NULL});
    assert_int_equal(codec_end(&reader), ERR_OK);
    codec_free(&bytes);
    copying->made++;
    return copy;
}

static void assert_same(const struct node *one, const struct node *other)
{
    struct codec a = bytes_of(one), b = bytes_of(other);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.out, b.out, a.n);
    codec_free(&a);
    codec_free(&b);
}

/* A picture is written as the node that it was taken of. */
static void look_at(struct copying *copying, const struct node *node)
{
    assert_int_equal(node_picture_take(&copying->picture, node), ERR_OK);
    assert_same(node, copying->picture.node);
}

static void drop(struct copy *copy)
{
    node_free(copy->node);
    *copy = (struct copy){0};
}

static void follow(struct copying *copying, struct copy *copy, const struct sim_step *step)
{
    struct sim_step own = *step;
    node_step(copy->node, step->now, step->event, &copying->outbox);
    own.actions = copying->outbox.at;
    own.actions_n = copying->outbox.n;
    assert_int_equal(own.actions_n, step->actions_n);
    assert_int_equal(log_hash_add(0, &own), log_hash_add(0, step));
    assert_int_equal(node_deadline(copy->node), node_deadline(step->node));
    outbox_reset(&copying->outbox);
    copying->compared++;
    if (++copy->steps < STEPS_MAX)
        return;
    assert_same(step->node, copy->node);
    drop(copy);
}

static void on_step(void *context, const struct sim_step *step)
{
    struct copying *copying = context;
    struct copy *copy = &copying->copies[step->machine];
    if (!step->node)
        return;
    if (step->event->kind == EVENT_START)
        drop(copy);
    if (copy->node) {
        follow(copying, copy, step);
    } else if (rng_below(&copying->rng, COPY_EVERY) == 0) {
        copy->node = copy_of(copying, step->node);
        assert_same(step->node, copy->node);
        look_at(copying, step->node);
    }
}

static void a_copy_of_a_node_acts_like_it(void **state)
{
    (void)state;
    struct copying *copying = calloc(1, sizeof *copying);
    copying->policy.policy.ask = fake_ask;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct chaos *chaos = chaos_new(seed);
        assert_true(sim_machines(chaos->rig.sim) <= MACHINES_MAX);
        rng_seed(&copying->rng, seed);
        sim_observe(chaos->rig.sim, on_step, copying);
        sim_run_until(chaos->rig.sim, chaos->peace_ms + MINUTES_MS(5));
        for (unsigned i = 0; i < MACHINES_MAX; i++)
            drop(&copying->copies[i]);
        chaos_free(chaos);
    }
    assert_true(copying->made > 100 && copying->compared > 10000);
    node_picture_free(&copying->picture);
    outbox_free(&copying->outbox);
    free(copying);
}

static struct node *any_node(struct chaos *chaos)
{
    sim_run_until(chaos->rig.sim, MINUTES_MS(1));
    for (uint32_t i = 0; i < chaos->nodes_n; i++)
        if (sim_node(chaos->rig.sim, i) && node_counts(sim_node(chaos->rig.sim, i)).peers > 0)
            return (struct node *)sim_node(chaos->rig.sim, i);
    fail_msg("no node has a peer");
    return NULL;
}

static void a_picture_stays_what_it_was(void **state)
{
    (void)state;
    struct node_picture picture = {0};
    struct chaos *chaos = chaos_new(5);
    const struct node *node = any_node(chaos);
    struct codec before = bytes_of(node);
    assert_int_equal(node_picture_take(&picture, node), ERR_OK);
    sim_run_until(chaos->rig.sim, MINUTES_MS(2));
    chaos_free(chaos); /* nothing of it is in the picture */
    struct codec after = bytes_of(picture.node);
    assert_int_equal(after.n, before.n);
    assert_memory_equal(after.out, before.out, before.n);
    codec_free(&before);
    codec_free(&after);
    node_picture_free(&picture);
}

static bool is_refused(struct copying *copying, struct span bytes)
{
    struct codec reader = codec_reader(bytes);
    struct node *node = node_snapshot_read(
        &reader, &(struct node_surroundings){&copying->policy.policy, silent, NULL});
    bool refused = codec_end(&reader) != ERR_OK;
    node_free(node);
    return refused;
}

static void damaged_bytes_are_refused_or_harmless(void **state)
{
    (void)state;
    struct copying *copying = calloc(1, sizeof *copying);
    struct chaos *chaos = chaos_new(3);
    struct codec bytes = bytes_of(any_node(chaos));
    for (size_t n = 0; n < bytes.n; n += 1 + n / 40)
        assert_true(is_refused(copying, span_of(bytes.out, n)));
    for (unsigned i = 0; i < 300; i++) {
        size_t at = rng_below(&chaos->rng, bytes.n);
        uint8_t before = bytes.out[at];
        bytes.out[at] ^= (uint8_t)(1 << rng_below(&chaos->rng, 8));
        is_refused(copying, codec_written(&bytes)); /* what matters is that it ends */
        bytes.out[at] = before;
    }
    assert_false(is_refused(copying, codec_written(&bytes)));
    codec_free(&bytes);
    chaos_free(chaos);
    free(copying);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_of_a_node_acts_like_it),
        cmocka_unit_test(a_picture_stays_what_it_was),
        cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
