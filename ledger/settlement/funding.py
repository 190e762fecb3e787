"""Paying what waits for the rewards pool, oldest first, as far as the pool goes."""

from __future__ import annotations

from datetime import date
from typing import Final

from ledger.emission import service as emission
from ledger.emission import store as emission_store
from ledger.journal import service as journal
from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.lots.clawing import AWARD_CAUSE
from ledger.lots.granting import grant_lots
from ledger.lots.model import REWARDS, Cause, GrantLot
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar
from ledger.programme.model import Programme
from ledger.settlement import funds_store
from ledger.settlement.funds_store import Waiting
from ledger.settlement.model import life_of

PAGE: Final = 200
PAGES_MAX: Final = 10_000
"""Awards of one run: at most ``PAGE * PAGES_MAX``."""


def emit_and_fund(database: Database) -> int:
    """Let due days bring their points and pay what waits; the number of awards paid."""
    paid = 0
    for _ in range(PAGES_MAX):
        now_paid = execute(database, _emit_and_fund, None)
        paid += now_paid
        if now_paid < PAGE:
            break
    return paid


def _emit_and_fund(work: Work, _: None) -> int:
    return fund(work)


def fund(work: Work) -> int:
    """Pay up to a page of what waits; the number of awards paid in part or whole."""
    emission.emit_due(work)
    pool = journal.balances(work, [REWARDS])[REWARDS].amount
    last = emission_store.last_day(work)
    if not pool or last is None:
        return 0
    by_hash = {
        activation.programme_hash: programmes.programme_of(activation)
        for activation in programmes.activations(work)
    }
    paying: list[tuple[Waiting, GrantLot]] = []
    for waiting in funds_store.queue(work, PAGE):
        points = min(pool, waiting.points)
        if not points:
            break
        paying.append((waiting, _grant(waiting, points, by_hash[waiting.programme_hash], last)))
        pool -= points
    lots = grant_lots(work, [grant for _, grant in paying])
    for (waiting, grant), lot in zip(paying, lots, strict=True):
        points = grant.amount.amount
        funds_store.paid_later(work, waiting.award_id, points, lot.entry_id)
        funds_store.waits(work, waiting.award_id, waiting.earned_at, -points)
    return len(paying)


def _grant(waiting: Waiting, points: int, programme: Programme, last: date) -> GrantLot:
    """What the pool pays of an award now; its life counts from the day that filled the pool."""
    emitted_at = emission.start_of(last, Calendar(programme.zone))
    paid_at = max(emitted_at, waiting.earned_at)
    life = life_of(programme, waiting.rule_id, waiting.earned_at, paid_at)
    return GrantLot(
        member_id=waiting.member_id,
        amount=Points(points),
        kind=EntryKind.AWARD,
        key=(str(waiting.award_id), "paid later", str(waiting.paid_before + 1)),
        effective_at=paid_at,
        activates_at=life.activates_at,
        expires_at=life.expires_at,
        cause=Cause(AWARD_CAUSE, str(waiting.award_id)),
        why={"rule": waiting.rule_id, "programme": programme.hash_text, "paid": "later"},
        paid_from=REWARDS,
        vesting=life.waits_for,
    )
