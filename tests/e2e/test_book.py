"""`luapex book`: looking at a node's address book. No network."""

import csv
import io
import json
import re

import pytest
from address_book import entry
from nodes import run

COMMANDS = ["show", "stats", "find", "export", "import", "merge", "check"]


# ---- the group ----


def test_the_group_lists_its_commands():
    text = run("book", "--help").stdout
    for command in COMMANDS:
        assert f"\n  book {command} " in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_page(command):
    text = run("book", command, "--help").stdout
    assert text.startswith(f"luapex book {command}: ")
    assert f"Usage: luapex book {command} " in text
    assert "--home DIR" in text
    assert max(map(len, text.splitlines())) <= 98


@pytest.mark.parametrize("command", ["show", "stats", "check", "find 8.8.8.8", "export -"])
def test_without_a_book_every_reader_says_what_to_do(book_home, command):
    assert "luapex book import brings one" in book_home.fail(*command.split())


def test_a_damaged_book_is_told_with_its_line(book_home):
    book_home.file.write_text('{ "key": "x",\n "addrs": [ {]\n}')
    assert f"{book_home.file}:2: " in book_home.fail("check")
    assert f"{book_home.file}:2: " in book_home.fail("show")


# ---- show ----


def test_show_is_an_aligned_table_with_the_latest_first(known_book):
    lines = known_book.succeed("show").splitlines()
    assert lines[0].split() == "ID ADDRESS SIDE FAILS SUCCESS VERIFIED LAST FAILURE SOURCE".split()
    assert [line.split()[1] for line in lines[1:4]] == [f"8.{n}.1.1:26656" for n in (1, 2, 3)]
    assert lines[1].split()[2:6] == ["old", "0", "1h", "1h"]
    assert lines[3].split()[2:] == ["new", "2", "-", "-", "refused", "9.9.9.9"]
    columns = [line.rindex(line.split()[-1]) for line in lines[:4]]
    assert len(set(columns)) == 1
    assert re.fullmatch(r"3 of 3 addresses, saved \d+s ago", lines[5])


def test_show_tells_what_it_leaves_out(book_home):
    book_home.write(entry(1), entry(2, ip="192.168.1.1"), entry(3), entry(3))
    shown = book_home.succeed("show")
    assert "1 more left out: not routable (p2p.addr_book_strict" in shown
    assert "luapex book check" in shown
    assert len(book_home.rows("show")) == 2


def test_show_takes_filters_and_a_limit(known_book):
    assert [row["ip"] for row in known_book.rows("show", "--old")] == ["8.1.1.1", "8.2.1.1"]
    assert [row["ip"] for row in known_book.rows("show", "--new")] == ["8.3.1.1"]
    assert [row["ip"] for row in known_book.rows("show", "--verified", "24h")] == ["8.1.1.1"]
    assert [row["ip"] for row in known_book.rows("show", "--limit", 2)] == ["8.1.1.1", "8.2.1.1"]
    assert len(known_book.rows("show", "--old", "--new")) == 3
    assert "2 of 3 addresses" in known_book.succeed("show", "--limit", 2)


def test_show_as_json_has_everything(known_book):
    row = known_book.rows("show")[0]
    assert row["id"] == f"{1:040x}"
    assert (row["port"], row["group"], row["side"]) == (26656, "8.1.0.0", "old")
    assert (row["attempts"], row["last_failure"], row["rtt_ms"]) == (0, None, 20)
    assert row["last_verified"].endswith("Z")
    assert row["sources"][0]["ip"] == "9.9.9.9"
    assert row["sources"][0]["heard"] is None or row["sources"][0]["heard"].endswith("Z")
    assert set(row["failures"]) == {"refused", "timed_out", "handshake", "other"}
    assert set(row["reliability"]) == {"2h", "8h", "1d", "1w", "1m"}
    assert {"version", "bans"} <= set(row)
    assert known_book.rows("show")[2]["last_success"] is None


