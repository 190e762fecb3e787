"""Check a proof of Vklad's log, or an audit export, without Vklad: this one file and Python 3.11.

    python verifier.py PROOF.json                   an entry is in the log, whole and unchanged
    python verifier.py PROOF.json --head HEAD.json  ... and in the log that this head speaks of
    python verifier.py PROOF.json --key HEX         ... and the log is signed by the key you know
    python verifier.py EXPORT.zip                   an audit export (or the folder of one)

It connects to nothing and believes nothing but hashes and signatures. What is recomputed:

1.  The hash of each transfer, from its fields: SHA-256 over 277 bytes (docs/ledger.md). It covers
    the hash of the transfer before it, so one hash vouches for all earlier ones.
2.  The place of the entry's last transfer in a tree of hashes (RFC 9162): together with a few
    neighbours (the path) its hash must give exactly the root of the tree.
3.  The signature (Ed25519, RFC 8032) of whoever keeps the log under size and root of that tree.
4.  In an export, the signature (EIP-712, secp256k1) under each reason for stopping something.

Keep a head (`vklad log head`, or /v1/log/head) somewhere of your own. If anybody ever rewrites the
journal, that head no longer fits, and nobody can make it fit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import struct
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

HEAD_FORMAT: Final = "vklad.head.v1"
PROOF_FORMAT: Final = "vklad.proof.v1"
CONSISTENCY_FORMAT: Final = "vklad.consistency.v1"
EXPORT_FORMAT: Final = "vklad.audit.v1"
_UTC: Final = timezone.utc  # noqa: UP017 - a verifier should run on older Pythons too
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=_UTC)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{0,5}[1-9]))?Z", re.ASCII)


class Fault(Exception):
    """The proof does not hold."""


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


# --- 1. A transfer and its hash (docs/ledger.md, "The hash, format 1") -------------------------

_NUMBERS: Final = (
    *("sequence", "line", "lines", "amount", "debit_balance_after", "credit_balance_after"),
    *("debit_previous", "credit_previous"),
)
_OTHERS: Final = (
    *("previous", "entry_id", "kind", "debit", "credit", "effective_at", "recorded_at"),
    *("cites", "cause", "hash"),
)


def unhex(text: str) -> bytes:
    """Bytes from lower-case hex: each value has one spelling."""
    found = bytes.fromhex(text)
    require(found.hex() == text, f"{text!r} is not lower-case hex")
    return found


def id_bytes(text: str) -> bytes:
    """The 16 bytes of an id."""
    found = uuid.UUID(text)
    require(str(found) == text, f"{text!r} is not how an id is written")
    return found.bytes


def microseconds(text: str) -> int:
    """Since 1970-01-01T00:00:00Z; the text is as in 2026-03-02T09:00:00.123456Z."""
    match = _TIME.fullmatch(text)
    require(match is not None, f"{text!r} is not a time in UTC")
    whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=_UTC)
    fraction = int(((match and match[1]) or "0").ljust(6, "0"))
    return (whole - _EPOCH) // timedelta(microseconds=1) + fraction


def optional_id(text: str | None) -> bytes:
    """1 and the id's 16 bytes, or 17 zero bytes."""
    return bytes(17) if text is None else b"\x01" + id_bytes(text)


def account(side: Mapping[str, Any]) -> bytes:
    """The identity of an account: what it holds and whose it is."""
    require(set(side) == {"kind", "owner"}, "an account is its kind and its owner")
    return sha256(b"vklad.account.v1" + sha256(side["kind"].encode()) + optional_id(side["owner"]))


def transfer_hash(row: Mapping[str, Any]) -> bytes:
    """The hash of a transfer, from its fields alone; what it states as its own is not looked at."""
    return sha256(
        struct.pack(
            ">16s32sQ16sHH32s32s32sqqqQQqq17s32s",
            b"vklad.journal.v1",
            unhex(row["previous"]),
            row["sequence"],
            id_bytes(row["entry_id"]),
            row["line"],
            row["lines"],
            sha256(row["kind"].encode()),
            account(row["debit"]),
            account(row["credit"]),
            row["amount"],
            row["debit_balance_after"],
            row["credit_balance_after"],
            row["debit_previous"],
            row["credit_previous"],
            microseconds(row["effective_at"]),
            microseconds(row["recorded_at"]),
            optional_id(row["cites"]),
            sha256(row["cause"].encode()),
        )
    )


