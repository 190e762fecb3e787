"""Signatures of contract wallets (ERC-1271): the wallet is asked, with bounded gas."""

from __future__ import annotations

from typing import Final

from oracle.chain.port import BlockAt, Call, CallReverted, Chain
from oracle.contracts.abi import Address, encode

WALLET_GAS_MAX: Final = 150_000
"""What a wallet may use to check a signature; the ballot relay's limit leaves room for more."""
_MAGIC: Final = bytes.fromhex("1626ba7e")
"""Selector of `isValidSignature(bytes32,bytes)` and, if valid, its answer."""


def is_valid_contract_signature(
    chain: Chain, wallet: Address, digest: bytes, signature: bytes, at: BlockAt
) -> bool:
    """Whether the contract at `wallet` stands by the signature; False without code there."""
    calldata = _MAGIC + encode(("bytes32", "bytes"), (digest, signature))
    try:
        answer = chain.call(Call(wallet, calldata, gas=WALLET_GAS_MAX), at)
    except CallReverted:
        return False
    return len(answer) >= len(_MAGIC) and answer[:32] == _MAGIC.ljust(32, b"\0")
