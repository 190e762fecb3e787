"""The source of thanks is this program's own: nobody speaks for it, registers or steers it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.auth.keys import CreateKey, create_key
from api.webhooks.secret_box import FernetBox
from ledger.events.errors import SourceAddressTaken, SourceHasNoDoor, SourceSpecInvalid
from ledger.events.sources import service as sources
from ledger.events.sources import store as sources_store
from ledger.events.sources.model import AddSecret, DecideSource, ProposeSource, SourceSpec
from ledger.events.tables import sources as sources_table
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.programme.model_thanks import THANKS_SOURCE
from ledger.readiness import service as readiness
from ledger.readiness.model import DeclareSync
from ledger.thanks import service
from ledger.thanks.model import GiveThanks
from tests.integration.api_programme.conftest import Person
from tests.support.credentials import propose_secret
from tests.world import World

PROGRAMME = """\
programme: club
version: "1"
zone: Europe/Moscow
rules: [{id: thanked, on: club.thanks.given, to: data.to, points: data.counted}]
thanks: {allowance: 30, per_gift: 10, per_pair: 15, rings: {days: 30, discount: 50}}
"""
OWN = SourceSpec("lms2", "https://lms2.example", "bearer")


@pytest.fixture
def gift(world: World) -> GiveThanks:
    world.activate(PROGRAMME)
    return GiveThanks(world.link("ann"), world.link("bob"), 5, "for the review", None)


def test_no_key_secret_or_change_speaks_for_it(world: World, gift: GiveThanks) -> None:
    execute(world.database, service.give, gift)
    admin = world.first_admin
    key = CreateKey("x", frozenset({"events:write"}), THANKS_SOURCE, created_by=admin)
    with pytest.raises(SourceHasNoDoor):
        execute(world.database, create_key, key)
    with pytest.raises(SourceHasNoDoor):
        propose_secret(world.database, FernetBox(b"box"), AddSecret("thanks", "a" * 16, admin))
    for profile in ("standard_webhooks", "internal"):
        spec = SourceSpec("thanks", THANKS_SOURCE, profile)
        with pytest.raises(SourceSpecInvalid):
            execute(world.database, sources.propose_source, ProposeSource(spec, admin))
    with pytest.raises(SourceHasNoDoor):
        execute(world.database, sources.source_for_import, THANKS_SOURCE)
    assert execute(world.database, service.give, gift).decision.counted == 5


def test_a_profile_that_was_changed_before_opens_nothing(world: World, gift: GiveThanks) -> None:
    execute(world.database, service.give, gift)
    with world.database.engine.begin() as connection:
        bearer = sources_table.update().where(sources_table.c.uri == THANKS_SOURCE)
        connection.execute(bearer.values(profile="standard_webhooks"))
    with world.database.read() as work:
        with pytest.raises(SourceHasNoDoor):
            sources.require_door(work, THANKS_SOURCE)
        with pytest.raises(SourceHasNoDoor):
            sources.open_source(work, "thanks", box=FernetBox(b"box"))


def test_nobody_holds_it_up(world: World, gift: GiveThanks, person: Person) -> None:
    execute(world.database, service.give, gift)
    admin: TestClient = person(world.first_admin)
    answer = admin.post("/v1/sources/thanks/suspend")
    assert (answer.status_code, answer.json()["code"]) == (403, "source_has_no_door")
    with world.database.read() as work:
        now = work.now
    with pytest.raises(SourceHasNoDoor):
        execute(world.database, readiness.declare_sync, DeclareSync("thanks", "failed", now, None))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (replace(OWN, name="thanks"), "name"),
        (replace(OWN, uri=THANKS_SOURCE), "uri"),
        (replace(OWN, uri="URN:vklad:anything"), "uri"),
        (replace(OWN, profile="internal"), "profile"),
    ],
)
def test_what_is_kept_for_it_is_not_registered(world: World, spec: SourceSpec, field: str) -> None:
    with pytest.raises(SourceSpecInvalid) as refused:
        execute(world.database, sources.propose_source, ProposeSource(spec, world.first_admin))
    assert refused.value.operands["field"] == field

    def propose_before_it_was_kept(work: Work, change_id: UUID) -> None:
        proposer = format_id("mem", world.first_admin)
        sources_store.insert_change(work, change_id, spec, proposer)

    change_id = UUID(int=7)
    execute(world.database, propose_before_it_was_kept, change_id)
    decision = DecideSource(change_id, spec.content_digest(), world.second_admin)
    with pytest.raises(SourceSpecInvalid):
        execute(world.database, sources.approve_source, decision)


def test_a_name_that_was_taken_before_is_told_plainly(world: World, gift: GiveThanks) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sources SET name = 'thanks'"))
    with pytest.raises(SourceAddressTaken):
        execute(world.database, service.give, gift)


def test_an_address_that_was_taken_before_is_told_plainly(world: World, gift: GiveThanks) -> None:
    spec = replace(OWN, uri=THANKS_SOURCE)

    def register(work: Work, source_id: UUID) -> None:
        sources_store.insert_source_once(work, source_id, spec)

    execute(world.database, register, UUID(int=9))
    with pytest.raises(SourceAddressTaken):
        execute(world.database, service.give, gift)
