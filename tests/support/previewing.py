"""A finished preview of a stored version, as an administrator has it worked out."""

from __future__ import annotations

from uuid import UUID

from ledger.kernel.transaction import Database, Work, execute
from ledger.preview import service, store
from ledger.preview.store import StoredPreview


def previewed(
    database: Database, programme_hash: bytes, by: UUID, mode: str = "forward"
) -> StoredPreview:
    """Worked out over all of history."""

    def ask(work: Work, _: None) -> UUID:
        preview_id = work.ids.new(work.now)
        asked = StoredPreview(
            preview_id=preview_id,
            programme_hash=programme_hash,
            effective_at=None,
            mode=mode,
            requested_by=by,
            requested_at=work.now,
            members_done=0,
            members_in_all=0,
            finished_at=None,
            result=None,
            digest=None,
            failure=None,
        )
        store.insert(work, asked)
        return preview_id

    preview_id = execute(database, ask, None)
    service.work_out(database, preview_id)
    with database.read() as work:
        return service.require_preview(work, preview_id)
