"""Mutants that no test can or need tell from the original, and why: a literal list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Explained:
    """A survivor by its function, its line before and after, and the reason that it may survive."""

    file: str
    within: str
    before: str
    after: str
    why: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """As a mutant's. With the line changed there is none of this key, and the run says so."""
        return self.file, self.within, self.before, self.after


_NUMBERED: Final = "no two steps of an object have one number: its source counts all of them"

EXPLAINED: Final[tuple[Explained, ...]] = (
    Explained(
        "ledger/events/admission.py",
        "_refuse_time",
        "if occurred > latest:",
        "if occurred >= latest:",
        "what is at the latest moment itself is admitted and does not come here",
    ),
    Explained(
        "ledger/events/objects.py",
        "is_repeated",
        "before = [step for step in history.stated.values() if step < number]",
        "before = [step for step in history.stated.values() if step <= number]",
        _NUMBERED,
    ),
    Explained(
        "ledger/events/objects.py",
        "is_repeated",
        "max(before) < step < number for step in history.removed.values()",
        "max(before) <= step < number for step in history.removed.values()",
        _NUMBERED,
    ),
    Explained(
        "ledger/events/objects.py",
        "is_repeated",
        "max(before) < step < number for step in history.removed.values()",
        "max(before) < step <= number for step in history.removed.values()",
        _NUMBERED,
    ),
    Explained(
        "ledger/events/objects.py",
        "taken_back",
        "earlier = [one for one, step in history.stated.items() if step < number]",
        "earlier = [one for one, step in history.stated.items() if step <= number]",
        _NUMBERED,
    ),
    Explained(
        "ledger/events/objects.py",
        "taken_back",
        "later = [one for one, step in sorted(history.removed.items()) if step > number]",
        "later = [one for one, step in sorted(history.removed.items()) if step >= number]",
        _NUMBERED,
    ),
    Explained(
        "ledger/grants/imports/rows.py",
        "parse_file",
        "if len(faults) >= FAULTS_MAX or len(lines) > LINES_MAX:",
        "if len(faults) > FAULTS_MAX or len(lines) > LINES_MAX:",
        "it reads one faulty line more, and of the faults no more are told",
    ),
    Explained(
        "ledger/grants/imports/rows.py",
        "_cells_of",
        'return [Fault(number, "columns", "more" if len(row) > len(names) else "fewer")]',
        'return [Fault(number, "columns", "more" if len(row) >= len(names) else "fewer")]',
        "there are not as many: that was asked right before",
    ),
    Explained(
        "ledger/grants/imports/rows.py",
        "_cells_of",
        "cells = dict(zip(names, (cell.strip() for cell in row), strict=True))",
        "cells = dict(zip(names, (cell.strip() for cell in row), strict=False))",
        "there are as many cells as names: others were refused right before",
    ),
    Explained(
        "ledger/grants/imports/rows.py",
        "_read_line",
        "if faults or who is None or points is None:",
        "if faults or who is None and points is None:",
        "whatever is None was complained of, so there are faults; the rest is for the type checker",
    ),
    Explained(
        "ledger/inactivity/model.py",
        "next_check",
        "return date(last.year + month // (_DECEMBER + 1), (month - 1) % _DECEMBER + 1, 1)",
        "return date(last.year + month // (_DECEMBER - 1), (month - 1) % _DECEMBER + 1, 1)",
        "the month is 4, 7, 10 or 13 here, and of these 13 alone is not below 11 either",
    ),
    Explained(
        "ledger/journal/model.py",
        "AccountKey.__hash__",
        "return hash(self.kind.value) if owner is None else owner.int & _HASHED",
        "return hash(self.kind.value) if owner is None else owner.int | _HASHED",
        "equal keys still have equal hashes, and that is all a hash promises",
    ),
    Explained(
        "ledger/journal/packing.py",
        "transfer_columns",
        "columns = zip(*rows, strict=True)",
        "columns = zip(*rows, strict=False)",
        "every row is a TransferRow, and so of as many columns as any",
    ),
    Explained(
        "ledger/journal/packing.py",
        "transfer_columns",
        "return tuple(pack(column) for pack, column in zip(_TRANSFER, columns, strict=True))",
        "return tuple(pack(column) for pack, column in zip(_TRANSFER, columns, strict=False))",
        "each column of a TransferRow has its packer; a test packs one of all of them",
    ),
    Explained(
        "ledger/kernel/ids.py",
        "RandomIds.__init__",
        "self._last = 0",
        "self._last = 1",
        "version and variant alone make any id far greater than either",
    ),
    Explained(
        "ledger/log/model.py",
        "cover",
        "level = min(level, (start & -start).bit_length() - 1)",
        "level = min(level, (start | -start).bit_length() - 1)",
        "the one is the lowest bit that is set, the other minus it, and both are as long",
    ),
    Explained(
        "ledger/lots/clawing.py",
        "settle_all",
        "if command.difference > ZERO:",
        "if command.difference >= ZERO:",
        "a difference of zero is refused by the assertion on the line before",
    ),
    Explained(
        "ledger/lots/clawing.py",
        "settlement_kind",
        "first = command.revision == 1 and command.difference > ZERO",
        "first = command.revision == 1 and command.difference >= ZERO",
        "nothing is settled whose difference is zero: settle_all asserts it",
    ),
    Explained(
        "ledger/lots/model.py",
        "Reach",
        "DEBT = 4",
        "DEBT = 5",
        (
            "reaches are compared with each other and named by their names; the last stays the "
            "greatest"
        ),
    ),
    Explained(
        "ledger/lots/validity.py",
        "expires_at",
        "moved = local.replace(year=year, month=month + 1, day=day, fold=0)",
        "moved = local.replace(year=year, month=month + 1, day=day, fold=1)",
        "the days added on the next line make it the first of a repeated wall time again",
    ),
    Explained(
        "ledger/members/model.py",
        "check_key",
        "for part, text in zip(limits, key, strict=True):",
        "for part, text in zip(limits, key, strict=False):",
        "a key has three parts by its type, and so have the limits",
    ),
    Explained(
        "ledger/merges/moving.py",
        "handed_over",
        "for start in range(0, max(len(live), 1), LOTS_PER_ENTRY_MAX)",
        "for start in range(0, max(len(live), 2), LOTS_PER_ENTRY_MAX)",
        "an entry takes far more than two lots, so without any there is one page either way",
    ),
    Explained(
        "ledger/preview/model.py",
        "document",
        "if line.held is not None and line.held_after is not None",
        "if line.held is not None or line.held_after is not None",
        "held_after is None where held is, and only there; both are asked for the type checker",
    ),
    Explained(
        "ledger/preview/model.py",
        "document",
        "one, other = (rates_of(*each) for each in zip(versions, question.rates_at, strict=True))",
        "one, other = (rates_of(*each) for each in zip(versions, question.rates_at, strict=False))",
        "two versions and two moments, both by their types",
    ),
    Explained(
        "ledger/preview/project.py",
        "_line",
        "gained=sum(each for each in changes if each > 0),",
        "gained=sum(each for each in changes if each >= 0),",
        "of whole numbers it lets in a zero besides, which adds nothing",
    ),
    Explained(
        "ledger/preview/project.py",
        "_line",
        "lost=-sum(each for each in changes if each < 0),",
        "lost=-sum(each for each in changes if each <= 0),",
        "of whole numbers it lets in a zero besides, which adds nothing",
    ),
    Explained(
        "ledger/preview/project.py",
        "_line",
        "lost=-sum(each for each in changes if each < 0),",
        "lost=-sum(each for each in changes if each < 1),",
        "of whole numbers it lets in a zero besides, which adds nothing",
    ),
    Explained(
        "ledger/programme/calendar.py",
        "Calendar.start_of_day",
        "low, high = (day - 2) * DAY_S, (day + 2) * DAY_S",
        "low, high = (day - 3) * DAY_S, (day + 2) * DAY_S",
        "the search only begins wider: the one place that it looks for is within two days",
    ),
    Explained(
        "ledger/programme/calendar.py",
        "Calendar.start_of_day",
        "low, high = (day - 2) * DAY_S, (day + 2) * DAY_S",
        "low, high = (day - 2) * DAY_S, (day + 3) * DAY_S",
        "the search only begins wider: the one place that it looks for is within two days",
    ),
    Explained(
        "ledger/programme/calendar.py",
        "Calendar._offset",
        "first, last = self._look_up(utc_day * DAY_S), self._look_up((utc_day + 1) * DAY_S - 1)",
        "first, last = self._look_up(utc_day * DAY_S), self._look_up((utc_day + 1) * DAY_S + 1)",
        "a clock that turns at the day's end is then looked up each time: slower, and the same",
    ),
    Explained(
        "ledger/programme/calendar.py",
        "Calendar._offset",
        "first, last = self._look_up(utc_day * DAY_S), self._look_up((utc_day + 1) * DAY_S - 1)",
        "first, last = self._look_up(utc_day * DAY_S), self._look_up((utc_day + 2) * DAY_S - 1)",
        "no clock of tzdata turns and back within three days, so equal ends mean no turn between",
    ),
    Explained(
        "ledger/programme/calendar.py",
        "Calendar._offset",
        "first, last = self._look_up(utc_day * DAY_S), self._look_up((utc_day + 1) * DAY_S - 1)",
        "first, last = self._look_up(utc_day * DAY_S), self._look_up((utc_day + 1) * DAY_S - 2)",
        "no clock of tzdata turns at the last second of a day of UTC",
    ),
    Explained(
        "ledger/programme/calendar.py",
        "week_from_text",
        "monday = date.fromisocalendar(int(year), int(number), 1)",
        "monday = date.fromisocalendar(int(year), int(number), 2)",
        "a Tuesday is of the week of its Monday",
    ),
    Explained(
        "ledger/programme/numbers.py",
        "exact_text",
        "twos = (denominator & -denominator).bit_length() - 1",
        "twos = (denominator | -denominator).bit_length() - 1",
        "the one is the lowest bit that is set, the other minus it, and both are as long",
    ),
    Explained(
        "ledger/purchases/lives.py",
        "spread",
        "open_amounts = [each - part for each, part in zip(open_amounts, parts, strict=True)]",
        "open_amounts = [each - part for each, part in zip(open_amounts, parts, strict=False)]",
        "the parts were made of these amounts, one of each",
    ),
    Explained(
        "ledger/quarantine/detect.py",
        "reciprocity",
        "if one > other or min(len(events), len(back)) < max(1, terms.reciprocity_least):",
        "if one >= other or min(len(events), len(back)) < max(1, terms.reciprocity_least):",
        "nobody stands beside themselves: _between leaves such facts out",
    ),
    Explained(
        "ledger/redemption/code_text.py",
        "digest_of_code",
        "if len(plain) != _LENGTH or not set(plain) <= set(_ALPHABET):",
        "if len(plain) != _LENGTH or not set(plain) < set(_ALPHABET):",
        "sixteen letters are never all thirty-two of the alphabet",
    ),
    Explained(
        "ledger/referral/model.py",
        "shares",
        "if stated.total.amount <= most:",
        "if stated.total.amount < most:",
        "to share exactly what is stated in its own proportion gives each what is stated",
    ),
    Explained(
        "ledger/scoring/at_once.py",
        "AtOnce.finish",
        "self._work_out(max(each.day for each in self._waiting) + 1)",
        "self._work_out(max(each.day for each in self._waiting) + 2)",
        "the day after the last is enough to work out everything; another day holds nothing",
    ),
    Explained(
        "ledger/scoring/checkpoints/model.py",
        "place_to_mark",
        "last = max((n for n, fact in enumerate(history) if fact.type in refunds), default=-1)",
        "last = max((n for n, fact in enumerate(history) if fact.type in refunds), default=-2)",
        "without a refund the place after the last is 0 or -1, and the place is not below either",
    ),
    Explained(
        "ledger/scoring/eras.py",
        "Era.close_of",
        "return close if self.end is None or close <= self.end else self.end",
        "return close if self.end is None or close < self.end else self.end",
        "where both are the same moment, either is the close",
    ),
    Explained(
        "ledger/scoring/eras.py",
        "last_close",
        "if era.start > now and era.index:",
        "if era.start >= now and era.index:",
        "an era that begins now has closed nothing: the one before is asked in either case",
    ),
    Explained(
        "ledger/scoring/explain.py",
        "_points",
        "return -1 if outcome.entitlement is None else outcome.entitlement.points.amount",
        "return -2 if outcome.entitlement is None else outcome.entitlement.points.amount",
        "it is compared with itself and with points, which are never negative",
    ),
    Explained(
        "ledger/settlement/allot.py",
        "allot",
        "_pay(change, funds) if change.difference > 0 else _take_back(change, funds)",
        "_pay(change, funds) if change.difference >= 0 else _take_back(change, funds)",
        "a change by nothing moves nothing and charges nothing either way",
    ),
    Explained(
        "ledger/scoring/lines.py",
        "_is_too_deep",
        'if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:',
        'if raw.count(b"{") + raw.count(b"[") < DEPTH_MAX:',
        "just so many brackets are at most so deep, which is what counting them says too",
    ),
    Explained(
        "ledger/scoring/periodic.py",
        "Periodic.pass_to",
        "if self._open and min(self._open) < period:",
        "if self._open and min(self._open) <= period:",
        "where none is over, working out finds nothing, and what is forgotten is of days before",
    ),
    Explained(
        "ledger/scoring/periodic.py",
        "Periodic.finish",
        "last = max(self._open) + 1",
        "last = max(self._open) + 2",
        "the period after the last is enough to work out everything; another holds nothing",
    ),
    Explained(
        "ledger/scoring/pipeline.py",
        "answer",
        "size = 0",
        "size = 1",
        "it is set with the event, before the first condition is asked",
    ),
    Explained(
        "ledger/scoring/plan.py",
        "Plan.era_at",
        "if len(self.eras) > 1:",
        "if len(self.eras) >= 1:",
        "of one era the loop finds that one or falls through to it",
    ),
    Explained(
        "ledger/scoring/time_invested.py",
        "TimeBook._forget_before",
        "if self.covered and min(self.covered) < minute:",
        "if self.covered and min(self.covered) <= minute:",
        "where the first is the minute itself, none is before it and nothing is forgotten",
    ),
    Explained(
        "ledger/verify/awards.py",
        "_entry_problem",
        "return _cause_problem(row, orjson.loads(row.cause), up=difference > 0)",
        "return _cause_problem(row, orjson.loads(row.cause), up=difference >= 0)",
        "that the difference is nothing was answered before",
    ),
    Explained(
        "ledger/verify/grants.py",
        "_payment_problem",
        "for number, (entry_id, line) in enumerate(zip(ids, grant.lines, strict=True), start=1):",
        "for number, (entry_id, line) in enumerate(zip(ids, grant.lines, strict=False), start=1):",
        "payment_ids gives one id for each line, or none, which returns before",
    ),
)
