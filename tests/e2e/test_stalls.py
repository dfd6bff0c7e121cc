"""A machine that stalls: a stop of the process, longer than any fuse, fails no policy."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from nodes import LUAPEX, PATIENCE_S, Node, write_policy

TICKS = os.sysconf("SC_CLK_TCK")
STALL_S = 0.3  # an example may take 0.2 s
STALLS = 3

# The time of whoever loads it goes into its examples.
HEAVY = """
function policy.bias()
  for _ = 1, 1500000 do end
  return { new_percent = 7 }
end
policy.examples = {}
for i = 1, 100 do
  policy.examples[i] = { hook = "bias", expect = { new_percent = 7 } }
end
return policy
"""


@pytest.fixture
def heavy(tmp_path):
    path = tmp_path / "heavy.lua"
    write_policy(path, "heavy", HEAVY)
    return path


def cpu_s(process):
    numbers = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / TICKS


def stall_at_work(process):
    """Stops it a few times, each time when it has worked a little more."""
    for i in range(STALLS):
        end = time.monotonic() + PATIENCE_S
        while cpu_s(process) < 0.2 + 0.05 * i:
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        time.sleep(STALL_S)
        process.send_signal(signal.SIGCONT)


def test_a_check_passes_on_a_machine_that_stalls(heavy):
    command = [LUAPEX, "policy", "check", heavy]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        stall_at_work(process)
        output = process.stdout.read().decode()
    assert process.returncode == 0, output


def test_a_node_loads_its_policy_on_a_machine_that_stalls(new_home, heavy):
    node = Node(new_home(), "--policy.file", heavy)
    stall_at_work(node.process)
    node.wait_for("policy loaded", policy="heavy")
    assert node.stop() == 0, node.errors
