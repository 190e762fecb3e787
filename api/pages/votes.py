"""Votes for people: what is proposed, how it stands, what it would change, and my say in it.

Everything but one's own power is read from our copy of the chain, so these pages work while the
node does not answer, and for strangers. Signing is the browser's part (``static/votes.mjs``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.auth.wallet_place import ChainOff
from api.composition import Composition
from api.governing import governing_of, proposal_number, wallet_of
from api.http.parts import parts_of
from api.http.principal import CurrentMember
from api.pages.rendering import View, ViewHere
from api.pages.votes_calls import calls_of, deployment_of
from api.votes_effects import effect_of
from governance.ballots import service as ballots
from governance.ballots.model import Ballot, BallotState
from governance.programme_change import service as programme_change
from governance.programme_change.model import ProgrammeVote
from governance.projects import store as projects
from governance.projects.model import PREFIX, Project, ProjectState
from governance.proposals import reading
from governance.proposals import service as proposals
from governance.proposals.model import (
    BODY_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    KeyRole,
    Proposal,
    ProposalKind,
    ProposalState,
    Standing,
    WalletNeeded,
)
from governance.proposals.reading import BallotFacts, VoterFacts
from ledger.grants.budgets import store as budgets
from ledger.grants.budgets.model import BudgetProposal
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import TokenUnits
from ledger.programme import service as programmes
from ledger.programme import store as programme_store
from ledger.programme.store import StoredProgramme
from oracle.contracts.abi import Address
from oracle.guardian import record

router: Final = APIRouter(include_in_schema=False)

PROPOSALS_SHOWN_MAX: Final = 100
PROGRAMMES_SHOWN_MAX: Final = 50
PROJECTS_SHOWN_MAX: Final = 100
OPEN: Final = (
    ProposalState.ACTIVE,
    ProposalState.PENDING,
    ProposalState.SIGNED,
    ProposalState.SUCCEEDED,
    ProposalState.QUEUED,
)
"""Undecided or on their way, in the order in which they are listed."""
TONES: Final = {
    ProposalState.SIGNED: "quiet",
    ProposalState.REFUSED: "bad",
    ProposalState.PENDING: "info",
    ProposalState.ACTIVE: "accent",
    ProposalState.CANCELED: "quiet",
    ProposalState.DEFEATED: "bad",
    ProposalState.SUCCEEDED: "good",
    ProposalState.QUEUED: "info",
    ProposalState.EXPIRED: "quiet",
    ProposalState.EXECUTED: "good",
    ProposalState.EXECUTION_REVERTED: "bad",
}


def _composition(request: Request) -> Composition:
    composition = cast("Composition", parts_of(request))
    if not composition.chain_is_on:
        raise ChainOff("This installation has no chain: no wallets, tokens or votes.")
    return composition


CompositionHere = Annotated[Composition, Depends(_composition)]


@dataclass(frozen=True, slots=True)
class MySay:
    """What the reader may do about a proposal, and why not more."""

    member_id: UUID | None
    wallet: Address | None
    ballot: Ballot | None
    facts: BallotFacts | None = None
    voter: VoterFacts | None = None
    chain_answers: bool = True

    @property
    def may_vote(self) -> bool:
        """Whether the buttons are of use."""
        return (
            self.facts is not None
            and self.facts.standing.state is ProposalState.ACTIVE
            and bool(self.facts.weight)
            and not self.facts.has_voted
            and self.ballot is None
        )


@router.get("/votes")
def votes_list(view: ViewHere, composition: CompositionHere) -> Response:
    """Every proposal: the open ones first, then what was decided."""
    with composition.database.read() as work:
        found = proposals.proposals(work, PROPOSALS_SHOWN_MAX)
        now = work.now
    ranks = {state: rank for rank, state in enumerate(OPEN)}
    undecided = sorted(
        (each for each in found if each.state in ranks), key=lambda each: ranks[each.state]
    )
    return view.render(
        "votes/list.html",
        undecided=undecided,
        decided=[each for each in found if each.state not in ranks],
        tones=TONES,
        left=lambda until: _left(view, until, now),
        tally=lambda standing: _tally(view, standing),
    )


@router.get("/votes/new")
def new_vote(view: ViewHere, composition: CompositionHere, member_id: CurrentMember) -> Response:
    """Write a proposal: a programme version by what it is called, or words."""
    with composition.database.read() as work:
        activations = programmes.activations(work)
        current = activations[-1].programme_hash if activations else None
        versions = [
            each
            for each in programme_store.all_programmes(work)[:PROGRAMMES_SHOWN_MAX]
            if each.programme_hash != current
        ]
        waiting = projects.list_projects(
            work, states=(ProjectState.PROPOSED,), before=None, limit=PROJECTS_SHOWN_MAX
        )
        asked = budgets.waiting(work, PROJECTS_SHOWN_MAX)
        paused = record.guard(work).paused is not None
    wallet, voter, answers = _power(composition, member_id)
    return view.render(
        "votes/new.html",
        versions=[(f"0x{each.programme_hash.hex()}", _name(view, each)) for each in versions],
        projects=[
            (format_id(PREFIX, each.project_id), _project_name(view, each)) for each in waiting
        ],
        budgets=[(format_id("bud", each.budget_id), _budget_name(view, each)) for each in asked],
        paused=paused,
        key_roles=[
            (role.value, view.catalogue.text(view.language, f"votes.new.key_of.{role}"))
            for role in KeyRole
        ],
        wallet=wallet,
        voter=voter,
        chain_answers=answers,
        title_max=TITLE_LENGTH_MAX,
        body_max=BODY_LENGTH_MAX,
    )


@router.get("/votes/{proposal_id}")
def vote(proposal_id: str, view: ViewHere, composition: CompositionHere) -> Response:
    """One proposal: its words, what it changes, how it stands, my say, what became of it."""
    member_id = view.principal.member_id if view.principal is not None else None
    with composition.database.read() as work:
        proposal = proposals.require_proposal(work, proposal_number(proposal_id))
    ours = deployment_of(composition) if proposal.kind is ProposalKind.DIRECT else None
    with composition.database.read() as work:
        mine = (
            ballots.ballots_of(work, member_id, proposal.proposal_id)
            if member_id is not None
            else []
        )
        programme = _stored(work, proposal)
        effect = _effect(work, proposal)
        would = effect_of(work, proposal)
        calls = [] if ours is None else calls_of(work, ours, proposal)
        cancelled = record.cancellation(work, proposal.proposal_id)
        now = work.now
    say = _say(composition, member_id, proposal, mine)
    return view.render(
        "votes/detail.html",
        recount=f"python proposals.py proposal-{proposal.proposal_id}.json --rpc URL",
        proposal=proposal,
        tones=TONES,
        programme=programme,
        programme_name=None if programme is None else _name(view, programme),
        effect=effect,
        would=would,
        calls=calls,
        cancelled=cancelled,
        say=say,
        rejected=[each for each in mine if each.state is BallotState.REJECTED][:1],
        left=lambda until: _left(view, until, now),
        tally=lambda standing: _tally(view, standing),
        quorum=_quorum(proposal.standing),
        units=TokenUnits,
        stages=_stages(proposal),
    )


def _say(
    composition: Composition, member_id: UUID | None, proposal: Proposal, mine: list[Ballot]
) -> MySay:
    kept = next((each for each in mine if each.state is not BallotState.REJECTED), None)
    if member_id is None:
        return MySay(None, None, None)
    try:
        wallet = wallet_of(composition, member_id)
    except WalletNeeded:
        return MySay(member_id, None, kept)
    if proposal.standing is None or proposal.state not in {
        ProposalState.PENDING,
        ProposalState.ACTIVE,
    }:
        return MySay(member_id, wallet, kept)
    try:
        governing = governing_of(composition)
        facts = reading.ballot_facts(
            governing.chain, governing.contracts, proposal.proposal_id, wallet
        )
        voter = reading.voter_facts(governing.chain, governing.contracts, wallet)
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return MySay(member_id, wallet, kept, chain_answers=False)
    return MySay(member_id, wallet, kept, facts, voter)


def _power(
    composition: Composition, member_id: UUID
) -> tuple[Address | None, VoterFacts | None, bool]:
    """The member's wallet, what it may do, and whether the chain could be asked."""
    try:
        wallet = wallet_of(composition, member_id)
    except WalletNeeded:
        return None, None, True
    try:
        governing = governing_of(composition)
        return wallet, reading.voter_facts(governing.chain, governing.contracts, wallet), True
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return wallet, None, False


