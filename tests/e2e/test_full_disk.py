"""What an operator is told of a book, and of bans, that the disk does not take."""

import json

from nodes import run
from small_disk import fill
from test_http import ANYWHERE, get, until
from test_metrics import Metrics

FIRST, SECOND = "10.1.1.1/32", "10.2.2.2/32"


class Operator:
    """Asks the node of a home."""

    def __init__(self, home):
        self.home = home

    def says(self, *words):
        done = run("ctl", "--home", self.home, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def knows(self, *words):
        return json.loads(self.says("--json", *words))

    def events(self, kind):
        return self.knows("events", "--filter", f"kind={kind}")["events"]

    def metric(self, name):
        return Metrics(self.says("metrics")).value(f"cometbft_pex_store_{name}", chain_id="e2e")

    def bans(self):
        return {ban["target"] for ban in self.knows("bans")["bans"]}


def begin_and_fill(new_home, small_disk, begin_inside, *flags):
    """A node with a ban that its disk had no room for, and whoever asks it."""
    folder, command, _ = small_disk
    command("cp", "-r", new_home(), folder / "home")
    node = begin_inside(*flags)
    node.wait_for("book stored")
    fill(folder, command)
    operator = Operator(folder / "home")
    assert "not_stored" not in operator.knows("status")
    assert (operator.metric("failures_total"), operator.metric("failing_since_timestamp_seconds")) == (0, 0)
    assert "not stored" not in operator.says("ban", FIRST)
    trouble = node.wait_for("cannot store the book")
    return node, operator, trouble["error"]


def test_bans_that_a_full_disk_does_not_take_are_told_as_such(
    new_home, small_disk, begin_inside, start
):
    peer = start("--p2p.laddr", "tcp://127.0.76.1:0")
    node, operator, why = begin_and_fill(
        new_home, small_disk, begin_inside, *ANYWHERE, "--p2p.persistent_peers", peer.addr
    )
    told = operator.knows("status")["not_stored"]
    assert told["why"] == why and "full" in why
    assert f"why {why}" in operator.says("status") and f": {why}" in operator.says("top", "--once")
    assert operator.metric("failures_total") >= 1
    assert operator.metric("failing_since_timestamp_seconds") == int(told["since"])
    assert {event["detail"] for event in operator.events("store_failed")} == {why}
    assert "not stored" in operator.says("ban", SECOND)
    assert why in operator.knows("unban", SECOND)["not_stored"]
    node.wait_for("peer added")
    address = node.wait_for("serving metrics")["addr"]
    assert get(address, "/healthz")[0] == get(address, "/readyz")[0] == 200


def test_what_a_full_disk_did_not_take_is_counted_at_stop(new_home, small_disk, begin_inside):
    node, operator, why = begin_and_fill(new_home, small_disk, begin_inside)
    operator.says("ban", SECOND)
    assert node.stop() == 1
    lost = [line for line in node.lines if line["level"] == "error"][-1]
    assert (lost["event"], lost["bans"], lost["error"]) == ("not all of the book is stored", 2, why)
    assert "before the next start" in lost["to_do"] and "ban" in lost["to_do"]
    stopping = [line["event"] for line in node.lines].index("stopping")
    assert not [line for line in node.lines[stopping:] if "in memory" in line.get("to_do", "")]


def test_with_room_again_all_is_stored(new_home, small_disk, begin_inside):
    folder, command, _ = small_disk
    node, operator, _ = begin_and_fill(new_home, small_disk, begin_inside)
    operator.says("ban", SECOND)
    command("rm", folder / "filler")
    until(lambda: "not_stored" not in operator.knows("status"))
    assert len(operator.events("store_recovered")) == 1
    assert operator.metric("failures_total") >= 1
    assert operator.metric("failing_since_timestamp_seconds") == 0
    assert "not_stored" not in operator.knows("unban", SECOND)
    assert node.stop() == 0
    begin_inside().wait_for("listening")
    assert operator.bans() == {FIRST}
