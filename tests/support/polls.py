"""A community that is asked, the devices its members vote with, and files they take home."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from api import polling
from api.composition import Composition
from api.i18n.catalogue import load_catalogue
from api.settings import ChainSwitch, Settings
from api.supervisor.state import StateFolder
from governance.polls import service, store, voting
from governance.polls.counting import Method
from governance.polls.model import (
    Ballot,
    Named,
    Poll,
    Weighing,
    ballot_statement,
    device_message,
    key_message,
)
from governance.polls.service import AnnouncePoll
from governance.polls.voting import ByDevice, ByWallet, CastPollBallot, RegisterKey
from governance.recount import polls as recount
from ledger.kernel.transaction import Database, execute
from tests.support.clock import SetClock
from tests.support.http import ORIGIN, SECRET
from tests.world import World

OPTIONS = ("Apples", "Pears", "Plums")
OPEN_FOR = timedelta(days=3)


class Device:
    """A browser's key: its private half is the test's alone."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        numbers = self._private.public_key().public_numbers()
        self.key = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    def sign(self, message: bytes) -> bytes:
        """As WebCrypto writes it: r and s, 32 bytes each."""
        r, s = decode_dss_signature(self._private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass
class Electorate:
    """Acts as everybody on one database, at a time that the test sets."""

    world: World
    clock: SetClock
    composition: Composition
    devices: dict[tuple[UUID, str], Device] = field(default_factory=dict)

    @classmethod
    def make(cls, database: Database, folder: Path, *names: str) -> Electorate:
        clock = SetClock()
        slow = Database(database.engine, clock, database.ids)
        world = World.make(slow)
        for name in names:
            world.link(name)
        state = StateFolder(folder)
        state.prepare()
        settings = Settings(public_url=ORIGIN, state_folder=folder, chain=ChainSwitch.OFF)
        composition = Composition(settings, state, slow, load_catalogue(), SECRET)
        return cls(world, clock, composition)

    @property
    def database(self) -> Database:
        return self.world.database

    def asked(self, **changes: Any) -> AnnouncePoll:
        """A poll that can be announced, but for what is changed."""
        plain: dict[str, Any] = {
            "author_id": self.world.first_admin,
            "title": "What to plant",
            "body": "There is room for one tree.",
            "options": OPTIONS,
            "method": Method.SINGLE,
            "weighing": Weighing.PERSON,
            "credits": None,
            "standing_min": 0,
            "opens_at": None,
            "closes_at": self.clock.now() + OPEN_FOR,
        }
        return AnnouncePoll(**plain | changes)

    def announce(self, **changes: Any) -> Poll:
        return execute(self.database, service.announce, self.asked(**changes))

    def named(self, poll: Poll, name: str) -> Named:
        with self.database.read() as work:
            found = store.named(work, poll.poll_id, self.world.linked[name])
        assert found is not None, f"{name} does not vote"
        return found

    def device(self, poll: Poll, name: str) -> Device:
        """The device of a member in a poll, registered when first asked for."""
        known = self.devices.get((poll.poll_id, name))
        if known is None:
            known = self.devices[poll.poll_id, name] = Device()
            self.register(poll, name, known)
        return known

    def register(self, poll: Poll, name: str, device: Device) -> UUID:
        pseudonym = self.named(poll, name).voter.pseudonym
        proof = device.sign(key_message(poll.poll_id, pseudonym, device.key))
        wish = RegisterKey(poll.poll_id, self.world.linked[name], device.key, proof)
        return execute(self.database, voting.register_key, wish).key_id

    def version(self, poll: Poll, name: str) -> int:
        with self.database.read() as work:
            part = voting.my_part(work, poll.poll_id, self.world.linked[name])
        assert part is not None
        return part.next_version

    def ballot(
        self, poll: Poll, name: str, *choice: int, version: int | None = None
    ) -> CastPollBallot:
        """A ballot that nobody signed."""
        number = version or self.version(poll, name)
        salt = sha256(f"{name} {number}".encode()).digest()
        member_id = self.world.linked[name]
        return CastPollBallot(poll.poll_id, member_id, choice, number, salt, None)

    def statement(self, poll: Poll, name: str, ballot: CastPollBallot) -> dict[str, Any]:
        pseudonym = self.named(poll, name).voter.pseudonym
        said = (ballot.version, ballot.choice, ballot.salt)
        return ballot_statement(poll.definition, pseudonym, *said)

    def signed(
        self, poll: Poll, name: str, *choice: int, by: Device | None = None
    ) -> CastPollBallot:
        """A ballot that the member's device signed."""
        device = by or self.device(poll, name)
        plain = self.ballot(poll, name, *choice)
        signature = device.sign(device_message(self.statement(poll, name, plain)))
        return self.with_signature(plain, ByDevice(device.key, signature))

    @staticmethod
    def with_signature(plain: CastPollBallot, signed: ByDevice | ByWallet) -> CastPollBallot:
        said = (plain.poll_id, plain.member_id, plain.choice, plain.version, plain.salt)
        return CastPollBallot(*said, signed)

    def cast(self, ballot: CastPollBallot) -> Ballot:
        return execute(self.database, voting.cast, ballot)

    def vote(self, poll: Poll, **choices: Sequence[int]) -> None:
        """Signed ballots of several, in this order."""
        for name, choice in choices.items():
            self.cast(self.signed(poll, name, *choice))

    def close(self, poll: Poll) -> Poll:
        """Let the time pass and the job count."""
        self.clock.time = poll.definition.closes_at
        service.count_due(self.database)
        with self.database.read() as work:
            return service.require_poll(work, poll.poll_id)

    def export(self, poll: Poll) -> dict[str, Any]:
        """The export as it is downloaded."""
        with self.database.read() as work:
            return _as_read(polling.export_file(self.composition, work, poll.poll_id))

    def receipt(self, poll: Poll, name: str) -> dict[str, Any]:
        """A member's receipt as it is downloaded."""
        member_id = self.world.linked[name]
        with self.database.read() as work:
            found = polling.receipt_file(self.composition, work, poll.poll_id, member_id)
        return _as_read(found)


def recounted(export: dict[str, Any], *receipts: dict[str, Any], **rest: Any) -> list[str]:
    """What a stranger reads who recounts."""
    openings = rest.pop("openings", ())
    return recount.check_export(export, receipts, openings, **rest)


def _as_read(document: Any) -> dict[str, Any]:
    read: dict[str, Any] = recount.parse(json.dumps(document).encode())
    return read
