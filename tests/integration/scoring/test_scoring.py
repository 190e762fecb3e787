"""Facts to points in the real database: awards, corrections, versions, closed weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.kernel import outbox
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members.model import SCORE_TOPIC, LinkIdentity, UnlinkIdentity, WordCountsNoLonger
from ledger.programme import service as programmes
from ledger.scoring import store
from ledger.scoring.service import NOTHING_LEFT, score_everybody, score_member
from ledger.scoring.store import NewRevision
from ledger.scoring.verify import check_projection
from ledger.switches import service as switches
from ledger.switches.model import SetSwitch, Switch
from tests.support.admins import blocked
from tests.world import World, lms

EXAMPLES = Path(__file__).parents[3] / "examples" / "programmes"
DAILY = (EXAMPLES / "daily.yaml").read_text()
WEEKLY = (EXAMPLES / "weekly.yaml").read_text()


def test_an_event_is_awarded_once_however_often_it_is_scored(world: World) -> None:
    world.activate(DAILY)
    world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    assert world.score() == 1
    assert world.score() == 0
    (award,) = world.awards("anna")
    assert (award.points, award.excess, award.revision) == (12, 0, 1)
    assert award.entry_id is not None
    assert world.available("anna") == Points(12)


def test_scoring_again_without_news_changes_nothing(world: World) -> None:
    world.activate(DAILY)
    member = world.link("anna")
    world.state("e1", "text.submitted", "lms:anna", "2026-03-02T09:00:00Z")
    world.score()
    before = world.awards("anna")
    assert execute(world.database, score_member, member).revised == 0
    assert world.awards("anna") == before


def test_facts_of_an_unknown_identity_are_credited_when_it_is_linked(world: World) -> None:
    world.activate(DAILY)
    world.state("e1", "commit.created", "lms:anna", "2026-03-02T09:00:00Z")
    assert world.score() == 0
    world.link("anna")
    world.score()
    assert world.points("anna") == 2


MENTORED = """\
programme: mentored
version: "1"
zone: UTC
rules:
  - {id: helped, on: club.help.given, to: data.owner, points: 3}
  - {id: mentored, on: club.help.given, to: data.mentor, points: 5}
