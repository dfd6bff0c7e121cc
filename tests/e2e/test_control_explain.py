"""Whom `explain` and `events` understand, and how they tell what happened."""

import re

from control_socket import UNKNOWN_ID, Client
from nodes import run


def id_of(node):
    return node.wait_for("listening")["id"]


def port_of(node):
    return node.addr.rpartition(":")[2]


def kinds(records):
    return [record.get("event") or record["hook"] for record in records]


def test_a_stranger_that_only_events_know_is_found_by_its_first_digits(start_asked):
    one, client = start_asked("127.0.87.1", network="net-1")
    two, _ = start_asked("127.0.87.2", "--p2p.persistent_peers", one.addr, network="net-2")
    one.wait_for("inbound rejected")
    start = id_of(two)[:8]
    told = client.result("explain", {"peer": start})
    assert told["id"] == id_of(two) and told["in_book"] == "no" and told["connected"] == "no"
    assert "closed" in kinds(told["records"])
    events = client.result("events", {"filter": f"peer={start}"})["events"]
    assert {event["peer"] for event in events if "peer" in event} == {id_of(two)}
    (closed, *_) = [event for event in events if event["event"] == "closed"]
    assert closed["error"] == "other_network" and closed["text"] == "peer is on another network"
    shown = run("ctl", "--home", one.home, "explain", start).stdout
    assert "other_network: peer is on another network (our network is net-1, theirs" in shown


def test_seeds_and_persistent_peers_are_found_by_their_first_digits(start_asked):
    seed, friend = "aa" * 20, "bb" * 20
    _, client = start_asked(
        *("127.0.87.3", "--p2p.pex=false", "--p2p.seeds", f"{seed}@127.9.9.9:1"),
        *("--p2p.persistent_peers", f"{friend}@127.9.9.8:1"),
    )
    assert client.result("explain", {"peer": "aaaa"})["id"] == seed
    assert client.result("explain", {"peer": "BBBB"})["id"] == friend
    assert client.result("explain", {"peer": "127.9.9.9:1"})["id"] == seed
    assert client.result("explain", {"peer": "127.9.9.8:1"})["id"] == friend
    assert "id" not in client.result("explain", {"peer": "127.9.9.9:2"})
    client.result("ban", {"target": "127.9.9.0/24"})
    banned = client.result("explain", {"peer": "aaaa"})
    assert banned["ip"] == "127.9.9.9" and banned["banned"].endswith("; dialed all the same: a seed")
    refused = client.error("explain", {"peer": "cccc"})["message"]
    assert refused.startswith("nobody is known as cccc: no peer, seed,"), refused


def test_a_beginning_that_several_ids_have_names_two_of_them(start_asked):
    ids = [f"aaaa{n}" + "0" * 35 for n in (1, 2)]
    seeds = ",".join(f"{id}@127.9.9.9:1" for id in ids)
    _, client = start_asked("127.0.87.4", "--p2p.pex=false", "--p2p.seeds", seeds)
    refused = client.error("explain", {"peer": "aaaa"})["message"]
    assert refused.startswith("aaaa is the beginning of several IDs"), refused
    assert all(id in refused for id in ids)
    assert client.result("explain", {"peer": "aaaa2"})["id"] == ids[1]


def test_an_ip_says_how_many_of_the_book_are_there_and_a_port_whom_it_is(start_asked):
    one, client = start_asked("127.0.87.5", "--p2p.allow_duplicate_ip")
    peers = [start_asked("127.0.87.6", "--p2p.persistent_peers", one.addr)[0] for _ in "12"]
    one.wait_for("peer added", times=2)
    told = client.result("explain", {"peer": "127.0.87.6"})
    assert told["in_book"] == "2 addresses; book find lists them" and "id" not in told
    told = client.result("explain", {"peer": f"127.0.87.6:{port_of(peers[1])}"})
    assert told["id"] == id_of(peers[1]) and told["in_book"] == "new"
    assert told["connected"] == "inbound"
    ours = [record["peer"] for record in told["records"] if "peer" in record]
    assert ours and set(ours) == {id_of(peers[1])}
    told = client.result("explain", {"peer": "127.0.87.6:1"})
    assert told["address"] == "127.0.87.6:1" and told["in_book"] == "no"
    assert told["records"] == [] and told["connected"] == "no"


def test_this_node_itself_is_not_explained(start_asked):
    one, client = start_asked("127.0.87.7")
    refused = client.error("explain", {"peer": id_of(one)})["message"]
    assert refused == "that is this node itself; see luapex ctl status"


