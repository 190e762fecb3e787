from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from api.settings import BadSettings, Settings, UnsafeSettings, load_settings, refuse_unsafe

LONG = SecretStr("8f2c" * 10)
PUBLIC = "https://vklad.school.org"
WELL_KNOWN = SecretStr("test " * 11 + "junk")


@pytest.mark.parametrize(
    "origin",
    ["", "http://127.0.0.1:8000", "http://localhost:9", "http://[::1]:8000", "http://a.localhost"],
)
def test_on_loopback_everything_is_allowed(origin: str) -> None:
    settings = Settings(public_url=origin, demo=True, debug=True, chain_mnemonic=WELL_KNOWN)
    refuse_unsafe(settings)
    assert not settings.is_public


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("demo", True),
        ("debug", True),
        ("local_voting_period_s", 150),
        ("chain_mnemonic", WELL_KNOWN),
        ("secret", SecretStr("short")),
        ("secret", SecretStr("a-test-secret-that-is-long-enough-in-letters")),
        ("oidc_client_secret", SecretStr("changeme-please")),
        ("oidc_issuer", "http://127.0.0.1:8001"),
    ],
)
@pytest.mark.parametrize(
    "where",
    [{"public_url": PUBLIC, "chain": "off"}, {"host": "0.0.0.0", "chain": "off"}],  # noqa: S104
)
def test_in_public_each_demo_setting_is_refused_by_name(
    name: str, value: object, where: dict[str, str]
) -> None:
    with pytest.raises(UnsafeSettings, match=f"VKLAD_{name.upper()}") as caught:
        refuse_unsafe(Settings(**{name: value}, **where))  # type: ignore[arg-type]
    assert caught.value.operands["settings"] == [caught.value.settings[0]]  # type: ignore[index]


def test_all_are_named_at_once_and_no_value_is_shown() -> None:
    with pytest.raises(UnsafeSettings) as caught:
        refuse_unsafe(Settings(public_url=PUBLIC, demo=True, debug=True, secret="my-test"))  # type: ignore[arg-type]
    for name in ("VKLAD_DEMO", "VKLAD_DEBUG", "VKLAD_SECRET"):
        assert name in caught.value.message
    assert "my-test" not in caught.value.message


def test_a_proper_public_service_is_let_start() -> None:
    url = "https://rpc.example"
    refuse_unsafe(Settings(public_url=PUBLIC, host="0.0.0.0", secret=LONG, chain_rpc_url=url))  # noqa: S104  # type: ignore[arg-type]
    refuse_unsafe(Settings(public_url=PUBLIC, host="0.0.0.0", secret=LONG, chain="off"))  # noqa: S104  # type: ignore[arg-type]


def test_in_public_the_embedded_chain_and_plain_http_are_refused_by_name() -> None:
    with pytest.raises(UnsafeSettings) as caught:
        refuse_unsafe(Settings(public_url="http://vklad.school.org", secret=LONG))
    for name in ("VKLAD_PUBLIC_URL", "VKLAD_CHAIN_RPC_URL"):
        assert name in caught.value.message


def test_a_value_that_cannot_be_read_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VKLAD_PORT", "hunter2")
    monkeypatch.setenv("VKLAD_CHAIN", "perhaps")
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert "VKLAD_PORT" in caught.value.message
    assert "VKLAD_CHAIN" in caught.value.message
    assert "hunter2" not in str(caught.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VKLAD_CHAIN_RPC_URL", "https://one.example/k, https://two.example/k")
    monkeypatch.setenv("VKLAD_STATE_FOLDER", "/srv/vklad")
    settings = load_settings()
    assert settings.chain_rpc_urls == ("https://one.example/k", "https://two.example/k")
    assert settings.state_folder == Path("/srv/vklad")
    assert settings.origin == "http://127.0.0.1:8000"
    assert "one.example" not in repr(settings)


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("seconds", ["9", "86401", "soon"])
def test_a_local_vote_is_neither_a_moment_nor_for_ever(
    monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setenv("VKLAD_LOCAL_VOTING_PERIOD_S", seconds)
    with pytest.raises(BadSettings, match="VKLAD_LOCAL_VOTING_PERIOD_S"):
        load_settings()
