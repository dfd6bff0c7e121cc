"""What an operator is told over the control socket: the fact behind a refusal, not only its class."""

import json
import os
import re
import signal
import time

import pytest
from control_socket import UNKNOWN_ID, Client, a_policy
from nodes import LOOPBACK, NETWORK, PATIENCE_S, Node, make_home, run

QUICK = ["--pex.startup_spread", "0s", "--log_level", "debug"]


@pytest.fixture
def start(tmp_path):
    """A node and a client of it: start(NAME, IP, FLAGS...) -> node, client."""
    nodes, clients = [], []

    def make(name, ip, *flags, network=NETWORK):
        home = tmp_path / name
        if not home.exists():
            make_home(home, network=network)
        node = Node(home, *LOOPBACK, "--p2p.laddr", f"tcp://{ip}:0", *QUICK, *flags)
        node.wait_for("control socket")
        nodes.append(node)
        clients.append(Client(home / "luapex.sock"))
        return node, clients[-1]

    yield make
    for client in clients:
        client.close()
    for node in nodes:
        if node.process.poll() is None:
            assert node.stop() == 0, node.errors


def event_of(client, kind, error, peer=None):
    """The newest event of this kind and error."""
    told = client.result("events", {"filter": f"kind={kind}", "limit": 1000})["events"]
    found = [e for e in told if e.get("error") == error and peer in (None, e.get("peer"))]
    assert found, told
    return found[-1]


def id_of(node):
    return node.wait_for("listening")["id"]


def test_both_networks_are_named_on_both_sides(start):
    one, client_one = start("one", "127.0.86.1", network="net-1")
    two, client_two = start(
        "two", "127.0.86.2", "--p2p.persistent_peers", one.addr, network="net-2"
    )
    two.wait_for("peer is on another network", detail="our network is net-2, theirs is net-1")
    one.wait_for("peer is on another network", detail="our network is net-1, theirs is net-2")
    dialed = event_of(client_two, "dial_failed", "other_network", id_of(one))
    assert dialed["detail"] == "our network is net-2, theirs is net-1"
    came = event_of(client_one, "closed", "other_network", id_of(two))
    assert came["detail"] == "our network is net-1, theirs is net-2"
    explained = run("ctl", "--home", two.home, "explain", id_of(one)).stdout
    assert "other_network: peer is on another network (our network is net-2, theirs" in explained
    records = client_one.result("explain", {"peer": "127.0.0.1"})["records"]
    assert came["detail"] in {record.get("detail") for record in records}


def test_the_id_that_was_expected_and_the_one_that_was_found_are_named(start):
    one, _ = start("one", "127.0.86.3")
    port = one.addr.rpartition("@")[2]
    _, client = start("two", "127.0.86.4", "--p2p.persistent_peers", f"{UNKNOWN_ID}@{port}")
    two_events = wait_for_event(client, "dial_failed", "wrong_id")
    assert two_events["detail"] == f"dialed as {UNKNOWN_ID}, it is {id_of(one)}"
    records = client.result("explain", {"peer": id_of(one)[:8]})["records"]
    assert two_events["detail"] in {record.get("detail") for record in records}


def test_a_seed_with_another_id_is_named_in_the_log(start):
    one, _ = start("one", "127.0.86.20")
    port = one.addr.rpartition("@")[2]
    two, _ = start("two", "127.0.86.21", "--p2p.seeds", f"{UNKNOWN_ID}@{port}")
    told = two.wait_for("seed dial failed")
    assert told["detail"] == f"dialed as {UNKNOWN_ID}, it is {id_of(one)}"


def wait_for_event(client, kind, error):
    client.result("events", {"follow": True, "limit": 1000, "filter": f"kind={kind}"})
    told = client.result("events", {"limit": 1000, "filter": f"kind={kind}"})["events"]
    while not (found := [e for e in told if e.get("error") == error]):
        line = client.line()
        if line.get("method") == "event":
            told.append(line["params"])
    return found[-1]


