"""From the shape of what purchases do to its values."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.kernel.canonical import Json
from ledger.programme.model_commerce import Reduction
from ledger.programme.schema_commerce import ReductionFile, SplitsFile
from ledger.programme.sections import section_json


def reductions(files: Sequence[ReductionFile]) -> tuple[Reduction, ...]:
    """What goes back with a purchase."""
    return tuple(
        Reduction(
            rules=tuple(file.rules),
            on=file.on,
            key=file.key,
            whole=file.whole,
            part=file.part,
            once_per=file.once_per,
            takes=file.takes or 0,
            to=file.to,
        )
        for file in files
    )


def splits(file: SplitsFile | None) -> dict[str, Json] | None:
    """The section in JSON, for the room that shares."""
    section = None if file is None else section_json(file)
    assert section is None or isinstance(section, dict), "a section is a mapping"
    return section
