"""`luapex sim`: policies beside each other in whole networks on virtual time."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from nodes import LUAPEX, PATIENCE_S, run, write_policy
from terminal import Terminal

SMALL = ["--nodes", "8", "--for", "5m", "--runs", "2"]
LONG = ["--nodes", "4", "--for", "5m", "--runs", "1000", "--jobs", "1"]


def sim(*arguments):
    return run("sim", *arguments)


def succeed(*arguments):
    done = sim(*arguments)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def records(*arguments):
    return [json.loads(line) for line in succeed(*arguments, "--json").splitlines()]


def figures_of_help():
    text = succeed("--help").split("\nWhat is measured")[1]
    return re.findall(r"^  ([a-z0-9_]+)  ", text, re.MULTILINE)


# ---- wrong usage ----


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["--nodes", "1"], "--nodes 1 is not an integer from 2 to 5000"),
        (["--nodes", "5001"], "--nodes 5001 is not an integer from 2 to 5000"),
        (["--for", "6"], "--for 6 is not a duration from 1m to 720h"),
        (["--runs", "0"], "--runs 0 is not an integer from 1 to 1000"),
        (["--jobs", "0"], "--jobs 0 is not an integer from 1 to 256"),
        (["--nat", "101"], "--nat 101 is not an integer from 0 to 100"),
        (["--nodes", "8", "--outbound", "8"], "--outbound 8 is not an integer from 1 to 7"),
        (["--nodes", "8", "--subjects", "9"], "--subjects 9 is not an integer from 1 to 8"),
        (
            ["--subjects", "seeds", "--seed-nodes", "0"],
            "--subjects seeds needs --seed-nodes of 1 or more",
        ),
        (["--downtime", "5m"], "--downtime goes with --churn"),
        (["--attacker-groups", "2"], "--attacker-groups goes with --attackers"),
        (["--join", "7h"], "--join is longer than --for"),
        (["--attackers", "1", "--attack-after", "7h"], "--attack-after is longer than --for"),
        (["--every", "1m"], "--every goes with --json"),
        (["--json", "--every", "7h"], "--every 7h is not a duration from 1s to 6h"),
        (["--json", "--every", "10s"], "--every is less than a 1000th of --for"),
        (["defualt"], "no built-in policy 'defualt', did you mean default?"),
        (["nothing"], "no built-in policy 'nothing'; luapex policy show lists them"),
        (["default" + ":a=1" * 17], "default" + ":a=1" * 17 + ": more than 16 parameters"),
    ],
)
def test_wrong_usage_is_2_and_one_clear_line(arguments, line):
    done = sim(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == f"luapex sim: {line} (see luapex sim --help)\n"


def test_a_policy_that_does_not_load_says_where(tmp_path):
    (tmp_path / "mine.lua").write_text("local a\nlocal b = = 1\n")
    done = sim(*SMALL, "default", tmp_path / "mine.lua")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("luapex: error: mine.lua:2: "), done.stderr
    done = sim(tmp_path / "none.lua")
    assert done.returncode == 1
    assert done.stderr == f"luapex: error: {tmp_path}/none.lua: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("given", ["default:none=1", "adaptive:longest_s=0"])
def test_a_parameter_that_is_none_or_out_of_range_is_an_error(given):
    done = sim(*SMALL, given)
    assert done.returncode == 1 and done.stdout == ""
    assert given.split(":")[1].split("=")[0] in done.stderr, done.stderr


# ---- what comes out ----


def test_policies_stand_beside_each_other_in_80_columns():
    lines = succeed(*SMALL, "tendermint", "diverse:by=group", "feeler").splitlines()
    assert lines[0] == "8 nodes, 1 seed, 5m; median (lowest-highest) of networks 1 to 2"
    assert all(len(line) <= 80 for line in lines)
    headings = [line.split() for line in lines if "diverse:by=group" in line]
    assert headings == [["tendermint", "diverse:by=group"]] or len(headings[0]) == 3
    reached = [line for line in lines if line.startswith("  half of the nodes after, s ")]
    assert reached and all(re.search(r"\d", line) for line in reached)
    assert not any("attackers" in line.lower() or "dead" in line for line in lines)


def test_lines_for_attackers_and_dead_addresses_are_there_if_they_are():
    text = succeed(*SMALL, "--attackers", "3", "--dead", "5")
    assert text.startswith("8 nodes, 1 seed, 3 attackers, 5m; ")
    for label in ("outbound slots held, %", "eclipsed nodes", "dead, %"):
        assert f"\n  {label} " in text


def test_json_has_every_figure_of_the_help_for_each_policy_in_each_run():
    names = figures_of_help()
    found = records(*SMALL, "--churn", "10m", "default", "tendermint")
    assert len(names) > 20 and len(found) == 4
    assert [(one["policy"], one["run"], one["seed"]) for one in found] == [
        ("default", 1, 1),
        ("tendermint", 1, 1),
        ("default", 2, 2),
        ("tendermint", 2, 2),
    ]
    for one in found:
        assert list(one["figures"]) == names
        assert re.fullmatch("[0-9a-f]{16}", one["log_hash"])
        assert re.fullmatch("[0-9a-f]{16}", one["policy_hash"])
        assert one["policy_errors"] == 0 and one["policy_error"] is None
        assert one["steps"] > one["messages"] > 0
        assert one["scenario"]["nodes"] == one["scenario"]["subjects"] == 8
        assert one["scenario"]["for_s"] == 300 and one["scenario"]["churn_s"] == 600


def test_the_same_command_line_gives_the_same_bytes():
    flags = [*SMALL, "--churn", "5m", "--partitions", "5m", "--loss", "10", "--nat", "20"]
    flags += ["--dead", "5", "--attackers", "3", "sticky", "adaptive"]
    first = succeed(*flags, "--json", "--jobs", "1")
    assert succeed(*flags, "--json", "--jobs", "3") == first
    assert succeed(*flags) == succeed(*flags)
    assert succeed(*flags, "--json", "--seed", "2") != first


def test_a_series_has_the_figures_of_shorter_runs():
    flags = ["--nodes", "8", "--runs", "1", "--attackers", "4", "diverse"]
    one = records(*flags, "--for", "10m30s", "--every", "2m")[0]
    assert [sample["at_s"] for sample in one["series"]] == [120, 240, 360, 480, 600]
    assert one["series"][1]["figures"] == records(*flags, "--for", "4m")[0]["figures"]
    without = records(*flags, "--for", "10m30s")[0]
    assert one.pop("series") and one == without


def test_a_network_is_drawn_from_its_number_alone():
    second = records(*SMALL)[1]
    again = records("--nodes", "8", "--for", "5m", "--runs", "1", "--seed", "2")[0]
    assert second["log_hash"] == again["log_hash"] and second["figures"] == again["figures"]


def test_two_files_of_one_name_are_told_apart(tmp_path):
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        write_policy(tmp_path / folder / "mine.lua", "mine")
    done = run("sim", *SMALL, "old/mine.lua", "new/mine.lua", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2].split() == ["old/mine.lua", "new/mine.lua"]


# ---- what the figures say ----


def by_policy(name, *arguments):
    return {one["policy"]: one["figures"][name] for one in records(*arguments)}


def test_tendermint_vets_no_address_and_default_does():
    found = by_policy(
        "book_old_percent", "--nodes", "8", "--for", "2h", "--runs", "1", "default", "tendermint"
    )
    assert found["tendermint"] == 0 < found["default"]


def test_diverse_gives_attackers_of_one_group_fewer_slots_than_default():
    flags = ["--nodes", "24", "--attackers", "48", "--outbound", "6", "--for", "30m", "--runs", "1"]
    found = by_policy("attackers_outbound_percent", *flags, "default", "diverse")
    assert 0 < found["diverse"] < found["default"], found


def test_a_parameter_changes_what_a_policy_does():
    flags = ["--nodes", "8", "--for", "30m", "--runs", "1", "--outbound", "7"]
    players = ["adaptive", "adaptive:longest_s=600", "adaptive:longest_s=60"]
    usual, same, other = [one["log_hash"] for one in records(*flags, *players)]
    assert usual == same != other


def test_only_the_subjects_run_the_policy():
    flags = ["--nodes", "8", "--for", "2h", "--runs", "1", "tendermint"]
    assert by_policy("book_old_percent", *flags, "--subjects", "1")["tendermint"] == 0
    seeds = records(*flags, "--subjects", "seeds")[0]
    assert seeds["scenario"]["subjects"] == "seeds"
    assert seeds["figures"]["book_old_percent"] > 0, "nodes run default"


def test_without_seeds_nodes_find_each_other_by_those_they_know():
    figures = records("--nodes", "12", "--seed-nodes", "0", "--for", "1h", "--runs", "1")[0]["figures"]
    assert figures["largest_component_percent"] == 100 and figures["book_known_percent"] > 50


def test_attackers_who_come_late_find_the_slots_taken():
    flags = ["--nodes", "12", "--attackers", "24", "--for", "1h", "--runs", "1"]
    early = by_policy("attackers_outbound_percent", *flags)["default"]
    assert early > by_policy("attackers_outbound_percent", *flags, "--attack-after", "30m")["default"]


def test_faults_show_in_the_figures():
    flags = ["--nodes", "12", "--for", "1h", "--runs", "1"]
    calm = records(*flags)[0]["figures"]
    rough = records(*flags, "--churn", "10m", "--loss", "50", "--partitions", "10m")[0]["figures"]
    assert rough["below_target_percent"] > calm["below_target_percent"]
    assert rough["dials_failed_percent"] > calm["dials_failed_percent"]


def test_what_never_happens_is_null_and_never():
    flags = ["--nodes", "8", "--for", "5m", "--runs", "1", "--loss", "100"]
    figures = records(*flags)[0]["figures"]
    assert figures["target_half_s"] is None and figures["outbound_max"] == 0
    assert figures["dials_failed_percent"] == 100 and figures["path_mean"] is None
    text = succeed(*flags)
    assert re.search(r"^  half of the nodes after, s +never$", text, re.MULTILINE)
    assert re.search(r"^  mean shortest path +-$", text, re.MULTILINE)


# ---- what goes wrong ----


def test_a_policy_that_fails_while_it_runs_is_told(tmp_path):
    file = tmp_path / "mine.lua"
    rule = "return view.round > 1 and view.nothing or nil"  # round 0 is that of its trial
    write_policy(file, "mine", f"function policy.bias(view) {rule} end\nreturn policy")
    done = sim(*SMALL, file)
    assert done.returncode == 0
    told = r"luapex: warning: mine.lua failed at \d+ questions, .*: mine.lua:\d+: bias: .*nothing"
    assert re.match(told, done.stderr), done.stderr
    found = json.loads(sim(*SMALL, file, "--json").stdout.splitlines()[0])
    assert found["policy_errors"] > 0
    assert re.match(r"mine.lua:\d+: bias: ", found["policy_error"])


def test_an_interrupt_ends_with_what_is_complete():
    terminal = Terminal([LUAPEX, "sim", *LONG, "default", "feeler"], columns=80, rows=60)
    try:
        terminal.wait_for(r"\d+ %, [2-9]\d* of 2000 runs ended")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 1
        shown = terminal.screen.text
        complete = int(re.search(r"interrupted: (\d+) of 1000 networks are complete", shown)[1])
        assert complete >= 1 and "4 nodes, 1 seed, 5m; " in shown and "diameter" in shown
        assert "runs ended" not in shown and not terminal.screen.unknown
    finally:
        terminal.close()


def test_json_comes_as_runs_end_and_stays_whole_when_interrupted():
    process = subprocess.Popen(
        [LUAPEX, "sim", *LONG, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=PATIENCE_S)
    lines = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert process.returncode == 1
    assert errors == f"luapex: interrupted: {len(lines)} of 1000 networks are complete\n"


def children(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def test_a_run_that_is_killed_is_told():
    process = subprocess.Popen(
        [LUAPEX, "sim", "--nodes", "20", "--for", "720h", "--runs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + PATIENCE_S
    while not children(process):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.01)
    os.kill(int(children(process)[0]), signal.SIGKILL)
    output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1 and output == ""
    assert errors == (
        "luapex: error: the run of default from seed number 1 was ended by signal 9, Killed: "
        "perhaps for want of memory, which --jobs 1 takes less of\n"
    )
