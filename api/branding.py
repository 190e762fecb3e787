"""What a school makes its own: the site's name, what a point is called, colours and a logo.

One YAML file, named by ``VKLAD_BRAND_FILE`` and read when a process starts. Words are exchanged in
every sentence of the catalogues, so no sentence has to be written again. The token keeps the name
it has on chain, where wallets read it.

Contrast is that of WCAG 2.2 (relative luminance, success criterion 1.4.3): text in the accent and
text on it reach 4.5 to 1, light and dark.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.i18n.catalogue import (
    Catalogue,
    Language,
    Message,
    OnMissing,
    load_catalogue,
    refuse_missing,
)
from api.settings import Settings
from ledger.kernel.errors import ErrorKind, VkladError

FORMS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("point", "points"),
    "ru": (
        "балл",
        "балла",
        "баллу",
        "баллом",
        "балле",
        "баллы",
        "баллов",
        "баллам",
        "баллами",
        "баллах",
    ),
}
"""The forms of *point* that our sentences use, each of which a school's own word needs."""
NAMES: Final = ("layout.brand", "calendar.name", "welcome.title", "session.sign_in_page.title")
"""The sentences that say the site's name; a school may say each anew."""
CONTRAST_MIN: Final = 4.5
LOGO_BYTES_MAX: Final = 32 * 1024
_LOGO_TYPES: Final = {".svg": "image/svg+xml", ".png": "image/png"}
_PAPERS: Final = {"light": ("#f6f4ee", "#fffefb"), "dark": ("#111412", "#191d1a")}
"""``--paper`` and ``--surface`` of app.css."""
_INKS: Final = ("#ffffff", "#0b1a14")


class BadBrand(VkladError):
    """The brand's file cannot be used."""

    code = "brand_malformed"
    kind = ErrorKind.INVALID


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Accent(_Strict):
    """The one colour of buttons and links, for light and for dark pages."""

    light: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    dark: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")


class BrandFile(_Strict):
    """The file as it is written."""

    sentences: dict[Language, dict[str, str]] = Field(default_factory=dict)
    point: dict[Language, dict[str, str]] = Field(default_factory=dict)
    accent: Accent | None = None
    logo: str | None = None


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture, and what browsers are told it is."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """Names this content in addresses."""
        return hashlib.sha256(self.content).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Brand:
    """What a school made its own; nothing of it, and pages are ours."""

    sentences: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)
    point: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)
    css: str = ""
    logo: Logo | None = None

    @property
    def css_digest(self) -> str:
        """Names this style in addresses; empty if there is none."""
        return hashlib.sha256(self.css.encode()).hexdigest()[:16] if self.css else ""

    def say(self, language: Language, messages: Mapping[str, Message]) -> Mapping[str, Message]:
        """The sentences of a language in the school's words; names of operands stay."""
        changed = dict(messages)
        words = self.point.get(language, {})
        if words:
            longest_first = "|".join(sorted(words, key=len, reverse=True))
            wanted = re.compile(rf"(?<!\{{)\b({longest_first})\b", re.IGNORECASE)
            changed = {key: _exchanged(each, wanted, words) for key, each in messages.items()}
        return {**changed, **self.sentences.get(language, {})}


