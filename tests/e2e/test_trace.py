"""`[trace] file`, `luapex replay` and `luapex policy diff`: what happened, once more."""

import base64
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import time

import pytest
from nodes import LOOPBACK, LUAPEX, PATIENCE_S, Node, make_home, run


def report_of(*arguments):
    """The JSON of a command that succeeds, a list of lines."""
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class TracedNode(Node):
    """A node that asks often and writes a trace."""

    def __init__(self, home, *flags):
        if not home.exists():
            make_home(home)
        super().__init__(
            *[home, *LOOPBACK, "--p2p.allow_duplicate_ip", "--pex.ensure_peers_period", "300ms"],
            *["--pex.startup_spread", "0s", "--trace.file", "trace.bin", *flags],
        )

    @property
    def trace(self):
        return self.home / "trace.bin"

    def wait_for_segments(self, n):
        """The file is being written: its last record may not be whole yet."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            said = run("replay", self.trace, "--json").stdout
            if said and json.loads(said)["segments"] >= n:
                return
            time.sleep(0.2)
        pytest.fail(f"no {n} segments in {self.trace}")

    def finish(self):
        assert self.stop() == 0, self.errors
        return self.trace


@pytest.fixture(name="traces", scope="module")
def made_traces(tmp_path_factory):
    """Three nodes that found each other: the traces of all, and their homes."""
    folder = tmp_path_factory.mktemp("traces")
    policy = folder / "mine.lua"
    policy.write_text(POLICY.replace("NUMBER", "30"))
    policy.chmod(0o600)
    seed = TracedNode(folder / "seed", "--trace.segment", "1s")
    nodes = [
        TracedNode(folder / f"node{i}", "--trace.segment", "1s", "--p2p.seeds", seed.addr)
        for i in range(2)
    ]
    nodes.append(
        TracedNode(
            folder / "scripted",
            *("--trace.segment", "1s", "--p2p.seeds", seed.addr),
            *("--policy.file", policy, "--policy.watch=false"),
        )
    )
    for node in nodes:
        node.wait_for("peer added", 2)
    nodes[-1].process.send_signal(signal.SIGHUP)  # another policy, another segment
    nodes[-1].wait_for("policy loaded", 2)
    for node in [*nodes, seed]:
        node.wait_for_segments(3)
    return [node.finish() for node in [*nodes, seed]]


POLICY = """
local policy = pex.policy { name = "mine", version = 1, extends = "default" }
function policy.bias(view)
  local state = policy.state
  state.asked = (state.asked or 0) + 1
  return { new_percent = NUMBER, draw = 30, reason = "number " .. state.asked }
