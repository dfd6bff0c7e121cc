/* Every hook of the schema, in a whole node on virtual time: a script that overrides it changes
 * what the node does; one that answers the worst it can breaks no rule that the core keeps
 * (behaviour.md section 5.2, last column; watch.h); one that fails leaves the run as it is without
 * it, to the last action of the network. A hook without a case fails the test. */
#include "unit/sim/subject.h"

#define BEGIN "local policy = pex.policy { name = 'tested' }\n"
#define END "\nreturn policy"
#define ALL_OF(list)                                                                               \
    "local t = {} for i = 1, math.min(#view." list ", 1024) do t[i] = i end return t"

struct hook_case {
    enum hook hook;
    bool seed_mode;
    const char *common;  /* beside the hook, in every run; NULL: nothing */
    const char *example; /* bodies of the hook */
    bool (*effect)(const struct seen *with, const struct seen *without);
    const char *violation;
    bool (*is_kept)(const struct seen *seen); /* beside watch.h; NULL: that is all */
};

static bool one_dial_at_once(const struct seen *with, const struct seen *without)
{
    return with->dials > 0 && with->dials_at_once == 1 && without->dials_at_once > 1;
}

static bool only_nobodies(const struct seen *with, const struct seen *without)
{
    return with->dials > 0 && with->dials == with->dials_of_nobodies &&
        without->dials > without->dials_of_nobodies;
}

static bool nobodies_more_often(const struct seen *with, const struct seen *without)
{
    return with->dials_of_nobodies > without->dials_of_nobodies;
}

static bool no_ban(const struct seen *with, const struct seen *without)
{
    return with->bans == 0 && without->bans > 0;
}

static bool no_dial(const struct seen *with, const struct seen *without)
{
    return with->dials == 0 && without->dials > 0;
}

static bool more_old(const struct seen *with, const struct seen *without)
{
    return with->old > without->old;
}

static bool no_request(const struct seen *with, const struct seen *without)
{
    return with->requests == 0 && without->requests > 0;
}

static bool no_seed(const struct seen *with, const struct seen *without)
{
    return with->dials_of_seed == 0 && without->dials_of_seed > 0;
}

static bool rarely_reconnecting(const struct seen *with, const struct seen *without)
{
    return with->dials_of_persistent > 0 &&
        with->dials_of_persistent * 3 < without->dials_of_persistent;
}

static bool more_leave(const struct seen *with, const struct seen *without)
{
    return with->closed_gracefully > without->closed_gracefully;
}

static bool shorter_lists(const struct seen *with, const struct seen *without)
{
    return with->lists > 0 && with->addresses <= with->lists && without->addresses > without->lists;
}

static bool nobody_let_in(const struct seen *with, const struct seen *without)
{
    return with->accepted == 0 && without->accepted > 0;
}

static bool no_list(const struct seen *with, const struct seen *without)
{
    return with->lists == 0 && without->lists > 0;
}

static bool nothing_learnt(const struct seen *with, const struct seen *without)
{
    return with->added < without->added;
}

static bool the_known_stay(const struct seen *with, const struct seen *without)
{
    return with->known_left > without->known_left;
}

static bool nobody_returns(const struct seen *with, const struct seen *without)
{
    return with->reinstated == 0 && without->reinstated > 0;
}

static bool fewer_dials(const struct seen *with, const struct seen *without)
{
    return with->dials < without->dials;
}

static bool old_ones_are_verified(const struct seen *seen)
{
    return seen->old > 0 && seen->old_unverified == 0;
}

static bool seeds_rest_10_s(const struct seen *seen)
{
    return seen->dials_of_seed > 1 && seen->seed_gap_ms >= SECONDS_MS(10);
}

static bool reconnects_rest_1_s(const struct seen *seen)
{
    return seen->dials_of_persistent > 1 && seen->persistent_gap_ms >= SECONDS_MS(1);
}

static bool three_quarters_stay(const struct seen *seen)
{
    return seen->closed_gracefully > 0 && seen->rotated_too_many == 0;
}

static bool unsolicited_ends_it(const struct seen *seen)
{
    return seen->closed_for_unsolicited > 0;
}

