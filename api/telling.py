"""The key under which what sources say of devices and networks is kept.

Derived from the installation's secret, which is made on the first run, and apart from the key of
guest passes: what the two keep is never compared.
"""

from __future__ import annotations

import hashlib
import hmac

from ledger.kernel.keyed import KeyedHashes


def hashes_of_events(secret: bytes) -> KeyedHashes:
    """The keyed hashes of facts of an installation with this secret."""
    return KeyedHashes(hmac.digest(secret, b"vklad.events", hashlib.sha256))
