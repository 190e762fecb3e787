"""The figures of votes as clients see them: JSON with exact shares, and rows for a spreadsheet.

Accounts and members are in neither: only how many there are, and what they have together.
"""

from __future__ import annotations

import csv
import io
from dataclasses import fields, replace
from fractions import Fraction
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from governance.analytics import service
from governance.analytics.model import Concentration, Delegation, Turnout, decimal_text
from governance.analytics.service import Figures, PollFigures, ProposalFigures, Snapshot
from governance.polls.model import PREFIX as POLL_PREFIX
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work

FORMULAS: Final = {
    "gini": "2 * sum(i * x_i) / (n * sum(x_i)) - (n + 1) / n; x ascending, above zero, i from 1",
    "nakamoto": "the least k such that the k greatest have together more than half",
    "turnout": "by_persons = voters / eligible; by_weight = cast / weight",
    "eligible": "accounts with votes at the snapshot; of polls those announced to vote",
    "represented": "holders of tokens whose delegate, or who themselves, voted",
    "longest_chain": "greatest number of steps from a holder to a delegate who goes no further",
}
COLUMNS: Final = (
    *("kind", "id", "at", "voters", "eligible", "by_persons", "cast", "weight", "by_weight"),
    *("holders", "represented", "delegated", "delegated_to_others", "delegators", "delegates"),
    *("largest_delegate", "chained", "longest_chain", "tokens_gini", "tokens_nakamoto"),
    *("votes_gini", "votes_nakamoto", "cast_gini", "cast_nakamoto"),
)
_Row = dict[str, str | int]


class KeptFigures:
    """The last figures, good until something that they rest on changes.

    They take a second of work where there are many holders, and everybody may ask.
    """

    def __init__(self) -> None:
        self._kept: tuple[tuple[object, ...], Figures] | None = None

    def of(self, work: Work, proposal_id: int | None = None) -> Figures:
        """All figures, or those of one proposal.

        Raises:
            UnknownProposal: there is no such proposal.
        """
        whole = self._whole(work)
        if proposal_id is None:
            return whole
        one = [each for each in whole.proposals if each.proposal.proposal_id == proposal_id]
        if one:
            return replace(whole, proposals=tuple(one), polls=())
        return service.figures(work, proposal_id)

    def _whole(self, work: Work) -> Figures:
        now, kept = service.stamp(work), self._kept
        if kept is not None and kept[0] == now:
            return kept[1]
        found = service.figures(work)
        self._kept = (now, found)
        return found


def kept_figures(request: Request) -> KeptFigures:
    """Those of this application."""
    return cast("KeptFigures", request.app.state.figures)


KeptHere = Annotated[KeptFigures, Depends(kept_figures)]


def figures_json(found: Figures) -> dict[str, Json]:
    """Everything; shares as ``{exact, decimal}``, amounts as decimal strings."""
    return {
        "block_number": found.block_number,
        "now": None if found.now is None else _snapshot(found.now),
        "proposals": [_proposal(each) for each in found.proposals],
        "polls": [_poll(each) for each in found.polls],
        "formulas": dict(FORMULAS),
    }


