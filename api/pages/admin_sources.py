"""Who may state events: the sources, changes that wait for a second admin, and their secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from api.http.pagination import LIMIT_MAX
from api.http.parts import DatabaseHere, PartsHere
from api.http.routes.sources import CHANGE_PREFIX
from api.pages.admin import ActingAdmin, Names, Overseer, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from api.webhooks.profiles import BEARER, WEBHOOK_PROFILES, check_profile
from api.webhooks.secret_box import FernetBox
from api.webhooks.standard_webhooks import new_secret
from ledger.events.credentials import service as credentials
from ledger.events.credentials import store as credential_store
from ledger.events.credentials.model import ApproveCredential, RejectCredential, id_of, id_text
from ledger.events.errors import SourceSpecInvalid
from ledger.events.listing import store as listing
from ledger.events.model import HOURLY_BUDGET_DEFAULT, LATENESS_DAYS_DEFAULT, Authority
from ledger.events.sources import service, store
from ledger.events.sources.model import (
    AddSecret,
    DecideSource,
    ProposeSource,
    SecretSummary,
    SourceChange,
    SourceSpec,
)
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import BadId, format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import store as members

router: Final = APIRouter(prefix="/admin/sources", include_in_schema=False)

PROFILES: Final = (*WEBHOOK_PROFILES, BEARER)
LIST_LENGTH_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was filled in, to be shown again. Lists have one entry a line."""

    name: str = ""
    uri: str = ""
    profile: str = PROFILES[0]
    types: str = ""
    issuers: str = ""
    attributes: str = ""
    lateness_days: int = LATENESS_DAYS_DEFAULT
    hourly_budget: int = HOURLY_BUDGET_DEFAULT

    def spec(self) -> SourceSpec:
        """The registration that is asked for.

        Raises:
            SourceSpecInvalid: an issuer's line is not ``provider = issuer``.
        """
        issuers = {}
        for line in _lines(self.issuers):
            provider, equals, issuer = line.partition("=")
            if not equals or not provider.strip():
                raise SourceSpecInvalid("An issuer is written provider = issuer.", field="issuers")
            issuers[provider.strip()] = issuer.strip()
        return SourceSpec(
            name=self.name.strip(),
            uri=self.uri.strip(),
            profile=self.profile,
            authority=Authority(
                types=_lines(self.types), issuers=issuers, attributes=_lines(self.attributes)
            ),
            lateness_days=self.lateness_days,
            hourly_budget=self.hourly_budget,
        )


def _typed(
    *,
    name: Annotated[str, Form(max_length=64)] = "",
    uri: Annotated[str, Form(max_length=1_000)] = "",
    profile: Annotated[str, Form(max_length=64)] = "",
    types: Annotated[str, Form(max_length=LIST_LENGTH_MAX)] = "",
    issuers: Annotated[str, Form(max_length=LIST_LENGTH_MAX)] = "",
    attributes: Annotated[str, Form(max_length=LIST_LENGTH_MAX)] = "",
    lateness_days: Annotated[int, Form()] = LATENESS_DAYS_DEFAULT,
    hourly_budget: Annotated[int, Form()] = HOURLY_BUDGET_DEFAULT,
) -> Typed:
    return Typed(name, uri, profile, types, issuers, attributes, lateness_days, hourly_budget)


@router.get("")
def sources(view: ViewHere, database: DatabaseHere, _: Overseer) -> Response:
    """Every source with how it is doing, and the changes that were asked for."""
    return _page(view, database)


@router.get("/new")
def new_source(view: ViewHere, _: ActingAdmin) -> Response:
    """The empty form."""
    return _form(view, Typed())


@router.get("/{name}/edit")
def edit_source(name: str, view: ViewHere, database: DatabaseHere, _: ActingAdmin) -> Response:
    """The form with what a source has now."""
    with database.read() as work:
        found = service.require_source(work, name)
    return _form(
        view,
        Typed(
            name=found.name,
            uri=found.uri,
            profile=found.profile,
            types="\n".join(found.authority.types),
            issuers="\n".join(f"{name} = {at}" for name, at in found.authority.issuers.items()),
            attributes="\n".join(found.authority.attributes),
            lateness_days=found.lateness_days,
            hourly_budget=found.hourly_budget,
        ),
    )


@router.post("/new")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    typed: Annotated[Typed, Depends(_typed)],
) -> Response:
    """Propose the registration, or say in the form what is wrong with it."""

    def ask(work: Work, spec: SourceSpec) -> SourceChange:
        check_profile(spec.profile)
        before = store.source_by_name(work, spec.name)
        if before is not None:
            # The form does not show declared types; proposing must not take them away.
            declared = before.authority.declared
            authority = Authority(
                spec.authority.types, spec.authority.issuers, spec.authority.attributes, declared
            )
            spec = SourceSpec(
                spec.name,
                spec.uri,
                spec.profile,
                authority,
                spec.lateness_days,
                spec.hourly_budget,
            )
        return service.propose_source(work, ProposeSource(spec, admin))

    try:
        execute(database, ask, typed.spec())
    except VkladError as error:
        return _form(view, typed, error)
    return view.redirect("/admin/sources", notice="admin.sources.proposed")


