/* Verdicts against the schema: every kind of field, through a question of `select` whose verdict is
 * declared here. */
#include "unit/script/fixture.h"

#include "script/runtime.h"
#include "script/verdict.h"

#include <lauxlib.h>
#include <lualib.h>

struct answer {
    bool is_false;
    unsigned act;
    int64_t whole;
    double number;
    bool yes;
    char text[8 + 1];
    enum policy_scope scope;
    int64_t row;
    int64_t rows[3];
    size_t rows_n;
    struct policy_pick picks[3];
    size_t picks_n;
    char reason[POLICY_REASON_MAX + 1];
};

static const char *const scopes[] = {"id", "ip", "group"};
static const struct schema_enum scope_enum = {"scope", scopes, 3};

#define AT(member) .offset = offsetof(struct answer, member)

/* The fields of select's view, copied so that their address is constant. */
static struct schema_field view_fields[32];
#define CANDIDATES 12
#define OVER .over = &view_fields[CANDIDATES]

static const struct schema_field named[] = {
    {.name = "number",
        .type = SCHEMA_NUMBER,
        AT(number),
        .min = 10,
        .max = 20,
        .zero = true,
        .required = true},
    {.name = "whole", .type = SCHEMA_INTEGER, AT(whole), .min = 1, .max = 9, .number = 4},
    {.name = "yes", .type = SCHEMA_BOOLEAN, AT(yes), .number = 1},
    {.name = "text", .type = SCHEMA_TEXT, AT(text), .max = 8, .text = ""},
    {.name = "scope", .type = SCHEMA_ENUM, AT(scope), .values = &scope_enum, .number = 1},
    {.name = "row", .type = SCHEMA_INDEX, AT(row), OVER, .number = 0},
};
static const struct schema_field flag[] = {
    {.name = "yes", .type = SCHEMA_BOOLEAN, AT(yes), .required = true}};
static const struct schema_field bare_flag[] = {
    {.name = "yes", .type = SCHEMA_BOOLEAN, AT(yes), .required = true}};
static const struct schema_field rows_field[] = {{.name = "rows",
    .type = SCHEMA_INDEXES,
    AT(rows),
    .offset_n = offsetof(struct answer, rows_n),
    .max = 3,
    OVER,
    .required = true}};
static const struct schema_field picks_field[] = {{.name = "picks",
    .type = SCHEMA_PICKS,
    AT(picks),
    .offset_n = offsetof(struct answer, picks_n),
    .max = 3,
    OVER,
    .required = true}};
static const struct schema_field count_field[] = {
    {.name = "number", .type = SCHEMA_NUMBER, AT(number), .min = 0, .max = 100, .required = true}};
static const struct schema_field row_field[] = {
    {.name = "row", .type = SCHEMA_INDEX, AT(row), OVER, .required = true}};

static const struct schema_alternative table_form[] = {{"only", false, named, 6}};
static const struct schema_alternative count_form[] = {{"only", true, count_field, 1}};
static const struct schema_alternative yes_form[] = {{"only", true, bare_flag, 1}};
static const struct schema_alternative row_form[] = {{"only", true, row_field, 1}};
static const struct schema_alternative rows_form[] = {{"only", true, rows_field, 1}};
static const struct schema_alternative picks_form[] = {{"only", true, picks_field, 1}};
static const struct schema_alternative mixed_form[] = {
    {"count", false, count_field, 1}, {"flag", false, flag, 1}, {"list", true, rows_field, 1}};

static const struct schema_field rows_and_more[] = {{.name = "rows",
                                                        .type = SCHEMA_INDEXES,
                                                        AT(rows),
                                                        .offset_n = offsetof(struct answer, rows_n),
                                                        .max = 3,
                                                        OVER,
                                                        .required = true},
    {.name = "whole", .type = SCHEMA_INTEGER, AT(whole), .min = 0, .max = 9, .number = 4}};
static const struct schema_alternative more_form[] = {{"only", true, rows_and_more, 2}};
static const struct schema_alternative test_form[] = {
    {"leave", true, row_field, 1}, {"test", false, flag, 1}, {"list", false, rows_and_more, 2}};

