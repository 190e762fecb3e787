"""Named limits of a request: how big a body may be, and how often one principal may ask.

Rates are token buckets kept in this process: with *n* API processes one principal gets up to *n*
times the rate. That is a bound on harm, not an account of use, so it needs no shared store and no
write per request. Bodies are counted as they come in, whatever ``Content-Length`` says.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from ledger.kernel.errors import ErrorKind, VkladError


class BodyTooLarge(VkladError):
    """A body over the limit of its path."""

    code = "body_too_large"
    kind = ErrorKind.TOO_LARGE


class TooManyRequests(VkladError):
    """A principal that asks faster than its rate."""

    code = "too_many_requests"
    kind = ErrorKind.RATE_LIMITED


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """The greatest body that paths under ``prefix`` take; the name is told in the refusal."""

    name: str
    prefix: str
    bytes_max: int

    def error(self) -> BodyTooLarge:
        """The refusal that names this limit."""
        return BodyTooLarge(
            f"The body is over the limit {self.name} of {self.bytes_max} bytes.",
            limit_name=self.name,
            limit_bytes=self.bytes_max,
        )


BODY_LIMITS: Final = (
    BodyLimit("event_body_bytes_max", "/v1/events", 1_048_576),
    BodyLimit("webhook_body_bytes_max", "/v1/webhooks/", 1_048_576),
    BodyLimit("grant_body_bytes_max", "/v1/grants", 1_048_576),
    BodyLimit("grant_body_bytes_max", "/admin/", 1_048_576),
    BodyLimit("import_body_bytes_max", "/v1/imports", 20 * 1024 * 1024),
    BodyLimit("token_body_bytes_max", "/oauth/", 16_384),
    BodyLimit("body_bytes_max", "", 262_144),
)
"""The first whose prefix fits holds."""


def body_limit_of(path: str) -> BodyLimit:
    """The limit for a path."""
    for limit in BODY_LIMITS:
        if path.startswith(limit.prefix):
            return limit
    raise AssertionError("the last one fits every path")


def header_of(scope: Scope, name: bytes) -> str:
    """The first header of this name (in small letters), or nothing."""
    for given, value in scope["headers"]:
        if given == name:
            return str(value, "latin-1")
    return ""


def refuse_length(scope: Scope, limit: BodyLimit) -> None:
    """Refuse by the stated length, before a byte of the body is read.

    Raises:
        BodyTooLarge: ``Content-Length`` is over the limit.
    """
    stated = header_of(scope, b"content-length")
    if stated.isascii() and stated.isdigit() and int(stated[:20]) > limit.bytes_max:
        raise limit.error()


@dataclass(frozen=True, slots=True)
class Rate:
    """``quota`` requests in any ``window_s`` seconds, refilled evenly."""

    name: str
    quota: int
    window_s: int


PERSON_RATE: Final = Rate("person", 600, 60)
MACHINE_RATE: Final = Rate("machine", 12_000, 60)
SOURCE_RATE: Final = Rate("source", 1_800_000, 60)
"""A bound on loops gone wild; what a source may state is bounded by its hourly budget."""
ARCHIVE_RATE: Final = Rate("archive", 10, 3600)
"""Of one member: to write everything down takes seconds of work."""
ANONYMOUS_RATE: Final = Rate("anonymous", 300, 60)
"""For paths that try a credential (sign-in, token) and for wrong ones; by address, behind which a
whole classroom may sit. Secrets have 256 bits, so this bounds load, not luck."""

_BUCKETS_MAX: Final = 100_000
_SECOND_NS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left after one request."""

    rate: Rate
    remaining: int

    def headers(self) -> dict[str, str]:
        """``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers-10)."""
        spent = self.rate.quota - self.remaining
        reset_s = -(-spent * self.rate.window_s // self.rate.quota)
        return {
            "RateLimit-Policy": f'"{self.rate.name}";q={self.rate.quota};w={self.rate.window_s}',
            "RateLimit": f'"{self.rate.name}";r={self.remaining};t={reset_s}',
        }


class RateLimiter:
    """One moment a key: when its bucket will be full again (the generic cell rate algorithm).

    Beyond ``_BUCKETS_MAX`` keys the least recently used are forgotten, that is, full again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full_at_ns: OrderedDict[str, int] = OrderedDict()

    def take(self, key: str, rate: Rate, now_ns: int) -> Taken:
        """Count one request of ``key`` at the monotonic time ``now_ns``.

        Raises:
            TooManyRequests: the bucket is empty; says how long to wait.
        """
        window_ns = rate.window_s * _SECOND_NS
        each_ns = window_ns // rate.quota
        with self._lock:
            full_at_ns = max(self._full_at_ns.pop(key, now_ns), now_ns)
            room_ns = window_ns - (full_at_ns - now_ns)
            allowed = room_ns >= each_ns
            self._full_at_ns[key] = full_at_ns + each_ns if allowed else full_at_ns
            if len(self._full_at_ns) > _BUCKETS_MAX:
                self._full_at_ns.popitem(last=False)
        if not allowed:
            wait_s = -(-(each_ns - room_ns) // _SECOND_NS)
            raise TooManyRequests(f"Wait {wait_s} seconds, then go on.", retry_after_s=wait_s)
        return Taken(rate, room_ns // each_ns - 1)
