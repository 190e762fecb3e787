"""Points: the balance, lots, entries, awards with receipts, and the events behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from api.archive import mine_store
from api.archive.mine import PAGE, Mine, at, name_of, pages
from api.archive.model import Note, Ref
from api.pages.entries import rule_title
from api.pages.explaining import act_title, listening
from api.pages.statement_words import award_title, award_why, kind_title, know, shown_move, signed
from ledger.events.listing import store as listing
from ledger.events.model import REFERENCE_PREFIX, EventSummary
from ledger.events.service import participants
from ledger.kernel.canonical import Json, plain_json
from ledger.kernel.ids import format_id
from ledger.kernel.units import sum_points
from ledger.lots import history as lot_history
from ledger.lots import store as lots_store
from ledger.lots.history import HistoryEntry, LotParts
from ledger.scoring import store as awards
from ledger.scoring.store import StoredAward
from ledger.settlement import store as settlement
from ledger.statement.model import Balance, Explained, Move

AWARD: Final = "awd"
EVENT: Final = "evt"
LOT: Final = "lot"
ENTRY: Final = "ent"
_WHY: Final = (
    *("rule", "programme", "receipt", "paid", "redemption", "referral", "side", "purchase"),
    *("project", "task", "good", "quantity", "price", "because", "bridge", "bridge_request"),
)
"""What of an entry's cause is told: what it was for, and never who else had to do with it."""


def balance(mine: Mine) -> Iterator[Note]:
    """What there is, as the journal has it, and what was earned and not paid."""
    found = lots_store.position(mine.work, mine.member_id)
    now = Balance(
        sum_points(each.available for each in found.lots),
        sum_points(each.pending for each in found.lots),
        sum_points(each.held for each in found.lots),
        found.debt,
    )
    unpaid = settlement.unpaid_of_member(mine.work, mine.member_id)
    stages = ("available", "pending", "held", "debt")
    facts: dict[str, Json] = {stage: getattr(now, stage).amount for stage in stages}
    yield Note(
        "balance",
        mine.t("archive.note.balance", date=mine.moment(mine.work.now)),
        {
            "at": at(mine.work.now),
            **facts,
            "unpaid": [
                {
                    "rule": each.rule_id,
                    "period": each.period,
                    "earned_at": at(each.earned_at),
                    "reason": each.reason.value,
                    "points": each.points,
                }
                for each in unpaid
            ],
        },
        lines=[(stage, mine.number(getattr(now, stage))) for stage in stages],
    )


def lots(mine: Mine) -> Iterator[Note]:
    """Every lot, with where all of its points are."""
    known = {each.lot_id for each in lots_store.lots_of_member(mine.work, mine.member_id)}

    def read(before: UUID | None) -> Sequence[LotParts]:
        return lot_history.parts_of_lots(mine.work, mine.member_id, before=before, limit=PAGE)

    for parts in pages(read, lambda each: each.lot.lot_id):
        yield _lot(mine, parts, known)


def _lot(mine: Mine, parts: LotParts, known: set[UUID]) -> Note:
    lot = parts.lot
    stages = ("pending", "available", "held", "spent", "expired", "revoked", "bridged")
    refs: dict[str, Sequence[Ref]] = {
        "entry": [Ref(name_of(ENTRY, lot.entry_id), mine.t("archive.note.entry"))]
    }
    if lot.cause.kind == "award":
        award = name_of(AWARD, UUID(lot.cause.cause_id))
        refs["award"] = [Ref(award, mine.t("archive.note.award"))]
    earlier = [each for each in (lot.continues, lot.cites) if each in known]
    if earlier:
        refs["earlier_lot"] = [
            Ref(name_of(LOT, each), mine.t("archive.note.lot_before")) for each in earlier
        ]
    left: dict[str, Json] = {stage: getattr(parts, stage).amount for stage in stages}
    return Note(
        name_of(LOT, lot.lot_id),
        mine.t(
            "archive.note.lot",
            count=lot.granted.amount,
            date=mine.moment(lot.activates_at),
        ),
        {
            "granted": lot.granted.amount,
            "activates_at": at(lot.activates_at),
            "expires_at": at(lot.expires_at),
            "cause": lot.cause.kind,
            **left,
        },
        lines=[
            ("granted", mine.number(lot.granted)),
            ("activates_at", mine.moment(lot.activates_at)),
            *([("expires_at", mine.moment(lot.expires_at))] if lot.expires_at else []),
            *((stage, mine.number(getattr(parts, stage))) for stage in stages),
        ],
        refs=refs,
    )


def entries(mine: Mine) -> Iterator[Note]:
    """Every entry of the journal that changed what there is, newest first, each with why."""
    before: int | None = None
    while True:
        found = lot_history.history(mine.work, mine.member_id, before=before, limit=PAGE)
        known = know(mine.view, mine.work, found)
        for entry in found:
            change = Balance(entry.available, entry.pending, entry.held, entry.debt)
            shown = shown_move(mine.view, known, mine.zone, Move(entry, change, None))
            yield _entry(mine, entry, _title(mine, entry, shown.title), shown.why)
        if len(found) < PAGE:
            return
        before = found[-1].sequence


def _title(mine: Mine, entry: HistoryEntry, said: str) -> str:
    rule = _why(entry).get("rule")
    if isinstance(rule, str) and said == kind_title(mine.view, entry.kind):
        return f"{said}: {rule_title(mine.view, mine.programme, rule)}"
    return said


