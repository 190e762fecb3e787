"""Asking for a budget, and the second person's yes or no. Every door takes these, the CLI too.

A budget creates no points, but whoever grants out of it does, and only as much as it has: so who
sets that limit stands for it as two persons do for a grant (DESIGN 3, rule 10).
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from ledger.grants import store as grants_store
from ledger.grants.budgets import store
from ledger.grants.budgets.errors import (
    BudgetContentDiffers,
    BudgetDecided,
    BudgetNeedsAnotherPerson,
    BudgetNotOpenYet,
)
from ledger.grants.budgets.model import (
    ApproveBudget,
    BudgetDecision,
    BudgetProposal,
    CloseBudget,
    Decided,
    ProposeBudget,
    VotedBudget,
    proposal_digest,
)
from ledger.grants.errors import BadGrant, BudgetNameTaken, UnknownBudget
from ledger.grants.model import BUDGET_AMOUNT_MAX, NAME_LENGTH_MAX, Budget
from ledger.journal import service as journal
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SINGLE_ADMIN_DELAY
from ledger.members.roles.words import require_word


def propose(work: Work, command: ProposeBudget) -> BudgetProposal:
    """Ask to set points aside; nothing can be granted from them until another admin approves.

    Raises:
        NotAnAdmin: only admins ask for budgets.
        BadGrant: no name, or no amount.
        BudgetNameTaken: there is one of this name.
    """
    members.require_admin(work, command.proposed_by)
    name = " ".join(command.name.split())
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise _bad(f"A budget's name has 1 to {NAME_LENGTH_MAX} characters.", "name")
    if not 0 < command.amount.amount <= BUDGET_AMOUNT_MAX:
        raise _bad(f"A budget has 1 to {BUDGET_AMOUNT_MAX} points.", "points")
    if store.name_taken(work, name):
        raise _taken(name)
    alone = members_store.count_admins(work) == 1
    draft = BudgetProposal(
        budget_id=work.ids.new(work.now),
        name=name,
        amount=command.amount,
        proposed_by=command.proposed_by,
        proposed_at=work.now,
        open_from=work.now + SINGLE_ADMIN_DELAY if alone else None,
        content_digest=b"",
    )
    proposal = replace(draft, content_digest=proposal_digest(draft))
    store.insert_proposal(work, proposal)
    return proposal


def approve(work: Work, command: ApproveBudget) -> BudgetProposal:
    """Open the budget that was asked for; its id is the proposal's.

    Raises:
        NotAnAdmin: of whoever approves.
        UnknownBudget, BudgetDecided, BudgetContentDiffers: there is nothing to approve, not any
            more, or not that.
        WordCountsNoLonger: who asked for it is no admin any more.
        BudgetNeedsAnotherPerson: the proposer approves their own, and is not the only admin.
        BudgetNotOpenYet: and is, but the notice has not stood long enough.
        BudgetNameTaken: another budget of this name was opened meanwhile.
    """
    members.require_admin(work, command.person_id)
    proposal = waiting(work, command.budget_id)
    require_word(work, proposal.proposed_by)
    if command.content_digest != proposal.content_digest:
        raise BudgetContentDiffers("This approval is for other content than was proposed.")
    if command.person_id == proposal.proposed_by:
        _require_announced(work, proposal)
    decided = Decided(BudgetDecision.APPROVED, proposal.content_digest, command.person_id, work.now)
    return _open(work, proposal, decided)


def approve_by_vote(work: Work, command: VotedBudget) -> BudgetProposal:
    """Open a budget that an admin asked for and the members approved.

    Raises:
        UnknownBudget, BudgetDecided, BudgetContentDiffers, BudgetNameTaken: as :func:`approve`.
    """
    proposal = waiting(work, command.budget_id)
    if command.content_digest != proposal.content_digest:
        raise BudgetContentDiffers("The members approved other content than was proposed.")
    decided = Decided(
        BudgetDecision.APPROVED, proposal.content_digest, None, work.now, dict(command.vote)
    )
    return _open(work, proposal, decided)


def close(work: Work, command: CloseBudget) -> BudgetProposal:
    """Withdraw one's own proposal, or reject another's.

    Raises:
        NotAnAdmin: not by this person.
        UnknownBudget, BudgetDecided: there is nothing to close.
    """
    members.require_admin(work, command.person_id)
    proposal = waiting(work, command.budget_id)
    own = command.person_id == proposal.proposed_by
    decision = BudgetDecision.WITHDRAWN if own else BudgetDecision.REJECTED
    decided = Decided(decision, proposal.content_digest, command.person_id, work.now)
    store.insert_decision(work, proposal.budget_id, decided)
    return replace(proposal, decided=decided)


def find(work: Work, budget_id: UUID) -> BudgetProposal:
    """A proposal as it is.

    Raises:
        UnknownBudget: there is none.
    """
    found = store.read_proposal(work, budget_id)
    if found is None:
        raise UnknownBudget("There is no such budget.", budget=format_id("bud", budget_id))
    return found


def waiting(work: Work, budget_id: UUID) -> BudgetProposal:
    """A proposal that nobody has decided; nobody else decides it before this transaction ends.

    Raises:
        UnknownBudget, BudgetDecided: there is none such.
    """
    journal.lock_head(work)
    proposal = find(work, budget_id)
    if proposal.decided is not None:
        raise BudgetDecided(f"This budget was {proposal.state} before.", state=proposal.state)
    return proposal


def _require_announced(work: Work, proposal: BudgetProposal) -> None:
    if proposal.open_from is None or members_store.count_admins(work) > 1:
        raise BudgetNeedsAnotherPerson(
            "You asked for this budget; another admin has to approve it."
        )
    if work.now < proposal.open_from:
        raise BudgetNotOpenYet(
            f"This budget is announced until {proposal.open_from:%Y-%m-%d %H:%M} UTC.",
            open_from=proposal.open_from.isoformat(),
        )


def _open(work: Work, proposal: BudgetProposal, decided: Decided) -> BudgetProposal:
    store.insert_decision(work, proposal.budget_id, decided)
    budget = Budget(
        budget_id=proposal.budget_id,
        name=proposal.name,
        amount=proposal.amount,
        opened_by=proposal.proposed_by,
        opened_at=work.now,
        paid=Points(0),
    )
    if not grants_store.insert_budget(work, budget):
        raise _taken(proposal.name)
    return replace(proposal, decided=decided)


def _bad(message: str, problem: str) -> BadGrant:
    return BadGrant(message, problem=problem)


def _taken(name: str) -> BudgetNameTaken:
    return BudgetNameTaken(f"There is a budget called {name!r}.", name=name)
