"""Being asked to stop: Ctrl-C, SIGTERM or SIGHUP.

The signal is remembered and raised as an exception. Remembered, because Python drops an exception
that is raised inside some of its own callbacks (those run at a fork, for one), so whoever waits
asks again. Raised, so that a step that blocks is interrupted; once, so that a second one does not
break into the stopping. Where an exception would leave something half done, as between a fork and
its record, it is held back.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody wants everything to stop."""


class StopSignal:
    """Whether stopping was asked for."""

    def __init__(self) -> None:
        self._requested = False
        self._shielded = False

    def check(self) -> None:
        """Raise ``StopRequested`` if it was asked for."""
        if self._requested:
            raise StopRequested

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear signals."""
        with _handled(self._request):
            yield

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Hear of a signal only at the end of this block."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        self.check()

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Ignore signals: a second Ctrl-C must not stop the stopping, which is bounded anyway."""
        with _handled(_ignore):
            yield

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        first, self._requested = not self._requested, True
        if first and not self._shielded:
            raise StopRequested


def _ignore(_number: int, _frame: FrameType | None) -> None:
    pass


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