static bool bans_end(const struct seen *seen)
{
    return seen->bans > 0 && !seen->bans_too_long;
}

static const struct hook_case cases[] = {
    {HOOK_bias, false, NULL, "return { draw = 1 }", one_dial_at_once,
        "return { draw = 1024, new_percent = 100 }", NULL},
    {HOOK_select, false, NULL,
        "local t = {} for i, row in ipairs(view.candidates) do\n"
        "if row.id:sub(-2, -2) == '6' then t[#t + 1] = i end end return t",
        only_nobodies,
        "local t = {} for i = 1, #view.candidates do for _ = 1, 3 do\n"
        "t[#t + 1] = { row = i, kind = i % 2 == 0 and 'feeler' or nil }\n"
        "t[#t + 1] = { id = view.candidates[i].id }\n"
        "t[#t + 1] = { id = ('9'):rep(40), kind = 'feeler' } end end return t",
        NULL},
    {HOOK_backoff, false, NULL, "return { wait_s = 1 }", nobodies_more_often,
        "return { wait_s = 1e-300 }", NULL},
    {HOOK_ban, false, NULL, "return { ban_s = 0 }", no_ban, "return false", unsolicited_ends_it},
    {HOOK_ban, false, NULL, "return { ban_s = 3600, disconnect = true, reason = 'enough' }", NULL,
        "return { ban_s = 1e300, scope = 'group' }", bans_end},
    {HOOK_dial_count, false, NULL, "return 0", no_dial, "return 1024", NULL},
    {HOOK_promote, false, NULL, "return true", more_old, "return true", old_ones_are_verified},
    {HOOK_ask, false, NULL, "return false", no_request, "return #view.peers > 0 and 1", NULL},
    {HOOK_seeds, false, "function policy.select() return false end\n", "return false", no_seed,
        "local t = {} for i = 1, #view.seeds > 0 and 200 or 0 do t[i] = 1 end return t",
        seeds_rest_10_s},
    {HOOK_reconnect, false, NULL, "return { wait_s = 200 }", rarely_reconnecting,
        "return { wait_s = -1e300 }", reconnects_rest_1_s},
    {HOOK_rotate, false, NULL, ALL_OF("peers"), more_leave,
        "local t = {} for i = 1, #view.peers do t[2 * i - 1], t[2 * i] = i, i end return t",
        three_quarters_stay},
    {HOOK_crawl, true, NULL, "return {}", no_dial,
        "local t = {} for i = 1, #view.candidates do t[2 * i - 1], t[2 * i] = i, i end\n"
        "return { rows = t, concurrency = 1024 }",
        NULL},
    {HOOK_share, false, NULL, "return { count = 1 }", shorter_lists,
        "if #view.candidates == 0 then return { draw = 1024, count = 250 } end\n"
        "local t = {} for i = 1, 250 do t[i] = 1 + i % #view.candidates end return t",
        NULL},
    {HOOK_admit, false, NULL, "return { reject = 'closed' }", nobody_let_in,
        "return #view.peers > 0 and { replace = #view.peers } or true", NULL},
    {HOOK_answer, true, NULL, "return 'ignore'", no_list,
        "return { act = 'answer', linger_s = 10 }", NULL},
    {HOOK_accept, false, NULL, "return {}", nothing_learnt,
        "local t = {} for i = 1, math.min(250, 5 * #view.offers) do t[i] = 1 + i % #view.offers "
        "end\n"
        "return { rows = t, blame = 250 }",
        NULL},
    {HOOK_evict, false, NULL, "return false", the_known_stay,
        "return view.random() < 0.5 and { test = 1 } or 1", NULL},
    {HOOK_reinstate, false, "function policy.backoff(view) return { ban_s = 60 } end\n",
        "return {}", nobody_returns, "local t = {} for i = 1, 200 do t[i] = 1 end return t", NULL},
    {HOOK_observe, false,
        "function policy.dial_count() if policy.state.seen then return 0 end end\n",
        "policy.state.seen = true", fewer_dials,
        "for i = 1, 900 do policy.state[i] = view.id .. i .. view.class end return nil", NULL},
};

#define CASES (sizeof cases / sizeof *cases)

