from __future__ import annotations

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.units import TokenUnits
from oracle.chain import typed_data
from oracle.chain.typed_data import MalformedSignature, signer_of
from oracle.contracts.abi import Address, encode

CONTRACT = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
DOMAIN = typed_data.Domain(typed_data.GOVERNOR_NAME, 31_337, CONTRACT)
MEMBER = Account.from_key(b"\x11" * 32)
VOTER = Address(MEMBER.address)
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

REDEEM = (
    "Redeem(address holder,uint256 amount,bytes32 creditReference,uint256 nonce,uint256 deadline)"
)

uint256 = st.integers(0, 2**256 - 1)


def separator() -> bytes:
    """EIP-712's domain separator, spelled out."""
    kind = keccak(
        text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    )
    name, version = keccak(text=DOMAIN.name), keccak(text="1")
    return keccak(
        encode(
            ("bytes32", "bytes32", "bytes32", "uint256", "address"),
            (kind, name, version, DOMAIN.chain_id, CONTRACT),
        )
    )


def ballot(proposal_id: int = 7, support: int = 1, nonce: int = 0) -> typed_data.TypedData:
    return typed_data.ballot(
        DOMAIN, proposal_id=proposal_id, support=support, voter=VOTER, nonce=nonce
    )


@given(proposal_id=uint256, support=st.integers(0, 255), nonce=uint256)
def test_a_digest_is_eip_712s(proposal_id: int, support: int, nonce: int) -> None:
    kind = keccak(text="Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)")
    struct = keccak(
        encode(
            ("bytes32", "uint256", "uint8", "address", "uint256"),
            (kind, proposal_id, support, VOTER, nonce),
        )
    )
    expected = keccak(b"\x19\x01" + separator() + struct)
    assert ballot(proposal_id, support, nonce).digest() == expected


@given(
    actions=st.lists(st.tuples(uint256, st.binary(max_size=70)), max_size=3),
    description=st.text(max_size=40),
)
def test_arrays_in_a_proposal_are_eip_712s(
    actions: list[tuple[int, bytes]], description: str
) -> None:
    message = typed_data.proposal(
        DOMAIN,
        proposer=VOTER,
        actions=[(CONTRACT, value, calldata) for value, calldata in actions],
        description=description,
        deadline_s=9,
    )
    kind = keccak(
        text="Proposal(address proposer,address[] targets,uint256[] values,bytes[] calldatas,"
        "string description,uint256 deadline)"
    )
    target = encode(("address",), (CONTRACT,))
    fields = (
        kind,
        VOTER,
        keccak(target * len(actions)),
        keccak(b"".join(value.to_bytes(32, "big") for value, _ in actions)),
        keccak(b"".join(keccak(calldata) for _, calldata in actions)),
        keccak(text=description),
        9,
    )
    struct = keccak(encode(("bytes32", "address", *["bytes32"] * 4, "uint256"), fields))
    assert message.digest() == keccak(b"\x19\x01" + separator() + struct)


def test_a_wallet_gets_json_without_bytes_or_large_numbers() -> None:
    message = typed_data.extended_ballot(ballot(2**255), reason="да", params=b"\1\2")
    document = message.as_json()
    assert document["message"] == {
        "proposalId": str(2**255),
        "support": "1",
        "voter": VOTER,
        "nonce": "0",
        "reason": "да",
        "params": "0x0102",
    }
    assert document["primaryType"] == "ExtendedBallot"
    assert document["domain"]["chainId"] == 31_337


def test_the_signer_is_found() -> None:
    message = ballot()
    signature = bytes(MEMBER.sign_message(message.signable()).signature)
    assert signer_of(message, signature) == VOTER
    assert signer_of(ballot(nonce=1), signature) != VOTER


def test_signatures_that_contracts_refuse_are_refused() -> None:
    message = ballot()
    signature = bytes(MEMBER.sign_message(message.signable()).signature)
    s = int.from_bytes(signature[32:64], "big")
    assert s <= HALF_ORDER
    other_half = signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes([55 - signature[64]])
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        signature[:64] + b"\0",
        other_half,
        b"\0" * 64 + b"\x1b",
        b"\xff" * 32 + signature[32:],
    ):
        with pytest.raises(MalformedSignature):
            signer_of(message, wrong)


def test_values_that_do_not_fit_cannot_be_signed() -> None:
    with pytest.raises(MalformedSignature, match="Ballot cannot be signed"):
        ballot(support=256).digest()


def test_split_votes_are_packed() -> None:
    params = typed_data.fractional_params(TokenUnits(1), TokenUnits(2), TokenUnits(3))
    assert params == b"".join(n.to_bytes(16, "big") for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            typed_data.delegation(DOMAIN, delegatee=VOTER, nonce=1, expiry_s=2),
            "Delegation(address delegatee,uint256 nonce,uint256 expiry)",
        ),
        (
            typed_data.redemption(
                DOMAIN,
                holder=VOTER,
                amount=TokenUnits(5),
                reference=b"\3" * 32,
                nonce=1,
                deadline_s=2,
            ),
            REDEEM,
        ),
    ],
)
def test_types_are_those_of_the_contracts(message: typed_data.TypedData, kind: str) -> None:
    """The contracts' own type hashes are in `test_signatures`; here the text is spelled out."""
    types = message.as_json()["types"][message.primary_type]
    spelled = ",".join(f"{field['type']} {field['name']}" for field in types)
    assert f"{message.primary_type}({spelled})" == kind