def _stored(work: Work, proposal: Proposal) -> StoredProgramme | None:
    if proposal.programme_hash is None:
        return None
    return programme_store.programme(work, proposal.programme_hash)


def _effect(work: Work, proposal: Proposal) -> ProgrammeVote | None:
    """What an executed programme vote came to: the first of its version since it could run."""
    standing = proposal.standing
    if standing is None or standing.executable_at is None:
        return None
    since = standing.executable_at
    found = [
        each
        for each in programme_change.programme_votes(work)
        if each.programme_hash == proposal.programme_hash and each.effective_at >= since
    ]
    return min(found, key=lambda each: each.number, default=None)


def _name(view: View, stored: StoredProgramme) -> str:
    title = programmes.read_programme(stored.source_text).title
    named = stored.name if title is None else (title.ru if view.written == "ru" else title.en)
    return view.catalogue.text(
        view.language, "votes.version_named", name=named, version=stored.version
    )


def _project_name(view: View, project: Project) -> str:
    title = "…" if project.words is None else project.words.title
    return view.catalogue.text(
        view.language, "votes.new.project_named", title=title, points=project.budget.amount
    )


def _budget_name(view: View, asked: BudgetProposal) -> str:
    return view.catalogue.text(
        view.language, "votes.new.project_named", title=asked.name, points=asked.amount.amount
    )


