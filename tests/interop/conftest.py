"""Fixtures: starts processes under a temporary folder and ends them after each test."""

import itertools

import pytest

import peers


@pytest.fixture(params=peers.GO_VERSIONS)
def version(request):
    """Each of the Go versions in turn."""
    return request.param


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """41 Go nodes of all versions that wait to be found."""
    laboratory = Lab(tmp_path_factory.mktemp("crowd"))
    versions = itertools.cycle(peers.GO_VERSIONS)
    yield [laboratory.go(next(versions), ensure_period="1h") for _ in range(41)]
    laboratory.close()


@pytest.fixture
def lab(tmp_path):
    """Starts peers; whatever was started is ended, and luapex must end well."""
    laboratory = Lab(tmp_path)
    yield laboratory
    laboratory.close()


class Lab:
    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count()
        self.running = []

    def home(self, name="home"):
        path = self.folder / f"{name}-{next(self.numbers)}"
        path.mkdir()
        return path

    def keep(self, process):
        self.running.append(process)
        return process

    def luapex(self, *flags, **settings):
        home = settings.pop("home", None) or self.home("luapex")
        return self.keep(peers.Luapex(home, *flags, **settings))

    def go(self, version, *flags, **settings):
        home = settings.pop("home", None) or self.home("go")
        return self.keep(peers.GoPeer(version, home, *flags, **settings))

    def close(self):
        ended = [(process, process.stop()) for process in reversed(self.running)]
        for process, status in ended:
            if isinstance(process, peers.Luapex):
                assert status == 0, f"luapex ended with {status}\n{process.transcript()}"
