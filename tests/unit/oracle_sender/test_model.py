"""The sender's machine, transition by transition."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.contracts.abi import ZERO_ADDRESS
from oracle.sender import model as m

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FEES = m.Fees(20, 2)
POLICY = m.SenderPolicy(stuck_after=timedelta(seconds=60), fee_wei_max=100)


def attempt(number: int = 0, fees: m.Fees = FEES, at: datetime | None = NOW) -> m.Attempt:
    return m.Attempt(number, bytes([number]) * 32, b"raw", fees, at)


def intent(state: m.IntentState, *attempts: m.Attempt, nonce: int = 5) -> m.Intent:
    return m.Intent(
        intent_id=UUID(int=1),
        key="k",
        kind="bridge.commit",
        role=m.SenderRole.POSTER,
        to=ZERO_ADDRESS,
        calldata=b"",
        value_wei=0,
        gas_limit=100_000,
        state=state,
        sender=ZERO_ADDRESS,
        nonce=nonce,
        attempts=attempts,
    )


def observed(**changes: object) -> m.Observed:
    base = m.Observed(
        block_number_final=10,
        nonce_final=5,
        nonce_head=5,
        receipt=None,
        node_knows=True,
        fees_suggested=m.Fees(20, 2),
        now=NOW,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def mined(block_number: int = 20, *, succeeded: bool = True) -> m.Mined:
    return m.Mined(b"\x00" * 32, block_number, b"\x01" * 32, succeeded)


def test_a_reserved_nonce_is_signed_however_often_the_worker_died() -> None:
    step = m.decide(intent(m.IntentState.RESERVED), observed(), POLICY)
    assert step == m.Sign(FEES)


def test_first_fees_stop_at_the_ceiling() -> None:
    step = m.decide(
        intent(m.IntentState.RESERVED), observed(fees_suggested=m.Fees(500, 300)), POLICY
    )
    assert step == m.Sign(m.Fees(100, 100))


def test_stored_bytes_are_broadcast_and_broadcast_again_when_the_node_forgot_them() -> None:
    signed = intent(m.IntentState.SIGNED, attempt(at=None))
    assert m.decide(signed, observed(node_knows=False), POLICY) == m.Broadcast(attempt(at=None))
    sent = intent(m.IntentState.BROADCAST, attempt())
    assert m.decide(sent, observed(node_knows=False), POLICY) == m.Broadcast(attempt())
    assert m.decide(sent, observed(), POLICY) == m.Wait()


def test_the_first_in_line_is_replaced_when_stuck_and_the_others_wait() -> None:
    late = observed(now=NOW + timedelta(seconds=60))
    sent = intent(m.IntentState.BROADCAST, attempt())
    assert m.decide(sent, late, POLICY) == m.Sign(m.Fees(23, 3))
    assert m.decide(replace(sent, nonce=6), late, POLICY) == m.Wait()


def test_at_the_ceiling_the_sender_waits() -> None:
    late = observed(now=NOW + timedelta(seconds=60))
    sent = intent(m.IntentState.BROADCAST, attempt(fees=m.Fees(90, 10)))
    assert m.decide(sent, late, POLICY) == m.Wait()


def test_mined_then_final() -> None:
    sent = intent(m.IntentState.BROADCAST, attempt())
    assert m.decide(sent, observed(receipt=mined(20)), POLICY) == m.RecordMined(mined(20))
    waiting = replace(sent, state=m.IntentState.MINED, mined=mined(20))
    assert m.decide(waiting, observed(receipt=mined(20)), POLICY) == m.Wait()
    final = observed(receipt=mined(20), block_number_final=20)
    assert m.decide(waiting, final, POLICY) == m.Settle(mined(20))


def test_a_receipt_of_any_attempt_counts_whatever_the_state() -> None:
    replaced = intent(m.IntentState.SIGNED, attempt(0), attempt(1, at=None))
    step = m.decide(replaced, observed(receipt=mined(20), nonce_head=6), POLICY)
    assert step == m.RecordMined(mined(20))


def test_a_reorg_takes_it_back_or_moves_it() -> None:
    was = replace(intent(m.IntentState.MINED, attempt()), mined=mined(20))
    assert m.decide(was, observed(), POLICY) == m.Unmine()
    assert m.decide(was, observed(receipt=mined(21)), POLICY) == m.RecordMined(mined(21))


@pytest.mark.parametrize(
    "state", [m.IntentState.RESERVED, m.IntentState.SIGNED, m.IntentState.BROADCAST]
)
def test_a_nonce_used_by_a_stranger_is_lost_only_when_that_is_final(
    state: m.IntentState,
) -> None:
    taken = intent(state, *([] if state is m.IntentState.RESERVED else [attempt()]))
    assert m.decide(taken, observed(nonce_head=6), POLICY) == m.Wait()
    assert m.decide(taken, observed(nonce_head=6, nonce_final=6), POLICY) == m.LoseNonce()


def test_gas_limit_bounds_are_inclusive() -> None:
    m.check_gas_limit(m.GAS_LIMIT_MIN)
    m.check_gas_limit(2**24)
    for outside in (m.GAS_LIMIT_MIN - 1, 2**24 + 1):
        with pytest.raises(m.GasLimitOutOfBounds) as refused:
            m.check_gas_limit(outside)
        assert refused.value.gas_limit == outside


FEE = st.integers(0, 10**12)


@given(FEE, FEE, FEE, FEE, st.integers(0, 10**13))
def test_a_replacement_raises_both_fees_by_an_eighth_and_never_passes_the_ceiling(
    whole: int, tip: int, suggested_whole: int, suggested_tip: int, ceiling: int
) -> None:
    previous = m.Fees(max(whole, tip), min(whole, tip))
    suggested = m.Fees(max(suggested_whole, suggested_tip), min(suggested_whole, suggested_tip))
    raised = m.raised_fees(previous, suggested, ceiling)
    if raised is None:
        assert 8 * ceiling < 9 * previous.max_fee_wei + 8 or ceiling <= previous.max_fee_wei
        return
    assert raised.max_fee_wei <= ceiling
    assert 8 * raised.max_fee_wei >= 9 * previous.max_fee_wei
    assert 8 * raised.priority_fee_wei >= 9 * previous.priority_fee_wei
    assert raised.max_fee_wei > previous.max_fee_wei
    assert raised.priority_fee_wei > previous.priority_fee_wei


@given(st.frozensets(st.integers(0, 20)), st.integers(0, 20))
def test_the_next_nonce_is_the_lowest_free_one(held: frozenset[int], head: int) -> None:
    nonce = m.next_nonce(held, head)
    assert nonce >= head
    assert nonce not in held
    assert all(lower in held for lower in range(head, nonce))
    assert m.has_hole(held, head) == any(other > nonce for other in held)


@pytest.mark.parametrize("standing", [m.KeyStanding.REPLACED, m.KeyStanding.POWERLESS])
def test_a_nonce_of_a_key_that_is_not_ours_any_more_is_not_signed_for(
    standing: m.KeyStanding,
) -> None:
    step = m.decide(intent(m.IntentState.RESERVED), observed(key=standing), POLICY)
    assert step == m.LoseNonce()


def test_what_a_replaced_key_signed_is_sent_but_never_made_dearer_by_another() -> None:
    replaced = observed(key=m.KeyStanding.REPLACED, node_knows=False)
    signed = intent(m.IntentState.SIGNED, attempt(at=None))
    assert m.decide(signed, replaced, POLICY) == m.Broadcast(attempt(at=None))
    late = observed(key=m.KeyStanding.REPLACED, now=NOW + timedelta(days=1))
    assert m.decide(intent(m.IntentState.BROADCAST, attempt()), late, POLICY) == m.Wait()


def test_what_a_powerless_key_signed_is_written_off_unless_it_was_mined() -> None:
    powerless = observed(key=m.KeyStanding.POWERLESS)
    sent = intent(m.IntentState.BROADCAST, attempt())
    assert m.decide(sent, powerless, POLICY) == m.LoseNonce()
    reverted = mined(9, succeeded=False)
    assert m.decide(sent, replace(powerless, receipt=reverted), POLICY) == m.Settle(reverted)
    assert m.decide(sent, replace(powerless, nonce_head=6), POLICY) == m.Wait()
