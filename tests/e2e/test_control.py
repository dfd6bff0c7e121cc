"""The control socket and `luapex ctl`: every method of the table, what is wrong with arguments, and
clients that do not behave."""

import base64
import contextlib
import json
import os
import random
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

import pytest
from control_socket import UNKNOWN_ID, Client, a_policy, ctl
from nodes import LOOPBACK, LUAPEX, NETWORK, PATIENCE_S, Node, make_home, run

TABLE = json.loads(run("ctl", "--json", "help").stdout)["methods"]
METHODS = {method["name"]: method for method in TABLE}


# ---- a good call of every method -----------------------------------------------------------------


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
    assert "not found" in client.error("persistent.remove", {"id": UNKNOWN_ID})["message"]
    return removed


def good_seeds_add(pair, client):
    seed = os.urandom(20).hex()
    added = client.result("seeds.add", {"address": f"{seed}@127.0.83.2:1"})
    assert client.result("seeds")["seeds"][-1]["id"] == seed
    again = client.error("seeds.add", {"address": f"{seed}@127.0.83.2:1"})
    assert "in the list already" in again["message"]
    return added


def good_book_show(pair, client):
    connected(client)
    shown = client.result("book.show", {"what": pair.second_id})
    assert shown["addr"] == pair.second_addr.partition("@")[2]
    assert shown["sources"] and shown["buckets"] and shown["connected"]
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


ALWAYS_NEW = """
local helper = require "helper"
function policy.bias(view)
  return { new_percent = 100, draw = helper.draw, reason = "always new" }
end
"""

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
    pair.first.wait_for("policy loaded", name="mine")
    assert client.result("status")["policy"]["name"] == "mine"
    return loaded


def good_policy_set(pair, client):
    client.result("policy.load", {"source": a_policy("mine")})
    changed = client.result("policy.set", {"param": "most", "value": 5})
    assert changed == {"set": "most", "was": changed["was"], "is": "5"}
    assert "at most 9" in client.error("policy.set", {"param": "most", "value": 50})["message"]
    assert "declared" in client.error("policy.set", {"param": "mist", "value": 5})["message"]
    (row,) = [row for row in client.result("params")["params"] if row["name"] == "most"]
    assert (row["value"], row["min"], row["max"]) == ("5", 1, 9)
    return changed


def good_policy_rollback(pair, client):
    one = client.result("policy.load", {"source": a_policy("mine", "-- one")})
    client.result("policy.load", {"source": a_policy("mine", "-- two")})
    back = client.result("policy.rollback")
    assert back["hash"] == one["hash"]
    again = client.result("policy.rollback", {"hash": client.result("policy")["hash"][:8]})
    assert again["hash"] == one["hash"]
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
    assert happened.count("policy_loaded") == 3
    commands = [
        (event["text"], event.get("range"))
        for event in seen
        if event["event"] in ("command", "setting_set")
    ]
    assert commands == [
        ("p2p.max_num_inbound_peers = 41", None),
        ("ban for 86400 s: operator", "198.51.100.0/24"),
        ("unban", "198.51.100.0/24"),
    ]
    (peer,) = connected(client)
    assert peer["addr"] == before[0]["addr"] and peer["uptime_s"] > before[0]["uptime_s"]


def test_a_shadow_tells_where_it_differs(pair, client):
    client.result("policy.load", {"source": a_policy("mine")})
    client.result("set", {"key": "pex.ensure_peers_period", "value": "200ms"})
    source = a_policy("shade", ALWAYS_NEW)
    source["files"] = {"helper": "return { draw = 17 }"}
    shadow = client.result("policy.shadow", {"source": source})
    end = time.monotonic() + PATIENCE_S
    while not shadow["differences"]:
        assert time.monotonic() < end, shadow
        time.sleep(0.1)
        shadow = client.result("policy.shadow")
    difference = shadow["differences"][-1]
    assert difference["hook"] == "bias" and "100" in difference["shadow"]
    (row,) = [row for row in shadow["hooks"] if row["hook"] == "bias"]
    assert 0 < row["differs"] <= row["asked"] and row["errors"] == 0
    promoted = client.result("policy.promote")
    assert promoted["name"] == "shade"
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        asked = client.result("events", {"decisions": True, "filter": "kind=bias", "limit": 1})
        (record,) = asked["events"]
        if record.get("reason") == "always new":
            break
        time.sleep(0.1)
    assert record["policy"] == "shade" and record["hash"] == promoted["hash"]
    client.result("set", {"key": "pex.ensure_peers_period", "value": "30s"})


