/* Attempts to break out of, or exhaust, what came with the later hooks: their views and verdicts,
 * state, parameters, examples, shadow runs. Each is contained, and the next decision is right. */
#include "unit/script/fixture.h"

#include "script/shadow.h"

#define NOBODY                                                                                     \
    "local policy = pex.policy { name = 'hostile', params = { list = { default = { 'a' } } } }\n"

struct attempt {
    const char *name;
    enum hook hook;
    const char *body; /* of the hook */
    const char *says; /* in the log when it fails; NULL: it answers */
};

static const struct attempt attempts[] = {
    /* verdicts out of range or against the schema */
    {"more dials than there can be", HOOK_dial_count, "return 1e9", "dials: whole number from 0"},
    {"half a dial", HOOK_dial_count, "return 0.5", "dials: whole number from 0"},
    {"dials that are no number", HOOK_dial_count, "return 0 / 0", "dials: NaN or infinite"},
    {"infinite dials", HOOK_dial_count, "return math.huge", "dials: NaN or infinite"},
    {"promotion by text", HOOK_promote, "return 'yes'", "got string"},
    {"row 0", HOOK_ask, "return 0", "no such row in view.peers (it has 3)"},
    {"row that is a table of its own", HOOK_ask, "return { id = 'x' }", "got 'id'"},
    {"row of another list", HOOK_evict, "return view.newcomer",
        "got an object or a row of another"},
    {"row behind a metatable", HOOK_ask,
        "return setmetatable({}, { __index = function() return 1 end })", "got an object"},
    {"row by coercion", HOOK_ask, "return '1'", "got string"},
    {"every seed again and again", HOOK_seeds,
        "local t = {} for i = 1, 300 do t[i] = 1 end return t", "at most 256 expected, got 300"},
    {"list with a hole", HOOK_seeds, "return { 1, nil, 3 }", "without holes"},
    {"list that never ends", HOOK_rotate, "local t = {} while true do t[#t + 1] = 1 end",
        "outcome="},
    {"rows of NaN", HOOK_rotate, "return { 0 / 0 }", "row: NaN or infinite"},
    {"wait for ever", HOOK_reconnect, "return { wait_s = math.huge }", "wait_s: NaN or infinite"},
    {"wait that is no wait", HOOK_reconnect, "return { wait_s = 0 / 0 }", "wait_s: NaN"},
    {"concurrency of a million", HOOK_crawl, "return { rows = {}, concurrency = 1e6 }",
        "concurrency: whole number"},
    {"share of more than a message holds", HOOK_share, "return { count = 251 }",
        "count: whole number from 0"},
    {"share of two forms", HOOK_share, "return { count = 1, rows = {} }", "has no field 'rows'"},
    {"share of what is not shown", HOOK_share, "return { 1 }", "no such row in view.candidates"},
    {"endless reason", HOOK_admit, "return { reject = ('x'):rep(81) }", "at most 80 bytes"},
    {"reason with a NUL", HOOK_admit, "return { reject = 'a\\0b' }", "at most 80 bytes"},
    {"replacing who may not be", HOOK_admit, "return { replace = 4 }", "no such row"},
    {"accept = false", HOOK_admit, "return { accept = false }", "only true is an answer"},
    {"act of another kind", HOOK_answer, "return { act = 'ban' }",
        "'ban' is none of answer, ignore, disconnect"},
    {"linger that is no number", HOOK_answer, "return { act = 'answer', linger_s = 0 / 0 }",
        "linger_s: NaN"},
    {"blame without end", HOOK_accept, "return { rows = {}, blame = 1e18 }", "blame: whole number"},
    {"evicting beyond the bucket", HOOK_evict, "return { test = 65 }", "no such row"},
    {"telling the teller", HOOK_observe, "return true", "no answer expected"},
    {"reinstating nobody's ban", HOOK_reinstate, "return { {} }", "no such row"},

    /* views */
    {"field of a peer that is not there", HOOK_promote, "return view.peer.key == nil",
        "a row (peer) has no field 'key'"},
    {"new field of a row", HOOK_promote, "view.peer.key = 1", "has no field 'key'"},
    {"metatable of a row", HOOK_promote, "return getmetatable(view.peer).x", "boolean"},
    {"another metatable for a row", HOOK_promote, "setmetatable(view.peer, {})", "already"},
    {"rows swapped between lists", HOOK_evict, "view.entries[1] = view.newcomer return 1",
        "was reordered"},
    {"rows kept for later", HOOK_rotate, "kept[1] = kept[1] or view.peers[3] return { kept[1] }",
        NULL},
    {"row of an earlier question", HOOK_crawl, "return { kept[1] or view.candidates[1] }", NULL},
    {"what it writes is gone", HOOK_seeds,
        "for _, row in ipairs(view.seeds) do row.id = {} row.port = print0 end return {}",
        "no variable"},

    /* state */
    {"row in the state", HOOK_observe, "policy.state.row = view.peer", "no field 'peer'"},
    {"view in the state", HOOK_observe, "policy.state.view = view", "borrowed row"},
    {"function in the state", HOOK_observe, "policy.state.f = function() end", "is a function"},
    {"state that holds itself", HOOK_observe, "policy.state.self = policy.state", "nested deeper"},
    {"state too deep", HOOK_observe,
        "local t = {} policy.state.t = t for i = 1, 20 do t.t = {} t = t.t end", "nested deeper"},
    {"state too large", HOOK_observe, "policy.state.text = ('x'):rep(65000) .. ('y'):rep(65000)",
        "larger than 65536"},
    {"state of many small things", HOOK_observe, "for i = 1, 1e6 do policy.state[i] = i end",
        "outcome="},
    {"state with NaN", HOOK_observe, "policy.state.n = 0 / 0", "NaN or infinite"},
    {"state with a table as key", HOOK_observe, "policy.state[{}] = 1", "key that is a table"},
    {"state that is no table", HOOK_observe, "policy.state = 5", "must be a table"},
    {"state with a metatable", HOOK_observe, "policy.state = setmetatable({}, { __index = error })",
        "borrowed row or an object"},

    /* parameters, bases, later changes */
    {"parameter written", HOOK_ask, "policy.params.list = 5", "read-only"},
    {"list of a parameter changed", HOOK_ask,
        "policy.params.list[1] = error return #policy.params.list[1]", NULL},
    {"hook replaced while it runs", HOOK_ask, "policy.ask = error", "while the policy loads"},
    {"examples replaced", HOOK_ask, "policy.examples = {}", "while the policy loads"},
    {"base asked about something else", HOOK_ask, "return pex.base.ask('view')", "outcome=error"},
    {"base asked about itself", HOOK_ask, "return pex.base.ask(pex.base)", "no rule for"},
    {"base that is not one", HOOK_ask, "return pex.base.asks(view)", "did you mean ask?"},
    {"base without end", HOOK_ask, "while true do pex.base.ask(view) end", "outcome="},
    {"base replaced", HOOK_ask, "pex.base.ask = error", "read-only"},
    {"core's rule asked by name", HOOK_admit, "return pex.base.admit(view)", "left"},
};

