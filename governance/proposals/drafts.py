"""Drafts of proposals by what they do: their calls, and what their text must say of them. Pure.

Whatever a vote would do beyond its calls stands in the text, which goes on chain: the programme's
hash and what a preview of it came to, an order's document. So a vote explains itself without us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from eth_utils.crypto import keccak

from governance.mandates.model import (
    Order,
    SpendingOrder,
    order_hash,
    pool_on_chain,
)
from governance.proposals.model import (
    BODY_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Action,
    Draft,
    KeyRole,
    ProposalKind,
    ProposalRefused,
)
from ledger.kernel.canonical import canonical_json
from ledger.kernel.units import TokenUnits
from oracle.bindings import (
    anchors,
    mandates,
    points_bridge,
    programme_registry,
    vkl_governor,
    vkl_token,
)
from oracle.bindings.points_bridge import Limits
from oracle.contracts.abi import ZERO_ADDRESS, Address


@dataclass(frozen=True, slots=True)
class Wording:
    """Title and body as their proposer wrote them.

    Raises:
        ProposalRefused: no title, or a text too long.
    """

    title: str
    body: str
    proposer: Address

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ProposalRefused("A proposal needs a title.", field="title")
        for name, text, longest in (
            ("title", self.title, TITLE_LENGTH_MAX),
            ("body", self.body, BODY_LENGTH_MAX),
        ):
            if len(text) > longest:
                raise ProposalRefused(
                    f"The {name} has {len(text)} characters; at most {longest} are taken.",
                    field=name,
                )
        if "#proposer=" in self.title + self.body:
            raise ProposalRefused(
                "The text must not contain #proposer=: that is added.", field="body"
            )

    @property
    def words(self) -> str:
        """Title and body as they stand in the text."""
        return "\n\n".join(part for part in (f"# {self.title.strip()}", self.body.strip()) if part)

    def draft(self, kind: ProposalKind, action: Action, notes: tuple[str, ...] = ()) -> Draft:
        """A proposal in these words that makes one call."""
        return Draft(
            kind, self.title.strip(), self.body.strip(), self.proposer, (action,), notes=notes
        )


@dataclass(frozen=True, slots=True)
class Impact:
    """What a preview of a version came to: SHA-256 of the preview, and its totals."""

    digest: bytes
    members: int
    points_before: int
    points_after: int
    gain: int
    lose: int

    @property
    def note(self) -> str:
        """One line of the text."""
        return (
            f"Preview: 0x{self.digest.hex()} {self.members} members, "
            f"{self.points_before} → {self.points_after} points; "
            f"{self.gain} gain, {self.lose} lose"
        )


@dataclass(frozen=True, slots=True)
class ProgrammeChange:
    """A version to be put in force.

    ``replaces`` is the version the registry holds now (zeros before the first): if another vote
    changes it meanwhile, execution reverts.
    """

    programme_hash: bytes
    replaces: bytes
    effective_at: datetime
    impact: Impact | None = None


@dataclass(frozen=True, slots=True)
class Guards:
    """Who guards bridge and Governor, and the accounts that must not: other roles."""

    bridge: Address
    governor: Address
    present: tuple[Address, Address]
    others: frozenset[Address]


@dataclass(frozen=True, slots=True)
class KeyHolders:
    """Whose keys the contracts know, and the accounts that must not hold one: other roles."""

    bridge: Address
    anchors: Address
    present: Mapping[KeyRole, Address]
    others: frozenset[Address]


def programme_draft(wording: Wording, registry: Address, change: ProgrammeChange) -> Draft:
    """A proposal to put a programme version in force."""
    effective_s = int(change.effective_at.timestamp())
    call = programme_registry.activate(change.programme_hash, change.replaces, effective_s)
    notes: tuple[str, ...] = (f"Programme: 0x{change.programme_hash.hex()}",)
    if change.impact is not None:
        notes = (*notes, change.impact.note)
    return replace(
        wording.draft(ProposalKind.PROGRAMME, Action(registry, 0, call.calldata), notes),
        programme_hash=change.programme_hash,
        declared_effective_at=change.effective_at,
        preview_digest=None if change.impact is None else change.impact.digest,
    )


def text_draft(wording: Wording, mandates_at: Address) -> Draft:
    """A resolution in words; executed, the chain keeps the hash of title and body."""
    call = mandates.resolve(bytes(keccak(text=wording.words)))
    return wording.draft(ProposalKind.TEXT, Action(mandates_at, 0, call.calldata))


def limits_draft(wording: Wording, bridge: Address, present: Limits, wanted: Limits) -> Draft:
    """A proposal to change what the bridge lets through.

    Raises:
        ProposalRefused: nothing would change.
    """
    if present == wanted:
        raise ProposalRefused("These are the limits that the bridge has already.", field="limits")
    note = f"Limits: {_limits_text(present)} → {_limits_text(wanted)}"
    call = points_bridge.set_limits(wanted)
    return wording.draft(ProposalKind.LIMITS, Action(bridge, 0, call.calldata), (note,))


def guardian_draft(wording: Wording, guards: Guards, guardian: Address) -> Draft:
    """A proposal that one account guards bridge and Governor from its execution on, for a term.

    Naming the present one renews its term.

    Raises:
        ProposalRefused: the account has another role, so that the bridge would refuse it.
    """
    if guardian == ZERO_ADDRESS or guardian in guards.others:
        raise ProposalRefused(
            f"{guardian} cannot be guardian: it has another role or is nobody's.", field="guardian"
        )
    before = " and ".join(dict.fromkeys(guards.present))
    note = f"Guardian: {before} → {guardian}, for a term from execution on"
    there = Action(guards.bridge, 0, points_bridge.set_guardian(guardian).calldata)
    here = Action(guards.governor, 0, vkl_governor.set_proposal_guardian(guardian).calldata)
    made = wording.draft(ProposalKind.GUARDIAN, there, (note,))
    return replace(made, actions=(there, here))


def unpause_draft(wording: Wording, bridge: Address, *, paused: bool) -> Draft:
    """A proposal to start a paused bridge again.

    Raises:
        ProposalRefused: it is not paused.
    """
    if not paused:
        raise ProposalRefused("The bridge is not paused.", field="kind")
    return wording.draft(ProposalKind.UNPAUSE, Action(bridge, 0, points_bridge.unpause().calldata))


def key_draft(wording: Wording, holders: KeyHolders, role: KeyRole, account: Address) -> Draft:
    """A proposal that another account has a role of the service's from its execution on.

    Raises:
        ProposalRefused: the account has a role already, or is nobody's.
    """
    taken = {ZERO_ADDRESS, *holders.present.values(), *holders.others}
    if account in taken:
        raise ProposalRefused(
            f"{account} cannot be the {role}: it has a role already or is nobody's.", field="key"
        )
    calls = {
        KeyRole.POSTER: (holders.bridge, points_bridge.set_poster),
        KeyRole.WATCHER: (holders.bridge, points_bridge.set_watcher),
        KeyRole.ANCHORER: (holders.anchors, anchors.set_anchorer),
    }
    target, call = calls[role]
    note = f"Key: {role} {holders.present[role]} → {account}"
    return wording.draft(ProposalKind.KEY, Action(target, 0, call(account).calldata), (note,))


def tokens_draft(wording: Wording, token: Address, to: Address, amount: TokenUnits) -> Draft:
    """A proposal to give away tokens that the timelock holds.

    Raises:
        ProposalRefused: no tokens at all.
    """
    if amount.amount <= 0:
        raise ProposalRefused("Give at least one token unit.", field="tokens")
    note = f"Tokens: {amount.amount} token units to {to}"
    call = vkl_token.transfer(to, amount.amount)
    return wording.draft(ProposalKind.TOKENS, Action(token, 0, call.calldata), (note,))


def order_draft(wording: Wording, mandates_at: Address, order: Order) -> Draft:
    """A proposal that orders something beyond the chain; its document stands in the text."""
    hashed = order_hash(order)
    note = f"Order: 0x{hashed.hex()} {canonical_json(order.document()).decode()}"
    if isinstance(order, SpendingOrder):
        kind = ProposalKind.SPENDING
        call = mandates.spend(pool_on_chain(order.pool), order.points.amount, hashed)
    else:
        kind = ProposalKind.BUDGET
        call = mandates.open_budget(order.points.amount, hashed)
    made = wording.draft(kind, Action(mandates_at, 0, call.calldata), (note,))
    return replace(made, order_hash=hashed)


def _limits_text(limits: Limits) -> str:
    return (
        f"{limits.capacity_points} points at once, {limits.refill_points_per_day} a day, "
        f"{limits.growth_points_max} a batch"
    )
