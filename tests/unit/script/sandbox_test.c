/* Attempts to escape from the sandbox or to exhaust it. Each runs twice: under a clock of the test,
 * which stands still unless the fuse is to end the attempt, and under the real clocks, where
 * nothing may last much longer than the fuse (printed, not asserted). */
#include "unit/script/fixture.h"

#include <lauxlib.h>
#include <stdlib.h>

enum contained {
    REFUSED,      /* the policy does not load: `says` is in the error */
    ERROR,        /* the call fails with an error that has `says` in it */
    INSTRUCTIONS, /* the call hits this limit */
    FUSE,         /* each instruction is so slow that time runs out first */
    MEMORY,
    ANSWERED /* the call ends well, having got nothing: new_percent is 42 */
};

struct attempt {
    const char *name;
    enum contained contained;
    const char *says;
    const char *top;  /* at the top of the file */
    const char *body; /* in the hook */
};

#define DOUBLED(times) "local s = 'x' for _ = 1, " #times " do s = s .. s end "

static const struct attempt attempts[] = {
    /* what is not there */
    {"io", ERROR, "no variable 'io'", "", "io.open('/etc/passwd')"},
    {"os", ERROR, "no variable 'os'; view.now is the only clock", "", "os.execute('true')"},
    {"ffi", ERROR, "no variable 'ffi'", "", "ffi.cdef''"},
    {"jit", ERROR, "no variable 'jit'", "", "jit.on()"},
    {"debug", ERROR, "no variable 'debug'", "", "debug.sethook()"},
    {"print", ERROR, "no variable 'print'; pex.log", "", "print(1)"},
    {"package", ERROR, "no variable 'package'", "", "package.loadlib('x', 'y')"},
    {"coroutine", ERROR, "no variable 'coroutine'", "", "coroutine.create(print)"},
    {"_G", ERROR, "no variable '_G'", "", "_G.x = 1"},
    {"loadstring", ERROR, "no variable 'loadstring'", "", "loadstring('x')()"},
    {"load", ERROR, "no variable 'load'", "", "load(function() end)"},
    {"dofile", ERROR, "no variable 'dofile'", "", "dofile('/dev/zero')"},
    {"getfenv", ERROR, "no variable 'getfenv'", "", "getfenv(0).x = 1"},
    {"setfenv", ERROR, "no variable 'setfenv'", "", "setfenv(1, {})"},
    {"collectgarbage", ERROR, "no variable 'collectgarbage'", "", "collectgarbage('stop')"},
    {"newproxy", ERROR, "no variable 'newproxy'", "", "newproxy(true)"},
    {"next", ERROR, "no variable 'next'; pairs lists a table", "", "next({})"},
    {"rawset", ERROR, "no variable 'rawset'", "", "rawset(math, 'floor', 1)"},
    {"xpcall", ERROR, "no variable 'xpcall'", "", "xpcall(error, error)"},
    {"gcinfo", ERROR, "no variable 'gcinfo'", "", "gcinfo()"},
    {"string.dump", ERROR, "no 'dump'", "", "string.dump(function() end)"},
    {"gsub as a method", ERROR, "no 'gsub'; there are no patterns", "",
        "local s = ('a'):gsub('a', 'b')"},
    {"math.randomseed", ERROR, "no 'randomseed'", "", "math.randomseed(1)"},
    {"require ffi", REFUSED, "no file ffi.lua", "require 'ffi'", ""},
    {"require a path", REFUSED, "require: a name", "require '../../etc/passwd'", ""},
    {"require late", ERROR, "only while the policy loads", "", "require 'bias'"},
    /* shared things */
    {"new global", ERROR, "'x' is not local", "", "x = 1"},
    {"write a library", ERROR, "math is read-only", "", "math.floor = nil"},
    {"write pex", ERROR, "pex is read-only", "", "pex.clamp = nil"},
    {"insert into a library", ERROR, "read-only", "", "table.insert(math, 1)"},
    {"metatable of texts", ANSWERED, "", "",
        "if getmetatable('') ~= nil then return { new_percent = 1 } end"},
    {"metatable of a library", ERROR, "has its metatable already", "", "setmetatable(math, {})"},
    {"library behind its guard", ANSWERED, "", "",
        "if getmetatable(math) or rawget(math, 'floor') then return { new_percent = 1 } end"},
    {"weak table", ERROR, "__mode is not available", "", "setmetatable({}, { __mode = 'k' })"},
    {"weak table later", ANSWERED, "", "",
        "local m = {} local t = setmetatable({}, m) m.__mode = 'v' t[1] = {} "
        "for _ = 1, 2000 do local _ = { 1, 2, 3 } end if not t[1] then return { new_percent = 1 } "
        "end"},
    {"a row as memory", ERROR, "borrowed row", "", "policy.state.kept = view.book"},
    {"a function as memory", ERROR, "is a function", "", "policy.state.kept = error"},
    {"a row with more fields", ERROR, "no field 'extra'", "", "view.extra = 1"},
    {"address of a table", ANSWERED, "", "",
        "if tostring({}) ~= 'table' or tostring(error) ~= 'function' or "
        "string.format('%s', {}) ~= 'table' then return { new_percent = 1 } end"},
    {"address in an error", ANSWERED, "", "",
        "for _, read in ipairs { function() return policy[{}] end, function() policy[{}] = 1 end, "
        "function() return policy.params[{}] end, function() return pex.base[{}] end, "
        "function() return pex[{}] end, function() return view[{}] end } do "
        "local _, why = pcall(read) if why:find('0x') then return { new_percent = 1 } end end"},
    {"order of fields in an error", ERROR, "did you mean inbound?", "",
        "local _, why = pcall(function() return view.onxbound end) error(why, 0)"},
    {"order of table keys in an error", ERROR, "a key that is no number, text or boolean", "",
        "for _ in pairs({ [{}] = 1, [error] = 2 }) do end"},
    {"address by format", ERROR, "no %p", "", "string.format('%-10p', {})"},
    {"__tostring that lies", ERROR, "must return a text", "",
        "tostring(setmetatable({}, { __tostring = function() return {} end }))"},
    {"order of table keys", ERROR, "has no order", "", "for _ in pairs({ [{}] = 1 }) do end"},
    /* time */
    {"endless loop", INSTRUCTIONS, "", "", "while true do end"},
    {"endless loop at load", REFUSED, "limit of instructions", "while true do end", ""},
    {"endless loop under pcall", INSTRUCTIONS, "", "",
        "while true do pcall(function() while true do end end) end"},
    {"pcall that goes on", INSTRUCTIONS, "", "",
        "pcall(function() while true do end end) return { new_percent = 1 }"},
    {"nested pcall", ERROR, "pcall: nested too deep", "",
        "local function f() local ok, why = pcall(f) if not ok then error(why, 0) end end f()"},
    {"nested pcall with loops", INSTRUCTIONS, "", "",
        "local function f() pcall(f) while true do end end f()"},
    {"endless recursion", MEMORY, "", "", "local function f() return 1 + f() end f()"},
    {"endless tail call", INSTRUCTIONS, "", "", "local function f() return f() end f()"},
    {"endless metamethod", MEMORY, "", "",
        "local t t = setmetatable({}, { __index = function(_, k) return t[k + 1] end }) local _ = "
        "t[1]"},
    {"loop of __index tables", ERROR, "loop", "",
        "local a, b = {}, {} setmetatable(a, { __index = b }) setmetatable(b, { __index = a }) "
        "local _ = a.x"},
    {"endless comparison in sort", INSTRUCTIONS, "", "",
        "table.sort({ 2, 1 }, function() while true do end end)"},
    {"sort without order", ANSWERED, "", "",
        "local t = {} for i = 1, 3000 do t[i] = i end "
        "table.sort(t, function() return math.random() < 0.5 end)"},
    {"large sort", INSTRUCTIONS, "", "",
        "local t = {} for i = 1, 30000 do t[i] = (i * 7919) % 30011 end "
        "while true do table.sort(t) end"},
    {"insert in front", INSTRUCTIONS, "", "",
        "local t = {} while true do table.insert(t, 1, 0) end"},
    {"upper of long texts", ERROR, "longer than 4096", "",
        DOUBLED(17) "while true do s:upper() end"},
    {"upper in a loop", FUSE, "", "", DOUBLED(12) "while true do s:upper() end"},
    {"find in a loop", FUSE, "", "",
        DOUBLED(12) "local w = s:sub(1, 2047) .. 'y' while true do s:find(w) end"},
    {"hostile pattern", ANSWERED, "", "",
        DOUBLED(9) "if s:find('.-.-.-.-.-y') then return { new_percent = 1 } end"},
    {"concatenation in a loop", FUSE, "", "", DOUBLED(16) "while true do local _ = s .. 'y' end"},
    {"text as number", FUSE, "", "",
        "local s = '1' for _ = 1, 18 do s = s .. s end while true do local _ = s + 0 end"},
    {"comparison of long texts", FUSE, "", "",
        DOUBLED(17) "local a, b = s .. 'a', s .. 'b' while true do local _ = a < b end"},
    {"tonumber in a loop", FUSE, "", "",
        "local s = '1' for _ = 1, 18 do s = s .. s end while true do tonumber(s) end"},
    {"table.concat in a loop", INSTRUCTIONS, "", "",
        "local t = {} for i = 1, 8000 do t[i] = 'abcd' end while true do table.concat(t) end"},
    {"pairs of a large table", INSTRUCTIONS, "", "",
        "local t = {} for i = 1, 8000 do t['k' .. i] = i end "
        "while true do for _ in pairs(t) do end end"},
    {"unpack of everything", ERROR, "more than 255", "", "unpack({}, 1, 1e8)"},
    {"unpack to infinity", ERROR, "more than 255", "", "unpack({}, 1, 1 / 0)"},
    {"unpack of NaN", ERROR, "more than 255", "", "unpack({}, 0 / 0, 0 / 0)"},
    {"byte of everything", ERROR, "more than 255", "", DOUBLED(16) "s:byte(1, -1)"},
    {"deep error level", FUSE, "", "",
        "local function f(n) if n > 0 then return (f(n - 1)) end "
        "while true do pcall(error, 'x', 1e9) end end f(5000)"},
    /* memory */
    {"string.rep", ERROR, "more than 64 KiB", "", "('x'):rep(2 ^ 31)"},
    {"string.rep of nothing", ERROR, "more than 64 KiB", "", "(''):rep(2 ^ 53)"},
    {"doubling a text", MEMORY, "", "", "local s = 'x' while true do s = s .. s end"},
    {"doubling under pcall", MEMORY, "", "",
        "local s = 'x' while true do pcall(function() s = s .. s end) end"},
    {"filling a table", MEMORY, "", "", "local t = {} while true do t[#t + 1] = {} end"},
    {"filling tables under pcall", MEMORY, "", "",
        "local t while true do pcall(function() t = { t } while true do t = { t } end end) end"},
    {"many closures", MEMORY, "", "",
        "local t = {} while true do t = { t, function() return t end } end"},
    {"state too large", ERROR, "larger than 65536", "",
        "for i = 1, 8000 do policy.state[i] = i end"},
    {"state with a cycle", ERROR, "nested deeper", "", "policy.state.a = policy.state"},
    {"large format", ERROR, "invalid option", "", "string.format('%1000s', 'x')"},
    /* verdicts */
    {"verdict with a trap", ERROR, "draw: number expected", "",
        "return setmetatable({ draw = {} }, { __index = function() while true do end end })"},
    {"verdict of NaN", ERROR, "NaN", "", "return { new_percent = 0 / 0 }"},
    {"verdict of infinity", ERROR, "NaN or infinite", "", "return { draw = 1 / 0 }"},
    {"verdict of text", ERROR, "number expected, got string", "", "return { draw = '10' }"},
    {"verdict of a function", ERROR, "expected, got function", "", "return error"},
    {"verdict with unknown fields", ERROR, "no field 'persent'", "", "return { persent = 1 }"},
    {"error that is a table", ERROR, "error value is a table", "", "error({})"},
    {"error with a trap", ERROR, "error value is a table", "",
        "error(setmetatable({}, { __tostring = function() while true do end end }))"},
};

