"""Keys in another process: JSON-RPC as web3signer speaks it, one path a role.

`<base>/<role>` serves exactly one account, so that each role can have an instance, credentials and
an allow-list of its own. What comes back is decoded and compared field by field with what was
asked: a signer that is wrong, or taken over, cannot make us broadcast something else.
"""

from __future__ import annotations

import json
from typing import Any, Final

import httpx
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction as Decoded
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from rlp.exceptions import RLPException  # type: ignore[import-untyped]  # ships no hints

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.signer import unsigned
from oracle.chain.typed_data import MalformedSignature, TypedData, signer_of
from oracle.contracts.abi import Address, MalformedAddress, address
from oracle.sender.model import SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction

TIMEOUT_S: Final = 10.0
_COMPARED: Final = (
    "type",
    "chainId",
    "nonce",
    "value",
    "data",
    "gas",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "to",
    "accessList",
)


class SignerUnavailable(VkladError):
    """The signer did not answer, or refused. Ask again later."""

    code = "signer_unavailable"
    kind = ErrorKind.UNAVAILABLE


class SignerDisagrees(VkladError):
    """The signer signed something else than it was asked to, or with another key."""

    code = "signer_disagrees"
    kind = ErrorKind.CONFLICT


class RemoteSigner:
    """`SenderSigner` over HTTP."""

    def __init__(self, base_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Asks nothing until the first use; accounts are asked for once."""
        self._base_url = base_url.rstrip("/")
        self._client = httpx.Client(timeout=timeout_s)
        self._accounts: dict[SenderRole, Address] = {}

    def address(self, role: SenderRole) -> Address:
        """The one account that the role's path serves.

        Raises:
            SignerUnavailable: no answer.
            SignerDisagrees: the path serves no account, or more than one.
        """
        if role not in self._accounts:
            found = self._ask(role, "eth_accounts", [])
            try:
                [only] = found
                self._accounts[role] = address(only)
            except (TypeError, ValueError, MalformedAddress) as wrong:
                raise SignerDisagrees(
                    f"The signer must serve exactly one account for the {role}.", role=role
                ) from wrong
        return self._accounts[role]

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        """Have it signed, and check what came back.

        Raises:
            SignerUnavailable: no answer, or a refusal.
            SignerDisagrees: something else was signed.
        """
        account = self.address(transaction.role)
        fields = unsigned(transaction)
        asked = {"from": account} | {name: _wire(value) for name, value in fields.items()}
        answer = self._ask(transaction.role, "eth_signTransaction", [asked])
        try:
            raw = bytes.fromhex(str(answer).removeprefix("0x"))
            signed = Decoded.from_bytes(HexBytes(raw)).as_dict()
            signer = Account.recover_transaction(raw)
        except (ValueError, TypeError, RLPException) as wrong:
            raise SignerDisagrees("The signer's answer is no typed transaction.") from wrong
        expected = {"accessList": (), "to": b""} | fields
        for name in _COMPARED:
            if _plain(signed[name]) != _plain(expected[name]):
                raise SignerDisagrees(f"The signer changed the field {name}.", field=name)
        if signer != account:
            raise SignerDisagrees(f"The signer used the key of {signer}, not of {account}.")
        return SignedBytes(bytes(keccak(raw)), raw)

    def sign_message(self, role: SenderRole, message: TypedData) -> bytes:
        """Have a typed message signed, and see whose signature came back.

        Raises:
            SignerUnavailable: no answer, or a refusal.
            SignerDisagrees: it is no signature of the role's account over this message.
        """
        account = self.address(role)
        asked = [account, json.dumps(message.as_json())]
        answer = self._ask(role, "eth_signTypedData", asked)
        try:
            signature = bytes.fromhex(str(answer).removeprefix("0x"))
            signer = signer_of(message, signature)
        except (ValueError, MalformedSignature) as wrong:
            raise SignerDisagrees("The signer's answer is no signature.") from wrong
        if signer != account:
            raise SignerDisagrees(f"The signer used the key of {signer}, not of {account}.")
        return signature

    def _ask(self, role: SenderRole, method: str, parameters: list[Any]) -> Any:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        try:
            response = self._client.post(f"{self._base_url}/{role.value}", json=question)
            answer = response.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as failed:
            # The exception's own words hold the address, and that may hold a secret.
            raise SignerUnavailable(
                f"The signer of the {role} did not answer: {type(failed).__name__}.", role=role
            ) from failed
        if not isinstance(answer, dict) or "result" not in answer:
            words = answer.get("error") if isinstance(answer, dict) else answer
            raise SignerUnavailable(f"The signer of the {role} refused: {words}", role=role)
        return answer["result"]


def _wire(value: int | bytes | str) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return hex(value) if isinstance(value, int) else value


def _plain(value: Any) -> Any:
    """One form for what is the same: bytes for text in hex, a tuple for a list."""
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    if isinstance(value, bytes):
        return bytes(value)
    return tuple(value) if isinstance(value, list) else value
