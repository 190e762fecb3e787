"""An allowance is one person's: two accounts that turn out to be one have given out of one."""

from __future__ import annotations

import pytest

from ledger.kernel.transaction import execute
from ledger.thanks import service
from ledger.thanks.model import GiveThanks, ThanksTooLarge
from ledger.thanks.verify import check_thanks
from tests.integration.thanks.test_thanks import PROGRAMME
from tests.support.merging import merge, split
from tests.world import World


def test_what_both_gave_is_given(world: World) -> None:
    for who in ("ann", "bob", "cid", "dan"):
        world.link(who)
    world.activate(PROGRAMME)
    _give(world, "ann", "cid", 10)
    _give(world, "bob", "cid", 5)
    merged = merge(world, world.linked["ann"], world.linked["bob"])
    with pytest.raises(ThanksTooLarge):
        _give(world, "ann", "cid", 1)
    _give(world, "ann", "dan", 8)
    with pytest.raises(ThanksTooLarge):
        _give(world, "ann", "dan", 8)
    split(world, merged.merge_id)
    for who in ("ann", "bob"):
        _give(world, who, "dan", 2)
    with world.database.read() as work:
        assert list(check_thanks(work)) == []


def _give(world: World, giver: str, receiver: str, points: int) -> None:
    wish = GiveThanks(world.linked[giver], world.linked[receiver], points, "for help", None)
    execute(world.database, service.give, wish)
