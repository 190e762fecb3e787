"""What the HTTP layer is handed, and how a route gets at it.

The composition root builds one object that has these attributes (and many more); routes of a room
ask for what they need of it through a ``Protocol`` of their own or through ``api.composition``.
"""

from __future__ import annotations

from typing import Annotated, Final, Protocol, cast

from fastapi import Depends, Request

from api.i18n.catalogue import Catalogue, Language
from api.i18n.negotiation import negotiate
from api.settings import Settings
from ledger.kernel.transaction import Database

LANGUAGE_COOKIE: Final = "vklad_language"


class Parts(Protocol):
    """What every application needs."""

    @property
    def database(self) -> Database:
        """The door to the database."""
        ...

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        ...

    @property
    def secret(self) -> bytes:
        """At least 32 bytes; signs cursors and short-lived cookies."""
        ...


def parts_of(request: Request) -> Parts:
    """The parts this application was created with."""
    return cast("Parts", request.app.state.parts)


def catalogue_of(request: Request) -> Catalogue:
    """The sentences this application speaks."""
    return cast("Catalogue", request.app.state.catalogue)


def language_of_request(request: Request) -> Language:
    """The language chosen on the page (cookie), else the best of ``Accept-Language``."""
    chosen = [request.cookies.get(LANGUAGE_COOKIE)]
    return negotiate(
        request.headers.get("accept-language"), catalogue_of(request).languages, chosen
    )


def _database_of(request: Request) -> Database:
    return parts_of(request).database


PartsHere = Annotated[Parts, Depends(parts_of)]
DatabaseHere = Annotated[Database, Depends(_database_of)]
LanguageHere = Annotated[Language, Depends(language_of_request)]
