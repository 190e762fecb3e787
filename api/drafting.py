"""From what a member filled in to a draft: the same when it is asked for and when it is signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.composition import Composition
from api.governing import Governing
from governance.mandates.model import BudgetOrder, Order, SpendingOrder
from governance.projects import lookup as projects
from governance.projects import model as project_model
from governance.proposals import drafts, reading
from governance.proposals.drafts import Impact, ProgrammeChange, Wording
from governance.proposals.model import Draft, KeyRole, ProposalNotPreviewed, ProposalRefused
from ledger.grants.budgets import service as budgets
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import TOKEN_UNITS_PER_POINT, TokenUnits
from ledger.preview import store as previews
from ledger.preview.service import PREVIEW_PREFIX
from ledger.programme import service as programmes
from oracle.bindings.points_bridge import Limits
from oracle.chain.port import BlockHeader
from oracle.contracts.abi import Address, address

COUNTS: Final = "forward"
"""How a version that is voted in counts; a preview for the vote is of the same."""
BUDGET_PREFIX: Final = "bud"
WHOLE_MAX: Final = 2**63 - 1
ADDRESS_PATTERN: Final = r"^0x[0-9a-fA-F]{40}$"
HASH_PATTERN: Final = r"^0x[0-9a-f]{64}$"
Value = TypeVar("Value")
Whole = Annotated[int, Field(gt=0, le=WHOLE_MAX)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LimitsBody(_Strict):
    """What the bridge is to let through, in points."""

    capacity_points: Whole
    refill_points_per_day: Whole
    growth_points_max: Whole


class TokensBody(_Strict):
    """Tokens of the members' timelock for an address; whole tokens."""

    to: Annotated[str, Field(pattern=ADDRESS_PATTERN)]
    tokens: Whole


class RoleKeyBody(_Strict):
    """A role of the service's, and whose key it is to be."""

    role: KeyRole
    account: Annotated[str, Field(pattern=ADDRESS_PATTERN)]


