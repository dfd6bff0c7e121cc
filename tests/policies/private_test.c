/* policies/private.lua: outsiders are neither dialed nor let in, kept nor told of. */
#include "policies/scene.h"

#define INSIDERS 15 /* 32.0.0.0/12 */
#define OUTSIDERS 25

struct leaks {
    unsigned dialed, admitted, kept, told;
};

static bool is_outsider(const struct ip *ip)
{
    struct cidr inside;
    assert_int_equal(cidr_parse(span_of_text("32.0.0.0/12"), &inside), ERR_OK);
    return !cidr_contains(&inside, ip);
}

static void watch_actions(struct leaks *leaks, const struct action *action)
{
    if (action->kind == ACTION_DIAL)
        leaks->dialed += is_outsider(&action->dial.addr.at.ip);
    for (size_t i = 0; action->kind == ACTION_SEND && i < action->send.addrs_n; i++)
        leaks->told += is_outsider(&action->send.addrs[i].at.ip);
}

static void watch_step(void *context, const struct sim_step *step)
{
    if (step->machine != SUBJECT)
        return;
    for (size_t i = 0; i < step->actions_n; i++)
        watch_actions(context, &step->actions[i]);
}

static void watch_peer(void *context, const struct node_peer *peer)
{
    ((struct leaks *)context)->admitted += is_outsider(&peer->remote.ip);
}

/* Outsiders in the book that were not in it at first. */
static unsigned newly_kept(const struct scene *scene)
{
    unsigned n = 0;
    uint32_t cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(book_of(scene), &cursor));)
        n += is_outsider(&entry->addr.at.ip) && !is_dead(&entry->addr.id);
    return n;
}

/* All know all; of the outsiders, some that are dead are in the subject's book from before. */
static struct leaks leaks_of(const char *policy)
{
    struct scene scene;
    struct leaks leaks = {0};
    scene_open(&scene, policy, 3);
    if (strcmp(policy, "private") == 0)
        scene_set(&scene, "allow", "32.0.0.0/12");
    scene_know(&scene, 1, INSIDERS);
    scene_know(&scene, DEAD, 10);
    struct sim_machine subject = scene_subject(&scene);
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, INSIDERS + OUTSIDERS);
    sim_observe(scene.rig.sim, watch_step, &leaks);
    scene_start(&scene);
    scene_run(&scene, MINUTES_MS(20));
    node_peers(sim_node(scene.rig.sim, SUBJECT), watch_peer, &leaks);
    leaks.kept = newly_kept(&scene);
    assert_true(counts_of(&scene.rig, SUBJECT).peers >= 5);
    scene_close(&scene);
    return leaks;
}

static void outsiders_stay_outside(void **state)
{
    (void)state;
    struct leaks open = leaks_of("default"), closed = leaks_of("private");
    print_message(
        "outsiders dialed, connected, kept, told of, fewer is better: default %u, %u, %u, %u; "
        "private %u, %u, %u, %u\n",
        open.dialed, open.admitted, open.kept, open.told, closed.dialed, closed.admitted,
        closed.kept, closed.told);
    if (scene_guest()) {
        struct leaks guest = leaks_of(scene_guest());
        print_message("outsiders dialed, connected, kept, told of: yours %u, %u, %u, %u\n",
            guest.dialed, guest.admitted, guest.kept, guest.told);
    }
    assert_true(open.dialed > 0 && open.admitted > 0 && open.kept > 0 && open.told > 0);
    assert_int_equal(closed.dialed, 0);
    assert_int_equal(closed.admitted, 0);
    assert_int_equal(closed.kept, 0);
    assert_int_equal(closed.told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outsiders_stay_outside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
