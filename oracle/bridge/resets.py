"""Giving a chain up: bridged and in-flight points go back to their lots, on two persons' word.

    prepare ──▶ bridge stopped, content fixed ──▶ two admins confirm its hash ──▶ apply, at once

Whoever is at the machine prepares and applies; only two different admins make it happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind
from ledger.kernel.canonical import Json, digest
from ledger.kernel.ids import derived_id, format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import service as lots
from ledger.lots.model import Hold, ReturnFromEscrow
from ledger.members import service as members
from ledger.members.model import Role
from oracle.bridge import redeeming_store, resets_store, store
from oracle.bridge.errors import ResetContentChanged, ResetNotConfirmed, UnknownReset
from oracle.bridge.model import Request, RequestState, Stop, StopReason
from oracle.bridge.resets_store import ChainReset
from oracle.bridge.service import require_chain
from oracle.indexer import store as indexer_store
from oracle.sender import service as sender

PREFIX: Final = "rst"
"""Of a reset's id at the edges."""
PERSONS_NEEDED: Final = 2
REASON: Final = "chain_reset"
_ESCROW: Final = AccountKey(AccountKind.ESCROW)


@dataclass(frozen=True, slots=True)
class ConfirmReset:
    """An admin's yes to the content with this hash."""

    reset_id: UUID
    confirmed_by: UUID
    content_digest: bytes


@dataclass(frozen=True, slots=True)
class ResetApplied:
    """What went back to its lots."""

    requests: int
    points: Points


def prepare(work: Work, _: None) -> ChainReset:
    """Stop the bridge and fix what giving the chain in use up would return.

    Again: the same reset, or a new one if what would be returned has changed.

    Raises:
        NoChainYet: there is no chain to give up.
    """
    known = require_chain(work)
    message = "This chain is being given up."
    redeeming_store.insert_stop(work, Stop(StopReason.RESET, message, work.now))
    journal.lock_head(work)
    content = _content(work, known.chain_key)
    existing = resets_store.open_reset(work)
    if existing is not None:
        if existing.content_digest == digest(content):
            return existing
        resets_store.finish_reset(work, existing.reset_id)
    reset = ChainReset(
        reset_id=work.ids.new(work.now),
        chain_key=known.chain_key,
        content=content,
        content_digest=digest(content),
        prepared_at=work.now,
    )
    resets_store.insert_reset(work, reset)
    return reset


def confirm(work: Work, command: ConfirmReset) -> int:
    """One admin's yes; how many persons have said it now.

    Raises:
        NotAnAdmin: only admins confirm.
        UnknownReset: it is not open.
        ResetContentChanged: the hash is not that of what is open.
    """
    members.require_admin(work, command.confirmed_by)
    reset = resets_store.open_reset(work)
    if reset is None or reset.reset_id != command.reset_id:
        raise UnknownReset("No such chain reset is open.", reset=str(command.reset_id))
    if reset.content_digest != command.content_digest:
        raise ResetContentChanged(
            "The hash is not that of what would be returned now. Look at it again.",
            content_digest=reset.content_digest.hex(),
        )
    resets_store.insert_confirmation(work, reset, command.confirmed_by)
    return len(resets_store.confirmed_by(work, reset))


def give_up_reset(work: Work, _: None) -> None:
    """Forget an open reset and let the bridge go on.

    Raises:
        UnknownReset: none is open.
    """
    reset = resets_store.open_reset(work)
    if reset is None:
        raise UnknownReset("No chain reset is open.")
    resets_store.finish_reset(work, reset.reset_id)
    redeeming_store.lift_stops(work, [StopReason.RESET], None)


def apply(work: Work, _: None) -> ResetApplied:
    """Return everything, retire the chain, and let the next one in. All or nothing.

    Raises:
        UnknownReset: none is prepared.
        ResetNotConfirmed: fewer than two admins have confirmed this content.
        ResetContentChanged: what would be returned is something else by now.
    """
    journal.lock_head(work)
    reset = resets_store.open_reset(work)
    if reset is None:
        raise UnknownReset("No chain reset is open.")
    persons = [
        member for member in resets_store.confirmed_by(work, reset) if _is_admin(work, member)
    ]
    if len(persons) < PERSONS_NEEDED:
        raise ResetNotConfirmed(
            f"{PERSONS_NEEDED - len(persons)} more admins have to confirm.",
            missing=PERSONS_NEEDED - len(persons),
        )
    if digest(_content(work, reset.chain_key)) != reset.content_digest:
        raise ResetContentChanged("What would be returned has changed. Prepare it anew.")
    returned = [
        _give_back(work, reset, request, share) for request, share in _shares(work, reset.chain_key)
    ]
    sender.abandon_chain(work, reset.chain_key, REASON)
    indexer_store.retire_chain(work, reset.chain_key)
    resets_store.finish_reset(work, reset.reset_id)
    redeeming_store.lift_stops(work, list(StopReason), None)
    return ResetApplied(len(returned), Points(sum(points.amount for points in returned)))


