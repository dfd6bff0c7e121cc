"""`luapex ctl`: tables and JSON, wrong usage, policies that it sends, completion."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from control_socket import ALWAYS_NEW, UNKNOWN_ID, a_policy, ctl
from methods import METHODS
from nodes import LUAPEX, make_home, run


def test_ctl_prints_tables_for_people_and_json_for_programs(pair):
    told = ctl(pair, "peers")
    assert told.returncode == 0 and told.stdout.startswith("ID ") and "\x1b" not in told.stdout
    as_json = json.loads(ctl(pair, "--json", "peers").stdout)
    assert as_json["peers"][0]["id"] in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "did you mean status?"),
        (["nonsense"], "see luapex ctl help"),
        (["peers", "--nonsense"], "peers has no flag --nonsense"),
        (["peers", "more"], "takes no further word"),
        (["policy", "lod"], "did you mean policy load?"),
        (["set", "max_num_outbound_peers", "3"], "perhaps p2p.max_num_outbound_peers"),
        (["ban"], "target is missing"),
        (["ban", "1.2.3.4", "--duration", "soon"], "duration must be a duration from 1m"),
        (["ban", "1.2.3.4", "--duration"], "--duration needs a value"),
        (["policy", "nonsense"], "luapex ctl"),
        (["completion", "fish"], "bash and for zsh"),
        (["help", "nonsense"], "no method"),
        (["--nonsense", "status"], "flags of a method come after its name"),
    ],
)
def test_wrong_usage_of_ctl_exits_with_2_and_says_why(pair, words, said):
    done = ctl(pair, *words)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert done.stdout == ""


def test_ctl_without_words_prints_its_methods():
    done = run("ctl")
    assert done.returncode == 2 and "Methods:" in done.stdout
    page = run("ctl", "help")
    assert page.returncode == 0
    for name in METHODS:
        assert name.replace(".", " ") in page.stdout
        described = run("ctl", "help", *name.split("."))
        assert described.returncode == 0 and METHODS[name]["example"] in described.stdout


def test_the_reference_is_not_stale():
    kept = Path(__file__).parents[2] / "lua/ops/methods/README.md"
    assert kept.read_text() == run("ctl", "help", "--markdown").stdout


def test_ctl_exits_with_1_when_the_node_refuses(pair):
    done = ctl(pair, "disconnect", UNKNOWN_ID)
    assert done.returncode == 1 and "no connected peer" in done.stderr


def test_a_token_that_is_not_there_is_named(tmp_path):
    done = run("ctl", "--tcp", "127.0.0.1:1", "--token", tmp_path / "none", "status")
    assert done.returncode == 1
    assert done.stderr.startswith(f"luapex ctl: --token: {tmp_path}/none: No such file")
    assert "control.token_file" in done.stderr


def test_with_json_every_failure_is_an_object_whoever_found_it(pair):
    for words, code, status in [
        (["set", "nonsense", "1"], -32602, 2),  # by the node
        (["ban", "x"], -32602, 2),  # by the client
        (["nonsense"], -32602, 2),
        (["disconnect", UNKNOWN_ID], -32000, 1),
    ]:
        done = ctl(pair, "--json", *words)
        error = json.loads(done.stdout)["error"]
        assert (error["code"], done.returncode) == (code, status), words
        assert error["message"] in done.stderr
    done = run("ctl", "--json", "--socket", pair.folder / "nobody", "status")
    assert json.loads(done.stdout)["error"]["code"] == -32002 and done.returncode == 1


def test_errors_are_the_same_text_every_time_and_escape_no_slash(pair):
    said = {ctl(pair, "--json", "log", "127.0.0.0/8").stdout for _ in range(5)}
    assert len(said) == 1 and '{"error":{"code":' in said.pop()
    assert "127.0.0.0/8" in ctl(pair, "log", "127.0.0.0/8").stderr


def test_an_answer_that_cannot_be_written_is_a_failure(pair):
    with open("/dev/full", "w") as full:
        for words in (["status"], ["top", "--once", "--interval", "100ms"]):
            done = subprocess.run(
                [LUAPEX, "ctl", "--socket", pair.socket, *words],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=30,
            )
            assert done.returncode == 1 and "No space left" in done.stderr


def test_ctl_loads_a_policy_with_what_lies_beside_it_and_keeps_it(start, tmp_path):
    home, folder = make_home(tmp_path / "home"), tmp_path / "mine"
    node = start(home=home)
    node.wait_for("listening")
    folder.mkdir()
    (folder / "mine.lua").write_text(a_policy("mine", ALWAYS_NEW)["text"])
    (folder / "helper.lua").write_text("return { draw = 17 }")
    for file in folder.iterdir():
        file.chmod(0o644)

    def here(*words):
        return run("ctl", "--home", home, *words)

    missing = here("policy", "load", tmp_path / "no.lua")
    assert missing.returncode == 1 and "no.lua" in missing.stderr
    loaded = here("policy", "load", folder / "mine.lua", "--save")
    assert loaded.returncode == 0 and "data/policy/" in loaded.stdout, loaded.stderr
    assert json.loads(here("policy", "--json").stdout)["differs"] == ""
    shutil.rmtree(folder)
    assert node.stop() == 0
    again = start(home=home)
    assert again.wait_for("listening")["policy"] == "mine"
    (folder.parent / "open.lua").write_text(a_policy("open")["text"])
    (folder.parent / "open.lua").chmod(0o666)
    refused = here("policy", "load", folder.parent / "open.lua")
    assert refused.returncode == 1 and "written by" in refused.stderr


def test_set_save_changes_one_line_of_the_file(pair):
    path = pair.folder / "one/config/config.toml"
    before = path.read_text().splitlines()
    assert ctl(pair, "set", "pex.dial_concurrency", "63", "--save").returncode == 0
    after = path.read_text().splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert changed == [("dial_concurrency = 64", "dial_concurrency = 63")]
    restart = ctl(pair, "set", "moniker", "newname", "--save")
    assert restart.returncode == 0 and "after a restart" in restart.stdout
    assert 'moniker = "newname"' in path.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_the_shell_reads(shell):
    script = run("ctl", "completion", shell)
    assert script.returncode == 0
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    checked = subprocess.run(
        [shell, "-n"], input=script.stdout, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_completion_of_bash_knows_methods_flags_and_files(tmp_path):
    (tmp_path / "here.lua").touch()
    script = run("ctl", "completion", "bash").stdout
    for line, wanted in {
        "luapex ctl pee": ["peers"],
        "luapex ctl book ": ["find", "map", "show"],
        "luapex ctl ban 1.2.3.4 --du": ["--duration"],
        "luapex ctl --json ban --reason spam 1.2.3.4 --": ["--duration", "--reason", "--home"],
        "luapex ctl set p2p.max_num_o": ["p2p.max_num_outbound_peers"],
        "luapex ctl help ": ["peers", "policy", "top"],
        "luapex ctl help policy ": ["load", "rollback"],
        "luapex ctl peers --direction ": ["inbound", "outbound"],
        "luapex ctl policy load --": ["--save"],
        "luapex policy doc re": ["reconnect"],
        "luapex policy show te": ["tendermint"],
        "luapex ctl peers --dir": ["--direction"],
        "luapex boo": ["book"],
        "luapex book s": ["show", "stats"],
        "luapex init --net": ["--network"],
        "luapex sim te": ["tendermint"],
        "luapex sim ": ["default", "here.lua"],
        "luapex policy check ": ["here.lua", "--json"],
        "luapex policy check he": ["here.lua"],
        "luapex policy diff ": ["default", "here.lua"],
        "luapex help ": ["policy", "start"],
        "luapex help policy ": ["check", "diff"],
        "luapex sim default --attacker-": ["--attacker-groups"],
    }.items():
        words = line.split(" ")
        quoted = " ".join(f"'{word}'" for word in words)
        done = subprocess.run(
            ["bash", "-c"]
            + [
                f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _luapex;"
                ' printf "%s\\n" "${COMPREPLY[@]}"'
            ],
            env={"PATH": f"{Path(LUAPEX).resolve().parent}:/usr/bin:/bin"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert set(wanted) <= set(done.stdout.split()), (line, done.stdout, done.stderr)