static const struct schema_alternative told_form[] = {{"only", false, NULL, 0}};

enum form { TABLE, COUNT, YES, ROW, ROWS, PICKS, MIXED, MORE, TEST, TOLD };

static const struct {
    const struct schema_alternative *alternatives;
    unsigned n;
    bool may_be_false;
} forms[] = {{table_form, 1, true}, {count_form, 1, false}, {yes_form, 1, false},
    {row_form, 1, true}, {rows_form, 1, false}, {picks_form, 1, false}, {mixed_form, 3, false},
    {more_form, 1, true}, {test_form, 3, true}, {told_form, 1, false}};

#define ID "'0123456789012345678901234567890123456789'"

static const struct {
    enum form form;
    const char *lua;
    const char *expect; /* as show() writes it, or what the error says */
} cases[] = {
    {TABLE, "nil", "nil"},
    {TABLE, "false", "false"},
    {TABLE, "true", "!{ number = ... } expected, got boolean"},
    {TABLE, "7", "!{ number = ... } expected, got number"},
    {TABLE, "{ number = 12 }", "number 12 whole 4 yes 1 text '' scope 1 row -1"},
    {TABLE, "{ number = 12, reason = 'because' }",
        "number 12 whole 4 yes 1 text '' scope 1 row -1 reason because"},
    {TABLE, "{ number = 12, reason = ('x'):rep(100) }",
        "number 12 whole 4 yes 1 text '' scope 1 row -1 reason "
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {TABLE, "{ number = 12, reason = {} }", "!reason: text expected"},
    {TABLE, "{ number = 12, reason = 'a\\0b' }", "!reason"},
    {TABLE, "{ number = 9 }", "number 10 whole 4 yes 1 text '' scope 1 row -1"},
    {TABLE, "{ number = 99 }", "number 20 whole 4 yes 1 text '' scope 1 row -1"},
    {TABLE, "{ number = 0 }", "number 0 whole 4 yes 1 text '' scope 1 row -1"},
    {TABLE, "{ number = -1 }", "number 10 whole 4 yes 1 text '' scope 1 row -1"},
    {TABLE, "{ number = 0 / 0 }", "!number: NaN or infinite"},
    {TABLE, "{ number = 1 / 0 }", "!number: NaN or infinite"},
    {TABLE, "{ number = -1 / 0 }", "!number: NaN or infinite"},
    {TABLE, "{ number = '12' }", "!number: number expected, got string"},
    {TABLE, "{}", "!number is missing"},
    {TABLE, "{ number = 12, nubmer = 13 }", "!no field 'nubmer'"},
    {TABLE, "{ number = 12, 13 }", "!no field '[1]'"},
    {TABLE, "{ number = 12, whole = 9 }", "number 12 whole 9 yes 1 text '' scope 1 row -1"},
    {TABLE, "{ number = 12, whole = 10 }", "!whole: whole number from 1 to 9 expected, got 10"},
    {TABLE, "{ number = 12, whole = 0 }", "!whole: whole number from 1 to 9 expected, got 0"},
    {TABLE, "{ number = 12, whole = 1.5 }", "!whole: whole number"},
    {TABLE, "{ number = 12, whole = 1e300 }", "!whole: whole number"},
    {TABLE, "{ number = 12, yes = false }", "number 12 whole 4 yes 0 text '' scope 1 row -1"},
    {TABLE, "{ number = 12, yes = 0 }", "!yes: true or false expected"},
    {TABLE, "{ number = 12, text = '12345678' }",
        "number 12 whole 4 yes 1 text '12345678' scope 1 row -1"},
    {TABLE, "{ number = 12, text = '123456789' }", "!text: text of at most 8 bytes"},
    {TABLE, "{ number = 12, text = 'a\\0b' }", "!text: text of at most 8 bytes"},
    {TABLE, "{ number = 12, scope = 'group' }", "number 12 whole 4 yes 1 text '' scope 2 row -1"},
    {TABLE, "{ number = 12, scope = 'world' }", "!scope: 'world' is none of id, ip, group"},
    {TABLE, "{ number = 12, scope = 2 }", "!scope: text expected"},
    {TABLE, "{ number = 12, row = 3 }", "number 12 whole 4 yes 1 text '' scope 1 row 2"},
    {TABLE, "{ number = 12, row = 4 }", "!no such row in view.candidates (it has 3)"},
    {COUNT, "5", "number 5"},
    {COUNT, "500", "number 100"},
    {COUNT, "{}", "!a number expected, got table"},
    {COUNT, "false", "!a number expected, got boolean"},
    {YES, "true", "yes 1"},
    {YES, "false", "yes 0"},
    {YES, "1", "!true or false expected, got number"},
    {ROW, "2", "row 1"},
    {ROW, "rows[2]", "row 1"},
    {ROW, "false", "false"},
    {ROW, "0", "!no such row"},
    {ROW, "1.5", "!no such row"},
    {ROW, "{}", "!a row of view.candidates expected, got table"},
    {ROW, "'1'", "!a row of view.candidates expected, got string"},
    {ROWS, "{}", "rows"},
    {ROWS, "{ 3, rows[1] }", "rows 2 0"},
    {ROWS, "{ 3, 1, reason = 'so' }", "rows 2 0 reason so"},
    {ROWS, "{ 1, 2, 3, 1 }", "!rows: at most 3 expected, got 4"},
    {ROWS, "{ 1, nil, 3 }", "!rows"},
    {ROWS, "{ [2] = 1 }", "!list without holes"},
    {ROWS, "{ 1, because = 2 }", "!a list has no field 'because'"},
    {ROWS, "{ { id = " ID " } }", "!no such row"},
    {ROWS, "1", "!a list of rows of view.candidates expected, got number"},
    {PICKS, "1", "!a list of picks expected, got number"},
    {PICKS, "{ 2, rows[3] }", "picks 1 2"},
    {PICKS, "{ { id = " ID " } }", "picks -1=0123456789012345678901234567890123456789"},
    {PICKS, "{ { row = 1, kind = 'feeler' }, { id = 'x', kind = 'feeler' } }", "picks 0f -1f=x"},
    {PICKS, "{ { row = rows[2] } }", "picks 1"},
    {PICKS, "{ { row = 1, kind = 'tickler' } }", "!'feeler' expected"},
    {PICKS, "{ { row = 1, id = 'x' } }", "!a pick names a row or an id"},
    {PICKS, "{ { kind = 'feeler' } }", "!a pick names a row or an id"},
    {PICKS, "{ {} }", "!a pick names a row or an id"},
    {PICKS, "{ { row = 1, why = 2 } }", "!a pick has no field 'why'"},
    {PICKS, "{ { id = " ID " .. 'a' } }", "!id: text of at most 40 bytes"},
    {PICKS, "{ { id = 5 } }", "!id: text expected"},
    {PICKS, "{ true }", "!row: number expected, got boolean"},
    {PICKS, "{ 0 / 0 }", "!row: NaN"},
    {PICKS, "{ 4 }", "!no such row"},
    {PICKS, "(function() list[1], list[2] = list[2], list[1] return { 1 } end)()",
        "!view.candidates was reordered"},
    {PICKS, "(function() list[1], list[2] = list[2], list[1] return { list[1], 3 } end)()",
        "picks 1 2"},
    {PICKS, "(function() list[3] = nil return { 3 } end)()", "!view.candidates was reordered"},
    {PICKS, "(function() list[4] = rows[1] return { 4 } end)()", "!no such row"},
    {MIXED, "{ number = 3 }", "act 0 number 3"},
    {MIXED, "{ yes = true }", "act 1 yes 1"},
    {MIXED, "{ yes = false }", "!yes: only true is an answer"},
    {MIXED, "{ 1, 2 }", "act 2 rows 0 1"},
    {MIXED, "{ number = 3, yes = true }", "!no field 'yes'"},
    {COUNT, "{ number = 5, reason = 'so' }", "number 5 reason so"},
    {ROW, "{ row = rows[3], reason = 'so' }", "row 2 reason so"},
    {ROWS, "{ rows = { 2 }, reason = 'so' }", "rows 1 reason so"},
    {MORE, "{ 2, 1 }", "rows 1 0 whole 4"},
    {MORE, "{ rows = { 3 }, whole = 0 }", "rows 2 whole 0"},
    {MORE, "{ whole = 3 }", "!rows is missing"},
    {MORE, "{}", "rows whole 4"},
    {MORE, "{ rows = {}, hole = 3 }", "!no field 'hole'"},
    {MORE, "false", "false"},
    {TEST, "2", "act 0 row 1"},
    {TEST, "rows[2]", "act 0 row 1"},
    {TEST, "{ yes = true }", "act 1 yes 1"},
    {TEST, "{ whole = 3, rows = {} }", "act 2 rows whole 3"},
    {TEST, "{ whole = 3 }", "!rows is missing"},
    {TEST, "{ tset = 3 }",
        "!a row of view.candidates or { yes = ... } or { rows = ... } expected, got 'tset'"},
    {TEST, "{ yse = true }", "!got 'yse'; did you mean yes?"},
    {TABLE, "{ nubmer = 12 }", "!has no field 'nubmer'; did you mean number?"},
    {TEST, "false", "false"},
    {TOLD, "nil", "nil"},
    {TOLD, "true", "!nothing is asked here"},
    {TOLD, "{}", "!nothing is asked here"},
    {MIXED, "true",
        "!{ number = ... } or { yes = ... } or a list of rows of view.candidates expected, got "
        "boolean"},
};

struct run {
    size_t number;
    char shown[512];
};

static void show_pick(char *out, size_t cap, const struct policy_pick *pick)
{
    snprintf(out, cap, " %d%s%s%s", (int)pick->row, pick->feeler ? "f" : "", pick->id[0] ? "=" : "",
        pick->id);
}

static void show(const struct schema_verdict *schema, const struct answer *answer, char *out)
{
    const struct schema_alternative *form = verdict_alternative(schema, answer);
    size_t cap = sizeof((struct run *)0)->shown;
    char *start = out;
#define PUT(...) out += snprintf(out, cap - (size_t)(out - start), __VA_ARGS__)
    if (schema->offset_act != SCHEMA_NOWHERE)
        PUT("act %u ", answer->act);
    if (form->fields == named)
        PUT("number %g whole %d yes %d text '%s' scope %u row %d", answer->number,
            (int)answer->whole, answer->yes, answer->text, answer->scope, (int)answer->row);
    else if (form->fields == count_field)
        PUT("number %g", answer->number);
    else if (form->fields == row_field)
        PUT("row %d", (int)answer->row);
    else if (form->fields == rows_field || form->fields == rows_and_more)
        PUT("rows");
    else if (form->fields == picks_field)
        PUT("picks");
    else
        PUT("yes %d", answer->yes);
    for (size_t i = 0; i < answer->rows_n; i++)
        PUT(" %d", (int)answer->rows[i]);
    if (form->fields == rows_and_more)
        PUT(" whole %d", (int)answer->whole);
    for (size_t i = 0; i < answer->picks_n; i++) {
        char pick[64];
        show_pick(pick, sizeof pick, &answer->picks[i]);
        PUT("%s", pick);
    }
    if (answer->reason[0])
        PUT(" reason %s", answer->reason);
}

/* The case's Lua sees the list of candidates twice: as `list`, which it may change, and `rows`. */
static void push_answer(lua_State *L, const struct question *question, const char *lua)
{
    char text[512];
    snprintf(text, sizeof text, "local list, rows = ... return %s", lua);
    if (luaL_loadstring(L, text) != 0)
        lua_error(L);
    lua_rawgeti(L, question->frame, VIEW_TABLE);
    lua_getfield(L, -1, "candidates");
    lua_remove(L, -2);
    lua_newtable(L);
    for (int i = 1; i <= 3; i++) {
        lua_rawgeti(L, -2, i);
        lua_rawseti(L, -2, i);
    }
    lua_call(L, 2, 1);
}

static void read_case(lua_State *L, void *context)
{
    struct run *run = context;
    enum form form = cases[run->number].form;
    struct address_row rows[3];
    struct select_view view;
    schema_view_defaults(&schema_hooks[HOOK_select], &view);
    for (int i = 0; i < 3; i++)
        schema_row_defaults(&schema_rows[0], &rows[i]);
    view.candidates = rows;
    view.candidates_n = 3;
    struct schema_hook hook = schema_hooks[HOOK_select];
    memcpy(view_fields, hook.view, hook.view_n * sizeof *hook.view);
    hook.view = view_fields;
    hook.is_told = form == TOLD;
    hook.verdict = (struct schema_verdict){.size = sizeof(struct answer),
        .alternatives = forms[form].alternatives,
        .alternatives_n = forms[form].n,
        .offset_act = forms[form].n > 1 ? offsetof(struct answer, act) : SCHEMA_NOWHERE,
        .offset_false =
            forms[form].may_be_false ? offsetof(struct answer, is_false) : SCHEMA_NOWHERE,
        .offset_reason = offsetof(struct answer, reason)};
    struct question question = view_ask(L, HOOK_select, &view);
    question.hook = &hook;
    push_answer(L, &question, cases[run->number].lua);
    struct answer answer;
    if (!verdict_read(&question, lua_gettop(L), &answer))
        snprintf(run->shown, sizeof run->shown, "nil");
    else if (answer.is_false)
        snprintf(run->shown, sizeof run->shown, "false");
    else
        show(&hook.verdict, &answer, run->shown);
}

static void verdicts_are_read_by_the_schema_L4(void **state)
{
    (void)state;
    struct fixture fixture;
    struct vm *vm;
    assert_in_range(schema_hooks[HOOK_select].view_n, 1, 32);
    assert_string_equal(schema_hooks[HOOK_select].view[CANDIDATES].name, "candidates");
    fixture_init(&fixture);
    assert_int_equal(vm_new(&fixture.settings, &vm, &fixture.error), ERR_OK);
    struct vm_limits limits = vm_call_limits(vm);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run = {.number = i};
        enum script_outcome outcome = vm_run(vm, read_case, &run, &limits);
        if (cases[i].expect[0] == '!') {
            if (outcome != SCRIPT_ERROR || !strstr(vm->error.message, cases[i].expect + 1))
                fail_msg("%s: %s %s", cases[i].lua, run.shown, vm->error.message);
        } else if (outcome != SCRIPT_OK || strcmp(run.shown, cases[i].expect) != 0) {
            fail_msg("%s: '%s' %s", cases[i].lua, run.shown, vm->error.message);
        }
    }
    vm_free(vm);
}

