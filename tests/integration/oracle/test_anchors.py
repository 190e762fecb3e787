"""Heads go on chain, are written down when final, and catch whoever rewrites the journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

import api.bridging as composed
from api.bridging import chain_parts
from api.cli.main import app
from api.composition import Composition
from api.tasks import log as log_jobs
from api.tasks import oracle as jobs
from ledger.log import service as log
from ledger.log.verify import held_elsewhere, log_check
from ledger.verify.service import JOURNAL_CHECKS, verify
from oracle.anchors import service, store
from oracle.bindings import anchors as binding
from oracle.chain.port import BlockTag, read
from oracle.sender.model import SenderRole
from tests.integration.conftest import TestDatabase
from tests.integration.oracle.test_jobs import composition as composition  # noqa: PLC0414
from tests.support.bridge import World
from tests.support.log import rewrite_from

TURNS_MAX = 60


def anchored(world: World) -> list[int]:
    with world.database.read() as work:
        return [found.tree_size for found in store.anchors(work, limit=99)]


def until_anchored(world: World, composition: Composition, count: int) -> None:
    for _ in range(TURNS_MAX):
        jobs.tick(composition)
        if len(anchored(world)) == count:
            return
        world.mine()
    raise AssertionError("never anchored")


@pytest.fixture
def eager(composition: Composition, monkeypatch: pytest.MonkeyPatch) -> Composition:
    """An installation that anchors after each transfer."""
    monkeypatch.setattr(composed, "LOCAL_FINALITY_AGE", timedelta(0))
    return replace(
        composition,
        settings=composition.settings.model_copy(update={"log_anchor_transfers": 1}),
    )


def test_a_head_is_anchored_once_and_again_when_the_journal_grew(
    world: World, eager: Composition
) -> None:
    jobs.tick(eager)
    assert service.is_idle(world.database, composed.anchor_policy(eager.settings))
    world.member(100)
    log_jobs.publish(eager)
    until_anchored(world, eager, 1)
    with world.database.read() as work:
        first = log.newest_head(work).head
        assert not service.needs_time(work)
    jobs.tick(eager)
    assert anchored(world) == [first.tree_size]
    world.member(50)
    log_jobs.publish(eager)
    until_anchored(world, eager, 2)
    parts = chain_parts(eager)
    contract = parts.anchoring.contract
    held = service.read_anchored(parts.chain, contract, BlockTag.LATEST)
    assert (held[0].tree_size, held[0].root) == (first.tree_size, first.root)
    assert read(parts.chain, contract, binding.count(), BlockTag.LATEST) == 2
    with world.database.read() as work:
        roles = work.connection.execute(sa.text("SELECT DISTINCT role FROM intents")).scalars()
        assert list(roles) == [SenderRole.ANCHORER]
        key = work.connection.execute(
            sa.text("SELECT key FROM outbox WHERE topic = 'log_intents' LIMIT 1")
        ).scalar_one()
    log_jobs.on_intent(eager, key)
    assert verify(world.database, (held_elsewhere(held),)).findings == ()


def test_without_growth_or_time_nothing_is_sent(world: World, composition: Composition) -> None:
    """The first head goes at once; the next one waits for its time or its number."""
    world.member(100)
    log_jobs.publish(composition)
    assert not service.is_idle(world.database, composed.anchor_policy(composition.settings))
    jobs.tick(composition)
    world.member(100)
    log_jobs.publish(composition)
    assert service.is_idle(world.database, composed.anchor_policy(composition.settings))


def test_a_head_that_the_contract_refuses_is_followed_by_the_next(
    world: World, eager: Composition
) -> None:
    """Somebody anchored more than there is: it reverts, is tried again, and not for ever."""
    stranger = world.contracts.keys.anchorer
    contract = chain_parts(eager).anchoring.contract
    world.send_as(stranger, contract, binding.anchor(10**6, b"\1" * 32).calldata)
    world.member(100)
    log_jobs.publish(eager)
    for _ in range(TURNS_MAX):
        jobs.tick(eager)
        world.mine()
    held = service.read_anchored(chain_parts(eager).chain, contract, BlockTag.LATEST)
    (found,) = verify(world.database, (held_elsewhere(held),)).findings
    assert found.problem.endswith("head 1 on chain speaks of 1000000")


def test_an_insider_with_every_key_of_ours_is_caught_by_the_chain(
    world: World,
    eager: Composition,
    migrator_url: str,
    monkeypatch: pytest.MonkeyPatch,
    test_database: TestDatabase,
) -> None:
    """Rows, hashes, nodes and heads are made anew and signed; the chain remembers."""
    for points in (100, 50, 30):
        world.member(points)
    log_jobs.publish(eager)
    until_anchored(world, eager, 1)
    engine = sa.create_engine(migrator_url)
    with engine.begin() as owner:
        tables = ("transfers", "journal_head", "accounts", "log_nodes", "log_heads", "log_anchors")
        for table in tables:
            owner.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        rewrite_from(owner, 2)
        for table in ("log_nodes", "log_heads", "log_anchors"):
            owner.execute(sa.text(f"DELETE FROM {table}"))
        for table in tables:
            owner.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    engine.dispose()
    log_jobs.publish(eager)
    assert verify(world.database, (*JOURNAL_CHECKS[:1], log_check(lambda _: ()))).findings == ()
    for name, value in {
        "DATABASE_URL": test_database.app_url,
        "STATE_FOLDER": str(eager.state.path),
        "CHAIN_RPC_URL": eager.settings.chain_rpc_urls[0],
    }.items():
        monkeypatch.setenv(f"VKLAD_{name}", value)
    result = CliRunner().invoke(app, ["ledger", "verify"])
    assert result.exit_code == 1
    assert "comparing with 1 heads on chain" in result.output
    assert "head 1 on chain speaks of, and they are not those: they were rewritten" in result.output
