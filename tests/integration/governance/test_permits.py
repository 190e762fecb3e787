"""Permits by signature: what the token is told, what is refused, and what is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.erasing import EraseMember, erase_and_list, tell
from api.http.routes.permits import PREFIX
from api.supervisor.state import StateFolder
from governance import relaying
from governance.permits import service as permits
from ledger.kernel.ids import format_id
from oracle.bindings import vkl_token
from oracle.chain.port import BlockTag, read
from oracle.contracts.abi import address
from tests.support.chain_nodes import FIRST_MEMBER, funded_account
from tests.support.governance import OUTSIDER, Community, Voter
from tests.support.minors import under_age

SPENDER = address(funded_account(OUTSIDER).address)
POINT = 10**18
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def permitted(community: Community, voter: Voter) -> int:
    chain = community.node.chain()
    asked = vkl_token.allowance(address(voter.key.address), SPENDER)
    return read(chain, community.contracts.token, asked, BlockTag.LATEST)


def _gas_money(community: Community, voter: Voter) -> int:
    return community.node.chain().balance_wei(address(voter.key.address), BlockTag.LATEST)


def _sent(community: Community, permit_id: str) -> str:
    """How far our own order is, whatever the token says."""
    with community.database.read() as work:
        found = permits.permits_of(work, community.voters[0].member_id)
    (state,) = [each.state for each in found if format_id(PREFIX, each.permit_id) == permit_id]
    return state


def signed(
    community: Community, voter: Voter, units: int = 30 * POINT, spender: str = SPENDER.lower()
) -> dict[str, Any]:
    shown = community.get("/v1/permit-message", voter, spender=spender, units=str(units))
    body = {name: shown[name] for name in ("spender", "units", "nonce", "deadline")}
    return {**body, "signature": voter.sign(shown["typed_data"])}


def refused(community: Community, voter: Voter, body: Any) -> tuple[int, str]:
    status, problem = community.post("/v1/permits", voter, body)
    return status, problem.get("code", "")


def newest(community: Community, voter: Voter) -> dict[str, Any]:
    found: dict[str, Any] = community.get("/v1/permits", voter)["data"][0]
    return found


def test_under_age_a_permit_takes_consent(community: Community) -> None:
    voter, admin = community.voters[:2]
    body = signed(community, voter)
    under_age(community.database, voter.member_id, admin.member_id)
    assert refused(community, voter, body) == (403, "consent_needed")


def test_a_permit_is_given_and_taken_back_without_gas(community: Community) -> None:
    voter = community.voters[0]
    before = _gas_money(community, voter)
    status, made = community.post("/v1/permits", voter, signed(community, voter))
    assert (status, made["state"], made["spender"]) == (201, "waiting", SPENDER)
    community.until(lambda: newest(community, voter)["state"] == "done")
    assert permitted(community, voter) == 30 * POINT
    assert community.post("/v1/permits", voter, signed(community, voter, 0))[0] == 201
    community.until(lambda: permitted(community, voter) == 0)
    assert _gas_money(community, voter) == before


def test_anybody_may_bring_the_call_that_was_shown(community: Community) -> None:
    voter = community.voters[0]
    body = signed(community, voter)
    _, made = community.post("/v1/permits", voter, body)
    community.send_raw_as(OUTSIDER, made["call"])
    assert permitted(community, voter) == 30 * POINT
    assert refused(community, voter, body) == (409, "permit_stale")
    community.until(lambda: _sent(community, made["id"]) == "failed")
    brought = newest(community, voter)
    assert (brought["state"], brought["failure"]) == ("done", None)
    assert brought["allowed_now"] == str(30 * POINT)


def test_what_a_later_word_undid_was_not_done(community: Community) -> None:
    """A permit that failed is not taken for done because another with its number counts."""
    voter = community.voters[0]
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.node.pass_time(3_700)
    community.until(lambda: newest(community, voter)["state"] == "failed")
    assert newest(community, voter)["allowed_now"] == "0"
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.until(lambda: newest(community, voter)["state"] == "done")
    again, expired = community.get("/v1/permits", voter)["data"]
    assert [again["state"], expired["state"]] == ["done", "failed"]
    assert expired["failure"]
    assert expired["allowed_now"] == again["allowed_now"] == str(30 * POINT)


def test_what_was_taken_is_allowed_no_more(community: Community) -> None:
    voter = community.voters[0]
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.until(lambda: newest(community, voter)["state"] == "done")
    taking = vkl_token.transfer_from(address(voter.key.address), SPENDER, 10 * POINT)
    community.send_as(OUTSIDER, community.contracts.token, taking)
    assert newest(community, voter)["allowed_now"] == str(20 * POINT)
    community.lose_the_chain()
    told = newest(community, voter)
    assert (told["state"], told["allowed_now"]) == ("done", None)


def test_without_a_bound(community: Community) -> None:
    """Only over HTTP: the page takes no more than there is in the wallet."""
    voter, most = community.voters[0], 2**256 - 1
    assert community.post("/v1/permits", voter, signed(community, voter, most))[0] == 201
    community.until(lambda: newest(community, voter)["state"] == "done")
    assert newest(community, voter)["allowed_now"] == str(most)
    assert "May take all VKL" in community.page("/wallet", voter).text
    assert "забрать у вас все VKL" in community.page("/wallet", voter, "ru").text


def test_the_page_says_who_may_and_how_to_take_it_back(community: Community) -> None:
    voter = community.voters[0]
    assert SPENDER not in community.page("/wallet", voter).text
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.until(lambda: newest(community, voter)["state"] == "done")
    for language, words in (
        ("en", ("May take 30 VKL from you at any time", "Take the permit back", "never asks")),
        ("ru", ("Может в любое время забрать у вас 30 VKL", "Отменить разрешение", "не просит")),
    ):
        text = community.page("/wallet", voter, language).text
        assert [each for each in (*words, SPENDER) if each not in text] == []
    assert SPENDER not in community.page("/wallet", community.voters[1]).text
    community.lose_the_chain()
    assert community.page("/wallet", voter).status_code == 200


def test_what_is_no_permit(community: Community) -> None:
    voter, other = community.voters[:2]
    good = signed(community, voter)
    shown = community.get("/v1/permit-message", voter, spender=SPENDER, units=good["units"])
    typed = shown["typed_data"]

    def over(**domain: object) -> dict[str, Any]:
        return {**good, "signature": voter.sign({**typed, "domain": {**typed["domain"], **domain}})}

    for elsewhere in (
        {"chainId": typed["domain"]["chainId"] + 1},
        {"verifyingContract": community.contracts.governor},
        {"name": "Another"},
        {"version": "2"},
    ):
        assert refused(community, voter, over(**elsewhere)) == (422, "signature_not_yours")
    for forged in (
        {**good, "units": str(31 * POINT)},
        {**good, "spender": other.key.address},
        {**good, "nonce": 1},
        {**good, "deadline": good["deadline"] + 1},
        {**good, "signature": other.sign(typed)},
    ):
        assert refused(community, voter, forged) == (422, "signature_not_yours")
    assert refused(community, other, good) == (422, "signature_not_yours")
    assert refused(community, voter, {**good, "units": "-1"}) == (422, "request_invalid")
    assert refused(community, voter, {**good, "units": str(2**256)}) == (422, "permit_refused")

    def stating(**values: int) -> dict[str, Any]:
        told = {name: str(value) for name, value in values.items()}
        altered = {**typed, "message": {**typed["message"], **told}}
        return {**good, **values, "signature": voter.sign(altered)}

    assert refused(community, voter, stating(deadline=5)) == (410, "permit_expired")
    assert refused(community, voter, stating(nonce=9)) == (409, "permit_stale")
    nobody = signed(community, voter, spender="0x" + "0" * 40)
    assert refused(community, voter, nobody) == (422, "permit_refused")
    assert community.get("/v1/permits", voter)["data"] == []


def test_only_a_key_permits_and_no_contract(community: Community) -> None:
    voter = community.voters[0]
    good = signed(community, voter)
    of_contract = {**good, "signature": good["signature"] + "00" * 65}
    status, problem = community.post("/v1/permits", voter, of_contract)
    assert (status, problem["code"], problem["field"]) == (422, "permit_refused", "signature")
    assert "contract wallet permits by a transaction" in problem["detail"]
    malleated = bytes.fromhex(good["signature"][2:])
    high = (ORDER - int.from_bytes(malleated[32:64], "big")).to_bytes(32, "big")
    other_form = malleated[:32] + high + bytes([55 - malleated[64]])
    body = {**good, "signature": f"0x{other_form.hex()}"}
    assert refused(community, voter, body) == (400, "malformed_signature")


def test_a_number_is_a_permits_or_a_delegations(community: Community) -> None:
    voter = community.voters[0]
    body = signed(community, voter)
    community.delegate(voter)
    assert refused(community, voter, body) == (409, "permit_stale")
    community.until(lambda: community.power(voter) > 0)
    assert refused(community, voter, body) == (409, "permit_stale")
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    shown = community.get("/v1/delegation-message", voter)
    delegated = {name: shown[name] for name in ("delegatee", "nonce", "expiry")}
    delegated["signature"] = voter.sign(shown["typed_data"])
    status, problem = community.post("/v1/delegations", voter, delegated)
    assert (status, problem["code"]) == (409, "delegation_stale")
    community.until(lambda: permitted(community, voter) > 0)


def test_a_permit_whose_signature_ran_out_is_signed_again(community: Community) -> None:
    voter = community.voters[0]
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.node.pass_time(3_700)
    community.until(lambda: newest(community, voter)["state"] == "failed")
    assert "revert" in newest(community, voter)["failure"]
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.until(lambda: newest(community, voter)["state"] == "done")
    assert permitted(community, voter) == 30 * POINT


def test_the_relayer_counts_permits_too(
    community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    voter = community.voters[0]
    monkeypatch.setattr(relaying, "MEMBER_ACTIONS_MAX", 1)
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.until(lambda: newest(community, voter)["state"] == "done")
    again = signed(community, voter, 0)
    assert refused(community, voter, again) == (429, "relayer_budget_spent")
    monkeypatch.setattr(relaying, "MEMBER_ACTIONS_MAX", 60)
    monkeypatch.setattr(relaying, "GAS_MAX", permits.PERMIT_GAS)
    assert refused(community, voter, again) == (429, "relayer_budget_spent")


def test_a_wallet_that_changed_its_member_does_not_sign_twice(
    community: Community, tmp_path: Path
) -> None:
    """What was on its way when its owner was forgotten still uses up the number."""
    voter = community.voters[0]
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    with community.database.read() as work:
        told = tell(work, voter.member_id)
    command = EraseMember(voter.member_id, told.confirm, "operator")
    erase_and_list(community.database, StateFolder(tmp_path / "state"), command)
    heir = community.join(FIRST_MEMBER)
    assert community.get("/v1/permits", heir)["data"] == []
    body = signed(community, heir, 5 * POINT)
    assert refused(community, heir, body) == (409, "permit_stale")
    community.until(lambda: permitted(community, heir) == 30 * POINT)
    assert community.post("/v1/permits", heir, signed(community, heir, 0))[0] == 201
    community.until(lambda: permitted(community, heir) == 0)


def test_who_is_forgotten_leaves_no_permit_here(community: Community, tmp_path: Path) -> None:
    voter = community.voters[0]
    assert community.post("/v1/permits", voter, signed(community, voter))[0] == 201
    community.until(lambda: newest(community, voter)["state"] == "done")
    with community.database.read() as work:
        told = tell(work, voter.member_id)
    assert told.on_chain["permits"] == 1
    command = EraseMember(voter.member_id, told.confirm, "operator")
    erase_and_list(community.database, StateFolder(tmp_path / "state"), command)
    with community.database.engine.connect() as connection:
        (left,) = connection.execute(sa.text("SELECT * FROM permits")).mappings()
    nobody = "0x" + "0" * 40
    assert (left["owner_address"], left["spender_address"], left["units"]) == (nobody, nobody, 0)
    assert left["intent_key"] == f"erased:{left['permit_id']}"
