"""A source for whoever tries to connect an LMS to a demo installation: registered, with its keys.

It goes through the doors that everybody has, as both admins of the demo; so it can only be where
anyone may be anyone. Each time it makes one more secret and key, and takes nothing away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api.auth.issuer import demo_issuer_url
from api.demo.client import Person
from api.settings import Settings, UnsafeSettings

NAME: Final = "sandbox"
URI: Final = "https://lms.example/sandbox"
_TYPES: Final = ("lms.*", "club.*", "day.*", "shop.*", "order.signed")
_SCOPES: Final = ("events:write", "redemptions:write")


@dataclass(frozen=True, slots=True)
class SandboxKeys:
    """What a developer is handed, by the names of environment variables."""

    values: dict[str, str]

    def as_shell(self) -> str:
        """Lines for ``. ./sandbox.env``; no value has a character that a shell takes otherwise."""
        return "\n".join(f"export {name}={value}" for name, value in self.values.items())


def open_sandbox(settings: Settings) -> SandboxKeys:
    """Register the source if it is not there, and make a secret and a key that work.

    Raises:
        UnsafeSettings: this is no demo on loopback.
        DoorClosed: a door answered otherwise than expected; is the demo community loaded?
    """
    if settings.is_public or not settings.demo:
        raise UnsafeSettings(
            "The sandbox is for a demo installation on loopback only.", settings=["VKLAD_DEMO"]
        )
    first, second = (Person(settings.origin, one) for one in ("admin", "second-admin"))
    try:
        if NAME not in {source["name"] for source in first.get("/v1/sources")["data"]}:
            change = first.post("/v1/sources/changes", _registration())
            decision = {"digest": change["digest"]}
            second.post(f"/v1/sources/changes/{change['id']}/approve", decision)
        secret = first.post(f"/v1/sources/{NAME}/secrets")
        key = first.post("/v1/api-keys", {"name": NAME, "scopes": list(_SCOPES), "source": URI})
        for made in (secret, key):
            path = f"/v1/sources/credentials/{made['id']}/approve"
            second.post(path, {"digest": made["digest"]})
    finally:
        first.close()
        second.close()
    return SandboxKeys(
        {
            "SANDBOX_URL": settings.origin,
            "SANDBOX_SOURCE": NAME,
            "SANDBOX_SOURCE_URI": URI,
            "SANDBOX_SECRET": secret["secret"],
            "SANDBOX_KEY": key["key"],
            "SANDBOX_SIGN_IN": demo_issuer_url(settings),
        }
    )


def _registration() -> dict[str, Any]:
    return {
        "name": NAME,
        "uri": URI,
        "profile": "standard_webhooks",
        "authority": {
            "types": list(_TYPES),
            "issuers": {"lms": URI},
            "attributes": ["qualification"],
        },
    }
