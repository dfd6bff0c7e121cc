#!/usr/bin/env python3
"""The Debian package on a clean Debian 12: `./dev package` runs this as root.

    package.py DEB FOLDER

makes a root file system in FOLDER/root with debootstrap, installs the package in it with what it
depends on, and runs the node there under the rights that the unit leaves it: its account, its home
the only place to write to, its system calls, address families and memory restrictions, a network
of its own. It is killed and comes back with its state. What needs systemd as the first process
(the start itself, the watchdog's) is not shown here.
"""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import service_sandbox  # noqa: E402

PATIENCE_S = 60
STATE = "/var/lib/luapex"
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


def say(text):
    print(f"package: {text}", flush=True)


def must(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def mirror():
    """Where this machine gets Debian 12 from."""
    sites = must(
        *["apt-get", "indextargets", "--format", "$(SITE)"],
        *["Created-By: Packages", "Codename: bookworm", "Component: main"],
    ).split()
    return sites[0] if sites else "http://deb.debian.org/debian"


def make_root(root, deb):
    say(f"debootstrap from {mirror()}")
    shutil.rmtree(root, ignore_errors=True)
    cache = root.parent / "debs"
    cache.mkdir(exist_ok=True)
    must("debootstrap", "--variant=minbase", f"--cache-dir={cache}", "bookworm", root, mirror())
    shutil.copy(deb, root / "tmp/luapex.deb")


def chroot(root, *command):
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
    return must("chroot", root, *command, env=environment)


def install(root):
    chroot(root, "apt-get", "install", "-y", "--no-install-recommends", "/tmp/luapex.deb")
    version = chroot(root, "luapex", "version").strip()
    depends = chroot(root, "dpkg-query", "-W", "-f", "${Depends}", "luapex")
    for name in ["libmicrohttpd12", "lua-cjson", "lua-lpeg", "lua-luv", "libluajit-5.1-2"]:
        assert re.search(rf"\b{re.escape(name)}\b", depends), (name, depends)
    state = os.stat(f"{root}{STATE}")
    assert state.st_mode & 0o777 == 0o700 and state.st_uid != 0, oct(state.st_mode)
    for page in ["man1/luapex.1.gz", "man1/luapex-ctl.1.gz", "man5/luapex-config.5.gz"]:
        assert (root / "usr/share/man" / page).stat().st_size > 1000, page
    say(f"installed {version}, and what it depends on")


def check_unit(root):
    """The unit as it was installed, its program and paths looked up in the new root."""
    if not shutil.which("systemd-analyze"):
        say("the unit is not verified: no systemd-analyze here")
        return
    unit = root / "usr/lib/systemd/system/luapex.service"
    text = unit.read_text()
    program = re.search(r"^ExecStart=(\S+) start --home (\S+)$", text, re.MULTILINE)
    assert program and program[2] == STATE and (root / program[1][1:]).exists(), text
    assert not re.search(r"@\w+@", text), text
    told = must("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    say(told.splitlines()[-1].removeprefix("→ ").strip())


class Restricted:
    """Runs commands in the root with the unit's rights; all of one share a network."""

    def __init__(self, root):
        passwd = (root / "etc/passwd").read_text()
        entry = next(line for line in passwd.splitlines() if line.startswith("luapex:"))
        self.uid, self.gid = map(int, entry.split(":")[2:4])
        self.root = root
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.why_not = service_sandbox.missing()
        self.sandbox = None if self.why_not else service_sandbox.sandbox()

    def call(self, name, *arguments):
        if getattr(self.libc, name)(*arguments) != 0:
            raise OSError(ctypes.get_errno(), f"{name}{arguments}")

    def share_network(self):
        self.call("unshare", CLONE_NEWNET)
        must("ip", "link", "set", "lo", "up")

    def enter(self):
        """ProtectSystem=strict, StateDirectory, User, CapabilityBoundingSet, and the sandbox."""
        root = str(self.root).encode()
        state = root + STATE.encode()
        self.call("unshare", CLONE_NEWNS)
        self.call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
        for path in [root, state]:
            self.call("mount", path, path, None, MS_BIND, None)
        self.call("mount", None, root, None, MS_BIND | MS_REMOUNT | MS_RDONLY, None)
        self.call("mount", state, state, None, MS_BIND, None)
        os.chroot(self.root)
        os.chdir(STATE)
        for capability in range(64):
            self.libc.prctl(24, capability, 0, 0, 0)
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        os.umask(0o077)
        if self.sandbox:
            self.sandbox()

    def popen(self, *words, **options):
        environment = {"PATH": "/usr/bin:/bin", "LUAPEX_HOME": STATE}
        return subprocess.Popen(
            words, preexec_fn=self.enter, env=environment, text=True, **options
        )

    def run(self, *words):
        process = self.popen(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, (words, output)
        return output


class Node:
    def __init__(self, rights, *flags):
        self.lines, self.changed = [], threading.Condition()
        self.process = rights.popen(
            *["luapex", "start", "--log_format", "json", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(json.loads(line) if line[0] == "{" else {"event": line})
                self.changed.notify_all()

    def wait_for(self, event, **fields):
        def found():
            wanted = {"event": event, **fields}
            return next((line for line in self.lines if wanted.items() <= line.items()), None)

        with self.changed:
            assert self.changed.wait_for(found, PATIENCE_S), (event, self.lines)
            return found()

    def end(self, how):
        getattr(self.process, how)()
        return self.process.wait(PATIENCE_S)


def live(root):
    """Two nodes meet; one is killed, and comes back as who it was, with what it knew."""
    rights = Restricted(root)
    rights.share_network()
    own = ["--network", "package", "--p2p.addr_book_strict=false", "--p2p.laddr"]
    rights.run("luapex", "init", *own, "tcp://127.0.0.1:26656", "--instrumentation.prometheus",
               "--instrumentation.prometheus_listen_addr", "127.0.0.1:26660")  # fmt: skip
    other = f"{STATE}/other"
    rights.run("luapex", "init", "--home", other, *own, "tcp://127.0.0.2:26656")
    rights.run("sh", "-c", "touch probe && ! touch /tmp/probe 2>/dev/null")
    node = Node(rights, "--log_level", "debug")
    identity = node.wait_for("listening")["id"]
    address = f"{identity}@127.0.0.1:26656"
    peer = Node(rights, "--home", other, "--p2p.persistent_peers", address)
    node.wait_for("peer added")
    node.wait_for("book stored", addresses=1)
    assert "package" in rights.run("luapex", "ctl", "status")
    assert node.end("kill") == -9
    known = rights.run("luapex", "book", "show", "--json")
    assert "127.0.0.2" in known, known
    again = Node(rights)
    line = again.wait_for("listening")
    assert line["id"] == identity and line["known"] == 1, line
    again.wait_for("peer added")
    assert again.end("terminate") == 0 and peer.end("terminate") == 0
    assert not [line for line in again.lines if line.get("level") == "error"], again.lines
    system_calls = "its system calls and memory" if rights.sandbox else rights.why_not
    say(f"killed and back with its state; restricted to its home, no rights, {system_calls}")


def remove(root):
    chroot(root, "apt-get", "remove", "-y", "luapex")
    assert (root / "var/lib/luapex/config/node_key.json").exists()
    chroot(root, "apt-get", "purge", "-y", "luapex")
    assert not (root / "var/lib/luapex").exists()
    say("removed: its home stayed; purged: its home is gone")


def main():
    deb, folder = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    root, begin = folder / "root", time.monotonic()
    make_root(root, deb)
    install(root)
    check_unit(root)
    child = os.fork()  # its network is another
    if child == 0:
        live(root)
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit("package: the node does not run as it should")
    remove(root)
    shutil.rmtree(root)
    say(f"all well after {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
