"""Each way in which a lot may contradict the journal, one at a time."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.kernel.units import Points
from ledger.lots.model import Cause, Lot
from ledger.lots.sheet import lot_terms
from ledger.verify.lots import LotFlow, StoredLot, check_flows, check_terms

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LOT = Lot(UUID(int=1), UUID(int=2), Points(99), AT, None, Cause("test", "a"), UUID(int=9))
OTHER = replace(LOT, lot_id=UUID(int=3), granted=Points(5))
CAUSE = json.dumps({"lots": [lot_terms(OTHER), lot_terms(LOT)]})
STORED = StoredLot(LOT, AT, CAUSE, AT)
FLOW = LotFlow(LOT.lot_id, 10, 10, own=4, spent=3, expired=2, revoked=1, bridged=0, elsewhere=0)


def test_a_lot_that_says_what_its_entry_says_is_sound() -> None:
    assert list(check_terms([STORED])) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"cause": None}, "not in the journal"),
        ({"created_at": AT + timedelta(seconds=1)}, "created at another time"),
        ({"cause": json.dumps({"lots": [lot_terms(OTHER)]})}, "not among the lots"),
        ({"cause": "{}"}, "not among the lots"),
        ({"lot": replace(LOT, granted=Points(98))}, "states in granted$"),
        ({"lot": replace(LOT, member_id=UUID(int=4), expires_at=AT + DAY)}, "member, expires_at$"),
    ],
)
def test_terms_that_differ_are_found(change: dict[str, Any], problem: str) -> None:
    (found,) = check_terms([STORED._replace(**change)])
    assert (found.table, found.row) == ("lots", str(LOT.lot_id))
    assert re.search(problem, found.problem)


@pytest.mark.parametrize("change", [{}, {"spent": 0, "own": 7}, {"own": 0, "bridged": 4}])
def test_parts_that_add_up_are_sound(change: dict[str, int]) -> None:
    assert list(check_flows([FLOW._replace(**change)])) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"granted": None}, "has accounts, but no row"),
        ({"funded": 9}, "was granted 10 points, and its entry funded it with 9"),
        ({"elsewhere": 1}, "sent 1 points to accounts that are no part of a lot"),
        ({"own": -1, "spent": 8}, "has a negative part: own -1"),
        ({"own": 5}, "has parts that add up to 11; 10 were granted"),
    ],
)
def test_flows_that_do_not_add_up_are_found(change: dict[str, Any], problem: str) -> None:
    (found,) = check_flows([FLOW._replace(**change)])
    assert (found.table, found.row) == ("lots", str(LOT.lot_id))
    assert found.problem.startswith(problem)
