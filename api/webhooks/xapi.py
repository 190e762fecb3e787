"""xAPI 1.0.3 and 2.0 statements to our events.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md

The actor's account is the identity and its home page the source. An actor known by mailbox only is
never matched, kept or told. A verb and an activity type that we have no word for make a type of
their own (``xapi.…``), which is stored without data. Statements without id or timestamp (some are
sent so, for the receiver to add) cannot be told from their repetition and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.events.catalogue import TYPES
from ledger.events.errors import EventInvalid
from ledger.events.model import RETRACTED, ExactJson, IncomingEvent
from ledger.events.personal import DEPTH_MAX
from ledger.kernel.clock import Instant

PROVIDER: Final = "lms"
"""Whose the accounts are: the home page is the learning system that issued them."""
_ADL: Final = "http://adlnet.gov/expapi"
_VIDEO: Final = "https://w3id.org/xapi/video"
_VOIDED: Final = f"{_ADL}/verbs/voided"
_VERBS: Final[Mapping[str, str]] = {
    f"{_ADL}/verbs/completed": "completed",
    f"{_ADL}/verbs/passed": "passed",
    f"{_ADL}/verbs/failed": "failed",
    f"{_ADL}/verbs/attempted": "attempted",
    f"{_ADL}/verbs/answered": "attempted",
    f"{_ADL}/verbs/progressed": "progressed",
    f"{_ADL}/verbs/registered": "registered",
    f"{_ADL}/verbs/initialized": "started",
    f"{_ADL}/verbs/interacted": "interacted",
    f"{_ADL}/verbs/terminated": "terminated",
    "http://id.tincanapi.com/verb/unregistered": "unregistered",
    "http://id.tincanapi.com/verb/downloaded": "downloaded",
    f"{_VIDEO}/verbs/played": "played",
    f"{_VIDEO}/verbs/paused": "paused",
    f"{_VIDEO}/verbs/seeked": "seeked",
}
_THINGS: Final[Mapping[str, str]] = {
    f"{_VIDEO}/activity-type/video": "video",
    f"{_ADL}/activities/course": "course",
}
_POSTED: Final = "https://w3id.org/xapi/acrossx/verbs/posted"
_DISCUSSION: Final = "http://id.tincanapi.com/activitytype/discussion"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.ASCII)
_NOT_WORD: Final = re.compile(r"[^a-z0-9_-]+", re.ASCII)

Statement = Mapping[str, ExactJson]


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement as an event of a source; without one where the actor has no account."""

    source_uri: str | None
    event: IncomingEvent


def read_statement(statement: Statement, original: bytes) -> Stated:
    """The event that a statement is. ``original`` is kept with it where it may be.

    Raises:
        EventInvalid: it is no statement that could be credited to somebody once.
    """
    statement_id = _uuid(statement.get("id"), "id")
    verb = _object(statement, "verb")
    verb_id = verb.get("id")
    if not isinstance(verb_id, str) or not verb_id:
        raise EventInvalid("verb.id is missing.", field="verb.id")
    time = _time(statement)
    if verb_id == _VOIDED:
        target = _uuid(_object(statement, "object").get("id"), "object.id")
        event = IncomingEvent(statement_id, RETRACTED, None, time, {"id": target})
        return Stated(_home_page(statement, required=False), event)
    event_type, data = _meaning(statement, verb_id)
    event = IncomingEvent(
        id=statement_id,
        type=event_type,
        subject=f"{PROVIDER}:{_account(statement)['name']}",
        time=time,
        data=data,
        body=None if _names_mailbox(statement) else original,
    )
    return Stated(_home_page(statement, required=True), event)


def verbs_of_types() -> dict[str, list[str]]:
    """By event type, the verbs (with the type of their object) of which it is made."""
    found: dict[str, list[str]] = {
        "club.post.created": [_POSTED],
        "club.comment.created": [_POSTED],
        RETRACTED: [_VOIDED],
    }
    for verb_id, word in _VERBS.items():
        for thing_id, thing in (*_THINGS.items(), ("", "activity")):
            event_type = f"lms.{thing}.{word}"
            if event_type in TYPES:
                found.setdefault(event_type, []).append(f"{verb_id} {thing_id}".strip())
    return found


