"""What becomes of a real Go node that misbehaves on its own connection (behaviour.md 1.10)."""

import datetime
import re

import pytest

from peers import eventually, run_luapex

DAY_S = 24 * 3600
REQUEST = bytes.fromhex("0a00")
SOMEBODY = ("ab" * 20, "240.1.2.3", 26656)


def field(number, content):
    """A protobuf field of bytes, shorter than 16 kB."""
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])
    return bytes([number << 3 | 2]) + length + content


def varint(number, value):
    out = bytearray([number << 3])
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def address_list(*entries):
    return field(
        2,
        b"".join(
            field(1, field(1, peer.encode()) + field(2, ip.encode()) + varint(3, port))
            for peer, ip, port in entries
        ),
    )


# What is sent, and the reason of the ban.
BANNED = {
    "unsolicited list": ([address_list(SOMEBODY)], "pex_unsolicited"),
    "early third request": ([REQUEST] * 3, "pex_too_soon"),
    "bad IP": ([address_list(SOMEBODY, ("cd" * 20, "1.2.3", 26656))], "pex_bad_address"),
    "bad port": ([address_list(("cd" * 20, "240.1.2.4", 65536))], "pex_bad_address"),
}
# What is sent, and the reason of the disconnect.
DISCONNECTED = {
    "undecodable": (b"\xff\xff\xff", "undecodable PEX message"),
    "empty": (b"", "undecodable PEX message"),
    "neither kind": (bytes.fromhex("1a00"), "undecodable PEX message"),
    "too long": (REQUEST + field(15, bytes(16000)) * 4, "message exceeds the channel's capacity"),
}


@pytest.fixture
def meeting(lab, version):
    """luapex and a Go node that dialed it."""
    luapex = lab.luapex()
    go = lab.go(version, ensure_period="1h")
    answer = go.command("dial", addr=luapex.addr)
    assert answer["ok"], answer
    luapex.wait_peer(go.id)
    return luapex, go


def send(go, luapex, *messages):
    for message in messages:
        answer = go.command("send", id=luapex.id, hex=message.hex())
        assert answer["ok"], answer


def is_dropped(luapex, go):
    eventually(lambda: luapex.id not in go.peer_ids(), "the Go node sees the end", timeout=10)


def banned_until(luapex, go):
    """As an operator reads it while the node runs; empty as long as the ban is not on disk."""
    try:
        text = run_luapex("book", "find", "--home", luapex.home, go.id)
    except AssertionError:
        return ""
    found = re.search(rf"^banned: {go.id} until (\S+)Z: (\S+)$", text, re.MULTILINE)
    return found.groups() if found else ""


@pytest.mark.parametrize("offence", BANNED)
def test_an_offender_is_banned_for_a_day(meeting, offence):
    luapex, go = meeting
    messages, reason = BANNED[offence]
    send(go, luapex, *messages)
    ban = luapex.wait_event("peer banned", peer=go.id, timeout=10)
    assert (ban["reason"], ban["seconds"]) == (reason, DAY_S), ban
    is_dropped(luapex, go)
    start = len(luapex.lines)
    go.command("dial", addr=luapex.addr)
    luapex.wait_event("inbound refused", peer=go.id, error="banned", start=start, timeout=10)
    is_dropped(luapex, go)
    eventually(lambda: banned_until(luapex, go), "the ban is on disk", timeout=10)
    until, told = banned_until(luapex, go)
    left = datetime.datetime.fromisoformat(until) - datetime.datetime.utcnow()
    assert told == reason and DAY_S - 120 < left.total_seconds() <= DAY_S


@pytest.mark.parametrize("breach", DISCONNECTED)
def test_a_breach_ends_the_connection_and_no_more(meeting, breach):
    luapex, go = meeting
    message, reason = DISCONNECTED[breach]
    send(go, luapex, message)
    luapex.wait_event("peer stopped for error", peer=go.id, reason=reason, timeout=10)
    is_dropped(luapex, go)
    start = len(luapex.lines)
    answer = go.command("dial", addr=luapex.addr)
    assert answer["ok"], answer
    luapex.wait_peer(go.id, start=start, timeout=10)
    assert not luapex.events("peer banned")
