"""Proposing, approving and refusing grants. Every door takes these, the CLI too.

Only persons act here, and only admins. A machine has no member's id to give.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ledger.grants import store
from ledger.grants.errors import (
    AnotherPersonNeeded,
    BadGrant,
    BudgetExceeded,
    GrantClosed,
    GrantContentDiffers,
    GrantNotPayableYet,
    GrantThresholdReached,
    OwnGrant,
    PreviewNeeded,
    UnknownBeneficiary,
    UnknownBudget,
    UnknownGrant,
    VestingAboutWhom,
)
from ledger.grants.model import (
    LINES_MAX,
    POINTS_PER_LINE_MAX,
    REASON_LENGTH_MAX,
    WINDOW,
    Approval,
    ApproveGrant,
    Budget,
    CloseGrant,
    CreateGrant,
    Grant,
    GrantPolicy,
    GrantState,
    Preview,
    confirmation,
    content_digest,
    payment_text,
    reason_digest,
)
from ledger.grants.vesting import GrantVesting, terms_of
from ledger.journal import service as journal
from ledger.journal.model import EntryKind
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots.granting import grant_lots
from ledger.lots.model import Cause, GrantLot
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.persons import store as persons
from ledger.members.roles.words import require_word, whose_word_counts
from ledger.programme import service as programmes

GRANT_CAUSE = "grant"
"""The cause kind of lots that a grant gave; the cause id is the grant's."""


def preview(work: Work, command: CreateGrant) -> Preview:
    """What proposing this would mean; writes nothing.

    Raises:
        As :func:`create`, but for PreviewNeeded.
    """
    vesting = _vesting(work, command)
    budget = _check(work, command, vesting)
    persons_needed, payable_from = _carefulness(work, command)
    points = sum_points(line.points for line in command.lines)
    return Preview(
        points=points,
        line_count=len(command.lines),
        persons_needed=persons_needed,
        payable_from=payable_from,
        budget_left=budget.left - points,
        confirm=confirmation(command, vesting),
        vesting=vesting,
    )


def create(work: Work, command: CreateGrant) -> Grant:
    """Propose a grant; its creator is the first person to stand for it.

    Raises:
        NotAnAdmin: only admins propose.
        BadGrant, UnknownBeneficiary, OwnGrant: the content cannot be paid.
        NoProgrammeInForce, UnknownVesting, VestingDaysOutOfBounds, VestingAboutWhom: nor wait so.
        UnknownBudget, BudgetExceeded: nor from this budget.
        GrantThresholdReached: nor by a single admin today.
        PreviewNeeded: several lines, not previewed as they are.
    """
    journal.lock_head(work)
    vesting = _vesting(work, command)
    _check(work, command, vesting)
    persons_needed, payable_from = _carefulness(work, command)
    if len(command.lines) > 1 and command.confirm != confirmation(command, vesting):
        raise PreviewNeeded("Preview this list first, and confirm what the preview showed.")
    grant_id = work.ids.new(work.now)
    draft = Grant(
        grant_id=grant_id,
        budget_id=command.budget_id,
        created_by=command.created_by,
        created_at=work.now,
        activates_at=command.activates_at,
        expires_at=command.expires_at,
        lines=command.lines,
        points=sum_points(line.points for line in command.lines),
        reason=command.reason,
        reason_digest=reason_digest(grant_id, command.reason),
        content_digest=b"",
        persons_needed=persons_needed,
        payable_from=payable_from,
        state=GrantState.PROPOSED,
        closed_by=None,
        closed_at=None,
        approvals=(),
        vesting=vesting,
    )
    hashed = content_digest(draft)
    grant = replace(
        draft,
        content_digest=hashed,
        approvals=(Approval(command.created_by, hashed, work.now),),
    )
    store.insert_grant(work, grant)
    return grant


