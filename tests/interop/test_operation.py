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

    def lost(self):
        """Whose connections have ended since all was ready."""
        return {event.get("peer") for event in self.happened(self.first, "closed")} - {None}


@pytest.fixture
def operation(lab):
    return Operation(lab)


def test_dial_and_disconnect(operation):
    go = operation.others[0]
    after = operation.last()
    operation.ctl("dial", go.addr)
    operation.wait_for(go)
    print(json.dumps(operation.ctl("events", "--after", after, "--limit", 1000), indent=1))
    print(json.dumps(operation.ctl("explain", go.id, "--limit", 1000), indent=1))
    operation.ctl("disconnect", go.id)
    operation.wait_for(go, connected=False)
    print(json.dumps(operation.ctl("events", "--after", after, "--limit", 1000), indent=1))
    print(json.dumps(operation.ctl("explain", go.id, "--limit", 1000), indent=1))
    assert operation.lost() == {go.id}
    operation.assert_residents_stayed()
    assert 0