static const char *script_of(const struct hook_case *tested, const char *body)
{
    static char text[4096];
    const char *common = tested->common ? tested->common : "";
    if (body)
        snprintf(text, sizeof text, BEGIN "%sfunction policy.%s(view)\n%s\nend" END, common,
            schema_hooks[tested->hook].name, body);
    else
        snprintf(text, sizeof text, BEGIN "%s" END, common);
    return text;
}

/* The run without the hook; most cases share one. */
static const struct seen *run_without(const struct hook_case *tested)
{
    static struct seen kept[2], own;
    static bool is_kept[2];
    if (tested->common) {
        subject_run(script_of(tested, NULL), tested->seed_mode, &own);
        return &own;
    }
    if (!is_kept[tested->seed_mode])
        subject_run(script_of(tested, NULL), tested->seed_mode, &kept[tested->seed_mode]);
    is_kept[tested->seed_mode] = true;
    return &kept[tested->seed_mode];
}

static unsigned complaints;

#define COMPLAIN(tested, ...)                                                                      \
    (complaints++, print_error("%s: ", schema_hooks[(tested)->hook].name), print_error(__VA_ARGS__))

static void check_asked(const struct hook_case *tested, const struct seen *seen, const char *what)
{
    if (seen->asked[tested->hook] == 0)
        COMPLAIN(tested, "%s: it was never asked\n", what);
    if (*seen->broken)
        COMPLAIN(tested, "%s: %s\n", what, seen->broken);
}

static void every_hook_has_a_case(void **state)
{
    (void)state;
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        bool overridden = false, violated = false;
        for (size_t i = 0; i < CASES; i++) {
            overridden |= (int)cases[i].hook == hook && cases[i].example && cases[i].effect;
            violated |= (int)cases[i].hook == hook && cases[i].violation;
        }
        if (!overridden || !violated)
            fail_msg("%s: no example with an effect, or no violation", schema_hooks[hook].name);
    }
}

static void a_script_changes_what_the_node_does(void **state)
{
    (void)state;
    complaints = 0;
    for (size_t i = 0; i < CASES; i++) {
        const struct seen *without = run_without(&cases[i]);
        struct seen with;
        if (!cases[i].effect)
            continue;
        subject_run(script_of(&cases[i], cases[i].example), cases[i].seed_mode, &with);
        check_asked(&cases[i], &with, "example");
        if (with.errors[cases[i].hook] > 0)
            COMPLAIN(&cases[i], "the example fails\n");
        if (!cases[i].effect(&with, without))
            COMPLAIN(&cases[i], "no effect\n");
    }
    assert_int_equal(complaints, 0);
}

static void what_the_core_keeps_holds_whatever_a_script_answers(void **state)
{
    (void)state;
    complaints = 0;
    for (size_t i = 0; i < CASES; i++) {
        struct seen seen;
        subject_run(script_of(&cases[i], cases[i].violation), cases[i].seed_mode, &seen);
        check_asked(&cases[i], &seen, "violation");
        if (cases[i].is_kept && !cases[i].is_kept(&seen))
            COMPLAIN(&cases[i], "a rule of the core is broken\n");
    }
    assert_int_equal(complaints, 0);
}

/* L2: not one action of the network differs from a run in which nobody overrides the hook. */
static void the_base_rule_answers_when_a_script_fails(void **state)
{
    (void)state;
    complaints = 0;
    for (size_t i = 0; i < CASES; i++) {
        const struct seen *without = run_without(&cases[i]);
        struct seen seen;
        subject_run(script_of(&cases[i], "view.random() policy.state.x = 1 error('broken')"),
            cases[i].seed_mode, &seen);
        check_asked(&cases[i], &seen, "failure");
        if (seen.errors[cases[i].hook] == 0)
            COMPLAIN(&cases[i], "it did not fail\n");
        if (seen.hash != without->hash)
            COMPLAIN(&cases[i], "its failure shows\n");
    }
    assert_int_equal(complaints, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hook_has_a_case),
        cmocka_unit_test(a_script_changes_what_the_node_does),
        cmocka_unit_test(what_the_core_keeps_holds_whatever_a_script_answers),
        cmocka_unit_test(the_base_rule_answers_when_a_script_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
