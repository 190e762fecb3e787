"""The messages that members sign (EIP-712), and who signed one. Pure.

| message | contract | domain name, version | order |
|---|---|---|---|
| `Ballot`, `ExtendedBallot` | governor | Vklad Governor, 1 | nonce of the governor |
| `Proposal` | governor | Vklad Governor, 1 | none: one id is proposed once |
| `Delegation`, `Permit` | token | Vklad, 1 | nonce of the token |
| `Redeem` | bridge | Vklad Points Bridge, 1 | nonce of the bridge |
| `PollBallot` | governor, which never sees it | Vklad Polls, 1 | version: counted off chain |
| `MemorandumEntry` | governor, which never sees it | Vklad Memorandum, 1 | turn, off chain |
| `Reserve` | bridge, which never sees it | Vklad Proof of Reserve, 1 | none: it says its block |
| `StopReason` | bridge, which never sees it | Vklad Guardian, 1 | none: once a transaction |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.exceptions import EncodingError
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import TokenUnits
from oracle.contracts.abi import Address, address

GOVERNOR_NAME: Final = "Vklad Governor"
VKL_NAME: Final = "Vklad"
BRIDGE_NAME: Final = "Vklad Points Bridge"
RESERVE_NAME: Final = "Vklad Proof of Reserve"
GUARDIAN_NAME: Final = "Vklad Guardian"
SIGNATURE_BYTES: Final = 65

_DOMAIN: Final = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_TYPES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Ballot": (
        ("proposalId", "uint256"),
        ("support", "uint8"),
        ("voter", "address"),
        ("nonce", "uint256"),
    ),
    "ExtendedBallot": (
        ("proposalId", "uint256"),
        ("support", "uint8"),
        ("voter", "address"),
        ("nonce", "uint256"),
        ("reason", "string"),
        ("params", "bytes"),
    ),
    "Proposal": (
        ("proposer", "address"),
        ("targets", "address[]"),
        ("values", "uint256[]"),
        ("calldatas", "bytes[]"),
        ("description", "string"),
        ("deadline", "uint256"),
    ),
    "Delegation": (("delegatee", "address"), ("nonce", "uint256"), ("expiry", "uint256")),
    "Permit": (
        ("owner", "address"),
        ("spender", "address"),
        ("value", "uint256"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ),
    "PollBallot": (
        ("poll", "string"),
        ("title", "string"),
        ("answer", "string"),
        ("choice", "string"),
        ("version", "uint256"),
        ("definition", "bytes32"),
        ("voter", "bytes32"),
        ("salt", "bytes32"),
    ),
    "MemorandumEntry": (
        ("act", "string"),
        ("title", "string"),
        ("number", "uint256"),
        ("content", "bytes32"),
        ("language", "string"),
        ("member", "bytes32"),
        ("register", "bytes32"),
        ("turn", "uint256"),
        ("signedAt", "string"),
    ),
    "Redeem": (
        ("holder", "address"),
        ("amount", "uint256"),
        ("creditReference", "bytes32"),
        ("nonce", "uint256"),
        ("deadline", "uint256"),
    ),
    "Reserve": (
        ("ledgerPosition", "uint256"),
        ("ledgerHash", "bytes32"),
        ("escrowPoints", "uint256"),
        ("inFlightPoints", "uint256"),
        ("mintedPoints", "uint256"),
        ("redeemedPoints", "uint256"),
        ("cancelledPoints", "uint256"),
        ("supplyUnits", "uint256"),
        ("token", "address"),
        ("anchors", "address"),
        ("blockNumber", "uint256"),
        ("blockHash", "bytes32"),
        ("statedAt", "uint256"),
    ),
    "StopReason": (("transactionHash", "bytes32"), ("reason", "string")),
}


class MalformedSignature(VkladError):
    """Bytes that are no signature of an account: wrong length, not on the curve, or malleable."""

    code = "malformed_signature"
    kind = ErrorKind.MALFORMED


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a message counts: one contract on one chain."""

    name: str
    chain_id: int
    contract: Address


@dataclass(frozen=True, slots=True)
class TypedData:
    """One message to be signed. `values` by Solidity name; bytes are bytes, integers int."""

    domain: Domain
    primary_type: str
    values: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """What a wallet takes for `eth_signTypedData_v4`: integers as text, bytes as 0x-hex."""
        return {
            "types": {
                "EIP712Domain": [{"name": n, "type": t} for n, t in _DOMAIN],
                self.primary_type: [{"name": n, "type": t} for n, t in _TYPES[self.primary_type]],
            },
            "primaryType": self.primary_type,
            "domain": {
                "name": self.domain.name,
                "version": "1",
                "chainId": self.domain.chain_id,
                "verifyingContract": self.domain.contract,
            },
            "message": {name: _json_value(value) for name, value in self.values.items()},
        }

    def signable(self) -> SignableMessage:
        """What eth-account signs."""
        whole = self.as_json() | {"message": dict(self.values)}
        try:
            return encode_typed_data(full_message=whole)
        except (EncodingError, ValidationError, ValueError, TypeError) as wrong:
            raise MalformedSignature(f"{self.primary_type} cannot be signed: {wrong}") from wrong

    def digest(self) -> bytes:
        """The 32 bytes that the signature is over."""
        signable = self.signable()
        return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))


