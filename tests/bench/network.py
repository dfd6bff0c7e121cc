"""A network of its own for a benchmark: loopback and nothing else, so that nothing in it can dial
outside, whatever the address books hold.

The program starts itself again under `unshare`, which needs no rights where users may have
namespaces of their own.
"""

import fcntl
import os
import pathlib
import shutil
import socket
import struct
import sys

MARK = "LUAPEX_BENCH_NETWORK"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def enter_own_network():
    """Returns inside a fresh network namespace with loopback up; ends the program where there can
    be none. To be called first."""
    if os.environ.get(MARK) != str(os.getppid()):
        leave_for_own_network()
    set_loopback_up()


def leave_for_own_network():
    program = shutil.which("unshare")
    if not program:
        sys.exit("unshare is missing; it is in the package util-linux")
    # `unshare` becomes the new program without a fork, hence the parent tells the two apart.
    environment = dict(os.environ, **{MARK: str(os.getppid())})
    command = [program, "--map-root-user", "--net", sys.executable, *sys.argv]
    os.execve(program, command, environment)


def set_loopback_up():
    request = struct.Struct("16sh14x")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        _, flags = request.unpack(
            fcntl.ioctl(any_socket, SIOCGIFFLAGS, request.pack(b"lo", 0))
        )
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request.pack(b"lo", flags | IFF_UP))


def counter(name):
    """One of this namespace's TCP counters, of /proc/net/snmp."""
    lines = pathlib.Path("/proc/self/net/snmp").read_text().splitlines()
    keys, values = (line.split()[1:] for line in lines if line.startswith("Tcp:"))
    return int(dict(zip(keys, values))[name])
