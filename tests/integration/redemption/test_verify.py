"""`ledger verify` names the redemption that somebody tampered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger.kernel.transaction import execute
from ledger.redemption import service
from ledger.redemption.model import Redemption
from ledger.redemption.service import CaptureRedemption, RefundRedemption, ReleaseRedemption
from ledger.redemption.verify import NAME, REDEMPTION_CHECKS
from ledger.verify.service import JOURNAL_CHECKS, verify
from tests.integration.redemption.conftest import School


@pytest.fixture
def refunded(school: School) -> Redemption:
    """A captured and twice refunded redemption, among others in every other state."""
    school.grant(1000)
    for number, act in enumerate((service.release, None, service.expire)):
        other = school.held(100, order=f"other-{number}")
        if act is service.release:
            command = ReleaseRedemption(school.lms, other.redemption_id)
            execute(school.database, service.release, command)
        school.clock.forward(minutes=30)
        if act is service.expire:
            execute(school.database, service.expire, other.redemption_id)
    held = school.held(400)
    execute(school.database, service.capture, CaptureRedemption(school.lms, held.redemption_id))
    for name, amount in (("r1", 1000), ("r2", 1)):
        refund = RefundRedemption(school.lms, held.redemption_id, name, amount)
        execute(school.database, service.refund, refund)
    return held


def test_an_honest_history_verifies(school: School, refunded: Redemption) -> None:
    assert refunded.points.amount == 400
    assert verify(school.database, (*JOURNAL_CHECKS, *REDEMPTION_CHECKS)).findings == ()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE redemptions SET discount_minor = 401 WHERE {it}", "differs from the quote"),
        ("UPDATE redemptions SET points = 399 WHERE {it}", "differs from the quote"),
        ("UPDATE redemptions SET captured_points = 399 WHERE {it}", "captured other points"),
        ("UPDATE redemptions SET returned_points = 88 WHERE {it}", "returned other points"),
        ("UPDATE redemptions SET refunded_minor = 1002 WHERE {it}", "is not what its history"),
        ("UPDATE redemptions SET paid_minor = 3000 WHERE {it}", "is not what its history"),
        ("UPDATE redemptions SET paid_minor = 4601 WHERE {it}", "is not what its history"),
        ("UPDATE refunds SET amount_minor = 2 WHERE source_refund_id = 'r2'", "a refund r2"),
        (
            """
            UPDATE redemptions SET state = 'released', captured_at = NULL, captured_minor = 0,
              captured_points = 0, paid_minor = 0, closed_at = created_at, lines = NULL
              WHERE {it}
            """,
            "is released and its hold is captured",
        ),
        ("UPDATE redemptions SET expired_points = 1 WHERE {it}", "other expired points"),
        (
            "UPDATE redemptions SET lines = jsonb_set(lines, '{{0,points}}', '399') WHERE {it}",
            "is not what its history",
        ),
        (
            """
            UPDATE redemptions SET lines = jsonb_set(lines, '{{0,discount_minor}}', '399')
             WHERE {it}
            """,
            "history that cannot be",
        ),
        ("DELETE FROM refunds", "is not what its history"),
    ],
)
def test_a_changed_row_is_named(
    school: School,
    refunded: Redemption,
    tamper: Callable[[str, dict[str, Any]], None],
    statement: str,
    problem: str,
) -> None:
    tamper(statement.format(it="redemption_id = :id"), {"id": refunded.redemption_id})
    (finding,) = verify(school.database, REDEMPTION_CHECKS).findings
    assert (finding.check, finding.table) == (NAME, "redemptions")
    assert finding.row == str(refunded.redemption_id)
    assert problem in finding.problem


def test_a_hold_without_its_redemption_is_named(
    school: School, refunded: Redemption, tamper: Callable[[str, dict[str, Any]], None]
) -> None:
    tamper("DELETE FROM refunds", {})
    tamper("DELETE FROM redemptions WHERE redemption_id = :id", {"id": refunded.redemption_id})
    (finding,) = verify(school.database, REDEMPTION_CHECKS).findings
    assert (finding.table, finding.row) == ("holds", str(refunded.hold_id))
