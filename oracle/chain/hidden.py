"""Words of another side, without what in our own address of it may be a secret. Pure.

A node, a signer or a proxy before it may repeat in a refusal what it was asked by: the key in the
path, the password, the header that was made of it. What was kept out of our sentences would come
into logs by theirs.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

LENGTH_MIN: Final = 8
"""Of a part of a path or a query: shorter ones are words like `v3` and `rpc`, and no secrets."""
SHOWN: Final = "…"


def secrets_of(url: str) -> tuple[str, ...]:
    """What of an address is to be shown nowhere, the longest first; its host and port may be."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    named = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    named = [each for each in (*named, parts.username or "") if len(each) >= LENGTH_MIN]
    if parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        named += [parts.password, b64encode(f"{user}:{password}".encode()).decode()]
    found = {*named, *map(unquote, named)}
    return tuple(sorted(found, key=lambda each: (-len(each), each)))


def hide(words: str, secrets: tuple[str, ...]) -> str:
    """The words with every one of the secrets replaced."""
    for secret in secrets:
        words = words.replace(secret, SHOWN)
    return words
