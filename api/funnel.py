"""The funnel as clients see it: figures as JSON and as rows, stages as messages to other systems.

Figures name nobody. A stage event names a member by the random id, and what they came by.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import Depends, Request

from api.figures import share_json
from api.outgoing import service as outgoing
from api.outgoing import store as outgoing_store
from api.outgoing.model import Message
from governance.analytics.model import decimal_text
from governance.funnel_store import community_stages
from ledger.funnel import service, stages_store, touches_store
from ledger.funnel.model import (
    STAGES,
    Attribution,
    Channel,
    ChannelCounts,
    Figures,
    Funnel,
    StageEvent,
    Touches,
    figures,
)
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work

EVENT_PREFIX: Final = "stg"
TYPE_PREFIX: Final = "funnel."
FORGOTTEN: Final = "funnel.member_forgotten"
"""Says that everything told of a member before is to be forgotten."""
DEFINITIONS: Final = {
    "first_visit": "the first touch of a visitor who agreed to be counted, before signing up",
    "sign_up": "the first identity was linked to the member",
    "activation": "the first fact of something done, by its own time; orders and sign-ups are none",
    "first_earn": "the first award that is worth points, by the time it was earned",
    "first_redemption": "the first points spent: a discount, a purchase, goods",
    "purchase": "the first order paid with money, in whole or in part",
    "bridge": "the first points minted as tokens",
    "vote": "the first ballot recorded on chain, or cast in a poll, by the end of that poll",
    "cohort": "month (UTC) of the first visit if it is known, else of the sign-up",
    "conversion": "reached both stages / reached the stage before, in any order",
    "seconds_median": "of those who reached both in order; of two in the middle the mean, down",
}
COLUMNS: Final = (
    *("kind", "cohort", "stage", "reached", "converted", "conversion", "of_sign_ups"),
    *("timed", "seconds_median", "attribution", "source", "medium", "campaign"),
)
_Row = dict[str, str | int]


class KeptFunnel:
    """The last figures, good until a stage or touch changes: adding thousands up takes a while."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[object, ...], Figures] | None = None

    def of(self, work: Work) -> Figures:
        """All figures, as last looked for."""
        now, kept = stages_store.stamp(work), self._kept
        if kept is not None and kept[0] == now:
            return kept[1]
        found = figures(service.journeys(work))
        self._kept = (now, found)
        return found


def kept_funnel(request: Request) -> KeptFunnel:
    """Those of this application."""
    return cast("KeptFunnel", request.app.state.funnel)


KeptFunnelHere = Annotated[KeptFunnel, Depends(kept_funnel)]


def refresh(work: Work, _: None = None) -> list[StageEvent]:
    """Look for stages that were reached, and have every hook told of the new ones."""
    new = service.refresh(work, community_stages())
    touches = touches_store.touches_of(work, {each.member_id for each in new}) if new else {}
    outgoing.send(
        work,
        [
            Message(
                f"{TYPE_PREFIX}{each.stage}",
                each.member_id,
                Instant.of(each.reached_at).isoformat(),
                {
                    "event": format_id(EVENT_PREFIX, each.event_id),
                    "stage": each.stage.value,
                    **_touches_json(touches.get(each.member_id)),
                },
            )
            for each in new
        ],
    )
    return new


def forget(work: Work, member_id: UUID) -> None:
    """Forget a member's journey; whoever was told of it is told to forget it, too."""
    told = service.forget(work, member_id)
    outgoing_store.forget(work, member_id)
    if told:
        at = Instant.of(work.now).isoformat()
        outgoing.send(work, [Message(FORGOTTEN, member_id, at, {})])


def event_json(event: StageEvent, touches: Touches | None) -> dict[str, Json]:
    """A stage event of the feed."""
    return {
        "id": format_id(EVENT_PREFIX, event.event_id),
        "member": format_id("mem", event.member_id),
        "stage": event.stage.value,
        "reached_at": Instant.of(event.reached_at).isoformat(),
        "recorded_at": Instant.of(event.recorded_at).isoformat(),
        **_touches_json(touches),
    }


def figures_json(found: Figures) -> dict[str, Json]:
    """Everything; shares exact, and beside that to six digits."""
    return {
        "everybody": _funnel_json(found.everybody),
        "cohorts": [_funnel_json(each) for each in found.cohorts],
        "channels": {
            by.value: [_channel_counts_json(each) for each in rows]
            for by, rows in found.channels.items()
        },
        "definitions": dict(DEFINITIONS),
    }


def figures_csv(found: Figures) -> str:
    """A line for each cohort and stage, then one for each channel and stage (RFC 4180).

    What does not apply is empty. UTM words begin with a letter or digit, so no cell is a formula.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for each in (found.everybody, *found.cohorts):
        writer.writerows(_funnel_rows(each))
    for by in Attribution:
        for counts in found.channels[by]:
            writer.writerows(_channel_rows(by, counts))
    return out.getvalue()


def _touches_json(touches: Touches | None) -> dict[str, Json]:
    return {
        "first_touch": None if touches is None else _channel_json(touches.first),
        "last_touch": None if touches is None else _channel_json(touches.last),
    }


def _channel_json(channel: Channel) -> dict[str, Json]:
    return {
        "source": channel.source,
        "medium": channel.medium,
        "campaign": channel.campaign or None,
    }


def _funnel_json(found: Funnel) -> dict[str, Json]:
    steps: list[Json] = []
    for index, step in enumerate(found.steps):
        conversion, of_sign_ups = found.conversion(index), found.of_sign_ups(index)
        steps.append(
            {
                "stage": step.stage.value,
                "reached": step.reached,
                "converted": step.converted,
                "conversion": share_json(conversion),
                "of_sign_ups": share_json(of_sign_ups),
                "timed": step.timed,
                "seconds_median": step.seconds_median,
            }
        )
    return {"cohort": found.cohort, "steps": steps}


def _channel_counts_json(found: ChannelCounts) -> dict[str, Json]:
    return {
        "channel": None if found.channel is None else _channel_json(found.channel),
        "reached": {stage.value: count for stage, count in zip(STAGES, found.counts, strict=True)},
    }


def _funnel_rows(found: Funnel) -> Sequence[_Row]:
    rows: list[_Row] = []
    for index, step in enumerate(found.steps):
        conversion, of_sign_ups = found.conversion(index), found.of_sign_ups(index)
        rows.append(
            {
                "kind": "cohort" if found.cohort else "everybody",
                "cohort": found.cohort or "",
                "stage": step.stage.value,
                "reached": step.reached,
                "converted": step.converted if index else "",
                "conversion": "" if conversion is None else decimal_text(conversion),
                "of_sign_ups": "" if of_sign_ups is None else decimal_text(of_sign_ups),
                "timed": step.timed if index else "",
                "seconds_median": "" if step.seconds_median is None else step.seconds_median,
            }
        )
    return rows


def _channel_rows(by: Attribution, found: ChannelCounts) -> Sequence[_Row]:
    channel = found.channel or Channel("", "")
    return [
        {
            "kind": "channel",
            "stage": stage.value,
            "reached": count,
            "attribution": by.value,
            "source": channel.source,
            "medium": channel.medium,
            "campaign": channel.campaign,
        }
        for stage, count in zip(STAGES, found.counts, strict=True)
    ]
