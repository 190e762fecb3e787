"""What members do with bridge and votes, each by signature, and what they were promised."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from eth_account.signers.local import LocalAccount

from governance.ballots import service as ballots
from governance.ballots.model import BallotState, BallotTooLate, Choice, Division, Support
from governance.ballots.service import CastBallot
from governance.delegation import service as delegation
from governance.delegation.service import Delegate
from governance.proposals import drafts, reading
from governance.proposals import service as proposals
from governance.proposals.model import ProposalState, VotingPowerTooLow
from governance.proposals.service import SubmitProposal
from ledger.kernel.transaction import execute
from ledger.kernel.units import TOKEN_UNITS_PER_POINT, Points
from oracle.bindings import points_bridge, vkl_governor, vkl_token
from oracle.bridge import reading as bridge_reading
from oracle.bridge.service import MakeReference, RelaySignature
from oracle.chain.port import BlockTag, Chain, read
from oracle.chain.typed_data import TypedData
from oracle.contracts.abi import Address, address
from oracle.sender.model import SenderRole
from tests.integration.oracle.chain_world import Everything, Person

DEEDS = ("request", "redeem", "transfer", "delegate", "vote", "propose", "veto", "wait")
COMMITTED = 1
POINTS_A_DEED_MAX = 20
SIGNATURE_LIVES_S = (5, 3_600, 3_600)
BALLOTS = tuple(Support)
"""A delegation's: some are no longer good when the relayer comes to them."""
WAITS_S = (1, 60, 300)


@dataclass
class Promised:
    """What was taken from members, to be fulfilled once or refused for a reason."""

    requests: list[UUID] = field(default_factory=list)
    redemptions: list[tuple[UUID, bytes]] = field(default_factory=list)
    ballots: list[UUID] = field(default_factory=list)
    delegations: list[UUID] = field(default_factory=list)
    proposals: list[int] = field(default_factory=list)


