"""Faults in what keeps keys right: a signer that lies, a replaced key, what is shown and signed."""

from __future__ import annotations

from typing import Final

from fault import Fault

_MODEL: Final = ("tests/unit/oracle_sender/test_model.py",)
_HELD: Final = "test_what_a_contract_gives_to_another_key_waits_and_says_why_once"
_SENDER: Final = (f"tests/integration/oracle/test_sender.py::{_HELD}",)
_REMOTE: Final = ("tests/integration/chain/test_remote_signer.py",)
_SHOWN: Final = ("tests/integration/chain/test_addresses_in_errors.py",)
_REASONS: Final = ("tests/unit/log/test_reasons.py",)
_SIGNER: Final = ("tests/unit/oracle_chain/test_signer.py",)

KEYS: Final[tuple[Fault, ...]] = (
    Fault(
        "the new key signs at a nonce of the old one's",
        "oracle/sender/model.py",
        "        if observed.key is not KeyStanding.OURS:\n            return LoseNonce()\n",
        "",
        _MODEL,
    ),
    Fault(
        "what a powerless key has signed is waited for for ever",
        "oracle/sender/model.py",
        "    if observed.key is KeyStanding.POWERLESS:\n        return LoseNonce()\n",
        "",
        _MODEL,
    ),
    Fault(
        "another key makes a transaction dearer that is not its own",
        "oracle/sender/model.py",
        "if not can_sign or not first_in_line or",
        "if not first_in_line or",
        _MODEL,
    ),
    Fault(
        "what a key without the role would send is tried and fails",
        "oracle/sender/service.py",
        "    if ours == present:\n        return False\n",
        "    if ours:\n        return False\n",
        _SENDER,
    ),
    Fault(
        "a remote signer may sign for another chain",
        "oracle/chain/remote_signer.py",
        '    "chainId",\n',
        "",
        _REMOTE,
    ),
    Fault(
        "a remote signer may call somebody else",
        "oracle/chain/remote_signer.py",
        '    "to",\n    "accessList",\n',
        '    "accessList",\n',
        _REMOTE,
    ),
    Fault(
        "the address of a node is in a job's traceback",
        "oracle/chain/web3_adapter.py",
        "raise _unanswered(method, failed) from None",
        "raise _unanswered(method, failed) from failed",
        _SHOWN,
    ),
    Fault(
        "the address of a signer is in the log",
        "api/cli/logs.py",
        "setLevel(logging.WARNING)",
        "setLevel(logging.INFO)",
        _SHOWN,
    ),
    Fault(
        "anybody on the machine may read a key file",
        "oracle/chain/signer.py",
        "os.O_TRUNC, 0o600)",
        "os.O_TRUNC, 0o644)",
        _SIGNER,
    ),
    Fault(
        "a node's refusal tells by which secret it was asked",
        "oracle/chain/web3_adapter.py",
        "words = hide(_printable(told), secrets)",
        "words = _printable(told)",
        _SHOWN,
    ),
    Fault(
        "a signer's refusal tells by which secret it was asked",
        "oracle/chain/remote_signer.py",
        "{hide(str(words), self._secrets)}",
        "{words}",
        _SHOWN,
    ),
    Fault(
        "anybody's words pass for a guardian's in an export",
        "ledger/log/verifier.py",
        "require(signer is not None and signer == act[",
        "require(signer is not None or signer == act[",
        _REASONS,
    ),
    Fault(
        "whoever did nothing explains in an export what another did",
        "ledger/log/verifier.py",
        "require(None in by or signer in by,",
        "require(by != signer,",
        _REASONS,
    ),
)
