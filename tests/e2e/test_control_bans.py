"""What an operator bans, and what the answer says of it."""

import time

import pytest
from control_socket import UNKNOWN_ID
from nodes import run

DAY_S = 86400


def id_of(node):
    return node.wait_for("listening")["id"]


def test_a_ban_that_is_not_shortened_says_so_with_the_real_end(start_asked):
    one, client = start_asked("127.0.88.1")
    first = client.result("ban", {"target": "10.0.0.1", "duration": "3650d"})
    assert first["until"] > time.time() + 3649 * DAY_S and "kept" not in first
    again = client.result("ban", {"target": "10.0.0.1", "duration": "1h"})
    assert again["until"] == first["until"]
    assert again["kept"].startswith("banned for longer already")
    (listed,) = client.result("bans")["bans"]
    assert listed["until"] == first["until"]
    shown = run("ctl", "--home", one.home, "ban", "10.0.0.1", "--duration", "2h").stdout
    year = time.localtime(first["until"]).tm_year
    assert f"until   {year}-" in shown and "kept    banned for longer already" in shown
    longer = client.result("ban", {"target": "10.0.0.2", "duration": "1h"})
    longer = client.result("ban", {"target": "10.0.0.2", "duration": "2h"})
    assert "kept" not in longer and longer["until"] > time.time() + 3700


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "128.0.0.0/7", "::/0", "2000::/3", "2a00::/15"])
def test_a_range_that_closes_nearly_everybody_needs_force(asked, wide):
    refused = asked.error("ban", {"target": wide})["message"]
    assert refused.startswith(f"not banned: {wide} is wider than /8 (IPv6: /16)"), refused
    assert "--force" in refused and asked.result("bans")["total"] == 0
    assert asked.result("ban", {"target": wide, "force": True})["banned"] == wide
    asked.result("unban", {"target": wide})


@pytest.fixture
def asked(start_asked):
    return start_asked("127.0.88.2")[1]


def test_ranges_as_wide_as_an_operator_may_mean_need_none(asked):
    for narrow in ("10.0.0.0/8", "2a00::/16", "10.0.0.1"):
        asked.result("ban", {"target": narrow})
    assert asked.result("bans")["total"] == 3


def test_a_node_does_not_ban_itself(start_asked):
    one, client = start_asked("127.0.88.3")
    for text in (id_of(one), id_of(one)[:8]):
        refused = client.error("ban", {"target": text})["message"]
        assert refused == "not banned: that is this node itself"


def test_a_range_with_bits_beyond_its_prefix_is_answered_with_the_range_that_was_meant(asked):
    for given, meant in (("10.0.0.1/8", "10.0.0.0/8"), ("2a00:1::1/32", "2a00:1::/32")):
        refused = asked.error("ban", {"target": given})["message"]
        assert f"(did you mean {meant}?), got" in refused, refused
    refused = asked.error("ban", {"target": "10.0.0.0/33"})["message"]
    assert "did you mean" not in refused


def test_bans_and_unbans_take_the_first_digits_of_an_id(start_asked):
    _, client = start_asked("127.0.88.4", "--p2p.pex=false")
    client.result("ban", {"target": UNKNOWN_ID})
    assert client.result("ban", {"target": UNKNOWN_ID[:6]})["banned"] == UNKNOWN_ID
    assert client.result("unban", {"target": UNKNOWN_ID[:4]})["unbanned"] == UNKNOWN_ID
    refused = client.error("unban", {"target": "abcdef"})["message"]
    assert refused == "no banned ID begins with abcdef; see luapex ctl bans"


def test_a_ban_says_whom_it_closed_and_the_end_says_why(start_asked):
    one, client = start_asked("127.0.88.5")
    two, _ = start_asked("127.0.88.6", "--p2p.persistent_peers", one.addr)
    one.wait_for("peer added")
    told = client.result("ban", {"target": "127.0.0.0/24", "duration": "1h", "reason": "noise"})
    (closed,) = told["peers"]
    assert told["closed"] == 1 and closed["id"] == id_of(two) and closed["direction"] == "inbound"
    assert closed["addr"].startswith("127.0.0.1:")
    ends = client.result("events", {"filter": f"kind=closing,peer={id_of(two)}"})["events"]
    assert ends[-1]["error"] == "banned"
    assert ends[-1]["detail"].startswith("127.0.0.0/24 until 20")
    assert ends[-1]["detail"].endswith(": noise")


def test_whom_a_ban_leaves_connected_it_does_not_name(start_asked):
    one, _ = start_asked("127.0.88.7")
    two, client = start_asked("127.0.88.8", "--p2p.persistent_peers", one.addr)
    two.wait_for("peer added")
    told = client.result("ban", {"target": "127.0.0.0/8"})
    assert told["closed"] == 0 and told["peers"] == []


def test_persistent_remove_takes_the_first_digits_and_knows_who_is_none(start_asked):
    friend = "bb" * 20
    _, client = start_asked("127.0.88.9", "--p2p.persistent_peers", f"{friend}@127.9.9.8:1")
    refused = client.error("persistent.remove", {"id": UNKNOWN_ID})["message"]
    assert refused == f"not removed: {UNKNOWN_ID} is no persistent peer; see luapex ctl persistent"
    assert client.result("persistent.remove", {"id": "bbbb"})["removed"] == friend
    refused = client.error("persistent.remove", {"id": "bbbb"})["message"]
    assert "bbbb is no persistent peer" in refused
