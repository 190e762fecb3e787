"""Judge mutants without starting anew for each: a process of pytest that has collected, forks.

    parent    collects the room's tests ──▶ has one child run them all and say which
              │                             lines of the modules each runs, and how long it takes
              └─ for each mutant: fork ──▶  child puts the changed functions' code in place of the
                                            sound, runs what touches the changed statement,
                                            the quickest first, and ends at the first failure

Nothing is written to the tree. A mutant that is not in a function, such as a default of a class, is
left to a process of its own (:mod:`copies`). Runs where there is ``fork``: Linux and macOS.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Final

import pytest
from copies import PLAIN, Verdict, judged_line, read_judged
from generated import Mutant, mutants_of

CHILD_MEMORY_MAX: Final = 8 << 30
CHILD_DEPTH_MAX: Final = 2_000
"""Calls within calls: a library raises the limit so far that no end of them ends the process."""
TEST_CPU_S: Final = 3
SLOWER_AT_MOST: Final = 3
"""A test that takes so many times the processor's time that it took when watched has no end."""
CHILD_TIMEOUT_S: Final = 120
LATER_AT_MOST: Final = 10
"""So much longer may others on the machine, and what waits, make all tests of a mutant."""
_READ: Final = 1 << 16


@dataclass(slots=True)
class _Item:
    test: pytest.Item
    lines: set[tuple[str, int]] = field(default_factory=set)
    seconds: float = 0
    """Of the processor, when watched; 0 until then."""


@dataclass(slots=True)
class _Child:
    mutant: Mutant
    until: float
    said: bytes = b""


class Judge:
    """A plugin of pytest's that takes the place of its loop over the tests."""

    def __init__(self, mutants: Sequence[Mutant], workers: int, out: Path) -> None:
        self._mutants = mutants
        self._workers = workers
        self._out = out
        self._failed = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge every mutant; one line of JSON for each goes to the file."""
        assert not session.testsfailed, "the tests do not import"
        items = [_Item(test) for test in session.items]
        modules = {mutant.file: Path(mutant.file).resolve() for mutant in self._mutants}
        self._trace(items, modules)
        functions = _functions(set(map(str, modules.values())))
        gc.freeze()
        running: dict[int, _Child] = {}
        ends: dict[int, int] = {}
        with self._out.open("a", encoding="utf-8") as out:

            def say(child: _Child, verdict: Verdict, why: str) -> None:
                out.write(judged_line(str(child.mutant), verdict, why))
                out.flush()

            for mutant in self._mutants:
                path = str(modules[mutant.file])
                changed = _changed_code(path, Path(path).read_text("utf-8"), mutant.source)
                patches = [
                    (function, code)
                    for where, code in (changed or {}).items()
                    for function in functions.get((path, *where), ())
                ]
                touching = [item for item in items if _touches(item, mutant)]
                touching.sort(key=lambda item: item.seconds)
                limit = CHILD_TIMEOUT_S + LATER_AT_MOST * sum(one.seconds for one in touching)
                child = _Child(mutant, time.monotonic() + limit)
                if changed is None:
                    say(child, Verdict.BROKEN, "not in a function")
                    continue
                if not touching:
                    say(child, Verdict.SURVIVED, "no test of the room runs this")
                    continue
                while len(running) >= self._workers:
                    self._reap(running, ends, say)
                pid, end = _fork(lambda: self._run(touching, patches))  # noqa: B023 - run at once
                running[pid], ends[end] = child, pid
            while running:
                self._reap(running, ends, say)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first failure, of whichever phase."""
        if report.failed and not self._failed:
            self._failed = f"{report.nodeid} ({report.when})"

    def _run(self, items: Sequence[_Item], patches: Sequence[tuple[FunctionType, CodeType]]) -> str:
        for function, code in patches:
            function.__code__ = code
        for item, then in zip(items, [*items[1:], None], strict=True):
            after = None if then is None else then.test
            if item.seconds:
                limit = TEST_CPU_S + SLOWER_AT_MOST * item.seconds
                signal.setitimer(signal.ITIMER_PROF, limit)  # Its signal ends the process.
            item.test.config.hook.pytest_runtest_protocol(item=item.test, nextitem=after)
            if self._failed:
                return self._failed
        return ""

    def _trace(self, items: list[_Item], modules: Mapping[str, Path]) -> None:
        """Run each test once, sound: what it runs of the modules, and its seconds of processor."""
        names = {str(path): name for name, path in modules.items()}

        def run() -> str:
            found = []
            for item in items:
                began = time.process_time()
                with _traced(names) as lines:
                    self._run([item], ())
                assert not self._failed, f"fails without a mutant: {self._failed}"
                found.append([time.process_time() - began, sorted(lines)])
            return json.dumps(found)

        _, end = _fork(run)
        told = b""
        while more := os.read(end, _READ):
            told += more
        os.close(end)
        os.wait()
        assert told, "the tests fail or end without a mutant"
        for item, (seconds, lines) in zip(items, json.loads(told), strict=True):
            item.seconds, item.lines = seconds, {(name, line) for name, line in lines}

    def _reap(
        self,
        running: dict[int, _Child],
        ends: dict[int, int],
        say: Callable[[_Child, Verdict, str], None],
    ) -> None:
        """Wait until a child has said something or its time is over."""
        now = time.monotonic()
        patience = max(0.0, min(child.until for child in running.values()) - now)
        ready, _, _ = select.select(list(ends), [], [], patience)
        for end in ready:
            pid = ends[end]
            if more := os.read(end, _READ):
                running[pid].said += more
                continue
            os.close(end)
            del ends[end]
            child = running.pop(pid)
            _, status = os.waitpid(pid, 0)
            say(child, *_verdict(status, child.said.decode()))
        for end, pid in list(ends.items()):
            if running[pid].until < time.monotonic():
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                os.close(end)
                del ends[end]
                say(running.pop(pid), Verdict.TIMED_OUT, "no end in its time")


