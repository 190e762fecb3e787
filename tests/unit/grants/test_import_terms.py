"""What the lot of an imported line is: dated by the approval, never usable before it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from ledger.grants.imports.model import Import, ImportLine, ImportState
from ledger.grants.imports.paying import grant_of
from ledger.kernel.units import Points

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA = UUID(int=0xA)
WHAT = Import(
    import_id=UUID(int=1),
    budget_id=UUID(int=2),
    created_by=UUID(int=3),
    created_at=AT,
    points=Points(5),
    line_count=1,
    file_digest=bytes(32),
    lines_digest=bytes(32),
    reason=None,
    reason_digest=bytes(32),
    content_digest=bytes(32),
    persons_needed=2,
    payable_from=None,
    state=ImportState.APPROVED,
    walked=0,
    closed_by=UUID(int=4),
    closed_at=AT,
    approvals=(),
)


@pytest.mark.parametrize(
    ("activates_on", "activates_at"),
    [
        (None, AT),
        (date(2025, 1, 1), AT),
        (date(2026, 3, 2), AT),
        (date(2026, 3, 3), datetime(2026, 3, 3, tzinfo=UTC)),
    ],
)
def test_a_lot_begins_with_the_approval_or_later(
    activates_on: date | None, activates_at: datetime
) -> None:
    line = ImportLine(
        number=2,
        member_id=ANNA,
        identity=None,
        points=Points(5),
        granted_on=date(2024, 1, 1),
        activates_on=activates_on,
        expires_on=date(2026, 12, 31),
        mark=bytes(32),
        words_digest=bytes(32),
    )
    lot = grant_of(WHAT, line, ANNA)
    assert (lot.effective_at, lot.activates_at) == (AT, activates_at)
    assert lot.expires_at == datetime(2026, 12, 31, tzinfo=UTC)
    assert (lot.member_id, lot.amount, lot.cause) == (ANNA, Points(5), WHAT.cause)