def test_channels_that_have_nothing_in_common_are_named(start):
    one, _ = start("one", "127.0.86.5")
    _, client = start(
        "two", "127.0.86.6", "--p2p.pex=false", "--p2p.persistent_peers", one.addr
    )
    del client
    seen = one.wait_for("no channel in common")
    assert seen["detail"] == "our channels: 00, theirs: none"


def test_a_refused_socket_says_who_has_its_ip(start):
    one, client = start("one", "127.0.86.7")
    same_ip = ["--p2p.persistent_peers", one.addr]
    two, _ = start("two", "127.0.86.8", *same_ip)
    one.wait_for("peer added")
    three, _ = start("three", "127.0.86.8", *same_ip)
    one.wait_for("inbound refused")
    told = event_of(client, "refused", "duplicate_ip")
    assert told["detail"].startswith(f"connected to {id_of(two)}@127.0.0.1:")
    assert id_of(three) not in told["detail"]


def test_a_banned_peer_is_not_dialed_and_the_ban_is_named(start):
    _, client = start("one", "127.0.86.9")
    address = f"{UNKNOWN_ID}@127.9.9.9:1"
    client.result("ban", {"target": "127.9.0.0/16", "duration": "2h", "reason": "noise"})
    refused = client.error("dial", {"address": address})["message"]
    assert refused.startswith("not dialed: banned (127.9.0.0/16 until 20"), refused
    assert refused.endswith("Z: noise; ctl unban 127.9.0.0/16 ends it)"), refused
    client.result("unban", {"target": "127.9.0.0/16"})
    client.result("ban", {"target": UNKNOWN_ID})
    refused = client.error("dial", {"address": address})["message"]
    assert f"ctl unban {UNKNOWN_ID} ends it" in refused
    client.result("unban", {"target": UNKNOWN_ID})
    assert client.result("dial", {"address": address})["dialing"] == address


def test_who_ends_a_ban_that_there_is_not_is_told_what_is_banned(start):
    _, client = start("one", "127.0.86.17")

    def refused(target):
        return client.error("unban", {"target": target})["message"]

    assert refused("10.1.2.3") == "not unbanned: not found (nothing is banned)"
    client.result("ban", {"target": "10.1.0.0/16", "reason": "noise"})
    told = refused("10.1.2.3")
    assert told.startswith("not unbanned: not found (10.1.2.3 is in 10.1.0.0/16 until "), told
    assert told.endswith(": noise; ctl unban 10.1.0.0/16 ends it)"), told
    assert refused("10.0.0.0/8").endswith("(1 ban is inside of it: ctl bans 10.0.0.0/8 lists it)")
    assert refused(UNKNOWN_ID).endswith("(1 other ban is in force: ctl bans lists it)")
    client.result("ban", {"target": "10.2.0.0/16"})
    assert refused("10.0.0.0/8").endswith("(2 bans are inside of it: ctl bans 10.0.0.0/8 lists them)")
    assert client.result("unban", {"target": "10.1.0.0/16"})["ended"] == 1


def test_who_is_let_go_by_an_operator_is_told_in_the_log(start):
    one, client = start("one", "127.0.86.18")
    two, _ = start("two", "127.0.86.19", "--p2p.persistent_peers", one.addr)
    one.wait_for("peer added")
    client.result("disconnect", {"peer": id_of(two)})
    assert one.wait_for("peer stopped gracefully", peer=id_of(two))["detail"] == "by an operator"


def test_a_seed_that_has_answered_says_so(start):
    seed, client = start("seed", "127.0.86.10", "--p2p.seed_mode")
    node, _ = start("node", "127.0.86.11", "--p2p.seeds", seed.addr)
    gone = seed.wait_for("peer stopped gracefully")
    assert gone["reason"] == "answered, then closed by us, as a seed does"
    assert event_of(client, "closing", "served", id_of(node))


