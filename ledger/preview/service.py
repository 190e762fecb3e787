"""Asking for a preview, working it out behind the answer, and agreeing to what it says.

ask ──outbox──▶ work out over one snapshot, telling how far it is ──▶ result, digest
                                                                        │
consent to a restatement names the digest ◀─────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.events import service as events
from ledger.events import store as events_store
from ledger.kernel import outbox
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import Role
from ledger.members.roles.owners import require_owners_word
from ledger.preview import store
from ledger.preview.model import Line, document, document_bytes, document_digest
from ledger.preview.money import Held
from ledger.preview.project import Comparison, as_of, comparison, of_member
from ledger.preview.store import StoredPreview
from ledger.programme import service as programmes
from ledger.programme import store as programmes_store
from ledger.programme.consent import ConsentGiven
from ledger.readiness import service as readiness
from ledger.scoring.entitlements.service import scoring_fact
from ledger.scoring.model import FROM_THE_BEGINNING, Activation, ActivationMode

PREVIEW_PREFIX: Final = "pvw"
PREVIEW_TOPIC: Final = "programme.preview"
"""Outbox topic; the key is a preview's id."""
TOLD_EVERY: Final = 10
"""So many members between two notes of how far a preview is."""
FRESH_FOR: Final = timedelta(hours=24)
"""Longer than this nobody agrees to a preview: facts have come since that it does not know."""


class UnknownPreview(VkladError):
    """No preview has this id."""

    code = "unknown_preview"
    kind = ErrorKind.NOT_FOUND


class PreviewDiffers(VkladError):
    """The consent names a digest that no preview of exactly this activation has."""

    code = "preview_differs"
    kind = ErrorKind.CONFLICT


class PreviewTooOld(VkladError):
    """The preview was asked for so long ago that it may say too little."""

    code = "preview_too_old"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class AskPreview:
    """What would a version do? ``effective_at`` ``None``: to all of history."""

    programme_hash: bytes
    mode: programmes.Mode
    effective_at: datetime | None
    requested_by: UUID


@dataclass(frozen=True, slots=True)
class ConsentToChange:
    """The owner's word that a version is to reach back, having seen a preview."""

    change_id: UUID
    preview_digest: bytes
    consented_by: UUID


def ask(work: Work, command: AskPreview) -> StoredPreview:
    """Have a preview worked out behind the answer.

    Raises:
        NotAnAdmin: whoever asks is neither that nor the owner.
        UnknownProgramme: no such version is stored.
    """
    if Role.OWNER not in members.roles_of(work, command.requested_by):
        members.require_admin(work, command.requested_by)
    programmes.require_programme(work, command.programme_hash)
    preview_id = work.ids.new(work.now)
    preview = StoredPreview(
        preview_id=preview_id,
        programme_hash=command.programme_hash,
        effective_at=command.effective_at,
        mode=command.mode,
        requested_by=command.requested_by,
        requested_at=work.now,
        members_done=0,
        members_in_all=members_store.count_members(work),
        finished_at=None,
        result=None,
        digest=None,
        failure=None,
    )
    store.insert(work, preview)
    outbox.put(work, PREVIEW_TOPIC, str(preview_id))
    return preview


def work_out(
    database: Database, preview_id: UUID, tell: Callable[[int], None] | None = None
) -> None:
    """Do a preview that waits; progress is told in transactions of its own, and to ``tell``.

    Called again after a crash it begins anew and comes to the same.
    """
    with database.read() as work:
        preview = store.find(work, preview_id)
    if preview is not None and preview.finished_at is None:
        end: dict[str, object]
        try:
            content = result_of(database, preview, _teller(database, preview_id, tell))
            end = {"result": content, "digest": document_digest(content), "failure": None}
        except VkladError as error:
            end = {"failure": error.message}
        execute(database, _finish, (preview_id, end))
    else:
        execute(database, _finish, (preview_id, None))


