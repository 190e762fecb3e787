"""Members spend, and set limits, by vote: what is voted on is what happens, or says why not."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from governance.mandates import service as mandates
from governance.mandates.model import (
    BudgetOrder,
    SpendingOrder,
    UnknownOrder,
    order_hash,
    pool_on_chain,
)
from governance.mandates.verify import MANDATE_CHECKS
from governance.projects import service as projects
from governance.projects.lookup import find
from governance.projects.model import PREFIX, Project, ProjectState
from governance.projects.service import ProposeProject
from ledger.grants.budgets import service as budgets
from ledger.grants.budgets.model import ProposeBudget
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind, EntryDraft, EntryKind, Posting
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, connect, execute
from ledger.kernel.units import TOKEN_UNITS_PER_POINT, Points
from ledger.lots.model import ISSUANCE
from ledger.verify.service import GRANT_CHECKS, verify
from oracle.bindings import mandates as contract
from oracle.bindings import points_bridge, vkl_token
from oracle.bindings.points_bridge import Limits
from oracle.chain.port import BlockTag, read
from oracle.contracts.abi import Address, FunctionCall, address, encode
from tests.support.governance import Community
from tests.world import World

TREASURY = AccountKey(AccountKind.TREASURY)


@pytest.fixture
def rich(community: Community) -> Community:
    """A thousand points in the treasury, and everybody with their own votes."""

    def fill(work: Work, _: None) -> None:
        posting = Posting(ISSUANCE, TREASURY, Points(1000))
        journal.post(
            work,
            [EntryDraft(work.ids.new(work.now), EntryKind.EMISSION, (posting,), work.now, "{}")],
        )

    execute(community.database, fill, None)
    community.all_delegate()
    return community


def project(community: Community, budget: int = 700) -> Project:
    command = ProposeProject(
        author_id=community.voters[0].member_id,
        title="A library",
        plan="Collect, check, publish.",
        budget=Points(budget),
        pool=AccountKind.TREASURY,
    )
    return execute(community.database, projects.propose, command)


def spending(community: Community, wanted: Project) -> str:
    return community.propose(
        community.voters[0],
        kind="spending",
        title="Give the library its budget",
        project=format_id(PREFIX, wanted.project_id),
    )


def treasury(community: Community) -> int:
    with community.database.read() as work:
        return journal.balances(work, [TREASURY])[TREASURY].amount


def state_of(community: Community, wanted: Project) -> ProjectState:
    with community.database.read() as work:
        return find(work, wanted.project_id).state


def ordered(community: Community) -> list[dict[str, Any]]:
    return list(community.get("/v1/mandates")["data"])


def effect(community: Community, proposal: str) -> tuple[int, int]:
    told = community.get(f"/v1/proposals/{proposal}")["effect"]
    return told["before"], told["after"]


def wrong(community: Community) -> list[str]:
    found = verify(community.database, (*GRANT_CHECKS, *MANDATE_CHECKS)).findings
    return [str(each) for each in found]


@pytest.fixture
def lie(migrator_url: str) -> Iterator[Callable[[str, str], None]]:
    """Changes a table as its owner, past every refusal."""
    owner = connect(migrator_url)

    def change(table: str, statement: str) -> None:
        with owner.engine.begin() as connection:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            connection.execute(sa.text(statement))

    yield change
    owner.engine.dispose()


Lie = Callable[[str, str], None]


def test_a_vote_gives_a_project_its_budget(rich: Community, lie: Lie) -> None:
    wanted = project(rich)
    proposal = spending(rich, wanted)
    shown = rich.shown(proposal)
    order = SpendingOrder(
        AccountKind.TREASURY, Points(700), wanted.project_id, wanted.content_digest
    )
    assert shown["order"] == f"0x{order_hash(order).hex()}"
    assert f"0x{order_hash(order).hex()} " in shown["description"]
    page = rich.page(f"/votes/{proposal}").text
    assert "A library" in page
    assert "1,000 → 300" in page
    rich.executed(rich.passed(proposal))
    assert (treasury(rich), state_of(rich, wanted)) == (300, ProjectState.FUNDED)
    (made,) = ordered(rich)
    assert (made["outcome"], made["points"], made["pool"]) == ("done", 700, "treasury")
    with rich.database.read() as work:
        cause = find(work, wanted.project_id).funded_by
    assert cause is not None
    assert (cause["kind"], cause["mandate"]) == ("vote", 1)
    assert "carried out as ordered" in rich.page(f"/votes/{proposal}").text
    assert wrong(rich) == []
    lie("mandate_results", "UPDATE mandate_results SET order_hash = sha256('x')")
    assert "is not what the mandate 1 ordered" in wrong(rich)[0]


def test_a_vote_opens_a_budget_that_an_admin_asked_for(
    rich: Community, world: World, lie: Lie
) -> None:
    asking = ProposeBudget("Summer", Points(500), world.first_admin)
    asked = execute(rich.database, budgets.propose, asking)
    proposal = rich.propose(
        rich.voters[0],
        kind="budget",
        title="Points for the summer",
        budget=format_id("bud", asked.budget_id),
    )
    assert "Summer" in rich.page(f"/votes/{proposal}").text
    before, after = effect(rich, proposal)
    assert after == before + 500
    rich.executed(rich.passed(proposal))
    (made,) = ordered(rich)
    assert (made["kind"], made["outcome"], made["points"]) == ("budget", "done", 500)
    with rich.database.read() as work:
        decided = budgets.find(work, asked.budget_id).decided
    assert decided is not None
    assert decided.decided_by is None
    assert decided.vote is not None
    assert decided.vote["mandate"] == 1
    assert wrong(rich) == []
    table, change = "budget_decisions", "UPDATE budget_decisions SET vote = vote || "
    lie(table, f"""{change} '{{"mandate": 2}}'""")
    assert "mandate 2 on chain" in wrong(rich)[0]
    lie(table, f"""{change} '{{"mandate": 1, "transaction": "0x"}}'""")
    assert "another transaction" in wrong(rich)[0]


def test_tokens_are_told_before_and_after(rich: Community) -> None:
    timelock = rich.deployment.address("VklTimelock")
    giver, taker = rich.voters[0], address(rich.voters[1].key.address)
    gift = {"to": taker, "tokens": 3}
    proposal = rich.propose(giver, kind="tokens", title="Pay the printer", tokens=gift)
    assert effect(rich, proposal) == (0, -3)
    assert "The contract does not have that many" in rich.page(f"/votes/{proposal}").text
    given = vkl_token.transfer(timelock, 10 * TOKEN_UNITS_PER_POINT)
    rich.send_with(giver.key, rich.contracts.token, given)
    rich.settle()
    assert effect(rich, proposal) == (10, 7)
    assert "10 → 7" in rich.page(f"/votes/{proposal}").text


def test_what_the_pool_lacks_moves_nothing_and_says_so(rich: Community) -> None:
    wanted = project(rich, 1001)
    proposal = spending(rich, wanted)
    assert "has less than that now" in rich.page(f"/votes/{proposal}").text
    rich.executed(rich.passed(proposal))
    assert (treasury(rich), state_of(rich, wanted)) == (1000, ProjectState.PROPOSED)
    (made,) = ordered(rich)
    assert made["outcome"] == "refused"
    assert "has 1000 points, not 1001" in made["reason"]
    assert "Nothing has moved" in rich.page(f"/votes/{proposal}").text


def test_an_order_whose_document_is_missing_waits_for_it(rich: Community, lie: Lie) -> None:
    wanted = project(rich)
    order = SpendingOrder(
        AccountKind.TREASURY, Points(700), wanted.project_id, wanted.content_digest
    )
    proposal = spending(rich, wanted)
    lie("mandate_orders", "DELETE FROM mandate_orders")
    rich.executed(rich.passed(proposal))
    (made,) = ordered(rich)
    assert (made["outcome"], treasury(rich)) == ("document_missing", 1000)
    status, stored = rich.post("/v1/mandate-orders", rich.voters[1], order.document())
    assert (status, stored["order"]) == (201, made["order"])
    rich.turn()
    assert (ordered(rich)[0]["outcome"], treasury(rich)) == ("done", 300)
    with rich.database.read() as work:
        assert mandates.require_order(work, order_hash(order)) == order


def test_a_document_that_is_no_order_is_refused(rich: Community) -> None:
    status, problem = rich.post("/v1/mandate-orders", rich.voters[0], {"order": "gift"})
    assert (status, problem["code"]) == (422, "mandate_order_malformed")
    assert problem["field"] == "order"
    with rich.database.read() as work, pytest.raises(UnknownOrder, match="No order") as unknown:
        mandates.require_order(work, bytes(32))
    assert unknown.value.code == "unknown_order"


def test_fine_words_over_a_raid_do_not_hide_it(rich: Community) -> None:
    """Made on chain without us, in words about trees: the calls are shown as what they are."""
    contracts, voter = rich.contracts, rich.voters[0]
    raid = contract.spend(pool_on_chain(AccountKind.TREASURY), 900, b"\x07" * 32).calldata
    elsewhere = Address("0x00000000000000000000000000000000000000AA")
    calls = [(contracts.mandates, raid), (contracts.mandates, b"\x01" * 4), (elsewhere, raid)]
    proposing = FunctionCall(
        "propose",
        bytes.fromhex("7d5e81e2")  # propose(address[],uint256[],bytes[],string)
        + encode(
            ("address[]", "uint256[]", "bytes[]", "string"),
            ([to for to, _ in calls], [0, 0, 7], [data for _, data in calls], "# Plant trees"),
        ),
        lambda _: None,
    )
    rich.send_with(voter.key, contracts.governor, proposing)
    rich.until(lambda: rich.get("/v1/proposals")["data"] != [])
    (shown,) = rich.get("/v1/proposals")["data"]
    said = _words(rich, shown["id"], "en")
    assert "Plant trees" in said
    assert "Mandates.spend pool = treasury" in said
    assert "points = 900" in said
    assert "Treasury: The pool now, and afterwards 1,000 → 100" in said
    assert "Mandates has no such function" in said
    assert "Not a contract of this community" in said
    assert "It sends 7 wei along." in said
    assert "Это не контракт сообщества" in _words(rich, shown["id"], "ru")
    rich.lose_the_chain()
    silent = _words(rich, shown["id"], "en")
    assert "we cannot say whose contracts these are" in silent
    assert "Mandates.spend" not in silent


def _words(community: Community, proposal: str, language: str) -> str:
    page = community.page(f"/votes/{proposal}", language=language)
    assert page.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.text)).split())


def test_nobody_fills_the_table_with_orders_for_nothing(rich: Community) -> None:
    wanted = project(rich)
    asked = SpendingOrder(
        AccountKind.TREASURY, Points(700), wanted.project_id, wanted.content_digest
    )
    others: list[SpendingOrder | BudgetOrder] = [
        replace(asked, project_id=UUID(int=7)),
        replace(asked, points=Points(699)),
        replace(asked, pool=AccountKind.TEAM),
        replace(asked, content=bytes(32)),
        BudgetOrder(Points(700), wanted.project_id, wanted.content_digest),
    ]
    for other in others:
        status, problem = rich.post("/v1/mandate-orders", rich.voters[1], other.document())
        assert (status, problem["code"]) == (409, "order_of_nothing")
    assert rich.post("/v1/mandate-orders", rich.voters[1], asked.document())[0] == 201
    assert rich.post("/v1/mandate-orders", rich.voters[1], asked.document())[0] == 201


def test_a_vote_sets_what_the_bridge_lets_through(rich: Community) -> None:
    wanted = {"capacity_points": 500, "refill_points_per_day": 400, "growth_points_max": 300}
    proposal = rich.propose(rich.voters[0], kind="limits", title="Let less through", limits=wanted)
    assert "→ 500 points at once, 400 a day, 300 a batch" in rich.shown(proposal)["description"]
    rich.executed(rich.passed(proposal))
    bridge = rich.deployment.address("PointsBridge")
    now = read(rich.node.chain(), bridge, points_bridge.limits(), BlockTag.LATEST)
    assert now == Limits(500, 400, 300)
    again = {"kind": "limits", "title": "The same", "limits": wanted}
    status, problem = rich.post("/v1/proposal-messages", rich.voters[0], again)
    assert (status, problem["code"], problem["field"]) == (422, "proposal_refused", "limits")


@pytest.mark.parametrize("kind", ["limits", "spending", "tokens", "budget", "programme"])
def test_each_kind_says_what_it_needs(rich: Community, kind: str) -> None:
    status, problem = rich.post(
        "/v1/proposal-messages", rich.voters[0], {"kind": kind, "title": "Half a draft"}
    )
    assert (status, problem["code"]) == (422, "proposal_refused")
    assert problem["field"] in {kind, "project"}


def test_a_text_is_resolved(rich: Community) -> None:
    proposal = rich.propose(rich.voters[0])
    rich.executed(rich.passed(proposal))
    (made,) = ordered(rich)
    assert (made["kind"], made["outcome"], made["points"]) == ("text", "done", 0)
