"""What approvals in this room cover, and what stays of words: each by its own definition.

The digests are worked out here with nothing but ``hashlib`` and ``json``; none of them may change.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from ledger.grants.budgets.model import (
    BudgetDecision,
    BudgetProposal,
    Decided,
    proposal_digest,
)
from ledger.grants.imports import model as imports
from ledger.grants.imports.model import FileLine, Import, ImportLine, ImportState
from ledger.grants.taking_back import model as taking_back
from ledger.grants.taking_back.model import TakeBack, TakeBackDecision
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.units import Points

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA = UUID(int=0xA)
IMPORT = UUID(int=7)
BUDGET = BudgetProposal(
    budget_id=UUID(int=5),
    name="spring",
    amount=Points(1_000),
    proposed_by=UUID(int=3),
    proposed_at=AT,
    open_from=None,
    content_digest=b"",
)
LINE = ImportLine(
    number=2,
    member_id=ANNA,
    identity=None,
    points=Points(5),
    granted_on=date(2024, 1, 1),
    activates_on=None,
    expires_on=date(2026, 12, 31),
    mark=bytes(32),
    words_digest=b"\x01" * 32,
)
WHAT = Import(
    import_id=IMPORT,
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
    state=ImportState.PROPOSED,
    walked=0,
    closed_by=None,
    closed_at=None,
    approvals=(),
)


def plain(value: Json) -> bytes:
    """RFC 8785 of what has only ASCII names and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def test_words_leave_a_digest_that_is_salted() -> None:
    assert imports.mark_of(ANNA, "A-17") == sha(ANNA.bytes + b"A-17")
    assert imports.reason_digest(IMPORT, "moved") == sha(IMPORT.bytes + b"moved")
    line = FileLine(2, ANNA, Points(5), None, None, None, "A-17", "Winter")
    expected = sha(IMPORT.bytes + b'[2,"A-17","Winter"]')
    assert imports.words_digest(IMPORT, line) == expected


@pytest.mark.parametrize(
    ("line", "who"),
    [
        (LINE, {"member": str(ANNA), "identity": None}),
        (
            replace(LINE, member_id=None, identity=UUID(int=0xB)),
            {"member": None, "identity": str(UUID(int=0xB))},
        ),
    ],
)
def test_a_line_states_the_one_whom_it_is_for(line: ImportLine, who: dict[str, Json]) -> None:
    text: dict[str, Json] = {
        "line": 2,
        "points": 5,
        "granted_on": "2024-01-01",
        "activates_on": None,
        "expires_on": "2026-12-31",
        "words": "01" * 32,
        **who,
    }
    assert imports.line_text(line) == text
    assert imports.lines_digest([line, line]) == sha((plain(text) + b"\n") * 2)


@pytest.mark.parametrize("payable_from", [None, AT + timedelta(days=3)])
def test_an_import_is_approved_with_all_of_it(payable_from: datetime | None) -> None:
    what = replace(WHAT, payable_from=payable_from)
    stated: dict[str, Json] = {
        "import": str(IMPORT),
        "budget": str(UUID(int=2)),
        "created_by": str(UUID(int=3)),
        "created_at": Instant.of(AT).isoformat(),
        "points": 5,
        "lines": 1,
        "lines_digest": "00" * 32,
        "file": "00" * 32,
        "reason": "00" * 32,
        "persons_needed": 2,
        "payable_from": None if payable_from is None else Instant.of(payable_from).isoformat(),
    }
    assert imports.content_digest(what) == sha(plain(stated))


@pytest.mark.parametrize("open_from", [None, AT + timedelta(days=3)])
def test_a_budget_is_approved_with_all_of_it(open_from: datetime | None) -> None:
    stated: dict[str, Json] = {
        "budget": str(UUID(int=5)),
        "name": "spring",
        "amount": 1_000,
        "proposed_by": str(UUID(int=3)),
        "proposed_at": Instant.of(AT).isoformat(),
        "open_from": None if open_from is None else Instant.of(open_from).isoformat(),
    }
    assert proposal_digest(replace(BUDGET, open_from=open_from)) == sha(plain(stated))


def test_a_budget_is_proposed_until_it_is_decided() -> None:
    assert BUDGET.state == "proposed"
    decided = Decided(BudgetDecision.APPROVED, b"", UUID(int=4), AT)
    assert replace(BUDGET, decided=decided).state == BudgetDecision.APPROVED.value


ASKED = TakeBack(
    take_back_id=UUID(int=6),
    grant_id=UUID(int=1),
    asked_by=UUID(int=3),
    asked_at=AT,
    due_from=None,
    reason="twice",
    reason_digest=b"\x02" * 32,
    content_digest=b"",
)


@pytest.mark.parametrize("due_from", [None, AT + timedelta(days=3)])
def test_a_taking_back_is_approved_with_all_of_it(due_from: datetime | None) -> None:
    stated: dict[str, Json] = {
        "take_back": str(UUID(int=6)),
        "grant": str(UUID(int=1)),
        "asked_by": str(UUID(int=3)),
        "asked_at": Instant.of(AT).isoformat(),
        "due_from": None if due_from is None else Instant.of(due_from).isoformat(),
        "reason": "02" * 32,
    }
    assert taking_back.take_back_digest(replace(ASKED, due_from=due_from)) == sha(plain(stated))


def test_a_taking_back_waits_until_it_is_decided_and_leaves_a_salted_reason() -> None:
    assert ASKED.state == "waits"
    decided = taking_back.Decided(TakeBackDecision.REJECTED, b"", UUID(int=4), AT)
    assert replace(ASKED, decided=decided).state == "rejected"
    reason = taking_back.take_back_reason_digest(UUID(int=6), "twice")
    assert reason == sha(UUID(int=6).bytes + b"twice")