def test_commands_and_settings_read_as_they_were_given(start):
    node, client = start("one", "127.0.86.12")
    client.result("ban", {"target": "198.51.100.0/24", "duration": "2h", "reason": "noise"})
    client.result("unban", {"target": "198.51.100.0/24"})
    client.error("unban", {"target": "198.51.100.0/24"})
    client.result("set", {"key": "pex.ensure_peers_period", "value": "20s"})
    client.result("seeds.add", {"address": f"{UNKNOWN_ID}@127.9.9.9:1"})
    told = client.result("events", {"limit": 1000})["events"]
    ours = [(e["event"], e["text"]) for e in told if e["event"].startswith("command") or e["event"] == "setting_set"]
    assert ours == [
        ("command", "ban for 2h: noise"),
        ("command", "unban"),
        ("command_refused", "unban: not found (nothing is banned)"),
        ("setting_set", "pex.ensure_peers_period = 20s"),
        ("command", "seeds add"),
    ]
    node.wait_for("command done", command="ban 198.51.100.0/24 for 2h: noise", closed=0)
    node.wait_for("command done", command="unban 198.51.100.0/24", ended=1)
    node.wait_for("setting changed", setting="pex.ensure_peers_period", was="30s", **{"is": "20s"})
    node.wait_for("command done", command=f"seeds add {UNKNOWN_ID}")


def test_what_the_next_start_will_find_is_told_where_it_differs(start):
    node, client = start("one", "127.0.86.13")

    def row(name):
        return client.result("settings", {"match": name})["settings"][0]

    saved = client.result("set", {"key": "moniker", "value": "newname", "save": True})
    assert saved["next_start"] == "newname" == row("moniker")["next_start"]
    assert saved["is"] == row("moniker")["value"] != "newname"
    node.wait_for("setting saved for the next start", setting="moniker", **{"is": "newname"})
    told = client.result("events", {"filter": "kind=setting_set"})["events"]
    assert told[-1]["text"] == "moniker = newname from the next start on"

    key = "p2p.max_num_outbound_peers"
    assert client.result("set", {"key": key, "value": 9})["next_start"] == "10"
    assert client.result("set", {"key": key, "value": 8})["next_start"] == "10"
    assert row(key)["next_start"] == "10"
    assert "next_start" not in client.result("set", {"key": key, "value": 7, "save": True})
    assert client.result("set", {"key": key, "value": 6})["next_start"] == "7"
    assert "next_start" not in client.result("set", {"key": key, "value": 7})
    assert "next_start" not in row(key)


# ---- policies that do not load -------------------------------------------------------------------


def save_policy(path, name, text=""):
    draft = path.with_name(".draft")
    draft.write_text(a_policy(name, text)["text"])
    draft.chmod(0o644)
    draft.replace(path)


def save_and_hang_up(node, path, *policy):
    save_policy(path, *policy)
    node.process.send_signal(signal.SIGHUP)


def until(client, wanted):
    """The answer to `policy` once it is as wanted."""
    end = time.monotonic() + PATIENCE_S
    while not wanted(policy := client.result("policy")):
        assert time.monotonic() < end, policy
        time.sleep(0.05)
    return policy


@pytest.mark.parametrize("way", ["watch", "hangup", "command"])
def test_a_policy_that_does_not_load_is_told_until_one_does(start, tmp_path, way):
    file = tmp_path / "mine.lua"
    save_policy(file, "mine")
    watch = "true" if way == "watch" else "false"
    node, client = start(
        "one", "127.0.86.13", "--policy.file", file, f"--policy.watch={watch}"
    )

    def give(*policy):
        if way == "watch":
            save_policy(file, *policy)
        elif way == "hangup":
            save_and_hang_up(node, file, *policy)
        else:
            client.ask("policy.load", {"source": {**a_policy(*policy), "name": "mine.lua"}})

    before = client.result("policy")
    assert "refused" not in before and "refused" not in client.result("status")["policy"]
    began = int(time.time())
    give("mine", "return nonsense(")
    policy = until(client, lambda told: "refused" in told)
    assert policy["hash"] == before["hash"] and policy["load_errors"] == 1
    refused = policy["refused"]
    assert refused["file"] == "mine.lua" and refused["line"] >= 4
    assert "near" in refused["cause"] and "mine.lua" not in refused["cause"]
    assert refused["in_force"] == "mine version 1" and refused["time"] >= began
    where = f"mine.lua:{refused['line']}: {refused['cause']}"
    assert client.result("status")["policy"]["refused"] == where
    (event,) = client.result("events", {"filter": "kind=policy_refused"})["events"]
    assert event["text"] == where
    assert where in {
        record.get("text") for record in client.result("explain", {"peer": UNKNOWN_ID})["records"]
    }
    frame = run("ctl", "--home", node.home, "top", "--once", "--interval", "100ms").stdout
    assert f"refused  {where}" in frame
    page = run("ctl", "--home", node.home, "policy").stdout
    assert f"file mine.lua, line {refused['line']}, cause" in page, page
    node.wait_for("policy not loaded", file="mine.lua", line=refused["line"])
    give("mine", "-- whole again")
    policy = until(client, lambda told: told["hash"] != before["hash"])
    assert "refused" not in policy and "refused" not in client.result("status")["policy"]
    assert policy["loads"] == before["loads"] + 1