end
return policy
"""


def test_a_trace_replays_to_the_same_actions(traces):
    for trace in traces:
        done = run("replay", trace)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ": all as recorded\nIt ends because: the node stopped\n" in done.stdout
        report = report_of("replay", trace)[0]
        assert report["whole"] and report["difference"] is None
        assert report["decisions"] > 0 and report["segments"] >= 3


def test_every_segment_replays_alone(traces):
    for trace in traces:
        whole = report_of("replay", trace)[0]
        alone = [
            report_of("replay", trace, "--segment", n + 1)[0] for n in range(whole["segments"])
        ]
        assert [one["segments"] for one in alone] == [1] * len(alone)
        assert sum(one["steps"] for one in alone) == whole["steps"]
    assert run("replay", traces[0], "--segment", 9999).returncode == 1


def test_replay_stops_where_it_is_told(traces):
    assert report_of("replay", traces[0], "--until", 5)[0]["steps"] == 5


def test_a_trace_is_for_its_owner_only(traces):
    assert {stat.S_IMODE(trace.stat().st_mode) for trace in traces} == {0o600}


def test_a_trace_contains_no_key(traces):
    for trace in traces:
        text = (trace.parent / "config" / "node_key.json").read_text()
        private = base64.b64decode(json.loads(text)["priv_key"]["value"])
        bytes_ = trace.read_bytes()
        assert len(private) == 64
        for part in (private, private[:32]):
            forms = [part, part[::-1], part.hex().encode(), part.hex().upper().encode()]
            forms += [base64.b64encode(part).rstrip(b"=")[:-1]]
            assert [form in bytes_ for form in forms] == [False] * len(forms)


def test_the_same_policy_decides_the_same(traces):
    *differences, total = report_of("policy", "diff", "recorded", "default", "--trace", traces[0])
    assert (differences, total["differ"]) == ([], 0)
    assert total["asked"] > 10 and total["hooks"]["bias"]["asked"] > 0


def test_another_number_shows_exactly_the_decisions_that_differ(traces, tmp_path):
    changed = tmp_path / "changed.lua"
    changed.write_text(POLICY.replace("NUMBER", "31"))
    changed.chmod(0o600)
    same = tmp_path / "same.lua"
    same.write_text(POLICY.replace("NUMBER", "30").replace("number ", "another reason "))
    same.chmod(0o600)
    trace = traces[2]
    *differences, total = report_of("policy", "diff", "recorded", changed, "--trace", trace)
    assert total["hooks"]["bias"]["differ"] == total["hooks"]["bias"]["asked"] == len(differences)
    for difference in differences:
        assert difference["hook"] == "bias"
        assert difference["old"]["verdict"] == {"new_percent": 30, "draw": 30}
        assert difference["new"]["verdict"] == {"new_percent": 31, "draw": 30}
        assert difference["view"]["wanted"] <= 10
    *differences, total = report_of("policy", "diff", same, "recorded", "--trace", trace)
    assert (differences, total["differ"]) == ([], 0)


def test_rows_stand_behind_a_decision_that_differs(traces, tmp_path):
    nobody = tmp_path / "nobody.lua"
    nobody.write_text(
        'local policy = pex.policy { name = "nobody", version = 1, extends = "default" }\n'
        'function policy.select(view) return { picks = {}, reason = "alone" } end\nreturn policy\n'
    )
    nobody.chmod(0o600)
    arguments = ["policy", "diff", "default", nobody, "--hook", "select"]
    for trace in traces:  # whoever found the others was asked whom to dial
        arguments += ["--trace", trace]
    *differences, total = report_of(*arguments)
    assert total["differ"] == len(differences) > 0
    for difference in differences:
        picked = difference["old"]["verdict"]
        rows = difference["view"]["candidates"]
        assert sorted(row["row"] for row in rows) == sorted(picked)
        assert all(re.fullmatch("[0-9a-f]{40}", row["id"]) for row in rows)
    text = run(*arguments).stdout
    assert "\n  old  { 1" in text and '{"row":1,' in text
    assert text.count('  new  {}  -- "alone"\n') == text.count("alone")
    for row in [json.loads(line) for line in text.splitlines() if line.startswith("       {")]:
        assert {"row", "id", "ip", "port"} <= set(row)
        assert not {False, "", None} & {value for value in row.values() if value != 0}


def test_questions_that_only_the_new_policy_wants_are_asked(traces, tmp_path):
    doorman = tmp_path / "doorman.lua"
    doorman.write_text(
        'local policy = pex.policy { name = "doorman", version = 1, extends = "default" }\n'
        'function policy.admit(view) return { reject = "not today" } end\nreturn policy\n'
    )
    doorman.chmod(0o600)
    arguments = ["policy", "diff", "recorded", doorman, "--hook", "admit", "--trace", traces[-1]]
    *differences, _ = report_of(*arguments)
    assert len(differences) > 0
    assert {difference["old"]["by"] for difference in differences} == {"the core"}


def test_traces_of_a_demo_replay(tmp_path):
    done = run("demo", "--nodes", 3, "--for", "7s", "--seed", 4, "--trace", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    traces = sorted(tmp_path.iterdir())
    assert [trace.name for trace in traces] == [
        *("node1.trace", "node2.trace", "node3.trace", "seed.trace")
    ]
    for trace in traces:
        assert report_of("replay", trace)[0]["steps"] > 10
        assert report_of("replay", trace, "--segment", 2)[0]["segments"] == 1


SLOW = """
local policy = pex.policy { name = "slow", version = 1, extends = "default" }
function policy.bias(view)
  local state = policy.state
  state.calls = (state.calls or 0) + 1
  local is_slow = state.calls % 2 == 0 and view.now ~= 1.7e9 -- not in its trial
  for i = 1, is_slow and 1e9 or 10 do state.at = i end
  return { new_percent = state.at % 90, draw = 30 }
