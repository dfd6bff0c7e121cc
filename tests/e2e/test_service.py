"""The node as a service: readiness, watchdog, journal, and the restrictions of its unit."""

import os
import re
import shutil
import signal
import socket
import subprocess

import pytest
from nodes import LOOPBACK, LUAPEX, PATIENCE_S, Node, addr_of, run
from service_sandbox import UNIT, missing, sandbox

EXPOSURE_MAX = 1.5  # of 10; systemd calls up to 2.0 OK


@pytest.fixture
def launch(new_home):
    processes = []

    def make(*flags, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **variables):
        process = subprocess.Popen(
            [LUAPEX, "start", "--home", new_home(), *LOOPBACK, *flags],
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, **variables},
        )
        processes.append(process)
        return process

    yield make
    for process in processes:
        process.kill()
        process.wait()


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """The socket of a service manager, and the value of NOTIFY_SOCKET that leads to it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"\0luapex-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.settimeout(PATIENCE_S)
        heard.bind(name)
        yield heard, name.replace("\0", "@")


def test_a_manager_is_told_of_start_life_and_end(launch, manager):
    heard, name = manager
    process = launch(NOTIFY_SOCKET=name, WATCHDOG_USEC="100000")
    assert heard.recv(100) == b"READY=1"
    assert [heard.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    stop(process)
    while (told := heard.recv(100)) == b"WATCHDOG=1":
        pass
    assert told == b"STOPPING=1"


def test_a_watchdog_of_another_process_is_not_fed(launch, manager):
    heard, name = manager
    process = launch(NOTIFY_SOCKET=name, WATCHDOG_USEC="2000", WATCHDOG_PID="1")
    assert heard.recv(100) == b"READY=1"
    stop(process)
    assert heard.recv(100) == b"STOPPING=1"


def test_a_node_that_cannot_start_is_never_ready(launch, manager):
    heard, name = manager
    process = launch("--p2p.laddr", "tcp://192.0.2.1:1", NOTIFY_SOCKET=name)
    assert process.wait(PATIENCE_S) == 1
    heard.setblocking(False)
    with pytest.raises(BlockingIOError):
        heard.recv(100)


@pytest.mark.parametrize("is_journal", [True, False])
def test_lines_for_the_journal_begin_with_their_level(launch, is_journal):
    reader, writer = os.pipe()
    found = os.fstat(writer)
    stream = f"{found.st_dev}:{found.st_ino if is_journal else found.st_ino + 1}"
    process = launch(stdout=writer, JOURNAL_STREAM=stream)
    os.close(writer)
    with os.fdopen(reader) as log:
        first = log.readline()
        assert first.startswith("<6>time=" if is_journal else "time=")
        stop(process)


# ---- the unit ------------------------------------------------------------------------------------


@pytest.fixture
def unit(tmp_path):
    """The unit as it is installed, with the program under test."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze (Debian: systemd) is not installed")
    text = UNIT.read_text().replace("@LUAPEX_STATE@", "/var/lib/luapex")
    program = os.path.realpath(LUAPEX)
    path = tmp_path / "luapex.service"
    path.write_text(text.replace("@CMAKE_INSTALL_FULL_BINDIR@/luapex", program))
    return path


def analyze(*arguments):
    done = subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_systemd_finds_nothing_wrong_with_the_unit(unit):
    status, text = analyze("verify", "--man=no", unit)
    told = [line for line in text.splitlines() if "luapex.service" in line]
    assert (status, told) == (0, []), text


def test_the_unit_is_not_exposed(unit):
    status, text = analyze("security", "--offline=true", "--no-pager", unit)
    exposure = float(re.search(r"Overall exposure level .*: ([\d.]+)", text)[1])
    assert status == 0 and exposure <= EXPOSURE_MAX, text


@pytest.fixture
def restricted(monkeypatch):
    if why := missing():
        pytest.skip(why)
    options = os.environ.get("ASAN_OPTIONS", "")
    monkeypatch.setenv("ASAN_OPTIONS", options + ":detect_leaks=0")  # which would need ptrace
    return sandbox()


def test_the_restrictions_hold(restricted):
    script = "import ctypes, socket, mmap, os\n" + "\n".join(
        f"try:\n    {attempt}\n    print('done')\nexcept OSError as error:\n    print(error.errno)"
        for attempt in (
            "mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
            "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
            "os.chroot('/')",
            "socket.socket(socket.AF_INET)",
        )
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script],
        preexec_fn=restricted,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["13", "1", "1", "done"]


def test_a_node_works_within_the_units_restrictions(restricted, new_home):
    served = ["--instrumentation.prometheus", "--instrumentation.prometheus_listen_addr"]
    home = new_home()
    (home / "own.lua").write_text('return pex.policy { name = "own", version = 1 }\n')
    (home / "own.lua").chmod(0o600)
    node = Node(
        *[home, *LOOPBACK, "--policy.file", "own.lua", *served, "127.0.0.1:0"],
        *["--trace.file", "data/trace"],
        before=restricted,
    )
    peer = Node(new_home(), *LOOPBACK, "--p2p.persistent_peers", addr_of(node), before=restricted)
    node.wait_for("peer added")
    for method in ["status", "peers", "book", "policy", "metrics"]:
        done = run("ctl", "--home", home, method)
        assert done.returncode == 0, done.stderr
    node.process.send_signal(signal.SIGHUP)
    node.wait_for("policy loaded")
    node.process.send_signal(signal.SIGUSR1)
    node.wait_for("metrics written")
    assert peer.stop() == 0, peer.errors
    assert node.stop() == 0, node.errors
    assert not [line for line in node.lines if line["level"] == "error"], node.lines
