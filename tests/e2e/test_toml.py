"""The TOML grammar of the operations VM beside Python's tomllib: same trees, same refusals."""

import datetime
import json
import math
import random
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

VALID = [
    "",
    "\n\n# only a comment",
    "a = 1\r\nb = 2\r\n",
    "\t a \t=\t1 # tail\n",
    "bare_key-1 = true\n1234 = false\n",
    '"quoted key" = 1\n"" = 2\n\'lit\\eral\' = 3\n"\\u00e9" = 4\n',
    "a.b.c = 1\na.b.d = 2\na . e = 3\n",
    '"x.y"."z" = 1\n',
    "3.14159 = 'pi'\n",
    r'a = "tab\t quote\" back\\ \b\f\n\r \u00e9 \U0001F600"' + "\n",
    "a = 'C:\\path\\no escape'\n",
    'a = """\nfirst\n  second"""\n',
    'a = """one \\\n\n   \t two\\\n"""\n',
    'a = """""quoted"""""\n',
    "a = '''''quoted'''''\n",
    'a = """x"""\nb = """"y""""\nc = """""\'"""""\n',
    "a = '''\n\\no \"escape\n'''\n",
    'a = ""\nb = \'\'\nc = """"""\nd = \'\'\'\'\'\'\n',
    "a = 0\nb = +1\nc = -17\nd = 1_000\ne = 5_3_4\nf = -0\ng = 9223372036854775807\n",
    "a = -9223372036854775808\n",
    "a = 0xDEAD_beef\nb = 0o755\nc = 0b1101_0110\nd = 0x00ff\ne = 0x7fffffffffffffff\n",
    "a = 1.0\nb = -0.01\nc = 5e+22\nd = 1e06\ne = -2E-2\nf = 6.626e-34\ng = 9_224.5_1\n",
    "a = inf\nb = +inf\nc = -inf\nd = nan\ne = -nan\n",
    "a = 1979-05-27T07:32:00Z\nb = 1979-05-27t00:32:00.999999-07:00\nc = 1979-05-27 07:32:00\n",
    "a = 1979-05-27\nb = 07:32:00\nc = 00:32:00.5\nd = 2024-02-29\n",
    "a = [1, 2, 3]\nb = []\nc = [ ]\nd = [1,]\ne = [ 1, 'two', 3.0, [4], {five = 5} ]\n",
    "a = [ # comment\n  1, # one\n\n  2 # two\n  , # and\n]\n",
    'a = [["x"], [1, [2, [3]]]]\n',
    "a = { x = 1, y.z = 2, y.w = 3 }\nb = {}\nc = { }\n",
    'a = { "q" = [1, {b = 2}], c = { d = {} } }\n',
    "a = { x = [\n1,\n2\n] }\n",
    "[a]\nx = 1\n[a.b]\ny = 2\n[c.d.e]\nz = 3\n[c]\nw = 4\n[c.d]\nv = 5\n",
    "[ a . 'b' . \"c\" ]\nx = 1\n",
    "[x.y.z.w]\n[x]\n",
    "[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n[[a.c]]\n[[a.c]]\nz = 4\n",
    "[fruit]\napple.color = 1\napple.taste.sweet = true\n[fruit.apple.texture]\nsmooth = true\n",
    "[a.b.c]\n[a]\nb.d = 1\n",
    "[[a.b]]\n[a]\nx = 1\n",
    "a = [{ x = 1 }, { x = 2 }]\n",
    "a = 1 # no newline at the end",
    "# ünïcödé\na = \"ü\"\n",
]

INVALID = [
    "a",
    "a =",
    "a = \n",
    "= 1",
    "a = 1 b = 2",
    "a = 1\na = 2\n",
    "a..b = 1",
    ".a = 1",
    "a. = 1",
    "a b = 1",
    "é = 1",
    "a = tru",
    "a = True",
    "a = 01",
    "a = 1__0",
    "a = _1",
    "a = 1_",
    "a = 0x",
    "a = 0xg",
    "a = 0X1",
    "a = +0x1",
    "a = 0b2",
    "a = 1.",
    "a = .5",
    "a = 1.e5",
    "a = 1e",
    "a = 1_.5",
    "a = 1._5",
    "a = Inf",
    "a = ++1",
    'a = "open',
    'a = "line\nbreak"',
    "a = 'open",
    'a = """open',
    'a = """x""""""',
    "a = '''open''",
    r'a = "\q"',
    r'a = "\u12"',
    r'a = "\ud800"',
    r'a = "\U00110000"',
    'a = "\x01"',
    'a = "\x7f"',
    "a = '\x00'",
    "# \x01",
    "a = 1 \r b = 2",
    "a = [1",
    "a = [1 2]",
    "a = [,]",
    "a = [1,,2]",
    "a = {x = 1",
    "a = {x = 1,}",
    "a = {,}",
    "a = {x = 1\n}",
    "a = {x}",
    "a = {x = 1, x = 2}",
    "a = {x = 1}\na.y = 2",
    "a = {x.y = 1, x = 2}",
    "a = {x = {y = 1}, x.z = 2}",
    "a = [1]\n[[a]]",
    "a = 1\n[a]",
    "a = 1\n[a.b]",
    "a = 1\na.b = 2",
    "[a]\n[a]",
    "[a.b]\n[a.b]",
    "[a]\nb = 1\n[a.b]",
    "[a]\nb.c = 1\n[a.b]",
    "a.b = 1\n[a]",
    "[a.b.c]\nz = 1\n[a]\nb.c.t = 2",
    "[[a]]\n[a]",
    "[a]\n[[a]]",
    "[a.b]\n[[a]]",
    "a = {}\n[a.b]",
    "a = {b = {}}\n[a.b.c]",
    "a = []\n[a.b]",
    "[]",
    "[a",
    "[a]]",
    "[[a]",
    "[ [a]]",
    "[a.]",
    "[.a]",
    "[a] x = 1",
    "a = 1979-13-01",
    "a = 1979-00-01",
    "a = 1979-02-30",
    "a = 2023-02-29",
    "a = 0000-01-01",
    "a = 24:00:00",
    "a = 07:60:00",
    "a = 07:32",
    "a = 1979-05-27T",
    "a = 1979-05-27 07:32",
    "a = 1979-05-27T07:32:00+24:00",
    "a = 2021-1-1",
]


