"""Check one's own record in a batch of the bridge: this one file, Python 3.11 and eth-utils.

    python record_verifier.py FILE                       the record is in the records, the hash too
    python record_verifier.py FILE --wallet ADDRESS      ... and it is about your wallet
    python record_verifier.py FILE --rpc URL             ... and the chain committed to that hash

A record is 26 bytes: the wallet (20) and whole points (6, big-endian). The chain holds keccak-256
of all records of a batch, one after the other, from the commit on; only exactly these records can
be executed. Without --rpc nothing is connected to, and the commit itself is not looked at.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from eth_utils.crypto import keccak

FORMAT: Final = "vklad.batch-record.v1"
SIZE: Final = 26
FILE_BYTES_MAX: Final = 256 * 1024
ANSWER_BYTES_MAX: Final = 1024 * 1024
RPC_TIMEOUT_S: Final = 20.0
STATES: Final = ("none", "committed", "executed", "vetoed", "expired")


class Fault(Exception):
    """The record does not hold."""


def require(holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Stop at the first thing that is not so.

    Raises:
        Fault: it does not hold.
    """
    if not holds:
        raise Fault(sentence)


def check(file: Mapping[str, Any], wallet: str | None = None) -> bytes:
    """The hash of the batch whose records hold this one.

    Raises:
        Fault: the file is of no such batch, or of another wallet.
    """
    require(file.get("format") == FORMAT, f"The file is not of the format {FORMAT}.")
    try:
        records = bytes.fromhex(file["records"].removeprefix("0x"))
        hashed = bytes.fromhex(file["records_hash"].removeprefix("0x"))
        index, points, holder = int(file["index"]), int(file["points"]), str(file["wallet"])
        expected = bytes.fromhex(holder.removeprefix("0x")) + points.to_bytes(6, "big")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as wrong:
        raise Fault(f"The file is not a record: {wrong!r}.") from wrong
    require(len(records) % SIZE == 0, "The records are not whole.")
    require(
        index >= 0 and records[SIZE * index : SIZE * (index + 1)] == expected,
        f"Record {index} does not give {points} points to {holder}.",
    )
    require(bytes(keccak(records)) == hashed, "The hash is not of these records.")
    same = wallet is None or wallet.lower() == holder.lower()
    require(same, f"The record is about {holder}, not {wallet}.")
    return hashed


def committed(url: str, file: Mapping[str, Any]) -> tuple[bytes, str]:
    """What the chain has committed to under the batch's number, and how far it is.

    Raises:
        Fault: the node does not answer, or serves another chain.
    """
    require(url.startswith(("http://", "https://")), "A node has an http or https address.")
    chain_id = int(_ask(url, "eth_chainId", []), 16)
    require(chain_id == file["chain_id"], f"The node serves chain {chain_id}.")
    call = bytes(keccak(b"batch(uint64)"))[:4] + int(file["sequence"]).to_bytes(32, "big")
    answer = _ask(url, "eth_call", [{"to": file["bridge"], "data": f"0x{call.hex()}"}, "latest"])
    words = bytes.fromhex(str(answer)[2:])
    require(len(words) == 6 * 32, f"{file['bridge']} is no bridge.")
    state = int.from_bytes(words[160:], "big")
    return words[:32], STATES[state] if state < len(STATES) else "unknown"


def _ask(url: str, method: str, parameters: list[Any]) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    request = urllib.request.Request(  # noqa: S310 - its scheme was looked at
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=RPC_TIMEOUT_S) as answer:  # noqa: S310 - as above
            return json.loads(answer.read(ANSWER_BYTES_MAX))["result"]
    except (OSError, ValueError, LookupError, TypeError) as wrong:
        raise Fault(f"The node did not answer {method}: {type(wrong).__name__}.") from wrong


def main(arguments: Sequence[str]) -> int:
    """The command: 0 if the record holds, 1 with a sentence if it does not."""
    parser = argparse.ArgumentParser(prog="record_verifier.py")
    parser.add_argument("file", type=Path)
    parser.add_argument("--wallet", help="yours, 0x…")
    parser.add_argument("--rpc", help="a node of your own choice")
    parser.add_argument("--bridge", help="the bridge that you know, 0x…")
    given = parser.parse_args(arguments)
    state = "not looked at"
    try:
        require(given.file.stat().st_size <= FILE_BYTES_MAX, "The file is too large.")
        file = json.loads(given.file.read_bytes())
        require(isinstance(file, dict), "The file is not a record.")
        hashed = check(file, given.wallet)
        known = given.bridge is None or given.bridge.lower() == str(file["bridge"]).lower()
        require(known, f"The record is of the bridge {file['bridge']}, not {given.bridge}.")
        if given.rpc is not None:
            on_chain, state = committed(given.rpc, file)
            require(on_chain == hashed, "The chain has committed to other records.")
    except (OSError, ValueError, KeyError, RecursionError, Fault) as wrong:
        print(f"NOT VERIFIED: {wrong}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    print(  # noqa: T201 - a command
        f"VERIFIED: {file['points']} points to {file['wallet']} in batch {file['sequence']}; "
        f"on the chain: {state}. Bridge {file['bridge']}"
        + ("." if given.bridge else ": compare it with the one you know.")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
