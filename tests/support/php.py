"""A reader of the little PHP in which signing is written down, for machines without PHP.

Functions of assignments and a ``return``; in them text, numbers, names, ``.`` and calls of the
functions below and of each other. Whatever else is met fails, so nothing is passed over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_FUNCTION: Final = re.compile(
    r"^function (\w+)\(([^)]*)\): string\n\{\n(.*?)^\}\n", re.MULTILINE | re.DOTALL
)
_TOKEN: Final = re.compile(r"\s*(?:(\$\w+)|'([^'\\]*)'|(\d+)|(\w+)|([.,()=;]))")
_WITHOUT_ESCAPED_SLASHES: Final = object()


def _json_encode(value: Any, flag: object) -> bytes:
    assert flag is _WITHOUT_ESCAPED_SLASHES
    return json.dumps(value, separators=(",", ":")).encode()


def _hash_hmac(algorithm: bytes, text: bytes, key: bytes, binary: bool) -> bytes:  # noqa: FBT001
    assert (algorithm, binary) == (b"sha256", True)
    return hmac.new(key, text, hashlib.sha256).digest()


def _strtr(text: bytes, old: bytes, new: bytes) -> bytes:
    return text.translate(bytes.maketrans(old, new))


BUILT_IN: Final[Mapping[str, Callable[..., Any]]] = {
    "base64_decode": base64.b64decode,
    "base64_encode": base64.b64encode,
    "substr": lambda text, start: text[start:],
    "hash_hmac": _hash_hmac,
    "strtr": _strtr,
    "rtrim": lambda text, characters: text.rstrip(characters),
    "json_encode": _json_encode,
}
CONSTANTS: Final[Mapping[str, object]] = {
    "true": True,
    "JSON_UNESCAPED_SLASHES": _WITHOUT_ESCAPED_SLASHES,
}


@dataclass(frozen=True)
class Script:
    """The functions of a PHP text that return text."""

    functions: Mapping[str, tuple[tuple[str, ...], str]]

    def call(self, name: str, *values: Any) -> Any:
        """What a function answers; text is bytes, as it is in PHP."""
        if name in BUILT_IN:
            return BUILT_IN[name](*values)
        names, body = self.functions[name]
        return _Body(self, dict(zip(names, values, strict=True)), _tokens(body)).run()


def read(text: str) -> Script:
    """The functions of a script."""
    found = {
        name: (tuple(re.findall(r"\$\w+", parameters)), body)
        for name, parameters, body in _FUNCTION.findall(text)
    }
    return Script(found)


def _tokens(body: str) -> Iterator[tuple[str, str]]:
    at = 0
    while body[at:].strip():
        found = _TOKEN.match(body, at)
        assert found is not None, f"this is no PHP that can be read here: {body[at : at + 40]!r}"
        kind = ("name", "text", "number", "word", "sign")[(found.lastindex or 1) - 1]
        yield kind, found[found.lastindex or 1]
        at = found.end()
    yield "end", ""


class _Body:
    """One call under way."""

    def __init__(
        self, script: Script, names: dict[str, Any], tokens: Iterator[tuple[str, str]]
    ) -> None:
        self._script, self._names, self._tokens = script, names, tokens
        self._now = next(tokens)

    def run(self) -> Any:
        while True:
            kind, text = self._take()
            if (kind, text) == ("word", "return"):
                answer = self._expression()
                self._expect(";")
                assert self._now[0] == "end", "nothing stands behind a return"
                return answer
            assert kind == "name", text
            self._expect("=")
            self._names[text] = self._expression()
            self._expect(";")

    def _expression(self) -> Any:
        value = self._value()
        while self._now == ("sign", "."):
            self._take()
            value = _text(value) + _text(self._value())
        return value

    def _value(self) -> Any:
        kind, text = self._take()
        if kind == "name":
            return self._names[text]
        if kind == "text":
            return text.encode()
        if kind == "number":
            return int(text)
        assert kind == "word", text
        if self._now != ("sign", "("):
            return CONSTANTS[text]
        return self._script.call(text, *self._arguments())

    def _arguments(self) -> list[Any]:
        self._expect("(")
        values = [self._expression()]
        while self._now == ("sign", ","):
            self._take()
            values.append(self._expression())
        self._expect(")")
        return values

    def _take(self) -> tuple[str, str]:
        taken = self._now
        self._now = next(self._tokens, ("end", ""))
        return taken

    def _expect(self, sign: str) -> None:
        taken = self._take()
        assert taken == ("sign", sign), taken


def _text(value: Any) -> bytes:
    return str(value).encode() if isinstance(value, int) else bytes(value)
