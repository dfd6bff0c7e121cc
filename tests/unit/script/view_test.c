/* Views in Lua: every field arrives, nothing a script writes stays, and the libraries of policies
 * do what their names say. The checks are policies that fail by assert. */
#include "unit/script/fixture.h"

#include <string.h>

/* A policy whose bias hook runs body, with helpers. */
static void load_body(struct fixture *fixture, const char *body)
{
    static char text[16 * 1024];
    snprintf(text, sizeof text,
        "local policy = pex.policy { name = 'test' }\n"
        "local function fails(says, f, ...)\n"
        "  local ok, why = pcall(f, ...)\n"
        "  assert(not ok, 'did not fail: ' .. says)\n"
        "  assert(tostring(why):find(says), tostring(why))\n"
        "end\n"
        "local function same(got, ...)\n"
        "  local want = { ... }\n"
        "  assert(#got == #want, 'length ' .. #got)\n"
        "  for i = 1, #want do assert(got[i] == want[i], i .. ': ' .. tostring(got[i])) end\n"
        "end\n"
        "function policy.bias(view)\n%s\nreturn { draw = 99 }\nend\n"
        "function policy.select(view)\n%s\nreturn { reason = 'seen' }\nend\n"
        "return policy",
        body, body);
    load(fixture, text);
}

static void check(struct fixture *fixture, const char *body)
{
    load_body(fixture, body);
    if (ask_bias(fixture, 3, 10).draw != 99)
        fail_msg("%s", fixture->lines[(fixture->lines_n - 1) % LOG_LINES_MAX]);
}

static void every_field_of_a_view_arrives(void **state)
{
    struct fixture *fixture = *state;
    static struct select_verdict verdict;
    struct address_row rows[2];
    struct select_view view;
    schema_view_defaults(&schema_hooks[HOOK_select], &view);
    for (int i = 0; i < 2; i++)
        schema_row_defaults(&schema_rows[0], &rows[i]);
    view.common.now = 1.7e9 + 0.5;
    view.common.role = POLICY_ROLE_seed;
    view.common.book_new = 11;
    view.common.book_old = 12;
    view.candidates = rows;
    view.candidates_n = 2;
    rows[1].id = "abc";
    rows[1].tag = NULL;
    rows[1].old = true;
    rows[1].port = 1;
    rows[1].retry_in_s = 0.25;
    load_body(fixture,
        "assert(view.now == 1.7e9 + 0.5 and view.role == 'seed')\n"
        "assert(view.book.new == 11 and view.book.old == 12)\n"
        "assert(view.outbound_max == 10 and view.inbound_max == 40 and view.dialing_max == 64)\n"
        "assert(#view.candidates == 2)\n"
        "local row = view.candidates[2]\n"
        "assert(row.id == 'abc' and row.tag == '' and row.old == true)\n"
        "assert(row.port == 1 and row.retry_in_s == 0.25)\n"
        "assert(view.candidates[1].last_success_age_s == -1)\n"
        "assert(view.candidates[1].group == '8.8.0.0')\n"
        "local r = view.random() assert(r >= 0 and r < 1)\n");
    assert_int_equal(ask(fixture, HOOK_select, &view, &verdict), ERR_OK);
    if (strcmp(verdict.reason, "seen") != 0)
        fail_msg("%s", fixture->lines[(fixture->lines_n - 1) % LOG_LINES_MAX]);
}

static void what_a_script_writes_into_a_view_is_gone_at_the_next_call(void **state)
{
    struct fixture *fixture = *state;
    static struct select_verdict verdict;
    struct address_row rows[3];
    struct select_view view;
    schema_view_defaults(&schema_hooks[HOOK_select], &view);
    for (int i = 0; i < 3; i++)
        schema_row_defaults(&schema_rows[0], &rows[i]);
    view.candidates = rows;
    view.candidates_n = 3;
    load(fixture,
        "local policy = pex.policy { name = 'scribbler' }\n"
        "function policy.select(view)\n"
        "  local row = view.candidates[1]\n"
        "  assert(row.group == '8.8.0.0' and view.wanted == 10 and view.book.new == 0)\n"
        "  assert(#view.candidates == 3 and view.random() < 1)\n"
        "  assert(not pcall(function() row.extra = 1 end))\n"
        "  row.group, view.wanted, view.book.new = nil, 1, 2\n"
        "  view.candidates[2], view.candidates.x = nil, 1\n"
        "  view.random, view.book, view.candidates = nil, nil, nil\n"
        "  return { 1 }\n"
        "end\nreturn policy");
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(fixture, HOOK_select, &view, &verdict), ERR_OK);
    assert_int_equal(hook_stats(fixture, HOOK_select).errors, 0);
}

