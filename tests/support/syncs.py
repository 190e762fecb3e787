"""Sources that say how far they are complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ledger.events.model import Authority, Source
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.kernel.transaction import execute
from ledger.readiness import service as readiness
from ledger.readiness.model import DeclareSync, Status
from tests.support.life import SetClock
from tests.world import World


def declare(world: World, until: str, status: Status = "ok") -> None:
    """Declare a sync of the community's source; never by a clock that is behind it."""
    moment = datetime.fromisoformat(until)
    database = world.database
    with database.read() as work:
        first = not readiness.watermarks(work).get(world.source.uri)
    if first:
        database = replace(database, clock=SetClock(moment))
    execute(database, readiness.declare_sync, DeclareSync(world.source.name, status, moment, None))


def another_source(world: World, name: str, types: Sequence[str]) -> Source:
    """One more source, which may state these types."""
    spec = SourceSpec(name, f"https://{name}.test", "standard-webhooks", Authority(tuple(types)))
    change = execute(world.database, sources.propose_source, ProposeSource(spec, world.first_admin))
    decision = DecideSource(change.change_id, change.content_digest, world.second_admin)
    return execute(world.database, sources.approve_source, decision)
