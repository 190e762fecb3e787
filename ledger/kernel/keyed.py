"""Keyed hashes of what tells persons, devices and networks apart. Pure.

Comparing needs no plain values: two are the same exactly if their hashes are. Without the
installation's key nobody can try values out. With a new key earlier hashes compare with nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from typing import Final

_PREFIX: Final = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class KeyedHashes:
    """Hashes with one key of an installation."""

    key: bytes

    def digest(self, *parts: str) -> bytes:
        """HMAC-SHA-256 over the parts, each after its length, so that no two lists are alike."""
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in map(str.encode, parts))
        return hmac.digest(self.key, message, hashlib.sha256)


def network_of(address: str | None) -> str | None:
    """An address' network: /24 of IPv4, /48 of IPv6; ``None`` if it is no address."""
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    return str(ipaddress.ip_network((known, _PREFIX[known.version]), strict=False))