# ---- bad arguments, from the table ---------------------------------------------------------------

FITTING = {
    "text": "x",
    "integer": 1,
    "boolean": True,
    "duration": "5m",
    "value": "1",
    "source": {"name": "x.lua", "text": ""},
    "filter": "kind=x",
    "hash": "0123456789abcdef",
    "id": UNKNOWN_ID,
    "peer": UNKNOWN_ID,
    "target": UNKNOWN_ID,
    "address": f"{UNKNOWN_ID}@127.0.0.1:1",
}

WRONG = {
    "text": [7, True, [], {}, "x" * 5000, "a\0b"],
    "integer": ["1", 1.5, True, [1], 1e300, -1e300],
    "boolean": ["true", 1, [], {}],
    "duration": ["soon", "", "5", True, [], -5, "-5m", 1e300],
    "value": [[], {}, [1], "x" * 5000, 1e300],
    "source": [
        *("x.lua", 7, {}, [], {"name": "x"}, {"name": 1, "text": ""}, {"text": "", "more": 1}),
        *({"name": name, "text": ""} for name in ("../x.lua", "/x.lua", "", ".", "a/b", "a\0b")),
        {"name": "x.lua", "text": "", "files": {"../x": ""}},
        {"name": "x.lua", "text": "", "files": {"x": 1}},
        {"name": "x.lua", "text": "", "files": [1]},
        {"name": "x.lua", "text": "x" * 300000},
        {"name": "x.lua", "text": "", "files": {f"f{n}": "" for n in range(65)}},
    ],
    "hash": ["xyz", 7, [], "abc", "0" * 17],
    "filter": ["kind", 7, [], "=", "kind="],
    "id": ["xyz", 7, [], "0" * 41],
    "peer": ["no one", 7, [], "\u00e9", "0" * 65],
    "target": ["no one", 7, [], {}, "10.0.0.0/8 "],
    "address": ["127.0.0.1:1", 7, [], f"{UNKNOWN_ID}@", f"{UNKNOWN_ID}@127.0.0.1"],
    "choice": ["neither", 7, [], True, ""],
}


def fitting(param):
    if param["type"] == "choice":
        return param["expected"].removeprefix("one of ").split(", ")[0]
    return FITTING[param["type"]]


def required(method, without=None):
    return {
        param["name"]: fitting(param)
        for param in METHODS[method]["params"]
        if param["required"] and param["name"] != without
    }


def bounds_of(param):
    """Values just outside of what the words of the table say."""
    words = param["expected"].split()
    if param["type"] != "integer" or "from" not in words:
        return []
    low, high = (int(words[words.index(word) + 1]) for word in ("from", "to"))
    return [low - 1, high + 1]


BAD = [
    (name, param["name"], value)
    for name, method in METHODS.items()
    for param in method["params"]
    for value in WRONG[param["type"]] + bounds_of(param)
]


def test_wrong_types_and_ranges_are_told_by_field(client):
    for name, field, value in BAD:
        error = client.error(name, {**required(name), field: value})
        assert error["code"] == -32602, (name, field, value, error)
        assert error["data"]["field"] == field, (name, field, value, error)
        assert error["data"]["expected"] and error["data"]["got"], (name, field, value, error)
        assert field in error["message"]


def test_a_missing_argument_is_told(client):
    for name, method in METHODS.items():
        for param in method["params"]:
            if param["required"]:
                error = client.error(name, required(name, without=param["name"]))
                assert error["code"] == -32602 and error["data"]["field"] == param["name"]
                assert error["data"]["got"] == "nothing"


def test_an_unknown_argument_is_told(client):
    for name in METHODS:
        error = client.error(name, {**required(name), "nonsense": 1})
        assert error["code"] == -32602 and error["data"]["field"] == "nonsense"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense", -32700),
        (b"{", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"status"}}', -32700),
        (b"[" * 100 + b"]" * 100, -32700),
        (b'"\xff\xfe"', -32700),
        (b'{"id": NaN}', -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"status"}]', -32600),
        (b"7", -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"status"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":[],"method":"status"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"status","params":[1]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"status","params":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"statsu"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"event lines"}', -32601),
    ],
)
def test_lines_that_are_no_call(client, line, code):
    client.send(line + b"\n")
    error = client.line()["error"]
    assert error["code"] == code and len(error["message"]) > 8
    client.result("status")


