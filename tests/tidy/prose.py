"""Checks of words: unfinished work, rule numbers, paths, white space, skipped tests."""

import re
from os.path import normpath
from pathlib import PurePosixPath

from tree import Finding, line_of

TEXT_ENDINGS = {
    ".c",
    ".h",
    ".lua",
    ".py",
    ".md",
    ".txt",
    ".cmake",
    ".proto",
    ".go",
    ".mod",
    ".sh",
    "",
}
EXACT_BYTES = ("tests/vectors/", "tests/fuzz/corpus/", "LICENSE")
OURSELVES = "tests/tidy/"  # these files name what they forbid

# The rules that the specification defines, by letter.
RULES = {
    "R": "1-7 10-16 20-28 30-37 40-47 50-65",  # exchange
    "B": "1-4 10-15 20-25 30-46 50-53",  # book
    "S": "1-25",  # switch
    "P": "1-28",  # policy points
    "L": "1-5",  # log
    "F": "1-27",  # fixes of Go's defects
    "D": "1-16",  # differences between versions
}
WIRE_SECTIONS = "0.1-3 1.1-5 2.1-3 3.1-5 4.1-4 5.1-8 6.1-3 7 8"


def rule_numbers():
    rules = set()
    for letter, ranges in RULES.items():
        for part in ranges.split():
            first, _, last = part.partition("-")
            rules |= {f"{letter}{number}" for number in range(int(first), int(last or first) + 1)}
    return rules


def wire_sections():
    sections = set()
    for part in WIRE_SECTIONS.split():
        chapter, _, ranges = part.partition(".")
        first, _, last = ranges.partition("-")
        sections |= {chapter} | {
            f"{chapter}.{number}" for number in range(int(first or 1), int(last or 0) + 1)
        }
    return sections


def text_files(tree):
    """Files written by hand in a form that can be judged."""
    for name in tree.files:
        if PurePosixPath(name).suffix in TEXT_ENDINGS and not name.startswith(EXACT_BYTES):
            yield name


def search(tree, names, pattern, text):
    """A finding for every line of the named files that holds the pattern."""
    for name in names:
        for number, line in tree.lines(name):
            found = re.search(pattern, line)
            if found:
                yield Finding(name, number, text.format(found[0]))


def unfinished(tree):
    """Nothing is left for later: that is what issues are for."""
    everywhere = [name for name in text_files(tree) if not name.startswith(OURSELVES)]
    product = tree.matching("core/", "lua/", "policies/", "proto/")
    yield from search(
        tree, everywhere, r"\b(TODO|FIXME|XXX|HACK)\b", "'{}': do it, or file an issue"
    )
    yield from search(
        tree,
        product,
        r"(?i)\b(not implemented|stub|placeholder)\b",
        "'{}': finish it, or say it otherwise",
    )


def machine_paths(tree):
    """No path of somebody's machine."""
    names = [name for name in text_files(tree) if not name.startswith(OURSELVES)]
    yield from search(
        tree,
        names,
        r"(?<![\w.~$}*-])/(home/\w|root/|Users/\w|work/)[\w./-]*",
        "'{}' is a path of one machine: make it relative, or take it from the environment",
    )


def rule_references(tree):
    """A rule number or section in a comment exists in the specification."""
    rules, sections = rule_numbers(), wire_sections()
    for name in tree.matching("core/", "tests/unit/", "tests/fuzz/"):
        if not name.endswith((".c", ".h")):
            continue
        comments = tree.comments(name)
        for found in re.finditer(r"\b[RBSPLFD]\d{1,3}\b", comments):
            if found[0] not in rules:
                yield Finding(
                    name,
                    line_of(comments, found.start()),
                    f"there is no rule {found[0]}: name the right one",
                )
        for found in re.finditer(r"\bwire\.md (?:section )?(\d+(?:\.\d+)?)", comments):
            if found[1] not in sections:
                yield Finding(
                    name, line_of(comments, found.start()), f"wire.md has no section {found[1]}"
                )


def white_space(tree):
    """Lines end plainly; only Go is indented with tabs."""
    for name in text_files(tree):
        text, tabs = tree.text(name), PurePosixPath(name).suffix in {".go", ".mod"}
        for number, line in tree.lines(name):
            if line != line.rstrip():
                yield Finding(name, number, "ends in white space: remove it")
            if "\t" in line and not tabs:
                yield Finding(name, number, "holds a tab: use spaces, or \\t in a literal")
        if text and not text.endswith("\n"):
            yield Finding(name, text.count("\n") + 1, "has no newline at its end: add one")


def lua_explains(tree):
    """A Lua file of the product begins with a comment on its purpose."""
    for name in tree.matching("lua/", "policies/"):
        if name.endswith(".lua") and not tree.text(name).startswith("--"):
            yield Finding(name, 1, "does not begin with a comment: say what it is for")


