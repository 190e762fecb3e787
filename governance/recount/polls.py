"""Count a signal poll of Vklad again, or check a receipt: this one file and Python 3.11.

    python polls.py EXPORT.json                       recount a poll from its export
    python polls.py EXPORT.json --receipt MINE.json   ... and find my ballot in it (repeatable)
    python polls.py EXPORT.json --opening OPENING.json   ... and it is the poll that was announced
    python polls.py EXPORT.json --rpc URL             ... and ask contract wallets on your own node
    python polls.py MINE.json                         a receipt alone
    ... --key HEX                                     what is signed is signed by the key you know

It believes nothing but hashes and signatures, and shares no code with what counted first:

1.  Who votes with what weight: the tree (RFC 9162) over the list has the root that was announced.
2.  The register: each ballot has the hash (commitment) that was published when it was cast, and
    the register's head covers all before it. A voter's ballots are numbered in their own row.
3.  Signatures: of a device key (ECDSA on P-256) or a wallet (EIP-712, secp256k1). A contract wallet
    can only be asked on chain (ERC-1271): --rpc.
4.  The count: of each voter the last ballot, signed ones and unsigned ones apart, by single choice,
    approval, instant runoff or quadratic votes; and the tree of what was counted.
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

EXPORT_FORMAT: Final = "vklad.poll.export.v1"
RECEIPT_FORMAT: Final = "vklad.poll.receipt.v1"
DEFINITION: Final = {
    *("format", "poll", "title", "body", "options", "method", "weighing", "credits"),
    *("standing_min", "opens_at", "closes_at"),
}
BALLOT: Final = {
    *("number", "voter", "weight", "version", "choice", "salt", "kind", "evidence"),
    *("evidence_digest", "commitment", "register_head"),
}
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


def weight_of(text: Any) -> int:
    """A weight from decimal text."""
    plain = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 78
    require(plain and str(int(text)) == text, f"{text!r} is not a weight")
    return int(text)


# --- 1. Trees (RFC 9162, section 2.1) ---------------------------------------------------------


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaves (RFC 9162, 2.1.1), by halves."""
    if len(leaves) < 2:
        return sha256(b"\x00" + leaves[0]) if leaves else sha256(b"")
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + tree_root(leaves[:half]) + tree_root(leaves[half:]))


def root_by_path(leaf: bytes, place: Mapping[str, Any]) -> bytes:
    """The root that a leaf and its path give (RFC 9162, 2.1.3.2).

    Raises:
        Fault: the path has not as many nodes as there must be.
    """
    node, last = place["index"], place["size"] - 1
    require(0 <= node <= last, f"a tree of {place['size']} has no leaf {node}")
    found = sha256(b"\x00" + leaf)
    for step in (unhex(each, 32) for each in place["path"]):
        require(last > 0, "the path is too long")
        if node & 1 or node == last:
            found = sha256(b"\x01" + step + found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + step)
        node, last = node >> 1, last >> 1
    require(last == 0, "the path is too short")
    return found


# --- 2. Signatures: only checking, so nothing here is secret -----------------------------------

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
    b"PollBallot(string poll,string title,string answer,string choice,uint256 version,"
    b"bytes32 definition,bytes32 voter,bytes32 salt)"
)