"""


def test_who_met_an_identity_is_scored_when_it_is_linked_and_unlinked(world: World) -> None:
    """Helping oneself earns nobody; that anna is petya is known only once she is linked."""
    world.activate(MENTORED)
    anna = world.link("anna")
    world.link("boris")
    data = {"owner": "lms:petya", "mentor": "lms:boris"}
    world.state("e1", "club.help.given", "lms:anna", "2026-03-02T09:00:00Z", data)
    world.score()
    assert world.points("boris") == 5
    reference = execute(world.database, members.references_of, [lms("petya")])[lms("petya")]
    execute(world.database, members.link_identity, LinkIdentity(anna, reference, "test"))
    world.score()
    assert world.points("boris") == 0
    execute(world.database, members.unlink_identity, UnlinkIdentity(anna, reference, "test"))
    world.score()
    assert world.points("boris") == 5
    with world.database.read() as work:
        assert list(check_projection(work)) == []


def test_the_day_turns_active_later_and_its_awards_are_corrected(world: World) -> None:
    """Reference file: seventh active day, text at 09:00, opened at 10:00, level 1: 2, then 3."""
    world.activate(DAILY)
    world.link("anna")
    for day in range(2, 8):
        world.state(f"o{day}", "day.opened", "lms:anna", f"2026-03-{day:02}T08:00:00Z")
        world.state(f"s{day}", "session.started", "lms:anna", f"2026-03-{day:02}T08:01:00Z")
    world.state("text", "text.submitted", "lms:anna", "2026-03-08T06:00:00Z")
    world.score()
    assert world.points("anna") == 2
    world.state("o8", "day.opened", "lms:anna", "2026-03-08T07:00:00Z")
    world.score()
    (award,) = world.awards("anna")
    assert (award.points, award.revision) == (3, 2)
    assert world.available("anna") == Points(3)


def test_a_retraction_takes_points_back_and_leaves_a_debt_if_they_are_spent(world: World) -> None:
    world.activate(DAILY)
    world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    world.score()
    world.state("r1", "activity.retracted", None, "2026-03-03T09:00:00Z", {"id": "e1"})
    world.score()
    (award,) = world.awards("anna")
    assert (award.points, award.receipt) == (0, NOTHING_LEFT)
    summary = world.summary("anna")
    assert (summary.available, summary.debt) == (Points(0), Points(0))


def test_a_new_version_scores_new_events_and_leaves_old_ones_alone(world: World) -> None:
    world.activate(DAILY)
    world.link("anna")
    world.state("old", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    world.score()
    doubled = DAILY.replace("11.5", "23.0").replace('version: "1"', 'version: "2"')
    assert doubled != DAILY
    world.activate(doubled, "2026-01-01T00:00:00Z")
    with world.database.read() as work:
        last = programmes.activations(work)[-1]
    assert last.effective_at > datetime(2026, 6, 1, tzinfo=UTC), "forward only: never in the past"
    later = (last.effective_at + timedelta(seconds=1)).isoformat()
    world.state("late", "template.commit.merged", "lms:anna", "2026-03-03T09:00:00Z")
    world.state("new", "template.commit.merged", "lms:anna", later)
    world.score()
    assert [award.points for award in world.awards("anna")] == [12, 12, 23]


def test_what_happened_before_the_first_activation_is_scored_by_it(world: World) -> None:
    world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    assert world.score() == 1
    assert world.awards("anna") == []
    world.activate(DAILY)
    with world.database.read() as work:
        (activation,) = programmes.activations(work)
    assert execute(world.database, score_everybody, activation.activation_id)
    assert not execute(world.database, score_everybody, activation.activation_id)
    world.score()
    assert world.points("anna") == 12


def test_weeks_are_awarded_when_they_close_and_corrected_by_late_facts(world: World) -> None:
    """Reference file: read in week 1, liked in week 2, read in week 3 at level 1: 123."""
    world.activate(WEEKLY)
    world.link("anna")
    world.link("boris")
    world.state("s1", "lms.section.read", "lms:anna", "2026-03-02T09:00:00Z")
    like = {"owner": "lms:anna"}
    world.state("l1", "club.like.given", "lms:boris", "2026-03-10T09:00:00Z", like)
    world.score()
    assert world.points("anna") == 0
    world.close_periods()
    world.score()
    assert world.points("anna") == 70
    world.state("s3", "lms.section.read", "lms:anna", "2026-03-18T09:00:00Z")
    world.score()
    assert world.points("anna") == 123
    world.state("r1", "activity.retracted", None, "2026-03-19T09:00:00Z", {"id": "l1"})
    world.score()
    assert world.points("anna") == 100
    assert world.available("anna") == Points(100)


def test_an_activation_needs_another_person_and_the_content_that_was_shown(world: World) -> None:
    text = DAILY
    stored = execute(
        world.database, programmes.store_programme, programmes.StoreProgramme(text, "test")
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    change = execute(
        world.database,
        programmes.propose_activation,
        programmes.ProposeActivation(stored.programme_hash, at, world.first_admin),
    )

    def decide(by: object, content: bytes) -> None:
        command = programmes.DecideActivation(change.change_id, "approved", content, by)  # type: ignore[arg-type]
        execute(world.database, programmes.decide_activation, command)

    with pytest.raises(programmes.ProgrammeNeedsAnotherPerson):
        decide(world.first_admin, change.content_hash)
    with pytest.raises(programmes.ProgrammeChangeDiffers):
        decide(world.second_admin, bytes(32))
    with world.database.read() as work, pytest.raises(programmes.NoProgrammeInForce):
        programmes.in_force(work, work.now)
    with blocked(world.database, world.first_admin), pytest.raises(WordCountsNoLonger):
        decide(world.second_admin, change.content_hash)
    decide(world.second_admin, change.content_hash)
    with pytest.raises(programmes.ProgrammeChangeDecided):
        decide(world.second_admin, change.content_hash)
    with world.database.read() as work:
        assert programmes.in_force(work, work.now).programme.programme_hash == stored.programme_hash


def test_what_cannot_be_activated_is_refused(world: World) -> None:
    world.activate(DAILY)
    with pytest.raises(programmes.AlreadyInForce):
        world.activate(DAILY)
    ahead = DAILY.replace('version: "1"', 'version: "2"')
    world.activate(ahead, "2999-01-01T00:00:00Z")
    with pytest.raises(programmes.ActivationOutOfOrder):
        world.activate(DAILY.replace('version: "1"', 'version: "3"'))

    def unknown(work: Work, _: None) -> None:
        programmes.activate(work, programmes.Activate(bytes(32), work.now, {}))

    with pytest.raises(programmes.UnknownProgramme):
        execute(world.database, unknown, None)

    def missing(work: Work, _: None) -> None:
        programmes.require_change(work, world.first_admin)

    with pytest.raises(programmes.UnknownProgrammeChange):
        execute(world.database, missing, None)


def test_verify_names_an_award_that_its_facts_do_not_earn(world: World) -> None:
    world.activate(DAILY)
    world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    world.score()
    with world.database.read() as work:
        assert list(check_projection(work)) == []

    def overstate(work: Work, _: None) -> None:
        (award,) = store.awards_of(work, world.linked["anna"]).values()
        store.insert_revisions(work, [NewRevision(award.award_id, 2, 13, 0, {}, None)])

    execute(world.database, overstate, None)
    with world.database.read() as work:
        (finding,) = check_projection(work)
    assert "worth 13 points" in finding.problem
    assert "entitle to 12" in finding.problem


def test_verify_leaves_out_whoever_is_still_to_be_scored(world: World) -> None:
    world.activate(DAILY)
    world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    with world.database.read() as work:
        assert list(check_projection(work)) == []


def test_verify_names_a_receipt_that_was_changed(world: World) -> None:
    world.activate(DAILY)
    world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    world.score()

    def embellish(work: Work, _: None) -> None:
        (award,) = store.awards_of(work, world.linked["anna"]).values()
        store.insert_revisions(work, [NewRevision(award.award_id, 2, 12, 0, {}, None)])

    execute(world.database, embellish, None)
    with world.database.read() as work:
        (finding,) = check_projection(work)
    assert finding.table == "award_revisions"


def test_verify_names_a_member_whose_scoring_fails_again_and_again(world: World) -> None:
    world.activate(DAILY)
    member = world.link("anna")
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    for _ in range(3):
        outbox.postpone(world.database, SCORE_TOPIC, str(member), "broken")
    with world.database.read() as work:
        (finding,) = check_projection(work)
    assert finding.row == str(member)
    assert "failed 3 times" in finding.problem


def test_awards_wait_while_the_school_has_switched_earning_off(world: World) -> None:
    world.activate(DAILY)
    world.link("anna")

    def turn(work: Work, is_on: bool) -> None:  # noqa: FBT001 - a command of one word
        command = SetSwitch(Switch.EARNING, is_on, "An audit", world.first_admin)
        switches.set_switch(work, command)
        outbox.defer(work, SCORE_TOPIC, str(world.linked["anna"]), work.now)

    execute(world.database, turn, False)
    world.state("e1", "template.commit.merged", "lms:anna", "2026-03-02T09:00:00Z")
    world.score()
    assert world.awards("anna") == []
    execute(world.database, turn, True)
    world.score()
    assert world.points("anna") == 12