def check_transfers(rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The same rows, once each is known to have its hash and to follow the one before it.

    Raises:
        Fault: naming the first row that does not.
    """
    before: Mapping[str, Any] | None = None
    for row in rows:
        fields = {*_NUMBERS, *_OTHERS}
        require(set(row) == fields, f"a transfer has the fields {', '.join(sorted(fields))}")
        whole = all(type(row[field]) is int for field in _NUMBERS)
        require(whole, f"one of {', '.join(_NUMBERS)} is not a whole number")
        name = f"transfer {row['sequence']}"
        stated = transfer_hash(row).hex() == row["hash"]
        require(stated, f"the hash of {name} does not follow from its fields")
        if before is not None:
            follows = row["sequence"] == before["sequence"] + 1
            require(follows, f"{name} does not follow number {before['sequence']}")
            linked = row["previous"] == before["hash"]
            require(linked, f"{name} names another hash before it")
        before = row
        yield row


# --- 2. The tree (RFC 9162, section 2.1) -------------------------------------------------------


def leaf_hash(transfer: bytes) -> bytes:
    """A leaf: one zero byte and the 32 bytes of a transfer's hash."""
    return sha256(b"\x00" + transfer)


def node_hash(left: bytes, right: bytes) -> bytes:
    """A node: one byte 1 and the two nodes below it."""
    return sha256(b"\x01" + left + right)


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that leaf and path give (RFC 9162, 2.1.3.2); ``index`` counts from 0.

    Raises:
        Fault: the path has not as many nodes as there must be.
    """
    require(0 <= index < size, f"a tree of {size} has no leaf {index}")
    node, last, found = index, size - 1, leaf
    for step in path:
        require(last > 0, "the path is too long")
        if node & 1 or node == last:
            found = node_hash(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    require(last == 0, "the path is too short")
    return found


def roots_by_consistency(
    first: int, second: int, first_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The two roots that a consistency path gives (RFC 9162, 2.1.4.2); 0 < first < second.

    Raises:
        Fault: the path has not as many nodes as there must be.
    """
    require(0 < first < second, f"from {first} to {second} nothing has grown")
    nodes = list(path)
    if first & (first - 1) == 0:
        nodes.insert(0, first_root)
    require(bool(nodes), "the consistency path is empty")
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = nodes[0]
    for step in nodes[1:]:
        require(last > 0, "the consistency path is too long")
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    require(last == 0, "the consistency path is too short")
    return old, new


# --- 3. Ed25519 (RFC 8032, 5.1): only checking, so nothing here is secret ------------------------

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]


def _add(a: _Point, b: _Point) -> _Point:
    """Addition on the curve, in extended coordinates (x, y, z, x·y/z)."""
    low, high = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    twice, product = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = high - low, product - twice, product + twice, high + low
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(scalar: int, point: _Point) -> _Point:
    found: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = _add(found, point)
        point, scalar = _add(point, point), scalar >> 1
    return found


