"""The program under test and nodes of it, on loopback; what several tests here share."""

import json
import os
import signal
import subprocess
import threading
import time

LUAPEX = os.path.abspath(os.environ.get("LUAPEX", "build/luapex"))
PATIENCE_S = 60
NETWORK = "e2e"
LOOPBACK = ["--p2p.laddr", "tcp://127.0.0.1:0", "--p2p.addr_book_strict=false"]
QUIET = ["--p2p.max_num_outbound_peers", "0", "--pex.startup_spread", "0s"]


def run(*arguments, **options):
    return subprocess.run(
        [LUAPEX, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        **options,
    )


def make_home(path, *flags, network=NETWORK):
    made = run("init", "--home", path, "--network", network, *flags)
    assert made.returncode == 0, made.stderr
    return path


class Node:
    """A running node; its log lines as dictionaries."""

    def __init__(self, home, *flags, before=None):
        self.home = home
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [LUAPEX, "start", "--home", str(home), "--log_format", "json", *map(str, flags)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for text in self.process.stdout:
            with self.changed:
                self.lines.append(json.loads(text))
                self.changed.notify_all()

    def wait_for(self, event, times=1, **fields):
        """The line of the event that many times after the start, with these fields."""
        wanted = {"event": event, **fields}

        def found():
            lines = [line for line in self.lines if wanted.items() <= line.items()]
            return lines[times - 1 : times]

        with self.changed:
            assert self.changed.wait_for(found, PATIENCE_S), (wanted, times, self.lines)
            return found()[0]

    @property
    def addr(self):
        return addr_of(self)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.end()

    def end(self):
        status = self.process.wait(PATIENCE_S)
        self.errors = self.process.stderr.read()
        return status

    def book(self):
        return json.loads((self.home / "config/addrbook.json").read_text())


def kill(node):
    node.process.kill()
    node.process.wait()


def addr_of(node, **fields):
    """ID@ip:port where it listens; with several homes, `fields` say which (see `of`)."""
    line = node.wait_for("listening", **fields)
    return f"{line['id']}@{line['addr']}"


def of(home):
    """The fields of log lines that are of this one of several homes."""
    return {"home": str(home)}


def write_policy(path, name, text="return policy"):
    first = f'local policy = pex.policy {{ name = "{name}", version = 1, extends = "default" }}'
    path.write_text(f"{first}\n{text}\n")
    path.chmod(0o644)


def wait_for_file(path):
    end = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.01)
