"""Honest Go nodes are never banned, however often they come and go (F13, D2, 1.10).

LUAPEX_HONEST_MINUTES: how long they flap; 40 s if it is not set.
"""

import os
import random
import time

import peers

FLAP_S = float(os.environ.get("LUAPEX_HONEST_MINUTES", 2 / 3)) * 60
PERIOD = {"ensure_period": "3s"}
SETTINGS = {"pex__ensure_peers_period": "3s", "pex__min_request_interval": "1s"}


class Neighbours:
    """Two Go nodes of each version behind one IP, which crash, stop, hang up and come back."""

    def __init__(self, lab, seed, persistent):
        self.lab = lab
        self.chance = random.Random(1)
        self.flags = {"seeds": seed.addr, "persistent_peers": persistent.addr, **PERIOD}
        self.nodes = [lab.go(version, **self.flags) for version in peers.GO_VERSIONS * 2]
        self.flaps = 0

    def start_again(self, i):
        gone = self.nodes[i]
        self.lab.running.remove(gone)
        endpoint = gone.addr.split("@")[1]
        self.nodes[i] = self.lab.go(
            gone.version, home=gone.home, laddr=f"tcp://{endpoint}", **self.flags
        )

    def flap(self):
        i = self.chance.randrange(len(self.nodes))
        how = self.chance.choice(["crash", "stop", "hang up", "hang up"])
        if how == "hang up":
            self.hang_up(self.nodes[i])
            return
        if how == "crash":
            self.nodes[i].kill()
        else:
            self.nodes[i].stop()
        time.sleep(self.chance.uniform(0, 1))
        self.start_again(i)

    def hang_up(self, node):
        known = sorted(node.peer_ids())
        if known:
            node.command("stop_peer", id=self.chance.choice(known))

    def go_on_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.flap()
            self.flaps += 1
            time.sleep(self.chance.uniform(0, 1))


def banned(go, luapex):
    return go.command("banned", addr=luapex.addr)["banned"]


def test_honest_neighbours_that_flap_are_never_banned(lab):
    """At a node that takes several peers of one IP, at one that does not, and at a seed."""
    seed = lab.luapex(p2p__seed_mode="true", p2p__allow_duplicate_ip="false", **SETTINGS)
    node = lab.luapex(p2p__seeds=seed.addr, **SETTINGS)
    strict = lab.luapex(p2p__seeds=seed.addr, p2p__allow_duplicate_ip="false", **SETTINGS)
    neighbours = Neighbours(lab, seed, node)
    neighbours.go_on_for(FLAP_S)
    for go in neighbours.nodes:
        peers.eventually(lambda: node.id in go.peer_ids(), f"{go.version} is our peer", 60)
    assert neighbours.flaps > FLAP_S / 10
    for luapex in (seed, node, strict):
        for event in ("peer banned", "address banned"):
            assert not luapex.events(event), luapex.events(event)
        for go in neighbours.nodes:
            assert not banned(go, luapex), go.version
    told = {line["peer"] for line in node.events("addresses received")}
    assert {go.id for go in neighbours.nodes} & told, "nobody was asked: nothing was shown"
