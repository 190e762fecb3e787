"""Our source files, parsed once; and what the tests of this folder share."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("ledger", "oracle", "governance", "api")
GENERATED: Final = ("oracle/bindings/",)


@cache
def modules() -> tuple[str, ...]:
    """Every Python module of the product, as a path from the root; generated ones left out."""
    found = (
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    )
    return tuple(sorted(name for name in found if not name.startswith(GENERATED)))


@cache
def text(module: str) -> str:
    """A module's source."""
    return (ROOT / module).read_text(encoding="utf-8")


@cache
def tree(module: str) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(text(module), filename=module)


def imported(module: str) -> Iterator[str]:
    """Dotted names that a module imports anywhere in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def committed_files() -> tuple[str, ...]:
    """What git tracks, plus what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())
