"""Defences against attacks taken away, of what stands between the service and the contracts."""

from __future__ import annotations

from typing import Final

from fault import Fault

_ORACLE: Final = "tests/integration/oracle"
_VOTES: Final = "tests/integration/governance"
_CHANGE: Final = f"{_VOTES}/test_programme_change.py"
_GUILD: Final = "tests/integration/projects"

ATTACKS: Final[tuple[Fault, ...]] = (
    Fault(
        "a reference is credited as often as somebody burns for it",
        "oracle/bridge/events.py",
        "    if redeeming_store.credited_under(work, reference.reference) is not None:",
        "    if reference.reference == b'':",
        (f"{_ORACLE}/test_bridge.py::test_burns_nobody_can_be_credited_for_are_parked",),
        on_chain=True,
    ),
    Fault(
        "a burn is credited though one before it was never read",
        "oracle/bridge/events.py",
        "    _require_next(work, chain_key, said.sequence)\n",
        "",
        (f"{_ORACLE}/test_bridge.py::test_a_burn_that_was_never_read_stops_the_bridge",),
        on_chain=True,
    ),
    Fault(
        "a fresh chain with the same number is taken for ours",
        "oracle/indexer/service.py",
        "    if known.identity != identity:",
        "    if known.identity.chain_id != identity.chain_id:",
        (f"{_ORACLE}/test_indexer.py",),
    ),
    Fault(
        "another text under a hash that was voted on is put in force",
        "ledger/programme/service.py",
        "    if not is_unaltered(stored):",
        "    if not stored.source_text:",
        (f"{_CHANGE}::test_another_file_under_the_hash_that_was_voted_on_is_not_put_in_force",),
        on_chain=True,
    ),
    Fault(
        "rules are voted on whose effect nobody has seen",
        "api/drafting.py",
        '    if preview["question"]["in_force"] != _in_force(work):',
        '    if "question" not in preview:',
        (f"{_CHANGE}::test_nobody_votes_on_rules_whose_effect_nobody_has_seen",),
        on_chain=True,
    ),
    Fault(
        "anybody's signature is a ballot",
        "governance/proposals/service.py",
        "        good = typed_data.signer_of(message, signature) == signer",
        "        good = bool(typed_data.signer_of(message, signature))",
        (f"{_VOTES}/test_ballots.py::test_a_signature_that_is_not_the_voters",),
        on_chain=True,
    ),
    Fault(
        "one member has the relayer send without end",
        "governance/relaying.py",
        "    if store.actions_of(work, member_id, since) >= MEMBER_ACTIONS_MAX:",
        "    if store.actions_of(work, member_id, since) < 0:",
        (f"{_VOTES}/test_ballots.py::test_the_relayer_carries_so_much_a_day",),
        on_chain=True,
    ),
    Fault(
        "all members together have the relayer spend without end",
        "governance/relaying.py",
        "    if store.relayed_gas(work, since) + gas > GAS_MAX:",
        "    if gas > GAS_MAX:",
        (f"{_VOTES}/test_ballots.py::test_the_relayer_carries_so_much_a_day",),
        on_chain=True,
    ),
    Fault(
        "orders for nothing are kept without end",
        "governance/mandates/service.py",
        "    if not _is_asked_for(work, order):",
        "    if order is None:",
        (f"{_VOTES}/test_mandates.py::test_nobody_fills_the_table_with_orders_for_nothing",),
        on_chain=True,
    ),
    Fault(
        "a record is believed though the chain has committed to others",
        "oracle/bridge/record_verifier.py",
        '    require(bytes(keccak(records)) == hashed, "The hash is not of these records.")\n',
        "",
        (f"{_ORACLE}/test_records.py",),
        on_chain=True,
    ),
    Fault(
        "a statement is believed though the escrow is off",
        "oracle/reconcile/verifier.py",
        "    require(escrow == owed, ",
        "    require(escrow >= 0, ",
        (f"{_ORACLE}/test_reserve.py",),
        on_chain=True,
    ),
    Fault(
        "who ordered goods hands them out to themselves",
        "governance/goods/service.py",
        "    if persons.person_of(work, found.member_id) == persons.person_of(work, command.by):",
        "    if found.member_id == command.order_id:",
        (f"{_GUILD}/test_goods.py",),
    ),
    Fault(
        "more is ordered than there is",
        "governance/goods/service.py",
        "    if command.quantity > good.stock:",
        "    if command.quantity < 0:",
        (f"{_GUILD}/test_goods.py",),
    ),
    Fault(
        "anybody ends a stake",
        "governance/staking/service.py",
        "(work, hold.member_id) != persons.person_of(work, command.member_id):",
        "(work, hold.member_id) == command.stake_id:",
        (f"{_GUILD}/test_staking.py",),
    ),
    Fault(
        "who did the work accepts it",
        "governance/projects/tasks.py",
        "    if persons.person_of(work, by) in persons.persons_of(work, parties).values():",
        "    if not parties:",
        (f"{_GUILD}/test_projects.py",),
    ),
    Fault(
        "who stood for a budget is paid out of it",
        "governance/projects/tasks.py",
        "    if set(persons.persons_of(work, stood).values()) & set(payees):",
        "    if not stood:",
        (f"{_GUILD}/test_projects.py", f"{_GUILD}/test_persons.py"),
    ),
)
