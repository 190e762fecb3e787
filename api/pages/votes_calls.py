"""What the calls of a proposal say that was made without us, in words its maker did not choose.

Whoever proposes on chain writes any text over any calls. So the calls are read back by the ABI of
the contracts that are ours, and shown beside those words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api.composition import Composition
from api.governing import governing_of
from governance.mandates.model import POOLS
from governance.proposals.model import Action, Proposal
from ledger.journal import service as journal
from ledger.journal.model import AccountKey, AccountKind
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from oracle.contracts.calls import ReadCall, read_call
from oracle.deployment.model import Deployment

MANDATES: Final = "Mandates"
VALUE_SHOWN_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class ShownCall:
    """One call. ``contract`` and ``function`` are ``None`` of what is not ours or not known.

    ``before`` and ``after`` are the points of the pool that it would spend from.
    """

    action: Action
    contract: str | None
    function: str | None
    arguments: tuple[tuple[str, str], ...] = ()
    pool: AccountKind | None = None
    before: int | None = None
    after: int | None = None


def deployment_of(composition: Composition) -> Deployment | None:
    """The contracts that are ours; ``None`` while the chain cannot be asked which they are."""
    try:
        return governing_of(composition).parts.deployment
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return None


def calls_of(work: Work, deployment: Deployment, proposal: Proposal) -> list[ShownCall]:
    """The calls of a proposal, in their order."""
    names = {each.address: name for name, each in deployment.contracts.items()}
    return [_shown(work, action, names.get(action.target)) for action in proposal.actions]


def _shown(work: Work, action: Action, contract: str | None) -> ShownCall:
    call = None if contract is None else read_call(contract, action.calldata)
    if call is None:
        return ShownCall(action, contract, None)
    arguments = tuple((each.name, _text(each.value)) for each in call.arguments)
    pool = _pool(contract, call)
    if pool is None:
        return ShownCall(action, contract, call.function, arguments)
    key = AccountKey(pool)
    before = journal.balances(work, [key])[key].amount
    after = before - call["points"]
    return ShownCall(action, contract, call.function, arguments, pool, before, after)


def _pool(contract: str | None, call: ReadCall) -> AccountKind | None:
    """The pool that a mandate spends from."""
    if contract != MANDATES or call.function != "spend":
        return None
    named = call["pool"].rstrip(b"\0")
    return next((pool for pool in POOLS if pool.value.encode() == named), None)


def _text(value: Any) -> str:
    """A value on one line: bytes as hex, with the word that they spell if they do."""
    if isinstance(value, tuple):
        return _cut(", ".join(_text(each) for each in value))
    if not isinstance(value, bytes):
        return _cut(str(value))
    word = value.rstrip(b"\0")
    if word.isalpha():
        return f"{word.decode()} (0x{value.hex()})"
    return _cut(f"0x{value.hex()}")


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_SHOWN_MAX else f"{text[:VALUE_SHOWN_MAX]}…"
