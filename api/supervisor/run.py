"""Start the parts in order, watch them, stop them in reverse order and leave nothing behind.

lock ─▶ stop leftovers ─▶ ports free? ─▶ start 1..n ─▶ watch ─▶ stop n..1
                              │               │          │ a part died: name it, start it again
                              │               │          └─ too often: stop all, fail
                              │               └─ a part failed: name it, stop all, fail
                              └─ one is taken: say by whom, fail
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

from rich.console import Console
from rich.markup import escape

from api.supervisor.errors import PartFailed
from api.supervisor.lock import held
from api.supervisor.parts import Installation, Part, Runnable, Step
from api.supervisor.ports import refuse_taken_port
from api.supervisor.process import Process, failed, start, stop_leftover, wait_healthy
from api.supervisor.signals import StopRequested, StopSignal

RESTARTS_MAX: Final = 3
RESTARTS_WITHIN_S: Final = 60.0
_WATCH_INTERVAL_S: Final = 0.25


@dataclass(slots=True)
class _Running:
    part: Part
    process: Process
    restarts: deque[float]
    tend: Callable[[], None]


class Supervisor:
    """One run of one installation."""

    def __init__(
        self, installation: Installation, stages: Sequence[Sequence[Part | Step]], console: Console
    ) -> None:
        self._installation = installation
        self._stages = [
            [part for part in stage if part.wanted(installation.settings)] for stage in stages
        ]
        self._console = console
        self._running: dict[str, _Running] = {}
        self._notes: list[str] = []
        self._signal = StopSignal()

    def run(self) -> None:
        """Start everything and watch it until asked to stop.

        Raises:
            AlreadyUp: another supervisor holds this installation.
            PortTaken: another program listens where a part should; nothing was started.
            VkladError: a part or step failed; everything is stopped by then.
        """
        self._installation.state.prepare()
        with held(self._installation.state), self._signal.listening(), self._tending():
            try:
                self._stop_leftovers()
                self._refuse_taken_ports()
                began = time.monotonic()
                for stage in self._stages:
                    self._begin(stage)
                self._say_up(time.monotonic() - began)
                while True:
                    self._signal.check()
                    self._watch()
                    time.sleep(_WATCH_INTERVAL_S)
            except StopRequested:
                self._say("Stopping …")
            finally:
                with self._signal.deaf():
                    self._stop()

    @contextmanager
    def _tending(self) -> Iterator[None]:
        """Tend what runs, also while steps and starts keep the main thread busy."""
        over = Event()

        def tend() -> None:
            while not over.wait(_WATCH_INTERVAL_S):
                for running in list(self._running.values()):
                    running.tend()

        thread = Thread(target=tend, name="tending", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _stop_leftovers(self) -> None:
        """Stop what an earlier supervisor left, also parts that this run does not want."""
        for name, record in self._installation.state.records().items():
            pid = stop_leftover(record)
            if pid is not None:
                self._say(f"Stopped {name} (process {pid}), left behind by an earlier run.")

    def _refuse_taken_ports(self) -> None:
        """Look at every port first: a taken one should not be found out after minutes."""
        for stage in self._stages:
            for part in stage:
                if isinstance(part, Part) and part.listens is not None:
                    refuse_taken_port(part.listens(self._installation), part.name)

    def _begin(self, stage: Sequence[Part | Step]) -> None:
        began = time.monotonic()
        with self._console.status(f"{', '.join(part.shown for part in stage)} …"):
            starting = [(part, *self._launch(part)) for part in stage if isinstance(part, Part)]
            for step in stage:
                if isinstance(step, Step):
                    self._signal.check()
                    note = step.do(self._installation)
                    self._notes += [note] if note is not None else []
                    self._say_ready(step, began)
            for part, runnable, process in starting:
                self._await(part, runnable, process)
                self._say_ready(part, began)

    def _launch(self, part: Part) -> tuple[Runnable, Process]:
        runnable = part.prepare(self._installation)
        with self._signal.shielded():
            process = start(runnable.program)
            self._running[part.name] = _Running(
                part, process, self._restarts_of(part), runnable.tend
            )
        return runnable, process

    def _await(self, part: Part, runnable: Runnable, process: Process) -> None:
        def healthy() -> bool:
            self._signal.check()
            return runnable.healthy()

        wait_healthy(process, healthy, part.timeout_s)
        runnable.once_healthy()

    def _restarts_of(self, part: Part) -> deque[float]:
        known = self._running.get(part.name)
        return known.restarts if known else deque()

    def _watch(self) -> None:
        for running in list(self._running.values()):
            status = running.process.exit_status()
            if status is None:
                continue
            death = failed(running.process.program, f"ended with status {status}")
            self._say(f"[red]{escape(death.message)}[/]")
            _count_restart(running)
            running.process.stop()
            runnable, process = self._launch(running.part)
            self._await(running.part, runnable, process)
            self._say(f"[green]✓[/] {running.part.shown} runs again")

    def _stop(self) -> None:
        for running in reversed(self._running.values()):
            with self._console.status(f"stopping {running.part.shown} …"):
                running.process.stop()
        self._running.clear()

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)

    def _say_ready(self, part: Part | Step, began: float) -> None:
        self._say(f"[green]✓[/] {part.shown} [dim]{time.monotonic() - began:.1f} s[/]")

    def _say_up(self, seconds: float) -> None:
        self._say(
            f"[bold]Vklad is up[/] after {seconds:.1f} s: {self._installation.settings.origin}"
        )
        for note in self._notes:
            self._say(note)
        self._say("Ctrl-C stops everything; the data stays.")


def _count_restart(running: _Running) -> None:
    """Count one more.

    Raises:
        PartFailed: it was started again ``RESTARTS_MAX`` times within ``RESTARTS_WITHIN_S``.
    """
    now = time.monotonic()
    while running.restarts and now - running.restarts[0] > RESTARTS_WITHIN_S:
        running.restarts.popleft()
    if len(running.restarts) >= RESTARTS_MAX:
        raise PartFailed(
            f"{running.part.shown} ended {RESTARTS_MAX + 1} times within "
            f"{RESTARTS_WITHIN_S:.0f} s, so everything is stopped.",
            part=running.part.name,
        )
    running.restarts.append(now)
