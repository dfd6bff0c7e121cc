#!/usr/bin/env python3
"""A node under churn for a long time: does its memory or its number of descriptors grow?

First clients of 70,000 identities ask, so that the tables which remember peers are full, as is the
book. Then every ten seconds one cycle: the policy file changes and is loaded, sixty connections
come, are held and go, two hundred clients ask and leave, three misbehave, one Go node comes and the
oldest goes. Nobody comes twice. At the end of a cycle, when all but the Go nodes have gone, memory
and descriptors are sampled.

    soak.py [--minutes 30] [--json]

The first quarter is warm-up. It fails (exit status 1) if the median of the last quarter is above
that of the second by more than GROWTH_MAX bytes of resident memory or DESCRIPTORS_MAX descriptors,
if the node ends, or if a policy was not loaded or failed. Runs in a network of its own, for the book
holds addresses that nobody owns.
"""

import argparse
import collections
import os
import shutil
import statistics
import sys
import time

from network import enter_own_network
from report import GO_VERSION, cpu_s, has_go, new_home, peers, resident_bytes, show

CYCLE_S = 10
HELD, ASKING, AT_ONCE, GO_NODES = 60, 200, 8, 3
BOOK = 16000
FILL = 70000  # more than HISTORY_MAX of core/node/state.h
WARM_UP = 0.25
GROWTH_MAX = 2 << 20
DESCRIPTORS_MAX = 4
POLICY = """
local policy = pex.policy {{ name = "soak", version = 1, extends = "default" }}
function policy.bias(view)
  policy.state.asked = (policy.state.asked or 0) + 1
  return {{ new_percent = {cycle} % 100 }}
end
return policy
"""
MISBEHAVIOUR = ["addrs:3", "bad-ip", "undecodable"]

Sample = collections.namedtuple("Sample", "minute resident descriptors cpu_s")


class Node(peers.Luapex):
    """The node that is watched; it forgets lines once they were counted."""

    def __init__(self, home, policy, **settings):
        self.seen, self.policies = collections.Counter(), set()
        super().__init__(
            home,
            initialise=False,
            **{
                "log_level": "info",
                "policy.file": str(policy),
                "p2p.max_num_inbound_peers": "300",
                "p2p.max_num_outbound_peers": str(GO_NODES),
                **settings,
            },
        )

    def count_lines(self):
        with self.changed:
            for line in self.lines:
                self.seen[line.get("event")] += 1
                if line.get("event") == "policy loaded" and "hash" in line:
                    self.policies.add(line["hash"])
            self.lines.clear()

    def sample(self, since):
        pid = self.process.pid
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        return Sample((time.monotonic() - since) / 60, resident_bytes(pid), descriptors, cpu_s(pid))


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def write_policy(path, cycle):
    draft = path.with_suffix(".draft")
    draft.write_text(POLICY.format(cycle=cycle))
    draft.chmod(0o644)
    draft.replace(path)


def start_hold(node, cycle):
    program = peers.go_binary(GO_VERSION)
    base = f"127.{cycle % 200 + 1}.0.0"
    return peers.Lines(
        [program, "hold", "--addr", node.addr, "--count", HELD, "--network", peers.NETWORK]
        + ["--source-ip-base", base]
    )


def ask(node, clients):
    lines, status, errors = peers.run_go(
        GO_VERSION, "bench-seed-client", "--addr", node.addr, "--clients", AT_ONCE,
        "--total", clients, "--network", peers.NETWORK, timeout=600,
    )  # fmt: skip
    assert status == 0, errors
    return lines[-1]["ok"]


def churn(node, go_nodes, home, cycle):
    """Everything that comes and goes in one cycle; the number of clients that were answered."""
    holder = start_hold(node, cycle)
    go = peers.GoPeer(
        GO_VERSION, home / f"go-{cycle}", persistent_peers=node.addr, moniker=f"go-{cycle}"
    )
    go_nodes.append(go)
    answered = ask(node, ASKING)
    for word in MISBEHAVIOUR:
        peers.go_client(GO_VERSION, node.addr, word, "wait-close:5s")
    holder.wait_event("holding", timeout=60)
    holder.process.stdin.close()
    holder.process.wait(30)
    if len(go_nodes) > GO_NODES:
        leaving = go_nodes.popleft()
        leaving.stop()
        shutil.rmtree(leaving.home)
    return answered


