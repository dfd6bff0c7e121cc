"""Finding peers, both ways, against each Go version (R20, R25, R36 - R47, R58, R60)."""

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


def test_seed_addresses_stay_within_the_outbound_maximum(lab, version):
    """F1: a list from a seed is no reason to exceed max_num_outbound_peers."""
    seed = lab.go(version, "--seed-mode")
    five_nodes(lab, version, seed)
    eventually(lambda: seed.command("status")["book_size"] >= 5, "the seed knows five nodes")
    luapex = lab.luapex(p2p__seeds=seed.addr, p2p__max_num_outbound_peers="2")
    luapex.wait_event("addresses received", peer=seed.id)

    def connected():
        rounds = luapex.events("ensure peers")
        return rounds and rounds[-1]["outbound"] + rounds[-1]["inbound"] >= 2

    eventually(connected, "peers, whoever dialed whom")
    time.sleep(3)
    rounds = luapex.events("ensure peers")
    assert max(line["outbound"] + line["dialing"] for line in rounds) <= 2
