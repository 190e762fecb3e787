"""Which language a request is answered in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.i18n.catalogue import FALLBACK, Language

_RANGES_MAX: Final = 16


def language_of(text: str | None, spoken: Sequence[Language]) -> Language | None:
    """The language meant by a tag such as ``ru-RU``; ``None`` if it is none of those spoken."""
    primary = (text or "").strip().lower().split("-", 1)[0]
    return next((language for language in spoken if language == primary), None)


def negotiate(
    accept_language: str | None, spoken: Sequence[Language], chosen: Sequence[str | None] = ()
) -> Language:
    """The first of ``chosen`` that is spoken, else the best of ``Accept-Language``, else English.

    Ranges are weighed as RFC 9110, section 12.5.4; of equal ones the first named wins.
    """
    for text in chosen:
        language = language_of(text, spoken)
        if language is not None:
            return language
    best: tuple[float, Language] = (0.0, FALLBACK)
    for item in (accept_language or "").split(",")[:_RANGES_MAX]:
        tag, _, parameter = item.partition(";")
        language = FALLBACK if tag.strip() == "*" else language_of(tag, spoken)
        if language is not None and _quality(parameter) > best[0]:
            best = (_quality(parameter), language)
    return best[1]


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