@router.post("/changes/{change_id}/{decision}")
def decide(
    change_id: str,
    decision: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    digest: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Approve or reject exactly what was shown."""
    command = DecideSource(parse_id(CHANGE_PREFIX, change_id), bytes.fromhex(digest), admin)
    if decision == "approve":
        execute(database, service.approve_source, command)
        return view.redirect("/admin/sources", notice="admin.sources.approved")
    execute(database, service.reject_source, command)
    return view.redirect("/admin/sources", notice="admin.sources.rejected")


@router.post("/credentials/{credential_id}/approve")
def approve_credential(
    credential_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    digest: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Let a secret or key that somebody else has work from now on."""
    command = ApproveCredential(id_of(credential_id), bytes.fromhex(digest), admin)
    execute(database, credentials.approve, command)
    return view.redirect("/admin/sources", notice="admin.sources.credential_approved")


@router.post("/credentials/{credential_id}/reject")
def reject_credential(
    credential_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin
) -> Response:
    """See to it that a secret or key never works, or take it back."""
    execute(database, credentials.reject, RejectCredential(id_of(credential_id), admin))
    return view.redirect("/admin/sources", notice="admin.sources.credential_rejected")


@router.post("/{name}/suspend")
def suspend(name: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Stop accepting from a source, within two seconds in every process."""
    execute(database, partial(service.suspend_source, by=admin), name)
    return view.redirect("/admin/sources", notice="admin.sources.suspended")


@router.post("/{name}/secret")
def make_secret(name: str, view: ViewHere, parts: PartsHere, admin: ActingAdmin) -> Response:
    """Make a signing secret and show it, here and never again; another admin approves it."""
    box = FernetBox(parts.secret)

    def add(work: Work, source_name: str) -> str:
        source = service.require_source(work, source_name)
        profile = WEBHOOK_PROFILES.get(source.profile)
        if profile is None:
            raise SourceSpecInvalid(
                f"A source of profile {source.profile} signs nothing.", field="profile"
            )
        secret = new_secret(work.ids.secret())
        profile.check_secret(secret)
        service.propose_secret(work, AddSecret(source_name, secret, admin), box=box)
        return secret

    secret = execute(parts.database, add, name)
    return _page(view, parts.database, secret=(name, secret))


def _page(view: View, database: Database, *, secret: tuple[str, str] | None = None) -> Response:
    with database.read() as work:
        active = {one.source: one for one in listing.source_activity(work)}
        known = [(one, active.get(one.uri)) for one in store.list_sources(work)]
        changes = store.list_changes(work, LIMIT_MAX)
        names = _names(work, changes)
        before = {one.name for one, _ in known}
        secrets = {one.name: store.list_secrets(work, one.source_id) for one, _ in known}
        waiting = credential_store.open_drafts(work, LIMIT_MAX)
        issuers = names_of(
            work, [*_who_issued(secrets.values()), *(one.proposed_by for one in waiting)]
        )
        now = work.now
    me = view.principal.member_id if view.principal else None
    return view.render(
        "admin/sources.html",
        sources=known,
        waiting=[one for one in changes if one.state == "draft"],
        decided=[one for one in changes if one.state != "draft"][:20],
        names=names,
        before=before,
        me=None if me is None else format_id("mem", me),
        change_id=lambda change: format_id(CHANGE_PREFIX, change.change_id),
        signs=frozenset(WEBHOOK_PROFILES),
        secret=secret,
        secrets=secrets,
        credentials=waiting,
        credential_id=id_text,
        my_id=me,
        now=now,
        issuers=issuers,
        origin=view.request.app.state.parts.settings.origin,
    )


def _form(view: View, typed: Typed, error: VkladError | None = None) -> Response:
    field = "" if error is None else str(error.operands.get("field", "")).rpartition(".")[2]
    return view.render(
        "admin/source_new.html",
        status=200 if error is None else 422,
        typed=typed,
        problem=None if error is None else said(view, error),
        wrong=field,
        detail=None if error is None else error.message,
        profiles=PROFILES,
    )


def _names(work: Work, changes: list[SourceChange]) -> Names:
    """Names of those who proposed and decided; who came from the command line has none."""
    ids: set[UUID] = set()
    for text in {one.proposed_by for one in changes} | {one.decided_by for one in changes}:
        try:
            ids.add(parse_id("mem", text or ""))
        except BadId:
            continue
    return names_of(work, [each for each in ids if members.find_member(work, each)])


def _who_issued(secrets: Iterable[list[SecretSummary]]) -> Iterator[UUID | None]:
    for own in secrets:
        for each in own:
            yield each.issued_by
            yield each.approved_by


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
