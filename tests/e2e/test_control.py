"""The control socket: a good call of every method of the table, and what calls do together."""

import os
import time

import pytest
from control_socket import ALWAYS_NEW, UNKNOWN_ID, a_policy, ctl
from methods import METHODS
from nodes import NETWORK, PATIENCE_S


def connected(client):
    """Waits until the second node is a peer of the first."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        peers = client.result("peers")["peers"]
        if peers:
            return peers
        time.sleep(0.05)
    raise AssertionError("the second node does not come back")


def good_status(pair, client):
    status = client.result("status")
    assert status["network"] == NETWORK and status["role"] == "node"
    assert status["pid"] == pair.first.process.pid
    assert status["peers"]["outbound_max"] >= 10
    return status


def good_peers(pair, client):
    connected(client)
    peers = client.result("peers", {"direction": "inbound", "limit": 5})
    assert [peer["id"] for peer in peers["peers"]] == [pair.second_id]
    assert peers["peers"][0]["version"].startswith("luapex/")
    assert client.result("peers", {"direction": "outbound"})["peers"] == []
    return peers


def good_dial(pair, client):
    refused = client.error("dial", {"address": pair.second_addr})
    assert refused["code"] == -32000 and "already dialing or connected" in refused["message"]
    friend = {"address": f"{os.urandom(20).hex()}@127.0.83.1:1", "persistent": True}
    assert client.result("dial", friend) == {"dialing": friend["address"], "saved": False}
    client.result("persistent.remove", {"id": friend["address"][:40]})
    return client.result("dial", {"address": f"{UNKNOWN_ID}@127.0.83.1:1"})


def good_disconnect(pair, client):
    connected(client)
    gone = client.result("disconnect", {"peer": pair.second_id[:8]})
    assert gone == {"disconnected": pair.second_id}
    connected(client)
    return gone


def good_persistent_add(pair, client):
    added = client.result("persistent.add", {"address": f"{UNKNOWN_ID}@127.0.83.1:1"})
    (row,) = client.result("persistent")["persistent"]
    assert row["id"] == UNKNOWN_ID and row["host"] == "127.0.83.1:1"
    assert client.error("persistent.add", {"address": f"{UNKNOWN_ID}@127.0.83.1:1"})
    assert "never banned" in client.error("ban", {"target": UNKNOWN_ID})["message"]
    client.result("persistent.remove", {"id": UNKNOWN_ID})
    assert client.result("persistent")["persistent"] == []
    return added


def good_persistent_remove(pair, client):
    client.result("persistent.add", {"address": f"{UNKNOWN_ID}@127.0.83.1:1"})
    removed = client.result("persistent.remove", {"id": UNKNOWN_ID})
    again = client.error("persistent.remove", {"id": UNKNOWN_ID})["message"]
    assert "is no persistent peer" in again
    return removed


def good_seeds_add(pair, client):
    seed = os.urandom(20).hex()
    added = client.result("seeds.add", {"address": f"{seed}@127.0.83.2:1"})
    assert client.result("seeds")["seeds"][-1]["id"] == seed
    again = client.error("seeds.add", {"address": f"{seed}@127.0.83.2:1"})
    assert "in the list already" in again["message"]
    return added


def good_seeds_remove(pair, client):
    seed = os.urandom(20).hex()
    client.result("seeds.add", {"address": f"{seed}@127.0.83.3:1"})
    removed = client.result("seeds.remove", {"id": seed[:12]})
    assert seed not in [row["id"] for row in client.result("seeds")["seeds"]]
    again = client.error("seeds.remove", {"id": seed})["message"]
    assert again == f"not removed: {seed} is no seed; see luapex ctl seeds"
    told = client.result("events", {"filter": f"kind=command,peer={seed}"})["events"]
    assert [event["text"] for event in told] == ["seeds add", "seeds remove"]
    return removed


def good_book_show(pair, client):
    connected(client)
    shown = client.result("book.show", {"what": pair.second_id})
    assert shown["addr"] == pair.second_addr.partition("@")[2]
    assert shown["sources"] and shown["buckets"] and shown["connected"]
    assert client.result("book.show", {"what": shown["addr"]})["id"] == pair.second_id
    assert "no address of" in client.error("book.show", {"what": "127.0.0.1:1"})["message"]
    return shown


def good_book_map(pair, client):
    for side, buckets in (("new", 256), ("old", 64)):
        map_of = client.result("book.map", {"side": side})
        assert len(map_of["map"]) == buckets
    return client.result("book.map")


def good_bans(pair, client):
    client.result("ban", {"target": "198.51.100.0/24", "duration": "2h", "reason": "noise"})
    bans = client.result("bans", {"match": "198.51.100.7"})
    assert [(ban["target"], ban["reason"]) for ban in bans["bans"]] == [
        ("198.51.100.0/24", "noise")
    ]
    assert 7190 < bans["bans"][0]["left_s"] <= 7200
    return bans


def good_ban(pair, client):
    connected(client)
    banned = client.result("ban", {"target": "127.0.0.0/8", "duration": 60})
    assert banned["closed"] == 1 and banned["banned"] == "127.0.0.0/8"
    refused = client.error("unban", {"target": "127.0.0.9"})
    assert "127.0.0.0/8" in refused["message"]
    assert client.result("unban", {"target": "127.0.0.0/8"})["ended"] == 1
    connected(client)
    return banned


def good_unban(pair, client):
    client.result("ban", {"target": UNKNOWN_ID})
    return client.result("unban", {"target": UNKNOWN_ID})


def good_explain(pair, client):
    connected(client)
    explained = client.result("explain", {"peer": pair.second_id})
    assert explained["connected"] == "inbound" and explained["in_book"] == "new"
    assert any(record.get("event") == "connected" for record in explained["records"])
    return explained


def good_events(pair, client):
    client.result("save")
    events = client.result("events", {"filter": "kind=comm*", "limit": 1})
    assert [event["text"] for event in events["events"]] == ["save"]
    after = client.result("events", {"after": events["last"], "filter": "kind=command"})
    assert after["events"] == []
    return events


def good_metrics(pair, client):
    metrics = client.result("metrics")
    assert f'chain_id="{NETWORK}"' in metrics["text"]
    return metrics


def good_settings(pair, client):
    settings = client.result("settings", {"match": "outbound"})
    assert {row["name"] for row in settings["settings"]} >= {"p2p.max_num_outbound_peers"}
    return settings


def good_set(pair, client):
    changed = client.result("set", {"key": "p2p.max_num_outbound_peers", "value": 11})
    assert changed["was"] == "10" and changed["is"] == "11"
    assert client.result("status")["peers"]["outbound_max"] == 11
    client.result("set", {"key": "p2p.max_num_outbound_peers", "value": "10"})
    assert "restart" in client.error("set", {"key": "moniker", "value": "x"})["message"]
    wrong = client.error("set", {"key": "pex.dial_rate", "value": "fast"})
    assert wrong["data"]["field"] == "value" and "integer" in wrong["data"]["expected"]
    unknown = client.error("set", {"key": "pex.dial_rat", "value": 1})
    assert unknown["data"]["field"] == "key" and "pex.dial_rate" in unknown["message"]
    return changed


def good_log(pair, client):
    client.result("log", {"level": "error"})
    return client.result("log", {"level": "debug"})


def good_policy(pair, client):
    policy = client.result("policy")
    assert policy["generations"][0]["hash"] == policy["hash"]
    return policy


def good_policy_load(pair, client):
    before = client.result("policy")
    broken = client.error("policy.load", {"source": a_policy("bad", "return nonsense(")})
    assert "bad.lua:" in broken["message"] and "goes on" in broken["message"]
    endless = client.error("policy.load", {"source": a_policy("bad", "while true do end")})
    assert "bad.lua" in endless["message"]
    assert client.result("policy")["hash"] == before["hash"]
    source = a_policy("mine", ALWAYS_NEW)
    without = client.error("policy.load", {"source": {**source, "text": source["text"] + "("}})
    assert without["code"] == -32000
    source["files"] = {"helper": "return { draw = 17 }"}
    loaded = client.result("policy.load", {"source": source})
    assert loaded["name"] == "mine" and loaded["hash"] != before["hash"]
    policy = client.result("policy")
    assert policy["hash"] == loaded["hash"] and "default" in policy["differs"]
    pair.first.wait_for("policy loaded", policy="mine")
    assert client.result("status")["policy"]["name"] == "mine"
    return loaded


def good_policy_set(pair, client):
    client.result("policy.load", {"source": a_policy("mine")})
    changed = client.result("policy.set", {"param": "most", "value": 5})
    assert changed == {"set": "most", "was": changed["was"], "is": 5}
    refused = client.error("policy.set", {"param": "most", "value": 50})
    assert "at most 9" in refused["message"] and refused["code"] == -32602
    assert "declared" in client.error("policy.set", {"param": "mist", "value": 5})["message"]
    (row,) = [row for row in client.result("params")["params"] if row["name"] == "most"]
    assert (row["value"], row["min"], row["max"]) == (5, 1, 9)
    return changed


def good_policy_rollback(pair, client):
    one = client.result("policy.load", {"source": a_policy("mine", "-- one")})
    client.result("policy.load", {"source": a_policy("mine", "-- two")})
    back = client.result("policy.rollback")
    assert back["hash"] == one["hash"]
    again = client.error("policy.rollback", {"hash": one["hash"][:8]})
    assert f"{one['hash']} runs already" in again["message"]
    assert client.error("policy.rollback", {"hash": "ffffffffffffffff"})["code"] == -32000
    return back


def good_policy_shadow(pair, client):
    shadow = client.result("policy.shadow", {"source": a_policy("shade")})
    assert shadow["runs"] and shadow["name"] == "shade"
    assert client.result("policy")["name"] != "shade"
    assert client.result("policy.shadow")["runs"]
    assert client.result("policy.shadow", {"off": True}) == {"runs": False}
    assert "no shadow run" in client.error("policy.shadow", {"off": True})["message"]
    return shadow


def good_policy_promote(pair, client):
    assert "no shadow run" in client.error("policy.promote")["message"]
    client.result("policy.shadow", {"source": a_policy("shade")})
    promoted = client.result("policy.promote")
    assert promoted["name"] == client.result("policy")["name"] == "shade"
    return promoted


def simply(method, params=None):
    return lambda pair, client: client.result(method, params)


GOOD = {
    "status": good_status,
    "save": simply("save"),
    "stop": None,  # ends the node: test_stop_ends_the_node
    "help": simply("help", {"method": "ban"}),
    "peers": good_peers,
    "dial": good_dial,
    "disconnect": good_disconnect,
    "persistent": simply("persistent"),
    "persistent.add": good_persistent_add,
    "persistent.remove": good_persistent_remove,
    "seeds": simply("seeds"),
    "seeds.add": good_seeds_add,
    "seeds.remove": good_seeds_remove,
    "book": simply("book"),
    "book.find": simply("book.find", {"what": "127.0.0.0/8"}),
    "book.show": good_book_show,
    "book.map": good_book_map,
    "bans": good_bans,
    "ban": good_ban,
    "unban": good_unban,
    "policy": good_policy,
    "policy.load": good_policy_load,
    "policy.rollback": good_policy_rollback,
    "policy.set": good_policy_set,
    "policy.shadow": good_policy_shadow,
    "policy.promote": good_policy_promote,
    "params": simply("params"),
    "explain": good_explain,
    "events": good_events,
    "metrics": good_metrics,
    "settings": good_settings,
    "set": good_set,
    "log": good_log,
    "repl": simply("repl", {"eval": "#peers().peers"}),
}


def test_every_method_has_a_good_call_here():
    assert set(GOOD) == set(METHODS)


@pytest.mark.parametrize("name", [name for name, call in GOOD.items() if call])
def test_a_good_call(pair, client, name):
    result = GOOD[name](pair, client)
    known = {field["name"] for field in METHODS[name]["result"]}
    assert set(result) <= known, "fields that the table does not describe"


@pytest.mark.parametrize("name", [name for name in METHODS if name != "stop"])
def test_the_example_is_good_usage(pair, name):
    done = ctl(pair, *METHODS[name]["example"].split())
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr and "traceback" not in done.stderr
    if name.startswith("policy"):
        return
    undo = {"ban": ["unban", "10.1.0.0/16"], "persistent.add": ["persistent", "remove", UNKNOWN_ID]}
    if name in undo:
        ctl(pair, *undo[name])


def test_rules_and_settings_change_and_no_peer_is_lost(pair, client):
    before = connected(client)
    last = client.result("events", {"limit": 0})["last"]
    client.result("policy.load", {"source": a_policy("mine")})
    client.result("policy.set", {"param": "most", "value": 4})
    client.result("policy.shadow", {"source": a_policy("shade")})
    client.result("policy.promote")
    client.result("policy.rollback")
    client.result("set", {"key": "p2p.max_num_inbound_peers", "value": 41})
    client.result("ban", {"target": "198.51.100.0/24"})
    client.result("unban", {"target": "198.51.100.0/24"})
    seen = client.result("events", {"after": last, "limit": 1000})["events"]
    happened = [event["event"] for event in seen]
    assert not [event for event in happened if event in ("closed", "closing")]
    assert happened.count("policy_loaded") == 1
    assert happened.count("policy_promoted") == happened.count("policy_rolled_back") == 1
    commands = [
        (event["text"], event.get("range"))
        for event in seen
        if event["event"] in ("command", "setting_set")
    ]
    assert commands == [
        ("p2p.max_num_inbound_peers = 41", None),
        ("ban for 1d: operator", "198.51.100.0/24"),
        ("unban", "198.51.100.0/24"),
    ]
    (peer,) = connected(client)
    assert peer["addr"] == before[0]["addr"] and peer["uptime_s"] > before[0]["uptime_s"]


def test_changes_of_the_policy_are_events_and_explained(pair, client):
    last = client.result("events", {"limit": 0})["last"]
    one = client.result("policy.load", {"source": a_policy("told", "-- one")})
    client.result("policy.set", {"param": "most", "value": 7})
    assert client.error("policy.set", {"param": "most", "value": 70})
    two = client.result("policy.shadow", {"source": a_policy("shade", "-- two")})
    client.result("policy.shadow", {"off": True})
    client.result("policy.shadow", {"source": a_policy("shade", "-- two")})
    client.result("policy.promote")
    client.result("policy.rollback")
    expected = [
        ("policy_loaded", f"told v1 {one['hash']}"),
        ("param_set", "most = 7"),
        ("shadow_begun", f"shade {two['hash']}"),
        ("shadow_ended", None),
        ("shadow_begun", f"shade {two['hash']}"),
        ("policy_promoted", f"shade {two['hash']}"),
        ("policy_rolled_back", f"told {one['hash']}"),
    ]
    told = client.result("events", {"after": last, "limit": 1000})["events"]
    ours = [(e["event"], e.get("text")) for e in told]
    ours = [e for e in ours if e[0].startswith(("policy", "param", "shadow"))]
    assert [(kind, text and text.replace(".lua", "")) for kind, text in ours] == [
        (kind, text and text.replace(".lua", "")) for kind, text in expected
    ]
    explained = client.result("explain", {"peer": pair.second_id, "limit": 1000})["records"]
    assert set(ours) <= {(e.get("event"), e.get("text")) for e in explained}
