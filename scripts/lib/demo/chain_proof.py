"""Whether transfers are one unbroken chain, by docs/ledger.md alone: no door, no code of ours."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

GENESIS: Final = bytes(32)
_ROW: Final = struct.Struct(">16s 32s Q 16s HH 32s 32s 32s q qq QQ qq B16s 32s")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z")
_BELOW_ZERO: Final = frozenset({"issuance", "debt"})

Account = tuple[str, str | None]


class ChainBroken(Exception):
    """A transfer that is not what it must be."""


@dataclass
class Proof:
    """The chain as far as it was read; ``read`` takes the next transfers and refuses wrong ones."""

    sequence: int = 0
    hash: bytes = GENESIS
    balances: dict[Account, int] = field(default_factory=dict)
    newest: dict[Account, int] = field(default_factory=dict)
    entries: int = 0
    _before: dict[str, Any] = field(default_factory=dict)

    def read(self, transfers: Iterable[dict[str, Any]]) -> None:
        """Go on with the next transfers.

        Raises:
            ChainBroken: naming the first that does not follow.
        """
        for transfer in transfers:
            try:
                wrong = self._follow(transfer)
            except (KeyError, TypeError, ValueError, struct.error) as error:
                wrong = f"cannot be read: {error!r}"
            if wrong:
                raise ChainBroken(f"transfer {self.sequence + 1} {wrong}")
            self.sequence += 1

    def end(self, head: dict[str, Any]) -> None:
        """What was read ends where the head says, and no point came from nowhere.

        Raises:
            ChainBroken: it does not.
        """
        if self._before and self._before["line"] != self._before["lines"]:
            raise ChainBroken(f"transfer {self.sequence} is not the last line of its entry")
        if (self.sequence, self.hash.hex()) != (head["sequence"], head["hash"]):
            raise ChainBroken(
                f"the chain ends at {self.sequence} with {self.hash.hex()}, "
                f"the head says {head['sequence']} with {head['hash']}"
            )
        if head["accounts"] != len(self.balances):
            raise ChainBroken(f"{len(self.balances)} accounts, the head says {head['accounts']}")
        if sum(self.balances.values()):
            raise ChainBroken("all balances together are not zero")

    def _follow(self, transfer: dict[str, Any]) -> str | None:
        if transfer["sequence"] != self.sequence + 1:
            return f"is missing: {transfer['sequence']} comes in its place"
        expected = row_hash(self.hash, transfer)
        if transfer["hash"] != expected.hex():
            return f"has the hash {transfer['hash'][:16]}…, its content {expected.hex()[:16]}…"
        return self._line_problem(transfer) or self._move(transfer, expected)

    def _line_problem(self, transfer: dict[str, Any]) -> str | None:
        before = self._before
        if not before or before["line"] == before["lines"]:
            self.entries += 1
            return None if transfer["line"] == 1 else f"is line {transfer['line']} of a new entry"
        same = all(transfer[name] == before[name] for name in ("entry_id", "lines", "kind"))
        follows = same and transfer["line"] == before["line"] + 1
        return None if follows else "does not go on with the entry before it"

    def _move(self, transfer: dict[str, Any], own_hash: bytes) -> str | None:
        amount = transfer["amount"]
        if amount <= 0:
            return f"moves {amount}"
        for side, change in (("debit", -amount), ("credit", amount)):
            account: Account = (transfer[side]["kind"], transfer[side]["owner"])
            balance = self.balances.get(account, 0) + change
            if transfer[f"{side}_balance_after"] != balance:
                stated = transfer[f"{side}_balance_after"]
                return f"leaves {stated} in {account[0]}, which makes {balance}"
            if transfer[f"{side}_previous"] != self.newest.get(account, 0):
                return f"names {transfer[f'{side}_previous']} as the one before in {account[0]}"
            if balance < 0 and account[0] not in _BELOW_ZERO:
                return f"leaves {balance} in {account[0]}"
            self.balances[account] = balance
        for side in ("debit", "credit"):
            self.newest[(transfer[side]["kind"], transfer[side]["owner"])] = transfer["sequence"]
        self.hash, self._before = own_hash, transfer
        return None


def row_hash(previous: bytes, transfer: dict[str, Any]) -> bytes:
    """SHA-256 over the 277 bytes of a transfer."""
    cites = transfer["cites"]
    return hashlib.sha256(
        _ROW.pack(
            b"vklad.journal.v1",
            previous,
            transfer["sequence"],
            UUID(transfer["entry_id"]).bytes,
            transfer["line"],
            transfer["lines"],
            _digest(transfer["kind"]),
            _identity(transfer["debit"]),
            _identity(transfer["credit"]),
            transfer["amount"],
            transfer["debit_balance_after"],
            transfer["credit_balance_after"],
            transfer["debit_previous"],
            transfer["credit_previous"],
            _microseconds(transfer["effective_at"]),
            _microseconds(transfer["recorded_at"]),
            cites is not None,
            bytes(16) if cites is None else UUID(cites).bytes,
            _digest(transfer["cause"]),
        )
    ).digest()


def _identity(account: dict[str, Any]) -> bytes:
    owner = account["owner"]
    stated = b"\0" + bytes(16) if owner is None else b"\1" + UUID(owner).bytes
    return hashlib.sha256(b"vklad.account.v1" + _digest(account["kind"]) + stated).digest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _microseconds(text: str) -> int:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is not a moment")
    whole = datetime.fromisoformat(f"{found[1]}+00:00") - _EPOCH
    return whole // timedelta(microseconds=1) + int((found[2] or "").ljust(6, "0"))