def read_ours(documents):
    """Trees of all documents; a refused one is a text "error LINE CAUSE"."""
    stream = b"".join(b"%d\n%s" % (len(d), d) for d in documents)
    run = subprocess.run(
        ["luajit", ROOT / "tests/lua/toml_dump.lua"], input=stream, capture_output=True, check=True
    )
    lines = run.stdout.decode().split("\n")[:-1]
    assert len(lines) == len(documents)
    return [line if line.startswith("error ") else json.loads(line) for line in lines]


def read_python(document):
    try:
        return tomllib.loads(document.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError):
        return None


def scalar(kind, text):
    if kind == "text":
        return text
    if kind == "boolean":
        return text == "true"
    if kind == "integer":
        return int(text, 0)
    if kind == "float":
        return float(text)
    return tomllib.loads("time = " + text)["time"]


def plain(node):
    if isinstance(node, list):
        return [plain(item) for item in node]
    if len(node) == 1:
        ((name, value),) = node.items()
        if name.startswith("=") and isinstance(value, str):
            return scalar(name[1:], value)
    return {name: plain(value) for name, value in node.items()}


def same(a, b):
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def check(documents):
    for document, ours in zip(documents, read_ours(documents)):
        theirs = read_python(document)
        if isinstance(ours, str):
            beyond_caps = "64 bits" in ours or "too deeply" in ours
            assert theirs is None or beyond_caps, (document, ours)
        else:
            assert theirs is not None, (document, ours)
            assert same(plain(ours), theirs), document


def test_valid_documents_have_the_same_tree():
    documents = [text.encode() for text in VALID]
    assert not [d for d, ours in zip(documents, read_ours(documents)) if isinstance(ours, str)]
    check(documents)


@pytest.mark.parametrize("text", INVALID)
def test_invalid_documents_are_refused_by_both(text):
    assert isinstance(read_ours([text.encode()])[0], str)
    assert read_python(text.encode()) is None


def test_bytes_that_are_not_utf8_are_refused_with_their_line():
    bad = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
    for tail in bad:
        (ours,) = read_ours([b"a = 1\nb = '" + tail + b"'\n"])
        assert ours == "error 2 not UTF-8 text"


@pytest.mark.parametrize(
    "text, line, cause",
    [
        ("a = 1\n\nb = tru\n", 3, "'tru' is no value; texts need quotes"),
        ("a = 1\n[p2p]\nladdr = \"x\nseeds = \"\"\n", 3, "string without its closing quote"),
        ("[p2p]\na = 1\na = 2\n", 3, "'a' is set twice"),
        ("a = [\n1,\n2\nb = 3\n", 4, "expected ',' or ']' in the array"),
        ("a = {\n}", 1, "expected ',' or '}' in the table"),
        ("a = 1 2\n", 1, "expected the end of the line"),
        ("[p2p\n", 1, "expected ']'"),
        ("laddr : 1\n", 1, "expected '=' after the key"),
        ("a = 99999999999999999999\n", 1, "integer does not fit 64 bits"),
        ("a = -9223372036854775809\n", 1, "integer does not fit 64 bits"),
        ("a = 0x8000000000000000\n", 1, "integer does not fit 64 bits"),
        ("a = " + "[" * 65 + "]" * 65, 1, "nested too deeply"),
    ],
)
def test_errors_name_line_and_cause(text, line, cause):
    assert read_ours([text.encode()]) == [f"error {line} {cause}"]


def mutated(rng, document):
    data = bytearray(document)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(data))
        kind = rng.randint(0, 3)
        if kind == 0 and data:
            del data[at : at + rng.randint(1, 3)]
        elif kind == 1:
            data[at:at] = bytes([rng.choice(b"\"'[]{}=.,#\\\n\r \t_-+0123abxeZ:")])
        elif kind == 2:
            part = rng.choice(VALID).encode()
            start = rng.randint(0, len(part))
            data[at:at] = part[start : start + rng.randint(1, 12)]
        elif data:
            data[at % len(data)] = rng.choice(b"\"'[]{}=.,#\\\n\r \t_-+0123abxeZ:")
    return bytes(data)


def test_mutated_documents_are_read_as_tomllib_does():
    rng = random.Random(20240517)
    documents = [mutated(rng, rng.choice(VALID + INVALID).encode()) for _ in range(20000)]
    check(documents)


def test_times_are_kept_as_text():
    (ours,) = read_ours([b"a = 1979-05-27 07:32:00Z"])
    assert ours == {"a": {"=time": "1979-05-27 07:32:00Z"}}
    assert plain(ours)["a"] == datetime.datetime(1979, 5, 27, 7, 32, tzinfo=datetime.timezone.utc)
