"""Looking at lots that have matured: whether their condition holds.

It is looked at once, as of the moment of maturity, by the facts known when somebody looks, and not
before every source that may state such a fact is complete up to that moment. What was found is
settled: a fact that arrives or is retracted later changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.journal import service as journal
from ledger.kernel.canonical import Json
from ledger.kernel.ids import BadId, format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.lots import store as lots_store
from ledger.lots import vesting_store
from ledger.lots.clawing import AWARD_CAUSE
from ledger.lots.granting import save
from ledger.lots.sheet import open_sheet
from ledger.lots.vesting import DecideVesting, decide
from ledger.lots.vesting_store import Until, WaitingLot
from ledger.members import service as members
from ledger.members.persons import store as persons
from ledger.programme.model_life import BENEFICIARY
from ledger.readiness import service as readiness
from ledger.settlement import store

MEMBER_PREFIX: Final = "mem_"
"""``who`` of a grant's condition is a member who was named, not a field of an event."""
PAGE: Final = 500
PAGES_MAX: Final = 1_000
"""Members of one run: at most ``PAGE * PAGES_MAX``."""


@dataclass(frozen=True, slots=True)
class SettleMember:
    """Look at what of one member's has matured by ``until``; what is taken back, is at ``at``."""

    member_id: UUID
    until: Until
    at: datetime


def settle_matured(database: Database) -> int:
    """Look at everything that has matured, a member at a time; the number of lots."""
    looked_at = 0
    with database.read() as work:
        now, until = work.now, _until(work)
    for _ in range(PAGES_MAX):
        with database.read() as work:
            due = vesting_store.members_due(work, until, PAGE)
        for member_id in due:
            looked_at += execute(database, settle_matured_of, SettleMember(member_id, until, now))
        if len(due) < PAGE:
            break
    return looked_at


def count_waiting(work: Work, member_id: UUID | None = None) -> int:
    """How many lots have matured, and are not looked at until a source has told what happened."""
    return vesting_store.count_after(work, _until(work), work.now, member_id)


def settle_matured_of(work: Work, command: SettleMember) -> int:
    """Look at what of one member's has matured; the number of lots."""
    member_id, at = command.member_id, command.at
    journal.lock_head(work)
    matured = vesting_store.due(work, member_id, command.until)
    if not matured:
        return 0
    sheet = open_sheet(
        lots_store.position(work, member_id, also=[waiting.lot_id for waiting in matured])
    )
    for waiting in matured:
        holds, basis = _look(work, waiting)
        command_of_lot = DecideVesting(waiting.lot_id, member_id, waiting.vesting, holds, basis, at)
        decided = decide(sheet, command_of_lot)
        vesting_store.insert_decision(
            work, waiting.lot_id, basis, decided.cancelled, decided.entry_id, holds=holds
        )
    save(work, [sheet])
    return len(matured)


def _until(work: Work) -> Until:
    """As far as sources are complete: it only rises, so it holds later as well."""
    until: dict[str | None, datetime] = {}
    for looks_for in vesting_store.types_due(work, work.now):
        types = None if looks_for is None else [looks_for]
        known = readiness.known_until(work, types)
        until[looks_for] = work.now if known is None else min(work.now, known)
    return until


def _look(work: Work, waiting: WaitingLot) -> tuple[bool, Json]:
    """Whether the condition holds, and the event that says so."""
    condition = waiting.vesting.condition
    assert isinstance(condition, Mapping), "a condition is one section"
    ((kind, stated),) = condition.items()
    assert isinstance(stated, Mapping), "a condition has fields"
    since, until, event_type = _span(work, waiting, kind, stated)
    references = _references(work, waiting, str(stated["who"]))
    found = store.own_act(work, references, since, until, event_type) if references else None
    basis: Json = {
        "event": None if found is None else format_id("evt", found),
        "since": since.isoformat(),
        "until": until.isoformat(),
    }
    return found is not None, basis


def _span(
    work: Work, waiting: WaitingLot, kind: str, stated: Mapping[str, Json]
) -> tuple[datetime, datetime, str | None]:
    days = stated["within_days"]
    if kind == "active":
        assert isinstance(days, int), "checked when the programme was"
        return waiting.matures_at - timedelta(days=days), waiting.matures_at, None
    lot = lots_store.read_lots(work, [waiting.lot_id])[waiting.lot_id]
    since = journal.entries(work, [lot.entry_id])[lot.entry_id].draft.effective_at
    until = waiting.matures_at
    if isinstance(days, int):
        until = min(until, since + timedelta(days=days))
    return since, until, str(stated["type"])


def _references(work: Work, waiting: WaitingLot, who: str) -> list[UUID]:
    """Every identity of whom the condition is about; one alone if it is nobody's yet."""
    if who == BENEFICIARY:
        return members.references_of_member(work, persons.person_of(work, waiting.member_id))
    if who.startswith(MEMBER_PREFIX):
        person = persons.person_of(work, parse_id("mem", who))
        return members.references_of_member(work, person)
    if waiting.cause.kind != AWARD_CAUSE:
        return []
    fact = store.event_of_award(work, UUID(waiting.cause.cause_id))
    value: object = None if fact is None else fact.data
    for step in who.split(".")[1:]:
        value = value.get(step) if isinstance(value, Mapping) else None
    try:
        reference = parse_id("idn", str(value))
    except BadId:
        return []
    member_id = members.members_of(work, [reference]).get(reference)
    return [reference] if member_id is None else members.references_of_member(work, member_id)