def test_ids_come_back_as_they_were(client):
    for sent in (1, 0, -7, 123456789012, "x", "", "\u00e9\n", 1.5, None):
        client.send(
            json.dumps({"jsonrpc": "2.0", "id": sent, "method": "persistent"}).encode() + b"\n"
        )
        answer = client.line()
        assert answer["id"] == sent and "result" in answer


def test_a_notification_gets_no_answer(client):
    client.send(b'{"jsonrpc":"2.0","method":"status"}\n{"jsonrpc":"2.0","method":"nonsense"}\n\n')
    assert client.ask("status")["result"]


# ---- clients that do not behave ------------------------------------------------------------------


def test_clients_that_disappear_half_way(pair):
    whole = b'{"jsonrpc":"2.0","id":1,"method":"help"}\n'
    for sent in (b"", whole[:20], whole, whole * 50, whole + whole[:20]):
        for _ in range(5):
            gone = Client(pair.socket)
            gone.send(sent)
            gone.close()
    follower = Client(pair.socket)
    follower.result("events", {"follow": True})
    follower.close()
    client = Client(pair.socket)
    for _ in range(5):
        client.result("save")
    client.close()


def test_who_shuts_the_writing_side_gets_the_answer(pair):
    client = Client(pair.socket)
    client.send(b'{"jsonrpc":"2.0","id":1,"method":"help"}\n')
    client.socket.shutdown(socket.SHUT_WR)
    assert client.line()["result"]
    assert client.line() is None
    client.close()


def test_lines_in_pieces_and_many_in_one(client):
    request = b'{"jsonrpc":"2.0","id":1,"method":"persistent"}\n'
    for byte in request:
        client.send(bytes([byte]))
    assert client.line()["result"]
    client.send(request * 200)
    for _ in range(200):
        assert client.line()["result"]


def test_who_does_not_read_is_not_read_from_and_loses_nothing(pair):
    slow, other = Client(pair.socket), Client(pair.socket)
    requests = 400  # each is answered with the whole table
    slow.socket.setblocking(False)
    pending = b'{"jsonrpc":"2.0","id":1,"method":"help"}\n' * requests
    pending = pending[slow.socket.send(pending) :]
    for _ in range(20):
        other.result("status")
    slow.socket.settimeout(PATIENCE_S)
    slow.send(pending)
    for _ in range(requests):
        assert slow.line()["result"]["methods"]
    slow.close()
    other.close()


def test_a_line_without_end_is_cut_off(pair):
    client = Client(pair.socket)
    with pytest.raises(OSError):
        for _ in range(40):
            client.send(b"x" * 65536)
            time.sleep(0.01)
        raise AssertionError("2.5 MB in one line")
    client.close()


def test_too_many_clients_are_told(pair):
    clients = [Client(pair.socket) for _ in range(40)]
    told = []
    for client in clients:
        with contextlib.suppress(BrokenPipeError):  # who was turned away
            client.send(b'{"jsonrpc":"2.0","id":1,"method":"persistent"}\n')
        told.append(client.line())
    refused = [answer for answer in told if answer and "error" in answer]
    served = [answer for answer in told if answer and "result" in answer]
    assert len(served) >= 30 and len(refused) >= 8
    assert "clients are connected already" in refused[0]["error"]["message"]
    for client in clients:
        client.close()
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        again = Client(pair.socket)
        with contextlib.suppress(BrokenPipeError):
            again.send(b'{"jsonrpc":"2.0","id":1,"method":"persistent"}\n')
        answer = again.line()
        again.close()
        if answer and "result" in answer:
            return
    raise AssertionError("places are not free again")