FAILING = """
function policy.dial_count(view)
  assert(view.now == 1.7e9, "boom") -- not in its trial
end
"""


FAILING_NOW_AND_THEN = """
function policy.dial_count(view)
  policy.state.n = (policy.state.n or 0) + 1
  assert(view.now == 1.7e9 or policy.state.n % 2 == 0, "odd") -- not in its trial
end
"""


def test_what_became_of_the_state_of_a_policy_is_told(start):
    node, client = start("one", "127.0.86.33")
    first = client.result("policy.load", {"source": a_policy("mine", "policy.state.n = 1")})
    assert "state" not in first
    second = client.result("policy.load", {"source": a_policy("mine", version=2)})
    dropped = "dropped: it is of version 1, and there is no migrate"
    assert second["state"] == client.result("policy")["state"] == dropped
    events = client.result("events", {"filter": "kind=policy_loaded"})["events"]
    assert [event["text"] for event in events] == [
        f"mine v1 {first['hash']}",
        f"mine v2 {second['hash']}, state {dropped}",
    ]
    assert dropped in run("ctl", "--home", node.home, "policy").stdout


def test_numbers_of_a_policy_begin_with_it(start):
    node, client = start("one", "127.0.86.34", "--pex.ensure_peers_period", "200ms")
    client.result("policy.load", {"source": a_policy("moody", FAILING_NOW_AND_THEN)})
    until(client, lambda told: told["last_error"])
    assert client.result("status")["policy"]["errors"] > 0
    client.result("policy.load", {"source": a_policy("good")})
    assert all(hook["errors"] == 0 for hook in client.result("policy")["hooks"])
    assert client.result("status")["policy"]["errors"] == 0
    metrics = run("ctl", "--home", node.home, "metrics").stdout
    assert re.search(r'policy_errors_total\{.*hook="dial_count"\} [1-9]', metrics), metrics


def test_a_policy_that_fails_now_and_then_is_told(start):
    node, client = start("one", "127.0.86.31", "--pex.ensure_peers_period", "200ms")
    assert client.result("policy")["last_error"] == ""
    client.result("policy.load", {"source": a_policy("moody", FAILING_NOW_AND_THEN)})
    error = until(client, lambda told: told["last_error"])["last_error"]
    assert error == "moody.lua:7: dial_count: odd"
    assert f"last error   {error}" in run("ctl", "--home", node.home, "policy").stdout
    client.result("policy.load", {"source": a_policy("good")})
    assert client.result("policy")["last_error"] == ""


