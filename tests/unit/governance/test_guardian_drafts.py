"""Votes on a guardian and on the end of a pause: their calls, and what their text says."""

from __future__ import annotations

import pytest

from governance.proposals.drafts import Guards, Wording, guardian_draft, unpause_draft
from governance.proposals.model import ProposalKind, ProposalRefused
from oracle.bindings import points_bridge, vkl_governor
from oracle.contracts.abi import ZERO_ADDRESS, Address

PROPOSER = Address("0x00000000000000000000000000000000000000A1")
BRIDGE = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
GOVERNOR = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
PRESENT = Address("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")
NEXT = Address("0x90F79bf6EB2c4f870365E785982E1f101E93b906")
POSTER = Address("0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65")
WORDING = Wording("Another", "", PROPOSER)
GUARDS = Guards(BRIDGE, GOVERNOR, (PRESENT, PRESENT), frozenset({POSTER}))


def test_one_account_guards_both() -> None:
    made = guardian_draft(WORDING, GUARDS, NEXT)
    assert made.kind is ProposalKind.GUARDIAN
    assert [(action.target, action.calldata) for action in made.actions] == [
        (BRIDGE, points_bridge.set_guardian(NEXT).calldata),
        (GOVERNOR, vkl_governor.set_proposal_guardian(NEXT).calldata),
    ]
    assert f"Guardian: {PRESENT} → {NEXT}, for a term" in made.description


def test_another_term_of_the_same() -> None:
    assert f"{PRESENT} → {PRESENT}" in guardian_draft(WORDING, GUARDS, PRESENT).description


def test_two_who_guarded_are_both_named() -> None:
    apart = Guards(BRIDGE, GOVERNOR, (PRESENT, NEXT), frozenset())
    assert f"Guardian: {PRESENT} and {NEXT} → {NEXT}" in (
        guardian_draft(WORDING, apart, NEXT).description
    )


@pytest.mark.parametrize("account", [ZERO_ADDRESS, POSTER])
def test_who_has_another_role_does_not_guard(account: Address) -> None:
    with pytest.raises(ProposalRefused) as refused:
        guardian_draft(WORDING, GUARDS, account)
    assert refused.value.operands["field"] == "guardian"


def test_only_what_is_paused_goes_on() -> None:
    made = unpause_draft(WORDING, BRIDGE, paused=True)
    (action,) = made.actions
    assert (action.target, action.calldata) == (BRIDGE, points_bridge.unpause().calldata)
    assert made.kind is ProposalKind.UNPAUSE
    with pytest.raises(ProposalRefused, match="not paused"):
        unpause_draft(WORDING, BRIDGE, paused=False)
