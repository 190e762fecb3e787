"""The guardian as members see it: terms, deeds, reasons, and the votes that it cannot stop."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account.signers.local import LocalAccount

from api.audit.model import Period
from api.audit.service import export
from api.cli import guardian as commands
from api.http.app import create_app
from governance.proposals.cancelling import cancelling
from ledger.kernel.transaction import execute
from ledger.log.verifier import verify
from ledger.lots import service as lots
from oracle.bindings import points_bridge
from oracle.chain.port import BlockTag, Receipt, read
from oracle.chain.typed_data import stop_reason
from oracle.contracts.abi import Address, FunctionCall
from tests.support.chain_nodes import (
    ANCHORER,
    FIRST_MEMBER,
    GUARDIAN,
    POSTER,
    WATCHER,
    funded_account,
    funded_address,
    transact,
)
from tests.support.clock import SetClock
from tests.support.governance import Community
from tests.support.guarding import Machine
from tests.support.http import client_of
from tests.support.log import MemorySigner
from tests.support.lots import a_lot

pytestmark = pytest.mark.parametrize("place", ["anvil"], indirect=True)

SUCCESSOR = FIRST_MEMBER + 4
WHY = "A batch that nobody can explain <b>"
NO_REASONS: tuple[tuple[dict[str, str], int, str | None], ...] = (
    ({"transaction": "0x" + "7" * 64}, 404, "unknown_act"),
    ({"reason": "two\nlines"}, 422, "reason_refused"),
    ({"signature": "0x" + "0" * 130}, 400, "malformed_signature"),
    ({"reason": ""}, 422, None),
    ({"signature": "0x12"}, 422, None),
)


@pytest.fixture
def machine(community: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The guardian's own, which knows nothing of the members' database."""
    folder = tmp_path / "guardian"
    return Machine.make(community.node, community.deployment, folder, monkeypatch)


def told(community: Community) -> dict[str, Any]:
    """What anybody is told; ``GET /v1/guardian`` needs no account."""
    answer = client_of(community.app).get("/v1/guardian")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def words(community: Community, path: str, language: str = "en") -> str:
    answer = community.page(path, community.voters[0], language)
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def shows(community: Community, path: str, *, english: str, russian: str) -> None:
    assert english in words(community, path)
    assert russian in words(community, path, "ru")


def say(community: Community, key: LocalAccount, transaction: str, reason: str) -> httpx.Response:
    message = stop_reason(
        31_337,
        community.deployment.address("PointsBridge"),
        bytes.fromhex(transaction[2:]),
        reason,
    )
    signature = f"0x{bytes(key.sign_message(message.signable()).signature).hex()}"
    body = {"transaction": transaction, "reason": reason, "signature": signature}
    return client_of(community.app).post("/v1/guardian/reasons", json=body)


def transaction_of(receipt: Receipt) -> str:
    return f"0x{receipt.transaction_hash.hex()}"


def bridge_guardian(community: Community) -> Address:
    bridge = community.deployment.address("PointsBridge")
    return read(community.node.chain(), bridge, points_bridge.guardian(), BlockTag.LATEST)


def test_who_guards_from_the_beginning(community: Community) -> None:
    found = told(community)
    assert {office["contract"] for office in found["offices"]} == {"PointsBridge", "VklGovernor"}
    for office in found["offices"]:
        assert office["guardian"] == funded_address(GUARDIAN)
        assert office["in_term"]
    assert found["paused"] is None
    assert {deed["kind"] for deed in found["data"]} == {"appointed"}
    assert {deed["by"] for deed in found["data"]} == {"vote"}
    shows(community, "/guardian", english="The guardian", russian="Хранитель")
    assert funded_address(GUARDIAN) in words(community, "/guardian")
    assert community.page("/guardian").status_code == 200


def test_without_a_node_it_is_told_all_the_same(community: Community) -> None:
    community.lose_the_chain()
    assert told(community)["offices"][0]["guardian"] == funded_address(GUARDIAN)
    assert funded_address(GUARDIAN) in words(community, "/guardian")


