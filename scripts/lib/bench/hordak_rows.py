"""``post_vs_hordak_bulk`` and ``post_vs_hordak_single``: against django-hordak 2.

Its environment is the bench's own, ``.vklad/bench/hordak``, from ``hordak.txt``; never a dependency
of the product. It stands on the same server, in a database of its own, equally safe.
One by one, both sides have 8 clients, each of which waits for its answer before it asks again. The
prototype's fifty-fold was batches of a thousand against that: a row for information.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import posting
import singles
from rows import AnyRow, Pair, Row
from server import BenchServer, Say

from api.settings import process_environment

PAIRS: Final = 5
BATCHES: Final = 5
CLIENTS: Final = 8
ROUND_S: Final = 3.0
_HERE: Final = Path(__file__).parent
_FOLDER: Final = _HERE.parents[2] / ".vklad" / "bench" / "hordak"


@dataclass
class Hordak:
    """The peer's process."""

    process: subprocess.Popen[str]
    versions: dict[str, str]

    def ask(self, **asked: Any) -> Any:
        """One round."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def hordak_rows(
    server: BenchServer, first_award: int, after: Callable[[], list[str]], say: Say
) -> tuple[list[AnyRow], int]:
    """Both rows, and the number of awards posted by then; ``after`` looks for faults."""
    with running_hordak(server, say) as hordak:
        say(f"hordak: {hordak.versions}, bulk_create in atomic; transfer_to, {CLIENTS} processes")
        ours = posting.Ours(server.database)
        bulk, faults, number = [], list[str](), first_award
        for place in range(PAIRS + 1):
            batches = [
                posting.drafts(number + each * posting.BATCH, posting.BATCH)
                for each in range(BATCHES)
            ]
            count = BATCHES * posting.BATCH
            number += count
            asked = {"kind": "bulk", "batches": BATCHES, "size": posting.BATCH}
            if place % 2:
                mine, theirs = ours.post(batches), hordak.ask(**asked)
            else:
                theirs, mine = hordak.ask(**asked), ours.post(batches)
            bulk.append(Pair(count / mine, count / theirs))
            say(f"  hordak bulk {place}: {bulk[-1].ours:,.0f} / {bulk[-1].theirs:,.0f}")
        single, made = [], 0
        with singles.running_callers(server, say, CLIENTS) as callers:
            for place in range(PAIRS + 1):
                asked = {"kind": "single", "clients": CLIENTS, "seconds": ROUND_S}
                if place % 2:
                    mine_, theirs_ = callers.awards(ROUND_S), hordak.ask(**asked)
                else:
                    theirs_, mine_ = hordak.ask(**asked), callers.awards(ROUND_S)
                made += theirs_
                single.append(Pair(mine_ / ROUND_S, theirs_ / ROUND_S))
                say(f"  hordak single {place}: {single[-1].ours:,.0f} / {single[-1].theirs:,.0f}")
                if not place:
                    server.analyse()
        rows, points = hordak.ask(kind="sums")
    batch_points = sum(1 + number_ % 50 for number_ in range(posting.BATCH))
    posted = (PAIRS + 1) * BATCHES
    if (rows, points) != (posted * posting.BATCH + made, posted * batch_points + made):
        faults.append(f"the peer holds {rows} transactions of {points} points")
    faults += after()
    against = f"django-hordak {hordak.versions['django-hordak']}"
    one_by_one = f"{against} one by one, 8 clients; ours by the thousand, of the rounds before"
    mixed = [Pair(a.ours, b.theirs) for a, b in zip(bulk[1:], single[1:], strict=True)]
    return [
        Row("post_vs_hordak_bulk", "awards/s", f"{against}, bulk_create", 10, bulk[1:], faults),
        Row(
            "post_vs_hordak_single",
            "awards/s",
            f"{against}, 8 clients a side",
            50,
            single[1:],
            faults,
        ),
        Row("batches_vs_hordak_single", "awards/s", one_by_one, None, mixed, faults),
    ], number


@contextmanager
def running_hordak(server: BenchServer, say: Say) -> Iterator[Hordak]:
    """Its process over an empty database, tables made."""
    python = _environment(say)
    url = server.another_database("hordak").replace("postgresql+psycopg", "postgresql")
    process = subprocess.Popen(
        [python, _HERE / "hordak_peer.py", url],
        env=process_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Hordak(process, json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(30)


def _environment(say: Say) -> Path:
    wanted = (_HERE / "hordak.txt").read_text()
    stamp, python = _FOLDER / "installed.txt", _FOLDER / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        say(f"installing the peer into {_FOLDER} …")
        venv.create(_FOLDER, clear=True, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--no-deps", "-r", _HERE / "hordak.txt"],
            check=True,
            stdout=sys.stderr,
            timeout=600,
        )
        stamp.write_text(wanted)
    return python