def test_followers_get_what_happens_and_those_who_do_not_read_are_told_and_dropped(pair):
    reader, sleeper, actor = (Client(pair.socket) for _ in range(3))
    for follower in (reader, sleeper):
        follower.result("events", {"follow": True, "limit": 0, "filter": "kind=command"})
    actor.result("save")
    event = reader.line()
    assert event["method"] == "event" and event["params"]["text"] == "save"
    ban = {"jsonrpc": "2.0", "id": 1, "method": "ban", "params": {"target": "192.0.2.1"}}
    batch = (json.dumps(ban).encode() + b"\n") * 100
    seen = b""
    for _ in range(40):  # more than the sockets and the server keep
        actor.send(batch)
        for _ in range(100):
            assert actor.line()["result"]
        told = 0
        while told < 100:
            line = reader.line()
            told += line["params"]["events"] if line["method"] == "lost" else 1
    reader.close()
    while chunk := sleeper.socket.recv(1 << 20):
        seen += chunk
    assert b"more slowly than they come" in seen.splitlines()[-1]
    actor.result("unban", {"target": "192.0.2.1"})
    actor.close()
    sleeper.close()


# ---- a fuzzer ------------------------------------------------------------------------------------

SOME_VALUES = [
    *(None, True, False, 0, -1, 1.5, 1e308, 2**63, "", "x", "status", "\u0000", "\U0001f600"),
    *([], {}, [[]], {"a": {"b": []}}, "A" * 4000, UNKNOWN_ID, "10.0.0.0/8", "1h", "kind=*"),
]


def random_request(dice):
    name = dice.choice([name for name in METHODS if name != "stop"] + ["nonsense", "", "rpc.x"])
    params = {}
    for param in METHODS.get(name, {"params": []})["params"]:
        if dice.random() < 0.7:
            params[param["name"]] = (
                fitting(param) if dice.random() < 0.4 else dice.choice(SOME_VALUES)
            )
    if dice.random() < 0.2:
        params[dice.choice(["x", "", "limit", "follow"])] = dice.choice(SOME_VALUES)
    params.pop("follow", None)
    params.pop("save", None)
    request = {"jsonrpc": "2.0", "id": 1, "method": name, "params": params}
    for _ in range(dice.randrange(3)):
        if dice.random() < 0.3:
            request[dice.choice(["jsonrpc", "id", "method", "params", "more"])] = dice.choice(
                SOME_VALUES
            )
    return request


def mutated(dice, data):
    data = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(data) + 1)
        how = dice.randrange(4)
        if how == 0:
            data[at:at] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 9)))
        elif how == 1:
            del data[at : at + dice.randrange(1, 20)]
        elif how == 2 and at < len(data):
            data[at] = dice.randrange(256)
        else:
            data[at:at] = dice.choice([b"[" * 50, b'"', b"{}", b"\\u0000", b"\\ud800", b"1e999"])
    return bytes(data).replace(b"\n", b" ").replace(b'"stop"', b'"save"')


def test_a_thousand_random_requests_get_clear_answers_and_stall_nobody(pair):
    dice = random.Random(5)
    fuzzer, other = Client(pair.socket), Client(pair.socket)
    answers = 0
    for n in range(1000):
        line = json.dumps(random_request(dice)).encode()
        if dice.random() < 0.5:
            line = mutated(dice, line)
        fuzzer.send(line + b'\n{"jsonrpc":"2.0","id":"next","method":"persistent"}\n')
        while (answer := fuzzer.line())["id"] != "next":
            answers += 1
            if "error" in answer:
                assert answer["error"]["code"] < 0 and answer["error"]["message"], line
                assert "lua/ops" not in answer["error"]["message"], answer
        if n % 50 == 0:
            other.result("status")
            other.result("unban", {"target": UNKNOWN_ID}) if UNKNOWN_ID in json.dumps(
                other.result("bans")
            ) else None
    assert answers > 900
    for ban in other.result("bans")["bans"]:
        other.result("unban", {"target": ban["target"]}) if ban["kind"] != "pair" else None
    for peer in other.result("persistent")["persistent"]:
        other.result("persistent.remove", {"id": peer["id"]})
    other.result("log", {"level": "debug"})
    assert pair.first.process.poll() is None
    assert not [line for line in pair.first.lines if "script failed" in line["event"]]
    fuzzer.close()
    other.close()


# ---- who may use it ------------------------------------------------------------------------------


