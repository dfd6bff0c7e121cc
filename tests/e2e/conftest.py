"""Fixtures that several tests here share. Nodes that a test leaves running end in good order."""

import pytest
from address_book import Home, ago, entry, verified
from control_socket import Client, Pair
from nodes import LOOPBACK, NETWORK, Node, make_home
from small_disk import begin_inside, small_disk

__all__ = ["begin_inside", "small_disk"]


def end_all(nodes):
    for node in nodes:
        if node.process.poll() is None:
            assert node.stop() == 0, node.errors


@pytest.fixture
def new_home(tmp_path):
    """new_home(FLAGS of init..., network=) -> a home."""
    count = 0

    def make(*flags, network=NETWORK):
        nonlocal count
        count += 1
        return make_home(tmp_path / f"home{count}", *flags, network=network)

    return make


@pytest.fixture
def start(new_home):
    """start(FLAGS..., home=, before=) -> a node on loopback; without home: a new one."""
    nodes = []

    def make(*flags, home=None, before=None):
        nodes.append(Node(home or new_home(), *LOOPBACK, *flags, before=before))
        return nodes[-1]

    yield make
    end_all(nodes)


@pytest.fixture
def start_asked(new_home):
    """start_asked(IP, FLAGS..., network=) -> a node there that begins at once, a client of it."""
    nodes, clients = [], []

    def make(ip, *flags, network=NETWORK):
        own = ["--p2p.laddr", f"tcp://{ip}:0", "--pex.startup_spread", "0s", "--log_level", "debug"]
        home = new_home(network=network)
        nodes.append(Node(home, *LOOPBACK, *own, *flags))
        nodes[-1].wait_for("control socket")
        clients.append(Client(home / "luapex.sock"))
        return nodes[-1], clients[-1]

    yield make
    for client in clients:
        client.close()
    end_all(nodes)


@pytest.fixture
def named_home(tmp_path):
    """named_home(NAME, NETWORK, FLAGS of init...) -> a home with an address of its own."""

    def make(name, network, *flags):
        port = f"tcp://127.0.{70 + len(list(tmp_path.iterdir()))}.1:0"
        own = ["--p2p.laddr", port, "--p2p.addr_book_strict=false"]
        return make_home(tmp_path / name, *own, *flags, network=network)

    return make


@pytest.fixture
def start_homes():
    """start_homes(HOMES..., flags=) -> one process with a node for each."""
    nodes = []

    def make(*homes, flags=()):
        more = [word for home in homes[1:] for word in ("--home", home)]
        nodes.append(Node(homes[0], *more, *flags))
        return nodes[-1]

    yield make
    end_all(nodes)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two connected nodes; the first is the one that is asked."""
    made = Pair(tmp_path_factory.mktemp("pair"))
    yield made
    made.stop()


@pytest.fixture
def client(pair):
    made = Client(pair.socket)
    yield made
    made.close()


@pytest.fixture
def book_home(tmp_path):
    """A home for `luapex book`, without a book."""
    return Home(make_home(tmp_path / "home", network="book"))


@pytest.fixture
def known_book(book_home):
    """Two old ones, one verified an hour ago and one ten days ago, and a new one."""
    book_home.write(
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
    return book_home
