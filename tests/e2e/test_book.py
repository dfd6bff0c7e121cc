"""`luapex book`: looking at a node's address book and changing it. No network."""

import csv
import io
import json
import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
from nodes import LUAPEX, PATIENCE_S, run

NEVER = "0001-01-01T00:00:00Z"
COMMANDS = ["show", "stats", "find", "export", "import", "merge", "check"]
SOURCE = {"id": "e" * 40, "ip": "9.9.9.9", "port": 26656}


def ago(**age):
    return (datetime.now(timezone.utc) - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(n, old=False, success=NEVER, ip=None, **changes):
    """An entry as Tendermint writes it; all are in another /16."""
    return {
        "addr": {"id": f"{n:040x}", "ip": ip or f"8.{n % 250}.1.1", "port": 26656},
        "src": SOURCE,
        "buckets": [n % 64],
        "attempts": 0,
        "bucket_type": 2 if old else 1,
        "last_attempt": success,
        "last_success": success,
        "last_ban_time": NEVER,
    } | changes


def verified(n, time_text, **more):
    return {"id": f"{n:040x}", "last_verified": time_text, **more}


def image(*entries, peers=(), bans=()):
    extra = {"luapex": {"peers": list(peers), "bans": list(bans)}} if peers or bans else {}
    return {"key": "0123456789abcdef01234567", "addrs": list(entries), **extra}


class Home:
    def __init__(self, path):
        self.path = path
        self.file = path / "config/addrbook.json"

    def write(self, *entries, **more):
        self.file.write_text(json.dumps(image(*entries, **more)))

    def book(self, command, *arguments):
        return run("book", command, *arguments, "--home", self.path)

    def succeed(self, command, *arguments):
        done = self.book(command, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        return done.stdout

    def fail(self, command, *arguments):
        """The one line on standard error."""
        done = self.book(command, *arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def misuse(self, command, *arguments):
        done = self.book(command, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def rows(self, command, *arguments):
        return [
            json.loads(line) for line in self.succeed(command, "--json", *arguments).splitlines()
        ]


@pytest.fixture(name="home")
def made_home(tmp_path):
    path = tmp_path / "home"
    done = run("init", "--home", path, "--network", "book")
    assert done.returncode == 0, done.stderr
    return Home(path)


@pytest.fixture(name="known")
def made_known(home):
    """Two old ones, one verified an hour ago and one ten days ago, and a new one."""
    home.write(
        entry(1, old=True, success=ago(hours=1)),
        entry(2, old=True, success=ago(days=10)),
        entry(3, attempts=2),
        peers=[
            verified(1, ago(hours=1), rtt_ms=20, first_seen=ago(days=2)),
            verified(2, ago(days=10), first_seen=ago(days=11)),
            {"id": f"{3:040x}", "last_failure": "refused", "first_seen": ago(days=1)},
        ],
        bans=[
            {"id": "b" * 40, "since": ago(hours=1), "until": ago(hours=-1), "reason": "spam"},
            {"cidr": "7.7.0.0/16", "since": ago(hours=9), "until": ago(hours=8)},
        ],
    )
    return home


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
def test_without_a_book_every_reader_says_what_to_do(home, command):
    assert "luapex book import brings one" in home.fail(*command.split())


def test_a_damaged_book_is_told_with_its_line(home):
    home.file.write_text('{ "key": "x",\n "addrs": [ {]\n}')
    assert f"{home.file}:2: " in home.fail("check")
    assert f"{home.file}:2: " in home.fail("show")


# ---- show ----


def test_show_is_an_aligned_table_with_the_latest_first(known):
    lines = known.succeed("show").splitlines()
    assert lines[0].split() == "ID ADDRESS SIDE FAILS SUCCESS VERIFIED LAST FAILURE SOURCE".split()
    assert [line.split()[1] for line in lines[1:4]] == [f"8.{n}.1.1:26656" for n in (1, 2, 3)]
    assert lines[1].split()[2:6] == ["old", "0", "1h", "1h"]
    assert lines[3].split()[2:] == ["new", "2", "-", "-", "refused", "9.9.9.9"]
    columns = [line.rindex(line.split()[-1]) for line in lines[:4]]
    assert len(set(columns)) == 1
    assert re.fullmatch(r"3 of 3 addresses, saved \d+s ago", lines[5])


def test_show_tells_what_it_leaves_out(home):
    home.write(entry(1), entry(2, ip="192.168.1.1"), entry(3), entry(3))
    shown = home.succeed("show")
    assert "1 more left out: not routable (p2p.addr_book_strict" in shown
    assert "luapex book check" in shown
    assert len(home.rows("show")) == 2


def test_show_takes_filters_and_a_limit(known):
    assert [row["ip"] for row in known.rows("show", "--old")] == ["8.1.1.1", "8.2.1.1"]
    assert [row["ip"] for row in known.rows("show", "--new")] == ["8.3.1.1"]
    assert [row["ip"] for row in known.rows("show", "--verified", "24h")] == ["8.1.1.1"]
    assert [row["ip"] for row in known.rows("show", "--limit", 2)] == ["8.1.1.1", "8.2.1.1"]
    assert len(known.rows("show", "--old", "--new")) == 3
    assert "2 of 3 addresses" in known.succeed("show", "--limit", 2)


def test_show_as_json_has_everything(known):
    row = known.rows("show")[0]
    assert row["id"] == f"{1:040x}"
    assert (row["port"], row["group"], row["side"]) == (26656, "8.1.0.0", "old")
    assert (row["attempts"], row["last_failure"], row["rtt_ms"]) == (0, None, 20)
    assert row["last_verified"].endswith("Z")
    assert row["sources"][0]["ip"] == "9.9.9.9"
    assert row["sources"][0]["heard"] is None or row["sources"][0]["heard"].endswith("Z")
    assert set(row["failures"]) == {"refused", "timed_out", "handshake", "other"}
    assert set(row["reliability"]) == {"2h", "8h", "1d", "1w", "1m"}
    assert {"version", "bans"} <= set(row)
    assert known.rows("show")[2]["last_success"] is None


def test_show_as_csv_is_csv(known):
    rows = list(csv.DictReader(io.StringIO(known.succeed("show", "--csv"))))
    assert [row["ip"] for row in rows] == ["8.1.1.1", "8.2.1.1", "8.3.1.1"]
    assert rows[2]["last_success"] == ""
    assert rows[0]["source_ip"] == "9.9.9.9"
    assert rows[2]["last_failure"] == "refused"


def test_show_refuses_what_makes_no_sense(known):
    assert "not both" in known.misuse("show", "--csv", "--json")
    assert "is not an integer" in known.misuse("show", "--limit", 0)
    assert "is not a duration" in known.misuse("show", "--verified", "yesterday")


# ---- stats ----


def test_stats_count_what_is_there(known):
    found = known.rows("stats")[0]
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


def test_stats_of_an_empty_book(home):
    home.write()
    text = home.succeed("stats")
    assert re.search(r"^addresses +0$", text, re.MULTILINE)
    assert "groups          0\n" in text


def test_stats_name_the_largest_group(home):
    home.write(*(entry(n, ip=f"8.8.{n}.1") for n in range(1, 8)), entry(9))
    assert "groups          2   largest: 8.8.0.0 (7), 8.9.0.0 (1)\n" in home.succeed("stats")


# ---- find ----


@pytest.mark.parametrize(
    "what, found", [("8.2.1.1", [2]), ("8.0.0.0/8", [1, 2, 3]), ("0" * 39 + "3", [3])]
)
def test_find_takes_ip_range_and_id(known, what, found):
    assert [int(row["id"], 16) for row in known.rows("find", what)] == found


def test_find_takes_the_beginning_of_an_id(home):
    home.write(entry(0xABCDEF << 136), entry(0xABCD00 << 136))
    assert len(home.rows("find", "abcd")) == 2
    text = home.succeed("find", "abcdef")
    assert re.search(r"^abcdef0+@8\.\d+\.1\.1:26656$", text, re.MULTILINE)


def test_find_tells_bans(known):
    assert re.match(r"banned: b{40} until .*Z: spam\n", known.succeed("find", "bbbb"))
    assert "was banned: 7.7.0.0/16 until" in known.succeed("find", "7.7.1.2")
    assert "no reason given" in known.succeed("find", "7.0.0.0/8")


def test_find_tells_bans_to_programs_too(known):
    (ban,) = known.rows("find", "bbbb")
    assert (ban["ban"], ban["holds"], ban["reason"]) == ("b" * 40, True, "spam")
    assert re.fullmatch(r"\d{4}-.*Z", ban["until"])
    (over,) = known.rows("find", "7.7.1.2")
    assert (over["ban"], over["holds"], over["reason"]) == ("7.7.0.0/16", False, "")
    assert known.succeed("find", "--csv", "bbbb").count("\n") == 1


def test_find_says_when_there_is_nothing(known):
    assert "fits 1.2.3.4" in known.fail("find", "1.2.3.4")


@pytest.mark.parametrize("what", ["abc", "ABCDEF", "8.8.8", "10.0.0.1/8", "g" * 40, "a" * 41])
def test_find_refuses_what_is_none_of_the_three(known, what):
    assert "is not an IP" in known.misuse("find", what)


def test_find_needs_something(known):
    assert "Give an IP" in known.misuse("find")


# ---- export ----


def test_an_export_of_all_imports_as_it_was(known, tmp_path):
    file = tmp_path / "all.json"
    assert "3 addresses of 3 addresses" in known.succeed("export", file)
    before = known.rows("show")
    known.succeed("import", "--replace", file)
    assert known.rows("show") == before
    assert known.rows("stats")[0]["bans"] == 2


def test_an_export_for_others_has_the_chosen_and_no_bans(known, tmp_path):
    file = tmp_path / "public.json"
    assert "1 addresses of 3" in known.succeed("export", "--verified", "24h", file)
    public = json.loads(file.read_text())
    assert [each["addr"]["ip"] for each in public["addrs"]] == ["8.1.1.1"]
    assert public["addrs"][0]["bucket_type"] == 2
    assert not public.get("luapex", {}).get("bans")
    assert '"rtt_ms": 20' in known.file.read_text()
    assert '"rtt_ms": 20' not in file.read_text()


def test_an_export_can_go_to_standard_output(known):
    text = known.succeed("export", "-", "--new")
    assert [each["addr"]["ip"] for each in json.loads(text)["addrs"]] == ["8.3.1.1"]


def test_edges_say_who_told_what_and_when(known, tmp_path):
    file = tmp_path / "edges.csv"
    assert "3 edges" in known.succeed("export", "--edges", file)
    rows = list(csv.DictReader(file.open()))
    assert {row["source_ip"] for row in rows} == {"9.9.9.9"}
    assert {row["ip"] for row in rows} == {"8.1.1.1", "8.2.1.1", "8.3.1.1"}
    assert all(row["heard"].endswith("Z") for row in rows)


def test_an_export_replaces_a_file_but_never_the_book_itself(known, tmp_path):
    file = tmp_path / "public.json"
    file.write_text("old")
    known.succeed("export", "--old", file)
    assert len(json.loads(file.read_text())["addrs"]) == 2
    before = known.file.read_text()
    assert "own address book" in known.fail("export", "--old", known.file)
    assert known.file.read_text() == before


def test_an_export_that_cannot_be_written_is_told(known, tmp_path):
    assert "No such file" in known.fail("export", tmp_path / "nowhere/a.json")
    assert "Give FILE" in known.misuse("export")


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


def test_import_fills_an_empty_home(home, other):
    text = home.succeed("import", other)
    assert f"{other}: 2 of 4 addresses taken" in text
    assert re.search(r"^ +1  left out: not routable", text, re.MULTILINE)
    assert re.search(r"^ +1  left out: not an ID", text, re.MULTILINE)
    assert text.endswith("2 addresses now\n")
    assert {row["ip"]: row["side"] for row in home.rows("show")} == {
        "8.200.1.1": "new",
        "8.4.1.1": "old",
    }


def test_import_never_throws_a_book_away(known, other):
    before = known.file.read_text()
    assert "luapex book merge, or give --replace" in known.fail("import", other)
    assert known.file.read_text() == before
    known.succeed("import", "--replace", other)
    assert len(known.rows("show")) == 2
    (aside,) = known.file.parent.glob("addrbook.json.replaced-*")
    assert aside.read_text() == before


def test_import_replaces_a_damaged_book_and_keeps_it(home, other):
    home.file.write_text("{ nonsense")
    assert f"{home.file}:1: " in home.fail("import", other)
    home.succeed("import", "--replace", other)
    (aside,) = home.file.parent.glob("addrbook.json.damaged-*")
    assert aside.read_text() == "{ nonsense"


def test_merge_adds_hearsay_and_keeps_what_is_known(known, other):
    assert known.succeed("merge", other).endswith("4 addresses now\n")
    rows = {int(row["id"], 16): row for row in known.rows("show")}
    assert rows[3]["ip"] == "8.3.1.1"
    assert (rows[4]["side"], rows[4]["last_success"]) == ("new", None)
    assert rows[1]["last_verified"]
    assert known.rows("stats")[0]["bans"] == 2


@pytest.mark.parametrize("command", ["import", "merge"])
def test_a_file_that_is_no_book_changes_nothing(known, command, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text('{\n"addrs": 5 x')
    before = known.file.read_text()
    flags = ["--replace"] if command == "import" else []
    assert f"{file}:2: " in known.fail(command, file, *flags)
    assert "cannot be read" in known.fail(command, tmp_path / "nothing.json", *flags)
    assert known.file.read_text() == before
    assert "Give an addrbook.json" in known.misuse(command)


def test_a_running_nodes_book_is_read_but_not_changed(home, other):
    with subprocess.Popen(
        [LUAPEX, "start", "--home", home.path, "--p2p.laddr", "tcp://127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as node:
        try:
            assert any("listening" in line for line in node.stdout)
            for command in ("import", "merge"):
                assert f"in use by another process ({node.pid}); stop it" in home.fail(
                    command, other
                )
            second = run("start", "--home", home.path)
            assert second.returncode == 1
            assert "in use by another process" in second.stderr
            home.write()
            assert "0 of 0 addresses" in home.succeed("show")
        finally:
            node.send_signal(signal.SIGTERM)
            node.communicate(timeout=PATIENCE_S)
    home.succeed("import", "--replace", other)


# ---- with the database that a node keeps ----


@pytest.fixture(name="stored")
def made_stored(known):
    """The known ones as a node keeps them: in luapex.db, and its export beside."""
    file = known.path / "start.json"
    file.write_text(known.file.read_text())
    known.file.unlink()
    known.succeed("import", file)
    return known


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


def test_what_is_left_of_a_damaged_database_is_shown_and_saved(home, other):
    home.write(*(entry(n, ip=f"8.{n // 250}.{n % 250}.9") for n in range(1, 1001)))
    home.succeed("import", "--replace", home.file)
    database = home.path / "data/luapex.db"
    home.file.unlink()
    damage_page_with(database, b"8.1.")
    shown = home.book("show", "--json")
    assert shown.returncode == 0
    left = shown.stdout.count("\n")
    assert 950 <= left < 1000
    assert f"warning: {database}: " in shown.stderr
    checked = home.book("check", "--json")
    assert checked.returncode == 1 and json.loads(checked.stdout)["whole"] is False
    merged = home.book("merge", other)
    assert merged.returncode == 0 and "damaged-1" in merged.stdout
    assert home.book("check").returncode == 0
    assert left <= len(home.rows("show")) <= left + 2


def test_a_database_of_which_nothing_is_left_is_told(home):
    database = home.path / "data/luapex.db"
    database.parent.mkdir(exist_ok=True)
    database.write_bytes(b"no database at all" * 100)
    shown = home.book("show")
    assert shown.returncode == 1 and "nothing can be read of it" in shown.stderr
    assert database.exists()


def test_a_damaged_file_beside_a_good_database_costs_neither(stored, other):
    stored.file.write_text("{ nonsense")
    stored.succeed("import", "--replace", other)
    (damaged,) = stored.file.parent.glob("addrbook.json.damaged-*")
    (stored_before,) = stored.file.parent.glob("addrbook.json.replaced-*")
    assert damaged.read_text() == "{ nonsense"
    assert len(json.loads(stored_before.read_text())["addrs"]) == 3


# ---- check ----


def test_check_of_a_whole_book(known):
    text = known.succeed("check")
    assert "3 of 3 addresses taken, 2 of 2 bans\n" in text
    assert "all rules of the book hold" in text
    assert known.rows("check")[0]["whole"] is True


def test_check_counts_what_is_mended_and_left_out(home):
    home.write(entry(1, buckets=[9999]), entry(2), entry(2), entry(3, ip="192.168.1.1"))
    done = home.book("check")
    assert done.returncode == 1
    assert re.search(r"^ +1  mended: placed anew", done.stdout, re.MULTILINE)
    assert re.search(r"^ +1  left out: known already", done.stdout, re.MULTILINE)
    found = json.loads(home.book("check", "--json").stdout)
    assert (found["whole"], found["addresses"], found["listed"]) == (False, 2, 4)
    assert found["mended"]["placed_anew"] == 1
    assert found["left_out"]["duplicate"] == found["left_out"]["non_routable"] == 1


def test_a_book_of_10000_is_quick_to_look_at(home):
    home.write(*(entry(n, ip=f"{20 + n // 200}.{n % 200}.1.1") for n in range(1, 10001)))
    found = home.rows("stats")[0]
    assert found["addresses"] == len(home.rows("show")) > 5000
