#!/usr/bin/env python3
"""Clients that a seed serves in one second of its CPU time, beside a Go seed.

A client connects, shakes hands, asks, takes the answer and leaves. The same Go client loads both
seeds in turn, 32 at a time; both hold the same book, first of 1,000 addresses, then of 16,000, as a
seed of a large network has. All runs in a network of its own, where every dial of a crawl fails at
once. Both log at info, the default of both. Goal: 7 x Go's with the large book. --quick serves fewer
clients, --json prints one object.
"""

import json
import shutil
import statistics
import sys

from network import enter_own_network
from report import GO_VERSION, cpu_s, has_go, median_ratio, new_home, peers, show

ROUNDS = 3
AT_ONCE = 32
CLIENTS = 500 if "--quick" in sys.argv else 3000
BOOKS = [1000, 16000]
INBOUND_MAX = 500


def serve(seed, clients):
    """One round: clients per CPU second of the seed, and what the client saw."""
    before = cpu_s(seed.process.pid)
    lines, status, errors = peers.run_go(
        GO_VERSION, "bench-seed-client", "--addr", seed.addr, "--clients", AT_ONCE,
        "--total", clients, "--network", peers.NETWORK, timeout=300,
    )  # fmt: skip
    seen = lines[-1]
    assert status == 0 and seen["failed"] == 0, f"{errors}\n{lines}"
    return clients / (cpu_s(seed.process.pid) - before), seen


def policy_cpu_s(home):
    """What all calls of its policy took so far, by the node's own clock."""
    policy = json.loads(peers.run_luapex("ctl", "--home", home, "--json", "policy"))
    return sum(hook["calls"] * hook.get("mean_us", 0) for hook in policy["hooks"]) / 1e6


def start_go(home):
    return peers.GoPeer(
        GO_VERSION, home, "--seed-mode", max_inbound=INBOUND_MAX, allow_duplicate_ip=False,
        log_level="info",
    )  # fmt: skip


def start_ours(home):
    settings = {
        "log_level": "info",
        "p2p.seed_mode": "true",
        "p2p.max_num_inbound_peers": str(INBOUND_MAX),
        "p2p.allow_duplicate_ip": "false",
        "pex.crawl_period": "30s",
    }
    return peers.Luapex(home, initialise=False, **settings)


def homes(folder, entries):
    """One for each side, with the same book."""
    ours, go = folder / f"luapex-{entries}", folder / f"go-{entries}"
    peers.run_luapex("init", "--home", ours, "--network", peers.NETWORK)
    book = ours / "config/addrbook.json"
    _, status, errors = peers.run_go(
        GO_VERSION, "book", "--file", book, "make", "--entries", entries
    )
    assert status == 0, errors
    (go / "config").mkdir(parents=True)
    shutil.copy(book, go / "config/addrbook.json")
    return ours, go


def measure(folder, entries):
    ours_home, go_home = homes(folder, entries)
    ours, go = start_ours(ours_home), start_go(go_home)
    for seed in (ours, go):
        serve(seed, 200)
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(serve(ours, CLIENTS))
        theirs.append(serve(go, CLIENTS))
    policy_share = 100 * policy_cpu_s(ours_home) / cpu_s(ours.process.pid)
    ours.stop()
    go.stop()
    rates = [[rate for rate, _ in side] for side in (mine, theirs)]
    return {
        "clients_per_cpu_s": statistics.median(rates[0]),
        "go_clients_per_cpu_s": statistics.median(rates[1]),
        "ratio": median_ratio(*rates),
        "policy_share": policy_share,
        "client": mine[-1][1],
        "go_client": theirs[-1][1],
    }


def rows(entries, result):
    goal = " (goal: at least 7)" if entries == BOOKS[-1] else ""
    answer = f"{result['client']['addrs_per_answer']:.0f}"
    yield (f"{entries:,} addresses, answers of {answer}: luapex, per CPU second",
           result["clients_per_cpu_s"], "")  # fmt: skip
    yield (f"  Go seed ({GO_VERSION})", result["go_clients_per_cpu_s"], "")
    yield (f"  ratio{goal}", result["ratio"], "x")
    yield "  of ours, in the policy (goal: at most 10)", result["policy_share"], "%"
    for name, key in (("luapex", "client"), ("Go", "go_client")):
        latency = result[key]["latency"]["p99_us"] / 1000
        yield (f"  {name}, latency of a client, p99 at {AT_ONCE} at once", latency, "ms")


def main():
    if not has_go():
        sys.exit("seed: the clients are Go's; run ./dev bench with Go on PATH")
    enter_own_network()
    folder, path = new_home("seed")
    with folder:
        results = {entries: measure(path, entries) for entries in BOOKS}
    lines = [line for entries, result in results.items() for line in rows(entries, result)]
    show("seed", lines, {"books": results})


if __name__ == "__main__":
    main()
