"""Faults in polls, and in the program by which strangers recount them."""

from __future__ import annotations

from typing import Final

from fault import Fault

_POLLS: Final = (
    "tests/unit/governance/polls",
    "tests/integration/polls/test_polls.py",
    "tests/integration/polls/test_http.py",
)
_RECOUNT: Final = (
    "tests/unit/governance/polls",
    "tests/integration/polls/test_recount.py",
)
_VOTING: Final = "governance/polls/voting.py"
_MODEL: Final = "governance/polls/model.py"
_PROGRAM: Final = "governance/recount/polls.py"

POLLS: Final[tuple[Fault, ...]] = (
    Fault(
        "we talk over a voter who signed",
        _VOTING,
        "if command.signed is None and any(each.is_signed for each in mine):",
        "if command.signed is None and not mine and command.version > 1:",
        _POLLS,
    ),
    Fault(
        "a ballot is told again",
        _VOTING,
        "    if command.version != expected:",
        "    if command.version > expected:",
        _POLLS,
    ),
    Fault(
        "a ballot is taken after the close",
        _VOTING,
        "    if state is not PollState.OPEN:\n        raise _over(poll)",
        "    if state is PollState.WITHDRAWN:\n        raise _over(poll)",
        _POLLS,
    ),
    Fault(
        "a revoked key signs on",
        _VOTING,
        "if known is None or known.pseudonym != pseudonym or known.revoked_at is not None:",
        "if known is None or known.pseudonym != pseudonym:",
        _POLLS,
    ),
    Fault(
        "any signature of a device does",
        _VOTING,
        "        if not device_keys.is_signed(signed.public_key, message, signed.signature):",
        "        if not signed.signature:",
        _POLLS,
    ),
    Fault(
        "a key need not say that it is the voter's",
        _VOTING,
        "    if not device_keys.is_signed(command.public_key, message, command.proof):",
        "    if not command.proof:",
        _POLLS,
    ),
    Fault(
        "votes cost nothing",
        _VOTING,
        "    check_credits(definition.method, command.choice, voter.weight)\n",
        "",
        _POLLS,
    ),
    Fault(
        "a ballot for nothing is counted for the result",
        "governance/polls/service.py",
        '"signed": [each for each in final if each.is_signed],',
        '"signed": list(final),',
        _POLLS,
    ),
    Fault(
        "the first ballot counts, not the last",
        _MODEL,
        "last = {ballot.pseudonym: ballot for ballot in ballots}",
        "last = {ballot.pseudonym: ballot for ballot in reversed(ballots)}",
        _POLLS,
    ),
    Fault(
        "the register forgets what was before",
        _MODEL,
        'return hashlib.sha256(b"\\x02" + head + commitment).digest()',
        'return hashlib.sha256(b"\\x02" + commitment).digest()',
        _RECOUNT,
    ),
    Fault(
        "choices are shown while they are secret",
        "api/polling.py",
        "    if poll.closing is None:\n        raise PollNotCounted(",
        "    if poll.withdrawn_at is not None:\n        raise PollNotCounted(",
        _RECOUNT,
    ),
    Fault(
        "the recount believes a device's name",
        _PROGRAM,
        'require(signed, f"{name} is not signed by the device key it names")',
        'require(bool(signature), f"{name} is not signed by the device key it names")',
        _RECOUNT,
    ),
    Fault(
        "the recount takes voters who were not announced",
        _PROGRAM,
        'require(same, "the list of voters and weights is not the one that was announced")',
        'require(bool(root), "the list of voters and weights is not the one that was announced")',
        _RECOUNT,
    ),
    Fault(
        "the recount does not look for what was taken out at the end",
        _PROGRAM,
        'whole = size == closing["register_size"]',
        'whole = size <= closing["register_size"]',
        _RECOUNT,
    ),
    Fault(
        "the recount takes a ballot told again",
        _PROGRAM,
        'follows = version == (1 if before is None else before["version"] + 1)',
        "follows = version >= 1",
        _RECOUNT,
    ),
    Fault(
        "the recount does not compare a receipt",
        _PROGRAM,
        'there = kept is not None and kept["commitment"] == mine["commitment"]',
        "there = kept is not None",
        _RECOUNT,
    ),
)
