"""Keeping programme versions and putting them in force.

A version is stored once, by the hash of its canonical form. It comes into force by an activation,
which is a fact and never taken back: two persons decide one, or a vote does. *Forward*: events
(periods: closes) at or after ``effective_at``, which is not before now, are scored by the new
version; the first activation may lie in the past, because nothing was scored before it. *Top-up*
and *restatement* may reach back; a restatement, which can take away, needs the owner's consent to
a preview of exactly what it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Literal, cast
from uuid import UUID

from ledger.kernel import outbox
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.roles.words import require_word
from ledger.programme import store
from ledger.programme.canonical import canonical_text
from ledger.programme.consent import require_consent, told_of
from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model import Programme
from ledger.programme.model_unit import refuse_other_unit
from ledger.programme.top_up import incomparable

CHANGE_PREFIX: Final = "pch"
Mode = Literal["forward", "restatement", "top_up"]
"""What an activation does to earlier facts; see ``ledger.scoring.model.ActivationMode``."""
ACTIVATED_TOPIC: Final = "programme.activated"
"""Outbox topic; the key is an activation's id: every member's facts are to be projected again."""


class UnknownProgramme(VkladError):
    """No stored version has this hash."""

    code = "unknown_programme"
    kind = ErrorKind.NOT_FOUND


class ProgrammeAltered(VkladError):
    """What is stored under a hash does not hash to it."""

    code = "programme_altered"
    kind = ErrorKind.CONFLICT


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


class TopUpIncomparable(VkladError):
    """A top-up whose awards cannot be compared with those of a version activated before."""

    code = "top_up_incomparable"
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
    mode: Mode = "forward"


@dataclass(frozen=True, slots=True)
class DecideActivation:
    """The second person's word on exactly the content that hashes to ``content_hash``."""

    change_id: UUID
    decision: Literal["approved", "rejected"]
    content_hash: bytes
    decided_by: UUID


@dataclass(frozen=True, slots=True)
class Activate:
    """Put a version in force: forward at the greater of ``effective_at`` and now, unless first."""

    programme_hash: bytes
    effective_at: datetime
    cause: Json
    mode: Mode = "forward"


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
    programme = load_programme(command.text, is_new=True)
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
    """
    members.require_admin(work, command.proposed_by)
    stored = require_programme(work, command.programme_hash)
    refuse_other_unit(read_programme(stored.source_text).unit)
    change = store.StoredChange(
        change_id=work.ids.new(work.now),
        programme_hash=command.programme_hash,
        name=stored.name,
        version=stored.version,
        effective_at=command.effective_at,
        mode=command.mode,
        content_hash=content_hash(command.programme_hash, command.effective_at, command.mode),
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
        WordCountsNoLonger: who proposed it is no admin any more.
        ProgrammeChangeDiffers: the hash is of other content.
        ProgrammeChangeDecided: it was decided before.
        ConsentMissing: it is a restatement nobody has agreed to.
        TopUpIncomparable: it tops up what it cannot be compared with.
        AlreadyInForce, ActivationOutOfOrder: what is in force changed meanwhile.
    """
    members.require_admin(work, command.decided_by)
    change = require_change(work, command.change_id)
    if command.decision == "approved" and change.proposed_by == command.decided_by:
        raise ProgrammeNeedsAnotherPerson(
            "You proposed this activation; another admin has to approve it."
        )
    if change.content_hash != command.content_hash:
        raise ProgrammeChangeDiffers("What you approve is not what is proposed. Look at it again.")
    if command.decision == "approved":
        require_word(work, change.proposed_by)
        require_consent(work, change)
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
            **told_of(change),
        }
        command_of = Activate(change.programme_hash, change.effective_at, cause, _mode(change))
        activate(work, command_of)
    return require_change(work, command.change_id)


