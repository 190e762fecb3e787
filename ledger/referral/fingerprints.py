"""Keyed hashes of what tells persons and networks apart. Pure.

Comparing needs no plain values: two accounts share something exactly if two hashes are the same.
Without the installation's key nobody can try values out, and the rows can be deleted.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.members.model import IdentityKey

WALLET: Final = "wallet"
_WORLDWIDE: Final = frozenset({"telegram", "phone", "phone_hash"})
"""Providers whose subjects mean the same whoever states them; others are an issuer's own."""
_PREFIX: Final = {4: 24, 6: 48}


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
        try:
            known = ipaddress.ip_address(address or "")
        except ValueError:
            return None
        if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
            known = known.ipv4_mapped
        prefix = ipaddress.ip_network((known, _PREFIX[known.version]), strict=False)
        return self._digest("network", str(prefix))

    def _digest(self, *parts: str) -> bytes:
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in map(str.encode, parts))
        return hmac.digest(self.key, message, hashlib.sha256)


def _same_everywhere(key: IdentityKey) -> tuple[str, str, str]:
    if key.provider in _WORLDWIDE:
        return key.provider.removesuffix("_hash"), "", key.subject
    return key.provider, key.issuer, key.subject
