"""`luapex ctl top`: what it shows, its keys, and that the terminal is as before however it ends."""

import json
import re
import signal
import socket
import threading
from pathlib import Path

import pytest
from nodes import LOOPBACK, LUAPEX, Node, make_home, run
from terminal import Terminal

HOSTILE = "\x1b]0;owned\x07\x1b[2Jv\x9b31m\u202e\u200b\u4e2d\x7f"


@pytest.fixture
def open_top():
    opened = []

    def make(path, *words, **more):
        command = [LUAPEX, "ctl", "--socket", path, "top", "--interval", "100ms", *words]
        opened.append(Terminal(command, **more))
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.close()


class FakeNode:
    """Answers like a node whose peers say what they like. It lasts until it is closed."""

    def __init__(self, path, peers_n=3):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.peers_n = peers_n
        self.clients = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.answer, args=[client], daemon=True).start()

    def answer(self, client):
        for line in client.makefile("rb"):
            request = json.loads(line)
            result = getattr(self, request["method"])()
            answer = {"jsonrpc": "2.0", "id": request["id"], "result": result}
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
            try:
                client.sendall(text.encode() + b"\n")
            except OSError:
                return

    def status(self):
        counts = "bytes_in bytes_out requests_received requests_sent lists_received lists_sent"
        peers = "outbound outbound_max inbound inbound_max dialing handshaking"
        return {
            **{"id": "ab" * 20, "network": HOSTILE, "role": "seed", "software": HOSTILE},
            **{"pid": 1, "uptime_s": 5.0, "moniker": HOSTILE},
            "peers": dict.fromkeys(peers.split(), 1),
            "policy": {"calls": 1, "errors": 0},
            "traffic": dict.fromkeys([*counts.split(), "dials", "dials_failed"], 1),
        }

    def peer(self, n):
        return {
            **{"id": f"{n:04x}" * 10, "addr": f"127.0.0.1:{1000 + n}", "direction": "inbound"},
            **{"uptime_s": 100.5 + n, "rtt_ms": 5000 - n, "useful": n * n % 7},
            **{"version": HOSTILE + f"v{n}", "flags": ""},
        }

    def peers(self):
        return {"peers": [self.peer(n) for n in range(self.peers_n)], "total": self.peers_n}

    def book(self):
        side = {"addresses": 5, "buckets": 16, "used": 2, "full": 0, "bucket_size": 64}
        return {"new": side, "old": side, "bans": 2}

    def policy(self):
        hook = {"calls": 7, "errors": 1, "mean_us": 2.5, "max_us": 9.5, "fallen_back": True}
        return {
            **{"name": HOSTILE, "version": 3, "hash": "0011"},
            "hooks": [{"hook": name, **hook} for name in ("admit", "bias", "share")],
        }

    def events(self):
        event = {"time": 0, "event": "closed", "peer": "cd" * 20, "error": HOSTILE, "text": HOSTILE}
        return {"events": [event], "last": 1}

    def close(self):
        self.listener.close()
        for client in self.clients:
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def fake(tmp_path):
    made = FakeNode(tmp_path / "fake.sock", peers_n=40)
    made.path = tmp_path / "fake.sock"
    yield made
    made.close()


def first_address(terminal):
    return re.search(r"127\.0\.0\.1:(\d+)", terminal.screen.text).group(1)


# ---- one frame -----------------------------------------------------------------------------------


def test_once_prints_what_the_node_does(pair):
    done = run("ctl", "--socket", pair.socket, "top", "--once", "--interval", "100ms")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    for wanted in (
        r"^e2e  node [0-9a-f]{40}  up ",
        r"^policy +default v\d+ [0-9a-f]+  calls [\d,]+  errors 0$",
        r"^peers +out 0 of 10  in 1 of 40 ",
        r"^rates +dials \d+\.\d/s \(failed \d+\.\d/s\)  requests in \d+\.\d/s out \d",
        r"^traffic +lists in \d+\.\d/s out \d+\.\d/s  bytes in [\d.]+ \w+/s out [\d.]+ \w+/s$",
        r"^book +new \[[#.]{10}\] 1 of 16,384 ",
        rf"^in +127\.0\.\d+\.\d+:\d+ .* {pair.second_id[:12]}  luapex/",
        r"^bias +\d+ ",
        r"^\d\d:\d\d:\d\d connected ",
    ):
        assert re.search(wanted, done.stdout, re.MULTILINE), (wanted, done.stdout)


def test_without_a_terminal_it_names_the_flag_for_that(pair):
    done = run("ctl", "--socket", pair.socket, "top")
    assert done.returncode == 1 and "--once" in done.stderr and done.stdout == ""


