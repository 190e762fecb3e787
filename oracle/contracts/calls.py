"""What a call of one of our contracts says, read back from its bytes by the committed ABI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from eth_utils.crypto import keccak

from oracle.contracts.abi import SELECTOR_BYTES, UndecodableAnswer, decode, encode
from oracle.contracts.compiler import load_artifact

_NAMELESS: Final = "value"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name and type in Solidity, and its value; a struct's is a tuple."""

    name: str
    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class ReadCall:
    """A function and what it is called with."""

    function: str
    arguments: tuple[Argument, ...]

    def __getitem__(self, name: str) -> Any:
        return next(each.value for each in self.arguments if each.name == name)


def read_call(contract: str, calldata: bytes) -> ReadCall | None:
    """What ``calldata`` asks of a contract of ours; ``None`` if nothing that it knows.

    Bytes that only begin like a call of it, or that carry something beside it, are none.
    """
    entry = _functions(contract).get(calldata[:SELECTOR_BYTES])
    if entry is None:
        return None
    kinds = [_kind(each) for each in entry["inputs"]]
    try:
        values = decode(kinds, calldata[SELECTOR_BYTES:])
        if encode(kinds, values) != calldata[SELECTOR_BYTES:]:
            return None
    except UndecodableAnswer:
        return None
    return ReadCall(
        entry["name"],
        tuple(
            Argument(each["name"] or _NAMELESS, kind, value)
            for each, kind, value in zip(entry["inputs"], kinds, values, strict=True)
        ),
    )


@cache
def _functions(contract: str) -> Mapping[bytes, Mapping[str, Any]]:
    """The functions of a contract by their selectors."""
    found = {}
    for entry in load_artifact(contract)["abi"]:
        if entry["type"] == "function":
            signature = f"{entry['name']}({','.join(_kind(each) for each in entry['inputs'])})"
            found[bytes(keccak(text=signature))[:SELECTOR_BYTES]] = entry
    return found


def _kind(parameter: Mapping[str, Any]) -> str:
    """A type as it stands in a signature: structs as tuples."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_kind(each) for each in parameter["components"])
    return f"({inner}){kind.removeprefix('tuple')}"
