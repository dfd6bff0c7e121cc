"""The control socket over TCP: at loopback alone, and only for who has the token."""

import contextlib
import json
import os
import socket
import stat

import pytest
from nodes import LOOPBACK, LUAPEX, NETWORK, PATIENCE_S, Node, run
from terminal import Terminal


class AskedNode(Node):
    """A node that is asked over TCP, and what it wrote."""

    def __init__(self, home, *flags, port=0):
        self.trace = home / "trace"
        super().__init__(
            home,
            *LOOPBACK,
            *("--log_level", "debug", "--trace.file", self.trace),
            *("--control.laddr", f"127.0.81.2:{port}"),
            *flags,
        )
        addr = self.wait_for("control socket over TCP")["addr"]
        self.ip, port = addr.rsplit(":", 1)
        self.port = int(port)
        self.token_file = home / "data/control.token"
        self.token = self.token_file.read_text().strip()

    @property
    def at(self):
        return (self.ip, self.port)

    def place(self, token=None):
        return ("--tcp", f"{self.ip}:{self.port}", "--token", token or self.token_file)

    def ctl(self, *words, token=None):
        return run("ctl", *self.place(token), *words)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    home = tmp_path_factory.mktemp("control_tcp") / "home"
    assert run("init", "--home", home, "--network", NETWORK).returncode == 0
    node = AskedNode(home)
    yield node
    if node.process.poll() is None:
        assert node.stop() == 0, node.errors


def new_node(folder):
    home = folder / "home"
    assert run("init", "--home", home, "--network", NETWORK).returncode == 0
    return AskedNode(home)


@contextlib.contextmanager
def connection(at, source="0.0.0.0"):
    made = socket.create_connection(at, PATIENCE_S, (source, 0))
    with made, made.makefile("rb") as lines:
        yield made, lines


def call(method, params, number=1):
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(request).encode() + b"\n"


def answers(at, data):
    """All that comes until the other side ends."""
    with connection(at) as (made, lines):
        made.sendall(data)
        made.shutdown(socket.SHUT_WR)
        return [json.loads(line) for line in lines]


def test_the_file_of_the_token_is_made_for_its_owner_alone(node):
    assert stat.S_IMODE(node.token_file.stat().st_mode) == 0o600
    assert len(node.token) == 64 and set(node.token) <= set("0123456789abcdef")


def test_who_shows_the_token_is_served(node):
    data = call("auth", {"token": node.token}, 7) + call("status", {}, 8)
    first, second = answers(node.at, data)
    assert first == {"jsonrpc": "2.0", "id": 7, "result": {"authenticated": True}}
    assert second["id"] == 8 and second["result"]["pid"] == node.process.pid


WRONG = {
    "no_auth": call("status", {}),
    "no_token": call("auth", {}),
    "a_number": call("auth", {"token": 5}),
    "a_list": call("auth", ["a"]),
    "another_one": call("auth", {"token": "0" * 64}),
    "an_empty_one": call("auth", {"token": ""}),
    "no_json": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no_object": b"5\n",
    "an_empty_line": b"\n",
    "no_utf8": b"\xff\xfe\n",
    "a_long_line": b"x" * 100000,
}


@pytest.mark.parametrize("name", WRONG)
def test_who_does_not_is_told_so_and_closed(node, name):
    before = len(node.lines)
    with connection(node.at, f"127.0.91.{1 + list(WRONG).index(name)}") as (made, lines):
        with contextlib.suppress(ConnectionError):
            made.sendall(WRONG[name])
            made.sendall(call("stop", {}))
        with contextlib.suppress(ConnectionError):  # what it does not read makes it a reset
            (only,) = [json.loads(line) for line in lines]
            assert only["error"]["code"] == -32000 and "auth" in only["error"]["message"]
        mine = f"{made.getsockname()[0]}:{made.getsockname()[1]}"
    node.wait_for("control client refused: no token or a wrong one", addr=mine)
    assert len(node.lines) > before
    assert node.ctl("status").returncode == 0


def test_who_comes_again_and_again_does_not_fill_the_log(tmp_path):
    node = new_node(tmp_path)
    for source in ("127.0.92.1", "127.0.92.2"):
        for _ in range(20):
            with connection(node.at, source) as (made, lines):
                made.sendall(call("auth", {"token": "0" * 64}))
                assert b"error" in lines.readline()
    assert node.ctl("status").returncode == 0
    assert node.stop() == 0, node.errors
    told = [line for line in node.lines if "no token or a wrong one" in line["event"]]
    assert [line["addr"].partition(":")[0] for line in told[:2]] == ["127.0.92.1", "127.0.92.2"]
    assert sorted((line["addr"], line["clients"]) for line in told[2:]) == [
        ("127.0.92.1", 19),
        ("127.0.92.2", 19),
    ]


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "0", lambda t: t[::-1]])
def test_a_token_that_is_nearly_right_is_wrong(node, change):
    (only,) = answers(node.at, call("auth", {"token": change(node.token)}))
    assert "error" in only


