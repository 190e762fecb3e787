"""A member's own record in its batch, so that the chain's committed hash can be checked by them.

The chain holds one hash over all records of a batch, so the whole batch is shown with the own one:
other members' wallets among it become public as soon as the batch is executed, and before that only
who is in the same batch is shown them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.kernel.transaction import Work
from oracle.bridge import store
from oracle.bridge.errors import UnknownRequest
from oracle.bridge.model import RECORD_BYTES, Batch, Request, pack_records
from oracle.bridge.service import find_request

FORMAT: Final = "vklad.batch-record.v1"


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """One record and its batch; ``index`` counts from 0."""

    request: Request
    batch: Batch
    index: int

    @property
    def record(self) -> bytes:
        """The 26 bytes that are about this request."""
        return self.batch.records[RECORD_BYTES * self.index : RECORD_BYTES * (self.index + 1)]


def own_record(work: Work, member_id: UUID, request_id: UUID) -> OwnRecord:
    """The record of a member's own request.

    Raises:
        UnknownRequest: there is none of this member's, or it is in no batch, or forgotten.
    """
    request = find_request(work, member_id, request_id).request
    batch = store.find_batch(work, request.batch_id) if request.batch_id else None
    if batch is not None:
        together = [each.request_id for each in store.requests_of_batch(work, batch.batch_id)]
        found = OwnRecord(request, batch, together.index(request_id))
        if found.record == pack_records([(request.wallet, request.points)]):
            return found
    raise UnknownRequest("This request is in no batch now.", request_id=str(request_id))
