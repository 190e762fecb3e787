"""Text is readable on what it stands on: WCAG 2.2, 1.4.3 (4.5 to 1), in light and in dark."""

from __future__ import annotations

import re

import pytest

from api.pages.rendering import STATIC

PAIRS = (
    ("ink", "paper"),
    ("ink", "surface"),
    ("ink", "raised"),
    ("ink", "quiet-wash"),
    ("ink", "good-wash"),
    ("ink", "gold-wash"),
    ("ink", "bad-wash"),
    ("ink", "info-wash"),
    ("ink-soft", "paper"),
    ("ink-soft", "surface"),
    ("ink-soft", "raised"),
    ("ink-soft", "quiet-wash"),
    ("accent", "paper"),
    ("accent", "surface"),
    ("accent", "raised"),
    ("accent-strong", "accent-wash"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
    ("gold", "surface"),
    ("gold", "gold-wash"),
    ("good", "surface"),
    ("good", "good-wash"),
    ("bad", "surface"),
    ("bad", "bad-wash"),
    ("info", "info-wash"),
)


def _tokens(mode: int) -> dict[str, str]:
    css = (STATIC / "app.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {name: modes[mode] for name, *modes in found}


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_readable_on_its_ground(text: str, ground: str, mode: int) -> None:
    tokens = _tokens(mode)
    light, dark = sorted((_luminance(tokens[text]), _luminance(tokens[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
