#include "trace/journal.h"

#include "trace/decision.h"
#include "unit/trace/kit.h"

static int64_t clock_at_ns;

static int64_t clock_ns(void *context)
{
    (void)context;
    return clock_at_ns += 1500;
}

struct fixture {
    struct fake_policy fake;
    struct journal *journal;
    struct rng rng;
    struct round round;
    struct journal_record seen[8];
    unsigned seen_n;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->fake.policy.ask = fake_ask;
    f->journal = journal_new(&f->fake.policy, clock_ns, NULL);
    round_make(&f->round, ROWS);
    *state = f;
    return f->journal ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    journal_free(f->journal);
    free(f);
    return 0;
}

static void tell(struct fixture *f, const struct event *event)
{
    struct node_observer *observer = journal_observer(f->journal);
    observer->before(observer->context, (struct now){5, 1700000000500}, event);
}

static void do_action(struct fixture *f, const struct action *action)
{
    struct node_observer *observer = journal_observer(f->journal);
    observer->after(observer->context, (struct now){5, 1700000000500}, action, 1);
}

static enum err ask_select(struct fixture *f)
{
    struct policy *policy = journal_policy(f->journal);
    return policy_ask(policy, HOOK_select, &f->rng, &f->round.view, &f->round.verdict);
}

static enum err ask_ban(struct fixture *f, unsigned i)
{
    struct ban_view view;
    struct ban_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_ban], &view);
    view.peer.id = f->round.texts[i].id;
    view.peer.ip = f->round.texts[i].ip;
    return policy_ask(journal_policy(f->journal), HOOK_ban, &f->rng, &view, &verdict);
}

static bool collect(void *context, const struct journal_record *record)
{
    struct fixture *f = context;
    f->seen[f->seen_n++] = *record;
    return f->seen_n < 8;
}

static unsigned query(struct fixture *f, const struct journal_filter *filter)
{
    f->seen_n = 0;
    journal_query(f->journal, filter, collect, f);
    return f->seen_n;
}

static void dial(struct fixture *f, unsigned i)
{
    struct action action = {.kind = ACTION_DIAL, .conn = CONN_OUTBOUND + 1 + i};
    action.dial.addr = (struct addr){id_of(i), endpoint_of(i)};
    do_action(f, &action);
}

static void fail_dial(struct fixture *f, unsigned i)
{
    struct event event = {.kind = EVENT_DIAL_FAILED, .conn = CONN_OUTBOUND + 1 + i};
    event.dial_failed.err = ERR_REFUSED;
    tell(f, &event);
}

static const char *text_of(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void passes_the_answer_on(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask_select(f), ERR_OK);
    struct select_verdict direct;
    assert_int_equal(
        policy_ask(&f->fake.policy, HOOK_select, &f->rng, &f->round.view, &direct), ERR_OK);
    assert_int_equal(f->round.verdict.picks_n, direct.picks_n);
    assert_int_equal(f->fake.asked[HOOK_select], 2);
    f->fake.fails[HOOK_select] = true;
    assert_int_equal(ask_select(f), ERR_SCRIPT);
}

static void explains_a_peer(void **state)
{
    struct fixture *f = *state;
    struct peer_id id = id_of(7), other = id_of(8);
    const struct journal_filter filter = {.id = &id};
    tell(f, &(struct event){.kind = EVENT_TICK});
    ask_ban(f, 7);
    ask_ban(f, 8);
    dial(f, 7);
    dial(f, 8);
    fail_dial(f, 7);
    assert_int_equal(query(f, &filter), 3);
    assert_string_equal(f->seen[0].name, "dial_failed"); /* the newest first */
    assert_string_equal(f->seen[1].name, "dialing");
    assert_string_equal(f->seen[2].name, "ban");
    assert_true(f->seen[2].is_decision);
    assert_int_equal(query(f, &(struct journal_filter){.id = &other}), 2);
}

static void finds_by_ip_hook_and_number(void **state)
{
    struct fixture *f = *state;
    struct ip ip = endpoint_of(3).ip;
    tell(f, &(struct event){.kind = EVENT_TICK});
    ask_ban(f, 3);
    ask_select(f);
    dial(f, 3);
    assert_int_equal(query(f, &(struct journal_filter){.ip = &ip}), 3);
    assert_int_equal(query(f, &(struct journal_filter){.name = "select"}), 1);
    assert_int_equal(query(f, &(struct journal_filter){.after = 2}), 1);
    assert_int_equal(query(f, &(struct journal_filter){.no_decisions = true}), 1);
    assert_int_equal(query(f, &(struct journal_filter){.no_events = true}), 2);
}

