/* Machines and network of core/sim when something happens to them: power, partitions, resets,
 * names, disks; and the clock. */
#include "unit/sim/actor.h"

/* ---- ends of connections ---- */

static struct heard end_after(enum sim_end how, int64_t back_after_ms)
{
    struct stage stage;
    stage_open(&stage);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(10));
    sim_end(stage.rig.sim, 1, how);
    if (back_after_ms > 0) {
        stage_run(&stage, back_after_ms);
        sim_start(stage.rig.sim, 1);
    }
    stage_run(&stage, MINUTES_MS(3));
    struct heard closed = *heard_one(&stage.dialer, EVENT_CLOSED);
    stage_close(&stage);
    return closed;
}

static void a_crash_ends_connections_at_once_and_a_vanished_machine_by_silence(void **state)
{
    (void)state;
    struct heard crashed = end_after(SIM_CRASH, 0), vanished = end_after(SIM_VANISH, 0);
    assert_int_equal(crashed.err, ERR_CLOSED_BY_PEER);
    assert_int_equal(crashed.at_ms, SECONDS_MS(10) + ONE_WAY);
    assert_int_equal(vanished.err, ERR_PONG_TIMEOUT);
    assert_int_equal(vanished.at_ms, 6 * ONE_WAY + SECONDS_MS(60 + 45));
}

static void a_machine_that_came_back_resets_the_connections_it_forgot(void **state)
{
    (void)state;
    struct heard closed = end_after(SIM_VANISH, SECONDS_MS(5));
    assert_int_equal(closed.err, ERR_RESET);
    assert_int_equal(closed.at_ms, 6 * ONE_WAY + SECONDS_MS(60) + 2 * ONE_WAY);
}

static void a_reset_is_seen_by_both_sides(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(10));
    assert_false(sim_reset(stage.rig.sim, 0, 1)); /* it has one connection */
    assert_true(sim_reset(stage.rig.sim, 0, 0));
    stage_run(&stage, SECONDS_MS(1));
    assert_int_equal(heard_one(&stage.dialer, EVENT_CLOSED)->err, ERR_RESET);
    assert_int_equal(heard_one(&stage.listener, EVENT_CLOSED)->err, ERR_RESET);
    stage_close(&stage);
}

/* ---- partitions ---- */

static void send_when_woken(struct actor *actor, const struct event *event, struct outbox *outbox)
{
    act_dial(actor, event, outbox);
    for (size_t i = 0; event->kind == EVENT_TICK && i < 12; i++)
        act_send(outbox, FIRST_DIAL, 0);
}

static void open_split(struct stage *stage)
{
    const uint32_t islands[] = {0, 1};
    stage_open(stage);
    stage->dialer.react = send_when_woken;
    stage->dialer.wake_ms = SECONDS_MS(10) + 1;
    stage_start(stage);
    stage_run(stage, SECONDS_MS(10));
    sim_partition(stage->rig.sim, islands);
}

/* The first message is on its way when its pipe is found held, so all twelve are taken. */
static void messages_between_islands_wait_until_these_heal(void **state)
{
    (void)state;
    struct stage stage;
    open_split(&stage);
    stage_run(&stage, SECONDS_MS(20));
    assert_null(heard_nth(&stage.listener, EVENT_MESSAGE, 0));
    sim_heal(stage.rig.sim);
    stage_run(&stage, SECONDS_MS(1));
    const struct heard *last = heard_nth(&stage.listener, EVENT_MESSAGE, 11);
    assert_non_null(last);
    assert_int_equal(last->at_ms, SECONDS_MS(30) + ONE_WAY);
    assert_null(heard_nth(&stage.dialer, EVENT_CLOSED, 0));
    stage_close(&stage);
}

static void a_queue_that_nobody_reads_fills_up(void **state)
{
    (void)state;
    struct stage stage;
    open_split(&stage);
    stage_run(&stage, SECONDS_MS(1));
    stage.dialer.wake_ms = SECONDS_MS(15);
    sim_policy_loaded(stage.rig.sim, 0, "any event, for its deadline to be seen");
    stage_run(&stage, SECONDS_MS(20));
    const struct heard *failed = heard_nth(&stage.dialer, EVENT_SEND_FAILED, 11);
    assert_non_null(failed); /* the twelve before fill the queue of ten */
    assert_int_equal(failed->at_ms, SECONDS_MS(15) + SECONDS_MS(10));
    assert_null(heard_nth(&stage.dialer, EVENT_SEND_FAILED, 12));
    stage_close(&stage);
}

