"""The command line: what it says, what it writes, how it ends."""

import json
import os
import re
import stat
import subprocess
import tomllib

import pytest
from nodes import LUAPEX, run

ID = "a" * 40
COMMANDS = ["init", "start", "demo", "sim", "show-node-id", "version"]


def luapex(*arguments, **environment):
    """Runs it with a bare environment: only PATH, and what is given."""
    kept = {key: os.environ[key] for key in os.environ if key in ("PATH", "ASAN_OPTIONS")}
    return run(*arguments, env=kept | environment)


def succeed(*arguments, **environment):
    done = luapex(*arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done


def misuse(*arguments):
    """The one line that a wrong command line gets."""
    done = luapex(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


@pytest.fixture(name="home")
def made_home(tmp_path):
    home = tmp_path / "home"
    succeed("init", "--home", home, "--network", "test-1")
    return home


def change(home, old, new):
    config = home / "config/config.toml"
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))


# ---- help and wrong usage ----


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["-h"]])
def test_help_lists_every_command(arguments):
    text = succeed(*arguments).stdout
    for command in COMMANDS:
        assert f"\n  {command} " in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    by_help = succeed("help", command).stdout
    assert by_help == succeed(command, "--help").stdout
    assert by_help.startswith(f"luapex {command}: ")
    assert f"Usage: luapex {command}" in by_help


@pytest.mark.parametrize("command", ["init", "start"])
def test_help_has_the_flags_of_cometbft(command):
    text = succeed(command, "--help").stdout
    for name in ("laddr", "seeds", "persistent_peers", "unconditional_peer_ids", "pex"):
        assert f"--p2p.{name} " in text
    assert "--home DIR" in text and "--log_level" in text


def test_help_tells_how_switches_are_written():
    assert "--p2p.pex=false" in succeed("start", "--help").stdout


def test_help_lists_settings_only_where_they_matter():
    text = succeed("show-node-id", "--help").stdout
    assert "--p2p." not in text and "luapex start --help" in text


def test_without_a_command_it_tells_how_to_use_it():
    done = luapex()
    assert done.returncode == 2
    assert "Usage: luapex COMMAND" in done.stderr


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["strat"], "luapex: unknown command 'strat', did you mean start? See luapex help"),
        (["xyzzy"], "luapex: unknown command 'xyzzy'; see luapex help"),
        (["help", "xyzzy"], "luapex: unknown command 'xyzzy'; see luapex help"),
        (
            ["start", "--p2p.sedes", "x"],
            "luapex start: unknown flag --p2p.sedes, did you mean --p2p.seeds?"
            " (see luapex start --help)",
        ),
        (["version", "--yaml"], "luapex version: unknown flag --yaml (see luapex version --help)"),
        (["version", "-j"], "luapex version: unknown flag -j (see luapex version --help)"),
        (["version", "--json=1"], "luapex version: --json takes no value (see luapex version --help)"),
        (["start", "--home"], "luapex start: --home needs a value (see luapex start --help)"),
        (["start", "now"], "luapex start: unexpected argument 'now' (see luapex start --help)"),
        (
            ["start", "--p2p.pex", "false"],
            "luapex start: unexpected argument 'false'; write --p2p.pex=false"
            " (see luapex start --help)",
        ),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(arguments, line):
    assert misuse(*arguments) == line


