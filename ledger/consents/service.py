"""Publishing terms, saying yes and no, and the doors that ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.consents import store
from ledger.consents.model import (
    AcceptTerms,
    ConsentNeeded,
    ConsentRefused,
    PublishTerms,
    Purpose,
    RecordConsent,
    StateMinority,
    Terms,
    TermsDraft,
    TermsNotAccepted,
    TermsRefused,
    UnknownTerms,
    check_minority,
    check_terms,
    may,
)
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import MemberNotActive, MemberStatus, UnknownMember


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member sees: terms in force and coming, and when they accepted those in force."""

    in_force: Terms | None
    coming: Terms | None
    accepted_at: datetime | None


def publish(work: Work, command: PublishTerms) -> Terms:
    """Publish a version of the terms; the first may be in force at once.

    Raises:
        NotAnAdmin: only admins publish.
        TermsRefused: no text, too early, or these words were published before.
    """
    members_store.lock_membership(work)
    members.require_admin(work, command.by)
    draft = TermsDraft(command.text_ru, command.text_en, command.in_force_from or work.now)
    check_terms(draft, work.now, next(iter(store.versions(work)), None))
    terms = Terms(work.new_id(), draft, command.by, work.now)
    if not store.insert_terms(work, terms):
        raise TermsRefused("These very terms were published before.", field="ru")
    return terms


def accept(work: Work, command: AcceptTerms) -> None:
    """Accept the terms in force, or take that back. Saying the same again changes nothing.

    Raises:
        UnknownMember, MemberNotActive: of the member.
        UnknownTerms: these are not in force.
    """
    _lock_active(work, command.member_id)
    terms = store.in_force(work, work.now)
    if terms is None or terms.digest != command.digest:
        raise UnknownTerms("These are not the terms in force. Load the page again.")
    said = store.said_last(work, command.member_id, terms.terms_id, by_member=True)
    if command.accepts != (said is not None and said[0]):
        store.insert_consent(
            work, command.member_id, terms.terms_id, command.member_id, gives=command.accepts
        )


def record(work: Work, command: RecordConsent) -> None:
    """Write consent to a purpose down, or its withdrawal.

    An admin records what a parent signed, for a member under age; everybody says for themselves
    whether their profile is public.

    Raises:
        UnknownMember, MemberNotActive, NotAnAdmin: nobody, or not by this person.
        ConsentRefused: the member is of age, and says it alone.
    """
    _lock_active(work, command.member_id)
    own = command.by == command.member_id
    if not own:
        members.require_admin(work, command.by)
        if command.gives and not is_minor(work, command.member_id):
            raise ConsentRefused("Only the member consents to this.", field="purpose")
    elif command.purpose is not Purpose.PUBLIC_PROFILE:
        raise ConsentRefused("This takes consent only under age, by an admin.", field="purpose")
    said = store.said_last(work, command.member_id, command.purpose, by_member=own)
    if command.gives != (said is not None and said[0]):
        store.insert_consent(
            work, command.member_id, command.purpose, command.by, gives=command.gives
        )


def state_minority(work: Work, command: StateMinority) -> None:
    """Write down until when a member is under age; consents given for them are void once of age.

    Raises:
        NotAnAdmin, UnknownMember, MemberNotActive: not by this person, or of nobody.
        ConsentRefused: the day cannot be right, or it is one's own.
    """
    members.require_admin(work, command.by)
    _lock_active(work, command.member_id)
    if command.by == command.member_id:
        raise ConsentRefused("Another admin states this of you.", field="member")
    check_minority(command, work.now.date())
    store.set_minor(work, command.member_id, command.of_age_on)


def is_minor(work: Work, member_id: UUID) -> bool:
    """Whether a member is known to be under age now."""
    day = store.of_age_on(work, member_id)
    return day is not None and work.now.date() < day


def allowed(work: Work, member_id: UUID, purpose: Purpose) -> bool:
    """Whether a member may do what a purpose stands for."""
    said = (store.said_last(work, member_id, purpose, by_member=own) for own in (True, False))
    by_member, by_admin = (None if one is None else one[0] for one in said)
    return may(purpose, is_minor=is_minor(work, member_id), by_member=by_member, by_admin=by_admin)


def require_allowed(work: Work, member_id: UUID, purpose: Purpose) -> None:
    """Nothing, if the member may.

    Raises:
        ConsentNeeded: names the purpose.
    """
    if not allowed(work, member_id, purpose):
        raise ConsentNeeded(
            "This takes a consent that was not given; under age, a parent's that an admin records.",
            purpose=purpose.value,
        )


def require_terms(work: Work, member_id: UUID) -> None:
    """Nothing, if no terms are in force, or the member has accepted them.

    Raises:
        TermsNotAccepted: carries the digest of those in force.
    """
    terms = store.in_force(work, work.now)
    if terms is None:
        return
    said = store.said_last(work, member_id, terms.terms_id, by_member=True)
    if said is None or not said[0]:
        raise TermsNotAccepted(
            "Read and accept the terms first: on the page /terms.", digest=terms.digest.hex()
        )


def standing(work: Work, member_id: UUID | None) -> Standing:
    """The terms as they are, and what a member said to those in force."""
    terms = store.in_force(work, work.now)
    coming = [each for each in store.versions(work) if each.draft.in_force_from > work.now]
    said = None
    if terms is not None and member_id is not None:
        said = store.said_last(work, member_id, terms.terms_id, by_member=True)
    accepted_at = said[1] if said is not None and said[0] else None
    return Standing(terms, coming[-1] if coming else None, accepted_at)


def _lock_active(work: Work, member_id: UUID) -> None:
    status = members_store.lock_member(work, member_id)
    if status is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    if status is not MemberStatus.ACTIVE:
        raise MemberNotActive("This member does not take part.", member_id=str(member_id))
