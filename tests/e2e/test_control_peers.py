"""The lists of peers, seeds and persistent peers as people and their programs read them."""

import pytest
from nodes import run

PEERS = "ID ADDR DIRECTION UPTIME RTT MS USEFUL VERSION FLAGS".split()
CONFIGURED = "ID HOST STATE FAILURES RETRY IN LAST FAILURE".split()


def table(node, *words):
    """The words of each line."""
    shown = run("ctl", "--home", node.home, *words)
    assert shown.returncode == 0, shown.stderr
    return [line.split() for line in shown.stdout.splitlines()]


def test_a_seed_tells_its_failed_dials_and_why(start_asked):
    seed = f"{'aa' * 20}@127.9.9.9:1"
    node, client = start_asked("127.0.89.1", "--p2p.seeds", seed)
    node.wait_for("seed dial failed")
    (told,) = client.result("seeds")["seeds"]
    assert told["failures"] >= 1
    assert (told["error"], told["last_failure"]) == ("refused", "connection refused")
    head, row = table(node, "seeds")
    assert head == CONFIGURED
    assert row[:2] == ["aa" * 20, "127.9.9.9:1"] and row[-2:] == ["connection", "refused"]


def test_a_persistent_peer_tells_why_it_is_not_connected(start_asked):
    other, _ = start_asked("127.0.89.2", network="net-1")
    node, client = start_asked(
        "127.0.89.3", "--p2p.persistent_peers", other.addr, network="net-2"
    )
    node.wait_for("persistent peer not reached, will try again")
    (told,) = client.result("persistent")["persistent"]
    assert told["failures"] == 1 and told["retry_in_s"] > 0
    assert told["error"] == "other_network"
    assert told["last_failure"] == "peer is on another network"


@pytest.mark.parametrize("method", ["seeds", "persistent"])
def test_columns_of_configured_peers_are_there_whatever_is_in_them(start_asked, method):
    flag = "--p2p.seeds" if method == "seeds" else "--p2p.persistent_peers"
    one, _ = start_asked("127.0.89.4")
    node, _ = start_asked("127.0.89.5", flag, one.addr)
    node.wait_for("peer added")
    head, row = table(node, method)
    assert head == CONFIGURED
    assert row == [one.addr[:40], one.addr[41:], "connected", "0", "-", "-"]


def test_columns_of_peers_are_there_whatever_is_in_them(start_asked):
    one, _ = start_asked("127.0.89.6")
    node, _ = start_asked("127.0.89.7", "--p2p.persistent_peers", one.addr)
    node.wait_for("peer added")
    one.wait_for("peer added")
    (head, row), (_, other) = table(node, "peers"), table(one, "peers")
    assert head == PEERS and row[-1] == "persistent" and other[-1] == "-"
    assert len(row) == len(other) == len(PEERS) - 1  # RTT MS is one column
