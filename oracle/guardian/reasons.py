"""Why something was stopped, told to members by whoever did it.

The contracts take no words. So whoever acted signs them with the same key, about its own
transaction; anybody may bring them here, and the signature is all that is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from oracle.bridge.service import require_chain
from oracle.chain import typed_data
from oracle.contracts.abi import Address
from oracle.guardian import record, store
from oracle.guardian.record import Deed, DeedKind

REASON_LENGTH_MAX: Final = 500
HASH_BYTES: Final = 32
_EXPLAINED: Final = (DeedKind.PAUSED, DeedKind.VETOED, DeedKind.CANCELLED)


class UnknownAct(VkladError):
    """Nothing was stopped in this transaction, or it was not read yet."""

    code = "unknown_act"
    kind = ErrorKind.NOT_FOUND


class ReasonOfAnother(VkladError):
    """The reason is signed by somebody else than who acted."""

    code = "reason_of_another"
    kind = ErrorKind.FORBIDDEN


class ReasonRefused(VkladError):
    """Words that cannot be shown to members."""

    code = "reason_refused"
    kind = ErrorKind.INVALID


class ReasonGiven(VkladError):
    """Another reason stands; what was said is not changed."""

    code = "reason_given"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class GiveReason:
    """Words about one transaction, signed."""

    transaction_hash: bytes
    reason: str
    signature: bytes


def check_words(reason: str) -> None:
    """Refuse what cannot be shown.

    Raises:
        ReasonRefused: empty, too long, or with characters that cannot be seen.
    """
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX or not reason.isprintable():
        raise ReasonRefused(
            f"A reason is 1 to {REASON_LENGTH_MAX} visible characters; members see it.",
            field="reason",
        )


def give_reason(work: Work, command: GiveReason) -> list[Deed]:
    """Keep a reason, and answer with the deeds it explains; again changes nothing.

    Raises:
        ReasonRefused: see :func:`check_words`.
        UnknownAct: nothing was stopped in that transaction as far as it was read.
        ReasonOfAnother: signed by another account than the one that acted.
        ReasonGiven: another reason stands.
        MalformedSignature: no signature at all.
    """
    check_words(command.reason)
    known = require_chain(work)
    explained = [
        deed for deed in record.deeds_in(work, command.transaction_hash) if deed.kind in _EXPLAINED
    ]
    if not explained:
        raise UnknownAct(
            "Nothing that we have read was stopped in this transaction. Right after it, wait a "
            "moment and try again.",
            transaction=f"0x{command.transaction_hash.hex()}",
        )
    message = typed_data.stop_reason(
        known.identity.chain_id,
        Address(known.identity.bridge_address),
        command.transaction_hash,
        command.reason,
    )
    signer = typed_data.signer_of(message, command.signature)
    if signer not in {deed.account for deed in explained}:
        raise ReasonOfAnother(
            f"{signer} has signed this reason, and did not act in that transaction.",
            account=signer,
        )
    given = store.GivenReason(
        known.chain_key,
        command.transaction_hash,
        signer,
        command.reason,
        command.signature,
        work.now,
    )
    if not store.insert_reason(work, given):
        _require_same(work, given)
    return [
        deed for deed in record.deeds_in(work, command.transaction_hash) if deed.kind in _EXPLAINED
    ]


def _require_same(work: Work, given: store.GivenReason) -> None:
    standing = store.reasons(work, given.chain_key, [given.transaction_hash])
    if standing[given.transaction_hash].reason != given.reason:
        raise ReasonGiven("A reason was given for this transaction already, and it stands.")
