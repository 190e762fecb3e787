"""A stranger counts a proposal again: from an export and a node of their own, nothing of ours."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from governance.recount import proposals as recount
from oracle.bindings import vkl_governor
from tests.support.chain_nodes import deploy_all
from tests.support.governance import Community, Voter

Export = dict[str, Any]
Change = Callable[[Export], object]


@pytest.fixture
def voted(community: Community) -> tuple[Community, str]:
    """Four ballots, one of them split on chain by its voter, for a proposal that passes."""
    community.all_delegate()
    proposal = community.opened(community.propose(community.voters[0]))
    community.vote(community.voters[0], proposal, "for")
    community.vote(community.voters[1], proposal, "against")
    _split(community, 2, proposal)
    community.vote(community.voters[3], proposal, "abstain")
    community.until(lambda: not community.waiting_ballots())
    community.index()
    return community, proposal


def _split(community: Community, place: int, proposal: str) -> None:
    """Half for, a quarter against, the rest kept."""
    voter = community.voters[place]
    weight = community.power(voter)
    parts = (weight // 4, weight // 2, 0)
    packed = b"".join(each.to_bytes(16, "big") for each in parts)
    call = vkl_governor.cast_vote_with_reason_and_params(int(proposal), recount.SPLIT, "", packed)
    receipt = community.send_with(voter.key, community.contracts.governor, call)
    assert receipt.succeeded


def _export(community: Community, proposal: str) -> Export:
    return dict(community.get(f"/v1/proposals/{proposal}/export"))


def _recount(community: Community, export: Export) -> list[str]:
    return recount.check_export(export, recount.Node(community.node.url))


def test_what_passed_is_counted_again(voted: tuple[Community, str], tmp_path: Path) -> None:
    community, proposal = voted
    open_still = _recount(community, _export(community, proposal))
    assert "it is active" in open_still[-2]
    early = _export(community, proposal)
    community.closed(proposal)
    export = _export(community, proposal)
    said = _recount(community, export)
    assert "4 ballots of 4 accounts" in said[1]
    assert "Quorum reached" in said[3]
    assert _recount(community, early)[-2:] == said[-2:], "what was read before is still true"
    file = tmp_path / "export.json"
    file.write_text(json.dumps(export))
    asked = [str(file), "--rpc", community.node.url]
    assert recount.main(asked) == 0
    assert recount.main([*asked, "--governor", community.contracts.governor.upper()]) == 0
    assert recount.main([*asked, "--governor", community.contracts.token]) == 1


def test_what_fails_is_counted_again(voted: tuple[Community, str]) -> None:
    community, _ = voted
    lonely = community.opened(community.propose(community.voters[0], title="Nobody cares"))
    community.closed(lonely)
    said = _recount(community, _export(community, lonely))
    assert "0 ballots" in said[1]
    assert "Quorum not reached" in said[3]
    assert "it is defeated" in said[-2]
    assert community.contracts.governor.lower() in said[-1].lower()


def _first(export: Export) -> dict[str, Any]:
    return dict(export["ballots"][0])


_TAMPERED: dict[str, tuple[Change, str]] = {
    "taken out": (lambda e: e["ballots"].pop(0), "is on chain and not in the export"),
    "twice": (lambda e: e["ballots"].append(_first(e)), "is in the export twice"),
    "added": (
        lambda e: e["ballots"].append({**_first(e), "log_index": 99}),
        "is in the export and not on chain",
    ),
    "re-weighted": (lambda e: e["ballots"][0].update({"for": "1"}), "on chain it says"),
    "turned round": (
        lambda e: e["ballots"][0].update(
            {"for": e["ballots"][0]["against"], "against": e["ballots"][0]["for"]}
        ),
        "on chain it says",
    ),
    "given away": (lambda e: e["ballots"][0].update({"voter": "0x" + "1" * 40}), "on chain"),
    "another sum": (lambda e: e["counted"].update({"for": "7"}), "the export counts"),
    "more voters": (lambda e: e["counted"].update({"voters": 9}), "it says 9 voters"),
    "other words": (lambda e: e.update({"description": "Free beer"}), "has the id"),
    "another call": (lambda e: e["actions"][0].update({"data": "0x"}), "has the id"),
    "another author": (lambda e: e.update({"proposer": "0x" + "2" * 40}), "who proposed it"),
    "another chain": (lambda e: e.update({"chain_id": "1"}), "your node is of chain"),
    "a fork": (lambda e: e["block"].update({"hash": "0x" + "0" * 64}), "another block"),
    "a later block": (lambda e: e["block"].update({"number": 10**6}), "no block 1000000"),
    "an earlier one": (lambda e: e.update({"created_block": 1}), "no such proposal in block 1"),
    "another token": (lambda e: e.update({"token": e["governor"]}), "counts the token"),
    "another kind": (lambda e: e.update({"format": "x"}), "no export of a proposal"),
}


@pytest.mark.parametrize(("change", "said"), _TAMPERED.values(), ids=_TAMPERED)
@pytest.mark.parametrize("place", ["anvil"], indirect=True)
def test_what_was_altered_is_named(voted: tuple[Community, str], change: Change, said: str) -> None:
    community, proposal = voted
    export = copy.deepcopy(_export(community, proposal))
    change(export)
    with pytest.raises(recount.Fault, match=said):
        _recount(community, export)


@pytest.mark.parametrize("place", ["anvil"], indirect=True)
def test_a_governor_that_counts_wrongly_is_found(
    voted: tuple[Community, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of what it answers is another."""
    community, proposal = voted
    export = _export(community, proposal)
    honest = recount.Node.read
    lies = {
        "proposalVotes(uint256)": ([3], "the Governor says"),
        "proposalQuorum(uint256)": ([1], "quorum comes to"),
        "getPastVotes(address,uint256)": ([1], "had 1 left"),
        "proposalDeadline(uint256)": ([1], "voting ends at"),
        "proposalTerms(uint256)": ([77], "the Governor says 77"),
    }
    for signature, (lie, said) in lies.items():

        def read(node: recount.Node, at: str, to: str, asked: str, *arguments: int) -> list[int]:
            told = honest(node, at, to, asked, *arguments)
            return [*told[: -len(lie)], *lie] if asked == signature else told  # noqa: B023 - used at once

        monkeypatch.setattr(recount.Node, "read", read)
        with pytest.raises(recount.Fault, match=said):
            _recount(community, export)


