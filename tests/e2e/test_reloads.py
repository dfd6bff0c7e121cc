"""Policies replaced on and on while peers ask: nobody is lost, every answer is of a policy that ran.

Policy number k shares exactly `addresses_of(k)` addresses, so each answer names the policy that gave
it. LUAPEX_RELOADS=1000 LUAPEX_RELOAD_PEERS=200 is the full size.
"""

import functools
import json
import os
import statistics
import time
from bisect import bisect_left, bisect_right

import hostile_lab as lab
import pytest
from control_socket import Client

RELOADS = int(os.environ.get("LUAPEX_RELOADS", "60"))
PEERS = int(os.environ.get("LUAPEX_RELOAD_PEERS", "50"))
INTERVAL_MS = 300  # allowed between two requests
PACE_MS = 330
CYCLE = 199  # policies with answers of different lengths; the default's is none of them
IS_ASAN = "asan" in str(lab.peers.LUAPEX) or "/san/" in str(lab.peers.LUAPEX)
GROWTH_MAX = (8 if IS_ASAN else 2) << 20  # of memory, after a quarter of the reloads
QUARANTINE_MB = 4  # of freed memory that ASan keeps


def addresses_of(number):
    return 1 + number % CYCLE


def text_of(number):
    return f"""
local policy = pex.policy {{ name = "reloads", version = {number + 1}, extends = "default" }}
policy.state = {{ calls = 0 }}
function policy.migrate(old) return old end
function policy.share(view)
  policy.state.calls = policy.state.calls + 1
  return {{ count = {addresses_of(number)}, new_percent = -1 }}
end
return policy
"""


def write_in_place(path, text):
    with path.open("w") as file:
        for line in text.splitlines(keepends=True):
            file.write(line)
            file.flush()


def rename_over(path, text):
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(path)


def move_away_and_write(path, text):
    path.replace(path.with_name(path.name + "~"))
    path.write_text(text)
    path.chmod(0o644)


SAVES = [write_in_place, rename_over, move_away_and_write]


def us():
    return time.monotonic_ns() // 1000


class Reloads:
    """A node whose policy is replaced, and when each could answer: from its writing until the next
    was seen to run."""

    def __init__(self, home):
        lab.peers.run_luapex("init", "--home", home, "--network", lab.NETWORK)
        lab.fill_book(home)
        self.file = home / "policies/reloads.lua"
        self.file.parent.mkdir(exist_ok=True)
        rename_over(self.file, text_of(0))
        self.written_us, self.loaded_us, self.resident, self.descriptors = [us()], [us()], [], []
        self.node = lab.peers.Luapex(
            home,
            initialise=False,
            network=lab.NETWORK,
            log_level="info",
            policy__file=str(self.file),
            p2p__max_num_inbound_peers=PEERS + 10,
            p2p__max_num_outbound_peers=0,
            p2p__allow_duplicate_ip="false",
            pex__min_request_interval=f"{INTERVAL_MS}ms",
            pex__ip_answers_per_s=1000,
        )

    @functools.cached_property
    def client(self):
        """To be asked for once peers have come: the control socket opens after the listener."""
        return Client(self.node.home / "luapex.sock")

    def replace(self, number):
        """By one of the ways in turn; returns when it runs."""
        start = len(self.node.lines)
        self.written_us.append(us())
        way = number % (len(SAVES) + 1)
        if way < len(SAVES):
            SAVES[way](self.file, text_of(number))
        else:
            source = {"name": "reloads.lua", "text": text_of(number)}
            self.client.result("policy.load", {"source": source})
        self.node.wait_event("policy loaded", start=start, version=number + 1)
        self.loaded_us.append(us())
        self.resident.append(lab.resident_bytes(self.node))
        self.descriptors.append(lab.descriptors(self.node))

    def could_have_answered(self, answer):
        """Whether a policy of that length ran at some time between the question and the answer."""
        first = bisect_right(self.loaded_us, answer["asked_us"]) - 1
        last = bisect_left(self.written_us, answer["answered_us"])
        return any(
            addresses_of(number) == answer["addresses"] for number in range(max(first, 0), last)
        )


@pytest.fixture
def reloads(tmp_path, monkeypatch):
    options = f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb={QUARANTINE_MB}"
    monkeypatch.setenv("ASAN_OPTIONS", options.lstrip(":"))
    made = Reloads(tmp_path / "home")
    yield made
    made.client.close()
    assert made.node.stop() == 0, made.node.transcript()
    assert not made.node.other, made.node.transcript()  # nothing from a sanitizer either


@pytest.fixture
def crowd(reloads, tmp_path):
    """Peers that stay and ask at their pace until they are told to leave; each tells of its answers
    in a file."""
    with (tmp_path / "answers").open("w") as told:
        peers = lab.start_crowd(
            reloads.node, "serve", "--at-once", PEERS, "--total", PEERS, "--pace-ms", PACE_MS,
            "--every-us", PACE_MS * 1000 // PEERS, "--seconds", 24 * 3600,
            "--from", "127.68.1.1", "--from-n", PEERS, stdout=told,
        )  # fmt: skip
    lab.peers.eventually(
        lambda: len(reloads.node.events("peer added")) == PEERS, "all peers are connected"
    )
    yield peers
    peers.kill()
    peers.wait()


def told(path):
    """What the peers have told so far, whole lines only."""
    return [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")]


def wait_for_last_answers(reloads, path):
    """Nobody waits in vain: a peer asks again only when it was answered."""

    def all_answered():
        last_us = reloads.loaded_us[-1]
        return len({answer["peer"] for answer in told(path) if answer["asked_us"] > last_us}) == PEERS

    lab.peers.eventually(all_answered, "every peer is answered")


def end(crowd, path):
    """The answers, and what became of the peers."""
    crowd.terminate()
    assert crowd.wait(30) == 0
    lines = told(path)
    return lines[:-1], lines[-1]


def quarters(values):
    """Medians of the second and of the last quarter."""
    n = len(values) // 4
    return statistics.median(values[n : 2 * n]), statistics.median(values[-n:])


def test_policies_are_replaced_while_peers_ask(reloads, crowd, tmp_path):
    for number in range(1, RELOADS + 1):
        reloads.replace(number)
    wait_for_last_answers(reloads, tmp_path / "answers")
    answers, ends = end(crowd, tmp_path / "answers")
    assert ends["left"] == ends["begun"] == PEERS, f"{ends}\n{reloads.node.transcript()}"
    assert not [answer for answer in answers if not reloads.could_have_answered(answer)]
    assert len({answer["addresses"] for answer in answers}) > min(RELOADS, CYCLE) / 2
    assert not reloads.node.events("policy call failed")
    assert not reloads.node.events("policy rolled back")
    early, late = quarters(reloads.resident)
    assert late - early <= GROWTH_MAX, reloads.resident
    assert quarters(reloads.descriptors)[1] <= max(reloads.descriptors[: RELOADS // 4])
    print(
        f"{RELOADS} reloads, {PEERS} peers, {len(answers)} answers; resident"
        f" {early:,.0f} bytes in the second quarter, {late:,.0f} in the last; descriptors"
        f" {reloads.descriptors[0]} to {reloads.descriptors[-1]}"
    )
