"""The shape of ``thanks``, and what it must be to the rules."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from ledger.kernel.canonical import Json
from ledger.programme.fields import ExactNumber, Section
from ledger.programme.model_thanks import THANKS_GIVEN, THANKS_TO, ThanksTerms
from ledger.programme.numbers import exact_text
from ledger.programme.source import Path

_Amount = Annotated[int, Field(strict=True, ge=1, le=10**9)]


class RingsFile(Section):
    """Gifts that come back: A to B and B to A, or A to B to C to A."""

    days: Annotated[int, Field(strict=True, ge=1, le=366)] = Field(
        description="The other gifts of the ring were given within so many days before.",
        examples=[30],
    )
    discount: Annotated[ExactNumber, Field(le=100)] = Field(
        description="Per cent of the gift that closes the ring that do not count; the rest is "
        "rounded down.",
        examples=[50],
    )


class ThanksFile(Section):
    """Points that members give each other, which are not their own."""

    allowance: _Amount = Field(
        description="What each member may give in a calendar month; what is left is lost.",
        examples=[50],
    )
    per_gift: _Amount = Field(description="At most so many at once.", examples=[10])
    per_pair: _Amount = Field(
        description="At most so many to one member in a calendar month.", examples=[20]
    )
    rings: RingsFile | None = Field(
        default=None,
        description="What becomes of gifts that come back.",
        examples=[{"days": 30, "discount": 50}],
    )


def check_thanks(
    file: ThanksFile | None, paid: Iterator[tuple[str, str]]
) -> Iterator[tuple[Path, str, str]]:
    """``paid``: event type and ``to`` of every rule. Somebody has to be paid what is given."""
    if file is None:
        return
    if (THANKS_GIVEN, THANKS_TO) not in set(paid):
        wrong = f"no rule on {THANKS_GIVEN} pays {THANKS_TO}, so what is given would reach nobody"
        example = f"rules: [{{id: thanks, on: {THANKS_GIVEN}, to: {THANKS_TO}, …}}]"
        yield ("thanks",), wrong, example
    for name in ("per_gift", "per_pair"):
        if getattr(file, name) > file.allowance:
            yield ("thanks", name), "more than the allowance", f"{name}: {file.allowance}"


def thanks_terms(file: ThanksFile | None) -> ThanksTerms | None:
    """The section as frozen values."""
    if file is None:
        return None
    rings = file.rings
    return ThanksTerms(
        file.allowance,
        file.per_gift,
        file.per_pair,
        0 if rings is None else rings.days,
        Fraction(1) if rings is None else 1 - rings.discount / 100,
    )


def thanks_form(terms: ThanksTerms | None) -> dict[str, Json]:
    """The canonical form; nothing where a file does not state the section."""
    if terms is None:
        return {}
    return {
        "thanks": {
            "allowance": terms.allowance,
            "per_gift": terms.per_gift,
            "per_pair": terms.per_pair,
            "ring_days": terms.ring_days,
            "ring_share": exact_text(terms.ring_share),
        }
    }