@pytest.mark.parametrize("place", ["anvil"], indirect=True)
def test_a_governor_of_the_keepers_own_is_no_governor_of_yours(
    voted: tuple[Community, str],
) -> None:
    """The same calls and text have the same id on every Governor; whose it is you have to know."""
    community, proposal = voted
    shadow = deploy_all(community.node).address("VklGovernor")
    export = {**_export(community, proposal), "governor": shadow.lower()}
    with pytest.raises(recount.Fault, match="you asked of"):
        recount.check_export(export, recount.Node(community.node.url), community.contracts.governor)


@pytest.mark.parametrize("place", ["anvil"], indirect=True)
def test_time_added_once_stays_what_it_was(community: Community) -> None:
    """A later vote may change how much is added; what was added then is what the chain said."""
    community.all_delegate()
    proposal = community.opened(community.propose(community.voters[0]))
    governor = community.contracts.governor
    node = recount.Node(community.node.url)
    (deadline,) = node.read("latest", governor, "proposalDeadline(uint256)", int(proposal))
    for place, voter in enumerate(community.voters[:3]):
        community.node.rpc("evm_setNextBlockTimestamp", deadline - 2 + place)
        community.send_with(voter.key, governor, vkl_governor.cast_vote(int(proposal), 1))
    (later,) = node.read("latest", governor, "proposalDeadline(uint256)", int(proposal))
    assert later > deadline
    community.node.pass_time(60)
    community.until(lambda: community.state(proposal) not in {"active", "pending"})
    export = _export(community, proposal)
    assert "as the count says" in _recount(community, export)[-2]
    (set_by,) = (community.deployment.address("VklTimelock"),)
    community.node.rpc("anvil_impersonateAccount", set_by)
    community.node.rpc("anvil_setBalance", set_by, hex(10**18))
    call = vkl_governor.set_late_quorum_vote_extension(10).calldata
    sent = {"from": set_by, "to": governor, "data": f"0x{call.hex()}"}
    community.node.rpc("eth_sendTransaction", sent)
    assert "as the count says" in _recount(community, export)[-2]
    tampered = {**export, "ballots": export["ballots"][:1]}
    with pytest.raises(recount.Fault, match="on chain and not in the export"):
        _recount(community, tampered)


@pytest.mark.parametrize("place", ["anvil"], indirect=True)
def test_what_is_not_on_chain_yet_has_no_export(community: Community) -> None:
    community.all_delegate()
    voter: Voter = community.voters[0]
    _, answer = community.post("/v1/proposals", voter, community.draft(voter))
    refused = community.page(f"/v1/proposals/{answer['id']}/export")
    assert (refused.status_code, refused.json()["code"]) == (409, "proposal_not_on_chain")


@pytest.mark.parametrize("place", ["anvil"], indirect=True)
def test_the_program_is_served_and_named_on_the_page(voted: tuple[Community, str]) -> None:
    community, proposal = voted
    for language, words in (("en", "Count it again"), ("ru", "Пересчитать")):
        page = community.page(f"/votes/{proposal}", language=language).text
        assert words in page
        assert f"/v1/proposals/{proposal}/export" in page
    served = community.page("/v1/proposal-verifier.py").text
    assert served == Path(recount.__file__).read_text("utf-8")
