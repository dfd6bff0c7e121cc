"""Checks of what is generated from the policy schema and kept in the tree."""

import subprocess
import tempfile
from pathlib import Path

from tree import Finding

GENERATOR = "lua/schema/generate.lua"
# form: the folder it goes to, and the file there
KEPT = {"types": ("lua/types", "pex.lua"), "markdown": ("policies", "HOOKS.md")}
# What the built program makes; tests/e2e/test_ctl.py finds it stale.
KEPT_OF_PROGRAM = {"lua/ops/methods/README.md"}


def kept_names():
    """Files of the tree that nobody writes by hand."""
    return {f"{folder}/{file}" for folder, file in KEPT.values()} | KEPT_OF_PROGRAM


def made_anew(tree, form, name):
    """What the generator would write now."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["luajit", GENERATOR, form, folder], cwd=tree.root, capture_output=True, check=False
        )
        if done.returncode != 0:
            return None, done.stderr.decode().strip()
        return (Path(folder) / Path(name).name).read_bytes(), ""


def generated(tree):
    """What is generated from the policy schema and kept is up to date."""
    if GENERATOR not in tree.files:
        return
    for form, (folder, file) in KEPT.items():
        name, command = f"{folder}/{file}", f"luajit {GENERATOR} {form} {folder}"
        fresh, error = made_anew(tree, form, name)
        if fresh is None:
            yield Finding(GENERATOR, 1, f"fails for {form}: {error}")
        elif name not in tree.files or (tree.root / name).read_bytes() != fresh:
            yield Finding(name, 1, f"is stale: run {command}")


CHECKS = [generated]
