"""The HTTP application: one literal list of routers around one composition.

How to write a route (each module says more):

- A room's routes are ``api/http/routes/<room>.py`` with a ``router``, listed in ``ROUTERS`` below;
  pages are ``api/pages/<room>.py``, listed there too. Routes are plain ``def``; they call use cases
  through ``ledger.kernel.transaction.execute`` or ``once`` and never open a transaction themselves,
  but for ``with database.read() as work`` around reads.
- Who asks: ``api.http.principal`` (``PrincipalHere``, ``CurrentMember``, ``require_role``,
  ``require_scope``, ``allow``).
- Errors: raise ``VkladError`` subclasses, catch nothing; say ``responses=responses(404, 422)``
  (``api.http.problems``). Texts go to ``api/i18n/{en,ru}/errors.yaml`` under the code.
- POST that moves value: ``OnceHere`` (``api.http.idempotency``).
- Lists: ``PageHere`` (``api.http.pagination``).
- Database and settings: ``DatabaseHere``, ``PartsHere`` (``api.http.parts``); what else the
  composition holds, by ``parts_of(request)`` and its own type.

    router = APIRouter(prefix="/v1/holds", tags=["redemption"])

    @router.post("", status_code=201, responses=once_responses(404))
    def create(body: HoldBody, once: OnceHere,
               principal: Annotated[Principal, Depends(require_scope("redemptions:write"))]
               ) -> Response:
        return once(service.place_hold, body.command(), render=hold_json)
"""

from __future__ import annotations

import logging
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from api.auth.authenticate import Authenticator
from api.auth.issuer import HttpFetch, Issuer, oidc_settings
from api.branding import brand_of, catalogue_for
from api.figures import KeptFigures
from api.funnel import KeptFunnel
from api.http import health, problems
from api.http.envelope import Envelope
from api.http.limits import RateLimiter
from api.http.metrics import Metrics
from api.http.openapi import describe
from api.http.parts import Parts
from api.http.refusals import RefusalLog
from api.http.routes import (
    analytics,
    audit,
    awards,
    blocks,
    bridge,
    bridge_records,
    budgets,
    calendar,
    codes,
    credentials,
    embedding,
    erasure,
    event_types,
    events,
    explanations,
    funnel,
    goods,
    governance,
    grants,
    guardian,
    identities,
    imports,
    journal,
    ledger,
    log,
    members,
    memorandum,
    memorandum_voices,
    merges,
    notices,
    oauth,
    permits,
    polls,
    programmes,
    projects,
    purchases,
    quotes,
    readiness,
    redemptions,
    referrals,
    refusals,
    reports,
    reserve,
    reviews,
    sessions,
    sources,
    staking,
    standing,
    statements,
    switches,
    taking_back,
    terms,
    thanks,
    units,
    webhooks,
)
from api.i18n.catalogue import MissingMessage, OnMissing
from api.pages import (
    admin,
    admin_bridge,
    admin_budgets,
    admin_dashboard,
    admin_embedding,
    admin_funnel,
    admin_grants,
    admin_hooks,
    admin_imports,
    admin_member,
    admin_merges,
    admin_people,
    admin_preview,
    admin_programme,
    admin_refusals,
    admin_reviews,
    admin_sources,
    admin_taking_back,
    admin_undo,
    archive,
    base,
    checkout,
    explaining,
    forgetting,
    inviting,
    linking,
    member,
    memorandum_admin,
    project_acts,
    quarterly,
    session,
    statement,
    thanking,
    visiting,
    votes,
    wallet,
)
from api.pages import analytics as analytics_pages
from api.pages import calendar as calendar_pages
from api.pages import codes as code_pages
from api.pages import embedding as embed_pages
from api.pages import goods as good_pages
from api.pages import guardian as guardian_pages
from api.pages import memorandum as memorandum_pages
from api.pages import notices as notice_pages
from api.pages import polls as poll_pages
from api.pages import projects as project_pages
from api.pages import purchases as purchase_pages
from api.pages import reserve as reserve_pages
from api.pages import terms as terms_pages
from api.pages import units as unit_pages
from api.webhooks.secret_box import FernetBox

