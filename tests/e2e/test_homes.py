"""`luapex start` with several homes: one process, a node for each."""

import json
import resource
import shutil
import signal
import socket
import subprocess

from nodes import LUAPEX, PATIENCE_S, Node, addr_of, of, run, write_policy


def test_two_networks_in_one_process_survive_its_sudden_end(start_homes, named_home):
    homes = [named_home("one", "net-1"), named_home("two", "net-2")]
    both = start_homes(*homes, flags=["--log_level", "debug"])
    ids = []
    for home, network in zip(homes, ["net-1", "net-2"]):
        assert both.wait_for("listening", **of(home))["network"] == network
        known = ["--p2p.persistent_peers", addr_of(both, **of(home))]
        peer = start_homes(named_home(f"peer-{network}", network, *known))
        ids.append(peer.wait_for("listening")["id"])
        both.wait_for("peer added", direction="inbound", **of(home))
        both.wait_for("book stored", addresses=1, **of(home))
    both.process.kill()
    both.process.wait()
    again = start_homes(*homes)
    for home in homes:
        assert again.wait_for("listening", **of(home))["known"] == 1
    assert again.stop() == 0, again.errors
    books = [json.loads((home / "config/addrbook.json").read_text()) for home in homes]
    assert [[entry["addr"]["id"] for entry in book["addrs"]] for book in books] == [[i] for i in ids]


def test_a_peer_of_the_other_network_is_turned_away(start_homes, named_home):
    homes = [named_home("one", "net-1"), named_home("two", "net-2")]
    both = start_homes(*homes)
    wrong = addr_of(both, **of(homes[0]))
    peer = start_homes(named_home("peer", "net-2", "--p2p.persistent_peers", wrong))
    told = peer.wait_for(
        "peer is on another network", detail="our network is net-2, theirs is net-1"
    )
    assert f"{told['peer']}@{told['addr']}" == wrong
    peer.wait_for("persistent peer not reached, will try again", error="peer is on another network")


def test_a_hangup_loads_every_policy_again(start_homes, named_home):
    homes = [named_home(name, name, "--policy.file", "mine.lua") for name in ("one", "two")]
    for home in homes:
        write_policy(home / "mine.lua", "before")
    both = start_homes(*homes)
    for home in homes:
        assert both.wait_for("listening", **of(home))["policy"] == "before"
        write_policy(home / "mine.lua", f"after_{home.name}")
    both.process.send_signal(signal.SIGHUP)
    for home in homes:
        both.wait_for("policy loaded", policy=f"after_{home.name}", **of(home))


def test_one_policy_file_of_several_homes_is_followed_by_all(start_homes, named_home, tmp_path):
    file = tmp_path / "shared.lua"
    write_policy(file, "before")
    homes = [named_home(name, name, "--policy.file", file) for name in ("one", "two")]
    both = start_homes(*homes)
    for home in homes:
        both.wait_for("listening", policy="before", **of(home))
    write_policy(file, "after")
    for home in homes:
        both.wait_for("policy loaded", policy="after", **of(home))


def test_a_home_that_cannot_be_opened_names_itself_and_none_stays(start_homes, named_home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        good, bad = named_home("good", "net-1"), named_home("bad", "net-2", "--p2p.laddr", at)
        both = start_homes(good, bad)
        assert both.end() == 1
        assert f"{bad}: p2p.laddr" in both.errors and "in use" in both.errors
        assert not both.lines or all(line["event"] != "listening" for line in both.lines)
    alone = start_homes(good)
    alone.wait_for("listening")


def test_maxima_that_do_not_fit_together_are_refused(start_homes, named_home):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))

    maximum = ["--p2p.max_num_inbound_peers", "400"]
    homes = [named_home(name, name, *maximum) for name in ("one", "two")]
    both = Node(homes[0], "--home", homes[1], before=lower)
    assert both.end() == 1
    assert "the 2 homes together: p2p.max_num_inbound_peers" in both.errors
    assert " 800 + " in both.errors and "LimitNOFILE=) is 1000" in both.errors


