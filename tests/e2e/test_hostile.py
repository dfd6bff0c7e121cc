"""A seed among clients that do everything wrong: it serves the others, and holds what it should.

Each behaviour of tests/e2e/hostile runs against one seed, in turn, while honest clients ask. Counts
and success decide, not rates (those are `./dev bench hostile`). HOSTILE_SCALE multiplies the crowds.
"""

import os
import resource
import time

import hostile_lab as lab
import pytest

SCALE = int(os.environ.get("HOSTILE_SCALE", "1"))
HONEST = 20 * SCALE
PATIENCE_S = 30
HANDSHAKE_S = 2
INBOUND = 128
HANDSHAKING = 64
CLOSING = 512  # TCP_CLOSING_MAX of core/uv/tcp.h
KIB = 1024

# What one connection can make the seed hold: core/uv/README.md has the sum.
HANDSHAKING_BYTES = 40 * KIB
PEER_BYTES = 400 * KIB
CLOSING_BYTES = 32 * KIB
BOUND = HANDSHAKING * HANDSHAKING_BYTES + INBOUND * PEER_BYTES + CLOSING * CLOSING_BYTES
SANITIZER = 4  # ASan keeps freed memory in quarantine, and pads what is in use

# Whoever does one of these is closed at once; the others are left to a deadline or to themselves.
CLOSED_AT_ONCE = """
    garbage_key zero_key huge_key low_order_key wrong_mac long_frame huge_auth zero_auth garbage_auth
    wrong_signature garbage_info zero_info huge_info oversized_info other_network wrong_mac_later
    garbage_packet zero_packet huge_packet endless_varint long_packet unknown_channel endless_message
    empty_message bad_list requests ping_flood lone_ping_flood pong_flood empty_flood empty_frames
""".split()
CUT_BY_DEADLINE = "silent half_key drip_key key_only no_info drip_info".split()
OTHERS = """
    storm reset_storm key_storm idle drip_request handshake_storm unfinished_message
    deaf deaf_pings deaf_requests request_reset
""".split()


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    node = lab.Seed(
        tmp_path_factory.mktemp("hostile") / "home",
        **{
            "p2p.handshake_timeout": f"{HANDSHAKE_S}s",
            "p2p.max_num_inbound_peers": INBOUND,
            "pex.max_handshaking": HANDSHAKING,
        },
    )
    yield node
    assert node.stop(PATIENCE_S) == 0, node.transcript()
    assert not node.other, node.transcript()  # nothing from a sanitizer either


@pytest.fixture
def calm(seed):
    """Memory and descriptors are back where they were once the crowd has left."""
    descriptors = lab.descriptors(seed)
    resident = lab.resident_bytes(seed)
    yield
    deadline = time.monotonic() + PATIENCE_S
    while lab.descriptors(seed) > descriptors and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lab.descriptors(seed) <= descriptors
    asan = "asan" in str(lab.peers.LUAPEX) or "/san/" in str(lab.peers.LUAPEX)
    assert lab.resident_bytes(seed) - resident <= BOUND * (SANITIZER if asan else 1)


sources = iter(range(1, 250))


def attacker():
    """An address of its own for each crowd: what one did does not count against the next."""
    return f"127.66.{next(sources)}.1"


def start_honest(seed):
    return lab.start_crowd(
        seed, "serve", "--at-once", 4, "--total", HONEST, "--seconds", PATIENCE_S,
        "--from", f"127.64.{next(sources)}.1", "--from-n", HONEST,
    )  # fmt: skip


def assert_served(honest):
    out = lab.end_crowd(honest)
    assert out["served"] == HONEST, str(out)
    assert out["addresses"] == HONEST * lab.ANSWER, out


def assert_serves(seed):
    assert_served(start_honest(seed))


def test_every_behaviour_is_tried():
    assert sorted(["serve", *CLOSED_AT_ONCE, *CUT_BY_DEADLINE, *OTHERS]) == sorted(lab.behaviours())