def figures_csv(found: Figures) -> str:
    """A line for each proposal and poll (RFC 4180); what does not apply is empty.

    No titles: a spreadsheet would run what somebody had put there.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(map(_proposal_row, found.proposals))
    writer.writerows(map(_poll_row, found.polls))
    return out.getvalue()


def share_json(exact: Fraction | None) -> Json:
    """A share as the two whole numbers it is, and to six digits."""
    if exact is None:
        return None
    return {
        "exact": f"{exact.numerator}/{exact.denominator}",
        "decimal": decimal_text(exact),
    }


def _snapshot(found: Snapshot) -> dict[str, Json]:
    return {
        "tokens": _concentration(found.tokens),
        "votes": _concentration(found.votes),
        "delegation": _delegation(found.delegation),
    }


def _concentration(found: Concentration) -> dict[str, Json]:
    return {
        "holders": found.holders,
        "total": str(found.total),
        "gini": share_json(found.gini),
        "nakamoto": found.nakamoto,
        "largest": share_json(found.largest),
    }


def _delegation(found: Delegation) -> dict[str, Json]:
    counts: dict[str, Json] = {
        each.name: getattr(found, each.name)
        for each in fields(found)
        if each.name in {"delegators", "delegates", "chained", "longest_chain"}
    }
    return {
        "supply": str(found.supply),
        "to_oneself": str(found.to_oneself),
        "to_others": str(found.to_others),
        "share": share_json(found.share),
        "share_to_others": share_json(found.share_to_others),
        "largest": share_json(found.largest),
        **counts,
    }


def _turnout(found: Turnout) -> dict[str, Json]:
    return {
        "voters": found.voters,
        "eligible": found.eligible,
        "by_persons": share_json(found.by_persons),
        "cast": str(found.cast),
        "weight": str(found.weight),
        "by_weight": share_json(found.by_weight),
    }


def _proposal(found: ProposalFigures) -> dict[str, Json]:
    standing = found.proposal.standing
    assert standing is not None, "only proposals with a snapshot have figures"
    return {
        "id": str(found.proposal.proposal_id),
        "title": found.proposal.title,
        "state": found.proposal.state.value,
        "snapshot_at": Instant.of(standing.snapshot_at).isoformat(),
        "turnout": _turnout(found.turnout),
        "holders": found.holders,
        "represented": found.represented,
        **_snapshot(found.snapshot),
        "cast": _concentration(found.cast),
    }


def _poll(found: PollFigures) -> dict[str, Json]:
    definition = found.poll.definition
    return {
        "id": format_id(POLL_PREFIX, found.poll.poll_id),
        "title": definition.title,
        "weighing": definition.weighing.value,
        "closed_at": Instant.of(definition.closes_at).isoformat(),
        "turnout": _turnout(found.turnout),
        "weights": _concentration(found.weights),
        "cast": _concentration(found.cast),
    }


def _proposal_row(found: ProposalFigures) -> _Row:
    standing, delegated = found.proposal.standing, found.snapshot.delegation
    assert standing is not None, "only proposals with a snapshot have figures"
    return {
        "kind": "proposal",
        "id": str(found.proposal.proposal_id),
        "at": Instant.of(standing.snapshot_at).isoformat(),
        **_turnout_row(found.turnout),
        "holders": found.holders,
        "represented": found.represented,
        "delegated": _share(delegated.share),
        "delegated_to_others": _share(delegated.share_to_others),
        "delegators": delegated.delegators,
        "delegates": delegated.delegates,
        "largest_delegate": _share(delegated.largest),
        "chained": delegated.chained,
        "longest_chain": delegated.longest_chain,
        **_concentration_row("tokens", found.snapshot.tokens),
        **_concentration_row("votes", found.snapshot.votes),
        **_concentration_row("cast", found.cast),
    }


def _poll_row(found: PollFigures) -> _Row:
    return {
        "kind": f"poll by {found.poll.definition.weighing}",
        "id": format_id(POLL_PREFIX, found.poll.poll_id),
        "at": Instant.of(found.poll.definition.closes_at).isoformat(),
        **_turnout_row(found.turnout),
        **_concentration_row("votes", found.weights),
        **_concentration_row("cast", found.cast),
    }


def _turnout_row(found: Turnout) -> _Row:
    return {
        "voters": found.voters,
        "eligible": found.eligible,
        "by_persons": _share(found.by_persons),
        "cast": str(found.cast),
        "weight": str(found.weight),
        "by_weight": _share(found.by_weight),
    }


def _concentration_row(name: str, found: Concentration) -> _Row:
    return {
        f"{name}_gini": _share(found.gini),
        f"{name}_nakamoto": "" if found.nakamoto is None else found.nakamoto,
    }


def _share(exact: Fraction | None) -> str:
    return "" if exact is None else decimal_text(exact)
