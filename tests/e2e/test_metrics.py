"""The metrics that USR1 has written, as Prometheus reads them (behaviour.md 6.1)."""

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from nodes import addr_of, of, run

POLICIES = Path(__file__).parents[2] / "policies"

# Names and labels of Go's, beside chain_id.
GO = {
    "p2p_peers": ("gauge", set()),
    "p2p_peer_receive_bytes_total": ("counter", {"peer_id", "chID"}),
    "p2p_peer_send_bytes_total": ("counter", {"peer_id", "chID"}),
    "p2p_peer_pending_send_bytes": ("gauge", {"peer_id"}),
    "p2p_num_txs": ("gauge", {"peer_id"}),
    "p2p_message_receive_bytes_total": ("counter", {"message_type"}),
    "p2p_message_send_bytes_total": ("counter", {"message_type"}),
}
SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)\{(?P<labels>.*)\} (?P<value>-?[\d.]+)")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


class Metrics:
    """The text, parsed strictly: every sample below its own HELP and TYPE, none twice."""

    def __init__(self, text):
        self.kinds, self.samples = {}, {}
        family, helped = None, None
        assert text.endswith("\n")
        for line in text.splitlines():
            word = line.split(" ", 3)
            if line.startswith("# HELP "):
                helped = word[2]
                assert word[3]
            elif line.startswith("# TYPE "):
                family = word[2]
                assert family == helped and family not in self.kinds
                self.kinds[family] = word[3]
            else:
                self.take(line, family)

    def take(self, line, family):
        match = SAMPLE.fullmatch(line)
        assert match, line
        suffixes = ["_sum", "_count"] if self.kinds[family] == "summary" else [""]
        assert match["name"] in [family + suffix for suffix in suffixes], line
        labels = dict(LABEL.findall(match["labels"]))
        assert "".join(f'{k}="{v}",' for k, v in labels.items())[:-1] == match["labels"], line
        key = (match["name"], frozenset(labels.items()))
        assert key not in self.samples, line
        self.samples[key] = float(match["value"])

    def value(self, name, **labels):
        return self.samples[(name, frozenset(labels.items()))]

    def labels(self, name):
        return [dict(labels) for sample, labels in self.samples if sample == name]


@pytest.fixture
def measure():
    def write(node, home):
        written = len([line for line in node.lines if line["event"] == "metrics written"])
        node.process.send_signal(signal.SIGUSR1)
        with node.changed:
            assert node.changed.wait_for(
                lambda: len([l for l in node.lines if l["event"] == "metrics written"]) > written, 60
            )
        return (home / "data/metrics.prom").read_text()

    return write


@pytest.fixture
def pair(start_homes, named_home):
    """A node of two networks, and a peer of the first that it told an address list."""
    homes = [named_home("one", "net-1"), named_home("two", "net-2")]
    both = start_homes(*homes)
    known = ["--p2p.persistent_peers", addr_of(both, **of(homes[0]))]
    peer = start_homes(named_home("peer", "net-1", *known))
    peer.wait_for("addresses received")
    return both, homes, peer


def test_names_and_labels_are_those_of_go(pair, measure):
    both, homes, peer = pair
    metrics = Metrics(measure(both, homes[0]))
    for name, (kind, labels) in GO.items():
        assert metrics.kinds[f"cometbft_{name}"] == kind
        for found in metrics.labels(f"cometbft_{name}"):
            assert set(found) == labels | {"chain_id"}
    peer_id = peer.wait_for("listening")["id"]
    of_peer = {"chain_id": "net-1", "peer_id": peer_id}
    sent = metrics.value("cometbft_p2p_peer_send_bytes_total", chID="0x0", **of_peer)
    received = metrics.value("cometbft_p2p_peer_receive_bytes_total", chID="0x0", **of_peer)
    assert (received, sent) == (2, 2)  # `0a00`, the request; `1200`, a list without the asking one
    assert metrics.value("cometbft_pex_lists_sent_total", chain_id="net-1") == 1
    told = json.loads(run("ctl", "--json", "--home", homes[0], "status").stdout)["traffic"]
    assert (told["requests_received"], told["lists_sent"]) == (1, 1)
    assert metrics.value("cometbft_p2p_peer_pending_send_bytes", **of_peer) == 0
    for direction, kind, size in [("receive", "Request", received), ("send", "Addrs", sent)]:
        name = f"cometbft_p2p_message_{direction}_bytes_total"
        assert metrics.value(name, chain_id="net-1", message_type=f"p2p_Pex{kind}") == size
    assert metrics.labels("cometbft_p2p_num_txs") == []


def test_every_network_has_its_own_samples(pair, measure):
    both, homes, _ = pair
    metrics = Metrics(measure(both, homes[0]))
    assert metrics.value("cometbft_p2p_peers", chain_id="net-1") == 1
    assert metrics.value("cometbft_p2p_peers", chain_id="net-2") == 0
    assert metrics.value("cometbft_pex_requests_received_total", chain_id="net-1") == 1
    assert metrics.value("cometbft_pex_book_addresses", chain_id="net-1", type="new") == 1
    assert metrics.value("cometbft_pex_policy_calls_total", chain_id="net-1", hook="ban") == 0
    assert not (homes[1] / "data/metrics.prom").exists()


def test_series_of_a_peer_go_with_it_F22(pair, measure):
    both, homes, peer = pair
    assert peer.stop() == 0
    both.wait_for("peer closed the connection")
    metrics = Metrics(measure(both, homes[0]))
    assert metrics.labels("cometbft_p2p_peer_send_bytes_total") == []
    gone = metrics.value("cometbft_pex_peers_gone_total", chain_id="net-1", reason="closed_by_peer")
    assert gone == 1


def test_the_namespace_is_a_setting(start_homes, named_home, measure):
    home = named_home("one", "net-1", "--instrumentation.namespace", "tendermint")
    node = start_homes(home)
    node.wait_for("listening")
    metrics = Metrics(measure(node, home))
    assert metrics.value("tendermint_p2p_peers", chain_id="net-1") == 0


def test_a_file_that_cannot_be_written_is_told(start_homes, named_home):
    home = named_home("one", "net-1")
    (home / "data/metrics.prom").mkdir()
    node = start_homes(home)
    node.wait_for("listening")
    node.process.send_signal(signal.SIGUSR1)
    line = node.wait_for("metrics not written")
    assert line["level"] == "error" and "directory" in line["error"]


def test_promtool_finds_nothing_but_the_name_of_a_label_of_go(pair, measure):
    if not shutil.which("promtool"):
        pytest.skip("promtool (Debian: prometheus) is not installed")
    both, homes, _ = pair
    shadow = run("ctl", "--home", homes[0], "policy", "shadow", POLICIES / "diverse.lua")
    assert shadow.returncode == 0, shadow.stderr
    text = measure(both, homes[0])
    assert "cometbft_pex_policy_shadow_calls_total{" in text
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(told) == 2 and all("_bytes_total label names" in line for line in told), told
