"""``/v1/audit``: exports for the auditor, whose role may read and nothing else."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from api.audit.model import parse_period
from api.audit.service import export
from api.auth.model import Principal, Role
from api.http.principal import require_role
from api.http.problems import responses
from api.http.routes.erasure import CompositionHere
from api.log_keys import open_log_signer

router: Final = APIRouter(prefix="/v1/audit", tags=["audit"])

Auditor = Annotated[Principal, Depends(require_role(Role.AUDITOR, Role.ADMIN))]


@router.get("/export", response_class=FileResponse, responses=responses(401, 403, 409, 422, 503))
def audit_export(
    _: Auditor,
    composition: CompositionHere,
    period: Annotated[str, Query(max_length=32, examples=["2026-03", "2026-Q1"])],
) -> FileResponse:
    """The journal, privileged acts, heads and keys of a period, signed: a zip to check offline."""
    wanted = parse_period(period)
    signer = open_log_signer(composition.state)
    with ExitStack() as undone:
        folder = Path(tempfile.mkdtemp(prefix="vklad-audit-"))
        undone.callback(shutil.rmtree, folder, ignore_errors=True)
        place = export(composition.database, signer, wanted, folder / f"vklad-audit-{period}.zip")
        undone.pop_all()
    forget = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(place, media_type="application/zip", filename=place.name, background=forget)
