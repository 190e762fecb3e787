"""Whose account a contract knows for a role: a vote may have given it to another than ours.

::

    contract says          ours is          what happens
    the same account       the same         all as ever
    another                still the old    nothing begins; what is queued waits, and says why
    another                the new          begins with the new account's own nonces; what the old
                                            one had under way ends as `model.decide` says

A role that no contract names (the relayer's) is whoever has the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.port import BlockAt, Chain, read
from oracle.contracts.abi import Address, FunctionCall
from oracle.sender.model import SenderRole


class KeyReplaced(VkladError):
    """A vote has given the role to another account than the one whose key is here."""

    code = "key_replaced"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Holder:
    """Which contract names the account of a role, and how it is asked."""

    contract: Address
    call: FunctionCall[Address]

    def at(self, chain: Chain, block: BlockAt) -> Address:
        """The account at a block."""
        return read(chain, self.contract, self.call, block)


Holders = Mapping[SenderRole, Holder]
NO_HOLDERS: Final[Holders] = MappingProxyType({})


def replaced(role: SenderRole, ours: Address, present: Address) -> KeyReplaced:
    """What to say of a key that the contract does not know, or not yet."""
    return KeyReplaced(
        f"The contract knows {present} as the {role}, and the key here is of {ours}: nothing is "
        f"sent with it. If a vote has replaced the key, put the new one in use: "
        f"vklad chain use-key {role}",
        role=role,
        ours=ours,
        present=present,
    )
