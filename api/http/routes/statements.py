"""``/v1/statements``: what a member had, what moved it and what there is, week by week."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter
from fastapi import Path as PathParameter

from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.programme.calendar import week_text
from ledger.statement import service
from ledger.statement.model import (
    Balance,
    Due,
    Explained,
    KindOfMove,
    Move,
    PastWeek,
    Statement,
    Week,
    week_of,
)

router: Final = APIRouter(prefix="/v1/statements", tags=["ledger"])


@router.get("", responses=responses(401, 403, 503))
def my_weeks(member: CurrentMember, database: DatabaseHere) -> dict[str, Any]:
    """Weeks in which something was recorded, newest first, with what there was at their end."""
    with database.read() as work:
        found = service.weeks_of(work, member)
    return {"data": [_past_json(each) for each in found], "next_cursor": None}


@router.get("/{week}", responses=responses(401, 403, 404, 422, 503))
def my_week(
    week: Annotated[str, PathParameter(max_length=16, examples=["2026-W47"])],
    member: CurrentMember,
    database: DatabaseHere,
) -> dict[str, Any]:
    """One week: opening, every entry recorded in it with why, closing, what comes and what goes."""
    with database.read() as work:
        found = service.statement_of(
            work, member, week_of(week, service.calendar_of(work), work.now)
        )
    return statement_json(found)


def statement_json(found: Statement) -> dict[str, Json]:
    """A statement as machines read it; opening and ``kinds`` come to closing."""
    return {
        "member": format_id("mem", found.member_id),
        **_week_json(found.week),
        "over": found.week.is_over(found.made_at),
        "made_at": Instant.of(found.made_at).isoformat(),
        "opening": _balance_json(found.opening),
        "closing": _balance_json(found.closing),
        "kinds": [_kind_json(each) for each in found.kinds],
        "entries": [_move_json(each) for each in found.moves],
        "further_entries": [_kind_json(each) for each in found.rest],
        "pending": [_due_json(each) for each in found.pending],
        "expiring": [_due_json(each) for each in found.expiring],
        "trimmed": [_award_json(each) for each in found.trimmed],
        "minutes": [
            {"week": week_text(each.week), "minutes": each.minutes} for each in found.minutes
        ],
    }


def _week_json(week: Week) -> dict[str, Json]:
    return {
        "week": week.text,
        "from": Instant.of(week.since).isoformat(),
        "to": Instant.of(week.until).isoformat(),
    }


def _past_json(past: PastWeek) -> dict[str, Json]:
    return {**_week_json(past.week), "closing": _balance_json(past.closing)}


def _balance_json(balance: Balance) -> dict[str, Json]:
    return {
        "available": balance.available.amount,
        "pending": balance.pending.amount,
        "held": balance.held.amount,
        "debt": balance.debt.amount,
    }


def _kind_json(kind: KindOfMove) -> dict[str, Json]:
    return {"kind": kind.kind.value, "entries": kind.count, **_balance_json(kind.change)}


def _move_json(move: Move) -> dict[str, Json]:
    entry = move.entry
    return {
        "id": format_id("ent", entry.entry_id),
        "kind": entry.kind.value,
        "sequence": entry.sequence,
        "effective_at": Instant.of(entry.effective_at).isoformat(),
        "recorded_at": Instant.of(entry.recorded_at).isoformat(),
        **_balance_json(move.change),
        "cause": entry.cause,
        "award": None if move.award is None else _award_json(move.award),
    }


def _award_json(award: Explained) -> dict[str, Json]:
    return {
        "id": format_id("awd", award.award_id),
        "rule": award.key.rule_id,
        "period": award.key.period,
        "revision": award.revision,
        "points": award.points,
        "excess": award.excess,
        "receipt": dict(award.receipt),
    }


def _due_json(due: Due) -> dict[str, Json]:
    return {
        "at": Instant.of(due.at).isoformat(),
        "points": due.points.amount,
        "waits_for_condition": due.waits,
    }