def test_a_policy_that_fails_and_is_taken_back_is_told(start):
    _, client = start("one", "127.0.86.20", "--pex.ensure_peers_period", "200ms")
    before = client.result("policy")
    client.result("policy.load", {"source": a_policy("bad", FAILING)})
    policy = until(client, lambda told: told["rollbacks"] == 1)
    assert policy["hash"] == before["hash"]
    refused = policy["refused"]
    assert refused["taken_back"] and refused["file"] == "bad.lua" and "boom" in refused["cause"]
    assert refused["cause"].startswith("dial_count: ") and refused["in_force"].startswith("default")
    (event,) = client.result("events", {"filter": "kind=policy_rolled_back"})["events"]
    where = f"bad.lua:{refused['line']}: {refused['cause']}"
    assert event["text"] == f"default {before['hash']}, after {where}"
    assert client.result("status")["policy"]["refused"] == where


def test_each_rollback_goes_further_back_and_the_last_says_so(start):
    _, client = start("one", "127.0.86.23")
    built_in = client.result("policy")["hash"]
    one = client.result("policy.load", {"source": a_policy("mine", "-- one")})["hash"]
    client.result("policy.shadow", {"source": a_policy("mine", "-- two")})
    two = client.result("policy.promote")["hash"]
    for _ in range(2):  # the second time is no step
        three = client.result("policy.load", {"source": a_policy("mine", "-- three")})["hash"]
    assert [client.result("policy.rollback")["hash"] for _ in range(3)] == [two, one, built_in]
    told = client.error("policy.rollback")["message"]
    assert told == "not rolled back: there is no earlier policy; see luapex ctl policy"
    policy = client.result("policy")
    assert policy["rollbacks"] == 3 and policy["hash"] == built_in
    assert client.result("policy.rollback", {"hash": three[:8]})["hash"] == three
    events = client.result("events", {"filter": "kind=policy_rolled_back"})["events"]
    assert [event["text"].split()[-1] for event in events] == [two, one, built_in, three]


