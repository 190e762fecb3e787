"""Both sides of rule 7."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.kernel.units import Points
from oracle.reconcile.model import ChainSide, LedgerSide, Reconciliation

LEDGER = LedgerSide(
    position=7,
    position_hash=bytes(32),
    escrow=Points(150),
    outgoing=Points(60),
    minted=Points(140),
    credited=Points(50),
    parked=Points(10),
    unread_mints=Points(20),
    unread_burns=Points(30),
)
CHAIN = ChainSide(
    block_number=9,
    block_hash=bytes(32),
    supply=Points(70).to_token_units(),
    executed=Points(160),
    redeemed=Points(90),
)


def test_equal_sides() -> None:
    found = Reconciliation(LEDGER, CHAIN)
    assert found.escrow_units == found.owed_units
    assert found.findings() == []


@pytest.mark.parametrize(
    ("ledger", "chain", "words"),
    [
        ({"escrow": Points(151)}, {}, "The ledger is off: its escrow account holds 151"),
        ({}, {"supply": Points(71).to_token_units()}, "The chain is off: the token's supply"),
        (
            {},
            {"executed": Points(161), "supply": Points(71).to_token_units()},
            "The chain is off: the bridge contract has minted 161",
        ),
        (
            {"unread_burns": Points(31)},
            {},
            "The ledger is off: the bridge contract has burnt 90",
        ),
    ],
)
def test_the_side_that_is_off_is_named(
    ledger: dict[str, Points], chain: dict[str, object], words: str
) -> None:
    found = Reconciliation(replace(LEDGER, **ledger), replace(CHAIN, **chain))  # type: ignore[arg-type]
    assert found.findings()[0].startswith(words)
    assert found.escrow_units != found.owed_units
