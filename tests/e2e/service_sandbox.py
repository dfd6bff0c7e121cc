"""Restrictions of the systemd unit, put on this process the way systemd does: no new privileges,
no memory that is writable and executable, only its system calls and address families."""

import ctypes
import errno
import os
import re
import shutil
import socket
import subprocess
from ctypes.util import find_library
from pathlib import Path

UNIT = Path(__file__).parents[2] / "core/app/service/luapex.service.in"

PR_SET_NO_NEW_PRIVS = 38
PR_SET_MDWE = 65
ALLOW = 0x7FFF0000
DENY = 0x00050000 | errno.EPERM
EQUAL = 4


class Compare(ctypes.Structure):
    """struct scmp_arg_cmp."""

    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


def unit_settings():
    """The unit's settings, those of several lines joined."""
    found = {}
    for line in UNIT.read_text().splitlines():
        if match := re.fullmatch(r"(\w+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def system_calls():
    """Names that the unit's SystemCallFilter lets through, by systemd's own sets."""
    sets, name = {}, None
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = set()
        elif line.startswith("    ") and name and not line.strip().startswith("#"):
            sets[name].add(line.strip())

    def members(word):
        if not word.startswith("@"):
            return {word}
        return set().union(*map(members, sets[word]))

    allowed = set()
    for value in unit_settings()["SystemCallFilter"]:
        words = set().union(*map(members, value.removeprefix("~").split()))
        allowed = allowed - words if value.startswith("~") else allowed | words
    return allowed


def missing():
    """Why the restrictions cannot be put on here; None: they can."""
    if not shutil.which("systemd-analyze"):
        return "systemd-analyze is not installed"
    if not find_library("seccomp"):
        return "libseccomp2 is not installed"
    libc = ctypes.CDLL(None)
    if libc.prctl(PR_SET_MDWE + 1, 0, 0, 0, 0) < 0:
        return "the kernel has no PR_SET_MDWE (6.3)"
    return None


def sandbox():
    """A function for preexec_fn; whatever may fail is done now."""
    libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL(find_library("seccomp"))
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(DENY))

    def allow(name, *conditions):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            array = (Compare * len(conditions))(*conditions)
            done = seccomp.seccomp_rule_add_array(context, ALLOW, number, len(conditions), array)
            assert done == 0, (name, os.strerror(-done))

    for name in system_calls() - {"socket"}:
        allow(name)
    for family in unit_settings()["RestrictAddressFamilies"][0].split():
        allow("socket", Compare(0, EQUAL, getattr(socket, family), 0))
    assert unit_settings()["MemoryDenyWriteExecute"] == ["yes"]

    def enter():
        assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        assert libc.prctl(PR_SET_MDWE, 1, 0, 0, 0) == 0
        assert seccomp.seccomp_load(context) == 0

    return enter
