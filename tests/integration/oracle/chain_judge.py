"""Whether everything that members were promised was done once, or refused for a reason they see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from api.cli.ledger import CHECKS
from governance.ballots import store as ballots_store
from governance.ballots.model import Ballot, BallotState
from governance.delegation import service as delegation
from governance.delegation.service import Delegation, DelegationState
from governance.power import store as power_store
from governance.power.model import ChangeKind
from governance.proposals import service as proposals
from governance.proposals.model import ProposalState
from ledger.verify.service import verify
from oracle.bindings import vkl_governor, vkl_token
from oracle.bindings.vkl_governor import ProposalCreated, VoteCast, VoteCastWithParams
from oracle.bindings.vkl_token import DelegateChanged
from oracle.bridge.model import RedemptionStage, Stage
from oracle.bridge.service import StageOfRedemption, redemption_stage, require_reference
from oracle.chain.port import BlockTag, Log, LogQuery, read
from oracle.contracts.abi import Address, address
from oracle.indexer import store as indexer_store
from oracle.reconcile.service import Reconciler, check
from tests.integration.oracle.chain_deeds import Deeds

HELD = tuple(each for each in CHECKS if each.name != "grants")
"""The made-up world grants points without anybody's proposal."""
ENDS = {
    *(Stage.MINTED, Stage.RETURNED, RedemptionStage.CREDITED, RedemptionStage.REFUSED),
    *(BallotState.RECORDED, BallotState.REJECTED),
    *(DelegationState.DONE, DelegationState.FAILED),
}


