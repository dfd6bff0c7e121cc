#!/usr/bin/env python3
"""What one question of an operator or of a scraper costs the loop of a node with many peers.

A node with 16,000 addresses in its book has no peer, then 1,000, then 5,000 idle ones; each question
is asked some times in a row, and what the loop's thread worked meanwhile is the whole cost of an
answer, of making and of sending it. Goals: 5 ms for any, 2 to 3 ms for a scrape of 5,000 peers.
--quick stops at 1,000 peers, --json prints one object.
"""

import json
import os
import pathlib
import random
import secrets
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from network import enter_own_network
from report import new_home, peers, show

ENTRIES = 16000
ROUNDS = 9
PEERS = [0, 1000] if "--quick" in sys.argv else [0, 1000, 5000]
FRESH_S = 1.05  # a text of metrics is given again for so long
SETTLE_S = 3
METRICS = "127.0.0.1:26660"
HOLDER = pathlib.Path(peers.LUAPEX).resolve().parent / "bench/bench_idle"
QUESTIONS = {
    "status": ("status", {}),
    "peers, 500 of them": ("peers", {"limit": 500}),
    "peers, all": ("peers", {"limit": 10000}),
    "book": ("book", {}),
    "book find, 50 of all": ("book.find", {"what": "0.0.0.0/0", "limit": 50}),
    "book find, 1,000 of all": ("book.find", {"what": "0.0.0.0/0", "limit": 1000}),
    "book map": ("book.map", {"side": "new"}),
    "bans": ("bans", {"limit": 10000}),
    "events, 1,000": ("events", {"limit": 1000}),
    "settings": ("settings", {}),
    "metrics": ("metrics", {}),
}


def fill_book(home):
    """Addresses that nobody owns in this network."""
    dice = random.Random(1)

    def addr():
        ip = f"{dice.randrange(11, 99)}.{dice.randrange(256)}.{dice.randrange(256)}.1"
        return {"id": secrets.token_hex(20), "ip": ip, "port": 26656}

    never = "0001-01-01T00:00:00Z"
    times = {"last_attempt": never, "last_success": never, "last_ban_time": never}
    addrs = [
        {"addr": addr(), "src": addr(), "buckets": [i % 256], "attempts": 0, "bucket_type": 1, **times}
        for i in range(ENTRIES)
    ]
    book = {"key": secrets.token_hex(12), "addrs": addrs}
    (home / "config/addrbook.json").write_text(json.dumps(book))


def start_node(home):
    peers.run_luapex("init", "--home", home, "--network", peers.NETWORK)
    fill_book(home)
    return peers.Luapex(
        home,
        *("--instrumentation.prometheus", "--instrumentation.prometheus_listen_addr", METRICS),
        initialise=False,
        log_level="info",
        p2p__max_num_inbound_peers=PEERS[-1] + 50,
        p2p__max_num_outbound_peers=0,
        pex__max_handshaking=256,
        pex__ensure_peers_period="1h",
    )


def hold(node, count):
    """Connects so many more."""
    command = [HOLDER, "hold", node.addr, peers.NETWORK, str(count)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == f"holding {count}\n"
    time.sleep(SETTLE_S)
    return holder


class Asking:
    def __init__(self, node):
        pid = node.process.pid
        self.work = os.open(f"/proc/{pid}/task/{pid}/schedstat", os.O_RDONLY)
        path = node.home / "luapex.sock"
        peers.eventually(path.exists, "the control socket is there")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def worked_ms(self):
        return int(os.pread(self.work, 100, 0).split()[0]) / 1e6

    def ask(self, method, params):
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        line = self.lines.readline()
        assert b'"result"' in line, line

    def scrape(self):
        time.sleep(FRESH_S)
        before = self.worked_ms()
        urllib.request.urlopen(f"http://{METRICS}/metrics").read()
        return self.worked_ms() - before

    def cost(self, method, params):
        before = self.worked_ms()
        self.ask(method, params)
        return self.worked_ms() - before

    def costs(self):
        asked = {"scrape of /metrics": [self.scrape() for _ in range(ROUNDS)]}
        for name, question in QUESTIONS.items():
            asked[name] = [self.cost(*question) for _ in range(ROUNDS)]
        return {name: statistics.median(costs) for name, costs in asked.items()}


def measure(home):
    node = start_node(home)
    asking, holders, results = Asking(node), [], {}
    for before, count in zip([0, *PEERS], PEERS):
        if count > before:
            holders.append(hold(node, count - before))
        results[count] = asking.costs()
    for holder in holders:
        holder.stdin.close()
        holder.wait(60)
    node.stop()
    return results


def main():
    if not HOLDER.exists():
        sys.exit(f"asking: {HOLDER} is not built; run ./dev bench asking")
    enter_own_network()
    folder, path = new_home("asking")
    with folder:
        results = measure(path / "node")
    lines = [
        (f"{count:,} peers: {name}", cost, "ms")
        for count, costs in results.items()
        for name, cost in costs.items()
    ]
    show("asking", lines, {"work_ms": results})


if __name__ == "__main__":
    main()
