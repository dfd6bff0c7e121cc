"""Nodes whose home is on a small file system, which a test fills or makes read-only."""

import os
import subprocess
import time

import pytest
from nodes import LOOPBACK, LUAPEX, QUIET, Node, kill


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB that only this test and its nodes see."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("mount namespaces are not permitted here")
        pytest.skip("mount namespaces are not permitted here")
    holder = subprocess.Popen(["unshare", "-m", "sleep", "600"])
    folder = tmp_path / "disk"
    folder.mkdir()
    inside = ["nsenter", "-m", "-t", str(holder.pid)]
    deadline = time.monotonic() + 20
    own = os.readlink("/proc/self/ns/mnt")
    while os.readlink(f"/proc/{holder.pid}/ns/mnt") == own and time.monotonic() < deadline:
        time.sleep(0.01)

    def command(*arguments):
        return subprocess.run([*inside, *map(str, arguments)], check=True, capture_output=True)

    command("mount", "-t", "tmpfs", "-o", "size=2m", "none", folder)
    yield folder, command, inside
    holder.kill()
    holder.wait()


@pytest.fixture
def begin_inside(small_disk, new_home, monkeypatch):
    folder, command, inside = small_disk
    wrapper = folder.parent / "inside"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(inside)} {LUAPEX} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr("nodes.LUAPEX", str(wrapper))
    nodes = []

    def make(*flags):
        nodes.append(Node(folder / "home", *LOOPBACK, *QUIET, "--log_level", "debug", *flags))
        return nodes[-1]

    yield make
    for node in nodes:
        if node.process.poll() is None:
            kill(node)


def fill(folder, command):
    command("sh", "-c", f"cat /dev/zero > {folder}/filler 2> /dev/null || true")
