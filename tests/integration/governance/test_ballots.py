"""Ballots that count, ballots that are refused, and batches with a bad one among good ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.erasing import EraseMember, erase_and_list, tell
from api.supervisor.state import StateFolder
from governance import relaying
from governance import store as relaying_store
from ledger.consents.model import Purpose
from oracle.bindings import vkl_governor
from oracle.contracts.abi import FunctionCall, encode
from tests.support.governance import OUTSIDER, Community, Voter
from tests.support.minors import consent, under_age

SAYS_YES_TO_EVERYTHING = f"0x7f1626ba7e{'00' * 28}5f5260205ff3"
"""Code of a contract wallet that stands by every signature (ERC-1271)."""


@pytest.fixture
def voting(community: Community) -> tuple[Community, str]:
    """Everybody with their own votes, and a proposal that is open."""
    community.all_delegate()
    return community, community.opened(community.propose(community.voters[0]))


def refused(community: Community, voter: Voter, proposal: str, body: Any) -> tuple[int, str]:
    status, problem = community.cast(voter, proposal, body)
    return status, problem.get("code", "")


def test_a_ballot_with_a_reason_is_recorded(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    voter = community.voters[0]
    body = community.ballot(voter, proposal, "for", "Because it is spring.")
    status, answer = community.cast(voter, proposal, body)
    assert (status, answer["state"], answer["weight"]) == (201, "received", f"{100 * 10**18}")
    community.until(lambda: not community.waiting_ballots())
    (seen,) = community.ballots(voter)
    assert (seen["state"], seen["support"], seen["reason"]) == (
        "recorded",
        "for",
        "Because it is spring.",
    )
    assert community.shown(proposal)["standing"]["for"] == f"{100 * 10**18}"


def test_again_and_twice(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    voter = community.voters[0]
    body = community.ballot(voter, proposal, "for")
    path = f"/v1/proposals/{proposal}/ballots"
    first = community.post(path, voter, body, key="same")
    assert first[0] == 201
    assert community.post(path, voter, body, key="same") == first
    assert refused(community, voter, proposal, body) == (409, "ballot_cast_before")
    community.until(lambda: not community.waiting_ballots())
    assert refused(community, voter, proposal, body) == (409, "ballot_cast_before")
    other = community.ballot(voter, proposal, "against")
    assert refused(community, voter, proposal, other) == (409, "ballot_cast_before")
    assert community.shown(proposal)["standing"]["voters"] == 1


def test_too_early_and_too_late(community: Community) -> None:
    community.all_delegate()
    voter = community.voters[0]
    status, answer = community.post("/v1/proposals", voter, community.draft(voter))
    assert (status, answer["state"]) == (201, "signed")
    proposal = str(answer["id"])
    community.tick_without_sending()
    community.send()
    early = community.ballot(voter, proposal, "for")
    assert refused(community, voter, proposal, early) == (409, "ballot_too_early")
    community.opened(proposal)
    late = community.ballot(voter, proposal, "for")
    community.node.pass_time(community.deployment.parameters.governor.terms[1].voting_period_s + 1)
    assert refused(community, voter, proposal, late) == (410, "ballot_too_late")


def test_a_signature_that_is_not_the_voters(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    voter, other = community.voters[:2]
    path = f"/v1/proposals/{proposal}/ballot-message"
    good = community.ballot(voter, proposal, "for")
    typed = community.get(path, voter, support="for")["typed_data"]
    elsewhere = {**typed, "domain": {**typed["domain"], "chainId": 1}}
    for forged in (
        {**good, "signature": other.sign(typed)},
        {**good, "signature": voter.sign(elsewhere)},
        {**good, "support": "against"},
        {**good, "reason": "never said"},
        {**good, "nonce": good["nonce"] + 1},
    ):
        assert refused(community, voter, proposal, forged) == (422, "signature_not_yours")
    assert refused(community, other, proposal, good) == (422, "signature_not_yours")
    assert community.waiting_ballots() == 0


def test_malformed(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    voter = community.voters[0]
    good = community.ballot(voter, proposal, "for")
    typed = community.get(f"/v1/proposals/{proposal}/ballot-message", voter, support="for")
    message = typed["typed_data"]
    ahead = voter.sign({**message, "message": {**message["message"], "nonce": "7"}})
    for body, status, code in (
        ({**good, "signature": "0xabcd"}, 400, "malformed_signature"),
        ({**good, "signature": "nonsense"}, 422, "request_invalid"),
        ({**good, "support": "maybe"}, 422, "request_invalid"),
        ({**good, "reason": "x" * 501}, 422, "ballot_malformed"),
        ({**good, "nonce": 7, "signature": ahead}, 409, "ballot_stale"),
        ({**good, "weight": 5}, 422, "request_invalid"),
    ):
        if code == "ballot_malformed":
            long = {**message, "types": {**message["types"]}, "primaryType": "ExtendedBallot"}
            long["types"]["ExtendedBallot"] = [
                *message["types"]["Ballot"],
                {"name": "reason", "type": "string"},
                {"name": "params", "type": "bytes"},
            ]
            del long["types"]["Ballot"]
            long["message"] = {**message["message"], "reason": "x" * 501, "params": "0x"}
            body = {**body, "signature": voter.sign(long)}  # noqa: PLW2901 - signed as sent
        assert refused(community, voter, proposal, body) == (status, code)
    assert refused(community, voter, "12", good) == (404, "unknown_proposal")
    assert refused(community, voter, "none", good) == (404, "unknown_proposal")


def test_under_age_nobody_votes_delegates_or_proposes(
    voting: tuple[Community, str],
) -> None:
    community, proposal = voting
    minor, admin = community.voters[0], community.voters[1]
    body = community.ballot(minor, proposal, "for")
    drafted = community.draft(minor, title="Another garden")
    shown = community.get("/v1/delegation-message", minor)
    delegation = {name: shown[name] for name in ("delegatee", "nonce", "expiry")}
    delegation["signature"] = minor.sign(shown["typed_data"])
    under_age(community.database, minor.member_id, admin.member_id)
    for path, what in (
        (f"/v1/proposals/{proposal}/ballots", body),
        ("/v1/proposals", drafted),
        ("/v1/delegations", delegation),
    ):
        status, problem = community.post(path, minor, what)
        assert (status, problem["code"], problem["purpose"]) == (403, "consent_needed", "voting")
    consent(community.database, minor.member_id, admin.member_id, Purpose.VOTING)
    assert community.cast(minor, proposal, body)[0] == 201


def test_nobody_votes_without_a_wallet_or_without_power(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    poor = community.join(OUTSIDER)
    ballot = community.ballot(poor, proposal, "for")
    assert refused(community, poor, proposal, ballot) == (422, "no_voting_power")
    walletless = Voter(community.member_without_wallet(), poor.key)
    assert refused(community, walletless, proposal, ballot) == (409, "wallet_needed")
    assert int(community.get("/v1/voting-power", poor)["votes"]) == 0


def test_a_bad_ballot_fails_alone_and_says_why(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    first, second, third = community.voters[:3]
    for voter in (first, second, third):
        community.vote(voter, proposal)
    own = vkl_governor.cast_vote(int(proposal), 0)
    community.send_with(second.key, community.contracts.governor, own)
    community.until(lambda: not community.waiting_ballots())
    states = [community.ballots(voter)[0]["state"] for voter in (first, second, third)]
    assert states == ["recorded", "rejected", "recorded"]
    assert "recorded first" in community.ballots(second)[0]["rejection"]
    standing = community.shown(proposal)["standing"]
    assert (standing["for"], standing["against"]) == (f"{150 * 10**18}", f"{60 * 10**18}")


def test_a_ballot_that_a_stranger_brought_counts_once(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    voter = community.voters[0]
    body = community.ballot(voter, proposal, "for")
    status, answer = community.cast(voter, proposal, body)
    assert status == 201
    community.send_raw_as(OUTSIDER, answer["call"])
    community.until(lambda: not community.waiting_ballots())
    assert community.ballots(voter)[0]["state"] == "recorded"
    assert community.shown(proposal)["standing"]["for"] == f"{100 * 10**18}"


def test_one_voter_on_two_proposals_at_once(community: Community) -> None:
    community.all_delegate()
    voter = community.voters[0]
    ids = [community.propose(voter, title=title) for title in ("One", "Two")]
    for proposal in ids:
        community.opened(proposal)
    for proposal in ids:
        community.vote(voter, proposal)
    assert [ballot["state"] for ballot in community.ballots(voter)] == ["received", "received"]
    community.until(lambda: not community.waiting_ballots())
    assert [ballot["state"] for ballot in community.ballots(voter)] == ["recorded", "recorded"]


def test_a_contract_wallet_votes_but_cannot_delegate_by_signature(
    voting: tuple[Community, str],
) -> None:
    community, proposal = voting
    voter = community.voters[2]
    community.node.rpc("hardhat_setCode", voter.key.address, SAYS_YES_TO_EVERYTHING)
    body = {**community.ballot(voter, proposal, "for"), "signature": "0x" + "ab" * 80}
    assert community.cast(voter, proposal, body)[0] == 201
    community.until(lambda: not community.waiting_ballots())
    assert community.ballots(voter)[0]["state"] == "recorded"
    shown = community.get("/v1/delegation-message", voter)
    delegation = {name: shown[name] for name in ("delegatee", "nonce", "expiry")}
    status, problem = community.post(
        "/v1/delegations", voter, {**delegation, "signature": "0x" + "ab" * 80}
    )
    assert (status, problem["code"]) == (422, "delegation_by_contract")


def test_divided_votes_go_with_the_others_and_are_counted_side_by_side(
    voting: tuple[Community, str],
) -> None:
    community, proposal = voting
    voter, other = community.voters[:2]
    sides = [20 * 10**18, 70 * 10**18 + 1, 10 * 10**18 - 1]
    body = community.divided(voter, proposal, *sides)
    told = dict(zip(("against", "for", "abstain"), map(str, sides), strict=True))
    status, answer = community.cast(voter, proposal, body)
    assert (status, answer["support"], answer["division"]) == (201, "divided", told)
    community.vote(other, proposal, "against")
    community.until(lambda: not community.waiting_ballots())
    (seen,) = community.ballots(voter)
    assert (seen["state"], seen["division"], seen["weight"]) == (
        "recorded",
        told,
        str(100 * 10**18),
    )
    standing = community.shown(proposal)["standing"]
    assert standing["for"] == told["for"]
    assert standing["against"] == str(sides[0] + 60 * 10**18)
    assert standing["abstain"] == told["abstain"]
    assert "Divided" in community.page(f"/votes/{proposal}", voter).text
    assert "Голоса разделены" in community.page(f"/votes/{proposal}", voter, "ru").text
    assert (community.ballots(other)[0]["division"], standing["voters"]) == (None, 1)


def test_divided_votes_that_are_refused(voting: tuple[Community, str]) -> None:
    community, proposal = voting
    voter = community.voters[0]
    good = community.divided(voter, proposal, 0, 40 * 10**18, 60 * 10**18)
    for sides in ((0, 1, 0), (0, 100 * 10**18, 1)):
        body = community.divided(voter, proposal, *sides)
        assert refused(community, voter, proposal, body) == (422, "ballot_malformed")
    swapped = {**good["division"], "for": good["division"]["abstain"], "abstain": str(40 * 10**18)}
    forged = {**good, "division": swapped}
    assert refused(community, voter, proposal, forged) == (422, "signature_not_yours")
    for body in ({**good, "division": None}, {**good, "support": "for"}):
        assert refused(community, voter, proposal, body) == (422, "ballot_malformed")
    negative = {**good, "division": {**good["division"], "for": "-1"}}
    assert refused(community, voter, proposal, negative) == (422, "request_invalid")
    assert community.cast(voter, proposal, good)[0] == 201


def test_the_relayer_carries_so_much_a_day(
    voting: tuple[Community, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    community, proposal = voting
    voter, other = community.voters[:2]
    monkeypatch.setattr(relaying, "MEMBER_ACTIONS_MAX", 2)  # They delegated and proposed.
    ballot = community.ballot(voter, proposal, "for")
    assert refused(community, voter, proposal, ballot) == (429, "relayer_budget_spent")
    assert community.cast(other, proposal, community.ballot(other, proposal, "for"))[0] == 201
    monkeypatch.setattr(relaying, "MEMBER_ACTIONS_MAX", 60)
    monkeypatch.setattr(relaying, "GAS_MAX", 2_000_000)
    assert refused(community, voter, proposal, ballot) == (429, "relayer_budget_spent")


def test_garbage_costs_the_relayer_nothing(
    voting: tuple[Community, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    community, proposal = voting
    voter = community.voters[0]
    monkeypatch.setattr(relaying, "MEMBER_ACTIONS_MAX", 3)  # They delegated and proposed.
    good = community.ballot(voter, proposal, "for")

    def spent() -> tuple[int, int]:
        with community.database.read() as work:
            since = work.now - relaying.WINDOW
            count = work.connection.execute(sa.text("SELECT count(*) FROM intents")).scalar_one()
            return relaying_store.actions_of(work, voter.member_id, since), count

    before = spent()
    for filler in range(relaying.MEMBER_ACTIONS_MAX + 2):
        garbage = {**good, "signature": f"0x{filler + 1:02x}" + "11" * 63 + "1b"}
        _, code = refused(community, voter, proposal, garbage)
        assert code in {"signature_not_yours", "malformed_signature"}
    assert spent() == before
    assert community.cast(voter, proposal, good)[0] == 201


def test_a_reason_that_is_no_text_does_not_keep_others_ballots(
    voting: tuple[Community, str],
) -> None:
    community, proposal = voting
    first, second = community.voters[:2]
    community.vote(first, proposal)
    cast = bytes.fromhex("7b3c71d3")  # castVoteWithReason(uint256,uint8,string)
    arguments = encode(("uint256", "uint8", "bytes"), (int(proposal), 0, b"\xff\x00\xfe"))
    call = FunctionCall("castVoteWithReason", cast + arguments, lambda _: None)
    community.send_with(second.key, community.contracts.governor, call)
    community.until(lambda: not community.waiting_ballots())
    assert community.ballots(first)[0]["state"] == "recorded"
    assert community.shown(proposal)["standing"]["against"] == f"{60 * 10**18}"


def test_a_voter_is_forgotten_and_the_count_stays(
    voting: tuple[Community, str], tmp_path: Path
) -> None:
    community, proposal = voting
    voter = community.voters[0]
    community.vote(voter, proposal, "for", "Because it is spring.")
    community.until(lambda: not community.waiting_ballots())
    with community.database.read() as work:
        told = tell(work, voter.member_id)
    assert told.on_chain["ballots"] == 1
    assert told.on_chain["delegations"] == 1
    assert told.on_chain["proposals"] == 1
    state = StateFolder(tmp_path / "state")
    command = EraseMember(voter.member_id, told.confirm, "operator")
    erase_and_list(community.database, state, command)
    address = voter.key.address
    with community.database.engine.connect() as connection:
        for table in ("ballots", "delegations", "wallets"):
            rows = connection.execute(sa.text(f"SELECT t::text FROM {table} t")).scalars()
            assert not any(address.lower() in row.lower() for row in rows), table
    assert community.shown(proposal)["standing"]["for"] == f"{100 * 10**18}"
