"""Reading the claims of a signed token that somebody else's server made: bounded, named, refused.

claims (JSON) ──▶ ``ClaimReader`` of that kind of token ──▶ checked values, or its error
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from ledger.kernel.canonical import Json
from ledger.kernel.errors import VkladError

TOKEN_LIFE_MAX: Final = timedelta(days=7)
CLOCK_SKEW_MAX: Final = timedelta(minutes=5)
TEXT_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class ClaimReader:
    """Reads one kind of token; ``what`` is its name in the sentences of ``error``."""

    what: str
    error: type[VkladError]

    def text(self, field: str, value: Json) -> str:
        """A text of bounded length that PostgreSQL can store."""
        if not isinstance(value, str) or not 1 <= len(value) <= TEXT_LENGTH_MAX or "\x00" in value:
            self.refuse(field, f"must be a text of 1 to {TEXT_LENGTH_MAX} characters")
        return value

    def whole(self, field: str, value: Json, *, low: int, high: int, unit: str) -> int:
        """A whole number of ``unit``, both bounds included."""
        if type(value) is not int or not low <= value <= high:
            self.refuse(field, f"must be whole {unit} from {low} to {high}")
        return value

    def life(self, claims: Mapping[str, Json], *, at: datetime) -> tuple[datetime, datetime]:
        """``iat`` and ``exp``; whether the token is over at ``at`` is not looked at."""
        issued_at, expires_at = (
            self._moment("iat", claims["iat"]),
            self._moment("exp", claims["exp"]),
        )
        if not issued_at < expires_at <= issued_at + TOKEN_LIFE_MAX:
            self.refuse("exp", f"must be after iat by at most {TOKEN_LIFE_MAX.days} days")
        if issued_at > at + CLOCK_SKEW_MAX:
            self.refuse("iat", "is in the future")
        return issued_at, expires_at

    def refuse(self, field: str, why: str) -> NoReturn:
        """Raise this kind's error, naming the field."""
        raise self.error(
            f"The {self.what} is signed but not understood: {field} {why}.", field=field
        )

    def _moment(self, field: str, value: Json) -> datetime:
        """A NumericDate of whole seconds (RFC 7519), within the calendar of the next centuries."""
        if type(value) is not int or not 0 <= value <= 10**11:
            self.refuse(field, "must be whole seconds since 1970-01-01T00:00:00Z")
        return datetime.fromtimestamp(value, UTC)
