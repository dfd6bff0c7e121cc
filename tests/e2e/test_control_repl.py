"""`luapex ctl repl`: Lua in the node, its limits, what it cannot reach, and the prompt."""

import stat
import time

import pytest
from control_socket import Client, a_policy, ctl
from nodes import LOOPBACK, LUAPEX, Node, make_home, run
from terminal import Terminal


def evaluate(client, text):
    return client.result("repl", {"eval": text})["text"]


def failure(client, text):
    error = client.error("repl", {"eval": text})
    assert error["code"] == -32000, error
    return error["message"]


# ---- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 + 1", "2\n"),
        ("1, 'two', nil, true", '1\n"two"\nnil\ntrue\n'),
        ("", ""),
        ("local x = 5", ""),
        ("return 7", "7\n"),
        ("{}", "{}\n"),
        ("{ 1, 2, x = 'y', ['a b'] = 3 }", '{ 1, 2, ["a b"] = 3, x = "y" }\n'),
        ("{ 1, { 2 } }", "{\n  1,\n  { 2 },\n}\n"),
        ("print(1, 'a', {2})", "1\ta\t{ 2 }\n"),
        ("print", "[function]\n"),
        ("#peers().peers", "1\n"),
        ("status().network", '"e2e"\n'),
        ("book.find('127.0.0.0/8', { limit = 1 }).total", "1\n"),
        ("bans('192.0.2.1').total", "0\n"),
        ("'\\27[2J\\n'", '"\\027[2J\\n"\n'),
        ("print('\\27[2J\\200')", "\\x1b[2J\\xc8\n"),
        ("('%d peers'):format(2)", '"2 peers"\n'),
        ("for i = 1, 2 do print(i) end", "1\n2\n"),
        ("select('#', pcall(error, {}))", "2\n"),
    ],
)
def test_values(client, text, shown):
    assert evaluate(client, text) == shown


def test_every_method_is_a_function(client):
    for method in client.result("help")["methods"]:
        if method["name"] not in ("repl", "help"):
            kind = evaluate(client, f"type({method['name']})")
            assert kind in ('"function"\n', '"table"\n'), method["name"]
    assert "KEY" in evaluate(client, "help('set')") and "peers" in evaluate(client, "help()")


def test_methods_act_and_their_refusals_are_errors(client):
    assert "192.0.2.9" in evaluate(client, "ban('192.0.2.9', { duration = '1h' }).banned")
    assert evaluate(client, "unban('192.0.2.9').ended") == "1\n"
    assert "not unbanned" in failure(client, "unban('192.0.2.9')")
    assert "must be one of all, outbound, inbound" in failure(client, "peers { direction = 'sideways' }")
    assert "takes no argument 2" in failure(client, "unban('192.0.2.9', 5)")
    assert 'no argument "nonsense"' in failure(client, "peers { nonsense = 1 }")
    assert evaluate(client, "pcall(unban, '192.0.2.9')").startswith("false\n")
    assert "follow is for" in failure(client, "events { follow = true }")


def test_what_takes_longer_than_a_line_goes_on(pair, client):
    source = a_policy("typed")["text"]
    text = f"policy.load {{ name = 'typed.lua', text = [==[{source}]==] }}"
    assert "policy.load has begun" in failure(client, text)
    pair.first.wait_for("policy loaded", policy="typed")


def test_what_is_not_there_is_hinted_at(client):
    for word in ("quit", "exit", "quit()"):
        assert "Ctrl-D leaves" in failure(client, word)
    evaluate(client, "local gone, too = 1, 2; local function helper() end")
    for name in ("gone", "too", "helper()"):
        assert "a local ends with its line" in failure(client, name)
    assert "no variable 'never'" in failure(client, "never")
    evaluate(client, "gone = 3")
    assert evaluate(client, "gone") == "3\n"


def test_errors_say_where(client):
    assert failure(client, "x = = 1").startswith("prompt:1: unexpected symbol")
    assert failure(client, "local x\n\nerror('here') x = 1") == "prompt:3: here"
    assert "attempt to index" in failure(client, "local t t.x = 1")
    assert "no variable 'peer'" in failure(client, "peer()")


def test_variables_stay_for_a_connection_and_no_other_sees_them(pair, client):
    evaluate(client, "mine, f = { 1 }, function(n) return n * 2 end")
    assert evaluate(client, "f(#mine + 20)") == "42\n"
    assert "limit of" in failure(client, "while true do end")
    assert evaluate(client, "#mine") == "1\n"
    other = Client(pair.socket)
    assert "no variable 'mine'" in failure(other, "mine")
    other.close()


