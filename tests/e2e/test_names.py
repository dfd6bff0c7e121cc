"""Host names in listen addresses: looked up before the start, all at once, for a bounded time."""

import json
import shutil
import signal
import subprocess
import sys

import pytest
from nodes import LUAPEX, PATIENCE_S

# A network and an /etc/resolv.conf of its own: a server that reads no question, asked for long.
SILENT_SERVER = """
import os, pathlib, socket, subprocess, sys
conf = pathlib.Path(sys.argv[1])
conf.write_text("nameserver 127.0.0.1\\noptions timeout:30 attempts:5\\n")
subprocess.run(["mount", "--bind", conf, "/etc/resolv.conf"], check=True)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
server.set_inheritable(True)
os.execv(sys.argv[2], sys.argv[2:])
"""
OWN_NETWORK = ["unshare", "--map-root-user", "--net", "--mount"]


def namespaces_work():
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run([*OWN_NETWORK, "true"], check=False).returncode == 0


@pytest.fixture
def start_unheard(tmp_path):
    """start_unheard(HOMES...) -> a process with a node for each, where nobody answers about names."""
    started = []

    def make(*homes):
        program = [LUAPEX, "start", "--log_format", "json"]
        wrap = [*OWN_NETWORK, sys.executable, "-c", SILENT_SERVER, str(tmp_path / "resolv.conf")]
        started.append(
            subprocess.Popen(
                wrap + program + [word for home in homes for word in ("--home", str(home))],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield make
    for process in started:
        process.kill()
        process.wait()


needs_namespaces = pytest.mark.skipif(
    not namespaces_work(), reason="no network namespace of its own to be had here"
)


@needs_namespaces
def test_a_silent_name_server_delays_all_homes_once_and_a_stop_does_not_wait(
    start_unheard, named_home
):
    names = ["a.invalid.test", "b.invalid.test"]
    homes = [
        named_home(name, "net", "--p2p.external_address", f"{name}:26656", "--p2p.pex=false")
        for name in names
    ]
    process = start_unheard(*homes)
    lines = []
    for text in process.stdout:
        lines.append(json.loads(text))
        if [line["event"] for line in lines].count("listening") == 2:
            break
    told = [(line["event"], line["name"]) for line in lines if "name" in line]
    asked, failed = "looking up a name before the start", "name does not resolve"
    assert told == [(event, name) for event in (asked, failed) for name in names]
    assert {line["error"] for line in lines if line["event"] == failed} == {
        "no answer within 10 s"
    }
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert json.loads(rest.splitlines()[-1])["event"] == "leaving while a name look-up still runs"


def test_a_listen_address_that_does_not_resolve_names_its_setting(start):
    node = start("--p2p.laddr", "tcp://nowhere.invalid:26656")
    assert node.end() == 1
    assert "p2p.laddr: the name nowhere.invalid does not resolve" in node.errors
    assert node.wait_for("name does not resolve")["setting"] == "p2p.laddr"


def test_a_name_of_this_machine_is_listened_at(start):
    node = start("--p2p.laddr", "tcp://localhost:0")
    assert node.wait_for("listening")["addr"].rpartition(":")[0] in ("127.0.0.1", "[::1]")
