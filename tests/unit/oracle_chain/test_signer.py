from __future__ import annotations

from pathlib import Path

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction as Decoded
from hexbytes import HexBytes

from oracle.chain.signer import (
    DEPLOYMENT,
    KeyMissing,
    LocalSigner,
    has_key,
    open_keystore,
    write_key,
)
from oracle.contracts.abi import Address
from oracle.sender.model import Fees, SenderRole
from oracle.sender.ports import TypedTransaction

KEY = Account.from_key(b"\x22" * 32)
TO = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")


def transaction(to: Address = TO) -> TypedTransaction:
    return TypedTransaction(
        chain_id=31_337,
        role=SenderRole.POSTER,
        kind="test",
        nonce=3,
        to=to,
        calldata=b"\1\2\3",
        value_wei=0,
        gas_limit=60_000,
        fees=Fees(100, 10),
    )


def test_what_is_signed_is_what_was_asked() -> None:
    signer = LocalSigner({SenderRole.POSTER: KEY})
    signed = signer.sign(transaction())
    assert Account.recover_transaction(signed.raw) == signer.address(SenderRole.POSTER)
    fields = Decoded.from_bytes(HexBytes(signed.raw)).as_dict()
    assert fields["nonce"] == 3
    assert fields["chainId"] == 31_337
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"]) == (100, 10)
    assert (bytes(fields["data"]), fields["gas"]) == (b"\1\2\3", 60_000)
    assert bytes(fields["to"]) == bytes.fromhex(TO[2:])


def test_signing_again_gives_the_same_bytes() -> None:
    signer = LocalSigner({SenderRole.POSTER: KEY})
    assert signer.sign(transaction()) == signer.sign(transaction())


def test_a_deployment_has_no_recipient() -> None:
    signed = LocalSigner({SenderRole.POSTER: KEY}).sign(transaction(DEPLOYMENT))
    fields = Decoded.from_bytes(HexBytes(signed.raw)).as_dict()
    assert bytes(fields["to"]) == b""


def test_a_signer_without_the_key_says_so() -> None:
    with pytest.raises(KeyMissing, match="watcher"):
        LocalSigner({SenderRole.POSTER: KEY}).address(SenderRole.WATCHER)


def test_keys_are_kept_encrypted(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert not has_key(folder, SenderRole.POSTER)
    write_key(folder, SenderRole.POSTER, "a password", KEY)
    [file] = folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert bytes(KEY.key).hex() not in file.read_text()
    opened = open_keystore(folder, "a password", (SenderRole.POSTER,))
    assert opened.address(SenderRole.POSTER) == KEY.address
    with pytest.raises(FileExistsError):
        write_key(folder, SenderRole.POSTER, "a password", Account.create())
    with pytest.raises(KeyMissing, match="does not open"):
        open_keystore(folder, "another", (SenderRole.POSTER,))
    with pytest.raises(KeyMissing, match="No key for the watcher"):
        open_keystore(folder, "a password", (SenderRole.WATCHER,))


def test_a_damaged_key_file_is_told(tmp_path: Path) -> None:
    write_key(tmp_path, SenderRole.POSTER, "a password", KEY)
    [file] = tmp_path.iterdir()
    file.write_text(file.read_text()[:-20])
    with pytest.raises(KeyMissing, match="does not open"):
        open_keystore(tmp_path, "a password", (SenderRole.POSTER,))