def test_a_text_that_is_not_whole_is_told(client):
    for text in ("if true then", "f = function()", "t = {", "x = [[long"):
        assert client.error("repl", {"eval": text})["data"] == {"more": True}, text
    assert client.error("repl", {"eval": "x = )"})["data"] == {"output": ""}


# ---- limits --------------------------------------------------------------------------------------

ENDLESS = [
    "while true do end",
    "repeat until false",
    "local function f() return f() end f()",
    "for i = 1, 1e15 do end",
    "pcall(function() while true do end end)",
    "while true do pcall(function() while true do end end) end",
    "while true do pcall(error) end",
    "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) return t[1]",
    "while true do peers() end",
    "while true do pcall(peers) end",
    "local t = {} while true do t[#t + 1] = ('x'):rep(60000) end",
    "local s = 'x' while true do s = s .. s end",
    "local t = {} for i = 1, 1e9 do t[i] = {} end",
    "local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
    "for i = 1, 1e9 do print(i) end",
    "local t = {} for i = 1, 7000 do t[i] = ('x'):rep(100) end return t",
    "table.sort(setmetatable({}, { __len = 1e9 }), function() while true do end end) while true do end",
    "local function f() f() f() end f()",
    "table.concat({ ('x'):rep(60000), ('x'):rep(60000) })",
    "string.rep('x', 1e10)",
    "unpack({}, 1, 1e8)",
]


@pytest.mark.parametrize("text", ENDLESS)
def test_what_does_not_end_is_ended_and_the_node_goes_on(pair, client, text):
    other = Client(pair.socket)
    other.result("status")
    failure(client, text)
    other.result("status")
    assert evaluate(client, "1 + 1") == "2\n"
    other.close()


def test_too_much_text_is_refused_before_it_is_run(client):
    assert client.error("repl", {"eval": "x" * 4097})["code"] == -32602


# ---- escapes -------------------------------------------------------------------------------------

ABSENT = """io os ffi debug jit coroutine package require load loadstring loadfile dofile setfenv getfenv
rawset _G collectgarbage newproxy module luv uv pex host arg xpcall gcinfo""".split()


@pytest.mark.parametrize("name", ABSENT)
def test_the_environment_lacks(client, name):
    assert f"no variable '{name}'" in failure(client, name)