/* The views have three rows in every list. */
static void fill(enum hook hook, void *view, char *rows)
{
    const struct schema_hook *schema = &schema_hooks[hook];
    schema_view_defaults(schema, view);
    for (unsigned i = 0; i < schema->view_n; i++) {
        const struct schema_field *field = &schema->view[i];
        if (field->type != SCHEMA_ROWS || hook == HOOK_share)
            continue;
        for (size_t row = 0; row < 3; row++)
            schema_row_defaults(field->row, rows + row * field->row->size);
        *(const void **)((char *)view + field->offset) = rows;
        *(size_t *)((char *)view + field->offset_n) = 3;
    }
    ((struct policy_common *)view)->now = NOW_S + 1000; /* no probation */
}

static void load_attempt(struct fixture *fixture, const struct attempt *attempt)
{
    char text[1024];
    snprintf(text, sizeof text,
        NOBODY "local kept = {}\nfunction policy.%s(view)\n  %s\nend\nreturn policy",
        schema_hooks[attempt->hook].name, attempt->body);
    if (fixture_load(fixture, text) != ERR_OK)
        fail_msg("%s: %s", attempt->name, fixture->error.message);
}

static void assert_still_right(struct fixture *fixture, const char *name)
{
    struct backoff_view view;
    struct backoff_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
    view.failures = 17;
    if (ask(fixture, HOOK_backoff, &view, &verdict) != ERR_OK || verdict.act != BACKOFF_ban ||
        verdict.ban_s != 86400)
        fail_msg("after %s", name);
}

static unsigned complaints;

#define COMPLAIN(...) (complaints++, print_error(__VA_ARGS__))

/* Leaving the question to the core is an answer too. */
static bool is_left_to_core(const struct attempt *attempt)
{
    return attempt->says && strcmp(attempt->says, "left") == 0;
}

static void run(struct fixture *fixture, const struct attempt *attempt, const char *log)
{
    static uint64_t view[64], verdict[16384], rows[256];
    fill(attempt->hook, view, (char *)rows);
    enum err err = ask(fixture, attempt->hook, view, verdict);
    struct policy_answer answer = policy_describe(script_policy(fixture->script));
    bool failed = answer.failure != POLICY_FAILURE_NONE;
    if (failed != (attempt->says && !is_left_to_core(attempt)))
        COMPLAIN("%s: %s\n", attempt->name, failed ? log : "not refused");
    if (failed && !strstr(log, attempt->says))
        COMPLAIN("%s: %s\n", attempt->name, log);
    bool is_core = schema_hooks[attempt->hook].answered_by_core;
    bool by_core = is_core && (failed || is_left_to_core(attempt));
    if ((err == ERR_OK) == by_core)
        COMPLAIN("%s: answered with %d\n", attempt->name, err);
}

static void every_attempt_is_contained(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        fixture_start(&fixture);
        fixture.clock_step_ns = 10000;
        load_attempt(&fixture, &attempts[i]);
        run(&fixture, &attempts[i], fixture.lines[1]); /* after "policy loaded" */
        assert_still_right(&fixture, attempts[i].name);
        fixture_stop(&fixture);
    }
    assert_int_equal(complaints, 0);
}

