"""Listening, dialing and asking over IPv6, on ::1."""

import socket

import hostile_lab as lab
import pytest

peers = lab.peers


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


def start(home, ip, **settings):
    return peers.Luapex(home, ip=ip, network=lab.NETWORK, **settings)


@pytest.fixture
def ended():
    nodes = []
    yield nodes
    for node in nodes:
        assert node.stop() == 0, node.transcript()


def test_a_client_is_answered_over_ipv6(tmp_path, ended):
    seed = lab.Seed(tmp_path / "seed", ip="::1")
    ended.append(seed)
    out = lab.run_crowd(seed, "serve", "--total", 1, "--seconds", 30)
    assert out["served"] == 1, out
    assert out["addresses"] == lab.ANSWER, out


def test_nodes_meet_over_ipv6_and_keep_the_address(tmp_path, ended):
    first = start(tmp_path / "first", "[::1]")
    ended.append(first)
    assert "@[::1]:" in first.addr
    second = start(tmp_path / "second", "[::1]", p2p__persistent_peers=first.addr)
    ended.append(second)
    first.wait_peer(second.id, direction="inbound")
    second.wait_peer(first.id, direction="outbound")
    assert first.stop() == 0
    (entry,) = first.book()["addrs"]
    addr = entry["addr"]
    assert f"{addr['id']}@[{addr['ip']}]:{addr['port']}" == second.addr