/* Others at the same IP are others, and a port is asked for with the IP. */
static void tells_those_at_one_ip_apart(void **state)
{
    struct fixture *f = *state;
    struct peer_id one = id_of(3), other = id_of(4);
    struct endpoint at = endpoint_of(3);
    struct event accepted = {.kind = EVENT_ACCEPTED, .conn = 9};
    accepted.accepted.remote = (struct endpoint){at.ip, 40000};
    tell(f, &accepted); /* by nobody yet */
    dial(f, 3);
    ask_ban(f, 3);
    assert_int_equal(query(f, &(struct journal_filter){.id = &one, .ip = &at.ip}), 3);
    assert_int_equal(query(f, &(struct journal_filter){.id = &other, .ip = &at.ip}), 1);
    assert_string_equal(f->seen[0].name, "accepted");
    assert_int_equal(query(f, &(struct journal_filter){.ip = &at.ip, .port = 40000}), 1);
    assert_string_equal(f->seen[0].name, "accepted");
    assert_int_equal(query(f, &(struct journal_filter){.ip = &at.ip, .port = at.port}), 2);
    assert_string_equal(f->seen[0].name, "ban");
    assert_string_equal(f->seen[1].name, "dialing");
    const struct addr addr = happening_addr(f->seen[1].body);
    assert_true(peer_id_equal(&addr.id, &one));
}

static void an_error_comes_with_its_sentence(void **state)
{
    struct fixture *f = *state;
    dial(f, 3);
    fail_dial(f, 3);
    query(f, &(struct journal_filter){.name = "dial_failed"});
    json_t *said = journal_json(&f->seen[0], NULL);
    assert_string_equal(text_of(said, "error"), "refused");
    assert_string_equal(text_of(said, "text"), "connection refused");
    json_decref(said);
}

static void pick_nobody(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake, (void)view;
    if (hook == HOOK_select)
        ((struct select_verdict *)verdict)->picks_n = 0;
}

static void a_round_that_took_nobody_says_so(void **state)
{
    struct fixture *f = *state;
    ask_select(f);
    ask_ban(f, 3);
    f->fake.twist = pick_nobody;
    ask_select(f);
    assert_int_equal(query(f, &(struct journal_filter){0}), 3);
    assert_true(journal_is_idle(&f->seen[0]));
    assert_false(journal_is_idle(&f->seen[1]));
    assert_false(journal_is_idle(&f->seen[2]));
    json_t *said = journal_json(&f->seen[0], NULL);
    assert_true(json_is_true(json_object_get(said, "nobody")));
    json_decref(said);
    said = journal_json(&f->seen[2], NULL);
    assert_null(json_object_get(said, "nobody"));
    json_decref(said);
}

static void says_what_was_asked_and_answered(void **state)
{
    struct fixture *f = *state;
    struct peer_id id = id_of(7);
    const struct journal_filter filter = {.id = &id};
    tell(f, &(struct event){.kind = EVENT_TICK});
    ask_ban(f, 7);
    assert_int_equal(query(f, &filter), 1);
    json_t *said = journal_json(&f->seen[0], &filter);
    assert_string_equal(text_of(said, "hook"), "ban");
    assert_true(json_real_value(json_object_get(said, "time")) == 1700000000.5);
    assert_true(json_real_value(json_object_get(said, "microseconds")) == 1.5);
    json_t *view = json_object_get(said, "view");
    assert_string_equal(text_of(view, "kind"), "pex_unsolicited");
    assert_string_equal(text_of(json_object_get(view, "peer"), "id"), f->round.texts[7].id);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(view, "book"), "new")), 0);
    json_t *verdict = json_object_get(said, "verdict");
    assert_true(json_is_true(json_object_get(verdict, "disconnect")));
    assert_string_equal(text_of(verdict, "scope"), "id");
    json_decref(said);
}

static void pick_far(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake, (void)view;
    struct select_verdict *made = verdict;
    if (hook != HOOK_select)
        return;
    made->picks_n = 2;
    made->picks[0] = (struct policy_pick){.row = 95};
    made->picks[1] = (struct policy_pick){.row = 3, .feeler = true};
    snprintf(made->reason, sizeof made->reason, "far");
}