static char *source_with(const struct attempt *attempt, const char *answer)
{
    char *text = NULL;
    int n = asprintf(&text,
        "local policy = pex.policy { name = 'attack' }\n%s\n"
        "function policy.bias(view)\n  do %s end\n  return %s\nend\nreturn policy\n",
        attempt->top, attempt->body, answer);
    assert_true(n > 0);
    return text;
}

static enum err load_attempt(struct fixture *fixture, const struct attempt *attempt)
{
    char *text = source_with(attempt, "{ new_percent = 42, draw = 7 }");
    enum err err = fixture_load(fixture, text);
    free(text);
    return err;
}

/* Whatever happened before, the default's decision is right. */
static void assert_still_right(struct fixture *fixture)
{
    struct backoff_view view;
    struct backoff_verdict verdict;
    schema_view_defaults(&schema_hooks[HOOK_backoff], &view);
    view.failures = 17;
    assert_int_equal(ask(fixture, HOOK_backoff, &view, &verdict), ERR_OK);
    assert_int_equal(verdict.act, BACKOFF_ban);
    assert_true(verdict.ban_s == 86400);
}

static const char *const expected_outcome[] = {
    "", "outcome=error", "outcome=instructions", "outcome=fuse", "outcome=memory", ""};

static void run_attempt(struct fixture *fixture, const struct attempt *attempt)
{
    enum err err = load_attempt(fixture, attempt);
    if (attempt->contained == REFUSED) {
        assert_int_equal(err, ERR_SCRIPT);
        if (!strstr(fixture->error.message, attempt->says))
            fail_msg("%s: refused with: %s", attempt->name, fixture->error.message);
    } else {
        if (err != ERR_OK)
            fail_msg("%s: %s", attempt->name, fixture->error.message);
        struct bias_verdict verdict = ask_bias(fixture, 4, 5);
        bool answered = attempt->contained == ANSWERED;
        if (verdict.new_percent != (answered ? 42 : 50))
            fail_msg("%s: answered %g", attempt->name, verdict.new_percent);
        const char *line = fixture->lines[(fixture->lines_n - 1) % LOG_LINES_MAX];
        if (!answered &&
            (!strstr(line, expected_outcome[attempt->contained]) || !strstr(line, attempt->says)))
            fail_msg("%s: %s", attempt->name, line);
    }
    assert_still_right(fixture);
}

