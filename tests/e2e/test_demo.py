"""`luapex demo`: several nodes in one process find each other over real sockets."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

from nodes import LUAPEX, PATIENCE_S, run, write_policy
from terminal import Terminal


def demo(*flags):
    return run("demo", *flags)


def start(*flags):
    return subprocess.Popen(
        [LUAPEX, "demo", *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def read_until(process, pattern):
    """Lines up to the first that matches, as a list."""
    lines = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        assert line, "ended early:\n" + "".join(lines)
        lines.append(line)
        if re.search(pattern, line):
            return lines
    raise AssertionError(f"no {pattern!r} in:\n" + "".join(lines))


def stop(process):
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE_S)
    return rest, process.returncode


def test_every_node_gets_connected():
    done = demo("--nodes", "8", "--for", "10s", "--seed", "7", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] and report["nodes"] == report["reached"] == report["connected"] == 8
    for node in report["cast"][1:]:
        assert node["peers"] >= 1 and 5 <= node["write_delay_ms"] <= 300, node
        assert node["known"] > 1, "addresses were exchanged"
    addresses = {node["address"].split(":")[0] for node in report["cast"]}
    assert len(addresses) == 9 and all(at.startswith("127.") for at in addresses)
    assert report["questions"] > 0 and report["policy_errors"] == 0


def test_the_folder_of_traces_is_made_or_taken_as_it_is(tmp_path):
    folder = tmp_path / "traces"
    for _ in range(2):
        done = demo("--nodes", "2", "--for", "100ms", "--json", "--trace", folder)
        assert done.stdout, done.stderr
        assert {"seed.trace", "node1.trace", "node2.trace"} <= {f.name for f in folder.iterdir()}
    wrong = demo("--trace", tmp_path / "no/such")
    assert wrong.returncode == 2 and "--trace: cannot make" in wrong.stderr


def test_the_seed_number_decides_the_delays():
    first, second, other = (
        json.loads(demo("--nodes", "2", "--for", "100ms", "--seed", seed, "--json").stdout)
        for seed in ("5", "5", "6")
    )

    def delays(report):
        return [node["write_delay_ms"] for node in report["cast"]]

    assert delays(first) == delays(second) != delays(other)


def test_too_short_a_run_fails_and_says_so():
    done = demo("--nodes", "2", "--for", "1ms")
    assert done.returncode == 1
    assert "Not all are connected" in done.stdout


def test_lines_without_a_terminal_and_a_summary():
    process = start("--nodes", "3", "--for", "0s")
    lines = read_until(process, r"node\d +peer added: ")
    rest, status = stop(process)
    text = "".join(lines) + rest
    assert status in (0, 1) and "\x1b" not in text
    assert "policy " in text and re.search(r"\d of 3 nodes are connected", rest)


def policy_path(lines):
    return Path(next(re.search(r"policy +(/\S+)", line) for line in lines if "policy" in line)[1])


def test_saving_the_policy_reloads_it_and_it_is_kept():
    process = start("--nodes", "2", "--for", "0s")
    path = policy_path(read_until(process, r"^policy "))
    read_until(process, "peer added")
    path.write_text(path.read_text() + "\n-- edited\n")
    read_until(process, "policy loaded")
    path.write_text("this is not Lua")
    read_until(process, "policy not loaded: policy.lua:1: ")
    rest, _ = stop(process)
    assert "loaded again 1 times, refused 1 times" in rest and f"kept: {path}" in rest
    assert re.search(r"not loaded: +policy.lua:1: ", rest)
    assert path.exists()


def failing_policy(path):
    rule = "return view.now ~= 1.7e9 and view.nothing or nil"  # that is the time of its trial
    write_policy(path, "mine", f"function policy.ask(view) {rule} end\nreturn policy")


def test_a_policy_that_fails_is_taken_back_and_that_is_told(tmp_path):
    file = tmp_path / "mine.lua"
    write_policy(file, "mine")
    process = start("--nodes", "2", "--for", "0s", "--policy", str(file))
    read_until(process, "peer added")
    failing_policy(file)
    told = read_until(process, "policy taken back: ")[-1]
    assert re.search(r"node\d +policy taken back: .*mine.lua:\d+: ", told), told
    rest, _ = stop(process)
    assert re.search(r"policy file: .* taken back [12] times", rest), rest
    assert re.search(r"^  taken back: +.*mine.lua:\d+: ", rest, re.MULTILINE), rest


def test_an_untouched_policy_is_removed_with_its_folder():
    process = start("--nodes", "2", "--for", "0s")
    path = policy_path(read_until(process, r"^policy "))
    read_until(process, "peer added")
    stop(process)
    assert not path.parent.exists()


def test_a_given_policy_is_used(tmp_path):
    file = tmp_path / "mine.lua"
    file.write_text(
        'local policy = pex.policy { name = "mine", version = 1, extends = "default" }\n'
        'function policy.select(view) pex.log("asked") return nil end\n'
        "return policy\n"
    )
    file.chmod(0o644)
    done = demo("--nodes", "3", "--for", "6s", "--policy", str(file))
    assert str(file) in done.stdout, done.stdout + done.stderr
    assert file.exists() and "0 errors" in done.stdout


def test_a_broken_policy_is_refused_with_file_and_line(tmp_path):
    file = tmp_path / "mine.lua"
    file.write_text("local a\nlocal b = = 1\n")
    file.chmod(0o644)
    done = demo("--policy", str(file), "--for", "1s")
    assert done.returncode == 1 and "mine.lua:2" in done.stderr, done.stderr


def test_wrong_usage_is_2():
    for flags in (["--nodes", "1"], ["--nodes", "x"], ["--for", "soon"], ["--bogus"]):
        done = demo(*flags)
        assert done.returncode == 2 and done.stderr, flags


def test_a_terminal_gets_a_table():
    leader, follower = pty.openpty()
    os.set_blocking(leader, False)
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [LUAPEX, "demo", "--nodes", "3", "--for", "3s"], stdout=follower, stderr=follower
    )
    os.close(follower)
    text = b""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        select.select([leader], [], [], 1)
        try:
            chunk = os.read(leader, 65536)
        except BlockingIOError:
            continue
        except OSError:
            break
        if not chunk:
            break
        text += chunk
    os.close(leader)
    process.wait(timeout=PATIENCE_S)
    screen = text.decode()
    assert "\x1b[6A" in screen, "the table is drawn over itself"
    for line in re.split(r"[\r\n]+", screen):
        assert len(re.sub(r"\x1b\[\d*[A-Z]", "", line)) < 120, line
    assert "last event" in screen and "node3" in screen


def test_a_small_terminal_shows_why_a_policy_is_refused(tmp_path):
    file = tmp_path / "mine.lua"
    write_policy(file, "mine")
    terminal = Terminal(
        [LUAPEX, "demo", "--nodes", "3", "--for", "0s", "--policy", file], columns=80, rows=24
    )
    try:
        terminal.wait_for("node3")
        terminal.wait_for(r"(?m)^node\d .{72}~$")  # what is cut has a sign
        file.write_text("local a\nlocal b = = 1\n")
        terminal.wait_for(r"not loaded, the one before decides: mine.lua:2: ")
        write_policy(file, "mine")
        terminal.wait_until(
            lambda: "not loaded" not in terminal.screen.text.split("refused 1 times")[-1],
            "the trouble is still told",
        )
        failing_policy(file)
        terminal.wait_for("policy taken back, the one before decides: ")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() in (0, 1) and not terminal.screen.unknown
    finally:
        terminal.close()


def test_homes_are_kept_and_can_be_asked(tmp_path):
    homes = tmp_path / "homes"
    process = start("--nodes", "2", "--for", "0s", "--homes", str(homes))
    read_until(process, "peer added")
    asked = run("ctl", "--home", homes / "node1", "--json", "status")
    stop(process)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["moniker"] == "node1"
    assert (homes / "seed" / "config" / "config.toml").exists()
    again = demo("--homes", str(homes))
    assert again.returncode == 1 and "cannot make" in again.stderr
    assert (homes / "seed").exists(), "what was there stays"
