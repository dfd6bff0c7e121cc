"""The policy over the control socket: its parameters, and another one that shadows it."""

import re
import time

from control_socket import ALWAYS_NEW, a_policy, ctl
from nodes import PATIENCE_S
from test_metrics import Metrics

TYPED = """
local policy = pex.policy { name = "typed", version = 1, extends = "default", params = {
  half = { default = 0.5 }, most = { default = 3 }, on = { default = true },
  ranges = { default = { "10.0.0.0/8", "::/16" } }, none = { default = {} }, word = { default = "7" },
} }
return policy
"""


def test_parameters_have_the_types_they_are_declared_with(pair, client):
    client.result("policy.load", {"source": {"name": "typed.lua", "text": TYPED}})

    def params():
        rows = client.result("params")["params"]
        return {row["name"]: (row["value"], row["default"]) for row in rows if row["policy"] == "typed"}

    declared = {
        "half": 0.5,
        "most": 3,
        "none": [],
        "on": True,
        "ranges": ["10.0.0.0/8", "::/16"],
        "word": "7",
    }
    assert params() == {name: (value, value) for name, value in declared.items()}
    for name, typed, value in [
        ("half", "1.25", 1.25),
        ("on", "false", False),
        ("ranges", "a, b", ["a", "b"]),
        ("word", "", ""),
    ]:
        changed = client.result("policy.set", {"param": name, "value": typed})
        assert changed == {"set": name, "was": declared[name], "is": value}
        assert params()[name] == (value, declared[name])
    shown = ctl(pair, "params").stdout
    assert re.search(r"^ranges +a,b +10\.0\.0\.0/8,::/16 ", shown, re.MULTILINE), shown
    assert re.search(r"^on +false +true ", shown, re.MULTILINE), shown


def shadow_metrics(client):
    """What is counted of the shadow and the hook `bias`; nothing if no shadow runs."""
    metrics = Metrics(client.result("metrics")["text"])
    prefix = "cometbft_pex_policy_shadow_"
    return {
        name.removeprefix(prefix): value
        for (name, labels), value in metrics.samples.items()
        if name.startswith(prefix) and dict(labels).get("hook", "bias") == "bias"
    }


def test_a_shadow_tells_where_it_differs(pair, client):
    assert shadow_metrics(client) == {}
    client.result("policy.load", {"source": a_policy("mine")})
    client.result("set", {"key": "pex.ensure_peers_period", "value": "200ms"})
    source = a_policy("shade", ALWAYS_NEW)
    source["files"] = {"helper": "return { draw = 17 }"}
    shadow = client.result("policy.shadow", {"source": source})
    end = time.monotonic() + PATIENCE_S
    while not shadow["differences"]:
        assert time.monotonic() < end, shadow
        time.sleep(0.1)
        shadow = client.result("policy.shadow")
    difference = shadow["differences"][-1]
    assert difference["hook"] == "bias" and "100" in difference["shadow"]
    (row,) = [row for row in shadow["hooks"] if row["hook"] == "bias"]
    assert 0 < row["differs"] <= row["asked"] and row["errors"] == 0
    counted = shadow_metrics(client)
    assert counted["info"] == 1 and counted["seconds_total"] > 0
    assert row["differs"] <= counted["differences_total"] <= counted["calls_total"]
    assert counted["errors_total"] == counted["skipped_total"] == 0
    promoted = client.result("policy.promote")
    assert promoted["name"] == "shade" and shadow_metrics(client) == {}
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        asked = client.result("events", {"decisions": True, "filter": "kind=bias", "limit": 1})
        (record,) = asked["events"]
        if record.get("reason") == "always new":
            break
        time.sleep(0.1)
    assert record["policy"] == "shade" and record["hash"] == promoted["hash"]
    client.result("set", {"key": "pex.ensure_peers_period", "value": "30s"})
