"""The log's values as the JSON that members keep and ``verifier`` reads. Format, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger.journal.model import AccountKey, ShownTransfer
from ledger.kernel.clock import Instant
from ledger.log import verifier
from ledger.log.model import Consistency, LogKey, Proof, SignedHead, TreeHead


def transfer_json(shown: ShownTransfer, previous: bytes) -> dict[str, Any]:
    """A transfer with every field that its hash covers, ``previous`` among them."""
    return {"previous": previous.hex(), **shown_json(shown)}


def shown_json(shown: ShownTransfer) -> dict[str, Any]:
    """A transfer as it stands in the journal."""
    row = shown.row
    return {
        "sequence": row.sequence,
        "entry_id": str(row.entry_id),
        "line": row.line,
        "lines": row.lines,
        "kind": row.kind,
        "debit": _account(shown.debit),
        "credit": _account(shown.credit),
        "amount": row.amount,
        "debit_balance_after": row.debit_balance_after,
        "credit_balance_after": row.credit_balance_after,
        "debit_previous": row.debit_previous,
        "credit_previous": row.credit_previous,
        "effective_at": Instant.of(row.effective_at).isoformat(),
        "recorded_at": Instant.of(row.recorded_at).isoformat(),
        "cites": None if row.cites is None else str(row.cites),
        "cause": row.cause,
        "hash": row.hash.hex(),
    }


def transfers_json(rows: Sequence[ShownTransfer], previous: bytes) -> list[dict[str, Any]]:
    """Transfers that follow each other, the first of them after ``previous``."""
    before = [previous, *(shown.row.hash for shown in rows)]
    return [transfer_json(shown, hashed) for shown, hashed in zip(rows, before, strict=False)]


def tree_head_json(head: TreeHead) -> dict[str, Any]:
    """What is signed of a head."""
    return {
        "format": verifier.HEAD_FORMAT,
        "tree_size": head.tree_size,
        "root": head.root.hex(),
        "journal_hash": head.journal_hash.hex(),
        "time": Instant.of(head.signed_at).isoformat(),
    }


def head_json(signed: SignedHead) -> dict[str, Any]:
    """A head with its signature."""
    return {
        **tree_head_json(signed.head),
        "key": signed.key.hex(),
        "signature": signed.signature.hex(),
    }


def head_file(
    signed: SignedHead, keys: Sequence[LogKey], paths: Sequence[Consistency] = ()
) -> dict[str, Any]:
    """A head as somebody saves it: with the log's keys, and paths to it from heads before."""
    return {
        **head_json(signed),
        "keys": [key_json(key) for key in keys],
        "consistency": [consistency_json(path) for path in paths],
    }


def key_json(key: LogKey) -> dict[str, Any]:
    """A key, and how the one before it names it."""
    return {
        "key": key.key.hex(),
        "valid_from": Instant.of(key.valid_from).isoformat(),
        "signed_by": key.signed_by.hex(),
        "signature": key.signature.hex(),
    }


def consistency_json(path: Consistency) -> dict[str, Any]:
    """A path between two sizes of the log."""
    return {
        "format": verifier.CONSISTENCY_FORMAT,
        "first": path.first,
        "second": path.second,
        "path": [node.hex() for node in path.path],
    }


def proof_json(proof: Proof) -> dict[str, Any]:
    """A proof, complete in itself."""
    return {
        "format": verifier.PROOF_FORMAT,
        "entry_id": str(proof.entry_id),
        "transfers": transfers_json(proof.transfers, proof.previous),
        "path": [node.hex() for node in proof.path],
        "head": head_json(proof.head),
        "keys": [key_json(key) for key in proof.keys],
        "consistency": [consistency_json(path) for path in proof.consistency],
    }


def _account(key: AccountKey) -> dict[str, Any]:
    owner: UUID | None = key.owner
    return {"kind": key.kind.value, "owner": None if owner is None else str(owner)}
