"""The number in signed permits and delegations: the token counts both of a wallet by one.

Of two orders with the same number only one can count, so the second waits until the first has
failed. The orders themselves are looked at, whoever asked: a wallet may change its member.
"""

from __future__ import annotations

from typing import Final, Literal

from ledger.kernel.transaction import Work
from oracle.contracts.abi import Address
from oracle.sender import service as sender
from oracle.sender.model import IntentState

Verb = Literal["delegate", "permit"]
_VERBS: Final[tuple[Verb, ...]] = ("delegate", "permit")


def free_key(work: Work, verb: Verb, chain_key: int, account: Address, nonce: int) -> str | None:
    """The key of a new order with this number; none while another may still use it up."""
    keys = {
        each: _first_unused(work, f"governance.{each}:{chain_key}:{account}:{nonce}")
        for each in _VERBS
    }
    return None if None in keys.values() else keys[verb]


def _first_unused(work: Work, first: str) -> str | None:
    key, failed = first, 0
    while (outcome := sender.outcome(work, key)) is not None:
        if outcome.state is not IntentState.FAILED:
            return None
        failed += 1
        key = f"{first}:{failed}"
    return key
