"""Faults in what guest passes may give, and in what an import or a purchase gives back."""

from __future__ import annotations

from typing import Final

from fault import Fault

_MARGIN: Final = ("tests/integration/referral/test_margin.py",)
_REFERRALS: Final = ("tests/integration/referral/test_referrals.py",)
_DECAY: Final = ("tests/integration/inactivity/test_inactivity.py",)
_DECAYED: Final = ("tests/integration/purchases/test_decayed.py",)
_AT_RANDOM: Final = ("tests/integration/grants/test_taken_back_at_random.py",)
_TAKEN_TWICE: Final = ("tests/integration/verify/test_taken_twice.py",)
_PURCHASES: Final = ("tests/integration/purchases/test_purchases.py",)

GIVING: Final[tuple[Fault, ...]] = (
    Fault(
        "a guest pass is bounded by the rate of the payment's day alone",
        "ledger/referral/terms.py",
        "best = {code: max(value, later.get(code, value)) for",
        "best = {code: value for",
        _MARGIN,
    ),
    Fault(
        "what is decided after a guest's reward bounds it",
        "ledger/referral/service.py",
        "        if activation.effective_at <= at and activation.recorded_at <= at:",
        "        if activation.effective_at <= at:",
        _MARGIN,
    ),
    Fault(
        "nobody looks whether a guest's reward is above the margin",
        "ledger/referral/verify.py",
        "        if left > most:",
        "        if left > reward.points:",
        _MARGIN,
    ),
    Fault(
        "a payment counts from the day of another one that a pass qualified by",
        "ledger/referral/advancing.py",
        "    return judged is None or judged.event_id != first.event_id",
        "    return judged is None",
        _REFERRALS,
    ),
    Fault(
        "a pass of a shorter window forgets the networks of all",
        "ledger/referral/service.py",
        "        seen = store.seen_from(work, network, since)\n",
        "        store.forget_networks(work, since)\n"
        "        seen = store.seen_from(work, network, since)\n",
        _REFERRALS,
    ),
    Fault(
        "one who was two guests is thanked for twice with one payment",
        "ledger/referral/advancing.py",
        "    if store.was_guest_before(work, referral, stand[guest]):",
        "    if False:",
        ("tests/integration/referral/test_merged.py",),
    ),
    Fault(
        "nobody looks whether two passes were rewarded for one payment",
        "ledger/referral/verify.py",
        "        if first != own:",
        "        if False:",
        _MARGIN,
    ),
    Fault(
        "an import takes back what had decayed",
        "ledger/grants/imports/paying.py",
        "                    gone=gone[line],\n",
        "",
        _DECAY,
    ),
    Fault(
        "what comes back of a purchase lives for thirty days",
        "ledger/purchases/returning.py",
        "            grace=_grace(work, purchase),\n",
        "",
        _PURCHASES,
    ),
    Fault(
        "a purchase takes back what had decayed",
        "ledger/purchases/returning.py",
        "            gone=sum_points(decayed.values()),\n",
        "",
        _DECAYED,
    ),
    Fault(
        "what decayed into the rewards is minted for the buyer",
        "ledger/purchases/returning.py",
        "    return decayed.get(REWARDS.kind, _NONE)",
        "    return _NONE",
        _DECAYED,
    ),
    Fault(
        "what is gone of one person's lines is counted for each name",
        "ledger/grants/gone_store.py",
        "        later[person] = beyond + points",
        "        later[member_id] = beyond + points",
        _AT_RANDOM,
    ),
    Fault(
        "no check sees that what had decayed was taken back",
        "ledger/verify/taken_twice_store.py",
        "WHERE taken.points + gone.points > gave.points",
        "WHERE taken.points > gave.points",
        _TAKEN_TWICE,
    ),
)
