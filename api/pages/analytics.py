"""Figures of votes for people: how many take part, who votes for whom, how concentrated it is.

Every chart has its table: what the eye sees, a screen reader reads, and nothing needs a script.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import Response

from api.figures import KeptHere
from api.http.parts import DatabaseHere
from api.i18n import formats
from api.pages.calendar import zone_of
from api.pages.rendering import View, ViewHere
from governance.analytics import service
from governance.analytics.model import Concentration, Delegation, Turnout, lorenz
from governance.polls.model import PREFIX as POLL_PREFIX
from ledger.kernel.ids import format_id
from ledger.kernel.units import TokenUnits

router: Final = APIRouter(include_in_schema=False)

CHARTED_MAX: Final = 12
"""Votes in the chart of turnout; the table has them all."""
CURVE_POINTS: Final = 40
_HUNDREDTHS: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A vote in the tables. ``power`` is what could be cast, ``cast`` what was."""

    title: str
    page: str
    day: str
    turnout: Turnout
    power: Concentration
    cast: Concentration
    tokens: Concentration | None = None
    delegation: Delegation | None = None
    represented: int = 0
    holders: int = 0


@router.get("/governance/analytics")
def analytics(view: ViewHere, database: DatabaseHere, kept: KeptHere) -> Response:
    """Everything on one page, charts first."""
    with database.read() as work:
        found = kept.of(work)
    votes = [_proposal_row(view, each) for each in found.proposals]
    polls = [_poll_row(view, each) for each in found.polls]
    now = found.now
    return view.render(
        "votes/analytics.html",
        block_number=found.block_number,
        now=now,
        parts=[] if now is None else _parts(view, now.delegation),
        curve=[] if now is None else _curve(now.amounts),
        votes=votes,
        polls=polls,
        charts=[(name, _bars(rows)) for name, rows in (("votes", votes), ("polls", polls)) if rows],
        percent=lambda exact: _percent(view, exact),
        coefficient=lambda exact: _coefficient(view, exact),
    )


def _proposal_row(view: View, found: service.ProposalFigures) -> Row:
    standing = found.proposal.standing
    assert standing is not None, "only proposals with a snapshot have figures"
    return Row(
        title=found.proposal.title,
        page=f"/votes/{found.proposal.proposal_id}",
        day=formats.write_day(standing.snapshot_at, view.language, zone_of(view.request)),
        turnout=found.turnout,
        power=found.snapshot.votes,
        cast=found.cast,
        tokens=found.snapshot.tokens,
        delegation=found.snapshot.delegation,
        represented=found.represented,
        holders=found.holders,
    )


def _poll_row(view: View, found: service.PollFigures) -> Row:
    definition = found.poll.definition
    return Row(
        title=definition.title,
        page=f"/polls/{format_id(POLL_PREFIX, found.poll.poll_id)}",
        day=formats.write_day(definition.closes_at, view.language, zone_of(view.request)),
        turnout=found.turnout,
        power=found.weights,
        cast=found.cast,
    )


def _parts(view: View, found: Delegation) -> list[dict[str, Any]]:
    """The three parts of all tokens: voted with by oneself, by others, by nobody."""
    left = found.supply - found.to_oneself - found.to_others
    amounts = (("oneself", found.to_oneself, "good"), ("others", found.to_others, "warn"))
    return [
        {
            "label": view.catalogue.text(view.language, f"figures.part.{name}"),
            "value": amount,
            "shown": view.catalogue.text(
                view.language, "polls.weight.token", tokens=TokenUnits(amount)
            ),
            "tone": tone,
        }
        for name, amount, tone in (*amounts, ("nobody", left, "quiet"))
    ]


def _curve(amounts: tuple[int, ...]) -> list[tuple[int, int]]:
    """The Lorenz curve in hundredths from the top left, to the nearest."""
    return [
        (round(part * _HUNDREDTHS), _HUNDREDTHS - round(share * _HUNDREDTHS))
        for part, share in lorenz(amounts, CURVE_POINTS)
    ]


def _bars(rows: list[Row]) -> list[dict[str, Any]]:
    """Turnout of the newest votes, the oldest first, in whole per cent."""
    return [
        {
            "title": each.title,
            "persons": _hundredths(each.turnout.by_persons),
            "weight": _hundredths(each.turnout.by_weight),
        }
        for each in reversed(rows[:CHARTED_MAX])
    ]


def _hundredths(exact: Fraction | None) -> int:
    return 0 if exact is None else round(exact * _HUNDREDTHS)


def _percent(view: View, exact: Fraction | None) -> str:
    if exact is None:
        return "–"
    return formats.write_share(exact.numerator, exact.denominator, view.language)


def _coefficient(view: View, exact: Fraction | None) -> str:
    """Between 0 and 1 to two digits; the exact number is in the API."""
    if exact is None:
        return "–"
    hundredths = _hundredths(exact)
    return formats.write_exact(f"{hundredths // 100}.{hundredths % 100:02}", view.language)
