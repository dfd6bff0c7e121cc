"""The control socket's life: from one that is left behind to one that the node cannot have."""

import json
import socket
import subprocess
import time
import tomllib

import pytest
from control_socket import Client, a_policy
from nodes import LOOPBACK, LUAPEX, PATIENCE_S, Node, make_home, run, wait_for_file


def test_lists_are_saved_with_comments_and_a_link_stays_one(tmp_path):
    home = make_home(tmp_path / "home")
    config = home / "config/config.toml"
    target = tmp_path / "elsewhere.toml"
    config.rename(target)
    config.symlink_to(target)
    written = [f"{n:040x}@peer{n}.invalid:1" for n in (901, 902)]  # of a person
    target.write_text(
        target.read_text().replace(
            'persistent_peers = ""', f'persistent_peers = "{written[0]} , {written[1]}" # ours'
        )
    )
    before = target.read_text()
    node = Node(home, *LOOPBACK, "--p2p.laddr", "tcp://127.0.84.1:0", "--log_level", "debug")
    node.wait_for("control socket")
    ids = [f"{n:040x}" for n in range(1, 101)]  # longer than other values may be
    client = Client(home / "luapex.sock")
    for n, peer in enumerate(ids[:-1]):
        added = client.result("persistent.add", {"address": f"{peer}@127.0.84.2:{n + 1}"})
        assert added["saved"] is False
    last = {"address": f"{ids[-1]}@localhost:1", "save": True}
    assert client.result("persistent.add", last)["saved"] is True
    client.result("persistent.remove", {"id": ids[1], "save": True})
    assert client.result("seeds.add", {"address": f"{ids[0]}@[::1]:5", "save": True})["saved"]
    assert client.error("seeds.add", {"address": f"{ids[0]}@[::1]:5", "save": True})
    wrong = client.error("dial", {"address": f"{ids[0]}@127.0.84.2:1", "save": True})
    assert wrong["data"]["field"] == "save"
    settings = tomllib.loads(target.read_text())["p2p"]
    assert settings["persistent_peers"] == ",".join([*written, last["address"]])
    assert settings["seeds"] == f"{ids[0]}@[::1]:5"
    (shown,) = client.result("settings", {"match": "persistent_peers"})["settings"][:1]
    assert shown["name"] == "p2p.persistent_peers" and "persistent add" in shown["changes"]
    live = [address.partition("@")[0] for address in shown["value"].split(",")]
    assert live == [*(address[:40] for address in written), ids[0], *ids[2:]]
    (shown,) = client.result("settings", {"match": "p2p.seeds"})["settings"]
    assert shown["value"] == f"{ids[0]}@[::1]:5"
    refused = client.error("set", {"key": "p2p.seeds", "value": ""})["message"]
    assert "p2p.seeds changes at once, by seeds add and remove" in refused
    assert client.result("seeds.remove", {"id": ids[0], "save": True})["saved"]
    assert tomllib.loads(target.read_text())["p2p"]["seeds"] == ""
    client.result("persistent.remove", {"id": written[0][:40], "save": True})
    settings = tomllib.loads(target.read_text())["p2p"]
    assert settings["persistent_peers"] == ",".join([written[1], last["address"]])
    assert target.read_text().count("# ours") == 1
    assert config.is_symlink() and config.resolve() == target
    changed = set(target.read_text().splitlines()) ^ set(before.splitlines())
    assert all(line.startswith(("seeds =", "persistent_peers =")) for line in changed), changed
    target.write_text(before.replace("[p2p]", "[p2p"))
    fault = client.error("persistent.remove", {"id": ids[0], "save": True})
    assert "it holds, but is not saved" in fault["message"]
    client.close()
    assert node.stop() == 0, node.errors


