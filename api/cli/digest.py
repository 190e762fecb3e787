"""`vklad digest`: one number for what a file of events of any size is worth under a programme.

Memory holds a part of the members at a time, never the file:

    events ──by who takes part──▶ parts on disk ──workers──▶ sorted rows on disk ──merge──▶ SHA-256

A row is the canonical JSON of (event or period, rule, beneficiary, points, excess); rows are sorted
by their bytes, so neither the order of events nor the number of parts or workers changes anything.
"""

from __future__ import annotations

import hashlib
import heapq
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from api.cli.score import read_programme
from ledger.kernel.canonical import Json, canonical_json
from ledger.scoring.history import first_received, retracted_by, settle
from ledger.scoring.lines import BadLine, fact_of_line
from ledger.scoring.model import RETRACTED, Activation, Entitlement, EventCause, Fact
from ledger.scoring.plan import Plan
from ledger.scoring.project import participants, project_member

PARTS: Final = 128
"""A million events come in parts of some ten thousand, whoever many workers there are."""
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Counted:
    """What a file came to."""

    digest: str
    awards: int
    events: int
    faults: int
    peaks_mib: tuple[int, ...] = field(compare=False)
    """The most memory of this process and of each other."""


def digest(
    *,
    programme: Annotated[Path, typer.Option(help="The programme, a YAML file.")],
    events: Annotated[Path, typer.Option(help="CloudEvents, one JSON a line.")],
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes side by side.")] = 1,
) -> None:
    """Print the digest of everything that a file of events is worth."""
    found = digest_of(programme, events, workers)
    typer.echo(f"{found.digest}  {found.awards} awards of {found.events} events")
    said = ", ".join(str(each) for each in found.peaks_mib)
    typer.echo(f"peak memory {sum(found.peaks_mib)} MiB in all: {said}", err=True)
    if found.faults:
        typer.echo(f"{found.faults} lines are no events", err=True)
        raise typer.Exit(1)


def digest_of(programme: Path, events: Path, workers: int) -> Counted:
    """The digest of what a file is worth under one programme, worked out by several processes."""
    with tempfile.TemporaryDirectory(prefix="vklad-digest-") as place:
        folder = Path(place)
        plan = Plan([Activation(read_programme(programme))])
        with events.open("rb") as lines:
            counted, faults = _divide(lines, plan, folder)
        if workers == 1:
            awards, peaks = _work_out_every(1, 0, folder, programme), list[int]()
        else:
            awards, peaks = _in_processes(workers, folder, programme)
        result = _merged(folder)
        return Counted(result, awards, counted, faults, (_peak_mib(), *peaks))


def _divide(lines: Iterable[bytes], plan: Plan, folder: Path) -> tuple[int, int]:
    """Write each event to the parts of those who take part in it; how many, and bad lines.

    A retraction goes to every part. Of several with one (source, id) the first is kept.
    """
    seen: set[bytes] = set()
    faults = 0
    with ExitStack() as stack:
        parts = [stack.enter_context(_part(folder, each).open("wb")) for each in range(PARTS)]
        for raw in lines:
            if not raw.strip():
                continue
            try:
                fact = fact_of_line(raw)
            except BadLine:
                faults += 1
                continue
            key = _short(fact.source, fact.id)
            if key not in seen:
                seen.add(key)
                for each in _parts_of(fact, plan):
                    parts[each].write(raw.rstrip(b"\n") + b"\n")
    return len(seen), faults


def _parts_of(fact: Fact, plan: Plan) -> Iterable[int]:
    if fact.type == RETRACTED:
        return range(PARTS)
    return {_part_number(member) for member in participants(fact, plan)}


def _part_number(member: str) -> int:
    return int.from_bytes(_short(member)[:4]) % PARTS


def _short(*names: str) -> bytes:
    return hashlib.sha256("\0".join(names).encode()).digest()[:_ID_BYTES]


def _part(folder: Path, number: int) -> Path:
    return folder / f"{number}.jsonl"


def _in_processes(workers: int, folder: Path, programme: Path) -> tuple[int, list[int]]:
    """Have the parts worked out side by side; how many awards, and each one's peak memory.

    By programs that import this module alone: workers of ``multiprocessing`` begin with all that
    the command line has.
    """
    command = [sys.executable, "-m", "api.cli.digest", str(folder), str(programme), str(workers)]
    started = [
        subprocess.Popen([*command, str(each)], stdout=subprocess.PIPE)  # noqa: S603 - our own
        for each in range(workers)
    ]
    answers = [each.communicate()[0] for each in started]
    assert all(each.returncode == 0 for each in started), "a worker said why on standard error"
    found = [tuple(map(int, each.split())) for each in answers]
    return sum(awards for awards, _ in found), [peak for _, peak in found]


def _peak_mib() -> int:
    """The most memory that this program has had; what it was before ``exec`` does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _work_out_every(workers: int, first: int, folder: Path, programme: Path) -> int:
    """The parts of one worker: every so many, from the first."""
    return sum(_work_out(each, folder, programme) for each in range(first, PARTS, workers))


def _work_out(number: int, folder: Path, programme: Path) -> int:
    """Score the members of one part and leave their rows, sorted; how many."""
    plan = Plan([Activation(read_programme(programme))])
    with _part(folder, number).open("rb") as lines:
        received = first_received(fact_of_line(raw) for raw in lines)
    _part(folder, number).unlink()
    retractions = [each for each in received if each.type == RETRACTED]
    gone = retracted_by(retractions)
    by_member: dict[str, list[Fact]] = {}
    for fact in settle(received):
        if (fact.source, fact.id) not in gone:
            for member in participants(fact, plan):
                if _part_number(member) == number:
                    by_member.setdefault(member, []).append(fact)
    rows = sorted(
        _row(each)
        for member, facts in by_member.items()
        for each in project_member(member, facts, plan, closed_until=None)
    )
    with (folder / f"{number}.rows").open("wb") as file:
        file.writelines(rows)
    return len(rows)


def _row(entitlement: Entitlement) -> bytes:
    cause = entitlement.cause
    named: list[Json] = (
        [cause.source, cause.id] if isinstance(cause, EventCause) else [cause.period]
    )
    points, excess = entitlement.points.amount, entitlement.excess.amount
    row: list[Json] = [named, entitlement.rule, entitlement.beneficiary, points, excess]
    return canonical_json(row) + b"\n"


def _merged(folder: Path) -> str:
    """SHA-256 over all rows in order."""
    total = hashlib.sha256()
    with ExitStack() as stack:
        files: list[BinaryIO] = [
            stack.enter_context((folder / f"{each}.rows").open("rb")) for each in range(PARTS)
        ]
        merged: Iterator[bytes] = heapq.merge(*files)
        for row in merged:
            total.update(row)
    return total.hexdigest()


if __name__ == "__main__":
    _folder, _programme, _workers, _first = sys.argv[1:]
    _awards = _work_out_every(int(_workers), int(_first), Path(_folder), Path(_programme))
    sys.stdout.write(f"{_awards} {_peak_mib()}")
