"""The menu: a literal list. An item shows when its path is served and the reader may go there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.auth.model import Principal, PrincipalKind, Role

HOME_PATH: Final = "/me"
"""Where a member lands after signing in."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: message key under ``layout.navigation``, path, icon of ``ui.html``."""

    key: str
    path: str
    icon: str
    roles: frozenset[str] = frozenset({Role.MEMBER})
    needs_chain: bool = False


MENU: Final = (
    Item("overview", HOME_PATH, "home"),
    Item("history", "/history", "list"),
    Item("earn", "/earn", "spark"),
    Item("thanks", "/thanks", "gift"),
    Item("projects", "/projects", "spark"),
    Item("goods", "/goods", "gift"),
    Item("invite", "/invite", "spark"),
    Item("checkout", "/checkout", "tag"),
    Item("wallet", "/wallet", "wallet", needs_chain=True),
    Item("votes", "/votes", "vote", needs_chain=True),
    Item("polls", "/polls", "chart"),
    Item("memorandum", "/memorandum", "book"),
    Item("reviews", "/admin/reviews", "shield", frozenset({Role.MODERATOR})),
    Item("admin", "/admin", "shield", frozenset({Role.ADMIN, Role.AUDITOR, Role.OWNER})),
)


def menu_for(
    principal: Principal | None, paths: frozenset[str], *, chain_is_on: bool
) -> tuple[Item, ...]:
    """The entries this reader sees; none for strangers."""
    if principal is None or principal.kind is not PrincipalKind.PERSON:
        return ()
    return tuple(
        item
        for item in MENU
        if item.path in paths
        and principal.roles & item.roles
        and (chain_is_on or not item.needs_chain)
    )


def is_current(item: Item, path: str) -> bool:
    """Whether ``path`` is this entry's page or one below it."""
    return path == item.path or path.startswith(f"{item.path}/")