static void islands_that_stay_lose_their_connections(void **state)
{
    (void)state;
    struct stage stage;
    open_split(&stage);
    stage_run(&stage, MINUTES_MS(3));
    assert_int_equal(heard_one(&stage.dialer, EVENT_CLOSED)->err, ERR_PONG_TIMEOUT);
    assert_int_equal(heard_one(&stage.listener, EVENT_CLOSED)->err, ERR_PONG_TIMEOUT);
    stage_close(&stage);
}

static void islands_do_not_reach_each_other_by_dialing(void **state)
{
    (void)state;
    const uint32_t islands[] = {0, 1};
    struct stage stage;
    stage_open(&stage);
    sim_add(stage.rig.sim, &stage.machines[0]);
    sim_add(stage.rig.sim, &stage.machines[1]);
    sim_start(stage.rig.sim, 1);
    sim_partition(stage.rig.sim, islands);
    sim_start(stage.rig.sim, 0);
    stage_run(&stage, SECONDS_MS(5));
    assert_int_equal(heard_one(&stage.dialer, EVENT_DIAL_FAILED)->err, ERR_TIMEOUT);
    assert_null(heard_nth(&stage.listener, EVENT_ACCEPTED, 0));
    stage_close(&stage);
}

/* ---- names, disks, ends ---- */

static void ask_for_names(struct actor *actor, const struct event *event, struct outbox *outbox)
{
    (void)actor;
    if (event->kind != EVENT_START)
        return;
    outbox_add(outbox, ACTION_RESOLVE, 0)->resolve.host = "known.example";
    outbox_add(outbox, ACTION_RESOLVE, 0)->resolve.host = "unknown.example";
}

static void names_resolve_to_what_they_were_set(void **state)
{
    (void)state;
    struct stage stage;
    struct ip ips[] = {ip_of_v4(0x01020304), ip_of_v4(0x05060708)};
    stage_open(&stage);
    stage.dialer.react = ask_for_names;
    sim_set_name(stage.rig.sim, "known.example", &ips[1], 1);
    sim_set_name(stage.rig.sim, "known.example", ips, 2);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    const struct heard *known = heard_nth(&stage.dialer, EVENT_RESOLVED, 0);
    const struct heard *unknown = heard_nth(&stage.dialer, EVENT_RESOLVED, 1);
    assert_true(known && unknown);
    assert_int_equal(known->n, 2);
    assert_true(ip_equal(&known->first.at.ip, &ips[0]));
    assert_int_equal(known->at_ms, 50);
    assert_int_equal(unknown->err, ERR_LOOKUP);
    stage_close(&stage);
}

static void store_when_woken(struct actor *actor, const struct event *event, struct outbox *outbox)
{
    (void)actor;
    bool stops = event->kind == EVENT_COMMAND && event->command.kind == COMMAND_STOP;
    if (event->kind != EVENT_START && event->kind != EVENT_TICK && !stops)
        return;
    struct action *action = outbox_add(outbox, ACTION_EXPORT, 0);
    action->export.image = strdup(stops ? "last" : event->kind == EVENT_START ? "first" : "lost");
    action->export.n = strlen(action->export.image);
}

static void assert_image(const struct stage *stage, const char *text)
{
    assert_true(span_equal(sim_image(stage->rig.sim, 0), span_of_text(text)));
}

/* B50: an image is whole on the disk or not there; a node that stops saves before it is off. */
static void a_crash_loses_the_image_that_is_being_written(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    stage.dialer.react = store_when_woken;
    stage.dialer.wake_ms = SECONDS_MS(1);
    stage_start(&stage);
    stage_run(&stage, SECONDS_MS(1));
    heard_one(&stage.dialer, EVENT_EXPORTED);
    sim_end(stage.rig.sim, 0, SIM_CRASH);
    stage_run(&stage, SECONDS_MS(1));
    assert_image(&stage, "first");
    stage.dialer.react = NULL;
    sim_start(stage.rig.sim, 0);
    stage.dialer.react = store_when_woken;
    sim_end(stage.rig.sim, 0, SIM_STOP);
    assert_image(&stage, "last");
    sim_wipe(stage.rig.sim, 0);
    assert_image(&stage, "");
    stage_close(&stage);
}

