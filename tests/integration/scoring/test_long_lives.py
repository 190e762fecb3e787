"""Long seeded lives in the real database: step by step = at once = replayed = what the judge says.

After each arrival the design's rules are looked at on the rows that it touched, and every
``EVENTS_BETWEEN_CHECKS`` events the whole ledger verifies. VKLAD_TEST_DEEP=1 runs ten lives of ten
thousand events; the ordinary suite a small one of each programme. VKLAD_TEST_SEED=… replays the
life whose seed the test's name tells.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.cli.ledger import CHECKS
from api.supervisor.postgres import PostgresServer
from ledger.inactivity import service as inactivity
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.log import service as log
from ledger.lots import jobs as lots_jobs
from ledger.lots import service as lots
from ledger.lots.model import (
    CaptureHold,
    HoldPurpose,
    MoveToEscrow,
    PlaceHold,
    ReleaseHold,
    ReturnFromEscrow,
    ReturnToLots,
)
from ledger.members.model import SCORE_TOPIC
from ledger.scoring import store as awards_store
from ledger.settlement import funding, vesting
from ledger.verify.service import verify
from tests.conftest import DEEP, Tell, seeds_of_this_run
from tests.integration.scoring.community import Community, fresh
from tests.integration.scoring.long_lives import (
    BEGINNING,
    Activate,
    Again,
    Arrive,
    Link,
    LongLife,
    Merge,
    Night,
    Spend,
    Split,
    Step,
)
from tests.naive_scorer import Awards
from tests.support.log import MemorySigner
from tests.support.touched import Touched

LIVES = 10
PROGRAMMES = ("daily", "weekly")
SEEDS = seeds_of_this_run(LIVES, 2, 0)
AT_ONCE_MAX = 1_000
"""Events that a source may tell in one go."""
EVENTS_BETWEEN_CHECKS = 250
NO_ROW_OF_THEIRS = ("redemptions", "bridge")
"""Checks that want a redemption or a claim behind each hold: here holds stand by themselves."""


class Life:
    """One community living a long life, looked at after every step."""

    def __init__(self, community: Community, life: LongLife) -> None:
        self.community = community
        self.life = life
        self.database = community.world.database
        self.touched = Touched(self.database)
        self.signer = MemorySigner()
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.facts = 0
        self.checked_at = 0
        self.captured: list[UUID] = []
        self.claims: list[UUID] = []

    def do(self, moment: datetime, step: Step) -> None:
        """One step, and the rules on what it touched."""
        self.community.clock.time = moment
        stated: tuple[str, ...] = ()
        match step:
            case Arrive(events) | Again(events):
                self.state(step)
                stated = tuple(each["id"] for each in events)
            case Link(identity):
                self.community.link(identity)
            case Merge(survivor, absorbed):
                self.community.merge(survivor, absorbed)
            case Split(number):
                self.community.split(number)
            case Activate(text, since, mode):
                assert self.community.activate(text, since, mode), f"{mode} was refused"
                self.done[mode] += 1
            case Spend():
                self.spend(moment, step)
            case Night():
                self.night()
        self.community.world.score()
        self.done[type(step).__name__] += 1
        found = self.touched.look(stated)
        assert found == [], f"after {step} at {moment}"
        if len(self.community.heard) - self.checked_at >= EVENTS_BETWEEN_CHECKS:
            self.check()

    def state(self, step: Arrive | Again) -> None:
        """What is told twice is no second fact (rule 5)."""
        outcomes = self.community.state(step.events)
        self.done.update(outcome.status for outcome in outcomes)
        self.facts += sum(outcome.status == "accepted" for outcome in outcomes)
        if isinstance(step, Again):
            assert "accepted" not in {outcome.status for outcome in outcomes}

    def night(self) -> None:
        """The clock's jobs, in the order of the night."""
        lots_jobs.apply_all_due(self.database)
        lots_jobs.expire_holds(self.database)
        vesting.settle_matured(self.database)
        funding.emit_and_fund(self.database)
        inactivity.run(self.database)
        self.community.world.close_periods()

    def spend(self, moment: datetime, step: Spend) -> None:
        """Points leave and come back, so that corrections meet lots that are gone."""
        name = self.community.resolve.get(f"lms:{step.identity}")
        if name is None:
            return
        try:
            self._spend(moment, step, self.community.members[name])
        except VkladError as refusal:
            if refusal.kind is ErrorKind.UNAVAILABLE:
                raise
            self.refused[f"{step.act}: {refusal.code}"] += 1
        else:
            self.done[step.act] += 1

    def _spend(self, moment: datetime, step: Spend, member_id: UUID) -> None:
        points, fresh_id = Points(step.points), self.database.ids.new(moment)
        small = Points(step.points // 5 + 1)
        match step.act:
            case "refund" if self.captured:
                back = ReturnToLots(self.captured[-1], fresh_id, small, moment, timedelta(days=1))
                execute(self.database, lots.return_to_lots, back)
            case "carry off":
                away = MoveToEscrow(fresh_id, member_id, points, moment)
                execute(self.database, lots.move_to_escrow, away)
                self.claims.append(fresh_id)
            case "bring back" if self.claims:
                home = ReturnFromEscrow(self.claims[-1], fresh_id, moment, small)
                execute(self.database, lots.return_from_escrow, home)
            case _:
                until = moment + timedelta(days=2)
                hold = PlaceHold(fresh_id, member_id, points, HoldPurpose.REDEMPTION, moment, until)
                execute(self.database, lots.place_hold, hold)
                if step.act == "capture":
                    execute(self.database, lots.capture_hold, CaptureHold(fresh_id, small, moment))
                    self.captured.append(fresh_id)
                elif step.act == "release":
                    execute(self.database, lots.release_hold, ReleaseHold(fresh_id, moment))

    def check(self) -> None:
        """The whole ledger; facts are as many as were accepted."""
        self.checked_at = len(self.community.heard)
        log.publish(self.database, self.signer)
        report = verify(self.database, [c for c in CHECKS if c.name not in NO_ROW_OF_THEIRS])
        assert report.findings == ()
        with self.database.read() as work:
            facts = work.connection.execute(sa.text("SELECT count(*) FROM events")).scalar_one()
        assert facts == self.facts
        self.done["whole verifications"] += 1


def replayed(community: Community) -> int:
    """Everybody scored again from the first fact on: how many awards came out otherwise."""
    database = community.world.database
    with database.read() as work:
        before = sum(1 for _ in awards_store.all_revisions(work))

    def ask(work: Work, _: None) -> None:
        awards_store.ask_to_score_everybody(work, SCORE_TOPIC)

    execute(database, ask, None)
    assert community.world.score() >= len(community.persons)
    with database.read() as work:
        return sum(1 for _ in awards_store.all_revisions(work)) - before


def judged(community: Community) -> Awards:
    """What the naive scorer says, in time that a long life allows: the judge hears a member's own.

    What a member earns follows from the facts in which the member takes part, and retractions.
    """
    found: Awards = {}
    for name in community.persons:
        own = {identity for identity, member in community.resolve.items() if member == name}
        ids = {
            each["id"]
            for each in community.heard
            if each["subject"] in own or each["data"].get("owner") in own
        }
        heard = [
            each
            for each in community.heard
            if each["id"] in ids or each["type"] == "activity.retracted"
        ]
        said = community.judged(heard)
        found |= {key: worth for key, worth in said.items() if key[0] == name}
    return found


def life_of(seed: int) -> LongLife:
    """A life under one programme or the other; a short one in an ordinary run."""
    programme = PROGRAMMES[seed % len(PROGRAMMES)]
    if DEEP:
        return LongLife(seed, programme, 10_000)
    return LongLife(seed, programme, 260, members=10, days_between_nights=9)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_life_is_what_it_is_at_once_and_what_the_judge_says(
    postgres_server: PostgresServer, template_database: str, seed: int, tell: Tell
) -> None:
    life, began = life_of(seed), time.monotonic()
    with (
        fresh(postgres_server, template_database) as one,
        fresh(postgres_server, template_database) as other,
    ):
        gradual = Community(one, life.text, life.member_of, since=BEGINNING.isoformat())
        lived = Life(gradual, life)
        for moment, step in life.steps:
            lived.do(moment, step)
        lived.check()
        awards = gradual.awards()
        assert awards

        at_once = Community(other, life.text, life.member_of, since=BEGINNING.isoformat())
        for identity in life.member_of:
            at_once.link(identity)
        at_once.follow(gradual)
        for first in range(0, len(gradual.heard), AT_ONCE_MAX):
            at_once.state(gradual.heard[first : first + AT_ONCE_MAX])
        at_once.clock.time = gradual.clock.time
        at_once.world.close_periods()
        at_once.world.score()
        assert at_once.awards() == awards
        assert replayed(gradual) == 0
        assert replayed(at_once) == 0

        lived_s, began = time.monotonic() - began, time.monotonic()
        assert judged(gradual) == awards
    assert {"forward", "restatement", "top_up"} <= set(lived.done)
    tell(
        f"seed {seed}, {life.programme}: {len(life.steps)} steps, {lived.facts} facts, "
        f"{len(awards)} awards, "
        f"{lived.touched.looked_at} transfers looked at as they came; {dict(lived.done)}; "
        f"refused {dict(lived.refused)}; lived {lived_s:.0f} s, judged "
        f"{time.monotonic() - began:.0f} s"
    )
