"""Linking a wallet to a member and asking who is who. One active wallet per member and address."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ledger.consents.model import Purpose
from ledger.consents.service import require_allowed
from ledger.kernel.transaction import Work
from ledger.wallets import store
from ledger.wallets.model import (
    NoWallet,
    Wallet,
    WalletAlreadyLinked,
    WalletTaken,
    parse_address,
)


@dataclass(frozen=True, slots=True)
class LinkWallet:
    """A proved wish to link ``address``; ``proof_digest`` is SHA-256 over the signed message."""

    member_id: UUID
    address: str
    proof_digest: bytes


def link_wallet(work: Work, command: LinkWallet) -> Wallet:
    """Link a wallet; the same one again is no change.

    Raises:
        BadAddress: not an address.
        ConsentNeeded: the member is under age, and nobody has consented.
        WalletTaken: it speaks for another member.
        WalletAlreadyLinked: the member has another one.
    """
    address = parse_address(command.address)
    require_allowed(work, command.member_id, Purpose.WALLET)
    for other in store.lock_active(work, command.member_id, address):
        if other.member_id != command.member_id:
            raise WalletTaken("Another member has linked this wallet.", address=address)
        if other.address != address:
            raise WalletAlreadyLinked(
                f"Wallet {other.address} is linked; unlink it first.", address=other.address
            )
        return other
    wallet = Wallet(work.ids.new(work.now), command.member_id, address, work.now, None)
    if not store.insert_wallet(work, wallet, command.proof_digest):
        raise WalletTaken(
            "This wallet or this member has just been linked elsewhere.", address=address
        )
    return wallet


def unlink_wallet(work: Work, member_id: UUID) -> None:
    """End the member's linking; the history stays.

    Raises:
        NoWallet: there is none.
    """
    if not store.close_wallet(work, member_id):
        raise NoWallet("You have no wallet linked.")


def wallet_of(work: Work, member_id: UUID) -> str | None:
    """The member's active address, lower case; ``None`` without one."""
    wallet = store.active_wallet(work, member_id)
    return None if wallet is None else wallet.address


def member_of_wallet(work: Work, address: str) -> UUID | None:
    """The member for whom the address speaks; ``None`` if nobody.

    Raises:
        BadAddress: not an address.
    """
    wallet = store.active_wallet_of_address(work, parse_address(address))
    return None if wallet is None else wallet.member_id
