"""The methods of the control socket, as the program describes them, and arguments that fit."""

import json

from control_socket import UNKNOWN_ID
from nodes import run

TABLE = json.loads(run("ctl", "--json", "help").stdout)["methods"]
METHODS = {method["name"]: method for method in TABLE}

FITTING = {
    "text": "x",
    "integer": 1,
    "boolean": True,
    "duration": "5m",
    "value": "1",
    "source": {"name": "x.lua", "text": ""},
    "filter": "kind=x",
    "hash": "0123456789abcdef",
    "id": UNKNOWN_ID,
    "peer": UNKNOWN_ID,
    "target": UNKNOWN_ID,
    "address": f"{UNKNOWN_ID}@127.0.0.1:1",
}


def fitting(param):
    if param["type"] == "choice":
        return param["expected"].removeprefix("one of ").split(", ")[0]
    return FITTING[param["type"]]


def required(method, without=None):
    return {
        param["name"]: fitting(param)
        for param in METHODS[method]["params"]
        if param["required"] and param["name"] != without
    }
