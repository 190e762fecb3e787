"""Calendar, figures and notices of votes in the real installation, each in both languages."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Welcome

SUBJECTS = {"ru": "p14", "en": "p15"}
PLACES = {"ru": "Asia/Yekaterinburg", "en": "Europe/London"}


@pytest.mark.parametrize("language", ["ru", "en"])
def test_votes_as_a_whole(welcome: Welcome, language: str) -> None:
    visitor = welcome(language)
    listed = visitor.installation.get("/v1/proposals")["data"]
    visitor.names |= {each["title"] for each in listed}
    visitor.names |= {each["title"] for each in visitor.installation.get("/v1/polls")["data"]}
    visitor.context.new_cdp_session(visitor.page).send(
        "Emulation.setTimezoneOverride", {"timezoneId": PLACES[language]}
    )
    visitor.open("/calendar")
    visitor.reads("calendar.subscribe.title")
    visitor.page.wait_for_selector(f'[data-zone="{PLACES[language]}"]')
    visitor.look()
    visitor.follow("calendar.after")
    visitor.follow("calendar.way.figures")
    visitor.reads("figures.how.title")
    visitor.sign_in(SUBJECTS[language])
    visitor.open("/polls")
    visitor.follow("calendar.way.notices")
    visitor.page.get_by_label(visitor.say("calendar.notices.kind.opens")).check()
    visitor.press("calendar.notices.save")
    visitor.reads("calendar.notices.chosen_now")
    visitor.look()
    assert visitor.api("GET", "/v1/reminders") == {"kinds": ["opens"]}
