"""A judge that is slow and obvious: every point is a coin that lies somewhere.

Written from the rules (DESIGN 3 and 6), not from the code it judges: no amounts are added or
subtracted here, coins are sorted and moved one at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

FAR = datetime.max.replace(tzinfo=UTC)


@dataclass
class Coin:
    """``place``: pending, available, held, spent, expired, revoked, escrow, or gone.

    ``gone`` coins came back as a coin of another lot, and count where they were: ``was``.
    """

    member: UUID
    lot: UUID
    active: datetime
    dies: datetime | None
    cause: str
    place: str
    hold: UUID | None = None
    was: str = ""
    left_at: datetime | None = None
    taken: int = 0
    waits: bool = False
    taken_for_good: bool = False

    @property
    def order(self) -> tuple[datetime, datetime, UUID]:
        return (FAR if self.dies is None else self.dies, self.active, self.lot)


@dataclass
class Coins:
    """All coins, and what each member owes."""

    coins: list[Coin] = field(default_factory=list)
    debt: Counter[UUID] = field(default_factory=Counter)
    moves: int = 0

    def parts(self, lot: UUID) -> Counter[str]:
        """How many of a lot's coins lie where; gone ones where they were."""
        return Counter(
            coin.was if coin.place == "gone" else coin.place
            for coin in self.coins
            if coin.lot == lot
        )

    def at(self, member: UUID, place: str, hold: UUID | None = None) -> list[Coin]:
        """A member's coins at a place, in spending order."""
        return sorted(
            (
                coin
                for coin in self.coins
                if coin.member == member
                and coin.place == place
                and (hold is None or coin.hold == hold)
            ),
            key=lambda coin: coin.order,
        )

    def time_passes(self, member: UUID, now: datetime) -> None:
        """Each moment at which something is due, one after the other."""
        moments = {c.active for c in self.coins} | {c.dies for c in self.coins if c.dies}
        for moment in sorted(m for m in moments if m <= now):
            for coin in self.at(member, "pending"):
                if coin.active <= moment and not coin.waits:
                    coin.place = "available"
            self._expire(member, moment)
            self.pay(member)

    def _expire(self, member: UUID, now: datetime) -> None:
        for coin in self.at(member, "available"):
            if coin.dies is not None and coin.dies <= now:
                coin.place = "expired"

    def pay(self, member: UUID) -> None:
        """Available coins pay what is owed, one at a time."""
        for coin in self.at(member, "available"):
            if self.debt[member]:
                coin.place = "revoked"
                self.debt[member] -= 1

    def grant(self, coin: Callable[[], Coin], count: int, now: datetime) -> None:
        new = [coin() for _ in range(count)]
        self.coins += new
        self.time_passes(new[0].member, now)
        self.pay(new[0].member)

    def hold(self, member: UUID, count: int, hold: UUID) -> bool:
        usable = self.at(member, "available")
        if len(usable) < count:
            return False
        for coin in usable[:count]:
            coin.place, coin.hold = "held", hold
        return True

    def resolve(self, member: UUID, hold: UUID, captured: int, now: datetime) -> None:
        for number, coin in enumerate(self.at(member, "held", hold)):
            coin.place = "spent" if number < captured else "available"
            if number < captured:
                coin.taken = number
        self._expire(member, now)
        self.pay(member)

    def refund(
        self,
        member: UUID,
        hold: UUID,
        count: int,
        now: datetime,
        grace: timedelta,
        new_lot: Callable[[UUID], UUID],
    ) -> bool:
        spent = self.at(member, "spent", hold)
        if len(spent) < count:
            return False
        for coin in sorted(spent, key=lambda coin: coin.order)[::-1][:count]:
            if coin.dies is None or coin.dies - now >= grace:
                coin.place = "available"
            else:
                self._replace(coin, new_lot(coin.lot), now + grace)
        self.pay(member)
        return True

    def taken_for_good(self, member: UUID, cause: str) -> list[Coin]:
        """Coins of a cause that were cancelled, and that no clawback has counted yet."""
        return [c for c in self.at(member, "revoked") if c.cause == cause and c.taken_for_good]

    def decide(self, lot: UUID, now: datetime, *, holds: bool) -> None:
        """Somebody looks at a matured lot's condition."""
        waiting = [coin for coin in self.coins if coin.lot == lot]
        for coin in waiting:
            coin.waits = False
            if coin.place == "pending" and not holds:
                coin.place, coin.taken_for_good = "revoked", True
        self.time_passes(waiting[0].member, now)

    def claw_back(self, member: UUID, cause: str, count: int, reach: int) -> int:
        """The coins taken or owed."""
        own = [c for c in self.at(member, "pending") if c.cause == cause]
        if reach >= 2:
            own += [c for c in self.at(member, "available") if c.cause == cause]
            own += [c for c in self.at(member, "expired") if c.cause == cause]
            own += self.taken_for_good(member, cause)
        if reach >= 3:
            own += [c for c in self.at(member, "available") if c.cause != cause]
        for coin in own[:count]:
            coin.place, coin.taken_for_good = "revoked", False
        done = min(count, len(own))
        if reach >= 4:
            self.debt[member] += count - done
            done = count
        return done

    def leave(self, member: UUID, count: int, claim: UUID, now: datetime) -> bool:
        usable = self.at(member, "available")
        if self.debt[member] or len(usable) < count:
            return False
        for coin in usable[:count]:
            coin.place, coin.hold, coin.left_at = "escrow", claim, now
        return True

    def come_back(
        self, coins: Iterable[Coin], now: datetime, new_lot: Callable[[Coin], UUID] | None
    ) -> None:
        """Into the same lot where it lives, unless ``new_lot`` is where each goes on living."""
        for coin in coins:
            if new_lot is None:
                coin.place = "available"
            else:
                assert coin.left_at is not None
                dies = None if coin.dies is None else now + (coin.dies - coin.left_at)
                self._replace(coin, new_lot(coin), dies)

    def _replace(self, coin: Coin, lot: UUID, dies: datetime | None) -> None:
        coin.was, coin.place = coin.place, "gone"
        self.coins.append(Coin(coin.member, lot, coin.active, dies, coin.cause, "available"))
