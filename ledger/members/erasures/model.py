"""An erasure as it is written down and listed. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id, parse_id

RequestedBy = Literal["member", "operator", "list"]


class ErasureListMalformed(VkladError):
    """A line that is no erasure."""

    code = "erasure_list_malformed"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Erasure:
    """Who was forgotten: a member's random id and those of the identities that were theirs."""

    member_id: UUID
    references: tuple[UUID, ...]
    requested_by: RequestedBy
    erased_at: datetime


def to_line(erasure: Erasure) -> str:
    """One line of the list, JSON."""
    return json.dumps(
        {
            "member": format_id("mem", erasure.member_id),
            "identities": [format_id("idn", reference) for reference in erasure.references],
            "erased_at": Instant.of(erasure.erased_at).isoformat(),
        }
    )


def from_lines(lines: Iterable[str]) -> Iterator[Erasure]:
    """The erasures of a list.

    Raises:
        ErasureListMalformed: with the number of the line.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            yield Erasure(
                parse_id("mem", found["member"]),
                tuple(parse_id("idn", text) for text in found["identities"]),
                "list",
                Instant.parse(found["erased_at"]).floor_datetime(),
            )
        except (ValueError, KeyError, TypeError, VkladError) as error:
            raise ErasureListMalformed(f"Line {number} is no erasure.", line=number) from error
