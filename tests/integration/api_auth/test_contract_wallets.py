"""Contract wallets on a real chain: only code at the address answers, and only for itself."""

from __future__ import annotations

import httpx
import pytest

from api.auth.contract_wallets import ChainSignatures
from api.auth.wallet_place import LazyWalletPlace
from api.supervisor.anvil import AnvilNode
from oracle.chain.port import ChainUnavailable
from oracle.chain.web3_adapter import Web3Chain
from tests.support.http import ORIGIN

WALLET = "0x1271000000000000000000000000000000004361"
NOBODY = "0x000000000000000000000000000000000000bEEF"
# Returns the selector of isValidSignature, left-aligned; and a contract that returns nothing.
ACCEPTING, REFUSING = "631626ba7e60e01b5f5260205ff3", "5f5ff3"


def _set_code(node: AnvilNode, code: str) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setCode", "params": [WALLET, f"0x{code}"]}
    httpx.post(node.url, json=call, trust_env=False).raise_for_status()


def test_an_address_without_code_is_no_contract(anvil: AnvilNode) -> None:
    chain = ChainSignatures(Web3Chain(anvil.url))
    assert chain.stands_by(NOBODY, bytes(32), b"any") is None


@pytest.mark.parametrize(("code", "stands"), [(ACCEPTING, True), (REFUSING, False)])
def test_a_contract_is_believed_as_it_answers(anvil: AnvilNode, code: str, *, stands: bool) -> None:
    _set_code(anvil, code)
    chain = ChainSignatures(Web3Chain(anvil.url))
    assert chain.stands_by(WALLET, bytes(32), b"any") is stands


def test_the_place_is_the_chains_own_id_and_waits_for_it(anvil: AnvilNode) -> None:
    found = LazyWalletPlace(ORIGIN, Web3Chain(anvil.url)).get()
    assert (found.place.chain_id, found.place.domain) == (31337, "127.0.0.1:8000")
    with pytest.raises(ChainUnavailable):
        LazyWalletPlace(ORIGIN, Web3Chain("http://127.0.0.1:1", timeout_s=0.5)).get()
