"""EIP-4361 messages and signatures made by others (spruceid/siwe), and what happens to a copy
of each with one thing wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from api.auth.siwe import SiweMalformed, SiweMessage, compose_message, parse_message
from ledger.kernel.clock import Instant

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "fixtures" / "siwe"
if not FOLDER.exists():
    pytest.skip(f"{FOLDER} is absent", allow_module_level=True)

PARSING: dict[str, Any] = json.loads((FOLDER / "parsing_positive.json").read_text())
VERIFYING: dict[str, Any] = json.loads((FOLDER / "verification_positive.json").read_text())


@pytest.mark.parametrize("name", PARSING)
def test_a_message_is_read_field_by_field(name: str) -> None:
    vector = PARSING[name]
    fields = vector["fields"]
    message = parse_message(vector["message"])
    assert message.domain == fields["domain"]
    assert message.scheme == fields.get("scheme")
    assert message.address == fields["address"]
    assert message.statement == fields.get("statement")
    assert message.uri == fields["uri"]
    assert message.chain_id == fields["chainId"]
    assert message.nonce == fields["nonce"]
    assert message.issued_at == Instant.parse(fields["issuedAt"])
    assert list(message.resources or []) == fields.get("resources", [])


def _line(text: str, label: str) -> str:
    return next(line for line in text.split("\n") if line.startswith(label))


def _with_line(text: str, label: str, value: str) -> str:
    return text.replace(_line(text, label), f"{label}{value}")


def _without_line(text: str, label: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.startswith(label))


def _swapped(text: str, one: str, other: str) -> str:
    first, second = _line(text, one), _line(text, other)
    return text.replace(first, "\0").replace(second, first).replace("\0", second)


def _insert_after_issued(text: str, more: str) -> str:
    issued = _line(text, "Issued At: ")
    return text.replace(issued, f"{issued}\n{more}")


def _address(text: str) -> str:
    return text.split("\n")[1]


def _lower_address(text: str) -> str:
    return text.replace(_address(text), _address(text).lower())


def _bare(text: str) -> str:
    return text.split("\nResources:", maxsplit=1)[0]


MUTATIONS = {
    "no preamble": lambda text: text.replace("wants you to", "wants to"),
    "preamble in another case": lambda text: text.replace("sign in with", "Sign in with"),
    "no domain": lambda text: text[text.index(" wants you") :],
    "a space in the domain": lambda text: f"a {text}",
    "a path in the domain": lambda text: text.replace(" wants you", "/path wants you"),
    "address too short": lambda text: text.replace(_address(text), _address(text)[:-1]),
    "address without checksum": _lower_address,
    "no empty line after the address": lambda text: text.replace("\n\n", "\n", 1),
    "an extra empty line": lambda text: text.replace("\nURI: ", "\n\nURI: "),
    "URI without a scheme": lambda text: text.replace("URI: http", "URI: ://"),
    "URI with a space": lambda text: text.replace("\nVersion", " x\nVersion"),
    "URI with a bad escape": lambda text: text.replace("\nVersion", "%zz\nVersion"),
    "another version": lambda text: text.replace("Version: 1", "Version: 2"),
    "version 1 with a zero": lambda text: text.replace("Version: 1", "Version: 01"),
    "chain id in hex": lambda text: text.replace("Chain ID: ", "Chain ID: 0x"),
    "negative chain id": lambda text: text.replace("Chain ID: ", "Chain ID: -"),
    "chain id in other digits": lambda text: text.replace("Chain ID: ", "Chain ID: ١"),
    "short nonce": lambda text: _with_line(text, "Nonce: ", "1234567"),
    "nonce with a dash": lambda text: _with_line(text, "Nonce: ", "1234-5678"),
    "no nonce": lambda text: _without_line(text, "Nonce: "),
    "no issued at": lambda text: _without_line(text, "Issued At: "),
    "no chain id": lambda text: _without_line(text, "Chain ID: "),
    "no version": lambda text: _without_line(text, "Version: "),
    "no URI": lambda text: _without_line(text, "URI: "),
    "a date for a time": lambda text: _with_line(text, "Issued At: ", "2021-09-30"),
    "a time without an offset": lambda text: _with_line(text, "Issued At: ", "2021-09-30T16:25:24"),
    "a day that does not exist": lambda text: _with_line(
        text, "Issued At: ", "2021-02-30T16:25:24Z"
    ),
    "two nonces": lambda text: text.replace("\nNonce: ", "\nNonce: 00000000\nNonce: "),
    "fields in another order": lambda text: _swapped(text, "Version: ", "Nonce: "),
    "optional field before a required one": lambda text: text.replace(
        "\nIssued At", "\nExpiration Time: 2100-01-01T00:00:00Z\nIssued At"
    ),
    "not before in front of expiration": lambda text: _insert_after_issued(
        text, "Not Before: 2020-01-01T00:00:00Z\nExpiration Time: 2100-01-01T00:00:00Z"
    ),
    "a newline at the end": lambda text: f"{text}\n",
    "a space at the end": lambda text: f"{text} ",
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "a byte order mark": lambda text: f"\ufeff{text}",
    "something after the end": lambda text: f"{text}\nAnd: more",
    "a label in another case": lambda text: text.replace("Nonce: ", "nonce: "),
    "a label without its space": lambda text: text.replace("Nonce: ", "Nonce:"),
    "a resource that is no URI": lambda text: f"{_bare(text)}\nResources:\n- not a uri",
    "a resource without its dash": lambda text: f"{_bare(text)}\nResources:\nhttps://x.example",
    "an endless message": lambda text: text + "\n" * 5000,
}


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", PARSING)
def test_a_message_with_one_thing_wrong_is_refused(name: str, mutation: str) -> None:
    original = PARSING[name]["message"]
    mutated = MUTATIONS[mutation](original)
    assert mutated != original
    with pytest.raises(SiweMalformed):
        parse_message(mutated)


@pytest.mark.parametrize("name", VERIFYING)
def test_a_signature_of_others_is_over_the_text_we_compose(name: str) -> None:
    fields = VERIFYING[name]
    message = SiweMessage(
        domain=fields["domain"],
        address=fields["address"],
        uri=fields["uri"],
        chain_id=fields["chainId"],
        nonce=fields["nonce"],
        issued_at=Instant.parse(fields["issuedAt"]),
        statement=fields["statement"],
        expiration_time=_instant(fields, "expirationTime"),
        not_before=_instant(fields, "notBefore"),
    )
    text = compose_message(message)
    assert parse_message(text) == message
    signer = Account.recover_message(encode_defunct(text=text), signature=fields["signature"])
    assert signer == fields["address"]


def _instant(fields: dict[str, Any], name: str) -> Instant | None:
    return Instant.parse(fields[name]) if name in fields else None
