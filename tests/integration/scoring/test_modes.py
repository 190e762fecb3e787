"""Activations that reach back, in the real database: previewed, agreed to, settled by entries."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import CaptureHold, HoldPurpose, PlaceHold
from ledger.preview import service as previews
from ledger.preview.explaining import NothingToExplain, explain_event
from ledger.preview.model import document_digest
from ledger.preview.service import AskPreview, ConsentToChange
from ledger.preview.store import StoredPreview
from ledger.programme import service as programmes
from ledger.programme.consent import ConsentGiven, ConsentMissing
from ledger.programme.service import DecideActivation, Mode, ProposeActivation
from ledger.programme.store import StoredChange
from ledger.readiness import service as readiness
from ledger.readiness.model import DeclareSync
from ledger.scoring.pipeline import Step
from ledger.scoring.service import close_periods, score_member
from ledger.scoring.verify import check_projection
from tests.support.clock import SetClock
from tests.support.merging import merge
from tests.world import World

EXAMPLES = Path(__file__).parents[3] / "examples" / "programmes"
DAILY = (EXAMPLES / "daily.yaml").read_text()
WEEKLY = (EXAMPLES / "weekly.yaml").read_text()
HALVED = DAILY.replace("11.5", "6").replace('version: "1"', 'version: "2"')
SINCE = datetime(2026, 3, 3, tzinfo=UTC)
NOBODY = UUID(int=7)


@pytest.fixture
def world(world: World) -> World:
    """Two merges by anna, 12 points each; the second from SINCE on."""
    world.activate(DAILY)
    world.link("anna")
    world.state("one", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    world.state("two", "template.commit.merged", "lms:anna", "2026-03-04T09:00:00Z")
    world.score()
    return world


def propose(world: World, text: str, mode: Mode) -> StoredChange:
    command = programmes.StoreProgramme(text, "test")
    stored = execute(world.database, programmes.store_programme, command)
    asked = ProposeActivation(stored.programme_hash, SINCE, world.first_admin, mode)
    return execute(world.database, programmes.propose_activation, asked)


def approve(world: World, change: StoredChange) -> StoredChange:
    command = DecideActivation(
        change.change_id, "approved", change.content_hash, world.second_admin
    )
    return execute(world.database, programmes.decide_activation, command)


def preview(world: World, change: StoredChange, *, by: UUID | None = None) -> StoredPreview:
    mode: Mode = change.mode  # type: ignore[assignment] - as it was proposed
    asked = AskPreview(change.programme_hash, mode, change.effective_at, by or world.first_admin)
    waiting = execute(world.database, previews.ask, asked)
    previews.work_out(world.database, waiting.preview_id)
    with world.database.read() as work:
        return previews.require_preview(work, waiting.preview_id)


def agree(world: World, change: StoredChange, digest: bytes) -> StoredChange:
    command = ConsentToChange(change.change_id, digest, world.first_admin)
    return execute(world.database, previews.consent, command)


def settled(world: World) -> list[int]:
    for member in world.linked.values():
        execute(world.database, score_member, member)
    with world.database.read() as work:
        assert list(check_projection(work)) == []
    return [award.points for award in world.awards("anna")]


def test_a_restatement_needs_consent_to_its_preview_and_takes_by_entries(world: World) -> None:
    change = propose(world, HALVED, "restatement")
    with pytest.raises(ConsentMissing):
        approve(world, change)
    seen = preview(world, change)
    assert seen.result is not None
    assert seen.digest == document_digest(seen.result)
    said = json.loads(seen.result)
    assert (said["totals"]["before"], said["totals"]["after"]) == (24, 18)
    (row,) = said["members"]
    assert (row["difference"], row["reason_difference"]) == (-6, "-6")
    assert agree(world, change, seen.digest).preview_digest == seen.digest
    approve(world, change)
    assert settled(world) == [12, 6]
    assert world.available("anna") == Points(18)
    with world.database.read() as work:
        cause = programmes.activations(work)[-1].cause
    assert isinstance(cause, dict)
    assert cause["preview_digest"] == seen.digest.hex()
    assert [award.revision for award in world.awards("anna")] == [1, 2]


def test_a_top_up_takes_nothing_away_and_needs_no_consent(world: World) -> None:
    approve(world, propose(world, HALVED, "top_up"))
    assert settled(world) == [12, 12]
    doubled = HALVED.replace("points: 6", "points: 23").replace('"2"', '"3"')
    assert doubled != HALVED
    approve(world, propose(world, doubled, "top_up"))
    assert settled(world) == [12, 23]
    assert world.available("anna") == Points(35)


def test_a_consent_is_to_a_preview_of_exactly_this_and_given_once(world: World) -> None:
    change, other = propose(world, HALVED, "restatement"), propose(world, HALVED, "top_up")
    digest = preview(world, other).digest
    assert digest is not None
    with pytest.raises(previews.PreviewDiffers):
        agree(world, change, digest)
    digest = preview(world, change).digest
    assert digest is not None
    agree(world, change, digest)
    with pytest.raises(ConsentGiven):
        agree(world, change, digest)


def test_a_consent_is_to_a_preview_of_the_last_day(world: World) -> None:
    change = propose(world, HALVED, "restatement")
    seen = preview(world, change)
    assert seen.digest is not None
    clock = SetClock(seen.requested_at + previews.FRESH_FOR + timedelta(seconds=1))
    later = replace(world, database=replace(world.database, clock=clock))
    with pytest.raises(previews.PreviewTooOld):
        agree(later, change, seen.digest)
    clock.forward(timedelta(seconds=-1))
    assert agree(later, change, seen.digest).preview_digest == seen.digest


def test_the_same_preview_again_is_the_same_bytes(world: World) -> None:
    change = propose(world, HALVED, "restatement")
    one, other = preview(world, change), preview(world, change)
    assert one.result == other.result
    assert (one.members_done, one.members_in_all) == (0, 3)


def test_what_is_owed_is_said_of_what_is_not_spent(world: World) -> None:
    """Of 24 points 8 are on hold and 6 spent: 18 are owed; losing 6 of them leaves 12."""
    spend(world, 6, capture=True)
    spend(world, 8, capture=False)
    seen = preview(world, propose(world, HALVED, "restatement"))
    assert seen.result is not None
    said = json.loads(seen.result)
    totals = said["totals"]
    assert (totals["outstanding_before"], totals["outstanding_after"]) == (18, 12)
    assert (totals["liability_before"], totals["liability_after"]) == ({"USD": 18}, {"USD": 12})
    assert (totals["liability_basis"], totals["liability_rounding"]) == ("outstanding", "down")
    (row,) = said["members"]
    assert (row["outstanding_before"], row["outstanding_after"]) == (18, 12)
    change = propose(world, HALVED, "restatement")
    assert seen.digest is not None
    agree(world, change, seen.digest)
    approve(world, change)
    settled(world)
    summary = world.summary("anna")
    assert (summary.pending + summary.available + summary.held).amount == 12


def test_what_a_merged_member_has_is_the_survivors(world: World) -> None:
    world.link("boris")
    world.state("b", "template.commit.merged", "lms:boris", "2026-03-02T10:00:00Z")
    world.score()
    merge(world, world.linked["anna"], world.linked["boris"])
    world.score()
    seen = preview(world, propose(world, HALVED, "restatement"))
    assert seen.result is not None
    (row,) = json.loads(seen.result)["members"]
    held = world.summary("anna")
    assert row["outstanding_before"] == (held.pending + held.available + held.held).amount
    assert row["outstanding_before"] == row["before"]


def spend(world: World, points: int, *, capture: bool) -> None:
    """Put points on hold, and perhaps spend them."""
    hold_id = UUID(int=points)
    at = datetime.now(UTC)  # noqa: TID251 - a test's clock
    until = at + timedelta(hours=1)
    place = PlaceHold(
        hold_id, world.linked["anna"], Points(points), HoldPurpose.REDEMPTION, at, until
    )
    execute(world.database, lots.place_hold, place)
    if capture:
        execute(world.database, lots.capture_hold, CaptureHold(hold_id, Points(points), at))


def test_facts_that_a_source_has_not_released_count_in_no_preview(world: World) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - a test's clock
    declared = DeclareSync("lms", "ok", now, None, None)
    execute(world.database, readiness.declare_sync, declared)
    later = (now + timedelta(minutes=2)).isoformat()
    world.state("three", "template.commit.merged", "lms:anna", later)
    change = propose(world, HALVED, "restatement")
    seen = preview(world, change)
    assert seen.result is not None
    totals = json.loads(seen.result)["totals"]
    assert (totals["before"], totals["after"]) == (24, 18)
    assert seen.digest is not None
    agree(world, change, seen.digest)
    approve(world, change)
    assert sum(settled(world)) == 18


def test_a_forward_version_is_seen_from_when_it_could_begin(world: World) -> None:
    """It may be asked for from March on; activated now, it changes nothing of March."""
    change = propose(world, HALVED, "forward")
    seen = preview(world, change)
    assert seen.result is not None
    assert json.loads(seen.result)["totals"]["difference"] == 0
    approve(world, change)
    assert sum(settled(world)) == 24


def test_who_waits_hears_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "TOLD_EVERY", 1)
    world.link("boris")
    world.state("b", "template.commit.merged", "lms:boris", "2026-03-02T09:00:00Z")
    change = propose(world, HALVED, "restatement")
    asked = AskPreview(change.programme_hash, "restatement", SINCE, world.first_admin)
    waiting = execute(world.database, previews.ask, asked)
    told: list[tuple[int, int]] = []

    def tell(done: int) -> None:
        with world.database.read() as work:
            told.append((done, previews.require_preview(work, waiting.preview_id).members_done))

    previews.work_out(world.database, waiting.preview_id, tell)
    assert told == [(1, 1), (2, 2)]


def test_progress_grows_by_tens_and_the_same_inputs_give_the_same_bytes(world: World) -> None:
    for number in range(20):
        world.link(f"member-{number}")
        subject = f"lms:member-{number}"
        world.state(f"m{number}", "template.commit.merged", subject, "2026-03-02T09:00:00Z")
    change = propose(world, HALVED, "restatement")
    asked = AskPreview(change.programme_hash, "restatement", SINCE, world.first_admin)
    waiting = execute(world.database, previews.ask, asked)
    told: list[int] = []
    previews.work_out(world.database, waiting.preview_id, told.append)
    assert told == [10, 20]
    with world.database.read() as work:
        first = previews.require_preview(work, waiting.preview_id)
    again = previews.result_of(world.database, first, lambda _: None)
    assert (again, document_digest(again)) == (first.result, first.digest)


@pytest.mark.deep
def test_a_whole_school_is_previewed_in_sight(world: World) -> None:
    """The school's real size: 66 934 events of 102 members (reference file, its promises)."""
    for number in range(101):  # And anna.
        world.link(f"member-{number}")
    began = datetime(2026, 1, 5, 8, tzinfo=UTC)
    types = ("template.commit.merged", "text.submitted", "day.opened", "ai.chat")
    stated = [
        (
            f"e{number}",
            types[number // 101 % len(types)],
            f"lms:member-{number % 101}",
            (began + timedelta(minutes=97 * (number // 101))).isoformat().replace("+00:00", "Z"),
            {"place": number % 97},
        )
        for number in range(66_932)
    ]
    for first in range(0, len(stated), 1_000):
        world.state_all(stated[first : first + 1_000])
    assert world.score() == 101
    change = propose(world, HALVED, "restatement")
    asked = AskPreview(change.programme_hash, "restatement", SINCE, world.first_admin)
    waiting = execute(world.database, previews.ask, asked)
    told: list[int] = []
    started = time.perf_counter()
    previews.work_out(world.database, waiting.preview_id, told.append)
    print(f"previewed in {time.perf_counter() - started:.1f} s")
    assert told == list(range(10, 101, 10))
    with world.database.read() as work:
        first_time = previews.require_preview(work, waiting.preview_id)
    assert first_time.result is not None
    assert len(json.loads(first_time.result)["members"]) == 102
    again = previews.result_of(world.database, first_time, lambda _: None)
    assert (again, document_digest(again)) == (first_time.result, first_time.digest)


def test_another_zone_and_period_can_be_restated(world: World) -> None:
    """Merges of 3 March on, Moscow, now count by the week in UTC; the one before stays."""
    weekly = WEEKLY.replace("lms.section.read", "template.commit.merged")
    change = propose(world, weekly, "restatement")
    digest = preview(world, change).digest
    assert digest is not None
    agree(world, change, digest)
    approve(world, change)
    execute(world.database, close, None)
    assert sorted(settled(world)) == [0, 12, 50]
    (period,) = [award.key.period for award in world.awards("anna") if award.key.period]
    assert period == "2026-03-03T00:00:00Z..2026-W10"
    assert world.available("anna") == Points(62)


def close(work: Work, _: None) -> None:
    close_periods(work)


def test_a_top_up_of_periods_by_another_kind_is_refused(world: World) -> None:
    change = propose(world, WEEKLY, "top_up")
    with pytest.raises(programmes.TopUpIncomparable):
        approve(world, change)
    failed = preview(world, change)
    assert failed.result is None
    assert failed.failure is not None
    assert "top-up" in failed.failure


def test_the_same_version_again_only_where_it_reaches_further_back(world: World) -> None:
    approve(world, propose(world, HALVED, "top_up"))
    with pytest.raises(programmes.AlreadyInForce):
        approve(world, propose(world, HALVED, "top_up"))


def test_why_and_why_not_of_a_stored_event(world: World) -> None:
    (first, _) = world.awards("anna")
    assert first.key.event_id is not None
    with world.database.read() as work:
        (outcome, *_) = explain_event(work, first.key.event_id, world.linked["anna"])
        assert outcome.step is Step.AWARDED
        (other, *_) = explain_event(work, first.key.event_id, NOBODY)
        assert other.step is Step.TO
        with pytest.raises(NothingToExplain):
            explain_event(work, NOBODY, NOBODY)


def test_a_preview_that_nobody_asked_for_is_unknown(world: World) -> None:
    with world.database.read() as work, pytest.raises(previews.UnknownPreview):
        previews.require_preview(work, NOBODY)
    previews.work_out(world.database, NOBODY)
