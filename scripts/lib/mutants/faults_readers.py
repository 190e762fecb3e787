"""Defences that readers found missing, taken away again: terms, consents, merges, references."""

from __future__ import annotations

from typing import Final

from fault import Fault

_BRIDGE: Final = "tests/integration/oracle/test_bridge.py"
_RESERVE: Final = "tests/integration/oracle/test_reserve.py"
_SENDER: Final = "tests/integration/oracle/test_sender.py"
_TERMS: Final = "tests/integration/redemption/test_terms.py"
_MINORS: Final = "tests/integration/consents/test_minors.py"
_MERGED: Final = "tests/integration/referral/test_merged.py"
_RECOUNT: Final = "tests/integration/governance/test_recount.py"

READERS: Final[tuple[Fault, ...]] = (
    Fault(
        "a stranger's burn uses a member's reference up",
        "oracle/bridge/events.py",
        "    if not reference.is_of(holder):\n",
        "    if not holder:\n",
        (f"{_BRIDGE}::test_a_reference_serves_whom_it_was_given_to",),
        on_chain=True,
    ),
    Fault(
        "a nonce that a stranger used is given up before that is final",
        "oracle/sender/model.py",
        "return LoseNonce() if observed.nonce_final > intent.nonce else Wait()",
        "return LoseNonce()",
        (f"{_SENDER}::test_a_stranger_that_a_reorg_takes_away_leaves_ours_done_once",),
        on_chain=True,
    ),
    Fault(
        "a statement names the contract that says who may sign it",
        "oracle/reconcile/verifier.py",
        '        ("Anchors", message["anchors"], anchors),\n',
        "",
        (f"{_RESERVE}::test_a_contract_of_the_signers_own_names_nobody_that_counts",),
        on_chain=True,
    ),
    Fault(
        "an export names the Governor that it is counted by",
        "governance/recount/proposals.py",
        "    require(governor is None or stated == governor.lower(), other)\n",
        "",
        (f"{_RECOUNT}::test_a_governor_of_the_keepers_own_is_no_governor_of_yours",),
        on_chain=True,
    ),
    Fault(
        "points are held without the terms",
        "ledger/redemption/checkout.py",
        "        require_terms(work, bought.member_id)\n",
        "",
        (_TERMS,),
    ),
    Fault(
        "a code is issued without the terms",
        "ledger/redemption/codes.py",
        "    require_terms(work, command.member_id)\n",
        "",
        (_TERMS,),
    ),
    Fault(
        "a wallet is linked under age",
        "ledger/wallets/service.py",
        "    require_allowed(work, command.member_id, Purpose.WALLET)\n",
        "",
        (_MINORS,),
    ),
    Fault(
        "who is under age consents alone",
        "ledger/consents/model.py",
        "    return not is_minor or by_admin is True\n",
        "    return not is_minor or by_admin is True or by_member is True\n",
        ("tests/unit/consents",),
    ),
    Fault(
        "a code on a till's list is taken back",
        "ledger/redemption/codes.py",
        "    require_unlisted(work, redemption)\n",
        "",
        ("tests/integration/redemption/test_offline_codes.py",),
    ),
    Fault(
        "a refund is told of nobody who was merged away",
        "ledger/redemption/refund_facts.py",
        "    person = persons.person_of(work, redemption.member_id)\n",
        "    person = redemption.member_id\n",
        ("tests/integration/redemption/test_refund_facts.py",),
    ),
    Fault(
        "identifiers of one half of a person are compared",
        "ledger/referral/service.py",
        "            for member_id in persons.members_of(work, persons.person_of(work, side)):\n",
        "            for member_id in (side,):\n",
        (_MERGED,),
    ),
    Fault(
        "rewards are counted by half a person",
        "ledger/members/persons/store.py",
        "    person = stands_for(member_id)\n",
        "    person = sa.select(sa.literal(member_id, sa.Uuid)).scalar_subquery()\n",
        (_MERGED,),
    ),
)
