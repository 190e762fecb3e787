"""What differs between two versions, by meaning: field by field, in words. Pure.

Compares canonical forms, so spelling, order of keys and remarks differ in nothing. Lists of things
with an ``id`` (rules, caps, budgets) are compared by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.kernel.canonical import Json
from ledger.programme.canonical import canonical_form
from ledger.programme.model import Programme


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same; ``None`` where it is not there at all."""

    path: str
    before: Json
    after: Json

    def __str__(self) -> str:
        """The difference in words."""
        if self.before is None:
            return f"{self.path}: added: {_words(self.after)}"
        if self.after is None:
            return f"{self.path}: removed: {_words(self.before)}"
        return f"{self.path}: {_words(self.before)} becomes {_words(self.after)}"


def differences(one: Programme, other: Programme) -> list[Difference]:
    """Everything that ``other`` says otherwise than ``one``."""
    return list(_compare("", canonical_form(one), canonical_form(other)))


def _compare(path: str, one: Json, other: Json) -> Iterator[Difference]:
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in [*one, *(each for each in other if each not in one)]:
            yield from _compare(_join(path, name), one.get(name), other.get(name))
        return
    old, new = _by_id(one), _by_id(other)
    if old is None or new is None or not (old or new):
        yield Difference(path or "programme", one, other)
        return
    for name in [*old, *(each for each in new if each not in old)]:
        yield from _compare(f"{path} {name}", old.get(name), new.get(name))
    kept = [name for name in old if name in new]
    order = [name for name in new if name in old]
    if kept != order:
        yield Difference(f"{path}: order", ", ".join(kept), ", ".join(order))


def _by_id(value: Json) -> dict[str, Json] | None:
    """The things of a list by their ids; ``None`` if it is no such list."""
    if value is None:
        return {}
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    found: dict[str, Json] = {}
    for each in value:
        if not isinstance(each, Mapping) or not isinstance(each.get("id"), str):
            return None
        found[str(each["id"])] = each
    return found


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _words(value: Json) -> str:
    if isinstance(value, Mapping):
        said = (f"{name} {_words(each)}" for name, each in value.items() if each not in (None, []))
        return "{" + ", ".join(said) + "}"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
