"""The shape of how long points live, when they vest, and the money behind them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from ledger.programme.fields import Section
from ledger.programme.schema_terms import TermFile

_ON_DAY = r"^(\d{4}-)?\d{2}-\d{2}$"


class EndOfFile(Section):
    """Until the end of a calendar month or year in the programme's zone."""

    end_of: Literal["month", "year"] = Field(
        description="The month or year that is still lived through.", examples=["year"]
    )
    after: TermFile | None = Field(
        default=None,
        description="Which one: that in which so much time has passed; without it, the one in "
        "which the points become spendable.",
        examples=[{"months": 6}],
    )


class OnDayFile(Section):
    """Until a local day begins."""

    on: Annotated[str, Field(pattern=_ON_DAY)] = Field(
        description='The first day on which they are gone: `"09-01"` is the next one of that name, '
        '`"2027-09-01"` that day alone. Points that become spendable on or after a stated day last '
        "to the end of the day on which they do. 29 February is the 28th in other years.",
        examples=["09-01"],
    )


def _form(value: object) -> str:
    """Which form is meant; no name of it is a field, or errors would be said of that field."""
    if isinstance(value, EndOfFile) or (isinstance(value, dict) and "end_of" in value):
        return "an end"
    if isinstance(value, OnDayFile) or (isinstance(value, dict) and "on" in value):
        return "a day"
    return "a term"


ValidityFile = Annotated[
    Annotated[TermFile, Tag("a term")]
    | Annotated[EndOfFile, Tag("an end")]
    | Annotated[OnDayFile, Tag("a day")],
    Discriminator(_form),
]