def activate(work: Work, command: Activate) -> store.StoredActivation:
    """Put a stored version in force; the caller has made sure that somebody may.

    Raises:
        UnknownProgramme: no such version is stored.
        ProgrammeAltered: another text than the one that was agreed to is stored under its hash.
        AlreadyInForce: it was activated last.
        ActivationOutOfOrder: it is forward and would take effect before another one does.
        TopUpIncomparable: periods, and a name, period or zone that is not the same.
    """
    stored = require_programme(work, command.programme_hash)
    _refuse_altered(stored)
    refuse_other_unit(read_programme(stored.source_text).unit)
    store.lock_activations(work)
    before = store.activations(work)
    if command.mode == "top_up":
        _refuse_incomparable(stored, before)
    effective_at = command.effective_at
    if before:
        if command.mode == "forward":
            effective_at = max(effective_at, work.now)
        _refuse_nothing_new(command, before[-1], effective_at)
        _refuse_disorder(command, before, effective_at)
    activation_id = store.insert_activation(
        work, command.programme_hash, effective_at, command.mode, command.cause
    )
    outbox.put(work, ACTIVATED_TOPIC, str(activation_id))
    return next(a for a in store.activations(work) if a.activation_id == activation_id)


def is_stored(work: Work, programme_hash: bytes) -> bool:
    """Whether the file of this version is here, and is what its hash says."""
    stored = store.programme(work, programme_hash)
    return stored is not None and is_unaltered(stored)


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


def require_programme(work: Work, programme_hash: bytes) -> store.StoredProgramme:
    """A stored version.

    Raises:
        UnknownProgramme: no such version is stored.
    """
    stored = store.programme(work, programme_hash)
    if stored is None:
        raise UnknownProgramme(
            f"No programme with the hash 0x{programme_hash.hex()} is stored. Store its file first.",
            programme_hash=f"0x{programme_hash.hex()}",
        )
    return stored


def is_unaltered(stored: store.StoredProgramme) -> bool:
    """Whether the stored text is the one that its hash stands for."""
    try:
        return read_programme(stored.source_text).programme_hash == stored.programme_hash
    except ProgrammeInvalid:
        return False


def _refuse_altered(stored: store.StoredProgramme) -> None:
    """People agreed to a hash: a text that somebody put under it since is not what they meant."""
    if not is_unaltered(stored):
        raise ProgrammeAltered(
            f"The text stored as 0x{stored.programme_hash.hex()} is not what this hash stands for. "
            "Put the true file back; `vklad programme check FILE` says its hash.",
            programme_hash=f"0x{stored.programme_hash.hex()}",
        )


def _refuse_nothing_new(
    command: Activate, last: store.StoredActivation, effective_at: datetime
) -> None:
    """The same version again is new only where it reaches further back."""
    if last.programme_hash == command.programme_hash and (
        command.mode == "forward" or effective_at >= last.effective_at
    ):
        raise AlreadyInForce(
            f"Version {last.version} of {last.name} is already the last one activated."
        )


def _refuse_disorder(
    command: Activate, before: Sequence[store.StoredActivation], effective_at: datetime
) -> None:
    last = max(before, key=lambda each: each.effective_at)
    if command.mode == "forward" and effective_at <= last.effective_at:
        raise ActivationOutOfOrder(
            f"Version {last.version} takes effect at {last.effective_at.isoformat()}; "
            "the next one has to take effect later.",
            effective_at=last.effective_at.isoformat(),
        )


def _refuse_incomparable(
    stored: store.StoredProgramme, before: Sequence[store.StoredActivation]
) -> None:
    for each in before:
        why = incomparable(read_programme(stored.source_text), programme_of(each))
        if why is not None:
            raise TopUpIncomparable(why)


def _mode(change: store.StoredChange) -> Mode:
    return cast("Mode", change.mode)


@lru_cache(maxsize=64)
def read_programme(text: str) -> Programme:
    """A stored version's text as a programme, read once per process."""
    return load_programme(text)