def approve(work: Work, command: ApproveGrant) -> Grant:
    """Stand for a grant; with enough persons it is paid in the same transaction.

    A single admin calls it again once the delay is over, if nobody became another meanwhile.

    Raises:
        UnknownGrant, GrantClosed: there is nothing to approve.
        NotAnAdmin, OwnGrant, AnotherPersonNeeded: not by this person.
        WordCountsNoLonger: who proposed it is no admin any more.
        GrantContentDiffers: the digest is not of this grant's content.
        GrantNotPayableYet: the delay is not over.
        BudgetExceeded: the budget has been used up meanwhile.
        BadGrant, UnknownBeneficiary: what was granted would have expired, or somebody left.
    """
    journal.lock_head(work)
    grant = _open_grant(work, command.grant_id)
    members.require_admin(work, command.person_id)
    require_word(work, grant.created_by)
    if command.content_digest != grant.content_digest:
        raise GrantContentDiffers("This approval is for other content than the grant has.")
    _refuse_beneficiary(work, command.person_id, grant)
    if all(approval.person_id != command.person_id for approval in grant.approvals):
        approval = Approval(command.person_id, command.content_digest, work.now)
        store.insert_approval(work, grant.grant_id, approval)
        grant = replace(grant, approvals=(*grant.approvals, approval))
    elif grant.payable_from is None or members_store.count_admins(work) > 1:
        raise AnotherPersonNeeded("You stand for this grant already; another person must approve.")
    elif work.now < grant.payable_from:
        raise GrantNotPayableYet(
            f"This grant is announced until {grant.payable_from:%Y-%m-%d %H:%M} UTC.",
            payable_from=grant.payable_from.isoformat(),
        )
    return _pay(work, grant, command.person_id) if _enough(work, grant, command.policy) else grant


def close(work: Work, command: CloseGrant) -> Grant:
    """Withdraw one's own proposal, or reject another's.

    Raises:
        UnknownGrant, GrantClosed: there is nothing to close.
        NotAnAdmin: not by this person.
    """
    journal.lock_head(work)
    grant = _open_grant(work, command.grant_id)
    members.require_admin(work, command.person_id)
    own = command.person_id == grant.created_by
    state = GrantState.WITHDRAWN if own else GrantState.REJECTED
    store.close_grant(work, grant.grant_id, state, command.person_id)
    return replace(grant, state=state, closed_by=command.person_id, closed_at=work.now)


def find(work: Work, grant_id: UUID) -> Grant:
    """A grant as it is.

    Raises:
        UnknownGrant: there is none.
    """
    grant = store.read_grant(work, grant_id)
    if grant is None:
        raise UnknownGrant("There is no such grant.", grant=format_id("grt", grant_id))
    return grant


def _open_grant(work: Work, grant_id: UUID) -> Grant:
    grant = find(work, grant_id)
    if grant.state is not GrantState.PROPOSED:
        raise GrantClosed(f"This grant was {grant.state} before.", state=grant.state.value)
    return grant


def _vesting(work: Work, command: CreateGrant) -> GrantVesting | None:
    """The terms of the kind asked for, in the programme in force."""
    if command.vesting is None:
        return None
    vesting = terms_of(programmes.in_force(work, work.now).programme, command.vesting)
    if command.activates_at is not None:
        raise _bad("a grant of a kind is pending as the kind says, and states no activates_at")
    about = command.vesting.about
    if about is not None:
        _refuse_strangers(work, [about])
        paid = persons.persons_of(work, [line.member_id for line in command.lines])
        if persons.person_of(work, about) in paid.values():
            raise VestingAboutWhom("The condition would be about somebody whom the grant pays.")
    return vesting


def _check(work: Work, command: CreateGrant, vesting: GrantVesting | None) -> Budget:
    members.require_admin(work, command.created_by)
    if not 0 < len(command.reason.strip()) <= REASON_LENGTH_MAX:
        raise _bad(f"a grant's reason has 1 to {REASON_LENGTH_MAX} characters")
    if not 0 < len(command.lines) <= LINES_MAX:
        raise _bad(f"a grant has 1 to {LINES_MAX} lines")
    beneficiaries = [line.member_id for line in command.lines]
    for number, line in enumerate(command.lines, start=1):
        if not 0 < line.points.amount <= POINTS_PER_LINE_MAX:
            raise _bad(f"line {number} is not of 1 to {POINTS_PER_LINE_MAX} points")
    if len(set(beneficiaries)) != len(beneficiaries):
        raise _bad("a member is named in two lines")
    if command.created_by in beneficiaries:
        raise OwnGrant("You cannot propose a grant to yourself.")
    matures_at = command.activates_at if vesting is None else vesting.matures(work.now)
    _refuse_dead(matures_at, command.expires_at, work.now)
    _refuse_strangers(work, beneficiaries)
    return budget_with(work, command.budget_id, sum_points(line.points for line in command.lines))


