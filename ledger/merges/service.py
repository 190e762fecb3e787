"""Joining two members into one person, and parting them again.

    lock membership ─▶ both members by id ─▶ journal's head ─▶ refuse or hand over ─▶ project again

Lots, holds, awards and redemptions stay in the name under which they were written; the merged
member names who stands for them, and whatever is a person's is read by that (``members.persons``).
So nothing of a lot changes but whose it is, and a split gives back what is left of each.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from ledger.events.beside_store import members_beside
from ledger.grants import oneself_store
from ledger.journal import service as journal
from ledger.journal.model import AccountKind, EntryKind
from ledger.kernel import outbox
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import store as lots_store
from ledger.lots.due import apply_due, pay_debt
from ledger.lots.granting import save
from ledger.lots.model import ZERO
from ledger.lots.sheet import open_sheet
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import (
    SCORE_TOPIC,
    MemberNotActive,
    MemberStatus,
    UnknownMember,
)
from ledger.members.persons import store as persons
from ledger.members.roles.words import require_word
from ledger.merges import store
from ledger.merges.model import (
    ApproveMerge,
    CloseMerge,
    Merge,
    MergeContentDiffers,
    MergeDecided,
    MergeNeedsAnotherPerson,
    MergeOfOfficer,
    MergeState,
    MergeUnderReview,
    MergeWithOneself,
    MergeWouldPayOneself,
    NotMerged,
    ProposeMerge,
    ProposeSplit,
    UnknownMerge,
    check_reason,
    content_digest,
    reason_digest,
)
from ledger.merges.moving import Handover, handed_over
from ledger.scoring import service as scoring
from ledger.switches import service as switches
from ledger.switches.model import Switch
from ledger.wallets import service as wallets

MERGE_PROOF = "merge"
"""The kind of proof by which identities go over, or back."""


def propose_merge(work: Work, command: ProposeMerge) -> Merge:
    """Say that two members are one person; writes the proposal and nothing else.

    Raises:
        BadMergeReason: of the reason.
        NotAnAdmin: only admins propose.
        UnknownMember, MemberNotActive: of either of the two.
        MergeWithOneself, MergeOfOfficer, MergeUnderReview, MergeWouldPayOneself: these two cannot
            be merged, or not yet.
        MergeNeedsAnotherPerson: the proposer is one of the two.
    """
    reason = check_reason(command.reason)
    members.require_admin(work, command.by)
    refuse_merge(work, command.survivor, command.absorbed)
    _refuse_party(command.by, {command.survivor, command.absorbed})
    return _proposed(work, (command.survivor, command.absorbed), None, command.by, reason)


def propose_split(work: Work, command: ProposeSplit) -> Merge:
    """Say that a merge was a mistake; writes the proposal and nothing else.

    Raises:
        BadMergeReason: of the reason.
        NotAnAdmin: only admins propose.
        UnknownMerge, NotMerged: there is nothing to undo.
        MergeUnderReview: facts of theirs are under review.
        MergeNeedsAnotherPerson: the proposer is the person.
    """
    reason = check_reason(command.reason)
    members.require_admin(work, command.by)
    merge = find(work, command.merge_id)
    survivor = refuse_split(work, merge)
    _refuse_party(command.by, {survivor})
    return _proposed(work, (merge.survivor, merge.absorbed), merge.merge_id, command.by, reason)


def approve(work: Work, command: ApproveMerge) -> Merge:
    """The second person's yes: the merge or split is done in this transaction.

    Raises:
        UnknownMerge, MergeDecided: there is nothing to approve.
        NotAnAdmin, MergeNeedsAnotherPerson: not by this person.
        WordCountsNoLonger: who proposed it is no admin any more.
        MergeContentDiffers: the digest is not of this content.
        UnknownMember, MemberNotActive, MergeWithOneself, MergeOfOfficer, MergeUnderReview,
        MergeWouldPayOneself, NotMerged: it cannot be done any more.
    """
    members_store.lock_membership(work)
    merge = _open(work, command.merge_id)
    members.require_admin(work, command.by)
    require_word(work, merge.proposed_by)
    if command.content_digest != merge.content_digest:
        raise MergeContentDiffers("This approval is for other content than was proposed.")
    _refuse_party(command.by, {merge.survivor, merge.absorbed, merge.proposed_by})
    concerned = {merge.survivor, merge.absorbed, persons.person_of(work, merge.absorbed)}
    for member_id in sorted(concerned):
        members_store.lock_member(work, member_id)
    journal.lock_head(work)
    (_part if merge.is_split else _join)(work, merge)
    store.decide(work, merge, MergeState.APPROVED, command.by)
    return replace(merge, state=MergeState.APPROVED, decided_by=command.by, decided_at=work.now)


def close(work: Work, command: CloseMerge) -> Merge:
    """Withdraw one's own proposal, or reject another's.

    Raises:
        UnknownMerge, MergeDecided: there is nothing to close.
        NotAnAdmin: not by this person.
    """
    members_store.lock_membership(work)
    merge = _open(work, command.merge_id)
    members.require_admin(work, command.by)
    own = command.by == merge.proposed_by
    state = MergeState.WITHDRAWN if own else MergeState.REJECTED
    store.decide(work, merge, state, command.by)
    return replace(merge, state=state, decided_by=command.by, decided_at=work.now)


def find(work: Work, merge_id: UUID) -> Merge:
    """A merge or split as it is.

    Raises:
        UnknownMerge: there is none.
    """
    merge = store.find(work, merge_id)
    if merge is None:
        raise UnknownMerge("There is no such merge.", merge=format_id("mrg", merge_id))
    return merge


def _open(work: Work, merge_id: UUID) -> Merge:
    merge = find(work, merge_id)
    if merge.state is not MergeState.PROPOSED:
        raise MergeDecided(f"This was {merge.state} before.", state=merge.state.value)
    return merge


def _proposed(
    work: Work, pair: tuple[UUID, UUID], undoes: UUID | None, by: UUID, reason: str
) -> Merge:
    survivor, absorbed = pair
    merge_id = work.ids.new(work.now)
    draft = Merge(
        merge_id=merge_id,
        survivor=survivor,
        absorbed=absorbed,
        undoes=undoes,
        proposed_by=by,
        proposed_at=work.now,
        reason=reason,
        reason_digest=reason_digest(merge_id, reason),
        content_digest=b"",
    )
    merge = replace(draft, content_digest=content_digest(draft))
    store.insert(work, merge)
    return merge


def _refuse_party(person: UUID, others: Collection[UUID]) -> None:
    if person in others:
        raise MergeNeedsAnotherPerson(
            "A merge is proposed by one person and approved by another, neither of the two merged."
        )


def refuse_merge(work: Work, survivor: UUID, absorbed: UUID) -> None:
    """Return if these two can be merged.

    Raises:
        UnknownMember, MemberNotActive: of either of the two.
        MergeWithOneself, MergeOfOfficer, MergeUnderReview, MergeWouldPayOneself: these two cannot
            be merged, or not yet.
    """
    if survivor == absorbed:
        raise MergeWithOneself("These are one member already.")
    for member_id in (survivor, absorbed):
        _require_active(work, member_id)
    if store.had_a_role(work, absorbed):
        raise MergeOfOfficer(
            "Who has or had a role cannot be absorbed. Let this member be the survivor."
        )
    _refuse_review(work, survivor, absorbed)
    _refuse_own_pay(work, survivor, absorbed)


def _refuse_own_pay(work: Work, survivor: UUID, absorbed: UUID) -> None:
    """Return unless one of the two, or who merged into them, stands for what paid the other."""
    ours, theirs = persons.members_of(work, survivor), persons.members_of(work, absorbed)
    found = oneself_store.paid_by(work, ours, theirs) or oneself_store.paid_by(work, theirs, ours)
    if found is not None:
        what = format_id(found.prefix, found.id)
        raise MergeWouldPayOneself(
            f"One of the two proposed or approved {what}, which paid the other. It can be taken "
            "back first.",
            paid_by=what,
        )


def _refuse_review(work: Work, *whose: UUID) -> None:
    of_either = {each for member_id in whose for each in persons.members_of(work, member_id)}
    if store.under_review(work, of_either):
        raise MergeUnderReview("Facts of one of the two are under review. Decide on them first.")


def refuse_split(work: Work, merge: Merge) -> UUID:
    """Who stands for the two of a merge that can be undone.

    Raises:
        NotMerged, MemberNotActive: there is nothing to undo.
        MergeUnderReview: facts of theirs are under review.
    """
    if merge.is_split or merge.merge_id not in {each.merge_id for each in store.standing(work)}:
        raise NotMerged("This merge was never done, or is undone.")
    survivor = persons.person_of(work, merge.absorbed)
    if members.require_member(work, survivor).status is MemberStatus.ERASED:
        raise MemberNotActive("This member is erased.", status="erased")
    _refuse_review(work, survivor)
    return survivor


def _require_active(work: Work, member_id: UUID) -> None:
    member = members_store.find_member(work, member_id)
    if member is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    if member.status is not MemberStatus.ACTIVE:
        raise MemberNotActive(f"This member is {member.status}.", status=member.status)


def _join(work: Work, merge: Merge) -> None:
    survivor, absorbed = merge.survivor, merge.absorbed
    refuse_merge(work, survivor, absorbed)
    over = Handover(merge.merge_id, EntryKind.MERGE, absorbed, survivor, work.now)
    sheet = open_sheet(lots_store.position(work, absorbed))
    apply_due(sheet, work.now)
    save(work, [sheet])
    theirs = persons.members_of(work, absorbed)
    _hand_over(work, over, theirs, sheet.debt)
    if wallets.wallet_of(work, absorbed) is not None:
        wallets.unlink_wallet(work, absorbed)
    references = members_store.references_of_member(work, absorbed)
    _pass_identities(work, merge.merge_id, references, absorbed, survivor)
    persons.set_person(work, theirs, survivor, MemberStatus.MERGED)
    _pay_debt(work, survivor, merge.merge_id)
    _project_again(work, [survivor], references)


def _part(work: Work, split: Merge) -> None:
    assert split.undoes is not None, "a split undoes a merge"
    merge = find(work, split.undoes)
    survivor = refuse_split(work, merge)
    absorbed = merge.absorbed
    status = members.require_member(work, survivor).status
    references = store.identities_gone_over(work, merge.merge_id, survivor)
    theirs = branch_of(work, absorbed)
    over = Handover(split.merge_id, EntryKind.UNMERGE, survivor, absorbed, work.now)
    sheet = open_sheet(lots_store.position(work, survivor))
    apply_due(sheet, work.now)
    save(work, [sheet])
    brought = _debt_brought(work, merge.merge_id)
    _hand_over(work, over, theirs, min(sheet.debt, brought))
    persons.set_person(work, [absorbed], None, status)
    others = [each for each in theirs if each != absorbed]
    persons.set_person(work, others, absorbed, MemberStatus.MERGED)
    _pass_identities(work, split.merge_id, references, survivor, absorbed)
    _project_again(work, [survivor, absorbed], references)


def branch_of(work: Work, absorbed: UUID) -> list[UUID]:
    """The absorbed member and whoever was merged into them, by the merges that stand."""
    found = [absorbed]
    by_survivor: dict[UUID, list[UUID]] = {}
    for merge in store.standing(work):
        by_survivor.setdefault(merge.survivor, []).append(merge.absorbed)
    for member_id in found:
        found += by_survivor.get(member_id, [])
    return sorted(found)


def _hand_over(work: Work, over: Handover, whose: Collection[UUID], debt: Points) -> None:
    position = lots_store.position(work, over.giver)
    theirs = [held for held in position.lots if held.lot.member_id in set(whose)]
    drafts = handed_over(over, theirs, debt)
    if drafts:
        journal.post(work, drafts)
    store.keep_entries(work, over.merge_id, [draft.entry_id for draft in drafts])


def _debt_brought(work: Work, merge_id: UUID) -> Points:
    """What a merge moved of debt."""
    entries = journal.entries(work, store.entries_of(work, merge_id)).values()
    return sum_points(
        posting.amount
        for entry in entries
        for posting in entry.draft.postings
        if posting.credit.kind is AccountKind.DEBT
    )


def _pay_debt(work: Work, survivor: UUID, because_of: UUID) -> None:
    """Let what either has pay what either owes, as everything that makes points available does."""
    sheet = open_sheet(lots_store.position(work, survivor))
    apply_due(sheet, work.now)
    if sheet.debt > ZERO:
        pay_debt(sheet, work.now, because_of=because_of)
    save(work, [sheet])


def _pass_identities(
    work: Work, merge_id: UUID, references: Collection[UUID], giver: UUID, taker: UUID
) -> None:
    if references:
        digest = find(work, merge_id).content_digest
        to_taker = [(each, taker) for each in references]
        to_nobody = [(each, giver) for each in references]
        members_store.set_owner(work, to_taker, MERGE_PROOF)
        members_store.insert_links(
            work, to_nobody, action="unlinked", proof_kind=MERGE_PROOF, proof_digest=digest
        )
        members_store.insert_links(
            work, to_taker, action="linked", proof_kind=MERGE_PROOF, proof_digest=digest
        )
    store.keep_identities(work, merge_id, references)


def _project_again(work: Work, whose: Collection[UUID], references: Collection[UUID]) -> None:
    """Project these now, and whoever met them in a fact soon: who is who, is in their rules too.

    While the school has switched earning off, their scoring waits as everybody's does.
    """
    beside = members_beside(work, references) if references else []
    asked = sorted({*whose, *beside})
    outbox.put_many(work, SCORE_TOPIC, [(str(member_id), None) for member_id in asked])
    if switches.position(work, Switch.EARNING).is_on:
        for member_id in sorted(whose):
            outbox.take(work, SCORE_TOPIC, str(member_id))
            scoring.score_locked(work, member_id)
