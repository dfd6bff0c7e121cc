"""A live network under its operator: everything by `luapex ctl`, and no peer lost but those that were
meant. What was done, and what came of it, shows in `ctl events` and in `ctl explain PEER`."""

import json

import peers
import pytest
from peers import eventually, run_luapex

RANGE = "127.0.91.0/24"

POLICY = """
local policy = pex.policy {{ name = "{name}", version = 1, extends = "default" }}
function policy.answer(view)
  return {{ act = view.default_act, reason = "says {name}" }}
end
return policy
"""


class Operation:
    """luapex among Go nodes of all versions: residents, which dialed it and stay, and others at
    addresses of their own, which wait to be dialed."""

    def __init__(self, lab):
        self.lab = lab
        self.luapex = lab.luapex(
            p2p__max_num_outbound_peers=0,
            p2p__persistent_peers_max_dial_period="1s",
            pex__reconnect_interval="1s",
            pex__startup_spread="0s",
        )
        self.residents = [
            lab.go(version, persistent_peers=self.luapex.addr) for version in peers.GO_VERSIONS
        ]
        self.others = [
            lab.go(version, laddr=f"tcp://127.0.{90 + i}.1:0", ensure_period="1h")
            for i, version in enumerate(peers.GO_VERSIONS)
        ]
        for go in self.residents:
            self.luapex.wait_peer(go.id, direction="inbound")
        self.before = self.connections()
        self.first = self.last()

    def ctl(self, *words, status=0):
        text = run_luapex("ctl", "--home", self.luapex.home, "--json", *words, status=status)
        return json.loads(text) if text else None

    def last(self):
        """The number of the newest event."""
        return self.ctl("events", "--limit", 0)["last"]

    def happened(self, after, kind, **fields):
        """Events of a kind, as the operator sees them."""
        seen = self.ctl("events", "--after", after, "--limit", 1000, "--filter", f"kind={kind}")
        return [event for event in seen["events"] if fields.items() <= event.items()]

    def explained(self, go, kind, **fields):
        """The same of one peer, by `explain`, decisions by their hook."""
        records = self.ctl("explain", go.id, "--limit", 1000)["records"]
        return [
            record
            for record in records
            if kind in (record.get("event"), record.get("hook"))
            and fields.items() <= record.items()
        ]

    def connections(self):
        return {peer["id"]: peer for peer in self.ctl("peers")["peers"]}

    def is_connected(self, go):
        return self.ctl("explain", go.id)["connected"] != "no"

    def wait_for(self, go, connected=True):
        eventually(lambda: self.is_connected(go) is connected, f"{go.id}: connected {connected}")

    def assert_residents_stayed(self):
        now = self.connections()
        for go in self.residents:
            assert now[go.id]["addr"] == self.before[go.id]["addr"], "it came back by another socket"
            assert now[go.id]["uptime_s"] >= self.before[go.id]["uptime_s"]


@pytest.fixture
def operation(lab):
    made = Operation(lab)
    yield made
    made.assert_residents_stayed()


def dialed(operation, go, *flags):
    """Connected by the operator's wish, as events and explain say."""
    after = operation.last()
    operation.ctl("dial", go.addr, *flags)
    operation.wait_for(go)
    (command,) = operation.happened(after, "command", peer=go.id)
    assert command["text"] == "dial" and command["address"] == go.addr.partition("@")[2]
    assert operation.happened(after, "connected", peer=go.id, direction="outbound")
    assert operation.explained(go, "command", text="dial")
    assert operation.explained(go, "connected", direction="outbound")


def test_dial_and_disconnect(operation):
    go, stays = operation.others[:2]
    dialed(operation, go)
    dialed(operation, stays)
    after = operation.last()
    operation.ctl("disconnect", go.id)
    operation.wait_for(go, connected=False)
    assert operation.happened(after, "command", text="disconnect", peer=go.id)
    (closing,) = operation.happened(after, "clos*")
    assert closing["peer"] == go.id, "nobody else was lost"
    assert operation.explained(go, "command", text="disconnect")
    assert operation.explained(go, "closing")


