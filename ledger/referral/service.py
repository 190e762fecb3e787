"""Handing guest passes out, using them, and deciding on those that a person has to look at.

Claims are serial (the journal's turn): whoever claims sees every claim before it, so neither a
guest nor a network is counted wrong. What happens afterwards is in ``advancing``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.consents.model import Purpose
from ledger.consents.service import require_allowed
from ledger.journal import service as journal
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import MemberNotActive, MemberStatus, Role, UnknownMember
from ledger.members.persons import store as persons
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.programme.model import Programme
from ledger.programme.store import StoredActivation
from ledger.redemption.code_text import code_of, digest_of_code
from ledger.referral import store
from ledger.referral.errors import (
    GuestElsewhere,
    NoPlaceLeft,
    NotAReviewer,
    NothingToReview,
    PassLapsed,
    PassUnknown,
    PassUsed,
    ReferralNotOffered,
    ReviewUnreadable,
)
from ledger.referral.fingerprints import Fingerprints
from ledger.referral.model import (
    Claim,
    Claimed,
    Reason,
    Referral,
    ReferralState,
    ReferralTerms,
    decide_claim,
    has_place,
    is_lapsed,
)
from ledger.referral.terms import terms_of
from ledger.wallets import store as wallets

PREFIX: Final = "rfl"
REASON_LENGTH_MAX: Final = 500
REVIEWERS: Final = frozenset({Role.MODERATOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class IssuePass:
    """A member wants to invite somebody."""

    inviter: UUID


@dataclass(frozen=True, slots=True)
class PassIssued:
    """A fresh pass; its code is told this once and kept nowhere."""

    referral: Referral
    code: str


@dataclass(frozen=True, slots=True)
class ClaimPass:
    """Somebody uses a code; ``address`` is where the request came from."""

    guest: UUID
    code: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewPass:
    """A moderator's word on a pass that waits for it."""

    referral_id: UUID
    by: UUID
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Places:
    """How many passes a member has out, and may have."""

    open: int
    limit: int

    @property
    def left(self) -> int:
        """How many more."""
        return max(0, self.limit - self.open)


def issue(work: Work, command: IssuePass) -> PassIssued:
    """Hand a pass out.

    Raises:
        ReferralNotOffered: the programme in force has none.
        NoPlaceLeft: as many are out as may be.
        UnknownMember, MemberNotActive, ConsentNeeded: of the inviter.
    """
    _lock_active(work, command.inviter)  # One by one, so that none slips past the limit.
    require_allowed(work, command.inviter, Purpose.REFERRAL)
    programme = _offering(work)
    terms = terms_of(programme, work.now)
    if not has_place(store.open_count(work, command.inviter), terms):
        raise NoPlaceLeft(
            f"{terms.open_invitations} passes of yours are out and unused.",
            limit=terms.open_invitations,
        )
    code = code_of(work.ids.secret())
    digest = digest_of_code(code)
    assert digest is not None, "a fresh code is one"
    referral = Referral(
        referral_id=work.new_id(),
        inviter=command.inviter,
        programme_hash=programme.programme_hash,
        state=ReferralState.ISSUED,
        issued_at=work.now,
        lapses_at=work.now + terms.lapse_after,
    )
    store.insert(work, referral, digest)
    return PassIssued(referral, code)


def places(work: Work, member_id: UUID) -> Places:
    """How many passes a member may still hand out.

    Raises:
        ReferralNotOffered: the programme in force has none.
    """
    terms = terms_of(_offering(work), work.now)
    return Places(store.open_count(work, member_id), terms.open_invitations)


@dataclass(frozen=True, slots=True)
class Referrals:
    """The use cases that compare persons: they need the installation's key."""

    prints: Fingerprints

    def claim(self, work: Work, command: ClaimPass) -> Referral:
        """Use a pass: what became of it is its state. The same guest again changes nothing.

        Raises:
            PassUnknown, PassUsed, PassLapsed: not with this code.
            GuestElsewhere: already a guest by another pass.
            UnknownMember, MemberNotActive: of the guest.
        """
        _lock_active(work, command.guest)
        journal.lock_head(work)
        referral = _of_code(work, command)
        if referral.guest == command.guest:
            return referral
        terms = terms_of(programme_of(work, referral), work.now)
        if referral.inviter != command.guest and store.live_claim_of(work, command.guest):
            raise GuestElsewhere("You are a guest by another pass already.")
        decided = self._decide(work, referral, command, terms)
        claimed = replace(
            referral,
            state=decided.state,
            guest=command.guest,
            claimed_at=work.now,
            under_review=decided.under_review,
            reason=decided.reason,
        )
        store.update(work, claimed)
        return claimed

    def shared(self, work: Work, referral: Referral) -> frozenset[str]:
        """What kinds of identifiers both sides have in common, now or ever; keeps both's hashes."""
        assert referral.guest is not None, "only of a pass that was used"
        for side in (referral.inviter, referral.guest):
            for member_id in persons.members_of(work, persons.person_of(work, side)):
                self._remember(work, member_id)
        common = store.told_of(work, referral.inviter) & store.told_of(work, referral.guest)
        return frozenset(each.kind for each in common)

    def _decide(
        self, work: Work, referral: Referral, command: ClaimPass, terms: ReferralTerms
    ) -> Claimed:
        common = self.shared(work, replace(referral, guest=command.guest))
        alike = store.sharing(work, command.guest) - {referral.inviter}
        claim = Claim(
            guest=command.guest,
            guest_is_new=not store.has_paid_or_claimed(work, {command.guest, *alike}),
            shared=common,
            recent=self._seen(work, referral, command, terms),
        )
        return decide_claim(referral, claim, terms, work.now)

    def _seen(
        self, work: Work, referral: Referral, command: ClaimPass, terms: ReferralTerms
    ) -> tuple[datetime, ...]:
        since = work.now - terms.velocity.within
        network = self.prints.network(command.address)
        if network is None:
            return ()
        seen = store.seen_from(work, network, since)
        store.insert_network(work, referral.referral_id, network)
        return seen

    def _remember(self, work: Work, member_id: UUID) -> None:
        keys = store.identity_keys_ever(work, member_id)
        told = self.prints.identifiers(keys, wallets.addresses_ever(work, member_id))
        store.remember(work, member_id, told)


