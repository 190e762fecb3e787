"""Taking a paid grant back: asked for with a reason, approved by another person, done in parts.

What is left of each line's lot is revoked by an entry that cites the line's; what was spent is
taken from other lots and then becomes debt, as with every clawback. Then the budget is free again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from ledger.grants import service as grants
from ledger.grants.errors import (
    AnotherPersonNeeded,
    BadGrant,
    GrantContentDiffers,
    GrantNotPayableYet,
)
from ledger.grants.gone_store import gone_of_lines
from ledger.grants.model import REASON_LENGTH_MAX, Grant, GrantState
from ledger.grants.taking_back import store
from ledger.grants.taking_back.errors import GrantNotPaid, TakeBackWaits, UnknownTakeBack
from ledger.grants.taking_back.model import (
    TAKE_BACK_TOPIC,
    ApproveTakeBack,
    AskTakeBack,
    CloseTakeBack,
    Decided,
    TakeBack,
    TakeBackDecision,
    claw_key,
    claw_text,
    take_back_digest,
    take_back_reason_digest,
)
from ledger.journal import service as journal
from ledger.journal.model import EntryKind
from ledger.kernel import outbox
from ledger.kernel.ids import derived_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.lots.model import Cause, ClawBack
from ledger.lots.service import claw_back
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SINGLE_ADMIN_DELAY
from ledger.members.roles.words import require_word

CHUNK: Final = 50
"""Lines taken back in one transaction; each looks at all of a member's lots."""


def ask(work: Work, command: AskTakeBack) -> TakeBack:
    """Ask that what a grant paid be taken back; nothing is until another admin approves.

    Raises:
        NotAnAdmin: only admins ask.
        BadGrant: no reason is given.
        UnknownGrant, GrantNotPaid, TakeBackWaits: not of this grant, or not now.
    """
    journal.lock_head(work)
    members.require_admin(work, command.person_id)
    reason = command.reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH_MAX:
        raise BadGrant(f"A reason has 1 to {REASON_LENGTH_MAX} characters.", problem="reason")
    grant = _paid_grant(work, command.grant_id)
    if _waiting(work, grant.grant_id) is not None:
        raise TakeBackWaits("This was asked for already; another admin has to approve it.")
    take_back_id = work.ids.new(work.now)
    alone = members_store.count_admins(work) == 1
    draft = TakeBack(
        take_back_id=take_back_id,
        grant_id=grant.grant_id,
        asked_by=command.person_id,
        asked_at=work.now,
        due_from=work.now + SINGLE_ADMIN_DELAY if alone else None,
        reason=reason,
        reason_digest=take_back_reason_digest(take_back_id, reason),
        content_digest=b"",
    )
    asked = replace(draft, content_digest=take_back_digest(draft))
    store.insert(work, asked)
    return asked


def approve(work: Work, command: ApproveTakeBack) -> TakeBack:
    """Let what was asked for be done; the worker does it at once.

    Raises:
        NotAnAdmin: of whoever approves.
        UnknownGrant, GrantNotPaid, UnknownTakeBack: nothing waits for this grant.
        WordCountsNoLonger: who asked is no admin any more.
        GrantContentDiffers: the digest is not of what was asked for.
        AnotherPersonNeeded: who asked approves, and is not the only admin.
        GrantNotPayableYet: and is, but the delay is not over.
    """
    asked = _asked(work, command.grant_id, command.person_id)
    require_word(work, asked.asked_by)
    if command.content_digest != asked.content_digest:
        raise GrantContentDiffers("This approval is for other content than was asked for.")
    if command.person_id == asked.asked_by:
        _require_waited(work, asked)
    approved = _decide(work, asked, TakeBackDecision.APPROVED, command.person_id)
    store.set_state(work, asked.grant_id, GrantState.TAKING_BACK)
    outbox.put(work, TAKE_BACK_TOPIC, str(asked.grant_id))
    return approved


def close(work: Work, command: CloseTakeBack) -> TakeBack:
    """Withdraw what one asked for, or reject what another did.

    Raises:
        NotAnAdmin: not by this person.
        UnknownGrant, GrantNotPaid, UnknownTakeBack: nothing waits for this grant.
    """
    asked = _asked(work, command.grant_id, command.person_id)
    own = command.person_id == asked.asked_by
    decision = TakeBackDecision.WITHDRAWN if own else TakeBackDecision.REJECTED
    return _decide(work, asked, decision, command.person_id)


