#!/usr/bin/env python3
"""Cuts the sample of a trace into seeds: trace_seeds.py ../vectors/trace/format-N.trace

To be run when the format, and with it the sample, has changed."""

import sys
from pathlib import Path

MAGIC, FRAME = 16, 8  # bytes
SEGMENT, TAGS = 2, 5  # kinds of records
SEEDS = Path(__file__).parent / "corpus"
STEPS = 40  # of a seed


def records_of(trace):
    """Kind and body of each record behind the header."""
    records, at = [], MAGIC
    while at < len(trace):
        n = int.from_bytes(trace[at : at + 4], "little")
        records.append((trace[at + FRAME], trace[at + FRAME + 1 : at + FRAME + n]))
        at += FRAME + n
    return records[1:]


def without_frames(records):
    """What trace_replay_fuzz.c takes."""
    return b"".join(bytes([kind]) + len(body).to_bytes(3, "little") + body for kind, body in records)


def varint(data, at):
    """A number, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def policy_of(segment):
    """The snapshot of its policy behind the two limits, which script_snapshot_fuzz.c takes."""
    at = 0
    for _ in range(4):  # number, time, clock, hooks
        _, at = varint(segment, at)
    n, at = varint(segment, at)
    _, at = varint(segment, at + n)
    for _ in range(2):
        _, at = varint(segment, at)
    return segment[at:]


def write(target, seeds):
    """Whatever was there before is gone."""
    folder = SEEDS / target
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


def main():
    """The sample begins with its tags and has a segment behind them."""
    records = records_of(Path(sys.argv[1]).read_bytes())
    begins = [i for i, (kind, _) in enumerate(records) if kind == SEGMENT]
    tags, first, last = records[0], records[begins[0]], records[begins[-1]]
    seeds = {
        "snapshot": [last],
        "end": records[begins[-1] :],
        "tags": [tags, *records[begins[0] : begins[0] + STEPS]],
        "tags_behind_a_segment": [first, tags],
        "tags_by_digest": [(TAGS, bytes([1, 5, 0, 0])), first],
    }
    for number, (begin, end) in enumerate(zip(begins, begins[1:])):
        seeds[f"segment{number + 1}"] = [*records[begin:end][:STEPS], records[end]]
    write("trace_replay", {name: without_frames(some) for name, some in seeds.items()})
    policies = {f"segment{i + 1}": policy_of(records[at][1]) for i, at in enumerate(begins)}
    write("script_snapshot", policies)


if __name__ == "__main__":
    main()