def shares_down(outstanding: Sequence[Points], left: Points) -> list[Points]:
    """Spread ``left`` over claims in proportion to what of each is outstanding.

    Rounded down; the rest goes to the first claims, a point each, never above what is outstanding.
    When a chain is gone nobody can say whose tokens were redeemed by others before.
    """
    total = sum_points(outstanding)
    if left >= total:
        return list(outstanding)
    shares = [part.amount * left.amount // total.amount for part in outstanding]
    rest = left.amount - sum(shares)
    for place, part in enumerate(outstanding):
        if rest and shares[place] < part.amount:
            shares[place] += 1
            rest -= 1
    return [Points(share) for share in shares]


def _is_admin(work: Work, member_id: UUID) -> bool:
    return Role.ADMIN in members.roles_of(work, member_id)


def _content(work: Work, chain_key: int) -> dict[str, Json]:
    """What two persons confirm: which chain, and every return in numbers."""
    known = require_chain(work)
    return {
        "chain": {
            "key": chain_key,
            "id": known.identity.chain_id,
            "genesis": known.identity.genesis_hash.hex(),
            "bridge": known.identity.bridge_address,
        },
        "escrow": journal.balances(work, [_ESCROW])[_ESCROW].amount,
        "returns": [
            {"request": format_id("brg", request.request_id), "points": share.amount}
            for request, share in _shares(work, chain_key)
        ],
    }


def _shares(work: Work, chain_key: int) -> list[tuple[Request, Points]]:
    """What each open request gets back.

    In flight: all of it. Minted: its part of what escrow then still holds, because tokens that
    others redeemed have left escrow already.
    """
    requests = store.open_requests(work, chain_key)
    left = {
        request.request_id: _outstanding(lots.hold(work, request.request_id))
        for request in requests
    }
    minted = [request for request in requests if request.state is RequestState.MINTED]
    in_flight = [request for request in requests if request.state is not RequestState.MINTED]
    escrow = journal.balances(work, [_ESCROW])[_ESCROW].amount
    escrow -= sum(left[request.request_id].amount for request in in_flight)
    assert escrow >= 0, "what is in flight is in escrow"
    shares = shares_down([left[request.request_id] for request in minted], Points(escrow))
    return [
        *((request, left[request.request_id]) for request in in_flight),
        *zip(minted, shares, strict=True),
    ]


def _outstanding(claim: Hold) -> Points:
    return Points(sum(part.captured.amount - part.returned.amount for part in claim.parts))


def _give_back(work: Work, reset: ChainReset, request: Request, share: Points) -> Points:
    entry_id = request.entry_id
    if share:
        returned = lots.return_from_escrow(
            work,
            ReturnFromEscrow(
                claim_id=request.request_id,
                return_id=derived_id(reset.prepared_at, REASON, str(request.request_id)),
                at=work.now,
                amount_max=share,
                why={"bridge": REASON, "reset": str(reset.reset_id)},
            ),
        )
        entry_id = returned.entry_id
    store.mark_returned(work, request, REASON, entry_id)
    return share


@dataclass(frozen=True, slots=True)
class ResetContent:
    """What is shown of a reset's content before it is confirmed."""

    chain_id: int
    genesis: str
    bridge: str
    requests: int
    points: int


def as_content(reset: ChainReset) -> ResetContent:
    """The content in the words of people."""
    content = reset.content
    assert isinstance(content, Mapping), "written by prepare"
    chain, returns = content["chain"], content["returns"]
    assert isinstance(chain, Mapping), "written by prepare"
    assert isinstance(returns, Sequence), "written by prepare"
    return ResetContent(
        chain_id=int(str(chain["id"])),
        genesis=str(chain["genesis"]),
        bridge=str(chain["bridge"]),
        requests=len(returns),
        points=sum(int(str(each["points"])) for each in returns if isinstance(each, Mapping)),
    )
