"""Discourse: HMAC-SHA256 of the raw body; posts, topics, likes and solutions to our events.

https://meta.discourse.org/t/configure-webhooks-that-trigger-on-discourse-events-to-integrate-with-external-services/49045

No timestamp is signed and an automatic retry has a new ``X-Discourse-Event-Id``, so events are
identified by what they are about: ``post:12``, ``topic:8``, ``like:425:80``. The event's name
comes in a header that is not signed either, so it must at least fit the body, which is. The
instance's address is the source's own, never the header's.

    topic_created ──▶ topic:8  club.post.created ─┐ data.post = topic:8: a rule with
    post_created 1 ─▶ post:9   club.post.created ─┘ once_per [post] pays the act once
    post_created n ─▶ post:10  club.comment.created
    *_destroyed ────▶ retraction of all that was said of it before  (ledger.events.objects)
    *_recovered ────▶ the same event under a new id, as retracted ones stay so

Private messages mean nothing, nor do posts of the system, whispers and notices by moderators. Of
users only the number is kept.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qs

from api.http.problems import MalformedBody
from api.webhooks.exact_json import read_json
from api.webhooks.model import BadSignature, Delivered, Mapped, Profile
from ledger.events.errors import EventInvalid, SecretInvalid
from ledger.events.model import RETRACTED, ExactJson, IncomingEvent, ObjectStep
from ledger.events.objects import removed_id, stated_id
from ledger.kernel.clock import Instant

SECRET_LENGTH_MIN: Final = 16
_SIGNATURE: Final = re.compile(r"sha256=([0-9a-f]{64})\Z", re.ASCII)
_NAME: Final = re.compile(r"[a-z_]{1,64}\Z", re.ASCII)
_STEP: Final = re.compile(r"[0-9]{1,15}\Z", re.ASCII)
_PRIVATE: Final = "private_message"
_PUBLIC: Final = frozenset({"regular", "banner"})
_REGULAR_POST: Final = 1
_FORM_FIELDS_MAX: Final = 8

Body = Mapping[str, ExactJson]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the headers tell of a delivery."""

    name: str
    delivery: str

    def step(self) -> int:
        """The delivery's number, by which the instance orders what it tells.

        An automatic retry has a later one, so a removal that fails, is overtaken by a restoration
        and sent again would win: told apart by ``deleted_at`` where it got through before.
        """
        if not _STEP.match(self.delivery):
            raise EventInvalid(
                "The header X-Discourse-Event-Id is no number.", field="X-Discourse-Event-Id"
            )
        return int(self.delivery)


def verify(delivered: Delivered, secrets: Sequence[str]) -> None:
    """Return if the body is signed with one of the secrets.

    Raises:
        BadSignature: anything else.
    """
    given = _SIGNATURE.match(delivered.headers.get("x-discourse-event-signature", ""))
    if given is None:
        raise BadSignature("The header X-Discourse-Event-Signature is missing or malformed.")
    for secret in secrets:
        expected = hmac.digest(secret.encode(), delivered.body, sha256).hex()
        if hmac.compare_digest(expected, given[1]):
            return
    raise BadSignature("The signature does not match.")


def read(delivered: Delivered, source_uri: str) -> Mapped:  # noqa: ARG001 - a profile's form
    """What a delivery means; most kinds mean nothing to us, which is no error.

    Raises:
        MalformedJson, MalformedBody: the body is not JSON, or no form.
        EventInvalid: a kind that we map lacks what every such has, or does not fit the body.
    """
    kind = delivered.headers.get("x-discourse-event-type", "")
    name = delivered.headers.get("x-discourse-event", kind)
    if not _NAME.match(kind) or not _NAME.match(name):
        raise EventInvalid(
            "The headers X-Discourse-Event-Type and -Event are missing.", field="body"
        )
    body = _body(delivered)
    if kind == "ping":
        return Mapped("ping", ignored="ping")
    mapping = _MAPPINGS.get(name)
    if mapping is None:
        return Mapped(name, ignored="not_mapped")
    inner = body.get(kind)
    if not isinstance(inner, Mapping):
        raise EventInvalid(f"The body has no {kind}, which the headers promise.", field=kind)
    return mapping(inner, _Told(name, delivered.headers.get("x-discourse-event-id", "")))


