"""Registrations of sources and changes to them, pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

from ledger.events.catalogue import TYPES
from ledger.events.credentials.model import State
from ledger.events.errors import SourceSpecInvalid
from ledger.events.model import (
    HOURLY_BUDGET_DEFAULT,
    LATENESS_DAYS_DEFAULT,
    Authority,
    FieldKind,
    Source,
)
from ledger.kernel.canonical import Json, digest
from ledger.members.model import ISSUER_LENGTH_MAX

SECRET_LENGTH_MIN: Final = 16
SECRET_LENGTH_MAX: Final = 512
OVERLAP_DEFAULT: Final = timedelta(hours=24)
"""How long the secret before goes on being accepted after a rotation."""
IMPORT_PROFILE: Final = "import"
INTERNAL_PROFILE: Final = "internal"
"""Of sources in whose name only this program states anything."""
INTERNAL_ADDRESS: Final = "urn:vklad:"
"""How the address of each of them begins."""
INTERNAL_NAMES: Final = frozenset({"thanks"})
INTERNAL_TYPES: Final = frozenset({"club.thanks.given"})
"""Types that no other source states, whatever its registration allows."""
LATENESS_DAYS_MAX: Final = 36_500
BUDGET_MAX: Final = 10_000_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z", re.ASCII)
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z", re.ASCII)
_URI_LENGTH_MAX: Final = 512


class SecretBox(Protocol):
    """Keeps a secret so that the database alone does not give it away."""

    def seal(self, secret: str) -> bytes:
        """The sealed form."""
        ...

    def unseal(self, sealed: bytes) -> str:
        """The secret again."""
        ...


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as it shall be. ``name`` identifies it to people and in paths."""

    name: str
    uri: str
    profile: str
    authority: Authority = field(default_factory=Authority)
    lateness_days: int = LATENESS_DAYS_DEFAULT
    hourly_budget: int = HOURLY_BUDGET_DEFAULT
    state: Literal["active", "suspended"] = "active"

    def content(self) -> dict[str, Json]:
        """The JSON form that is kept, shown and approved by its digest."""
        return {
            "name": self.name,
            "uri": self.uri,
            "profile": self.profile,
            "state": self.state,
            "lateness_days": self.lateness_days,
            "hourly_budget": self.hourly_budget,
            "authority": authority_content(self.authority),
        }

    def content_digest(self) -> bytes:
        """What an approver approves."""
        return digest(self.content())


@dataclass(frozen=True, slots=True)
class ProposeSource:
    """Ask for a source to be registered or changed; another admin approves."""

    spec: SourceSpec
    proposed_by: UUID


@dataclass(frozen=True, slots=True)
class DecideSource:
    """An admin's yes or no to a change as read: by the digest of its content."""

    change_id: UUID
    content_digest: bytes
    decided_by: UUID


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A proposed registration or change."""

    change_id: UUID
    spec: SourceSpec
    content_digest: bytes
    state: Literal["draft", "approved", "rejected"]
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class AddSecret:
    """Propose one more secret; once another admin approves it, those before end after ``overlap``.

    ``issued_by``: the admin who sees it, and who therefore does not approve it.
    """

    source: str
    secret: str
    issued_by: UUID
    overlap: timedelta = OVERLAP_DEFAULT


@dataclass(frozen=True, slots=True)
class SecretSummary:
    """A secret without the secret; it works from its approval to ``expires_at``.

    ``approved_by`` is ``None`` too where it worked before two persons were asked.
    """

    secret_id: UUID
    issued_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    state: State
    approved_by: UUID | None


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source with the secrets that prove it is they, newest first."""

    source: Source
    secrets: tuple[str, ...]


def check_spec(spec: SourceSpec) -> SourceSpec:
    """The registration itself, if it can be one.

    Raises:
        SourceSpecInvalid: names the field.
    """
    _require(bool(_NAME.match(spec.name)), "name", "is small letters, digits and dashes")
    _require(bool(_NAME.match(spec.profile.replace("_", "-"))), "profile", "is no profile's name")
    _require(
        0 < len(spec.uri) <= _URI_LENGTH_MAX and spec.uri.isprintable() and " " not in spec.uri,
        "uri",
        f"is 1 to {_URI_LENGTH_MAX} visible characters",
    )
    _require(
        0 <= spec.lateness_days <= LATENESS_DAYS_MAX,
        "lateness_days",
        f"is 0 to {LATENESS_DAYS_MAX}",
    )
    _require(0 < spec.hourly_budget <= BUDGET_MAX, "hourly_budget", f"is 1 to {BUDGET_MAX}")
    for provider, issuer in spec.authority.issuers.items():
        _require(
            0 < len(issuer) <= ISSUER_LENGTH_MAX and issuer.isprintable(),
            f"authority.issuers.{provider}",
            f"is 1 to {ISSUER_LENGTH_MAX} visible characters",
        )
    for event_type, fields in spec.authority.declared.items():
        _require(event_type not in TYPES, "authority.declared", f"redefines {event_type}")
        _require(
            all(_WORD.match(name) for name in fields),
            f"authority.declared.{event_type}",
            "has fields of small letters, digits and _",
        )
    return spec


