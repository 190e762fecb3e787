"""Faults in permits by signature, and in the number that they share with delegations."""

from __future__ import annotations

from typing import Final

from fault import Fault

_TESTS: Final = ("tests/integration/governance/test_permits_kept.py",)
_SERVICE: Final = "governance/permits/service.py"

PERMITS: Final[tuple[Fault, ...]] = (
    Fault(
        "any key permits",
        _SERVICE,
        "if typed_data.signer_of(message, command.signature) != command.allowance.owner:",
        "if not typed_data.signer_of(message, command.signature):",
        _TESTS,
    ),
    Fault(
        "a permit is taken after its time",
        _SERVICE,
        "    if command.deadline_s <= command.facts.block.timestamp_s:",
        "    if command.deadline_s < 0:",
        _TESTS,
    ),
    Fault(
        "a permit is taken while a delegation with its number is on its way",
        "governance/token_numbers.py",
        "    return None if None in keys.values() else keys[verb]",
        "    return keys[verb]",
        _TESTS,
    ),
    Fault(
        "whose call a stranger brought has failed",
        "governance/permits/reading.py",
        "    return is_used_up and now.units[owner, spender] == permit.allowance.units",
        "    return not is_used_up and now.units[owner, spender] == permit.allowance.units",
        _TESTS,
    ),
    Fault(
        "a permit that ran out is done because another with its number is",
        "governance/permits/reading.py",
        "        and (each.allowance.owner, each.nonce) not in counted\n",
        "",
        _TESTS,
    ),
    Fault(
        "an order that failed keeps its number for ever",
        "governance/token_numbers.py",
        "        if outcome.state is not IntentState.FAILED:\n",
        "        if outcome:\n",
        _TESTS,
    ),
    Fault(
        "permits cost the relayer nothing",
        _SERVICE,
        "    relaying.spend(work, command.member_id, PERMIT_GAS)\n",
        "",
        _TESTS,
    ),
    Fault(
        "a permit keeps whose it was",
        "governance/forgetting_store.py",
        "            owner_address=NOBODY,\n",
        "",
        _TESTS,
    ),
)
