#!/usr/bin/env python3
"""Checks the repository against its own conventions: tidy.py [CHECK ...]; --list names them.

Prints path:line: [check] what is wrong and what to do.
Exit status: 0 tidy, 1 findings, 2 wrong usage.
"""

import sys
from pathlib import Path

import generated
import layout
import prose
import source
from tree import Tree

CHECKS = {
    check.__name__.replace("_", "-"): check
    for module in (layout, source, prose, generated)
    for check in module.CHECKS
}


def main(arguments):
    if arguments == ["--list"]:
        for name, check in CHECKS.items():
            print(f"{name:20} {check.__doc__}")
        return 0
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        print(f"tidy: no check {unknown[0]}; see --list", file=sys.stderr)
        return 2
    tree = Tree(Path(__file__).resolve().parents[2])
    findings = [
        f"{found.path}:{found.line}: [{name}] {found.text}"
        for name in arguments or CHECKS
        for found in CHECKS[name](tree)
    ]
    for line in findings:
        print(line)
    print(f"tidy: {len(findings)} findings in {len(tree.files)} files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
