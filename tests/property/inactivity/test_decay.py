"""Decay against a judge that counts days one by one and takes coins one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.inactivity.model import days_away, decays, moment_of
from ledger.journal.model import AccountKey, AccountKind, EntryKind
from ledger.kernel.units import Points
from ledger.lots.decaying import decay, decayable
from ledger.lots.due import apply_due
from ledger.lots.model import Cause, GrantLot, Position
from ledger.lots.sheet import grant, open_sheet
from ledger.programme.model_life import Inactivity, InactivityStep

CHECK = date(2026, 4, 1)
AT = moment_of(CHECK)
DAY = timedelta(days=1)
ANNA = UUID(int=7)
RULES = Inactivity(
    tuple(InactivityStep(n, Fraction(s)) for n, s in ((90, 5), (180, 10), (366, 15))), True, 14
)
lot = st.tuples(
    st.integers(1, 60),  # points
    st.integers(-20, 5),  # activated, days from the check
    st.one_of(st.none(), st.integers(-3, 40)),  # dies, days from the check
)


def judged_share(last_act: datetime) -> int:
    days = 0
    while last_act + (days + 1) * DAY <= AT:
        days += 1
    if days > 365:
        return 15
    if days >= 180:
        return 10
    return 5 if days >= 90 else 0


@settings(max_examples=300, deadline=None)
@given(
    st.lists(lot, max_size=6),
    st.integers(0, 50),
    st.integers(-2, 500),
    st.integers(0, 86_399),
    st.integers(0, 5),
)
def test_what_decays_is_what_the_judge_takes(
    lots: list[tuple[int, int, int | None]], bridged: int, days: int, seconds: int, late: int
) -> None:
    now = AT + late * DAY
    sheet = open_sheet(Position(ANNA))
    coins = []
    for number, (points, active, dies) in enumerate(lots):
        activates = AT + active * DAY
        expires = None if dies is None else AT + dies * DAY
        if expires is not None and expires <= activates:
            continue
        entry = grant(
            sheet,
            GrantLot(
                ANNA,
                Points(points),
                EntryKind.GRANT,
                (str(number),),
                AT - 30 * DAY,
                activates,
                expires,
                Cause("test", str(number)),
            ),
        )
        assert entry
        lot_id = sheet.new_lots[-1].lot_id
        spendable = activates <= AT and (expires is None or expires > now)
        order = (expires or datetime.max.replace(tzinfo=UTC), activates, lot_id)
        coins += [(order, lot_id)] * points if spendable else []
    apply_due(sheet, now)
    last_act = AT - days * DAY - timedelta(seconds=seconds)
    usable = decayable(sheet, AT, now)
    amount = decays(RULES.share(days_away(last_act, CHECK)), len(coins), bridged)
    taken = decay(sheet, usable, Points(amount), AT, None, rewards=True)
    wanted = (len(coins) + bridged) * judged_share(last_act) // 100
    judged = [lot_id for _, lot_id in sorted(coins)[:wanted]]
    assert [each.lot_id for each in taken for _ in range(each.points.amount)] == judged
    rewards = AccountKey(AccountKind.REWARDS)
    decayed = [draft for draft in sheet.entries if draft.kind is EntryKind.DECAY]
    assert all(posting.credit == rewards for draft in decayed for posting in draft.postings)
    assert len({draft.entry_id for draft in decayed}) == len(taken)
