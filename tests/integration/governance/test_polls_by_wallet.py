"""Polls that weigh tokens, and ballots that wallets sign: plain ones and contracts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.erasing import EraseMember, erase_and_list, tell
from api.supervisor.state import StateFolder
from governance.polls import service
from governance.polls.verify import check_polls
from governance.recount import polls as recount
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import store as members_store
from ledger.members.model import Role
from ledger.wallets import service as wallets
from tests.integration.governance.conftest import Place
from tests.integration.governance.test_ballots import SAYS_YES_TO_EVERYTHING
from tests.integration.governance.test_in_browser import Window, window
from tests.support.clock import SetClock
from tests.support.governance import Community, Voter

__all__ = ["window"]

pytestmark = pytest.mark.parametrize("place", ["anvil"], indirect=True)
WEI = 10**18


@dataclass
class Polling:
    """A community with tokens whose first voter is an admin, at a time that the test sets."""

    community: Community
    clock: SetClock

    def announce(self, **changes: Any) -> str:
        body = {
            "title": "A garden",
            "options": ["yes", "no"],
            "method": "single",
            "weighing": "token",
            "closes_at": (self.clock.now() + timedelta(days=1)).isoformat(),
        }
        status, answer = self.community.post(
            "/v1/polls", self.community.voters[0], {**body, **changes}
        )
        assert status == 201, answer
        return str(answer["id"])

    def ballot(self, poll: str, voter: Voter, *choice: int) -> dict[str, Any]:
        """A ballot as the member's wallet signs it."""
        version = self.community.get(f"/v1/polls/{poll}/mine", voter)["next_version"]
        said = {
            "choice": list(choice),
            "version": version,
            "salt": sha256(f"{version} {choice}".encode()).hexdigest(),
        }
        status, shown = self.community.post(f"/v1/polls/{poll}/ballot-messages", voter, said)
        assert status == 200, shown
        assert shown["typed_data"]["message"]["answer"] == "; ".join(
            ["yes", "no"][number] for number in choice
        )
        return {**said, "signed": {"by": "wallet", "signature": voter.sign(shown["typed_data"])}}

    def cast(self, poll: str, voter: Voter, body: Any) -> tuple[int, Any]:
        return self.community.post(f"/v1/polls/{poll}/ballots", voter, body)

    def export(self, poll: str) -> Any:
        self.clock.forward(timedelta(days=2))
        service.count_due(self.community.database)
        return self.community.get(f"/v1/polls/{poll}/export")


@pytest.fixture
def polling(place: Place, database: Database, tmp_path: Path) -> Iterator[Polling]:
    clock = SetClock(datetime.now(UTC))  # noqa: TID251 - a test's clock
    snapshot = place.node.rpc("evm_snapshot")
    slow = Database(database.engine, clock, database.ids)
    community = Community.of(slow, place.node, place.deployment, tmp_path / "state")

    def promote(work: Work, _: None) -> None:
        members_store.insert_role(work, community.voters[0].member_id, Role.ADMIN, None)
        members_store.grant_role(work, community.voters[0].member_id, Role.ADMIN, None)

    execute(slow, promote, None)
    yield Polling(community, clock)
    place.node.rpc("evm_revert", snapshot)


def _said(export: Any, **rest: Any) -> str:
    receipts = rest.pop("receipts", ())
    return "\n".join(recount.check_export(export, receipts, (), **rest))


def test_tokens_weigh_and_wallets_sign(polling: Polling) -> None:
    community = polling.community
    first, second, third, _ = community.voters
    community.member_without_wallet()
    poll = polling.announce()
    opening = community.get(f"/v1/polls/{poll}")["opening"]
    assert (opening["eligible"], opening["weight"]) == (4, str(212 * WEI))
    assert opening["snapshot"]["chain_id"] == str(community.deployment.chain_id)

    good = polling.ballot(poll, first, 0)
    others = {**good, "signed": polling.ballot(poll, second, 0)["signed"]}
    assert _refusal(polling.cast(poll, first, others)) == (422, "bad_poll_signature")
    altered = {**good, "choice": [1]}
    assert _refusal(polling.cast(poll, first, altered)) == (422, "bad_poll_signature")
    short = {**good, "signed": {"by": "wallet", "signature": "0xabcd"}}
    assert _refusal(polling.cast(poll, first, short)) == (400, "malformed_signature")
    status, answer = polling.cast(poll, first, good)
    assert (status, answer["kind"]) == (201, "wallet")
    assert polling.cast(poll, second, polling.ballot(poll, second, 1))[0] == 201
    assert polling.cast(poll, third, polling.ballot(poll, third, 1))[0] == 201
    receipt = community.get(f"/v1/polls/{poll}/receipt", first)
    export = polling.export(poll)
    assert export["closing"]["tallies"]["signed"]["totals"] == [str(100 * WEI), str(110 * WEI)]
    assert "Your ballot 1 is in the export and counts." in _said(export, receipts=[receipt])
    assert export["ballots"][0]["evidence"]["address"] == first.key.address.lower()
    shown = community.page(f"/polls/{poll}", first).text
    assert "110 VKL" in shown
    with community.database.read() as work:
        assert list(check_polls(work)) == []


