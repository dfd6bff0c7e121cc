#!/usr/bin/env python3
"""How fast a crawl goes through addresses of which 70 % never answer, and what each costs.

2,000 and 20,000 addresses of 127.0.0.0/8 are in the book of a luapex seed, which has room for them
all. Three in ten are answered
by bench_crawl, each under its own ID, with lists of 250 of them all; the others are at a port whose
queue is full, so that their SYN is dropped. What was dialed is counted by the kernel, in a network
namespace of its own. No address is dialed twice, so the crawl ends when all were.

    crawl.py [--addresses N] [--concurrency N] [--json]

The bound is what dial rate, timeouts and limits allow if nothing is ever waited for in vain:
the longest of addresses / dial rate, dead * timeout / concurrency, and the time for which peers and
dials fill crawl_outbound_max.
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

from network import counter, enter_own_network
from report import cpu_s, new_home, peers, show

ANSWERING = 0.3
PORT, DEAD_PORT = 26656, 26657
TIMEOUT_S, HOLD_S, RATE = 1, 5, 1000
UNSET = "0001-01-01T00:00:00Z"
# Room for them all: a book that must forget somebody hears of him again in another list only, and
# when that comes is no matter of how fast it crawls.
BOOK = {"pex.new_buckets": "1024", "pex.new_buckets_per_group": "256", "pex.new_bucket_size": "256"}
PATIENCE_S = 10  # without any dial: then the crawl has ended


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--addresses", type=int, action="append")
    parser.add_argument("--concurrency", type=int)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


class Crowd:
    """bench_crawl, and a port at which nobody answers."""

    def __init__(self, n):
        self.dead = socket.create_server(("0.0.0.0", DEAD_PORT), backlog=0)
        self.queued = socket.create_connection(("127.0.0.1", DEAD_PORT))
        program = pathlib.Path(os.environ.get("BUILD_DIR", "build"), "bench/bench_crawl")
        numbers = [n, int(n * ANSWERING), PORT, DEAD_PORT]
        self.process = subprocess.Popen(
            [program, *map(str, numbers), peers.NETWORK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addresses = list(iter(lambda: self.process.stdout.readline().strip(), "ready"))
        assert len(self.addresses) == n

    def end(self):
        report, _ = self.process.communicate("")
        self.queued.close()
        self.dead.close()
        return json.loads(report)


def book_of(addresses):
    entries = []
    for text in addresses:
        peer, endpoint = text.split("@")
        ip, port = endpoint.split(":")
        address = {"id": peer, "ip": ip, "port": int(port)}
        entries.append(
            {
                "addr": address,
                "src": address,
                "buckets": [],
                "attempts": 0,
                "bucket_type": 1,
                "last_attempt": UNSET,
                "last_success": UNSET,
                "last_ban_time": UNSET,
            }
        )
    return json.dumps({"key": "0123456789abcdef01234567", "addrs": entries})


def start_seed(home, addresses, concurrency):
    peers.run_luapex("init", "--home", home, "--network", peers.NETWORK)
    (home / "config/addrbook.json").write_text(book_of(addresses))
    settings = {
        "log_level": "info",
        "p2p.seed_mode": "true",
        "p2p.dial_timeout": f"{TIMEOUT_S}s",
        "pex.recrawl_interval": "24h",
        "pex.crawl_concurrency": str(concurrency),
        "pex.crawl_outbound_max": str(outbound_max(concurrency)),
        "pex.crawl_hold_after_list": f"{HOLD_S}s",
        "pex.dial_concurrency": str(concurrency),
        "pex.dial_rate": str(RATE),
        **BOOK,
    }
    return peers.Luapex(home, initialise=False, **settings)


def outbound_max(concurrency):
    return 4 * concurrency


def bound_s(n, concurrency):
    answering = int(n * ANSWERING)
    dialing_s = (n - answering) * TIMEOUT_S
    return max(
        n / RATE,
        dialing_s / concurrency,
        (answering * HOLD_S + dialing_s) / outbound_max(concurrency),
    )


def wait_until_all_dialed(node, n, before):
    """(Seconds from the first look on, addresses dialed by then), as they grow."""
    start = time.monotonic()
    progress = [(0, 0)]
    while progress[-1][1] < n and time.monotonic() - start - progress[-1][0] < PATIENCE_S:
        time.sleep(0.05)
        dialed = counter("ActiveOpens") - before
        if dialed > progress[-1][1]:
            progress.append((time.monotonic() - start, dialed))
        assert node.process.poll() is None, node.transcript()
    return progress


def wait_for_lists(node, expected):
    """The last that were dialed may still be about to answer; they are given some time."""
    end = time.monotonic() + PATIENCE_S
    while len(node.events("addresses received")) < expected and time.monotonic() < end:
        time.sleep(0.05)


def measure(folder, n, concurrency):
    crowd = Crowd(n)
    before = counter("ActiveOpens")
    node = start_seed(folder / f"{n}", crowd.addresses, concurrency)
    loaded = node.wait_event("book loaded")
    progress = wait_until_all_dialed(node, n, before)
    elapsed, dialed = progress[-1]
    cpu = cpu_s(node.process.pid)
    wait_for_lists(node, int(n * ANSWERING))
    passes = node.events("crawl")
    node.stop()
    answered = crowd.end()
    return {
        "addresses": n,
        "in_book": max(line["addresses"] for line in node.events("book loaded")),
        "dialed": dialed,
        "connections": answered["connections"],
        "lists": answered["requests"],
        "elapsed_s": elapsed,
        "most_s": next(at for at, dialed_then in progress if dialed_then >= 0.9 * dialed),
        "bound_s": bound_s(n, concurrency),
        "one_by_one_s": (n - int(n * ANSWERING)) * TIMEOUT_S,
        "concurrency": concurrency,
        "dialing_max": max(line["dialing"] for line in passes),
        "passes": len(passes),
        "per_s": dialed / elapsed,
        "cpu_us_each": cpu / dialed * 1e6,
    }


def rows(result):
    n, bound = result["addresses"], result["bound_s"]
    yield (f"{n:,} addresses, {result['concurrency']} dials at once: dialed", result["dialed"], "")
    yield ("  in the book at start", result["in_book"], "")
    yield ("  connected and asked", result["lists"], "")
    yield ("  time", result["elapsed_s"], "s")
    yield ("  time for nine in ten", result["most_s"], "s")
    yield ("  time that rate, timeouts and limits allow", bound, "s")
    yield ("  addresses tried in a second", result["per_s"], "")
    yield ("  CPU of an address tried", result["cpu_us_each"], "us")


def main():
    given = options()
    enter_own_network()
    runs = [(n, given.concurrency or 64) for n in given.addresses or [2000]]
    if not given.addresses:
        runs.append((20000, given.concurrency or 512))
    folder, path = new_home("crawl")
    with folder:
        results = [measure(path, n, concurrency) for n, concurrency in runs]
    show("crawl", [row for result in results for row in rows(result)], {"runs": results})


if __name__ == "__main__":
    main()
