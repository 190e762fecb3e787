"""Faults in what the bridge proves: the reserve, its statement, a member's record, and figures."""

from __future__ import annotations

from typing import Final

from fault import Fault

_RESERVE: Final = ("tests/unit/oracle_reconcile", "tests/integration/oracle/test_reserve.py")
_RECORDS: Final = ("tests/integration/oracle/test_records.py",)
_METRICS: Final = (
    "tests/unit/oracle_sender/test_backlog.py",
    "tests/integration/oracle/test_metrics.py",
)

BRIDGE: Final[tuple[Fault, ...]] = (
    Fault(
        "a statement counts whoever signed it",
        "oracle/reconcile/verifier.py",
        "        _same(signer, anchorer),\n",
        "        bool(signer) and bool(anchorer),\n",
        _RESERVE,
    ),
    Fault(
        "a statement is believed what the chain has burnt",
        "oracle/reconcile/verifier.py",
        '        ("redeemedPoints", bridge, "redeemedPoints"),\n',
        "",
        _RESERVE,
    ),
    Fault(
        "nobody adds up escrow and what is owed",
        "oracle/reconcile/verifier.py",
        "    require(escrow == owed,",
        "    require(escrow >= owed,",
        _RESERVE,
    ),
    Fault(
        "a statement may be about another bridge than the one known",
        "oracle/reconcile/verifier.py",
        "    if bridge is not None:\n        found",
        "    if bridge == domain['name']:\n        found",
        _RESERVE,
    ),
    Fault(
        "the monitor sees a mismatch and stops nothing",
        "oracle/reconcile/service.py",
        "    if findings:\n        message",
        "    if len(findings) > 9:\n        message",
        _RESERVE,
    ),
    Fault(
        "a record is not looked for in the records",
        "oracle/bridge/record_verifier.py",
        "records[SIZE * index : SIZE * (index + 1)] == expected,",
        "len(expected) == SIZE,",
        _RECORDS,
    ),
    Fault(
        "the chain may have committed to other records",
        "oracle/bridge/record_verifier.py",
        "            require(on_chain == hashed,",
        "            require(len(on_chain) == len(hashed),",
        _RECORDS,
    ),
    Fault(
        "a member may read the record of another's request",
        "oracle/bridge/record.py",
        "find_request(work, member_id, request_id).request",
        "find_request(work, None, request_id).request",
        _RECORDS,
    ),
    Fault(
        "a transaction that a reorg could undo is taken to be done",
        "oracle/sender/backlog.py",
        "            return Waiting.UNFINALIZED\n",
        "            return None\n",
        _METRICS,
    ),
    Fault(
        "a reserve that is off is told to be equal",
        "api/http/chain_metrics.py",
        ").set(0 if findings else 1)",
        ").set(1 if findings is not None else 0)",
        _METRICS,
    ),
)
