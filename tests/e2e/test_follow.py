"""`luapex ctl events --follow`: it prints what happens as it happens, and how it ends."""

import contextlib
import json
import signal
import subprocess

import pytest
from control_socket import ctl
from nodes import LUAPEX, PATIENCE_S, run


@contextlib.contextmanager
def following(socket, *flags):
    """The command, which has printed what was before."""
    command = [LUAPEX, "ctl", "--socket", str(socket), "events", "--follow", "--limit", "1", *flags]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as follower:
        try:
            assert follower.stdout.readline()
            yield follower
        finally:
            follower.kill()


def cause_event(pair, n):
    """Gives what its line holds."""
    target = f"10.9.{n}.0/24"
    assert ctl(pair, "ban", target).returncode == 0
    assert ctl(pair, "unban", target).returncode == 0
    return target


@pytest.mark.parametrize("flags", [(), ("--filter", "kind=command"), ("--decisions",)])
def test_a_follower_prints_what_happens_after_it_was_started(pair, flags):
    cause_event(pair, 1)
    with following(pair.socket, *flags) as follower:
        for n in (2, 3):
            target = cause_event(pair, n)
            while target not in (line := follower.stdout.readline()):
                assert line, follower.stderr.read()


def test_a_follower_for_programs_prints_an_object_for_each(pair):
    cause_event(pair, 4)
    with following(pair.socket, "--json", "--filter", "kind=command") as follower:
        target = cause_event(pair, 5)
        event = json.loads(follower.stdout.readline())
        assert (event["event"], event["range"]) == ("command", target)


@pytest.mark.parametrize("kinds", ["kind=*", "kind=command"])
def test_a_follower_ends_when_its_reader_has_left(pair, kinds):
    cause_event(pair, 6)
    with following(pair.socket, "--filter", kinds) as follower:
        cause_event(pair, 7)
        assert follower.stdout.readline()
        follower.stdout.close()
        assert follower.wait(PATIENCE_S) == 0
        assert follower.stderr.read() == ""


def test_a_follower_that_is_interrupted_ends_by_the_signal(pair):
    cause_event(pair, 8)
    with following(pair.socket) as follower:
        cause_event(pair, 9)
        assert follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(PATIENCE_S) == -signal.SIGINT
        assert follower.stderr.read() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_follower_ends_with_its_node_and_says_so(start, number):
    node = start()
    node.wait_for("listening")
    socket = node.home / "luapex.sock"
    with following(socket) as follower:
        assert run("ctl", "--socket", socket, "save").returncode == 0
        assert follower.stdout.readline()
        node.process.send_signal(number)
        node.end()
        assert follower.wait(PATIENCE_S) == 1
        assert follower.stderr.read() == "luapex ctl: the node has gone\n"