static void rows_of_a_shorter_list_are_not_those_of_the_longer_one_before(void **state)
{
    struct fixture *fixture = *state;
    static struct select_verdict verdict;
    static struct address_row rows[1000];
    struct select_view view;
    schema_view_defaults(&schema_hooks[HOOK_select], &view);
    for (int i = 0; i < 1000; i++)
        schema_row_defaults(&schema_rows[0], &rows[i]);
    load(fixture,
        "local policy = pex.policy { name = 'last' }\n"
        "function policy.select(view) return { view.candidates[#view.candidates] } end\n"
        "return policy");
    view.candidates = rows;
    static const size_t sizes[] = {1000, 1, 0, 7, 999};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        view.candidates_n = sizes[i];
        assert_int_equal(ask(fixture, HOOK_select, &view, &verdict), ERR_OK);
        assert_int_equal(verdict.picks_n, sizes[i] > 0);
        if (sizes[i] > 0)
            assert_int_equal(verdict.picks[0].row, sizes[i] - 1);
    }
    assert_int_equal(hook_stats(fixture, HOOK_select).errors, 0);
}

static void misspelt_fields_are_errors_that_name_them(void **state)
{
    check(*state,
        "fails(\"the view of bias has no field 'wantd'\", function() return view.wantd end)\n"
        "fails(\"book has no field 'newer'\", function() return view.book.newer end)\n"
        "fails(\"has no field '1'\", function() return view[1] end)\n"
        "fails(\"policy.params has no 'x'\", function() return policy.params.x end)\n"
        "fails(\"a policy has no 'x'\", function() return policy.x end)\n"
        "fails(\"pex has no 'x'\", function() return pex.x end)\n"
        "fails(\"pex.base has no rule for 'x'\", function() return pex.base.x(view) end)\n");
}

static void sort_is_stable_and_total(void **state)
{
    check(*state,
        "local t = { 5, 2, 8, 1, 9, 3 } table.sort(t) same(t, 1, 2, 3, 5, 8, 9)\n"
        "table.sort(t, function(a, b) return a > b end) same(t, 9, 8, 5, 3, 2, 1)\n"
        "for n = 0, 40 do\n"
        "  local list = {}\n"
        "  for i = 1, n do list[i] = { key = (i * 7) % 5, at = i } end\n"
        "  table.sort(list, function(a, b) return a.key < b.key end)\n"
        "  for i = 2, n do\n"
        "    local a, b = list[i - 1], list[i]\n"
        "    assert(a.key < b.key or a.key == b.key and a.at < b.at)\n"
        "  end\n"
        "end\n"
        "fails('compare', table.sort, { 1, 'a' })\n");
}

static void pairs_goes_in_the_order_of_keys(void **state)
{
    check(*state,
        "local t, seen = { b = 1, a = 2, [10] = 3, [-1] = 4, [2.5] = 5, [true] = 6,\n"
        "  [false] = 7, B = 8 }, {}\n"
        "for key in pairs(t) do seen[#seen + 1] = tostring(key) end\n"
        "same(seen, '-1', '2.5', '10', 'B', 'a', 'b', 'false', 'true')\n"
        "local n = 0\n"
        "for key in pairs(t) do t[key], t.b, n = nil, nil, n + 1 end\n"
        "assert(n == 7)\n"
        "local count = 0 for _ in pairs(view) do count = count + 1 end\n"
        "assert(count > 9)\n"
        "fails('cannot be listed', pairs, math)\n"
        "fails('table expected', pairs, nil)\n");
}

static void lists_can_be_changed_joined_and_unpacked(void **state)
{
    check(*state,
        "local t = { 1, 2, 3 }\n"
        "table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 6, 5)\n"
        "same(t, 0, 1, 2, 3, 4, 5)\n"
        "assert(table.remove(t) == 5 and table.remove(t, 1) == 0 and table.remove(t, 2) == 2)\n"
        "same(t, 1, 3, 4)\n"
        "assert(table.remove({}) == nil)\n"
        "fails('out of bounds', table.insert, t, 9, 1)\n"
        "fails('out of bounds', table.remove, t, 0)\n"
        "assert(table.concat({ 1, 'a', 2.5 }, '-') == '1-a-2.5')\n"
        "assert(table.concat({}) == '' and table.concat({ 1, 2, 3 }, ',', 2, 3) == '2,3')\n"
        "assert(select('#', unpack({ 1, nil, 3 }, 1, 3)) == 3)\n"
        "local a, b = unpack({ 7, 8 }) assert(a == 7 and b == 8)\n");
}

