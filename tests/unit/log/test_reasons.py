"""Reasons in an export, as the verifier that members take away checks them: alone, by signature."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from ledger.log import verifier
from ledger.log.verifier import Fault, check_reasons
from oracle.chain.typed_data import signer_of, stop_reason
from oracle.contracts.abi import address

CHAIN_ID = 31_337
BRIDGE = address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TRANSACTION, ANOTHER = b"\x07" * 32, b"\x08" * 32
WHY = "Партия, которую никто не объяснит"


def key_of(number: int) -> LocalAccount:
    key: LocalAccount = Account.from_key(keccak(bytes([number])))
    return key


def reason(key: LocalAccount, why: str = WHY, transaction: bytes = TRANSACTION) -> dict[str, Any]:
    message = stop_reason(CHAIN_ID, BRIDGE, transaction, why)
    return {
        "act": "guardian.reason",
        "by": key.address.lower(),
        "on": transaction.hex(),
        "rest": {
            "chain_id": CHAIN_ID,
            "bridge": BRIDGE.lower(),
            "reason": why,
            "signature": bytes(key.sign_message(message.signable()).signature).hex(),
        },
    }


def stop(act: str, by: str | None, transaction: bytes = TRANSACTION) -> dict[str, Any]:
    return {"act": act, "by": by, "on": "1", "rest": {"transaction": transaction.hex()}}


def changed(row: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    if name in row:
        return row | {name: value}
    return row | {"rest": row["rest"] | {name: value}}


def test_the_hash_is_the_one_that_contracts_take() -> None:
    for length in range(300):
        said = bytes((7 * place + length) % 251 for place in range(length))
        assert verifier.keccak(said) == keccak(said), length


def test_whose_signature_it_is_comes_out_as_where_it_was_taken() -> None:
    for number in range(20):
        key = key_of(number)
        message = stop_reason(CHAIN_ID + number, BRIDGE, TRANSACTION, "x" * (1 + 13 * number))
        row = changed(reason(key, "x" * (1 + 13 * number)), "chain_id", CHAIN_ID + number)
        signature = bytes(key.sign_message(message.signable()).signature)
        found = verifier.account_of(verifier.reason_digest(row), signature)
        assert found == signer_of(message, signature).lower() == key.address.lower()


def test_reasons_of_whoever_acted_hold() -> None:
    guardian, watcher = key_of(1), key_of(2)
    rows = [
        stop("bridge.paused", guardian.address.lower()),
        reason(guardian),
        stop("batch.vetoed", watcher.address.lower(), ANOTHER),
        reason(watcher, transaction=ANOTHER),
    ]
    assert check_reasons(rows) == 2
    assert check_reasons(rows[::2]) == 0
    assert check_reasons(rows[1::2]) == 2, "what they explain is of an earlier period"
    assert check_reasons([stop("vote.cancelled", None), reason(guardian)]) == 1
    others = [stop("batch.vetoed", key.address.lower()) for key in (guardian, watcher)]
    assert check_reasons([*others, reason(watcher)]) == 1, "two acted in one transaction"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("by", key_of(2).address.lower()),
        ("by", None),
        ("on", ANOTHER.hex()),
        ("reason", f"{WHY}."),
        ("chain_id", 1),
        ("bridge", "0x" + "1" * 40),
        ("signature", "00" * 65),
        ("signature", "11" * 64),
        ("signature", reason(key_of(2))["rest"]["signature"]),
    ],
)
def test_nothing_of_a_reason_can_be_changed(name: str, value: str | None) -> None:
    with pytest.raises(Fault, match="is not signed by"):
        check_reasons([changed(reason(key_of(1)), name, value)])


def test_a_signature_has_one_form() -> None:
    signature = bytes.fromhex(reason(key_of(1))["rest"]["signature"])
    mirrored = ORDER - int.from_bytes(signature[32:64], "big")
    turned = signature[:32] + mirrored.to_bytes(32, "big") + bytes([55 - signature[64]])
    off_the_curve = (5).to_bytes(32, "big") + signature[32:]
    for wrong in (turned, signature[:64] + b"\x00", off_the_curve, bytes(32) + signature[32:]):
        with pytest.raises(Fault, match="is not signed by"):
            check_reasons([changed(reason(key_of(1)), "signature", wrong.hex())])


def test_another_cannot_explain_what_somebody_did() -> None:
    with pytest.raises(Fault, match="is not of whoever sent it"):
        check_reasons([stop("bridge.paused", key_of(1).address.lower()), reason(key_of(2))])


def test_two_reasons_for_one_act_are_one_too_many() -> None:
    with pytest.raises(Fault, match="is given twice"):
        check_reasons([reason(key_of(1)), reason(key_of(1), "Something else")])
