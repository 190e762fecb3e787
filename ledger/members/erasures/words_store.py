"""Where a name, a subject or an address stands in what was kept, and where only its letters do.

A word stands by itself, not as a part of another. A short number is no name: many accounts are
called ``100``, and so are sums. It counts only where it is said to name somebody: behind its
provider (``lms:100``), behind ``#`` or ``@``, as a whole text, or under ``subject`` in a document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

SHORT_NUMBER: Final = 6
"""Digits up to which a subject may as well be a sum."""
_AFTER: Final = "($|[^[:alnum:]])"


def holds_any(column: sa.ColumnElement[object], words: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether any of the words stands in a column of text."""
    whole = [f"^{word}$" for word in words if _is_short_number(word)]
    return _matches(sa.cast(column, sa.Text), [*_patterns(words), *whole])


def json_holds_any(
    column: sa.ColumnElement[object], words: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Whether any of the words stands in a text of a JSON document, at any depth.

    Names of members and other numbers than long ones do not count.
    """
    patterns = _patterns(words)
    found = [_any_in(column, 'strict $.** ? (@.type() == "string")', patterns)]
    long = [f"^{word}$" for word in words if word.isdigit() and not _is_short_number(word)]
    if long:
        found.append(_any_in(column, 'strict $.** ? (@.type() == "number")', long))
    short = [f"^{word}$" for word in words if _is_short_number(word)]
    if short:
        found.append(_any_in(column, "lax $.**.subject", short))
    return sa.or_(*found)


def _any_in(
    column: sa.ColumnElement[object], path: str, patterns: Sequence[str]
) -> sa.ColumnElement[bool]:
    values = sa.func.jsonb_path_query(column, sa.cast(sa.literal(path), pg.JSONPATH))
    part = values.column_valued("part")
    told = part.op("#>>")(sa.text("'{}'"))
    return sa.exists(sa.select(part).where(_matches(told, patterns)))


def _matches(text: sa.ColumnElement[object], patterns: Sequence[str]) -> sa.ColumnElement[bool]:
    given = sa.bindparam("patterns", list(patterns), type_=pg.ARRAY(sa.Text), unique=True)
    return text.op("~*", return_type=sa.Boolean())(sa.func.any(given))


def _patterns(words: Sequence[str]) -> list[str]:
    return [
        rf"((^|[^[:alnum:]])[[:alpha:]][[:alnum:]_.-]*:|[#@]){word}{_AFTER}"
        if _is_short_number(word)
        else rf"(^|[^[:alnum:]]){_literal(word)}{_AFTER}"
        for word in words
    ]


def _is_short_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= SHORT_NUMBER


def _literal(word: str) -> str:
    """The word as a regular expression of PostgreSQL that means itself."""
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in word)
