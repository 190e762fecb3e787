"""Money through batches: packed and unpacked, chosen in order, spread without loss."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import Points, sum_points
from oracle.bridge import model as m
from oracle.bridge.resets import shares_down

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WALLETS = st.binary(min_size=20, max_size=20).map(lambda raw: f"0x{raw.hex()}")
AMOUNTS = st.integers(1, m.RECORD_POINTS_MAX).map(Points)
POINTS = st.integers(0, 10**12).map(Points)


@given(st.lists(st.tuples(WALLETS, AMOUNTS), max_size=50))
def test_packing_loses_nothing(entries: list[tuple[str, Points]]) -> None:
    packed = m.pack_records(entries)
    assert len(packed) == m.RECORD_BYTES * len(entries)
    assert m.unpack_records(packed) == entries


@given(
    st.lists(st.integers(1, 1_000), max_size=80),
    st.integers(0, 5_000),
    st.integers(1, 600),
    st.sets(st.integers(0, 79)),
)
def test_a_batch_is_the_longest_run_that_fits(
    amounts: list[int], points_max: int, records_max: int, delegated: set[int]
) -> None:
    waiting = [
        m.Request(
            request_id=UUID(int=number),
            chain_key=1,
            member_id=UUID(int=number),
            wallet=f"0x{number:040x}",
            points=Points(amount),
            salt=bytes(32),
            entry_id=UUID(int=number),
            journal_sequence=number,
            state=m.RequestState.ESCROWED,
            batch_id=None,
            created_at=NOW,
        )
        for number, amount in enumerate(amounts)
    ]
    wallets = {f"0x{number:040x}" for number in delegated}
    found = m.select(waiting, wallets, Points(points_max), records_max)
    chosen = found.chosen
    assert list(chosen) == waiting[: len(chosen)]

    def gas(requests: tuple[m.Request, ...]) -> int:
        each = [m.GAS_DELEGATED if r.wallet in wallets else m.GAS_PLAIN for r in requests]
        return m.GAS_FIXED + sum(each)

    def fits(requests: tuple[m.Request, ...]) -> bool:
        return (
            len(requests) <= min(records_max, m.RECORDS_MAX)
            and m.total_points(requests) <= Points(points_max)
            and gas(requests) <= m.GAS_BUDGET
        )

    assert fits(chosen)
    if len(chosen) < len(waiting):
        assert not fits((*chosen, waiting[len(chosen)]))
    assert (found.too_large is not None) == bool(waiting and amounts[0] > points_max)


@given(st.lists(POINTS, max_size=30), POINTS)
def test_shares_use_up_what_is_left_and_nobody_gets_more_than_outstanding(
    outstanding: list[Points], left: Points
) -> None:
    shares = shares_down(outstanding, left)
    total = sum_points(outstanding)
    assert sum_points(shares) == min(left, total)
    assert all(Points(0) <= share <= part for share, part in zip(shares, outstanding, strict=True))
    if left < total:
        for share, part in zip(shares, outstanding, strict=True):
            exact_down = part.amount * left.amount // total.amount
            assert exact_down <= share.amount <= exact_down + 1


@given(WALLETS, WALLETS, st.binary(min_size=32, max_size=32))
def test_a_digest_names_one_wallet(one: str, other: str, salt: bytes) -> None:
    same = m.recipient_digest(one, salt) == m.recipient_digest(other, salt)
    assert same == (one == other)
