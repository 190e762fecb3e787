"""What is wrong with a line of a file, in both languages. Pure.

Texts quote nothing that could run elsewhere: cells are shortened, printable and in quotes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ledger.kernel.errors import Operand

Language = Literal["en", "ru"]
FAULTS_MAX: Final = 100
"""Told at once; a file with more is read no further."""
_SHOWN_MAX: Final = 32

SENTENCES: Final[dict[str, dict[Language, str]]] = {
    "is_archive": {
        "en": "this is a packed file (zip, gzip or a spreadsheet); save it as CSV",
        "ru": "это упакованный файл (zip, gzip или таблица); сохраните его как CSV",
    },
    "not_utf8": {"en": "is not UTF-8", "ru": "не в кодировке UTF-8"},
    "has_nul": {"en": "has a zero byte", "ru": "содержит нулевой байт"},
    "not_csv": {"en": "is no CSV: {cell}", "ru": "это не CSV: {cell}"},
    "too_large": {"en": "the file is larger than {cell} bytes", "ru": "файл больше {cell} байт"},
    "too_many_lines": {
        "en": "a file has at most {cell} lines",
        "ru": "в файле не больше {cell} строк",
    },
    "no_lines": {"en": "the file has no lines", "ru": "в файле нет строк"},
    "unknown_column": {
        "en": "there is no column {cell}",
        "ru": "столбца {cell} не существует",
    },
    "column_twice": {"en": "the column {cell} stands twice", "ru": "столбец {cell} указан дважды"},
    "column_missing": {"en": "the column {cell} is missing", "ru": "нет столбца {cell}"},
    "columns": {
        "en": "has {cell} cells than the header has columns",
        "ru": "ячеек не столько, сколько столбцов в заголовке: {cell}",
    },
    "who": {
        "en": "name either a member, or provider, issuer and subject",
        "ru": "укажите либо member, либо provider, issuer и subject",
    },
    "member": {"en": "{cell} is no member's id", "ru": "{cell} — не номер участника"},
    "identity": {
        "en": "{cell} is no identity: a provider of 1 to 32 visible characters, issuer, subject",
        "ru": "{cell} — не учётная запись: provider до 32 видимых знаков, issuer и subject",
    },
    "mail": {
        "en": "an identity is never an e-mail address",
        "ru": "учётная запись — никогда не адрес почты",
    },
    "points": {
        "en": "{cell} is no whole number of points from 1 to 10000000",
        "ru": "{cell} — не целое число баллов от 1 до 10000000",
    },
    "date": {
        "en": "{cell} is no date as 2026-03-31",
        "ru": "{cell} — не дата вида 2026-03-31",
    },
    "granted_ahead": {
        "en": "{cell} is in the future; granted_on says when the old system gave it",
        "ru": "{cell} ещё не наступило; granted_on — когда дала прежняя система",
    },
    "expired": {
        "en": "{cell} has passed already: the points would expire before they can be used",
        "ru": "{cell} уже прошло: баллы сгорят раньше, чем ими можно воспользоваться",
    },
    "dead": {
        "en": "the points would expire by {cell}, before they can be used",
        "ru": "баллы сгорят к {cell}, раньше, чем ими можно воспользоваться",
    },
    "text": {
        "en": "{cell} is too long or has characters that cannot be seen",
        "ru": "{cell} слишком длинно или содержит невидимые знаки",
    },
    "formula": {
        "en": "{cell} begins as a formula of a spreadsheet does",
        "ru": "{cell} начинается как формула таблицы",
    },
    "twice": {
        "en": "is the same person and reference as line {cell}; give each a reference of its own",
        "ru": "тот же человек и reference, что в строке {cell}; дайте каждой свой reference",
    },
    "before": {
        "en": "was brought along before: {cell}",
        "ru": "уже перенесено раньше: {cell}",
    },
    "not_active": {
        "en": "{cell} is no active member",
        "ru": "{cell} — не действующий участник",
    },
    "oneself": {
        "en": "is yourself: nobody brings their own balance along",
        "ru": "это вы сами: свой остаток не переносят",
    },
    "reason": {
        "en": "the reason has 1 to 500 characters",
        "ru": "в причине от 1 до 500 знаков",
    },
}
"""Kind of fault → sentence in each language; a test provokes each."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; ``line`` counts from 1, the header; 0 is the whole file."""

    line: int
    kind: str
    cell: str = ""

    def text(self, language: Language) -> str:
        """A sentence without its full stop."""
        sentence = SENTENCES[self.kind][language].format(cell=self.cell)
        if not self.line:
            return sentence
        return f"{'line' if language == 'en' else 'строка'} {self.line}: {sentence}"

    def to_json(self) -> dict[str, Operand]:
        """As it is told over HTTP."""
        return {
            "line": self.line,
            "kind": self.kind,
            "en": self.text("en"),
            "ru": self.text("ru"),
        }


def shown(cell: str) -> str:
    """A cell as sentences quote it."""
    visible = "".join(letter if letter.isprintable() else "?" for letter in cell[:_SHOWN_MAX])
    return f"“{visible}{'…' if len(cell) > _SHOWN_MAX else ''}”"