class DraftBody(_Strict):
    """What to propose. Beside the words, each kind wants the fields that bear its name.

    ``programme``: ``programme`` (hash), ``effective_at``, and ``preview`` (id), whose figures stand
    in the text; unless stated, the newest. ``spending``: ``project`` (id), whose budget is to be
    given. ``budget``: the id of one that an admin has asked for. ``guardian``: whose account guards
    from then on. ``key``: a role of the service's and the account that has it from then on.
    """

    kind: Literal[
        "programme",
        "limits",
        "spending",
        "tokens",
        "budget",
        "text",
        "guardian",
        "unpause",
        "key",
    ]
    title: str
    body: str = ""
    programme: Annotated[str, Field(pattern=HASH_PATTERN)] | None = None
    effective_at: AwareDatetime | None = None
    preview: str | None = None
    limits: LimitsBody | None = None
    project: str | None = None
    tokens: TokensBody | None = None
    budget: str | None = None
    guardian: Annotated[str, Field(pattern=ADDRESS_PATTERN)] | None = None
    key: RoleKeyBody | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft with the document of its order, if it has one."""

    draft: Draft
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Drafting:
    """Who drafts what, read at one block."""

    composition: Composition
    governing: Governing
    wallet: Address
    head: BlockHeader

    def of(self, body: DraftBody, replaces: bytes) -> Drafted:
        """The draft.

        Raises:
            ProposalRefused: a field of the kind is missing, or nothing would change.
            UnknownProject, ProjectStateDiffers: there is no such project that waits for a budget.
        """
        wording = Wording(body.title, body.body, self.wallet)
        order: Order
        contracts = self.governing.contracts
        match body.kind:
            case "text":
                return Drafted(drafts.text_draft(wording, contracts.mandates))
            case "programme":
                return Drafted(self._programme(wording, body, replaces))
            case "limits":
                return Drafted(self._limits(wording, body))
            case "tokens":
                wanted = _wanted(body.tokens, "tokens")
                amount = TokenUnits(wanted.tokens * TOKEN_UNITS_PER_POINT)
                to = address(wanted.to)
                return Drafted(drafts.tokens_draft(wording, contracts.token, to, amount))
            case "guardian" | "unpause" | "key":
                return Drafted(self._of_roles(wording, body))
            case "spending":
                order = self._spending(_wanted(body.project, "project"))
            case "budget":
                order = self._budget(_wanted(body.budget, "budget"))
        return Drafted(drafts.order_draft(wording, contracts.mandates, order), order)

    def preview_of(self, body: DraftBody) -> str | None:
        """The preview whose figures go into the text: the one stated, else the newest there is."""
        if body.kind != "programme" or body.programme is None or body.preview is not None:
            return body.preview
        with self.composition.database.read() as work:
            found = previews.newest_of(work, bytes.fromhex(body.programme[2:]), COUNTS)
        return None if found is None else format_id(PREVIEW_PREFIX, found.preview_id)

    def _programme(self, wording: Wording, body: DraftBody, replaces: bytes) -> Draft:
        programme = bytes.fromhex(_wanted(body.programme, "programme")[2:])
        effective_at = _wanted(body.effective_at, "effective_at").replace(microsecond=0)
        if body.preview is None:
            raise ProposalNotPreviewed(
                "Nobody has had it worked out yet what this version would do. An administrator "
                f"asks for that: a preview of mode {COUNTS}."
            )
        with self.composition.database.read() as work:
            impact = _impact(work, parse_id(PREVIEW_PREFIX, body.preview), programme)
        change = ProgrammeChange(programme, replaces, effective_at, impact)
        return drafts.programme_draft(wording, self.governing.contracts.registry, change)

    def _limits(self, wording: Wording, body: DraftBody) -> Draft:
        limits = _wanted(body.limits, "limits")
        bridge = self._address("PointsBridge")
        present = reading.bridge_limits(self.governing.chain, bridge, self.head)
        wanted = Limits(
            limits.capacity_points, limits.refill_points_per_day, limits.growth_points_max
        )
        return drafts.limits_draft(wording, bridge, present, wanted)

    def _of_roles(self, wording: Wording, body: DraftBody) -> Draft:
        bridge = self._address("PointsBridge")
        chain = self.governing.chain
        if body.kind == "unpause":
            paused = reading.bridge_paused(chain, bridge, self.head)
            return drafts.unpause_draft(wording, bridge, paused=paused)
        if body.kind == "key":
            holders = reading.key_holders(chain, bridge, self._address("Anchors"), self.head)
            key = _wanted(body.key, "key")
            return drafts.key_draft(wording, holders, key.role, address(key.account))
        guards = reading.guards(chain, self.governing.contracts, bridge, self.head)
        wanted = address(_wanted(body.guardian, "guardian"))
        return drafts.guardian_draft(wording, guards, wanted)

    def _address(self, contract: str) -> Address:
        return self.governing.parts.deployment.address(contract)

    def _spending(self, stated: str) -> SpendingOrder:
        project_id = parse_id(project_model.PREFIX, stated)
        with self.composition.database.read() as work:
            project = projects.proposed(work, project_id)
        return SpendingOrder(
            project.pool, project.budget, project.project_id, project.content_digest
        )

    def _budget(self, stated: str) -> BudgetOrder:
        budget_id = parse_id(BUDGET_PREFIX, stated)
        with self.composition.database.read() as work:
            asked = budgets.find(work, budget_id)
        return BudgetOrder(asked.amount, asked.budget_id, asked.content_digest)


def _impact(work: Work, preview_id: UUID, programme: bytes) -> Impact:
    found = previews.find(work, preview_id)
    digest = result = None
    if found is not None and found.programme_hash == programme:
        digest, result = found.digest, found.result
    if found is None or digest is None or result is None:
        raise ProposalNotPreviewed("This is no finished preview of the version that is proposed.")
    if found.mode != COUNTS:
        raise ProposalNotPreviewed(
            f"What is voted on counts {COUNTS} only; this preview is of a {found.mode}."
        )
    preview = json.loads(result)
    if preview["question"]["in_force"] != _in_force(work):
        raise ProposalNotPreviewed(
            "This preview compares with rules that are not in force any more. Have it made again."
        )
    totals = preview["totals"]
    return Impact(
        digest,
        totals["members"],
        totals["before"],
        totals["after"],
        totals["gain"],
        totals["lose"],
    )


def _in_force(work: Work) -> str | None:
    try:
        return programmes.in_force(work, work.now).programme.hash_text
    except programmes.NoProgrammeInForce:
        return None


def _wanted(value: Value | None, field: str) -> Value:
    if value is None:
        raise ProposalRefused(f"A proposal of this kind needs {field}.", field=field)
    return value
