"""The control socket: clients that do not behave, random requests, and who may use it."""

import base64
import contextlib
import json
import os
import random
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from control_socket import UNKNOWN_ID, Client
from methods import METHODS, fitting, required
from nodes import LOOPBACK, LUAPEX, PATIENCE_S, Node, make_home, run, wait_for_file


# ---- clients that do not behave ------------------------------------------------------------------


def test_clients_that_disappear_half_way(pair):
    whole = b'{"jsonrpc":"2.0","id":1,"method":"help"}\n'
    for sent in (b"", whole[:20], whole, whole * 50, whole + whole[:20]):
        for _ in range(5):
            gone = Client(pair.socket)
            gone.send(sent)
            gone.close()
    follower = Client(pair.socket)
    follower.result("events", {"follow": True})
    follower.close()
    client = Client(pair.socket)
    for _ in range(5):
        client.result("save")
    client.close()


def test_who_shuts_the_writing_side_gets_the_answer(pair):
    client = Client(pair.socket)
    client.send(b'{"jsonrpc":"2.0","id":1,"method":"help"}\n')
    client.socket.shutdown(socket.SHUT_WR)
    assert client.line()["result"]
    assert client.line() is None
    client.close()


def test_lines_in_pieces_and_many_in_one(client):
    request = b'{"jsonrpc":"2.0","id":1,"method":"persistent"}\n'
    for byte in request:
        client.send(bytes([byte]))
    assert client.line()["result"]
    client.send(request * 200)
    for _ in range(200):
        assert client.line()["result"]


def test_who_does_not_read_is_not_read_from_and_loses_nothing(pair):
    slow, other = Client(pair.socket), Client(pair.socket)
    requests = 400  # each is answered with the whole table
    slow.socket.setblocking(False)
    pending = b'{"jsonrpc":"2.0","id":1,"method":"help"}\n' * requests
    pending = pending[slow.socket.send(pending) :]
    for _ in range(20):
        other.result("status")
    slow.socket.settimeout(PATIENCE_S)
    slow.send(pending)
    for _ in range(requests):
        assert slow.line()["result"]["methods"]
    slow.close()
    other.close()


def test_a_line_without_end_is_cut_off(pair):
    client = Client(pair.socket)
    with pytest.raises(OSError):
        for _ in range(40):
            client.send(b"x" * 65536)
            time.sleep(0.01)
        raise AssertionError("2.5 MB in one line")
    client.close()


def test_too_many_clients_are_told(pair):
    clients = [Client(pair.socket) for _ in range(40)]
    told = []
    for client in clients:
        with contextlib.suppress(BrokenPipeError):  # who was turned away
            client.send(b'{"jsonrpc":"2.0","id":1,"method":"persistent"}\n')
        told.append(client.line())
    refused = [answer for answer in told if answer and "error" in answer]
    served = [answer for answer in told if answer and "result" in answer]
    assert len(served) >= 30 and len(refused) >= 8
    assert "clients are connected already" in refused[0]["error"]["message"]
    for client in clients:
        client.close()
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        again = Client(pair.socket)
        with contextlib.suppress(BrokenPipeError):
            again.send(b'{"jsonrpc":"2.0","id":1,"method":"persistent"}\n')
        answer = again.line()
        again.close()
        if answer and "result" in answer:
            return
    raise AssertionError("places are not free again")


def test_followers_get_what_happens_and_those_who_do_not_read_are_told_and_dropped(pair):
    reader, sleeper, actor = (Client(pair.socket) for _ in range(3))
    for follower in (reader, sleeper):
        follower.result("events", {"follow": True, "limit": 0, "filter": "kind=command"})
    actor.result("save")
    event = reader.line()
    assert event["method"] == "event" and event["params"]["text"] == "save"
    ban = {"jsonrpc": "2.0", "id": 1, "method": "ban", "params": {"target": "192.0.2.1"}}
    batch = (json.dumps(ban).encode() + b"\n") * 100
    seen = b""
    for _ in range(40):  # more than the sockets and the server keep
        actor.send(batch)
        for _ in range(100):
            assert actor.line()["result"]
        told = 0
        while told < 100:
            line = reader.line()
            told += line["params"]["events"] if line["method"] == "lost" else 1
    reader.close()
    while chunk := sleeper.socket.recv(1 << 20):
        seen += chunk
    assert b"more slowly than they come" in seen.splitlines()[-1]
    actor.result("unban", {"target": "192.0.2.1"})
    actor.close()
    sleeper.close()


# ---- a fuzzer ------------------------------------------------------------------------------------

