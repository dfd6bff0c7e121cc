"""Checks of where things lie: the top level, the folders, what goes with what."""

import os
import re
from pathlib import PurePosixPath

from generated import kept_names
from tree import Finding

TOP_LEVEL = {
    "core",
    "lua",
    "policies",
    "proto",
    "tests",
    "CMakeLists.txt",
    "README.md",
    "LICENSE",
    "dev",
}
LINES_MAX = 500
# Where clocks, entropy and files may be touched; all other folders of the core are pure.
IMPURE_FOLDERS = {"uv", "http", "ops", "app"}


def top_level(tree):
    """The top level holds the given folders and files, and dot-files."""
    for name in sorted({path.split("/")[0] for path in tree.files}):
        if name not in TOP_LEVEL and not name.startswith("."):
            yield Finding(name, 1, "is not one of the top-level names: move it into a folder")


def readmes(tree):
    """Folders of two levels, and those of the core, say in a README.md what lives there."""
    for folder in tree.folders():
        is_deep = folder.count("/") > (2 if folder.startswith("core/") else 1)
        if folder.startswith(".") or is_deep or folder + "/README.md" in tree.files:
            continue
        yield Finding(folder, 1, "has no README.md: say what lives here and what does not")


def file_length(tree):
    """A source file of the product that people write has at most 500 lines."""
    for name in tree.matching("core/", "lua/", "policies/", "proto/"):
        if name in kept_names() or name.endswith(".md"):
            continue
        lines = tree.text(name).count("\n")
        if lines > LINES_MAX:
            yield Finding(
                name,
                LINES_MAX + 1,
                f"has {lines} lines, over {LINES_MAX}: split it, it is perhaps two things",
            )


def core_order(tree):
    """Each folder of the core is declared in core/CMakeLists.txt, after the folders it links."""
    declared = []
    for number, line in tree.lines("core/CMakeLists.txt") if tree.core_folders() else ():
        entry = re.match(r"luapex_folder\((\w+)", line)
        if not entry:
            continue
        declared.append(entry[1])
        for link in tree.core_folders()[entry[1]]:
            folder = link.removeprefix("lx_")
            if folder != link and folder in tree.core_folders() and folder not in declared[:-1]:
                yield Finding(
                    "core/CMakeLists.txt",
                    number,
                    f"{entry[1]} links {folder}, which is not above it",
                )
    for folder in tree.folders():
        parts = folder.split("/")
        if parts[0] == "core" and len(parts) == 2 and parts[1] not in declared:
            text = f"is not built: add luapex_folder({parts[1]} ...) to core/CMakeLists.txt"
            yield Finding(folder, 1, text)


def folder_in(name, root):
    """Where a file lies under the root: "app/book" of core/app/book/a.c."""
    return str(PurePosixPath(name.removeprefix(root)).parent)


def unit_mirrors_core(tree):
    """tests/unit has the folders of the core and holds only tests; pure folders have some."""
    core = {folder_in(name, "core/") for name in tree.matching("core/") if name.endswith(".c")}
    tested = set()
    for name in tree.matching("tests/unit/*/*", "tests/unit/*/*/*"):
        folder = folder_in(name, "tests/unit/")
        if name.endswith("_test.c"):
            tested.add(folder.split("/")[0])
        elif name.endswith(".c"):
            yield Finding(
                name,
                1,
                "is never built: a test's file ends in _test.c, shared code goes into a header",
            )
        if folder not in core:
            yield Finding(
                name, 1, f"there is no core/{folder}: put the test under the folder that it tests"
            )
    for folder in sorted({folder.split("/")[0] for folder in core} - tested - IMPURE_FOLDERS):
        yield Finding(
            f"core/{folder}",
            1,
            f"has no tests/unit/{folder}/*_test.c: it needs no socket, so test it there",
        )


def fuzz_corpora(tree):
    """A fuzz target has seeds, names the core folder it links first, and seeds have a target."""
    targets = {
        PurePosixPath(name).name.removesuffix("_fuzz.c"): name
        for name in tree.matching("tests/fuzz/*_fuzz.c")
    }
    seeds = {
        name.split("/")[3]: name
        for name in tree.matching("tests/fuzz/corpus/")
        if name.count("/") > 3
    }
    for target, name in targets.items():
        if target not in seeds:
            yield Finding(
                name, 1, f"starts from nothing: put seeds into tests/fuzz/corpus/{target}/"
            )
        if target.split("_")[0] not in tree.core_folders():
            yield Finding(name, 1, "does not begin with a core folder: it is FOLDER_NAME_fuzz.c")
    for target, name in seeds.items():
        if target not in targets:
            yield Finding(
                name, 1, f"is a seed of no target: remove it or add tests/fuzz/{target}_fuzz.c"
            )


def executable_scripts(tree):
    """A file with a #! line can be executed, and only such a file."""
    for name in tree.files:
        path = tree.root / name
        with path.open("rb") as file:
            script = file.read(2) == b"#!"
        if script and not os.access(path, os.X_OK):
            yield Finding(
                name, 1, "has a #! line but is not executable: chmod +x, or drop the line"
            )
        elif not script and os.access(path, os.X_OK):
            yield Finding(name, 1, "is executable without a #! line: chmod -x")


CHECKS = [
    top_level,
    readmes,
    file_length,
    core_order,
    unit_mirrors_core,
    fuzz_corpora,
    executable_scripts,
]