def require_external(spec: SourceSpec) -> SourceSpec:
    """The registration itself, if nothing of it is kept for sources of this program.

    Raises:
        SourceSpecInvalid: names the field.
    """
    _require(spec.name not in INTERNAL_NAMES, "name", "is kept for a source of this program")
    _require(
        not spec.uri.lower().startswith(INTERNAL_ADDRESS),
        "uri",
        f"does not begin with {INTERNAL_ADDRESS}, which is kept for sources of this program",
    )
    _require(spec.profile != INTERNAL_PROFILE, "profile", "is kept for sources of this program")
    return spec


def is_internal(source: Source) -> bool:
    """Whether only this program states anything in its name, whatever it is registered as."""
    return source.profile == INTERNAL_PROFILE or source.uri.startswith(INTERNAL_ADDRESS)


def authority_content(authority: Authority) -> dict[str, Json]:
    """The JSON form of an authority."""
    return {
        "types": list(authority.types),
        "issuers": dict(authority.issuers),
        "attributes": list(authority.attributes),
        "declared": {
            event_type: {name: kind.value for name, kind in fields.items()}
            for event_type, fields in authority.declared.items()
        },
    }


def read_spec(content: Json) -> SourceSpec:
    """Back from :meth:`SourceSpec.content`, and from a file somebody wrote.

    Raises:
        SourceSpecInvalid: a field is missing, unknown or of another kind.
    """
    known = {"name", "uri", "profile", "state", "lateness_days", "hourly_budget", "authority"}
    fields = _mapping(content, "the registration")
    for name in fields:
        _require(name in known, name, "is not a field of a source")
    state = fields.get("state", "active")
    return check_spec(
        SourceSpec(
            name=_text(fields, "name"),
            uri=_text(fields, "uri"),
            profile=_text(fields, "profile"),
            authority=read_authority(fields.get("authority", {})),
            lateness_days=_number(fields, "lateness_days", LATENESS_DAYS_DEFAULT),
            hourly_budget=_number(fields, "hourly_budget", HOURLY_BUDGET_DEFAULT),
            state="suspended" if state == "suspended" else "active",
        )
    )


def read_authority(content: Json) -> Authority:
    """Back from :func:`authority_content`.

    Raises:
        SourceSpecInvalid: a field is of another kind.
    """
    fields = _mapping(content, "authority")
    issuers = _mapping(fields.get("issuers", {}), "authority.issuers")
    declared = _mapping(fields.get("declared", {}), "authority.declared")
    return Authority(
        types=_texts(fields.get("types", []), "authority.types"),
        issuers={name: str(issuer) for name, issuer in issuers.items()},
        attributes=_texts(fields.get("attributes", []), "authority.attributes"),
        declared={event_type: _fields(inner, event_type) for event_type, inner in declared.items()},
    )


def _fields(content: Json, event_type: str) -> dict[str, FieldKind]:
    place = f"authority.declared.{event_type}"
    kinds = {kind.value for kind in FieldKind}
    read = {}
    for name, kind in _mapping(content, place).items():
        _require(kind in kinds, f"{place}.{name}", f"is one of {', '.join(sorted(kinds))}")
        read[name] = FieldKind(str(kind))
    return read


def _mapping(content: Json, place: str) -> Mapping[str, Json]:
    if not isinstance(content, Mapping):
        raise SourceSpecInvalid(f"{place} is an object.", field=place)
    return content


def _texts(content: Json, place: str) -> tuple[str, ...]:
    if isinstance(content, str) or not isinstance(content, Sequence):
        raise SourceSpecInvalid(f"{place} is a list.", field=place)
    return tuple(str(item) for item in content)


def _text(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise SourceSpecInvalid(f"{name} is missing or no text.", field=name)
    return value


def _number(fields: Mapping[str, Json], name: str, default: int) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise SourceSpecInvalid(f"{name} is a whole number.", field=name)
    return value


def _require(holds: bool, field: str, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not holds:
        raise SourceSpecInvalid(f"{field} {what}.", field=field)
