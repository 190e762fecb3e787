"""Imports: proposing a file that was looked at, approving it, saying no, asking for it back.

Only persons act here, and only admins, none of whom is in the file. What is approved is paid in
parts afterwards (:mod:`ledger.grants.imports.paying`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from ledger.grants import service as grants
from ledger.grants.imports import store
from ledger.grants.imports.errors import (
    ImportClosed,
    ImportContentDiffers,
    ImportNeedsAnotherPerson,
    ImportNotPayableYet,
    ImportNotPreviewed,
    OwnImport,
    UnknownImport,
)
from ledger.grants.imports.looking import effect_of, preview, read
from ledger.grants.imports.model import (
    IMPORT_TOPIC,
    ApproveImport,
    CloseImport,
    Effect,
    FileLine,
    Import,
    ImportLine,
    ImportState,
    ProposeImport,
    TakeBackImport,
    TakingBack,
    confirmation,
    content_digest,
    lines_digest,
    mark_of,
    reason_digest,
    words_digest,
)
from ledger.grants.model import Approval, GrantPolicy
from ledger.journal import service as journal
from ledger.kernel import outbox
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SINGLE_ADMIN_DELAY
from ledger.members.roles.words import require_word, whose_word_counts

_TAKEN_BACK_FROM: Final = (ImportState.APPROVED, ImportState.PAID)

__all__ = ["approve", "close", "find", "preview", "propose", "take_back"]


def propose(work: Work, command: ProposeImport) -> Import:
    """Propose what a dry run looked at; its creator is the first person to stand for it.

    Raises:
        ImportNotPreviewed: the file or what is said about it is not what the dry run saw.
        As :func:`preview` otherwise.
    """
    lines = read(work, command)
    if command.confirm != confirmation(command):
        raise ImportNotPreviewed("Look at this file first, and confirm what the dry run showed.")
    # Not the journal's head: a large file takes seconds, and nothing is paid here.
    store.lock_proposals(work)
    effect = effect_of(work, command, lines)
    members_store.lock_membership_shared(work)
    import_id = work.ids.new(work.now)
    kept = _kept(work, import_id, lines)
    draft = _draft(work, command, import_id, effect)
    draft = replace(draft, lines_digest=lines_digest(kept))
    hashed = content_digest(draft)
    approval = Approval(command.created_by, hashed, work.now)
    what = replace(draft, content_digest=hashed, approvals=(approval,))
    words = {
        line.number: (line.reference, line.reason)
        for line in lines
        if line.reference or line.reason
    }
    store.insert_import(work, what, kept, words)
    return what


def approve(work: Work, command: ApproveImport) -> Import:
    """Stand for an import; with enough persons its budget is taken whole, and paying begins.

    Whoever stands for it already calls it again once a public notice has stood long enough.

    Raises:
        UnknownImport, ImportClosed: there is nothing to approve.
        NotAnAdmin, OwnImport, ImportNeedsAnotherPerson: not by this person.
        WordCountsNoLonger: who proposed it is no admin any more.
        ImportContentDiffers: the digest is not of this import's content.
        ImportNotPayableYet: the delay is not over.
        BudgetExceeded: the budget has been used up meanwhile; nothing is paid.
    """
    journal.lock_head(work)
    what = _in_state(work, command.import_id, ImportState.PROPOSED)
    members.require_admin(work, command.person_id)
    require_word(work, what.created_by)
    _require_content(what, command.content_digest)
    if store.names_person(work, what.import_id, command.person_id):
        raise OwnImport("You cannot approve an import that pays you.")
    if all(approval.person_id != command.person_id for approval in what.approvals):
        approval = Approval(command.person_id, command.content_digest, work.now)
        store.insert_approval(work, what.import_id, approval)
        what = replace(what, approvals=(*what.approvals, approval))
    else:
        _require_waited(work, what)
    if not _enough(work, what, command.policy):
        return what
    grants.budget_with(work, what.budget_id, what.points)
    store.close_import(work, what.import_id, ImportState.APPROVED, command.person_id)
    outbox.put(work, IMPORT_TOPIC, str(what.import_id))
    return replace(
        what, state=ImportState.APPROVED, closed_by=command.person_id, closed_at=work.now
    )


def close(work: Work, command: CloseImport) -> Import:
    """Withdraw one's own proposal, or reject another's.

    Raises:
        UnknownImport, ImportClosed: there is nothing to close.
        NotAnAdmin: not by this person.
    """
    journal.lock_head(work)
    what = _in_state(work, command.import_id, ImportState.PROPOSED)
    members.require_admin(work, command.person_id)
    own = command.person_id == what.created_by
    state = ImportState.WITHDRAWN if own else ImportState.REJECTED
    store.close_import(work, what.import_id, state, command.person_id)
    return replace(what, state=state, closed_by=command.person_id, closed_at=work.now)


def take_back(work: Work, command: TakeBackImport) -> Import:
    """Ask for what an import paid; a second person's asking begins it, in parts.

    Entries that cite what they take back revoke what is left of each line; what was spent becomes
    debt. A school's only admin asks again when the delay is over.

    Raises:
        UnknownImport, ImportClosed: nothing was approved, or it is being taken back already.
        NotAnAdmin, ImportNeedsAnotherPerson: not by this person.
        ImportContentDiffers: the digest is not of this import's content.
        ImportNotPayableYet: the only admin's delay is not over.
    """
    journal.lock_head(work)
    what = _in_state(work, command.import_id, *_TAKEN_BACK_FROM)
    members.require_admin(work, command.person_id)
    _require_content(what, command.content_digest)
    asked = store.read_take_backs(work, what.import_id)
    mine = next((each for each in asked if each.person_id == command.person_id), None)
    if mine is None:
        store.insert_take_back(work, what.import_id, command.person_id, command.content_digest)
        if not whose_word_counts(work, [each.person_id for each in asked]):
            return what
    else:
        _require_alone(work, mine)
    store.set_state(work, what.import_id, ImportState.TAKING_BACK, walked=0)
    outbox.put(work, IMPORT_TOPIC, str(what.import_id))
    return replace(what, state=ImportState.TAKING_BACK, walked=0)


def find(work: Work, import_id: UUID) -> Import:
    """An import as it is, without its lines.

    Raises:
        UnknownImport: there is none.
    """
    found = store.read_import(work, import_id)
    if found is None:
        raise UnknownImport("There is no such import.", id=format_id("imp", import_id))
    return found


def _in_state(work: Work, import_id: UUID, *states: ImportState) -> Import:
    what = find(work, import_id)
    if what.state not in states:
        raise ImportClosed(f"This import is {what.state}.", state=what.state.value)
    return what


def _require_content(what: Import, digest: bytes) -> None:
    if digest != what.content_digest:
        raise ImportContentDiffers("This is for other content than the import has.")


def _require_waited(work: Work, what: Import) -> None:
    """Return if the notice of an import stands for everybody who is missing."""
    standing = len(what.approvals)
    if what.payable_from is None or members_store.count_admins(work) > standing:
        raise ImportNeedsAnotherPerson(
            "You stand for this import already; another person must approve."
        )
    if work.now < what.payable_from:
        raise ImportNotPayableYet(
            f"This import is announced until {what.payable_from:%Y-%m-%d %H:%M} UTC.",
            payable_from=what.payable_from.isoformat(),
        )


def _require_alone(work: Work, asked: TakingBack) -> None:
    """Return if a school's only admin has waited long enough."""
    if members_store.count_admins(work) > 1:
        raise ImportNeedsAnotherPerson("You asked for it already; another person must, too.")
    due = asked.asked_at + SINGLE_ADMIN_DELAY
    if work.now < due:
        raise ImportNotPayableYet(
            f"The only admin takes back from {due:%Y-%m-%d %H:%M} UTC.",
            payable_from=due.isoformat(),
        )


