"""A wallet linked to a member. Pure.

Addresses are lower-case hex here; the mixed-case form of EIP-55 is for showing. Whether somebody
may link an address (a signature) is proved by whoever calls; this room keeps the result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.kernel.errors import ErrorKind, VkladError

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_ZERO: Final = "0x" + "0" * 40


class BadAddress(VkladError):
    """Not 20 bytes of hex after 0x, or the zero address."""

    code = "bad_address"
    kind = ErrorKind.INVALID


class WalletTaken(VkladError):
    """Another member has linked this wallet."""

    code = "wallet_taken"
    kind = ErrorKind.CONFLICT


class WalletAlreadyLinked(VkladError):
    """The member has a wallet; it has to be unlinked first."""

    code = "wallet_already_linked"
    kind = ErrorKind.CONFLICT


class NoWallet(VkladError):
    """The member has no wallet linked."""

    code = "no_wallet"
    kind = ErrorKind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Wallet:
    """One linking; active while ``unlinked_at`` is ``None``."""

    wallet_id: UUID
    member_id: UUID
    address: str
    linked_at: datetime
    unlinked_at: datetime | None


def parse_address(text: str) -> str:
    """The address in lower case.

    Raises:
        BadAddress: not an address, or zero.
    """
    address = text.lower()
    if not _ADDRESS.match(text) or address == _ZERO:
        raise BadAddress(f"{text[:64]!r} is not a wallet address.", address=text[:64])
    return address