def _entry(mine: Mine, entry: HistoryEntry, title: str, why: Sequence[str]) -> Note:
    stages = ("available", "pending", "held", "debt")
    changes: dict[str, Json] = {stage: getattr(entry, stage).amount for stage in stages}
    refs: dict[str, Sequence[Ref]] = {}
    if entry.award_id is not None:
        award = name_of(AWARD, entry.award_id)
        refs["award"] = [Ref(award, mine.t("archive.note.award"))]
    refs["lots"] = [
        Ref(name_of(LOT, each), mine.t("archive.note.lot_of")) for each in entry.lot_ids
    ]
    return Note(
        name_of(ENTRY, entry.entry_id),
        title,
        {
            "type": entry.kind.value,
            "sequence": entry.sequence,
            "effective_at": at(entry.effective_at),
            "recorded_at": at(entry.recorded_at),
            **changes,
            "why": _why(entry),
        },
        words=why,
        lines=[
            ("effective_at", mine.moment(entry.effective_at)),
            ("recorded_at", mine.moment(entry.recorded_at)),
            *(
                (stage, signed(mine.view, getattr(entry, stage)))
                for stage in stages
                if getattr(entry, stage)
            ),
        ],
        refs=refs,
    )


def _why(entry: HistoryEntry) -> dict[str, Json]:
    cause: Any = entry.cause if isinstance(entry.cause, dict) else {}
    why = cause.get("why")
    told = {} if not isinstance(why, dict) else {name: why[name] for name in _WHY if name in why}
    hold = cause.get("hold")
    return {**told, "purpose": hold["purpose"]} if isinstance(hold, dict) else told


def award_notes(mine: Mine) -> Iterator[Note]:
    """Every award as it stands, with its receipt and the event behind it."""
    last: UUID | None = None
    while True:
        found = awards.award_page(mine.work, mine.member_id, last, PAGE)
        behind = {each.key.event_id for each in found if each.key.event_id is not None}
        known = mine_store.taking_part(mine.work, mine.member_id, behind)
        for award in found:
            yield _award(mine, award, known)
        if len(found) < PAGE:
            return
        last = found[-1].award_id


def _award(mine: Mine, award: StoredAward, known: set[UUID]) -> Note:
    receipt = cast("Mapping[str, Any]", award.receipt if isinstance(award.receipt, dict) else {})
    explained = Explained(
        *(award.award_id, award.key, award.earned_at, award.revision),
        *(award.points, award.excess, receipt),
    )
    refs: dict[str, Sequence[Ref]] = {}
    if award.key.event_id in known:
        assert award.key.event_id is not None, "it is known"
        event = name_of(EVENT, award.key.event_id)
        refs["event"] = [Ref(event, mine.t("archive.note.event"))]
    if award.entry_id is not None:
        entry = name_of(ENTRY, award.entry_id)
        refs["entry"] = [Ref(entry, mine.t("archive.note.entry"))]
    return Note(
        name_of(AWARD, award.award_id),
        award_title(mine.view, mine.programme, explained),
        {
            "rule": award.key.rule_id,
            "period": award.key.period,
            "earned_at": at(award.earned_at),
            "revision": award.revision,
            "points": award.points,
            "excess": award.excess,
            "recorded_at": at(award.recorded_at),
            "award_receipt": dict(receipt),
        },
        words=award_why(mine.view, mine.programme, explained),
        lines=[
            ("points", mine.number(award.points)),
            ("earned_at", mine.moment(award.earned_at)),
            *([("excess", mine.number(award.excess))] if award.excess else []),
        ],
        refs=refs,
    )


def events(mine: Mine) -> Iterator[Note]:
    """Every fact that names the member, taken back ones too."""
    known = listening(mine.work)

    def read(before: UUID | None) -> Sequence[EventSummary]:
        return listing.events_of_member(mine.work, mine.member_id, before=before, limit=PAGE)

    for row in pages(read, lambda each: each.fact.event_id):
        fact = row.fact
        yield Note(
            name_of(EVENT, fact.event_id),
            act_title(mine.view, known, row),
            {
                "source": fact.source,
                "source_event_id": fact.source_event_id,
                "type": fact.type,
                "time": fact.occurred.isoformat(),
                "recorded_at": at(row.recorded_at),
                "as": _roles(mine, row),
                "retracted": row.retracted,
                "data": _data(mine, row),
            },
            lines=[("time", mine.moment(fact.occurred)), ("event_type", fact.type)],
            words=[mine.t("archive.note.retracted")] if row.retracted else [],
        )


def _roles(mine: Mine, row: EventSummary) -> list[Json]:
    """As what the member takes part: ``subject``, or the field that names them."""
    return [
        role for role, reference in participants(row.fact).items() if reference in mine.references
    ]


def _data(mine: Mine, row: EventSummary) -> Json:
    """What was stated; of another's act only what names the member, of their own nobody else."""
    fact = row.fact
    own = {format_id(REFERENCE_PREFIX, each) for each in mine.references}
    acted = fact.subject_reference in mine.references
    return {
        name: plain_json(value)
        for name, value in fact.data.items()
        if value in own or (acted and not _names_somebody(value))
    }


def _names_somebody(value: object) -> bool:
    return isinstance(value, str) and value.startswith(f"{REFERENCE_PREFIX}_")
