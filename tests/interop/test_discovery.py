"""Finding peers, both ways, against each Go version (R20, R25, R36 - R47, R58, R60)."""

import secrets
import time

from peers import eventually


def five_nodes(lab, version, seed):
    return [lab.go(version, seeds=seed.addr, moniker=f"go-{i}") for i in range(5)]


def test_discovers_five_go_nodes_through_a_go_seed(lab, version):
    seed = lab.go(version, "--seed-mode")
    nodes = five_nodes(lab, version, seed)
    eventually(lambda: seed.command("status")["book_size"] >= 5, "the seed knows five nodes")
    luapex = lab.luapex(p2p__seeds=seed.addr)
    for node in nodes:
        luapex.wait_peer(node.id, timeout=60)
        eventually(lambda: luapex.id in node.peer_ids(), "the Go node sees luapex as its peer")


def test_go_node_discovers_five_others_with_luapex_as_its_seed(lab, version):
    seed = lab.luapex(p2p__seed_mode="true")
    nodes = five_nodes(lab, version, seed)
    newcomer = lab.go(version, seeds=seed.addr, moniker="newcomer")
    wanted = {node.id for node in nodes}
    eventually(lambda: wanted <= newcomer.peer_ids(), "the newcomer finds all five", timeout=90)


def test_stays_connected_over_ping_and_pong(lab, version):
    luapex = lab.luapex()
    go = lab.go(version, ping_interval="2s", pong_timeout="1s", persistent_peers=luapex.addr)
    luapex.wait_peer(go.id)
    time.sleep(9)
    assert luapex.id in go.peer_ids()
    assert not go.events("peer_removed")
    assert not luapex.events("peer stopped for error")


def test_a_full_go_node_with_all_channels_keeps_us(lab, version):
    luapex = lab.luapex()
    go = lab.go(version, "--full-channels", persistent_peers=luapex.addr)
    luapex.wait_peer(go.id)
    time.sleep(3)
    assert luapex.id in go.peer_ids()
    assert not luapex.events("peer stopped for error")


class Outbound:
    """What a node dials and is connected to, replayed from its log."""

    def __init__(self):
        self.dialing, self.connected, self.most = set(), set(), 0

    def read(self, line):
        event, peer = line.get("event"), line.get("peer", "").split("@")[0]
        if event == "dialing":
            self.dialing.add(line["addr"].split("@")[0])
        elif event == "dial failed":
            self.dialing.discard(line["addr"].split("@")[0])
        elif event == "peer added" and line["direction"] == "outbound":
            self.dialing.discard(peer)
            self.connected.add(peer)
        elif event and event.startswith(("peer stopped", "peer closed")):
            self.connected.discard(peer)
        self.most = max(self.most, len(self.dialing | self.connected))


def test_41_addresses_from_a_seed_give_no_more_outbound_peers_than_allowed(lab, crowd, version):
    """F1: a list from a seed is no reason to exceed max_num_outbound_peers. A seed tells 23 % of
    what it knows: 41 nodes, and 140 addresses that refuse."""
    seed = lab.go(version, "--seed-mode")
    refusing = [f"{secrets.token_hex(20)}@127.{i}.0.1:1" for i in range(1, 141)]
    for address in [node.addr for node in crowd] + refusing:
        answer = seed.command("add", addr=address)
        assert answer["ok"], answer
    luapex = lab.luapex(
        p2p__seeds=seed.addr, p2p__max_num_outbound_peers="2", pex__ensure_peers_period="200ms"
    )
    told = luapex.wait_event("addresses received", peer=seed.id)
    assert told["listed"] >= 41, told
    found = {node.id for node in crowd}

    def full():
        outbound = replayed(luapex)
        return len(outbound.connected & found) == 2

    eventually(full, "two of the crowd are outbound peers")
    rounds = len(luapex.events("ensure peers"))
    eventually(lambda: len(luapex.events("ensure peers")) >= rounds + 3, "three more rounds")
    assert replayed(luapex).most <= 2
    assert sum(luapex.id in node.peer_ids() for node in crowd) == 2


def replayed(luapex):
    outbound = Outbound()
    with luapex.changed:
        lines = list(luapex.lines)
    for line in lines:
        outbound.read(line)
    return outbound