def test_a_term_that_is_over(community: Community) -> None:
    term = timedelta(seconds=community.deployment.parameters.bridge_periods.guardian_term_s)
    clock = SetClock(community.now() + term)
    late = replace(community.composition, database=replace(community.database, clock=clock))
    community.app = create_app(late)
    assert [office["in_term"] for office in told(community)["offices"]] == [False, False]
    assert "Over since" in html.unescape(community.page("/guardian").text)


def test_a_pause_its_reason_and_the_vote_that_ends_it(
    community: Community, machine: Machine
) -> None:
    community.all_delegate()
    proposer = community.voters[0]
    body = {"kind": "unpause", "title": "Go on"}
    status, refused = community.post("/v1/proposal-messages", proposer, body)
    assert (status, refused["code"]) == (422, "proposal_refused")

    machine.done("chain", "pause")
    community.settle()
    paused = told(community)["paused"]
    assert (paused["kind"], paused["by"]) == ("paused", "guardian")
    assert paused["account"] == funded_address(GUARDIAN)
    assert (paused["reason"], paused["final"]) == (None, True)
    for path in ("/guardian", "/wallet"):
        shows(community, path, english="The bridge is paused", russian="Мост на паузе")
        shows(community, path, english="has not said why yet", russian="не сказал почему")

    guardian = funded_account(GUARDIAN)
    answer = say(community, guardian, paused["transaction"], WHY)
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"][0]["reason"] == WHY
    assert say(community, guardian, paused["transaction"], WHY).status_code == 201
    another = say(community, guardian, paused["transaction"], "Something else")
    assert (another.status_code, another.json()["code"]) == (409, "reason_given")
    for path in ("/guardian", "/wallet"):
        shows(community, path, english=WHY, russian=WHY)
        assert WHY not in community.page(path, proposer).text, "it is shown as text"

    assert 'value="unpause" disabled' not in community.page("/votes/new", proposer).text
    vote = community.propose(proposer, **body)
    shows(
        community,
        f"/votes/{vote}",
        english="Starting the paused bridge again",
        russian="Запуск моста после паузы",
    )
    community.executed(community.passed(vote))
    assert not machine.is_paused()
    found = told(community)
    assert found["paused"] is None
    assert (found["data"][0]["kind"], found["data"][0]["by"]) == ("unpaused", "vote")
    shows(community, "/guardian", english="started again", russian="запущен снова")
    assert 'value="unpause" disabled' in community.page("/votes/new", proposer).text


def test_vetoes_of_the_guardian_and_of_the_watcher(community: Community, machine: Machine) -> None:
    first, second = machine.commit(points=5), machine.commit(points=1)
    machine.done("chain", "veto", str(first))
    bridge = community.deployment.address("PointsBridge")
    by_watcher = community.send_as(WATCHER, bridge, points_bridge.veto(second))
    community.settle()
    watchers, guardians = told(community)["data"][:2]
    assert (watchers["batch"], watchers["by"], watchers["points"]) == (second, "watcher", 1)
    assert (guardians["batch"], guardians["by"], guardians["points"]) == (first, "guardian", 5)
    shows(
        community,
        "/guardian",
        english=f"Batch {first} with 5 points was vetoed",
        russian=f"На партию {first} в 5 баллов наложено вето",
    )
    shows(
        community,
        "/guardian",
        english="could not work this batch out from the ledger",
        russian="не смог вывести эту партию из журнала",
    )
    transaction = transaction_of(by_watcher)
    refused = say(community, funded_account(GUARDIAN), transaction, "It was me")
    assert (refused.status_code, refused.json()["code"]) == (403, "reason_of_another")
    assert say(community, funded_account(WATCHER), transaction, "Not in it").status_code == 201
    assert told(community)["data"][0]["reason"] == "Not in it"