def test_a_home_is_named_once(start_homes, named_home):
    homes = [named_home(name, name, "--policy.file", "mine.lua") for name in ("one", "two")]
    write_policy(homes[0] / "mine.lua", "fine")
    both = start_homes(*homes)
    assert both.end() == 1
    assert both.errors.startswith(f"luapex: error: {homes[1]}/mine.lua: cannot be read: ")


def test_a_node_that_gives_up_leaves_the_others_running(start_homes, named_home):
    seed = "0123456789012345678901234567890123456789@seed.invalid:26656"
    lost, good = named_home("lost", "net-1", "--p2p.seeds", seed), named_home("good", "net-2")
    both = start_homes(lost, good)
    both.wait_for("node gave up", **of(lost))
    peer = start_homes(named_home("peer", "net-2", "--p2p.persistent_peers", addr_of(both, **of(good))))
    peer.wait_for("peer added")
    both.process.send_signal(signal.SIGHUP)
    assert both.stop() == 1


def test_a_node_that_is_told_to_stop_leaves_the_others_running(start_homes, named_home):
    done, good = named_home("done", "net-1"), named_home("good", "net-2")
    both = start_homes(done, good)
    both.wait_for("listening", **of(good))
    assert run("ctl", "stop", "--home", done).returncode == 0
    peer = start_homes(named_home("peer", "net-2", "--p2p.persistent_peers", addr_of(both, **of(good))))
    peer.wait_for("peer added")
    assert both.stop() == 0, both.errors
    assert len(json.loads((good / "config/addrbook.json").read_text())["addrs"]) == 1
    assert both.lines[-1]["event"] == "stopped"


def test_a_home_whose_node_was_stopped_is_free_for_another_process(start_homes, named_home):
    done, good = named_home("done", "net-1"), named_home("good", "net-2")
    both = start_homes(done, good, flags=["--log_level", "debug"])
    both.wait_for("listening", **of(good))
    assert run("ctl", "--home", done, "stop").returncode == 0
    both.wait_for("home released", **of(done))
    both.process.send_signal(signal.SIGHUP)  # there is no policy of it to load
    again = start_homes(done)
    again.wait_for("listening")
    assert run("ctl", "--home", done, "status").returncode == 0
    assert run("start", "--home", good).returncode == 1
    assert again.stop() == 0, again.errors
    assert both.stop() == 0, both.errors


def test_the_same_home_twice_is_refused(named_home):
    home = named_home("one", "net-1")
    done = run("start", "--home", home, "--home", f"{home}/.")
    assert done.returncode == 2
    assert "is the same as" in done.stderr


def test_a_copied_node_key_is_refused_on_one_network(start_homes, named_home):
    one, copy = named_home("one", "net-1"), named_home("copy", "net-1")
    shutil.copy(one / "config/node_key.json", copy / "config/node_key.json")
    both = start_homes(one, copy)
    assert both.end() == 1
    assert str(one) in both.errors and str(copy) in both.errors and "same node key" in both.errors


def test_more_homes_than_one_process_runs_are_refused(tmp_path):
    done = run("start", *[word for i in range(65) for word in ("--home", tmp_path / str(i))])
    assert done.returncode == 2
    assert "65 homes, but one process runs 64 at most" in done.stderr


def test_settings_of_one_node_are_no_flags(named_home):
    homes = ["--home", named_home("one", "net-1"), "--home", named_home("two", "net-2")]
    for flag in ("--p2p.pex=false", "--pex.dial_rate=1", "--policy.file=x.lua", "--moniker=m"):
        done = run("start", *homes, flag)
        assert done.returncode == 2
        assert f"{flag.partition('=')[0]} is about one node, but 2 homes are given" in done.stderr


def test_settings_of_one_node_are_no_variables(named_home):
    homes = ["--home", named_home("one", "net-1"), "--home", named_home("two", "net-2")]
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
