from __future__ import annotations

import hashlib
import hmac

import pytest

from ledger.kernel.keyed import KeyedHashes, network_of

KEY = b"k" * 32


def test_each_part_is_hashed_after_its_length() -> None:
    expected = hmac.digest(KEY, b"\0\0\0\x02ab" + b"\0\0\0\x00" + b"\0\0\0\x01c", hashlib.sha256)
    assert KeyedHashes(KEY).digest("ab", "", "c") == expected


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (None, None),
        ("", None),
        ("anna", None),
        ("198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
    ],
)
def test_a_network_is_so_wide(address: str | None, network: str | None) -> None:
    assert network_of(address) == network
