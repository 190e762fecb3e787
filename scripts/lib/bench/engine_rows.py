"""``scripts/bench engine``: posting, scoring, verifying, each beside its peer or its limit.

A part has a server of its own, with fsync on, and its ledger must verify afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import singles
from history_rows import history_rows
from hordak_rows import hordak_rows
from posting import create_members, put_behind
from posting_rows import JournalBench, growth_rows, post_vs_copy, verify_rows
from rows import AnyRow, Pair, Row
from scoring_rows import replay_rows, worker_rows
from server import Say, faults_afterwards, running_server
from tigerbeetle_rows import tigerbeetle_rows

from ledger.kernel.collector import collect_rarely

FULL: Final = 1_000_000
SHORT: Final = 100_000
PAIRS: Final = 5
ROUND_S: Final = 3.0


def engine_rows(say: Say, *, full: bool, only: str | None) -> list[AnyRow]:
    """All rows, or those of one part; ``full`` takes 10⁶ events and entries, else a tenth."""
    collect_rarely()  # As in a worker; the callers of single awards do so too.
    size = FULL if full else SHORT
    if not full:
        say(f"growth and replay at {SHORT:,}; --full takes {FULL:,}")
    rows: list[AnyRow] = []
    for name, part in PARTS.items():
        if only in {None, name}:
            say(f"── {name}")
            rows += part(size, say)
    return rows


def _journal(_: int, say: Say) -> list[AnyRow]:
    with running_server(say) as server:
        bench = JournalBench(server, say)
        return post_vs_copy(bench) + verify_rows(bench)


def _hordak(_: int, say: Say) -> list[AnyRow]:
    with running_server(say) as server:
        number = 0

        def after() -> list[str]:
            create_members(server.database, 0, HORDAK_AWARDS_MAX)
            put_behind(server.database, 0)
            return faults_afterwards(server.database, say)

        rows, number = hordak_rows(server, number, after, say)
        assert number <= HORDAK_AWARDS_MAX, "more awards than members for them"
        return rows


def _singles(_: int, say: Say) -> list[AnyRow]:
    with running_server(say) as server, singles.running_callers(server, say) as callers:
        pairs = []
        for number in range(PAIRS + 1):
            if number % 2:
                mine, theirs = callers.awards(ROUND_S), callers.inserts(ROUND_S)
            else:
                theirs, mine = callers.inserts(ROUND_S), callers.awards(ROUND_S)
            pairs.append(Pair(mine / ROUND_S, theirs / ROUND_S))
            say(f"  single {number}: {pairs[-1].ours:,.0f} / {pairs[-1].theirs:,.0f}")
            if not number:
                server.analyse()
        put_behind(server.database, 0)
        faults = callers.differences(server) + faults_afterwards(server.database, say)
        against = "single-row INSERT with COMMIT, 8 clients"
        return [Row("single64_vs_insert8", "awards/s", against, 2, pairs[1:], faults)]


def _replay(size: int, say: Say) -> list[AnyRow]:
    with running_server(say) as server:
        return replay_rows(server, size, say)


def _workers(_: int, say: Say) -> list[AnyRow]:
    with running_server(say) as server:
        return worker_rows(server, say)


def _history(_: int, say: Say) -> list[AnyRow]:
    with running_server(say) as server:
        return history_rows(server, say)


def _growth(size: int, say: Say) -> list[AnyRow]:
    with running_server(say) as server:
        return growth_rows(server, size, say)


def _tigerbeetle(_: int, say: Say) -> list[AnyRow]:
    return tigerbeetle_rows(say)


HORDAK_AWARDS_MAX: Final = 100_000
PARTS: Final[Mapping[str, Callable[[int, Say], list[AnyRow]]]] = {
    "journal": _journal,
    "tigerbeetle": _tigerbeetle,
    "hordak": _hordak,
    "singles": _singles,
    "workers": _workers,
    "replay": _replay,
    "history": _history,
    "growth": _growth,
}
"""Parts by name, for ``--only``."""
