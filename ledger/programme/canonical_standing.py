"""The canonical form of ``standing``, ``levels`` and ``voice``.

In the form of a programme only where a file states them: older files keep their hashes.
"""

from __future__ import annotations

from ledger.kernel.canonical import Json
from ledger.programme.model import Programme
from ledger.programme.model_standing import Levels
from ledger.programme.numbers import exact_text


def standing_form(programme: Programme) -> dict[str, Json]:
    """The three sections, as far as the programme states them."""
    form: dict[str, Json] = {}
    if programme.standing is not None:
        form["standing"] = {"categories": list(programme.standing.categories)}
    if programme.levels is not None:
        form["levels"] = _levels_form(programme.levels)
    voice = programme.voice
    if voice is not None:
        form["voice"] = {
            "categories": list(voice.categories),
            "per_month": voice.per_month,
            "decay": exact_text(voice.decay),
            "rounding": voice.rounding.value,
        }
    return form


def _levels_form(stated: Levels) -> Json:
    if stated.expression is not None:
        return {"threshold": stated.expression.text, "count": len(stated.steps)}
    return [
        {
            "id": step.level_id,
            "from": step.points,
            "title": None if step.title is None else {"en": step.title.en, "ru": step.title.ru},
        }
        for step in stated.steps
    ]
