"""Go nodes over IPv6, on ::1: they dial us, we dial them."""

import socket

import pytest


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


def test_a_go_node_dials_us_over_ipv6(lab, version):
    luapex = lab.luapex(ip="[::1]")
    go = lab.go(version, laddr="tcp://[::1]:0", persistent_peers=luapex.addr)
    luapex.wait_peer(go.id, direction="inbound")


def test_we_dial_a_go_node_over_ipv6(lab, version):
    go = lab.go(version, laddr="tcp://[::1]:0")
    assert "@[::1]:" in go.addr
    luapex = lab.luapex(ip="[::1]", p2p__persistent_peers=go.addr)
    luapex.wait_peer(go.id, direction="outbound")