def go_on_until(moment):
    time.sleep(max(0, moment - time.monotonic()))


def soak(node, policy, home, minutes):
    go_nodes, samples, answered, cycles = collections.deque(), [], 0, 0
    start = time.monotonic()
    while time.monotonic() - start < minutes * 60:
        cycle_ends = time.monotonic() + CYCLE_S
        write_policy(policy, cycles)
        answered += churn(node, go_nodes, home, cycles)
        go_on_until(cycle_ends)
        assert node.process.poll() is None, f"the node ended\n{node.transcript()}"
        node.count_lines()
        samples.append(node.sample(start))
        cycles += 1
    for go in go_nodes:
        go.stop()
    return samples, answered, cycles


def made_book(home):
    """A nearly full book, so that what grows is not just the book."""
    file = home / "config/addrbook.json"
    _, status, errors = peers.run_go(GO_VERSION, "book", "--file", file, "make", "--entries", BOOK)
    assert status == 0, errors


def quarters(samples, field):
    """Medians of the second and of the last quarter."""
    values = [getattr(sample, field) for sample in samples[int(len(samples) * WARM_UP) :]]
    third = max(len(values) // 3, 1)
    return statistics.median(values[:third]), statistics.median(values[-third:])


def verdict(samples, node, cycles):
    """What speaks against the node, in words."""
    early, late = quarters(samples, "resident")
    if late - early > GROWTH_MAX:
        yield f"resident memory grew by {late - early:,.0f} bytes after the warm-up"
    early, late = quarters(samples, "descriptors")
    if late - early > DESCRIPTORS_MAX:
        yield f"descriptors grew from {early:.0f} to {late:.0f} after the warm-up"
    if len(node.policies) < cycles:
        yield f"only {len(node.policies)} of {cycles} policies were loaded"
    if node.seen["policy call failed"] > 0:
        yield f"{node.seen['policy call failed']} calls of a policy failed"


def print_table(samples):
    print(f"{'minute':>8}{'resident KiB':>14}{'descriptors':>13}{'CPU s':>9}")
    step = max(len(samples) // 30, 1)
    for sample in samples[step - 1 :: step]:
        kib = sample.resident / 1024
        print(f"{sample.minute:8.1f}{kib:14,.0f}{sample.descriptors:13}{sample.cpu_s:9.2f}")


def main():
    given = options()
    if not has_go():
        sys.exit("soak: the peers are Go's; run ./dev bench with Go on PATH")
    enter_own_network()
    folder, home = new_home("soak")
    with folder:
        peers.run_luapex("init", "--home", home / "luapex", "--network", peers.NETWORK)
        made_book(home / "luapex")
        policy = home / "soak.lua"
        write_policy(policy, 0)
        node = Node(home / "luapex", policy)
        ask(node, FILL)
        samples, answered, cycles = soak(node, policy, home, given.minutes)
        status = node.stop()
        node.count_lines()
    problems = list(verdict(samples, node, cycles))
    if status != 0:
        problems.append(f"the node ended with status {status}")
    report(given, samples, node, answered, cycles, problems)
    sys.exit(1 if problems else 0)


def report(given, samples, node, answered, cycles, problems):
    resident, descriptors = quarters(samples, "resident"), quarters(samples, "descriptors")
    if not given.json:
        print_table(samples)
    show(
        "soak",
        [
            ("cycles of churn", cycles, ""),
            ("clients that asked and were answered", answered, ""),
            ("peers added", node.seen["peer added"], ""),
            ("peers banned", node.seen["peer banned"], ""),
            ("policies loaded", len(node.policies), ""),
            ("resident, second quarter", resident[0] / 1024, "KiB"),
            ("resident, last quarter", resident[1] / 1024, "KiB"),
            ("growth of resident memory", (resident[1] - resident[0]) / 1024, "KiB"),
            (f"  at most {GROWTH_MAX >> 10:,}", GROWTH_MAX / 1024, "KiB"),
            ("descriptors, second quarter", descriptors[0], ""),
            ("descriptors, last quarter", descriptors[1], ""),
        ],
        {
            "minutes": given.minutes,
            "cycles": cycles,
            "answered": answered,
            "events": dict(node.seen),
            "samples": [sample._asdict() for sample in samples],
            "problems": problems,
        },
    )
    for problem in problems:
        print(f"soak: {problem}", file=sys.stderr)


if __name__ == "__main__":
    main()
