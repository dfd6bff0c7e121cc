"""A seed with a full book, crowds of clients around it, and what the system says of its process."""

import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
import peers  # noqa: E402  (the path above comes first)

HOSTILE = pathlib.Path(peers.LUAPEX).resolve().parent / "tests/hostile"
NETWORK = "hostile"
BOOK = 1100  # 23 % of it and more: answers are 250 addresses long
ANSWER = 250
PAGE = os.sysconf("SC_PAGE_SIZE")
NOBODY = "ab" * 20 + "@127.0.0.1:1"  # a seed that refuses: crawling waits for its period


def fill_book(home):
    """Addresses on loopback where nobody listens, as Go writes them."""
    addrs = []
    for i in range(BOOK):
        addr = {"id": secrets.token_hex(20), "ip": f"127.{1 + i % 200}.{1 + i // 200}.1", "port": 1}
        addrs.append(
            {
                "addr": addr,
                "src": addr,
                "buckets": [i % 256],
                "attempts": 0,
                "bucket_type": 1,
                "last_attempt": "2024-01-01T00:00:00Z",
                "last_success": "0001-01-01T00:00:00Z",
                "last_ban_time": "0001-01-01T00:00:00Z",
            }
        )
    book = {"key": secrets.token_hex(12), "addrs": addrs}
    (pathlib.Path(home) / "config/addrbook.json").write_text(json.dumps(book))


def free_port(ip):
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((ip, 0))
        return probe.getsockname()[1]


class Seed(peers.Lines):
    """A seed that crawls nobody while it is watched. It logs errors only: reading the lines about
    each client would take more of the machine than writing them."""

    def __init__(self, home, ip="127.0.0.1", before=(), **settings):
        peers.run_luapex("init", "--home", home, "--network", NETWORK)
        fill_book(home)
        endpoint = f"[{ip}]:{free_port(ip)}" if ":" in ip else f"{ip}:{free_port(ip)}"
        values = {
            "log_level": "error",
            "p2p.laddr": f"tcp://{endpoint}",
            "p2p.addr_book_strict": "false",
            "p2p.seed_mode": "true",
            "p2p.seeds": NOBODY,
            "pex.crawl_period": "24h",
        } | settings
        flags = [f"--{name}={value}" for name, value in values.items()]
        super().__init__(
            [*before, peers.LUAPEX, "start", "--home", home, "--log_format", "json", *flags]
        )
        self.addr = f"{peers.run_luapex('show-node-id', '--home', home).strip()}@{endpoint}"
        self.wait_event("no seed could be reached")


def program():
    assert HOSTILE.exists(), f"{HOSTILE} is missing: build the target `hostile`"
    return HOSTILE


def start_crowd(node, behaviour, *options, before=(), stdout=subprocess.PIPE):
    command = [*before, program(), behaviour, node.addr, NETWORK, *options]
    return subprocess.Popen([str(word) for word in command], stdout=stdout, text=True)


def end_crowd(crowd, timeout=120):
    """What became of the clients."""
    text, _ = crowd.communicate(timeout=timeout)
    assert crowd.returncode == 0, text
    return json.loads(text)


def run_crowd(node, behaviour, *options, before=()):
    return end_crowd(start_crowd(node, behaviour, *options, before=before))


def behaviours():
    text = subprocess.run([program(), "list"], check=True, capture_output=True, text=True).stdout
    return [json.loads(line)["name"] for line in text.splitlines()]


def resident_bytes(node):
    return int(pathlib.Path(f"/proc/{node.process.pid}/statm").read_text().split()[1]) * PAGE


def descriptors(node):
    return len(list(pathlib.Path(f"/proc/{node.process.pid}/fd").iterdir()))


def cpu_s(node):
    """User and system time of the node so far."""
    path = pathlib.Path(f"/proc/{node.process.pid}/schedstat")
    return int(path.read_text().split()[0]) / 1e9
