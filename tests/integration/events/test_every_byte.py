"""Real Discourse deliveries to a served API: any byte changed is 401, and only told of.

At every position of every body and signature, each by one bit that a new seed chooses every time.
"""

from __future__ import annotations

import http.client
import random
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from ledger.events.tables import refused_requests
from ledger.kernel.transaction import Database
from tests.conftest import Tell
from tests.integration.conftest import TestDatabase
from tests.peer.discourse.captures import CAPTURES, SECRET
from tests.support.forum import register_forum
from tests.support.served import serving
from tests.world import World

INSTALLATION: Final = "of the served process: 0123456789abcdef"
BITS_OF_A_HEADER: Final = (0, 1, 2, 3, 4, 6, 7)
"""The other one makes control characters of digits, which is no HTTP and answered 400."""
IN_FLIGHT: Final = 4
FROM_ONE_ADDRESS: Final = 250
"""Below what an address may try in a minute, so the limit is in force and never met."""
SIGNATURE: Final = "x-discourse-event-signature"


@dataclass(frozen=True)
class Delivery:
    """A capture as it is sent, and where it was changed."""

    name: str
    part: str
    position: int
    headers: dict[str, str]
    body: bytes


def deliveries(chance: random.Random) -> Iterator[Delivery]:
    for name, capture in sorted(CAPTURES.items()):
        headers = capture.sent()
        for position, letter in enumerate(headers[SIGNATURE]):
            wrong = list(headers[SIGNATURE])
            wrong[position] = chr(ord(letter) ^ 1 << chance.choice(BITS_OF_A_HEADER))
            yield Delivery(
                name, "signature", position, headers | {SIGNATURE: "".join(wrong)}, capture.body
            )
        for position in range(len(capture.body)):
            body = bytearray(capture.body)
            body[position] ^= 1 << chance.randrange(8)
            yield Delivery(name, "body", position, headers, bytes(body))


class Sender:
    """Speaks to the API as the proxy before it does, which tells whom it speaks for."""

    def __init__(self, address: str) -> None:
        self._port = urlsplit(address).port

    def send(self, numbered: tuple[int, Sequence[Delivery]]) -> list[int]:
        """The answers to deliveries of one network address over one kept connection."""
        number, batch = numbered
        client = f"10.1.{number // 250}.{number % 250 + 1}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            return [self._answer(connection, client, delivery) for delivery in batch]
        finally:
            connection.close()

    @staticmethod
    def _answer(connection: http.client.HTTPConnection, client: str, delivery: Delivery) -> int:
        headers = delivery.headers | {"x-forwarded-for": client}
        connection.request("POST", "/v1/webhooks/club", delivery.body, headers)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status != 401 or b'"bad_signature"' in told, told
        return answer.status


def rows(database: Database) -> dict[str, int]:
    """How many rows every table has but the one that tells the LMS of its refused requests."""
    with database.read() as work:
        names = sa.inspect(work.connection).get_table_names()
        return {
            name: work.connection.execute(
                sa.select(sa.func.count()).select_from(sa.table(name))
            ).scalar_one()
            for name in names
            if name != refused_requests.name
        }


def test_any_byte_changed_at_any_position_is_refused_over_http(
    database: Database,
    test_database: TestDatabase,
    tmp_path: Path,
    tell: Tell,
) -> None:
    register_forum(World.make(database), SECRET, INSTALLATION.encode())
    seed = secrets.randbits(32)
    changed = list(deliveries(random.Random(seed)))  # noqa: S311 - a sample, no secret
    counted = dict(Counter(delivery.part for delivery in changed))
    tell(f"seed {seed}, {len(changed)} changed deliveries: {counted}")
    batches = [
        changed[first : first + FROM_ONE_ADDRESS]
        for first in range(0, len(changed), FROM_ONE_ADDRESS)
    ]
    before = rows(database)
    with serving(1, test_database.app_url, INSTALLATION, tmp_path) as (address,):
        sender = Sender(address)
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            answers = [
                status for part in pool.map(sender.send, enumerate(batches)) for status in part
            ]
        stored = rows(database)
        whole = [
            Delivery(capture.name, "nothing", 0, capture.sent(), capture.body)
            for capture in CAPTURES.values()
        ]
        assert set(sender.send((len(batches), whole))) == {202}, "the door was open all the time"
    taken = [
        (delivery.name, delivery.part, delivery.position, status)
        for delivery, status in zip(changed, answers, strict=True)
        if status != 401
    ]
    assert taken == []
    assert stored == before
    assert rows(database) != before