@pytest.mark.parametrize(
    "arguments", [["help"], ["version"], ["policy", "show"], ["sim", "--nodes", "2", "--for", "1m"]]
)
def test_output_that_is_lost_is_a_failure(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [LUAPEX, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("luapex: error: standard output: "), done.stderr


def test_a_reader_that_leaves_is_no_failure():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [LUAPEX, "version"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        restore_signals=False,  # SIGPIPE is ignored, as Python has it
    )
    os.close(writer)
    assert done.returncode == 0 and done.stderr == b""


# ---- version and ID ----


def test_version_is_for_people_and_for_programs():
    text = succeed("version").stdout.strip()
    report = json.loads(succeed("version", "--json").stdout)
    assert text == f"luapex {report['luapex']}"
    assert text == succeed("--version").stdout.strip()
    assert report["p2p_protocol"] == 8 and report["block_protocol"] == 11


def test_show_node_id_prints_the_id_of_the_key(home):
    shown = succeed("show-node-id", "--home", home).stdout
    assert re.fullmatch("[0-9a-f]{40}\n", shown)
    assert succeed("show-node-id", LUAPEX_HOME=str(home)).stdout == shown
    (home / "config/node_key.json").write_text("{}")
    done = luapex("show-node-id", "--home", home)
    assert done.returncode == 1
    assert done.stderr.startswith(f"luapex: error: {home}/config/node_key.json: ")


# ---- init ----


def test_init_makes_a_home(tmp_path):
    home = tmp_path / "deep" / "home"
    done = succeed(
        "init",
        *("--home", home, "--network", "test-1", "--moniker", 'a "node"'),
        *("--seeds", f"{ID}@1.2.3.4:26656", "--p2p.addr_book_strict=false", "--p2p.seed_mode"),
    )
    config = tomllib.loads((home / "config/config.toml").read_text())
    assert config["moniker"] == 'a "node"'
    assert config["pex"]["network"] == "test-1"
    assert config["p2p"]["seeds"] == f"{ID}@1.2.3.4:26656"
    assert config["p2p"]["addr_book_strict"] is False and config["p2p"]["seed_mode"] is True
    assert config["p2p"]["max_num_inbound_peers"] == 40
    key = home / "config/node_key.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert json.loads(key.read_text())["priv_key"]["type"] == "tendermint/PrivKeyEd25519"
    assert (home / "data").is_dir()
    node_id = succeed("show-node-id", "--home", home).stdout.strip()
    assert f"ID    {node_id}\n" in done.stdout
    assert f"next: luapex start --home {home}\n" in done.stdout


def test_init_explains_every_key(home):
    lines = (home / "config/config.toml").read_text().splitlines()
    for at, line in enumerate(lines):
        if " = " in line and not line.startswith("#"):
            assert lines[at - 1].startswith("# ") and "Default: " in lines[at - 1], line
            assert lines[at - 2].startswith("# "), line
        assert len(line) <= 100


def test_init_keeps_what_is_there(home):
    files = [home / "config/config.toml", home / "config/node_key.json"]
    before = [path.read_bytes() for path in files]
    for again in ([], ["--network", "test-1", "--p2p.pex", "--pex.crawl_period", "30000ms"]):
        done = succeed("init", "--home", home, *again)
        assert [path.read_bytes() for path in files] == before
        for path in files:
            assert f"kept  {path}\n" in done.stdout


@pytest.mark.parametrize(
    "flags, name",
    [
        (["--network", "other-2"], "network (chain ID)"),
        (["--seeds", f"{ID}@1.2.3.4:26656"], "p2p.seeds"),
        (["--p2p.laddr", "tcp://127.0.0.1:1"], "p2p.laddr"),
        (["--p2p.unconditional_peer_ids", ID], "p2p.unconditional_peer_ids"),
        (["--moniker", "other"], "moniker"),
        (["--log_level", "debug"], "log_level"),
        (["--network", "test-1", "--p2p.pex=false"], "p2p.pex"),
        (["--pex.crawl_period", "1m"], "pex.crawl_period"),
    ],
)
def test_init_says_when_what_is_there_is_not_what_is_asked_for(home, flags, name):
    before = (home / "config/config.toml").read_bytes()
    (home / "config/node_key.json").unlink()
    done = luapex("init", "--home", home, *flags)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == (
        f"luapex: error: {home}/config/config.toml is there already and has another {name}; "
        "change it there, or make another home\n"
    )
    assert (home / "config/config.toml").read_bytes() == before
    assert not (home / "config/node_key.json").exists()


def test_init_of_a_home_without_a_network_says_so(home):
    change(home, 'network = "test-1"', 'network = ""')
    done = luapex("init", "--home", home, "--network", "test-1")
    assert done.returncode == 1
    assert "no network: pex.network is not set" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["{}"],
        ["start", "--{}=1"],
        ["start", "--home", "{}"],
        ["start", "--home", "none", "--log_level", "{}"],
        ["book", "show", "--home", "{}"],
        ["book", "find", "{}"],
        ["policy", "check", "{}"],
        ["policy", "new", "{}"],
        ["policy", "doc", "{}"],
        ["replay", "{}"],
        ["demo", "--nodes", "{}"],
        ["sim", "{}"],
        ["sim", "--subjects", "{}"],
        ["ctl", "{}"],
        ["ctl", "--home", "{}", "status"],
    ],
)
def test_what_steers_a_terminal_is_shown_and_not_sent(arguments):
    hostile = "a\x1b[31m\rb\x7f\x9b"
    done = luapex(*[word.format(hostile) for word in arguments])
    assert done.returncode in (1, 2) and "\\x1b[31m\\x0db" in done.stderr, done.stderr
    assert not set(done.stdout + done.stderr) & set("\x1b\r\x7f\x9b")


