"""What the known event types say, for whoever writes a source: words and examples, pure.

Which types there are and what each keeps is ``catalogue``'s; a test asks that every one of them is
described here and that its example is admitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from ledger.events.model import RETRACTED, Fields
from ledger.kernel.canonical import Json

EXAMPLE_SOURCE: Final = "https://lms.example"
EXAMPLE_SUBJECT: Final = "lms:1042"
EXAMPLE_TIME: Final = "2026-03-02T09:00:00Z"
ATTRIBUTE_TYPE: Final = "member.<attribute>.changed"
"""How the family of types that state an attribute of a member is written."""


class Described(NamedTuple):
    """What a type says, and the fields its example shows; none given, all it keeps."""

    says: str
    shows: tuple[str, ...] = ()


WORDS: Final[Mapping[str, Described]] = {
    RETRACTED: Described("The event `data.id` of the same source is taken back.", ("id", "reason")),
    "lms.section.read": Described(
        "A section was read to its end.", ("section", "course", "device")
    ),
    "lms.exercise.completed": Described(
        "An exercise was finished, maybe with a score.", ("exercise", "course", "score")
    ),
    "lms.activity.completed": Described("An activity of a kind without a type was finished."),
    "lms.activity.attempted": Described("An activity was tried."),
    "lms.activity.progressed": Described("Some of an activity was done."),
    "lms.activity.passed": Described("An activity was passed."),
    "lms.activity.failed": Described("An activity was not passed."),
    "lms.time.invested": Described(
        "So many minutes were spent from `started` on; what of them counts is the programme's.",
        ("started", "minutes", "course"),
    ),
    "lms.course.registered": Described("The member joined a course.", ("course",)),
    "lms.course.unregistered": Described("The member left a course.", ("course",)),
    "lms.course.passed": Described("A course was passed.", ("course",)),
    "lms.course.failed": Described("A course was not passed.", ("course",)),
    "lms.course.completed": Described("A course was gone through to its end.", ("course",)),
    "lms.video.started": Described("A video was opened."),
    "lms.video.played": Described("A video was played on."),
    "lms.video.paused": Described("A video was stopped for a while."),
    "lms.video.seeked": Described("Somebody went to another place of a video."),
    "lms.video.interacted": Described("Something of a video was used, as its subtitles."),
    "lms.video.downloaded": Described("A video was saved."),
    "lms.video.terminated": Described("A video was closed before its end."),
    "lms.video.completed": Described("A video was seen to its end."),
    "club.post.created": Described("A post was written that begins something.", ("post",)),
    "club.comment.created": Described(
        "A post was answered; `owner` is whose it is.", ("post", "comment", "owner")
    ),
    "club.like.given": Described(
        "The subject likes a post; `owner` is its author.", ("post", "owner")
    ),
    "club.dislike.given": Described(
        "The subject dislikes a post; `owner` is its author.", ("post", "owner")
    ),
    "club.solution.accepted": Described("An answer of the subject solved a question.", ("post",)),
    "club.user.registered": Described("Somebody joined the forum."),
    "text.submitted": Described("A text of so many words was handed in."),
    "commit.created": Described("A commit was made.", ("repository", "object")),
    "ai.chat": Described("A conversation with an assistant took place."),
    "workproduct.completed": Described("A piece of work was finished."),
    "content.published": Described("Something was published."),
    "knowledge.extracted": Described("Something that was learned was written down."),
    "distinction.added": Described("A distinction was added to a common vocabulary."),
    "template.commit.merged": Described(
        "A change to a common template was taken in.", ("repository", "object")
    ),
    "day.opened": Described("The member began the day, for streaks.", ()),
    "day.closed": Described("The member ended the day.", ()),
    "session.started": Described("A session was begun."),
    "reminder.delivered": Described("A reminder reached the member."),
    "peer.review.completed": Described(
        "The subject reviewed work of `owner`.", ("object", "owner")
    ),
    "mentoring.session.held": Described(
        "The subject mentored `owner` for so many minutes.", ("owner", "minutes")
    ),
    "project.completed": Described("The subject finished a project of `owner`."),
    "shop.order.paid": Described(
        "An order was paid. The sum is in minor units (`amount_minor`), in whole units (`amount`), "
        "or both: the programme in force says which it reads.",
        ("order", "currency", "amount_minor", "product"),
    ),
    "shop.order.refunded": Described(
        "Money of an order went back; `refund` names it, so that it counts once.",
        ("order", "refund", "currency", "amount_minor"),
    ),
    ATTRIBUTE_TYPE: Described(
        "An attribute of the member has this value from now on. A source states those attributes "
        "that its registration names; the programme says which values there are.",
        ("level",),
    ),
}

FIELDS_SAY: Final[Mapping[str, str]] = {
    "amount": "Money in whole units, as 49.90.",
    "amount_minor": "Money in minor units of the currency, as cents.",
    "category": "The part of the forum.",
    "comment": "The answer itself.",
    "course": "The course it belongs to.",
    "currency": "ISO 4217, as USD.",
    "device": "Your own text for the device; the same device, the same text. Kept as a keyed hash.",
    "exercise": "The exercise.",
    "id": "The id of the event that is taken back.",
    "level": "The new value.",
    "minutes": "How long it took.",
    "object": "What it was done to.",
    "order": "The order's number.",
    "owner": "Whose the thing is: an identity, as the subject is.",
    "post": "The post, or the topic that it begins.",
    "product": "What was bought.",
    "reason": "Why, for admins to read. Nothing about persons.",
    "refund": "Names this refund; told twice, it counts once.",
    "repository": "The repository.",
    "score": "How well, as your exercises count it; 0.75 and 3 are both numbers.",
    "section": "The section.",
    "started": "When it began.",
    "step": "Which step in the life of its object it is; adapters use it.",
    "value": "The new value.",
    "words": "How many words.",
}
"""What a field of a known type holds; fields that sources declare are theirs to explain."""

_SAMPLES: Final[Mapping[str, Json]] = {
    "amount": "49.90",
    "amount_minor": 4990,
    "category": 5,
    "comment": "post:81",
    "course": "go",
    "currency": "USD",
    "device": "d-5f0c",
    "exercise": "go-s7-e2",
    "id": "read-81",
    "level": 2,
    "minutes": 25,
    "object": "go-s7",
    "order": "A-17",
    "owner": "lms:77",
    "post": "topic:8",
    "product": "course:go",
    "reason": "counted twice",
    "refund": "A-17-r1",
    "repository": "templates",
    "score": 0.75,
    "section": "s7",
    "started": "2026-03-02T08:35:00Z",
    "words": 350,
}


def example_of(event_type: str, fields: Fields) -> dict[str, Json]:
    """An event of a described type that is right, as a CloudEvent."""
    described = WORDS[event_type]
    shown = described.shows or tuple(name for name in fields if name in _SAMPLES)
    event: dict[str, Json] = {
        "specversion": "1.0",
        "id": f"{event_type.rpartition('.')[0].replace('.', '-')}-81",
        "source": EXAMPLE_SOURCE,
        "type": event_type,
        "subject": EXAMPLE_SUBJECT,
        "time": EXAMPLE_TIME,
        "data": {name: _SAMPLES[name] for name in shown if name in fields},
    }
    if event_type == RETRACTED:
        del event["subject"]
    if event_type == ATTRIBUTE_TYPE:
        event |= {"id": "member-qualification-81", "type": "member.qualification.changed"}
    return event


def sample_of(name: str) -> Json:
    """A value that a field of this name may have; ``None`` for names of others' types."""
    return _SAMPLES.get(name)
