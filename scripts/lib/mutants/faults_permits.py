"""Faults in permits by signature, and in the number that they share with delegations."""

from __future__ import annotations

from typing import Final

from fault import Fault

_TESTS: Final = "tests/integration/governance/test_permits.py"
_SERVICE: Final = "governance/permits/service.py"

PERMITS: Final[tuple[Fault, ...]] = (
    Fault(
        "any key permits",
        _SERVICE,
        "if typed_data.signer_of(message, command.signature) != command.allowance.owner:",
        "if not typed_data.signer_of(message, command.signature):",
        (f"{_TESTS}::test_what_is_no_permit",),
    ),
    Fault(
        "a permit is taken after its time",
        _SERVICE,
        "    if command.deadline_s <= command.facts.block.timestamp_s:",
        "    if command.deadline_s < 0:",
        (f"{_TESTS}::test_what_is_no_permit",),
    ),
    Fault(
        "a permit is taken while a delegation with its number is on its way",
        "governance/token_numbers.py",
        "    return None if None in keys.values() else keys[verb]",
        "    return keys[verb]",
        (f"{_TESTS}::test_a_number_is_a_permits_or_a_delegations",),
    ),
    Fault(
        "whose call a stranger brought has failed",
        "governance/permits/reading.py",
        "    return is_used_up and now.units[owner, spender] == permit.allowance.units",
        "    return not is_used_up and now.units[owner, spender] == permit.allowance.units",
        (f"{_TESTS}::test_anybody_may_bring_the_call_that_was_shown",),
    ),
    Fault(
        "a permit that ran out is done because another with its number is",
        "governance/permits/reading.py",
        "        and (each.allowance.owner, each.nonce) not in counted\n",
        "",
        (f"{_TESTS}::test_what_a_later_word_undid_was_not_done",),
    ),
    Fault(
        "permits cost the relayer nothing",
        _SERVICE,
        "    relaying.spend(work, command.member_id, PERMIT_GAS)\n",
        "",
        (f"{_TESTS}::test_the_relayer_counts_permits_too",),
    ),
    Fault(
        "a permit keeps whose it was",
        "governance/forgetting_store.py",
        "            owner_address=NOBODY,\n",
        "",
        (f"{_TESTS}::test_who_is_forgotten_leaves_no_permit_here",),
    ),
)