def carry_out(database: Database, grant_id: UUID) -> None:
    """Take back part after part until nothing is left to do."""
    while execute(database, carry_out_part, grant_id):
        pass


def carry_out_part(work: Work, grant_id: UUID, *, chunk: int = CHUNK) -> bool:
    """Do the next part of what was asked for in the outbox; whether there is more.

    Which lines are done the journal says: each line's entry has an id of its own.
    """
    if not outbox.take(work, TAKE_BACK_TOPIC, str(grant_id)):
        return False
    journal.lock_head(work)
    grant = grants.find(work, grant_id)
    if grant.state is not GrantState.TAKING_BACK:
        return False
    asked = store.of_grants(work, [grant_id])[grant_id][-1]
    commands = _commands(work, grant, asked)
    entry_ids = [derived_id(each.key_at, each.kind, *each.key) for each in commands]
    done = journal.entries(work, entry_ids)
    left = [
        command
        for entry_id, command in zip(entry_ids, commands, strict=True)
        if entry_id not in done
    ]
    for command in left[:chunk]:
        claw_back(work, command)
    if len(left) > chunk:
        outbox.put(work, TAKE_BACK_TOPIC, str(grant_id))
        return True
    store.set_state(work, grant_id, GrantState.TAKEN_BACK)
    return False


def _commands(work: Work, grant: Grant, asked: TakeBack) -> list[ClawBack]:
    assert asked.decided is not None, "taken back once it was approved"
    assert grant.closed_at is not None, "taken back once it was paid"
    cause = cause_of(grant)
    lines = [(line.member_id, line.points) for line in grant.lines]
    gone = gone_of_lines(work, cause, lines)
    return [
        ClawBack(
            member_id=line.member_id,
            amount=line.points,
            cause=cause,
            key=claw_key(grant, number),
            key_at=asked.decided.decided_at,
            at=work.now,
            why=claw_text(asked, number),
            cites_entry=derived_id(
                grant.closed_at, EntryKind.GRANT, str(grant.grant_id), str(number)
            ),
            gone=gone[number - 1],
        )
        for number, line in enumerate(grant.lines, start=1)
        if gone[number - 1] < line.points
    ]


def cause_of(grant: Grant) -> Cause:
    """What the lots of a grant state as theirs."""
    return Cause(grants.GRANT_CAUSE, str(grant.grant_id))


def _paid_grant(work: Work, grant_id: UUID) -> Grant:
    grant = grants.find(work, grant_id)
    if grant.state is not GrantState.PAID:
        raise GrantNotPaid(
            f"Only a paid grant can be taken back; this one is {grant.state.value}.",
            state=grant.state.value,
        )
    return grant


def _asked(work: Work, grant_id: UUID, person_id: UUID) -> TakeBack:
    journal.lock_head(work)
    members.require_admin(work, person_id)
    asked = _waiting(work, _paid_grant(work, grant_id).grant_id)
    if asked is None:
        raise UnknownTakeBack("Nobody has asked that this grant be taken back.")
    return asked


def _waiting(work: Work, grant_id: UUID) -> TakeBack | None:
    asked = store.of_grants(work, [grant_id]).get(grant_id, [])
    return next((each for each in asked if each.decided is None), None)


def _require_waited(work: Work, asked: TakeBack) -> None:
    if asked.due_from is None or members_store.count_admins(work) > 1:
        raise AnotherPersonNeeded("You asked for this; another person must approve.")
    if work.now < asked.due_from:
        raise GrantNotPayableYet(
            f"The only admin takes back from {asked.due_from:%Y-%m-%d %H:%M} UTC.",
            payable_from=asked.due_from.isoformat(),
        )


def _decide(work: Work, asked: TakeBack, decision: TakeBackDecision, person_id: UUID) -> TakeBack:
    decided = Decided(decision, asked.content_digest, person_id, work.now)
    store.decide(work, asked.take_back_id, decided)
    return replace(asked, decided=decided)
