"""Mutants made from the syntax of the pure domain: one operator, bound or condition at a time.

A tool of our own: the domain's tests run under plugins and in a tree of their own, and a mutant is
named by its function and its line before and after, so that an explanation of one stays valid while
lines move, and no longer when the line itself is another.

Left as they are: assertions, what is raised and said, annotations, defaults of parameters, and
declarations with a type outside of functions, which are names for limits.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_Change = tuple[int, int, str]
"""From byte, to byte, and what stands there instead."""
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
_BOUNDS: Final = {"min": "max", "max": "min"}
_BARE: Final = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
_LEFT_ALONE: Final = (ast.Assert, ast.Raise, ast.JoinedStr)


@dataclass(frozen=True)
class Mutant:
    """A module with one place changed. ``first`` and ``last`` are the lines of its statement."""

    file: str
    line: int
    within: str
    before: str
    after: str
    first: int
    last: int
    source: str
    """The whole changed module."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What an explanation names it by."""
        return self.file, self.within, self.before, self.after

    def __str__(self) -> str:
        where = f" in {self.within}" if self.within else ""
        return f"{self.file}:{self.line}{where}: {self.before}  →  {self.after}"


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Every mutant of one module, from its top to its end."""
    raw = source.encode()
    lines = source.splitlines()
    text = _Text(raw, _line_starts(source))
    found = []
    for node, statement, around in _mutable(ast.parse(source), None, _Around((), False)):
        for begin, end, new in (*_changes(node, text), *_changed_conditions(node, text)):
            changed = (raw[:begin] + new.encode() + raw[end:]).decode()
            line = raw[:begin].count(b"\n")
            body = getattr(statement, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) else statement.end_lineno
            found.append(
                Mutant(
                    file,
                    line + 1,
                    ".".join(around.names),
                    lines[line].strip(),
                    changed.splitlines()[line].strip(),
                    statement.lineno,
                    max(statement.lineno, line + 1, last or 0),
                    changed,
                )
            )
    return found


@dataclass(frozen=True)
class _Around:
    """The names of the classes and functions that a node stands in."""

    names: tuple[str, ...]
    in_function: bool


def _mutable(
    node: ast.AST, statement: ast.stmt | None, around: _Around
) -> Iterator[tuple[ast.AST, ast.stmt, _Around]]:
    """Each node that may be changed, its statement, and where they stand."""
    if isinstance(node, _LEFT_ALONE) or _is_of_types(node, around):
        return
    if isinstance(node, ast.stmt):
        statement = node
    if statement is not None:
        yield node, statement, around
    inside: Iterator[ast.AST] | list[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        around = _Around((*around.names, node.name), isinstance(node, ast.FunctionDef))
        inside = list(node.body)
    elif isinstance(node, ast.Lambda):
        inside = [node.body]
    elif isinstance(node, ast.AnnAssign):
        inside = [node.value] if around.in_function and node.value is not None else []
    for inner in inside:
        yield from _mutable(inner, statement, around)


def _is_of_types(node: ast.AST, around: _Around) -> bool:
    """What only a type checker looks at: imports for it, and types with a name."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    is_union = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    return is_union and not around.in_function


@dataclass(frozen=True)
class _Text:
    """A module's bytes, and where in them nodes stand."""

    raw: bytes
    starts: list[int]

    def begin(self, of: ast.expr | ast.stmt) -> int:
        return self.starts[of.lineno - 1] + of.col_offset

    def end(self, of: ast.expr) -> int:
        assert of.end_lineno is not None
        assert of.end_col_offset is not None
        return self.starts[of.end_lineno - 1] + of.end_col_offset

    def between(self, left: ast.expr, right: ast.expr, old: str, new: str) -> _Change:
        begin = self.raw.index(old.encode(), self.end(left), self.begin(right))
        return begin, begin + len(old), new

    def negated(self, condition: ast.expr) -> _Change:
        begin, end = self.begin(condition), self.end(condition)
        return begin, end, f"(not {self.raw[begin:end].decode()})"


def _changes(node: ast.AST, text: _Text) -> Iterator[_Change]:
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        for left, right, how in zip(sides, sides[1:], node.ops, strict=False):
            yield text.between(left, right, *_COMPARED[type(how)])
    elif isinstance(node, ast.BinOp) and type(node.op) in _CALCULATED:
        yield text.between(node.left, node.right, *_CALCULATED[type(node.op)])
    elif isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield text.between(left, right, old, new)
    elif isinstance(node, ast.AugAssign) and type(node.op) in _CALCULATED:
        old, new = _CALCULATED[type(node.op)]
        yield text.between(node.target, node.value, f"{old}=", f"{new}=")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield text.begin(node), text.begin(node) + len("not "), ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        new = str(not node.value) if isinstance(node.value, bool) else str(node.value + 1)
        yield text.begin(node), text.end(node), new
    elif isinstance(node, ast.Name) and node.id in _BOUNDS:
        yield text.begin(node), text.end(node), _BOUNDS[node.id]


def _changed_conditions(node: ast.AST, text: _Text) -> Iterator[_Change]:
    """A condition without an operator of its own, turned round."""
    conditions: list[ast.expr] = []
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        conditions = [node.test]
    elif isinstance(node, ast.comprehension):
        conditions = node.ifs
    for condition in conditions:
        if isinstance(condition, _BARE):
            yield text.negated(condition)


def _line_starts(source: str) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    return starts
