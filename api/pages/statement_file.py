"""A statement as a PDF that can be read aloud: tagged (PDF/UA-1), with its title and language.

``statement.typ`` sets it. What it says comes in as JSON beside it, so no word of a member's is ever
read as markup. Only the fonts inside the library are used, and the compiler's root is an empty
folder, so a statement looks the same on every machine and reads nothing of any.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.pages.rendering import View

if TYPE_CHECKING:
    from typst import Fonts

    from api.pages.statement import ShownStatement

_SOURCE: Final = Path(__file__).with_name("statement.typ")
_WORDS: Final = (
    "title",
    "sums.title",
    "sums.of",
    "sums.hint",
    "moves.title",
    "moves.nothing",
    "moves.day",
    "moves.of",
    "pending.title",
    "pending.nothing",
    "expiring.title",
    "expiring.nothing",
    "hours.title",
    "hours.hint",
    "streak.title",
    "trimmed.title",
    "trimmed.nothing",
)


def statement_pdf(view: View, shown: ShownStatement, made_at: datetime) -> bytes:
    """The file. The same statement made at the same moment is the same bytes."""
    import typst  # noqa: PLC0415 - 80 MB that only who makes a file needs

    told: dict[str, Any] = {
        **asdict(shown),
        "language": view.language,
        "words": {name: view.catalogue.text(view.language, f"statement.{name}") for name in _WORDS},
    }
    with tempfile.TemporaryDirectory(prefix="vklad-statement-") as nothing:
        compiler = typst.Compiler(
            input=_SOURCE.read_bytes(),
            root=nothing,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"statement": json.dumps(told)},
        )
        made = compiler.compile(
            format="pdf", pdf_standards="ua-1", timestamp=int(made_at.timestamp())
        )
    assert isinstance(made, bytes), "one file in memory"
    return made


@cache
def _fonts() -> Fonts:
    """Those inside the library; they have Cyrillic."""
    import typst  # noqa: PLC0415 - as above

    return typst.Fonts(include_system_fonts=False)