/* Of 100 candidates not all are kept, but those that were picked are, wherever they stood. */
static void keeps_the_rows_that_were_picked(void **state)
{
    struct fixture *f = *state;
    struct peer_id id = id_of(95);
    f->fake.twist = pick_far;
    tell(f, &(struct event){.kind = EVENT_TICK});
    ask_select(f);
    assert_int_equal(query(f, &(struct journal_filter){.id = &id}), 1);
    json_t *said = journal_json(&f->seen[0], NULL);
    json_t *rows = json_object_get(json_object_get(said, "view"), "candidates");
    assert_int_equal(json_array_size(rows), DECISION_ROWS_MAX);
    json_t *last = json_array_get(rows, DECISION_ROWS_MAX - 1);
    assert_int_equal(json_integer_value(json_object_get(last, "row")), 96);
    assert_string_equal(text_of(last, "id"), f->round.texts[95].id);
    json_t *picks = json_object_get(said, "verdict");
    assert_int_equal(json_integer_value(json_array_get(picks, 0)), 96);
    assert_string_equal(text_of(json_array_get(picks, 1), "kind"), "feeler");
    assert_string_equal(text_of(said, "reason"), "far");
    json_decref(said);
    said = journal_json(&f->seen[0], &(struct journal_filter){.id = &id});
    rows = json_object_get(json_object_get(said, "view"), "candidates");
    assert_int_equal(json_array_size(rows), 1);
    json_decref(said);
}

static void names_the_peer_of_a_connection(void **state)
{
    struct fixture *f = *state;
    const struct node_info info = {.version = span_of_text("v\n1")};
    struct peer_id id = id_of(4);
    struct event event = {.kind = EVENT_ACCEPTED, .conn = 9};
    event.accepted.remote = endpoint_of(4);
    tell(f, &event);
    event = (struct event){.kind = EVENT_ESTABLISHED, .conn = 9};
    event.established.id = id;
    event.established.info = &info;
    event.established.remote = endpoint_of(4);
    tell(f, &event);
    struct action action = {.kind = ACTION_CLOSE, .conn = 9};
    action.close.why = ERR_BANNED;
    action.close.detail = "8.8.0.0/16 until later: spam";
    do_action(f, &action);
    assert_int_equal(query(f, &(struct journal_filter){.id = &id}), 2);
    json_t *said = journal_json(&f->seen[0], NULL);
    assert_string_equal(text_of(said, "event"), "closing");
    assert_string_equal(text_of(said, "error"), "banned");
    assert_string_equal(text_of(said, "detail"), "8.8.0.0/16 until later: spam");
    assert_string_equal(text_of(said, "peer"), f->round.texts[4].id);
    assert_string_equal(text_of(said, "address"), "8.8.0.4:26656");
    assert_string_equal(text_of(said, "direction"), "inbound");
    json_decref(said);
    said = journal_json(&f->seen[1], NULL);
    assert_string_equal(text_of(said, "text"), "v?1");
    json_decref(said);
}

static void keeps_the_newest_and_apart(void **state)
{
    struct fixture *f = *state;
    tell(f, &(struct event){.kind = EVENT_TICK});
    ask_ban(f, 1);
    for (unsigned i = 0; i < 3 * JOURNAL_RECORDS_MAX; i++)
        dial(f, i % 100);
    assert_int_equal(query(f, &(struct journal_filter){.no_events = true}), 1);
    assert_int_equal(f->seen[0].number, 1);
    assert_int_equal(query(f, &(struct journal_filter){0}), 8);
    assert_int_equal(f->seen[0].number, 3 * JOURNAL_RECORDS_MAX + 1);
}

static void changes_of_the_policy_concern_everybody_who_wants_them(void **state)
{
    struct fixture *f = *state;
    journal_note(f->journal, (struct now){.wall_ms = 5000}, HAPPENING_PARAM, "most = 7");
    journal_note(f->journal, (struct now){.wall_ms = 6000}, HAPPENING_SHADOW_END, NULL);
    struct peer_id id = {{1}};
    struct journal_filter filter = {.id = &id};
    assert_int_equal(query(f, &filter), 0);
    filter.with_policy = true;
    assert_int_equal(query(f, &filter), 2);
    assert_string_equal(f->seen[0].name, "shadow_ended");
    assert_string_equal(f->seen[1].name, "param_set");
    assert_int_equal(f->seen[1].wall_ms, 5000);
}

