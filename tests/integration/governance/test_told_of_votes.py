"""A vote on a real chain: its calendar, who is reminded of it, and its figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from governance.power import store as power
from governance.reminders import service
from governance.reminders.model import ReminderKind
from governance.reminders.service import ChooseReminders
from ledger.kernel.transaction import Database, execute
from oracle.bindings import vkl_token
from oracle.chain.port import read
from oracle.indexer import store as indexer_store
from tests.integration.governance.conftest import Places
from tests.support.chain_nodes import GUARDIAN
from tests.support.clock import SetClock
from tests.support.governance import Community, Voter

UNIT = 10**18
SECOND = timedelta(seconds=1)


@pytest.fixture
def community(places: Places, database: Database, tmp_path: Path) -> Iterator[Community]:
    place = places("anvil")
    snapshot = place.node.rpc("evm_snapshot")
    yield Community.of(database, place.node, place.deployment, tmp_path / "state")
    place.node.rpc("evm_revert", snapshot)


def _remind(community: Community, at: datetime | None = None) -> int:
    """What the job makes at a time of the chain, by itself now."""
    database = community.database
    clock = SetClock(at or community.now())
    return service.make_due(Database(database.engine, clock, database.ids))


def _dates(community: Community, proposal: str) -> tuple[datetime, datetime]:
    """When voting opens and when it closes."""
    standing = community.shown(proposal)["standing"]
    opens, closes = (standing[name] for name in ("snapshot_at", "deadline_at"))
    return datetime.fromisoformat(opens), datetime.fromisoformat(closes)


def _kinds(community: Community, voter: Voter) -> list[str]:
    found = community.get("/v1/notices", voter)["data"]
    return [each["kind"] for each in reversed(found)]


def _final(community: Community) -> None:
    """Everything that was sent is mined, final and read."""
    community.until(lambda: not community.waiting_ballots())
    community.settle()


def _voted_on(community: Community) -> str:
    """A proposal of A: B delegated to A, the others to themselves; A has voted for it."""
    a, b, c, d = community.voters
    for voter, to in ((a, a), (b, a), (c, c), (d, d)):
        community.delegate(voter, to.key.address)
    community.until(lambda: community.power(a) == 160 * UNIT and community.power(d) == 2 * UNIT)
    proposal = community.opened(community.propose(a))
    community.settle()
    return proposal


def test_who_is_told_what(community: Community) -> None:
    a, b, c, d = community.voters
    for voter in community.voters:
        command = ChooseReminders(voter.member_id, frozenset(ReminderKind))
        execute(community.database, service.choose, command)
    proposal = _voted_on(community)
    opens_at, closes_at = _dates(community, proposal)
    assert _remind(community, opens_at) == 3, "B has no votes of their own"
    community.vote(a, proposal)
    _final(community)
    community.vote(c, proposal)
    assert _remind(community, closes_at - SECOND) == 2, "A's ballot is there, C's on its way"
    (of_ballot,) = community.get("/v1/notices", b)["data"]
    assert (of_ballot["kind"], of_ballot["support"]) == ("ballot", "for")
    assert (of_ballot["subject_id"], of_ballot["title"]) == (proposal, "A garden")
    assert a.key.address.lower()[2:] not in str(of_ballot)
    said = community.page("/notices", b, "ru").text
    assert "Ваш представитель проголосовал вашими токенами: за" in said
    community.vote(d, proposal)
    assert community.closed(proposal) in {"succeeded", "queued"}
    community.executed(proposal)
    assert _remind(community) == 4
    assert _remind(community) == 0
    assert {
        name: _kinds(community, each) for name, each in zip("abcd", (a, b, c, d), strict=True)
    } == {
        "a": ["opens", "outcome"],
        "b": ["ballot", "outcome"],
        "c": ["opens", "outcome"],
        "d": ["opens", "closes", "outcome"],
    }


def test_the_life_of_a_proposal_is_in_the_calendar(community: Community) -> None:
    community.all_delegate()
    proposal = community.executed(community.passed(community.propose(community.voters[0])))
    community.settle()
    found = community.get("/v1/governance/calendar", **_window(community))["data"]
    kinds = [each["kind"] for each in found]
    kinds.remove("proposed")  # By our clock, the others by the chain's, which tests set ahead.
    assert kinds == ["opens", "closes", "queued", "executable", "executed"]
    standing = community.shown(proposal)["standing"]
    at = {each["kind"]: each["at"] for each in found}
    assert at["opens"] == standing["snapshot_at"]
    assert at["closes"] == standing["deadline_at"]
    assert at["executable"] == standing["executable_at"]
    assert {(each["off"], each["changes"]) for each in found} == {(False, 0)}
    page = community.page(f"/calendar?month={community.now():%Y-%m}").text
    assert f'href="/votes/{proposal}"' in page


def test_what_a_cancelled_proposal_had_before_it_is_off(community: Community) -> None:
    community.all_delegate()
    proposal = community.opened(community.propose(community.voters[0]))
    cancel = community.governor_call("cancel", proposal)
    community.send_as(GUARDIAN, community.contracts.governor, cancel)
    community.until(lambda: community.state(proposal) == "canceled")
    community.settle()
    found = community.get("/v1/governance/calendar", **_window(community))["data"]
    off = {each["kind"]: (each["off"], each["changes"]) for each in found}
    assert off == {
        "proposed": (False, 0),
        "canceled": (False, 0),
        "opens": (False, 0),
        "closes": (True, 1),
    }
    assert _remind(community) == 0


def test_a_quorum_reached_late_moves_the_close(community: Community) -> None:
    community.all_delegate()
    proposal = community.opened(community.propose(community.voters[0]))
    _, closes_at = _dates(community, proposal)
    for voter in community.voters[:3]:
        community.vote(voter, proposal)
    community.tick_without_sending()
    late = community.deployment.parameters.governor.late_quorum_extension_s - 1
    community.node.pass_time(int((closes_at - community.now()).total_seconds()) - late)
    community.send()
    _final(community)
    _, moved = _dates(community, proposal)
    assert moved > closes_at
    found = community.get("/v1/governance/calendar", **_window(community))["data"]
    (closes,) = (each for each in found if each["kind"] == "closes")
    assert (datetime.fromisoformat(closes["at"]), closes["changes"]) == (moved, 1)
    assert (closes["off"], closes["said_at"] < closes["at"]) == (False, True)
    stream = community.page("/v1/governance/calendar.ics").text.replace("\r\n ", "")
    event = next(each for each in stream.split("BEGIN:VEVENT") if "-closes@vklad" in each)
    assert f"DTSTART:{moved:%Y%m%dT%H%M%SZ}\r\nSEQUENCE:1\r\n" in event


def test_figures_are_what_the_chain_says(community: Community) -> None:
    a, b, c, d = community.voters
    proposal = _voted_on(community)
    community.vote(a, proposal)
    community.vote(c, proposal, "against")
    _final(community)
    figures = community.get("/v1/governance/analytics", proposal=proposal)
    (found,) = figures["proposals"]
    assert found["turnout"] == {
        "voters": 2,
        "eligible": 3,
        "by_persons": {"exact": "2/3", "decimal": "0.666667"},
        "cast": str(210 * UNIT),
        "weight": str(212 * UNIT),
        "by_weight": {"exact": "105/106", "decimal": "0.990566"},
    }
    assert (found["holders"], found["represented"]) == (4, 3)
    delegation = found["delegation"]
    assert (delegation["to_oneself"], delegation["to_others"]) == (
        *(str(152 * UNIT), str(60 * UNIT)),
    )
    assert (delegation["delegates"], delegation["delegators"]) == (1, 1)
    # Sorted 2 50 60 100: 2 + 100 + 180 + 400 = 682; 1364 / (4 * 212) - 5/4 = 19/53.
    assert found["tokens"]["gini"]["exact"] == str(Fraction(19, 53))
    assert found["tokens"]["nakamoto"] == 2
    # Votes 2 50 160: 2 + 100 + 480 = 582; 1164 / (3 * 212) - 4/3 = 79/159.
    assert found["votes"]["gini"]["exact"] == "79/159"
    assert found["votes"]["nakamoto"] == 1
    # Cast 50 160: 50 + 320 = 370; 740 / 420 - 3/2 = 11/42.
    assert found["cast"]["gini"]["exact"] == "11/42"
    _agree_with_the_token(community, figures)
    assert community.get("/v1/governance/analytics")["proposals"] == [found]
    for language, words in (("en", "Figures of votes"), ("ru", "Цифры голосований")):
        page = community.page("/governance/analytics", language=language).text
        assert words in page
        assert f'href="/votes/{proposal}"' in page
    assert b.key.address.lower()[2:] not in str(figures).lower()
    assert d.key.address.lower()[2:] not in str(figures).lower()


def _agree_with_the_token(community: Community, figures: Any) -> None:
    chain, token = community.node.chain(), community.contracts.token
    accounts = [each.key.address for each in community.voters]

    def total(call: Any) -> int:
        return sum(read(chain, token, call(each), figures["block_number"]) for each in accounts)

    assert int(figures["now"]["tokens"]["total"]) == total(vkl_token.balance_of)
    assert int(figures["now"]["votes"]["total"]) == total(vkl_token.get_votes)


def test_power_is_that_of_the_snapshot(community: Community) -> None:
    a, b, c, _ = community.voters
    proposal = _voted_on(community)
    at = community.now()
    community.node.pass_time(2)  # Anvil makes several blocks in one second.
    community.delegate(b, c.key.address)
    community.delegate(a, b.key.address)
    community.until(lambda: community.power(c) == 110 * UNIT and community.power(a) == 0)
    community.settle()
    with community.database.read() as work:
        known = indexer_store.chain_in_use(work)
        assert known is not None
        key, name = (
            known.chain_key,
            {each.key.address.lower(): n for each, n in zip(community.voters, "abcd", strict=True)},
        )
        then = {name[each] for each in power.powerful(work, key, at)}
        now = {name[each] for each in power.powerful(work, key, community.now())}
        through_a = power.delegators(work, key, a.key.address.lower(), at)
        held = power.holders(work, key, [*name, "0x" + "11" * 20], at)
    assert (then, now) == (set("acd"), set("bcd"))
    assert {name[each] for each in through_a} == {"b"}
    assert {name[each] for each in held} == set("abcd")
    found = community.get("/v1/governance/analytics", proposal=proposal)
    assert found["proposals"][0]["delegation"]["to_others"] == str(60 * UNIT)
    assert found["now"]["delegation"]["to_others"] == str(160 * UNIT)
    assert (found["now"]["delegation"]["chained"], found["now"]["delegation"]["longest_chain"]) == (
        1,
        2,
    )


def _window(community: Community) -> dict[str, str]:
    """A day round the chain's time."""
    now = community.now()
    return {
        "from": f"{now:%Y-%m-%dT00:00:00Z}",
        "to": f"{now.replace(year=now.year + 1):%Y-%m-%dT00:00:00Z}",
    }
