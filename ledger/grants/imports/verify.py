"""Imports against the journal: who stood for what, and that each line was paid once, as stated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from ledger.grants.gone_store import all_gone
from ledger.grants.imports import paying_store, store, verify_store
from ledger.grants.imports.model import (
    Import,
    ImportLine,
    ImportState,
    content_digest,
    lines_digest,
    payment_id,
    payment_text,
    reason_digest,
    taking_back_key,
    words_digest_of,
)
from ledger.grants.imports.paying_store import Payment
from ledger.journal import service as journal
from ledger.journal.model import EntryKind, PostedEntry
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "imports"
_PAGE: Final = 1_000
_IMPORTS_PAGE: Final = 50


def check_imports(work: Work) -> Iterator[Finding]:
    """Every import with its lines, and every entry that says it is of one."""
    after = UUID(int=0)
    while page := store.imports_after(work, after, _IMPORTS_PAGE):
        for what in page:
            problem = _content_problem(work, what) or _persons_problem(work, what)
            if problem is not None:
                yield Finding(NAME, "imports", str(what.import_id), problem)
            yield from _payments(work, what)
        after = page[-1].import_id
    for entry_id in verify_store.entries_without_line(work):
        problem = "is of an import, and no line of one names it"
        yield Finding(NAME, "transfers", f"of entry {entry_id}", problem)


def _content_problem(work: Work, what: Import) -> str | None:
    lines = list(store.all_lines(work, what.import_id, _PAGE))
    if content_digest(what) != what.content_digest:
        return "is not what was proposed: its digest is of other content"
    if lines_digest(lines) != what.lines_digest:
        return "has other lines than were proposed"
    points = sum(line.points.amount for line in lines)
    if (what.line_count, what.points.amount) != (len(lines), points):
        return f"states {what.points.amount} points; its lines come to {points}"
    if what.reason is not None and (
        reason_digest(what.import_id, what.reason) != what.reason_digest
    ):
        return "states another reason than was proposed"
    digests = {line.number: line.words_digest for line in lines}
    for number, words in store.words_of(work, what.import_id).items():
        if words_digest_of(what.import_id, number, *words) != digests[number]:
            return f"has other words in line {number} than were proposed"
    return None


def _persons_problem(work: Work, what: Import) -> str | None:
    persons = {approval.person_id for approval in what.approvals}
    if any(approval.content_digest != what.content_digest for approval in what.approvals):
        return "was approved with another content's digest"
    first = [a.approved_at for a in what.approvals if a.person_id == what.created_by]
    if first != [what.created_at]:
        return "is not stood for by its creator, from its creation"
    own = verify_store.named_approvers(work, what.import_id)
    if own:
        return f"names {min(own)}, who approved it"
    paid = verify_store.paid_approvers(work, what.import_id)
    if paid and what.state is not ImportState.TAKEN_BACK:
        return f"paid {min(paid)}, who approved it"
    if what.state in {ImportState.PROPOSED, ImportState.REJECTED, ImportState.WITHDRAWN}:
        return None
    return _decision_problem(work, what, len(persons))


def _decision_problem(work: Work, what: Import, persons: int) -> str | None:
    assert what.closed_at is not None, "the schema says that it was closed"
    waited = what.payable_from is not None and what.closed_at >= what.payable_from
    if persons < max(2, what.persons_needed) and not waited:
        return f"was approved with {persons} persons standing for it"
    if what.state not in {ImportState.TAKING_BACK, ImportState.TAKEN_BACK}:
        return None
    asked = store.read_take_backs(work, what.import_id)
    if not asked or any(each.content_digest != what.content_digest for each in asked):
        return "is taken back, and nobody asked for that"
    return None


def _payments(work: Work, what: Import) -> Iterator[Finding]:
    after = 0
    while page := paying_store.payments_after(work, what.import_id, after, _PAGE):
        lines = {
            line.number: line
            for line in store.lines_between(work, what.import_id, page[0].line, page[-1].line)
        }
        entries = journal.entries(work, [each.entry_id for each in page if each.entry_id])
        back = _taken_back(work, what, page, lines)
        for payment in page:
            problem = _payment_problem(what, lines[payment.line], payment, entries)
            if problem is None and payment.line in back:
                problem = back[payment.line]
            if problem is not None:
                row = f"{what.import_id} line {payment.line}"
                yield Finding(NAME, "import_payments", row, problem)
        after = page[-1].line


def _payment_problem(
    what: Import, line: ImportLine, payment: Payment, entries: Mapping[UUID, PostedEntry]
) -> str | None:
    if payment.entry_id is None:
        return None if line.expires_on is not None else "lapsed, though its points never expire"
    if payment.entry_id != payment_id(what, line.number):
        return "names an entry that is not its own"
    entry = entries.get(payment.entry_id)
    if entry is None:
        return "was credited, and its entry is not in the journal"
    cause = json.loads(entry.draft.cause)
    if cause["why"] != payment_text(what, line):
        return "differs from what its entry states of it"
    (terms,) = cause["lots"]
    if (terms["member"], terms["granted"]) != (str(payment.member_id), line.points.amount):
        return "was credited to another member, or another amount"
    return None


def _taken_back(
    work: Work, what: Import, page: list[Payment], lines: Mapping[int, ImportLine]
) -> dict[int, str]:
    """Line → what is wrong with its taking back."""
    if what.state not in {ImportState.TAKING_BACK, ImportState.TAKEN_BACK}:
        return {}
    asked = store.read_take_backs(work, what.import_id)
    if not asked:
        return {}
    key_at = asked[-1].asked_at
    expected = {
        each.line: derived_id(
            key_at, EntryKind.CLAWBACK, *taking_back_key(what.import_id, each.line)
        )
        for each in page
        if each.entry_id is not None and each.line <= what.walked
    }
    entries = journal.entries(work, list(expected.values()))
    missing = [line for line, entry_id in expected.items() if entry_id not in entries]
    if all_gone(work, what.cause, [lines[line].points for line in missing]):
        return {}
    return dict.fromkeys(missing, "was taken back, and that entry is not in the journal")


IMPORT_CHECKS: Final = (Check(NAME, check_imports),)
"""The checks of this room."""