def test_show_as_csv_is_csv(known_book):
    rows = list(csv.DictReader(io.StringIO(known_book.succeed("show", "--csv"))))
    assert [row["ip"] for row in rows] == ["8.1.1.1", "8.2.1.1", "8.3.1.1"]
    assert rows[2]["last_success"] == ""
    assert rows[0]["source_ip"] == "9.9.9.9"
    assert rows[2]["last_failure"] == "refused"


def test_show_refuses_what_makes_no_sense(known_book):
    assert "not both" in known_book.misuse("show", "--csv", "--json")
    assert "is not an integer" in known_book.misuse("show", "--limit", 0)
    assert "is not a duration" in known_book.misuse("show", "--verified", "yesterday")


# ---- stats ----


def test_stats_count_what_is_there(known_book):
    found = known_book.rows("stats")[0]
    assert found["addresses"] == 3
    assert (found["old"]["addresses"], found["new"]["addresses"]) == (2, 1)
    assert (found["old"]["buckets_used"], found["old"]["fullest"]) == (2, 1)
    assert (found["new"]["buckets"], found["new"]["bucket_size"]) == (256, 64)
    assert (found["bans"], found["bans_in_force"]) == (2, 1)
    assert (found["verified"]["24h"], found["verified"]["30d"], found["verified"]["never"]) == (
        1,
        1,
        1,
    )
    assert found["groups"]["distinct"] == 3
    assert found["sources"]["largest"] == [{"name": "9.9.9.9", "n": 3}]


def test_stats_of_an_empty_book(book_home):
    book_home.write()
    text = book_home.succeed("stats")
    assert re.search(r"^addresses +0$", text, re.MULTILINE)
    assert "groups          0\n" in text


def test_stats_name_the_largest_group(book_home):
    book_home.write(*(entry(n, ip=f"8.8.{n}.1") for n in range(1, 8)), entry(9))
    assert "groups          2   largest: 8.8.0.0 (7), 8.9.0.0 (1)\n" in book_home.succeed("stats")


# ---- find ----


@pytest.mark.parametrize(
    "what, found",
    [
        *[("8.2.1.1", [2]), ("8.0.0.0/8", [1, 2, 3]), ("0" * 39 + "3", [3])],
        ("8.2.1.1:26656", [2]),
    ],
)
def test_find_takes_ip_range_and_id(known_book, what, found):
    assert [int(row["id"], 16) for row in known_book.rows("find", what)] == found


def test_find_takes_the_beginning_of_an_id(book_home):
    book_home.write(entry(0xABCDEF << 136), entry(0xABCD00 << 136))
    assert len(book_home.rows("find", "abcd")) == 2
    text = book_home.succeed("find", "abcdef")
    assert re.search(r"^abcdef0+@8\.\d+\.1\.1:26656$", text, re.MULTILINE)


def test_find_tells_bans(known_book):
    assert re.match(r"banned: b{40} until .*Z: spam\n", known_book.succeed("find", "bbbb"))
    assert "was banned: 7.7.0.0/16 until" in known_book.succeed("find", "7.7.1.2")
    assert "no reason given" in known_book.succeed("find", "7.0.0.0/8")


def test_find_tells_bans_to_programs_too(known_book):
    (ban,) = known_book.rows("find", "bbbb")
    assert (ban["ban"], ban["holds"], ban["reason"]) == ("b" * 40, True, "spam")
    assert re.fullmatch(r"\d{4}-.*Z", ban["until"])
    (over,) = known_book.rows("find", "7.7.1.2")
    assert (over["ban"], over["holds"], over["reason"]) == ("7.7.0.0/16", False, "")
    assert known_book.succeed("find", "--csv", "bbbb").count("\n") == 1


def test_find_says_when_there_is_nothing(known_book):
    assert "fits 1.2.3.4" in known_book.fail("find", "1.2.3.4")
    assert "fits 8.2.1.1:1" in known_book.fail("find", "8.2.1.1:1")


