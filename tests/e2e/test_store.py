"""The stored book: kills, damage, full disks, folders that cannot be written."""

import json
import os
import random
import sqlite3
import time

import pytest
from nodes import LOOPBACK, QUIET, Node, kill
from small_disk import fill

KILLS = int(os.environ.get("LUAPEX_KILLS", "20"))
SEED = int(os.environ.get("LUAPEX_SEED", time.time_ns() % 1000000))
SOURCES = 8  # nodes that tell addresses
EACH = 60  # addresses that each of them tells
KNOWN_MAX = 400  # far beyond it full buckets would evict: the next home is a new one
KEY = "0123456789abcdef01234567"


def entry(number):
    addr = {"id": f"{number:040x}", "ip": f"{240 + number % 15}.{number // 15 % 256}.{number // 3840}.7", "port": 26656}
    return {
        "addr": addr,
        "src": addr,
        "buckets": [number % 256],
        "attempts": 0,
        "bucket_type": 1,
        "last_attempt": "2026-01-01T00:00:00Z",
        "last_success": "0001-01-01T00:00:00Z",
        "last_ban_time": "0001-01-01T00:00:00Z",
    }


def write_book(home, numbers):
    text = json.dumps({"key": KEY, "addrs": [entry(number) for number in numbers]})
    (home / "config/addrbook.json").write_text(text)


def stored_ids(home):
    database = sqlite3.connect(f"file:{home / 'data/luapex.db'}?mode=ro", uri=True)
    try:
        return {row[0] for row in database.execute("SELECT id FROM peers")}
    finally:
        database.close()


def known(node):
    return node.wait_for("listening")["known"]


@pytest.fixture
def sources(start, new_home):
    nodes = []
    for i in range(SOURCES):
        home = new_home()
        write_book(home, range(1 + i * EACH, 1 + (i + 1) * EACH))
        nodes.append(
            start(
                *QUIET,
                *["--p2p.laddr", f"tcp://127.0.{71 + i}.1:0", "--pex.min_request_interval", "50ms"],
                "--p2p.allow_duplicate_ip=true",
                home=home,
            )
        )
    return [node.addr for node in nodes]


def asks(sources):
    return [
        *["--p2p.laddr", "tcp://127.0.70.1:0", "--p2p.persistent_peers", ",".join(sources)],
        *["--pex.ensure_peers_period", "100ms", "--pex.own_request_spacing", "100ms"],
        *["--pex.need_more_addresses", "20000", "--p2p.allow_duplicate_ip=true"],
    ]


def begin(home, sources):
    often = ["--log_level", "debug", "--pex.book_save_interval", "1s"]
    return Node(home, *LOOPBACK, *QUIET, *asks(sources), *often)


def acknowledged(node, before):
    """Addresses the node said to have stored, more than a second before it was killed."""
    stored = [line for line in node.lines if line["event"] == "book stored"]
    return [line["addresses"] for line in stored if line["seen"] < before - 1]


class Timed(list):
    def append(self, line):
        super().append({**line, "seen": time.monotonic()})


def test_no_kill_loses_what_was_stored_a_second_before(sources, new_home):
    chance = random.Random(SEED)
    print(f"LUAPEX_SEED={SEED}")
    home, ids, least, tellings, checked = new_home(), set(), 0, 0, 0
    key = (home / "config/node_key.json").read_bytes()
    for _ in range(KILLS):
        node = begin(home, sources)
        node.lines = Timed(node.lines)
        count = known(node)
        assert count >= least, (SEED, count, least)
        time.sleep(chance.uniform(0, 3))
        killed = time.monotonic()
        kill(node)
        sure = acknowledged(node, killed)
        tellings += len(sure)
        least = max([count, *sure])
        after = stored_ids(home)
        assert len(after) >= least and ids <= after, (SEED, len(after), least, ids - after)
        checked += len(after)
        ids = after
        if len(ids) > KNOWN_MAX:
            home, ids, least = new_home(), set(), 0
            # Sources remember us: many of us would share, and fill, one bucket.
            (home / "config/node_key.json").write_bytes(key)
    print(f"{KILLS} kills, {tellings} stores acknowledged in time, {checked} addresses compared")
    assert tellings > 0 or KILLS < 10


