"""Contract wallets asked over the chain port (ERC-1271)."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.chain.erc1271 import is_valid_contract_signature
from oracle.chain.port import BlockTag, Chain
from oracle.contracts.abi import address as parse_chain_address


@dataclass(frozen=True, slots=True)
class ChainSignatures:
    """``ContractSignatures`` at the head of a chain."""

    chain: Chain

    def stands_by(self, address: str, digest: bytes, signature: bytes) -> bool | None:
        """See :class:`api.auth.wallets.ContractSignatures`."""
        wallet = parse_chain_address(address)
        if not self.chain.code(wallet, BlockTag.LATEST):
            return None
        return is_valid_contract_signature(self.chain, wallet, digest, signature, BlockTag.LATEST)