def review(work: Work, command: ReviewPass) -> Referral:
    """Let a pass that waits go on, or end it.

    Raises:
        NotAReviewer: of whoever asks, or it is their own pass.
        NothingToReview: it does not wait, or there is none.
        ReviewUnreadable: no reason, or too many words.
    """
    if not members.roles_of(work, command.by) & REVIEWERS:
        raise NotAReviewer("Only a moderator or an admin decides on guest passes.")
    reason = command.reason.strip()
    if not 1 <= len(reason) <= REASON_LENGTH_MAX:
        raise ReviewUnreadable(f"A reason has 1 to {REASON_LENGTH_MAX} characters.", field="reason")
    referral = store.lock(work, command.referral_id)
    if referral is None or not referral.under_review or referral.state is not ReferralState.CLAIMED:
        raise NothingToReview("This pass does not wait for a decision.")
    both = [each for each in (referral.inviter, referral.guest) if each is not None]
    if command.by in persons.persons_of(work, both).values():
        raise NotAReviewer("Another moderator has to decide on a pass of your own.")
    decided = replace(referral, under_review=False)
    if not command.accepted:
        decided = replace(decided, state=ReferralState.REJECTED, reason=Reason.REVIEW_REFUSED)
    store.update(work, decided)
    store.insert_review(work, referral.referral_id, command.by, reason, accepted=command.accepted)
    return decided


def programme_of(work: Work, referral: Referral) -> Programme:
    """The version under which a pass was handed out; its promises hold for that pass."""
    stored = programmes_store.programme(work, referral.programme_hash)
    assert stored is not None, "a stored version stays"
    return programmes.read_programme(stored.source_text)


def in_force_then(decided: Sequence[StoredActivation], at: datetime) -> Programme | None:
    """The version in force at a moment, by what of ``decided``, in its order, was known by then.

    What is decided later about the past changes nothing of what was bounded by it.
    """
    for activation in reversed(decided):
        if activation.effective_at <= at and activation.recorded_at <= at:
            return programmes.programme_of(activation)
    return None


def _of_code(work: Work, command: ClaimPass) -> Referral:
    """The pass as it can be used, with the persons that stand for its two sides."""
    digest = digest_of_code(command.code)
    referral = None if digest is None else store.lock_by_digest(work, digest)
    if referral is None:
        raise PassUnknown("No guest pass has this code.")
    both = persons.persons_of(work, {each for each in (referral.inviter, referral.guest) if each})
    guest = None if referral.guest is None else both[referral.guest]
    referral = replace(referral, inviter=both[referral.inviter], guest=guest)
    if guest == command.guest:
        return referral
    if referral.state is ReferralState.LAPSED or is_lapsed(referral, work.now):
        raise PassLapsed(
            f"This pass lapsed at {referral.lapses_at.isoformat()}.",
            lapsed_at=referral.lapses_at.isoformat(),
        )
    if not referral.is_open:
        raise PassUsed("This pass was used before.")
    inviter = members_store.find_member(work, referral.inviter)
    if inviter is None or inviter.status is not MemberStatus.ACTIVE:
        raise PassUnknown("No guest pass has this code.")
    return referral


def _offering(work: Work) -> Programme:
    try:
        programme = programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce as error:
        raise ReferralNotOffered("No programme is in force yet.") from error
    if programme.referral is None:
        raise ReferralNotOffered("The programme in force has no guest passes.")
    return programme


def _lock_active(work: Work, member_id: UUID) -> None:
    status = members_store.lock_member(work, member_id)
    if status is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    if status is not MemberStatus.ACTIVE:
        raise MemberNotActive("Guest passes are for members who take part.", status=status)
