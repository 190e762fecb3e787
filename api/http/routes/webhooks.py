"""``POST /v1/webhooks/{source}``: deliveries signed by their source, each by its own profile.

    bytes ─▶ source known ─▶ signature ─▶ content type ─▶ mapped ─▶ admitted ─▶ committed ─▶ 202

Deliveries without a good signature, and look-ups of names not met before, are counted by network
address, and too many answered 429.
A vendor is never told of a conflict, which it could only repeat; admins see it. A live source is
never answered 404 or 410, on which some vendors switch a hook off.
"""

from __future__ import annotations

import hashlib
from typing import Final

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.door import Door, body_of, headers_of
from api.http.principal import limit_by_address
from api.http.problems import UnsupportedMediaType, responses
from api.http.refusals import Unproved, whose
from api.http.routes.events import accepted, intake_of, outcomes_json
from api.webhooks.model import Delivered, Mapped, Profile
from api.webhooks.profiles import WEBHOOK_PROFILES
from ledger.events.errors import UnknownSource
from ledger.events.model import FactlessDelivery, OnConflict, Source
from ledger.kernel.errors import ErrorKind, VkladError

router = APIRouter(prefix="/v1/webhooks", tags=["facts"])

_NOTED: Final = frozenset({ErrorKind.MALFORMED, ErrorKind.FORBIDDEN, ErrorKind.INVALID})
"""Refusals that admins should see: the source is known, what it sends cannot be taken."""
_UNREAD: Final = Mapped("unread")


@router.post(
    "/{source}", status_code=202, responses=responses(400, 401, 403, 404, 413, 415, 422, 429, 503)
)
async def deliver(source: str, request: Request) -> Response:
    """Take one delivery of a registered source."""
    return accepted(await _taken(source, request))


async def _taken(source: str, request: Request) -> bytes:
    intake = intake_of(request)
    if intake.begins_reading(source):
        limit_by_address(request)  # Each name nobody bears would be looked up, by anybody.
    opened = await intake.open_source(source)
    profile = WEBHOOK_PROFILES.get(opened.source.profile)
    if profile is None:
        raise UnknownSource(f"There is no webhook source {source[:64]!r}.", name=source[:64])
    delivered = Delivered(headers_of(request), await body_of(request), intake.database.clock.now())
    whose(request, opened.source.uri, Unproved(delivered, opened))
    try:
        profile.verify(delivered, opened.secrets)
    except VkladError:
        limit_by_address(request)  # Only what is not signed is counted, so no source is held up.
        raise
    mapped = _UNREAD
    try:
        mapped = _read(profile, delivered, opened.source)
        outcomes = await intake.accept(opened.source, mapped.events, OnConflict.REPORT)
    except VkladError as error:
        if error.kind in _NOTED:
            refused = FactlessDelivery(opened.source.uri, mapped.kind, "refused", error.code)
            await intake.note(refused)
        raise
    if mapped.ignored is not None:
        digest = hashlib.sha256(delivered.body).digest()
        uri, kind = opened.source.uri, mapped.kind
        await intake.note(FactlessDelivery(uri, kind, "ignored", mapped.ignored, digest))
    return orjson.dumps({**outcomes_json(outcomes), "ignored": mapped.ignored})


async def _deliver(request: Request) -> bytes:
    return await _taken(request.path_params["source"], request)


DOOR: Final = Door("/v1/webhooks/{source}", _deliver).route()
"""The same path for the hot way in: without the framework's dependencies, which it has none of."""


def _read(profile: Profile, delivered: Delivered, source: Source) -> Mapped:
    if delivered.media_type not in profile.media_types:
        expected = " / ".join(sorted(profile.media_types))
        raise UnsupportedMediaType(f"This source sends {expected}.", expected=expected)
    return profile.read(delivered, source.uri)