/* R6 */
static void a_node_that_cannot_run_is_off_and_says_why(void **state)
{
    (void)state;
    struct rig rig;
    struct addr seed = addr_of(1);
    struct addr_text text = text_of(&seed);
    rig_open(&rig, 1);
    struct sim_machine machine = machine_of(&rig, 0);
    text.is_name = true;
    strcpy(text.host, "nowhere.example");
    machine.node.seeds = &text;
    machine.node.seeds_n = 1;
    sim_add(rig.sim, &machine);
    sim_start(rig.sim, 0);
    assert_true(sim_is_on(rig.sim, 0));
    sim_run_until(rig.sim, SECONDS_MS(1));
    assert_false(sim_is_on(rig.sim, 0));
    assert_non_null(sim_aborted(rig.sim, 0));
    assert_true(sim_image(rig.sim, 0).n > 0);
    rig_close(&rig);
}

/* ---- the clock ---- */

struct calls {
    char order[8];
    size_t n;
};

static void call_a(void *context, struct sim *sim)
{
    struct calls *calls = context;
    (void)sim;
    calls->order[calls->n++] = 'a';
}

static void call_b(void *context, struct sim *sim)
{
    struct calls *calls = context;
    calls->order[calls->n++] = 'b';
    if (calls->n < 4)
        sim_at(sim, 0, call_a, calls); /* the past is now */
}

static void calls_of_one_moment_come_in_the_order_they_were_made(void **state)
{
    (void)state;
    struct rig rig;
    struct calls calls = {.n = 0};
    rig_open(&rig, 1);
    sim_at(rig.sim, 20, call_b, &calls);
    sim_at(rig.sim, 10, call_b, &calls);
    sim_at(rig.sim, 20, call_a, &calls);
    sim_run_until(rig.sim, 19);
    assert_string_equal(calls.order, "ba");
    sim_run_until(rig.sim, 20);
    assert_string_equal(calls.order,
        "baba"
        "a");
    assert_int_equal(sim_now(rig.sim).mono_ms, 20);
    rig_close(&rig);
}

static int64_t long_ago(void *self)
{
    (void)self;
    return -1;
}

struct ticks {
    unsigned n;
};

static void count_ticks(
    void *self, struct now now, const struct event *event, struct outbox *outbox)
{
    struct ticks *ticks = self;
    (void)now;
    (void)outbox;
    ticks->n += event->kind == EVENT_TICK;
}

static void a_deadline_that_stays_in_the_past_does_not_stop_the_clock(void **state)
{
    (void)state;
    struct rig rig;
    struct ticks ticks = {0};
    rig_open(&rig, 1);
    struct sim_machine machine = machine_of(&rig, 0);
    machine.actor = (struct sim_actor){count_ticks, long_ago, &ticks};
    sim_add(rig.sim, &machine);
    sim_start(rig.sim, 0);
    sim_run_until(rig.sim, 1000);
    assert_int_equal(ticks.n, 1000);
    rig_close(&rig);
}

static void distances_are_symmetric_lasting_and_drawn_from_the_seed(void **state)
{
    (void)state;
    struct rig rig, other;
    int64_t sum = 0;
    unsigned differ = 0;
    rig_open(&rig, 1);
    rig_open(&other, 2);
    for (uint32_t i = 0; i < 40; i++)
        for (uint32_t j = 0; j < i; j++) {
            int64_t rtt_ms = sim_rtt_ms(rig.sim, i, j);
            assert_in_range(rtt_ms, 10, 300);
            assert_int_equal(rtt_ms, sim_rtt_ms(rig.sim, j, i));
            sum += rtt_ms;
            differ += rtt_ms != sim_rtt_ms(other.sim, i, j);
        }
    assert_in_range(sum / 780, 90, 123); /* a third of the way on average, not half */
    assert_true(differ > 700);
    rig_close(&rig);
    rig_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_ends_connections_at_once_and_a_vanished_machine_by_silence),
        cmocka_unit_test(a_machine_that_came_back_resets_the_connections_it_forgot),
        cmocka_unit_test(a_reset_is_seen_by_both_sides),
        cmocka_unit_test(messages_between_islands_wait_until_these_heal),
        cmocka_unit_test(a_queue_that_nobody_reads_fills_up),
        cmocka_unit_test(islands_that_stay_lose_their_connections),
        cmocka_unit_test(islands_do_not_reach_each_other_by_dialing),
        cmocka_unit_test(names_resolve_to_what_they_were_set),
        cmocka_unit_test(a_crash_loses_the_image_that_is_being_written),
        cmocka_unit_test(a_node_that_cannot_run_is_off_and_says_why),
        cmocka_unit_test(calls_of_one_moment_come_in_the_order_they_were_made),
        cmocka_unit_test(a_deadline_that_stays_in_the_past_does_not_stop_the_clock),
        cmocka_unit_test(distances_are_symmetric_lasting_and_drawn_from_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
