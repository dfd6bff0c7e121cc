/* Policies that do not load: what is refused, and that the error names file, line and cause. */
#include "unit/script/fixture.h"

#define HEAD "local policy = pex.policy { name = 'mine' }\n"
#define TAIL "return policy\n"

static const struct {
    const char *name, *text;
    int line; /* 0: not in a line */
    const char *hook, *says;
} refused[] = {
    {"syntax", HEAD "function policy.bias(view\n" TAIL, 3, "", "')' expected"},
    {"run-time error", HEAD "local x = nil + 1\n" TAIL, 2, "", "arithmetic on a nil"},
    {"memory bomb", HEAD "local t = {}\nwhile true do t[#t + 1] = ('x'):rep(1000) .. #t end\n", 3,
        "", "limit of memory reached"},
    {"bomb of empty tables", HEAD "local t = {}\nwhile true do t[#t + 1] = {} end\n", 3, "",
        "limit of memory reached"},
    {"misspelt global", HEAD "\nlocal x = maths.floor(1)\n" TAIL, 3, "",
        "no variable 'maths'; did you mean math?"},
    {"misspelt function", HEAD "local x = math.flor(1)\n" TAIL, 2, "",
        "math has no 'flor'; did you mean floor?"},
    {"misspelt field of a policy", HEAD "local x = policy.exmples\n" TAIL, 2, "",
        "a policy has no 'exmples'; did you mean examples?"},
    {"parameter that is not declared", HEAD "local x = policy.params.x\n" TAIL, 2, "",
        "policy.params has no 'x'"},
    {"misspelt hook", HEAD "function policy.selct() end\n" TAIL, 2, "",
        "no hook 'selct'; did you mean select?"},
    {"hook that is no function", HEAD "policy.bias = 3\n" TAIL, 2, "", "must be a function"},
    {"hook with a colon", HEAD "function policy:bias(view) end\n" TAIL, 2, "",
        "define it with a dot, function policy.bias(view)"},
    {"hooks of a local function", HEAD "local function f() error('deep') end\n\nf()\n" TAIL, 2, "",
        "deep"},
    {"error in the sandbox's own code", HEAD "table.concat({ {} })\n" TAIL, 2, "",
        "element 1 is a table"},
    {"nothing returned", HEAD, 0, "", "return policy"},
    {"something else returned", HEAD "return {}", 0, "", "return policy"},
    {"no policy", "return 1", 0, "", "return policy"},
    {"two policies", HEAD "pex.policy { name = 'other' }\n" TAIL, 2, "", "once in a policy"},
    {"no name", "local policy = pex.policy {} return policy", 1, "", "name must be a name"},
    {"name with a space", "local policy = pex.policy { name = 'a b' } return policy", 1, "",
        "name must be a name"},
    {"name behind a metatable",
        "local policy = pex.policy (setmetatable({}, { __index = function() return {} end })) "
        "return policy",
        1, "", "name must be a name"},
    {"unknown key", "local policy = pex.policy { name = 'a', extend = 'b' } return policy", 1, "",
        "unknown key 'extend'"},
    {"version that is no number",
        "local policy = pex.policy { name = 'a', version = {} } return policy", 1, "",
        "whole number"},
    {"unknown base", "local policy = pex.policy { name = 'a', extends = 'nobody' } return policy",
        1, "", "no policy 'nobody' in the binary, and no file nobody.lua here"},
    {"name of its base",
        "local policy = pex.policy { name = 'diverse', extends = 'diverse' } return policy", 1, "",
        "extends a policy of that name"},
    {"parameter without default",
        "local policy = pex.policy { name = 'a', params = { x = {} } } return policy", 1, "",
        "parameter 'x': default must be"},
    {"parameter out of range",
        "local policy = pex.policy { name = 'a', params = { x = { default = 3, max = 2 } } } "
        "return policy",
        1, "", "default must be at most 2"},
    {"parameter with a misspelt key",
        "local policy = pex.policy { name = 'a', params = { x = { default = 3, maximum = 2 } } } "
        "return policy",
        1, "", "unknown key 'maximum'"},
    {"parameter with a slip in a key",
        "local policy = pex.policy { name = 'a', params = { x = { defualt = 3 } } } return policy",
        1, "", "unknown key 'defualt'; did you mean default?"},
    {"parameter of functions",
        "local policy = pex.policy { name = 'a', params = { x = { default = { 1 } } } } return "
        "policy",
        1, "", "must be a list of texts"},
    {"parameter bounds on a text",
        "local policy = pex.policy { name = 'a', params = { x = { default = 'a', min = 1 } } } "
        "return policy",
        1, "", "min is for numbers"},
    {"state with a function", HEAD "policy.state.f = error\n" TAIL, 0, "", "is a function"},
    {"missing file", HEAD "require 'nothing'\n" TAIL, 2, "", "no file nothing.lua"},
    {"random numbers while loading", HEAD "local x = math.random()\n" TAIL, 2, "",
        "no random numbers"},
    {"example of an unknown hook", HEAD "policy.examples = { { hook = 'bais' } }\n" TAIL, 2, "",
        "example 1: there is no hook 'bais'; did you mean bias?"},
    {"example that changes after it was checked",
        HEAD "local n = 0\npolicy.examples = { setmetatable({}, { __index = function(_, key)\n"
             "  n = n + 1 return key == 'hook' and (n < 2 and 'bias' or {}) or nil end }) }\n" TAIL,
        4, "", "example 1: { hook = ..., given = ..., expect = ... } expected"},
    {"example with a misspelt key",
        HEAD "policy.examples = { { hook = 'bias', expects = {} } }\n" TAIL, 2, "",
        "unknown key 'expects'"},
    {"example with an unknown field",
        HEAD "policy.examples = { { hook = 'bias', given = { outbond = 1 } } }\n" TAIL, 2, "bias",
        "no field 'outbond'; did you mean outbound?"},
    {"example with a wrong type",
        HEAD "policy.examples = { { hook = 'bias', given = { outbound = 'x' } } }\n" TAIL, 2,
        "bias", "number expected"},
    {"example that expects something else",
        HEAD "policy.examples = { { hook = 'bias', given = {}, expect = { draw = 31 } } }\n" TAIL,
        2, "bias", "example 1: draw: expected 31, got 30"},
    {"example that expects what is out of range",
        HEAD "function policy.backoff() return { wait_s = 0 } end\n"
             "policy.examples = { { hook = 'backoff', expect = { wait_s = 0 } } }\n" TAIL,
        3, "backoff", "wait_s: expected 0, got 1: answers are brought into 1 to 172800"},
    {"example that expects what is out of a range beside 0",
        HEAD "function policy.ban() return { ban_s = 30 } end\n"
             "policy.examples = { { hook = 'ban', expect = { ban_s = 30 } } }\n" TAIL,
        3, "ban", "ban_s: expected 30, got 60: answers are brought into 0 or 60 to 2592000"},
    {"example that expects nothing of a hook of the core",
        HEAD "function policy.admit() return { reject = 'full' } end\n"
             "policy.examples = { { hook = 'admit', expect = nil } }\n" TAIL,
        3, "admit", "expected nil, which leaves it to the core, got a verdict"},
    {"example that expects another row",
        HEAD "policy.examples = { { hook = 'select', given = { candidates = { {}, {} } }, "
             "expect = { 2, 1 } } }\n" TAIL,
        2, "select", "picks: expected { 2, 1 }, got { 1, 2 }"},
    {"example that expects another alternative",
        HEAD
        "policy.examples = { { hook = 'backoff', given = {}, expect = { ban_s = 60 } } }\n" TAIL,
        2, "backoff", "expected ban_s, got a verdict with wait_s"},
    {"examples that are no list", HEAD "policy.examples = { hook = 'bias', given = {} }\n" TAIL, 0,
        "", "policy.examples must be a list"},
    {"example given another text than a field may hold",
        HEAD "policy.examples = { { hook = 'bias', given = { role = 'peer' } } }\n" TAIL, 2, "bias",
        "role: 'peer' is none of node, seed"},
    {"example given a text for a boolean",
        HEAD "policy.examples = { { hook = 'ask', given = { need_more = 'yes' } } }\n" TAIL, 2,
        "ask", "need_more: true or false expected, got string"},
    {"example given a number for rows",
        HEAD "policy.examples = { { hook = 'ask', given = { peers = 5 } } }\n" TAIL, 2, "ask",
        "peers: a list of rows expected, got number"},
    {"example that expects a text of a boolean",
        HEAD "policy.examples = { { hook = 'promote', expect = 'no' } }\n" TAIL, 2, "promote",
        "good: true or false expected, got string"},
    {"example that expects a number of a list",
        HEAD "policy.examples = { { hook = 'select', expect = 1 } }\n" TAIL, 2, "select",
        "expect: a list expected, got number"},
    {"example that expects a number of a table",
        HEAD "policy.examples = { { hook = 'ban', expect = 86400 } }\n" TAIL, 2, "ban",
        "expected a number, got a verdict with ban_s"},
    {"example outside a range",
        HEAD "policy.examples = { { hook = 'backoff', expect = { wait_s = { 3, 4 } } } }\n" TAIL, 2,
        "backoff", "expected 3 to 4"},
    {"example that expects false",
        HEAD "policy.examples = { { hook = 'ban', expect = false } }\n" TAIL, 2, "ban",
        "expected false, got a verdict"},
    {"example whose call fails",
        HEAD "function policy.ban()\n  error('no idea')\nend\n"
             "policy.examples = { { hook = 'ban' } }\n" TAIL,
        3, "ban", "example 1: no idea"},
    {"example among others",
        HEAD "policy.examples = {\n  { hook = 'ban' }, -- hook = 'ban'\n"
             "  { hook = \"ban\" }, { hook = 'x' },\n  {\n    hook = 'bias',\n"
             "    expect = { draw = 31 },\n  } }\n" TAIL,
        4, "", "example 3: there is no hook 'x'"},
    {"example made in a loop",
        HEAD "local list = {}\nfor i = 1, 3 do list[i] = { hook = 'bias' } end\n"
             "list[3].expect = { draw = 31 }\n\npolicy.examples = list\n" TAIL,
        6, "bias", "example 3: draw: expected 31, got 30"},
    {"example that passes once",
        HEAD "local n = 10\nfunction policy.bias() n = n + 1 return { draw = n } end\n"
             "policy.examples = { { hook = 'bias', expect = { draw = 11 } } }\n" TAIL,
        4, "bias", "when run again"},
};

static void load_errors_name_file_line_and_cause(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        enum err err = fixture_load(fixture, refused[i].text);
        const struct script_error *error = &fixture->error;
        if (err != ERR_SCRIPT || !strstr(error->message, refused[i].says))
            fail_msg("%s: %d %s", refused[i].name, err, error->message);
        if (strcmp(error->file, "test.lua") != 0)
            fail_msg("%s: in %s", refused[i].name, error->file);
        if (error->line != refused[i].line || strcmp(error->hook, refused[i].hook) != 0)
            fail_msg("%s: %s line %d", refused[i].name, error->hook, error->line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(load_errors_name_file_line_and_cause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