static void attempts_are_contained_by_the_limit_meant_for_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        fixture_start(&fixture);
        fixture.clock_step_ns = attempts[i].contained == FUSE ? 1000000 : 0;
        run_attempt(&fixture, &attempts[i]);
        fixture_stop(&fixture);
    }
}

/* The same under the real clocks and fuse: on a slow machine an attempt may end by another limit
 * than the one meant for it, but what follows is right. How long the worst one takes is printed. */
static void decisions_after_attempts_are_right_under_the_real_clocks(void **state)
{
    (void)state;
    int64_t worst_ns = 0;
    const char *worst = "";
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        fixture.clock_step_ns = -1;
        fixture.settings.cpu_ns = fixture_cpu;
        fixture_start(&fixture);
        load_attempt(&fixture, &attempts[i]);
        ask_bias(&fixture, 4, 5);
        assert_still_right(&fixture);
        int64_t time_ns = hook_stats(&fixture, HOOK_bias).time_max_ns;
        if (getenv("VERBOSE"))
            print_message("%-28s %7.2f ms\n", attempts[i].name, (double)time_ns / 1e6);
        if (time_ns > worst_ns) {
            worst_ns = time_ns;
            worst = attempts[i].name;
        }
        fixture_stop(&fixture);
    }
    print_message("slowest of %zu attempts: %s, %.1f ms\n", sizeof attempts / sizeof *attempts,
        worst, (double)worst_ns / 1e6);
}

