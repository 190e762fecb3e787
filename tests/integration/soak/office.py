"""What the admins of the soak do: grants that two of them stand for, and taking them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.grants import service as grants
from ledger.grants.model import ApproveGrant, CreateGrant, GrantLine, GrantPolicy
from ledger.grants.taking_back import service as taking_back
from ledger.grants.taking_back.model import ApproveTakeBack, AskTakeBack
from ledger.kernel.transaction import execute
from ledger.kernel.units import Points

if TYPE_CHECKING:
    from tests.integration.soak.soak_worker import Walker

BUDGET: Final = 1_000_000_000
POLICY: Final = GrantPolicy(third_person_above=Points(BUDGET))


def grant(walker: Walker) -> None:
    """Points that count at once or later, for a short time or long."""
    now = walker.now
    waits = walker.chance.choice((0, 0, 0, 1))
    lives = walker.chance.choice((1, 3, 600))
    starts = now + walker.clock.shortly(waits)
    first, second = walker.admins
    command = CreateGrant(
        created_by=first,
        budget_id=walker.budget_id,
        reason="for helping others",
        lines=(GrantLine(walker.member, walker.points(300)),),
        activates_at=starts if waits else None,
        expires_at=starts + walker.clock.shortly(lives),
        policy=POLICY,
    )
    asked = execute(walker.database, grants.create, command)
    yes = ApproveGrant(asked.grant_id, second, asked.content_digest, POLICY)
    paid = execute(walker.database, grants.approve, yes)
    walker.keep(walker.granted, paid.grant_id)


def take_back(walker: Walker) -> None:
    """A grant was a mistake; what was spent of it is owed."""
    first, second = walker.admins
    ask = AskTakeBack(walker.one(walker.granted), first, "granted twice")
    asked = execute(walker.database, taking_back.ask, ask)
    yes = ApproveTakeBack(asked.grant_id, second, asked.content_digest)
    execute(walker.database, taking_back.approve, yes)
    taking_back.carry_out(walker.database, asked.grant_id)
