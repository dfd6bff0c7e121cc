/* policies/diverse.lua: an attacker gets one outbound slot, however many addresses he has. */
#include "policies/scene.h"

#define HONEST 7
#define ATTACKERS 60
#define SLOTS 8

struct play {
    const char *policy, *by;
    bool scattered; /* the attacker's addresses: one in each /16 of his AS, or all in one /16 */
};

static bool is_attacker(const struct ip *ip)
{
    return ip->bytes[12] == 150;
}

static struct addr attacker(uint32_t i, bool scattered)
{
    uint32_t low = scattered ? i << 16 | 1 : i << 8 | 1;
    return (struct addr){id_of(1 + HONEST + i), {ip_of_v4(UINT32_C(150) << 24 | low), PORT}};
}

static void add_attackers(struct scene *scene, bool scattered)
{
    for (uint32_t i = 0; i < ATTACKERS; i++) {
        struct sim_machine machine = machine_of(&scene->rig, 1 + HONEST + i);
        machine.at = attacker(i, scattered).at;
        sim_add(scene->rig.sim, &machine);
    }
}

/* The attacker's share of the outbound peers after ten minutes. */
static unsigned attackers_slots(const struct play *play)
{
    struct scene scene;
    struct tags *tags;
    size_t attackers = 0;
    assert_int_equal(tags_parse(span_of_text("150.0.0.0/8 AS64666\n"), &tags, NULL), ERR_OK);
    scene_open(&scene, play->policy, 7);
    if (play->by)
        scene_set(&scene, "by", play->by);
    scene_know(&scene, 1, HONEST);
    for (uint32_t i = 0; i < ATTACKERS; i++)
        scene_know_addr(&scene, attacker(i, play->scattered));
    struct sim_machine subject = scene_subject(&scene);
    subject.nat = true; /* all its peers are of its own choice */
    subject.node.max_outbound = SLOTS;
    subject.node.tags = tags;
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, HONEST);
    add_attackers(&scene, play->scattered);
    scene_start(&scene);
    scene_run(&scene, MINUTES_MS(10));
    struct outbound outbound = outbound_of(&scene);
    assert_int_equal(outbound.n, SLOTS);
    for (size_t i = 0; i < outbound.n; i++)
        attackers += is_attacker(&outbound.at[i].remote.ip);
    scene_close(&scene);
    tags_free(tags);
    return (unsigned)attackers;
}

static void print_guest(bool scattered)
{
    if (scene_guest())
        print_message("outbound slots they took: yours %u\n",
            attackers_slots(&(struct play){scene_guest(), NULL, scattered}));
}

static void an_attackers_16_gets_one_slot(void **state)
{
    (void)state;
    unsigned by_default = attackers_slots(&(struct play){"default", NULL, false});
    unsigned diverse = attackers_slots(&(struct play){"diverse", "group", false});
    print_message("of %d outbound slots, %d addresses of one /16 took, fewer is better: default "
                  "%u, diverse %u\n",
        SLOTS, ATTACKERS, by_default, diverse);
    print_guest(false);
    assert_int_equal(diverse, 1);
    assert_true(by_default > 1);
}

static void an_attackers_as_gets_one_slot_by_tags(void **state)
{
    (void)state;
    unsigned by_group = attackers_slots(&(struct play){"diverse", "group", true});
    unsigned by_tag = attackers_slots(&(struct play){"diverse", "tag", true});
    print_message(
        "of %d outbound slots, an AS of %d /16s took, fewer is better: by group %u, by tag %u\n",
        SLOTS, ATTACKERS, by_group, by_tag);
    print_guest(true);
    assert_int_equal(by_tag, 1);
    assert_true(by_group > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attackers_16_gets_one_slot),
        cmocka_unit_test(an_attackers_as_gets_one_slot_by_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
