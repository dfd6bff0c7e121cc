"""The manual pages as people read them, in a terminal of 80 columns."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from nodes import LUAPEX

MANUAL = Path(__file__).parents[2] / "core/app/service/manual.lua"
COLUMNS = 80
PAGES = ["luapex.1", "luapex-ctl.1", "luapex-config.5"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages by name, laid out, and what the formatter complains of."""
    if not shutil.which("groff"):
        pytest.skip("groff (Debian: groff-base) is not installed")
    folder = tmp_path_factory.mktemp("manual")
    subprocess.run(["luajit", MANUAL, LUAPEX, folder], check=True)
    form = ["groff", "-man", "-ww", "-Tascii", "-P-cbou", f"-rLL={COLUMNS}n"]
    return {
        name: subprocess.run([*form, folder / name], capture_output=True, text=True, check=True)
        for name in PAGES
    }


def sections(page):
    """Its sections by title."""
    parts = re.split(r"^([A-Z[].*)\n", page.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=False))


@pytest.mark.parametrize("name", PAGES)
def test_no_line_is_longer_than_the_terminal_is_wide(pages, name):
    page = pages[name]
    assert page.stderr == ""
    assert [line for line in page.stdout.splitlines() if len(line) > COLUMNS] == []


def test_texts_fill_the_lines(pages):
    told = sections(pages["luapex.1"])["COMMANDS"]
    paragraph = told.split("\n\n")[0].splitlines()[1:]
    assert len(paragraph) >= 3
    for line, after in zip(paragraph, paragraph[1:], strict=False):
        assert len(line) + 1 + len(after.split()[0]) > COLUMNS - 2, line


@pytest.mark.parametrize("name", ["luapex.1", "luapex-ctl.1"])
def test_usage_is_told_once_and_what_a_manual_has_is_there(pages, name):
    page = pages[name]
    told = sections(page)
    assert "Usage:" not in page.stdout
    assert page.stdout.count(" ".join(told["SYNOPSIS"].split()[:3])) == 1
    assert re.findall(r"^ {7}(\d) +[A-Z]", told["EXIT STATUS"], re.MULTILINE) == ["0", "1", "2"]
    assert ".." not in told["EXIT STATUS"]
    assert "HOME/luapex.sock" in told["FILES"]


def test_settings_have_a_page_of_their_own(pages):
    assert "addr_book_strict = true" in pages["luapex-config.5"].stdout
    assert "addr_book_strict" not in pages["luapex.1"].stdout
    assert "see luapex-config(5)" in " ".join(sections(pages["luapex.1"])["COMMANDS"].split())


def test_every_command_and_method_has_its_part(pages):
    commands = sections(pages["luapex.1"])["COMMANDS"]
    methods = sections(pages["luapex-ctl.1"])["METHODS"]
    for command in ["init", "start", "policy diff", "ctl", "show-node-id"]:
        assert re.search(rf"^ +luapex {command} \[", commands, re.MULTILINE), command
    for method in ["status", "ban TARGET", "policy load SOURCE", "repl"]:
        assert re.search(rf"^ +luapex ctl {method}", methods, re.MULTILINE), method
