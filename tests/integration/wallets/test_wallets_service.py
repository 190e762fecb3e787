"""One active wallet per member and per address, whoever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa

from ledger.kernel.transaction import Database, execute
from ledger.members.model import CreateMember
from ledger.members.service import create_member
from ledger.wallets.model import (
    BadAddress,
    NoWallet,
    WalletAlreadyLinked,
    WalletTaken,
    parse_address,
)
from ledger.wallets.service import (
    LinkWallet,
    link_wallet,
    member_of_wallet,
    unlink_wallet,
    wallet_of,
)
from ledger.wallets.tables import wallets

ONE, TWO = "0x" + "1" * 40, "0x" + "Ab" * 20


def _member(database: Database) -> UUID:
    return execute(database, create_member, CreateMember()).member_id


def _link(database: Database, member_id: UUID, address: str) -> str:
    return execute(database, link_wallet, LinkWallet(member_id, address, bytes(32))).address


def test_an_address_is_kept_in_lower_case_and_found_in_any(database: Database) -> None:
    member = _member(database)
    assert _link(database, member, TWO) == TWO.lower()
    with database.read() as work:
        assert member_of_wallet(work, TWO.upper().replace("0X", "0x")) == member
        assert wallet_of(work, member) == TWO.lower()
        assert member_of_wallet(work, ONE) is None


def test_a_member_has_one_and_an_address_one_member(database: Database) -> None:
    first, second = _member(database), _member(database)
    _link(database, first, ONE)
    assert _link(database, first, ONE) == ONE
    with pytest.raises(WalletAlreadyLinked):
        _link(database, first, TWO)
    with pytest.raises(WalletTaken):
        _link(database, second, ONE)
    execute(database, unlink_wallet, first)
    assert _link(database, second, ONE) == ONE
    with pytest.raises(NoWallet):
        execute(database, unlink_wallet, first)
    with database.read() as work:
        history = work.connection.execute(sa.select(sa.func.count()).select_from(wallets))
        assert history.scalar_one() == 2


def test_of_many_at_once_one_gets_the_address(database: Database) -> None:
    members = [_member(database) for _ in range(8)]

    def attempt(member_id: UUID) -> bool:
        try:
            _link(database, member_id, ONE)
        except WalletTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, members)) == 1


@pytest.mark.parametrize("text", ["", "0x", "0x" + "0" * 40, "1" * 40, ONE + "1", ONE + "\n"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(text)
