"""What the generated bindings are made of: calls, event decoding, errors.

Pure: bytes in, values out. Addresses are EIP-55 text, integers are int, fixed and dynamic bytes are
bytes, arrays are tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, NewType, Protocol, TypeVar

from eth_abi.abi import decode as _decode
from eth_abi.abi import encode as _encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import is_checksum_address, to_checksum_address

from ledger.kernel.errors import ErrorKind, VkladError

Address = NewType("Address", str)
"""An account on chain in EIP-55 form: the one form inside, so that equality is identity."""

ZERO_ADDRESS: Final = Address("0x0000000000000000000000000000000000000000")
SELECTOR_BYTES: Final = 4

Answer_co = TypeVar("Answer_co", covariant=True)


class MalformedAddress(VkladError):
    """A text that is not an address, or whose EIP-55 capitals are wrong."""

    code = "malformed_address"
    kind = ErrorKind.MALFORMED


class UndecodableAnswer(VkladError):
    """Bytes from a chain that are not what the binding says: not our contract or version."""

    code = "undecodable_answer"
    kind = ErrorKind.UNAVAILABLE


class EventLog(Protocol):
    """As much of a log as decoding needs."""

    @property
    def topics(self) -> tuple[bytes, ...]:
        """Topic 0 and the indexed values, 32 bytes each."""

    @property
    def payload(self) -> bytes:
        """What is not indexed, ABI-encoded."""


@dataclass(frozen=True, slots=True)
class FunctionCall(Generic[Answer_co]):
    """A call of one contract function: what to send, and how to read what comes back."""

    name: str
    calldata: bytes
    decode_answer: Callable[[bytes], Answer_co]


def address(text: str) -> Address:
    """The address that a text means: 20 bytes of hex; mixed capitals must be right (EIP-55).

    Raises:
        MalformedAddress: anything else.
    """
    body = text[2:] if text.startswith("0x") else ""
    try:
        raw = bytes.fromhex(body)
    except ValueError:
        raw = b""
    if len(body) != 40 or len(raw) != 20:
        raise MalformedAddress(f"{text!r} is not 0x and 40 hex digits.", address=text)
    mixed = body not in (body.lower(), body.upper())
    if mixed and not is_checksum_address(text):
        raise MalformedAddress(f"The capitals of {text} are wrong (EIP-55).", address=text)
    return Address(to_checksum_address(raw))


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """ABI-encode values in a row."""
    return bytes(_encode(types, values))


def decode(types: Sequence[str], payload: bytes) -> tuple[Any, ...]:
    """ABI-decode; addresses become EIP-55, lists tuples.

    Raises:
        UndecodableAnswer: the bytes are not of these types.
    """
    try:
        values = _decode(types, payload)
    except (DecodingError, UnicodeDecodeError, OverflowError) as wrong:
        raise UndecodableAnswer(f"{len(payload)} bytes are not {tuple(types)}: {wrong}") from wrong
    return tuple(_plain(kind, value) for kind, value in zip(types, values, strict=True))


def decode_event(log: EventLog, indexed: Sequence[str], rest: Sequence[str]) -> tuple[Any, ...]:
    """The values of an event: indexed ones first, then the others, each in declared order."""
    if len(log.topics) != len(indexed) + 1:
        raise UndecodableAnswer(f"{len(log.topics) - 1} indexed values, not {len(indexed)}.")
    return decode(indexed, b"".join(log.topics[1:])) + decode(rest, log.payload)


def _plain(kind: str, value: Any) -> Any:
    if kind == "address":
        return Address(to_checksum_address(value))
    if kind.endswith("]"):
        element = kind[: kind.rindex("[")]
        return tuple(_plain(element, item) for item in value)
    if kind.startswith("("):
        return tuple(
            _plain(part, item) for part, item in zip(_split(kind[1:-1]), value, strict=True)
        )
    return value


def _split(components: str) -> list[str]:
    """The parts of a tuple type, at the commas that are not inside an inner tuple."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(components):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(components[start:place])
            start = place + 1
    return [*parts, components[start:]]