def _verdict(status: int, said: str) -> tuple[Verdict, str]:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        return Verdict.TIMED_OUT, "no end in its time"
    if os.WIFSIGNALED(status) or os.WEXITSTATUS(status):
        return Verdict.BROKEN, f"status {status}: {said}"
    return (Verdict.KILLED, said) if said else (Verdict.SURVIVED, "")


def _fork(run: Callable[[], str]) -> tuple[int, int]:
    """A child that says into a pipe what ``run`` returns; its pid, and the end to read from."""
    end, into = os.pipe()
    pid = os.fork()
    if pid:
        os.close(into)
        return pid, end
    status = 1
    try:
        os.close(end)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY_MAX, CHILD_MEMORY_MAX))
        sys.setrecursionlimit(CHILD_DEPTH_MAX)
        said = run().encode()
        while said:
            said = said[os.write(into, said) :]
        status = 0
    finally:
        os._exit(status)


def _touches(item: _Item, mutant: Mutant) -> bool:
    return any((mutant.file, line) in item.lines for line in range(mutant.first, mutant.last + 1))


@contextmanager
def _traced(names: Mapping[str, str]) -> Iterator[set[tuple[str, int]]]:
    """The lines of these files that run meanwhile, as (module, line)."""
    lines: set[tuple[str, int]] = set()

    def local(frame: FrameType, _event: str, _: Any) -> Any:
        lines.add((names[frame.f_code.co_filename], frame.f_lineno))
        return local

    def each(frame: FrameType, event: str, _: Any) -> Any:
        return local(frame, event, _) if frame.f_code.co_filename in names else None

    before = sys.gettrace()
    sys.settrace(each)
    try:
        yield lines
    finally:
        sys.settrace(before)


_Where = tuple[str, int]
"""A function's qualified name and first line."""


def _functions(files: set[str]) -> dict[tuple[str, str, int], list[FunctionType]]:
    """Every live function of these files."""
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in files:
            code = thing.__code__
            key = (code.co_filename, code.co_qualname, code.co_firstlineno)
            found.setdefault(key, []).append(thing)
    return found


def _changed_code(path: str, sound: str, changed: str) -> dict[_Where, CodeType] | None:
    """What functions become; None if what runs on import becomes another."""
    before, after = (compile(text, path, "exec", dont_inherit=True) for text in (sound, changed))
    found: dict[_Where, CodeType] = {}
    if not _compare(before, after, found, on_import=True):
        return None
    return found


def _compare(
    before: CodeType, after: CodeType, found: dict[_Where, CodeType], *, on_import: bool
) -> bool:
    """Collect functions that differ; False if what runs on import does, or the shape."""
    inner = [code for code in before.co_consts if isinstance(code, CodeType)]
    inner_after = [code for code in after.co_consts if isinstance(code, CodeType)]
    if on_import and (_own(before) != _own(after) or len(inner) != len(inner_after)):
        return False
    if not on_import and before != after:
        found[before.co_qualname, before.co_firstlineno] = after
    if len(inner) != len(inner_after):
        return True
    return all(
        _compare(one, other, found, on_import=on_import and not _is_function(one))
        for one, other in zip(inner, inner_after, strict=True)
    )


def _own(code: CodeType) -> tuple[object, ...]:
    plain = tuple(repr(one) for one in code.co_consts if not isinstance(one, CodeType))
    return code.co_code, plain, code.co_names


def _is_function(code: CodeType) -> bool:
    """A function, a lambda or a comprehension, and not the body of a class."""
    return bool(code.co_flags & 0x2)  # CO_NEWLOCALS, which a class's body lacks


def main() -> int:
    """``forked.py WORKERS OUT ASKED TESTS…``: verdicts on the mutants named go to the end of OUT.

    ``ASKED`` is a file of JSON: the mutants' texts by module. What is in OUT is not judged again.
    """
    workers, out, asked, *tests = sys.argv[1:]
    done = read_judged(Path(out))
    mutants = [
        mutant
        for file, wanted in json.loads(Path(asked).read_text("utf-8")).items()
        for mutant in mutants_of(file, Path(file).read_text("utf-8"))
        if str(mutant) in wanted and str(mutant) not in done
    ]
    if not mutants:
        return 0
    how = (*PLAIN, "--hypothesis-profile=mutants")
    return int(pytest.main([*how, *tests], plugins=[Judge(mutants, int(workers), Path(out))]))


if __name__ == "__main__":
    sys.exit(main())