static void fuse_ends_a_call_when_the_clock_passes_it(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'slow' }\n"
        "function policy.bias() while true do end end\nreturn policy");
    fixture->clock_step_ns = 1000000;
    assert_true(ask_bias(fixture, 0, 10).new_percent == 10);
    assert_int_equal(fixture_logged(fixture, "outcome=fuse"), 1);
    assert_int_equal(fixture_logged(fixture, "file=test.lua line=2"), 1);
}

/* Its instructions bound it: a slow machine must not refuse a policy. */
static void an_example_may_take_ten_times_as_long_as_a_call(void **state)
{
    struct fixture *fixture = *state;
    fixture->clock_step_ns = 100000; /* every 100 instructions */
    load(fixture,
        "local policy = pex.policy { name = 'slow' }\n"
        "function policy.bias()\n"
        "  for _ = 1, 20000 do local _ = {} end\n"
        "  return { new_percent = 1 }\nend\n"
        "policy.examples = { { hook = 'bias', expect = { new_percent = 1 } } }\n"
        "return policy");
    assert_true(ask_bias(fixture, 0, 10).new_percent == 10);
    assert_int_equal(fixture_logged(fixture, "outcome=fuse"), 1);
}

/* The default is ours and bounded by its instructions: a machine that stalls must not leave a
 * question without an answer. */
