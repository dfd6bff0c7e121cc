#!/usr/bin/env python3
"""CPU of one handshake: in memory beside the bare cryptography, over TCP beside a Go node.

Over TCP the same Go client connects to luapex and to the real Go switch in turn, and the CPU time of
the accepting process is divided by the connections it served. Goals: 1.3 x the cryptography, half of
Go's. --quick runs fewer connections, --json prints one object.
"""

import json
import os
import statistics
import subprocess
import sys

from report import GO_VERSION, cpu_s, has_go, median_ratio, new_home, peers, show

ROUNDS = 3
COUNT = 300 if "--quick" in sys.argv else 1500
NETWORK = peers.NETWORK


def in_memory():
    program = os.path.join(os.environ.get("BUILD_DIR", "build"), "bench/bench_handshake")
    done = subprocess.run([program, "--json"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def cpu_per_handshake_us(process, addr):
    """CPU of `process` for each of COUNT connections that the Go client makes and closes."""
    before = cpu_s(process.process.pid)
    lines, status, errors = peers.run_go(
        GO_VERSION, "bench-handshake", "--addr", addr, "--count", COUNT, "--network", NETWORK
    )
    assert status == 0, f"{errors}\n{lines}"
    return (cpu_s(process.process.pid) - before) / COUNT * 1e6


def over_tcp():
    folder, home = new_home("handshake")
    with folder:
        settings = {"log_level": "info", "p2p.max_num_inbound_peers": "200", "p2p.addr_book_strict": "true"}
        ours = peers.Luapex(home / "luapex", **settings)
        go = peers.GoPeer(GO_VERSION, home / "go", max_inbound=200, addr_book_strict=True)
        mine, theirs = [], []
        for _ in range(ROUNDS):
            mine.append(cpu_per_handshake_us(ours, ours.addr))
            theirs.append(cpu_per_handshake_us(go, go.addr))
        ours.stop()
        go.stop()
    return mine, theirs


def main():
    result = in_memory()
    rows = [
        ("in memory, one side", result["side_us"], "us"),
        ("the four libsodium operations alone", result["primitives_us"], "us"),
        ("ratio (goal: at most 1.3)", result["ratio"], "x"),
    ]
    if has_go():
        mine, theirs = over_tcp()
        result["tcp_us"] = statistics.median(mine)
        result["tcp_go_us"] = statistics.median(theirs)
        result["tcp_ratio"] = median_ratio(mine, theirs)
        rows += [
            ("over TCP, accepting luapex, CPU of the process", result["tcp_us"], "us"),
            (f"over TCP, accepting Go node ({GO_VERSION})", result["tcp_go_us"], "us"),
            ("ratio (goal: at most 0.5)", result["tcp_ratio"], "x"),
        ]
    show("handshake", rows, result)


if __name__ == "__main__":
    main()
