#!/usr/bin/env python3
"""The address book beside Go's in the same run, and ours alone at a million entries.

Both sides make the same calls (tests/bench/book_bench.c, `gopeer book --bench`) in turn, ROUNDS
times; medians of processor time, and of the ratios of each round. --quick leaves the million out,
--json prints one object.
"""

import json
import os
import statistics
import subprocess
import sys

from report import GO_VERSION, has_go, peers, show

ENTRIES = 16500
MILLION = 1_000_000
ROUNDS = 3

# key, what, unit, divisor, goal beside Go
TIMES = [
    ("add_ns", "add", "us", 1e3, 15),
    ("mark_good_ns", "mark good", "us", 1e3, None),
    ("pick_ns", "pick", "us", 1e3, 15),
    ("selection_ns", "selection of 250", "us", 1e3, 100),
    ("biased_selection_ns", "biased selection of 250", "us", 1e3, 100),
    ("save_ns", "JSON export, to a file", "ms", 1e6, 1),
    ("load_ns", "JSON import, from a file", "ms", 1e6, 1),
]
OURS_ONLY = [("changes_ns", "rows of 500 changes", "us", 1e3)]
START_GOAL = 15  # start from the store beside Go's load
PER_OPERATION = TIMES[:5]


def bench(name, *arguments):
    program = os.path.join(os.environ.get("BUILD_DIR", "build"), f"bench/bench_{name}")
    done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def ours(entries):
    return bench("book", "--json", "--entries", str(entries))


def go():
    lines, status, errors = peers.run_go(GO_VERSION, "book", "--bench", "--entries", ENTRIES)
    assert status == 0, errors
    return lines[-1]


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def goal(number):
    return f" (goal: {number} x)" if number else ""


def rows_beside_go(mine, theirs, result):
    for key, what, unit, divisor, wanted in TIMES:
        result[key] = middle(mine, key)
        yield (what, result[key] / divisor, unit)
        if theirs:
            result[f"go_{key}"] = middle(theirs, key)
            ratio = statistics.median(b[key] / a[key] for a, b in zip(mine, theirs))
            result[key.replace("_ns", "_ratio")] = ratio
            yield (f"  Go's book ({GO_VERSION})", result[f"go_{key}"] / divisor, unit)
            yield (f"  ours is faster{goal(wanted)}", ratio, "x")
    for key, what, unit, divisor in OURS_ONLY:
        result[key] = middle(mine, key)
        yield (what, result[key] / divisor, unit)
    result["bytes_per_entry"] = middle(mine, "bytes_per_entry")
    yield ("memory of an entry (goal: at most 300)", result["bytes_per_entry"], "bytes")
    if theirs:
        result["go_bytes_per_entry"] = middle(theirs, "heap_bytes_per_entry")
        yield ("  Go's book", result["go_bytes_per_entry"], "bytes")


def rows_of_the_store(stored, theirs, result):
    result["start_ms"] = middle(stored, "start_ms")
    result["dirty_ms"] = middle(stored, "dirty_ms")
    yield ("start from the store", result["start_ms"], "ms")
    if theirs:
        ratio = statistics.median(
            b["load_ns"] / 1e6 / a["start_ms"] for a, b in zip(stored, theirs)
        )
        result["start_ratio"] = ratio
        yield (f"  faster than Go's load{goal(START_GOAL)}", ratio, "x")
    yield ("500 changed rows written, off the loop (goal: 10 ms)", result["dirty_ms"], "ms")


def rows_of_a_million(large, result):
    result["million"] = large
    yield (f"with {MILLION:,} entries it keeps", large["size"], "entries")
    for key, what, unit, divisor, _ in PER_OPERATION:
        yield (what, large[key] / divisor, unit)
        yield (f"  of that at {ENTRIES:,} (goal: at most 3 x)", large[key] / result[key], "x")
    yield ("memory of an entry (goal: at most 300)", large["bytes_per_entry"], "bytes")


def main():
    mine, stored, theirs = [], [], []
    for _ in range(ROUNDS):
        mine.append(ours(ENTRIES))
        stored.append(bench("store"))
        if has_go():
            theirs.append(go())
    result = {"entries": ENTRIES}
    rows = list(rows_beside_go(mine, theirs, result))
    rows += rows_of_the_store(stored, theirs, result)
    if "--quick" not in sys.argv:
        rows += rows_of_a_million(ours(MILLION), result)
    show("book", rows, result)


if __name__ == "__main__":
    main()