def result_of(database: Database, preview: StoredPreview, tell: Callable[[int], None]) -> bytes:
    """The document of a preview over one consistent moment, in bytes.

    Raises:
        ActivationRefused: a top-up that has nothing to be compared with.
    """
    lines: list[Line] = []
    with database.read() as work:
        asked = _comparison(work, preview)
        until, book = readiness.watermarks(work), store.book(work)
        for member_id, stored in events_store.facts_by_member(work):
            facts = readiness.released(stored, until)
            resolved = {
                format_id("idn", reference): str(member)
                for reference, member in events.members_of_facts(work, facts).items()
            }
            named = format_id("mem", member_id)
            held = book.by_member.get(named, Held())
            line = of_member(asked, str(member_id), [*map(scoring_fact, facts)], resolved, held)
            lines.append(replace(line, member=named))
            if len(lines) % TOLD_EVERY == 0:
                tell(len(lines))
    return document_bytes(document(asked.question, lines, book))


def require_preview(work: Work, preview_id: UUID) -> StoredPreview:
    """One preview.

    Raises:
        UnknownPreview: nothing of this id was asked for.
    """
    found = store.find(work, preview_id)
    if found is None:
        raise UnknownPreview("There is no such preview.")
    return found


def consent(work: Work, command: ConsentToChange) -> programmes_store.StoredChange:
    """Agree to a proposed activation that reaches back, as a preview of it has shown.

    Raises:
        NotTheOwner, NotAnAdmin: whoever agrees does not speak for the owner.
        UnknownProgrammeChange: nothing of this id was proposed.
        PreviewDiffers: no preview of exactly this activation has the digest.
        PreviewTooOld: it was asked for more than :data:`FRESH_FOR` ago.
        ConsentGiven: it was given before.
    """
    require_owners_word(work, command.consented_by)
    change = programmes.require_change(work, command.change_id)
    seen = store.asked_for_at(
        work, command.preview_digest, change.programme_hash, change.effective_at, change.mode
    )
    if seen is None:
        raise PreviewDiffers(
            "No preview of this activation has the digest you agree to. Have one worked out."
        )
    if work.now - seen > FRESH_FOR:
        raise PreviewTooOld(
            f"This preview was asked for at {seen.isoformat()}; agree within {FRESH_FOR}. Have it "
            "worked out again.",
            asked_for_at=seen.isoformat(),
        )
    given = programmes_store.insert_consent(
        work, change.change_id, command.consented_by, command.preview_digest
    )
    if not given:
        raise ConsentGiven("The consent to this activation was given before.")
    return programmes.require_change(work, command.change_id)


def _comparison(work: Work, preview: StoredPreview) -> Comparison:
    stored = programmes.require_programme(work, preview.programme_hash)
    in_force = [
        Activation(
            programmes.programme_of(each), Instant.of(each.effective_at), ActivationMode(each.mode)
        )
        for each in programmes.activations(work)
    ]
    proposed = Activation(
        programmes.read_programme(stored.source_text),
        _since(preview, is_first=not in_force),
        ActivationMode(preview.mode),
    )
    closed = programmes_store.closed_until(work)
    asked = comparison(in_force, proposed)
    until = None if closed is None else Instant.of(closed)
    return as_of(asked, Instant.of(preview.requested_at), until)


def _since(preview: StoredPreview, *, is_first: bool) -> Instant:
    """From when it would count: as activation does, forward never before it is decided."""
    if preview.effective_at is None:
        return FROM_THE_BEGINNING
    if preview.mode == ActivationMode.FORWARD and not is_first:
        return Instant.of(max(preview.effective_at, preview.requested_at))
    return Instant.of(preview.effective_at)


def _teller(
    database: Database, preview_id: UUID, also: Callable[[int], None] | None
) -> Callable[[int], None]:
    def note(work: Work, done: int) -> None:
        store.update(work, preview_id, {"members_done": done})

    def tell(done: int) -> None:
        execute(database, note, done)
        if also is not None:
            also(done)

    return tell


def _finish(work: Work, command: tuple[UUID, dict[str, object] | None]) -> None:
    preview_id, end = command
    outbox.take(work, PREVIEW_TOPIC, str(preview_id))
    if end is not None:
        store.update(work, preview_id, {"finished_at": work.now, **end})
