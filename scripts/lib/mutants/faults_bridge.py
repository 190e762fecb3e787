"""Faults in what tells that the bridge is right: both sides of the reserve, and the backlog."""

from __future__ import annotations

from typing import Final

from fault import Fault

_RESERVE: Final = ("tests/unit/oracle_reconcile",)
_BACKLOG: Final = ("tests/unit/oracle_sender/test_backlog.py",)

BRIDGE: Final[tuple[Fault, ...]] = (
    Fault(
        "escrow may hold more than the rows add up to",
        "oracle/reconcile/model.py",
        "if ledger.escrow != ledger.escrow_by_rows:",
        "if ledger.escrow < ledger.escrow_by_rows:",
        _RESERVE,
    ),
    Fault(
        "tokens may exist that nobody minted",
        "oracle/reconcile/model.py",
        "if chain.supply != expected:",
        "if chain.supply < expected:",
        _RESERVE,
    ),
    Fault(
        "the wrong side is named",
        "oracle/reconcile/model.py",
        'side = "chain" if on_chain > by_rows else "ledger"',
        'side = "ledger" if on_chain > by_rows else "chain"',
        _RESERVE,
    ),
    Fault(
        "a transaction that a reorg could undo is taken to be done",
        "oracle/sender/backlog.py",
        "            return Waiting.UNFINALIZED\n",
        "            return None\n",
        _BACKLOG,
    ),
)