def read_brand(path: Path) -> Brand:
    """The brand of a file; a logo is looked for beside it.

    Raises:
        BadBrand: says what is wrong and what would be right.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        file = BrandFile.model_validate(content or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadBrand(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        raise BadBrand(f"{path}: {_first_of(error)}") from None
    for language, words in file.point.items():
        _require_forms(path, language, words)
    for language, sentences in file.sentences.items():
        for key in sentences.keys() - set(NAMES):
            known = ", ".join(NAMES)
            raise BadBrand(f"{path}: sentences.{language}.{key}: those that may be said: {known}.")
    css = "" if file.accent is None else _css(path, file.accent)
    logo = None if file.logo is None else _logo(path, path.parent / file.logo)
    return Brand(file.sentences, file.point, css, logo)


def brand_of(settings: Settings) -> Brand:
    """The brand that the settings name, else none.

    Raises:
        BadBrand: see :func:`read_brand`.
    """
    return Brand() if settings.brand_file is None else read_brand(settings.brand_file)


def catalogue_for(
    settings: Settings, brand: Brand, on_missing: OnMissing = refuse_missing
) -> Catalogue:
    """Every language of an installation, in the school's words."""
    ours = load_catalogue(on_missing, settings.languages_folder)
    messages = {each: brand.say(each, ours.messages[each]) for each in ours.languages}
    return Catalogue(messages, on_missing)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours ``#rrggbb``, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _css(path: Path, accent: Accent) -> str:
    inks = {}
    for theme, colour in (("light", accent.light), ("dark", accent.dark)):
        worst = min(contrast(colour, paper) for paper in _PAPERS[theme])
        if worst < CONTRAST_MIN:
            way = "darker" if theme == "light" else "lighter"
            raise BadBrand(
                f"{path}: accent.{theme}: {colour} on our {theme} pages has a contrast of "
                f"{worst:.2f} to 1, and text needs {CONTRAST_MIN}; take a {way} colour."
            )
        inks[theme] = max(_INKS, key=lambda ink: contrast(ink, colour))
    return (
        ":root {\n"
        f"  --accent: light-dark({accent.light}, {accent.dark});\n"
        f"  --deep: light-dark({accent.light}, color-mix(in oklab, {accent.light} 62%, #000));\n"
        "  --deep-end: color-mix(in oklab, var(--deep) 72%, #001020);\n"
        "  --accent-strong: color-mix(in oklab, var(--accent) 78%, light-dark(#000, #fff));\n"
        f"  --accent-ink: light-dark({inks['light']}, {inks['dark']});\n"
        "  --accent-wash: color-mix(in oklab, var(--accent) 12%, var(--surface));\n"
        "}\n"
    )


def _logo(path: Path, file: Path) -> Logo:
    media_type = _LOGO_TYPES.get(file.suffix.lower())
    if media_type is None:
        raise BadBrand(f"{path}: logo: {file.name} is neither .svg nor .png.")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadBrand(f"{path}: logo: {error}") from None
    if len(content) > LOGO_BYTES_MAX:
        raise BadBrand(
            f"{path}: logo: {file.name} has {len(content)} bytes; pages stay small with at most "
            f"{LOGO_BYTES_MAX}."
        )
    return Logo(content, media_type)


def _require_forms(path: Path, language: Language, words: Mapping[str, str]) -> None:
    forms = FORMS.get(language)
    if forms is None:
        raise BadBrand(
            f"{path}: point.{language}: only {' and '.join(FORMS)} have sentences of ours; "
            "a catalogue of your own says its word itself."
        )
    missing = [form for form in forms if not words.get(form, "").strip()]
    unknown = sorted(words.keys() - set(forms))
    if missing or unknown:
        told = f"is missing {', '.join(missing)}" if missing else f"knows no {', '.join(unknown)}"
        raise BadBrand(
            f"{path}: point.{language} {told}; each of these forms has yours beside it: "
            f"{', '.join(forms)}."
        )


def _exchanged(message: Message, wanted: re.Pattern[str], words: Mapping[str, str]) -> Message:
    def other(match: re.Match[str]) -> str:
        new = words[match[0].lower()]
        return new[:1].upper() + new[1:] if match[0][:1].isupper() else new

    if isinstance(message, str):
        return wanted.sub(other, message)
    return {form: wanted.sub(other, each) for form, each in message.items()}


def _first_of(error: ValidationError) -> str:
    told: Any = error.errors()[0]
    where = ".".join(str(part) for part in told["loc"]) or "the file"
    return f"{where}: {told['msg']}. Right is: point: {{en: {{point: star, points: stars}}}}"
