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
from pathlib import Path
from typing import Any, Final

import httpx
from doors import School, expect

TIMEOUT_S: Final = 60
LINK_LIFE_S: Final = 300


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