def test_a_home_of_something_else_is_told_what_is_missing_and_gets_no_key(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.toml").write_text('[database]\nname = "x"\n')
    done = luapex("start", "--home", tmp_path, "--p2p.laddr", "tcp://127.0.0.1:0")
    assert done.returncode == 1
    assert "no network: pex.network is not set" in done.stderr
    assert "give --pex.network NAME, or set network in [pex]" in done.stderr
    assert not (tmp_path / "config/node_key.json").exists()


def test_init_takes_the_network_from_a_genesis_file(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/genesis.json").write_text('{"app_state":{},"chain_id":"gen-1"}')
    succeed("init", "--home", tmp_path)
    assert tomllib.loads((tmp_path / "config/config.toml").read_text())["pex"]["network"] == ""


def test_init_without_a_network_is_misuse(tmp_path):
    said = misuse("init", "--home", tmp_path / "home")
    assert said == "luapex init: which network? Give --network NAME (see luapex init --help)"
    assert not (tmp_path / "home").exists()


def test_init_checks_values_before_it_writes(tmp_path):
    home = tmp_path / "home"
    done = luapex("init", "--home", home, "--network", "n", "--p2p.send_rate", "fast")
    assert done.returncode == 2
    assert done.stderr == (
        "luapex: error: --p2p.send_rate: 'fast' is not an integer "
        "from 0 to 1000000000000 (bytes per second)\n"
    )
    assert not home.exists()


def test_init_into_a_file_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    done = luapex("init", "--home", tmp_path / "file", "--network", "n")
    assert done.returncode == 1
    told = f"cannot make the folder {tmp_path}/file/config: Not a directory"
    assert done.stderr == f"luapex: error: {told}\n"


def test_two_homes_have_two_keys(tmp_path):
    ids = set()
    for name in ("a", "b"):
        succeed("init", "--home", tmp_path / name, "--network", "n")
        ids.add(succeed("show-node-id", "--home", tmp_path / name).stdout)
    assert len(ids) == 2


# ---- settings that are wrong ----


def test_errors_name_file_line_key_and_cause_and_end_with_1(home):
    change(home, "max_num_inbound_peers = 40", "max_num_inbound_peers = -40")
    done = luapex("start", "--home", home)
    lines = (home / "config/config.toml").read_text().splitlines()
    line = lines.index("max_num_inbound_peers = -40") + 1
    assert done.returncode == 1
    assert done.stderr == (
        f"luapex: error: {home}/config/config.toml:{line}: p2p.max_num_inbound_peers: "
        "'-40' is not an integer from 0 to 100000 (peers)\n"
    )


def test_syntax_errors_name_file_line_and_cause(home):
    change(home, 'seeds = ""', 'seeds = "')
    done = luapex("start", "--home", home)
    lines = (home / "config/config.toml").read_text().splitlines()
    assert done.returncode == 1
    assert done.stderr == (
        f"luapex: error: {home}/config/config.toml:{lines.index('seeds = ' + chr(34)) + 1}: "
        "string without its closing quote\n"
    )


def test_malformed_seeds_and_addresses_refuse_start(home):
    for flag, value in [
        ("--p2p.seeds", "1.2.3.4:26656"),  # R4
        ("--p2p.seeds", f"{ID}@nowhere.invalid:99999"),  # R5: the port first
        ("--p2p.persistent_peers", f"{'A' * 40}@1.2.3.4:1"),  # F20
        ("--p2p.laddr", "tcp://1.2.3.4"),
        ("--p2p.external-address", "1.2.3.4"),
        ("--p2p.private_peer_ids", "abc"),
    ]:
        done = luapex("start", "--home", home, flag, value)
        assert done.returncode == 2, (flag, value)
        assert done.stderr.startswith(f"luapex: error: {flag.replace('-address', '_address')}: ")


def test_what_is_wrong_is_said_once(home):
    done = luapex("start", "--home", home, "--p2p.seeds", "1.2.3.4:26656")
    assert done.stderr == (
        "luapex: error: --p2p.seeds: '1.2.3.4:26656': has no ID; expected ID@host:port\n"
    )


def test_an_empty_home_is_no_home():
    done = luapex("start", "--home=")
    assert done.returncode == 1
    assert done.stderr == "luapex: error: no home directory; give one with --home DIR\n"


def test_a_seed_without_exchange_is_refused(home):
    done = luapex("start", "--home", home, "--p2p.seed_mode", "--p2p.pex=false")
    assert done.returncode == 2
    assert "--p2p.seed_mode: a seed needs p2p.pex = true" in done.stderr


def test_warnings_do_not_stop_it(home):
    change(home, "[p2p]", '[p2p]\nupnp = false\nsedes = ""\ntest_fuzz = false')
    with open(home / "config/config.toml", "a", encoding="utf-8") as config:
        config.write('\n[rpc]\nladdr = "tcp://127.0.0.1:26657"\n[consensus]\nx = 1\n')
    done = succeed("show-node-id", "--home", home, LUAPEX_P2P_LADR="x")
    warnings = done.stderr.splitlines()
    assert len(warnings) == 3
    assert all(line.startswith("luapex: warning: ") for line in warnings)
    assert "p2p.upnp: has no effect: UPnP is not supported" in warnings[0]
    assert "p2p.sedes: unknown key, ignored; did you mean p2p.seeds?" in warnings[1]
    assert "LUAPEX_P2P_LADR: unknown variable" in warnings[2]


def test_a_missing_home_says_how_to_make_one(tmp_path):
    done = luapex("start", "--home", tmp_path / "none")
    assert done.returncode == 1
    assert f"make a home with: luapex init --home {tmp_path}/none --network NAME" in done.stderr


def test_no_home_at_all_says_so():
    done = luapex("show-node-id")
    assert done.returncode == 1
    assert done.stderr == "luapex: error: no home directory; give one with --home DIR\n"


@pytest.mark.parametrize("flag", ["--p2p.laddr", "--p2p.laddr="])
def test_variables_and_flags_come_before_the_file(home, flag):
    wrong = luapex("show-node-id", "--home", home, CMT_P2P_LADDR="wrong")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("luapex: error: CMT_P2P_LADDR: p2p.laddr: ")
    given = [flag + "127.0.0.1:1"] if flag.endswith("=") else [flag, "127.0.0.1:1"]
    done = luapex("show-node-id", "--home", home, *given, TM_P2P_LADDR="wrong")
    assert done.returncode == 1, "every source must be right, also where another one wins"
    assert "TM_P2P_LADDR" in done.stderr
