"""Fill a fresh demo: programme, members, linked accounts, weeks of activity, a grant to approve.

Everything goes through the doors that everybody has: pages and ``/v1`` over HTTP, the first admins'
links from the command line. It can be stopped anywhere and run again; what is there stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from api.demo.client import DoorClosed, Person, School
from api.demo.generator import activity
from api.demo.persons import PERSONS, DemoPerson
from api.demo.proposer import Unanswered, propose
from api.demo.shop import ShopSecrets
from ledger.kernel.clock import Clock

SEED: Final = 2026
VOTER: Final = "voter"
AUDITOR: Final = "auditor"
SOURCE: Final = "lms"
SOURCE_URI: Final = "https://lms.example/events"
ISSUER: Final = "https://lms.example"
EFFECTIVE_AT: Final = "2026-01-01T00:00:00Z"
SHOP_FILE: Final = "demo-shop.json"
LATENESS_DAYS: Final = 60
HOURLY_BUDGET: Final = 100_000

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loader:
    """What loading needs: where, the programme's file, and a way to the first admins' links."""

    base_url: str
    programme: Path
    shop_file: Path
    admin_link: Callable[[], str]
    clock: Clock
    report: Report
    with_chain: bool
    wallet_secret: str
    chain_wait_s: int


def is_loaded(base_url: str, *, with_chain: bool) -> bool:
    """Whether every stage of loading has been done: rules in force, something proposed."""
    return _rules_in_force(base_url) and (not with_chain or _is_proposed(base_url))


def load(loader: Loader) -> str | None:
    """Bring the community to life, or finish what was begun; what could not be done, if anything.

    Raises:
        DoorClosed: a door answered otherwise than expected; run it again once that is mended.
    """
    first, second = _admins(loader)
    try:
        school = _school(loader, first, second)
        if not _rules_in_force(loader.base_url):
            _open_shop(loader, first, second, school)
            loader.report("members")
            for person in PERSONS:
                _member(loader, person, school)
            _appoint_auditor(loader, first, second)
            loader.report("weeks of activity")
            lms_ids = [person.lms_id for person in PERSONS]
            school.state_all(list(activity(SEED, lms_ids, loader.clock.now(), source=SOURCE_URI)))
            loader.report("rules")
            _activate(loader, first, second)
        school.close()
    finally:
        first.close()
        second.close()
    if loader.with_chain and not _is_proposed(loader.base_url):
        loader.report("a proposal to vote on")
        return _propose(loader)
    return None


def _rules_in_force(base_url: str) -> bool:
    answer = httpx.get(f"{base_url}/v1/programmes/in-force", timeout=10)
    return answer.status_code == httpx.codes.OK


def _is_proposed(base_url: str) -> bool:
    answer = httpx.get(f"{base_url}/v1/proposals", timeout=10)
    return answer.status_code == httpx.codes.OK and bool(answer.json()["data"])


def _admins(loader: Loader) -> tuple[Person, Person]:
    loader.report("admins")
    found = []
    for subject in ("admin", "second-admin"):
        person = Person(loader.base_url, subject)
        if "admin" not in person.get("/v1/session")["roles"]:
            token = parse_qs(urlsplit(loader.admin_link()).query)["token"][0]
            person.submit("/first-admin", {"token": token})
            person.sign_in()
        found.append(person)
    return found[0], found[1]


def _school(loader: Loader, first: Person, second: Person) -> School:
    known = {source["name"] for source in first.get("/v1/sources")["data"]}
    if SOURCE not in known:
        change = first.post("/v1/sources/changes", _registration())
        second.post(f"/v1/sources/changes/{change['id']}/approve", {"digest": change["digest"]})
    made = first.post(f"/v1/sources/{SOURCE}/secrets")
    _approve(second, made)
    return School(loader.base_url, SOURCE, made["secret"], loader.clock)


def _approve(second: Person, made: dict[str, Any]) -> None:
    """The second person's yes to a secret or key that the first one has."""
    path = f"/v1/sources/credentials/{made['id']}/approve"
    second.post(path, {"digest": made["digest"]})


def _open_shop(loader: Loader, first: Person, second: Person, school: School) -> None:
    key = {"name": "shop", "scopes": ["redemptions:write"], "source": SOURCE_URI}
    made = first.post("/v1/api-keys", key)
    _approve(second, made)
    ShopSecrets(SOURCE, school.secret, made["key"]).write(loader.shop_file)


def _registration() -> dict[str, Any]:
    return {
        "name": SOURCE,
        "uri": SOURCE_URI,
        "profile": "standard_webhooks",
        "lateness_days": LATENESS_DAYS,
        "hourly_budget": HOURLY_BUDGET,
        "authority": {
            "types": ["*"],
            "issuers": {"lms": ISSUER},
            "attributes": ["qualification"],
        },
    }


def _member(loader: Loader, person: DemoPerson, school: School) -> None:
    browser = Person(loader.base_url, person.subject)
    try:
        linked = browser.get("/v1/members/me/identities")["data"]
        if not any(identity["provider"] == "lms" for identity in linked):
            browser.submit("/link", {"token": school.link_token(person.lms_id)})
    finally:
        browser.close()


def _appoint_auditor(loader: Loader, first: Person, second: Person) -> None:
    auditor = Person(loader.base_url, AUDITOR)
    path = f"/v1/members/{auditor.get('/v1/members/me')['id']}/roles"
    auditor.close()
    first.post(path, {"role": "auditor"})
    second.post(f"{path}/auditor/approval")


def _propose(loader: Loader) -> str | None:
    voter = Person(loader.base_url, VOTER)
    try:
        propose(voter, loader.wallet_secret, loader.chain_wait_s)
    except (Unanswered, DoorClosed) as refused:
        return f"There is no proposal to vote on yet ({refused}). Try: vklad demo load"
    finally:
        voter.close()
    return None


def _activate(loader: Loader, first: Person, second: Person) -> None:
    text = loader.programme.read_text(encoding="utf-8")
    stored = first.post("/v1/programmes", {"source": text})
    change = first.post(
        f"/v1/programmes/{stored['hash']}/activations", {"effective_at": EFFECTIVE_AT}
    )
    decision = {"decision": "approved", "content_hash": change["content_hash"]}
    second.post(f"/v1/programme-changes/{change['id']}/decisions", decision)
