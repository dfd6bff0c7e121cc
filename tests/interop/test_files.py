"""Files that luapex and Go nodes share: the home directory and addrbook.json (wire.md 1.1, 7)."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from peers import GOPEER_DIR, Luapex, go_client, run_go, run_luapex


@pytest.mark.parametrize("entries", [0, 1, 1000, 16000])
def test_go_reads_the_book_that_luapex_wrote(lab, version, entries):
    """Go's book -> luapex -> Go's book. Go lets buckets grow to 65 entries (F7): who is in no other
    one is placed anew, and left out, and counted, only if that bucket is full too."""
    made = lab.folder / "made.json"
    _, status, errors = run_go(version, "book", "--file", made, "make", "--entries", entries)
    assert status == 0, errors
    home = lab.home("luapex")
    run_luapex("init", "--home", home, "--network", "interop-chain")
    shutil.copy(made, home / "config/addrbook.json")
    luapex = lab.keep(
        Luapex(home, initialise=False, p2p__pex="false", p2p__addr_book_strict="false")
    )
    loaded = luapex.wait_event("book loaded", file=str(home / "config/addrbook.json"))
    luapex.stop()
    lines, status, errors = run_go(
        version, "book", "--file", home / "config/addrbook.json", "check"
    )
    assert status == 0, errors
    before = ids_of(json.loads(made.read_text()))
    after = ids_of(luapex.book())
    assert after <= before
    skipped = luapex.events("addresses skipped")
    left_out = skipped[0]["no_room"] if skipped else 0
    assert len(after) == loaded["addresses"] == len(before) - left_out
    assert left_out <= len(before) // 100 and (entries > 1000 or left_out == 0)
    assert lines[-1]["size"] == len(after), "Go lost some of ours"


def ids_of(book):
    return {entry["addr"]["id"] for entry in book["addrs"] or []}


def test_a_peer_learned_from_go_is_in_the_file(lab, version):
    luapex = lab.luapex()
    go = lab.go(version, persistent_peers=luapex.addr)
    luapex.wait_peer(go.id)
    luapex.stop()
    assert go.id in ids_of(luapex.book())


@pytest.fixture(scope="session")
def cometbft():
    """The cometbft program of v0.38, built from the same module as the peer."""
    program = pathlib.Path(GOPEER_DIR).resolve() / "cometbft"
    if not program.exists():
        pytest.fail(f"{program} is missing: ./dev interop builds it")
    return program


def cometbft_home(cometbft, home):
    subprocess.run(
        [cometbft, "init", "--home", home], check=True, capture_output=True, timeout=60
    )
    return home


def test_a_home_made_by_cometbft_init_starts_unchanged(lab, cometbft):
    home = cometbft_home(cometbft, lab.home("cometbft"))
    before = {path: path.read_bytes() for path in (home / "config").iterdir()}
    wanted = subprocess.run(
        [cometbft, "show-node-id", "--home", home], check=True, capture_output=True, text=True
    ).stdout.strip()
    luapex = lab.keep(Luapex(home, initialise=False))
    assert luapex.id == wanted
    chain = json.loads((home / "config/genesis.json").read_text())["chain_id"]
    lines = go_client("cometbft-v0.38", luapex.addr, "request", "recv-addrs:5s", network=chain)
    assert [line for line in lines if line["event"] == "addrs"], lines
    assert luapex.stop() == 0
    for path, content in before.items():
        assert path.read_bytes() == content, f"{path} was changed"


def test_the_same_home_serves_cometbft_and_luapex(lab, cometbft):
    """Both read the other's addrbook.json in place."""
    home = cometbft_home(cometbft, lab.home("cometbft"))
    run_go(
        "cometbft-v0.38", "book", "--file", home / "config/addrbook.json",
        "make", "--entries", 50,
    )  # fmt: skip
    luapex = lab.keep(
        Luapex(home, initialise=False, p2p__pex="false", p2p__addr_book_strict="false")
    )
    luapex.wait_event("book loaded", addresses=50)
    assert luapex.stop() == 0
    assert os.listdir(home / "config").count("addrbook.json") == 1
    lines, status, errors = run_go(
        "cometbft-v0.38", "book", "--file", home / "config/addrbook.json", "check"
    )
    assert status == 0 and lines[-1]["size"] == 50, errors
