"""Each way in which a revision of an award may contradict its entry, one at a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.kernel.canonical import Json, digest
from ledger.verify.awards import RevisionRow, check_awards

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
AWARD, MEMBER = UUID(int=1), UUID(int=2)
RECEIPT: dict[str, Json] = {"base": "5"}
STATED = {"cause": {"kind": "award", "id": str(AWARD)}, "member": str(MEMBER)}
WHY = {"rule": "read", "receipt": digest(RECEIPT).hex()}
UP = json.dumps({"lots": [STATED, {"cause": {}, "member": ""}], "why": WHY})
DOWN = json.dumps({"claw_back": STATED, "why": WHY})
FIRST = RevisionRow(
    award_id=AWARD,
    member_id=MEMBER,
    rule_id="read",
    event_id=UUID(int=3),
    period=None,
    earned_at=AT,
    created_at=AT,
    revision=1,
    points=5,
    receipt=json.dumps(RECEIPT),
    entry_id=UUID(int=4),
    recorded_at=AT,
    gaps=0,
    kind="award",
    cause=UP,
    effective_at=AT,
    posted_at=AT,
    moved=5,
)
MORE = FIRST._replace(revision=2, points=6, moved=1, kind="correction", recorded_at=LATER)
MORE = MORE._replace(posted_at=LATER)
LESS = MORE._replace(points=2, moved=3, cause=DOWN, effective_at=LATER)
NOTHING = FIRST._replace(points=0, entry_id=None, kind=None, cause=None, moved=None)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [FIRST],
        [FIRST, MORE],
        [FIRST, LESS],
        [FIRST, MORE._replace(cause=DOWN)],
        [NOTHING],
        [FIRST._replace(gaps=2, moved=3)],
        [FIRST, MORE._replace(gaps=1, entry_id=None, cause=None)],
        [FIRST, FIRST._replace(award_id=UUID(int=7), points=0, entry_id=None)],
    ],
    ids=[
        "none",
        "the first",
        "more",
        "less",
        "more of what was taken before",
        "nothing",
        "a part was not to be moved",
        "none of it was",
        "another award",
    ],
)
def test_what_its_entry_moved_is_sound(rows: list[RevisionRow]) -> None:
    assert list(check_awards(rows)) == []


def of(cause: str, **changes: Json) -> str:
    return json.dumps(json.loads(cause) | changes)


@pytest.mark.parametrize(
    ("before", "row", "problem"),
    [
        ([], MORE, "does not follow the revision before it"),
        ([FIRST], FIRST, "does not follow the revision before it"),
        ([FIRST], MORE._replace(revision=3), "does not follow the revision before it"),
        ([], FIRST._replace(created_at=LATER), "is the first, and its award was created at"),
        ([], FIRST._replace(points=0), "changes nothing, and names an entry"),
        ([], FIRST._replace(cause=None), "is worth +5 points, and names no entry"),
        ([], FIRST._replace(kind="grant"), "is worth +5 points, and names no entry"),
        ([], FIRST._replace(moved=4), "is worth +5 points, and its entry moved 4"),
        ([], FIRST._replace(gaps=1), "is worth +4 points, and its entry moved 5"),
        ([FIRST], LESS._replace(moved=2), "is worth -3 points, and its entry moved 2"),
        ([], FIRST._replace(posted_at=LATER), "was recorded at another time than its entry"),
        ([], FIRST._replace(cause=of(UP, lots=[{**STATED, "member": "x"}])), "names an entry of"),
        ([], FIRST._replace(cause=of(UP, lots=[{**STATED, "cause": {}}])), "names an entry of"),
        ([], FIRST._replace(cause=json.dumps({"why": WHY})), "names an entry of another award"),
        ([FIRST], LESS._replace(cause=UP), "names an entry of another award"),
        ([], FIRST._replace(effective_at=LATER), "was earned at another time than its entry"),
        ([FIRST], MORE._replace(effective_at=LATER), "was earned at another time than its entry"),
        ([], FIRST._replace(rule_id="write"), "has another rule or receipt than its entry"),
        ([], FIRST._replace(receipt="{}"), "has another rule or receipt than its entry"),
    ],
)
def test_each_contradiction_is_found(
    before: list[RevisionRow], row: RevisionRow, problem: str
) -> None:
    (found,) = check_awards([*before, row])
    assert (found.table, found.row) == ("award_revisions", f"{AWARD} {row.revision}")
    assert found.problem.startswith(problem)


def test_an_award_after_another_begins_anew() -> None:
    rows: list[Any] = [FIRST, MORE, FIRST._replace(award_id=UUID(int=7), revision=2)]
    (found,) = check_awards(rows)
    assert found.row == f"{UUID(int=7)} 2"