def ballot(
    domain: Domain, *, proposal_id: int, support: int, voter: Address, nonce: int
) -> TypedData:
    """A vote without a reason: `castVoteBySig`."""
    values = {"proposalId": proposal_id, "support": support, "voter": voter, "nonce": nonce}
    return TypedData(domain, "Ballot", values)


def extended_ballot(plain: TypedData, *, reason: str, params: bytes) -> TypedData:
    """A `ballot` with a reason or split votes: `castVoteWithReasonAndParamsBySig`."""
    assert plain.primary_type == "Ballot", "only a ballot can be extended"
    values = {**plain.values, "reason": reason, "params": params}
    return TypedData(plain.domain, "ExtendedBallot", values)


def proposal(
    domain: Domain,
    *,
    proposer: Address,
    actions: Sequence[tuple[Address, int, bytes]],
    description: str,
    deadline_s: int,
) -> TypedData:
    """A proposal: `proposeBySig`. Actions are (target, value in wei, calldata)."""
    values = {
        "proposer": proposer,
        "targets": [target for target, _, _ in actions],
        "values": [value for _, value, _ in actions],
        "calldatas": [calldata for _, _, calldata in actions],
        "description": description,
        "deadline": deadline_s,
    }
    return TypedData(domain, "Proposal", values)


def delegation(domain: Domain, *, delegatee: Address, nonce: int, expiry_s: int) -> TypedData:
    """Votes of the signer to a delegate, perhaps itself: `delegateBySig` of the token."""
    values = {"delegatee": delegatee, "nonce": nonce, "expiry": expiry_s}
    return TypedData(domain, "Delegation", values)


def permit(
    domain: Domain, *, owner: Address, spender: Address, value: int, nonce: int, deadline_s: int
) -> TypedData:
    """Token units of the signer that another account may move (ERC-2612): `permit`."""
    values = {
        "owner": owner,
        "spender": spender,
        "value": value,
        "nonce": nonce,
        "deadline": deadline_s,
    }
    return TypedData(domain, "Permit", values)


def redemption(
    domain: Domain,
    *,
    holder: Address,
    amount: TokenUnits,
    reference: bytes,
    nonce: int,
    deadline_s: int,
) -> TypedData:
    """Tokens back to points: `redeemBySig` of the bridge."""
    values = {
        "holder": holder,
        "amount": amount.amount,
        "creditReference": reference,
        "nonce": nonce,
        "deadline": deadline_s,
    }
    return TypedData(domain, "Redeem", values)


def reserve(domain: Domain, values: Mapping[str, Any]) -> TypedData:
    """What the ledger holds against tokens at one block; signed by us and sent to nobody."""
    assert list(values) == [name for name, _ in _TYPES["Reserve"]], "every field, in order"
    return TypedData(domain, "Reserve", values)


def stop_reason(chain_id: int, bridge: Address, transaction_hash: bytes, reason: str) -> TypedData:
    """Why whoever signs has stopped something in a transaction; sent to no contract."""
    values = {"transactionHash": transaction_hash, "reason": reason}
    return TypedData(Domain(GUARDIAN_NAME, chain_id, bridge), "StopReason", values)


def fractional_params(against: TokenUnits, in_favour: TokenUnits, abstain: TokenUnits) -> bytes:
    """Split votes of a fractional ballot (support 255): three packed uint128."""
    parts = (against, in_favour, abstain)
    return b"".join(part.amount.to_bytes(16, "big") for part in parts)


def signer_of(message: TypedData, signature: bytes) -> Address:
    """The account whose key made the signature. A contract wallet has none: see `erc1271`.

    Raises:
        MalformedSignature: not 65 bytes, not a signature, or of the upper half (EIP-2).
    """
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedSignature(f"A signature has 65 bytes, not {len(signature)}.")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER or signature[64] not in (27, 28):
        raise MalformedSignature("The signature is not in the one form that contracts accept.")
    try:
        return address(Account.recover_message(message.signable(), signature=signature))
    except (BadSignature, ValidationError, ValueError) as wrong:
        raise MalformedSignature(f"No key made this signature: {wrong}") from wrong


_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1: of s and −s only the lower is accepted (EIP-2)."""


def _json_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    return str(value) if isinstance(value, int) else value
