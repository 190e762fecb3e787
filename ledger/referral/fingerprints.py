"""Keyed hashes of what tells persons and networks apart. Pure.

Comparing needs no plain values: two accounts share something exactly if two hashes are the same.
Without the installation's key nobody can try values out, and the rows can be deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.kernel.keyed import KeyedHashes, network_of
from ledger.members.model import IdentityKey

WALLET: Final = "wallet"
_WORLDWIDE: Final = frozenset({"telegram", "phone", "phone_hash"})
"""Providers whose subjects mean the same whoever states them; others are an issuer's own."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One thing that tells a person: its kind, and its keyed hash."""

    kind: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Hashes with the key of one installation."""

    key: bytes

    def identifiers(
        self, identities: Iterable[IdentityKey], wallets: Iterable[str]
    ) -> frozenset[Identifier]:
        """What tells one person: accounts of any kind, and wallets (lower-case addresses)."""
        told = {
            Identifier(plain[0], self._digest("identity", *plain))
            for plain in map(_same_everywhere, identities)
        }
        return frozenset(
            told | {Identifier(WALLET, self._digest(WALLET, each)) for each in wallets}
        )

    def network(self, address: str | None) -> bytes | None:
        """The hash of an address' network: /24 of IPv4, /48 of IPv6; ``None`` if it is none."""
        prefix = network_of(address)
        return None if prefix is None else self._digest("network", prefix)

    def _digest(self, *parts: str) -> bytes:
        return KeyedHashes(self.key).digest(*parts)


def _same_everywhere(key: IdentityKey) -> tuple[str, str, str]:
    if key.provider in _WORLDWIDE:
        return key.provider.removesuffix("_hash"), "", key.subject
    return key.provider, key.issuer, key.subject
