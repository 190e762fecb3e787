"""Grants taken back, against the journal: who stood for it, and that just that was taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from ledger.grants import store as grants_store
from ledger.grants.gone_store import all_gone
from ledger.grants.model import Grant, GrantState
from ledger.grants.taking_back import store
from ledger.grants.taking_back.model import (
    TakeBack,
    TakeBackDecision,
    claw_key,
    claw_text,
    take_back_digest,
    take_back_reason_digest,
)
from ledger.grants.taking_back.service import cause_of
from ledger.journal import service as journal
from ledger.journal.model import EntryKind
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "grants taken back"
_PAGE: Final = 50
_GONE: Final = (GrantState.TAKING_BACK, GrantState.TAKEN_BACK)


def check_take_backs(work: Work) -> Iterator[Finding]:
    """Everything that was asked for, and every grant that is taken back."""
    after = UUID(int=0)
    while page := store.after(work, after, _PAGE):
        for asked in page:
            problem = _asked_problem(asked) or _effect_problem(work, asked)
            if problem is not None:
                yield Finding(NAME, "grant_take_backs", str(asked.take_back_id), problem)
        after = page[-1].take_back_id
    for state in _GONE:
        yield from _without_yes(work, state)


def _asked_problem(asked: TakeBack) -> str | None:
    if take_back_digest(asked) != asked.content_digest:
        return "is not what was asked for: its digest is of other content"
    if asked.reason is not None and (
        take_back_reason_digest(asked.take_back_id, asked.reason) != asked.reason_digest
    ):
        return "states another reason than was given"
    decided = asked.decided
    if decided is None:
        return None
    if decided.content_digest != asked.content_digest:
        return "was decided with another content's digest"
    waited = asked.due_from is not None and decided.decided_at >= asked.due_from
    own = decided.decided_by == asked.asked_by and not waited
    if own and decided.decision is TakeBackDecision.APPROVED:
        return f"was approved by {decided.decided_by}, who asked for it"
    return None


def _effect_problem(work: Work, asked: TakeBack) -> str | None:
    if asked.decided is None or asked.decided.decision is not TakeBackDecision.APPROVED:
        return None
    grant = grants_store.read_grant(work, asked.grant_id)
    assert grant is not None, "the schema says that there is one"
    if grant.state not in _GONE:
        return f"was approved, and its grant is {grant.state.value}"
    return _taken_problem(work, grant, asked) if grant.state is GrantState.TAKEN_BACK else None


def _taken_problem(work: Work, grant: Grant, asked: TakeBack) -> str | None:
    assert asked.decided is not None, "asked above"
    at = asked.decided.decided_at
    numbers = range(1, len(grant.lines) + 1)
    ids = {
        number: derived_id(at, EntryKind.CLAWBACK, *claw_key(grant, number)) for number in numbers
    }
    entries = journal.entries(work, list(ids.values()))
    missing = [number for number, entry_id in ids.items() if entry_id not in entries]
    if not all_gone(work, cause_of(grant), [grant.lines[number - 1].points for number in missing]):
        return f"was done, and the entry of line {missing[0]} is not in the journal"
    for number, entry_id in ids.items():
        line = grant.lines[number - 1]
        if entry_id not in entries:
            continue  # Nothing was left to take: its condition did not hold, or it decayed.
        cause = json.loads(entries[entry_id].draft.cause)
        if cause["why"] != claw_text(asked, number):
            return f"differs from what the entry of line {number} states of it"
        taken = cause["claw_back"]
        if (taken["member"], taken["amount"]) != (str(line.member_id), line.points.amount):
            return f"took line {number} from another member, or another amount"
    return None


def _without_yes(work: Work, state: GrantState) -> Iterator[Finding]:
    before = None
    while page := grants_store.list_grants(work, state=state, before=before, limit=_PAGE):
        asked = store.of_grants(work, [grant.grant_id for grant in page])
        for grant in page:
            decided = [each.state for each in asked.get(grant.grant_id, [])]
            if TakeBackDecision.APPROVED not in decided:
                problem = f"is {state.value}, and nobody approved that"
                yield Finding(NAME, "grants", str(grant.grant_id), problem)
        before = page[-1].grant_id


TAKE_BACK_CHECKS: Final = (Check(NAME, check_take_backs),)
"""The checks of this room."""
