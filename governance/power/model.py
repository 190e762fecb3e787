"""One event of the token, from a log to what it says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from oracle.bindings import vkl_token
from oracle.chain.port import Log

_ADDRESS_BYTES: Final = 20
_WORD: Final = 32


class ChangeKind(StrEnum):
    """What an event of the token is about."""

    TRANSFER = "transfer"
    DELEGATE = "delegate"
    VOTES = "votes"


KINDS: Final = {
    vkl_token.Transfer.TOPIC: ChangeKind.TRANSFER,
    vkl_token.DelegateChanged.TOPIC: ChangeKind.DELEGATE,
    vkl_token.DelegateVotesChanged.TOPIC: ChangeKind.VOTES,
}
"""By the log's first topic."""


@dataclass(frozen=True, slots=True)
class TokenChange:
    """What the token said once.

    A transfer of ``units`` from ``account`` to ``other``; that ``account`` delegates to ``other``
    from then on; or that ``account`` has ``units`` of votes from then on.
    """

    block_number: int
    log_index: int
    at: datetime
    kind: ChangeKind
    account: str
    other: str | None
    units: int | None


@dataclass(frozen=True, slots=True)
class ReadTo:
    """Up to which block, inclusive, the token was read, and that block's time."""

    block_number: int
    block_time: datetime


def change_of(log: Log, at: datetime) -> TokenChange:
    """What a log of the token says; its first topic is one of ``KINDS``."""
    kind = KINDS[log.topics[0]]
    other = units = None
    if kind is ChangeKind.TRANSFER:
        other, units = _account(log.topics[2]), _word(log.payload, 0)
    elif kind is ChangeKind.DELEGATE:
        other = _account(log.topics[3])
    else:
        units = _word(log.payload, 1)
    account = _account(log.topics[1])
    return TokenChange(log.block_number, log.log_index, at, kind, account, other, units)


def _account(topic: bytes) -> str:
    return f"0x{topic[-_ADDRESS_BYTES:].hex()}"


def _word(payload: bytes, number: int) -> int:
    return int.from_bytes(payload[_WORD * number : _WORD * (number + 1)], "big")
