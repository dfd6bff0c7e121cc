#!/usr/bin/env python3
"""Resident memory of one idle established peer, beside a Go node's.

2,000 connections of the same Go client, from as many addresses, are held idle by luapex and then by
a Go node; the growth of each process is divided by their number. Goal: at most 4 KiB.

    idle.py [--peers 2000] [--json]

With 15,000 peers a node stays below a limit of 20,000 descriptors. The holding side is as many
processes as it takes.
"""

import argparse
import os
import sys
import time

from report import GO_VERSION, has_go, new_home, peers, resident_bytes, show

HOLDER_MAX = 5000
SETTLE_S = 3


class Holder(peers.Lines):
    """Keeps connections to a node open, from addresses that no other holder uses."""

    def __init__(self, addr, number, count):
        program = peers.go_binary(GO_VERSION)
        base = f"127.{64 + 20 * number}.0.0"
        super().__init__(
            [program, "hold", "--addr", addr, "--count", count, "--network", peers.NETWORK]
            + ["--source-ip-base", base]
        )
        self.count = count

    def end(self):
        """Every connection was open until now."""
        self.process.stdin.close()
        held = self.wait_event("held")
        assert held["open"] == self.count, held
        self.process.wait(30)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def open_connections(node, total):
    counts = [min(HOLDER_MAX, total - begun) for begun in range(0, total, HOLDER_MAX)]
    holders = [Holder(node.addr, number, count) for number, count in enumerate(counts)]
    for holder in holders:
        holding = holder.wait_event("holding", timeout=600)
        assert holding["open"] == holder.count, holding
    return holders


def bytes_per_peer(node, total):
    """Growth of the node's resident memory from no peer to `total` peers."""
    before = resident_bytes(node.process.pid)
    holders = open_connections(node, total)
    time.sleep(SETTLE_S)
    grown = resident_bytes(node.process.pid) - before
    assert len(os.listdir(f"/proc/{node.process.pid}/fd")) > total
    for holder in holders:
        holder.end()
    return grown / total


def main():
    total = options().peers
    if not has_go():
        sys.exit("idle: the load side is a Go client; run ./dev bench with Go on PATH")
    folder, home = new_home("idle")
    with folder:
        ours = peers.Luapex(
            home / "luapex",
            **{
                "log_level": "info",
                "p2p.max_num_inbound_peers": str(total + 50),
                "pex.ensure_peers_period": "1h",
            },
        )
        mine = bytes_per_peer(ours, total)
        ours.stop()
        go = peers.GoPeer(GO_VERSION, home / "go", max_inbound=total + 50, ensure_period="1h")
        theirs = bytes_per_peer(go, total)
        go.stop()
    show(
        "idle",
        [
            (f"luapex, resident per idle peer, {total:,} peers (goal: 4 KiB)", mine / 1024, "KiB"),
            (f"Go node ({GO_VERSION})", theirs / 1024, "KiB"),
            ("ratio", mine / theirs, "x"),
        ],
        {"peers": total, "bytes": mine, "go_bytes": theirs},
    )


if __name__ == "__main__":
    main()