def test_who_says_nothing_is_closed_the_first_as_soon_as_there_are_too_many(node):
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connection(node.at)) for _ in range(36)]
        ends = [[json.loads(line) for line in lines] for _, lines in silent]
        messages = [end[0]["error"]["message"] for end in ends]
    assert all("others came" in message for message in messages[:4]), messages
    assert all("3 s" in message for message in messages[4:]), messages


def test_silent_strangers_keep_nobody_out(node):
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            for _ in range(200):
                stack.enter_context(connection(node.at))
            done = node.ctl("status")
            assert done.returncode == 0, done.stderr


def test_silent_strangers_take_no_place_of_clients(node):
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connection(node.at))
            done = run("ctl", "--home", node.home, "status")
            assert done.returncode == 0, done.stderr


def test_ctl_works_over_tcp(node):
    done = node.ctl("--json", "status")
    assert json.loads(done.stdout)["pid"] == node.process.pid, done.stderr
    assert "luapex" in node.ctl("top", "--once", "--interval", "100ms").stdout


def test_ctl_says_what_is_wrong(node, tmp_path):
    other = tmp_path / "other"
    other.write_text("1" * 64 + "\n")
    refused = node.ctl("status", token=other)
    assert refused.returncode == 1 and "control.token_file" in refused.stderr
    assert "1" * 64 not in refused.stderr
    gone = node.ctl("status", token=tmp_path / "none")
    assert gone.returncode == 1 and "none" in gone.stderr
    other.write_text("")
    assert "is empty" in node.ctl("status", token=other).stderr
    at = f"{node.ip}:{node.port}"
    for words, told in [
        (("--tcp", at), "--token FILE"),
        (("--token", other), "--tcp"),
        (("--tcp", "8.8.8.8:1", "--token", node.token_file), "127.0.0.1:PORT"),
        (("--tcp", "localhost:1", "--token", node.token_file), "127.0.0.1:PORT"),
        (("--tcp", "127.0.0.1:99999", "--token", node.token_file), "127.0.0.1:PORT"),
    ]:
        done = run("ctl", *words, "status")
        assert done.returncode == 2 and told in done.stderr, (words, done.stderr)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
        gone = run("ctl", "--tcp", place, "--token", node.token_file, "status")
    assert gone.returncode == 1 and "control.laddr" in gone.stderr


# ---- on a terminal -------------------------------------------------------------------------------


@pytest.fixture
def open_ctl(tmp_path):
    """`luapex ctl WORDS` over TCP, on a terminal."""
    opened = []

    def make(place, *words):
        command = [LUAPEX, "ctl", *place, *words]
        opened.append(Terminal(command, env={"HOME": str(tmp_path)}))
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.close()


@pytest.fixture
def wrong_token(tmp_path):
    path = tmp_path / "wrong"
    path.write_text("1" * 64 + "\n")
    return path


def refusals(node):
    told = [line for line in node.lines if "a wrong one" in line["event"]]
    return sum(line.get("clients", 1) for line in told)


def test_top_shows_the_node_and_takes_keys(node, open_ctl):
    top = open_ctl(node.place(), "top", "--interval", "100ms")
    for wanted in (f"{NETWORK}  node [0-9a-f]{{40}}", "out 0 of 10  in 0 of 40", "ADDRESS", "bias"):
        top.wait_for(wanted)
    assert top.is_raw and top.screen.is_other
    top.keys("h")
    top.wait_for("scroll the peers")
    top.keys("xp")
    top.wait_for("PAUSED")
    top.keys("q")
    assert top.end() == 0 and top.is_restored() and not top.screen.unknown


@pytest.mark.parametrize("words", [["top"], ["repl"]])
def test_a_terminal_with_a_wrong_token_is_told_once_and_ends(
    tmp_path, open_ctl, wrong_token, words
):
    node = new_node(tmp_path)
    terminal = open_ctl(node.place(wrong_token), *words)
    assert terminal.end() == 1 and terminal.is_restored()
    assert "control.token_file" in terminal.raw and "1" * 64 not in terminal.raw
    assert "luapex>" not in terminal.raw
    node.wait_for("control client refused: no token or a wrong one")
    assert node.stop() == 0, node.errors
    assert refusals(node) == 1


def test_top_waits_for_a_node_that_restarts(tmp_path, open_ctl):
    home = tmp_path / "home"
    assert run("init", "--home", home, "--network", NETWORK).returncode == 0
    first = AskedNode(home)
    top = open_ctl(first.place(), "top", "--interval", "100ms")
    top.wait_for(f"{NETWORK}  node")
    assert first.stop() == 0
    top.wait_for(f"not running, waiting: .*{first.ip}")
    second = AskedNode(home, port=first.port)
    top.wait_until(lambda: "not running" not in top.screen.text, "runs again")
    top.keys("q")
    assert top.end() == 0 and top.is_restored()
    assert second.stop() == 0


