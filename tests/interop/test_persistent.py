"""Persistent peers are found again, however often they are lost (S16, S20, F16)."""

import peers

ROUNDS = 10


def restart(lab, go):
    """The same node again: same home, same address."""
    host, port = go.addr.split("@")[1].split(":")
    again = lab.go(go.version, home=go.home, laddr=f"tcp://{host}:{port}")
    assert again.addr == go.addr
    return again


def test_persistent_peers_killed_ten_times_are_always_found_again(lab):
    """One of each version, all at once. Waits are short by settings, their order is not: the tries
    are at least a second apart, and a peer lost within five seconds counts as a failed try."""
    nodes = [lab.go(version) for version in peers.GO_VERSIONS]
    luapex = lab.luapex(
        p2p__persistent_peers=",".join(go.addr for go in nodes),
        p2p__persistent_peers_max_dial_period="1s",
        pex__reconnect_interval="1s",
        pex__reconnect_jitter="0s",
        pex__startup_spread="0s",
    )
    for go in nodes:
        luapex.wait_peer(go.id, direction="outbound")
    for _ in range(ROUNDS):
        start = len(luapex.lines)
        for go in nodes:
            go.kill()
        nodes = [restart(lab, go) for go in nodes]
        for go in nodes:
            luapex.wait_peer(go.id, start=start, direction="outbound")
            peers.eventually(lambda: luapex.id in go.peer_ids(), "the Go node sees luapex")
    assert not luapex.events("peer banned")


def test_persistent_go_peers_find_a_killed_luapex_again(lab):
    """The other way round: Go nodes dial, we come back under the same key and address."""
    luapex = lab.luapex()
    nodes = [lab.go(version, persistent_peers=luapex.addr) for version in peers.GO_VERSIONS]
    for go in nodes:
        luapex.wait_peer(go.id, direction="inbound")
    luapex.kill()
    lab.running.remove(luapex)
    again = lab.luapex(
        home=luapex.home, initialise=False, p2p__laddr=f"tcp://{luapex.endpoint}"
    )
    assert again.addr == luapex.addr
    for go in nodes:
        again.wait_peer(go.id)
