"""``standing``, ``levels`` and ``voice``: from the file to frozen values."""

from __future__ import annotations

from ledger.programme.check_standing import threshold_at
from ledger.programme.fields import TextFile
from ledger.programme.model import Text
from ledger.programme.model_standing import Level, Levels, StandingTerms, VoiceTerms
from ledger.programme.schema_standing import LevelsFile, StandingFile, VoiceFile


def standing_terms(file: StandingFile | None) -> StandingTerms | None:
    """The section ``standing``."""
    return None if file is None else StandingTerms(tuple(sorted(file.categories)))


def levels(file: LevelsFile | None) -> Levels | None:
    """The section ``levels``, thresholds worked out."""
    if file is None:
        return None
    if file.threshold is None:
        return Levels(tuple(Level(each.id, each.points, _text(each.title)) for each in file.steps))
    expression = file.threshold
    return Levels(
        tuple(
            Level(str(number), threshold_at(expression, number), None)
            for number in range(1, (file.count or 0) + 1)
        ),
        expression,
    )


def voice_terms(file: VoiceFile | None) -> VoiceTerms | None:
    """The section ``voice``."""
    if file is None:
        return None
    categories = tuple(sorted(file.categories))
    return VoiceTerms(categories, file.per_month, file.decay / 100, file.rounding)


def _text(file: TextFile | None) -> Text | None:
    return None if file is None else Text(file.en, file.ru)
