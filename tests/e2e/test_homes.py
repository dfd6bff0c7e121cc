"""`luapex start` with several homes: one process, a node for each."""

import json
import resource
import shutil
import signal
import socket
import subprocess

import pytest
from test_start import LUAPEX, PATIENCE_S, Node, run, write_policy


@pytest.fixture
def new_home(tmp_path):
    def make(name, network, *flags):
        home = tmp_path / name
        port = f"tcp://127.0.{70 + len(list(tmp_path.iterdir()))}.1:0"
        made = run(
            *["init", "--home", home, "--network", network, "--p2p.laddr", port],
            *["--p2p.addr_book_strict=false", *flags],
        )
        assert made.returncode == 0, made.stderr
        return home

    return make


@pytest.fixture
def start():
    nodes = []

    def make(*homes, flags=()):
        more = [word for home in homes[1:] for word in ("--home", home)]
        node = Node(homes[0], *more, *flags)
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        if node.process.poll() is None:
            assert node.stop() == 0, node.errors


def addr_of(node, **fields):
    line = node.wait_for("listening", **fields)
    return f"{line['id']}@{line['addr']}"


def of(home):
    return {"home": str(home)}


def test_two_networks_in_one_process_survive_its_sudden_end(start, new_home):
    homes = [new_home("one", "net-1"), new_home("two", "net-2")]
    both = start(*homes, flags=["--log_level", "debug"])
    ids = []
    for home, network in zip(homes, ["net-1", "net-2"]):
        assert both.wait_for("listening", **of(home))["network"] == network
        peer = start(
            new_home(f"peer-{network}", network, "--p2p.persistent_peers", addr_of(both, **of(home)))
        )
        ids.append(peer.wait_for("listening")["id"])
        both.wait_for("peer added", direction="inbound", **of(home))
        both.wait_for("book stored", addresses=1, **of(home))
    both.process.kill()
    both.process.wait()
    again = start(*homes)
    for home in homes:
        assert again.wait_for("listening", **of(home))["known"] == 1
    assert again.stop() == 0, again.errors
    books = [json.loads((home / "config/addrbook.json").read_text()) for home in homes]
    assert [[entry["addr"]["id"] for entry in book["addrs"]] for book in books] == [[i] for i in ids]


def test_a_peer_of_the_other_network_is_turned_away(start, new_home):
    homes = [new_home("one", "net-1"), new_home("two", "net-2")]
    both = start(*homes)
    wrong = addr_of(both, **of(homes[0]))
    peer = start(new_home("peer", "net-2", "--p2p.persistent_peers", wrong))
    told = peer.wait_for(
        "peer is on another network", detail="our network is net-2, theirs is net-1"
    )
    assert f"{told['peer']}@{told['addr']}" == wrong
    peer.wait_for("persistent peer not reached, will try again", error="peer is on another network")


def test_a_hangup_loads_every_policy_again(start, new_home):
    homes = [new_home(name, name, "--policy.file", "mine.lua") for name in ("one", "two")]
    for home in homes:
        write_policy(home / "mine.lua", "before")
    both = start(*homes)
    for home in homes:
        assert both.wait_for("listening", **of(home))["policy"] == "before"
        write_policy(home / "mine.lua", f"after_{home.name}")
    both.process.send_signal(signal.SIGHUP)
    for home in homes:
        both.wait_for("policy loaded", name=f"after_{home.name}", **of(home))


def test_one_policy_file_of_several_homes_is_followed_by_all(start, new_home, tmp_path):
    file = tmp_path / "shared.lua"
    write_policy(file, "before")
    homes = [new_home(name, name, "--policy.file", file) for name in ("one", "two")]
    both = start(*homes)
    for home in homes:
        both.wait_for("listening", policy="before", **of(home))
    write_policy(file, "after")
    for home in homes:
        both.wait_for("policy loaded", name="after", **of(home))


