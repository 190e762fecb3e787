"""Check a proof of reserve without Vklad: this one file, Python 3.11 and eth-account.

    python verifier.py FILE --rpc URL            both sides, and who signed
    python verifier.py FILE --rpc URL --bridge ADDRESS --anchors ADDRESS

The second is of the contracts that you know: bridge, and `Anchors`, which says whose signature
counts. Without them the file names both itself, and anybody can deploy two: what is printed is then
to be compared with what you know.

It asks nobody but the node at URL, which is yours to choose, and believes no figure that the chain
can tell. What is looked at:

1.  The signature (EIP-712) is of the account that the contract `Anchors` names as the anchorer at
    the block of the statement, on the chain of the statement.
2.  Block, supply, minted, redeemed and cancelled are what the node says of that very block, and the
    bridge mints this very token.
3.  They add up: supply = (minted - redeemed) x 10^18, and escrow x 10^18 = supply + in flight.

What only the ledger knows (its position, escrow, in flight) is vouched for by the signature; the
hash at its position can be compared with the log (/v1/log/head).
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from eth_abi.exceptions import EncodingError
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

FORMAT: Final = "vklad.reserve.v1"
UNITS_PER_POINT: Final = 10**18
FILE_BYTES_MAX: Final = 64 * 1024
ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
RPC_TIMEOUT_S: Final = 20.0
_UTC: Final = timezone.utc  # noqa: UP017 - a verifier should run on older Pythons too
_DOMAIN: Final = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_FIELDS: Final = (
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
)
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0

Ask = Callable[[str, list[Any]], Any]


class Fault(Exception):
    """The statement does not hold."""


def require(holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Stop at the first thing that is not so.

    Raises:
        Fault: it does not hold.
    """
    if not holds:
        raise Fault(sentence)


def check(
    file: Mapping[str, Any], ask: Ask, bridge: str | None = None, anchors: str | None = None
) -> dict[str, Any]:
    """The message of a statement that holds; integers as integers.

    Raises:
        Fault: it does not; the sentence says what is off, and on which side.
    """
    domain, message = _form(file)
    for what, found, known in (
        ("bridge", domain["verifyingContract"], bridge),
        ("Anchors", message["anchors"], anchors),
    ):
        same = known is None or _same(found, known)
        require(same, f"The statement is about the {what} {found}, not {known}.")
    signer = _signer(domain, message, file["signature"])
    _check_chain(domain, message, ask, signer)
    _check_sums(message)
    return message


def _form(file: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Domain and message; nothing of the file's own account of its types is used."""
    require(file.get("format") == FORMAT, f"The file is not of the format {FORMAT}.")
    try:
        domain, said = dict(file["statement"]["domain"]), dict(file["statement"]["message"])
        bytes.fromhex(file["signature"].removeprefix("0x"))
        require(set(said) == {name for name, _ in _FIELDS}, "The statement has other fields.")
        require(set(domain) == {name for name, _ in _DOMAIN}, "The domain has other fields.")
        message = {name: _value(kind, said[name]) for name, kind in _FIELDS}
        domain["chainId"] = int(domain["chainId"])
        domain["verifyingContract"] = _value("address", domain["verifyingContract"])
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise Fault(f"The file is not a statement: {wrong!r}.") from wrong
    named = (domain["name"], domain["version"])
    require(named == ("Vklad Proof of Reserve", "1"), "The signature is for something else.")
    return domain, message


def _value(kind: str, text: str) -> Any:
    if kind == "uint256":
        value = int(text)
        require(0 <= value < 2**256 and str(value) == text, f"{text[:80]} is no plain number.")
        return value
    size = {"bytes32": 32, "address": 20}[kind]
    raw = bytes.fromhex(text.removeprefix("0x"))
    require(text.startswith("0x") and len(raw) == size, f"{text[:80]} is not {size} bytes.")
    return raw if kind == "bytes32" else text


def _signer(domain: Mapping[str, Any], message: Mapping[str, Any], signature: str) -> str:
    raw = bytes.fromhex(signature.removeprefix("0x"))
    require(
        len(raw) == 65 and raw[64] in (27, 28) and int.from_bytes(raw[32:64], "big") <= _HALF_ORDER,
        "The signature is not in the one form that is accepted.",
    )
    whole = {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN],
            "Reserve": [{"name": name, "type": kind} for name, kind in _FIELDS],
        },
        "primaryType": "Reserve",
        "domain": dict(domain),
        "message": dict(message),
    }
    try:
        return str(Account.recover_message(encode_typed_data(full_message=whole), signature=raw))
    except (BadSignature, ValidationError, EncodingError, ValueError, TypeError) as wrong:
        raise Fault(f"No key made this signature: {wrong}.") from wrong


