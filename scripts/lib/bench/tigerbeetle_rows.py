"""``post_vs_tigerbeetle``: measured where ``VKLAD_TIGERBEETLE`` names a server binary."""

from __future__ import annotations

from rows import AnyRow, Unmeasured
from server import Say

from api.settings import process_environment


def tigerbeetle_rows(say: Say) -> list[AnyRow]:
    """The one row."""
    binary = process_environment().get("VKLAD_TIGERBEETLE")
    reason = (
        "VKLAD_TIGERBEETLE names no server binary; the registries hold only its clients"
        if binary is None
        else "this bench does not drive a TigerBeetle server yet"
    )
    say(f"  {reason}")
    return [Unmeasured("post_vs_tigerbeetle", "awards/s", "TigerBeetle, batch 1000", reason)]
