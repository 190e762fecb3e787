"""Where wallets are linked: our origin and the chain of this installation."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from api.auth.contract_wallets import ChainSignatures
from api.auth.wallets import ContractSignatures, Place
from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.port import Chain


class ChainOff(VkladError):
    """A points-only installation: there are no wallets, tokens or votes here."""

    code = "chain_off"
    kind = ErrorKind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class WalletPlace:
    """What a message must name, and who answers for contract wallets."""

    place: Place
    contracts: ContractSignatures


class LazyWalletPlace:
    """The place, once the chain has told its id; asked for when first needed."""

    def __init__(self, origin: str, chain: Chain) -> None:
        self._origin = origin
        self._chain = chain
        self._lock = threading.Lock()
        self._place: WalletPlace | None = None

    def get(self) -> WalletPlace:
        """The place.

        Raises:
            ChainUnavailable: the chain has never answered yet, and does not now.
        """
        with self._lock:
            if self._place is None:
                place = Place(self._origin, self._chain.chain_id())
                self._place = WalletPlace(place, ChainSignatures(self._chain))
            return self._place
