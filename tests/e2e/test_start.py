"""`luapex start`: what it needs, what it says, how it stops."""

import re
import resource
import signal
import socket
import time
from pathlib import Path

import pytest
from nodes import run, write_policy



@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_the_book_and_ends_with_0(start, number):
    node = start()
    node.wait_for("listening")
    assert node.stop(number) == 0, node.errors
    assert node.book()["addrs"] == []
    assert node.lines[-1]["event"] == "stopped"


def test_two_nodes_meet_and_the_answering_one_stores_the_other(start):
    first = start("--p2p.laddr", "tcp://127.0.61.1:0")
    second = start("--p2p.laddr", "tcp://127.0.62.1:0", "--p2p.persistent_peers", first.addr)
    first.wait_for("peer added", direction="inbound")
    second.wait_for("peer added", direction="outbound")
    assert first.stop() == 0
    (entry,) = first.book()["addrs"]
    assert f"{entry['addr']['id']}@{entry['addr']['ip']}:{entry['addr']['port']}" == second.addr


def test_a_persistent_peer_that_comes_back_is_found_again_F16(start, new_home):
    home = new_home()
    first = start("--p2p.laddr", "tcp://127.0.63.1:0", home=home)
    port = first.addr.rpartition(":")[2]
    second = start("--p2p.persistent_peers", first.addr)
    second.wait_for("peer added")
    assert first.stop() == 0
    second.lines.clear()
    again = start("--p2p.laddr", f"tcp://127.0.63.1:{port}", home=home)
    again.wait_for("listening")
    second.wait_for("peer added")


def test_a_damaged_book_is_moved_aside_F10(start, new_home):
    home = new_home()
    path = home / "config/addrbook.json"
    path.write_text('{"key": "0123456789abcdef01234567", "addrs": [')
    node = start(home=home)
    node.wait_for("addrbook.json is damaged, moved aside")
    assert node.stop() == 0
    (aside,) = home.glob("config/addrbook.json.damaged-*")
    assert aside.read_text().endswith("[")
    assert node.book()["addrs"] == []


def test_a_book_that_cannot_be_read_is_not_overwritten(start, new_home):
    home = new_home()
    (home / "config/addrbook.json").mkdir()
    node = start(home=home)
    assert node.end() == 1
    assert "addrbook.json" in node.errors


def test_a_missing_node_key_is_made(start, new_home):
    home = new_home()
    (home / "config/node_key.json").unlink()
    node = start(home=home)
    made_id = node.wait_for("listening")["id"]
    assert run("show-node-id", "--home", home).stdout.strip() == made_id
    assert node.stop() == 0
    assert f"made a new key, this node is {made_id} now" in node.errors


def test_a_node_key_that_others_may_read_is_warned_of(start, new_home):
    home = new_home()
    key = home / "config/node_key.json"
    for mode, warned in ((0o640, True), (0o600, False)):
        key.chmod(mode)
        node = start(home=home)
        node.wait_for("listening")
        assert node.stop() == 0
        assert (f"chmod 600 {key}" in node.errors) == warned


def test_a_hangup_without_a_policy_file_says_what_to_do(start):
    node = start()
    node.wait_for("listening")
    node.process.send_signal(signal.SIGHUP)
    assert "policy.file" in node.wait_for("no policy file to load")["to_do"]


def test_a_policy_that_does_not_end_as_one_is_refused_with_its_name(start, tmp_path):
    file = tmp_path / "three.lua"
    file.write_text("return 3")
    file.chmod(0o600)
    node = start("--policy.file", file)
    assert node.end() == 1
    assert re.search(r"error: \S*three\.lua: a policy's file ends with", node.errors)


def test_an_address_in_use_is_an_error_that_names_the_setting(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        node = start("--p2p.laddr", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
        assert node.end() == 1
    assert "p2p.laddr" in node.errors and "in use" in node.errors


def test_maxima_that_do_not_fit_are_refused_by_name(start):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    node = start("--p2p.max_num_inbound_peers", "500", before=lower)
    assert node.end() == 1
    assert "p2p.max_num_inbound_peers" in node.errors
    assert "LimitNOFILE=) is 256" in node.errors


def test_the_soft_limit_of_open_files_is_raised(start):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))

    node = start(before=lower)
    node.wait_for("listening")
    limits = Path(f"/proc/{node.process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max open files")]
    assert line.split()[3] == line.split()[4]


def test_a_missing_external_address_is_told(start):
    told = start("--p2p.laddr", "tcp://0.0.0.0:0")
    told.wait_for("no external address is set, so no peer will remember us")
    silent = start("--p2p.laddr", "tcp://0.0.0.0:0", "--p2p.external-address", "127.0.0.1:26656")
    silent.wait_for("listening")
    assert not [line for line in silent.lines if line["event"].startswith("no external")]