def test_a_wallet_that_is_linked_no_more_signs_nothing(polling: Polling) -> None:
    community, voter = polling.community, polling.community.voters[1]
    poll = polling.announce(weighing="person")
    ballot = polling.ballot(poll, voter, 0)
    execute(community.database, wallets.unlink_wallet, voter.member_id)
    assert _refusal(polling.cast(poll, voter, ballot)) == (409, "wallet_needed")


def test_a_contract_wallet_is_asked_by_whoever_recounts(polling: Polling) -> None:
    community = polling.community
    voter, node = community.voters[2], community.node
    poll = polling.announce()
    ballot = polling.ballot(poll, voter, 1)
    ballot["signed"]["signature"] = "0x" + "ab" * 80
    before = int(str(node.rpc("eth_blockNumber")), 16)
    assert _refusal(polling.cast(poll, voter, ballot)) == (400, "malformed_signature")
    node.rpc("hardhat_setCode", voter.key.address, "0x5f5ffd")  # Reverts, whatever is asked.
    node.rpc("evm_mine")
    assert _refusal(polling.cast(poll, voter, ballot)) == (422, "bad_poll_signature")
    node.rpc("hardhat_setCode", voter.key.address, SAYS_YES_TO_EVERYTHING)
    node.rpc("evm_mine")
    status, answer = polling.cast(poll, voter, ballot)
    assert (status, answer["kind"]) == (201, "contract")
    export = polling.export(poll)
    assert "1 ballots are of contract wallets, which were not asked: give --rpc." in _said(export)
    assert "give --rpc" not in _said(export, rpc=node.url)
    evidence, signature = export["ballots"][0]["evidence"], bytes.fromhex("ab" * 80)
    earlier = {**evidence, "block_number": before}
    assert recount.contract_stands_by(node.url, evidence, bytes(32), signature)
    assert not recount.contract_stands_by(node.url, earlier, bytes(32), signature)
    with pytest.raises(recount.Fault, match="your node is of chain"):
        recount.contract_stands_by(node.url, {**evidence, "chain_id": "1"}, bytes(32), signature)
    with pytest.raises(recount.Fault, match="over http"):
        recount.contract_stands_by("file:///etc/passwd", evidence, bytes(32), signature)


def test_who_is_forgotten_leaves_a_ballot_without_a_name(polling: Polling, tmp_path: Path) -> None:
    community = polling.community
    first, second = community.voters[:2]
    poll = polling.announce()
    for voter in (first, second):
        assert polling.cast(poll, voter, polling.ballot(poll, voter, 0))[0] == 201
    receipt = community.get(f"/v1/polls/{poll}/receipt", second)
    export = polling.export(poll)
    with community.database.read() as work:
        told = tell(work, second.member_id)
    state = StateFolder(tmp_path / "erasing")
    state.prepare()
    command = EraseMember(second.member_id, told.confirm, "member")
    erase_and_list(community.database, state, command)
    after = community.get(f"/v1/polls/{poll}/export")
    said = _said(after, receipts=[receipt])
    assert "1 ballots were signed by a wallet that was since forgotten" in said
    assert "Your ballot 2 is in the export and counts." in said
    assert after["closing"] == export["closing"]
    assert second.key.address.lower()[2:] not in json.dumps(after)
    with community.database.read() as work:
        assert list(check_polls(work)) == []
        left = [
            work.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("poll_names", "poll_evidence", "poll_ballots", "poll_voters")
        ]
    assert left == [3, 1, 2, 4]


def test_in_a_browser_with_a_wallet(window: Window) -> None:
    community = window.community

    def promote(work: Work, _: None) -> None:
        members_store.insert_role(work, community.voters[0].member_id, Role.ADMIN, None)
        members_store.grant_role(work, community.voters[0].member_id, Role.ADMIN, None)

    execute(community.database, promote, None)
    window.open("/polls/new")
    window.page.get_by_label("Question").fill("By wallet")
    window.page.get_by_label("Options").fill("yes\nno")
    window.page.locator('[name="weighing"][value="token"]').check()
    window.press("Announce")
    window.says("Announced. Who votes is fixed.")
    window.says("100 VKL")
    window.page.get_by_label("no", exact=True).check()
    window.wallet.willing = False
    window.press("Sign with my wallet")
    window.says("You did not sign. Nothing was sent.")
    window.wallet.willing = True
    window.press("Sign with my wallet")
    window.says("your wallet")
    window.says("Change my ballot")
    poll = window.page.url.rpartition("/")[2]
    mine = community.get(f"/v1/polls/{poll}/mine", community.voters[0])
    assert [each["kind"] for each in mine["ballots"]] == ["wallet"]
    assert mine["ballots"][0]["choice"] == [1]


def _refusal(answer: tuple[int, Any]) -> tuple[int, str]:
    status, problem = answer
    return status, problem.get("code", "")
