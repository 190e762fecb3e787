"""Drafts, their ids and texts, and the state that a proposal is shown in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from governance.mandates.model import Order, order_hash
from governance.proposals.drafts import (
    Impact,
    ProgrammeChange,
    Wording,
    limits_draft,
    order_draft,
    programme_draft,
    text_draft,
    tokens_draft,
)
from governance.proposals.model import (
    BODY_LENGTH_MAX,
    STATE_BY_NUMBER,
    TERMINAL,
    TITLE_LENGTH_MAX,
    Draft,
    Proposal,
    ProposalKind,
    ProposalRefused,
    ProposalState,
)
from ledger.kernel.canonical import canonical_json
from ledger.kernel.units import TokenUnits
from oracle.bindings import mandates, points_bridge, vkl_token
from oracle.bindings.points_bridge import Limits
from oracle.contracts.abi import Address, FunctionCall
from tests.unit.governance.test_ballots import standing
from tests.unit.governance.test_orders import BUDGET, SPENDING

PROPOSER = Address("0x00000000000000000000000000000000000000A1")
REGISTRY = Address("0x00000000000000000000000000000000000000B2")
MANDATES = Address("0x00000000000000000000000000000000000000c3")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def draft(title: str = "Title", body: str = "Body") -> Draft:
    return text_draft(Wording(title, body, PROPOSER), MANDATES)


def proposal(**fields: object) -> Proposal:
    made = draft()
    whole = Proposal(
        proposal_id=made.proposal_id,
        kind=ProposalKind.TEXT,
        title=made.title,
        body=made.body,
        description=made.description,
        actions=made.actions,
        member_id=UUID(int=1),
        proposer=PROPOSER,
        programme_hash=None,
        declared_effective_at=None,
        intent_key="k",
        submitted_at=NOW,
    )
    return replace(whole, **fields)  # type: ignore[arg-type]


def test_the_description_names_its_proposer_at_the_very_end() -> None:
    assert draft().description == f"# Title\n\nBody\n#proposer={PROPOSER.lower()}"
    assert draft(body="").description == f"# Title\n#proposer={PROPOSER.lower()}"


def test_a_programme_draft_says_which_version() -> None:
    impact = Impact(b"\x07" * 32, members=5, points_before=100, points_after=90, gain=1, lose=3)
    change = ProgrammeChange(b"\xab" * 32, bytes(32), NOW, impact)
    made = programme_draft(Wording(" New ", "", PROPOSER), REGISTRY, change)
    assert f"Preview: 0x{'07' * 32} 5 members, 100 → 90 points; 1 gain, 3 lose" in made.description
    assert made.preview_digest == impact.digest
    assert made.title == "New"
    assert f"Programme: 0x{'ab' * 32}" in made.description
    (action,) = made.actions
    assert action.target == REGISTRY
    assert action.calldata[4:36] == b"\xab" * 32
    assert int.from_bytes(action.calldata[68:100], "big") == int(NOW.timestamp())


def test_a_limits_draft_says_both_sides_and_that_nothing_changed() -> None:
    present, wanted = Limits(10, 20, 30), Limits(11, 20, 30)
    made = limits_draft(Wording("More", "", PROPOSER), REGISTRY, present, wanted)
    assert made.kind is ProposalKind.LIMITS
    assert "10 points at once, 20 a day, 30 a batch → 11 points at once" in made.description
    assert made.actions[0].calldata == points_bridge.set_limits(wanted).calldata
    with pytest.raises(ProposalRefused) as refused:
        limits_draft(Wording("More", "", PROPOSER), REGISTRY, present, present)
    assert refused.value.field == "limits"


def test_a_tokens_draft_sends_what_its_text_says() -> None:
    made = tokens_draft(Wording("Give", "", PROPOSER), REGISTRY, MANDATES, TokenUnits(5))
    assert f"Tokens: 5 token units to {MANDATES}" in made.description
    assert made.actions[0].calldata == vkl_token.transfer(MANDATES, 5).calldata
    with pytest.raises(ProposalRefused):
        tokens_draft(Wording("Give", "", PROPOSER), REGISTRY, MANDATES, TokenUnits(0))


@pytest.mark.parametrize(
    ("order", "kind", "selector"),
    [
        (SPENDING, ProposalKind.SPENDING, mandates.spend(bytes(32), 1, bytes(32))),
        (BUDGET, ProposalKind.BUDGET, mandates.open_budget(1, bytes(32))),
    ],
)
def test_an_order_stands_whole_in_the_text(
    order: Order, kind: ProposalKind, selector: FunctionCall[None]
) -> None:
    made = order_draft(Wording("Order", "", PROPOSER), MANDATES, order)
    assert (made.kind, made.order_hash) == (kind, order_hash(order))
    assert made.actions[0].calldata[:4] == selector.calldata[:4]
    assert made.actions[0].calldata[-32:] == order_hash(order)
    text = canonical_json(order.document()).decode()
    assert f"Order: 0x{order_hash(order).hex()} {text}" in made.description


def test_another_word_or_another_proposer_is_another_proposal() -> None:
    ids = {
        draft().proposal_id,
        draft(body="body").proposal_id,
        draft(title="title").proposal_id,
        replace(draft(), proposer=REGISTRY).proposal_id,
        replace(draft(), actions=()).proposal_id,
    }
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("title", "body", "field"),
    [
        ("", "x", "title"),
        ("  ", "x", "title"),
        ("x" * (TITLE_LENGTH_MAX + 1), "", "title"),
        ("x", "x" * (BODY_LENGTH_MAX + 1), "body"),
        ("#proposer=", "", "body"),
        ("x", "a #proposer=0x", "body"),
    ],
)
def test_texts_that_are_refused(title: str, body: str, field: str) -> None:
    with pytest.raises(ProposalRefused) as refused:
        draft(title, body)
    assert refused.value.operands["field"] == field


def test_the_state_that_is_shown() -> None:
    assert proposal().state is ProposalState.SIGNED
    assert proposal(failure="would revert").state is ProposalState.REFUSED
    for state in STATE_BY_NUMBER:
        assert proposal(standing=standing(state)).state is state
    stuck = proposal(standing=standing(ProposalState.QUEUED), failure="reverted")
    assert stuck.state is ProposalState.EXECUTION_REVERTED
    late = proposal(standing=standing(ProposalState.SUCCEEDED), failure="queued by another")
    assert late.state is ProposalState.SUCCEEDED


def test_the_states_are_those_of_the_contract_in_its_order() -> None:
    names = "pending active canceled defeated succeeded queued expired executed"
    assert " ".join(STATE_BY_NUMBER) == names
    assert ProposalState.EXECUTION_REVERTED not in TERMINAL