def _kept(work: Work, import_id: UUID, lines: Sequence[FileLine]) -> list[ImportLine]:
    """The lines as they are stored; identities never seen get a random reference, nobody's."""
    keys = {line.who for line in lines if not isinstance(line.who, UUID)}
    references = members.references_of(work, sorted(keys)) if keys else {}
    kept = []
    for line in lines:
        by_id = line.who if isinstance(line.who, UUID) else None
        identity = None if isinstance(line.who, UUID) else references[line.who]
        salt = by_id or identity
        assert salt is not None, "a line names a member or an identity"
        kept.append(
            ImportLine(
                number=line.number,
                member_id=by_id,
                identity=identity,
                points=line.points,
                granted_on=line.granted_on,
                activates_on=line.activates_on,
                expires_on=line.expires_on,
                mark=mark_of(salt, line.reference),
                words_digest=words_digest(import_id, line),
            )
        )
    return kept


def _draft(work: Work, command: ProposeImport, import_id: UUID, effect: Effect) -> Import:
    """The import before its lines are hashed and anybody stands for it."""
    return Import(
        import_id=import_id,
        budget_id=command.budget_id,
        created_by=command.created_by,
        created_at=work.now,
        points=effect.points,
        line_count=effect.line_count,
        file_digest=effect.file_digest,
        lines_digest=b"",
        reason=command.reason,
        reason_digest=reason_digest(import_id, command.reason),
        content_digest=b"",
        persons_needed=effect.persons_needed,
        payable_from=effect.payable_from,
        state=ImportState.PROPOSED,
        walked=0,
        closed_by=None,
        closed_at=None,
        approvals=(),
    )


def _enough(work: Work, what: Import, policy: GrantPolicy) -> bool:
    persons = whose_word_counts(work, {approval.person_id for approval in what.approvals})
    over = grants.over_threshold(work, persons, what.points, policy, but_not=what.import_id)
    if len(persons) >= max(what.persons_needed, 3 if over else 2):
        return True
    return len(persons) >= what.persons_needed and _waited(work, what)


def _waited(work: Work, what: Import) -> bool:
    if what.payable_from is None or work.now < what.payable_from:
        return False
    return members_store.count_admins(work) <= len(what.approvals)
