"""Which handler serves each outbox topic: a literal registry.

A handler is called with one key. It opens its own transaction, calls ``outbox.take`` in it, and
does the work there; nothing taken means another worker has the key. It may be called again for the
same row after a crash, so its effect must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from api.composition import Composition
from api.tasks import governance, grants, imports, log, oracle, scoring
from governance.ballots.service import INTENTS_TOPIC
from ledger.grants.imports.model import IMPORT_TOPIC
from ledger.grants.taking_back.model import TAKE_BACK_TOPIC
from ledger.members.model import LINKED_TOPIC, SCORE_TOPIC
from ledger.preview.service import PREVIEW_TOPIC
from ledger.programme.service import ACTIVATED_TOPIC
from oracle.anchors.service import TOPIC as ANCHORS_TOPIC
from oracle.bridge.commands import TOPIC as BRIDGE_TOPIC

Handler = Callable[[Composition, str], None]

TOPICS: Final[Mapping[str, Handler]] = {
    SCORE_TOPIC: scoring.score,
    ACTIVATED_TOPIC: scoring.score_everybody,
    PREVIEW_TOPIC: scoring.preview,
    IMPORT_TOPIC: imports.carry_out,
    LINKED_TOPIC: imports.credit_linked,
    TAKE_BACK_TOPIC: grants.take_back,
    BRIDGE_TOPIC: oracle.on_bridge_intent,
    INTENTS_TOPIC: governance.on_intent,
    ANCHORS_TOPIC: log.on_intent,
}
