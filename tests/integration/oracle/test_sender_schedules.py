"""Random schedules of crashes, reorgs, strangers and forgetful nodes: each intent once, and no
nonce ever signed for two intents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.transaction import Database, execute
from oracle.indexer import service as indexer
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainMoved, FinalityPolicy
from oracle.sender import service
from oracle.sender.model import IntentState, SenderPolicy, SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction
from oracle.sender.tables import intents
from tests.support.made_up_chain import BRIDGE, MadeUpChain, MadeUpSigner

ROLE = SenderRole.POSTER
POLICY = SenderPolicy(stuck_after=timedelta(0), fee_wei_max=10**7, in_flight_max=3)
INDEX = indexer.IndexerPolicy(FinalityPolicy(None))


class Died(BaseException):
    """The process is gone."""


class Fuse:
    """Burns one hop at a time; at zero the worker dies."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise Died
            self.left -= 1


class FusedSigner(MadeUpSigner):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse
        self.calldata_by_nonce: dict[int, set[bytes]] = defaultdict(set)

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        self.fuse.burn()
        self.calldata_by_nonce[transaction.nonce].add(transaction.calldata)
        return super().sign(transaction)


class FusedChain(MadeUpChain):
    def __init__(self, signer: MadeUpSigner, fuse: Fuse, genesis: bytes) -> None:
        super().__init__(signer, genesis)
        self.fuse = fuse

    def send_raw(self, raw: bytes) -> bytes:
        self.fuse.burn()
        return super().send_raw(raw)


@contextmanager
def commits_burn(database: Database, fuse: Fuse) -> Iterator[None]:
    def before_commit(_: sa.Connection) -> None:
        fuse.burn()

    sa.event.listen(database.engine, "commit", before_commit)
    try:
        yield
    finally:
        sa.event.remove(database.engine, "commit", before_commit)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.integers(0, 5)),
        st.tuples(st.just("advance"), st.integers(0, 25)),
        st.tuples(st.just("advance"), st.just(1_000)),
        st.tuples(st.just("mine"), st.integers(0, 3)),
        st.tuples(st.just("reorg"), st.integers(1, 4)),
        st.tuples(st.just("reorg_away"), st.integers(1, 4)),
        st.tuples(st.just("forget"), st.just(0)),
        st.tuples(st.just("stranger"), st.just(0)),
        st.tuples(st.just("bring_back"), st.integers(0, 9)),
        st.tuples(st.just("finalize"), st.integers(0, 5)),
    ),
    min_size=4,
    max_size=40,
)


def turn(database: Database, chain: FusedChain, fuse: Fuse, hops: int) -> None:
    """One turn of a worker that dies after ``hops``."""
    fuse.left = hops
    try:
        indexer.tick(database, chain.reader(), {}, INDEX)
        service.advance(database, chain, chain.signer, POLICY, [ROLE])
    except Died:
        database.engine.dispose()
    except ChainMoved:
        pass
    finally:
        fuse.left = None


def do(database: Database, chain: FusedChain, fuse: Fuse, step: tuple[str, int]) -> None:
    name, number = step
    actions: dict[str, Callable[[], object]] = {
        "submit": lambda: execute(database, service.submit, wanted(number)),
        "advance": lambda: turn(database, chain, fuse, number),
        "mine": lambda: chain.mine(take=number),
        "reorg": lambda: chain.reorg(number),
        "reorg_away": lambda: chain.reorg(number, keep_transactions=False),
        "forget": chain.forget_mempool,
        "stranger": chain.stranger,
        "bring_back": lambda: chain.bring_back(number),
        "finalize": lambda: setattr(chain, "final", max(chain.final, chain.height - number)),
    }
    actions[name]()


def wanted(number: int) -> service.SubmitIntent:
    return service.SubmitIntent(
        f"intent {number}", ROLE, "test.call", BRIDGE, bytes([number]), 50_000
    )


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_each_intent_happens_once_whatever_happens(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    fuse = Fuse()
    signer = FusedSigner(fuse)
    with database.read() as work:
        before = indexer_store.chain_in_use(work)
    if before is not None:
        execute(database, lambda work, _: indexer_store.retire_chain(work, before.chain_key), None)
    genesis = (before.chain_key if before else 0).to_bytes(32, "big")
    chain = FusedChain(signer, fuse, genesis)
    indexer.recognise(database, chain.reader().identity())
    with commits_burn(database, fuse):
        for step in steps:
            do(database, chain, fuse, step)
        asked = {bytes([number]) for name, number in steps if name == "submit"}
        for number in range(60):
            turn(database, chain, fuse, 10_000)
            chain.bring_back(number)
            chain.mine()
            chain.final = chain.height
    done = [sent.calldata for sent in chain.done() if sent.calldata not in {b"", b"stranger"}]
    assert sorted(done) == sorted(asked)
    assert all(len(calldata) == 1 for calldata in signer.calldata_by_nonce.values())
    with database.read() as work:
        known = indexer_store.chain_in_use(work)
        assert known is not None
        states = work.connection.execute(
            sa.select(intents.c.state).where(intents.c.chain_key == known.chain_key)
        ).scalars()
        assert set(states) <= {IntentState.FINALIZED}