def test_a_cancelled_proposal_says_by_whom_and_why(community: Community, machine: Machine) -> None:
    community.all_delegate()
    proposer = community.voters[0]
    early = community.propose(proposer, title="Early")
    late = community.opened(community.propose(proposer, title="Late"))
    machine.done("governance", "cancel", late)
    token = community.deployment.address("VklToken")
    withdrawn = str(machine.propose((token, b""), text="# Withdrawn"))
    act = cancelling(community.node.chain(), community.deployment, int(withdrawn))
    cancel = FunctionCall("cancel", act.calldata, lambda _: None)
    still_pending = int(community.now().timestamp()) + 1
    community.node.rpc("evm_setNextBlockTimestamp", still_pending)
    receipt = transact(
        community.node, proposer.key, community.contracts.governor, cancel, gas=300_000
    )
    assert receipt.succeeded
    community.settle()
    mine, guardians = told(community)["data"][:2]
    assert (mine["proposal"], mine["by"]) == (withdrawn, "proposer_or_guardian")
    assert (guardians["proposal"], guardians["by"]) == (late, "guardian")
    assert say(community, funded_account(GUARDIAN), guardians["transaction"], WHY).is_success
    shows(community, f"/votes/{late}", english="by the guardian", russian="хранитель")
    shows(community, f"/votes/{late}", english=WHY, russian=WHY)
    shows(community, "/guardian", english="Late", russian="Late")
    assert "Cancelled" not in words(community, f"/votes/{early}")


