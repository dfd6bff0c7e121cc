"""policies/README.md, "Your first policy in ten minutes": every step does as it says."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

from nodes import LUAPEX, PATIENCE_S

README = Path(__file__).parents[2] / "policies" / "README.md"
SECOND_TERMINAL = "# second terminal\n"


def blocks():
    """The tutorial's blocks in order: (language, text)."""
    tutorial = README.read_text().split("## Your first policy", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", tutorial, re.DOTALL | re.MULTILINE)


class Terminals:
    """A folder with luapex on the PATH, and what runs in the second terminal."""

    def __init__(self, folder):
        bin_folder = folder / "bin"
        self.folder = folder / "work"
        bin_folder.mkdir()
        self.folder.mkdir()
        (bin_folder / "luapex").symlink_to(LUAPEX)
        self.env = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
        self.second = None

    def run(self, command):
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def start(self, command):
        self.second = subprocess.Popen(
            ["bash", "-c", "exec " + command.removeprefix(SECOND_TERMINAL)],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.DEVNULL,
        )

    def look(self, command):
        """Until there are peers to see: at first there are none, and later they come and go."""
        deadline = time.monotonic() + PATIENCE_S
        while "127." not in (result := self.run(command)).stdout:
            assert time.monotonic() < deadline, f"{command}: {result.stdout}{result.stderr}"
            time.sleep(0.2)
        return result

    def generation(self):
        shown = self.run("luapex ctl --home demo/node1 --json policy").stdout
        return json.loads(shown)["generation"]

    def repair(self, command):
        """Saves a sound policy; the node follows after a moment of quiet."""
        before = self.generation()
        result = self.run(command)
        deadline = time.monotonic() + PATIENCE_S
        while self.generation() == before:
            assert time.monotonic() < deadline, "the file was not loaded again"
            time.sleep(0.1)
        return result

    def stop(self):
        if self.second:
            self.second.terminate()
            self.second.wait(timeout=PATIENCE_S)


def follow(terminals):
    """Does what the tutorial says, line by line; returns each line with what came of it."""
    done = []
    ways = {"view.pears/view.peers": terminals.repair, "node1 peers": terminals.look}
    for language, text in blocks():
        if language == "lua":
            (terminals.folder / re.match(r"-- (\w+\.lua):", text)[1]).write_text(text)
        elif text.startswith(SECOND_TERMINAL):
            terminals.start(text)
        else:
            for line in text.splitlines():
                special = [way for part, way in ways.items() if part in line]
                done.append((line, (special or [terminals.run])[0](line)))
    return done


def find(done, part, nth=0):
    return [result for line, result in done if part in line][nth]


def test_tutorial_does_as_it_says(tmp_path):
    terminals = Terminals(tmp_path)
    try:
        done = follow(terminals)
    finally:
        terminals.stop()
    for line, result in done:
        assert result.returncode == ("# fails" in line), line + "\n" + result.stdout + result.stderr
    assert find(done, "policy check", 1).stdout == "near.lua: 3 examples passed\n"
    assert "127." in find(done, "peers").stdout
    assert "near" in find(done, "node1 policy").stdout
    assert "127.4.0.1" in find(done, "explain").stdout
    assert re.search(r"slow_ms +400 ", find(done, "params").stdout)
    assert re.match(r"near\.lua:\d+: ", find(done, "# fails").stderr)
    assert "near" in find(done, "# still answers").stdout
    assert "tendermint" in find(done, "policy load").stdout
    assert "near" in find(done, "rollback").stdout
    assert "latency" in find(done, "policy shadow", 1).stdout


def test_tutorial_has_its_steps():
    text = "".join(text for _, text in blocks())
    steps = "new check demo explain set rollback shadow"
    missing = [step for step in steps.split() if f" {step} " not in text.replace("\n", " ")]
    assert not missing
