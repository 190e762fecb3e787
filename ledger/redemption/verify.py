"""Redemptions, against their quotes, holds and refunds (rules 8 and 9). Replays each from its hold.

The postings behind a hold are looked at by ``ledger.verify``; here is what redeeming adds: that the
row is what its history comes to, by the same pure decisions that made it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Work
from ledger.kernel.units import sum_points
from ledger.lots import store as lots_store
from ledger.lots.model import Hold, HoldPurpose, HoldState
from ledger.redemption import code_store, store
from ledger.redemption.code_store import CodeUse, StoredCode
from ledger.redemption.lines import LineCapture, RedeemedLine
from ledger.redemption.model import (
    CAPTURED_STATES,
    NO_POINTS,
    Redemption,
    RedemptionState,
    decide_capture,
    decide_refund,
)
from ledger.redemption.store import StoredRefund
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "redemptions"
CODES: Final = "codes"
_PAGE: Final = 500
_HOLD_STATES: Final = {
    RedemptionState.HELD: frozenset({HoldState.HELD, HoldState.EXPIRED}),
    RedemptionState.RELEASED: frozenset({HoldState.RELEASED}),
    RedemptionState.EXPIRED: frozenset({HoldState.EXPIRED}),
} | dict.fromkeys(CAPTURED_STATES, frozenset({HoldState.CAPTURED}))
"""What a hold may be; the job of the lots may notice that a time limit has passed first."""


def check_redemption(
    redemption: Redemption, quote: Json, hold: Hold, refunds: Sequence[StoredRefund]
) -> str | None:
    """What is wrong with one redemption; ``None`` if nothing is."""
    promised = _promised(redemption)
    if isinstance(quote, dict) and "code" in quote:
        del promised["net_minor"]
    if not isinstance(quote, dict) or {name: quote.get(name) for name in promised} != promised:
        return "differs from the quote it was made of"
    return _hold_problem(redemption, hold) or _replay_problem(redemption, refunds)


def _hold_problem(redemption: Redemption, hold: Hold) -> str | None:
    if (hold.purpose, hold.member_id, hold.amount) != (
        HoldPurpose.REDEMPTION,
        redemption.member_id,
        redemption.points,
    ):
        return "is of another member, purpose or amount than its hold"
    if hold.state not in _HOLD_STATES[redemption.state]:
        return f"is {redemption.state} and its hold is {hold.state}"
    if hold.captured != redemption.captured_points:
        return "captured other points than its hold"
    is_open = redemption.state is RedemptionState.HELD
    if not is_open and hold.gone_on_to_expired != redemption.expired_points:
        return "states other expired points than its hold"
    if sum_points(part.returned for part in hold.parts) != redemption.returned_points:
        return "returned other points than came back to its lots"
    return None


def _promised(redemption: Redemption) -> dict[str, Json]:
    return {
        "programme": redemption.programme_hash.hex(),
        "rate": redemption.rate,
        "currency": redemption.currency,
        "points": redemption.points.amount,
        "net_minor": redemption.net_minor,
        "discount_minor": redemption.discount_minor,
    }


def _replay_problem(redemption: Redemption, refunds: Sequence[StoredRefund]) -> str | None:
    replayed = replace(
        redemption,
        state=RedemptionState.HELD,
        captured_minor=0,
        captured_points=NO_POINTS,
        paid_minor=0,
        refunded_minor=0,
        returned_minor=0,
        returned_points=NO_POINTS,
        refunded_by=None,
        lines=tuple(_untouched(line) for line in redemption.lines),
    )
    try:
        if redemption.captured_at is not None:
            taken = decide_capture(
                replayed,
                lines={
                    line.line_id: LineCapture(line.captured_minor, line.paid_minor)
                    for line in redemption.lines
                },
                at=redemption.captured_at,
            )
            replayed = replace(
                replayed,
                state=RedemptionState.CAPTURED,
                captured_minor=taken.discount_minor,
                captured_points=taken.points,
                paid_minor=taken.paid_minor,
                lines=taken.lines,
            )
        for refund in refunds:
            decided = decide_refund(replayed, refund.amount_minor, refund.lines)
            if (decided.points, decided.refunded_minor) != (refund.points, refund.refunded_minor):
                return f"has a refund {refund.source_refund_id} that its history does not come to"
            replayed = replace(
                replayed,
                state=decided.state,
                refunded_minor=decided.refunded_minor,
                returned_minor=decided.returned_minor,
                returned_points=decided.returned_points,
                refunded_by=decided.refunded_by,
                lines=decided.lines,
            )
    except VkladError as error:
        return f"has a history that cannot be: {error.message}"
    closed = {RedemptionState.RELEASED, RedemptionState.EXPIRED}
    if redemption.state in closed:
        replayed = replace(replayed, state=redemption.state)
    return None if replayed == redemption else "is not what its history comes to"


def _untouched(line: RedeemedLine) -> RedeemedLine:
    return RedeemedLine(line.line_id, line.net_minor, line.discount_minor, line.rate)


def _redemptions(work: Work) -> Iterator[Finding]:
    after = UUID(int=0)
    while page := store.page_with_quotes(work, after, _PAGE):
        holds = {
            hold.hold_id: hold
            for hold in lots_store.read_holds(work, [each.hold_id for each, _ in page])
        }
        refunds = store.refunds_by_redemption(work, [each.redemption_id for each, _ in page])
        for redemption, quote in page:
            problem = check_redemption(
                redemption,
                quote,
                holds[redemption.hold_id],
                refunds.get(redemption.redemption_id, []),
            )
            if problem is not None:
                yield Finding(NAME, "redemptions", str(redemption.redemption_id), problem)
        after = page[-1][0].redemption_id
    for hold_id in store.holds_without_redemption(work):
        yield Finding(NAME, "holds", str(hold_id), "is for a redemption that no row states")


def check_code(redemption: Redemption, code: StoredCode, use: CodeUse | None) -> str | None:
    """What is wrong with the code of a redemption; ``None`` if nothing is."""
    if code.expires_at != redemption.expires_at:
        return "ends at another time than its hold"
    if (use is not None) != (redemption.state in CAPTURED_STATES):
        return f"is {'used' if use else 'unused'} and its redemption is {redemption.state}"
    if use is None:
        return None
    if (use.order_number, use.net_minor) != (redemption.order_number, redemption.net_minor):
        return "was used for another order than its redemption is on"
    return None if use.used_at == redemption.captured_at else "was used at another time"


def _codes(work: Work) -> Iterator[Finding]:
    after = UUID(int=0)
    while page := store.page_with_quotes(work, after, _PAGE):
        known = code_store.of_redemptions(work, [each.redemption_id for each, _ in page])
        for redemption, quote in page:
            code, use = known.get(redemption.redemption_id, (None, None))
            if code is None:
                named = isinstance(quote, dict) and "code" in quote
                problem = "was held for a code that no row states" if named else None
            else:
                problem = check_code(redemption, code, use)
            if problem is not None:
                where = str(redemption.redemption_id)
                yield Finding(CODES, "redemption_codes", f"of redemption {where}", problem)
        after = page[-1][0].redemption_id


REDEMPTION_CHECKS: Final = (Check(NAME, _redemptions), Check(CODES, _codes))
"""The checks of this room, for ``vklad ledger verify``."""