def _left(view: View, until: datetime, now: datetime) -> str:
    """How long until a moment, in the greatest unit that is not zero."""
    left = max(until - now, timedelta(0))
    for unit, seconds in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        count = int(left.total_seconds()) // seconds
        if count:
            return view.catalogue.text(view.language, f"votes.left.{unit}", count=count)
    return view.catalogue.text(view.language, "votes.left.seconds", count=int(left.total_seconds()))


def _tally(view: View, standing: Standing) -> list[dict[str, Any]]:
    shown = (
        ("for", standing.in_favour, "good"),
        ("against", standing.against, "bad"),
        ("abstain", standing.abstain, "quiet"),
    )
    names = view.catalogue
    return [
        {
            "label": names.text(view.language, f"votes.counted.{choice}"),
            "value": votes.amount,
            "shown": names.text(view.language, "votes.votes", votes=votes),
            "tone": tone,
        }
        for choice, votes, tone in shown
    ]


def _quorum(standing: Standing | None) -> dict[str, Any] | None:
    """Both floors: votes for or abstaining, and distinct voters."""
    if standing is None or standing.quorum is None:
        return None
    turnout = TokenUnits(standing.in_favour.amount + standing.abstain.amount)
    return {
        "turnout": turnout,
        "needed": standing.quorum,
    }


def _stages(proposal: Proposal) -> list[tuple[str, str]]:
    """The way from a signature to an effect: (stage, done | now | next | failed)."""
    way = (
        ProposalState.SIGNED,
        ProposalState.PENDING,
        ProposalState.ACTIVE,
        ProposalState.SUCCEEDED,
        ProposalState.QUEUED,
        ProposalState.EXECUTED,
    )
    state = proposal.state
    if state is ProposalState.EXECUTED:
        return [(each, "done") for each in way]
    ended_at = {
        ProposalState.REFUSED: 0,
        ProposalState.DEFEATED: 2,
        ProposalState.CANCELED: _reached(proposal),
        ProposalState.EXPIRED: 4,
        ProposalState.EXECUTION_REVERTED: 4,
    }
    if state in ended_at:
        place = ended_at[state]
        return [*((each, "done") for each in way[: place + 1]), (state, "failed")]
    place = way.index(state)
    marks = ["done"] * place + ["now"] + ["next"] * (len(way) - place - 1)
    return list(zip(way, marks, strict=True))


def _reached(proposal: Proposal) -> int:
    """How far a cancelled proposal had certainly come."""
    standing = proposal.standing
    if standing is None or standing.quorum is None:
        return 1
    return 4 if standing.executable_at is not None else 2
