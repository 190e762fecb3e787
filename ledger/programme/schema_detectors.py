"""The shape of ``detectors``: thresholds, each with the value it has where nothing is stated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from ledger.kernel.canonical import Json
from ledger.programme.fields import EventType, Section
from ledger.programme.model_detectors import USUAL, DetectorTerms

_Types = Annotated[list[EventType], Field(min_length=1, max_length=50)]
_Count = Annotated[int, Field(strict=True, ge=1, le=10**6)]


class ReciprocityFile(Section):
    """Two who give each other most of what either gets."""

    types: _Types = Field(
        default=list(USUAL.reciprocity_types),
        description="Of events of these types together, which name a giver and a receiver.",
        examples=[["forum.answer.accepted", "forum.post.liked"]],
    )

    percent: Annotated[int, Field(strict=True, ge=1, le=99)] = Field(
        default=USUAL.reciprocity_percent,
        description="More than so many per cent of what either got came from the other.",
        examples=[50],
    )
    least: _Count = Field(
        default=USUAL.reciprocity_least,
        description="And at least so many, each way.",
        examples=[6],
    )


class VelocityFile(Section):
    """One who does more of a thing within minutes than anybody can."""

    events: _Count = Field(
        default=USUAL.velocity_events,
        description="More than so many events of one type by one member.",
        examples=[100],
    )
    minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = Field(
        default=USUAL.velocity_minutes, description="Within so many minutes.", examples=[10]
    )


class SharedDeviceFile(Section):
    """More members on one device than a household has."""

    members: _Count = Field(
        default=USUAL.device_members,
        description="More than so many members on one `data.device`.",
        examples=[3],
    )


class RingFile(Section):
    """Members who vouch for each other around, each for the next."""

    types: _Types = Field(
        default=list(USUAL.ring_types),
        description="By events of these types together, which name a giver and a receiver.",
        examples=[["mentoring.session.held", "peer.review.completed"]],
    )

    length: Annotated[int, Field(strict=True, ge=2, le=5)] = Field(
        default=USUAL.ring_length, description="Rings of up to so many members.", examples=[4]
    )
    times: _Count = Field(
        default=USUAL.ring_times,
        description="In which each gave the next at least so many.",
        examples=[2],
    )


class DetectorsFile(Section):
    """When facts look wrong enough for persons to look at. What is unset is as usual."""

    window_days: Annotated[int, Field(strict=True, ge=1, le=31)] = Field(
        default=USUAL.window_days,
        description="Facts received within so many days are looked at together.",
        examples=[7],
    )
    reciprocity: ReciprocityFile = Field(
        default_factory=ReciprocityFile,
        description="Likes and comments, or what is named, back and forth.",
        examples=[{"percent": 50, "least": 6}],
    )
    velocity: VelocityFile = Field(
        default_factory=VelocityFile,
        description="Too much of one thing at once.",
        examples=[{"events": 100, "minutes": 10}],
    )
    shared_device: SharedDeviceFile = Field(
        default_factory=SharedDeviceFile,
        description="Many members on one device.",
        examples=[{"members": 3}],
    )
    ring: RingFile = Field(
        default_factory=RingFile,
        description="Reviews and thanks, or what is named, that go around.",
        examples=[{"length": 4, "times": 2}],
    )


def detector_terms(file: DetectorsFile | None) -> DetectorTerms:
    """The section as frozen values."""
    if file is None:
        return USUAL
    return DetectorTerms(
        window_days=file.window_days,
        reciprocity_percent=file.reciprocity.percent,
        reciprocity_least=file.reciprocity.least,
        reciprocity_types=_in_order(file.reciprocity.types),
        velocity_events=file.velocity.events,
        velocity_minutes=file.velocity.minutes,
        device_members=file.shared_device.members,
        ring_length=file.ring.length,
        ring_times=file.ring.times,
        ring_types=_in_order(file.ring.types),
    )


def detectors_form(terms: DetectorTerms) -> dict[str, Json]:
    """The canonical form; nothing where all is as usual, whether or not a file spells it out.

    Types are in it only where they are others: programmes from before they could be named keep
    their hashes.
    """
    if terms == USUAL:
        return {}
    usual = asdict(USUAL)
    stated = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(terms).items()
        if not isinstance(value, tuple) or value != usual[name]
    }
    return {"detectors": stated}


def _in_order(types: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(types)))