def skips_say_why(tree):
    """A test that is skipped says why."""
    for name in tree.matching("tests/unit/*/*_test.c", "tests/unit/*/*/*_test.c"):
        lines = [line for _, line in tree.lines(name)]
        for number, line in tree.lines(name):
            near = " ".join(lines[max(0, number - 4) : number])
            if re.search(r"\bskip\(\)", line) and not re.search(r"/\*|\bprint_message\(", near):
                yield Finding(name, number, "skips without a reason: print it just before")
    yield from search(
        tree,
        [name for name in tree.matching("tests/*/*.py") if not name.startswith(OURSELVES)],
        r"pytest\.skip\(\s*\)|\bmark\.(skip|xfail)(\(\s*\)|\s*$)",
        "'{}' without a reason: give one",
    )
    yield from search(
        tree,
        tree.matching("tests/*/*_spec.lua"),
        r"\bpending\(\s*\)",
        "'{}' without a reason: give one",
    )


def named_tests(tree):
    """Each test that core/node/README.md names for a defect of Go (F) is where it says."""
    readme = "core/node/README.md"
    row = re.compile(r"^\| F(\d+) \| `(\w+)` \| `([^`]+)` \|$")
    seen = set()
    for number, line in tree.lines(readme) if readme in tree.files else ():
        if not (found := row.match(line)):
            continue
        seen.add(int(found[1]))
        name, place = found[2], "tests/" + found[3]
        if not re.search(rf"\b{name}\(", tree.text(place) if place in tree.files else ""):
            yield Finding(readme, number, f"{place} has no test {name}: name the one that is there")
    for missing in sorted(set(range(1, 28)) - seen if seen else ()):
        yield Finding(readme, 1, f"names no test of F{missing}: add a row to the table")


NAMED_FUNCTIONS = re.compile(r"`(\w+\.[ch]): (\w+(?:, \w+)*)`")


def named_functions(tree):
    """Functions that a README.md of the core names, as `file.c: one, another`, are in that file."""
    for readme in tree.matching("core/*/README.md"):
        for number, line in tree.lines(readme):
            for name, functions in NAMED_FUNCTIONS.findall(line):
                place = str(PurePosixPath(readme).parent / name)
                code = tree.text(place) if place in tree.files else ""
                for function in functions.split(", "):
                    if not re.search(rf"\b{function}\(", code):
                        text = f"{place} has no function {function}: name the one that is there"
                        yield Finding(readme, number, text)


# What a README may name that is nowhere: what a reader makes, and what the build makes.
MADE = {"near.lua", "patient.lua", "policy_schema.h"}
SOURCE_NAME = re.compile(r"`([\w./-]+\.(?:c|h|lua|py|proto|go|sed|yml|sh))`")


def names_in(tree, readme):
    """(line, name) of the source files that a README.md names: in code marks, not in blocks."""
    in_block, in_files = False, False
    for number, line in tree.lines(readme):
        in_block ^= line.startswith("```")
        in_files = line.startswith("| file") or (in_files and line.startswith("|"))
        if in_block or line.startswith("    "):
            continue
        for name in SOURCE_NAME.findall(line):
            yield number, name
        if in_files and line.startswith("| `"):
            for name in re.findall(r"`([\w/-]+)`", line.split("|")[1]):
                yield number, name  # of a table of files: without their endings


def is_there(tree, readme, name):
    """Whether there is such a file; without an ending: such a file or folder beside the README."""
    here = PurePosixPath(readme).parent
    if "." not in name:
        stem = str(here / name)
        return any(path == stem or path.startswith((stem + ".", stem + "/")) for path in tree.files)
    if "/" not in name:
        return any(PurePosixPath(path).name == name for path in tree.files)
    places = [here, PurePosixPath(), *map(PurePosixPath, ("core", "lua", "tests"))]
    return any(normpath(place / name) in tree.files for place in places)


def readmes_are_true(tree):
    """A source file that a README.md names is in the tree."""
    for readme in tree.files:
        if PurePosixPath(readme).name != "README.md":
            continue
        for number, name in names_in(tree, readme):
            is_pattern = re.search(r"[A-Z]{2}", name)  # NAME_test.c
            if is_pattern or PurePosixPath(name).name in MADE:
                continue
            if not is_there(tree, readme, name):
                yield Finding(readme, number, f"there is no {name}: name what took its place")


README_WIDTH = 128


def readme_width(tree):
    """Prose of a README.md is wrapped at 128 columns; tables, code and what is generated are not."""
    for name in tree.files:
        if PurePosixPath(name).name != "README.md" or re.search("^Made by ", tree.text(name), re.M):
            continue
        in_block = False
        for number, line in tree.lines(name):
            in_block ^= line.startswith("```")
            is_prose = not in_block and not line.startswith(("|", "    "))
            if is_prose and len(line) > README_WIDTH:
                text = f"has {len(line)} columns, over {README_WIDTH}: wrap it"
                yield Finding(name, number, text)


CHECKS = [
    unfinished,
    machine_paths,
    rule_references,
    white_space,
    lua_explains,
    skips_say_why,
    named_tests,
    named_functions,
    readmes_are_true,
    readme_width,
]
