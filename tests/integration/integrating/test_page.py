"""docs/integrating.md does what it says: its files and commands, and nothing else, on a sandbox."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from standardwebhooks.webhooks import Webhook

from api.demo.sandbox import open_sandbox
from api.settings import Settings, UnsafeSettings
from api.webhooks import standard_webhooks
from oracle.contracts.toolchain import node_binary
from tests.support import php
from tests.support.installation import Installation, an_installation
from tests.support.pages import Page, page, run

SHOWN_ORIGIN: Final = "http://127.0.0.1:8000"
UP_S: Final = 600
TYPED_S: Final = 300
PAGE: Final = page("integrating.md")
VECTOR: Final[dict[str, Any]] = json.loads(PAGE.files["vector.json"])


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with an_installation({"VKLAD_CHAIN": "off"}) as made:
        made.up(UP_S)
        yield made


@pytest.fixture
def reader(tmp_path: Path) -> dict[str, str]:
    """A reader's machine: a Python without our packages, Node.js, and `vklad`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, program in {
        "vklad": Path(sys.executable).parent / "vklad",
        "python3": Path(sys.base_prefix) / "bin" / "python3",
        "node": node_binary(),
    }.items():
        assert program.exists(), program
        (programs / name).symlink_to(program)
    return {"PATH": f"{programs}:{os.defpath}"}


def without_a_server(changed: dict[str, str]) -> Page:
    """The page's checks of signing alone, with some files as given."""
    checks = tuple(each for each in PAGE.commands if each.command.endswith("vector.json"))
    assert len(checks) == 2
    return replace(PAGE, files={**PAGE.files, **changed}, commands=checks)


def test_a_reader_links_sends_reads_pays_and_refunds(
    installation: Installation, reader: dict[str, str], tmp_path: Path
) -> None:
    settings = {name: each for name, each in installation.environment.items() if name != "PATH"}
    told = run(PAGE, tmp_path, settings | reader, TYPED_S)
    assert [one.command for one in told] == [one.command for one in PAGE.commands]
    for one, shown in zip(told, PAGE.commands, strict=True):
        assert one.answers.replace(installation.base_url, SHOWN_ORIGIN) == shown.answers
    if shutil.which("php"):
        with_php = (". ./sandbox.env", "php lms.php vector.json", "php tour.php")
        typed = tuple(replace(PAGE.commands[0], command=each) for each in with_php)
        answers = [
            one.answers
            for one in run(replace(PAGE, commands=typed), tmp_path, settings | reader, TYPED_S)
        ]
        assert answers == ["", "lms.php signs as it should\n", "202 accepted\n200 released\n"]


def test_everything_on_the_page_is_run_or_named_here() -> None:
    assert set(PAGE.files) == {
        *("vector.json", "event.json", "wrong.json", "lms.yaml"),
        *("lms.py", "student.py", "tour.py", "lms.mjs", "tour.mjs", "lms.php", "tour.php"),
    }
    typed = " ".join(one.command for one in PAGE.commands)
    unread = {name for name in PAGE.files if name not in typed}
    assert unread == {"lms.yaml", "lms.php", "tour.php"}, "the first has a test of its own"


def test_what_is_wrong_on_the_page_is_found(reader: dict[str, str], tmp_path: Path) -> None:
    run(without_a_server({}), tmp_path, reader, TYPED_S)
    spoilt = {
        "lms.py": ('"v1," +', '"v2," +'),
        "lms.mjs": ('createHmac("sha256", secret)', 'createHmac("sha256", header.alg)'),
        "vector.json": ('"timestamp": 1772442000', '"timestamp": 1772442001'),
    }
    for name, (right, wrong) in spoilt.items():
        assert right in PAGE.files[name]
        changed = {name: PAGE.files[name].replace(right, wrong)}
        with pytest.raises(AssertionError, match="ended with"):
            run(without_a_server(changed), tmp_path, reader, TYPED_S)


def test_the_vector_is_what_others_sign_and_what_we_verify() -> None:
    body = VECTOR["body"].encode()
    ours = standard_webhooks.sign(VECTOR["secret"], VECTOR["id"], VECTOR["timestamp"], body)
    assert VECTOR["signature"] == ours
    at = datetime.fromtimestamp(VECTOR["timestamp"], UTC)
    assert Webhook(VECTOR["secret"]).sign(VECTOR["id"], at, VECTOR["body"]) == ours
    key = OctKey.import_key(VECTOR["secret"].encode())
    read = jwt.decode(VECTOR["token"], key, algorithms=["HS256"])
    assert (read.header, read.claims) == (VECTOR["header"], VECTOR["claims"])


def signed_by_php(text: str) -> tuple[str, str]:
    script, secret = php.read(text), VECTOR["secret"].encode()
    assert set(script.functions) == {"signature", "base64url", "jwt"}
    signature = script.call(
        "signature", secret, VECTOR["id"].encode(), VECTOR["timestamp"], VECTOR["body"].encode()
    )
    token = script.call("jwt", secret, VECTOR["header"], VECTOR["claims"])
    return signature.decode(), token.decode()


def test_php_signs_as_the_vector_says_and_a_slip_in_it_is_found() -> None:
    shown = PAGE.files["lms.php"]
    right = (VECTOR["signature"], VECTOR["token"])
    assert signed_by_php(shown) == right
    for good, bad in (
        ("substr($secret, 6)", "substr($secret, 10)"),
        ("base64_decode(substr($secret, 6))", "substr($secret, 6)"),
        ("$timestamp . '.' . $body", "$timestamp . $body"),
        ("'v1,'", "'v1'"),
        ("'+/', '-_'", "'+/', '_-'"),
        ("rtrim(strtr(base64_encode($raw), '+/', '-_'), '=')", "base64_encode($raw)"),
        ("base64url(hash_hmac('sha256', $signed, $secret, true))", "base64url($signed)"),
    ):
        assert good in shown
        assert signed_by_php(shown.replace(good, bad)) != right, bad
    for unread in ("sha1($x)", "$a['b']", '"text"', "$a + 1"):
        body = f"function f(): string\n{{\n    return {unread};\n}}\n"
        with pytest.raises((AssertionError, KeyError)):
            php.read(body).call("f")


def test_a_sandbox_is_for_a_demo_on_loopback_alone() -> None:
    for settings in (
        Settings(demo=False),
        Settings(public_url="https://points.example", demo=False),
    ):
        with pytest.raises(UnsafeSettings):
            open_sandbox(settings)
