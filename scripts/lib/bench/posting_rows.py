"""Rows about the journal: ``post_vs_copy``, ``growth_*``, ``verify_postings_per_s``, ``proof_ms``.

All over one database that grows; the peer's raw tables stand on the same server.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import posting
import psycopg
import sqlalchemy as sa
from rows import AnyRow, Figure, Pair, Row
from server import BenchServer, Say

from api.cli.ledger import CHECKS, PROCESSES_MAX
from api.log_keys import open_log_signer
from ledger.kernel.transaction import Database
from ledger.log import service as log
from ledger.lots import service as lots
from ledger.verify.service import verify

PAIRS: Final = 7
BATCHES: Final = 10
SMALL: Final = 10_000
WINDOW: Final = 10
"""Batches, or reads by tens, that make one figure of growth."""
READS: Final = 200
VERIFIED: Final = 50_000
PROOFS: Final = 50


@dataclass
class JournalBench:
    """The growing journal: how many awards it holds, and what was found wrong."""

    server: BenchServer
    say: Say
    posted: int = 0
    backed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """The product's."""
        return self.server.database

    def batches(self, count: int) -> list[list[posting.EntryDraft]]:
        """The next drafts, made outside of any measured time."""
        made = [
            posting.drafts(self.posted + each * posting.BATCH, posting.BATCH)
            for each in range(count)
        ]
        self.posted += count * posting.BATCH
        return made

    def put_behind(self) -> None:
        """Members, lots, awards and revisions of what was posted since the last call."""
        posting.create_members(self.database, self.backed, self.posted - self.backed)
        with self.database.engine.connect() as connection:
            end = connection.execute(sa.text("SELECT sequence FROM journal_head")).scalar_one()
        if end:
            posting.put_behind(self.database, self.backed)
        self.server.analyse()
        self.backed = self.posted

    def verify(self) -> float:
        """Seconds of the whole `ledger verify`; what it finds is a fault."""
        began = time.perf_counter()
        report = verify(self.database, CHECKS, processes=PROCESSES_MAX)
        seconds = time.perf_counter() - began
        self.faults += [str(finding) for finding in report.findings]
        return seconds


def post_vs_copy(bench: JournalBench) -> list[AnyRow]:
    """Posting against COPY of the same rows."""
    bench.say(
        f"peer: COPY by psycopg {psycopg.__version__} in binary, packed before the clock starts, "
        "the same indexes and balances, no locks, reads, hashes or constraints"
    )
    url = bench.server.another_database("raw").replace("+psycopg", "")
    ours, pairs = posting.Ours(bench.database), []
    with psycopg.connect(url) as connection:
        raw = posting.RawCopy(connection)
        raw.create()
        for number in range(PAIRS + 1):
            batches = bench.batches(BATCHES)
            sides = (ours.post, raw.post) if number % 2 else (raw.post, ours.post)
            took = {side: side(batches) for side in sides}
            count = BATCHES * posting.BATCH
            pairs.append(Pair(count / took[ours.post], count / took[raw.post]))
            bench.say(f"  copy {number}: {pairs[-1].ours:,.0f} / {pairs[-1].theirs:,.0f}")
        theirs = posting.raw_sums(connection)
    faults = []
    if posting.sums(bench.database) != theirs:
        faults.append(f"ours holds {posting.sums(bench.database)}, the peer {theirs}")
    bench.put_behind()
    bench.verify()
    return [Row("post_vs_copy", "awards/s", "raw COPY", 1.0, pairs[1:], faults + bench.faults)]


def verify_rows(bench: JournalBench) -> list[AnyRow]:
    """The whole of `ledger verify`, and an inclusion proof, at the size that is there."""
    log_signer = open_log_signer(bench.server.state)
    log.publish(bench.database, log_signer)
    bench.server.analyse()
    rates = [bench.posted / bench.verify() for _ in range(3)]
    proofs = _proof_times(bench.database)
    cores = f"{PROCESSES_MAX} processes on {os.cpu_count()} cores"
    checks = f"the whole verify, {len(CHECKS)} checks, {cores}, {bench.posted:,} awards"
    return [
        Figure("verify_postings_per_s", "postings/s", checks, 100_000, rates, bench.faults),
        Figure("proof_ms", "ms", f"{bench.posted:,} entries", 5, proofs, [], at_most=True),
    ]


def _proof_times(database: Database) -> list[float]:
    with database.engine.connect() as connection:
        entries: Sequence[UUID] = (
            connection.execute(
                sa.text("SELECT entry_id FROM transfers ORDER BY hash LIMIT :count"),
                {"count": PROOFS},
            )
            .scalars()
            .all()
        )
    times = []
    for entry_id in entries:
        began = time.perf_counter()
        with database.read() as work:
            log.prove(work, entry_id)
        times.append((time.perf_counter() - began) * 1_000)
    return times


def growth_rows(server: BenchServer, size: int, say: Say) -> list[AnyRow]:
    """Posting and reading at 10⁴ entries and at ``size``."""
    bench = JournalBench(server, say)
    post_small, read_small = _figures(bench, SMALL)
    post_large, read_large = _figures(bench, size)
    bench.verify()
    against = f"its own figure at {SMALL:,} entries, here at {size:,}"
    pairs = [Pair(large, small) for large, small in zip(post_large, post_small, strict=True)]
    reads = [Pair(large, small) for large, small in zip(read_large, read_small, strict=True)]
    return [
        Row("growth_post", "awards/s", against, 0.8, pairs, bench.faults),
        Row("growth_read", "reads/s", against, 0.8, reads, bench.faults),
    ]


def _figures(bench: JournalBench, size: int) -> tuple[list[float], list[float]]:
    """Batches a second and members' positions a second, around a size; sorted, to be paired."""
    ours = posting.Ours(bench.database)
    while bench.posted < size - WINDOW * posting.BATCH // 2:
        ours.post(bench.batches(1))
        if bench.posted % 100_000 == 0:
            bench.say(f"  {bench.posted:,} awards")
    posts = sorted(posting.BATCH / ours.post(bench.batches(1)) for _ in range(WINDOW))
    bench.put_behind()
    whose = [
        posting.member(number * 7_919 % (bench.posted // posting.AWARDS_A_MEMBER))
        for number in range(READS)
    ]
    reads = []
    for _ in range(WINDOW):
        began = time.perf_counter()
        for member_id in whose:
            with bench.database.read() as work:
                lots.summary(work, member_id, work.now)
        reads.append(READS / (time.perf_counter() - began))
    bench.say(f"  at {size:,}: {statistics.median(posts):,.0f} awards/s")
    return posts, sorted(reads)
