"""The control socket: wrong arguments, by the table of methods, and lines that are no call."""

import json

import pytest
from control_socket import UNKNOWN_ID
from methods import METHODS, required


WRONG = {
    "text": [7, True, [], {}, "x" * 5000, "a\0b"],
    "integer": ["1", 1.5, True, [1], 1e300, -1e300],
    "boolean": ["true", 1, [], {}],
    "duration": ["soon", "", "5", True, [], -5, "-5m", 1e300],
    "value": [[], {}, [1], "x" * 5000, 1e300],
    "source": [
        *("x.lua", 7, {}, [], {"name": "x"}, {"name": 1, "text": ""}, {"text": "", "more": 1}),
        *({"name": name, "text": ""} for name in ("../x.lua", "/x.lua", "", ".", "a/b", "a\0b")),
        {"name": "x.lua", "text": "", "files": {"../x": ""}},
        {"name": "x.lua", "text": "", "files": {"x": 1}},
        {"name": "x.lua", "text": "", "files": [1]},
        {"name": "x.lua", "text": "x" * 300000},
        {"name": "x.lua", "text": "", "files": {f"f{n}": "" for n in range(65)}},
    ],
    "hash": ["xyz", 7, [], "abc", "0" * 17],
    "filter": ["kind", 7, [], "=", "kind="],
    "id": ["xyz", 7, [], "0" * 41],
    "peer": ["no one", 7, [], "\u00e9", "0" * 65],
    "target": ["no one", 7, [], {}, "10.0.0.0/8 "],
    "address": ["127.0.0.1:1", 7, [], f"{UNKNOWN_ID}@", f"{UNKNOWN_ID}@127.0.0.1"],
    "choice": ["neither", 7, [], True, ""],
}


def bounds_of(param):
    """Values just outside of what the words of the table say."""
    words = param["expected"].split()
    if param["type"] != "integer" or "from" not in words:
        return []
    low, high = (int(words[words.index(word) + 1]) for word in ("from", "to"))
    return [low - 1, high + 1]


BAD = [
    (name, param["name"], value)
    for name, method in METHODS.items()
    for param in method["params"]
    for value in WRONG[param["type"]] + bounds_of(param)
]


def test_wrong_types_and_ranges_are_told_by_field(client):
    for name, field, value in BAD:
        error = client.error(name, {**required(name), field: value})
        assert error["code"] == -32602, (name, field, value, error)
        assert error["data"]["field"] == field, (name, field, value, error)
        assert error["data"]["expected"] and error["data"]["got"], (name, field, value, error)
        assert field in error["message"]


def test_a_missing_argument_is_told(client):
    for name, method in METHODS.items():
        for param in method["params"]:
            if param["required"]:
                error = client.error(name, required(name, without=param["name"]))
                assert error["code"] == -32602 and error["data"]["field"] == param["name"]
                assert error["data"]["got"] == "nothing"


def test_an_unknown_argument_is_told(client):
    for name in METHODS:
        error = client.error(name, {**required(name), "nonsense": 1})
        assert error["code"] == -32602 and error["data"]["field"] == "nonsense"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense", -32700),
        (b"{", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"status"}}', -32700),
        (b"[" * 100 + b"]" * 100, -32700),
        (b'"\xff\xfe"', -32700),
        (b'{"id": NaN}', -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"status"}]', -32600),
        (b"7", -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"status"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":[],"method":"status"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"status","params":[1]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"status","params":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"statsu"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"event lines"}', -32601),
    ],
)
def test_lines_that_are_no_call(client, line, code):
    client.send(line + b"\n")
    error = client.line()["error"]
    assert error["code"] == code and len(error["message"]) > 8
    client.result("status")


def test_ids_come_back_as_they_were(client):
    for sent in (1, 0, -7, 123456789012, "x", "", "\u00e9\n", 1.5, None):
        client.send(
            json.dumps({"jsonrpc": "2.0", "id": sent, "method": "persistent"}).encode() + b"\n"
        )
        answer = client.line()
        assert answer["id"] == sent and "result" in answer


def test_a_notification_gets_no_answer(client):
    client.send(b'{"jsonrpc":"2.0","method":"status"}\n{"jsonrpc":"2.0","method":"nonsense"}\n\n')
    assert client.ask("status")["result"]
