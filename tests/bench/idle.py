#!/usr/bin/env python3
"""Resident memory of one idle established peer, beside a Go node's.

2,000 connections of the same Go client, from as many addresses, are held idle by luapex and then by
a Go node; the growth of each process is divided by their number. Goal: at most 4 KiB. --json prints
one object; a number as argument replaces 2000.
"""

import sys
import time

from report import GO_VERSION, has_go, new_home, peers, resident_bytes, show

COUNT = next((int(text) for text in sys.argv[1:] if text.isdigit()), 2000)
SETTLE_S = 3


class Holder(peers.Lines):
    """Keeps COUNT connections to a node open."""

    def __init__(self, addr):
        program = peers.go_binary(GO_VERSION)
        network = ["--network", peers.NETWORK]
        super().__init__([program, "hold", "--addr", addr, "--count", COUNT, *network])
        self.wait_event("holding", timeout=240)


def bytes_per_peer(node):
    """Growth of the node's resident memory from one batch to COUNT peers; the first batch warms up
    what is taken once."""
    before = resident_bytes(node.process.pid)
    holder = Holder(node.addr)
    time.sleep(SETTLE_S)
    grown = resident_bytes(node.process.pid) - before
    holder.process.stdin.close()
    holder.process.wait(30)
    return grown / COUNT


def main():
    if not has_go():
        sys.exit("idle: the load side is a Go client; run ./dev bench with Go on PATH")
    folder, home = new_home("idle")
    with folder:
        ours = peers.Luapex(
            home / "luapex",
            **{
                "log_level": "info",
                "p2p.max_num_inbound_peers": str(COUNT + 50),
                "pex.ensure_peers_period": "1h",
            },
        )
        mine = bytes_per_peer(ours)
        ours.stop()
        go = peers.GoPeer(GO_VERSION, home / "go", max_inbound=COUNT + 50, ensure_period="1h")
        theirs = bytes_per_peer(go)
        go.stop()
    show(
        "idle",
        [
            (f"luapex, resident per idle peer, {COUNT} peers (goal: 4 KiB)", mine / 1024, "KiB"),
            (f"Go node ({GO_VERSION})", theirs / 1024, "KiB"),
            ("ratio", mine / theirs, "x"),
        ],
        {"peers": COUNT, "bytes": mine, "go_bytes": theirs},
    )


if __name__ == "__main__":
    main()
