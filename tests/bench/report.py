"""What the benchmarks share: processes to measure, and a table for people or JSON for machines."""

import json
import os
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
import peers  # noqa: E402  (the path above comes first)

GO_VERSION = "cometbft-v0.38"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def has_go():
    return peers.go_binary(GO_VERSION).exists()


def new_home(name):
    folder = tempfile.TemporaryDirectory(prefix=f"luapex-bench-{name}-")
    return folder, pathlib.Path(folder.name)


def cpu_s(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def median_ratio(ours, theirs):
    """The median over pairs measured in turn, so that a busy machine does not decide."""
    return statistics.median(one / other for one, other in zip(ours, theirs))


def show(title, rows, result):
    """rows: (what, value, unit). With --json one object instead."""
    if "--json" in sys.argv:
        print(json.dumps({"bench": title, **result}))
        return
    print(title)
    for what, value, unit in rows:
        number = f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
        print(f"  {what:<52}{number:>12} {unit}")
