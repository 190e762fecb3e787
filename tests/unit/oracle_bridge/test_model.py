"""Requests, batches and what may be done with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from eth_utils.crypto import keccak

from ledger.kernel.units import Points
from oracle.bridge import model as m
from oracle.bridge.errors import RecipientRefused, RequestOutOfBounds

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = m.BridgePolicy()
WALLET = "0x" + "ab" * 20


def request(
    number: int = 1, points: int = 100, state: m.RequestState = m.RequestState.ESCROWED
) -> m.Request:
    return m.Request(
        request_id=UUID(int=number),
        chain_key=1,
        member_id=UUID(int=number),
        wallet=f"0x{number:040x}",
        points=Points(points),
        salt=bytes(32),
        entry_id=UUID(int=number),
        journal_sequence=number,
        state=state,
        batch_id=None,
        created_at=NOW + timedelta(seconds=number),
    )


def batch(state: m.BatchState = m.BatchState.COMMITTED) -> m.Batch:
    return m.Batch(
        batch_id=UUID(int=9),
        chain_key=1,
        sequence=4,
        state=state,
        records=b"",
        records_hash=bytes(32),
        points=Points(100),
        ledger_position=7,
        escrowed_points=Points(100),
        executable_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        attempt=0,
        created_at=NOW,
    )


def test_bounds_of_a_request_are_inclusive() -> None:
    m.check_points(POLICY.points_min, POLICY)
    m.check_points(POLICY.points_max, POLICY)
    for outside in (POLICY.points_min - Points(1), POLICY.points_max + Points(1)):
        with pytest.raises(RequestOutOfBounds) as refused:
            m.check_points(outside, POLICY)
        assert refused.value.points == outside.amount


def test_recipients_that_the_token_would_revert_on() -> None:
    m.check_recipient(WALLET, ())
    for bad, refused in (("0x" + "0" * 40, ()), (WALLET, (WALLET.upper().replace("X", "x"),))):
        with pytest.raises(RecipientRefused):
            m.check_recipient(bad, refused)


def test_records_are_packed_as_the_token_reads_them() -> None:
    packed = m.pack_records([(WALLET, Points(258))])
    assert packed == bytes.fromhex("ab" * 20) + b"\x00\x00\x00\x00\x01\x02"
    assert m.unpack_records(packed) == [(WALLET, Points(258))]
    with pytest.raises(ValueError, match="27 bytes"):
        m.unpack_records(packed + b"\x00")


def test_a_digest_says_nothing_without_its_salt() -> None:
    assert m.recipient_digest(WALLET, b"a" * 32) != m.recipient_digest(WALLET, b"b" * 32)
    assert len(m.recipient_digest(WALLET, b"a" * 32)) == 64


def test_two_local_chains_are_told_apart_in_the_journal() -> None:
    one = m.chain_words(31337, WALLET, keccak(b"1"))
    assert one.startswith(f"eip155:31337:{WALLET}@")
    assert one != m.chain_words(31337, WALLET, keccak(b"2"))


def test_a_batch_is_due_when_full_or_when_its_oldest_has_waited() -> None:
    policy = replace(POLICY, records_max=3, batch_after=timedelta(seconds=60))
    two = [request(1), request(2)]
    assert not m.is_due([], policy, NOW + timedelta(days=1))
    assert not m.is_due(two, policy, NOW + timedelta(seconds=60))
    assert m.is_due(two, policy, NOW + timedelta(seconds=61))
    assert m.is_due([*two, request(3)], policy, NOW)


def test_a_batch_stops_at_count_points_and_gas() -> None:
    waiting = [request(number) for number in range(1, 600)]
    ceiling = Points(10**9)
    assert len(m.select(waiting, (), ceiling).chosen) == m.RECORDS_MAX
    assert len(m.select(waiting, (), ceiling, 7).chosen) == 7
    assert len(m.select(waiting, (), Points(1_050)).chosen) == 10
    delegated = {each.wallet for each in waiting}
    by_gas = m.select(waiting, delegated, ceiling).chosen
    assert len(by_gas) == (m.GAS_BUDGET - m.GAS_FIXED) // m.GAS_DELEGATED
    assert m.execution_gas(len(by_gas)) <= 2**24


def test_what_can_never_fit_is_named() -> None:
    waiting = [request(1, points=11), request(2, points=5)]
    found = m.select(waiting, (), Points(10))
    assert (found.chosen, found.too_large) == ((), waiting[0])
    assert m.select(waiting, (), Points(11)).too_large is None


@pytest.mark.parametrize(
    ("state", "batch_state", "expected"),
    [
        (m.RequestState.ESCROWED, None, m.Stage.WAITING),
        (m.RequestState.BATCHED, m.BatchState.COMMITTING, m.Stage.COMMITTING),
        (m.RequestState.BATCHED, m.BatchState.COMMITTED, m.Stage.EXECUTING),
        (m.RequestState.BATCHED, m.BatchState.VETOED, m.Stage.RETURNING),
        (m.RequestState.BATCHED, m.BatchState.EXPIRED, m.Stage.RETURNING),
        (m.RequestState.MINTED, m.BatchState.EXECUTED, m.Stage.MINTED),
        (m.RequestState.RETURNED, m.BatchState.EXPIRED, m.Stage.RETURNED),
    ],
)
def test_stages(state: m.RequestState, batch_state: m.BatchState | None, expected: m.Stage) -> None:
    made = None if batch_state is None else batch(batch_state)
    assert m.stage(request(state=state), made, NOW) is expected


def test_before_its_time_a_batch_is_delayed() -> None:
    early = m.stage(request(state=m.RequestState.BATCHED), batch(), NOW - timedelta(seconds=1))
    assert early is m.Stage.DELAYED


@pytest.mark.parametrize(
    ("change", "lets"),
    [
        ({}, True),
        ({"now_s": int(NOW.timestamp()) - 1}, False),
        ({"paused": True}, False),
        ({"watcher_alive_until_s": int(NOW.timestamp()) - 1}, False),
        ({"checked_sequence": 3}, False),
        ({"available": Points(99)}, False),
    ],
)
def test_the_gate_is_the_contracts(change: dict[str, object], lets: bool) -> None:  # noqa: FBT001
    now = int(NOW.timestamp())
    gate = m.Gate(now, False, now, 4, Points(100))
    assert replace(gate, **change).lets(batch()) is lets  # type: ignore[arg-type]
