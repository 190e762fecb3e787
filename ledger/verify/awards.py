"""Awards and their revisions against the journal (rule 10, and the journal's half of rule 6). Pure.

Each revision's difference is what its entry moved, and the entry states the award, the rule and the
receipt. Whether the facts entitle to it is for scoring to say; ids are checked beside
(:mod:`ledger.verify.award_ids`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from ledger.journal.model import EntryKind
from ledger.kernel.canonical import digest
from ledger.lots.clawing import AWARD_CAUSE
from ledger.verify.model import Finding

NAME: Final = "awards"


class RevisionRow(NamedTuple):
    """A revision with its award, and the first line of its entry with the sum of its lines.

    ``receipt`` is JSON. ``gaps`` is what the entry did not have to move. The last five are ``None``
    if no entry is named, or none found; ``moved`` counts what left issuance or a pool, or was
    revoked.
    """

    award_id: UUID
    member_id: UUID
    rule_id: str
    event_id: UUID | None
    period: str | None
    earned_at: datetime
    created_at: datetime
    revision: int
    points: int
    receipt: str
    entry_id: UUID | None
    recorded_at: datetime
    gaps: int
    kind: str | None
    cause: str | None
    effective_at: datetime | None
    posted_at: datetime | None
    moved: int | None


def check_awards(rows: Iterable[RevisionRow]) -> Iterator[Finding]:
    """Every revision, by award and number."""
    before: RevisionRow | None = None
    for row in rows:
        previous = before if before is not None and before.award_id == row.award_id else None
        before = row
        problem = _order_problem(previous, row) or _entry_problem(previous, row)
        if problem is not None:
            yield Finding(NAME, "award_revisions", f"{row.award_id} {row.revision}", problem)


def _order_problem(previous: RevisionRow | None, row: RevisionRow) -> str | None:
    if row.revision != (1 if previous is None else previous.revision + 1):
        return "does not follow the revision before it"
    if previous is not None:
        return None
    if row.created_at != row.recorded_at:
        return "is the first, and its award was created at another time"
    return None


def _entry_problem(previous: RevisionRow | None, row: RevisionRow) -> str | None:
    difference = row.points - (0 if previous is None else previous.points) - row.gaps
    if not difference:
        return None if row.entry_id is None else "changes nothing, and names an entry"
    if row.cause is None or row.kind not in {EntryKind.AWARD, EntryKind.CORRECTION}:
        return f"is worth {difference:+} points, and names no entry that moved them"
    if row.moved != abs(difference):
        return f"is worth {difference:+} points, and its entry moved {row.moved}"
    if row.posted_at != row.recorded_at:
        return "was recorded at another time than its entry"
    return _cause_problem(row, orjson.loads(row.cause), up=difference > 0)


def _cause_problem(row: RevisionRow, cause: dict[str, Any], *, up: bool) -> str | None:
    stated = cause["lots"][0] if up and "lots" in cause else cause.get("claw_back")
    award = {"kind": AWARD_CAUSE, "id": str(row.award_id)}
    if stated is None or (stated["cause"], stated["member"]) != (award, str(row.member_id)):
        return "names an entry of another award"
    if up and row.effective_at != row.earned_at:
        return "was earned at another time than its entry says"
    why = cause["why"]
    if (why["rule"], why["receipt"]) != (row.rule_id, digest(orjson.loads(row.receipt)).hex()):
        return "has another rule or receipt than its entry states"
    return None