@pytest.mark.parametrize("behaviour", CLOSED_AT_ONCE)
def test_nonsense_ends_the_connection(seed, calm, behaviour):
    clients = 10 * SCALE
    out = lab.run_crowd(
        seed, behaviour, "--at-once", 4, "--total", clients, "--seconds", PATIENCE_S,
        "--from", attacker(), "--from-n", clients,
    )  # fmt: skip
    assert out["closed"] + out["reset"] == clients, out
    assert_serves(seed)


def test_stalled_handshakes_are_cut_by_the_deadline_F18(seed, calm):
    crowds = [
        lab.start_crowd(
            seed, behaviour, "--at-once", 4, "--total", 4, "--seconds", PATIENCE_S,
            "--from", attacker(), "--from-n", 4,
        )
        for behaviour in CUT_BY_DEADLINE
    ]  # fmt: skip
    assert_serves(seed)
    for crowd in crowds:
        out = lab.end_crowd(crowd)
        assert out["closed"] + out["reset"] == 4, out
        assert out["seconds"] >= HANDSHAKE_S - 0.1, out  # none was turned away before


@pytest.mark.parametrize("behaviour", OTHERS)
def test_honest_clients_are_served_meanwhile(seed, calm, behaviour):
    crowd = lab.start_crowd(
        seed, behaviour, "--at-once", 8, "--total", 200 * SCALE, "--seconds", 1,
        "--from", attacker(), "--from-n", 8,
    )  # fmt: skip
    assert_serves(seed)
    out = lab.end_crowd(crowd)
    assert out["begun"] > 0 and out["refused"] == 0, out


def crowd_max():
    """Sockets that one process may have here, less a few."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 64


def test_ten_thousand_connections_from_one_ip_leave_room_for_others_F24(seed, calm):
    clients = min(10000, crowd_max())
    crowd = lab.start_crowd(
        seed, "silent", "--at-once", clients, "--total", clients, "--seconds", PATIENCE_S,
        "--from", attacker(),
    )  # fmt: skip
    assert_serves(seed)
    out = lab.end_crowd(crowd)
    assert out["closed"] + out["reset"] == clients, out


def test_deaf_clients_do_not_use_up_descriptors_F27(seed, calm):
    """They come as fast as the seed lets them, which leaves it room for handshakes of others."""
    before = lab.descriptors(seed)
    room = HANDSHAKING + INBOUND + CLOSING
    crowd = lab.start_crowd(
        seed, "deaf", "--at-once", 2 * room, "--total", 2 * room, "--honest", HANDSHAKING // 4,
        "--seconds", 3 * PATIENCE_S, "--from", attacker(), "--from-n", 2 * room,
    )  # fmt: skip
    honest = start_honest(seed)
    most = 0
    while crowd.poll() is None:
        most = max(most, lab.descriptors(seed) - before)
        time.sleep(0.01)
    out = lab.end_crowd(crowd)
    assert_served(honest)
    assert out["begun"] == 2 * room, out
    assert HANDSHAKING + INBOUND < most <= room, out


@pytest.mark.parametrize(
    "setting, sources", [("max_inbound_per_ip", 1), ("max_inbound_per_group", 8)]
)
def test_one_ip_or_group_gets_no_more_connections_than_set_S22(tmp_path, setting, sources):
    limits = {"p2p.allow_duplicate_ip": "true", f"pex.{setting}": 3}
    node = lab.Seed(tmp_path / "home", **limits)
    out = lab.run_crowd(
        node, "idle", "--at-once", 8, "--total", 8, "--seconds", 2,
        "--from", attacker(), "--from-n", sources,
    )  # fmt: skip
    assert (out["left"], out["closed"] + out["reset"]) == (3, 5), str(out)
    out = lab.run_crowd(node, "serve", "--total", 1, "--seconds", 2, "--from", "127.64.250.1")
    assert out["served"] == 1, str(out)
    assert node.stop(PATIENCE_S) == 0, node.transcript()