def test_a_damaged_store_is_salvaged_and_set_aside(start, new_home):
    home = new_home()
    write_book(home, range(1, 6001))
    first = start(*QUIET, home=home)
    first.wait_for("book loaded", addresses=6000)
    assert first.stop() == 0
    (home / "config/addrbook.json").unlink()
    path = home / "data/luapex.db"
    data = bytearray(path.read_bytes())
    page = max(range(4096, len(data), 4096), key=lambda at: data[at : at + 4096].count(b"0" * 30))
    data[page : page + 4096] = b"\xa5" * 4096
    path.write_bytes(data)
    second = start(*QUIET, home=home)
    kept = second.wait_for("the stored book was written anew")["addresses"]
    assert 5900 <= kept < 6000
    assert second.stop() == 0
    assert len(stored_ids(home)) == kept
    assert len(list(home.glob("data/luapex.db.damaged-1"))) == 1
    third = start(*QUIET, home=home)
    assert known(third) == kept


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_text("not a database at all\n" * 500),
        lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 99").connection.close(),
    ],
    ids=["empty", "hostile", "truncated", "text", "newer"],
)
def test_addrbook_json_is_the_second_source(start, new_home, damage):
    home = new_home()
    write_book(home, range(1, 301))
    first = start(*QUIET, home=home)
    first.wait_for("book loaded", addresses=300)
    assert first.stop() == 0
    damage(home / "data/luapex.db")
    second = start(*QUIET, home=home)
    assert known(second) == 300, second.lines
    assert second.stop() == 0
    assert len(stored_ids(home)) == 300


def test_a_swapped_addrbook_json_is_merged_and_our_own_is_not(start, new_home):
    home = new_home()
    write_book(home, range(1, 101))
    first = start(*QUIET, home=home)
    first.wait_for("book loaded", addresses=100)
    assert first.stop() == 0
    second = start(*QUIET, home=home)
    assert known(second) == 100
    assert not [line for line in second.lines if line["event"] == "address book merged"]
    assert second.stop() == 0
    write_book(home, range(51, 201))
    third = start(*QUIET, home=home)
    third.wait_for("address book merged", listed=150, added=100, known=50)
    assert known(third) == 200


def test_the_size_of_the_book_is_a_setting(start, new_home):
    home = new_home()
    write_book(home, range(1, 101))
    small = ["--pex.new_buckets", "4", "--pex.new_bucket_size", "2"]
    first = start(*QUIET, *small, home=home)
    assert first.wait_for("book loaded")["addresses"] <= 8
    assert first.stop() == 0
    assert len(stored_ids(home)) <= 8


def test_a_start_in_strict_mode_by_mistake_loses_no_address(start, new_home):
    home = new_home()
    write_book(home, range(1, 101))
    first = start(*QUIET, "--p2p.addr_book_strict=false", home=home)
    first.wait_for("book loaded", addresses=100)
    assert first.stop() == 0
    database = sqlite3.connect(home / "data/luapex.db")
    # Addresses of 240/4, as the first test network here, are no peers of a public network.
    assert database.execute("SELECT count(*) FROM peers").fetchone() == (100,)
    database.close()
    second = start(*QUIET, "--p2p.addr_book_strict=true", home=home)
    second.wait_for("addresses skipped", non_routable=100)
    assert second.stop() == 0
    assert len(stored_ids(home)) == 100
    third = start(*QUIET, "--p2p.addr_book_strict=false", home=home)
    third.wait_for("book loaded", addresses=100)


def test_a_second_process_in_one_home_is_refused(start, new_home):
    home = new_home()
    first = start(home=home)
    first.wait_for("listening")
    second = start(home=home)
    assert second.end() == 1
    assert "in use by another process" in second.errors


def test_a_full_disk_is_told_once_survived_and_recovered_from(
    sources, new_home, small_disk, begin_inside
):
    folder, command, _ = small_disk
    home = new_home()
    write_book(home, range(5001, 5101))
    command("cp", "-r", home, folder / "home")
    first = begin_inside()
    first.wait_for("book stored")
    kill(first)
    fill(folder, command)
    second = begin_inside(*asks(sources))
    assert known(second) >= 100
    trouble = second.wait_for("cannot store the book")
    assert "disk" in trouble["to_do"]
    second.wait_for("peer added")
    time.sleep(5)
    told = [line for line in second.lines if line["event"] == "cannot store the book"]
    assert len(told) == len({line["error"] for line in told}), told
    assert second.process.poll() is None
    command("rm", folder / "filler")
    second.wait_for("the book is written again")
    second.wait_for("book stored")
    assert second.stop() == 0
    count = second.lines[-1]
    third = begin_inside()
    assert known(third) > 100, count
    kill(third)


