"""The files a check looks at, and the ways to look: as text, C code alone, C comments alone."""

import re
import subprocess
from collections import namedtuple
from functools import cache
from pathlib import Path, PurePosixPath

Finding = namedtuple("Finding", "path line text")

C_TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)
LUAPEX_FOLDER = re.compile(r"^luapex_folder\((\w+)\s*([^)]*)\)", re.MULTILINE)


def blank(text):
    """Spaces instead of text, on as many lines."""
    return re.sub(r"[^\n]", " ", text)


def fits(name, pattern):
    if pattern.endswith("/"):
        return name.startswith(pattern)
    return name.count("/") == pattern.count("/") and PurePosixPath(name).match(pattern)


class Tree:
    """A git work tree: the files that are not ignored. Paths are relative, with slashes."""

    def __init__(self, root):
        self.root = Path(root)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=self.root,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout.decode()
        # A file that was deleted and not committed yet is still listed.
        self.files = sorted(
            name for name in set(listed.split("\0")) if (self.root / name).is_file()
        )

    def matching(self, *patterns):
        """Files under one of the folders ("core/") or fitting a whole pattern ("core/*/*.c")."""
        return [name for name in self.files if any(fits(name, pattern) for pattern in patterns)]

    def folders(self):
        """Every folder that holds a file, at any depth."""
        return sorted(
            {str(parent) for name in self.files for parent in PurePosixPath(name).parents} - {"."}
        )

    @cache
    def text(self, name):
        """The file's text; empty where it is not UTF-8, as vectors and fuzz seeds may be."""
        try:
            return (self.root / name).read_bytes().decode()
        except UnicodeDecodeError:
            return ""

    def lines(self, name):
        return enumerate(self.text(name).split("\n"), 1)

    @cache
    def code(self, name):
        """A C file without comments and literals; what stays keeps its line and column."""
        return C_TOKEN.sub(lambda token: blank(token[0]), self.text(name))

    @cache
    def comments(self, name):
        """The comments of a C file; they keep their lines and columns."""
        text, kept, end = self.text(name), [], 0
        for token in C_TOKEN.finditer(text):
            kept += [
                blank(text[end : token.start()]),
                token[0] if token["comment"] else blank(token[0]),
            ]
            end = token.end()
        return "".join(kept)

    @cache
    def core_folders(self):
        """The folders that core/CMakeLists.txt declares, in its order, and what each links."""
        if "core/CMakeLists.txt" not in self.files:
            return {}
        return {
            name: links.split()
            for name, links in LUAPEX_FOLDER.findall(self.text("core/CMakeLists.txt"))
        }


def line_of(text, position):
    return text.count("\n", 0, position) + 1
