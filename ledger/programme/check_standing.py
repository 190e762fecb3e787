"""What ``standing``, ``levels`` and ``voice`` must be to each other and to the rules."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.programme.check_earning import Wrong
from ledger.programme.expressions import Expression, ExpressionFailed
from ledger.programme.schema import ProgrammeFile
from ledger.programme.schema_standing import LevelsFile
from ledger.programme.source import Path

LEVEL_FIELD = "data.level"
_STEPS_EXAMPLE = "steps: [{id: newcomer, from: 0}, {id: regular, from: 100}]"


def check_standing(file: ProgrammeFile) -> Iterator[Wrong]:
    """Categories that some rule has, levels that rise."""
    if file.standing is not None:
        yield from _categories(("standing", "categories"), file.standing.categories, file)
    if file.voice is not None:
        yield from _categories(("voice", "categories"), file.voice.categories, file)
    if file.levels is not None:
        yield from _levels(file.levels)


def threshold_at(expression: Expression, level: int) -> int:
    """The standing from which on a member has level ``level``.

    Raises:
        ExpressionFailed: it has no answer for that level, or one that is not whole.
    """
    value = expression.value({"level": level})
    if value.denominator != 1:
        raise ExpressionFailed(f"level {level} would be from {value} points on; write floor(…)")
    return int(value)


def _categories(path: Path, names: list[str], file: ProgrammeFile) -> Iterator[Wrong]:
    known = sorted({rule.category for rule in file.rules if rule.category})
    stated = ", ".join(known) or "no rule states one"
    example = f"categories: [{known[0] if known else 'learning'}]"
    if len(set(names)) < len(names):
        yield path, "a category is named twice", example
    for index, name in enumerate(names):
        if name not in known:
            wrong = f"no rule is of the category {name!r} (known: {stated})"
            yield (*path, index), wrong, example


def _levels(file: LevelsFile) -> Iterator[Wrong]:
    by_name = bool(file.steps)
    if by_name == (file.threshold is not None) or (file.count is None) != (file.threshold is None):
        wrong = "levels are either `steps` by name, or a `threshold` and a `count`"
        yield ("levels",), wrong, _STEPS_EXAMPLE
        return
    if file.threshold is not None and file.count is not None:
        yield from _threshold(file.threshold, file.count)
        return
    seen: set[str] = set()
    before = -1
    for index, step in enumerate(file.steps):
        path: Path = ("levels", "steps", index)
        if step.id in seen:
            yield (*path, "id"), f"{step.id!r} names two levels", f"id: {step.id}-2"
        seen.add(step.id)
        if step.points <= before:
            wrong = f"each level is from more points on than the one before, which is from {before}"
            yield (*path, "from"), wrong, f"from: {before + 1}"
        before = step.points


def _threshold(expression: Expression, count: int) -> Iterator[Wrong]:
    path: Path = ("levels", "threshold")
    example = 'threshold: "50 * data.level * (data.level - 1)"'
    for field in expression.fields:
        if field != LEVEL_FIELD:
            yield path, f"{field} is not known here; {LEVEL_FIELD} is", example
            return
    before = -1
    for level in range(1, count + 1):
        try:
            points = threshold_at(expression, level)
        except ExpressionFailed as error:
            yield path, error.message.rstrip("."), example
            return
        if points <= before or points > 10**12:
            wrong = f"level {level} would be from {points} points on, the one before from {before}"
            yield path, wrong, example
            return
        before = points
