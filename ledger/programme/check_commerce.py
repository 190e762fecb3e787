"""What reductions and splits must be to the rest of a programme.

A vote against a thing takes of one award, so each thing has one: then what it takes depends on no
other award, whichever of them are known, and in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from ledger.events.catalogue import TELLING, TYPES
from ledger.events.model import FieldKind
from ledger.programme.model import ACTOR
from ledger.programme.schema import ProgrammeFile
from ledger.programme.schema_commerce import ReductionFile, SplitFile, SplitsFile
from ledger.programme.source import Path

Wrong = tuple[Path, str, str]

_EXAMPLES: Final[Mapping[str | int, str]] = {
    "key": "data.order",
    "once_per": "data.refund",
    "part": "data.amount_minor",
    "whole": "data.amount_minor",
}
_NUMBERS: Final = frozenset({FieldKind.INTEGER, FieldKind.DECIMAL})


def check_commerce(file: ProgrammeFile) -> Iterator[Wrong]:
    """Reductions of rules that are there and award at once; shares of 100 per cent."""
    yield from _reductions(file)
    if file.splits is not None:
        yield from _splits(file.splits)


def _reductions(file: ProgrammeFile) -> Iterator[Wrong]:
    on_by_rule = {rule.id: rule.on for rule in file.rules}
    rule_by_id = {rule.id: rule for rule in file.rules}
    seen: set[str] = set()
    for index, reduction in enumerate(file.reductions):
        path: Path = ("reductions", index)
        if file.period != "at_once":
            wrong = "only awards at once are taken back with their purchase"
            yield path, wrong, "period: at_once"
        yield from _one_form(path, reduction)
        for place, rule in enumerate(reduction.rules):
            where: Path = (*path, "rules", place)
            if rule not in on_by_rule:
                yield where, f"there is no rule {rule!r}", f"rules: [{file.rules[0].id}]"
            elif reduction.on in on_by_rule[rule]:
                yield where, f"{rule!r} pays for {reduction.on} itself", "on: shop.order.refunded"
            elif reduction.takes is not None:
                if rule_by_id[rule].once_per != [reduction.key]:
                    wrong = f"{rule!r} may earn more than once for what {reduction.key} names"
                    yield where, wrong, f"once_per: [{reduction.key}]"
            elif rule_by_id[rule].to != ACTOR:
                yield where, "a refund names the buyer, and this rule pays another", "to: actor"
            if rule in seen:
                yield where, f"{rule!r} has a reduction already", "one reduction for each rule"
            seen.add(rule)


def check_refund_fields(file: ProgrammeFile) -> Iterator[Wrong]:
    """Rows that could take nothing back: of types known everywhere it is known what they keep."""
    pays = {rule.id: rule.on for rule in file.rules}
    for index, reduction in enumerate(file.reductions):
        path: Path = ("reductions", index)
        bought = {on for rule in reduction.rules for on in pays.get(rule, ())}
        yield from _kept((*path, "key"), reduction.key, {reduction.on} | bought)
        if reduction.once_per not in {None, ACTOR}:
            yield from _kept((*path, "once_per"), reduction.once_per, {reduction.on})
        yield from _kept((*path, "part"), reduction.part, {reduction.on}, _NUMBERS)
        yield from _kept((*path, "whole"), reduction.whole, bought, _NUMBERS)
        units = {reduction.whole, reduction.part}
        if reduction.on in TYPES and units == {"data.amount", "data.amount_minor"}:
            wrong = f"{reduction.part} is not in the unit of {reduction.whole}"
            yield (*path, "part"), wrong, f"part: {reduction.whole}"


def _kept(
    path: Path,
    field: str | None,
    types: set[str],
    kinds: frozenset[FieldKind] = frozenset(FieldKind),
) -> Iterator[Wrong]:
    """A field that an event of each type keeps, as one of these kinds."""
    if field is None:
        return
    name = field.removeprefix("data.")
    for known in sorted(types & TYPES.keys()):
        kept = {**TYPES[known], **TELLING}
        fits = [each for each, kind in kept.items() if kind in kinds]
        if name not in fits:
            what = "number" if kinds == _NUMBERS else "field"
            yield path, f"{known} keeps no {what} {field}", f"{path[-1]}: {_EXAMPLES[path[-1]]}"


def _one_form(path: Path, reduction: ReductionFile) -> Iterator[Wrong]:
    """A refund is of a part of a whole; a vote takes points from somebody."""
    refund = [name for name in ("whole", "part") if getattr(reduction, name) is not None]
    if reduction.takes is None:
        if len(refund) < 2:
            wrong = "says neither which part of what whole goes back, nor how many points"
            yield path, wrong, "{…, whole: data.amount_minor, part: data.amount_minor}"
        if reduction.to is not None:
            yield (*path, "to"), "a refund takes from whoever acted", "takes: 2"
        if reduction.once_per == ACTOR:
            wrong = "a buyer may be refunded more than once"
            yield (*path, "once_per"), wrong, "once_per: data.refund"
        return
    for name in refund:
        yield (*path, name), "a row that `takes` points knows no whole and part", "takes: 2"
    if reduction.to is None:
        yield path, "`takes` needs to know whose award it is", "to: data.author"


def _splits(splits: SplitsFile) -> Iterator[Wrong]:
    for name, split in splits.rules.items():
        yield from _shares(("splits", "rules", name, "shares"), split)
    for index, limit in enumerate(splits.limits):
        if (limit.points is None) == (limit.count is None):
            wrong = "a limit is of points or of a count"
            yield ("splits", "limits", index), wrong, "{per: day, count: 20}"
    life = splits.validity
    if life is not None and not (life.years or life.months or life.days):
        yield ("splits", "validity"), "no time at all", "{months: 12}"


def _shares(path: Path, split: SplitFile) -> Iterator[Wrong]:
    total = sum((share.per_cent for share in split.shares), Fraction(0))
    if total != 100:
        yield path, f"the shares add up to {total} per cent", "70 and 30"
    for index, share in enumerate(split.shares):
        if share.per_cent == 0:
            yield (*path, index, "per_cent"), "a share is above zero", "per_cent: 5"
    names = [share.to for share in split.shares]
    if len(set(names)) < len(names):
        yield path, "a recipient is named twice", "one share for each recipient"
    if all(share.pool for share in split.shares):
        yield path, "nobody but the school's pools gets anything", "{to: author, per_cent: 70}"