static void an_id_that_a_detail_names_is_concerned(void **state)
{
    struct fixture *f = *state;
    struct peer_id dialed = id_of(7), found = id_of(8), stranger = id_of(9), none;
    char detail[128], one[PEER_ID_TEXT + 1], other[PEER_ID_TEXT + 1];
    snprintf(detail, sizeof detail, "dialed as %s, it is %s", peer_id_text(&dialed, one),
        peer_id_text(&found, other));
    dial(f, 7);
    struct event event = {.kind = EVENT_DIAL_FAILED, .conn = CONN_OUTBOUND + 1 + 7};
    event.dial_failed.err = ERR_WRONG_ID;
    event.dial_failed.detail = detail;
    tell(f, &event);
    assert_int_equal(query(f, &(struct journal_filter){.id = &found}), 1);
    struct peer_id named = happening_other(f->seen[0].body);
    assert_true(peer_id_equal(&named, &found));
    assert_int_equal(query(f, &(struct journal_filter){.id = &stranger}), 0);
    assert_int_equal(query(f, &(struct journal_filter){.id = &dialed}), 2);
    none = happening_other(f->seen[1].body);
    assert_true(peer_id_is_none(&none));
}

static void command_of(struct fixture *f, uint64_t token, enum err err, const char *detail)
{
    struct event event = {.kind = EVENT_COMMAND};
    event.command = (struct node_command){.kind = COMMAND_BAN, .token = token};
    struct peer_id id = id_of(4);
    event.command.ban.target = ban_of_id(&id);
    event.command.ban.duration_ms = 7199000;
    event.command.ban.reason = "caf\xc3\xa9";
    tell(f, &event);
    struct action answer = {.kind = ACTION_ANSWER};
    answer.answer = (struct node_answer){.token = token, .err = err, .detail = detail};
    if (token > 0)
        do_action(f, &answer);
}

static void the_newest_is(struct fixture *f, const char *event, const char *text)
{
    struct peer_id id = id_of(4);
    query(f, &(struct journal_filter){.id = &id});
    json_t *said = journal_json(&f->seen[0], NULL);
    assert_string_equal(text_of(said, "event"), event);
    assert_string_equal(text_of(said, "text"), text);
    json_decref(said);
}

static void tell_stored(struct fixture *f, enum err err, bool more)
{
    const struct book_changes rows = {.more = more};
    struct event event = {.kind = EVENT_STORED};
    event.stored.err = err;
    event.stored.rows = &rows;
    event.stored.detail = err ? "disk is full" : NULL;
    tell(f, &event);
}

/* The newest first. */
static void a_store_that_failed_and_recovered_tells_both(void **state)
{
    struct fixture *f = *state;
    tell_stored(f, ERR_OK, false);
    assert_int_equal(query(f, &(struct journal_filter){0}), 0);
    tell_stored(f, ERR_IO, false);
    query(f, &(struct journal_filter){0});
    json_t *json = journal_json(&f->seen[0], NULL);
    assert_string_equal(text_of(json, "event"), "store_failed");
    assert_string_equal(text_of(json, "detail"), "disk is full");
    json_decref(json);
    tell_stored(f, ERR_OK, true); /* a part that may still be undone */
    assert_int_equal(query(f, &(struct journal_filter){0}), 1);
    tell_stored(f, ERR_OK, false);
    tell_stored(f, ERR_OK, false);
    assert_int_equal(query(f, &(struct journal_filter){0}), 2);
    assert_string_equal(f->seen[0].name, "store_recovered");
}

static void a_refused_command_is_none_that_was_done(void **state)
{
    struct fixture *f = *state;
    command_of(f, 7, ERR_OK, NULL);
    the_newest_is(f, "command", "ban for 1h59m: caf\xc3\xa9");
    command_of(f, 8, ERR_FULL, "of others");
    char expected[HAPPENING_TEXT_MAX];
    snprintf(expected, sizeof expected, "ban for 1h59m: caf\xc3\xa9: %s (of others)",
        err_text(ERR_FULL));
    the_newest_is(f, "command_refused", expected);
    command_of(f, 0, ERR_OK, NULL); /* nobody asked what became of it */
    the_newest_is(f, "command", "ban for 1h59m: caf\xc3\xa9");
    assert_int_equal(f->seen_n, 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(passes_the_answer_on),
        T(explains_a_peer),
        T(finds_by_ip_hook_and_number),
        T(tells_those_at_one_ip_apart),
        T(an_error_comes_with_its_sentence),
        T(a_round_that_took_nobody_says_so),
        T(says_what_was_asked_and_answered),
        T(keeps_the_rows_that_were_picked),
        T(names_the_peer_of_a_connection),
        T(keeps_the_newest_and_apart),
        T(an_id_that_a_detail_names_is_concerned),
        T(a_store_that_failed_and_recovered_tells_both),
        T(a_refused_command_is_none_that_was_done),
        T(changes_of_the_policy_concern_everybody_who_wants_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
