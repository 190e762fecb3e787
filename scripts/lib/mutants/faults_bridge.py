"""Faults in what keeps the bridge right: reserve, backlog, watcher, indexer and sender."""

from __future__ import annotations

from typing import Final

from fault import Fault

_RESERVE: Final = ("tests/unit/oracle_reconcile",)
_BACKLOG: Final = ("tests/unit/oracle_sender/test_backlog.py",)
_WATCHER: Final = ("tests/unit/oracle_watcher",)
_INDEXER: Final = ("tests/integration/oracle/test_indexer.py",)
_SENDER: Final = ("tests/integration/oracle/test_sender.py",)

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
    Fault(
        "the watcher believes any recipient",
        "oracle/watcher/model.py",
        "if claim.salt is None or recipient_digest(wallet, claim.salt) != claim.recipient_digest:",
        "if claim.salt is None:",
        _WATCHER,
    ),
    Fault(
        "the watcher believes more in escrow than the journal has",
        "oracle/watcher/model.py",
        "if batch.escrowed_points > evidence.escrowed_before:",
        "if batch.escrowed_points < evidence.escrowed_before:",
        _WATCHER,
    ),
    Fault(
        "the watcher lets a batch end where none of its claims is",
        "oracle/watcher/model.py",
        "claims[-1].position != batch.ledger_position:",
        "claims[-1].position > batch.ledger_position:",
        _WATCHER,
    ),
    Fault(
        "what is not final is acted on",
        "oracle/indexer/model.py",
        "tagged_final if policy.depth is None else head_number - policy.depth",
        "head_number",
        _INDEXER,
    ),
    Fault(
        "logs of a lost branch stay",
        "oracle/indexer/service.py",
        "        store.delete_events_above(work, turn.known.chain_key, back.block_number)\n",
        "",
        _INDEXER,
    ),
    Fault(
        "a witness may tell of other events",
        "oracle/indexer/service.py",
        "if theirs != list(stored) or witness.identity() != identity:",
        "if witness.identity() != identity:",
        _INDEXER,
    ),
    Fault(
        "a witness may be another chain",
        "oracle/indexer/service.py",
        "if theirs != list(stored) or witness.identity() != identity:",
        "if theirs != list(stored):",
        _INDEXER,
    ),
    Fault(
        "the first fee passes the ceiling",
        "oracle/sender/model.py",
        "        min(suggested.max_fee_wei, fee_wei_max), min(",
        "        suggested.max_fee_wei, min(",
        _SENDER,
    ),
    Fault(
        "a raised fee passes the ceiling",
        "oracle/sender/model.py",
        "        whole = fee_wei_max\n",
        "        pass\n",
        _SENDER,
    ),
)
