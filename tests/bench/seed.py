#!/usr/bin/env python3
"""Clients that a seed serves in one second of its CPU time, beside a Go seed.

A client connects, shakes hands, asks, takes 250 addresses and leaves. The same Go client loads both
seeds in turn, 32 at a time; both hold the same book. Goal: 7 x Go's. --quick serves fewer clients,
--json prints one object.
"""

import secrets
import shutil
import statistics
import sys

from report import GO_VERSION, cpu_s, has_go, median_ratio, new_home, peers, show

ROUNDS = 3
AT_ONCE = 32
CLIENTS = 500 if "--quick" in sys.argv else 3000
BOOK = 1100  # 23 % of it and more: answers are 250 addresses long
NOBODY = "ab" * 20 + "@127.0.0.1:1"  # a seed that refuses: crawling waits for its period


def fill(go):
    """Addresses on loopback where nobody listens, so that a seed which crawls is refused at once."""
    for i in range(BOOK):
        address = f"{secrets.token_hex(20)}@127.{1 + i % 200}.{1 + i // 200}.1:1"
        answer = go.command("add", addr=address, src=go.addr)
        assert answer["ok"], answer
    go.command("save")


def serve(seed, addr):
    """One round: clients per CPU second of the seed, and what the client saw."""
    before = cpu_s(seed.process.pid)
    lines, status, errors = peers.run_go(
        GO_VERSION, "bench-seed-client", "--addr", addr, "--clients", AT_ONCE,
        "--total", CLIENTS, "--network", peers.NETWORK, timeout=300,
    )  # fmt: skip
    assert status == 0, f"{errors}\n{lines}"
    return CLIENTS / (cpu_s(seed.process.pid) - before), lines[-1]


def main():
    if not has_go():
        sys.exit("seed: the clients are Go's; run ./dev bench with Go on PATH")
    folder, home = new_home("seed")
    with folder:
        go = peers.GoPeer(GO_VERSION, home / "go", "--seed-mode", max_inbound=500,
                          ensure_period="1h")  # fmt: skip
        fill(go)
        peers.run_luapex("init", "--home", home / "luapex", "--network", peers.NETWORK)
        shutil.copy(home / "go/config/addrbook.json", home / "luapex/config/addrbook.json")
        ours = peers.Luapex(
            home / "luapex",
            initialise=False,
            **{
                "log_level": "info",
                "p2p.seed_mode": "true",
                "p2p.seeds": NOBODY,
                "p2p.max_num_inbound_peers": "500",
                "pex.crawl_period": "24h",
            },
        )
        mine, theirs = [], []
        for _ in range(ROUNDS):
            mine.append(serve(ours, ours.addr))
            theirs.append(serve(go, go.addr))
        ours.stop()
        go.stop()
    rates = [[rate for rate, _ in side] for side in (mine, theirs)]
    result = {
        "clients_per_cpu_s": statistics.median(rates[0]),
        "go_clients_per_cpu_s": statistics.median(rates[1]),
        "ratio": median_ratio(*rates),
        "client": mine[-1][1],
        "go_client": theirs[-1][1],
    }
    rows = [
        ("luapex, clients per CPU second", result["clients_per_cpu_s"], ""),
        (f"Go seed ({GO_VERSION})", result["go_clients_per_cpu_s"], ""),
        ("ratio (goal: at least 7)", result["ratio"], "x"),
    ]
    for name, side in (("luapex", mine), ("Go", theirs)):
        latency = side[-1][1]["latency"]
        p99_ms = latency["p99_us"] / 1000
        rows.append((f"{name}, latency of a client, p99 at {AT_ONCE} at once", p99_ms, "ms"))
    show("seed", rows, result)


if __name__ == "__main__":
    main()
