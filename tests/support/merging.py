"""Merging and splitting members of a made-up community."""

from __future__ import annotations

from uuid import UUID

from api.cli.ledger import CHECKS
from ledger.kernel.transaction import execute
from ledger.merges import service
from ledger.merges.model import ApproveMerge, Merge, ProposeMerge, ProposeSplit
from ledger.verify.model import Finding
from ledger.verify.service import verify
from tests.world import World

WHY = "one person with two accounts"


def merge(world: World, survivor: UUID, absorbed: UUID) -> Merge:
    """Proposed by one admin, approved by the other."""
    asked = ProposeMerge(survivor, absorbed, WHY, world.first_admin)
    return _approved(world, execute(world.database, service.propose_merge, asked))


def split(world: World, merge_id: UUID) -> Merge:
    """Proposed by one admin, approved by the other."""
    asked = ProposeSplit(merge_id, "they are two after all", world.first_admin)
    return _approved(world, execute(world.database, service.propose_split, asked))


def findings(world: World) -> tuple[Finding, ...]:
    """What ``ledger verify`` finds, where holds were placed without redemptions."""
    without = [check for check in CHECKS if check.name != "redemptions"]
    return verify(world.database, without).findings


def _approved(world: World, proposed: Merge) -> Merge:
    yes = ApproveMerge(proposed.merge_id, proposed.content_digest, world.second_admin)
    return execute(world.database, service.approve, yes)
