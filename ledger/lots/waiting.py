"""What lots wait for besides time."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.kernel.canonical import Json


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
