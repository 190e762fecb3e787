"""What the firsts need beside the doors: refusals, the verifier, a link from the LMS."""
# ruff: noqa: TID251 - a program of its own, which imports nothing of ours, not even the clock

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from doors import Person, School, expect

TIMEOUT_S: Final = 60
LINK_LIFE_S: Final = 300
PAGES_MAX: Final = 50
WINDOW: Final = timedelta(days=9)
ZONE: Final = ZoneInfo("Europe/Moscow")
"""In which the demo's programme counts days."""


def ask(school: School, path: str, body: dict[str, Any]) -> httpx.Response:
    """Ask, as a machine, for a change that may be refused."""
    headers = {
        "Authorization": f"Bearer {school.api_key}",
        "Idempotency-Key": secrets.token_urlsafe(16),
    }
    return httpx.post(school.base_url + path, json=body, headers=headers, timeout=TIMEOUT_S)


def refused(answer: httpx.Response, status: int, code: str, otherwise: str) -> None:
    """Fail the step unless it was refused for this very reason; no other error will do."""
    expect(answer.is_error, otherwise)
    said = answer.headers.get("content-type", "").startswith("application/problem+json")
    found = (answer.status_code, answer.json()["code"] if said else answer.text[:200])
    expect(found == (status, code), f"{otherwise}? Not {status} {code}, but {found}")


def link_token(school: School, subject: str) -> str:
    """What somebody is shown in the LMS to link the account with: a signed JSON Web Token."""
    now = int(time.time())
    claims = {
        "iss": school.name,
        "aud": school.base_url,
        "sub": f"lms:{subject}",
        "iat": now,
        "exp": now + LINK_LIFE_S,
        "jti": secrets.token_urlsafe(16),
    }
    header = {"alg": "HS256", "typ": "vklad-link+jwt"}
    signed = f"{_b64(header)}.{_b64(claims)}"
    mac = hmac.digest(school.secret.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{_raw64(mac)}"


def quiet_moment(people: Sequence[Person], kind: str) -> datetime:
    """A time of these days at which an act of this kind earns: limits and caps are of a day.

    The community has weeks behind it and earlier runs told of acts too, so the day is looked for on
    which these people had the fewest of the kind; of those a day with other acts, so that no streak
    becomes longer by one more.
    """
    now = datetime.now(UTC)
    told = [event for person in people for event in _told_of(person, now - WINDOW)]
    own = [(event["type"], day_of(datetime.fromisoformat(event["occurred_at"]))) for event in told]
    candidates = []
    for back in range(1, WINDOW.days):
        moment = now - timedelta(days=back)
        types = [each for each, day in own if day == day_of(moment)]
        candidates.append((types.count(kind), not types, len(types), back))
    return now - timedelta(days=min(candidates)[-1])


def _told_of(person: Person, since: datetime) -> list[Any]:
    """What was told of somebody since then, the last told first; a day more than is asked for."""
    found: list[Any] = []
    cursor = ""
    for _ in range(PAGES_MAX):
        page = person.get(f"/v1/members/me/events?limit=100{cursor}")
        found += page["data"]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    return [each for each in found if datetime.fromisoformat(each["occurred_at"]) >= since]


def day_of(moment: datetime) -> date:
    """The day that the demo's programme counts a moment to."""
    return moment.astimezone(ZONE).date()


def verified(verifier: str, proof: Any) -> subprocess.CompletedProcess[str]:
    """The downloaded program over the downloaded proof, in an empty folder and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        program, file = Path(folder) / "verifier.py", Path(folder) / "proof.json"
        program.write_text(verifier, "utf-8")
        file.write_text(json.dumps(proof), "utf-8")
        return subprocess.run(
            [sys.executable, "-I", program, file],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )


def _b64(value: dict[str, Any]) -> str:
    return _raw64(json.dumps(value, separators=(",", ":")).encode())


def _raw64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
