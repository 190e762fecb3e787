"""Proposals that somebody brought on chain without us: they count as much, so they are shown.

Nobody vouches for their texts or actions; they are shown as what they are, calls to addresses.
"""

from __future__ import annotations

from typing import Final

from governance.proposals import store
from governance.proposals.model import (
    TITLE_LENGTH_MAX,
    Action,
    Proposal,
    ProposalKind,
)
from ledger.kernel.transaction import Work
from oracle.contracts.abi import UndecodableAnswer, decode
from oracle.indexer.model import ChainEvent

GOVERNOR: Final = "VklGovernor"
CREATED_EVENT: Final = "ProposalCreated"
NAMELESS: Final = "…"
CREATED_TYPES: Final = (
    *("uint256", "address", "address[]", "uint256[]", "bytes[]", "bytes[]"),
    *("uint256", "uint256", "bytes"),
)
"""Of ``ProposalCreated``; texts as bytes, for on chain nobody makes sure that they are texts."""


def on_proposal_created(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Keep a proposal that is not ours; the indexer calls this once per final event."""
    try:
        proposal_id, proposer, targets, values, _, calldatas, _, _, description = decode(
            CREATED_TYPES, event.payload
        )
    except UndecodableAnswer:
        return  # The Governor of ours emits nothing like it.
    text = description.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    title, _, body = text.strip().partition("\n")
    proposal = Proposal(
        proposal_id=proposal_id,
        kind=ProposalKind.DIRECT,
        title=title.lstrip("# ").strip()[:TITLE_LENGTH_MAX] or NAMELESS,
        body=body.strip(),
        description=text,
        actions=tuple(
            Action(target, value, calldata)
            for target, value, calldata in zip(targets, values, calldatas, strict=True)
        ),
        member_id=None,
        proposer=proposer,
        programme_hash=None,
        declared_effective_at=None,
        intent_key="",
        submitted_at=event.block_time,
    )
    store.insert_proposal(work, chain_key, proposal)