def check_secret(secret: str) -> None:
    """Any text that is long enough.

    Raises:
        SecretInvalid: it is not.
    """
    if len(secret) < SECRET_LENGTH_MIN:
        raise SecretInvalid(
            f"A secret has at least {SECRET_LENGTH_MIN} characters.", length_min=SECRET_LENGTH_MIN
        )


def _body(delivered: Delivered) -> Body:
    """JSON, also where Discourse is told to call it a form, or wraps it in one."""
    raw = delivered.body
    if delivered.media_type == "application/x-www-form-urlencoded" and not raw.startswith(b"{"):
        raw = _form_field(raw, "payload")
    body = read_json(raw)
    if not isinstance(body, Mapping):
        raise EventInvalid("The body is an object.", field="body")
    return body


def _form_field(raw: bytes, name: str) -> bytes:
    try:
        fields = parse_qs(raw.decode("ascii"), max_num_fields=_FORM_FIELDS_MAX)
    except ValueError as error:
        raise MalformedBody("The body is no form.") from error
    return fields.get(name, [""])[0].encode()


def _post(post: Body, told: _Told) -> Mapped:
    why = _why_nothing(post, "topic_archetype")
    if why is not None:
        return Mapped(told.name, ignored=why)
    first = _number(post, "post_number") == 1
    topic = f"topic:{_number(post, 'topic_id')}"
    event_id = f"post:{_number(post, 'id')}"
    data: dict[str, ExactJson] = {"post": topic, **_category(post)}
    if not first:
        data["comment"] = event_id
        owner = _author_replied_to(post)
        if owner is not None:
            data["owner"] = owner
    event = IncomingEvent(
        id=event_id,
        type="club.post.created" if first else "club.comment.created",
        subject=_user(_number(post, "user_id")),
        time=_time(post, "created_at"),
        data=data,
    )
    return Mapped(told.name, (_restored(event, told),))


def _topic(topic: Body, told: _Told) -> Mapped:
    why = _why_nothing(topic, "archetype")
    if why is not None:
        return Mapped(told.name, ignored=why)
    event_id = f"topic:{_number(topic, 'id')}"
    event = IncomingEvent(
        id=event_id,
        type="club.post.created",
        subject=_user(_number(topic, "user_id")),
        time=_time(topic, "created_at"),
        data={"post": event_id, **_category(topic)},
    )
    return Mapped(told.name, (_restored(event, told),))


def _removed(thing: Body, told: _Told) -> Mapped:
    """A post or topic taken away; a deleted topic no longer says what archetype it had."""
    if _PRIVATE in (thing.get("topic_archetype"), thing.get("archetype")):
        return Mapped(told.name, ignored=_PRIVATE)
    object_id = f"{told.name.partition('_')[0]}:{_number(thing, 'id')}"
    deleted_at = thing.get("deleted_at")
    mark = deleted_at if isinstance(deleted_at, str) else told.step()
    return Mapped(told.name, (_retraction(object_id, mark, told.step()),))


def _like(like: Body, told: _Told) -> Mapped:
    post, liker = like.get("post"), like.get("user")
    if not isinstance(post, Mapping) or not isinstance(liker, Mapping):
        raise EventInvalid("A like has a post and a user.", field="like")
    why = _why_nothing(post, "topic_archetype")
    if why is not None:
        return Mapped(told.name, ignored=why)
    post_id, liker_id = _number(post, "id"), _number(liker, "id")
    event = IncomingEvent(
        id=f"like:{post_id}:{liker_id}",
        type="club.like.given",
        subject=_user(liker_id),
        time=None,
        data={
            "post": _liked(post, post_id),
            "owner": _user(_number(post, "user_id")),
            **_category(post),
        },
    )
    return Mapped(told.name, (event,))


def _liked(post: Body, post_id: int) -> str:
    """The key under which the liked post itself was rewarded."""
    if _number(post, "post_number") == 1:
        return f"topic:{_number(post, 'topic_id')}"
    return f"post:{post_id}"


