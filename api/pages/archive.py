"""The archive of everything that is a member's: what is in it, and the file."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from api.archive.service import ALONE, SECTIONS, write_archive
from api.http.principal import CurrentMember, limit_archives
from api.http.routes.erasure import CompositionHere
from api.pages.rendering import ViewHere

router: Final = APIRouter(prefix="/archive", include_in_schema=False)


@router.get("")
def page(view: ViewHere, _: CurrentMember) -> Response:
    """What the archive holds and how it is read."""
    return view.render("member/archive.html", sections=[*ALONE, *SECTIONS])


@router.get("/vklad-archive.zip")
def file(view: ViewHere, member_id: CurrentMember, composition: CompositionHere) -> FileResponse:
    """The archive in the reader's language, made now and sent from disk."""
    limit_archives(view.request, member_id)
    with ExitStack() as undone:
        folder = Path(tempfile.mkdtemp(prefix="vklad-archive-"))
        undone.callback(shutil.rmtree, folder, ignore_errors=True)
        place = folder / "vklad-archive.zip"
        write_archive(composition, view, member_id, place)
        undone.pop_all()
    return FileResponse(
        place,
        media_type="application/zip",
        filename=place.name,
        headers={"Cache-Control": "no-store", "Content-Language": view.language},
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )
