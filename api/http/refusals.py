"""The log of refused requests of sources: what is noted when a refusal is on its way out.

Whose a request is, is told by who finds it out (``whose``): the principal's key, or the path of a
webhook. What admins read besides is worked out here, after the answer is decided, so that nothing
of it can get into the answer. What cannot be noted changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from api.auth.key_troubles import Trouble, why_refused
from api.auth.model import CredentialsRefused
from api.http.limits import Rate, RateLimiter, TooManyRequests
from api.http.problems import status_of
from api.webhooks.diagnosis import Diagnosis, KnownSecret, Mistake, diagnose
from api.webhooks.model import BadSignature, Delivered
from ledger.events.errors import BudgetSpent
from ledger.events.refusals import service
from ledger.events.refusals.model import DIGEST_START_BYTES, Refusal, tellable
from ledger.events.sources import store as sources
from ledger.events.sources.model import OpenSource, SecretBox
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, execute

NOTED_RATE: Final = Rate("noted", 60, 60)
"""Of one source; more in a minute says nothing new and would only be written."""
_UNNOTED: Final = frozenset({ErrorKind.RATE_LIMITED, ErrorKind.UNAVAILABLE})

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Unproved:
    """A delivery whose signature is not looked at yet, and the source it says it is from."""

    delivered: Delivered
    opened: OpenSource


def whose(request: Request, source: str, unproved: Unproved | None = None) -> None:
    """Say of which source a request is, or says to be."""
    request.state.asking_source = source
    request.state.unproved = unproved


class RefusalLog:
    """Notes refusals of one application."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._limiter = RateLimiter()

    def note(self, request: Request, error: VkladError) -> None:
        """Keep a refusal, if it is one of a source's."""
        if error.kind in _UNNOTED and error.code != BudgetSpent.code:
            return
        try:
            refusal = self._refusal(request, error)
            if refusal is not None:
                self._limiter.take(refusal.source or "", NOTED_RATE, time.monotonic_ns())
                execute(self._database, service.note, refusal)
        except TooManyRequests:
            return
        except VkladError as failure:
            _logger.warning("A refused request was not noted: %s", failure)

    def _refusal(self, request: Request, error: VkladError) -> Refusal | None:
        source: str | None = getattr(request.state, "asking_source", None)
        door = str(getattr(request.scope.get("route"), "path", ""))
        status, operands = status_of(error), tellable(error.operands)
        unproved: Unproved | None = getattr(request.state, "unproved", None)
        if source is not None and isinstance(error, BadSignature) and unproved is not None:
            found = self._diagnosed(unproved)
            body = unproved.delivered.body
            start = hashlib.sha256(body).hexdigest()[: 2 * DIGEST_START_BYTES]
            detail = dict(found.detail)
            return Refusal(
                source, door, status, error.code, found.mistake, detail, len(body), start
            )
        if source is None and isinstance(error, CredentialsRefused):
            trouble = self._trouble(request)
            if trouble is None:
                return None
            detail = dict(trouble.detail)
            return Refusal(trouble.source, door, status, error.code, trouble.reason, detail)
        return None if source is None else Refusal(source, door, status, error.code, None, operands)

    def _diagnosed(self, unproved: Unproved) -> Diagnosis:
        source = unproved.opened.source
        with self._database.read() as work:
            ended = sources.sealed_but_not_good(work, source.source_id)
        others = [KnownSecret(self._box.unseal(sealed), Mistake(why)) for sealed, why in ended]
        return diagnose(source.profile, unproved.delivered, unproved.opened.secrets, others)

    def _trouble(self, request: Request) -> Trouble | None:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        with self._database.read() as work:
            return why_refused(work, token.strip())