def test_only_the_owner_can_use_the_socket(pair):
    mode = os.stat(pair.socket)
    assert stat.S_IMODE(mode.st_mode) == 0o600 and mode.st_uid == os.getuid()


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"),
    reason="only root can become another user, by setpriv",
)
def test_another_user_is_told_whose_it_is(pair):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(LUAPEX, folder)
        os.chmod(program, 0o755)
        link = Path(folder) / "s"
        node = Node(
            make_home(Path(folder) / "home"), *LOOPBACK, "--control.socket", str(link)
        )
        node.wait_for("listening")
        wait_for_file(link)
        refused = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            + [program, "ctl", "--socket", str(link), "status"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert refused.returncode == 1
        assert "belongs to user 0" in refused.stderr, refused.stderr
        assert run("ctl", "--socket", link, "stop").returncode == 0
        assert node.end() == 0, node.errors


def wait_for_file(path):
    end = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.01)


def test_no_secret_is_told(pair):
    client = Client(pair.socket)
    said = b""
    for name in METHODS:
        if name != "stop":
            said += json.dumps(client.ask(name, required(name))).encode()
    said += json.dumps(client.result("events", {"limit": 1000, "decisions": True})).encode()
    said += json.dumps(client.result("settings")).encode()
    said += json.dumps(pair.first.lines).encode()
    key = json.loads((pair.folder / "one/config/node_key.json").read_text())["priv_key"]["value"]
    raw = base64.b64decode(key)
    for secret in (key[:40], raw[:32].hex(), raw.hex()[:64], raw[:32].hex().upper()):
        assert secret.encode() not in said
    client.close()


# ---- the socket's life ---------------------------------------------------------------------------


@pytest.fixture
def start(tmp_path):
    nodes = []

    def make(home, *flags):
        node = Node(home, *LOOPBACK, *flags)
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        if node.process.poll() is None:
            assert node.stop() == 0, node.errors


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
        ("policy_loaded", "told.lua"),
        ("param_set", "most = 7"),
        ("shadow_begun", f"shade {two['hash']}"),
        ("shadow_ended", None),
        ("shadow_begun", f"shade {two['hash']}"),
        ("policy_promoted", f"shade {two['hash']}"),
        ("policy_loaded", "shade.lua"),
        ("policy_rolled_back", f"told {one['hash']}"),
        ("policy_loaded", "told.lua"),
    ]
    told = client.result("events", {"after": last, "limit": 1000})["events"]
    ours = [(e["event"], e.get("text")) for e in told]
    ours = [e for e in ours if e[0].startswith(("policy", "param", "shadow"))]
    assert [(kind, text and text.replace(".lua", "")) for kind, text in ours] == [
        (kind, text and text.replace(".lua", "")) for kind, text in expected
    ]
    explained = client.result("explain", {"peer": pair.second_id, "limit": 1000})["records"]
    assert set(ours) <= {(e.get("event"), e.get("text")) for e in explained}


def test_lists_are_saved_with_comments_and_a_link_stays_one(tmp_path):
    home = make_home(tmp_path / "home")
    config = home / "config/config.toml"
    target = tmp_path / "elsewhere.toml"
    config.rename(target)
    config.symlink_to(target)
    before = target.read_text()
    node = Node(home, *LOOPBACK, "--p2p.laddr", "tcp://127.0.84.1:0", "--log_level", "debug")
    node.wait_for("control socket")
    ids = [f"{n:040x}" for n in range(1, 101)]  # longer than other values may be
    client = Client(home / "luapex.sock")
    for n, peer in enumerate(ids[:-1]):
        added = client.result("persistent.add", {"address": f"{peer}@127.0.84.2:{n + 1}"})
        assert added["saved"] is False
    last = {"address": f"{ids[-1]}@localhost:1", "save": True}
    assert client.result("persistent.add", last)["saved"] is True
    client.result("persistent.remove", {"id": ids[1], "save": True})
    assert client.result("seeds.add", {"address": f"{ids[0]}@[::1]:5", "save": True})["saved"]
    assert client.error("seeds.add", {"address": f"{ids[0]}@[::1]:5", "save": True})
    wrong = client.error("dial", {"address": f"{ids[0]}@127.0.84.2:1", "save": True})
    assert wrong["data"]["field"] == "save"
    settings = tomllib.loads(target.read_text())["p2p"]
    saved = settings["persistent_peers"].split(",")
    assert [address.partition("@")[0] for address in saved] == [ids[0], *ids[2:]]
    assert saved[0] == f"{ids[0]}@127.0.84.2:1" and saved[-1] == last["address"]
    assert settings["seeds"] == f"{ids[0]}@[::1]:5"
    assert config.is_symlink() and config.resolve() == target
    changed = set(target.read_text().splitlines()) ^ set(before.splitlines())
    assert all(line.startswith(("seeds =", "persistent_peers =")) for line in changed), changed
    target.write_text(before.replace("[p2p]", "[p2p"))
    fault = client.error("persistent.remove", {"id": ids[0], "save": True})
    assert "it holds, but is not saved" in fault["message"]
    client.close()
    assert node.stop() == 0, node.errors


