"""Address books of tests: entries as Tendermint writes them, and a home with `luapex book`."""

import json
from datetime import datetime, timedelta, timezone

from nodes import run

NEVER = "0001-01-01T00:00:00Z"
SOURCE = {"id": "e" * 40, "ip": "9.9.9.9", "port": 26656}


def ago(**age):
    return (datetime.now(timezone.utc) - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(n, old=False, success=NEVER, ip=None, **changes):
    """An entry as Tendermint writes it; all are in another /16."""
    return {
        "addr": {"id": f"{n:040x}", "ip": ip or f"8.{n % 250}.1.1", "port": 26656},
        "src": SOURCE,
        "buckets": [n % 64],
        "attempts": 0,
        "bucket_type": 2 if old else 1,
        "last_attempt": success,
        "last_success": success,
        "last_ban_time": NEVER,
    } | changes


def verified(n, time_text, **more):
    return {"id": f"{n:040x}", "last_verified": time_text, **more}


def image(*entries, peers=(), bans=()):
    extra = {"luapex": {"peers": list(peers), "bans": list(bans)}} if peers or bans else {}
    return {"key": "0123456789abcdef01234567", "addrs": list(entries), **extra}


class Home:
    def __init__(self, path):
        self.path = path
        self.file = path / "config/addrbook.json"

    def write(self, *entries, **more):
        self.file.write_text(json.dumps(image(*entries, **more)))

    def book(self, command, *arguments):
        return run("book", command, *arguments, "--home", self.path)

    def succeed(self, command, *arguments):
        done = self.book(command, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        return done.stdout

    def fail(self, command, *arguments):
        """The one line on standard error."""
        done = self.book(command, *arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def misuse(self, command, *arguments):
        done = self.book(command, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def rows(self, command, *arguments):
        return [
            json.loads(line) for line in self.succeed(command, "--json", *arguments).splitlines()
        ]
