#!/usr/bin/env python3
"""Tests of tidy: every check finds what it is for, and leaves a clean tree alone."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from prose import rule_numbers, wire_sections
from tidy import CHECKS
from tree import Tree

# A small tree that every check accepts. Cases lay their files over it.
CLEAN = {
    "CMakeLists.txt": "project(x)\n",
    "README.md": "x\n",
    "dev": "#!/bin/sh\n",
    "core/README.md": "core\n",
    "core/CMakeLists.txt": "luapex_folder(base m)\n"
    "luapex_folder(wire lx_base lx_proto)\n"
    "luapex_folder(book lx_base PkgConfig::JANSSON)\n"
    "luapex_folder(uv lx_wire PkgConfig::LIBUV)\n",
    "core/base/README.md": "base\n",
    "core/base/span.h": "/* Spans. */\n#ifndef BASE_SPAN_H\n#define BASE_SPAN_H\n"
    "int span(void);\n#endif\n",
    "core/base/span.c": '#include "base/span.h"\n\n'
    "int span(void)\n{\n    return 1; /* R27, wire.md 3.5 */\n}\n",
    "tests/README.md": "tests\n",
    "tests/unit/README.md": "unit\n",
    "tests/unit/base/span_test.c": "int main(void)\n{\n    return 0;\n}\n",
    "lua/README.md": "lua\n",
    "lua/sandbox.lua": "-- The sandbox.\nreturn {}\n",
}


APP = {"core/app/README.md": "| `low/` | a |\n| `high/` | b |\n"}


def c(*lines):
    """A C file whose first line is line 1."""
    return "\n".join(lines) + "\n"


def header(guard, *lines, start="/* What. */"):
    return c(start, f"#ifndef {guard}", f"#define {guard}", *lines, "#endif")


A = "core/base/a.c"
H = "core/base/a.h"
LONG_BODY = ["    x();"] * 68

# Writes "new" whatever is asked.
GENERATOR = """-- Generates.
local name = arg[1] == "types" and "pex.lua" or "HOOKS.md"
local file = io.open(arg[2] .. "/" .. name, "w")
file:write("new\\n")
file:close()
"""

# check: (files, where it must find something)
FINDS = {
    "generated": [
        (
            {"lua/schema/generate.lua": GENERATOR, "lua/types/pex.lua": "old\n"},
            ["lua/types/pex.lua:1", "policies/HOOKS.md:1"],
        ),
        ({"lua/schema/generate.lua": "error('broken')\n"}, ["lua/schema/generate.lua:1"] * 2),
    ],
    "top-level": [({"docs/a.md": "a\n"}, ["docs:1"]), ({"notes.txt": "a\n"}, ["notes.txt:1"])],
    "readmes": [
        ({"lua/ops/a.lua": "-- a\n"}, ["lua/ops:1"]),
        ({"proto/a.proto": "\n"}, ["proto:1"]),
        ({"tests/vectors/deep/a.json": "\n"}, ["tests/vectors:1"]),
        ({"core/base/deep/a.c": "\n"}, ["core/base/deep:1"]),
    ],
    "file-length": [
        ({A: "\n" * 501}, [A + ":501"]),
        ({"lua/a.lua": "\n" * 501}, ["lua/a.lua:501"]),
    ],
    "core-order": [
        (
            {"core/CMakeLists.txt": "luapex_folder(base lx_wire)\nluapex_folder(wire lx_base)\n"},
            ["core/CMakeLists.txt:1"],
        ),
        ({"core/link/link.c": "\n"}, ["core/link:1"]),
    ],
    "unit-mirrors-core": [
        ({"tests/unit/nowhere/a_test.c": "\n"}, ["tests/unit/nowhere/a_test.c:1"]),
        ({"tests/unit/base/deep/a_test.c": "\n"}, ["tests/unit/base/deep/a_test.c:1"]),
        ({"tests/unit/base/helper.c": "\n"}, ["tests/unit/base/helper.c:1"]),
        ({"core/wire/frame.c": "\n"}, ["core/wire:1"]),
    ],
    "fuzz-corpora": [
        ({"tests/fuzz/base_a_fuzz.c": "\n"}, ["tests/fuzz/base_a_fuzz.c:1"]),
        ({"tests/fuzz/corpus/base_a/1": "\n"}, ["tests/fuzz/corpus/base_a/1:1"]),
        (
            {"tests/fuzz/what_fuzz.c": "\n", "tests/fuzz/corpus/what/1": "\n"},
            ["tests/fuzz/what_fuzz.c:1"],
        ),
    ],
    "executable-scripts": [({"tests/a.py": "#!/usr/bin/env python3\n"}, ["tests/a.py:1"])],
    "layering": [
        ({A: c("int x;", '#include "wire/frame.h"')}, [A + ":2"]),
        ({"core/book/a.h": c('#include "wire/frame.h"')}, ["core/book/a.h:1"]),
        ({"core/book/a.c": c('# include "proto/a.h"')}, ["core/book/a.c:1"]),
        ({A: c('#include "span.h"')}, [A + ":1"]),
        ({"core/base/deep/a.c": c('#include "wire/frame.h"')}, ["core/base/deep/a.c:1"]),
    ],
    "app-layers": [
        (APP | {"core/app/low/a.c": c("", '#include "app/high/a.h"')}, ["core/app/low/a.c:2"]),
        (APP | {"core/app/none/a.c": c('#include "app/low/a.h"')}, ["core/app/none/a.c:1"]),
    ],
    "libraries": [
        ({A: c("#include <sodium.h>")}, [A + ":1"]),
        ({"core/uv/a.c": c("#include <jansson.h>")}, ["core/uv/a.c:1"]),
        ({"core/uv/a.c": c("#include <sodium/utils.h>")}, ["core/uv/a.c:1"]),
        ({"core/book/a.c": c("", "#include <uv.h>")}, ["core/book/a.c:2"]),
    ],
    "pure-folders": [
        ({A: c("int f(void)", "{", "    return (int)time (0);", "}")}, [A + ":3"]),
        ({A: c("    x = a >read(1);")}, [A + ":1"]),
        ({A: c('    puts("time(0)");')}, [A + ":1"]),
        (
            {
                "core/wire/a.c": c(
                    "/* time() is", "   not called */", "clock_gettime(0, 0); socket(1);"
                )
            },
            ["core/wire/a.c:3", "core/wire/a.c:3"],
        ),
        ({"core/book/a.h": c("json_load_file(x);")}, ["core/book/a.h:1"]),
    ],
    "unsafe-calls": [
        ({A: c("    strcpy(a, b);")}, [A + ":1"]),
        (
            {"core/uv/a.c": c("    sprintf(a, b);", "    atoi(c);")},
            ["core/uv/a.c:1", "core/uv/a.c:2"],
        ),
    ],
    "header-guards": [
        ({H: header("A_H")}, [H + ":2"]),
        ({"core/base/deep/a.h": header("BASE_DEEP_A_H")}, ["core/base/deep/a.h:2"]),
        ({H: c("/* a */", "#pragma once")}, [H + ":1"]),
        ({H: c("/* a */", "#ifndef BASE_A_H", "#define BASE_B_H", "#endif")}, [H + ":2"]),
    ],
    "headers-explain": [({H: header("BASE_A_H", start="")}, [H + ":1"])],
    "pointer-typedefs": [
        ({H: c("typedef struct a *a_t;")}, [H + ":1"]),
        ({A: c("", "typedef const", "    char *text;")}, [A + ":2"]),
    ],
    "no-globals": [
        ({A: c("static int count;")}, [A + ":1"]),
        ({A: c("", "int count = 3;")}, [A + ":2"]),
        ({A: c("struct node nodes[MAX][2];")}, [A + ":1"]),
        ({A: c("static const char *name = 0;")}, [A + ":1"]),
        ({A: c("const char *names[] = {0};")}, [A + ":1"]),
        (
            {A: c("unsigned long", "f(void)", "{", "    static unsigned calls = 0;", "}")},
            [A + ":4"],
        ),
        ({H: c("extern struct log log;")}, [H + ":1"]),
        ({A: c("struct log *log;")}, [A + ":1"]),
    ],
    "function-length": [({A: c("int f(void)", "{", *LONG_BODY, "    y();", "}")}, [A + ":2"])],
    "unfinished": [
        ({A: c("/* TODO: more */")}, [A + ":1"]),
        ({"tests/unit/base/a_test.c": c("", "// FIXME")}, ["tests/unit/base/a_test.c:2"]),
        ({"lua/a.lua": "-- Not implemented\n"}, ["lua/a.lua:1"]),
        ({"dev": "#!/bin/sh\n# XXX\n"}, ["dev:2"]),
    ],
    "machine-paths": [
        ({"README.md": "cd /home/anna/luapex\n"}, ["README.md:1"]),
        ({"tests/e2e/a.py": "\nPATH = '/root/.cache'\n"}, ["tests/e2e/a.py:2"]),
        ({"tests/e2e/a.py": "PATH = '/work/tree'\n"}, ["tests/e2e/a.py:1"]),
    ],
    "rule-references": [
        ({A: c("/* as R27", " * and R66 */")}, [A + ":2"]),
        ({H: c("int a; // B40–B47")}, [H + ":1"]),
        ({A: c("/* wire.md 3.6 */", "/* wire.md section 9 */")}, [A + ":1", A + ":2"]),
        ({"tests/unit/base/a_test.c": c("/* F28 */")}, ["tests/unit/base/a_test.c:1"]),
    ],
    "white-space": [
        ({A: "int a; \n"}, [A + ":1"]),
        ({A: "int a;\r\n"}, [A + ":1"]),
        ({"lua/a.lua": "--\n\treturn\n"}, ["lua/a.lua:2"]),
        ({"README.md": "one\ntwo"}, ["README.md:2"]),
    ],
    "lua-explains": [
        ({"lua/a.lua": "return 1\n"}, ["lua/a.lua:1"]),
        ({"policies/a.lua": "\n"}, ["policies/a.lua:1"]),
    ],
    "named-functions": [
        (
            {
                "core/base/README.md": "x\n`a.c: one, gone`, `b.c: one`\n",
                "core/base/a.c": c("static int one(void)"),
            },
            ["core/base/README.md:2"] * 2,
        )
    ],
    "named-tests": [
        (
            {"core/node/README.md": "| F1 | `a` | `unit/node/b_test.c` |\n"},
            ["core/node/README.md:1"] * 27,
        ),
    ],
    "readmes-are-true": [
        (
            {"core/base/README.md": "# base\n`gone.c`, and `span.c`\n\n`wire/frame.h`\n"},
            ["core/base/README.md:2", "core/base/README.md:4"],
        ),
        (
            {"core/base/README.md": "| file | what |\n|---|---|\n| `span`, `gone` | `other` |\n"},
            ["core/base/README.md:3"],
        ),
    ],
    "readme-width": [({"README.md": "x\n" + "y " * 64 + "z\n"}, ["README.md:2"])],
    "skips-say-why": [
        (
            {"tests/unit/base/a_test.c": c("print_message(a);", "", "", "", "    skip();")},
            ["tests/unit/base/a_test.c:5"],
        ),
        (
            {"tests/e2e/test_a.py": "@pytest.mark.skip\ndef f():\n    pytest.skip()\n"},
            ["tests/e2e/test_a.py:1", "tests/e2e/test_a.py:3"],
        ),
        ({"tests/lua/a_spec.lua": "pending()\n"}, ["tests/lua/a_spec.lua:1"]),
    ],
}

# check: files that look alike but are right
ACCEPTS = {
    "generated": [
        {
            "lua/schema/generate.lua": GENERATOR,
            "lua/types/pex.lua": "new\n",
            "policies/HOOKS.md": "new\n",
        }
    ],
    "top-level": [{".clang-format": "\n", ".ci/run": "#!/bin/sh\n", "LICENSE": "\n"}],
    "readmes": [{".ci/a": "\n", "tests/unit/base/deep/a.json": "\n"}],
    "file-length": [
        {
            A: "\n" * 500,
            "tests/e2e/a.py": "\n" * 501,
            "policies/HOOKS.md": "\n" * 501,
            "lua/ops/methods/README.md": "\n" * 501,
        }
    ],
    "unit-mirrors-core": [
        {"core/uv/host.c": "\n"},
        {"core/base/deep/a.c": "\n", "tests/unit/base/deep/a_test.c": "\n"},
    ],
    "fuzz-corpora": [{"tests/fuzz/base_a_fuzz.c": "\n", "tests/fuzz/corpus/base_a/1": "\n"}],
    "app-layers": [
        APP
        | {
            "core/app/main.c": c('#include "app/high/a.h"'),
            "core/app/high/a.c": c(
                '#include "app/high/a.h"', '#include "app/low/a.h"', '#include "base/span.h"'
            ),
        }
    ],
    "layering": [
        {
            "core/uv/a.c": c(
                '#include "base/span.h"',
                '#include "wire/frame.h"',
                '#include "proto/a.h"',
                "#include <uv.h>",
            )
        },
    ],
    "libraries": [
        {
            "core/uv/a.c": c("#include <uv.h>"),
            "core/book/a.c": c("#include <jansson.h>", "#include <time.h>"),
        }
    ],
    "pure-folders": [
        {
            A: c(
                "log->write(x);",
                "ops.send(x);",
                "a_time(x);",
                "/* time() */",
                'f("open(");',
                "void (*read)(int);",
            )
        },
        {"core/uv/a.c": c("time(0);")},
    ],
    "unsafe-calls": [{A: c("snprintf(a, b);", "book_strcpy(a);", "x.strtok(y);")}],
    "pointer-typedefs": [
        {H: c("typedef unsigned size;", "typedef int (*call)(void *);", "struct a *a;")}
    ],
    "no-globals": [
        {
            A: c(
                "struct a;",
                "static const int n = 1;",
                "static const char *const names[] = {0};",
                "static int f(void)",
                "{",
                "    int x = 3;",
                "    struct node y;",
                "again:",
                "    return x;",
                "}",
                "enum b { C };",
                "extern const struct log log;",
                "typedef struct a b;",
                "static inline int g(int *x);",
                "static int h(int x)",
                "{",
                "    goto again;",
                "}",
                "struct a *make(void);",
            )
        },
        {"core/app/main.c": c("static int count;")},
    ],
    "function-length": [
        {
            A: c("int f(void)", "{", *LONG_BODY, "}", "int g(void)", "{", "}"),
            H: c("struct a {", *["    int a;"] * 80, "};"),
        }
    ],
    "unfinished": [
        {A: c('mkstemp("aXXXXXX");'), "tests/tidy/a.py": "# TODO\n", "tests/e2e/a.py": "# a stub\n"}
    ],
    "machine-paths": [
        {
            "README.md": "~/work/x $HOME/root/ tests/home/a /workspace\n",
            "tests/vectors/a.txt": "/root/a\n",
        }
    ],
    "named-functions": [
        {
            "core/base/README.md": "`a.c: one, two`, `a.c`, `see: this`\n",
            "core/base/a.c": c("static int one(void)", "int two(int a)"),
        }
    ],
    "readmes-are-true": [
        {
            "core/base/README.md": "`span.h`, `base/span.c`, `NAME_test.c`, `lua/sandbox.lua`\n"
            "\n    gone.c\n\n```\n`gone.c`\n```\n\n| file | what |\n|---|---|\n| `span` | x |\n"
            "\n| what | who |\n|---|---|\n| `gone` | x |\n",
            "README.md": "`core/base/span.c`, `patient.lua`, `libuv`\n",
        }
    ],
    "readme-width": [
        {
            "README.md": "y" * 128 + "\n| " + "y" * 128 + " |\n    " + "y" * 128 + "\n",
            "core/README.md": "```\n" + "y" * 129 + "\n```\n",
            "tests/README.md": "Made by a program\n\n" + "y" * 129 + "\n",
        }
    ],
    "rule-references": [
        {
            A: c(
                "/* R40-R47, B50–B53, F3/F18, wire.md 3.5 and wire.md section 2 */",
                "int R99; /* 0xF0 */",
            )
        }
    ],
    "white-space": [
        {
            "tests/interop/go/a.go": "\tx\n",
            "tests/vectors/a.txt": "a \n\tb",
            "tests/fuzz/corpus/base_a/1": "\t",
        }
    ],
    "skips-say-why": [
        {
            "tests/unit/base/a_test.c": c("    /* no IPv6 here */", "    skip();"),
            "tests/unit/base/b_test.c": c("print_message(why);", "close(a);", "skip();"),
            "tests/e2e/test_a.py": "pytest.skip('no IPv6')\n",
            "tests/lua/a_spec.lua": "pending('later')\n",
        },
    ],
}


class TidyTest(unittest.TestCase):
    def tree(self, overlay):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        subprocess.run(["git", "init", "--quiet", root], check=True)
        for name, text in {**CLEAN, **overlay}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        (root / "dev").chmod(0o755)
        return Tree(root)

    def findings(self, check, overlay):
        return [f"{found.path}:{found.line}" for found in CHECKS[check](self.tree(overlay))]

    def test_a_clean_tree_has_no_finding(self):
        for check in CHECKS:
            self.assertEqual(self.findings(check, {}), [], check)

    def test_every_check_is_seen_to_find(self):
        self.assertEqual(set(FINDS), set(CHECKS))
        self.assertLessEqual(set(ACCEPTS), set(CHECKS))

    def test_finds(self):
        for check, cases in FINDS.items():
            for overlay, expected in cases:
                with self.subTest(check, files=overlay):
                    self.assertEqual(sorted(self.findings(check, overlay)), sorted(expected))

    def test_accepts(self):
        for check, cases in ACCEPTS.items():
            for overlay in cases:
                with self.subTest(check, files=overlay):
                    self.assertEqual(self.findings(check, overlay), [])

    def test_executable_bit_without_a_script(self):
        tree = self.tree({"tests/a.txt": "a\n"})
        os.chmod(tree.root / "tests/a.txt", 0o755)
        self.assertEqual(
            [found.path for found in CHECKS["executable-scripts"](tree)], ["tests/a.txt"]
        )

    def test_ignored_and_deleted_files_are_not_looked_at(self):
        tree = self.tree({".gitignore": "/build/\n", "build/a": "\n"})
        self.assertNotIn("build/a", tree.files)
        subprocess.run(["git", "add", "."], cwd=tree.root, check=True)
        (tree.root / "README.md").unlink()
        self.assertNotIn("README.md", Tree(tree.root).files)

    def test_ranges_of_rules_and_sections(self):
        self.assertLessEqual({"R1", "R7", "R65", "B4", "F27", "P28"}, rule_numbers())
        self.assertTrue({"R0", "R8", "R66", "B5", "S26"}.isdisjoint(rule_numbers()))
        self.assertLessEqual({"2", "2.3", "5.8", "8"}, wire_sections())
        self.assertTrue({"2.4", "8.1", "9"}.isdisjoint(wire_sections()))

    def test_code_and_comments_share_lines_and_columns(self):
        tree = self.tree({A: 'int a; /* "one\ntwo" */ char *b = "/* no */"; // three\nint c;\n'})
        self.assertEqual(
            tree.code(A), "int a;        \n        char *b =           ;         \nint c;\n"
        )
        self.assertEqual(tree.comments(A), '       /* "one\ntwo" */                       // three')


if __name__ == "__main__":
    unittest.main()