def test_ban_by_range_and_unban(operation):
    stays, go = operation.others[:2]
    dialed(operation, stays)
    dialed(operation, go)
    after = operation.last()
    assert operation.ctl("ban", RANGE, "--duration", "1h", "--reason", "noise")["closed"] == 1
    operation.wait_for(go, connected=False)
    (command,) = operation.happened(after, "command", range=RANGE)
    assert command["text"].startswith("ban for ") and command["text"].endswith(": noise")
    (closing,) = operation.happened(after, "clos*")
    assert closing["peer"] == go.id and closing["error"] == "banned"
    assert operation.explained(go, "closing", error="banned")
    banned = operation.ctl("explain", "127.0.91.1", "--limit", 1000)
    assert "noise" in banned["banned"]
    assert any(record.get("range") == RANGE for record in banned["records"])
    operation.ctl("dial", go.addr, status=1)
    operation.ctl("unban", RANGE)
    assert operation.happened(after, "command", text="unban", range=RANGE)
    assert operation.ctl("explain", "127.0.91.1")["banned"] == ""
    dialed(operation, go)
    assert operation.is_connected(stays)


def test_a_persistent_peer_is_added_and_found_again(operation):
    go = operation.others[2]
    after = operation.last()
    operation.ctl("persistent", "add", go.addr)
    operation.wait_for(go)
    assert operation.happened(after, "command", text="persistent add", peer=go.id)
    assert operation.explained(go, "command", text="persistent add")
    assert [row["id"] for row in operation.ctl("persistent")["persistent"]] == [go.id]
    go.kill()
    operation.wait_for(go, connected=False)
    again = operation.lab.go(
        go.version, home=go.home, laddr=f"tcp://{go.addr.partition('@')[2]}", ensure_period="1h"
    )
    operation.wait_for(again)
    assert len(operation.explained(go, "connected")) == 2
    lost = operation.happened(after, "clos*")
    assert {event["peer"] for event in lost} == {go.id}, lost


def test_more_and_fewer_outbound_peers(operation):
    """More slots are used at once; with fewer nobody has to go."""
    tells, go = operation.others[2:]
    tells.command("add", addr=go.addr)
    dialed(operation, tells)
    eventually(lambda: operation.ctl("explain", go.id)["in_book"] == "new", "it was told of")
    after = operation.last()
    key = "p2p.max_num_outbound_peers"
    assert operation.ctl("set", key, 8)["is"] == "8"
    operation.wait_for(go)
    assert operation.happened(after, "setting_set", text=f"{key} = 8")
    assert operation.happened(after, "connected", direction="outbound", peer=go.id)
    assert operation.explained(go, "connected", direction="outbound")
    assert operation.ctl("set", key, 0)["is"] == "0"
    dialed(operation, operation.others[0])  # some time has passed, and commands go beyond the slots
    assert operation.is_connected(go) and operation.is_connected(tells)
    assert not operation.happened(after, "clos*")


def save(operation, name):
    path = operation.luapex.home / f"{name}.lua"
    path.write_text(POLICY.format(name=name))
    path.chmod(0o644)
    return path


def test_a_policy_is_loaded_shadowed_promoted_and_rolled_back(operation):
    """Go nodes ask each second: what they are answered names the policy that decided."""
    start = operation.last()
    go = operation.residents[0]

    def decides(name):
        """All that happens until this policy has answered this peer, and who answered it then."""
        after = operation.last()

        def answers():
            return [
                record
                for record in operation.explained(go, "answer")
                if record["number"] > after
            ]

        eventually(answers, f"{name} is asked")
        for record in answers():
            assert (record["policy"], record["reason"]) == (name, f"says {name}")

    def took_over(kind):
        return [event["text"].split()[0] for event in operation.happened(start, f"policy_{kind}")]

    operation.ctl("policy", "load", save(operation, "first"))
    assert took_over("loaded") == ["first"]
    decides("first")
    shadow = operation.ctl("policy", "shadow", save(operation, "second"))
    assert shadow["runs"] and shadow["name"] == "second"
    decides("first")

    def shadow_row():
        rows = operation.ctl("policy", "shadow")["hooks"]
        return next((row for row in rows if row["hook"] == "answer"), None)

    eventually(shadow_row, "the shadow is asked too")
    assert shadow_row()["errors"] == 0
    operation.ctl("policy", "promote")
    assert took_over("promoted") == ["second"]
    decides("second")
    operation.ctl("policy", "rollback")
    assert took_over("rolled_back") == ["first"] and took_over("loaded") == ["first"]
    decides("first")
    assert not operation.happened(operation.first, "clos*")