@pytest.mark.parametrize("what", ["abc", "ABCDEF", "8.8.8", "10.0.0.1/8", "g" * 40, "a" * 41])
def test_find_refuses_what_is_none_of_the_three(known_book, what):
    assert "is not an IP" in known_book.misuse("find", what)


def test_find_needs_something(known_book):
    assert "Give an IP" in known_book.misuse("find")


# ---- export ----


def test_an_export_of_all_imports_as_it_was(known_book, tmp_path):
    file = tmp_path / "all.json"
    assert "3 addresses of 3 addresses" in known_book.succeed("export", file)
    before = known_book.rows("show")
    known_book.succeed("import", "--replace", file)
    assert known_book.rows("show") == before
    assert known_book.rows("stats")[0]["bans"] == 2


def test_an_export_for_others_has_the_chosen_and_no_bans(known_book, tmp_path):
    file = tmp_path / "public.json"
    assert "1 addresses of 3" in known_book.succeed("export", "--verified", "24h", file)
    public = json.loads(file.read_text())
    assert [each["addr"]["ip"] for each in public["addrs"]] == ["8.1.1.1"]
    assert public["addrs"][0]["bucket_type"] == 2
    assert not public.get("luapex", {}).get("bans")
    assert '"rtt_ms": 20' in known_book.file.read_text()
    assert '"rtt_ms": 20' not in file.read_text()


def test_an_export_can_go_to_standard_output(known_book):
    text = known_book.succeed("export", "-", "--new")
    assert [each["addr"]["ip"] for each in json.loads(text)["addrs"]] == ["8.3.1.1"]


def test_edges_say_who_told_what_and_when(known_book, tmp_path):
    file = tmp_path / "edges.csv"
    assert "3 edges" in known_book.succeed("export", "--edges", file)
    rows = list(csv.DictReader(file.open()))
    assert {row["source_ip"] for row in rows} == {"9.9.9.9"}
    assert {row["ip"] for row in rows} == {"8.1.1.1", "8.2.1.1", "8.3.1.1"}
    assert all(row["heard"].endswith("Z") for row in rows)


def test_an_export_replaces_a_file_but_never_the_book_itself(known_book, tmp_path):
    file = tmp_path / "public.json"
    file.write_text("old")
    known_book.succeed("export", "--old", file)
    assert len(json.loads(file.read_text())["addrs"]) == 2
    before = known_book.file.read_text()
    assert "own address book" in known_book.fail("export", "--old", known_book.file)
    assert known_book.file.read_text() == before


def test_an_export_that_cannot_be_written_is_told(known_book, tmp_path):
    assert "No such file" in known_book.fail("export", tmp_path / "nowhere/a.json")
    assert "Give FILE" in known_book.misuse("export")


# ---- check ----


def test_check_of_a_whole_book(known_book):
    text = known_book.succeed("check")
    assert "3 of 3 addresses taken, 2 of 2 bans\n" in text
    assert "all rules of the book hold" in text
    assert known_book.rows("check")[0]["whole"] is True


def test_check_counts_what_is_mended_and_left_out(book_home):
    book_home.write(entry(1, buckets=[9999]), entry(2), entry(2), entry(3, ip="192.168.1.1"))
    done = book_home.book("check")
    assert done.returncode == 1
    assert re.search(r"^ +1  mended: placed anew", done.stdout, re.MULTILINE)
    assert re.search(r"^ +1  left out: known already", done.stdout, re.MULTILINE)
    found = json.loads(book_home.book("check", "--json").stdout)
    assert (found["whole"], found["addresses"], found["listed"]) == (False, 2, 4)
    assert found["mended"]["placed_anew"] == 1
    assert found["left_out"]["duplicate"] == found["left_out"]["non_routable"] == 1


def test_a_book_of_10000_is_quick_to_look_at(book_home):
    book_home.write(*(entry(n, ip=f"{20 + n // 200}.{n % 200}.1.1") for n in range(1, 10001)))
    found = book_home.rows("stats")[0]
    assert found["addresses"] == len(book_home.rows("show")) > 5000
