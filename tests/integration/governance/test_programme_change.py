"""Members change the programme by vote, and every way in which a vote does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import connect, execute
from ledger.preview.store import StoredPreview, newest_of
from ledger.programme import service as programmes
from ledger.programme.tables import programmes as programmes_table
from ledger.programme.verify import check_programmes
from tests.support.chain_nodes import GUARDIAN
from tests.support.governance import OUTSIDER, Community
from tests.support.previewing import previewed
from tests.world import World

EXAMPLES = Path(__file__).parents[3] / "examples" / "programmes"
OLD = (EXAMPLES / "daily.yaml").read_text()
NEW = OLD.replace('version: "1"', 'version: "2"').replace("points: 11.5", "points: 20")
"""A merged commit of the daily programme is worth 12 before and 20 after."""
EVENT = "template.commit.merged"
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def ready(community: Community, world: World) -> Community:
    """The old version in force, one event scored by it, and everybody with their own votes."""
    world.activate(OLD)
    world.link("anna")
    world.state("old", EVENT, "lms:anna", "2026-03-02T09:00:00Z")
    world.score()
    assert world.points("anna") == 12
    community.all_delegate()
    return community


@pytest.fixture
def put_under(migrator_url: str) -> Iterator[Callable[[bytes, str], None]]:
    """Another text under a hash, by an insider who can switch off what refuses."""
    owner = connect(migrator_url)

    def put(programme_hash: bytes, text: str) -> None:
        with owner.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE programmes DISABLE TRIGGER USER"))
            mine = programmes_table.c.programme_hash == programme_hash
            connection.execute(programmes_table.update().where(mine).values(source_text=text))

    yield put
    owner.engine.dispose()


def stored(community: Community, text: str = NEW) -> bytes:
    command = programmes.StoreProgramme(text, "test")
    return execute(community.database, programmes.store_programme, command).programme_hash


def versions(community: Community) -> list[str]:
    """Every version that was ever put in force."""
    with community.database.read() as work:
        return [each.version for each in programmes.activations(work)]


def test_three_signatures_change_what_the_next_event_earns(ready: Community, world: World) -> None:
    proposal = ready.propose_programme(ready.voters[0], stored(ready))
    ready.executed(ready.passed(proposal))
    assert versions(ready) == ["1", "2"]
    (vote,) = ready.programme_votes()
    assert (vote["outcome"], vote["reason"]) == ("activated", "")
    with ready.database.read() as work:
        activation = programmes.activations(work)[-1]
    after = Instant.of(activation.effective_at + timedelta(seconds=1)).isoformat()
    world.state("new", EVENT, "lms:anna", after)
    world.score()
    assert [award.points for award in world.awards("anna")] == [12, 20]


def test_defeated(ready: Community) -> None:
    proposal = ready.opened(ready.propose_programme(ready.voters[0], stored(ready)))
    for voter, support in zip(ready.voters, ("against", "for", "abstain", "against"), strict=True):
        ready.vote(voter, proposal, support)
    assert ready.closed(proposal) == "defeated"
    standing = ready.shown(proposal)["standing"]
    assert (standing["against"], standing["for"], standing["abstain"], standing["voters"]) == (
        f"{102 * 10**18}",
        f"{60 * 10**18}",
        f"{50 * 10**18}",
        2,  # Who is against helps no quorum.
    )
    ready.settle()
    assert versions(ready) == ["1"]


def test_below_quorum(ready: Community) -> None:
    proposal = ready.opened(ready.propose_programme(ready.voters[0], stored(ready)))
    for voter in ready.voters[:2]:
        ready.vote(voter, proposal)
    assert ready.closed(proposal) == "defeated"
    standing = ready.shown(proposal)["standing"]
    assert (standing["voters"], standing["quorum_voters"]) == (2, 3)
    assert int(standing["for"]) >= int(standing["quorum"])
    assert versions(ready) == ["1"]


def test_cancelled_by_the_guardian(ready: Community) -> None:
    proposal = ready.passed(ready.propose_programme(ready.voters[0], stored(ready)))
    cancel = ready.governor_call("cancel", proposal)
    ready.send_as(GUARDIAN, ready.contracts.governor, cancel)
    ready.until(lambda: ready.state(proposal) == "canceled")
    ready.settle()
    assert ready.state(proposal) == "canceled"
    assert versions(ready) == ["1"]


def test_queued_by_a_stranger_first(ready: Community) -> None:
    proposal = ready.opened(ready.propose_programme(ready.voters[0], stored(ready)))
    for voter in ready.voters[:3]:
        ready.vote(voter, proposal)
    ready.until(lambda: not ready.waiting_ballots())
    ready.node.pass_time(ready.deployment.parameters.governor.terms[1].voting_period_s + 1)
    ready.tick_without_sending()
    assert ready.state(proposal) == "succeeded"
    queue = ready.governor_call("queue", proposal)
    ready.send_as(OUTSIDER, ready.contracts.governor, queue)
    ready.executed(proposal)
    assert versions(ready) == ["1", "2"]


def test_nobody_votes_on_rules_whose_effect_nobody_has_seen(ready: Community) -> None:
    voter, wanted = ready.voters[0], stored(ready)
    fields = {
        "kind": "programme",
        "title": "New",
        "programme": f"0x{wanted.hex()}",
        "effective_at": "2000-01-01T00:00:00Z",
    }

    def refused(preview: StoredPreview | None = None) -> str:
        named = {} if preview is None else {"preview": format_id("pvw", preview.preview_id)}
        status, answer = ready.post("/v1/proposal-messages", voter, {**fields, **named})
        assert (status, answer["code"]) == (422, "proposal_not_previewed")
        return str(answer["detail"])

    assert "Nobody has had it worked out" in refused()
    restated = previewed(ready.database, wanted, voter.member_id, "restatement")
    assert "Nobody has had it worked out" in refused()
    assert "this preview is of a restatement" in refused(restated)
    other = stored(ready, NEW.replace('version: "2"', 'version: "3"'))
    assert "no finished preview" in refused(previewed(ready.database, other, voter.member_id))
    seen = previewed(ready.database, wanted, voter.member_id)
    status, shown = ready.post("/v1/proposal-messages", voter, fields)
    assert (status, shown["preview"]) == (200, format_id("pvw", seen.preview_id))
    execute(ready.database, programmes.activate, programmes.Activate(other, LATER, {}))
    assert ready.post("/v1/proposal-messages", voter, fields)[0] == 200
    third = stored(ready, NEW.replace('version: "2"', 'version: "4"'))
    now = ready.database.clock.now()
    execute(ready.database, programmes.activate, programmes.Activate(third, now, {}, "top_up"))
    assert "not in force any more" in refused(seen)
    assert "not in force any more" in refused()


def test_what_a_version_would_do_is_told_before_the_vote(ready: Community) -> None:
    with ready.database.read() as work:
        current = programmes.activations(work)[-1].programme_hash
    wanted = stored(ready)
    proposal = ready.propose_programme(ready.voters[0], wanted)
    with ready.database.read() as work:
        seen = newest_of(work, wanted, "forward")
    assert seen is not None
    assert seen.digest is not None
    told = ready.get(f"/v1/proposals/{proposal}")["effect"]
    assert told == {
        "members": 1,
        "gain": 1,
        "lose": 0,
        "since": None,
        "compared_with": f"0x{current.hex()}",
        "digest": seen.digest.hex(),
        "before": 12,
        "after": 20,
    }
    page = ready.page(f"/votes/{proposal}", language="ru").text
    for shown in ("12 → 20", told["digest"], told["compared_with"]):
        assert shown in page


def test_executed_by_a_stranger(ready: Community) -> None:
    proposal = ready.passed(ready.propose_programme(ready.voters[0], stored(ready)))
    ready.until(lambda: ready.state(proposal) == "queued")
    ready.node.pass_time(ready.deployment.parameters.timelock_delay_s + 1)
    execution = ready.governor_call("execute", proposal)
    ready.send_as(OUTSIDER, ready.contracts.governor, execution)
    ready.executed(proposal)
    assert versions(ready) == ["1", "2"]
    assert [vote["outcome"] for vote in ready.programme_votes()] == ["activated"]


def test_the_file_is_missing_and_stored_later(ready: Community) -> None:
    unknown = programmes.read_programme(NEW).programme_hash
    ready.executed(ready.passed(ready.propose_programme(ready.voters[0], unknown)))
    (vote,) = ready.programme_votes()
    assert vote["outcome"] == "file_missing"
    assert versions(ready) == ["1"]
    stored(ready)
    ready.settle()
    (vote,) = ready.programme_votes()
    assert vote["outcome"] == "activated"
    assert versions(ready) == ["1", "2"]


@pytest.mark.parametrize("text", [NEW.replace("points: 20", "points: 20000"), "no programme"])
def test_another_file_under_the_hash_that_was_voted_on_is_not_put_in_force(
    ready: Community, put_under: Callable[[bytes, str], None], text: str
) -> None:
    voted = stored(ready)
    proposal = ready.passed(ready.propose_programme(ready.voters[0], voted))
    put_under(voted, text)
    ready.executed(proposal)
    (vote,) = ready.programme_votes()
    assert (vote["outcome"], versions(ready)) == ("file_missing", ["1"])
    assert "is not what this hash stands for" in vote["reason"]
    assert _found(ready) == [f"0x{voted.hex()}"]
    with pytest.raises(programmes.ProgrammeAltered):
        execute(ready.database, programmes.activate, programmes.Activate(voted, LATER, {}))
    put_under(voted, NEW)
    assert _found(ready) == []
    ready.settle()
    assert versions(ready) == ["1", "2"]


def _found(community: Community) -> list[str]:
    """The rows that `ledger verify` names for their texts."""
    with community.database.read() as work:
        return [finding.row for finding in check_programmes(work)]


def test_the_version_that_is_in_force_already_is_refused(ready: Community) -> None:
    with ready.database.read() as work:
        current = programmes.activations(work)[-1].programme_hash
    ready.executed(ready.passed(ready.propose_programme(ready.voters[0], current)))
    (vote,) = ready.programme_votes()
    assert vote["outcome"] == "refused"
    assert "already" in vote["reason"]
    assert versions(ready) == ["1"]


def test_a_vote_that_another_one_overtook_reverts_and_says_so(ready: Community) -> None:
    first = ready.propose_programme(ready.voters[0], stored(ready), "First")
    other = NEW.replace('version: "2"', 'version: "3"')
    second = ready.propose_programme(ready.voters[1], stored(ready, other), "Second")
    for proposal in (first, second):
        ready.opened(proposal)
        for voter in ready.voters[:3]:
            ready.vote(voter, proposal)
    ready.closed(second)
    ready.until(
        lambda: {ready.state(first), ready.state(second)} == {"executed", "execution_reverted"}
    )
    ready.settle()
    reverted = next(each for each in (first, second) if ready.state(each) != "executed")
    assert "revert" in ready.shown(reverted)["failure"]
    assert len(versions(ready)) == 2
    assert not ready.waits_for_time()


def test_the_small_holder_counts_as_the_third_voter(ready: Community) -> None:
    proposal = ready.opened(ready.propose_programme(ready.voters[3], stored(ready)))
    for voter in (ready.voters[0], ready.voters[1], ready.voters[3]):
        ready.vote(voter, proposal)
    ready.closed(proposal)
    ready.executed(proposal)
    assert versions(ready) == ["1", "2"]