def test_a_flag_that_outranks_what_is_saved_is_told(tmp_path):
    policy = tmp_path / "flagged.lua"
    policy.write_text(a_policy("flagged")["text"])
    policy.chmod(0o644)
    home = make_home(tmp_path / "home")
    flags = ["--p2p.max_num_outbound_peers", "7", "--policy.file", policy]
    flags += [*LOOPBACK, "--p2p.laddr", "tcp://127.0.84.3:0", "--log_level", "debug"]
    node = Node(home, *flags)
    node.wait_for("control socket")
    client = Client(home / "luapex.sock")
    key = "p2p.max_num_outbound_peers"
    assert "outranked_by" not in client.result("set", {"key": key, "value": 8})
    saved = client.result("set", {"key": key, "value": 9, "save": True})
    assert (saved["is"], saved["next_start"]) == ("9", "7")
    assert saved["outranked_by"].startswith(f"--{key}, ")
    later = client.result("set", {"key": "p2p.laddr", "value": "tcp://127.0.84.4:1", "save": True})
    assert later["outranked_by"].startswith("--p2p.laddr, ") and "next_start" not in later
    other = client.result("set", {"key": "p2p.max_num_inbound_peers", "value": 9, "save": True})
    assert "outranked_by" not in other and "next_start" not in other
    kept = client.result("policy.load", {"source": a_policy("kept"), "save": True})
    assert kept["outranked_by"].startswith("--policy.file, ")
    assert client.result("policy")["differs"].startswith(f"{policy} holds ")
    client.close()
    assert node.stop() == 0, node.errors
    node = Node(home, *flags)
    assert node.wait_for("listening")["policy"] == "flagged"
    assert node.stop() == 0, node.errors


def test_stop_ends_the_node(start, tmp_path):
    node = start(home=make_home(tmp_path / "home"))
    node.wait_for("listening")  # by then the control socket is there
    done = run("ctl", "--home", tmp_path / "home", "stop")
    assert done.returncode == 0 and "stopping" in done.stdout
    assert node.end() == 0, node.errors
    assert node.lines[-1]["event"] == "stopped"
    assert not (tmp_path / "home/luapex.sock").exists()
    gone = run("ctl", "--home", tmp_path / "home", "status")
    assert gone.returncode == 1 and "no node runs there" in gone.stderr


def test_a_socket_left_behind_is_replaced(start, tmp_path):
    home = make_home(tmp_path / "home")
    node = start(home=home)
    node.wait_for("listening")
    assert run("ctl", "--home", home, "status").returncode == 0
    node.process.kill()
    node.process.wait(PATIENCE_S)
    gone = run("ctl", "--home", home, "status")
    assert gone.returncode == 1 and "nobody serves" in gone.stderr
    again = start(home=home)
    again.wait_for("listening")
    end = time.monotonic() + PATIENCE_S
    while run("ctl", "--home", home, "status").returncode != 0:
        assert time.monotonic() < end
    assert again.stop() == 0, again.errors


@pytest.mark.parametrize("obstacle", ["file", "long", "live"])
def test_a_node_runs_without_a_socket_it_cannot_have(start, tmp_path, obstacle):
    home, flags = make_home(tmp_path / "home"), []
    if obstacle == "file":
        (home / "luapex.sock").write_text("precious")
    elif obstacle == "long":
        flags = ["--control.socket", "x" * 120]
    else:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(home / "luapex.sock"))
        server.listen()
    node = start(*flags, home=home)
    error = node.wait_for("no control socket")["error"]
    wanted = {"file": "no socket", "long": "107 bytes", "live": "another process"}
    assert wanted[obstacle] in error
    if obstacle == "file":
        assert (home / "luapex.sock").read_text() == "precious"
    assert node.stop() == 0, node.errors


def test_each_home_has_a_socket_of_its_own(tmp_path):
    homes = [make_home(tmp_path / name) for name in ("one", "two")]
    for n, home in enumerate(homes):
        config = home / "config/config.toml"
        config.write_text(
            config.read_text().replace("tcp://0.0.0.0:26656", f"tcp://127.0.8{n + 4}.1:0")
        )
    process = subprocess.Popen(
        [LUAPEX, "start", "--home", str(homes[0]), "--home", str(homes[1])],
        stdout=subprocess.DEVNULL,
    )
    try:
        for home in homes:
            wait_for_file(home / "luapex.sock")
        ids = {
            json.loads(run("ctl", "--json", "--home", home, "status").stdout)["id"]
            for home in homes
        }
        assert len(ids) == 2
        assert run("ctl", "--home", homes[0], "stop").returncode == 0
        end = time.monotonic() + PATIENCE_S
        while (homes[0] / "luapex.sock").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        assert run("ctl", "--home", homes[1], "status").returncode == 0
        assert run("ctl", "--home", homes[1], "stop").returncode == 0
        assert process.wait(PATIENCE_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
