"""The policies that ship, each on a node of its own, over real sockets."""

from pathlib import Path

import pytest
from nodes import PATIENCE_S, addr_of, of, run

SOON = ["--pex.ensure_peers_period", "1s", "--pex.startup_spread", "0s"]
FLAGS = ["--p2p.allow_duplicate_ip", *SOON]
FAILURES = {"policy call failed", "policy hook falls back", "policy rolled back"}


def shipped():
    """Their names; the other files beside them are parts."""
    files = (Path(__file__).parents[2] / "policies").glob("*.lua")
    return sorted(file.stem for file in files if "pex.policy {" in file.read_text())


@pytest.fixture
def home_of(named_home):
    """home_of(POLICY, FLAGS of init...) -> a home whose node follows it."""

    def make(policy, *flags):
        home = named_home(policy, "e2e", "--policy.file", "policy.lua", *FLAGS, *flags)
        file = home / "policy.lua"
        file.write_text(run("policy", "show", policy).stdout)
        file.chmod(0o644)
        return home

    return make


def reached(process, home):
    """The addresses of those that this node dialed and got for peers."""
    wanted = {"event": "peer added", "direction": "outbound", **of(home)}
    return {line["peer"] for line in process.lines if wanted.items() <= line.items()}


def test_nodes_of_all_policies_find_each_other_and_no_call_fails(start_homes, home_of):
    names = shipped()
    assert {"default", "seed", "crawler"} < set(names)
    seed = start_homes(home_of("seed", "--p2p.seed_mode"))
    known = addr_of(seed)
    crawler = home_of("crawler", "--p2p.seed_mode", "--p2p.seeds", known)
    homes = [
        home_of(name, "--p2p.seeds", known) for name in names if name not in ("seed", "crawler")
    ]
    others = start_homes(crawler, *homes)
    for home in [crawler, *homes]:
        others.wait_for("listening", policy=home.name, **of(home))
    others.wait_for("addresses received", **of(crawler))

    def all_met():
        return all(reached(others, home) - {known} for home in homes)

    with others.changed:
        assert others.changed.wait_for(all_met, PATIENCE_S), others.lines
    for process in (seed, others):
        assert process.stop() == 0, process.errors
        assert not [line for line in process.lines if line["event"] in FAILURES]