class Judge:
    """Looks at both sides of one community."""

    def __init__(self, deeds: Deeds) -> None:
        self.deeds, self.world, self.node = deeds, deeds.world, deeds.node

    # --- how far everything is ---

    def redemptions(self) -> list[StageOfRedemption]:
        with self.world.database.read() as work:
            return [
                redemption_stage(work, require_reference(work, member_id, reference))
                for member_id, reference in self.deeds.promised.redemptions
            ]

    def ballots(self) -> list[Ballot]:
        with self.world.database.read() as work:
            found = [ballots_store.find(work, each) for each in self.deeds.promised.ballots]
        return [ballot for ballot in found if ballot is not None]

    def delegations(self) -> list[Delegation]:
        """Oldest first."""
        with self.world.database.read() as work:
            members = [each.member_id for each in self.deeds.people]
            found = [each for one in members for each in delegation.delegations_of(work, one)]
        mine = {each.delegation_id: each for each in found}
        return [mine[each] for each in self.deeds.promised.delegations]

    def proposals(self) -> dict[int, ProposalState]:
        with self.world.database.read() as work:
            return {
                each: proposals.require_proposal(work, each).state
                for each in self.deeds.promised.proposals
            }

    def outcomes(self) -> Counter[str]:
        """What became of what was promised, by kind."""
        world, promised = self.world, self.deeds.promised
        return Counter(
            [
                *(f"request {world.stage(each).value}" for each in promised.requests),
                *(f"redemption {each.stage.value}" for each in self.redemptions()),
                *(f"ballot {each.state.value}" for each in self.ballots()),
                *(f"delegation {each.state.value}" for each in self.delegations()),
                *(f"proposal {each.value}" for each in self.proposals().values()),
            ]
        )

    def all_ended(self) -> bool:
        """Whether nothing that was promised is on its way."""
        signed = ProposalState.SIGNED in self.proposals().values()
        far = [
            *(self.world.stage(each) for each in self.deeds.promised.requests),
            *(each.stage for each in self.redemptions()),
            *(each.state for each in self.ballots()),
            *(each.state for each in self.delegations()),
        ]
        return not signed and set(far) <= ENDS and self.world.quiet()

    # --- the sentence ---

    def judge(self, points_start: int) -> None:
        """Both sides are equal, and nobody's wish was fulfilled twice or forgotten."""
        world = self.world
        assert self.all_ended(), (self.outcomes(), world.failed)
        reconciler = Reconciler(world.database, self.node, world.bridge, world.token)
        assert check(reconciler) == []
        assert verify(world.database, HELD).findings == ()
        units = sum(self.deeds.tokens(each) for each in self.deeds.people)
        points = sum(world.available(each.member_id) for each in self.deeds.people)
        assert points * 10**18 + units == points_start * 10**18, "a point was lost or made"
        assert all(
            each.failure for each in self.redemptions() if each.stage is RedemptionStage.REFUSED
        )
        self._judge_ballots()
        self._judge_delegations()
        self._judge_proposals()
        self._judge_powers()

    def _judge_ballots(self) -> None:
        """The chain's receipts hold exactly the ballots recorded, with their choice and weight."""
        cast = self._cast()
        recorded = [each for each in self.ballots() if each.state is BallotState.RECORDED]
        assert Counter(cast) == Counter(
            VoteCastWithParams(
                each.voter,
                each.proposal_id,
                int(each.support),
                each.weight.amount,
                each.reason,
                each.choice.params,
            )
            for each in recorded
        )
        assert all(
            n == 1 for n in Counter((each.voter, each.proposal_id) for each in cast).values()
        )
        rejected = [each for each in self.ballots() if each.state is BallotState.REJECTED]
        assert all(each.rejection for each in rejected)
        for proposal in {each.proposal_id for each in cast}:
            sides = [_sides(each) for each in cast if each.proposal_id == proposal]
            call = vkl_governor.proposal_votes(proposal)
            said = read(self.node, self.world.voting.governor, call, BlockTag.LATEST)
            assert tuple(map(sum, zip(*sides, strict=True))) == said

    def _cast(self) -> list[VoteCastWithParams]:
        """Every ballot that the chain has counted, divided or not."""
        governor = self.world.voting.governor
        plain = [VoteCast.of(log) for log in self._logs(governor, VoteCast.TOPIC)]
        divided = self._logs(governor, VoteCastWithParams.TOPIC)
        return [
            *(
                VoteCastWithParams(
                    each.voter, each.proposal_id, each.support, each.weight, each.reason, b""
                )
                for each in plain
            ),
            *map(VoteCastWithParams.of, divided),
        ]

    def _judge_delegations(self) -> None:
        """The token was told of each delegation that is done, once and in order, and no other."""
        token = self.world.token
        told = [DelegateChanged.of(log) for log in self._logs(token, DelegateChanged.TOPIC)]
        done = [each for each in self.delegations() if each.state is DelegationState.DONE]
        assert all(
            each.failure for each in self.delegations() if each.state is DelegationState.FAILED
        )
        for person in self.deeds.people:
            account = address(person.key.address)
            assert [each.to_delegate for each in told if each.delegator == account] == [
                each.delegatee for each in done if each.delegator == account
            ]

    def _judge_proposals(self) -> None:
        """Each is on chain once, or was refused and is not there."""
        governor = self.world.voting.governor
        made = Counter(
            ProposalCreated.of(log).proposal_id
            for log in self._logs(governor, ProposalCreated.TOPIC)
        )
        states = self.proposals()
        expected = {each for each, state in states.items() if state is not ProposalState.REFUSED}
        assert made == Counter(expected)

    def _judge_powers(self) -> None:
        """Everybody's votes are the tokens of who delegated to them, on chain and as we read it."""
        people = [address(each.key.address) for each in self.deeds.people]
        tokens = dict(zip(people, map(self.deeds.tokens, self.deeds.people), strict=True))
        votes: dict[Address, int] = defaultdict(int)
        for account in people:
            votes[self._ask_delegate(account)] += tokens[account]
        token = self.world.token
        for account in people:
            call = vkl_token.get_votes(account)
            assert votes[account] == read(self.node, token, call, BlockTag.LATEST)
        held: dict[str, int] = defaultdict(int)
        last: dict[str, int] = {}
        with self.world.database.read() as work:
            known = indexer_store.chain_in_use(work)
            assert known is not None
            for each in power_store.changes(work, known.chain_key):
                if each.kind is ChangeKind.TRANSFER:
                    held[each.account] -= each.units or 0
                    held[str(each.other)] += each.units or 0
                elif each.kind is ChangeKind.VOTES:
                    last[each.account] = each.units or 0
        for account in people:
            seen = held[account.lower()], last.get(account.lower(), 0)
            assert seen == (tokens[account], votes[account])

    def _ask_delegate(self, account: Address) -> Address:
        return read(self.node, self.world.token, vkl_token.delegates(account), BlockTag.LATEST)

    def _logs(self, contract: Address, topic: bytes) -> Iterable[Log]:
        head = self.node.block(BlockTag.LATEST)
        assert head is not None
        first = self.world.contracts.deployment.block_number
        return self.node.logs(LogQuery(first, head.number, (contract,), (topic,)))


def _sides(cast: VoteCastWithParams) -> tuple[int, int, int]:
    """Token units against, for and abstaining; divided, they are three numbers of 16 bytes."""
    if cast.params:
        parts = [cast.params[start : start + 16] for start in (0, 16, 32)]
        against, in_favour, abstain = (int.from_bytes(each, "big") for each in parts)
        return against, in_favour, abstain
    against, in_favour, abstain = (cast.weight * (cast.support == side) for side in range(3))
    return against, in_favour, abstain