def test_json_is_not_for_a_screen(pair):
    done = run("ctl", "--socket", pair.socket, "--json", "top", "--once")
    assert done.returncode == 2 and "for programs are status, peers" in done.stderr


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_cannot_move_its_cursor_is_left_alone(pair, kind):
    terminal = Terminal([LUAPEX, "ctl", "--socket", pair.socket, "top"], env={"TERM": kind})
    try:
        assert terminal.end() == 1 and "\x1b" not in terminal.raw
        assert "--once prints one frame without" in terminal.raw
    finally:
        terminal.close()


def test_once_without_a_node_says_so(tmp_path):
    done = run("ctl", "--socket", tmp_path / "no.sock", "top", "--once")
    assert done.returncode == 1 and "no node runs there" in done.stderr


@pytest.mark.parametrize("interval", ["0s", "1ms", "soon", "2h"])
def test_an_interval_out_of_range_is_refused(pair, interval):
    done = run("ctl", "--socket", pair.socket, "top", "--once", "--interval", interval)
    assert done.returncode == 2 and "interval must be a duration from 100ms to 1h" in done.stderr


# ---- the screen ----------------------------------------------------------------------------------


def test_the_screen_shows_all_and_q_restores_the_terminal(pair, open_top):
    top = open_top(pair.socket)
    for wanted in ("e2e  node", "out 0 of 10  in 1 of 40", "ADDRESS", pair.second_id[:12], "bias"):
        top.wait_for(wanted)
    assert top.is_raw and top.screen.is_other and not top.screen.has_cursor
    top.keys("q")
    assert top.end() == 0 and top.is_restored() and not top.screen.unknown


