"""Counters and times of requests for Prometheus, by route template: no ids, no addresses.

Each API process has its own registry and is scraped on its own.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import Scope

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """What this process counts; other parts may register more on ``registry``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "vklad_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "vklad_http_request_seconds",
            "Time to answer.",
            ("route",),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        """By method, route and status: finding a child costs more than counting on it."""

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answered request; ``status`` 0 means the client went away first."""
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        one = (method, route, status)
        if one not in self._children:
            counter = self._requests.labels(method, route, str(status))
            self._children[one] = (counter, self._seconds.labels(route))
        counter, histogram = self._children[one]
        counter.inc()
        histogram.observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
