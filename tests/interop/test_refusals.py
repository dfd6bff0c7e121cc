"""What ends a connection, seen from both sides (wire.md 2.2, 5.6; R12, R14, R27, R32, R33)."""

import base64
import json

import pytest

from peers import events, go_client


def closed(lines):
    """The client saw the connection end."""
    return bool(events(lines, "closed"))


def node_key_seed(home):
    key = json.loads((home / "config/node_key.json").read_text())["priv_key"]["value"]
    return base64.b64decode(key)[:32].hex()


ABUSES = {
    "request:3": "pex_too_soon",
    "addrs:3": "pex_unsolicited",
    "bad-ip": "pex_bad_address",
}
BREACHES = {
    "empty-message": "undecodable PEX message",
    "undecodable": "undecodable PEX message",
    "oversize-packet": "packet exceeds its maximum size",
    "unknown-channel": "packet for an unknown channel",
    "long-message:64001": "message exceeds the channel's capacity",
    "frame-n1025": "sealed frame claims more than 1024 bytes",
    "frame-corrupt": "failed to decrypt a sealed frame",
}


@pytest.mark.parametrize("word", ABUSES)
def test_abuse_of_the_exchange_is_banned(lab, version, word):
    luapex = lab.luapex()
    seed = "11" * 32
    lines = go_client(version, luapex.addr, word, "wait-close:5s", key_seed=seed)
    assert closed(lines), lines
    peer = events(lines, "secret")[0]["own_id"]
    luapex.wait_event("peer banned", peer=peer, reason=ABUSES[word], timeout=5)
    again = go_client(version, luapex.addr, "wait-close:5s", key_seed=seed)
    assert closed(again), again
    luapex.wait_event("inbound refused", peer=peer, error="banned", timeout=5)


@pytest.mark.parametrize("word", BREACHES)
def test_breach_of_the_stream_closes_without_ban(lab, version, word):
    luapex = lab.luapex()
    lines = go_client(version, luapex.addr, word, "wait-close:5s", key_seed="22" * 32)
    assert closed(lines), lines
    luapex.wait_event("peer stopped for error", reason=BREACHES[word], timeout=5)
    assert not luapex.events("peer banned")
    again = go_client(version, luapex.addr, "wait-close:1s", key_seed="22" * 32)
    assert not closed(again), again


def test_two_requests_at_once_are_answered(lab, version):
    """R27: the second request has a free pass."""
    luapex = lab.luapex()
    lines = go_client(version, luapex.addr, "request:2", "recv:2s", "wait-close:1s")
    lists = [line for line in events(lines, "message") if line["type"] == "pex_addrs"]
    assert len(lists) == 2, lines
    assert not closed(lines), lines


def test_a_message_of_the_largest_size_is_taken(lab, version):
    luapex = lab.luapex()
    lines = go_client(version, luapex.addr, "long-message:64000", "recv-addrs:5s")
    assert events(lines, "addrs"), lines


def test_an_empty_frame_is_skipped(lab, version):
    luapex = lab.luapex()
    lines = go_client(version, luapex.addr, "frame-n0", "request", "recv-addrs:5s")
    assert events(lines, "addrs"), lines


def test_fifty_pings_are_answered(lab, version):
    luapex = lab.luapex()
    lines = go_client(version, luapex.addr, "ping:50", "recv:2s", "wait-close:1s")
    assert 1 <= len(events(lines, "pong")) <= 50, lines
    assert not closed(lines), lines


@pytest.mark.parametrize(
    "flags, error",
    [
        ({"network": "another-chain"}, "peer is on another network"),
        ({"block": "12"}, "peer speaks another block protocol version"),
        ({"channels": "20"}, "no channel in common"),
        ({"claim_id": "ab" * 20}, "node info names another ID than the authenticated one"),
    ],
)
def test_what_the_node_info_must_agree_on(lab, version, flags, error):
    luapex = lab.luapex()
    lines = go_client(version, luapex.addr, "wait-close:5s", **flags)
    assert closed(lines), lines
    luapex.wait_event("inbound rejected", error=error, timeout=5)


def test_somebody_with_our_own_key_is_refused(lab, version):
    luapex = lab.luapex()
    lines = go_client(
        version, luapex.addr, "wait-close:5s", key_seed=node_key_seed(luapex.home)
    )
    assert closed(lines), lines
    luapex.wait_event("inbound rejected", error="connected to ourselves", timeout=5)


def test_the_second_connection_of_an_id_is_refused_and_the_first_stays(lab, version):
    luapex = lab.luapex()
    go = lab.go(version, persistent_peers=luapex.addr)
    luapex.wait_peer(go.id)
    seed = node_key_seed(lab.running[-1].home)
    lines = go_client(version, luapex.addr, "wait-close:5s", key_seed=seed)
    assert closed(lines), lines
    luapex.wait_event("inbound refused", peer=go.id, timeout=5)
    assert luapex.id in go.peer_ids()


@pytest.mark.parametrize("stage", ["tcp", "secret"])
def test_a_silent_client_is_cut_off(lab, version, stage):
    luapex = lab.luapex(p2p__handshake_timeout="1s")
    lines = go_client(version, luapex.addr, "wait-close:6s", stall_at=stage)
    assert closed(lines), lines


def test_we_drop_a_peer_of_another_network(lab, version):
    go = lab.go(version, network="another-chain")
    luapex = lab.luapex(p2p__persistent_peers=go.addr)
    luapex.wait_event("dial failed", error="peer is on another network", timeout=15)
    assert go.peer_ids() == set()


def test_we_drop_a_peer_that_proves_another_id(lab, version):
    go = lab.go(version)
    claimed = "cd" * 20 + "@" + go.addr.split("@")[1]
    luapex = lab.luapex(p2p__persistent_peers=claimed)
    luapex.wait_event("dial failed", error="authenticated ID is not the dialed ID", timeout=15)
    assert go.peer_ids() == set()


def test_go_drops_us_when_it_expected_another_id(lab, version):
    luapex = lab.luapex()
    go = lab.go(version)
    claimed = "cd" * 20 + "@" + luapex.endpoint
    answer = go.command("dial", addr=claimed)
    assert not answer["ok"] and "auth" in answer["error"], answer
    luapex.wait_event("inbound rejected", timeout=5)


def test_go_drops_us_when_we_are_on_another_network(lab, version):
    luapex = lab.luapex(network="another-chain")
    go = lab.go(version)
    answer = go.command("dial", addr=luapex.addr)
    assert not answer["ok"] and "incompatible" in answer["error"], answer
