"""Drafts, their ids and texts, and the state that a proposal is shown in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

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
    programme_draft,
    text_draft,
)
from oracle.contracts.abi import Address
from tests.unit.governance.test_ballots import standing

PROPOSER = Address("0x00000000000000000000000000000000000000A1")
REGISTRY = Address("0x00000000000000000000000000000000000000B2")
MANDATES = Address("0x00000000000000000000000000000000000000c3")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def draft(title: str = "Title", body: str = "Body") -> Draft:
    return text_draft(title=title, body=body, proposer=PROPOSER, mandates=MANDATES)


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
    made = programme_draft(
        title=" New ",
        body="",
        proposer=PROPOSER,
        registry=REGISTRY,
        programme_hash=b"\xab" * 32,
        replaces=bytes(32),
        effective_at=NOW,
    )
    assert made.title == "New"
    assert f"Programme: 0x{'ab' * 32}" in made.description
    (action,) = made.actions
    assert action.target == REGISTRY
    assert action.calldata[4:36] == b"\xab" * 32
    assert int.from_bytes(action.calldata[68:100], "big") == int(NOW.timestamp())


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
