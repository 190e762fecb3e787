"""Keys in another process: JSON-RPC as web3signer speaks it (its mode `eth1`).

| where the keys are | the address | whose account a role has |
|---|---|---|
| an instance a role, with an allow-list of its own | has `{role}` in it | the one there |
| one for all | as it is: web3signer answers at `/` alone | stated, and among those there |

Asked are `eth_accounts`, `eth_signTransaction` and `eth_signTypedData`; never `eth_sign` nor
`/api/v1/eth1/sign`, which sign bytes that nobody can read. The chain is the signer's own setting
(`--chain-id`) and no field of the question. What comes back is decoded and compared field by field
with what was asked, the chain among them: a signer that is wrong, or taken over, cannot make us
broadcast something else.

Source: docs.web3signer.consensys.io, JSON-RPC API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction as Decoded
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from rlp.exceptions import RLPException  # type: ignore[import-untyped]  # ships no hints

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.hidden import hide, secrets_of
from oracle.chain.signer import unsigned
from oracle.chain.typed_data import MalformedSignature, TypedData, signer_of
from oracle.contracts.abi import Address, MalformedAddress, address
from oracle.sender.model import SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction

TIMEOUT_S: Final = 10.0
ROLE_IN_URL: Final = "{role}"
_REFUSAL_LENGTH_MAX: Final = 300
_ASKED: Final = ("to", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "nonce", "value", "data")
"""Beside `from`, all that web3signer reads; both fees make it type 2."""
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

    def __init__(
        self,
        url: str,
        stated: Mapping[SenderRole, Address] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Asks nothing until the first use; accounts are asked for once.

        `stated` are the accounts of roles where one address serves several.
        """
        self._url = url
        self._secrets = secrets_of(url)
        self._stated = dict(stated or {})
        self._client = httpx.Client(timeout=timeout_s, trust_env=False)
        self._accounts: dict[SenderRole, Address] = {}

    def address(self, role: SenderRole) -> Address:
        """The account stated for the role, or the only one that its address serves.

        Raises:
            SignerUnavailable: no answer.
            SignerDisagrees: it does not serve that account, or not exactly one, or one that another
                role has.
        """
        if role not in self._accounts:
            account = self._choose(role, self._ask(role, "eth_accounts", []))
            if account in self._accounts.values():
                raise SignerDisagrees(
                    f"The signer serves {account} for the {role} and for another role. State an "
                    "account for each, or put {role} into the signer's address.",
                    role=role,
                )
            self._accounts[role] = account
        return self._accounts[role]

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        """Have it signed, and check what came back.

        Raises:
            SignerUnavailable: no answer, or a refusal.
            SignerDisagrees: something else was signed.
        """
        account = self.address(transaction.role)
        fields = unsigned(transaction)
        named = {name: _wire(fields[name]) for name in _ASKED if name in fields}
        asked = {"from": account} | named
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

    def _choose(self, role: SenderRole, served: Any) -> Address:
        try:
            found = [address(each) for each in served]
        except (TypeError, MalformedAddress) as wrong:
            raise SignerDisagrees(
                f"The signer's accounts for the {role} cannot be read.", role=role
            ) from wrong
        if role in self._stated:
            found = [each for each in found if each == self._stated[role]]
        if len(found) != 1:
            wanted = self._stated.get(role, "exactly one account")
            raise SignerDisagrees(f"The signer must serve {wanted} for the {role}.", role=role)
        return found[0]

    def _ask(self, role: SenderRole, method: str, parameters: list[Any]) -> Any:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        try:
            response = self._client.post(self._url.replace(ROLE_IN_URL, role), json=question)
        except (httpx.HTTPError, httpx.InvalidURL) as failed:
            # The exception's own words may hold the address, and that may hold a secret.
            raise SignerUnavailable(
                f"The signer of the {role} did not answer: {type(failed).__name__}.", role=role
            ) from None
        try:
            answer = response.json()
        except ValueError as unread:
            raise SignerUnavailable(
                f"The signer of the {role} answered {response.status_code}, and no JSON.", role=role
            ) from unread
        # A refusal comes with status 400 or 500, and says why in its body.
        if not isinstance(answer, dict) or "result" not in answer:
            words = answer.get("error") if isinstance(answer, dict) else answer
            told = f"status {response.status_code}, {hide(str(words), self._secrets)}"
            reason = told[:_REFUSAL_LENGTH_MAX]
            raise SignerUnavailable(f"The signer of the {role} refused: {reason}", role=role)
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
