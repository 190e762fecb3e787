"""Sign-In with Ethereum (EIP-4361): the message, read strictly by its ABNF. Pure.

    [ scheme "://" ] domain " wants you to sign in with your Ethereum account:" LF
    address LF
    LF
    [ statement LF ]
    LF
    "URI: " uri LF
    "Version: 1" LF
    "Chain ID: " chain-id LF
    "Nonce: " nonce LF
    "Issued At: " issued-at
    [ LF "Expiration Time: " … ] [ LF "Not Before: " … ] [ LF "Request ID: " … ]
    [ LF "Resources:" *( LF "- " URI ) ]

Nothing is trimmed, folded or guessed: a wallet signs bytes, and two readings of the same bytes are
a way in. URIs are those of RFC 3986, times those of RFC 3339, the address carries the checksum of
EIP-55. Who may link what is decided in ``wallets.py``.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from eth_utils.address import is_checksum_address

from ledger.kernel.clock import BadInstant, Instant
from ledger.kernel.errors import ErrorKind, VkladError

MESSAGE_LENGTH_MAX: Final = 4_000
RESOURCES_MAX: Final = 20
_CHAIN_DIGITS_MAX: Final = 20

_PREAMBLE: Final = " wants you to sign in with your Ethereum account:"
_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB: Final = r"!$&'()*+,;="
_PCHAR: Final = rf"(?:[{_UNRESERVED}{_SUB}:@]|%[0-9A-Fa-f]{{2}})"
_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+\-.]*"
_AUTHORITY: Final = (
    rf"(?:(?:[{_UNRESERVED}{_SUB}:]|%[0-9A-Fa-f]{{2}})*@)?"
    rf"(?:\[(?P<literal>[^\]]*)\]|(?:[{_UNRESERVED}{_SUB}]|%[0-9A-Fa-f]{{2}})*)"
    r"(?::[0-9]*)?"
)
_IP_FUTURE: Final = re.compile(rf"[vV][0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB}:]+\Z")
_URI: Final = re.compile(
    rf"{_SCHEME}:"
    rf"(?://{_AUTHORITY}(?:/{_PCHAR}*)*|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?"
    rf"|{_PCHAR}+(?:/{_PCHAR}*)*|)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?\Z"
)
_ORIGIN: Final = re.compile(rf"(?:(?P<scheme>{_SCHEME})://)?(?P<domain>{_AUTHORITY})\Z")
_STATEMENT: Final = re.compile(rf"[{_UNRESERVED}{_SUB}:/?#\[\]@ ]+\Z")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_CHAIN_ID: Final = re.compile(rf"[0-9]{{1,{_CHAIN_DIGITS_MAX}}}\Z")
_NONCE: Final = re.compile(r"[A-Za-z0-9]{8,}\Z")
_REQUEST_ID: Final = re.compile(rf"{_PCHAR}*\Z")


class SiweMalformed(VkladError):
    """A message that is not one of EIP-4361; ``place`` says where it stops being one."""

    code = "siwe_malformed"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class SiweMessage:
    """The fields of a message, as they stand in it."""

    domain: str
    address: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: Instant
    scheme: str | None = None
    statement: str | None = None
    expiration_time: Instant | None = None
    not_before: Instant | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None


def parse_message(text: str) -> SiweMessage:
    """Read a message.

    Raises:
        SiweMalformed: at the first place where it is not what the ABNF says.
    """
    if len(text) > MESSAGE_LENGTH_MAX:
        raise _malformed("length")
    lines = _Lines(text.split("\n"))
    scheme, domain = _origin(lines.take("domain"))
    address = _matching(lines.take("address"), _ADDRESS, "address")
    if not is_checksum_address(address):
        raise _malformed("address")
    statement = _statement(lines)
    uri = _uri(lines.labelled("URI"), "uri")
    if lines.labelled("Version") != "1":
        raise _malformed("version")
    chain_id = int(_matching(lines.labelled("Chain ID"), _CHAIN_ID, "chain_id"))
    nonce = _matching(lines.labelled("Nonce"), _NONCE, "nonce")
    issued_at = _time(lines.labelled("Issued At"), "issued_at")
    expiration = lines.optional("Expiration Time")
    not_before = lines.optional("Not Before")
    request_id = lines.optional("Request ID")
    message = SiweMessage(
        domain=domain,
        address=address,
        uri=uri,
        chain_id=chain_id,
        nonce=nonce,
        issued_at=issued_at,
        scheme=scheme,
        statement=statement,
        expiration_time=None if expiration is None else _time(expiration, "expiration_time"),
        not_before=None if not_before is None else _time(not_before, "not_before"),
        request_id=None if request_id is None else _matching(request_id, _REQUEST_ID, "request_id"),
        resources=_resources(lines),
    )
    lines.end()
    return message


def compose_message(message: SiweMessage) -> str:
    """The text that a wallet signs. ``parse_message`` reads it back."""
    origin = f"{message.scheme}://{message.domain}" if message.scheme else message.domain
    lines = [f"{origin}{_PREAMBLE}", message.address, ""]
    if message.statement is not None:
        lines.append(message.statement)
    lines += [
        "",
        f"URI: {message.uri}",
        "Version: 1",
        f"Chain ID: {message.chain_id}",
        f"Nonce: {message.nonce}",
        f"Issued At: {message.issued_at.isoformat()}",
    ]
    if message.expiration_time is not None:
        lines.append(f"Expiration Time: {message.expiration_time.isoformat()}")
    if message.not_before is not None:
        lines.append(f"Not Before: {message.not_before.isoformat()}")
    if message.request_id is not None:
        lines.append(f"Request ID: {message.request_id}")
    if message.resources is not None:
        lines += ["Resources:", *(f"- {resource}" for resource in message.resources)]
    return "\n".join(lines)


class _Lines:
    """A cursor over the message's lines."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._place = 0

    def peek(self) -> str | None:
        return self._lines[self._place] if self._place < len(self._lines) else None

    def take(self, place: str) -> str:
        line = self.peek()
        if line is None:
            raise _malformed(place)
        self._place += 1
        return line

    def labelled(self, label: str) -> str:
        value = self.optional(label)
        if value is None:
            raise _malformed(label.lower().replace(" ", "_"))
        return value

    def optional(self, label: str) -> str | None:
        line = self.peek()
        if line is None or not line.startswith(f"{label}: "):
            return None
        self._place += 1
        return line[len(label) + 2 :]

    def end(self) -> None:
        if self.peek() is not None:
            raise _malformed("end")


