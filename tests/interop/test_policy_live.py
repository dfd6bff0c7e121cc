"""Policies against real peers: saving the file changes the next decision, a bad one changes none."""

import pytest

from peers import eventually, go_client

GENTLE = """
local policy = pex.policy { name = "gentle", version = 1, extends = "default" }
function policy.ban(view) return false end
return policy
"""

STERN = GENTLE.replace("gentle", "stern").replace(
    "return false", 'return { ban_s = 3600, reason = "stern" }'
)

BROKEN = {
    "syntax error": ("local policy = = 1\n", 1),
    "endless loop": ("while true do end\n", 1),
    "memory bomb": ("local t = {}\nwhile true do t[#t + 1] = ('x'):rep(1000) .. #t end\n", 2),
    "long C call": (
        "local s = 'x'\nfor i = 1, 21 do s = s .. s end\nwhile true do s = s .. 'y' end\n",
        None,
    ),
    "hostile pattern": ("local s = ('a'):rep(500)\nreturn s:match(('a-'):rep(30) .. 'b')\n", 2),
}


def misbehave(luapex, seed):
    """An unsolicited list, as a fresh peer; its ID."""
    lines = go_client("cometbft-v0.38", luapex.addr, "addrs:2", "wait-close:5s", key_seed=seed * 32)
    return next(line["own_id"] for line in lines if line["event"] == "secret")


def write(path, text):
    path.write_text(text)
    path.chmod(0o644)


def test_saving_an_edited_policy_changes_the_next_decision(lab):
    file = lab.home("policy") / "mine.lua"
    write(file, GENTLE)
    luapex = lab.luapex(policy__file=str(file))
    first = misbehave(luapex, "31")
    assert not luapex.events("peer banned"), first
    start = len(luapex.lines)
    write(file, STERN)
    luapex.wait_event("policy loaded", start=start, timeout=5)
    second = misbehave(luapex, "32")
    luapex.wait_event("peer banned", peer=second, reason="stern", timeout=5)


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_policy_leaves_the_old_one_answering(lab, name):
    text, line = BROKEN[name]
    file = lab.home("policy") / "mine.lua"
    write(file, STERN)
    luapex = lab.luapex(policy__file=str(file))
    start = len(luapex.lines)
    write(file, text)
    refused = luapex.wait_event("policy not loaded", start=start, timeout=10)
    assert refused["file"].endswith("mine.lua"), refused
    assert line is None or refused["line"] == line, refused
    peer = misbehave(luapex, "33")
    luapex.wait_event("peer banned", peer=peer, reason="stern", timeout=5)


RUNNING_WILD = {
    "endless loop": "while true do end",
    "memory bomb": "local t = {} while true do t[#t + 1] = { #t } end",
    "error": "local nothing = nil; return nothing.field",
    "nonsense verdict": "return { ban_s = 0/0 }",
}


@pytest.mark.parametrize("name", RUNNING_WILD)
def test_a_rule_that_runs_wild_falls_back_to_the_default(lab, name):
    file = lab.home("policy") / "wild.lua"
    write(
        file,
        f"""
local policy = pex.policy {{ name = "wild", version = 1, extends = "default" }}
function policy.ban(view)
  if view.peer.id ~= "" then -- its trial has no peer
    {RUNNING_WILD[name]}
  end
end
return policy
""",
    )
    luapex = lab.luapex(policy__file=str(file))
    peer = misbehave(luapex, "34")
    banned = luapex.wait_event("peer banned", peer=peer, timeout=5)
    assert banned["seconds"] == 24 * 3600, "the default rule of the punishment matrix answers"
    failed = luapex.wait_event("policy call failed", timeout=5)
    assert failed["hook"] == "ban" and failed["file"].endswith("wild.lua"), failed
    eventually(lambda: luapex.process.poll() is None, "the node goes on")
