"""Conditions of rules: CEL, compiled once, bounded when read and when run.

The one module that speaks to the CEL library. What a condition sees is one variable, ``event``,
with ``type``, ``source``, ``time`` and ``data``. It answers true or false; anything else, any error
and anything over budget is a :class:`ConditionFailed`, which quarantines the event and holds up
nothing. Amounts never come from here: CEL's numbers are floats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import cel

from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError

LENGTH_MAX: Final = 1_000
"""Characters of one condition."""
DEPTH_MAX: Final = 16
"""Brackets inside brackets."""
COMPREHENSIONS_NESTED_MAX: Final = 2
OPERATORS_MAX: Final = 100
"""Operators and calls: an unbracketed chain nests inside the library all the same."""
BUDGET_STEPS_MAX: Final = 100_000
"""Values of the event's data that comprehensions may visit: values to the power of nesting."""
DATA_DEPTH_MAX: Final = 32
"""Levels of nested data that are handed to the library."""

_COMPREHENSIONS: Final = ("all", "exists", "exists_one", "filter", "map")
_FUNCTIONS: Final = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "has", "dyn"),
        *("string", "int", "uint", "double", "bool", "timestamp", "duration"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds"),
    }
)
_OPERATOR: Final = re.compile(r"[@_!\-]")
_STRING: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.DOTALL)
_COMPREHENSION_CALL: Final = re.compile(rf"\.\s*({'|'.join(_COMPREHENSIONS)})\s*\(")
_OPERATORS: Final = re.compile(r"[-+*/%!<>=?.,]|&&|\|\||\bin\b")
_BOUND: Final = re.compile(rf"\.\s*(?:{'|'.join(_COMPREHENSIONS)})\s*\(\s*(\w+)\s*,")
_ODD_TEXT: Final = re.compile(r"//|\b[rRbB]{1,2}[\"']|\"\"\"\"|'''")
"""Comments and raw, byte or triple-quoted texts, which the bounds below are not counted in."""


class ConditionMalformed(VkladError):
    """A condition that is not CEL, or is larger than a condition may be."""

    code = "condition_malformed"
    kind = ErrorKind.INVALID


class ConditionFailed(VkladError):
    """A condition that gave no answer for one event: the event is quarantined."""

    code = "condition_failed"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; two are equal if their texts are."""

    text: str
    nesting: int = field(compare=False)
    program: cel.Program = field(compare=False, repr=False)

    def holds(self, event: Mapping[str, object], size: int) -> bool:
        """Whether it is true of ``event`` (see :func:`shown`), whose data holds ``size`` values.

        Raises:
            ConditionFailed: a missing field, an operation on other types, no yes or no, too much.
        """
        if self.nesting and size**self.nesting > BUDGET_STEPS_MAX:
            raise ConditionFailed(
                f"The condition {self.text!r} would visit more than {BUDGET_STEPS_MAX} values.",
                condition=self.text,
            )
        try:
            answer = self.program.execute({"event": event})
        except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError) as error:
            raise ConditionFailed(
                f"The condition {self.text!r} has no answer: {_plain(error)}.",
                condition=self.text,
            ) from error
        if not isinstance(answer, bool):
            raise ConditionFailed(
                f"The condition {self.text!r} answers {answer!r:.40}, neither true nor false.",
                condition=self.text,
            )
        return answer


def compile_condition(text: str) -> Condition:
    """Read a condition and check its bounds.

    Raises:
        ConditionMalformed: too long or deep, not CEL, another variable than ``event``, a function
            that conditions may not call (regular expressions among them).
    """
    if len(text) > LENGTH_MAX:
        _refuse(text, f"is {len(text)} characters long; {LENGTH_MAX} are allowed")
    bare = _STRING.sub('""', text)
    if _ODD_TEXT.search(bare):
        _refuse(text, "has a comment or a raw, byte or triple-quoted text")
    if _depth(bare) > DEPTH_MAX:
        _refuse(text, f"nests brackets more than {DEPTH_MAX} deep")
    if len(_OPERATORS.findall(bare)) > OPERATORS_MAX:
        _refuse(text, f"uses more than {OPERATORS_MAX} operators")
    nesting = _comprehension_nesting(bare)
    if nesting > COMPREHENSIONS_NESTED_MAX:
        _refuse(text, f"nests more than {COMPREHENSIONS_NESTED_MAX} comprehensions")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ConditionMalformed(
            f"The condition {text[:80]!r} is not CEL: {_plain(error)}.", condition=text[:80]
        ) from error
    foreign = sorted(set(program.variables()) - {"event"} - set(_BOUND.findall(bare)))
    if foreign:
        _refuse(text, f"uses {foreign[0]!r}; the only variable is event")
    strange = [
        name for name in program.functions() if not _OPERATOR.match(name) and name not in _FUNCTIONS
    ]
    if strange:
        _refuse(text, f"calls {strange[0]!r}, which conditions may not call")
    return Condition(text, nesting, program)


def shown(
    event_type: str, source: str, time: Instant, content: Mapping[str, Json]
) -> dict[str, object]:
    """What a condition sees of an event; ``event.time`` is exact to the microsecond."""
    return {
        "type": event_type,
        "source": source,
        "time": time.floor_datetime(),
        "data": content,
    }


def values_in(value: Json, depth: int = 0) -> int:
    """How many values a JSON value holds, itself included.

    Raises:
        ConditionFailed: nested deeper than ``DATA_DEPTH_MAX``.
    """
    if depth > DATA_DEPTH_MAX:
        raise ConditionFailed(f"The event's data is nested more than {DATA_DEPTH_MAX} deep.")
    if isinstance(value, Mapping):
        return 1 + sum(values_in(each, depth + 1) for each in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return 1 + sum(values_in(each, depth + 1) for each in value)
    return 1


def _depth(bare: str) -> int:
    depth = deepest = 0
    for letter in bare:
        if letter in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]}":
            depth -= 1
    return deepest


def _comprehension_nesting(bare: str) -> int:
    """How many comprehensions stand inside one another at most."""
    starts = {match.end() - 1 for match in _COMPREHENSION_CALL.finditer(bare)}
    open_brackets: list[bool] = []
    deepest = 0
    for place, letter in enumerate(bare):
        if letter in "([{":
            open_brackets.append(place in starts)
            deepest = max(deepest, sum(open_brackets))
        elif letter in ")]}" and open_brackets:
            open_brackets.pop()
    return deepest


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__


def _refuse(text: str, why: str) -> None:
    raise ConditionMalformed(f"The condition {text[:80]!r} {why}.", condition=text[:80])