SOME_VALUES = [
    *(None, True, False, 0, -1, 1.5, 1e308, 2**63, "", "x", "status", "\u0000", "\U0001f600"),
    *([], {}, [[]], {"a": {"b": []}}, "A" * 4000, UNKNOWN_ID, "10.0.0.0/8", "1h", "kind=*"),
]


def random_request(dice):
    name = dice.choice([name for name in METHODS if name != "stop"] + ["nonsense", "", "rpc.x"])
    params = {}
    for param in METHODS.get(name, {"params": []})["params"]:
        if dice.random() < 0.7:
            params[param["name"]] = (
                fitting(param) if dice.random() < 0.4 else dice.choice(SOME_VALUES)
            )
    if dice.random() < 0.2:
        params[dice.choice(["x", "", "limit", "follow"])] = dice.choice(SOME_VALUES)
    params.pop("follow", None)
    params.pop("save", None)
    request = {"jsonrpc": "2.0", "id": 1, "method": name, "params": params}
    for _ in range(dice.randrange(3)):
        if dice.random() < 0.3:
            request[dice.choice(["jsonrpc", "id", "method", "params", "more"])] = dice.choice(
                SOME_VALUES
            )
    return request


def mutated(dice, data):
    data = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(data) + 1)
        how = dice.randrange(4)
        if how == 0:
            data[at:at] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 9)))
        elif how == 1:
            del data[at : at + dice.randrange(1, 20)]
        elif how == 2 and at < len(data):
            data[at] = dice.randrange(256)
        else:
            data[at:at] = dice.choice([b"[" * 50, b'"', b"{}", b"\\u0000", b"\\ud800", b"1e999"])
    return bytes(data).replace(b"\n", b" ").replace(b'"stop"', b'"save"')


def test_a_thousand_random_requests_get_clear_answers_and_stall_nobody(pair):
    dice = random.Random(5)
    fuzzer, other = Client(pair.socket), Client(pair.socket)
    answers = 0
    for n in range(1000):
        line = json.dumps(random_request(dice)).encode()
        if dice.random() < 0.5:
            line = mutated(dice, line)
        fuzzer.send(line + b'\n{"jsonrpc":"2.0","id":"next","method":"persistent"}\n')
        while (answer := fuzzer.line())["id"] != "next":
            answers += 1
            if "error" in answer:
                assert answer["error"]["code"] < 0 and answer["error"]["message"], line
                assert "lua/ops" not in answer["error"]["message"], answer
        if n % 50 == 0:
            other.result("status")
            other.result("unban", {"target": UNKNOWN_ID}) if UNKNOWN_ID in json.dumps(
                other.result("bans")
            ) else None
    assert answers > 900
    for ban in other.result("bans")["bans"]:
        other.result("unban", {"target": ban["target"]}) if ban["kind"] != "pair" else None
    for peer in other.result("persistent")["persistent"]:
        other.result("persistent.remove", {"id": peer["id"]})
    other.result("log", {"level": "debug"})
    assert pair.first.process.poll() is None
    assert not [line for line in pair.first.lines if "script failed" in line["event"]]
    fuzzer.close()
    other.close()


# ---- who may use it ------------------------------------------------------------------------------


def test_only_the_owner_can_use_the_socket(pair):
    mode = os.stat(pair.socket)
    assert stat.S_IMODE(mode.st_mode) == 0o600 and mode.st_uid == os.getuid()


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"),
    reason="only root can become another user, by setpriv",
)
def test_another_user_is_told_whose_it_is(pair):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(LUAPEX, folder)
        os.chmod(program, 0o755)
        link = Path(folder) / "s"
        node = Node(
            make_home(Path(folder) / "home"), *LOOPBACK, "--control.socket", str(link)
        )
        node.wait_for("listening")
        wait_for_file(link)
        refused = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            + [program, "ctl", "--socket", str(link), "status"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert refused.returncode == 1
        assert "belongs to user 0" in refused.stderr, refused.stderr
        assert run("ctl", "--socket", link, "stop").returncode == 0
        assert node.end() == 0, node.errors


def test_no_secret_is_told(pair):
    client = Client(pair.socket)
    said = b""
    for name in METHODS:
        if name != "stop":
            said += json.dumps(client.ask(name, required(name))).encode()
    said += json.dumps(client.result("events", {"limit": 1000, "decisions": True})).encode()
    said += json.dumps(client.result("settings")).encode()
    said += json.dumps(pair.first.lines).encode()
    key = json.loads((pair.folder / "one/config/node_key.json").read_text())["priv_key"]["value"]
    raw = base64.b64decode(key)
    for secret in (key[:40], raw[:32].hex(), raw.hex()[:64], raw[:32].hex().upper()):
        assert secret.encode() not in said
    client.close()
