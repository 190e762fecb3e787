"""What speaks for a source, as two persons agreed on it: secrets, keys, origins of pages. Pure.

    propose ──▶ draft ──approve by another person──▶ approved: it works from now on
                  └──reject, or take back──▶ rejected: it never works

The secret itself is shown once, to whoever proposed it; it is not here. Ending one that works is no
decision about it: that takes one person, and is where secrets and keys are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id

Kind = Literal["secret", "key", "origin"]
State = Literal["draft", "approved", "rejected"]
ID_PREFIXES: Final[dict[Kind, str]] = {"secret": "sec", "key": "key", "origin": "org"}
"""How the id of each kind begins in its text form."""


@dataclass(frozen=True, slots=True)
class ProposeCredential:
    """Ask that a secret or key, which exists and does not work yet, may speak for a source.

    ``terms``: what else it is, as it shall be shown, kept and approved by its digest.
    """

    credential_id: UUID
    kind: Kind
    source: str
    terms: Mapping[str, Json]
    proposed_by: UUID


@dataclass(frozen=True, slots=True)
class ApproveCredential:
    """An admin's yes to a credential as read: by the digest of its content."""

    credential_id: UUID
    content_digest: bytes
    approved_by: UUID


@dataclass(frozen=True, slots=True)
class RejectCredential:
    """An admin's no, or the proposer taking it back."""

    credential_id: UUID
    rejected_by: UUID


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret or key of a source, and who stands for it.

    ``inherited``: it worked before two persons were asked; nobody approved it.
    ``announced_until``: where there was one admin, the proposer may approve from then on.
    """

    credential_id: UUID
    kind: Kind
    source: str
    content: Mapping[str, Json]
    content_digest: bytes
    state: State
    inherited: bool
    proposed_by: UUID | None
    proposed_at: datetime
    announced_until: datetime | None
    decided_by: UUID | None
    decided_at: datetime | None


def id_text(credential: Credential) -> str:
    """``sec_…``, ``key_…`` or ``org_…``: the id it has wherever it is named."""
    return format_id(ID_PREFIXES[credential.kind], credential.credential_id)


def id_of(text: str) -> UUID:
    """Back from :func:`id_text`.

    Raises:
        BadId: it is none of them.
    """
    prefix = text.partition("_")[0]
    return parse_id(prefix if prefix in ID_PREFIXES.values() else ID_PREFIXES["secret"], text)


def content_of(command: ProposeCredential) -> dict[str, Json]:
    """What is kept and approved by its digest: which one, for whom, of whom, and its terms."""
    return {
        **command.terms,
        "id": str(command.credential_id),
        "kind": command.kind,
        "source": command.source,
        "proposed_by": str(command.proposed_by),
    }