def _refuse_dead(activates_at: datetime | None, expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= max(activates_at or now, now):
        raise _bad("the points would expire before they can be used")


def _refuse_strangers(work: Work, beneficiaries: list[UUID]) -> None:
    strangers = store.not_active(work, beneficiaries)
    if strangers:
        member = format_id("mem", strangers[0])
        raise UnknownBeneficiary(f"{member} is no active member.", member=member)


def _refuse_beneficiary(work: Work, person_id: UUID, grant: Grant) -> None:
    paid = persons.persons_of(work, [line.member_id for line in grant.lines])
    if persons.person_of(work, person_id) in paid.values():
        raise OwnGrant("You cannot approve a grant that pays you.")


def budget_with(work: Work, budget_id: UUID, points: Points) -> Budget:
    """The budget, if it has that much left.

    Raises:
        UnknownBudget: there is none.
        BudgetExceeded: it has less; the message says how much.
    """
    found = store.read_budgets(work, budget_id)
    if not found:
        raise UnknownBudget("There is no such budget.", budget=format_id("bud", budget_id))
    (budget,) = found
    if points > budget.left:
        raise BudgetExceeded(
            f"The budget {budget.name} has {budget.left.amount} points left; "
            f"{points.amount} are needed.",
            budget=format_id("bud", budget_id),
            left=budget.left.amount,
            required=points.amount,
        )
    return budget


def _carefulness(work: Work, command: CreateGrant) -> tuple[int, datetime | None]:
    """How many persons a proposal needs, and from when it is payable if that is one."""
    points = sum_points(line.points for line in command.lines)
    over = over_threshold(work, {command.created_by}, points, command.policy)
    delay = command.policy.single_admin_delay
    if delay is None or members_store.count_admins(work) > 1:
        return (3 if over else 2), None
    if over:
        limit = command.policy.third_person_above.amount
        raise GrantThresholdReached(
            f"A single admin grants at most {limit} points within 24 hours.", limit=limit
        )
    return 1, work.now + delay


def over_threshold(
    work: Work,
    persons: Collection[UUID],
    points: Points,
    policy: GrantPolicy,
    but_not: UUID | None = None,
) -> bool:
    """Whether one of these persons would have stood for more than the threshold in 24 hours.

    Grants and imports count together; ``but_not`` is the one that is looked at.
    """
    before = store.stood_for(work, persons, since=work.now - WINDOW, but_not=but_not)
    return any(stood + points > policy.third_person_above for stood in before.values())


def _enough(work: Work, grant: Grant, policy: GrantPolicy) -> bool:
    persons = whose_word_counts(work, {approval.person_id for approval in grant.approvals})
    if len(persons) == 1:
        alone = grant.payable_from is not None and work.now >= grant.payable_from
        return alone and members_store.count_admins(work) == 1
    over = over_threshold(work, persons, grant.points, policy, but_not=grant.grant_id)
    return len(persons) >= max(grant.persons_needed, 3 if over else 2)


def _pay(work: Work, grant: Grant, closed_by: UUID) -> Grant:
    budget_with(work, grant.budget_id, grant.points)
    activates_at = grant.usable_from(work.now)
    _refuse_dead(activates_at, grant.expires_at, work.now)
    _refuse_strangers(work, [line.member_id for line in grant.lines])
    stated = payment_text(grant, closed_by)
    store.close_grant(work, grant.grant_id, GrantState.PAID, closed_by)
    grant_lots(
        work,
        [
            GrantLot(
                member_id=line.member_id,
                amount=line.points,
                kind=EntryKind.GRANT,
                key=(str(grant.grant_id), str(number)),
                effective_at=work.now,
                activates_at=activates_at,
                expires_at=grant.expires_at,
                cause=Cause(GRANT_CAUSE, str(grant.grant_id)),
                why={**stated, "line": number},
                vesting=None if grant.vesting is None else grant.vesting.waits_for,
            )
            for number, line in enumerate(grant.lines, start=1)
        ],
    )
    return replace(grant, state=GrantState.PAID, closed_by=closed_by, closed_at=work.now)


def _bad(problem: str) -> BadGrant:
    return BadGrant(f"{problem[0].upper()}{problem[1:]}.", problem=problem)