def test_stop_ends_the_node(start, tmp_path):
    node = start(make_home(tmp_path / "home"))
    node.wait_for("listening")
    wait_for_file(tmp_path / "home/luapex.sock")
    done = run("ctl", "--home", tmp_path / "home", "stop")
    assert done.returncode == 0 and "stopping" in done.stdout
    assert node.end() == 0, node.errors
    assert node.lines[-1]["event"] == "stopped"
    assert not (tmp_path / "home/luapex.sock").exists()
    gone = run("ctl", "--home", tmp_path / "home", "status")
    assert gone.returncode == 1 and "no node runs there" in gone.stderr


def test_a_socket_left_behind_is_replaced(start, tmp_path):
    home = make_home(tmp_path / "home")
    node = start(home)
    node.wait_for("listening")
    wait_for_file(home / "luapex.sock")
    node.process.kill()
    node.process.wait(PATIENCE_S)
    gone = run("ctl", "--home", home, "status")
    assert gone.returncode == 1 and "nobody serves" in gone.stderr
    again = start(home)
    again.wait_for("listening")
    end = time.monotonic() + PATIENCE_S
    while run("ctl", "--home", home, "status").returncode != 0:
        assert time.monotonic() < end
    assert again.stop() == 0, again.errors


@pytest.mark.parametrize("obstacle", ["file", "long", "live"])
def test_a_node_runs_without_a_socket_it_cannot_have(start, tmp_path, obstacle):
    home, flags = make_home(tmp_path / "home"), []
    if obstacle == "file":
        (home / "luapex.sock").write_text("precious")
    elif obstacle == "long":
        flags = ["--control.socket", "x" * 120]
    else:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(home / "luapex.sock"))
        server.listen()
    node = start(home, *flags)
    error = node.wait_for("no control socket")["error"]
    wanted = {"file": "no socket", "long": "107 bytes", "live": "another process"}
    assert wanted[obstacle] in error
    if obstacle == "file":
        assert (home / "luapex.sock").read_text() == "precious"
    assert node.stop() == 0, node.errors


def test_each_home_has_a_socket_of_its_own(tmp_path):
    homes = [make_home(tmp_path / name) for name in ("one", "two")]
    for n, home in enumerate(homes):
        config = home / "config/config.toml"
        config.write_text(
            config.read_text().replace("tcp://0.0.0.0:26656", f"tcp://127.0.8{n + 4}.1:0")
        )
    process = subprocess.Popen(
        [LUAPEX, "start", "--home", str(homes[0]), "--home", str(homes[1])],
        stdout=subprocess.DEVNULL,
    )
    try:
        for home in homes:
            wait_for_file(home / "luapex.sock")
        ids = {
            json.loads(run("ctl", "--json", "--home", home, "status").stdout)["id"]
            for home in homes
        }
        assert len(ids) == 2
        assert run("ctl", "--home", homes[0], "stop").returncode == 0
        end = time.monotonic() + PATIENCE_S
        while (homes[0] / "luapex.sock").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        assert run("ctl", "--home", homes[1], "status").returncode == 0
        assert run("ctl", "--home", homes[1], "stop").returncode == 0
        assert process.wait(PATIENCE_S) == 0
    finally:
        if process.poll() is None:
            process.kill()


# ---- luapex ctl ----------------------------------------------------------------------------------


def test_ctl_prints_tables_for_people_and_json_for_programs(pair):
    told = ctl(pair, "peers")
    assert told.returncode == 0 and told.stdout.startswith("ID ") and "\x1b" not in told.stdout
    as_json = json.loads(ctl(pair, "--json", "peers").stdout)
    assert as_json["peers"][0]["id"] in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "did you mean status?"),
        (["nonsense"], "see luapex ctl help"),
        (["peers", "--nonsense"], "peers has no flag --nonsense"),
        (["peers", "more"], "takes no further word"),
        (["ban"], "target must be"),
        (["ban", "1.2.3.4", "--duration", "soon"], "duration must be a duration from 1m"),
        (["ban", "1.2.3.4", "--duration"], "--duration needs a value"),
        (["policy", "nonsense"], "luapex ctl"),
        (["completion", "fish"], "bash and for zsh"),
        (["help", "nonsense"], "no method"),
        (["--nonsense", "status"], "flags of a method come after its name"),
    ],
)
def test_wrong_usage_of_ctl_exits_with_2_and_says_why(pair, words, said):
    done = ctl(pair, *words)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert done.stdout == ""


