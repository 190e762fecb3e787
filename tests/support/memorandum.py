"""A community with a memorandum: its admins, members with browsers, and outsiders with theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from api import memoranda
from api.composition import Composition
from api.i18n.catalogue import load_catalogue
from api.settings import ChainSwitch, Settings
from api.supervisor.state import StateFolder
from governance.memorandum import register_store, service, signing, voices
from governance.memorandum.model import Question, Section, Version, Wording, Words
from governance.memorandum.register import Act, Entry, device_message
from governance.memorandum.saying import (
    Comment,
    Outsider,
    answers_statement,
    comment_statement,
    interest_statement,
    outsider_message,
)
from governance.memorandum.service import CloseVersion, ProposeVersion, PublishVersion
from governance.memorandum.signing import ByDevice, Enter, Say
from governance.memorandum.voices import GiveAnswers, RegisterInterest, WriteComment
from governance.recount import memorandum as recount
from ledger.kernel.transaction import Database, execute
from tests.support.clock import SetClock
from tests.support.http import ORIGIN, SECRET
from tests.support.polls import Device
from tests.world import World

CONSENT = bytes(range(32))


def words(text: str) -> Words:
    """The same in both languages, told apart."""
    return Words(f"{text} (en)", f"{text} (ru)")


def wording(*passages: str, **changes: Any) -> Wording:
    """A text of sections a, b, …, each with its passage."""
    sections = tuple(
        Section(chr(ord("a") + at), words(f"Part {at}"), words(passage))
        for at, passage in enumerate(passages or ("We learn.", "We help."))
    )
    plain: dict[str, Any] = {
        "title": words("Memorandum"),
        "sections": sections,
        "summary": words("New"),
        "questions": (
            Question("join", words("Would you join?"), (words("Yes"), words("No"))),
            Question("when", words("When?"), (words("Now"), words("Later"), words("Never"))),
        ),
    }
    return Wording(**plain | changes)


@dataclass
class Assembly:
    """Acts as everybody on one database, at a time that the test sets."""

    world: World
    clock: SetClock
    composition: Composition
    devices: dict[str, Device] = field(default_factory=dict)

    @classmethod
    def make(cls, database: Database, folder: Path, *names: str) -> Assembly:
        clock = SetClock()
        slow = Database(database.engine, clock, database.ids)
        world = World.make(slow)
        for name in names:
            world.link(name)
        state = StateFolder(folder)
        state.prepare()
        settings = Settings(public_url=ORIGIN, state_folder=folder, chain=ChainSwitch.OFF)
        return cls(world, clock, Composition(settings, state, slow, load_catalogue(), SECRET))

    @property
    def database(self) -> Database:
        return self.world.database

    def propose(self, said: Wording | None = None) -> Version:
        command = ProposeVersion(self.world.first_admin, said or wording())
        return execute(self.database, service.propose, command)

    def publish(self, version: Version) -> Version:
        command = PublishVersion(
            version.version_id, self.world.second_admin, version.approval_digest
        )
        return execute(self.database, service.publish, command)

    def close(self, version: Version, *, by_author: bool = False) -> Version:
        by = self.world.first_admin if by_author else self.world.second_admin
        return execute(self.database, service.close, CloseVersion(version.version_id, by))

    def adopted(self, *passages: str) -> Version:
        """A version in force."""
        return self.publish(self.propose(wording(*passages)))

    def device(self, name: str) -> Device:
        """Somebody's browser, with the one key it keeps."""
        return self.devices.setdefault(name, Device())

    def say(self, name: str, version: Version, act: Act, **changes: Any) -> Say:
        """What a member says next of a version."""
        member_id = self.world.linked[name]
        part = execute(self.database, signing.enrol, member_id)
        plain: dict[str, Any] = {
            "act": act,
            "version_id": version.version_id,
            "member_id": member_id,
            "language": "en",
            "turn": part.next_turn,
            "signed_at": self.clock.now().replace(microsecond=0),
        }
        return Say(**plain | changes)

    def signed(self, version: Version, said: Say, device: Device) -> Enter:
        """A statement with the signature of a browser's key."""
        part = execute(self.database, signing.enrol, said.member_id)
        message = device_message(signing.statement_of(part, version, said))
        return Enter(said, ByDevice(device.key, device.sign(message)))

    def enter(self, name: str, version: Version, act: Act = Act.SIGN, **changes: Any) -> Entry:
        said = self.say(name, version, act, **changes)
        command = self.signed(version, said, self.device(name))
        return execute(self.database, signing.enter, command)

    def register(self) -> bytes:
        return execute(self.database, lambda work, _: register_store.lock_register(work), None)

    def outsider(
        self, name: str, statement: dict[str, Any], *, network: bytes | None = b"n" * 32
    ) -> Outsider:
        """An outsider's browser, saying this now."""
        device, said_at = self.device(name), self.clock.now().replace(microsecond=0)
        message = outsider_message(statement, said_at)
        return Outsider(device.key, device.sign(message), said_at, network)

    def comment(self, name: str, version: Version, said: str, **changes: Any) -> Comment:
        """A comment of an outsider, or of a member by that name."""
        section = changes.pop("section", "a")
        by: Any = self.world.linked.get(name)
        if by is None:
            statement = comment_statement(self.register(), version, section, name, said)
            by = self.outsider(name, statement, **changes)
        command = WriteComment(version.version_id, section, name, "en", said, by)
        return execute(self.database, voices.comment, command)

    def interest(self, name: str, contact: str = "", **changes: Any) -> RegisterInterest:
        statement = interest_statement(self.register(), name, contact, CONSENT)
        by = self.outsider(name, statement, **changes)
        return RegisterInterest(name, contact, "en", CONSENT, by)

    def answers(self, name: str, version: Version, **answers: int) -> GiveAnswers:
        by = self.outsider(name, answers_statement(self.register(), version, answers))
        return GiveAnswers(version.version_id, answers, "ru", by)

    def export(self) -> dict[str, Any]:
        """The export as it is downloaded."""
        with self.database.read() as work:
            return as_read(memoranda.export_file(self.composition, work))

    def receipt(self, name: str) -> dict[str, Any]:
        with self.database.read() as work:
            member_id = self.world.linked[name]
            return as_read(memoranda.receipt_file(self.composition, work, member_id))

    def forward(self, **spans: int) -> None:
        self.clock.forward(timedelta(**spans))


def as_read(document: Any) -> dict[str, Any]:
    """A file as somebody reads it who has only the file."""
    read: dict[str, Any] = recount.parse(json.dumps(document).encode())
    return read