def _origin(line: str) -> tuple[str | None, str]:
    if not line.endswith(_PREAMBLE):
        raise _malformed("domain")
    match = _ORIGIN.match(line.removesuffix(_PREAMBLE))
    if match is None or not match["domain"] or not _literal_holds(match["literal"]):
        raise _malformed("domain")
    return match["scheme"], match["domain"]


def _statement(lines: _Lines) -> str | None:
    """Between two empty lines; without one there are just two empty lines."""
    if lines.take("statement") != "":
        raise _malformed("statement")
    line = lines.take("statement")
    if line == "":
        return None
    if not _STATEMENT.match(line) or lines.take("statement") != "":
        raise _malformed("statement")
    return line


def _resources(lines: _Lines) -> tuple[str, ...] | None:
    if lines.peek() != "Resources:":
        return None
    lines.take("resources")
    resources: list[str] = []
    while lines.peek() is not None:
        line = lines.take("resources")
        if not line.startswith("- ") or len(resources) == RESOURCES_MAX:
            raise _malformed("resources")
        resources.append(_uri(line[2:], "resources"))
    return tuple(resources)


def _uri(text: str, place: str) -> str:
    match = _URI.match(text)
    if match is None or not _literal_holds(match["literal"]):
        raise _malformed(place)
    return text


def _literal_holds(literal: str | None) -> bool:
    """Whether what stands in brackets is an IPv6 address, without zone, or an IPvFuture."""
    if literal is None or _IP_FUTURE.match(literal):
        return True
    try:
        ipaddress.IPv6Address(literal)
    except ValueError:
        return False
    return "%" not in literal


def _time(text: str, place: str) -> Instant:
    try:
        return Instant.parse(text)
    except BadInstant as error:
        raise _malformed(place) from error


def _matching(text: str, pattern: re.Pattern[str], place: str) -> str:
    if not pattern.match(text):
        raise _malformed(place)
    return text


def _malformed(place: str) -> SiweMalformed:
    return SiweMalformed(f"The message is not one of EIP-4361: see its {place}.", place=place)