def _check_chain(
    domain: Mapping[str, Any], message: Mapping[str, Any], ask: Ask, signer: str
) -> None:
    chain_id = int(ask("eth_chainId", []), 16)
    require(
        chain_id == domain["chainId"],
        f"The node serves chain {chain_id}, the statement is about {domain['chainId']}.",
    )
    number = message["blockNumber"]
    block = ask("eth_getBlockByNumber", [hex(number), False])
    require(block is not None, f"The chain has no block {number} yet.")
    require(
        bytes.fromhex(block["hash"][2:]) == message["blockHash"],
        f"The chain has another block {number} than the statement.",
    )

    def view(contract: str, name: str) -> int:
        data = "0x" + bytes(keccak(f"{name}()".encode()))[:4].hex()
        answer = str(ask("eth_call", [{"to": contract, "data": data}, hex(number)]))
        require(len(answer) == 66, f"{contract} does not answer {name}() as our contracts do.")
        return int(answer, 16)

    bridge, token = domain["verifyingContract"], message["token"]
    anchorer = f"0x{view(message['anchors'], 'anchorer'):040x}"
    require(
        _same(signer, anchorer),
        f"The statement is signed by {signer}; the chain names {anchorer}.",
    )
    require(
        view(bridge, "TOKEN") == int(token, 16), f"The bridge mints another token than {token}."
    )
    for field, contract, name in (
        ("supplyUnits", token, "totalSupply"),
        ("mintedPoints", bridge, "executedPoints"),
        ("redeemedPoints", bridge, "redeemedPoints"),
        ("cancelledPoints", bridge, "cancelledPoints"),
    ):
        found = view(contract, name)
        require(
            found == message[field],
            f"The statement is off: {field} is {message[field]}, the chain says {found}.",
        )


def _check_sums(message: Mapping[str, Any]) -> None:
    supply, minted = message["supplyUnits"], message["mintedPoints"]
    expected = (minted - message["redeemedPoints"]) * UNITS_PER_POINT
    require(
        supply == expected,
        f"The chain is off: {supply} units exist, {expected} were minted and not redeemed.",
    )
    escrow = message["escrowPoints"] * UNITS_PER_POINT
    owed = supply + message["inFlightPoints"] * UNITS_PER_POINT
    require(escrow == owed, f"The ledger is off: escrow holds {escrow} units, {owed} are owed.")


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def node(url: str) -> Ask:
    """Questions to a node (JSON-RPC).

    Raises:
        Fault: the address is not of a node, or it does not answer.
    """
    require(url.startswith(("http://", "https://")), "A node has an http or https address.")

    def ask(method: str, parameters: list[Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        request = urllib.request.Request(  # noqa: S310 - its scheme was looked at
            url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=RPC_TIMEOUT_S) as answer:  # noqa: S310 - as above
                found = json.loads(answer.read(ANSWER_BYTES_MAX))
            return found["result"]
        except (OSError, ValueError, LookupError, TypeError) as wrong:
            raise Fault(f"The node did not answer {method}: {type(wrong).__name__}.") from wrong

    return ask


def main(arguments: Sequence[str]) -> int:
    """The command: 0 if the statement holds, 1 with a sentence if it does not."""
    parser = argparse.ArgumentParser(prog="verifier.py", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--rpc", required=True, help="a node of your own choice")
    parser.add_argument("--bridge", help="the bridge that you know, 0x…")
    parser.add_argument("--anchors", help="the contract Anchors that you know, 0x…")
    given = parser.parse_args(arguments)
    try:
        require(given.file.stat().st_size <= FILE_BYTES_MAX, "The file is too large.")
        file = json.loads(given.file.read_bytes())
        require(isinstance(file, dict), "The file is not a statement.")
        both = (given.bridge is None) == (given.anchors is None)
        require(both, "Name both contracts, --bridge and --anchors: either alone proves nothing.")
        message = check(file, node(given.rpc), given.bridge, given.anchors)
    except (OSError, ValueError, RecursionError, Fault) as wrong:
        print(f"NOT VERIFIED: {wrong}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    when = datetime.fromtimestamp(message["statedAt"], _UTC)
    print(  # noqa: T201 - a command
        f"VERIFIED: at block {message['blockNumber']}, stated {when:%Y-%m-%d %H:%M:%S} UTC, "
        f"{message['escrowPoints']} points in escrow = {message['supplyUnits']} units of tokens + "
        f"{message['inFlightPoints']} points in flight. Bridge "
        f"{file['statement']['domain']['verifyingContract']}, signed for by {message['anchors']}"
        + ("." if given.bridge else ": compare both with what you know.")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