def test_a_folder_that_cannot_be_written_is_read_and_told(
    new_home, small_disk, begin_inside
):
    folder, command, _ = small_disk
    home = new_home()
    write_book(home, range(1, 101))
    command("cp", "-r", home, folder / "home")
    first = begin_inside()
    first.wait_for("book stored")
    kill(first)  # its log is not yet in the database
    command("mount", "-o", "remount,ro", folder)
    second = begin_inside()
    assert known(second) == 100, second.lines
    second.wait_for("cannot store the book")
    assert second.stop() == 0


def damage(home, command):
    """The start of the database stays, the rest is nonsense."""
    path = home / "data/luapex.db"
    command("sh", "-c", f"tr '\\000-\\377' '\\245' < {path} | tail -c +8193 > {home}/rest")
    command("sh", "-c", f"head -c 8192 {path} > {home}/start && cat {home}/start {home}/rest > {path}")
    command("rm", "-f", home / "start", home / "rest", f"{path}-wal", f"{path}-shm")


def begin_damaged(new_home, small_disk, begin_inside):
    folder, command, _ = small_disk
    home = new_home()
    write_book(home, range(1, 101))
    command("cp", "-r", home, folder / "home")
    first = begin_inside()
    first.wait_for("book stored")
    assert first.stop() == 0
    damage(folder / "home", command)
    return folder, command


def test_a_new_home_on_a_full_disk_says_so_and_nothing_else(new_home, small_disk, begin_inside):
    folder, command, _ = small_disk
    command("cp", "-r", new_home(), folder / "home")
    fill(folder, command)
    node = begin_inside()
    trouble = node.wait_for("cannot store the book")
    assert "full" in trouble["error"] and "disk space" in trouble["to_do"]
    node.wait_for("listening")
    assert not [line for line in node.lines if "damaged" in line["event"]], node.lines
    command("rm", folder / "filler")
    assert node.stop() == 0
    assert known(begin_inside()) == 0


def test_a_file_where_the_folder_of_data_has_to_be_is_named(new_home):
    home = new_home()
    (home / "data").rmdir()
    (home / "data").write_text("precious")
    node = Node(home, *LOOPBACK)
    assert node.end() == 1
    assert f"{home}/data is a file, but has to be a folder: move it away" in node.errors
    assert (home / "data").read_text() == "precious"


def test_a_damaged_store_on_a_full_disk_is_mended_when_there_is_room(
    new_home, small_disk, begin_inside
):
    folder, command = begin_damaged(new_home, small_disk, begin_inside)
    fill(folder, command)
    second = begin_inside()
    assert known(second) == 100, second.lines  # of addrbook.json, the second source
    assert second.wait_for("the stored book is damaged")
    second.wait_for("cannot store the book")
    command("rm", folder / "filler")
    second.wait_for("book stored", addresses=100)
    assert second.stop() == 0
    third = begin_inside()
    third.wait_for("book loaded", addresses=100)
    assert not [line for line in third.lines if "damaged" in line["event"]]
    kill(third)


def test_damaged_files_in_a_folder_that_cannot_be_written_do_not_stop_the_start(
    new_home, small_disk, begin_inside
):
    folder, command = begin_damaged(new_home, small_disk, begin_inside)
    command("mount", "-o", "remount,ro", folder)
    second = begin_inside()
    assert known(second) == 100, second.lines
    second.wait_for("cannot store the book")
    assert second.stop() == 1
    second.wait_for("not all of the book is stored", addresses=100, bans=0)
    command("mount", "-o", "remount,rw", folder)
    command("sh", "-c", f"printf '{{' > {folder}/home/config/addrbook.json")
    command("mount", "-o", "remount,ro", folder)
    third = begin_inside()
    assert known(third) == 0
    told = third.wait_for("addrbook.json is damaged and cannot be moved aside")
    assert "copy" in told["to_do"]
    assert third.stop() == 0
