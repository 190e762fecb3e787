"""A burn that was never read stops the bridge; two admins look, and it goes on behind the gap."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli import chain_operations
from api.cli.main import app
from api.settings import ChainSwitch
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.members import store as members_store
from ledger.members.model import NotAnAdmin, Role, WordCountsNoLonger
from ledger.switches.model import SwitchSettingRefused
from oracle.bindings import points_bridge
from oracle.bridge import events, gaps, redeeming_store
from oracle.bridge.errors import (
    BridgeStopped,
    GapChanged,
    GapNeedsAnotherPerson,
    RedemptionGap,
    UnknownGap,
)
from oracle.bridge.jobs import read_chain
from oracle.bridge.model import Stage, StopReason
from oracle.bridge.verify import BRIDGE_CHECKS
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from oracle.reconcile.service import Reconciler, check
from tests.integration.oracle.test_bridge_http import Http, composed, http_of
from tests.support.admins import blocked
from tests.support.bridge import World

ASK = "/v1/bridge/redemption-gaps"


def admin(world: World) -> UUID:
    member = world.member(0)

    def promote(work: Work, _: None) -> None:
        members_store.insert_role(work, member, Role.ADMIN, None)
        members_store.grant_role(work, member, Role.ADMIN, None)

    execute(world.database, promote, None)
    return member


def read_all(world: World, *, deaf: bool = False) -> None:
    """As the worker reads; ``deaf``: as if the node had kept silent about burns."""
    handlers = dict(events.handlers(world.policy))
    if deaf:
        del handlers["PointsBridge", "Redeemed"]
    read_chain(world.database, world.reader, handlers, indexer.IndexerPolicy(FinalityPolicy(1)))


@pytest.fixture
def ann(world: World) -> UUID:
    """With 100 tokens; a burn of 30 was never read, and one of 20 waits behind it."""
    member = world.member(100)
    wallet = world.link(member)
    request = world.request(member, 100)
    world.until(lambda: world.stage(request) is Stage.MINTED)
    for points, deaf in ((30, True), (20, False)):
        reference = world.reference(member, points).reference
        call = points_bridge.redeem(points * 10**18, reference)
        world.send_as(wallet, world.bridge, call.calldata)
        world.mine()
        if deaf:
            read_all(world, deaf=True)
    with pytest.raises(RedemptionGap):
        read_all(world)
    return member


def findings(world: World) -> list[str]:
    return check(Reconciler(world.database, world.chain, world.bridge, world.token))


def test_the_bridge_goes_on_when_two_admins_have_looked(world: World, ann: UUID) -> None:
    first, second = admin(world), admin(world)
    assert any("burnt 50" in finding for finding in findings(world))
    proposal = gaps.ProposeGap(first, "The node lost its logs", Points(30))
    proposed = execute(world.database, gaps.propose, proposal)
    assert (proposed.sequence_from, proposed.sequence_to) == (1, 1)
    with pytest.raises(BridgeStopped):
        read_all(world)
    alone = gaps.ConfirmGap(proposed.gap_id, first, Points(30))
    with pytest.raises(GapNeedsAnotherPerson):
        execute(world.database, gaps.confirm, alone)
    other = gaps.ConfirmGap(proposed.gap_id, second, Points(30))
    with blocked(world.database, first), pytest.raises(WordCountsNoLonger):
        execute(world.database, gaps.confirm, other)
    execute(world.database, gaps.confirm, other)
    with world.database.read() as work:
        assert [stop.reason for stop in redeeming_store.stops(work)] == [
            StopReason.RESERVE_MISMATCH
        ]
    lift(world, second)
    read_all(world)
    assert world.available(ann) == 20
    assert findings(world) == []
    with world.database.read() as work:
        assert not [found for each in BRIDGE_CHECKS for found in each.run(work)]
        assert gaps.find_gap(work) is None


def lift(world: World, by: UUID) -> None:
    execute(
        world.database,
        lambda work, _: redeeming_store.lift_stops(work, [StopReason.RESERVE_MISMATCH], by),
        None,
    )


def test_what_cannot_be_acknowledged(world: World, ann: UUID) -> None:
    first, second = admin(world), admin(world)
    with pytest.raises(NotAnAdmin):
        execute(world.database, gaps.propose, gaps.ProposeGap(ann, "mine", Points(30)))
    with pytest.raises(SwitchSettingRefused):
        execute(world.database, gaps.propose, gaps.ProposeGap(first, " ", Points(30)))
    older = execute(world.database, gaps.propose, gaps.ProposeGap(first, "one", Points(29)))
    newer = execute(world.database, gaps.propose, gaps.ProposeGap(first, "two", Points(30)))
    with pytest.raises(UnknownGap, match="waits for a second person"):
        execute(world.database, gaps.confirm, gaps.ConfirmGap(older.gap_id, second, Points(29)))
    with pytest.raises(GapChanged):
        execute(world.database, gaps.confirm, gaps.ConfirmGap(newer.gap_id, second, Points(31)))
    with pytest.raises(NotAnAdmin):
        execute(world.database, gaps.confirm, gaps.ConfirmGap(newer.gap_id, ann, Points(30)))
    execute(world.database, gaps.confirm, gaps.ConfirmGap(newer.gap_id, second, Points(30)))
    with pytest.raises(UnknownGap, match="No burn is missing"):
        execute(world.database, gaps.propose, gaps.ProposeGap(first, "more", Points(0)))


def test_one_person_is_not_two_for_the_database_either(world: World, ann: UUID) -> None:
    first = admin(world)
    execute(world.database, gaps.propose, gaps.ProposeGap(first, "alone", Points(30)))
    with world.database.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(
            sa.text(
                "UPDATE bridge_redemption_gaps SET confirmed_by = proposed_by, confirmed_at = now()"
            )
        )


def test_over_http_and_on_the_command_line(
    world: World, ann: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = world.contracts.node.url
    composition = composed(world, tmp_path / "state", ChainSwitch.ON, url)
    http: Http = http_of(composition, world)
    monkeypatch.setattr(chain_operations, "compose", lambda _: composition)
    monkeypatch.setattr(chain_operations, "load_settings", lambda: composition.settings)
    first, second = admin(world), admin(world)

    missing = CliRunner().invoke(app, ["chain", "gaps"])
    assert (missing.exit_code, "Missing: burns 1 to 1." in missing.output) == (1, True)
    assert http.get(ASK, ann)[0] == 403
    assert http.post(ASK, ann, {"reason": "mine"})[0] == 403
    status, proposed = http.post(ASK, first, {"reason": "The node lost its logs"}, "admin")
    assert (status, proposed["points"], proposed["confirmed_by"]) == (201, 30, None)
    _, shown = http.get(ASK, second, "auditor")
    assert shown["missing"] == {"sequence_from": 1, "sequence_to": 1}
    assert shown["proposed"] == proposed
    waiting = CliRunner().invoke(app, ["chain", "gaps"])
    assert f"{proposed['id']}/confirmations" in waiting.output

    path = f"{ASK}/{proposed['id']}/confirmations"
    status, refused = http.post(path, first, {}, "admin")
    assert (status, refused["code"]) == (403, "redemption_gap_needs_another_person")
    assert http.post(path, second, {}, "admin")[0] == 201
    _, shown = http.get(ASK, second, "auditor")
    assert (shown["missing"], shown["proposed"]) == (None, None)
    assert [each["points"] for each in shown["data"]] == [30]
    assert http.post(path, second, {}, "admin")[0] == 201  # The same key: told again.
    assert http.post(path, second, {}, "admin", key="k2")[0] == 404
    done = CliRunner().invoke(app, ["chain", "gaps"])
    assert (done.exit_code, "No burn is missing." in done.output) == (0, True)
    assert "burns 1 to 1, 30 points" in done.output
    read_all(world)
    assert world.available(ann) == 20
