"""The pages of the votes: each state in both languages, for strangers, members and voters."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from ledger.kernel.transaction import execute
from ledger.programme import service as programmes
from tests.support.chain_nodes import GUARDIAN
from tests.support.governance import OUTSIDER, Community, Voter
from tests.world import World

pytestmark = pytest.mark.parametrize("place", ["anvil"], indirect=True)

PROGRAMME = (Path(__file__).parents[3] / "examples" / "programmes" / "daily.yaml").read_text()
NEXT = PROGRAMME.replace('version: "1"', 'version: "2"').replace("points: 11.5", "points: 20")
HOSTILE = "<script>alert(1)</script>"
STATES = {
    "signed": ("Signed", "Подписано"),
    "active": ("Open", "Идёт"),
    "defeated": ("Defeated", "Отклонено"),
    "canceled": ("Cancelled", "Отменено"),
    "executed": ("Carried out", "Исполнено"),
    "refused": ("Refused", "Не принято"),
    "execution_reverted": ("Could not be carried out", "Исполнить не удалось"),
}


def words(community: Community, path: str, voter: Voter | None = None, language: str = "en") -> str:
    """What a page says, without its tags."""
    answer = community.page(path, voter, language)
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def shows(community: Community, proposal: str, *, english: str, russian: str) -> None:
    assert english in words(community, f"/votes/{proposal}")
    assert russian in words(community, f"/votes/{proposal}", language="ru")


def badge(community: Community, proposal: str) -> None:
    """Its state is on its own page and on the list, in both languages."""
    english, russian = STATES[community.state(proposal)]
    for path in (f"/votes/{proposal}", "/votes"):
        for language, expected in (("en", english), ("ru", russian)):
            text = community.page(path, community.voters[0], language).text
            assert re.search(rf'class="badge [a-z]+">{expected}<', text), (path, expected)


def stored(community: Community, text: str) -> bytes:
    command = programmes.StoreProgramme(text, "test")
    return execute(community.database, programmes.store_programme, command).programme_hash


def test_nothing_to_vote_on(community: Community) -> None:
    assert "Nothing is being decided now." in words(community, "/votes")
    assert community.page("/votes/12").status_code == 404
    assert community.page("/votes/new").headers["location"].startswith("/sign-in?return_to=")


def test_an_open_proposal_for_everybody(community: Community) -> None:
    community.all_delegate()
    voter, other = community.voters[:2]
    proposal = community.propose(voter, title=HOSTILE, body="One\n\n<b>Two</b>")
    path = f"/votes/{proposal}"
    community.opened(proposal)
    badge(community, proposal)
    assert HOSTILE not in community.page(path).text
    assert HOSTILE in words(community, path)
    assert "Sign in to vote." in words(community, path)
    walletless = Voter(community.member_without_wallet(), voter.key)
    assert "Link yours first" in words(community, path, walletless)
    poor = community.join(OUTSIDER)
    assert "had no VKL" in words(community, path, poor)
    ready = words(community, path, voter)
    assert "100 VKL" in ready
    assert "You sign a message" in ready
    community.vote(voter, proposal, "against", "No.")
    assert "Ballot received" in words(community, path, voter)
    community.until(lambda: not community.waiting_ballots())
    assert "Your choice Against" in words(community, path, voter)
    russian = words(community, path, other, "ru")
    assert "Голосующие за и воздержавшиеся: 0 из нужных 2" in russian
    assert "закроется через" in russian


def test_a_wallet_whose_votes_sleep_is_told_to_delegate(community: Community) -> None:
    voter, other = community.voters[:2]
    community.delegate(other)
    community.until(lambda: community.power(other) > 0)
    proposal = community.opened(community.propose(other))
    assert "Delegate to yourself" in words(community, f"/votes/{proposal}", voter)
    assert "Too few votes to propose" in words(community, "/votes/new", voter)


def test_what_an_executed_programme_vote_did(community: Community, world: World) -> None:
    world.activate(PROGRAMME)
    community.all_delegate()
    voter = community.voters[0]
    unknown = programmes.read_programme(NEXT).programme_hash
    missing = community.propose_programme(voter, unknown)
    shows(community, missing, english="The file is not here yet", russian="Файла здесь пока нет")
    community.executed(community.passed(missing))
    badge(community, missing)
    shows(
        community,
        missing,
        english="nobody has stored the file",
        russian="файл этой версии здесь никто не сохранил",
    )
    stored(community, NEXT)
    assert "version 1" not in words(community, "/votes/new", voter)
    community.settle()
    shows(
        community,
        missing,
        english="The members have changed the rules.",
        russian="Участники изменили правила.",
    )
    again = community.propose_programme(voter, unknown, "Again")
    community.passed(again)
    community.until(lambda: community.state(again) == "execution_reverted")
    badge(community, again)
    shows(community, again, english="refused to carry it out", russian="отказался его исполнить")


def test_a_version_in_force_already_is_not_applied(community: Community, world: World) -> None:
    current = world.activate(PROGRAMME)
    community.all_delegate()
    proposal = community.propose_programme(community.voters[0], current)
    community.executed(community.passed(proposal))
    shows(
        community,
        proposal,
        english="the rules in force stay as they were",
        russian="действуют прежние правила",
    )


def test_defeated_cancelled_and_refused(community: Community) -> None:
    community.all_delegate()
    voter = community.voters[0]
    beaten = community.propose(voter, title="Beaten")
    stopped = community.propose(voter, title="Stopped")
    for each in community.voters[:3]:
        community.opened(beaten)
        community.vote(each, beaten, "against")
    cancel = community.governor_call("cancel", stopped)
    community.send_as(GUARDIAN, community.contracts.governor, cancel)
    assert community.closed(beaten) == "defeated"
    badge(community, beaten)
    shows(
        community,
        beaten,
        english="No more votes were for it",
        russian="Голосов «за» не больше",
    )
    community.until(lambda: community.state(stopped) == "canceled")
    badge(community, stopped)
    status, late = community.post("/v1/proposals", voter, community.draft(voter, title="Late"))
    assert status == 201
    badge(community, late["id"])
    community.node.pass_time(3_700)
    community.until(lambda: community.state(late["id"]) == "refused")
    badge(community, late["id"])
    listed = words(community, "/votes")
    assert listed.index("Nothing is being decided now.") < listed.index("Beaten")


def test_a_passed_resolution(community: Community) -> None:
    community.all_delegate()
    proposal = community.executed(community.passed(community.propose(community.voters[0])))
    shows(
        community,
        proposal,
        english="The members have resolved this.",
        russian="Участники так решили.",
    )


def test_the_pages_are_read_while_the_chain_is_down(community: Community) -> None:
    community.all_delegate()
    voter = community.voters[0]
    proposal = community.opened(community.propose(voter))
    community.lose_the_chain()
    assert "The chain does not answer now" in words(community, f"/votes/{proposal}", voter)
    assert "The chain does not answer now" in words(community, "/votes/new", voter)
