"""Check the register of Vklad's memorandum, or a receipt: this one file and Python 3.11.

    python memorandum.py EXPORT.json                     who stands by which version, counted again
    python memorandum.py EXPORT.json --head HEAD.json    ... nothing was taken out since
    python memorandum.py EXPORT.json --receipt MINE.json ... and my entries are in it
    python memorandum.py EXPORT.json --rpc URL           ... and ask contract wallets on your node
    ... --key HEX                                        what is signed is signed by the key known

It believes nothing but hashes and signatures, and shares no code with what counted first:

1.  Versions: each has the hash of its text, and names the one before it.
2.  The register: its head covers every entry; each member's entries are numbered in their own row,
    and sign and withdraw by turns under each version.
3.  Signatures: of a browser's key (ECDSA on P-256) or a wallet (EIP-712, secp256k1). A contract
    wallet can only be asked on chain (ERC-1271): --rpc. No key is two members'.
4.  The count: of each member the last entry under a version says whether they stand by it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

EXPORT_FORMAT: Final = "vklad.memorandum.export.v1"
RECEIPT_FORMAT: Final = "vklad.memorandum.receipt.v1"
SAID: Final = (
    *("act", "content", "language", "member"),
    *("number", "register", "signed_at", "turn"),
)
"""What a member signs of an entry; the register adds the rest."""
ENTRY: Final = {*SAID, "entry", "evidence", "kind", "recorded_at", "signature", "head"}
_RPC_TIMEOUT_S: Final = 30


class Fault(Exception):
    """The file does not hold."""


def require(holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Stop at the first thing that is not so.

    Raises:
        Fault: it does not hold.
    """
    if not holds:
        raise Fault(sentence)


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of text, whole numbers, lists and objects."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def unhex(text: Any, length: int | None = None) -> bytes:
    """Bytes from lower-case hex: each value has one spelling."""
    require(isinstance(text, str), f"{text!r} is not hex")
    found = bytes.fromhex(text)
    require(found.hex() == text, f"{text!r} is not lower-case hex")
    require(length in (None, len(found)), f"{text!r} has not {length} bytes")
    return found


# --- 1. Signatures: only checking, so nothing here is secret -----------------------------------

_P256: Final = (
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    -3,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
"""Field, a, b, order and base point of P-256 (FIPS 186-5)."""
_K1: Final = (
    2**256 - 2**32 - 977,
    0,
    7,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    (
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
    ),
)
"""The same of secp256k1 (SEC 2)."""
_Curve = tuple[int, int, int, int, tuple[int, int]]
_Point = tuple[int, int] | None


def _add(curve: _Curve, one: _Point, other: _Point) -> _Point:
    if one is None or other is None:
        return one or other
    field, a = curve[0], curve[1]
    if one[0] == other[0]:
        if (one[1] + other[1]) % field == 0:
            return None
        slope = (3 * one[0] * one[0] + a) * pow(2 * one[1], -1, field)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, field)
    x = (slope * slope - one[0] - other[0]) % field
    return x, (slope * (one[0] - x) - one[1]) % field


def _times(curve: _Curve, scalar: int, point: _Point) -> _Point:
    found: _Point = None
    while scalar:
        if scalar & 1:
            found = _add(curve, found, point)
        point, scalar = _add(curve, point, point), scalar >> 1
    return found


def is_signed_by_device(key: bytes, message: bytes, signature: bytes) -> bool:
    """ECDSA on P-256 with SHA-256 (FIPS 186-5, 6.4.2); key 65 bytes, signature r and s."""
    field, a, b, order, base = _P256
    if len(key) != 65 or key[0] != 4 or len(signature) != 64:
        return False
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    on_curve = x < field and y < field and (y * y - x**3 - a * x - b) % field == 0
    if not (on_curve and 0 < r < order and 0 < s < order):
        return False
    digest, inverse = int.from_bytes(sha256(message), "big"), pow(s, -1, order)
    found = _add(
        _P256,
        _times(_P256, digest * inverse % order, base),
        _times(_P256, r * inverse % order, (x, y)),
    )
    return found is not None and found[0] % order == r


