"""What an entry of a member's history was for, where a project or a good says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.pages.rendering import View
from governance.goods import store as goods
from governance.goods.model import Good
from governance.projects import store as projects
from governance.projects.model import PREFIX, Project
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.lots.history import HistoryEntry


@dataclass(frozen=True, slots=True)
class About:
    """Where to look, what it is called, and how an amount came about (empty: it says itself)."""

    path: str
    title: str
    words: str = ""


def abouts(view: View, work: Work, entries: Sequence[HistoryEntry]) -> dict[UUID, About]:
    """Entry → what it was for; only those that a project or a good stands behind."""
    stated = {each.entry_id: _why(each) for each in entries}
    wanted = {UUID(why["project"]) for why in stated.values() if "project" in why}
    known = {each: projects.find(work, each) for each in wanted}
    named = any("good" in why for why in stated.values())
    on_shelf = goods.list_goods(work, offered_only=False) if named else []
    shelf = {good.good_id: good for good in on_shelf}
    found = {}
    for entry_id, why in stated.items():
        if "project" in why:
            found[entry_id] = _of_project(view, why, known[UUID(why["project"])])
        elif "good" in why:
            found[entry_id] = _of_good(view, why, shelf.get(UUID(why["good"])))
    return found


def _why(entry: HistoryEntry) -> dict[str, Any]:
    cause = entry.cause if isinstance(entry.cause, dict) else {}
    why = cause.get("why")
    return why if isinstance(why, dict) else {}


def _of_project(view: View, why: dict[str, Any], project: Project | None) -> About:
    text = view.catalogue.text
    words = None if project is None else project.words
    title = text(view.language, "projects.forgotten") if words is None else words.title
    path = f"/projects/{format_id(PREFIX, UUID(why['project']))}"
    if "weights" in why:
        weights, number = why["weights"], why["share"]
        receipt = text(
            view.language,
            "projects.receipt",
            reward=why["reward"],
            part=weights[number - 1],
            whole=sum(weights),
        )
        return About(path, title, receipt)
    if "because" in why:
        return About(path, title, text(view.language, f"projects.because.{why['because']}"))
    return About(path, title)


def _of_good(view: View, why: dict[str, Any], good: Good | None) -> About:
    names = {} if good is None else {"en": good.terms.name_en, "ru": good.terms.name_ru}
    receipt = view.catalogue.text(
        view.language, "goods.receipt", quantity=why["quantity"], price=why["price"]
    )
    return About("/goods", names.get(view.written, ""), receipt)
