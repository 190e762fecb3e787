"""The sender over PostgreSQL and a chain that misbehaves as told."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ledger.kernel.outbox import outbox
from ledger.kernel.transaction import Database, execute
from oracle.chain.port import FeeSuggestion, Refusal, TransactionRefused
from oracle.contracts.abi import Address, FunctionCall, address
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from oracle.sender import hops, service, store
from oracle.sender.holders import Holder, KeyReplaced
from oracle.sender.model import (
    GasLimitOutOfBounds,
    IntentMoved,
    IntentState,
    NoChainYet,
    SenderPolicy,
    SenderRole,
)
from oracle.sender.tables import intent_nonces, intent_transactions, intents
from oracle.turns.store import hold_turn
from tests.support.made_up_chain import BRIDGE, SENDER, MadeUpChain

ROLE = SenderRole.POSTER
POLICY = SenderPolicy(stuck_after=timedelta(0), fee_wei_max=100_000, in_flight_max=4)
PATIENT = SenderPolicy(stuck_after=timedelta(days=1))
INDEX = indexer.IndexerPolicy(FinalityPolicy(None))


def intent(
    key: str, calldata: bytes | None = None, gas_limit: int = 100_000
) -> service.SubmitIntent:
    return service.SubmitIntent(
        key, ROLE, "bridge.commit", BRIDGE, calldata or key.encode(), gas_limit
    )


def submit(database: Database, *keys: str) -> None:
    for key in keys:
        execute(database, service.submit, intent(key))


def advance(database: Database, chain: MadeUpChain, policy: SenderPolicy = PATIENT) -> int:
    indexer.tick(database, chain.reader(), {}, INDEX)
    return service.advance(database, chain, chain.signer, policy, [ROLE])


def state_of(database: Database, key: str) -> service.IntentOutcome:
    with database.read() as work:
        found = service.outcome(work, key)
    assert found is not None
    return found


def refusal_of(database: Database, key: str) -> str | None:
    with database.engine.connect() as connection:
        query = sa.select(intents.c.refusal).where(intents.c.key == key)
        refusal: str | None = connection.execute(query).scalar_one()
    return refusal


@pytest.fixture
def chain(database: Database) -> MadeUpChain:
    made = MadeUpChain()
    indexer.recognise(database, made.reader().identity())
    return made


def test_from_queued_to_final(database: Database, chain: MadeUpChain) -> None:
    submit(database, "a", "b", "a")
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.BROADCAST
    chain.mine()
    advance(database, chain)
    assert state_of(database, "b").state is IntentState.MINED
    chain.final = 1
    advance(database, chain)
    done = state_of(database, "a")
    assert done.state is IntentState.FINALIZED
    assert done.mined is not None
    assert done.mined.block_number == 1
    assert [sent.calldata for sent in chain.done()] == [b"a", b"b"]
    with database.engine.connect() as connection:
        told = connection.execute(
            sa.select(outbox.c.topic, outbox.c.key).order_by(outbox.c.outbox_id)
        ).all()
    assert [tuple(row) for row in told] == [("bridge_intents", "a"), ("bridge_intents", "b")]


def test_what_would_revert_takes_no_nonce_and_what_reverts_fails_when_final(
    database: Database, chain: MadeUpChain
) -> None:
    chain.reverting.add(b"late")
    execute(database, service.submit, intent("never", b"refuse"))
    execute(database, service.submit, intent("late"))
    advance(database, chain)
    assert state_of(database, "never").state is IntentState.QUEUED
    advance(database, chain)
    assert state_of(database, "never").failure == "would revert: told to ()"
    chain.mine()
    advance(database, chain)
    assert state_of(database, "late").state is IntentState.MINED
    chain.final = 1
    advance(database, chain)
    late = state_of(database, "late")
    assert (late.state, late.failure) == (IntentState.FAILED, "reverted")
    assert [sent.nonce for sent in chain.done()] == [0]


def test_a_revert_is_believed_of_a_numbered_block_only(
    database: Database, chain: MadeUpChain
) -> None:
    execute(database, service.submit, intent("mixed", b"mixed"))
    advance(database, chain)
    assert state_of(database, "mixed").state is IntentState.BROADCAST


def test_a_revert_is_believed_only_if_a_later_turn_sees_it_too(
    database: Database, chain: MadeUpChain
) -> None:
    submit(database, "a")
    chain.mixes_blocks = True
    advance(database, chain)
    assert refusal_of(database, "a") == (
        "would revert: the state of one block at the time of another ()"
    )
    chain.mixes_blocks = False
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.BROADCAST
    assert refusal_of(database, "a") is None


def test_what_a_node_said_of_the_bytes_is_no_revert_seen_before(
    database: Database, chain: MadeUpChain
) -> None:
    submit(database, "a")
    with database.read() as work:
        (waiting,) = store.queued(work, 1, ROLE, 1)
    execute(database, lambda work, _: store.note_refusal(work, waiting.intent_id, "busy"), None)
    chain.mixes_blocks = True
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.QUEUED


def test_a_stuck_transaction_is_replaced_and_only_one_of_both_is_mined(
    database: Database, chain: MadeUpChain
) -> None:
    submit(database, "a")
    advance(database, chain, POLICY)
    advance(database, chain, POLICY)
    with database.engine.connect() as connection:
        rows = connection.execute(
            sa.select(intent_transactions).order_by(intent_transactions.c.number)
        ).all()
    fees = [(int(row.max_fee_wei), int(row.priority_fee_wei)) for row in rows]
    assert len(fees) > 1
    for lower, higher in itertools.pairwise(fees):
        assert 8 * higher[0] >= 9 * lower[0]
        assert 8 * higher[1] >= 9 * lower[1]
    assert [row.replaced_at is None for row in rows] == [False] * (len(rows) - 1) + [True]
    assert {row.nonce for row in rows} == {0}
    chain.mine()
    chain.final = 1
    advance(database, chain, POLICY)
    assert [sent.calldata for sent in chain.done()] == [b"a"]


def test_gas_above_the_ceiling_is_never_paid(
    database: Database, chain: MadeUpChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(database, "a")
    advance(database, chain, POLICY)
    dear = FeeSuggestion(10**15, 10**15)
    monkeypatch.setattr(chain, "suggest_fees", lambda: dear)
    submit(database, "b")
    for _ in range(20):
        advance(database, chain, POLICY)
    fees = [(sent.max_fee_wei, sent.priority_fee_wei) for sent in chain.ever_taken]
    assert max(fees) == (POLICY.fee_wei_max, POLICY.fee_wei_max)
    assert {sent.calldata for sent in chain.ever_taken} == {b"a", b"b"}
    assert state_of(database, "a").state is IntentState.BROADCAST
    chain.mine()
    advance(database, chain, POLICY)
    assert [sent.calldata for sent in chain.done()] == [b"a", b"b"]


def test_an_account_without_money_waits_until_it_has_some(
    database: Database, chain: MadeUpChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "insufficient funds for gas * price + value"

    def poor(_raw: bytes) -> bytes:
        raise TransactionRefused(Refusal.OTHER, words)

    submit(database, "a")
    with monkeypatch.context() as without_money:
        without_money.setattr(chain, "send_raw", poor)
        advance(database, chain)
        advance(database, chain)
    waiting = state_of(database, "a")
    assert (waiting.state, waiting.failure) == (IntentState.SIGNED, None)
    with database.engine.connect() as connection:
        [noted] = connection.execute(sa.select(intents.c.refusal)).scalars()
    assert noted.endswith(words)
    advance(database, chain)
    chain.mine()
    assert [sent.calldata for sent in chain.done()] == [b"a"]


def test_a_nonce_a_stranger_used_is_written_off_once_that_is_final(
    database: Database, chain: MadeUpChain
) -> None:
    submit(database, "a")
    advance(database, chain)
    chain.stranger()
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.BROADCAST
    chain.final = 1
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.QUEUED
    advance(database, chain)
    chain.mine()
    chain.final = 2
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.FINALIZED
    assert [sent.calldata for sent in chain.done()] == [b"stranger", b"a"]
    with database.engine.connect() as connection:
        nonces = connection.execute(
            sa.select(intent_nonces.c.nonce, intent_nonces.c.lost_at.is_(None)).order_by(
                intent_nonces.c.nonce
            )
        ).all()
    assert [tuple(row) for row in nonces] == [(0, False), (1, True)]


def test_a_stranger_that_a_reorg_takes_away_leaves_ours_done_once(
    database: Database, chain: MadeUpChain
) -> None:
    submit(database, "a")
    advance(database, chain)
    chain.stranger()
    advance(database, chain)
    advance(database, chain)
    chain.reorg(1, keep_transactions=False)
    chain.bring_back(0)
    for _ in range(3):
        chain.mine()
        advance(database, chain)
    chain.final = chain.height
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.FINALIZED
    assert [sent.calldata for sent in chain.done()] == [b"a"]


def test_a_node_without_receipts_does_not_make_us_do_it_again(
    database: Database, chain: MadeUpChain
) -> None:
    submit(database, "a")
    advance(database, chain)
    chain.mine()
    advance(database, chain)
    chain.has_receipts = False
    for _ in range(3):
        chain.mine()
        chain.final = chain.height
        advance(database, chain)
    assert state_of(database, "a").state is IntentState.BROADCAST
    chain.has_receipts = True
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.FINALIZED
    assert [sent.calldata for sent in chain.done()] == [b"a"]


def test_after_a_reorg_the_same_bytes_go_out_again(database: Database, chain: MadeUpChain) -> None:
    submit(database, "a")
    advance(database, chain)
    chain.mine()
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.MINED
    (before,) = chain.done()
    chain.reorg(1, keep_transactions=False)
    chain.mine()
    advance(database, chain)
    assert chain.mempool == {0: before}
    chain.mine()
    chain.final = chain.height
    advance(database, chain)
    assert chain.done() == [before]


def test_a_hole_left_by_a_strangers_lost_transaction_is_filled(
    database: Database, chain: MadeUpChain
) -> None:
    chain.stranger()
    submit(database, "a")
    advance(database, chain)
    chain.reorg(1, keep_transactions=False)
    chain.mine()
    assert chain.done() == []
    for _ in range(3):
        advance(database, chain)
        chain.mine()
    chain.final = chain.height
    advance(database, chain)
    assert state_of(database, "a").state is IntentState.FINALIZED
    assert [sent.calldata for sent in chain.done()] == [b"", b"a"]


def test_what_a_contract_gives_to_another_key_waits_and_says_why_once(
    database: Database, chain: MadeUpChain
) -> None:
    named = [address("0x" + "cc" * 20)]
    asked: FunctionCall[Address] = FunctionCall("poster", b"poster", lambda _: named[-1])
    holders = {ROLE: Holder(BRIDGE, asked)}

    def turn() -> int:
        indexer.tick(database, chain.reader(), {}, INDEX)
        return service.advance(
            database, chain, chain.signer, PATIENT, [SenderRole.RELAYER, ROLE], holders=holders
        )

    submit(database, "a")
    with pytest.raises(KeyReplaced, match=f"knows {named[0]} as the poster"):
        turn()
    assert turn() == 0
    with database.engine.connect() as connection:
        rows = connection.execute(sa.select(intents.c.state, intents.c.refusal)).all()
    assert [(state, SENDER in refusal) for state, refusal in rows] == [("queued", True)]
    submit(database, "b")
    with pytest.raises(KeyReplaced):
        turn()
    assert chain.mempool == {}
    named.append(SENDER)
    turn()
    assert sorted(sent.calldata for sent in chain.mempool.values()) == [b"a", b"b"]


def test_in_flight_is_bounded(database: Database, chain: MadeUpChain) -> None:
    submit(database, *(f"intent {number}" for number in range(7)))
    advance(database, chain, SenderPolicy(in_flight_max=4))
    assert len(chain.mempool) == 4


def test_a_role_that_another_worker_moves_is_left_to_it(
    database: Database, chain: MadeUpChain
) -> None:
    submit(database, "a")
    with hold_turn(database, f"sender:{ROLE}") as mine:
        assert mine
        assert advance(database, chain) == 0
    assert state_of(database, "a").state is IntentState.QUEUED


def test_two_workers_cannot_both_move_an_intent(database: Database, chain: MadeUpChain) -> None:
    submit(database, "a")
    with database.read() as work:
        (queued,) = store.queued(work, 1, ROLE, 9)
    advance(database, chain)
    with pytest.raises(IntentMoved):
        execute(database, hops._fail, (queued, None, "too late"))
    assert state_of(database, "a").failure is None


def test_refusals(database: Database, chain: MadeUpChain) -> None:
    with pytest.raises(GasLimitOutOfBounds):
        execute(database, service.submit, intent("a", gas_limit=2**24 + 1))


def test_without_a_chain_nothing_is_queued(database: Database) -> None:
    with pytest.raises(NoChainYet):
        execute(database, service.submit, intent("a"))
    assert service.advance(database, MadeUpChain(), MadeUpChain().signer, POLICY, [ROLE]) == 0


def test_giving_a_chain_up_fails_what_was_open(database: Database, chain: MadeUpChain) -> None:
    submit(database, "a")
    execute(database, lambda work, _: service.abandon_chain(work, 1, "chain given up"), None)
    assert state_of(database, "a").failure == "chain given up"
    with database.read() as work:
        assert not service.has_open_intents(work)


def test_bytes_are_stored_before_they_are_sent(database: Database, chain: MadeUpChain) -> None:
    class Dying(MadeUpChain):
        def send_raw(self, raw: bytes) -> bytes:
            with database.engine.connect() as connection:
                stored = connection.execute(sa.select(intent_transactions.c.raw)).scalar_one()
            assert bytes(stored) == raw
            raise KeyboardInterrupt

    submit(database, "a")
    dying = Dying(chain.signer)
    with pytest.raises(KeyboardInterrupt):
        advance(database, dying)
    advance(database, chain)
    assert len(chain.mempool) == 1
