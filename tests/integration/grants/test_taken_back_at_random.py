"""A grant and an import are taken back: all is as had they never been, whatever happened between.

Points are spent, held, decay and expire at random, and two members may turn out to be one; then
both are taken back, in parts. A model of plain sums says what everybody has then: what they had
besides, less what was spent and what decayed of that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from random import Random
from uuid import UUID, uuid5

import pytest

from api.cli.ledger import CHECKS
from ledger.grants import service as grants
from ledger.grants.imports import model as imports
from ledger.grants.imports import paying
from ledger.grants.imports import service as importing
from ledger.grants.model import ApproveGrant, Budget, CreateGrant, GrantLine
from ledger.grants.taking_back import service as taking_back
from ledger.grants.taking_back.model import ApproveTakeBack, AskTakeBack
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.errors import DebtOpen, InsufficientPoints
from ledger.lots.model import (
    CaptureHold,
    HoldPurpose,
    PlaceHold,
    ReleaseHold,
)
from ledger.members.persons import store as persons
from ledger.verify.service import verify
from tests.conftest import seeds_of_this_run
from tests.support.budgets import open_budget
from tests.support.decays import let_decay
from tests.support.life import SetClock, at_time
from tests.support.merging import merge
from tests.world import World

START = "2026-03-02T09:00:00+00:00"
NAMES = ("anna", "boris", "vera")
OWN = 100
NAMESPACE = UUID(int=7)


@dataclass
class Walk:
    """One history: the community, its clock, and what the model counts."""

    world: World
    clock: SetClock
    chance: Random
    budget: Budget
    own: dict[UUID, UUID] = field(default_factory=dict)
    lost: Counter[UUID] = field(default_factory=Counter)
    open_holds: list[UUID] = field(default_factory=list)
    taken_back: bool = False

    @classmethod
    def begin(cls, database: Database, seed: int) -> Walk:
        world = at_time(World.make(database), START)
        clock = world.database.clock
        assert isinstance(clock, SetClock)
        for name in NAMES:
            world.link(name)
        budget = open_budget(world.database, 5000, world.first_admin, world.second_admin)
        walk = cls(world, clock, Random(seed), budget)  # noqa: S311 - a reproducible history
        walk.granted([OWN] * len(NAMES))
        for member_id in world.linked.values():
            with world.database.read() as work:
                (held,) = lots.summary(work, member_id, clock.at).lots
            walk.own[held.lot.lot_id] = member_id
        return walk

    def points(self) -> int:
        return self.chance.randint(1, 60)

    def granted(self, amounts: list[int]) -> UUID:
        """A line for each member."""
        one, two = self.world.first_admin, self.world.second_admin
        lines = tuple(
            GrantLine(member_id, Points(amount))
            for member_id, amount in zip(self.world.linked.values(), amounts, strict=True)
        )
        asked = CreateGrant(
            budget_id=self.budget.budget_id, created_by=one, reason="x", lines=lines
        )
        shown = execute(self.world.database, grants.preview, asked)
        asked = replace(asked, confirm=shown.confirm)
        grant = execute(self.world.database, grants.create, asked)
        yes = ApproveGrant(grant.grant_id, two, grant.content_digest)
        execute(self.world.database, grants.approve, yes)
        return grant.grant_id

    def imported(self) -> imports.Import:
        """Some lines for everybody, of which some expire."""
        one, two = self.world.first_admin, self.world.second_admin
        text = "member,points,reference,expires_on\n"
        for number in range(8):
            member = format_id("mem", self.chance.choice(list(self.own.values())))
            days = self.chance.choice((0, 0, 5, 10, 60))
            until = (self.clock.at + timedelta(days=days)).date().isoformat() if days else ""
            text += f"{member},{self.points()},{number},{until}\n"
        asked = imports.ProposeImport(one, self.budget.budget_id, "Balances", text.encode())
        with self.world.database.read() as work:
            asked = replace(asked, confirm=importing.preview(work, asked).confirm)
        what = execute(self.world.database, importing.propose, asked)
        yes = imports.ApproveImport(what.import_id, two, what.content_digest)
        execute(self.world.database, importing.approve, yes)
        paying.carry_out(self.world.database, what.import_id)
        return what

    def step(self, number: int) -> None:
        """Somebody's points decay, or are held, or spent, or given back."""
        self.clock.at += timedelta(days=1)
        member_id = self.chance.choice(list(self.persons()))
        what = self.chance.choice(("decay", "decay", "spend", "hold", "release"))
        database = self.world.database
        if what == "decay":
            for taken in let_decay(database, member_id, self.points()):
                if taken.lot_id in self.own:
                    self.lost[self.own[taken.lot_id]] += taken.points.amount
        elif what == "release":
            if self.open_holds:
                self.release(self.open_holds.pop())
        else:
            self._hold(member_id, uuid5(NAMESPACE, str(number)), spend=what == "spend")

    def _hold(self, member_id: UUID, hold_id: UUID, *, spend: bool) -> None:
        points = Points(self.points())
        until = self.clock.at + timedelta(days=90)
        purpose = HoldPurpose.REDEMPTION
        command = PlaceHold(hold_id, member_id, points, purpose, self.clock.at, until)
        try:
            execute(self.world.database, lots.place_hold, command)
        except (DebtOpen, InsufficientPoints):
            return
        if spend:
            capture = CaptureHold(hold_id, points, self.clock.at)
            execute(self.world.database, lots.capture_hold, capture)
            self.lost[member_id] += points.amount
        else:
            self.open_holds.append(hold_id)

    def release(self, hold_id: UUID) -> None:
        """What comes back to a lot that has expired meanwhile expires, and stays lost."""
        command = ReleaseHold(hold_id, self.clock.at)
        released = execute(self.world.database, lots.release_hold, command)
        if self.taken_back:
            self.lost[released.member_id] += released.gone_on_to_expired.amount

    def persons(self) -> dict[UUID, list[UUID]]:
        """Who there is, and in whose names."""
        with self.world.database.read() as work:
            found = persons.persons_of(work, list(self.own.values()))
        return {
            person: [each for each in found if found[each] == person]
            for person in sorted(set(found.values()))
        }

    def merge(self) -> None:
        one, other = self.chance.sample(list(self.persons()), 2)
        merge(self.world, one, other)

    def take_back_import(self, what: imports.Import) -> None:
        database = self.world.database
        for person in (self.world.first_admin, self.world.second_admin):
            back = imports.TakeBackImport(what.import_id, person, what.content_digest)
            execute(database, importing.take_back, back)
        part = partial(paying.do_part, chunk=self.chance.choice((1, 2, 50)))
        while execute(database, part, what.import_id):
            pass

    def take_back_grant(self, grant_id: UUID) -> None:
        database, one, two = self.world.database, self.world.first_admin, self.world.second_admin
        asked = execute(database, taking_back.ask, AskTakeBack(grant_id, one, "wrong"))
        yes = ApproveTakeBack(grant_id, two, asked.content_digest)
        execute(database, taking_back.approve, yes)
        chunk = self.chance.choice((1, 50))
        while execute(database, partial(taking_back.carry_out_part, chunk=chunk), grant_id):
            pass

    def net(self, person: UUID) -> int:
        with self.world.database.read() as work:
            summary = lots.summary(work, person, self.clock.at)
        return (summary.pending + summary.available).amount - summary.debt.amount


@pytest.mark.parametrize("seed", seeds_of_this_run(400, 6, 0))
def test_all_is_as_had_they_never_been(database: Database, seed: int) -> None:
    walk = Walk.begin(database, seed)
    what = walk.imported()
    grant_id = walk.granted([walk.points() for _ in NAMES])
    merges_at = walk.chance.choice((None, 0, 10))
    for number in range(20):
        if number == merges_at:
            walk.merge()
        walk.step(number)
    both = [partial(walk.take_back_import, what), partial(walk.take_back_grant, grant_id)]
    walk.chance.shuffle(both)
    for take_back in both:
        take_back()
    walk.taken_back = True
    for hold_id in walk.open_holds:
        walk.release(hold_id)
    expected = {
        person: sum(OWN - walk.lost[each] for each in names)
        for person, names in walk.persons().items()
    }
    assert {person: walk.net(person) for person in expected} == expected
    if merges_at is None:
        walk.merge()
    without = [each for each in CHECKS if each.name not in {"redemptions", "inactivity"}]
    assert verify(walk.world.database, without).findings == ()