static void verdict_is_untouched_when_nothing_answers(void **state)
{
    (void)state;
    struct fixture fixture;
    struct vm *vm;
    struct bias_verdict verdict, before;
    struct bias_view view = bias_view(0, 10);
    bool answered = true;
    struct runtime_question question = {.hook = HOOK_bias, .rng = &fixture.rng, .view = &view};
    fixture_init(&fixture);
    assert_int_equal(vm_new(&fixture.settings, &vm, &fixture.error), ERR_OK);
    struct script_source source = source_of(
        "local policy = pex.policy { name = 'half', extends = false }\n"
        "function policy.bias(view) if view.wanted == 10 then return end return { draw = 0 } end\n"
        "return policy");
    assert_int_equal(runtime_load(vm, &source, NULL), SCRIPT_OK);
    memset(&verdict, 0x5a, sizeof verdict);
    before = verdict;
    assert_int_equal(runtime_ask(vm, &question, &verdict, &answered), SCRIPT_OK);
    assert_false(answered);
    assert_memory_equal(&verdict, &before, sizeof verdict);
    view.wanted = 11;
    assert_int_equal(runtime_ask(vm, &question, &verdict, &answered), SCRIPT_ERROR);
    assert_memory_equal(&verdict, &before, sizeof verdict);
    assert_int_equal(vm->error.line, 2);
    vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_are_read_by_the_schema_L4),
        cmocka_unit_test(verdict_is_untouched_when_nothing_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
