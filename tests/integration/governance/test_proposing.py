"""Proposing and delegating: what is refused, what is told, and what happens without a chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from api.settings import ChainSwitch
from api.tasks import oracle
from governance.proposals import service as proposals
from governance.proposals.drafts import ProgrammeChange, Wording, programme_draft
from governance.proposals.model import (
    ProposalRefused,
    description_hash,
)
from oracle.bindings import programme_registry, vkl_governor
from oracle.chain.port import BlockTag, read
from oracle.contracts.abi import FunctionCall, address, encode
from tests.support.governance import OUTSIDER, Community, Voter
from tests.support.http import client_of


def test_a_text_proposal_passes_and_changes_nothing(community: Community) -> None:
    community.all_delegate()
    proposal = community.passed(community.propose(community.voters[0], title="A garden"))
    community.executed(proposal)
    assert community.programme_votes() == []
    listed = community.get("/v1/proposals")["data"]
    assert [(each["id"], each["state"]) for each in listed] == [(proposal, "executed")]


def test_who_may_not_propose(community: Community) -> None:
    community.all_delegate()
    voter, other = community.voters[:2]
    poor = community.join(OUTSIDER)
    good = community.draft(voter)
    assert community.post("/v1/proposals", poor, community.draft(poor))[1]["code"] == (
        "voting_power_too_low"
    )
    assert community.post("/v1/proposals", other, good)[1]["code"] == "signature_not_yours"
    changed = {**good, "title": "Another"}
    assert community.post("/v1/proposals", voter, changed)[1]["code"] == "signature_not_yours"
    assert community.post("/v1/proposals", voter, good)[0] == 201
    assert community.post("/v1/proposals", voter, good)[1]["code"] == "proposal_exists"


@pytest.mark.parametrize(
    "fields",
    [
        {"title": " "},
        {"title": "x" * 161},
        {"body": "x" * 8_001},
        {"body": "#proposer=0x0"},
        {"kind": "programme"},
    ],
)
def test_drafts_that_are_refused(community: Community, fields: dict[str, str]) -> None:
    draft = {"kind": "text", "title": "A garden", "body": "", **fields}
    status, problem = community.post("/v1/proposal-messages", community.voters[0], draft)
    assert (status, problem["code"]) == (422, "proposal_refused")


def test_a_proposal_whose_signature_ran_out_is_refused_by_the_chain(community: Community) -> None:
    community.all_delegate()
    voter = community.voters[0]
    status, answer = community.post("/v1/proposals", voter, community.draft(voter))
    assert status == 201
    community.node.pass_time(3_700)
    community.until(lambda: community.state(answer["id"]) == "refused")
    assert "revert" in community.shown(answer["id"])["failure"]


def test_a_proposal_that_a_stranger_brought_is_seen(community: Community) -> None:
    community.all_delegate()
    voter = community.voters[0]
    status, answer = community.post("/v1/proposals", voter, community.draft(voter))
    assert status == 201
    community.send_raw_as(OUTSIDER, answer["call"])
    community.opened(answer["id"])


def test_delegating_to_another_and_what_is_refused(community: Community) -> None:
    voter, other = community.voters[:2]
    community.delegate(voter, other.key.address)
    community.until(lambda: community.power(other) == 100 * 10**18)
    assert community.power(voter) == 0
    assert community.get("/v1/voting-power", voter)["delegate"] == other.key.address
    assert [each["state"] for each in community.get("/v1/delegations", voter)["data"]] != []
    shown = community.get("/v1/delegation-message", voter)
    message = shown["typed_data"]
    body = {name: shown[name] for name in ("delegatee", "nonce", "expiry")}
    good = {**body, "signature": voter.sign(message)}
    past = {**message, "message": {**message["message"], "expiry": "5"}}
    expired = {**body, "expiry": 5, "signature": voter.sign(past)}
    assert community.post("/v1/delegations", voter, expired)[1]["code"] == "delegation_expired"
    old = {**message, "message": {**message["message"], "nonce": "9"}}
    stale = {**body, "nonce": 9, "signature": voter.sign(old)}
    assert community.post("/v1/delegations", voter, stale)[1]["code"] == "delegation_stale"
    assert community.post("/v1/delegations", other, good)[1]["code"] == "signature_not_yours"
    assert community.post("/v1/delegations", voter, good)[0] == 201
    assert community.post("/v1/delegations", voter, good)[1]["code"] == "delegation_stale"
    community.until(lambda: community.power(voter) == 100 * 10**18)


def test_a_delegation_whose_signature_ran_out_is_signed_again(community: Community) -> None:
    voter = community.voters[0]
    community.delegate(voter)
    community.node.pass_time(3_700)
    community.until(lambda: _newest_delegation(community, voter)["state"] == "failed")
    assert "revert" in _newest_delegation(community, voter)["failure"]
    community.delegate(voter)
    community.until(lambda: _newest_delegation(community, voter)["state"] == "done")
    assert community.power(voter) == 100 * 10**18


def _newest_delegation(community: Community, voter: Voter) -> dict[str, Any]:
    newest: dict[str, Any] = community.get("/v1/delegations", voter)["data"][0]
    return newest


def test_while_the_chain_is_down_signatures_are_not_taken(
    community: Community, caplog: pytest.LogCaptureFixture
) -> None:
    community.all_delegate()
    voter = community.voters[0]
    proposal = community.opened(community.propose(voter))
    ballot = community.ballot(voter, proposal, "for")
    community.lose_the_chain()
    for path, body in (
        (f"/v1/proposals/{proposal}/ballots", ballot),
        ("/v1/proposal-messages", {"kind": "text", "title": "Now"}),
    ):
        assert community.post(path, voter, body)[0] == 503
    assert community.state(proposal) == "active"
    oracle.tick(community.composition)
    assert "tick" in caplog.text


def test_without_a_chain_there_are_no_votes(community: Community, tmp_path: Path) -> None:
    off = community.composed(tmp_path / "off", ChainSwitch.OFF)
    voter = community.voters[0]
    answer = client_of(off).get("/v1/voting-power", headers={"x-test-member": str(voter.member_id)})
    assert (answer.status_code, answer.json()["code"]) == (404, "chain_off")
    assert client_of(off).get("/v1/proposals").json()["data"] == []


def test_a_key_of_nobody_cannot_sign(community: Community) -> None:
    voter = community.voters[0]
    draft = community.draft(Voter(voter.member_id, Account.create()))
    status, problem = community.post("/v1/proposals", voter, draft)
    assert (status, problem["code"]) == (422, "signature_not_yours")
    with pytest.raises(ProposalRefused):
        Wording("", "", community.contracts.token)


def test_our_id_of_a_proposal_is_the_contracts(community: Community) -> None:
    voter = community.voters[0]
    head = community.node.chain().block(BlockTag.LATEST)
    assert head is not None
    wording = Wording("Ёлка & <b>", "Two\n\nparagraphs", address(voter.key.address))
    change = ProgrammeChange(b"\x01" * 32, bytes(32), community.now())
    draft = programme_draft(wording, community.contracts.registry, change)
    call = vkl_governor.hash_proposal(
        tuple(action.target for action in draft.actions),
        tuple(action.value_wei for action in draft.actions),
        tuple(action.calldata for action in draft.actions),
        description_hash(draft.description),
    )
    asked = read(community.node.chain(), community.contracts.governor, call, head.number)
    assert draft.proposal_id == asked


def test_the_node_is_asked_once_a_block(community: Community) -> None:
    community.all_delegate()
    community.opened(community.propose(community.voters[0]))
    chain = community.node.chain()
    community.node.mine()
    looks = [proposals.look(community.database, chain, community.contracts) for _ in range(2)]
    community.node.mine()
    looks.append(proposals.look(community.database, chain, community.contracts))
    assert looks == [1, 0, 1]


@pytest.mark.parametrize("words", [b"# Direct\n\nNot asked.", b"", b"\x00\xff# <b>", b"x" * 5_000])
def test_a_proposal_made_without_us_is_shown_and_carried_out(
    community: Community, words: bytes
) -> None:
    community.all_delegate()
    voter = community.voters[0]
    governor, registry = community.contracts.governor, community.contracts.registry
    types = ("address[]", "uint256[]", "bytes[]", "bytes")
    harmless = programme_registry.count().calldata
    arguments = encode(types, ((registry,), (0,), (harmless,), words))
    propose = bytes.fromhex("7d5e81e2")  # propose(address[],uint256[],bytes[],string)
    community.send_with(
        voter.key, governor, FunctionCall("propose", propose + arguments, lambda _: None)
    )
    community.until(lambda: community.get("/v1/proposals")["data"] != [])
    (shown,) = community.get("/v1/proposals")["data"]
    assert (shown["kind"], shown["member"], shown["title"] != "") == ("direct", None, True)
    assert shown["actions"] == [{"to": registry, "value": "0", "data": f"0x{harmless.hex()}"}]
    proposal = community.passed(shown["id"])
    for language in ("en", "ru"):
        answer = community.page(f"/votes/{proposal}", voter, language)
        assert (answer.status_code, "<b>" in answer.text.replace("<b class", "")) == (200, False)
    if b"\xff" in words:
        community.settle()
        assert community.state(proposal) == "succeeded"  # Others may queue it, we lack its words.
        assert not community.waits_for_time()
    else:
        community.executed(proposal)
