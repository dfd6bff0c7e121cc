#!/usr/bin/env python3
"""How soon a saved policy is live, and how long the loop stands still for it.

200 peers ask a node with a full book at the pace that is allowed, by turns without and with one
reload after the other; each renames a new policy over the old. Meanwhile another process asks for
`status` on the control socket a millisecond after each answer. A stall is one answer's time, of each
reload the longest; beside it stands what the loop's thread worked in that time, which other programs
on the machine do not change (to the tick of the system's clock, some 4 ms, in the rare worst case).

Goals: live at most 50 ms after the quiet time that follows the last write (150 ms), a reload stalls
the loop for at most 5 ms. --quick reloads fewer times, --json prints one object.
"""

import array
import bisect
import multiprocessing
import os
import pathlib
import signal
import socket
import statistics
import sys
import time

from report import new_home, show

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import hostile_lab as lab  # noqa: E402  (the path above comes first)

ROUNDS = 4
RELOADS = 10 if "--quick" in sys.argv else 50  # in a round
PEERS = 200
INTERVAL_MS, PACE_MS = 300, 330
QUIET_NS = 150_000_000  # QUIET_MS of lua/ops/watch.lua
NAP_S = 0.001
MS = 1e6
POLICY = """
local policy = pex.policy {{ name = "reload", version = {number}, extends = "default" }}
policy.state = {{ calls = 0 }}
function policy.migrate(old) return old end
function policy.share(view)
  policy.state.calls = policy.state.calls + 1
  return {{ count = 100, new_percent = -1 }}
end
return policy
"""


def write_policy(path, number):
    draft = path.with_suffix(".draft")
    draft.write_text(POLICY.format(number=number))
    draft.chmod(0o644)
    draft.replace(path)


def start_node(home, policy):
    lab.peers.run_luapex("init", "--home", home, "--network", lab.NETWORK)
    lab.fill_book(home)
    return lab.peers.Luapex(
        home,
        initialise=False,
        network=lab.NETWORK,
        log_level="info",
        policy__file=str(policy),
        p2p__max_num_inbound_peers=PEERS + 10,
        p2p__max_num_outbound_peers=0,
        p2p__allow_duplicate_ip="false",
        pex__min_request_interval=f"{INTERVAL_MS}ms",
        pex__ip_answers_per_s=1000,
    )


def start_peers(node):
    peers = lab.start_crowd(
        node, "serve", "--at-once", PEERS, "--total", PEERS, "--pace-ms", PACE_MS,
        "--every-us", PACE_MS * 1000 // PEERS, "--seconds", 3600,
        "--from", "127.68.1.1", "--from-n", PEERS, stdout=lab.subprocess.DEVNULL,
    )  # fmt: skip
    lab.peers.eventually(lambda: len(node.events("peer added")) == PEERS, "peers come", 60)
    return peers


def probe(path, pid, results):
    """Asks until SIGTERM: when, how long it took, what the loop's thread worked in that time, all
    in ns by the monotonic clock."""
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    asked, took, worked = (array.array("q") for _ in range(3))
    stat = os.open(f"/proc/{pid}/task/{pid}/schedstat", os.O_RDONLY)
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(path))
    lines = made.makefile("rb")
    while not over:
        before = int(os.pread(stat, 100, 0).split()[0])
        start = time.monotonic_ns()
        made.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
        lines.readline()
        took.append(time.monotonic_ns() - start)
        worked.append(int(os.pread(stat, 100, 0).split()[0]) - before)
        asked.append(start)
        time.sleep(NAP_S)
    results.send((asked, took, worked))


class Prober:
    def __init__(self, node):
        self.results, theirs = multiprocessing.Pipe()
        arguments = (node.home / "luapex.sock", node.process.pid, theirs)
        self.process = multiprocessing.get_context("fork").Process(target=probe, args=arguments)
        self.process.start()

    def stop(self):
        self.process.terminate()
        found = self.results.recv()
        self.process.join()
        return found


def reload(node, policy, number):
    """Until it is live: when it was written, and when it was live."""
    start = len(node.lines)
    write_policy(policy, number)
    written = time.monotonic_ns()
    node.wait_event("policy loaded", start=start, version=number)
    return written, time.monotonic_ns()


def longest(found, windows):
    """Of each window, the longest answer and the most work in one."""
    asked, took, worked = found
    for start, end in windows:
        low, high = bisect.bisect_left(asked, start), bisect.bisect_right(asked, end)
        if low < high:
            yield max(took[low:high]) / MS, max(worked[low:high]) / MS


def measure(node, policy):
    prober, reloads, calm = Prober(node), [], []
    number = 1
    for _ in range(ROUNDS):
        for _ in range(RELOADS):
            number += 1
            reloads.append(reload(node, policy, number))
        mean = sum(live - written for written, live in reloads) // len(reloads)
        for _ in range(RELOADS):
            start = time.monotonic_ns()
            time.sleep(mean / 1e9)
            calm.append((start, start + mean))
    found = prober.stop()
    return reloads, {
        name: list(zip(*longest(found, windows)))
        for name, windows in (("reloads", reloads), ("calm", calm))
    }, len(found[0])


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def summary(values):
    return {
        "median_ms": statistics.median(values),
        "p95_ms": percentile(values, 0.95),
        "max_ms": max(values),
    }


def main():
    folder, home = new_home("reload")
    with folder:
        policy = home / "reload.lua"
        write_policy(policy, 1)
        node = start_node(home / "node", policy)
        peers = start_peers(node)
        reloads, stalls, probes = measure(node, policy)
        failed = len(node.events("policy call failed"))
        peers.terminate()
        peers.wait()
        node.stop()
    live = summary([(live - written - QUIET_NS) / MS for written, live in reloads])
    result = {"reloads": len(reloads), "probes": probes, "failed_calls": failed, "live": live}
    rows = [
        ("reloads", len(reloads), ""),
        ("probes of the loop", probes, ""),
        ("live after the quiet time, median", live["median_ms"], "ms"),
        ("  95th percentile", live["p95_ms"], "ms"),
        ("  longest (goal: at most 50)", live["max_ms"], "ms"),
    ]
    for name, text in (("calm", "without reloads"), ("reloads", "during a reload")):
        took, worked = (summary(values) for values in stalls[name])
        result[name] = {"stall": took, "work": worked}
        rows += [
            (f"longest answer {text}, median", took["median_ms"], "ms"),
            ("  95th percentile", took["p95_ms"], "ms"),
            ("  longest of all", took["max_ms"], "ms"),
            ("  work of the loop in one answer, median", worked["median_ms"], "ms"),
            ("  95th percentile", worked["p95_ms"], "ms"),
            ("  most of all (goal: at most 5)", worked["max_ms"], "ms"),
        ]
    show("reload", rows, result)


if __name__ == "__main__":
    main()
