"""The soak's bridge: members' use cases, the job that makes batches, and what final blocks tell.

No node runs. What the contract would answer and say follows from the batches in the database: the
job asks ``Contract``, and ``tell`` hands the handlers the events that a final block would hold.
Chains that are late, fork or lie are in ``tests/integration/oracle``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from eth_account import Account

from ledger.journal import service as journal
from ledger.kernel.transaction import Database, Work, execute
from ledger.kernel.units import Points
from ledger.wallets import service as wallets
from oracle.bindings import points_bridge, vkl_token
from oracle.bridge import batching, events, gaps, redeeming_store, store
from oracle.bridge.batching import Batcher
from oracle.bridge.model import Batch, BatchState, BridgePolicy, Reference, RequestState
from oracle.bridge.service import Bridging, MakeReference, RequestTokens
from oracle.chain.port import BlockAt, BlockHeader, Call, Chain
from oracle.contracts.abi import address, encode
from oracle.indexer import service as indexer
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent, ChainIdentity
from tests.integration.soak.school import NothingToDo
from tests.world import World

if TYPE_CHECKING:
    from tests.integration.soak.soak_worker import Walker

BRIDGE: Final = address("0x" + "bb" * 20)
TOKEN: Final = address("0x" + "cc" * 20)
SOMEBODY: Final = address("0x" + "dd" * 20)
POLICY: Final = BridgePolicy(
    points_min=Points(1),
    batch_after=timedelta(0),
    refund_window=timedelta(0),
    redeem_lifetime=timedelta(hours=1),
)
BRIDGING: Final = Bridging(POLICY, BRIDGE, TOKEN)
HANDLERS: Final = events.handlers(POLICY)
FAR_S: Final = 2**40
MUCH: Final = 2**40


@dataclass(frozen=True)
class Contract:
    """Answers what the bridge contract would after all that was told of it."""

    database: Database

    def block(self, at: BlockAt) -> BlockHeader:
        now_s = int(self.database.clock.now().timestamp())
        return BlockHeader(at if isinstance(at, int) else 1, bytes(32), bytes(32), now_s)

    def call(self, call: Call, at: BlockAt) -> bytes:  # noqa: ARG002 - there is one block
        with self.database.read() as work:
            known = indexer_store.chain_in_use(work)
            assert known is not None
            newest = store.newest_batch(work, known.chain_key, refused=False)
        number = newest.sequence if newest else 0
        escrowed = newest.escrowed_points.amount if newest else 0
        answers = {
            points_bridge.limits().calldata: encode(("(uint64,uint64,uint64)",), ((MUCH,) * 3,)),
            points_bridge.paused().calldata: encode(("bool",), (False,)),
            points_bridge.last_sequence().calldata: encode(("uint64",), (number,)),
            points_bridge.escrowed_points().calldata: encode(("uint64",), (escrowed,)),
            points_bridge.watcher_alive_until().calldata: encode(("uint256",), (FAR_S,)),
            points_bridge.checked_sequence().calldata: encode(("uint64",), (number,)),
            points_bridge.available_points().calldata: encode(("uint256",), (MUCH,)),
        }
        delegates = vkl_token.delegates(SOMEBODY).calldata[:4]
        if call.calldata[:4] == delegates:
            return encode(("address",), (SOMEBODY,))
        return answers[call.calldata]


def prepare(world: World) -> None:
    """A chain is known, and both members have a wallet."""
    indexer.recognise(world.database, ChainIdentity(31_337, b"\x07" * 32, BRIDGE, bytes(32)))
    for member_id in world.linked.values():
        command = wallets.LinkWallet(member_id, Account.create().address, b"\x01" * 32)
        execute(world.database, wallets.link_wallet, command)


def request(walker: Walker) -> None:
    """Points to escrow, that tokens be made for them."""
    command = RequestTokens(walker.member, walker.points(60))
    execute(walker.database, BRIDGING.request, command)


def batch(walker: Walker) -> None:
    """The job: commit what waits, give back what came to nothing."""
    tick(walker.database)


def tick(database: Database) -> None:
    """One round of the job."""
    chain = cast("Chain", Contract(database))
    batching.tick(Batcher(database, chain, BRIDGE, TOKEN, POLICY))


def tell(walker: Walker) -> None:
    """A final block: batches are committed, and those that are get executed, vetoed or too old."""
    chance = walker.chance.random()

    def told(work: Work, _: None) -> None:
        journal.lock_head(work)
        known = indexer_store.chain_in_use(work)
        assert known is not None
        open_states = (BatchState.COMMITTING, BatchState.COMMITTED)
        for found in store.batches_in(work, known.chain_key, open_states):
            _say(work, known.chain_key, *_next(found, chance, work.now))

    execute(walker.database, told, None)


def refer(walker: Walker) -> None:
    """A member asks under which words burnt tokens will be theirs."""
    command = MakeReference(walker.member, walker.points(30), holder_nonce=0)
    walker.keep(walker.references, execute(walker.database, BRIDGING.make_reference, command))


def burn(walker: Walker) -> None:
    """Tokens are burnt under a reference, sometimes one that has served."""
    execute(walker.database, _burnt, walker.one(walker.references))


def _burnt(work: Work, reference: Reference) -> None:
    """No more than there are tokens for."""
    journal.lock_head(work)
    key = reference.chain_key
    minted = store.points_by_state(work, key).get(RequestState.MINTED, Points(0))
    burnt = sum(each.amount for each in redeeming_store.points_by_state(work, key).values())
    if minted.amount - burnt < reference.points.amount:
        raise NothingToDo
    units = reference.points.to_token_units().amount
    topics = (
        _word("uint64", gaps.next_burn(work, key)),
        _word("address", address(reference.holder)),
        reference.reference,
    )
    _say(work, key, "Redeemed", topics, encode(("uint256",), (units,)))


def _next(found: Batch, chance: float, now: datetime) -> tuple[str, tuple[bytes, ...], bytes]:
    """What a block may say of a batch that is open."""
    number, points = _word("uint64", found.sequence), found.points.amount
    now_s = int(now.timestamp())
    if found.state is BatchState.COMMITTING:
        stated = (points, found.ledger_position, found.escrowed_points.amount)
        payload = encode(
            ("uint64", "uint64", "uint64", "uint48", "uint48"), (*stated, now_s, now_s + 86_400)
        )
        return "BatchCommitted", (number, found.records_hash), payload
    two = encode(("uint64", "uint64"), (points, points))
    if chance < 0.6:
        return "BatchExecuted", (number, found.records_hash), two
    if chance < 0.8:
        return "BatchVetoed", (number, _word("address", SOMEBODY)), two
    return "BatchExpired", (number,), two


def _say(work: Work, key: int, name: str, topics: tuple[bytes, ...], payload: bytes) -> None:
    event = ChainEvent(
        contract=events.CONTRACT,
        name=name,
        address=BRIDGE,
        topics=(bytes(32), *topics),
        payload=payload,
        block_number=1,
        block_hash=bytes(32),
        block_time=work.now,
        log_index=0,
        transaction_hash=bytes(32),
    )
    HANDLERS[events.CONTRACT, name](work, key, event)


def _word(kind: str, value: int | str) -> bytes:
    return encode((kind,), (value,))
