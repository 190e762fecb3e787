"""What every page shares: the front page, static files, language and theme, error pages."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from api.auth.oidc import local_path
from api.http.parts import LANGUAGE_COOKIE, DatabaseHere, catalogue_of
from api.http.problems import NoSuchPath, Problem
from api.i18n.negotiation import language_of
from api.pages.rendering import STATIC, THEME_COOKIE, THEMES, ViewHere, view_for
from api.pages.visiting import visit_of

router: Final = APIRouter(include_in_schema=False)

_YEAR_S: Final = 365 * 24 * 3600
_FILES: Final = frozenset(path.name for path in STATIC.iterdir() if path.is_file())
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
}


@router.get("/")
def front(view: ViewHere, database: DatabaseHere) -> Response:
    """A member's own page, or what this is and how to sign in."""
    if view.home != "/":
        return view.redirect(view.home)
    return view.render("welcome.html", visit=visit_of(view.request, database))


@router.get("/static/{name}")
def static_file(name: str, request: Request) -> Response:
    """A file of ``static/``, kept by browsers for ever when asked for by its content's digest."""
    if name not in _FILES:
        raise NoSuchPath("There is nothing at this address.")
    media_type = _TYPES[name.rpartition(".")[2]]
    return FileResponse(STATIC / name, media_type=media_type, headers=_kept(request))


@router.get("/brand.css")
def brand_css(request: Request, view: ViewHere) -> Response:
    """The school's own colours."""
    if not view.brand.css:
        raise NoSuchPath("There is nothing at this address.")
    return Response(view.brand.css, media_type=_TYPES["css"], headers=_kept(request))


@router.get("/brand-logo")
def brand_logo(request: Request, view: ViewHere) -> Response:
    """The school's own picture."""
    logo = view.brand.logo
    if logo is None:
        raise NoSuchPath("There is nothing at this address.")
    return Response(logo.content, media_type=logo.media_type, headers=_kept(request))


def _kept(request: Request) -> dict[str, str]:
    kept = f"public, max-age={_YEAR_S}, immutable" if request.url.query else "no-cache"
    return {"Cache-Control": kept}


@router.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask here whatever the page says."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml")


@router.post("/preferences")
def preferences(
    request: Request,
    return_to: Annotated[str, Form()] = "/",
    language: Annotated[str | None, Form()] = None,
    theme: Annotated[str | None, Form()] = None,
) -> Response:
    """Choose language or theme for this browser. Touches nothing but these two cookies."""
    response = RedirectResponse(local_path(return_to), 303)
    secure = request.url.scheme == "https"
    chosen = language_of(language, catalogue_of(request).languages)
    if chosen is not None:
        response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_S, samesite="lax", secure=secure)
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR_S, samesite="lax", secure=secure)
    return response


@router.get("/problems/{code}")
def problem_meaning(code: str, view: ViewHere) -> Response:
    """What the ``type`` of a problem document leads to."""
    key = f"errors.{code}.title"
    if not view.catalogue.has(view.language, key):
        raise NoSuchPath("There is nothing at this address.")
    return view.render("errors/meaning.html", code=code, key=key)


def install_error_pages(app: FastAPI) -> None:
    """Let errors outside ``/v1`` be shown as pages to browsers."""
    app.state.error_page = _error_page


def _error_page(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    status = problem["status"]
    assert isinstance(status, int)
    if status == 401 and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'return_to': target})}", 303)
    view = view_for(request, None)
    response = view.render(
        "errors/problem.html",
        status=status,
        problem=problem,
        request_id=getattr(request.state, "request_id", ""),
    )
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in headers:
            response.headers[name] = headers[name]
    return response