def test_a_ban_that_does_not_apply_says_why(start_asked):
    friend = "bb" * 20
    _, client = start_asked("127.0.87.8", "--p2p.persistent_peers", f"{friend}@127.9.9.8:1")
    client.result("ban", {"target": "127.9.9.0/24", "duration": "2h30s", "reason": "noise"})
    banned = client.result("explain", {"peer": friend[:6]})["banned"]
    assert banned == "127.9.9.0/24 for 2h more: noise; dialed all the same: persistent"
    banned = client.result("explain", {"peer": "127.9.9.7"})["banned"]
    assert banned == "127.9.9.0/24 for 2h more: noise"
    assert client.result("explain", {"peer": "127.9.8.7"})["banned"] == ""
    client.result("ban", {"target": UNKNOWN_ID, "duration": "61s"})
    banned = client.result("explain", {"peer": UNKNOWN_ID[:4]})["banned"]
    assert banned.startswith(UNKNOWN_ID + " for 1m"), banned


def test_rounds_that_took_nobody_are_told_once_with_their_number(start_asked):
    one, client = start_asked("127.0.87.9", "--pex.ensure_peers_period", "1s")
    peer, _ = start_asked("127.0.87.10", "--p2p.persistent_peers", one.addr)
    one.wait_for("peer added")
    wanted = {"follow": True, "decisions": True, "filter": "kind=rotate", "limit": 0}
    client.result("events", wanted)
    assert all(client.line()["params"]["nobody"] for _ in range(3))
    asking = Client(one.home / "luapex.sock")
    records = asking.result("explain", {"peer": id_of(peer), "limit": 1000})["records"]
    asking.close()
    (rotate,) = [record for record in records if record.get("hook") == "rotate"]
    assert rotate["times"] >= 3 and rotate["since"] < rotate["time"]
    shown = run("ctl", "--home", one.home, "explain", id_of(peer)).stdout
    (line,) = [line for line in shown.splitlines() if "  rotate  " in line]
    assert line.partition("rotate")[2].strip().startswith("nobody, ")
    saw = [line for line in shown.splitlines() if line.startswith("  saw ")]
    assert any("inbound=1" in line for line in saw) and not any("now=" in line for line in saw)
    row = next(line.split("peers: ")[1] for line in shown.splitlines() if " uptime_s=" in line)
    said = dict(pair.split("=") for pair in row.split())
    assert said["id"] == id_of(peer) and "persistent" not in said
    assert re.fullmatch(r"\d+(\.\d{1,3})?", said["uptime_s"])


def test_a_kind_that_nothing_has_is_answered_with_those_there_are(start_asked):
    one, client = start_asked("127.0.87.11")
    refused = client.error("events", {"filter": "kind=inb*"})
    assert refused["code"] == -32602
    assert refused["message"].startswith("no event or decision is of kind=inb*; there are started, ")
    events, _, hooks = refused["message"].partition("; of decisions: ")
    assert {"refused", "dial_failed", "closing", "gave_up"} <= set(events.split(", "))
    assert {"select", "rotate", "observe"} <= set(hooks.split(", "))
    assert run("ctl", "--home", one.home, "events", "--filter", "kind=inb*").returncode == 2


def test_decisions_are_told_when_only_they_are_asked_for(start_asked):
    one, client = start_asked("127.0.87.12", "--pex.ensure_peers_period", "1s")
    start_asked("127.0.87.13", "--p2p.persistent_peers", one.addr)
    client.result("events", {"follow": True, "filter": "kind=rot*", "limit": 0})
    assert client.line()["params"]["hook"] == "rotate"


def test_a_peer_that_was_not_given_is_asked_for(start_asked):
    _, client = start_asked("127.0.87.14")
    missing = client.error("explain", {})["message"]
    assert missing.startswith("peer is missing: give a node ID, the first digits of one"), missing


def test_who_is_followed_stays_the_same_when_others_come_whose_ids_begin_so(start_asked):
    ids = [f"aaaa{n}" + "0" * 35 for n in (1, 2)]
    seed = f"{ids[0]}@127.9.9.9:1"
    one, client = start_asked("127.0.87.15", "--p2p.pex=false", "--p2p.seeds", seed)
    client.result("events", {"follow": True, "filter": "kind=dial*,peer=aaaa", "limit": 0})
    other = Client(one.home / "luapex.sock")
    other.result("seeds.add", {"address": f"{ids[1]}@127.9.9.8:1"})
    other.result("dial", {"address": seed})
    other.close()
    told = client.line()["params"]
    assert told["event"] == "dialing" and told["peer"] == ids[0]
