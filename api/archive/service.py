"""Writing the archive: section by section, note by note, as a zip on disk.

    for each section        notes ──▶ awards/awd_….md
                              ├─────▶ line of awards.md      (both on disk until the section ends,
                              └─────▶ item of json/awards.json        as a zip has one file open)

Memory holds one page of rows, one note, the terms of the member's lots (as for any balance) and the
zip's own directory, whatever a member has. It is written whole before any of it is sent, so no slow
reader holds a database connection.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from api.archive import community, person, points, spending
from api.archive.mine import Mine, Section
from api.archive.model import Note, Ref, plain, to_json, to_markdown
from api.composition import Composition
from api.pages.entries import in_force
from api.pages.rendering import View
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.persons import store as persons
from ledger.statement.service import calendar_of

ALONE: Final[Mapping[str, Section]] = {"balance": points.balance, "profile": person.profile}
"""Sections of one note, by its name."""
SECTIONS: Final[Mapping[str, tuple[str, Section]]] = {
    "awards": ("award", points.award_notes),
    "events": ("event", points.events),
    "lots": ("lot", points.lots),
    "entries": ("entry", points.entries),
    "levels": ("level", person.levels),
    "units": ("unit", person.unit_notes),
    "redemptions": ("redemption", spending.redemption_notes),
    "orders": ("order", spending.good_orders),
    "purchases": ("purchase", spending.bought),
    "stakes": ("stake", spending.stakes),
    "wallets": ("wallet", spending.wallets),
    "bridged": ("bridged", spending.bridged),
    "referrals": ("referral", community.referrals),
    "thanks": ("thanks", community.thanks_notes),
    "projects": ("project", community.project_notes),
    "tasks": ("task", community.tasks),
    "polls": ("poll", community.poll_notes),
    "ballots": ("ballot", community.ballots),
    "memorandum": ("signature", community.signatures),
    "comments": ("comment", community.comments),
    "notices": ("notice", community.notices),
    "consents": ("consent", person.consent_notes),
    "touches": ("touch", person.touch_notes),
    "reviews": ("review", person.reviews),
}
"""Name of the list → kind of its notes, and where they come from. A room that keeps something of a
member's has its line here."""

FIELDS: Final = (
    *("available", "pending", "held", "debt", "spent", "expired", "revoked", "bridged"),
    *("granted", "activates_at", "expires_at", "effective_at", "recorded_at", "earned_at"),
    *("created_at", "opens_at", "closes_at", "linked_at", "time", "points", "excess"),
    *("discount", "returned", "budget", "standing", "voice", "identities", "event_type"),
    *("award", "event", "entry", "lots", "earlier_lot", "project"),
)
"""Names of values and links that are read in words."""
_IN_MEMORY: Final = 1_000_000
"""Bytes of one list that need no file."""


@dataclass(slots=True)
class _Writing:
    """The zip so far."""

    archive: zipfile.ZipFile
    mine: Mine
    labels: Mapping[str, str]
    counts: dict[str, int] = field(default_factory=dict)

    def put(self, path: str, text: str) -> None:
        """A small file."""
        self.archive.writestr(self._entry(path), text)

    def section(self, name: str, kind: str, notes: Section) -> None:
        """Every note of a list, then the list itself in both forms."""
        with _spool() as index, _spool() as told:
            index.write(f"# {self.mine.t(f'archive.section.{name}')}\n\n".encode())
            count = 0
            for count, note in enumerate(notes(self.mine), start=1):
                self._note(name, kind, note)
                index.write(f"- {Ref(note.name, note.title).link()}\n".encode())
                told.write((b",\n" if count > 1 else b"[\n") + to_json(note, kind).encode())
            told.write(b"\n]\n" if count else b"[]\n")
            self.counts[name] = count
            if count:
                self._copy(f"{name}.md", index)
            self._copy(f"json/{name}.json", told)

    def alone(self, name: str, notes: Section) -> None:
        """The one note of a section that has no more."""
        for note in notes(self.mine):
            self.put(f"{note.name}.md", to_markdown(note, name, self.labels))
            self.put(f"json/{note.name}.json", to_json(note, name) + "\n")

    def _note(self, folder: str, kind: str, note: Note) -> None:
        self.put(f"{folder}/{note.name}.md", to_markdown(note, kind, self.labels))
        if note.receipt is not None:
            receipt = json.dumps(note.receipt, ensure_ascii=False, indent=1)
            self.put(f"json/receipts/{note.name}.json", receipt + "\n")

    def _copy(self, path: str, source: IO[bytes]) -> None:
        source.seek(0)
        with self.archive.open(self._entry(path), "w", force_zip64=True) as target:
            while part := source.read(65_536):
                target.write(part)

    def _entry(self, path: str) -> zipfile.ZipInfo:
        now = self.mine.work.now
        entry = zipfile.ZipInfo(path, now.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        return entry


def write_archive(composition: Composition, view: View, member_id: UUID, place: Path) -> None:
    """Write everything that is a member's to ``place``, as it is at one moment.

    Raises:
        UnknownMember: there is none of this id.
    """
    with composition.database.read() as work, zipfile.ZipFile(place, "w") as archive:
        mine = _mine(composition, work, view, member_id)
        labels = {name: mine.t(f"archive.field.{name}") for name in FIELDS}
        writing = _Writing(archive, mine, labels)
        for name, notes in ALONE.items():
            writing.alone(name, notes)
        for name, (kind, notes) in SECTIONS.items():
            writing.section(name, kind, notes)
        writing.put("README.md", _readme(writing))


def _mine(composition: Composition, work: Work, view: View, member_id: UUID) -> Mine:
    members.require_member(work, member_id)
    identities = members_store.identities_of_member(work, member_id)
    return Mine(
        work=work,
        view=view,
        composition=composition,
        member_id=member_id,
        members=frozenset(persons.members_of(work, member_id)),
        references=frozenset(each.reference for each in identities),
        programme=in_force(work),
        zone=calendar_of(work).rules,
    )


def _readme(writing: _Writing) -> str:
    mine = writing.mine
    told = [
        f"# {mine.t('archive.title')}",
        "",
        plain(mine.t("archive.readme", date=mine.moment(mine.work.now))),
        "",
        *(f"- {Ref(name, mine.t(f'archive.section.{name}')).link()}" for name in ALONE),
        *(
            f"- {Ref(name, mine.t(f'archive.section.{name}')).link()}: {mine.number(count)}"
            for name, count in writing.counts.items()
            if count
        ),
        "",
        plain(mine.t("archive.others")),
    ]
    return "\n".join(told) + "\n"


def _spool() -> tempfile.SpooledTemporaryFile[bytes]:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY)
