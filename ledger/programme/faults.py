"""What is wrong with a programme file, said so that its writer can put it right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.programme.source import Path

FAULTS_SHOWN_MAX: Final = 50


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong: where, in which field, what, and an example that is right."""

    line: int
    column: int
    field: str
    wrong: str
    example: str

    def __str__(self) -> str:
        """``12:5: rules[0].points: … Right would be: points: 2.3``."""
        where = f"{self.line}:{self.column}: {self.field or 'the file'}"
        return f"{where}: {self.wrong}. Right would be: {self.example}"


class ProgrammeInvalid(VkladError):
    """A programme file that cannot be taken; ``faults`` says everything that is wrong with it."""

    code = "programme_invalid"
    kind = ErrorKind.INVALID

    def __init__(self, found: Sequence[Fault]) -> None:
        shown = sorted(set(found))[:FAULTS_SHOWN_MAX]
        super().__init__(
            f"The programme has {len(set(found))} fault(s); the first at {shown[0]}",
            faults=[
                {
                    "line": fault.line,
                    "column": fault.column,
                    "field": fault.field,
                    "wrong": fault.wrong,
                    "example": fault.example,
                }
                for fault in shown
            ],
        )
        self.found: tuple[Fault, ...] = tuple(shown)


def field_text(path: Path) -> str:
    """``rules[0].limit.count``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