def _solved(post: Body, told: _Told) -> Mapped:
    why = _why_nothing(post, "topic_archetype")
    if why is not None:
        return Mapped(told.name, ignored=why)
    object_id = f"solution:{_number(post, 'id')}"
    if told.name == "unaccepted_solution":
        return Mapped(told.name, (_retraction(object_id, told.step(), told.step()),))
    event = IncomingEvent(
        id=stated_id(object_id, told.step()),
        type="club.solution.accepted",
        subject=_user(_number(post, "user_id")),
        time=None,
        data={"post": f"topic:{_number(post, 'topic_id')}", **_category(post)},
        step=ObjectStep(object_id, told.step()),
    )
    return Mapped(told.name, (event,))


def _joined(user: Body, told: _Told) -> Mapped:
    number = _number(user, "id")
    if number <= 0:
        return Mapped(told.name, ignored="system_user")
    event = IncomingEvent(
        id=f"user:{number}",
        type="club.user.registered",
        subject=_user(number),
        time=_time(user, "created_at"),
        data={},
    )
    return Mapped(told.name, (event,))


_MAPPINGS: Final[Mapping[str, Callable[[Body, _Told], Mapped]]] = {
    "post_created": _post,
    "post_recovered": _post,
    "post_destroyed": _removed,
    "topic_created": _topic,
    "topic_recovered": _topic,
    "topic_destroyed": _removed,
    "post_liked": _like,
    "accepted_solution": _solved,
    "unaccepted_solution": _solved,
    "user_created": _joined,
}

TYPES_OF_DELIVERIES: Final[Mapping[str, tuple[str, ...]]] = {
    "post_created": ("club.post.created", "club.comment.created"),
    "post_recovered": ("club.post.created", "club.comment.created"),
    "post_destroyed": (RETRACTED,),
    "topic_created": ("club.post.created",),
    "topic_recovered": ("club.post.created",),
    "topic_destroyed": (RETRACTED,),
    "post_liked": ("club.like.given",),
    "accepted_solution": ("club.solution.accepted",),
    "unaccepted_solution": (RETRACTED,),
    "user_created": ("club.user.registered",),
}
"""What each delivery may become, for the catalogue of types."""


def _why_nothing(thing: Body, archetype_field: str) -> str | None:
    """The reason why a post or topic earns nothing; ``None`` if it may."""
    archetype = thing.get(archetype_field)
    if archetype not in _PUBLIC:
        return _PRIVATE if archetype == _PRIVATE else "not_public"
    if thing.get("post_type", _REGULAR_POST) != _REGULAR_POST or thing.get("hidden") is True:
        return "not_an_ordinary_post"
    if _number(thing, "user_id") <= 0:
        return "system_user"
    return None


def _restored(event: IncomingEvent, told: _Told) -> IncomingEvent:
    """The same, said once more after a removal: an event of its own. A creation as it is."""
    if not told.name.endswith("_recovered"):
        return event
    step = told.step()
    return event._replace(id=stated_id(event.id, step), step=ObjectStep(event.id, step))


def _retraction(object_id: str, mark: str | int, step: int) -> IncomingEvent:
    return IncomingEvent(
        id=removed_id(object_id, mark),
        type=RETRACTED,
        subject=None,
        time=None,
        data={"id": object_id, "step": step},
        step=ObjectStep(object_id, step),
    )


def _author_replied_to(post: Body) -> str | None:
    """Whose post it answers, where this version of Discourse says it by number."""
    user = post.get("reply_to_user")
    number = user.get("id") if isinstance(user, Mapping) else None
    return _user(number) if isinstance(number, int) and number > 0 else None


def _category(thing: Body) -> dict[str, ExactJson]:
    number = thing.get("category_id")
    return {"category": number} if isinstance(number, int) else {}


def _user(number: int) -> str:
    return f"discourse:{number}"


def _number(thing: Body, name: str) -> int:
    value = thing.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise EventInvalid(f"{name} is missing or no number.", field=name)
    return value


def _time(thing: Body, name: str) -> Instant:
    value = thing.get(name)
    if not isinstance(value, str):
        raise EventInvalid(f"{name} is missing or no time.", field=name)
    return Instant.parse(value)


PROFILE: Final = Profile(
    verify=verify,
    read=read,
    check_secret=check_secret,
    media_types=frozenset({"application/json", "application/x-www-form-urlencoded"}),
)