def _point(data: bytes) -> _Point | None:
    """A point from its 32 bytes; ``None`` if they are none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


_BASE: Final = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes) is of ``message`` by the owner of ``key`` (32 bytes)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    point, commitment = _point(key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or commitment is None or _BASE is None or scalar >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    left, right = _times(scalar, _BASE), _add(commitment, _times(challenge, point))
    same_x = (left[0] * right[2] - right[0] * left[2]) % _P == 0
    return same_x and (left[1] * right[2] - right[1] * left[2]) % _P == 0


# --- 3b. Reasons, signed by accounts of a chain (EIP-712, secp256k1): only checking, too ---------

_FIELD: Final = 2**256 - 2**32 - 977
_ORDER_K1: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_BASE_K1: Final = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
"""Field, order and base point (SEC 2); the curve is y² = x³ + 7."""
_Place = tuple[int, int] | None
_STOPPED: Final = ("bridge.paused", "batch.vetoed", "vote.cancelled")
_EXPLAINED: Final = "guardian.reason"
_REASON_TYPES: Final = (
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
    b"StopReason(bytes32 transactionHash,string reason)",
)


def _sum_k1(one: _Place, other: _Place) -> _Place:
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % _FIELD == 0:
            return None
        slope = 3 * one[0] * one[0] * pow(2 * one[1], -1, _FIELD)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _FIELD)
    x = (slope * slope - one[0] - other[0]) % _FIELD
    return x, (slope * (one[0] - x) - one[1]) % _FIELD


def _times_k1(scalar: int, point: _Place) -> _Place:
    found: _Place = None
    while scalar:
        if scalar & 1:
            found = _sum_k1(found, point)
        point, scalar = _sum_k1(point, point), scalar >> 1
    return found


def account_of(digest: bytes, signature: bytes) -> str | None:
    """Whose key made a signature of 65 bytes (r, s, v), as an address; ``None`` if nobody's."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not (0 < r < _ORDER_K1 and 0 < s <= _ORDER_K1 // 2):  # The upper half is refused (EIP-2).
        return None
    square = (pow(r, 3, _FIELD) + 7) % _FIELD
    y = pow(square, (_FIELD + 1) // 4, _FIELD)
    if y * y % _FIELD != square:
        return None
    point = (r, y if y & 1 == signature[64] - 27 else _FIELD - y)
    inverse = pow(r, -1, _ORDER_K1)
    key = _sum_k1(
        _times_k1(-int.from_bytes(digest, "big") * inverse % _ORDER_K1, _BASE_K1),
        _times_k1(s * inverse % _ORDER_K1, point),
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


def reason_digest(act: Mapping[str, Any]) -> bytes:
    """The 32 bytes under the signature of whoever says why something was stopped."""
    rest = act["rest"]
    domain = keccak(
        keccak(_REASON_TYPES[0])
        + keccak(b"Vklad Guardian")
        + keccak(b"1")
        + int(rest["chain_id"]).to_bytes(32, "big")
        + bytes(12)
        + unhex(rest["bridge"].removeprefix("0x"))
    )
    said = keccak(rest["reason"].encode())
    message = keccak(keccak(_REASON_TYPES[1]) + unhex(act["on"]) + said)
    return keccak(b"\x19\x01" + domain + message)


def check_reasons(acts: Sequence[Mapping[str, Any]]) -> int:
    """How many reasons are among the acts; each is signed by who it says, and who did the act.

    What it explains may be of an earlier period, and is then not here. Who cancelled a vote is not
    on the chain: there the signature says it.

    Raises:
        Fault: one is signed by another, or a transaction has two.
    """
    did: dict[str, set[str | None]] = {}
    for act in acts:
        if act["act"] in _STOPPED:
            did.setdefault(act["rest"]["transaction"], set()).add(act["by"])
    explained = set()
    for act in acts:
        if act["act"] != _EXPLAINED:
            continue
        signer = account_of(reason_digest(act), unhex(act["rest"]["signature"]))
        name = f"the reason for the transaction {act['on']}"
        require(signer is not None and signer == act["by"], f"{name} is not signed by {act['by']}")
        by = did.get(act["on"], {None})
        require(None in by or signer in by, f"{name} is not of whoever sent it")
        require(act["on"] not in explained, f"{name} is given twice")
        explained.add(act["on"])
    return len(explained)


# --- 4. Heads and keys -------------------------------------------------------------------------


def head_message(head: Mapping[str, Any]) -> bytes:
    """The 96 bytes under a head's signature."""
    return struct.pack(
        ">16sQ32s32sq",
        b"vklad.loghead.v1",
        head["tree_size"],
        unhex(head["root"]),
        unhex(head["journal_hash"]),
        microseconds(head["time"]),
    )


def key_message(key: Mapping[str, Any]) -> bytes:
    """The 56 bytes by which the key before names this one, or the first one itself."""
    began = microseconds(key["valid_from"])
    return struct.pack(">16s32sq", b"vklad.log-key.v1", unhex(key["key"]), began)


def check_keys(
    lists: Sequence[Sequence[Mapping[str, Any]]], known: str | None
) -> Sequence[Mapping[str, Any]]:
    """The log's keys, oldest first: the longest of these lists, which the others must begin.

    Raises:
        Fault: a key was not named by the one before it, or the key you know is none of them.
    """
    keys = max(lists, key=len)
    for shown in lists:
        same = bool(shown) and list(keys[: len(shown)]) == list(shown)
        require(same, "the files are of logs with other keys")
    for before, key in pairwise([keys[0], *keys]):
        named = key["signed_by"] == before["key"] and is_signed(
            unhex(before["key"]), key_message(key), unhex(key["signature"])
        )
        require(named, f"the key {key['key']} was not named by the key before it")
    if known is not None:
        found = known.lower() in {key["key"] for key in keys}
        require(found, f"the key you know, {known}, is none of this log's")
    return keys


def check_head(head: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> None:
    """The head is signed, by the key that was in use at its time.

    Raises:
        Fault: it is not.
    """
    require(head.get("format") == HEAD_FORMAT, "this is not a head of the log")
    name = f"the head of {head['tree_size']} transfers"
    key, signature = unhex(head["key"]), unhex(head["signature"])
    require(is_signed(key, head_message(head), signature), f"the signature of {name} is wrong")
    at = microseconds(head["time"])
    begun = [found for found in keys if microseconds(found["valid_from"]) <= at]
    in_use = bool(begun) and begun[-1]["key"] == head["key"]
    require(in_use, f"{name} is signed by a key that was not in use at its time")


def check_same_log(
    one: Mapping[str, Any], other: Mapping[str, Any], paths: Sequence[Mapping[str, Any]]
) -> str:
    """That the larger tree holds the smaller one unchanged; the sentence that says so.

    Raises:
        Fault: it does not, or no path between the two is at hand.
    """
    old, new = sorted((one, other), key=lambda head: head["tree_size"])
    first, second = old["tree_size"], new["tree_size"]
    if first == second:
        same = (old["root"], old["journal_hash"]) == (new["root"], new["journal_hash"])
        require(same, f"two heads of {first} transfers differ: the log was rewritten")
        return f"The head you gave is of the same {first} transfers."
    path = next((p for p in paths if (p["first"], p["second"]) == (first, second)), None)
    require(
        path is not None,
        f"no consistency path from {first} to {second} is at hand; ask for "
        f"/v1/log/consistency?first={first}&second={second} and give it by --consistency",
    )
    require((path or {}).get("format") == CONSISTENCY_FORMAT, "this is not a consistency path")
    nodes = [unhex(node) for node in (path or {})["path"]]
    roots = roots_by_consistency(first, second, unhex(old["root"]), nodes)
    same = roots == (unhex(old["root"]), unhex(new["root"]))
    require(same, f"the log of {second} transfers does not hold that of {first}: it was rewritten")
    return f"The log of {second} transfers holds that of {first} unchanged."


# --- 5. A proof ---------------------------------------------------------------------------------


def check_proof(
    proof: Mapping[str, Any],
    heads: Sequence[Mapping[str, Any]],
    paths: Sequence[Mapping[str, Any]],
    known: str | None = None,
) -> list[str]:
    """What a proof shows, in sentences. ``heads`` are those that somebody saved.

    Raises:
        Fault: it does not hold.
    """
    require(proof.get("format") == PROOF_FORMAT, "this is not a proof of the log")
    head, rows = proof["head"], list(check_transfers(iter(proof["transfers"])))
    require(bool(rows), "the proof has no transfer")
    first, last = rows[0], rows[-1]
    whole = [(row["entry_id"], row["line"], row["lines"]) for row in rows] == [
        (proof["entry_id"], line, len(rows)) for line in range(1, len(rows) + 1)
    ]
    require(whole, "the transfers are not one whole entry, line by line")
    keys = check_keys([proof["keys"], *(saved["keys"] for saved in heads)], known)
    check_head(head, keys)
    leaf = leaf_hash(unhex(last["hash"]))
    path = [unhex(node) for node in proof["path"]]
    root = root_by_inclusion(leaf, last["sequence"] - 1, head["tree_size"], path)
    require(root.hex() == head["root"], "the path does not lead to the root that was signed")
    said = [
        f"Entry {proof['entry_id']} ({first['kind']}), effective {first['effective_at']},",
        f"is the transfers {first['sequence']} to {last['sequence']} of the journal:",
        *(_move(row) for row in rows),
        f"It is in the log of {head['tree_size']} transfers signed at {head['time']}.",
    ]
    return [
        *said,
        *check_saved(head, heads, [*proof["consistency"], *paths], keys),
        _signed_by(head, trusted=known is not None or bool(heads)),
    ]


def check_saved(
    head: Mapping[str, Any],
    saved: Sequence[Mapping[str, Any]],
    paths: Sequence[Mapping[str, Any]],
    keys: Sequence[Mapping[str, Any]],
) -> list[str]:
    """That heads which somebody saved are of the same log as ``head``; sentences that say so.

    Raises:
        Fault: one is not.
    """
    said = []
    for mine in saved:
        check_head(mine, keys)
        said.append(check_same_log(head, mine, [*mine["consistency"], *paths]))
    return said


def _move(row: Mapping[str, Any]) -> str:
    debit, credit = (
        f"{row[side]['kind']} {row[side]['owner'] or ''}".strip() for side in ("debit", "credit")
    )
    return f"  {row['amount']} points from {debit} to {credit}"


def _signed_by(head: Mapping[str, Any], *, trusted: bool) -> str:
    doubt = "" if trusted else " Compare it with the key you know: anybody can make a key."
    return f"Signed by the key {head['key']}.{doubt}"


# --- 6. An audit export ---------------------------------------------------------------------------

_SEAL: Final = ("manifest.json", "signature.json")
_AnyPath = Path | zipfile.Path


def check_export(
    export: _AnyPath,
    saved: Sequence[Mapping[str, Any]],
    paths: Sequence[Mapping[str, Any]],
    known: str | None = None,
) -> list[str]:
    """What an audit export shows, in sentences.

    Raises:
        Fault: it does not hold.
    """
    sealed = (export / "manifest.json").read_bytes()
    manifest, seal = parse(sealed), _read(export, "signature.json")
    require(manifest.get("format") == EXPORT_FORMAT, "this is not an audit export")
    own = _read(export, "keys.json")
    keys = check_keys([own, *(mine["keys"] for mine in saved)], known)
    message = b"vklad.auditex.v1" + sha256(sealed)
    signed = is_signed(unhex(seal["key"]), message, unhex(seal["signature"]))
    require(signed and seal["key"] in {k["key"] for k in own}, "the manifest's signature is wrong")
    names = {path.name for path in export.iterdir()}
    require(names == {*_SEAL, *manifest["files"]}, "files are missing or were added")
    for name, stated in manifest["files"].items():
        _check_file(export / name, name, stated)
    heads = list(_lines(export / "heads.jsonl"))
    for head in heads:
        check_head(head, keys)
    for before, head in pairwise(heads):
        require(before["tree_size"] < head["tree_size"], "heads are not in the order of the log")
    newest = _check_journal(export, manifest["journal"], heads)
    roots = {head["tree_size"]: head["root"] for head in heads}
    for anchor in _lines(export / "anchors.jsonl"):
        fits = roots.get(anchor["tree_size"], anchor["root"]) == anchor["root"]
        require(fits, f"the head of {anchor['tree_size']} transfers is another on chain")
    reasons = _check_acts(export, manifest)
    said = [
        f"Audit export from {manifest['from']} to {manifest['to']}, made {manifest['made_at']}:",
        *(f"  {name}: {stated['rows']} rows" for name, stated in manifest["files"].items()),
        f"Its transfers are in the log of {newest['tree_size']} signed at {newest['time']}."
        if newest
        else "The log has no head yet.",
    ]
    if reasons:
        said.append(f"Reasons for stopping something, signed by whoever did: {reasons}.")
    said += check_saved(newest, saved, paths, keys) if newest else []
    return [*said, _signed_by(seal, trusted=known is not None or bool(saved))]


def _check_acts(export: _AnyPath, manifest: Mapping[str, Any]) -> int:
    """They are of the period; how many of them are reasons, whose signatures hold."""
    stops = []
    for act in _lines(export / "acts.jsonl"):
        at = microseconds(act["at"])
        inside = microseconds(manifest["from"]) <= at < microseconds(manifest["to"])
        require(inside, f"an act of {act['at']} is not of the period")
        if act["act"] in {*_STOPPED, _EXPLAINED}:
            stops.append(act)
    return check_reasons(stops)


def _check_journal(
    export: _AnyPath, stated: Mapping[str, Any], heads: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Rows follow each other, heads name their hashes, the newest head holds the last of them."""
    sizes = {head["tree_size"]: head["journal_hash"] for head in heads}
    first = last = None
    for row in check_transfers(_lines(export / "journal.jsonl")):
        first, last = first or row, row
        fits = sizes.get(row["sequence"], row["hash"]) == row["hash"]
        require(fits, f"the head of {row['sequence']} transfers names another hash than number's")
    ends = [None if row is None else row["sequence"] for row in (first, last)]
    require(ends == [stated["first"], stated["last"]], "the journal's rows are not those stated")
    proof = _read(export, "proof.json")
    if last is not None:
        leaf = leaf_hash(unhex(last["hash"]))
        path = [unhex(node) for node in proof["path"]]
        size = proof["head"]["tree_size"]
        root = root_by_inclusion(leaf, last["sequence"] - 1, size, path)
        require(root.hex() == proof["head"]["root"], "the last transfer is not in the log")
        check_head(proof["head"], _read(export, "keys.json"))
    head: Mapping[str, Any] = proof["head"] or {}
    return head


def _check_file(path: _AnyPath, name: str, stated: Mapping[str, Any]) -> None:
    digest, rows = hashlib.sha256(), 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
            rows += 1
    same = (digest.hexdigest(), rows) == (stated["sha256"], stated["rows"])
    require(same, f"{name} is not what was signed")


def _lines(path: _AnyPath) -> Iterator[Any]:
    with path.open("rb") as file:
        yield from (parse(line) for line in file)


def _read(export: _AnyPath, name: str) -> Any:
    return parse((export / name).read_bytes())


# --- 7. The command -------------------------------------------------------------------------------


def parse(data: bytes) -> Any:
    """JSON without fractions, and without a name given twice: it must mean one thing to all."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        require(len(found) == len(pairs), "a name is given twice")
        return found

    def whole(text: str) -> int:
        raise Fault(f"{text} is not a whole number")

    return json.loads(data, object_pairs_hook=once, parse_float=whole, parse_constant=whole)


def verify(
    subject: Path, heads: Sequence[Path], paths: Sequence[Path], known: str | None
) -> list[str]:
    """What the file or folder shows, in sentences.

    Raises:
        Fault: it does not hold, or is not what it should be.
    """
    try:
        saved = [parse(path.read_bytes()) for path in heads]
        between = [parse(path.read_bytes()) for path in paths]
        if subject.is_dir():
            return check_export(subject, saved, between, known)
        if zipfile.is_zipfile(subject):
            with zipfile.ZipFile(subject) as file:
                return check_export(zipfile.Path(file), saved, between, known)
        return check_proof(parse(subject.read_bytes()), saved, between, known)
    except (KeyError, TypeError, ValueError, AttributeError, struct.error, OSError) as error:
        raise Fault(f"it cannot be read as a proof or export: {error!r}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 if everything holds."""
    parser = argparse.ArgumentParser(description="Check a proof of the log, or an audit export.")
    parser.add_argument("subject", type=Path, help="a proof, or an export (zip or folder)")
    parser.add_argument("--head", type=Path, action="append", default=[], help="a head you saved")
    parser.add_argument(
        "--consistency", type=Path, action="append", default=[], help="a path between two heads"
    )
    parser.add_argument("--key", help="the log's key as you know it, in hex")
    given = parser.parse_args(arguments)
    try:
        said = verify(given.subject, given.head, given.consistency, given.key)
    except Fault as fault:
        sys.stderr.write(f"NOT VERIFIED: {fault}.\n")
        return 1
    sys.stdout.write("\n".join([*said, "VERIFIED"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
