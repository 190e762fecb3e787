"""The memorandum signed by wallets, plain ones and contracts, and published by a vote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.erasing import EraseMember, erase_and_list, tell
from api.supervisor.state import StateFolder
from governance.memorandum import drafts, service, store
from governance.memorandum.model import PREFIX, Version, VersionState, vote_words
from governance.memorandum.service import ProposeVersion, PublishVersion
from governance.memorandum.verify import check_memorandum
from governance.recount import memorandum as recount
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import store as members_store
from ledger.members.model import Role
from tests.integration.governance.test_ballots import SAYS_YES_TO_EVERYTHING
from tests.integration.governance.test_in_browser import Window, window
from tests.support.governance import Community, Voter

__all__ = ["window"]

pytestmark = pytest.mark.parametrize("place", ["anvil"], indirect=True)


def _admins(community: Community) -> None:
    """The first and the last voter are admins."""

    def promote(work: Work, _: None) -> None:
        for voter in (community.voters[0], community.voters[3]):
            members_store.insert_role(work, voter.member_id, Role.ADMIN, None)
            members_store.grant_role(work, voter.member_id, Role.ADMIN, None)

    execute(community.database, promote, None)


def _proposed(community: Community) -> Version:
    _admins(community)
    command = ProposeVersion(community.voters[0].member_id, drafts.founding())
    return execute(community.database, service.propose, command)


def _adopted(community: Community) -> Version:
    version = _proposed(community)
    by = community.voters[3].member_id
    command = PublishVersion(version.version_id, by, version.approval_digest)
    return execute(community.database, service.publish, command)


def _second(database: Database) -> str:
    return Instant.of(database.clock.now().replace(microsecond=0)).isoformat()


def _entry(community: Community, version: Version, voter: Voter, act: str = "sign") -> Any:
    """An entry as the member's wallet signs it."""
    name = format_id(PREFIX, version.version_id)
    status, part = community.post(f"/v1/memorandum/versions/{name}/signer", voter, {})
    assert status == 200, part
    said = {
        "act": act,
        "version": name,
        "language": "en",
        "turn": part["next_turn"],
        "signed_at": _second(community.database),
    }
    status, shown = community.post("/v1/memorandum/entry-messages", voter, said)
    assert status == 200, shown
    return {**said, "signed": {"by": "wallet", "signature": voter.sign(shown["typed_data"])}}


def _enter(community: Community, voter: Voter, body: Any) -> tuple[int, str]:
    status, answer = community.post("/v1/memorandum/entries", voter, body)
    kind = answer["entry"]["kind"] if status == 201 else answer.get("code", "")
    return status, kind


def _export(community: Community) -> Any:
    return recount.parse(json.dumps(community.get("/v1/memorandum/export")).encode())


def _holds(community: Community) -> bool:
    with community.database.read() as work:
        return list(check_memorandum(work)) == []


def test_wallets_sign_and_withdraw(community: Community, tmp_path: Path) -> None:
    version = _adopted(community)
    first, second, _, _ = community.voters
    good = _entry(community, version, first)
    others = {**good, "signed": _entry(community, version, second)["signed"]}
    assert _enter(community, first, others) == (422, "bad_memorandum_signature")
    altered = {**good, "language": "ru"}
    assert _enter(community, first, altered) == (422, "bad_memorandum_signature")
    short = {**good, "signed": {"by": "wallet", "signature": "0xabcd"}}
    assert _enter(community, first, short) == (400, "malformed_signature")
    assert _enter(community, first, good) == (201, "wallet")
    assert _enter(community, second, _entry(community, version, second)) == (201, "wallet")
    back = _entry(community, version, first, "withdraw")
    assert _enter(community, first, back) == (201, "wallet")
    # The signature from before the withdrawal, told again.
    assert _enter(community, first, good) == (409, "memorandum_entry_stale")
    export = _export(community)
    assert "1 stand by it, 1 have withdrawn." in recount.check_export(export)[1]
    assert export["entries"][0]["signature"]["address"] == first.key.address.lower()
    for changes in ({"chain_id": "1"}, {"contract": "0x" + "11" * 20}):
        elsewhere = json.loads(json.dumps(export["entries"][0]))
        elsewhere["signature"] |= changes
        elsewhere["evidence"] = recount.sha256(recount.canonical(elsewhere["signature"])).hex()
        with pytest.raises(recount.Fault, match="not signed by the wallet"):
            recount.check_entry(elsewhere, None, "it")

    with community.database.read() as work:
        told = tell(work, second.member_id)
    state = StateFolder(tmp_path / "erasing")
    state.prepare()
    command = EraseMember(second.member_id, told.confirm, "member")
    erase_and_list(community.database, state, command)
    after = _export(community)
    assert second.key.address.lower()[2:] not in json.dumps(after)
    assert "1 entries are of members who were since forgotten" in "\n".join(
        recount.check_export(after)
    )
    assert _holds(community)


def test_a_contract_wallet_is_asked_by_whoever_checks(community: Community) -> None:
    version, node = _adopted(community), community.node
    voter = community.voters[2]
    snapshot = node.rpc("evm_snapshot")
    body = _entry(community, version, voter)
    body["signed"]["signature"] = "0x" + "ab" * 80
    node.rpc("hardhat_setCode", voter.key.address, "0x5f5ffd")  # Reverts, whatever is asked.
    node.rpc("evm_mine")
    assert _enter(community, voter, body) == (422, "bad_memorandum_signature")
    node.rpc("hardhat_setCode", voter.key.address, SAYS_YES_TO_EVERYTHING)
    node.rpc("evm_mine")
    assert _enter(community, voter, body) == (201, "contract")
    export = _export(community)
    unasked = "1 entries are of contract wallets, which were not asked: give --rpc."
    assert unasked in recount.check_export(export)
    assert unasked not in recount.check_export(export, rpc=node.url)
    node.rpc("evm_revert", snapshot)


def test_a_vote_publishes_a_version(community: Community) -> None:
    version = _proposed(community)
    community.all_delegate()
    title, body = vote_words(version.text)
    page = community.page(f"/memorandum/versions/{format_id(PREFIX, version.version_id)}").text
    assert version.content.hex() in page
    other = community.propose(community.voters[0], title=title, body=body + ".")
    community.executed(community.passed(other))
    with community.database.read() as work:
        assert store.in_force(work) is None
    proposal = community.propose(community.voters[0], title=title, body=body)
    community.executed(community.passed(proposal))
    with community.database.read() as work:
        found = store.in_force(work)
    assert found is not None
    assert (found.version_id, found.state) == (version.version_id, VersionState.PUBLISHED)
    assert found.decided is not None
    assert found.decided.decided_by is None
    told = community.get("/v1/memorandum")["in_force"]["vote"]
    assert (told["kind"], told["mandate"]) == ("vote", 2)
    assert _holds(community)
    assert community.page("/memorandum", language="ru").text.count("Опубликована голосованием") == 1


def test_in_a_browser_with_a_wallet(window: Window) -> None:
    community = window.community
    _adopted(community)
    window.open("/memorandum")
    window.wallet.willing = False
    window.press("Sign with my wallet")
    window.says("You did not sign. Nothing was sent.")
    window.wallet.willing = True
    window.press("Sign with my wallet")
    window.says("You stand by this version.")
    window.page.get_by_text("Withdraw my signature").click()
    window.press("Withdraw with my wallet")
    window.says("You withdrew")
    assert [each["kind"] for each in _export(community)["entries"]] == ["wallet", "wallet"]