def test_ctl_without_words_prints_its_methods():
    done = run("ctl")
    assert done.returncode == 2 and "Methods:" in done.stdout
    page = run("ctl", "help")
    assert page.returncode == 0
    for name in METHODS:
        assert name.replace(".", " ") in page.stdout
        described = run("ctl", "help", *name.split("."))
        assert described.returncode == 0 and METHODS[name]["example"] in described.stdout


def test_the_reference_is_not_stale():
    kept = Path(__file__).parents[2] / "lua/ops/methods/README.md"
    assert kept.read_text() == run("ctl", "help", "--markdown").stdout


def test_ctl_exits_with_1_when_the_node_refuses(pair):
    done = ctl(pair, "disconnect", UNKNOWN_ID)
    assert done.returncode == 1 and "no connected peer" in done.stderr


def test_ctl_loads_a_policy_with_what_lies_beside_it_and_keeps_it(start, tmp_path):
    home, folder = make_home(tmp_path / "home"), tmp_path / "mine"
    node = start(home)
    node.wait_for("listening")
    wait_for_file(home / "luapex.sock")
    folder.mkdir()
    (folder / "mine.lua").write_text(a_policy("mine", ALWAYS_NEW)["text"])
    (folder / "helper.lua").write_text("return { draw = 17 }")
    for file in folder.iterdir():
        file.chmod(0o644)

    def here(*words):
        return run("ctl", "--home", home, *words)

    missing = here("policy", "load", tmp_path / "no.lua")
    assert missing.returncode == 1 and "no.lua" in missing.stderr
    loaded = here("policy", "load", folder / "mine.lua", "--save")
    assert loaded.returncode == 0 and "data/policy/" in loaded.stdout, loaded.stderr
    assert json.loads(here("policy", "--json").stdout)["differs"] == ""
    shutil.rmtree(folder)
    assert node.stop() == 0
    again = start(home)
    assert again.wait_for("listening")["policy"] == "mine"
    (folder.parent / "open.lua").write_text(a_policy("open")["text"])
    (folder.parent / "open.lua").chmod(0o666)
    refused = here("policy", "load", folder.parent / "open.lua")
    assert refused.returncode == 1 and "written by" in refused.stderr


def test_set_save_changes_one_line_of_the_file(pair):
    path = pair.folder / "one/config/config.toml"
    before = path.read_text().splitlines()
    assert ctl(pair, "set", "pex.dial_concurrency", "63", "--save").returncode == 0
    after = path.read_text().splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert changed == [("dial_concurrency = 64", "dial_concurrency = 63")]
    restart = ctl(pair, "set", "moniker", "newname", "--save")
    assert restart.returncode == 0 and "after a restart" in restart.stdout
    assert 'moniker = "newname"' in path.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_the_shell_reads(shell):
    script = run("ctl", "completion", shell)
    assert script.returncode == 0
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    checked = subprocess.run(
        [shell, "-n"], input=script.stdout, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_completion_of_bash_knows_methods_and_flags():
    script = run("ctl", "completion", "bash").stdout
    for line, wanted in {
        "luapex ctl pee": ["peers"],
        "luapex ctl book ": ["find", "map", "show"],
        "luapex ctl ban 1.2.3.4 --du": [],
        "luapex ctl peers --dir": ["--direction"],
        "luapex boo": ["book"],
        "luapex book s": ["show", "stats"],
        "luapex init --net": ["--network"],
    }.items():
        words = line.split(" ")
        quoted = " ".join(f"'{word}'" for word in words)
        done = subprocess.run(
            ["bash", "-c"]
            + [
                f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _luapex;"
                ' printf "%s\\n" "${COMPREPLY[@]}"'
            ],
            env={"PATH": f"{Path(LUAPEX).resolve().parent}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert set(wanted) <= set(done.stdout.split()), (line, done.stdout, done.stderr)
