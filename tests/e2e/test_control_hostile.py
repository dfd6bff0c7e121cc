"""Clients of the control socket that want to harm, over the Unix socket and over TCP: each limit
holds, and an operator who is connected is served all the time."""

import contextlib
import json
import resource
import socket

import pytest
from nodes import NETWORK, PATIENCE_S, run
from test_control_tcp import AskedNode, call

MANY = 1000
PERSISTENT = call("persistent", {})
HELP = call("help", {})  # its answer is 30 kB long


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    home = tmp_path_factory.mktemp("control_hostile") / "home"
    assert run("init", "--home", home, "--network", NETWORK).returncode == 0
    node = AskedNode(home)
    yield node
    assert node.process.poll() is None, node.errors
    assert node.stop() == 0, node.errors
    assert not [line for line in node.lines if "script failed" in line["event"]]


class Place:
    """Where clients connect."""

    def __init__(self, node, is_tcp):
        self.is_tcp, self.node = is_tcp, node

    def stranger(self):
        if self.is_tcp:
            return socket.create_connection(self.node.at, PATIENCE_S)
        made = socket.socket(socket.AF_UNIX)
        made.connect(str(self.node.home / "luapex.sock"))  # with a timeout it would not wait
        made.settimeout(PATIENCE_S)
        return made

    def client(self):
        made = self.stranger()
        if self.is_tcp:
            made.sendall(call("auth", {"token": self.node.token}))
            assert b"authenticated" in made.recv(4096)
        return made


@pytest.fixture(params=["unix", "tcp"])
def place(node, request):
    return Place(node, request.param == "tcp")


class Operator:
    """One who is connected before the others and asks now and then."""

    def __init__(self, place):
        self.socket = place.client()
        self.lines = self.socket.makefile("rb")

    def ask(self):
        self.socket.sendall(PERSISTENT)
        assert "result" in json.loads(self.lines.readline())

    def close(self):
        self.lines.close()
        self.socket.close()


@pytest.fixture
def operator(place):
    made = Operator(place)
    yield made
    made.ask()
    made.close()


def last_line(made):
    """What it is told before the end; None: it ended before that."""
    with made.makefile("rb") as lines, contextlib.suppress(ConnectionError):
        told = [json.loads(line) for line in lines]
        return told[-1]["error"]["message"] if told else None
    return None


def test_one_who_never_reads_is_not_read_from(place, operator):
    greedy = place.client()
    greedy.settimeout(0.5)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 100_000_000:
            sent += greedy.send(HELP * 1000)
            operator.ask()
    assert sent < 100_000_000
    for _ in range(20):
        operator.ask()
    greedy.close()


def test_those_who_send_a_byte_now_and_then_are_served_at_last(place, operator):
    slow = [place.client() for _ in range(20)]
    for byte in PERSISTENT:
        for client in slow:
            client.sendall(bytes([byte]))
        operator.ask()
    for client in slow:
        with client.makefile("rb") as lines:
            assert "result" in json.loads(lines.readline())
        client.close()


def drip(made, operator):
    """What it is told while it sends a byte again and again; None: it was cut off before that."""
    made.settimeout(0.05)
    for _ in range(100_000):
        operator.ask()
        try:
            made.sendall(b" ")
            return made.recv(4096)
        except TimeoutError:
            continue
        except ConnectionError:
            return None
    raise AssertionError("is waited for without end")


def test_a_token_in_drips_is_not_waited_for(node):
    place = Place(node, True)
    operator, slow = Operator(place), place.stranger()
    told = drip(slow, operator)
    assert told is None or b"3 s" in told
    operator.ask()
    operator.close()
    slow.close()


def test_ten_megabytes_without_an_end_are_not_taken(place, operator):
    for _ in range(5):
        endless = place.client()
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 10_000_000:
                sent += endless.send(b"x" * 65536)
        told = last_line(endless)
        assert told is None or "a line has at most 1048576 bytes" in told
        assert sent < 10_000_000
        operator.ask()
        endless.close()


def test_lines_of_the_greatest_length_are_answered(place, operator):
    client = place.client()
    head, tail = PERSISTENT[:1], PERSISTENT[1:]
    client.sendall(head + b" " * (1024 * 1024 - len(PERSISTENT)) + tail)
    operator.ask()
    with client.makefile("rb") as lines:
        assert "result" in json.loads(lines.readline())
    client.close()


def test_a_thousand_connections_take_no_place_of_one_that_is_there(place, operator):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        for n in range(MANY):
            stack.enter_context(place.stranger())
            if n % 50 == 0:
                operator.ask()
        for _ in range(20):
            operator.ask()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_calls_in_one_go_let_others_in_between(place, operator):
    busy = place.client()
    busy.sendall(PERSISTENT * 1000)
    for _ in range(20):
        operator.ask()
    with busy.makefile("rb") as lines:
        for _ in range(1000):
            assert "result" in json.loads(lines.readline())
    busy.close()


def test_afterwards_a_newcomer_is_served(place):
    newcomer = Operator(place)
    newcomer.ask()
    newcomer.close()
