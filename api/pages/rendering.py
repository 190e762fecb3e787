"""From a template and what a route knows to a page. How to use it: the package's docstring."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.auth.model import Principal
from api.branding import Brand
from api.http.parts import catalogue_of, language_of_request, parts_of
from api.http.principal import MaybePrincipal
from api.i18n import formats
from api.i18n.catalogue import Catalogue, Language, written
from api.pages.navigation import HOME_PATH, Area, Item, menu_for, whereabouts
from ledger.kernel.clock import Instant
from ledger.kernel.units import Money, Points, TokenUnits

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"
THEME_COOKIE: Final = "vklad_theme"
NOTICE_COOKIE: Final = "vklad_notice"
THEMES: Final = ("auto", "light", "dark")


@cache
def environment() -> Environment:
    """Templates of this package: escaped, and an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def static_url(name: str) -> str:
    """The address of a static file, changing with its content so that it may be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


@dataclass(frozen=True, slots=True)
class View:
    """One request as the templates see it."""

    request: Request
    principal: Principal | None
    language: Language
    catalogue: Catalogue
    chain_is_on: bool

    @property
    def brand(self) -> Brand:
        """What the school made its own."""
        return cast("Brand", self.request.app.state.brand)

    @property
    def written(self) -> Language:
        """The language of documents for this reader."""
        return written(self.language)

    @property
    def path(self) -> str:
        """The path asked for."""
        return self.request.url.path

    @property
    def theme(self) -> str:
        """``light`` or ``dark`` if chosen, else ``auto``."""
        chosen = self.request.cookies.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "auto"

    @property
    def csrf(self) -> str:
        """The session's token for forms; empty for strangers."""
        return (self.principal.csrf if self.principal else None) or ""

    @property
    def menu(self) -> tuple[Area, ...]:
        """The areas of the site for this reader."""
        served = cast("frozenset[str]", self.request.app.state.paths)
        return menu_for(self.principal, served, chain_is_on=self.chain_is_on)

    @property
    def home(self) -> str:
        """Where the name of the site leads."""
        return HOME_PATH if self.menu and self.menu[0].path == HOME_PATH else "/"

    @property
    def whereabouts(self) -> tuple[Area, Item] | None:
        """The area and the page of the menu that the reader is in."""
        return whereabouts(self.menu, self.path)

    def has_role(self, role: str) -> bool:
        """Whether the reader has a role."""
        return self.principal is not None and role in self.principal.roles

    def render(self, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page."""
        notice = self.request.cookies.get(NOTICE_COOKIE)
        if notice is not None and not self.catalogue.has(self.language, notice):
            notice = None
        names = {**names_for(self.catalogue, self.language), "view": self, "notice": notice}
        page = environment().get_template(template).render(names | values)
        response = HTMLResponse(page, status, headers=_headers(self.language))
        if NOTICE_COOKIE in self.request.cookies:
            response.delete_cookie(NOTICE_COOKIE)
        return response

    def redirect(self, path: str, *, notice: str | None = None) -> Response:
        """Go to another page with GET; ``notice`` is the key of a sentence to show there."""
        response = RedirectResponse(path, 303)
        if notice is not None:
            response.set_cookie(NOTICE_COOKIE, notice, max_age=60, httponly=True, samesite="lax")
        return response


def view_of_request(request: Request, principal: MaybePrincipal) -> View:
    """The dependency behind ``ViewHere``."""
    return view_for(request, principal)


def view_for(request: Request, principal: Principal | None) -> View:
    """A view where no dependency runs, as on error pages."""
    return View(
        request,
        principal,
        language_of_request(request),
        catalogue_of(request),
        parts_of(request).settings.chain == "on",
    )


ViewHere = Annotated[View, Depends(view_of_request)]


def names_for(catalogue: Catalogue, language: Language) -> dict[str, Callable[..., Any]]:
    """What every template may call."""
    return {
        "t": partial(catalogue.text, language),
        "points": partial(_points, language),
        "exact": partial(_exact, language),
        "number": partial(_number, language),
        "money": partial(_money, language),
        "token": partial(_token, language),
        "share": partial(_share, language),
        "day": partial(_day, language),
        "moment": partial(_moment, language),
        "static": static_url,
    }


def _headers(language: Language) -> dict[str, str]:
    return {
        "Content-Language": language,
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Cookie",
    }


def _points(language: str, value: Points | int) -> str:
    return formats.write_number(value.amount if isinstance(value, Points) else value, language)


def _exact(language: str, value: int | str) -> str:
    return formats.write_exact(str(value), language)


def _number(language: str, value: int) -> str:
    return formats.write_number(value, language)


def _money(language: str, value: Money) -> str:
    return formats.write_money(value, language)


def _token(language: str, value: TokenUnits) -> str:
    return formats.write_token(value, language)


def _share(language: str, numerator: int, denominator: int) -> str:
    return formats.write_share(numerator, denominator, language)


def _day(language: str, value: date | datetime, zone: tzinfo = UTC) -> Markup:
    text = formats.write_day(value, language, zone)
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)


def _moment(language: str, value: datetime | Instant, zone: tzinfo = UTC) -> Markup:
    when = value.floor_datetime() if isinstance(value, Instant) else value
    text = formats.write_time(when, language, zone)
    return Markup('<time datetime="{}">{}</time>').format(cast("Any", value).isoformat(), text)