/* The same as a shadow: the live policy answers as if there were none. */
static void every_attempt_is_contained_in_a_shadow(void **state)
{
    (void)state;
    static uint64_t view[64], verdict[16384], rows[256], alone[16384];
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct fixture fixture;
        struct shadow_stats stats;
        char text[1024];
        fixture_init(&fixture);
        fixture_start(&fixture);
        fixture.clock_step_ns = 10000;
        enum hook hook = attempts[i].hook;
        fill(hook, view, (char *)rows);
        struct rng rng = fixture.rng;
        enum err before = ask(&fixture, hook, view, alone);
        fixture.rng = rng;
        snprintf(text, sizeof text,
            NOBODY "local kept = {}\nfunction policy.%s(view)\n  %s\nend\nreturn policy",
            schema_hooks[hook].name, attempts[i].body);
        struct script_source source = source_of(text);
        assert_int_equal(
            script_shadow_load(fixture.script, &source, NOW_S, &fixture.error), ERR_OK);
        assert_int_equal(ask(&fixture, hook, view, verdict), before);
        if (before == ERR_OK)
            assert_true(verdict_equal(hook, alone, verdict));
        assert_true(script_shadow_stats(fixture.script, &stats));
        assert_int_equal(stats.hooks[hook].asked, 1);
        if (stats.hooks[hook].errors != (attempts[i].says && !is_left_to_core(&attempts[i])))
            COMPLAIN("shadow: %s: %s\n", attempts[i].name, stats.last_error.message);
        assert_still_right(&fixture, attempts[i].name);
        fixture_stop(&fixture);
    }
    assert_int_equal(complaints, 0);
}

/* What is run while loading is limited as well. */
static void loading_is_contained(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name, *text, *says;
    } cases[] = {
        {"example with a million rows",
            NOBODY "local rows = {}\nfor i = 1, 1e6 do rows[i] = {} end\n"
                   "policy.examples = { { hook = 'rotate', given = { peers = rows } } }\n"
                   "return policy",
            "limit of"},
        {"example that writes itself",
            NOBODY "local t = {}\nt.peers = t\n"
                   "policy.examples = { { hook = 'rotate', given = t } }\nreturn policy",
            "peers: a list of rows expected"},
        {"example whose row is itself",
            NOBODY "local t = {}\nt[1] = t\n"
                   "policy.examples = { { hook = 'rotate', given = { peers = t } } }\n"
                   "return policy",
            "given: there is no field '[1]'"},
        {"example whose row is text",
            NOBODY "policy.examples = { { hook = 'promote', given = { peer = 'x' } } }\n"
                   "return policy",
            "table expected, got string"},
        {"part that is no part", NOBODY "policy.use(5)\nreturn policy", "table expected"},
        {"part with a foreign hook", NOBODY "policy.use { sleep = print }\nreturn policy",
            "no variable 'print'"},
        {"part without end",
            NOBODY "local t = {} for i = 1, 300 do t[i] = { hook = 'ask' } end\n"
                   "policy.use { examples = t }\nreturn policy",
            "more than 256 examples"},
        {"parameters without end",
            "local t = {} for i = 1, 100 do t['p' .. i] = { default = 1 } end\n"
            "return pex.policy { name = 'x', params = t }",
            "more than 64 parameters"},
        {"parameter list too long",
            "local t = {} for i = 1, 65 do t[i] = 'x' end\n"
            "return pex.policy { name = 'x', params = { a = { default = t } } }",
            "at most 64 entries"},
        {"parameter with a long doc",
            "return pex.policy { name = 'x', params = { a = { default = 1, doc = ('x'):rep(257) } "
            "} }",
            "doc must be a text of at most 256 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (fixture_load(fixture, cases[i].text) != ERR_SCRIPT ||
            !strstr(fixture->error.message, cases[i].says))
            fail_msg("%s: %s", cases[i].name, fixture->error.message);
        assert_still_right(fixture, cases[i].name);
    }
}

/* Saved state is data of somebody else's making. */
static void state_from_a_file_is_contained(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {"", "{", "5", "nil", "error", "{}{}", "\x1bLJ\x02",
        "{[\"default\"]=5}", "{[\"default\"]={[\"version\"]=1}}",
        "(function() while true do end end)()", "{[\"x\"]=(\"x\"):rep(1e9)}",
        "{[\"default\"]={[\"version\"]=1,[\"state\"]={0/0},[\"params\"]={}}}",
        "setmetatable({}, {})", "{}, os.exit(1)", "{[\"a\"]=function() end}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        enum err err = script_import(fixture->script, span_of_text(texts[i]), &fixture->error);
        bool ignored = strstr(texts[i], "]=5}") || strstr(texts[i], "=1}}");
        if ((err == ERR_OK) != ignored)
            fail_msg("%s: %d %s", texts[i], err, fixture->error.message);
        assert_still_right(fixture, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attempt_is_contained),
        cmocka_unit_test(every_attempt_is_contained_in_a_shadow),
        TEST(loading_is_contained),
        TEST(state_from_a_file_is_contained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
