"""Keeping programme versions and putting them in force.

A version is stored once, by the hash of its canonical form. It comes into force by an activation,
which is a fact and never taken back: two persons decide one, or a vote does. Forward only: events
(weekly: closes) at or after ``effective_at`` are scored by the new version. The first activation
may lie in the past, because nothing was scored before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal
from uuid import UUID

from ledger.kernel import outbox
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.programme import store
from ledger.programme.canonical import canonical_text
from ledger.programme.load import load_programme
from ledger.programme.model import Programme

CHANGE_PREFIX: Final = "pch"
ACTIVATED_TOPIC: Final = "programme.activated"
"""Outbox topic; the key is an activation's id: every member's facts are to be projected again."""


class UnknownProgramme(VkladError):
    """No stored version has this hash."""

    code = "unknown_programme"
    kind = ErrorKind.NOT_FOUND


class UnknownProgrammeChange(VkladError):
    """No proposed activation has this id."""

    code = "unknown_programme_change"
    kind = ErrorKind.NOT_FOUND


class ProgrammeChangeDecided(VkladError):
    """The proposed activation was approved or rejected before."""

    code = "programme_change_decided"
    kind = ErrorKind.CONFLICT


class ProgrammeChangeDiffers(VkladError):
    """The approver approved other content than what is proposed."""

    code = "programme_change_differs"
    kind = ErrorKind.CONFLICT


class ProgrammeNeedsAnotherPerson(VkladError):
    """Whoever proposed an activation may not approve it (DESIGN 3, rule 10)."""

    code = "programme_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class ActivationOutOfOrder(VkladError):
    """A version would take effect before the one in force did."""

    code = "activation_out_of_order"
    kind = ErrorKind.CONFLICT


class AlreadyInForce(VkladError):
    """The version to activate is the one that was activated last."""

    code = "programme_already_in_force"
    kind = ErrorKind.CONFLICT


class ProgrammeDiscontinuous(VkladError):
    """A version with another zone or period than the one activated last.

    Days and weeks would overlap or be left out, so scoring could not execute the two together.
    """

    code = "programme_discontinuous"
    kind = ErrorKind.CONFLICT


class NoProgrammeInForce(VkladError):
    """Nothing has been activated yet."""

    code = "no_programme_in_force"
    kind = ErrorKind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class StoreProgramme:
    """Keep a version; ``by`` says who brought it (a member's id, or a source of theirs)."""

    text: str
    by: str


@dataclass(frozen=True, slots=True)
class ProposeActivation:
    """Ask that a stored version come into force."""

    programme_hash: bytes
    effective_at: datetime
    proposed_by: UUID


@dataclass(frozen=True, slots=True)
class DecideActivation:
    """The second person's word on exactly the content that hashes to ``content_hash``."""

    change_id: UUID
    decision: Literal["approved", "rejected"]
    content_hash: bytes
    decided_by: UUID


@dataclass(frozen=True, slots=True)
class Activate:
    """Put a version in force at the greater of ``effective_at`` and, unless the first, now."""

    programme_hash: bytes
    effective_at: datetime
    cause: Json


@dataclass(frozen=True, slots=True)
class InForce:
    """A version and the fact that put it in force."""

    programme: Programme
    activation: store.StoredActivation


def store_programme(work: Work, command: StoreProgramme) -> Programme:
    """Check a programme's text and keep it. Storing the same meaning again changes nothing.

    Raises:
        ProgrammeInvalid: every fault that was found.
    """
    programme = load_programme(command.text)
    stored = store.StoredProgramme(
        programme.programme_hash, programme.name, programme.version, command.text, work.now
    )
    store.insert_programme(work, stored, canonical_text(programme), command.by)
    return programme


def propose_activation(work: Work, command: ProposeActivation) -> store.StoredChange:
    """Ask for an activation; it takes effect when another admin approves.

    Raises:
        NotAnAdmin: of whoever proposes.
        UnknownProgramme: no such version is stored.
        ProgrammeDiscontinuous: its zone or period is not that of the version activated last.
    """
    members.require_admin(work, command.proposed_by)
    stored = _require_programme(work, command.programme_hash)
    _refuse_discontinuity(stored, store.activations(work))
    change = store.StoredChange(
        change_id=work.ids.new(work.now),
        programme_hash=command.programme_hash,
        name=stored.name,
        version=stored.version,
        effective_at=command.effective_at,
        mode="forward",
        content_hash=content_hash(command.programme_hash, command.effective_at, "forward"),
        proposed_by=command.proposed_by,
        proposed_at=work.now,
        decision=None,
        decided_by=None,
    )
    store.insert_change(work, change)
    return change


def decide_activation(work: Work, command: DecideActivation) -> store.StoredChange:
    """Approve or reject; approving activates in the same transaction.

    Raises:
        NotAnAdmin: of whoever decides.
        UnknownProgrammeChange: nothing of this id was proposed.
        ProgrammeNeedsAnotherPerson: the proposer approves their own.
        ProgrammeChangeDiffers: the hash is of other content.
        ProgrammeChangeDecided: it was decided before.
        AlreadyInForce, ActivationOutOfOrder, ProgrammeDiscontinuous: what is in force changed
            meanwhile.
    """
    members.require_admin(work, command.decided_by)
    change = require_change(work, command.change_id)
    if command.decision == "approved" and change.proposed_by == command.decided_by:
        raise ProgrammeNeedsAnotherPerson(
            "You proposed this activation; another admin has to approve it."
        )
    if change.content_hash != command.content_hash:
        raise ProgrammeChangeDiffers("What you approve is not what is proposed. Look at it again.")
    inserted = store.insert_decision(
        work, change.change_id, command.decided_by, command.decision, change.content_hash
    )
    if not inserted:
        decision = require_change(work, command.change_id).decision
        raise ProgrammeChangeDecided(f"This activation was {decision} before.", decision=decision)
    if command.decision == "approved":
        cause: Json = {
            "kind": "approval",
            "change": format_id(CHANGE_PREFIX, change.change_id),
            "proposed_by": format_id("mem", change.proposed_by),
            "approved_by": format_id("mem", command.decided_by),
            "content_hash": change.content_hash.hex(),
        }
        activate(work, Activate(change.programme_hash, change.effective_at, cause))
    return require_change(work, command.change_id)


def activate(work: Work, command: Activate) -> store.StoredActivation:
    """Put a stored version in force; the caller has made sure that somebody may.

    Raises:
        UnknownProgramme: no such version is stored.
        AlreadyInForce: it was activated last.
        ActivationOutOfOrder: it would take effect before the last one did.
        ProgrammeDiscontinuous: its zone or period is not that of the last one.
    """
    stored = _require_programme(work, command.programme_hash)
    store.lock_activations(work)
    before = store.activations(work)
    _refuse_discontinuity(stored, before)
    effective_at = command.effective_at
    if before:
        last = before[-1]
        if last.programme_hash == command.programme_hash:
            raise AlreadyInForce(
                f"Version {last.version} of {last.name} is already the last one activated."
            )
        effective_at = max(effective_at, work.now)
        if effective_at <= last.effective_at:
            raise ActivationOutOfOrder(
                f"Version {last.version} takes effect at {last.effective_at.isoformat()}; "
                "the next one has to take effect later.",
                effective_at=last.effective_at.isoformat(),
            )
    activation_id = store.insert_activation(
        work, command.programme_hash, effective_at, "forward", command.cause
    )
    outbox.put(work, ACTIVATED_TOPIC, str(activation_id))
    return next(a for a in store.activations(work) if a.activation_id == activation_id)


def is_stored(work: Work, programme_hash: bytes) -> bool:
    """Whether the file of this version is here."""
    return store.programme(work, programme_hash) is not None


def programme_of(activation: store.StoredActivation) -> Programme:
    """The programme of an activation, read once per process."""
    return read_programme(activation.source_text)


def in_force(work: Work, at: datetime) -> InForce:
    """The version in force at a moment.

    Raises:
        NoProgrammeInForce: nothing has been activated by then.
    """
    for activation in reversed(store.activations(work)):
        if activation.effective_at <= at:
            return InForce(programme_of(activation), activation)
    raise NoProgrammeInForce("No programme is in force yet. Store one and activate it.")


def require_change(work: Work, change_id: UUID) -> store.StoredChange:
    """A proposed activation.

    Raises:
        UnknownProgrammeChange: nothing of this id was proposed.
    """
    found = store.changes(work, change_id)
    if not found:
        raise UnknownProgrammeChange("There is no such proposed activation.")
    return found[0]


def content_hash(programme_hash: bytes, effective_at: datetime, mode: str) -> bytes:
    """What an approver signs off: the version, when, and how."""
    return digest(
        {
            "programme_hash": programme_hash.hex(),
            "effective_at": Instant.of(effective_at).isoformat(),
            "mode": mode,
        }
    )


def activations(work: Work) -> Sequence[store.StoredActivation]:
    """Every activation, by the time it takes effect."""
    return store.activations(work)


def _require_programme(work: Work, programme_hash: bytes) -> store.StoredProgramme:
    stored = store.programme(work, programme_hash)
    if stored is None:
        raise UnknownProgramme(
            f"No programme with the hash 0x{programme_hash.hex()} is stored. Store its file first.",
            programme_hash=f"0x{programme_hash.hex()}",
        )
    return stored


def _refuse_discontinuity(
    stored: store.StoredProgramme, before: Sequence[store.StoredActivation]
) -> None:
    if not before:
        return
    last, following = programme_of(before[-1]), read_programme(stored.source_text)
    for what in ("zone", "period"):
        now, then = getattr(last, what), getattr(following, what)
        if now != then:
            raise ProgrammeDiscontinuous(
                f"The {what} of the version activated last is {now}, of this one {then}. "
                "Days and weeks would overlap or be left out; keep it.",
                field=what,
            )


@lru_cache(maxsize=64)
def read_programme(text: str) -> Programme:
    """A stored version's text as a programme, read once per process."""
    return load_programme(text)