def test_a_shadow_that_fails_is_promoted_by_force_alone(start):
    node, client = start("one", "127.0.86.26", "--pex.ensure_peers_period", "200ms")
    assert "shadow" not in client.result("status")["policy"]
    client.result("policy.shadow", {"source": a_policy("good")})
    began = client.result("policy.shadow", {"source": a_policy("bad", FAILING)})
    kinds = [event["event"] for event in client.result("events", {"limit": 1000})["events"]]
    shadows = [kind for kind in kinds if kind.startswith("shadow")]
    assert shadows == ["shadow_begun", "shadow_ended", "shadow_begun"]
    assert client.result("status")["policy"]["shadow"] == f"bad v1 {began['hash']}"
    frame = run("ctl", "--home", node.home, "top", "--once", "--interval", "100ms").stdout
    assert f"shadow   bad v1 {began['hash']}" in frame
    end = time.monotonic() + PATIENCE_S
    while not (error := client.result("policy.shadow")["last_error"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert error.startswith("bad.lua:6: dial_count: ") and "boom" in error
    told = client.error("policy.promote")["message"]
    assert told.startswith("not promoted: bad failed ") and error in told and "--force" in told
    assert client.result("policy")["name"] == "default"
    assert client.result("policy.promote", {"force": True})["name"] == "bad"


def test_the_command_line_asks_for_a_policy_file(start):
    node, _ = start("one", "127.0.86.27")
    told = run("ctl", "--home", node.home, "policy", "load")
    assert told.returncode == 2
    assert "which policy? Give a .lua file" in told.stderr and "{" not in told.stderr


def test_only_what_is_taken_back_counts_as_that(start):
    node, client = start("one", "127.0.86.28", "--pex.ensure_peers_period", "200ms")

    def taken_back():
        text = run("ctl", "--home", node.home, "metrics").stdout
        (line,) = re.findall(r"^cometbft_pex_policy_taken_back_total.* (\d+)$", text, re.M)
        return int(line)

    client.result("policy.load", {"source": a_policy("mine")})
    client.result("policy.rollback")
    assert client.result("policy")["rollbacks"] == 1 and taken_back() == 0
    client.result("policy.load", {"source": a_policy("bad", FAILING)})
    until(client, lambda told: told["rollbacks"] == 2)
    assert taken_back() == 1


def test_changes_of_the_policy_do_not_push_out_what_befell_a_peer(start):
    one, client = start("one", "127.0.86.15")
    two, _ = start("two", "127.0.86.16", "--p2p.persistent_peers", one.addr)
    one.wait_for("peer added")
    two.wait_for("addresses received")  # nothing more befalls it for a while
    for n in range(4):
        client.result("policy.load", {"source": a_policy("mine", f"-- {n}")})
    records = client.result("explain", {"peer": id_of(two), "limit": 2})["records"]
    told = [record.get("event") for record in records]
    assert len([kind for kind in told if kind == "policy_loaded"]) == 2
    assert len(told) == 4, told


def test_a_policy_file_that_cannot_be_read_is_told(start, tmp_path):
    file = tmp_path / "mine.lua"
    save_policy(file, "mine")
    node, client = start("one", "127.0.86.14", "--policy.file", file)
    os.chmod(file, 0o666)
    node.process.send_signal(signal.SIGHUP)
    refused = until(client, lambda told: "refused" in told)["refused"]
    assert str(file) in refused["cause"] and "written by" in refused["cause"]
    assert json.loads(run("ctl", "--home", node.home, "--json", "status").stdout)["policy"][
        "refused"
    ]


def test_what_was_set_stays_while_other_policies_run(start):
    mine, other = {"source": a_policy("mine")}, {"source": a_policy("other")}
    node, client = start("one", "127.0.86.25")

    def most():
        (row,) = [row for row in client.result("params")["params"] if row["name"] == "most"]
        return row["policy"], row["value"]

    client.result("policy.load", mine)
    client.result("policy.set", {"param": "most", "value": 7})
    client.result("policy.load", other)
    client.result("policy.set", {"param": "most", "value": 9})
    client.result("policy.load", {"source": a_policy("third")})
    assert most() == ("third", 3)
    assert node.stop() == 0
    node, client = start("one", "127.0.86.25")
    client.result("policy.load", mine)
    assert most() == ("mine", 7)
    client.result("policy.load", other)
    assert most() == ("other", 9)
    client.result("policy.set", {"param": "most", "value": 5})
    client.result("policy.rollback")
    assert most() == ("mine", 7)
    assert node.stop() == 0
    _, client = start("one", "127.0.86.25")
    client.result("policy.load", other)
    assert most() == ("other", 5)
    client.result("policy.shadow", mine)
    client.result("policy.set", {"param": "most", "value": 6})
    client.result("policy.promote")
    client.result("policy.load", other)
    assert most() == ("other", 6)


@pytest.mark.parametrize("has_file", [True, False])
def test_a_policy_that_is_saved_is_the_file_that_is_followed(start, tmp_path, has_file):
    before = tmp_path / "before.lua"
    if has_file:
        save_policy(before, "before")
        make_home(tmp_path / "one", "--policy.file", before)
    node, client = start("one", "127.0.86.24")
    other = client.result("policy.load", {"source": a_policy("other")})
    assert other.get("follows") == (str(before) if has_file else None)
    saved = client.result("policy.load", {"source": a_policy("kept"), "save": True})
    kept = node.home / saved["saved"]
    assert saved["follows"] == str(kept) and kept.is_file()
    assert client.result("policy")["file"] == saved["saved"]
    loads = client.result("policy")["loads"]
    if has_file:
        save_policy(before, "before", "-- changed")
    client.result("policy.load", {"source": a_policy("other")})
    node.process.send_signal(signal.SIGHUP)
    policy = until(client, lambda told: told["loads"] == loads + 2)
    assert policy["hash"] == saved["hash"] and policy["differs"] == ""
    save_policy(kept, "kept", "-- changed")
    policy = until(client, lambda told: told["hash"] != saved["hash"])
    assert policy["name"] == "kept" and policy["loads"] == loads + 3
    kept.write_text("return nonsense (")
    assert until(client, lambda told: "refused" in told)["refused"]["file"] == "kept.lua"
    save_policy(kept, "kept", "-- whole")
    until(client, lambda told: "refused" not in told)
    assert node.stop() == 0
    _, client = start("one", "127.0.86.24")
    assert client.result("policy")["name"] == "kept"
