"""Issuing secrets, keys and origins of a source by two persons (DESIGN 3, rule 10).

Who has one states whatever the source may state, so one person must not have one alone. A school
with a single admin announces it publicly and waits in place of the second person, as with grants.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from ledger.events.credentials import store
from ledger.events.credentials.model import (
    ApproveCredential,
    Credential,
    ProposeCredential,
    RejectCredential,
)
from ledger.events.errors import (
    CredentialAnnounced,
    CredentialDecided,
    CredentialNeedsAnotherPerson,
    CredentialNotAsRead,
    UnknownCredential,
)
from ledger.events.sources import store as sources
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SINGLE_ADMIN_DELAY
from ledger.members.roles.words import require_word


def propose(work: Work, command: ProposeCredential) -> Credential:
    """Ask that a secret or key may speak for a source; it does not until another approves.

    Raises:
        NotAnAdmin: the proposer is none.
    """
    members.require_admin(work, command.proposed_by)
    alone = members_store.count_admins(work) == 1
    store.insert_credential(work, command, work.now + SINGLE_ADMIN_DELAY if alone else None)
    return _existing(work, command.credential_id)


def approve(work: Work, command: ApproveCredential) -> Credential:
    """Let a proposed secret or key speak; a secret's predecessors end after its overlap.

    Raises:
        NotAnAdmin: the approver is none.
        UnknownCredential, CredentialDecided, CredentialNotAsRead: there is nothing to approve, not
            any more, or not that.
        CredentialNeedsAnotherPerson: the approver proposed it, and there is another admin by now.
        CredentialAnnounced: and is the only admin, whose announcement has not stood long enough.
        WordCountsNoLonger: who proposed it is no admin any more.
    """
    members.require_admin(work, command.approved_by)
    found = _draft(work, command.credential_id)
    if found.content_digest != command.content_digest:
        raise CredentialNotAsRead("This is not what you read. Read it again.")
    if found.proposed_by is not None:
        require_word(work, found.proposed_by)
    if found.proposed_by == command.approved_by:
        _require_announced(work, found)
    if found.kind == "secret":
        overlap = timedelta(seconds=int(str(found.content["overlap_s"])))
        sources.end_secrets(work, found.source, work.now + overlap)
    store.decide_credential(work, found.credential_id, "approved", command.approved_by)
    return _existing(work, found.credential_id)


def reject(work: Work, command: RejectCredential) -> None:
    """See to it that a proposed secret or key never speaks; whoever proposed it may, too.

    Raises:
        NotAnAdmin: whoever does it is none.
        UnknownCredential, CredentialDecided: there is nothing to reject, or not any more.
    """
    members.require_admin(work, command.rejected_by)
    found = _draft(work, command.credential_id)
    store.decide_credential(work, found.credential_id, "rejected", command.rejected_by)


def withdraw(work: Work, command: RejectCredential) -> None:
    """As :func:`reject`, for what is being ended anyway: no change if it was decided or is none.

    Raises:
        NotAnAdmin: whoever does it is none.
    """
    members.require_admin(work, command.rejected_by)
    found = store.lock_credential(work, command.credential_id)
    if found is not None and found.state == "draft":
        store.decide_credential(work, found.credential_id, "rejected", command.rejected_by)


def _draft(work: Work, credential_id: UUID) -> Credential:
    found = store.lock_credential(work, credential_id)
    if found is None:
        raise UnknownCredential("There is no such secret, key or page of a source.")
    if found.state != "draft":
        raise CredentialDecided(f"This was {found.state} already.", state=found.state)
    return found


def _require_announced(work: Work, found: Credential) -> None:
    if found.announced_until is None or members_store.count_admins(work) > 1:
        raise CredentialNeedsAnotherPerson(
            "Another admin than the one who has or proposed this approves it."
        )
    if work.now < found.announced_until:
        raise CredentialAnnounced(
            f"This is announced until {found.announced_until:%Y-%m-%d %H:%M} UTC.",
            announced_until=found.announced_until.isoformat(),
        )


def _existing(work: Work, credential_id: UUID) -> Credential:
    found = store.lock_credential(work, credential_id)
    assert found is not None, "it was just written"
    return found
