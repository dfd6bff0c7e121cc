"""Processes of the tests: luapex, the real Go peers, and the Go raw client, all on loopback.

Each prints JSON lines; a reader thread keeps them, and `wait_for` blocks until one matches.
"""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

LUAPEX = os.environ.get("LUAPEX", "build/luapex")
GOPEER_DIR = pathlib.Path(os.environ.get("GOPEER_DIR", "build/interop"))
GO_VERSIONS = ["tendermint-v0.34", "cometbft-v0.37", "cometbft-v0.38", "cometbft-v1.0"]
NETWORK = "interop-chain"


class Lines:
    """A running process and the JSON lines it has printed so far."""

    def __init__(self, arguments, **options):
        self.arguments = [str(argument) for argument in arguments]
        self.process = subprocess.Popen(
            self.arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        self.lines = []
        self.other = []
        self.changed = threading.Condition()
        self.readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, stream):
        for text in stream:
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            with self.changed:
                if isinstance(line, dict):
                    self.lines.append(line)
                else:
                    self.other.append(text)
                self.changed.notify_all()

    def wait_for(self, matches, what, timeout=30, start=0):
        """The first line from index `start` that matches; fails loudly when none comes in time."""
        deadline = time.monotonic() + timeout
        with self.changed:
            at = start
            while True:
                for line in self.lines[at:]:
                    if matches(line):
                        return line
                at = len(self.lines)
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reading()):
                    raise AssertionError(f"{what}: did not happen\n{self.transcript()}")
                self.changed.wait(min(left, 0.2))

    def _reading(self):
        return any(reader.is_alive() for reader in self.readers)

    def wait_event(self, event, timeout=30, start=0, **fields):
        return self.wait_for(
            lambda line: line.get("event") == event
            and all(line.get(key) == value for key, value in fields.items()),
            f"event {event!r} {fields}",
            timeout,
            start,
        )

    def events(self, event):
        with self.changed:
            return [line for line in self.lines if line.get("event") == event]

    def transcript(self):
        shown = [json.dumps(line) for line in self.lines[-60:]] + self.other[-40:]
        return f"{' '.join(self.arguments)}\nexit: {self.process.poll()}\n" + "\n".join(shown)

    def kill(self):
        """Ends the process as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout=15):
        """Ends the process as an operator would; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not stop in {timeout} s\n{self.transcript()}") from None
        for reader in self.readers:
            reader.join(5)
        return status


class Luapex(Lines):
    """A luapex node with a home of its own. Ready, with `id` and `addr`, once constructed."""

    def __init__(self, home, *flags, network=NETWORK, ip="127.0.0.1", initialise=True, **settings):
        self.home = pathlib.Path(home)
        if initialise:
            run_luapex("init", "--home", home, "--network", network)
        defaults = {
            "log_level": "debug",
            "p2p.laddr": f"tcp://{ip}:0",
            "p2p.addr_book_strict": "false",
            "p2p.allow_duplicate_ip": "true",
            "pex.ensure_peers_period": "1s",
            "pex.crawl_period": "1s",
            "pex.min_request_interval": "300ms",  # a third of the period, which Go peers here have too
        }
        defaults.update({key.replace("__", "."): value for key, value in settings.items()})
        given = [f"--{key}={value}" for key, value in defaults.items() if value is not None]
        super().__init__(
            [LUAPEX, "start", "--home", home, "--log_format", "json"]
            + given
            + list(flags)
        )
        self.id = run_luapex("show-node-id", "--home", home).strip()
        self.endpoint = self.wait_event("listening", timeout=20)["addr"]
        self.addr = f"{self.id}@{self.endpoint}"

    def wait_peer(self, peer_id, timeout=30, start=0, **fields):
        return self.wait_for(
            lambda line: line.get("event") == "peer added"
            and line["peer"].startswith(peer_id)
            and all(line.get(key) == value for key, value in fields.items()),
            f"peer added {peer_id} {fields}",
            timeout,
            start,
        )

    def book(self):
        """What the address book file holds, once the node has stopped or saved."""
        return json.loads((self.home / "config/addrbook.json").read_text())


class GoPeer(Lines):
    """A node of one Go version: its own switch, reactor and address book."""

    def __init__(self, version, home, *flags, network=NETWORK, **settings):
        self.version = version
        self.answers = 0
        self.home = pathlib.Path(home)
        defaults = {"allow_duplicate_ip": True, "ensure_period": "1s", "network": network}
        defaults.update(settings)
        given = [f"--{key.replace('_', '-')}={go_text(value)}" for key, value in defaults.items()]
        super().__init__([go_binary(version), "node", "--home", home] + given + list(flags))
        listening = self.wait_event("listening", timeout=20)
        self.id, self.addr = listening["id"], listening["addr"]

    def command(self, cmd, timeout=20, **fields):
        """One command and its answer."""
        self.answers += 1
        request = {"cmd": cmd, "seq": self.answers, **fields}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.wait_for(
            lambda line: line.get("event") == cmd and line.get("seq") == request["seq"],
            f"answer to {request}",
            timeout,
        )

    def peer_ids(self):
        return {peer["id"] for peer in self.command("status").get("peers") or []}


def go_text(value):
    return str(value).lower() if isinstance(value, bool) else value


def go_binary(version):
    return GOPEER_DIR.resolve() / f"gopeer-{version}"


def run_go(version, *arguments, timeout=120):
    """A Go command that ends by itself: its JSON lines and its exit status."""
    done = subprocess.run(
        [go_binary(version), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
    return lines, done.returncode, done.stderr


def go_client(version, addr, *words, network=NETWORK, timeout=60, **flags):
    """Runs the raw client through a script of words; its JSON lines."""
    given = [f"--{key.replace('_', '-')}={go_text(value)}" for key, value in flags.items()]
    lines, status, errors = run_go(
        version, "client", "--addr", addr, "--network", network, *given, *words, timeout=timeout
    )
    assert status in (0, 3), f"client {words}: exit {status}\n{errors}\n{lines}"
    return lines


def events(lines, event):
    return [line for line in lines if line.get("event") == event]


def run_luapex(*arguments, status=0, timeout=60):
    done = subprocess.run(
        [LUAPEX, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == status, f"luapex {arguments}: exit {done.returncode}\n{done.stderr}"
    return done.stdout


def eventually(check, what, timeout=30, every=0.2):
    """Until check() is true."""
    deadline = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < deadline, f"{what}: did not happen in {timeout} s"
        time.sleep(every)