def test_an_auditor_takes_home_what_was_stopped_by_whom_and_why(
    community: Community, machine: Machine, tmp_path: Path
) -> None:
    community.all_delegate()
    vote = community.opened(community.propose(community.voters[0], title="Stopped"))
    first, second = machine.commit(points=5), machine.commit(points=1)
    machine.done("chain", "veto", str(first))
    bridge = community.deployment.address("PointsBridge")
    community.send_as(WATCHER, bridge, points_bridge.veto(second))
    machine.done("governance", "cancel", vote)
    machine.done("chain", "pause")
    community.settle()
    pause, cancellation, veto_of_watcher, veto = told(community)["data"][:4]
    given = {
        pause["transaction"]: (GUARDIAN, "Until we know more"),
        cancellation["transaction"]: (GUARDIAN, WHY),
        veto_of_watcher["transaction"]: (WATCHER, "Not in the ledger"),
    }
    for transaction, (index, reason) in given.items():
        assert say(community, funded_account(index), transaction, reason).is_success

    lot = a_lot("a", 100, member=community.voters[0].member_id)
    execute(community.database, lots.grant_lot, lot)
    always = Period(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    place = export(community.database, MemorySigner(), always, tmp_path / "audit")
    assert "Reasons for stopping something, signed by whoever did: 3." in verify(
        place, [], [], None
    )
    acts = [json.loads(line) for line in (place / "acts.jsonl").read_text("utf-8").splitlines()]
    guardian, watcher = funded_address(GUARDIAN).lower(), funded_address(WATCHER).lower()
    stopped = {
        (act["act"], act["by"], act["on"].rpartition("/")[2], act["rest"].get("points"))
        for act in acts
        if act["rest"].get("transaction")
        in {deed["transaction"][2:] for deed in (pause, cancellation, veto_of_watcher, veto)}
    }
    (chain,) = {act["on"] for act in acts if act["act"] == "bridge.paused"}
    assert stopped == {
        ("bridge.paused", guardian, chain, None),
        ("vote.cancelled", None, vote, None),
        ("batch.vetoed", watcher, str(second), 1),
        ("batch.vetoed", guardian, str(first), 5),
    }
    reasons = {
        f"0x{act['on']}": (act["by"], act["rest"]["reason"])
        for act in acts
        if act["act"] == "guardian.reason"
    }
    assert reasons == {
        transaction: (funded_address(index).lower(), reason)
        for transaction, (index, reason) in given.items()
    }
    named = [act for act in acts if act["act"] == "guardian.appointed"]
    assert {act["on"] for act in named} == {guardian}
    ends = {office["contract"]: office["term_ends_at"] for office in told(community)["offices"]}
    assert {each["rest"]["contract"] for each in named} == set(ends)
    for act in named:
        there = datetime.fromisoformat(act["rest"]["term_ends_at"])
        assert there == datetime.fromisoformat(ends[act["rest"]["contract"]])


def test_the_members_replace_a_guardian_that_would_rather_stay(
    community: Community, machine: Machine
) -> None:
    community.all_delegate()
    proposer, successor = community.voters[0], funded_address(SUCCESSOR)
    for role in (POSTER, WATCHER):
        body = {"kind": "guardian", "title": "No", "guardian": funded_address(role)}
        status, refused = community.post("/v1/proposal-messages", proposer, body)
        assert (status, refused["code"]) == (422, "proposal_refused"), refused
    status, refused = community.post(
        "/v1/proposal-messages", proposer, {"kind": "guardian", "title": "Nobody"}
    )
    assert (status, refused["code"]) == (422, "proposal_refused")

    vote = community.propose(proposer, kind="guardian", title="Another", guardian=successor)
    assert (
        f"Guardian: {funded_address(GUARDIAN)} → {successor}"
        in community.shown(vote)["description"]
    )
    shows(community, f"/votes/{vote}", english=successor, russian="Хранитель или новый срок")
    with pytest.raises(Exception, match="No guardian can cancel that"):
        machine.run("governance", "cancel", vote)
    community.executed(community.passed(vote))
    assert bridge_guardian(community) == successor
    found = told(community)
    assert {office["guardian"] for office in found["offices"]} == {successor}
    assert [deed["kind"] for deed in found["data"][:2]] == ["appointed", "appointed"]
    with pytest.raises(Exception, match=f"obeys {successor}"):
        machine.run("chain", "pause")

    again = community.propose(proposer, kind="guardian", title="Once more", guardian=successor)
    before = {office["term_ends_at"] for office in found["offices"]}
    community.executed(community.passed(again))
    renewed = {office["term_ends_at"] for office in told(community)["offices"]}
    assert min(renewed) > max(before)


def test_what_is_no_reason(community: Community, machine: Machine) -> None:
    machine.done("chain", "pause")
    community.settle()
    body = {
        "transaction": told(community)["paused"]["transaction"],
        "reason": "So",
        "signature": "0x" + "1" * 130,
    }
    for change, status, code in NO_REASONS:
        answer = client_of(community.app).post("/v1/guardian/reasons", json={**body, **change})
        assert answer.status_code == status, answer.text
        assert code is None or answer.json()["code"] == code


def test_the_appointment_of_a_guardian_takes_no_reason(community: Community) -> None:
    (transaction, *_) = {deed["transaction"] for deed in told(community)["data"]}
    answer = say(community, funded_account(ANCHORER), transaction, "Because")
    assert answer.json()["code"] == "unknown_act"


def test_the_command_brings_the_reason(
    community: Community, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = machine.done("chain", "pause")
    (transaction,) = re.findall(r"vklad chain reason (0x[0-9a-f]{64})", said)
    printed = json.loads(machine.run("chain", "reason", transaction, WHY).rpartition("}")[0] + "}")
    assert printed["reason"] == WHY

    monkeypatch.setattr(commands.httpx, "post", _posting(community))
    early = ("chain", "reason", transaction, WHY, "--to", "https://school.example/")
    with pytest.raises(commands.ReasonNotDelivered, match="404: "):
        machine.run(*early)
    community.settle()
    assert machine.run(*early) == "Members see it now.\n"
    assert told(community)["paused"]["reason"] == WHY
    with pytest.raises(commands.reasons.ReasonRefused):
        machine.run("chain", "reason", transaction, " ")
    with pytest.raises(commands.reasons.UnknownAct):
        machine.run("chain", "reason", "0x12", WHY)


def test_a_school_that_does_not_answer(machine: Machine) -> None:
    with pytest.raises(commands.ReasonNotDelivered, match="does not answer: ConnectError"):
        machine.run("chain", "reason", "0x" + "1" * 64, "So", "--to", "http://127.0.0.1:9")


def _posting(community: Community) -> Callable[..., httpx.Response]:
    """The school's door without a server before it."""

    def post(url: str, json: dict[str, str], timeout: float) -> httpx.Response:
        assert timeout > 0
        assert url == "https://school.example/v1/guardian/reasons"
        return client_of(community.app).post("/v1/guardian/reasons", json=json)

    return post
