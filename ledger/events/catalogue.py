"""The event types known everywhere, with the fields each keeps.

A field not declared here (or by the source for a type of its own) is dropped at the door. A type
not declared is stored without data. Every field may be absent. To teach the ledger a new type, add
a line here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ledger.events.model import RETRACTED, Authority, FieldKind, Fields

_K: Final = FieldKind.KEY
_THING: Final = {"object": _K, "course": _K}
_POST: Final = {"post": _K, "category": _K}
_ORDER: Final = {
    "order": _K,
    "currency": _K,
    "amount": FieldKind.DECIMAL,
    "amount_minor": FieldKind.INTEGER,
}
_OWNED: Final = _THING | {"owner": FieldKind.IDENTITY}

TYPES: Final[Mapping[str, Fields]] = {
    RETRACTED: {
        "id": FieldKind.STRING,
        "reason": FieldKind.STRING,
        "step": FieldKind.INTEGER,  # Which step of its object a removal is (``objects``).
    },
    # Learning
    "lms.section.read": _THING | {"section": _K},
    "lms.exercise.completed": _THING | {"exercise": _K, "score": FieldKind.DECIMAL},
    "lms.activity.completed": _THING,
    "lms.activity.attempted": _THING,
    "lms.activity.progressed": _THING,
    "lms.activity.passed": _THING | {"score": FieldKind.DECIMAL},
    "lms.activity.failed": _THING | {"score": FieldKind.DECIMAL},
    "lms.time.invested": _THING | {"started": FieldKind.TIME, "minutes": FieldKind.DECIMAL},
    "lms.course.registered": _THING,
    "lms.course.unregistered": _THING,
    "lms.course.passed": _THING,
    "lms.course.failed": _THING,
    "lms.course.completed": _THING,
    "lms.video.started": _THING,
    "lms.video.played": _THING,
    "lms.video.paused": _THING,
    "lms.video.seeked": _THING,
    "lms.video.interacted": _THING,
    "lms.video.downloaded": _THING,
    "lms.video.terminated": _THING,
    "lms.video.completed": _THING,
    # Community
    "club.post.created": _POST,
    "club.comment.created": _POST | {"comment": _K, "owner": FieldKind.IDENTITY},
    "club.like.given": _POST | {"owner": FieldKind.IDENTITY},
    "club.dislike.given": _POST | {"owner": FieldKind.IDENTITY},
    "club.solution.accepted": _POST | {"owner": FieldKind.IDENTITY},
    "club.user.registered": {},
    # Working and thinking
    "text.submitted": _THING | {"words": FieldKind.INTEGER},
    "commit.created": _THING | {"repository": _K},
    "ai.chat": _THING,
    "workproduct.completed": _THING,
    "content.published": _THING,
    "knowledge.extracted": _THING,
    "distinction.added": _THING,
    "template.commit.merged": _THING | {"repository": _K},
    "day.opened": _THING,
    "day.closed": _THING,
    "session.started": _THING,
    "reminder.delivered": _THING,
    # For one another
    "peer.review.completed": _OWNED,
    "mentoring.session.held": _OWNED | {"minutes": FieldKind.INTEGER},
    "project.completed": _OWNED,
    # Buying
    "shop.order.paid": _ORDER | {"product": _K},
    "shop.order.refunded": _ORDER | {"refund": _K},
}

TELLING: Final[Fields] = {"device": FieldKind.KEYED}
"""What every type but a retraction may say besides: on which device it was done."""
_ATTRIBUTE: Final = re.compile(r"member\.([a-z][a-z0-9_]{0,63})\.changed\Z")


def attribute_of(event_type: str) -> str | None:
    """The attribute that ``member.<attribute>.changed`` states; ``None`` for other types."""
    match = _ATTRIBUTE.match(event_type)
    return None if match is None else match[1]


def fields_of(event_type: str, authority: Authority) -> Fields | None:
    """What a type keeps: what its source declares, else what is known here.

    ``None`` for a type nobody declared. A device is kept keyed, however it is declared. An
    attribute's value is in ``level``, ``value`` or a field of the attribute's own name.
    """
    if event_type == RETRACTED:
        return TYPES[event_type]
    declared = TYPES.get(event_type, authority.declared.get(event_type))
    if declared is not None:
        return {**declared, **TELLING}
    attribute = attribute_of(event_type)
    if attribute is not None:
        return dict.fromkeys(("level", "value", attribute), FieldKind.VALUE)
    return None


def may_assert(event_type: str, authority: Authority) -> bool:
    """Whether a source may state events of this type. Taking its own back it always may."""
    if event_type == RETRACTED:
        return True
    attribute = attribute_of(event_type)
    if attribute is not None:
        return attribute in authority.attributes or "*" in authority.attributes
    return any(
        allowed in (event_type, "*")
        or (allowed.endswith(".*") and event_type.startswith(allowed[:-1]))
        for allowed in authority.types
    )
