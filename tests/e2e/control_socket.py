"""A client of the control socket, two connected nodes to ask, and policies to send."""

import json
import socket

from nodes import LOOPBACK, PATIENCE_S, Node, make_home, run

UNKNOWN_ID = "00112233445566778899aabbccddeeff00112233"


class Client:
    """A connection to a control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        self.last = 0

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def ask(self, method, params=None, **more):
        self.last += 1
        request = {"jsonrpc": "2.0", "id": self.last, "method": method, **more}
        if params is not None:
            request["params"] = params
        self.send(json.dumps(request).encode() + b"\n")
        answer = self.line()
        assert answer["id"] == self.last, answer
        return answer

    def result(self, method, params=None):
        answer = self.ask(method, params)
        assert "result" in answer, answer
        return answer["result"]

    def error(self, method, params=None):
        return self.ask(method, params)["error"]

    def close(self):
        self.file.close()
        self.socket.close()


class Pair:
    """Two connected nodes; the first is the one that is asked."""

    def __init__(self, folder):
        self.folder = folder
        flags = [*LOOPBACK, "--log_level", "debug"]
        self.first = Node(make_home(folder / "one"), *flags, "--p2p.laddr", "tcp://127.0.81.1:0")
        self.second = Node(
            make_home(folder / "two"),
            *flags,
            *("--p2p.laddr", "tcp://127.0.82.1:0"),
            *("--p2p.persistent_peers", self.first.addr),
            *("--pex.startup_spread", "0s"),
        )
        self.first.wait_for("peer added")
        self.socket = folder / "one/luapex.sock"
        self.second_id = self.second.wait_for("listening")["id"]
        self.second_addr = self.second.addr

    def stop(self):
        for node in (self.first, self.second):
            if node.process.poll() is None:
                assert node.stop() == 0, node.errors


def ctl(pair, *words):
    return run("ctl", "--socket", pair.socket, *words)


def a_policy(name, text="", version=1):
    return {
        "name": f"{name}.lua",
        "text": f"""
local policy = pex.policy {{ name = "{name}", version = {version}, extends = "default",
  params = {{ most = {{ default = 3, min = 1, max = 9, unit = "peers", doc = "so many" }} }} }}
{text}
return policy
""",
    }


ALWAYS_NEW = """
local helper = require "helper"
function policy.bias(view)
  return { new_percent = 100, draw = helper.draw, reason = "always new" }
end
"""
