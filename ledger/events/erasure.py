"""Forgetting who a member was: what names them is deleted, facts and entries stay.

Facts hold references only, so the projection, the journal and every proof are as before. What the
same account states later gets a fresh reference, linked to nobody. Rooms above this one that hold
words about persons forget them in the same transaction (``api.erasing``).
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from ledger.events import store as events_store
from ledger.grants import store as grants_store
from ledger.grants.imports import store as imports_store
from ledger.kernel.transaction import Work
from ledger.members import service, store
from ledger.members.erasures import store as erasures
from ledger.members.erasures.model import Erasure, RequestedBy
from ledger.members.model import MemberStatus, UnknownMember
from ledger.wallets import store as wallets_store


def erase_member(work: Work, member_id: UUID, requested_by: RequestedBy = "operator") -> None:
    """Delete name, identities, wallets and what was sent, and end all roles. Again is no change.

    Raises:
        UnknownMember: no such member.
        TooFewAdmins: it is an admin, and fewer than two others are there to go on.
    """
    store.lock_membership(work)
    if store.lock_member(work, member_id) is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    service.require_dispensable(work, member_id)
    references = erasures.references_ever(work, member_id)
    addresses = wallets_store.addresses_ever(work, member_id)
    words = [*erasures.words_about(work, member_id, references), *addresses]
    forget_references(work, references, words, member_id)
    grants_store.forget_reasons(work, member_id, words)
    wallets_store.delete_wallets(work, member_id)
    store.erase_personal(work, member_id, references)
    store.set_status(work, member_id, MemberStatus.ERASED)
    erasures.insert_erasure(work, Erasure(member_id, tuple(references), requested_by, work.now))


def forget_references(
    work: Work, references: Iterable[UUID], words: list[str], member_id: UUID | None = None
) -> None:
    """Forget identities, what was sent about them, and where else these words stand."""
    found = list(references)
    events_store.erase_bodies(work, found)
    events_store.erase_reasons(work, words)
    imports_store.forget(work, found, words, member_id)
    erasures.forget_words(work, words)


def forget_unlinked(work: Work, references: Iterable[UUID]) -> int:
    """Forget identities on a list whose member a restored backup does not know; how many."""
    known = store.keys_by_reference(work, store.unlinked_of(work, references))
    if known:
        forget_references(work, known, [key.subject for key in known.values()])
        erasures.delete_keys(work, known)
    return len(known)
