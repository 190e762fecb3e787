"""A forum as a source: agreed on by two admins, with a secret to sign by."""

from __future__ import annotations

from typing import Final

from api.webhooks.secret_box import FernetBox
from ledger.events.model import Authority
from ledger.events.sources import service as sources
from ledger.events.sources.model import DecideSource, ProposeSource, SourceSpec
from ledger.kernel.transaction import execute
from tests.support.credentials import issue_secret
from tests.world import World

FORUM: Final = "https://club.example"


def register_forum(world: World, secret: str, installation: bytes) -> None:
    """The source ``club``, which may tell of long ago, for an installation with that secret."""
    spec = SourceSpec(
        name="club",
        uri=FORUM,
        profile="discourse",
        authority=Authority(types=("club.*",), issuers={"discourse": FORUM}),
        lateness_days=3_650,
    )
    change = execute(world.database, sources.propose_source, ProposeSource(spec, world.first_admin))
    decision = DecideSource(change.change_id, change.content_digest, world.second_admin)
    execute(world.database, sources.approve_source, decision)
    admins = (world.first_admin, world.second_admin)
    issue_secret(world.database, FernetBox(installation), admins, "club", secret)