def test_a_home_that_cannot_be_opened_names_itself_and_none_stays(start, new_home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        good, bad = new_home("good", "net-1"), new_home("bad", "net-2", "--p2p.laddr", at)
        both = start(good, bad)
        assert both.end() == 1
        assert f"{bad}: p2p.laddr" in both.errors and "in use" in both.errors
        assert not both.lines or all(line["event"] != "listening" for line in both.lines)
    alone = start(good)
    alone.wait_for("listening")


def test_maxima_that_do_not_fit_together_are_refused(start, new_home):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))

    maximum = ["--p2p.max_num_inbound_peers", "400"]
    homes = [new_home(name, name, *maximum) for name in ("one", "two")]
    both = Node(homes[0], "--home", homes[1], before=lower)
    assert both.end() == 1
    assert "the 2 homes together: p2p.max_num_inbound_peers" in both.errors
    assert " 800 + " in both.errors and "LimitNOFILE=) is 1000" in both.errors


def test_a_home_is_named_once(start, new_home):
    homes = [new_home(name, name, "--policy.file", "mine.lua") for name in ("one", "two")]
    write_policy(homes[0] / "mine.lua", "fine")
    both = start(*homes)
    assert both.end() == 1
    assert both.errors.startswith(f"luapex: error: {homes[1]}/mine.lua: cannot be read: ")


def test_a_node_that_gives_up_leaves_the_others_running(start, new_home):
    seed = "0123456789012345678901234567890123456789@seed.invalid:26656"
    lost, good = new_home("lost", "net-1", "--p2p.seeds", seed), new_home("good", "net-2")
    both = start(lost, good)
    both.wait_for("node gave up", **of(lost))
    peer = start(new_home("peer", "net-2", "--p2p.persistent_peers", addr_of(both, **of(good))))
    peer.wait_for("peer added")
    both.process.send_signal(signal.SIGHUP)
    assert both.stop() == 1


def test_a_node_that_is_told_to_stop_leaves_the_others_running(start, new_home):
    done, good = new_home("done", "net-1"), new_home("good", "net-2")
    both = start(done, good)
    both.wait_for("listening", **of(good))
    assert run("ctl", "stop", "--home", done).returncode == 0
    peer = start(new_home("peer", "net-2", "--p2p.persistent_peers", addr_of(both, **of(good))))
    peer.wait_for("peer added")
    assert both.stop() == 0, both.errors
    assert len(json.loads((good / "config/addrbook.json").read_text())["addrs"]) == 1
    assert both.lines[-1]["event"] == "stopped"


def test_the_same_home_twice_is_refused(new_home):
    home = new_home("one", "net-1")
    done = run("start", "--home", home, "--home", f"{home}/.")
    assert done.returncode == 2
    assert "is the same as" in done.stderr


def test_a_copied_node_key_is_refused_on_one_network(start, new_home):
    one, copy = new_home("one", "net-1"), new_home("copy", "net-1")
    shutil.copy(one / "config/node_key.json", copy / "config/node_key.json")
    both = start(one, copy)
    assert both.end() == 1
    assert str(one) in both.errors and str(copy) in both.errors and "same node key" in both.errors


def test_more_homes_than_one_process_runs_are_refused(tmp_path):
    done = run("start", *[word for i in range(65) for word in ("--home", tmp_path / str(i))])
    assert done.returncode == 2
    assert "65 homes, but one process runs 64 at most" in done.stderr


def test_settings_of_one_node_are_no_flags(new_home):
    homes = ["--home", new_home("one", "net-1"), "--home", new_home("two", "net-2")]
    for flag in ("--p2p.pex=false", "--pex.dial_rate=1", "--policy.file=x.lua", "--moniker=m"):
        done = run("start", *homes, flag)
        assert done.returncode == 2
        assert f"{flag.partition('=')[0]} is about one node, but 2 homes are given" in done.stderr


def test_settings_of_one_node_are_no_variables(new_home):
    homes = ["--home", new_home("one", "net-1"), "--home", new_home("two", "net-2")]
    done = subprocess.run(
        [LUAPEX, "start", *map(str, homes)],
        env={"CMT_P2P_SEEDS": "x"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert "the variable CMT_P2P_SEEDS is about one node" in done.stderr