def test_repl_runs_lines_completes_and_leaves(node, open_ctl):
    prompt = open_ctl(node.place(), "repl")
    prompt.wait_for("luapex>")
    prompt.keys("x = 40\rx + 2\r")
    prompt.wait_for("(?m)^42$")
    prompt.keys("stat\t().network\x01#\r")
    prompt.wait_for(rf"(?m)^{len(NETWORK)}$")
    prompt.keys("for i = 1, 2 do\rprint('line ' .. i)\rend\r")
    prompt.wait_for("(?m)^line 2$")
    prompt.keys("while true do end\r")
    prompt.wait_for("limit of")
    prompt.keys("x\r")
    prompt.wait_for("(?m)^40$")
    prompt.keys("\x04")
    assert prompt.end() == 0 and prompt.is_restored() and not prompt.screen.unknown


def test_repl_answers_a_line_without_a_terminal(node):
    done = node.ctl("repl", "--eval", "status().pid")
    assert (done.returncode, done.stdout) == (0, f"{node.process.pid}\n"), done.stderr


def test_a_node_that_goes_ends_the_prompt(tmp_path, open_ctl):
    home = tmp_path / "home"
    assert run("init", "--home", home, "--network", NETWORK).returncode == 0
    node = AskedNode(home)
    prompt = open_ctl(node.place(), "repl")
    prompt.wait_for("luapex>")
    assert node.stop() == 0
    assert prompt.end() == 1 and prompt.is_restored()
    assert "the node closed the connection" in prompt.raw


def test_the_token_appears_nowhere(node):
    """Not in answers, events, decisions, the log, the trace or another file."""
    said = ""
    for words in (
        ("events", "--limit", "1000", "--decisions"),
        ("settings",),
        ("metrics",),
        ("policy",),
        ("explain", node.ip),
        ("auth",),
    ):
        done = node.ctl("--json", *words)
        said += done.stdout + done.stderr
    for data in (
        call("auth", {"token": node.token[:-1]}),
        call("auth", {"token": [node.token]}),
        call("status", {"token": node.token}),
        call("auth", {"token": node.token})[:-3] + b"\n",
    ):
        said += json.dumps(answers(node.at, data))
    assert node.token[:16] not in said
    assert node.stop() == 0
    log = json.dumps(node.lines) + node.errors
    assert node.token[:16] not in log and "control client refused" in log
    kept = [
        path
        for path in node.home.rglob("*")
        if path.is_file() and node.token.encode()[:16] in path.read_bytes()
    ]
    assert kept == [node.token_file]


# ---- settings and the file -----------------------------------------------------------------------


@pytest.mark.parametrize("laddr", ["0.0.0.0:1", "8.8.8.8:1", "localhost:1", "[::]:1", ":1", "x"])
def test_only_loopback_is_served(new_home, laddr):
    done = run("start", "--home", new_home(), "--control.laddr", laddr)
    assert done.returncode == 2 and "control.laddr" in done.stderr, done.stderr
    if laddr[0] in "08l":
        assert "127.0.0.1:port" in done.stderr


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        ("a" * 64, 0o644, "chmod 600"),
        ("a" * 31, 0o600, "32 to 256"),
        ("a" * 257, 0o600, "32 to 256"),
        ("a" * 32 + " b", 0o600, "32 to 256"),
        ("a" * 32 + "\nb", 0o600, "32 to 256"),
        ("", 0o600, "32 to 256"),
    ],
)
def test_a_bad_file_of_the_token_is_told_and_the_node_runs_without(
    start, new_home, text, mode, told
):
    home = new_home()
    path = home / "data/control.token"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.chmod(path, mode)
    node = start("--control.laddr", "127.0.81.3:0", home=home)
    error = node.wait_for("no control socket over TCP")["error"]
    assert told in error and "aaaa" not in error
    assert run("ctl", "--home", home, "status").returncode == 0


def test_ones_own_token_is_kept_and_ipv6_is_served(start, new_home):
    home = new_home()
    path = home / "data/mine"
    path.parent.mkdir(exist_ok=True)
    path.write_text("s" * 32)
    path.chmod(0o600)
    node = start(
        *("--control.laddr", "[::1]:0", "--control.token_file", "data/mine", "--control.socket="),
        home=home,
    )
    at = node.wait_for("control socket over TCP")["addr"]
    done = run("ctl", "--tcp", at, "--token", path, "status")
    assert done.returncode == 0, done.stderr
    assert path.read_text() == "s" * 32
    assert not (home / "luapex.sock").exists()


def test_an_address_in_use_is_told(start):
    with socket.socket() as taken:
        taken.bind(("127.0.81.4", 0))
        taken.listen()
        at = f"127.0.81.4:{taken.getsockname()[1]}"
        node = start("--control.laddr", at)
        assert at in node.wait_for("no control socket over TCP")["error"]
