"""docs/redemption.md is run: every programme, order, request and answer in it, in its order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.programme.load import load_programme
from ledger.redemption.code_text import digest_of_code
from ledger.scoring.lines import fact_of_line
from ledger.scoring.model import Activation
from ledger.scoring.project import project
from tests.integration.redemption.conftest import SECRETS, School
from tests.integration.redemption.test_http import Doors

PAGE = (Path(__file__).parents[3] / "docs" / "redemption.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = {name: text for _, name, text in BLOCKS if "." in name}
REQUEST = re.compile(
    r"^(?P<who>\w+) (?P<verb>[A-Z]+) (?P<path>\S+)(?P<body>.*?)\n(?P<status>\d{3}) (?P<answer>.*?)"
    r"(?=\n\w+ [A-Z]+ |\Z)",
    re.MULTILINE | re.DOTALL,
)


class Story:
    """The page's examples, told one after another to one school."""

    def __init__(self, school: School) -> None:
        self.doors = Doors(school)
        self.names: dict[str, Any] = {
            "now": int(school.clock.time.timestamp()),
            "secret": SECRETS["lms"],
        }
        self.sections = ""

    def tell(self, kind: str, name: str, text: str) -> int:
        """Act out one block; the number of requests in it."""
        if kind == "python":
            exec(text, self.names)  # noqa: S102 - our own documentation
            if "def digest(" in text:
                for typed in ("ABCD-EFGH-JKMN-PQRS", "abcd efgh jkmn pqrs", "0OIL-0OIL-0OIL-0OIL"):
                    kept = digest_of_code(typed)
                    assert kept is not None
                    assert self.names["digest"](typed) == kept.hex()
        elif kind == "yaml" and "." not in name:
            self.sections += text
            self.doors.school.put_in_force(self.sections)
        elif kind == "http":
            return sum(1 for _ in self._requests(text))
        return 0

    def _requests(self, text: str) -> Iterator[None]:
        for found in REQUEST.finditer(text.strip()):
            who = {"member": self.doors.member, "lms": self.doors.lms}[found["who"]]
            body = self._filled(json.loads(found["body"])) if found["body"].strip() else None
            answer = self.doors.post(who, self._filled(found["path"]), body)
            assert answer.status_code == int(found["status"]), answer.text
            self._compare(json.loads(found["answer"]), answer.json())
            yield

    def _filled(self, value: Any) -> Any:
        """With ``$name`` replaced by what an earlier block or answer gave it."""
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, str):
            return re.sub(r"\$(\w+)", lambda found: str(self.names[found[1]]), value)
        return value

    def _compare(self, shown: Any, given: Any) -> None:
        """All that is shown is so; ``$name`` keeps what was given."""
        if isinstance(shown, dict):
            for key, each in shown.items():
                self._compare(each, given[key])
        elif isinstance(shown, list):
            assert len(shown) == len(given)
            for one, other in zip(shown, given, strict=True):
                self._compare(one, other)
        elif isinstance(shown, str) and shown.startswith("$"):
            self.names[shown[1:]] = given
        else:
            assert shown == given


def test_every_example_does_what_it_shows(school: School) -> None:
    school.grant(2000)
    school.world.link("7")
    story = Story(school)
    requests = sum(story.tell(*block) for block in BLOCKS)
    assert requests == len(re.findall(r"^(?:member|lms) POST ", PAGE, re.MULTILINE)) > 10
    assert school.summary().held.amount == 0


def test_what_a_purchase_earned_goes_back_as_the_page_says() -> None:
    plan = [Activation(load_programme(FILES["cash-back.yaml"]))]
    facts = [fact_of_line(line.encode()) for line in FILES["purchases.jsonl"].splitlines()]
    earned = [
        sum(each.points.amount for each in project(facts[:known], plan, closed_until=None))
        for known in (1, 2)
    ]
    assert earned == [333, 234]
    assert "333 points were earned" in PAGE
    assert "234 remain" in PAGE