static void base_answers_however_slow_the_machine(void **state)
{
    struct fixture *fixture = *state;
    static struct address_row rows[1024];
    static struct select_verdict verdict;
    struct select_view view;
    schema_view_defaults(&schema_hooks[HOOK_select], &view);
    for (int i = 0; i < 1024; i++)
        schema_row_defaults(&schema_rows[0], &rows[i]);
    view.candidates = rows;
    view.candidates_n = 1024;
    view.wanted = 1024;
    fixture->clock_step_ns = INT64_C(3600000000000);
    assert_int_equal(ask(fixture, HOOK_select, &view, &verdict), ERR_OK);
    assert_int_equal(verdict.picks_n, 1024);
}

static void turn_fuse_leaves_questions_to_the_base(void **state)
{
    struct fixture *fixture = *state;
    load(fixture,
        "local policy = pex.policy { name = 'mine' }\n"
        "function policy.bias() return { new_percent = 1 } end\nreturn policy");
    script_turn_begin(fixture->script);
    fixture->clock_step_ns = 10000000;
    assert_true(ask_bias(fixture, 0, 10).new_percent == 1);
    for (int i = 0; i < 10 && hook_stats(fixture, HOOK_bias).skipped == 0; i++)
        ask_bias(fixture, 0, 10);
    fixture->clock_step_ns = 0;
    assert_true(ask_bias(fixture, 0, 10).new_percent == 10);
    assert_int_equal(hook_stats(fixture, HOOK_bias).errors, 0);
    script_turn_begin(fixture->script);
    assert_true(ask_bias(fixture, 0, 10).new_percent == 1);
}

struct bytecode {
    char bytes[4096];
    size_t n;
};

static int take_bytecode(lua_State *L, const void *part, size_t n, void *context)
{
    struct bytecode *code = context;
    (void)L;
    assert_true(n <= sizeof code->bytes - code->n);
    memcpy(code->bytes + code->n, part, n);
    code->n += n;
    return 0;
}

static struct bytecode compiled(const char *text)
{
    struct bytecode code = {.n = 0};
    lua_State *L = luaL_newstate();
    assert_int_equal(luaL_loadstring(L, text), 0);
    assert_int_equal(lua_dump(L, take_bytecode, &code), 0);
    lua_close(L);
    return code;
}

/* Nothing checks bytecode: a made-up one reads and writes any memory. */
static void bytecode_is_refused_even_where_its_text_would_load(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "local policy = pex.policy { name = 'mine' } return policy";
    static const char main_text[] =
        "local policy = pex.policy { name = 'mine' } require 'part' return policy";
    struct bytecode whole = compiled(text), part = compiled("return 1");
    struct script_source source = source_of(text);
    assert_int_equal(script_load(fixture->script, &source, NOW_S, &fixture->error), ERR_OK);
    source.text = span_of(whole.bytes, whole.n);
    assert_int_equal(script_load(fixture->script, &source, NOW_S, &fixture->error), ERR_SCRIPT);
    assert_non_null(strstr(fixture->error.message, "wrong mode"));
    const struct script_file beside = {"part", span_of(part.bytes, part.n)};
    source = source_of(main_text);
    source.files = &beside;
    source.files_n = 1;
    assert_int_equal(script_load(fixture->script, &source, NOW_S, &fixture->error), ERR_SCRIPT);
    assert_non_null(strstr(fixture->error.message, "wrong mode"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_are_contained_by_the_limit_meant_for_them),
        cmocka_unit_test(decisions_after_attempts_are_right_under_the_real_clocks),
        TEST(bytecode_is_refused_even_where_its_text_would_load),
        TEST(fuse_ends_a_call_when_the_clock_passes_it),
        TEST(an_example_may_take_ten_times_as_long_as_a_call),
        TEST(base_answers_however_slow_the_machine),
        TEST(turn_fuse_leaves_questions_to_the_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