end
return policy
"""


def test_what_the_fuse_stopped_is_stopped_there_again(tmp_path):
    """The state that a stopped call leaves behind shows in the next answer."""
    policy = tmp_path / "slow.lua"
    policy.write_text(SLOW)
    policy.chmod(0o600)
    limits = ["--policy.fuse", "2ms", "--policy.instructions_max", 10**9]
    node = TracedNode(tmp_path / "home", "--trace.segment", "1s", "--policy.file", policy, *limits)
    assert node.wait_for("policy call failed", 2)["outcome"] == "fuse"
    node.wait_for_segments(2)
    trace = node.finish()
    assert report_of("replay", trace)[0]["whole"]
    assert report_of("replay", trace, "--segment", 2)[0]["steps"] > 0


NEAR = """
local policy = pex.policy { name = "near", version = 1, extends = "default" }
function policy.admit(view)
  return view.tag ~= "near" and { reject = "tag " .. view.tag } or nil
end
return policy
"""


def test_the_tags_of_a_node_are_in_its_trace(tmp_path):
    tags, others = tmp_path / "tags", tmp_path / "others"
    tags.write_text("127.0.0.0/8 near\n")
    others.write_text("127.0.0.0/8 far\n")
    policy = tmp_path / "near.lua"
    policy.write_text(NEAR)
    policy.chmod(0o600)
    home = tmp_path / "home"
    node = TracedNode(home, "--policy.file", policy, "--policy.tags", tags)
    peer = TracedNode(tmp_path / "peer", "--p2p.persistent_peers", node.addr)
    node.wait_for("peer added")
    peer.finish()
    trace = node.finish()
    tags.unlink()
    assert report_of("replay", trace)[0]["difference"] is None
    done = run("replay", trace, "--tags", others)
    assert done.returncode == 1
    assert f"warning: {trace}: its node had other tags than those given" in done.stderr
    assert "tag far" in done.stdout


def fail(*arguments):
    done = run(*arguments)
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith("luapex: error: ") and done.stderr.count("\n") == 1
    return done.stderr


def test_damage_is_told_with_its_place(traces, tmp_path):
    bytes_ = traces[0].read_bytes()
    damaged = tmp_path / "damaged.bin"
    for at in range(20, len(bytes_), 1 + len(bytes_) // 60):
        damaged.write_bytes(bytes_[:at] + bytes([bytes_[at] ^ 4]) + bytes_[at + 1 :])
        said = fail("replay", damaged)
        assert re.search(r"damaged at byte \d+|ends in the middle", said), said
    for n in (10, 16, 20, 100, len(bytes_) // 2, len(bytes_) - 1):
        damaged.write_bytes(bytes_[:n])
        assert re.search("not a trace|ends in the middle", fail("replay", damaged))
    assert "ends in the middle" in fail("policy", "diff", "default", "diverse", "--trace", damaged)


READERS = [("replay",), ("policy", "diff", "default", "diverse", "--trace")]


@pytest.mark.parametrize("reader", READERS, ids=["replay", "diff"])
def test_what_is_no_trace_is_told(tmp_path, reader):
    empty, pipe = tmp_path / "empty", tmp_path / "pipe"
    empty.touch()
    os.mkfifo(pipe)
    assert f"{empty}: empty: nothing was recorded into it" in fail(*reader, empty)
    assert f"{tmp_path}: a folder; give the file in it" in fail(*reader, tmp_path)
    assert f"{pipe}: not a plain file" in fail(*reader, pipe)
    assert "No such file" in fail(*reader, tmp_path / "none")


@pytest.mark.parametrize("reader", READERS, ids=["replay", "diff"])
def test_a_trace_of_another_user_is_told(traces, tmp_path, reader):
    """Root reads everything, unless it gives up what lets it."""
    secret = tmp_path / "secret"
    secret.write_bytes(traces[0].read_bytes())
    secret.chmod(0)
    without = ["setpriv", "--bounding-set", "-all"] if os.geteuid() == 0 else []
    if without and not shutil.which(without[0]):
        pytest.skip("there is no setpriv, and root may read everything")
    done = subprocess.run(
        [*without, LUAPEX, *reader, secret], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"{secret}: no permission to read it; a trace is for the user" in done.stderr


@pytest.mark.parametrize("reader", READERS, ids=["replay", "diff"])
def test_a_huge_file_is_not_loaded(traces, tmp_path, reader):
    huge = tmp_path / "huge"
    for start, said in [
        (b"", "not a trace"),
        (traces[0].read_bytes()[:100], r"damaged at byte \d+"),
        (b"luapex trace 2\n\0" + b"\0\0\0\x10", "damaged at byte 16"),  # a record of 256 MiB
        (b"luapex trace 2\n\0" + b"\xff\xff\xff\xff", "damaged at byte 16"),
    ]:
        huge.write_bytes(start)
        os.truncate(huge, 10 << 30)
        assert re.search(said, fail(*reader, huge))
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1 << 20  # KiB


def test_another_format_is_told_with_who_wrote_it(traces, tmp_path):
    bytes_ = traces[0].read_bytes()
    other = tmp_path / "other.bin"
    other.write_bytes(bytes_.replace(b"luapex trace 2\n", b"luapex trace 3\n", 1))
    version = run("version").stdout.split()[1]
    said = fail("replay", other)
    assert f"written by luapex {version} in trace format 3, and luapex {version} reads" in said
    other.write_bytes(b"luapex trace 17\n" + bytes(100))
    assert "luapex of another version in trace format 17" in fail("replay", other)
    other.write_bytes(b"luapex trace x\n" + bytes(100))
    assert "not a trace" in fail("replay", other)


def test_policies_that_do_not_load_are_told(traces, tmp_path):
    broken = tmp_path / "broken.lua"
    broken.write_text("return 1 +\n")
    broken.chmod(0o600)
    assert "broken.lua:" in fail("policy", "diff", "default", broken, "--trace", traces[0])
    assert "no built-in policy 'nix'" in fail("policy", "diff", "default", "nix", "--trace", traces[0])
    for wrong in (["default"], ["default", "seed"], ["a", "b", "--hook", "x", "--trace", "y"]):
        assert run("policy", "diff", *wrong).returncode == 2
    assert run("replay").returncode == 2


def test_the_trace_of_an_earlier_run_is_kept(tmp_path):
    home = tmp_path / "home"
    traces = []
    for _ in range(3):
        node = TracedNode(home, "--trace.files_max", 2)
        node.wait_for("listening")
        traces.append(node.finish().read_bytes())
    kept = sorted(file.name for file in home.glob("trace.bin*"))
    assert kept == ["trace.bin", "trace.bin.1"]
    assert (home / "trace.bin.1").read_bytes() == traces[1]
    assert all(report_of("replay", home / name)[0]["whole"] for name in kept)


def test_a_trace_that_cannot_be_written_is_told_at_the_start(tmp_path):
    home = tmp_path / "home"
    assert run("init", "--home", home, "--network", "e2e").returncode == 0
    said = fail(
        *("start", "--home", home, "--p2p.laddr", "tcp://127.0.0.1:0"),
        *("--trace.file", "none/trace.bin"),
    )
    assert "trace.file" in said and "No such file" in said


def test_a_full_disk_ends_the_trace_and_not_the_node(tmp_path):
    """The disk is a tmpfs of 256 KiB in a namespace of its own."""
    script = f"""
        set -e
        mount -t tmpfs -o size=256k tmpfs {tmp_path}/small
        {LUAPEX} start --home {tmp_path}/home --p2p.laddr tcp://127.0.0.1:0 --log_format json \\
          --pex.ensure_peers_period 100ms --trace.file {tmp_path}/small/trace.bin \\
          --trace.segment 1s > {tmp_path}/log & node=$!
        until test -s {tmp_path}/small/trace.bin; do sleep 0.1; done
        dd if=/dev/zero of={tmp_path}/small/fill bs=4k 2>/dev/null || true
        for i in $(seq 600); do
          grep -q '"trace ended"' {tmp_path}/log && break; sleep 0.1
        done
        kill -0 $node; kill $node; wait $node
        cp {tmp_path}/small/trace.bin {tmp_path}/copy.bin
    """
    (tmp_path / "small").mkdir()
    assert run("init", "--home", tmp_path / "home", "--network", "e2e").returncode == 0
    done = subprocess.run(
        ["unshare", "-rmn", "sh", "-c", f"ip link set lo up; {script}"],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    if "unshare" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("no namespaces here")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (ended,) = [line for line in lines if line["event"] == "trace ended"]
    assert (ended["level"], ended["reason"]) == ("error", "the disk is full")
    report = report_of("replay", tmp_path / "copy.bin")[0]
    assert report["end"] == "the disk is full" and report["steps"] > 0