class Deeds:
    """Each deed says whether there was anything to do; what the service refuses is a VkladError."""

    def __init__(
        self, chance: random.Random, world: Everything, node: Chain, people: list[Person]
    ) -> None:
        self.chance, self.world, self.node, self.people = chance, world, node, people
        self.promised = Promised()

    def do(self, deed: str) -> bool:
        done: bool = getattr(self, deed)()
        return done

    def request(self) -> bool:
        person = self.chance.choice(self.people)
        points = self.chance.randint(10, 2 * POINTS_A_DEED_MAX)
        self.promised.requests.append(self.world.request(person.member_id, points))
        return True

    def redeem(self) -> bool:
        found = self._holder()
        if found is None:
            return False
        person, most = found
        self.redeem_of(person, self.chance.randint(1, most))
        return True

    def redeem_of(self, person: Person, points: int) -> None:
        world, holder = self.world, address(person.key.address)
        nonce = bridge_reading.holder_nonce(world.chain, world.bridge, holder)
        command = MakeReference(person.member_id, Points(points), nonce)
        reference = execute(world.database, world.bridging.make_reference, command)
        with world.database.read() as work:
            message = world.bridging.redemption_message(work, reference)
        relay = RelaySignature(person.member_id, reference.reference, _sign(person, message))
        execute(world.database, world.bridging.relay, relay)
        self.promised.redemptions.append((person.member_id, reference.reference))

    def transfer(self) -> bool:
        found = self._holder()
        if found is None:
            return False
        giver, most = found
        taker = self.chance.choice([each for each in self.people if each is not giver])
        units = self.chance.randint(1, most * TOKEN_UNITS_PER_POINT)
        call = vkl_token.transfer(address(taker.key.address), units)
        self._straight(giver.key, self.world.token, call.calldata)
        return True

    def delegate(self) -> bool:
        """By the first whose last delegation is not on its way any more."""
        for person in self.chance.sample(self.people, len(self.people)):
            to = address(self.chance.choice(self.people).key.address)
            try:
                self.delegate_of(person, to, self.chance.choice(SIGNATURE_LIVES_S))
            except delegation.DelegationStale:
                continue
            return True
        return False

    def delegate_of(self, person: Person, to: Address, life_s: int) -> None:
        world = self.world
        facts = reading.voter_facts(world.chain, world.voting, address(person.key.address))
        expiry_s, nonce = facts.block.timestamp_s + life_s, facts.delegation_nonce
        message = delegation.delegation_message(world.voting, to, nonce, expiry_s)
        signature = _sign(person, message)
        command = Delegate(person.member_id, to, expiry_s, nonce, signature, facts, world.voting)
        made = execute(world.database, delegation.delegate, command)
        self.promised.delegations.append(made.delegation_id)

    def vote(self) -> bool:
        """By anybody who may, on any proposal that is open."""
        choices = self.choices()
        self.chance.shuffle(choices)
        for person, proposal in choices:
            try:
                self.cast(person, proposal)
            except BallotTooLate:
                continue
            return True
        return False

    def choices(self) -> list[tuple[Person, int]]:
        """Who may still vote on what, as far as we have read."""
        with self.world.database.read() as work:
            shown = [proposals.require_proposal(work, each) for each in self.promised.proposals]
            cast = {
                (ballot.member_id, ballot.proposal_id)
                for person in self.people
                for ballot in ballots.ballots_of(work, person.member_id)
                if ballot.state is not BallotState.REJECTED
            }
        return [
            (person, each.proposal_id)
            for person, each in itertools.product(self.people, shown)
            if each.standing is not None
            and each.state is ProposalState.ACTIVE
            and (person.member_id, each.proposal_id) not in cast
            and self._votes_at(person, each.standing.snapshot_at)
        ]

    def propose(self) -> bool:
        """By the first who has enough votes."""
        for person in self.chance.sample(self.people, len(self.people)):
            try:
                self._propose(person)
            except VotingPowerTooLow:
                continue
            return True
        return False

    def veto(self) -> bool:
        """The watcher strikes a batch that is committed: it errs on the safe side."""
        sequence = self.batch_to_veto()
        if sequence is not None:
            watcher = self.world.contracts.keys.by_role[SenderRole.WATCHER]
            self._straight(watcher, self.world.bridge, points_bridge.veto(sequence).calldata)
        return sequence is not None

    def batch_to_veto(self) -> int | None:
        """The newest, if it is committed."""
        bridge = self.world.bridge
        sequence = read(self.node, bridge, points_bridge.last_sequence(), BlockTag.LATEST)
        batch = read(self.node, bridge, points_bridge.batch(sequence), BlockTag.LATEST)
        return sequence if batch.state == COMMITTED else None

    def wait(self) -> bool:
        self.world.mine(self.chance.choice(WAITS_S))
        return True

    def tokens(self, person: Person) -> int:
        call = vkl_token.balance_of(address(person.key.address))
        return read(self.node, self.world.token, call, BlockTag.LATEST)

    def _holder(self) -> tuple[Person, int] | None:
        """Somebody with a whole token, and how many of theirs a deed may move."""
        for person in self.chance.sample(self.people, len(self.people)):
            held = self.tokens(person) // TOKEN_UNITS_PER_POINT
            if held:
                return person, min(held, POINTS_A_DEED_MAX)
        return None

    def _votes_at(self, person: Person, then: datetime) -> int:
        call = vkl_governor.get_votes(address(person.key.address), int(then.timestamp()))
        return read(self.node, self.world.voting.governor, call, BlockTag.LATEST)

    def cast(self, person: Person, proposal: int, *, among: Sequence[Support] = BALLOTS) -> None:
        world, voter = self.world, address(person.key.address)
        facts = reading.ballot_facts(world.chain, world.voting, proposal, voter)
        support, reason = self.chance.choice(among), self.chance.choice(["", "Spring."])
        choice = Choice(
            support, _division(facts.weight.amount) if support is Support.DIVIDED else None
        )
        with world.database.read() as work:
            nonce = ballots.next_nonce(work, voter, facts.nonce)
        message = ballots.ballot_message(
            world.voting, proposal, choice, voter=voter, nonce=nonce, reason=reason
        )
        signature = _sign(person, message)
        command = CastBallot(person.member_id, proposal, choice, reason, nonce, signature, facts)
        self.promised.ballots.append(execute(world.database, ballots.cast, command).ballot_id)

    def _propose(self, person: Person) -> None:
        world, proposer = self.world, address(person.key.address)
        title = f"Garden {len(self.promised.proposals)} of {self.chance.random()}"
        draft = drafts.text_draft(drafts.Wording(title, "", proposer), world.voting.mandates)
        facts = reading.voter_facts(world.chain, world.voting, proposer)
        deadline_s = facts.block.timestamp_s + max(SIGNATURE_LIVES_S)
        message = proposals.proposal_message(world.voting, draft, deadline_s)
        signature = _sign(person, message)
        command = SubmitProposal(
            person.member_id, draft, deadline_s, signature, facts, world.voting
        )
        made = execute(world.database, proposals.submit_proposal, command)
        self.promised.proposals.append(made.proposal_id)

    def _straight(self, account: LocalAccount, to: Address, calldata: bytes) -> None:
        """A transaction of somebody's own, past the proxy."""
        through, self.world.chain = self.world.chain, self.node
        try:
            self.world.send_as(account, to, calldata)
        finally:
            self.world.chain = through


def _sign(person: Person, message: TypedData) -> bytes:
    return bytes(person.key.sign_message(message.signable()).signature)


def _division(votes: int) -> Division:
    """A third of the votes on each side, and what is left of them for abstaining."""
    return Division(votes // 3, votes // 3, votes - 2 * (votes // 3))
