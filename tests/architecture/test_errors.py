"""Error codes: unique, worded in both languages' catalogues elsewhere, each provoked by a test."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from tests.architecture.sources import ROOT, modules, tree


def _error_classes() -> list[tuple[str, str, str]]:
    """Class name, code and module of every class with a literal `code` and a `kind`."""
    found = []
    for module in modules():
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef):
                values = {
                    target.id: statement.value
                    for statement in node.body
                    if isinstance(statement, ast.Assign)
                    for target in statement.targets
                    if isinstance(target, ast.Name)
                }
                code = values.get("code")
                if "kind" in values and isinstance(code, ast.Constant):
                    found.append((node.name, str(code.value), module))
    return found


def test_there_are_errors_to_check() -> None:
    known = {(name, code) for name, code, _ in _error_classes()}
    assert ("DatabaseUnavailable", "database_unavailable") in known


def test_codes_are_unique_and_snake_case() -> None:
    codes = [code for _, code, _ in _error_classes()]
    assert [code for code, count in Counter(codes).items() if count > 1] == []
    assert [code for code in codes if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code)] == []


def test_each_error_is_provoked_by_a_test() -> None:
    own = Path(__file__).parent
    tests = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "tests").rglob("*.py")
        if own not in path.parents
    )
    words = set(re.findall(r"\w+", tests))
    names = Counter(name for name, _, _ in _error_classes())
    unprovoked = [
        (name, module)
        for name, code, module in _error_classes()
        if code not in words and (names[name] > 1 or name not in words)
    ]
    assert unprovoked == []
