"""Awards and entries of a member in words: what for, when, why, and the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from api.pages.causes import About, abouts
from api.pages.earning import period_words, say
from api.pages.rendering import View
from ledger.grants import store as grants
from ledger.grants.taking_back import store as taking_back
from ledger.journal.model import EntryKind
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.lots.history import HistoryEntry
from ledger.programme import service as programmes
from ledger.programme.model import Programme
from ledger.scoring import store as awards
from ledger.scoring.store import StoredAward


@dataclass(frozen=True, slots=True)
class ShownAward:
    """An award in words: what for, when, and its receipt."""

    award: StoredAward
    title: str
    receipt: dict[str, Any]

    @property
    def is_gone(self) -> bool:
        """Whether its facts no longer earn anything."""
        return self.award.points == 0 and "because" in self.receipt

    @property
    def excess(self) -> int:
        """What was over a cap."""
        return self.award.excess


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """An entry with the award behind it, the words of persons, and what it was for."""

    entry: HistoryEntry
    item: ShownAward | None
    reason: str | None
    about: About | None

    @property
    def entry_id(self) -> str:
        """Its public id."""
        return format_id("ent", self.entry.entry_id)


def told_entries(view: View, work: Work, entries: Sequence[HistoryEntry]) -> list[ToldEntry]:
    """Each entry in words."""
    programme = in_force(work)
    ids = {award_id for each in entries if (award_id := each.award_id)}
    found = {award_id: awards.award(work, award_id) for award_id in ids}
    shown = {
        award_id: shown_award(view, programme, award)
        for award_id, award in found.items()
        if award is not None
    }
    reasons = _reasons(work, entries)
    about = abouts(view, work, entries)
    return [
        ToldEntry(each, _of(shown, each), reasons.get(each.entry_id), about.get(each.entry_id))
        for each in entries
    ]


def _reasons(work: Work, entries: Sequence[HistoryEntry]) -> dict[UUID, str]:
    given = {each.entry_id for each in entries if each.kind is EntryKind.GRANT}
    reasons = dict(grants.reasons_of_entries(work, given)) if given else {}
    taken = {each.entry_id: why for each in entries if (why := _take_back_of(each.cause))}
    words = taking_back.reasons_of(work, set(taken.values())) if taken else {}
    return reasons | {entry_id: words[why] for entry_id, why in taken.items() if why in words}


def in_force(work: Work) -> Programme | None:
    """The programme in force, if there is one."""
    try:
        return programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce:
        return None


def shown_award(view: View, programme: Programme | None, award: StoredAward) -> ShownAward:
    """An award with its title and receipt."""
    title = title_of(view, programme, award.key.rule_id, award.key.period)
    receipt = award.receipt if isinstance(award.receipt, dict) else {}
    return ShownAward(award, title, cast("dict[str, Any]", receipt))


def title_of(view: View, programme: Programme | None, rule_id: str, period: str | None) -> str:
    """What an award is called: its period, or its rule."""
    return rule_title(view, programme, rule_id) if period is None else period_words(view, period)


def rule_title(view: View, programme: Programme | None, rule_id: str) -> str:
    """What a rule is called in the page's language."""
    rules = programme.rules if programme else ()
    rule = next((each for each in rules if each.rule_id == rule_id), None)
    return say(view, rule.title if rule else None, rule_id)


def stated_words(view: View, programme: Programme | None, basis: dict[str, Any]) -> str:
    """An attribute's value as the programme names both."""
    name, value = str(basis["attribute"]), basis["value"]
    attribute = programme.attributes.get(name) if programme else None
    if attribute is None:
        return f"{name}: {value}"
    title = say(view, attribute.title, name)
    return f"{title}: {say(view, attribute.names.get(value), str(value))}"


def _of(shown: dict[UUID, ShownAward], entry: HistoryEntry) -> ShownAward | None:
    return None if entry.award_id is None else shown.get(entry.award_id)


def _take_back_of(cause: object) -> UUID | None:
    """The taking back behind an entry, if two persons took a grant back by it."""
    why = cause.get("why") if isinstance(cause, dict) else None
    named = why.get("take_back") if isinstance(why, dict) else None
    return UUID(named) if isinstance(named, str) else None
