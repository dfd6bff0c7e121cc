#!/usr/bin/env python3
"""What the control socket costs a seed under load, and how fast it answers then.

Go clients load the seed as in seed.py, by turns without and with ten followers of its events, while
`status` is asked ten times a second. Goals: at most 5 % fewer clients per CPU second,
a median answer within 10 ms. --quick serves fewer clients, --json prints one object.
"""

import json
import socket
import statistics
import sys
import threading
import time

from network import enter_own_network
from report import has_go, median_ratio, new_home, show
from seed import CLIENTS, homes, serve, start_ours

ROUNDS = 5
FOLLOWERS = 10


def connect(path, request):
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(path))
    made.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, **request}).encode() + b"\n")
    return made


def drain(follower, read):
    while chunk := follower.recv(1 << 20):
        read.append(len(chunk))


class Operators:
    """Some who follow, and one who asks how the node does."""

    def __init__(self, path, followers):
        self.path, self.read, self.answers_s, self.over = path, [], [], False
        follow = {"method": "events", "params": {"follow": True, "limit": 0}}
        self.followers = [connect(path, follow) for _ in range(followers)]
        self.threads = [
            threading.Thread(target=drain, args=(follower, self.read))
            for follower in self.followers
        ]
        self.threads.append(threading.Thread(target=self.ask))
        for thread in self.threads:
            thread.start()

    def ask(self):
        while not self.over:
            start = time.perf_counter()
            asking = connect(self.path, {"method": "status"})
            asking.makefile("rb").readline()
            asking.close()
            self.answers_s.append(time.perf_counter() - start)
            time.sleep(0.1)

    def stop(self):
        self.over = True
        for follower in self.followers:
            follower.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()


def measure(folder):
    home, _ = homes(folder, 1000)
    seed = start_ours(home)
    serve(seed, 200)
    alone, watched, answers_s, read = [], [], [], 0
    for _ in range(ROUNDS):
        for rates, followers in ((alone, 0), (watched, FOLLOWERS)):
            operators = Operators(home / "luapex.sock", followers)
            rates.append(serve(seed, CLIENTS)[0])
            operators.stop()
            answers_s += operators.answers_s
            read += sum(operators.read)
    seed.stop()
    return {
        "alone": statistics.median(alone),
        "watched": statistics.median(watched),
        "ratio": median_ratio(watched, alone),
        "answer_ms": statistics.median(answers_s) * 1000,
        "follower_bytes": read // FOLLOWERS // ROUNDS,
    }


def main():
    if not has_go():
        sys.exit("control: the clients are Go's; run ./dev bench with Go on PATH")
    enter_own_network()
    folder, path = new_home("control")
    with folder:
        result = measure(path)
    lines = [
        ("clients per CPU second, nobody follows", result["alone"], ""),
        (f"  {FOLLOWERS} follow events", result["watched"], ""),
        ("  ratio (goal: at least 0.95)", result["ratio"], "x"),
        ("  bytes a follower read in a round", result["follower_bytes"], ""),
        ("median answer of status under load (goal: at most 10)", result["answer_ms"], "ms"),
    ]
    show("control", lines, result)


if __name__ == "__main__":
    main()
