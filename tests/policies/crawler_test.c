/* policies/crawler.lua: more visits, because nobody is kept longer than a list takes. */
#include "policies/scene.h"

#define LIVE 400
#define AT_ONCE 8

struct visits {
    unsigned lists;
    bool seen[LIVE + 1];
};

static void watch_lists(void *context, const struct sim_step *step)
{
    struct visits *visits = context;
    const struct event *event = step->event;
    if (step->machine != SUBJECT)
        return;
    visits->lists += event->kind == EVENT_MESSAGE && event->message->kind == PEX_ADDRS;
    for (uint32_t i = 1; event->kind == EVENT_ESTABLISHED && i <= LIVE; i++) {
        struct peer_id id = id_of(i);
        visits->seen[i] |= peer_id_equal(&event->established.id, &id);
    }
}

static unsigned seen_n(const struct visits *visits)
{
    unsigned n = 0;
    for (uint32_t i = 1; i <= LIVE; i++)
        n += visits->seen[i];
    return n;
}

/* Five minutes of a crawl through few connections. */
static struct visits visits_of(const char *policy)
{
    struct scene scene;
    struct visits visits = {0};
    scene_open(&scene, policy, 31);
    scene_know(&scene, 1, LIVE);
    struct sim_machine subject = scene_subject(&scene);
    subject.nat = true;
    subject.node.seed_mode = true;
    subject.node.crawl_outbound_max = AT_ONCE;
    sim_add(scene.rig.sim, &subject);
    scene_add_others(&scene, 1, LIVE);
    sim_observe(scene.rig.sim, watch_lists, &visits);
    scene_start(&scene);
    scene_run(&scene, MINUTES_MS(5));
    scene_close(&scene);
    return visits;
}

static void a_crawler_sees_more_nodes(void **state)
{
    (void)state;
    struct visits tendermint = visits_of("tendermint"), by_default = visits_of("default"),
                  crawler = visits_of("crawler");
    print_message("nodes seen (lists got) of %d in five minutes, more is better: tendermint %u "
                  "(%u), default %u (%u), "
                  "crawler %u (%u)\n",
        LIVE, seen_n(&tendermint), tendermint.lists, seen_n(&by_default), by_default.lists,
        seen_n(&crawler), crawler.lists);
    if (scene_guest()) {
        struct visits guest = visits_of(scene_guest());
        print_message("nodes seen (lists got): yours %u (%u)\n", seen_n(&guest), guest.lists);
    }
    assert_true(seen_n(&crawler) > seen_n(&by_default));
    assert_true(5 * crawler.lists > 6 * by_default.lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crawler_sees_more_nodes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