def wallet_digest(
    definition: Mapping[str, Any], said: Mapping[str, Any], evidence: Mapping[str, Any]
) -> bytes:
    """The 32 bytes that a wallet signed (EIP-712)."""
    domain = keccak(
        keccak(_DOMAIN)
        + keccak(b"Vklad Polls")
        + keccak(b"1")
        + weight_of(evidence["chain_id"]).to_bytes(32, "big")
        + bytes(12)
        + bytes.fromhex(evidence["contract"][2:])
    )
    texts = (said["poll"], definition["title"], answer_text(definition, said["choice"]))
    message = keccak(
        keccak(_MESSAGE)
        + b"".join(keccak(each.encode()) for each in texts)
        + keccak(canonical(said["choice"]))
        + said["version"].to_bytes(32, "big")
        + unhex(said["definition"], 32)
        + unhex(said["voter"], 32)
        + unhex(said["salt"], 32)
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


# --- 3. Counting -------------------------------------------------------------------------------


def answer_text(definition: Mapping[str, Any], choice: Sequence[int]) -> str:
    """A choice in words, as wallets show it."""
    options = definition["options"]
    if definition["method"] == "quadratic":
        return "; ".join(
            f"{name}: {votes}" for name, votes in zip(options, choice, strict=True) if votes
        )
    parts = " > " if definition["method"] == "ranked" else "; "
    return parts.join(options[number] for number in choice)


def check_choice(definition: Mapping[str, Any], choice: Any, weight: int, name: str) -> None:
    """A choice is one that this poll knows, and pays for its votes.

    Raises:
        Fault: it is none.
    """
    count, method = len(definition["options"]), definition["method"]
    whole = isinstance(choice, list) and all(type(each) is int and each >= 0 for each in choice)
    require(whole, f"{name} has a choice that is no list of whole numbers")
    if method == "quadratic":
        spent = sum(each * each for each in choice)
        require(len(choice) == count, f"{name} does not vote on {count} options")
        require(spent <= weight, f"{name} spends {spent} credits of {weight}")
        return
    known = all(each < count for each in choice) and len(set(choice)) == len(choice)
    require(known, f"{name} names an option twice, or one that there is not")
    require(method != "single" or len(choice) < 2, f"{name} chooses more than one option")
    sorted_so = method != "approval" or choice == sorted(choice)
    require(sorted_so, f"{name} names options out of order")


def is_empty(method: str, choice: Sequence[int]) -> bool:
    """Whether a ballot is blank."""
    return not any(choice) if method == "quadratic" else not choice


def tally(
    method: str, options: int, ballots: Sequence[tuple[int, Sequence[int]]]
) -> dict[str, Any]:
    """What ballots come to: (weight, choice) in, the document of a tally out."""
    said = [(weight, choice) for weight, choice in ballots if not is_empty(method, choice)]
    rounds: list[dict[str, Any]] = []
    totals = [0] * options
    winners: list[int] = []
    if method == "ranked":
        rounds, winners = _run_off(options, said)
        totals = [int(each or 0) for each in rounds[0]["totals"]] if rounds else totals
    else:
        for weight, choice in said:
            named = enumerate(choice) if method == "quadratic" else ((n, weight) for n in choice)
            for number, votes in named:
                totals[number] += votes
        winners = [n for n in range(options) if totals[n] == max(totals) > 0]
    squares = sum(v * v for _, choice in said for v in choice) if method == "quadratic" else 0
    whole = sum(weight for weight, _ in ballots)
    return {
        "ballots": len(ballots),
        "weight": str(whole),
        "blank": str(whole - sum(weight for weight, _ in said)),
        "totals": [str(each) for each in totals],
        "rounds": rounds,
        "spent": str(squares),
        "winners": winners,
    }


def _run_off(
    options: int, said: Sequence[tuple[int, Sequence[int]]]
) -> tuple[list[dict[str, Any]], list[int]]:
    """Instant runoff: all with the least go together; ballots move on to their next that is in."""
    rounds: list[dict[str, Any]] = []
    gone: set[int] = set()
    piles = [(weight, list(choice)) for weight, choice in said]
    while piles:
        piles = [(weight, [n for n in choice if n not in gone]) for weight, choice in piles]
        here = [n for n in range(options) if n not in gone]
        sums = {n: sum(w for w, choice in piles if choice[:1] == [n]) for n in here}
        idle = sum(weight for weight, choice in piles if not choice)
        ranked = sorted(sums.values())
        ends = ranked[0] == ranked[-1] or ranked[-1] > sum(ranked) - ranked[-1]
        out = [] if ends else [n for n in here if sums[n] == ranked[0]]
        shown = [str(sums[n]) if n in sums else None for n in range(options)]
        rounds.append({"totals": shown, "exhausted": str(idle), "out": out})
        if ends:
            return rounds, [n for n in here if sums[n] == ranked[-1]]
        gone.update(out)
    return [], []


# --- 4. What the keeper of the polls signed (Ed25519, RFC 8032, 5.1) ---------------------------

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
        message = b"vklad.pollsign.1" + sha256(canonical(document))
        digest = hashlib.sha512(signature[:32] + key + message).digest()
        challenge = int.from_bytes(digest, "little") % _ORDER
        holds = _multiple(scalar, _BASE) == _sum(commitment, _multiple(challenge, point))
    require(holds, f"the signature of {name} is wrong")


# --- 5. Ballots --------------------------------------------------------------------------------


def statement_of(definition: Mapping[str, Any], ballot: Mapping[str, Any]) -> dict[str, Any]:
    """What a voter said, as it was signed."""
    return {
        "choice": ballot["choice"],
        "definition": sha256(canonical(definition)).hex(),
        "poll": definition["poll"],
        "salt": ballot["salt"],
        "version": ballot["version"],
        "voter": ballot["voter"],
    }


def check_ballot(
    definition: Mapping[str, Any], ballot: Mapping[str, Any], rpc: str | None, name: str
) -> str:
    """A ballot hashes to what was published of it, and is signed; what that rests on, in a word.

    Raises:
        Fault: it was altered, or is signed by nobody.
    """
    said, evidence, kind = statement_of(definition, ballot), ballot["evidence"], ballot["kind"]
    unhex(ballot["salt"], 32)
    content = {**said, "kind": kind, "evidence": ballot["evidence_digest"]}
    made = sha256(canonical(content)).hex()
    require(made == ballot["commitment"], f"{name} was altered: it has not the hash it was cast as")
    if kind == "unsigned":
        require(ballot["evidence_digest"] is None and evidence is None, f"{name} is said unsigned")
        return "unsigned"
    if evidence is None:
        wallet = kind in ("wallet", "contract") and ballot["evidence_digest"] is not None
        require(wallet, f"the signature of {name} was taken away")
        return "forgotten"
    same = sha256(canonical(evidence)).hex() == ballot["evidence_digest"]
    require(same, f"the signature of {name} was altered")
    signature = unhex(evidence["signature"])
    if kind == "device":
        message = b"vklad.poll.ballot.v1\n" + canonical(said)
        signed = is_signed_by_device(unhex(evidence["key"], 65), message, signature)
        require(signed, f"{name} is not signed by the device key it names")
        return "device"
    digest = wallet_digest(definition, said, evidence)
    if kind == "wallet":
        signed = account_of(digest, signature) == evidence["address"]
        require(signed, f"{name} is not signed by the wallet it names")
        return "wallet"
    require(kind == "contract", f"{name} is of a kind that there is not")
    if rpc is None:
        return "unasked"
    stands = contract_stands_by(rpc, evidence, digest, signature)
    require(stands, f"{name} is not stood by by the contract wallet it names")
    return "contract"


def check_voters(opening: Mapping[str, Any], rows: Sequence[Any]) -> dict[str, int]:
    """Pseudonym → weight of everybody who votes, as it was announced.

    Raises:
        Fault: somebody was added, taken out, doubled or weighed anew.
    """
    voters: dict[str, int] = {}
    before = ""
    for pseudonym, weight in rows:
        unhex(pseudonym, 32)
        require(pseudonym not in voters, f"voter {pseudonym} is listed twice")
        require(pseudonym > before, f"voter {pseudonym} is out of order")
        voters[pseudonym], before = weight_of(weight), pseudonym
        require(voters[pseudonym] > 0, f"voter {pseudonym} weighs nothing")
    count, total = len(voters), sum(voters.values())
    require(
        count == opening["eligible"],
        f"{count} voters are listed, {opening['eligible']} were announced",
    )
    require(
        total == weight_of(opening["weight"]),
        f"the voters weigh {total} together, {opening['weight']} was announced: re-weighted",
    )
    root = tree_root([bytes.fromhex(p) + w.to_bytes(32, "big") for p, w in voters.items()])
    same = root.hex() == opening["eligibility_root"]
    require(same, "the list of voters and weights is not the one that was announced")
    return voters


def check_register(
    export: Mapping[str, Any], voters: Mapping[str, int], rpc: str | None
) -> tuple[dict[str, Mapping[str, Any]], dict[str, int]]:
    """The last ballot of each voter, and how many ballots rest on what.

    Raises:
        Fault: a ballot was taken out, added, altered, doubled or weighed anew.
    """
    definition, closing = export["definition"], export["closing"]
    last: dict[str, Mapping[str, Any]] = {}
    kinds: dict[str, int] = {}
    head = sha256(canonical(definition))
    for expected, ballot in enumerate(export["ballots"], 1):
        number, voter = ballot["number"], ballot["voter"]
        name = f"ballot {number}"
        require(set(ballot) == BALLOT, f"{name} has other fields than a ballot")
        require(number >= expected, f"{name} is there twice")
        require(number == expected, f"ballot {expected} was taken out")
        require(voter in voters, f"{name} was added: nobody of the voters announced cast it")
        weight = weight_of(ballot["weight"])
        right = weight == voters[voter]
        require(right, f"{name} is weighed {weight}, its voter has {voters[voter]}: re-weighted")
        kind = check_ballot(definition, ballot, rpc, name)
        before = last.get(voter)
        version = ballot["version"]
        follows = version == (1 if before is None else before["version"] + 1)
        require(follows, f"{name} is number {version} of its voter, out of turn: told twice")
        over = kind == "unsigned" and before is not None and before["kind"] != "unsigned"
        require(not over, f"{name} is unsigned and would replace a signed one")
        check_choice(definition, ballot["choice"], weight, name)
        head = sha256(b"\x02" + head + unhex(ballot["commitment"], 32))
        linked = head.hex() == ballot["register_head"]
        require(
            linked, f"{name} does not follow the ballots before it: one was put in or taken out"
        )
        last[voter] = ballot
        kinds[kind] = kinds.get(kind, 0) + 1
    size = len(export["ballots"])
    whole = size == closing["register_size"]
    require(whole, f"{size} ballots are here, {closing['register_size']} were in the register")
    same = head.hex() == closing["register_head"]
    require(same, "the register is not the one whose head was published at the close")
    return last, kinds


def check_count(export: Mapping[str, Any], last: Mapping[str, Mapping[str, Any]]) -> None:
    """The closing states what these ballots come to.

    Raises:
        Fault: it states something else.
    """
    definition, closing = export["definition"], export["closing"]
    final = sorted(last.values(), key=lambda ballot: ballot["number"])
    leaves = [
        unhex(each["commitment"], 32) + weight_of(each["weight"]).to_bytes(32, "big")
        for each in final
    ]
    counted = closing["counted"]
    require(len(final) == counted, f"{len(final)} ballots count, {counted} were counted")
    same = tree_root(leaves).hex() == closing["tally_root"]
    require(same, "the tree of counted ballots has another root than was published")
    parts = {
        "signed": [each for each in final if each["kind"] != "unsigned"],
        "unsigned": [each for each in final if each["kind"] == "unsigned"],
        "together": final,
    }
    require(set(closing["tallies"]) == set(parts), "a poll has three tallies")
    for name, ballots in parts.items():
        weighed = [(weight_of(each["weight"]), each["choice"]) for each in ballots]
        found = tally(definition["method"], len(definition["options"]), weighed)
        for field, value in found.items():
            stated = closing["tallies"][name].get(field)
            require(stated == value, f"{name} ballots: {field} is {value}, {stated} is stated")


# --- 6. An export, and receipts ----------------------------------------------------------------


def check_statements(
    document: Mapping[str, Any], known: str | None, *, is_closed: bool
) -> Mapping[str, Any]:
    """The statements are of one poll and signed; its definition.

    Raises:
        Fault: they are not.
    """
    definition: Mapping[str, Any] = document["definition"]
    opening, closing = document["opening"], document["closing"]
    require(set(definition) == DEFINITION, "this is not the definition of a poll")
    named = sha256(canonical(definition)).hex()
    require(opening["definition"] == named, "the question is not the one that was announced")
    seals = document["seals"]
    check_seal(opening, seals["opening"], known, "the announcement")
    if not is_closed:
        return definition
    require(closing["definition"] == named, "the result is of another question")
    same = closing["eligibility_root"] == opening["eligibility_root"]
    require(same, "the result is of other voters than were announced")
    check_seal(closing, seals["closing"], known, "the result")
    return definition


def check_export(
    export: Mapping[str, Any],
    receipts: Sequence[Mapping[str, Any]],
    openings: Sequence[Mapping[str, Any]],
    known: str | None = None,
    rpc: str | None = None,
) -> list[str]:
    """What a poll comes to, in sentences.

    Raises:
        Fault: the export does not hold, or not with what somebody kept.
    """
    require(export.get("format") == EXPORT_FORMAT, "this is not the export of a poll")
    definition = check_statements(export, known, is_closed=True)
    for kept in openings:
        same = kept.get("opening", kept) == export["opening"]
        require(same, "the announcement you kept is another: question, voters or weights changed")
    voters = check_voters(export["opening"], export["voters"])
    last, kinds = check_register(export, voters, rpc)
    check_count(export, last)
    said = [_mine(export, receipt, last, known) for receipt in receipts]
    return [*_result(definition, export, kinds, len(voters)), *said]


def _result(
    definition: Mapping[str, Any], export: Mapping[str, Any], kinds: Mapping[str, int], voters: int
) -> list[str]:
    closing, options = export["closing"], definition["options"]
    said = [
        f"{definition['title']} ({definition['method']}, by {definition['weighing']})",
        f"{voters} voters, {closing['register_size']} ballots cast, {closing['counted']} count.",
    ]
    for name, heading in (("signed", "Result, of signed ballots"), ("unsigned", "Unsigned")):
        found = closing["tallies"][name]
        winners = ", ".join(options[n] for n in found["winners"]) or "nobody"
        said.append(f"{heading}: {found['ballots']} of weight {found['weight']}; first: {winners}")
        said += [f"  {total}  {one}" for one, total in zip(options, found["totals"], strict=True)]
    meanings = {
        "unsigned": "rest on the keeper's word alone",
        "forgotten": "were signed by a wallet that was since forgotten: taken on the keeper's word",
        "unasked": "are of contract wallets, which were not asked: give --rpc",
    }
    said += [f"{kinds[kind]} ballots {text}." for kind, text in meanings.items() if kind in kinds]
    return said


def check_receipt(receipt: Mapping[str, Any], known: str | None = None) -> list[str]:
    """What a receipt shows by itself, in sentences.

    Raises:
        Fault: it does not hold.
    """
    require(receipt.get("format") == RECEIPT_FORMAT, "this is not a receipt of a poll")
    is_closed = receipt["closing"] is not None
    definition = check_statements(receipt, known, is_closed=is_closed)
    opening, voter, ballot = receipt["opening"], receipt["voter"], receipt["ballot"]
    name = {
        "format": "vklad.poll.voter.v1",
        "member": receipt["member"],
        "poll": definition["poll"],
        "salt": receipt["salt"],
    }
    mine = sha256(canonical(name)).hex() == voter["pseudonym"]
    require(mine, "the pseudonym is not this member's")
    leaf = unhex(voter["pseudonym"], 32) + weight_of(voter["weight"]).to_bytes(32, "big")
    sized = voter["place"]["size"] == opening["eligible"]
    root = root_by_path(leaf, voter["place"]).hex()
    require(sized and root == opening["eligibility_root"], "the voter is not among those announced")
    said = [f"{receipt['member']} votes in {definition['title']!r} with {voter['weight']}."]
    if ballot is None:
        return [*said, "No ballot was cast in this name when the receipt was made."]
    require(ballot["voter"] == voter["pseudonym"], "the ballot is another voter's")
    kind = check_ballot(definition, ballot, None, "the ballot")
    check_choice(definition, ballot["choice"], weight_of(voter["weight"]), "the ballot")
    kept = receipt["acknowledgement"]
    own = {key: ballot[key] for key in ("number", "commitment", "register_head")}
    told = {key: kept[key] for key in own} == own and kept["poll"] == definition["poll"]
    require(told, "what was acknowledged is another ballot")
    check_seal(kept, receipt["seals"]["acknowledgement"], known, "the acknowledgement")
    answer = answer_text(definition, ballot["choice"]) or "nothing (blank)"
    said.append(f"Ballot {ballot['number']} ({kind}) is for: {answer}.")
    if is_closed:
        place, closing = receipt["place"], receipt["closing"]
        counted = unhex(ballot["commitment"], 32) + leaf[32:]
        found = root_by_path(counted, place).hex() == closing["tally_root"]
        require(found and place["size"] == closing["counted"], "the ballot was not counted")
        said.append(f"It was counted, among {closing['counted']}.")
    return said


def _mine(
    export: Mapping[str, Any],
    receipt: Mapping[str, Any],
    last: Mapping[str, Mapping[str, Any]],
    known: str | None,
) -> str:
    """A receipt's ballot is the one that counts in this export."""
    said = check_receipt(receipt, known)
    same = receipt["opening"] == export["opening"]
    require(same, "the receipt is of another poll, or of other voters")
    one = receipt["closing"] in (None, export["closing"])
    require(one, "the receipt is of another result: two were given out")
    pseudonym, mine = receipt["voter"]["pseudonym"], receipt["ballot"]
    found = last.get(pseudonym)
    if mine is None:
        none = found is None
        told = found["number"] if found else 0
        require(none, f"ballot {told} is cast in your name, and your receipt knows of none")
        return said[-1] + " Nor is one in the export."
    kept = next((b for b in export["ballots"] if b["number"] == mine["number"]), None)
    there = kept is not None and kept["commitment"] == mine["commitment"]
    require(there, f"your ballot {mine['number']} is not in the register: taken out or replaced")
    latest = found is not None and found["number"] == mine["number"]
    told = found["number"] if found else 0
    require(latest, f"ballot {told} counts in your name instead of yours, {mine['number']}")
    return f"Your ballot {mine['number']} is in the export and counts."


# --- 7. The command ----------------------------------------------------------------------------


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
        receipts, openings = (
            [parse(path.read_bytes()) for path in paths] for paths in (given.receipt, given.opening)
        )
        return check_export(subject, receipts, openings, given.key, given.rpc)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise Fault(f"it cannot be read as a poll or receipt: {error!r}") from error
    except (OSError, RecursionError) as error:
        raise Fault(f"it cannot be read: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 if everything holds."""
    parser = argparse.ArgumentParser(description="Recount a poll, or check a receipt.")
    parser.add_argument("subject", type=Path, help="a poll's export, or a receipt")
    parser.add_argument(
        "--receipt", type=Path, action="append", default=[], help="a receipt to find in it"
    )
    parser.add_argument(
        "--opening", type=Path, action="append", default=[], help="an announcement you kept"
    )
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