static void texts_work_within_their_bounds(void **state)
{
    check(*state,
        "local s = 'Hello'\n"
        "assert(s:upper() == 'HELLO' and s:lower() == 'hello' and s:reverse() == 'olleH')\n"
        "assert(s:rep(2, '-') == 'Hello-Hello' and s:rep(0) == '' and s:rep(-1) == '')\n"
        "assert(s:sub(2, 3) == 'el' and s:len() == 5 and s:byte(1) == 72)\n"
        "assert(s:find('l') == 3 and s:find('l', 4) == 4 and not s:find('.'))\n"
        "assert(('%d %s %5.1f'):format(3, {}, 2.5) == '3 table   2.5')\n"
        "assert(('%s %s'):format(nil, true) == 'nil true')\n"
        "assert(string.char(65, 66) == 'AB' and (5 .. '') == '5')\n"
        "fails('text expected', string.upper, {})\n"
        "fails('longer than', string.format, s:rep(60))\n");
}

static void metatables_work_but_cannot_be_grown_later(void **state)
{
    check(*state,
        "local Point = {} Point.__index = Point\n"
        "Point.__add = function(a, b) return setmetatable({ x = a.x + b.x }, Point) end\n"
        "Point.__tostring = function(p) return 'point ' .. p.x end\n"
        "function Point:double() return self.x * 2 end\n"
        "local p = setmetatable({ x = 2 }, Point)\n"
        "assert(p:double() == 4 and (p + p).x == 4 and tostring(p) == 'point 2')\n"
        "assert(getmetatable(p) == Point)\n"
        "Point.__call = function() return 1 end\n"
        "assert(not pcall(function() return p() end))\n"
        "fails('has its metatable already', setmetatable, p, {})\n");
}

static void helpers_of_pex(void **state)
{
    check(*state,
        "assert(pex.clamp(5, 1, 3) == 3 and pex.clamp(0, 1, 3) == 1 and pex.clamp(2, 1, 3) == 2)\n"
        "assert(pex.decay(0, 10) == 1 and pex.decay(20, 10) == 0.25)\n"
        "for _ = 1, 50 do local x = pex.jitter(100, 0.1) assert(x >= 90 and x <= 110) end\n"
        "local hits = { 0, 0, 0 }\n"
        "for _ = 1, 3000 do local i = pex.weighted { 1, 0, 3 } hits[i] = hits[i] + 1 end\n"
        "assert(hits[2] == 0 and hits[1] > 600 and hits[1] < 900)\n"
        "assert(pex.weighted {} == nil and pex.weighted { 0, 0 } == nil)\n"
        "fails('weight 1', pex.weighted, { -1 })\n"
        "fails('weight 2', pex.weighted, { 1, 0 / 0 })\n"
        "assert(pex.in_cidr('10.1.2.3', '10.0.0.0/8'))\n"
        "assert(not pex.in_cidr('11.1.2.3', '10.0.0.0/8'))\n"
        "assert(pex.in_cidr('2001:470::1', '2001:470::/32'))\n"
        "assert(not pex.in_cidr('nonsense', '10.0.0.0/8'))\n"
        "fails('no range such as 10.0.0.0/8', pex.in_cidr, '10.1.2.3', '10.0.0.0/99')\n");
}

static void random_numbers_come_from_the_run(void **state)
{
    struct fixture *fixture = *state;
    check(fixture,
        "for _ = 1, 100 do\n"
        "  local a, b, c = math.random(), math.random(6), math.random(-2, 2)\n"
        "  assert(a >= 0 and a < 1 and b >= 1 and b <= 6 and c >= -2 and c <= 2)\n"
        "  assert(b % 1 == 0 and c % 1 == 0)\n"
        "end\n"
        "fails('interval is empty', math.random, 0)\n"
        "fails('interval is empty', math.random, 2, 1)\n"
        "fails('integer expected', math.random, 1.5)\n"
        "fails('integer expected', math.random, 2 ^ 60)\n");
    load(fixture,
        "local policy = pex.policy { name = 'dice' }\n"
        "function policy.bias() return { draw = math.random(1024) } end\nreturn policy");
    struct rng twin = fixture->rng;
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask_bias(fixture, 0, 1).draw, 1 + rng_below(&twin, 1024));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_field_of_a_view_arrives),
        TEST(what_a_script_writes_into_a_view_is_gone_at_the_next_call),
        TEST(rows_of_a_shorter_list_are_not_those_of_the_longer_one_before),
        TEST(misspelt_fields_are_errors_that_name_them),
        TEST(sort_is_stable_and_total),
        TEST(pairs_goes_in_the_order_of_keys),
        TEST(lists_can_be_changed_joined_and_unpacked),
        TEST(texts_work_within_their_bounds),
        TEST(metatables_work_but_cannot_be_grown_later),
        TEST(helpers_of_pex),
        TEST(random_numbers_come_from_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
