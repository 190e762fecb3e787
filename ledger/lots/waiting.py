"""What lots wait for besides time, and how many points may come at which time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.kernel.canonical import Json
from ledger.kernel.units import Points


@dataclass(frozen=True, slots=True)
class Vesting:
    """What has to hold when a lot matures, and where its points go if it does not.

    ``condition`` is for whoever looks: to this room it is only text that the entry states.
    """

    condition: Json
    to_rewards: bool = False

    def stated(self) -> dict[str, Json]:
        """As the cause of the granting entry has it."""
        return {"condition": self.condition, "to": "rewards" if self.to_rewards else "revoked"}


@dataclass(frozen=True, slots=True)
class Room:
    """At most so many points may become spendable then, and live so long."""

    points_max: Points
    activates_at: datetime
    expires_at: datetime | None
