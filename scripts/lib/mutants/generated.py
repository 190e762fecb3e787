"""Mutants made from the syntax of the pure domain: one operator or constant changed at a time.

A tool of our own: the domain's tests run under plugins and in a tree of their own, and a mutant is
named by its line before and after, so that an explanation of one stays valid while lines move.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from copies import ROOT
from explained import EXPLAINED
from faults import Fault

_Change = tuple[int, int, str]
"""From byte, to byte, and what stands there instead."""
_SCORING: Final = ("tests/unit/scoring", "tests/property/scoring")
_LOTS: Final = ("tests/unit/lots", "tests/integration/lots", "tests/property/ledger")
MODULES: Final[dict[str, tuple[str, ...]]] = {
    "ledger/journal/post.py": (
        *("tests/unit/journal", "tests/integration/journal", "tests/property/ledger"),
    ),
    "ledger/lots/clawing.py": _LOTS,
    "ledger/lots/due.py": _LOTS,
    "ledger/lots/holding.py": _LOTS,
    "ledger/lots/returning.py": _LOTS,
    "ledger/lots/sheet.py": _LOTS,
    "ledger/lots/validity.py": _LOTS,
    "ledger/redemption/pricing.py": ("tests/unit/redemption", "tests/property/redemption"),
    "ledger/scoring/at_once.py": _SCORING,
    "ledger/scoring/attributes.py": _SCORING,
    "ledger/scoring/caps.py": _SCORING,
    "ledger/scoring/history.py": _SCORING,
    "ledger/scoring/periodic.py": _SCORING,
    "ledger/scoring/pipeline.py": _SCORING,
    "ledger/scoring/streaks.py": _SCORING,
}
"""The pure domain, and the tests of each module."""

_COMPARED: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_CALCULATED: Final[dict[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.BitOr: ("|", "&"),
    ast.BitAnd: ("&", "|"),
}


def generated_faults(module: str) -> list[Fault]:
    """Every mutant of the modules whose path has ``module`` in it."""
    return [
        fault
        for name, tests in MODULES.items()
        if module in name
        for fault in mutants_of(name, (ROOT / name).read_text("utf-8"), tests)
    ]


def mutants_of(name: str, source: str, tests: tuple[str, ...]) -> list[Fault]:
    """Each mutant is the whole file with one place changed."""
    found = []
    raw = source.encode()
    place = _Text(raw, _line_starts(source))
    for node in _mutable(ast.parse(source)):
        for begin, end, text in _changes(node, place):
            changed = (raw[:begin] + text.encode() + raw[end:]).decode()
            line = raw[:begin].count(b"\n")
            before = source.splitlines()[line].strip()
            after = changed.splitlines()[line].strip()
            found.append(Fault(f"{line + 1}: {before}  →  {after}", name, source, changed, tests))
    return found


def unexplained(alive: Sequence[Fault]) -> list[Fault]:
    """Those of the survivors that nobody has explained; the others are printed with the reason."""
    why = {(one.file, f"{one.before}  →  {one.after}"): one.why for one in EXPLAINED}
    left = []
    for fault in alive:
        reason = why.get((fault.file, fault.name.split(": ", 1)[1]))
        print(f"{'NOT EXPLAINED' if reason is None else 'explained'}  {fault.file}: {fault.name}")
        if reason is None:
            left.append(fault)
        else:
            print(f"            {reason}")
    return left


def _mutable(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes outside of assertions, texts, annotations and decorators."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Assert | ast.JoinedStr | ast.AnnAssign | ast.Raise | ast.arguments):
            continue
        yield node
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            for inner in node.body:
                if not isinstance(inner, ast.Assert | ast.AnnAssign | ast.Raise):
                    yield inner
                    yield from _mutable(inner)
        else:
            yield from _mutable(node)


@dataclass(frozen=True)
class _Text:
    """A module's bytes, and where in them nodes stand."""

    raw: bytes
    starts: list[int]

    def begin(self, of: ast.expr) -> int:
        return self.starts[of.lineno - 1] + of.col_offset

    def end(self, of: ast.expr) -> int:
        assert of.end_lineno is not None
        assert of.end_col_offset is not None
        return self.starts[of.end_lineno - 1] + of.end_col_offset

    def between(self, left: ast.expr, right: ast.expr, old: str, new: str) -> _Change:
        begin = self.raw.index(old.encode(), self.end(left), self.begin(right))
        return begin, begin + len(old), new


def _changes(node: ast.AST, text: _Text) -> Iterator[_Change]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield text.between(node.left, node.comparators[0], *_COMPARED[type(node.ops[0])])
    elif isinstance(node, ast.BinOp) and type(node.op) in _CALCULATED:
        yield text.between(node.left, node.right, *_CALCULATED[type(node.op)])
    elif isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield text.between(left, right, old, new)
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        old, new = ("+=", "-=") if isinstance(node.op, ast.Add) else ("-=", "+=")
        yield text.between(node.target, node.value, old, new)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield text.begin(node), text.begin(node) + len("not "), ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield text.begin(node), text.end(node), str(not node.value)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield text.begin(node), text.end(node), str(node.value + 1)


def _line_starts(source: str) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    return starts