def test_lists_of_peers_are_told_at_start(start):
    ids = [f"{number:040x}" for number in range(1, 21)]
    node = start(
        *["--p2p.persistent_peers", f"{ids[0]}@127.0.0.1:1"],
        *["--p2p.unconditional_peer_ids", ",".join(ids), "--p2p.max_num_outbound_peers=0"],
    )
    assert node.wait_for("persistent peers")["list"] == ids[0]
    told = node.wait_for("unconditional peers")
    assert told["peers"] == 20 and told["list"].split(",") == ids[:12]  # as many as a line holds


def test_a_name_that_the_start_waits_for_is_told(start):
    node = start("--p2p.external_address", "nowhere.invalid:26656")
    node.wait_for("looking up a name before the start", name="nowhere.invalid")
    node.wait_for(
        "name does not resolve", setting="p2p.external_address", name="nowhere.invalid"
    )
    node.wait_for("listening")


def test_no_seed_and_no_book_is_an_error_R6(start):
    seed = "0123456789012345678901234567890123456789@seed.invalid:26656"
    node = start("--p2p.seeds", seed)
    assert node.end() == 1, node.lines
    node.wait_for("node gave up")


def test_hangup_loads_the_policy_again(start, tmp_path):
    file = tmp_path / "mine.lua"
    write_policy(file, "one")
    node = start("--policy.file", file, "--policy.watch=false")
    assert node.wait_for("listening")["policy"] == "one"
    write_policy(file, "two")
    node.process.send_signal(signal.SIGHUP)
    node.wait_for("policy loaded", policy="two")
    write_policy(file, "three", "return nonsense(")
    node.process.send_signal(signal.SIGHUP)
    refused = node.wait_for("policy not loaded")
    assert refused["file"].endswith("mine.lua") and refused["line"] >= 2


COUNTING = """
function policy.bias(view)
  policy.state.rounds = (policy.state.rounds or 0) + 1
end
function policy.migrate(old, version)
  return { rounds = old.rounds * 1000, version = version }
end
return policy"""


def rounds(home):
    return int(re.search(r'"rounds"\]=(\d+)', (home / "data/policy.state").read_text())[1])


def test_what_a_policy_remembers_survives_a_restart(start, new_home, tmp_path):
    file = tmp_path / "mine.lua"
    home = new_home()
    flags = ["--policy.file", file, "--policy.watch=false"]
    write_policy(file, "mine", COUNTING)
    for least in (1, 2):
        node = start(*flags, home=home)
        node.wait_for("ensure peers")
        assert node.stop() == 0, node.errors
        assert rounds(home) >= least
    assert (home / "data/policy.state").stat().st_mode & 0o777 == 0o600
    before = rounds(home)
    file.write_text(file.read_text().replace("version = 1,", "version = 2,"))
    node = start(*flags, home=home)
    node.wait_for("ensure peers")
    assert node.stop() == 0, node.errors
    assert rounds(home) >= before * 1000 + 1


def test_a_damaged_state_of_a_policy_is_moved_aside(start, new_home, tmp_path):
    file = tmp_path / "mine.lua"
    home = new_home()
    write_policy(file, "mine", COUNTING)
    state = home / "data/policy.state"
    for damage in ("{", "{[1]=function() end}", '{["mine"]={["version"]=1,["state"]=', "\x1bLJ"):
        state.write_text(damage)
        state.chmod(0o600)
        node = start("--policy.file", file, home=home)
        line = node.wait_for("the policy's saved state does not fit, it starts without")
        assert Path(line["moved_to"]).read_text() == damage
        node.wait_for("ensure peers")
        assert node.stop() == 0, node.errors
        assert rounds(home) >= 1
        Path(line["moved_to"]).unlink()


def test_a_policy_without_a_memory_leaves_no_file(start):
    node = start()
    node.wait_for("ensure peers")
    assert node.stop() == 0, node.errors
    assert not (node.home / "data/policy.state").exists()


def test_a_broken_policy_at_start_is_an_error_with_file_and_line(start, tmp_path):
    file = tmp_path / "mine.lua"
    write_policy(file, "one", "local x = = 1")
    node = start("--policy.file", file)
    assert node.end() == 1
    assert f"{file}:2: " in node.errors


def test_it_stops_at_once_with_connections_open_and_silent_ones_too(start):
    node = start()
    host, _, port = node.addr.partition("@")[2].partition(":")
    with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))):
        time.sleep(0.05)
        assert node.stop() == 0, node.errors


def test_without_pex_it_runs_and_says_nothing_to_peers(start):
    quiet = start("--p2p.pex=false")
    other = start("--p2p.persistent_peers", quiet.addr)
    other.wait_for("persistent peer not reached, will try again", error="no channel in common")


def test_what_a_node_without_exchange_lacks_is_told(start):
    node = start("--p2p.pex=false")
    told = node.wait_for("no channel is offered, as p2p.pex is false")
    assert "seeds are not asked" in told["hence"]