def _meaning(statement: Statement, verb_id: str) -> tuple[str, dict[str, ExactJson]]:
    thing = _object(statement, "object")
    if thing.get("objectType", "Activity") != "Activity" or not isinstance(thing.get("id"), str):
        return _unknown_type(verb_id), {}
    definition = thing.get("definition")
    kind = definition.get("type") if isinstance(definition, Mapping) else None
    activities = _context_activities(statement)
    course = next(iter(_ids(activities.get("parent"))), None)
    data: dict[str, ExactJson] = {"object": thing["id"], "course": course}
    if verb_id == _POSTED and kind == _DISCUSSION:
        thread = next(iter(_ids(activities.get("grouping"))), None)
        if thread is None:
            return "club.post.created", {"post": thing["id"]}
        return "club.comment.created", {"post": thread, "comment": thing["id"]}
    word = _VERBS.get(verb_id)
    candidates = (f"lms.{_THINGS.get(str(kind), 'activity')}.{word}", f"lms.activity.{word}")
    for event_type in candidates:
        if word is not None and event_type in TYPES:
            return event_type, data | _score(statement)
    return _unknown_type(verb_id), {}


def _score(statement: Statement) -> dict[str, ExactJson]:
    result = statement.get("result")
    score = result.get("score") if isinstance(result, Mapping) else None
    scaled = score.get("scaled") if isinstance(score, Mapping) else None
    return {} if scaled is None else {"score": scaled}


def _unknown_type(verb_id: str) -> str:
    word = _NOT_WORD.sub("-", verb_id.rstrip("/").rpartition("/")[2].lower()).strip("-")
    return f"xapi.{word[:64] or 'statement'}"


def _account(statement: Statement) -> dict[str, str]:
    actor = _object(statement, "actor")
    account = actor.get("account")
    if actor.get("objectType") == "Group" or not isinstance(account, Mapping):
        raise EventInvalid("The actor is not one learner with an account.", field="actor")
    name, home_page = account.get("name"), account.get("homePage")
    if not isinstance(name, str) or not isinstance(home_page, str) or not name or not home_page:
        raise EventInvalid("The actor's account has no name or no home page.", field="actor")
    return {"name": name, "homePage": home_page}


def _home_page(statement: Statement, *, required: bool) -> str | None:
    try:
        return _account(statement)["homePage"]
    except EventInvalid:
        if required:
            raise
        return None


def _time(statement: Statement) -> Instant:
    stated = statement.get("timestamp", statement.get("stored"))
    if not isinstance(stated, str):
        raise EventInvalid("timestamp is missing.", field="timestamp")
    return Instant.parse(stated)


def _uuid(value: ExactJson, field: str) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if not _UUID.match(text):
        raise EventInvalid(f"{field} is missing or no UUID.", field=field)
    return text


def _object(statement: Statement, name: str) -> Statement:
    value = statement.get(name)
    if not isinstance(value, Mapping):
        raise EventInvalid(f"{name} is missing or no object.", field=name)
    return value


def _context_activities(statement: Statement) -> Statement:
    context = statement.get("context")
    activities = context.get("contextActivities") if isinstance(context, Mapping) else None
    return activities if isinstance(activities, Mapping) else {}


def _ids(activities: ExactJson) -> list[str]:
    """Ids of one activity or a list of them."""
    found = activities if isinstance(activities, list) else [activities]
    ids = (one.get("id") for one in found if isinstance(one, Mapping))
    return [one for one in ids if isinstance(one, str)]


def _names_mailbox(value: ExactJson, depth: int = 0) -> bool:
    """Whether a mailbox is named anywhere; what is too deep to look through counts as one."""
    if depth > DEPTH_MAX:
        return True
    if isinstance(value, Mapping):
        return any(
            name in {"mbox", "mbox_sha1sum"} or _names_mailbox(inner, depth + 1)
            for name, inner in value.items()
        )
    return isinstance(value, list) and any(_names_mailbox(inner, depth + 1) for inner in value)
