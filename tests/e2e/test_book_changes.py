"""`luapex book`: import and merge, and the database that a node keeps. No network."""

import json
import re
import signal
import subprocess

import pytest
from address_book import ago, entry, image
from nodes import LUAPEX, PATIENCE_S, run


# ---- import and merge ----


@pytest.fixture(name="other")
def made_other(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(
        json.dumps(
            image(
                entry(3, ip="8.200.1.1"),
                entry(4, old=True, success=ago(hours=3)),
                entry(5, ip="10.0.0.1"),
                entry(6, addr={"id": "zz", "ip": "8.6.1.1", "port": 1}),
            )
        )
    )
    return path


def test_import_fills_an_empty_home(book_home, other):
    text = book_home.succeed("import", other)
    assert f"{other}: 2 of 4 addresses taken" in text
    assert re.search(r"^ +1  left out: not routable", text, re.MULTILINE)
    assert re.search(r"^ +1  left out: not an ID", text, re.MULTILINE)
    assert text.endswith("2 addresses now\n")
    assert {row["ip"]: row["side"] for row in book_home.rows("show")} == {
        "8.200.1.1": "new",
        "8.4.1.1": "old",
    }


def test_import_never_throws_a_book_away(known_book, other):
    before = known_book.file.read_text()
    assert "luapex book merge, or give --replace" in known_book.fail("import", other)
    assert known_book.file.read_text() == before
    known_book.succeed("import", "--replace", other)
    assert len(known_book.rows("show")) == 2
    (aside,) = known_book.file.parent.glob("addrbook.json.replaced-*")
    assert aside.read_text() == before


def test_import_replaces_a_damaged_book_and_keeps_it(book_home, other):
    book_home.file.write_text("{ nonsense")
    assert f"{book_home.file}:1: " in book_home.fail("import", other)
    book_home.succeed("import", "--replace", other)
    (aside,) = book_home.file.parent.glob("addrbook.json.damaged-*")
    assert aside.read_text() == "{ nonsense"


def test_merge_adds_hearsay_and_keeps_what_is_known(known_book, other):
    assert known_book.succeed("merge", other).endswith("4 addresses now\n")
    rows = {int(row["id"], 16): row for row in known_book.rows("show")}
    assert rows[3]["ip"] == "8.3.1.1"
    assert (rows[4]["side"], rows[4]["last_success"]) == ("new", None)
    assert rows[1]["last_verified"]
    assert known_book.rows("stats")[0]["bans"] == 2


@pytest.mark.parametrize("command", ["import", "merge"])
def test_a_file_that_is_no_book_changes_nothing(known_book, command, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text('{\n"addrs": 5 x')
    before = known_book.file.read_text()
    flags = ["--replace"] if command == "import" else []
    assert f"{file}:2: " in known_book.fail(command, file, *flags)
    assert "cannot be read" in known_book.fail(command, tmp_path / "nothing.json", *flags)
    assert known_book.file.read_text() == before
    assert "Give an addrbook.json" in known_book.misuse(command)


def test_a_running_nodes_book_is_read_but_not_changed(book_home, other):
    with subprocess.Popen(
        [LUAPEX, "start", "--home", book_home.path, "--p2p.laddr", "tcp://127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as node:
        try:
            assert any("listening" in line for line in node.stdout)
            for command in ("import", "merge"):
                assert f"in use by another process ({node.pid}); stop it" in book_home.fail(
                    command, other
                )
            second = run("start", "--home", book_home.path)
            assert second.returncode == 1
            assert "in use by another process" in second.stderr
            book_home.write()
            assert "0 of 0 addresses" in book_home.succeed("show")
        finally:
            node.send_signal(signal.SIGTERM)
            node.communicate(timeout=PATIENCE_S)
    book_home.succeed("import", "--replace", other)


# ---- with the database that a node keeps ----


@pytest.fixture(name="stored")
def made_stored(known_book):
    """The known ones as a node keeps them: in luapex.db, and its export beside."""
    file = known_book.path / "start.json"
    file.write_text(known_book.file.read_text())
    known_book.file.unlink()
    known_book.succeed("import", file)
    return known_book


def test_a_stored_book_is_read_from_the_database(stored):
    stored.file.unlink()
    rows = {int(row["id"], 16): row for row in stored.rows("show")}
    assert [rows[n]["side"] for n in (1, 2, 3)] == ["old", "old", "new"]
    assert rows[1]["rtt_ms"] == 20
    assert rows[1]["last_verified"]
    found = stored.rows("stats")[0]
    assert (found["bans"], found["file"]) == (2, str(stored.path / "data/luapex.db"))
    assert stored.rows("check")[0]["whole"] is True


def test_our_own_export_is_not_merged_again(stored):
    found = stored.rows("check")[0]
    assert (found["addresses"], found["merged"]) == (3, 0)


def test_a_file_put_there_by_hand_is_merged(stored, other):
    stored.file.write_text(other.read_text())
    assert "is merged when the node starts" in stored.succeed("check")
    assert stored.rows("check")[0]["merged"] == 1
    assert len(stored.rows("show")) == 4
    assert len(stored.rows("show", "--old")) == 2


def test_merge_goes_to_the_database(stored, other):
    stored.succeed("merge", other)
    stored.file.unlink()
    assert len(stored.rows("show")) == 4


def test_import_replaces_what_is_stored(stored, other):
    assert "holds 3 addresses" in stored.fail("import", other)
    text = stored.succeed("import", "--replace", other)
    assert "replaced-" in text
    (aside,) = stored.file.parent.glob("addrbook.json.replaced-*")
    assert len(json.loads(aside.read_text())["addrs"]) == 3
    stored.file.unlink()
    assert {row["ip"] for row in stored.rows("show")} == {"8.200.1.1", "8.4.1.1"}
    assert stored.rows("stats")[0]["bans"] == 0


def test_a_damaged_database_is_told_and_can_be_replaced(stored, other):
    database = stored.path / "data/luapex.db"
    database.write_bytes(b"no database at all" * 100)
    shown = stored.book("show", "--json")
    assert shown.returncode == 0 and shown.stdout.count("\n") == 3  # of addrbook.json beside it
    assert f"warning: {database}: " in shown.stderr
    assert stored.book("check").returncode == 1
    assert "holds 3 addresses" in stored.book("import", other).stderr
    assert stored.book("import", "--replace", other).returncode == 0
    assert len(stored.rows("show")) == 2
    assert list(database.parent.glob("luapex.db.damaged-*"))
    (aside,) = stored.file.parent.glob("addrbook.json.replaced-*")
    assert len(json.loads(aside.read_text())["addrs"]) == 3


def damage_page_with(database, text):
    data = bytearray(database.read_bytes())
    page = max(range(4096, len(data), 4096), key=lambda at: data[at : at + 4096].count(text))
    data[page : page + 4096] = b"\xa5" * 4096
    database.write_bytes(data)


def test_what_is_left_of_a_damaged_database_is_shown_and_saved(book_home, other):
    book_home.write(*(entry(n, ip=f"8.{n // 250}.{n % 250}.9") for n in range(1, 1001)))
    book_home.succeed("import", "--replace", book_home.file)
    database = book_home.path / "data/luapex.db"
    book_home.file.unlink()
    damage_page_with(database, b"8.1.")
    shown = book_home.book("show", "--json")
    assert shown.returncode == 0
    left = shown.stdout.count("\n")
    assert 950 <= left < 1000
    assert f"warning: {database}: " in shown.stderr
    checked = book_home.book("check", "--json")
    assert checked.returncode == 1 and json.loads(checked.stdout)["whole"] is False
    merged = book_home.book("merge", other)
    assert merged.returncode == 0 and "damaged-1" in merged.stdout
    assert book_home.book("check").returncode == 0
    assert left <= len(book_home.rows("show")) <= left + 2


def test_a_database_of_which_nothing_is_left_is_told(book_home):
    database = book_home.path / "data/luapex.db"
    database.parent.mkdir(exist_ok=True)
    database.write_bytes(b"no database at all" * 100)
    shown = book_home.book("show")
    assert shown.returncode == 1 and "nothing can be read of it" in shown.stderr
    assert database.exists()


def test_a_damaged_file_beside_a_good_database_costs_neither(stored, other):
    stored.file.write_text("{ nonsense")
    stored.succeed("import", "--replace", other)
    (damaged,) = stored.file.parent.glob("addrbook.json.damaged-*")
    (stored_before,) = stored.file.parent.glob("addrbook.json.replaced-*")
    assert damaged.read_text() == "{ nonsense"
    assert len(json.loads(stored_before.read_text())["addrs"]) == 3