@pytest.mark.parametrize("how", ["\x03", signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored_on_interruption(pair, open_top, how):
    top = open_top(pair.socket)
    top.wait_for("EVENTS")
    if isinstance(how, str):
        top.keys(how)
    else:
        top.process.send_signal(how)
    assert top.end() in (0, 1) and top.is_restored()


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
def test_the_terminal_is_restored_by_a_crash(pair, open_top, number):
    top = open_top(pair.socket)
    top.wait_for("EVENTS")
    top.process.send_signal(number)
    assert top.end() != 0 and top.is_restored()


def test_an_answer_that_makes_no_sense_restores_the_terminal(fake, open_top):
    fake.policy = lambda: {"hooks": 7}
    top = open_top(fake.path)
    assert top.end() == 1 and top.is_restored()
    assert "luapex ctl: " in top.raw


def test_suspended_and_continued(pair, open_top):
    top = open_top(pair.socket)
    top.wait_for("EVENTS")
    top.keys("\x1a")
    pid = top.process.pid
    top.wait_until(
        lambda: " T " in Path(f"/proc/{pid}/stat").read_text(), "not stopped"
    )
    while top.read(0.1):
        pass
    assert top.is_restored()
    top.screen.clear()
    top.process.send_signal(signal.SIGCONT)
    top.wait_for("EVENTS")
    assert top.is_raw and top.screen.is_other
    top.keys("q")
    assert top.end() == 0 and top.is_restored()


def test_a_node_that_hangs_is_told_until_it_answers(fake, open_top):
    goes_on, peers = threading.Event(), fake.peers

    def late():
        goes_on.wait()
        return peers()

    top = open_top(fake.path)
    top.wait_for("EVENTS")
    fake.peers = late
    top.wait_for(r"no answer for \d+s; the process hangs, or is busy")
    goes_on.set()
    top.wait_until(lambda: "no answer" not in top.screen.text, "still told")
    top.keys("q")
    assert top.end() == 0


def test_only_lines_that_changed_are_written(fake, open_top):
    top = open_top(fake.path)
    top.wait_for("of 1,024")
    top.wait_for(r"ms/s\n.* 0\.00")  # the second frame, with rates
    size = len(top.raw)
    for _ in range(10):
        top.read(0.1)
    assert len(top.raw) - size < 1000  # a frame has 3000
    top.keys("q")
    assert top.end() == 0


def test_hostile_texts_do_not_reach_the_terminal(fake, open_top):
    top = open_top(fake.path, columns=200, rows=40)
    top.wait_for("v39")
    top.wait_for("EVENTS")
    top.keys("q")
    assert top.end() == 0 and top.is_restored() and not top.screen.unknown
    for told in ("\x1b]", "\x07", "\x9b", "\u202e", "\u200b", "\x7f", "\x1b[31mv"):
        assert told not in top.raw, repr(told)
    assert r"\x1b]0;owned\x07\x1b[2Jv" in top.raw and "\\u202e" in top.raw


CONTROL = "[\x00-\x09\x0b-\x1f\x7f-\x9f]"


@pytest.mark.parametrize("words", [["peers"], ["status"], ["events"]])
def test_hostile_texts_do_not_reach_the_terminal_of_other_methods(fake, words):
    done = run("ctl", "--socket", fake.path, *words)
    assert done.returncode == 0 and "owned" in done.stdout
    assert not re.search(CONTROL + "|\u202e", done.stdout), repr(done.stdout)


def test_json_has_hostile_texts_escaped(fake):
    done = run("ctl", "--socket", fake.path, "--json", "peers")
    assert not re.search(CONTROL, done.stdout), repr(done.stdout)
    assert json.loads(done.stdout)["peers"][0]["version"] == HOSTILE + "v0"


def test_the_errors_of_a_node_are_cleaned_too(fake):
    def serve(client):
        for line in client.makefile("rb"):
            fault = {"code": -32000, "message": HOSTILE}
            answer = {"jsonrpc": "2.0", "id": json.loads(line)["id"], "error": fault}
            client.sendall(json.dumps(answer).encode() + b"\n")

    fake.answer = serve
    done = run("ctl", "--socket", fake.path, "save")
    assert done.returncode == 1 and "owned" in done.stderr
    assert not re.search(CONTROL + "|\u202e", done.stderr), repr(done.stderr)


# ---- keys ----------------------------------------------------------------------------------------


def test_peers_scroll(fake, open_top):
    top = open_top(fake.path, rows=30)
    top.wait_for("127.0.0.1:1039")  # the longest connected come first
    assert first_address(top) == "1039"
    top.keys("\x1b[B\x1b[B")
    top.wait_until(lambda: first_address(top) == "1037", "two down")
    top.keys("\x1b[A")
    top.wait_until(lambda: first_address(top) == "1038", "one up")
    shown = len(re.findall(r"127\.0\.0\.1:\d+", top.screen.text))
    top.keys("\x1b[6~")
    top.wait_until(lambda: int(first_address(top)) == 1038 - (shown - 1), "a page down")
    top.keys("\x1b[F")
    top.wait_for(r"127\.0\.0\.1:1000\b")
    top.keys("\x1b[5~" * 10)
    top.wait_until(lambda: first_address(top) == "1039", "pages up")


def test_peers_are_sorted_by_each_column_and_reversed(fake, open_top):
    top = open_top(fake.path, rows=30)
    top.wait_for(r"UPTIME\+")
    for title, first in (("RTT ms", 1000), ("DIR", 1000), ("ADDRESS", 1000), ("USEFUL", 1002)):
        top.keys("s")
        top.wait_for(re.escape(title) + r"\+")
        top.wait_until(lambda wanted=first: first_address(top) == str(wanted), title)
    top.keys("r")
    top.wait_for("USEFUL-")
    top.wait_until(lambda: first_address(top) == "1000", "reversed")


def test_help_and_pause(fake, open_top):
    top = open_top(fake.path)
    top.wait_for("EVENTS")
    top.keys("h")
    top.wait_for("scroll the peers")
    top.keys("x")
    top.wait_for("EVENTS")
    top.keys("p")
    top.wait_for("PAUSED")
    fake.peers_n = 2
    for _ in range(5):
        top.read(0.1)
    assert "127.0.0.1:1039" in top.screen.text
    top.keys("p")
    top.wait_until(lambda: "127.0.0.1:1039" not in top.screen.text, "goes on")
    assert "PAUSED" not in top.screen.text


@pytest.mark.parametrize(("columns", "rows"), [(40, 10), (200, 60), (20, 3), (1, 1)])
def test_it_fits_the_terminal_and_follows_its_size(fake, open_top, columns, rows):
    top = open_top(fake.path)
    top.wait_for("EVENTS")
    top.resize(columns, rows)
    top.wait_for("luapex top"[: columns - 1])
    for _ in range(3):
        top.read(0.1)
    lines = top.screen.text.split("\n")
    assert len(lines) == rows and lines[0].startswith("luapex top"[: columns - 1])
    if columns < 98:
        assert any(line.endswith("~") for line in lines)
    top.keys("q")
    assert top.end() == 0 and top.is_restored()


# ---- a node that goes and comes ------------------------------------------------------------------


def test_a_node_that_restarts_is_waited_for(tmp_path, open_top):
    home = make_home(tmp_path / "home")
    top = open_top(home / "luapex.sock")
    top.wait_for("not running, waiting: no node runs there")
    node = Node(home, *LOOPBACK)
    top.wait_for("e2e  node")
    top.wait_until(lambda: "not running" not in top.screen.text, "runs")
    assert node.stop() == 0
    top.wait_for("not running, waiting")
    assert "e2e  node" in top.screen.text  # what was known last
    top.wait_until(lambda: "\x1b[2me2e  node" in top.raw, "dimmed, as it is no longer so")
    node = Node(home, *LOOPBACK)
    top.wait_until(lambda: "not running" not in top.screen.text, "runs again")
    top.wait_for("started")
    top.keys("q")
    assert top.end() == 0 and top.is_restored()
    assert node.stop() == 0
