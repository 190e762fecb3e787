"""Figures of a random school are those that are counted by hand, before and after things change."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from api import funnel
from ledger.events.tables import events, retractions
from ledger.funnel import service, stages_store
from ledger.funnel.model import STAGES, Attribution, Figures, Journey, Stage, figures
from ledger.kernel.transaction import Database, Work, execute
from ledger.members.tables import members
from tests.conftest import seeds_of_this_run
from tests.support.journeys import School, by_hand, make, visits_by_hand


def journeys(database: Database) -> list[Journey]:
    with database.read() as work:
        return service.journeys(work)


def as_set(found: list[Journey]) -> Counter[Any]:
    told: Counter[Any] = Counter()
    for each in found:
        told[tuple(sorted(each.reached.items())), each.first_touch, each.last_touch] += each.count
    return told


def same(database: Database, school: School) -> list[Journey]:
    """What was counted by hand, once the product has found the same."""
    wanted = [*by_hand(school).values(), *visits_by_hand(school)]
    found = journeys(database)
    assert as_set(found) == as_set(wanted)
    assert flat(figures(found)) == naive(wanted)
    return wanted


def naive(found: list[Journey]) -> dict[Any, Any]:
    """The figures, one question after another."""
    told: dict[Any, Any] = {}
    for month in {None, *(each.cohort for each in found)}:
        those = [each for each in found if month in {None, each.cohort}]
        for before, stage in zip((None, *STAGES), STAGES, strict=False):
            here = [each for each in those if stage in each.reached]
            both = [each for each in here if before and before in each.reached]
            took: list[float] = []
            for each in both:
                assert before is not None
                seconds = (each.reached[stage] - each.reached[before]).total_seconds()
                if seconds >= 0:
                    took.append(seconds)
            median = int(statistics.median(took)) if took else None
            told[month, stage] = (len(here), len(both), len(took), median)
    for by in Attribution:
        for each in found:
            for stage in each.reached:
                key = by, each.touch(by), stage
                told[key] = told.get(key, 0) + 1
    return told


def flat(found: Figures) -> dict[Any, Any]:
    told: dict[Any, Any] = {}
    for each in (found.everybody, *found.cohorts):
        for step in each.steps:
            shown = step.reached, step.converted, step.timed, step.seconds_median
            told[each.cohort, step.stage] = shown
    for by, rows in found.channels.items():
        for row in rows:
            for stage, count in zip(STAGES, row.counts, strict=True):
                if count:
                    told[by, row.channel, stage] = count
    return told


@pytest.mark.parametrize("seed", seeds_of_this_run(50, 3, 0))
def test_figures_are_those_counted_by_hand(database: Database, seed: int) -> None:
    school = make(database, seed, 60)
    new = execute(database, funnel.refresh, None)
    assert len(new) == sum(len(each.reached) for each in by_hand(school).values())
    found = same(database, school)
    stages = {stage for each in found for stage in each.reached}
    assert stages == set(Stage), "the school has somebody at every stage"
    assert execute(database, funnel.refresh, None) == []
    _change(database, school)
    execute(database, funnel.refresh, None)
    assert as_set(same(database, school)) != as_set(found), "the changes changed something"


def _change(database: Database, school: School) -> None:
    """Facts are taken back, and some persons turn out to be one with others, or two again."""
    gone = {each["source_event_id"] for each in school.rows[retractions]}
    added: list[dict[str, Any]] = [
        {
            "source": row["source"],
            "source_event_id": row["source_event_id"],
            "retracted_by": "later",
            "recorded_at": row["recorded_at"],
        }
        for row in school.rows[events][::3]
        if row["source_event_id"] not in gone
    ]
    school.rows[retractions] += added
    alone = [each for each in school.rows[members][1:] if each["status"] == "active"]
    taken = {each["merged_into"] for each in school.rows[members]}
    pairs = list(zip(alone[::5], alone[2::5], strict=False))
    merged = [(one, other) for one, other in pairs if one["member_id"] not in taken]
    split = [each for each in school.rows[members] if each["status"] == "merged"][::2]
    for each in split:
        each |= {"status": "active", "merged_into": None}
    for one, other in merged:
        one |= {"status": "merged", "merged_into": other["member_id"]}

    def write(work: Work, _: None) -> None:
        work.connection.execute(retractions.insert(), added)
        for each in (*split, *(one for one, _ in merged)):
            work.connection.execute(
                members.update()
                .where(members.c.member_id == each["member_id"])
                .values(status=each["status"], merged_into=each["merged_into"])
            )

    execute(database, write, None)


def test_the_feed_goes_on_where_it_was_left(database: Database) -> None:
    school = make(database, 5, 30)
    execute(database, funnel.refresh, None)
    with database.read() as work:
        whole = stages_store.page(work, None, 10_000)
        ahead = stages_store.page(work, whole[9].event_id, 10_000)
    assert ahead == whole[10:]
    assert {(each.member_id, each.stage, each.reached_at) for each in whole} == {
        (person, stage, at)
        for person, journey in by_hand(school).items()
        for stage, at in journey.reached.items()
    }


def test_who_looks_while_another_looks_finds_nothing(database: Database) -> None:
    make(database, 6, 20)

    def inside(work: Work, _: None) -> None:
        assert stages_store.lock_refreshing(work)
        assert execute(database, funnel.refresh, None) == []

    execute(database, inside, None)
    assert execute(database, funnel.refresh, None)


def test_who_began_before_the_last_look_leaves_it(database: Database) -> None:
    make(database, 7, 20)
    assert execute(database, funnel.refresh, None)

    def earlier(work: Work, at: datetime) -> int:
        before = Work(work.connection, at, work.ids)
        return len(service.refresh(before, []))

    assert execute(database, earlier, database.clock.now() - timedelta(hours=1)) == 0
    with database.read() as work:
        assert stages_store.kept(work), "nothing was taken away"
