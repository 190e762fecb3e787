"""A school's own words, colours and logo: exchanged everywhere, and refused when they cannot be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.branding import FORMS, LOGO_BYTES_MAX, BadBrand, Brand, catalogue_for, contrast, read_brand
from api.i18n.catalogue import load_catalogue
from api.settings import Settings

STARS = """\
sentences:
  en: {layout.brand: Star Club}
  ru: {layout.brand: Звёздный клуб}
point:
  en: {point: token of thanks, points: tokens of thanks}
  ru:
    {балл: жетон, балла: жетона, баллу: жетону, баллом: жетоном, балле: жетоне,
     баллы: жетоны, баллов: жетонов, баллам: жетонам, баллами: жетонами, баллах: жетонах}
accent: {light: "#7a2e8c", dark: "#e3a6f2"}
logo: logo.svg
"""


def brand(folder: Path, text: str = STARS) -> Brand:
    (folder / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    file = folder / "brand.yaml"
    file.write_text(text, "utf-8")
    return read_brand(file)


def test_the_word_is_exchanged_in_every_sentence_that_had_it(tmp_path: Path) -> None:
    brand(tmp_path)
    settings = Settings(brand_file=tmp_path / "brand.yaml")
    ours = load_catalogue()
    theirs = catalogue_for(settings, read_brand(tmp_path / "brand.yaml"))
    for language, left in (("en", r"\bpoints?\b"), ("ru", r"\bбалл(а|у|ом|е|ы|ов|ам|ами|ах)?\b")):
        assert theirs.messages[language].keys() == ours.messages[language].keys()
        for key, message in theirs.messages[language].items():
            for form in [message] if isinstance(message, str) else message.values():
                said = re.sub(r"\{\w+\}", "", form)
                assert not re.search(left, said, re.IGNORECASE), key
    counted = [theirs.text("ru", "member.points_count", count=count) for count in (1, 2, 5, 21)]
    assert counted == ["1 жетон", "2 жетона", "5 жетонов", "21 жетон"]
    assert theirs.text("en", "member.points_count", count=2) == "2 tokens of thanks"
    assert theirs.text("ru", "layout.brand") == "Звёздный клуб"


def test_a_capital_stays_one_and_other_words_stay(tmp_path: Path) -> None:
    own = brand(tmp_path)
    messages = {"a": "Баллы и балл, баллон", "b": {"one": "{points} балл", "other": "балла"}}
    said = own.say("ru", messages)
    assert said["a"] == "Жетоны и жетон, баллон"
    assert said["b"] == {"one": "{points} жетон", "other": "жетона"}
    assert own.say("en", {"c": "Points at {points}"})["c"] == "Tokens of thanks at {points}"


def test_our_sentences_use_no_form_that_is_not_asked_for() -> None:
    for language, stem in (("en", r"\bpoint\w*"), ("ru", r"\bбалл\w*")):
        used = set()
        for message in load_catalogue().messages[language].values():
            for form in [message] if isinstance(message, str) else message.values():
                bare = re.sub(r"\{\w+\}", "", form)
                used |= {each.lower() for each in re.findall(stem, bare, re.IGNORECASE)}
        assert used <= set(FORMS[language])


def test_colours_are_of_every_theme_and_readable(tmp_path: Path) -> None:
    css = brand(tmp_path).css
    assert "--accent: light-dark(#7a2e8c, #e3a6f2);" in css
    assert "--accent-ink: light-dark(#ffffff, #0b1a14);" in css


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.478), ("#ff0000", "#ffffff", 3.998)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    """21 by definition; the others are the criterion's often quoted near misses."""
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.001)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("point: {en: {point: star}}", "point.en is missing points"),
        ("point: {en: {point: a, points: b, pointed: c}}", "point.en knows no pointed"),
        ("point: {kk: {point: a}}", "only en and ru have sentences of ours"),
        ("sentences: {en: {layout.skip: x}}", "those that may be said: layout.brand"),
        ('accent: {light: "#ffcc00", dark: "#ffcc00"}', "take a darker colour"),
        ('accent: {light: "#222222", dark: "#222222"}', "take a lighter colour"),
        ("accent: {light: red, dark: red}", "accent.light: String should match"),
        ("logo: logo.gif", "is neither .svg nor .png"),
        ("logo: none.svg", "none.svg"),
        ("logo: large.png", f"at most {LOGO_BYTES_MAX}"),
        ("colour: red", "colour: Extra inputs"),
        ("point: [", "cannot be read"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "large.png").write_bytes(b"x" * (LOGO_BYTES_MAX + 1))
    with pytest.raises(BadBrand) as refused:
        brand(tmp_path, text)
    assert said in refused.value.message
    assert "brand.yaml" in refused.value.message


def test_none_changes_nothing() -> None:
    messages = load_catalogue().messages
    assert catalogue_for(Settings(), Brand()).messages == messages
