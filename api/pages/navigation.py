"""The menu: a literal list of areas and their pages.

A page shows when its path is served and the reader may go there, an area when one of its pages
does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from api.auth.model import Principal, PrincipalKind, Role

HOME_PATH: Final = "/me"
"""Where a member lands after signing in."""


@dataclass(frozen=True, slots=True)
class Item:
    """One page of an area: message key under ``layout.navigation``, path, who may go there."""

    key: str
    path: str
    roles: frozenset[str] = frozenset({Role.MEMBER})
    needs_chain: bool = False
    beside: tuple[str, ...] = ()
    """Paths of the pages that are reached from this one and not from the menu."""


@dataclass(frozen=True, slots=True)
class Area:
    """One entry of the bar: message key under ``layout.area``, icon of ``ui.html``, its pages."""

    key: str
    icon: str
    items: tuple[Item, ...]

    @property
    def path(self) -> str:
        """Where the entry leads: to the first page."""
        return self.items[0].path


MENU: Final = (
    Area(
        "mine",
        "home",
        (
            Item("overview", HOME_PATH),
            Item("history", "/history", beside=("/statement", "/archive")),
            Item("earn", "/earn"),
            Item("invite", "/invite"),
            Item("wallet", "/wallet", needs_chain=True),
        ),
    ),
    Area("spend", "tag", (Item("checkout", "/checkout"), Item("goods", "/goods"))),
    Area(
        "decide",
        "vote",
        (
            Item("votes", "/votes", needs_chain=True),
            Item("polls", "/polls"),
            Item("calendar", "/calendar", beside=("/governance/analytics", "/notices")),
            Item("reserve", "/reserve", needs_chain=True, beside=("/guardian",)),
        ),
    ),
    Area(
        "together",
        "gift",
        (
            Item("thanks", "/thanks"),
            Item("projects", "/projects"),
            Item("memorandum", "/memorandum"),
            Item("reports", "/reports"),
        ),
    ),
    Area(
        "staff",
        "shield",
        (
            Item("admin", "/admin", frozenset({Role.ADMIN, Role.AUDITOR, Role.OWNER})),
            Item("reviews", "/admin/reviews", frozenset({Role.MODERATOR})),
        ),
    ),
)


def menu_for(
    principal: Principal | None, paths: frozenset[str], *, chain_is_on: bool
) -> tuple[Area, ...]:
    """What this reader sees; nothing for strangers."""
    if principal is None or principal.kind is not PrincipalKind.PERSON:
        return ()
    roles = principal.roles

    def shows(item: Item) -> bool:
        allowed = bool(roles & item.roles) and (chain_is_on or not item.needs_chain)
        return item.path in paths and allowed

    areas = (replace(area, items=tuple(filter(shows, area.items))) for area in MENU)
    return tuple(area for area in areas if area.items)


def belongs(item: Item, path: str) -> bool:
    """Whether ``path`` is this page, one below it or one beside it."""
    return any(path == each or path.startswith(f"{each}/") for each in (item.path, *item.beside))


def whereabouts(menu: tuple[Area, ...], path: str) -> tuple[Area, Item] | None:
    """The area and the page that ``path`` belongs to: the one with the longest path."""
    found = [(area, item) for area in menu for item in area.items if belongs(item, path)]
    return max(found, key=lambda each: len(each[1].path), default=None)