def account_of(digest: bytes, signature: bytes) -> str | None:
    """Whose key made a signature of 65 bytes (r, s, v), as an address; ``None`` if nobody's."""
    field, _, b, order, base = _K1
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not (0 < r < order and 0 < s <= order // 2):  # The upper half is refused (EIP-2).
        return None
    square = (pow(r, 3, field) + b) % field
    y = pow(square, (field + 1) // 4, field)
    if y * y % field != square:
        return None
    point = (r, y if y & 1 == signature[64] - 27 else field - y)
    inverse = pow(r, -1, order)
    key = _add(
        _K1,
        _times(_K1, -int.from_bytes(digest, "big") * inverse % order, base),
        _times(_K1, s * inverse % order, point),
    )
    if key is None:
        return None
    return "0x" + keccak(key[0].to_bytes(32, "big") + key[1].to_bytes(32, "big"))[12:].hex()


def keccak(data: bytes) -> bytes:
    """Keccak-256 with the padding that Ethereum uses."""
    rate, mask = 136, 2**64 - 1
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    state = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for place in range(rate // 8):
            word = padded[start + 8 * place : start + 8 * place + 8]
            state[place % 5][place // 5] ^= int.from_bytes(word, "little")
        register = 1
        for _ in range(24):
            sums = [x[0] ^ x[1] ^ x[2] ^ x[3] ^ x[4] for x in state]
            for x in range(5):
                mixed = sums[x - 1] ^ _turn(sums[(x + 1) % 5], 1)
                state[x] = [lane ^ mixed for lane in state[x]]
            x, y, moved = 1, 0, state[1][0]
            for step in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                moved, state[x][y] = state[x][y], _turn(moved, (step + 1) * (step + 2) // 2)
            for y in range(5):
                row = [state[x][y] for x in range(5)]
                for x in range(5):
                    state[x][y] = row[x] ^ (~row[(x + 1) % 5] & mask & row[(x + 2) % 5])
            for bit in range(7):
                register = (register << 1) ^ (0x171 if register >> 7 else 0)
                if register & 2:
                    state[0][0] ^= 1 << ((1 << bit) - 1)
    return b"".join(state[n % 5][n // 5].to_bytes(8, "little") for n in range(4))


def _turn(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & (2**64 - 1)


_DOMAIN: Final = (
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_MESSAGE: Final = (
    b"MemorandumEntry(string act,string title,uint256 number,bytes32 content,string language,"
    b"bytes32 member,bytes32 register,uint256 turn,string signedAt)"
)


def wallet_digest(entry: Mapping[str, Any]) -> bytes:
    """The 32 bytes that a wallet signed (EIP-712)."""
    evidence, number = entry["signature"], entry["number"]
    domain = keccak(
        keccak(_DOMAIN)
        + keccak(b"Vklad Memorandum")
        + keccak(b"1")
        + int(evidence["chain_id"]).to_bytes(32, "big")
        + bytes(12)
        + bytes.fromhex(evidence["contract"][2:])
    )
    title = f"Memorandum, version {number} · Меморандум, версия {number}"
    message = keccak(
        keccak(_MESSAGE)
        + keccak(entry["act"].encode())
        + keccak(title.encode())
        + number.to_bytes(32, "big")
        + unhex(entry["content"], 32)
        + keccak(entry["language"].encode())
        + unhex(entry["member"], 32)
        + unhex(entry["register"], 32)
        + entry["turn"].to_bytes(32, "big")
        + keccak(entry["signed_at"].encode())
    )
    return keccak(b"\x19\x01" + domain + message)


def contract_stands_by(
    rpc: str, evidence: Mapping[str, Any], digest: bytes, signature: bytes
) -> bool:
    """Whether a contract wallet stood by a signature at the block stated (ERC-1271)."""
    padded = signature + bytes(-len(signature) % 32)
    call = bytes.fromhex("1626ba7e") + digest + (64).to_bytes(32, "big")
    call += len(signature).to_bytes(32, "big") + padded
    chain, answer = (
        _ask(rpc, method, params)
        for method, params in (
            ("eth_chainId", []),
            (
                "eth_call",
                [
                    {"to": evidence["address"], "data": "0x" + call.hex()},
                    hex(evidence["block_number"]),
                ],
            ),
        )
    )
    require(int(chain, 16) == int(evidence["chain_id"]), f"your node is of chain {int(chain, 16)}")
    return str(answer).startswith("0x1626ba7e" + "0" * 56)


def _ask(rpc: str, method: str, params: list[Any]) -> str:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    require(rpc.startswith(("http://", "https://")), "a node is reached over http or https")
    request = urllib.request.Request(  # noqa: S310 - its scheme was looked at
        rpc, body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_RPC_TIMEOUT_S) as answer:  # noqa: S310 - as above
        return str(json.load(answer).get("result"))


# --- 2. What the keeper of the register signed (Ed25519, RFC 8032, 5.1) ------------------------

_FIELD: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _FIELD) % _FIELD
_Edwards = tuple[int, int]


def _sum(one: _Edwards, other: _Edwards) -> _Edwards:
    product = _D * one[0] * other[0] * one[1] * other[1] % _FIELD
    x = (one[0] * other[1] + other[0] * one[1]) * pow(1 + product, -1, _FIELD)
    y = (one[1] * other[1] + one[0] * other[0]) * pow(1 - product, -1, _FIELD)
    return x % _FIELD, y % _FIELD


def _multiple(scalar: int, point: _Edwards) -> _Edwards:
    found = (0, 1)
    while scalar:
        if scalar & 1:
            found = _sum(found, point)
        point, scalar = _sum(point, point), scalar >> 1
    return found


def _edwards(data: bytes) -> _Edwards | None:
    """A point from its 32 bytes; ``None`` if they are none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _FIELD) % _FIELD
    x = pow(square, (_FIELD + 3) // 8, _FIELD)
    if (x * x - square) % _FIELD:
        x = x * pow(2, (_FIELD - 1) // 4, _FIELD) % _FIELD
    if y >= _FIELD or (x * x - square) % _FIELD or (x == 0 and sign):
        return None
    return (x if x & 1 == sign else _FIELD - x), y


_BASE: Final = _edwards((4 * pow(5, -1, _FIELD) % _FIELD).to_bytes(32, "little"))


def check_seal(document: Any, seal: Mapping[str, Any] | None, known: str | None, name: str) -> None:
    """A statement is signed by the key that goes with it, and that is the key you know.

    Raises:
        Fault: it is not.
    """
    if seal is None:
        require(known is None, f"{name} is not signed")
        return
    key, signature = unhex(seal["key"], 32), unhex(seal["signature"], 64)
    require(known in (None, seal["key"]), f"{name} is signed by another key than you know")
    point, commitment = _edwards(key), _edwards(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    holds = False
    if point is not None and commitment is not None and _BASE is not None and scalar < _ORDER:
        message = b"vklad.memorandum.sign.1" + sha256(canonical(document))
        digest = hashlib.sha512(signature[:32] + key + message).digest()
        challenge = int.from_bytes(digest, "little") % _ORDER
        holds = _multiple(scalar, _BASE) == _sum(commitment, _multiple(challenge, point))
    require(holds, f"the signature of {name} is wrong")


# --- 3. Versions and the register --------------------------------------------------------------


def check_versions(versions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Hash → number of every version that was published.

    Raises:
        Fault: a text has another hash, or does not follow the one before it.
    """
    known: dict[str, int] = {}
    before = None
    for number, version in enumerate(versions, 1):
        text, content = version["text"], version["content"]
        made = sha256(canonical(text)).hex()
        require(made == content, f"the text of version {number} was altered: it has another hash")
        follows = text["number"] == number and text["previous"] == before
        require(follows, f"version {number} does not follow the one before it")
        known[content], before = number, content
    return known


def check_entry(entry: Mapping[str, Any], rpc: str | None, name: str) -> str:
    """What an entry's signature rests on, in a word.

    Raises:
        Fault: it is signed by nobody.
    """
    kind, evidence = entry["kind"], entry["signature"]
    require(kind in ("device", "wallet", "contract"), f"{name} is of a kind that there is not")
    unhex(entry["evidence"], 32)
    if evidence is None:
        return "forgotten"
    same = sha256(canonical(evidence)).hex() == entry["evidence"]
    require(same, f"the signature of {name} was altered")
    signature = unhex(evidence["signature"])
    if kind == "device":
        said = {field: entry[field] for field in SAID}
        message = b"vklad.memorandum.entry.v1\n" + canonical(said)
        signed = is_signed_by_device(unhex(evidence["key"], 65), message, signature)
        require(signed, f"{name} is not signed by the browser's key that it names")
        return "device"
    digest = wallet_digest(entry)
    if kind == "wallet":
        signed = account_of(digest, signature) == evidence["address"]
        require(signed, f"{name} is not signed by the wallet that it names")
        return "wallet"
    if rpc is None:
        return "unasked"
    stands = contract_stands_by(rpc, evidence, digest, signature)
    require(stands, f"{name} is not stood by by the contract wallet that it names")
    return "contract"


def check_place(
    entry: Mapping[str, Any],
    known: Mapping[str, int],
    before: Sequence[Mapping[str, Any]],
    name: str,
) -> None:
    """An entry is of a version there is, in its member's turn; ``before`` are that member's.

    Raises:
        Fault: it was told twice, is of another version, or withdraws what was not signed.
    """
    content = entry["content"]
    require(known.get(content) == entry["number"], f"{name} is of no version that was published")
    in_turn = entry["turn"] == len(before) + 1
    require(in_turn, f"{name} is number {entry['turn']} of its member, out of turn: told twice")
    mine = [each["act"] for each in before if each["content"] == content]
    stands = bool(mine) and mine[-1] == "sign"
    fits = entry["act"] == ("withdraw" if stands else "sign")
    require(fits, f"{name} says {entry['act']!r} where its member had said so before")
    require(entry["language"] in ("en", "ru"), f"{name} was read in no language of the text")


def check_register(
    export: Mapping[str, Any], known: Mapping[str, int], rpc: str | None
) -> tuple[list[str], dict[str, list[Mapping[str, Any]]], dict[str, int]]:
    """The heads from the first on, each member's entries, and how many rest on what.

    Raises:
        Fault: an entry was taken out, added, altered, doubled or told again.
    """
    register = export["head"]["register"]
    start = {"format": "vklad.memorandum.register.v1", "register": register}
    unhex(register, 32)
    head = sha256(canonical(start))
    heads = [head.hex()]
    members: dict[str, list[Mapping[str, Any]]] = {}
    keys: dict[str, str] = {}
    kinds: dict[str, int] = {}
    for expected, entry in enumerate(export["entries"], 1):
        name = f"entry {entry['entry']}"
        require(set(entry) == ENTRY, f"{name} has other fields than an entry")
        require(entry["entry"] >= expected, f"{name} is there twice")
        require(entry["entry"] == expected, f"entry {expected} was taken out")
        require(entry["register"] == register, f"{name} is of another register")
        mine = members.setdefault(entry["member"], [])
        check_place(entry, known, mine, name)
        kind = check_entry(entry, rpc, name)
        if kind == "device":
            key = entry["signature"]["key"]
            alone = keys.setdefault(key, entry["member"]) == entry["member"]
            require(alone, f"{name} is signed by a key that is another member's")
        content = {field: value for field, value in entry.items() if field in ENTRY}
        del content["signature"], content["head"]
        head = sha256(b"\x02" + head + sha256(canonical(content)))
        linked = head.hex() == entry["head"]
        require(linked, f"{name} was altered, or one before it was put in or taken out")
        heads.append(head.hex())
        mine.append(entry)
        kinds[kind] = kinds.get(kind, 0) + 1
    return heads, members, kinds


def recount(content: str, members: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Who stands by a version: the document of its tally."""
    last = [
        [each for each in entries if each["content"] == content][-1]
        for entries in members.values()
        if any(each["content"] == content for each in entries)
    ]
    standing = [each["language"] for each in last if each["act"] == "sign"]
    return {
        "standing": len(standing),
        "read_in": {"en": standing.count("en"), "ru": standing.count("ru")},
        "withdrawn": len(last) - len(standing),
    }


def check_head(head: Mapping[str, Any], heads: Sequence[str], register: str, name: str) -> None:
    """A head that somebody kept is this register's at that size: nothing was changed since.

    Raises:
        Fault: the register was another then.
    """
    require(head["register"] == register, f"{name} is of another register")
    size = head["size"]
    require(0 <= size < len(heads), f"{name} has {size} entries, here are {len(heads) - 1}")
    same = heads[size] == head["head"]
    require(same, f"{name} is another: an entry up to {size} was changed since it was kept")


# --- 4. An export, and receipts ----------------------------------------------------------------


def check_export(
    export: Mapping[str, Any],
    receipts: Sequence[Mapping[str, Any]] = (),
    kept: Sequence[Mapping[str, Any]] = (),
    known: str | None = None,
    rpc: str | None = None,
) -> list[str]:
    """What the register comes to, in sentences.

    Raises:
        Fault: the export does not hold, or not with what somebody kept.
    """
    require(export.get("format") == EXPORT_FORMAT, "this is not the export of a memorandum")
    head = export["head"]
    check_seal(head, export["seals"]["head"], known, "the register's head")
    versions = check_versions(export["versions"])
    heads, members, kinds = check_register(export, versions, rpc)
    size = len(heads) - 1
    require(size == head["size"], f"{size} entries are here, the head is of {head['size']}")
    require(heads[-1] == head["head"], "the register is not the one whose head is stated")
    for number, each in enumerate(kept, 1):
        name = f"the head you kept ({number})"
        check_seal(each["head"], each["seal"], known, name)
        check_head(each["head"], heads, head["register"], name)
    said = [f"Register {head['register'][:16]}…: {size} entries of {len(members)} members."]
    for version in export["versions"]:
        found, stated = recount(version["content"], members), version["tally"]
        number = versions[version["content"]]
        require(found == stated, f"version {number}: {found} is counted, {stated} is stated")
        said.append(
            f"Version {number}, {version['content'][:16]}…: {found['standing']} stand by it, "
            f"{found['withdrawn']} have withdrawn."
        )
    meanings = {
        "forgotten": "are of members who were since forgotten: taken on the keeper's word",
        "unasked": "are of contract wallets, which were not asked: give --rpc",
    }
    said += [f"{kinds[kind]} entries {text}." for kind, text in meanings.items() if kind in kinds]
    return [*said, *(_mine(export, receipt, known) for receipt in receipts)]


def check_receipt(receipt: Mapping[str, Any], known: str | None = None) -> list[str]:
    """What a receipt shows by itself, in sentences.

    Raises:
        Fault: it does not hold.
    """
    require(receipt.get("format") == RECEIPT_FORMAT, "this is not a receipt of the memorandum")
    head, pseudonym = receipt["head"], receipt["pseudonym"]
    check_seal(head, receipt["seals"]["head"], known, "the register's head")
    name = {
        "format": "vklad.memorandum.signer.v1",
        "member": receipt["member"],
        "register": head["register"],
        "salt": receipt["salt"],
    }
    unhex(receipt["salt"], 32)
    mine = sha256(canonical(name)).hex() == pseudonym
    require(mine, "the pseudonym is not this member's")
    said = [f"{receipt['member']} is {pseudonym[:16]}… in this register."]
    for turn, entry in enumerate(receipt["entries"], 1):
        own = entry["member"] == pseudonym and entry["turn"] == turn
        require(own, f"entry {entry['entry']} is not this member's, or out of turn")
        kind = check_entry(entry, None, f"entry {entry['entry']}")
        said.append(f"Entry {entry['entry']}: {entry['act']} version {entry['number']} ({kind}).")
    return said


def _mine(export: Mapping[str, Any], receipt: Mapping[str, Any], known: str | None) -> str:
    """A receipt's entries are those of its member in this export; there may be later ones."""
    check_receipt(receipt, known)
    same = receipt["head"]["register"] == export["head"]["register"]
    require(same, "the receipt is of another register")
    there = [each for each in export["entries"] if each["member"] == receipt["pseudonym"]]
    kept = receipt["entries"]
    heads = [each["head"] for each in there[: len(kept)]]
    found = heads == [each["head"] for each in kept]
    require(found, "an entry of your receipt is not in the register: taken out or replaced")
    later = len(there) - len(kept)
    more = f"; {later} came later" if later else ""
    return f"Your {len(kept)} entries are in the register{more}."


# --- 5. The command ----------------------------------------------------------------------------


def parse(data: bytes) -> Any:
    """JSON without fractions, and without a name given twice: it must mean one thing to all."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        require(len(found) == len(pairs), "a name is given twice")
        return found

    def whole(text: str) -> int:
        raise Fault(f"{text} is not a whole number")

    return json.loads(data, object_pairs_hook=once, parse_float=whole, parse_constant=whole)


def verify(given: argparse.Namespace) -> list[str]:
    """What the files show, in sentences.

    Raises:
        Fault: they do not hold, or are not what they should be.
    """
    try:
        subject = parse(given.subject.read_bytes())
        if subject.get("format") == RECEIPT_FORMAT:
            return check_receipt(subject, given.key)
        receipts, heads = (
            [parse(path.read_bytes()) for path in paths] for paths in (given.receipt, given.head)
        )
        return check_export(subject, receipts, heads, given.key, given.rpc)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise Fault(f"it cannot be read as a register or receipt: {error!r}") from error
    except (OSError, RecursionError) as error:
        raise Fault(f"it cannot be read: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 if everything holds."""
    parser = argparse.ArgumentParser(description="Check the memorandum's register, or a receipt.")
    parser.add_argument("subject", type=Path, help="the register's export, or a receipt")
    parser.add_argument(
        "--receipt", type=Path, action="append", default=[], help="a receipt to find in it"
    )
    parser.add_argument("--head", type=Path, action="append", default=[], help="a head you kept")
    parser.add_argument("--key", help="the keeper's key as you know it, in hex")
    parser.add_argument("--rpc", help="your own node, to ask contract wallets")
    given = parser.parse_args(arguments)
    try:
        said = verify(given)
    except Fault as fault:
        sys.stderr.write(f"NOT VERIFIED: {fault}.\n")
        return 1
    sys.stdout.write("\n".join([*said, "VERIFIED"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