ESCAPES = [
    "getmetatable('').__index.rep = nil",
    "getmetatable('').x",
    "setmetatable('', {})",
    "string.rep = nil",
    "string.dump(print)",
    "string.gsub('a', 'a', 'b')",
    "('x'):match(('a*'):rep(30))",
    "table.x = 1",
    "math.random()",
    "print = nil",
    "peers = nil",
    "book.find = nil",
    "setmetatable({}, { __gc = print })",
    "setmetatable({}, { __mode = 'k' })",
    "setmetatable(string, {})",
    "setmetatable(book, {})",
    "string.format('%p', {})",
    "\x1bLJ\x02\x02",
    "repl { eval = 'io' }",
    "peers { direction = {} }",
    "policy.load { name = '../x.lua', text = '' }",
    "local t = {} t.t = t peers { direction = t }",
    "local t = {} for i = 1, 20 do t = { t } end peers { direction = t }",
    "error(setmetatable({}, { __tostring = function() while true do end end }))",
    "tostring(setmetatable({}, { __tostring = function() return {} end }))",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_it_does_not_get_out(pair, client, text):
    failure(client, text)
    other = Client(pair.socket)
    assert evaluate(other, "('x'):rep(2), type(peers), #peers().peers") == '"xx"\n"function"\n1\n'
    other.close()


def test_tables_with_cycles_are_shown(client):
    assert "{...}" in evaluate(client, "(function() local t = {} t.t = t return t end)()")
    assert evaluate(client, "getmetatable('')") == "nil\n"
    assert evaluate(client, "getmetatable(book)") == "false\n"
    assert evaluate(client, "{ [print] = 1 }") == "{ [[function]] = 1 }\n"


# ---- connections ---------------------------------------------------------------------------------


def test_those_who_leave_half_way_free_their_place(pair):
    for _ in range(15):
        gone = Client(pair.socket)
        gone.send(b'{"jsonrpc":"2.0","id":1,"method":"repl","params":{"eval":"while true do end"}}\n')
        gone.close()
    clients = [Client(pair.socket) for _ in range(9)]
    end = time.monotonic() + 60
    while "result" not in clients[0].ask("repl", {"eval": "x = 1"}):
        assert time.monotonic() < end, "places are not free again"
    answers = [client.ask("repl", {"eval": "x = 1"}) for client in clients]
    assert "have a prompt already" in answers[-1]["error"]["message"]
    for client in clients:
        client.close()


def test_a_line_that_stops_the_node_is_answered(tmp_path):
    node = Node(make_home(tmp_path / "home"), *LOOPBACK, "--log_level", "debug")
    node.wait_for("control socket")
    client = Client(tmp_path / "home/luapex.sock")
    assert evaluate(client, "stop()") == "{ stopping = true }\n"
    assert node.end() == 0, node.errors
    client.close()


def test_eval_on_the_command_line(pair):
    done = ctl(pair, "repl", "--eval", "status().network, 1 + 1")
    assert (done.returncode, done.stdout) == (0, '"e2e"\n2\n'), done.stderr
    for text, why in (("error('no')", "no"), ("if x then", "'end' expected"), ("io", "variable")):
        done = ctl(pair, "repl", "--eval", text)
        assert done.returncode == 1 and why in done.stderr and done.stdout == ""
    done = ctl(pair, "repl")
    assert done.returncode == 1 and "--eval" in done.stderr


# ---- the prompt ----------------------------------------------------------------------------------


@pytest.fixture
def prompt(pair, tmp_path):
    opened = []

    def make(path=None):
        words = [LUAPEX, "ctl", "--socket", path or pair.socket, "repl"]
        opened.append(Terminal(words, columns=80, rows=24, env={"HOME": str(tmp_path)}))
        opened[-1].wait_for("luapex>")
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.close()


def test_lines_are_edited_run_and_remembered(prompt, tmp_path):
    terminal = prompt()
    terminal.keys("x = 20 +\x1b[D\x1b[D-\x7f\x1b[F 2\r")
    terminal.keys("x * 2\x01print(\x05)\r")
    terminal.wait_for("(?m)^44$")
    terminal.keys("\x1b[A\x1b[A\x1b[B\x15error('bad')\r")
    terminal.wait_for("(?m)^bad$")
    terminal.keys("\x04")
    assert terminal.end() == 0 and terminal.is_restored() and not terminal.screen.unknown
    history = tmp_path / ".luapex_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert history.read_text() == "x = 20 + 2\nprint(x * 2)\nerror('bad')\n"
    again = prompt()
    again.keys("\x1b[A")
    again.wait_for(r"luapex> error\('bad'\)")
    again.keys("\x03")
    again.wait_for(r"\^C")
    again.keys("\x04")
    assert again.end() == 0


def test_a_statement_over_several_lines(prompt):
    terminal = prompt()
    terminal.keys("for i = 1, 2 do\r")
    terminal.wait_for(">>")
    terminal.keys("print('line', i)\rend\r")
    terminal.wait_for("(?m)^line.*2$")
    terminal.keys("if true then\r\x03")
    terminal.wait_for(r"\^C")
    terminal.keys("1 + 2\r")
    terminal.wait_for("(?m)^3$")


def test_tab_completes(prompt):
    terminal = prompt()
    terminal.keys("stat\t().netw")
    terminal.wait_for(r"status\(\)\.netw")
    terminal.keys("\x15book.\t")
    terminal.wait_for(r"book\.find +book\.map +book\.show")
    terminal.keys("f\t")
    terminal.wait_for(r"(?m)luapex> book\.find$")
    terminal.keys("\x15my_own_name = 1\rmy_ow\t + 41\r")
    terminal.wait_for("(?m)^42$")


def test_long_lines_scroll(prompt):
    terminal = prompt()
    terminal.keys("print('" + "x" * 200 + "end', 1)\x01\x1b[C")
    terminal.wait_for(r"luapex> print\('xxx")
    terminal.keys("\x05\r")
    terminal.wait_for("xend")


def test_a_node_that_goes_ends_the_prompt(tmp_path, prompt):
    home = make_home(tmp_path / "home")
    node = Node(home, *LOOPBACK, "--log_level", "debug")
    node.wait_for("control socket")
    terminal = prompt(home / "luapex.sock")
    terminal.keys("peers()")
    assert node.stop() == 0
    assert terminal.end() == 1 and terminal.is_restored()
    assert "the node closed the connection" in terminal.raw
    assert run("ctl", "--home", home, "repl", "--eval", "1").returncode == 1