ROUTERS: Final[tuple[APIRouter, ...]] = (
    events.router,
    webhooks.router,
    health.router,
    audit.router,
    awards.router,
    blocks.router,
    bridge.router,
    bridge_records.router,
    credentials.router,
    embedding.router,
    erasure.router,
    event_types.router,
    explanations.router,
    funnel.router,
    goods.router,
    governance.router,
    permits.router,
    analytics.router,
    calendar.router,
    notices.router,
    budgets.router,
    grants.router,
    taking_back.router,
    identities.router,
    imports.router,
    ledger.router,
    journal.router,
    log.router,
    members.router,
    memorandum.router,
    memorandum_voices.router,
    merges.router,
    oauth.router,
    polls.router,
    programmes.router,
    projects.router,
    purchases.router,
    quotes.router,
    readiness.router,
    codes.router,
    redemptions.router,
    guardian.router,
    reserve.router,
    reviews.router,
    referrals.router,
    refusals.router,
    reports.router,
    sessions.router,
    sources.router,
    staking.router,
    standing.router,
    statements.router,
    switches.router,
    thanks.router,
    terms.router,
    units.router,
    admin.router,
    admin_bridge.router,
    admin_budgets.router,
    admin_dashboard.router,
    admin_embedding.router,
    admin_funnel.router,
    admin_hooks.router,
    admin_grants.router,
    admin_taking_back.router,
    admin_undo.router,
    admin_imports.router,
    admin_member.router,
    admin_merges.router,
    admin_people.router,
    admin_preview.router,
    admin_programme.router,
    admin_refusals.router,
    admin_reviews.router,
    admin_sources.router,
    archive.router,
    base.router,
    checkout.router,
    explaining.router,
    forgetting.router,
    code_pages.router,
    embed_pages.router,
    good_pages.router,
    project_pages.router,
    project_acts.router,
    memorandum_pages.router,
    memorandum_admin.router,
    poll_pages.router,
    analytics_pages.router,
    calendar_pages.router,
    notice_pages.router,
    purchase_pages.router,
    guardian_pages.router,
    reserve_pages.router,
    inviting.router,
    linking.router,
    member.router,
    session.router,
    statement.router,
    thanking.router,
    terms_pages.router,
    quarterly.router,
    unit_pages.router,
    visiting.router,
    votes.router,
    wallet.router,
)

DOORS: Final = (events.DOOR, webhooks.DOOR)
"""Paths of most requests, tried before all others: they need nothing of what FastAPI does for a
route, and the search through its routers takes longer than an empty answer."""

_logger = logging.getLogger(__name__)


def create_app(parts: Parts, *, on_missing: OnMissing | None = None) -> FastAPI:
    """The application over ``parts``. ``on_missing`` hears of messages that no catalogue has."""
    app = FastAPI(
        title="Vklad",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.state.brand = brand_of(parts.settings)
    app.state.catalogue = catalogue_for(parts.settings, app.state.brand, on_missing or _log_missing)
    app.state.metrics = Metrics()
    app.state.rate_limiter = RateLimiter()
    app.state.bearers = {}
    app.state.figures = KeptFigures()
    app.state.funnel = KeptFunnel()
    app.state.refusals = RefusalLog(parts.database, FernetBox(parts.secret))
    app.state.issuer = _issuer(parts)
    app.state.authenticator = Authenticator(parts.database, app.state.issuer, parts.settings.origin)
    problems.install(app)
    base.install_error_pages(app)
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes[:0] = DOORS
    app.state.paths = frozenset(
        route.path for router in ROUTERS for route in router.routes if isinstance(route, Route)
    )
    describe(app)
    app.add_middleware(Envelope, metrics=app.state.metrics, public_url=parts.settings.origin)
    return app


def _issuer(parts: Parts) -> Issuer | None:
    settings = oidc_settings(parts.settings)
    if settings is None:
        return None
    return Issuer(settings, HttpFetch(), parts.database.clock)


def _log_missing(error: MissingMessage) -> None:
    _logger.error("%s", error)
