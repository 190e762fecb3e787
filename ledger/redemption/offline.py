"""A checkout without a connection takes codes from a list, and brings its uses back later.

    list ──▶ the till looks digests up, gives discounts off ──▶ uses ──┬─▶ counted, once
                                                                       └─▶ a conflict, kept

A use that cannot be counted is not lost: it is written down with why, for persons. What happened
at the till happened; nothing here takes points that are not held for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ledger.journal.service import lock_head
from ledger.kernel.canonical import Json
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Work
from ledger.redemption import code_store, offline_store
from ledger.redemption.code_text import digest_of_code
from ledger.redemption.code_use import UseCode, use
from ledger.redemption.errors import CodeUsed
from ledger.redemption.model import Redemption
from ledger.redemption.offers import Caller
from ledger.redemption.offline_store import Conflict
from ledger.redemption.offline_text import ListedCode, StatedUse

GIVEN_MORE = "given_more"
"""The conflict of a code that was counted, at less than the till gave off."""


@dataclass(frozen=True, slots=True)
class BringUses:
    """What a shop's till did while nobody could be asked."""

    source: str
    uses: tuple[StatedUse, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of a use: counted (now or before), or why not, as the error would have said."""

    use: StatedUse
    status: Literal["used", "used_before", "conflict"]
    captured_minor: int
    reason: str | None = None
    message: str | None = None


def codes_to_take(work: Work, source: str) -> list[ListedCode]:
    """The unused codes of a shop that are not over, those that end first first.

    A till may honour them without asking, so members can no longer take them back.
    """
    lock_head(work)
    return offline_store.live_codes(work, source)


def bring_uses(work: Work, command: BringUses) -> list[Counted]:
    """Count each use; what cannot be counted is kept and hinders no other. Again counts nothing."""
    return [_count(work, command.source, each) for each in command.uses]


def _count(work: Work, source: str, stated: StatedUse) -> Counted:
    savepoint = work.connection.begin_nested()
    try:
        redemption = use(work, UseCode(Caller(source=source), stated.code, _order(stated)))
    except VkladError as error:
        savepoint.rollback()
        before = _counted_before(work, stated, error)
        if before is not None:
            return before
        _keep(work, source, stated, error.code)
        return Counted(stated, "conflict", 0, error.code, error.message)
    savepoint.commit()
    return _used(work, source, stated, redemption)


def _used(work: Work, source: str, stated: StatedUse, redemption: Redemption) -> Counted:
    captured = redemption.captured_minor or 0
    if stated.given_minor <= captured:
        return Counted(stated, "used", captured)
    _keep(work, source, stated, GIVEN_MORE)
    message = f"The till gave {stated.given_minor} off, the code covers {captured}."
    return Counted(stated, "used", captured, GIVEN_MORE, message)


def _counted_before(work: Work, stated: StatedUse, error: VkladError) -> Counted | None:
    """The same use brought again; of another order it is a conflict."""
    if not isinstance(error, CodeUsed) or error.operands["order"] != stated.order:
        return None
    kept = digest_of_code(stated.code)
    code = None if kept is None else code_store.find_by_digest(work, kept)
    before = None if code is None else code_store.find_use(work, code.code_id)
    if code is None or before is None or before.content not in (None, _order(stated)):
        return None
    captured = offline_store.captured_minor(work, code.redemption_id)
    return Counted(stated, "used_before", captured)


def _keep(work: Work, source: str, stated: StatedUse, reason: str) -> None:
    content: Json = {
        "currency": stated.currency,
        "lines": [{"product": name, "price_minor": minor} for name, minor in stated.lines],
        "given_minor": stated.given_minor,
    }
    offline_store.insert_conflict(
        work,
        Conflict(
            conflict_id=work.new_id(),
            source=source,
            code_digest=digest_of_code(stated.code),
            order_number=stated.order,
            reason=reason,
            content=content,
            used_at=stated.used_at,
            recorded_at=work.now,
        ),
    )


def _order(stated: StatedUse) -> dict[str, Json] | None:
    if not stated.lines:
        return None
    return {
        "order": stated.order,
        "currency": stated.currency,
        "lines": [
            {"id": str(place), "product": product, "price_minor": minor}
            for place, (product, minor) in enumerate(stated.lines, start=1)
        ],
    }
