"""Faults planted one at a time, and the tests that must notice each: a literal list.

``old`` stands in its file exactly once. Where it does not any more, the fault has to be stated
anew, and the run says so and fails.
"""

from __future__ import annotations

from typing import Final

from fault import Fault
from faults_attacks import ATTACKS
from faults_beside import BESIDE
from faults_bridge import BRIDGE
from faults_giving import GIVING
from faults_keys import KEYS
from faults_memorandum import MEMORANDUM
from faults_permits import PERMITS
from faults_polls import POLLS
from faults_readers import READERS
from faults_reminders import REMINDERS

_SCORING: Final = ("tests/unit/scoring", "tests/property/scoring")
_LOTS: Final = ("tests/unit/lots", "tests/property/ledger")
_LOTS_STORED: Final = ("tests/unit/lots", "tests/integration/lots", "tests/property/ledger")
_REDEMPTION: Final = ("tests/unit/redemption", "tests/property/redemption")
_JOURNAL: Final = ("tests/unit/journal", "tests/unit/verify", "tests/property/ledger")
_JOURNAL_STORED: Final = ("tests/unit/journal", "tests/integration/journal", *_JOURNAL[1:])

FAULTS: Final[tuple[Fault, ...]] = (
    # Scoring.
    Fault(
        "a limit counts one event too many",
        "ledger/scoring/pipeline.py",
        "if position > limit.count:",
        "if position > limit.count + 1:",
        _SCORING,
    ),
    Fault(
        "a repetition does not find the key used up",
        "ledger/scoring/pipeline.py",
        "                if by is not None:\n                    return by",
        "                if by is not None:\n                    return None",
        _SCORING,
    ),
    Fault(
        "one's own act earns",
        "ledger/scoring/pipeline.py",
        "        if is_own:",
        "        if is_own and not fact.subject:",
        _SCORING,
    ),
    Fault(
        "who is not linked earns",
        "ledger/scoring/pipeline.py",
        "if not identity or self._resolve(identity) != self._member:",
        "if not identity:",
        _SCORING,
    ),
    Fault(
        "an event counts though its condition does not hold",
        "ledger/scoring/pipeline.py",
        "if not answers.holds.get(rule.rule_id, True):",
        "if answers.holds.get(rule.rule_id, True) is None:",
        _SCORING,
    ),
    Fault(
        "factors are added instead of multiplied",
        "ledger/scoring/products.py",
        "        exact *= each.factor",
        "        exact += each.factor",
        _SCORING,
    ),
    Fault(
        "what is above a cap is not excess",
        "ledger/scoring/at_once.py",
        "else Points(rounded - points),",
        "else Points(0),",
        _SCORING,
    ),
    Fault(
        "a cap is used up by what was rounded, not by what it left",
        "ledger/scoring/at_once.py",
        "self._caps.use(points, planned.feeds, counted.day)",
        "self._caps.use(rounded, planned.feeds, counted.day)",
        _SCORING,
    ),
    Fault(
        "a streak's last row holds one day only",
        "ledger/scoring/at_once.py",
        "return table[min(length, len(table)) - 1] if length else _ONE",
        "return table[length - 1] if 0 < length <= len(table) else _ONE",
        _SCORING,
    ),
    Fault(
        "a change of an attribute at the very instant of an event comes too late for it",
        "ledger/scoring/attributes.py",
        "place = bisect_right(self._times, time) if self._times else 0",
        "place = bisect_left(self._times, time) if self._times else 0",
        _SCORING,
    ),
    Fault(
        "a change at the very close of a period counts for it",
        "ledger/scoring/attributes.py",
        "place = bisect_left(self._times, close) if self._times else 0",
        "place = bisect_right(self._times, close) if self._times else 0",
        _SCORING,
    ),
    Fault(
        "a missed day does not break a streak",
        "ledger/scoring/streaks.py",
        "            if self._freezes is None:\n                return False",
        "            if self._freezes is None:\n                return True",
        _SCORING,
    ),
    Fault(
        "a day is a streak's that was worked but not opened",
        "ledger/scoring/streaks.py",
        "for place in sorted(open_day.opened & open_day.worked):",
        "for place in sorted(open_day.opened | open_day.worked):",
        _SCORING,
    ),
    Fault(
        "of two facts with one id the last stays",
        "ledger/scoring/history.py",
        "first.setdefault((fact.source, fact.id), fact)",
        "first[(fact.source, fact.id)] = fact",
        _SCORING,
    ),
    Fault(
        "a source retracts another source's facts",
        "ledger/scoring/history.py",
        "if (fact.source, fact.id) not in gone",
        "if fact.id not in {one for _, one in gone}",
        _SCORING,
    ),
    Fault(
        "a period that has not closed is paid",
        "ledger/scoring/periodic.py",
        "if closed_until is None or entitlement.earned_at <= closed_until",
        "if closed_until is None or entitlement.earned_at >= closed_until",
        _SCORING,
    ),
    Fault(
        "a cap's use is forgotten within its span",
        "ledger/scoring/caps.py",
        "used[span] = used.get(span, 0) + amount",
        "used[span] = amount",
        _SCORING,
    ),
    # Lots.
    Fault(
        "a clawback takes other lots before the award's own",
        "ledger/lots/clawing.py",
        "            if lot.cause != command.cause:",
        "            if lot.cause == command.cause:",
        _LOTS_STORED,
    ),
    Fault(
        "a clawback forgets that expired points are gone already",
        "ledger/lots/clawing.py",
        "yield (EXPIRED, *_from(lot, Stage.AVAILABLE)), sheet.expired(lot.lot_id)",
        "yield (EXPIRED, *_from(lot, Stage.AVAILABLE)), ZERO",
        _LOTS_STORED,
    ),
    Fault(
        "new points do not pay what is owed",
        "ledger/lots/clawing.py",
        "if sheet.debt and sheet.new_lots:",
        "if sheet.debt and not sheet.new_lots:",
        _LOTS_STORED,
    ),
    Fault(
        "a hold is captured after its time limit",
        "ledger/lots/holding.py",
        "if command.at >= hold.expires_at:",
        "if command.at > hold.expires_at:",
        _LOTS_STORED,
    ),
    Fault(
        "more is captured than is held",
        "ledger/lots/holding.py",
        "if command.amount > hold.amount:",
        "if command.amount < hold.amount and command.amount > hold.amount:",
        _LOTS_STORED,
    ),
    Fault(
        "a hold resolves twice",
        "ledger/lots/holding.py",
        "    if hold.state is not HoldState.HELD:\n        raise HoldAlreadyResolved(",
        "    if hold.state is HoldState.EXPIRED:\n        raise HoldAlreadyResolved(",
        _LOTS_STORED,
    ),
    Fault(
        "what comes back to an expired lot stays available",
        "ledger/lots/holding.py",
        "            if lot.expired(at):",
        "            if lot.expired(at) and not rest:",
        _LOTS_STORED,
    ),
    Fault(
        "a refund begins with what was taken first",
        "ledger/lots/returning.py",
        "for part, amount in _shares(hold.parts[::-1], command.amount):",
        "for part, amount in _shares(hold.parts, command.amount):",
        _LOTS_STORED,
    ),
    Fault(
        "a refund with exactly the grace left goes to a new lot",
        "ledger/lots/returning.py",
        "lot.expires_at - command.at >= command.grace:",
        "lot.expires_at - command.at > command.grace:",
        _LOTS_STORED,
    ),
    Fault(
        "more comes back than was captured",
        "ledger/lots/returning.py",
        "left = sum_points(part.captured - part.returned for part in hold.parts)",
        "left = sum_points(part.captured for part in hold.parts)",
        _LOTS_STORED,
    ),
    Fault(
        "who owes points carries points away",
        "ledger/lots/returning.py",
        "    if sheet.debt:\n        raise DebtOpen(",
        "    if sheet.debt < ZERO:\n        raise DebtOpen(",
        _LOTS_STORED,
    ),
    Fault(
        "bridged points age",
        "ledger/lots/returning.py",
        "at + (lot.expires_at - claim.placed_at)",
        "lot.expires_at",
        _LOTS_STORED,
    ),
    Fault(
        "a lot expires before it is due",
        "ledger/lots/due.py",
        "if pending and lot.activates_at <= at:",
        "if pending and lot.activates_at < at:",
        _LOTS_STORED,
    ),
    Fault(
        "a month is clamped to the day before its last",
        "ledger/lots/validity.py",
        "day = min(local.day, calendar.monthrange(year, month + 1)[1])",
        "day = min(local.day, calendar.monthrange(year, month + 1)[1] - 1)",
        _LOTS,
    ),
    # Redemption.
    Fault(
        "points buy a minor unit more than they are worth",
        "ledger/redemption/pricing.py",
        "return max(points.amount, 0) * rate.numerator // rate.denominator",
        "return -(-max(points.amount, 0) * rate.numerator // rate.denominator)",
        _REDEMPTION,
    ),
    Fault(
        "a discount costs a point less than it is worth",
        "ledger/redemption/pricing.py",
        "return Points(-(-discount_minor * rate.denominator // rate.numerator))",
        "return Points(discount_minor * rate.denominator // rate.numerator)",
        _REDEMPTION,
    ),
    Fault(
        "of equal remainders the greater key gets the unit",
        "ledger/redemption/pricing.py",
        "key=lambda key: (-(amount * weights[key] % total), key))",
        "key=lambda key: (-(amount * weights[key] % total), key), reverse=False)[::-1]",
        _REDEMPTION,
    ),
    Fault(
        "the cash floor is not kept",
        "ledger/redemption/pricing.py",
        "order.net_minor - terms.min_cash.get(order.currency, 0)",
        "order.net_minor",
        _REDEMPTION,
    ),
    Fault(
        "the kindest of several codes bounds the share",
        "ledger/redemption/pricing.py",
        "_part_down(eligible, min(shares))",
        "_part_down(eligible, max(shares))",
        _REDEMPTION,
    ),
    Fault(
        "points combine with a code that refuses them",
        "ledger/redemption/pricing.py",
        'bounds["refused_with"] = 0',
        'bounds["refused_with"] = eligible',
        _REDEMPTION,
    ),
    Fault(
        "an inclusion outranks an exclusion",
        "ledger/redemption/terms.py",
        "if any(matches(product, each) for each in self.excluded_products):",
        "if all(matches(product, each) for each in (*self.excluded_products, '')):",
        _REDEMPTION,
    ),
    Fault(
        "a share may be above the whole",
        "ledger/redemption/reading.py",
        "if per_cent > 100:",
        "if per_cent > 1000:",
        _REDEMPTION,
    ),
    # Journal.
    Fault(
        "an account may be one point below its floor",
        "ledger/journal/post.py",
        "return least <= account.balance <= greatest",
        "return least - 1 <= account.balance <= greatest",
        _JOURNAL_STORED,
    ),
    Fault(
        "a refused entry leaves its rows",
        "ledger/journal/post.py",
        "    del batch.unsealed[undo.row_count :]",
        "    del batch.unsealed[undo.row_count + 1 :]",
        _JOURNAL_STORED,
    ),
    Fault(
        "a refused entry leaves its balances",
        "ledger/journal/post.py",
        "        account.balance, account.last_sequence = balance, last_sequence",
        "        account.last_sequence = last_sequence",
        _JOURNAL_STORED,
    ),
    Fault(
        "the same id with other content counts as posted already",
        "ledger/journal/post.py",
        "        if existing == draft:",
        "        if existing.entry_id == draft.entry_id:",
        _JOURNAL_STORED,
    ),
    Fault(
        "the credit side's pointer is the debit side's",
        "ledger/journal/post.py",
        "            credit.last_sequence,\n            draft.effective_at,",
        "            debit.last_sequence,\n            draft.effective_at,",
        _JOURNAL_STORED,
    ),
    Fault(
        "a row's hash leaves out the one before",
        "ledger/journal/chain.py",
        "        ROW_TAG,\n        previous,",
        "        ROW_TAG,\n        GENESIS,",
        _JOURNAL,
    ),
    Fault(
        "what cites nothing hashes as what cites zero",
        "ledger/journal/chain.py",
        "        cites is not None,\n",
        "        True,\n",
        _JOURNAL,
    ),
    Fault(
        "a broken hash is not noticed",
        "ledger/verify/chain.py",
        "if problem is None and row.hash != _hash(known, row, previous):",
        "if problem is None and row.hash == _hash(known, row, previous) and False:",
        _JOURNAL,
    ),
    Fault(
        "rows may be missing",
        "ledger/verify/chain.py",
        "        if row.sequence != sequence:",
        "        if row.sequence < sequence:",
        _JOURNAL,
    ),
    Fault(
        "packed rows say when they were recorded, not when they take effect",
        "ledger/journal/packing.py",
        "    columns = zip(*rows, strict=True)",
        "    columns = zip(*[row._replace(effective_at=row.recorded_at) for row in rows])",
        _JOURNAL_STORED,
    ),
    *ATTACKS,
    *READERS,
    *BESIDE,
    *BRIDGE,
    *KEYS,
    *POLLS,
    *MEMORANDUM,
    *GIVING,
    *PERMITS,
    *REMINDERS,
)
