"""Metrics and health over HTTP, and a Prometheus that scrapes them."""

import contextlib
import json
import re
import select
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from nodes import PATIENCE_S, addr_of, run
from test_metrics import Metrics

SERVED = ["--instrumentation.prometheus", "--instrumentation.prometheus_listen_addr"]
ANYWHERE = [*SERVED, "127.0.0.1:0"]
SERVICE = Path(__file__).parents[2] / "core/app/service"
ALERTS = SERVICE / "alerts.yml"


def get(address, path):
    """Status, content type and text of a page."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=PATIENCE_S) as page:
            return page.status, page.headers["content-type"], page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["content-type"], error.read().decode()


def until(found):
    """What `found` returns, as soon as it is something."""
    end = time.monotonic() + PATIENCE_S
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def served(start_homes, named_home):
    """A node that serves, and where."""

    def make(*homes):
        node = start_homes(*(homes or [named_home("one", "net-1", *ANYWHERE)]))
        return node, node.wait_for("serving metrics")["addr"]

    return make


def test_nothing_is_served_unless_it_is_asked_for(start_homes, named_home):
    node = start_homes(named_home("one", "net-1"))
    node.wait_for("listening")
    assert node.stop() == 0
    assert not [line for line in node.lines if line["event"] == "serving metrics"]


def test_metrics_are_those_of_the_table(served):
    _, address = served()
    status, kind, text = get(address, "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert Metrics(text).value("cometbft_p2p_peers", chain_id="net-1") == 0
    assert get(address, "/nothing")[0] == get(address, "/metrics/")[0] == 404


def test_a_node_is_ready_once_it_had_a_peer(served, start_homes, named_home):
    node, address = served()
    assert get(address, "/healthz") == (200, "text/plain; charset=utf-8", "net-1 ok\n")
    assert get(address, "/")[2].split() == ["/metrics", "/healthz", "/readyz"]
    assert get(address, "/readyz")[::2] == (503, "net-1 no peer yet\n")
    peer = start_homes(named_home("peer", "net-1", "--p2p.persistent_peers", addr_of(node)))
    node.wait_for("peer added")
    assert get(address, "/readyz")[::2] == (200, "net-1 ok\n")
    assert peer.stop() == 0
    node.wait_for("peer closed the connection")
    assert get(address, "/readyz")[::2] == (200, "net-1 ok\n")


def test_one_address_serves_the_homes_that_ask_for_it(served, named_home):
    homes = [
        named_home("one", "net-1"),
        named_home("two", "net-2", *ANYWHERE),
        named_home("three", "net-3", *ANYWHERE),
    ]
    _, address = served(*homes)
    text = get(address, "/metrics")[2]
    found = {labels["chain_id"] for labels in Metrics(text).labels("cometbft_p2p_peers")}
    assert found == {"net-2", "net-3"}
    assert get(address, "/healthz")[2] == "net-2 ok\nnet-3 ok\n"


def test_homes_that_name_different_addresses_do_not_start(start_homes, named_home):
    one = named_home("one", "net-1", *SERVED, "127.0.0.1:0")
    two = named_home("two", "net-2", *SERVED, "127.0.0.2:0")
    node = start_homes(one, two)
    assert node.end() == 1
    assert f"127.0.0.1:0 in {one} and 127.0.0.2:0 in {two}" in node.errors


def test_an_address_in_use_is_named(served, start_homes, named_home):
    _, address = served()
    node = start_homes(named_home("two", "net-2", *SERVED, address))
    assert node.end() == 1
    assert f"prometheus_listen_addr {address}: the listen address is in use" in node.errors


def test_an_address_is_checked(tmp_path):
    done = run("init", "--home", tmp_path / "home", "--network", "n", *SERVED, "127.0.0.1")
    assert done.returncode == 2 and "prometheus_listen_addr" in done.stderr


def test_a_node_stops_while_a_client_reads_nothing(served):
    node, address = served()
    host, port = address.split(":")
    with socket.create_connection((host, port)) as silent, socket.create_connection(
        (host, port)
    ) as half:
        half.sendall(b"GET /metrics HTTP/1.1\r\nhost")
        assert get(address, "/healthz")[0] == 200
        assert node.stop() == 0, node.errors
        assert silent.recv(1) == b""


HOSTILE = 200


class Attackers:
    """Connections of another address that say nothing, half a request or take no byte, each made anew
    when it was closed."""

    WHOLE = b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n"
    WORDS = (b"", WHOLE[:20], WHOLE * 50)

    def __init__(self, address):
        host, port = address.split(":")
        self.at = (host, int(port))
        self.made, self.over = 0, threading.Event()
        self.poll = select.poll()
        self.sockets = {}
        for _ in range(HOSTILE):
            self.connect()
        self.thread = threading.Thread(target=self.attack)
        self.thread.start()

    def connect(self):
        made = socket.create_connection(self.at, PATIENCE_S, ("127.0.0.2", 0))
        with contextlib.suppress(OSError):
            made.send(self.WORDS[self.made % len(self.WORDS)])
        self.made += 1
        self.sockets[made.fileno()] = made
        self.poll.register(made, select.POLLRDHUP)

    def attack(self):
        while not self.over.is_set():
            for fd, _ in self.poll.poll(10):
                self.poll.unregister(fd)
                self.sockets.pop(fd).close()
                self.connect()

    def stop(self):
        self.over.set()
        self.thread.join()
        for made in self.sockets.values():
            made.close()


def test_a_scrape_gets_through_while_hostile_clients_take_every_place(served):
    node, address = served()
    attackers = Attackers(address)
    for _ in range(30):
        status, _, text = get(address, "/metrics")
        assert status == 200 and Metrics(text).value("cometbft_p2p_peers", chain_id="net-1") == 0
    attackers.stop()
    assert attackers.made > HOSTILE
    assert get(address, "/healthz")[0] == 200
    assert node.stop() == 0, node.errors


@pytest.fixture
def prometheus(tmp_path):
    """A Prometheus that scrapes an address; what it answers to a query."""
    started = []

    def watch(address, *rules):
        program = shutil.which("prometheus")
        if not program:
            pytest.skip("prometheus (Debian: prometheus) is not installed")
        own = f"127.0.0.1:{free_port()}"
        config = tmp_path / "prometheus.yml"
        config.write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [str(rule) for rule in rules],
                    "scrape_configs": [
                        {"job_name": "luapex", "static_configs": [{"targets": [address]}]}
                    ],
                }
            )
        )
        started.append(
            subprocess.Popen(
                [
                    *[program, f"--config.file={config}", f"--web.listen-address={own}"],
                    f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                ],
                stdout=subprocess.DEVNULL,
                stderr=(tmp_path / "prometheus.log").open("w"),
            )
        )

        def ask(path):
            assert started[-1].poll() is None, (tmp_path / "prometheus.log").read_text()
            try:
                status, _, text = get(own, f"/api/v1/{path}")
            except OSError:
                return None
            return json.loads(text)["data"] if status == 200 else None

        return ask

    yield watch
    for process in started:
        process.terminate()
        process.wait(PATIENCE_S)


def test_a_prometheus_scrapes_what_the_node_says(served, start_homes, named_home, prometheus):
    node, address = served()
    start_homes(named_home("peer", "net-1", "--p2p.persistent_peers", addr_of(node)))
    node.wait_for("peer added")
    ask = prometheus(address)

    def peers():
        data = ask("query?query=cometbft_p2p_peers==1")
        return data and data["result"]

    (found,) = until(peers)
    assert found["metric"]["chain_id"] == "net-1" and found["metric"]["job"] == "luapex"
    (target,) = ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")


def dashboard_queries():
    """The dashboard's queries, its variables replaced as Grafana does."""
    dashboard = json.loads((SERVICE / "grafana.json").read_text())
    values = {"$__rate_interval": "1m", "$job": ".*", "$chain_id": ".*"}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = target["expr"]
            for name, value in values.items():
                query = query.replace(name, value)
            yield query


def test_dashboard_and_alerts_name_metrics_that_there_are(served):
    _, address = served()
    known = set(Metrics(get(address, "/metrics")[2]).kinds)
    text = ALERTS.read_text() + (SERVICE / "grafana.json").read_text()
    named = set(re.findall(r"cometbft_(?:p2p|pex)_\w+", text))
    assert len(named) > 20 and named <= known, named - known


def test_promtool_accepts_the_alerts():
    if not shutil.which("promtool"):
        pytest.skip("promtool (Debian: prometheus) is not installed")
    done = subprocess.run(
        ["promtool", "check", "rules", ALERTS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout


def test_a_prometheus_evaluates_dashboard_and_alerts(served, prometheus):
    _, address = served()
    ask = prometheus(address, ALERTS)
    until(lambda: (data := ask("query?query=cometbft_p2p_peers")) and data["result"])
    for query in dashboard_queries():
        assert ask("query?" + urllib.parse.urlencode({"query": query})) is not None, query

    def evaluated():
        (group,) = ask("rules")["groups"]
        return all(rule["health"] == "ok" for rule in group["rules"]) and group["rules"]

    assert {rule["type"] for rule in until(evaluated)} == {"alerting"}
