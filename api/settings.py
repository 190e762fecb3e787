"""The one settings object: every environment variable that Vklad reads, and what it means.

All are optional: without any, `vklad up` runs everything on this machine with state in `.vklad/`.
Nothing else in the code reads the environment.
"""

from __future__ import annotations

import ipaddress
import os
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledger.kernel.errors import ErrorKind, VkladError

PROJECT_FOLDER: Final = Path(__file__).resolve().parents[1]
"""The checkout, or where the wheel was installed."""
SECRET_LENGTH_MIN: Final = 32
_TEST_WORDS: Final = ("test", "demo", "example", "changeme", "change-me", "secret", "password")
_WELL_KNOWN_MNEMONIC: Final = "test test test test test test test test test test test junk"


class BadSettings(VkladError):
    """A setting has a value that cannot be."""

    code = "bad_settings"
    kind = ErrorKind.INVALID


class UnsafeSettings(VkladError):
    """The service is public and a setting is fit for a demo only; each is named."""

    code = "unsafe_settings"
    kind = ErrorKind.INVALID


class ChainSwitch(StrEnum):
    """Whether this installation has a chain."""

    ON = "on"
    OFF = "off"


class Settings(BaseSettings):
    """Each field is read from `VKLAD_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="VKLAD_", frozen=True, extra="forbid")

    state_folder: Path = Field(
        default_factory=lambda: _home() / ".vklad",
        description="Where the embedded parts, secrets and logs of this installation live; "
        "empty: `.vklad` in the checkout, or in the current folder if this is no checkout.",
    )
    public_url: str = Field(
        default="",
        description="Origin under which people reach us; empty: loopback and `port`.",
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the API listens on.")
    api_processes: int = Field(default=1, ge=1, le=64, description="API processes on this host.")
    worker_processes: int = Field(
        default=3, ge=1, le=64, description="Celery worker processes on this host."
    )
    languages_folder: Path | None = Field(
        default=None,
        description="Folder of further languages, each one file `TAG.yaml` of all sentences "
        "(`vklad languages new`); empty: those that ship.",
    )
    brand_file: Path | None = Field(
        default=None,
        description="YAML of the school's own name, word for points, accent colour and logo "
        "(docs/admin.md); empty: ours.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL >= 15 for the application's role, as "
        "`postgresql://user:password@host/database`; empty: the embedded server.",
    )
    migration_database_url: SecretStr | None = Field(
        default=None,
        description="The same database for the role that owns it; required with `database_url` "
        "to migrate.",
    )
    watcher_database_url: SecretStr | None = Field(
        default=None,
        description="The same database for the watcher's role, which may read and nothing else; "
        "empty: the embedded server's own role for it, else `database_url`.",
    )
    database_pool_size: int = Field(
        default=8, ge=1, le=100, description="Database connections kept by each process."
    )
    broker_url: SecretStr | None = Field(
        default=None,
        description="Celery's broker (Redis, Valkey, RabbitMQ); empty: the embedded Valkey.",
    )
    chain: ChainSwitch = Field(
        default=ChainSwitch.ON,
        description="`off`: a points-only installation, without Node, wallets, tokens or votes.",
    )
    chain_rpc_url: SecretStr | None = Field(
        default=None,
        description="JSON-RPC endpoint of the chain, or several separated by commas, which must "
        "then agree; empty: the embedded Anvil.",
    )
    chain_id: int | None = Field(
        default=None,
        ge=1,
        description="The id that the chain must have, so that a wrong endpoint is refused at once; "
        "empty: any.",
    )
    watcher_rpc_url: SecretStr | None = Field(
        default=None,
        description="The watcher's own JSON-RPC endpoint; empty: the first of `chain_rpc_url`.",
    )
    chain_finality_depth: int | None = Field(
        default=None,
        ge=0,
        description="Blocks after which a block counts as final; empty: 1 on the embedded chain, "
        "else the chain's own `finalized`.",
    )
    local_voting_period_s: int | None = Field(
        default=None,
        ge=10,
        le=86_400,
        description="How long a vote lasts on a local chain and in parameters for a rehearsal, "
        "stated before it is deployed to; empty: 20 seconds.",
    )
    signer_url: SecretStr | None = Field(
        default=None,
        description="Remote signer, as web3signer; `{role}` in it is replaced by the name of the "
        "role whose key is asked for. Empty: the encrypted keystore.",
    )
    signer_accounts: str = Field(
        default="",
        description="Whose account each role has where one remote signer serves several: "
        "`poster=0x…,watcher=0x…`. Empty: each address serves one.",
    )
    log_anchor_every_s: int = Field(
        default=600,
        ge=10,
        le=30 * 86_400,
        description="How often a signed head of the log goes on chain, if anything was posted.",
    )
    log_anchor_transfers: int = Field(
        default=10_000,
        ge=1,
        description="So many transfers after the last head on chain, the next goes there at once.",
    )
    chain_mnemonic: SecretStr | None = Field(
        default=None,
        description="Words to derive the service's chain keys from; empty: made on the first run.",
    )
    secret: SecretStr | None = Field(
        default=None,
        description="At least 32 characters; signs cursors and sessions. Empty: made on the first "
        "run and kept in the state folder.",
    )
    demo: bool = Field(
        default=False, description="Load the demo community and run its own sign-in issuer."
    )
    demo_issuer_port: int = Field(
        default=8001, ge=1, le=65535, description="Where the demo's issuer listens."
    )
    oidc_issuer: str | None = Field(
        default=None, description="OpenID Connect issuer people sign in with."
    )
    oidc_client_id: str | None = Field(default=None, description="Our client id at that issuer.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Our client secret at that issuer."
    )
    webhooks_private: bool = Field(
        default=False,
        description="Deliver webhooks to addresses of private networks and of this machine, too, "
        "and by plain http.",
    )
    debug: bool = Field(
        default=False,
        description="Log every SQL statement with its values, personal ones too; never in public.",
    )

    @property
    def origin(self) -> str:
        """The public URL, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def is_public(self) -> bool:
        """Whether anyone but this machine is meant to reach us."""
        return not _is_loopback(urlsplit(self.origin).hostname or "") or not _is_loopback(self.host)

    @property
    def chain_rpc_urls(self) -> tuple[str, ...]:
        """The configured endpoints, none for the embedded chain."""
        if self.chain_rpc_url is None:
            return ()
        urls = self.chain_rpc_url.get_secret_value().split(",")
        return tuple(url.strip() for url in urls if url.strip())


def load_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        BadSettings: a value cannot be read; each is named without its value, which may be secret.
        UnsafeSettings: see :func:`refuse_unsafe`.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = [
            f"VKLAD_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()
        ]
        raise BadSettings(f"Settings cannot be read. {'; '.join(wrong)}.") from None
    refuse_unsafe(settings)
    return settings


def refuse_unsafe(settings: Settings) -> None:
    """Refuse to be public with anything that is meant for a demo.

    Raises:
        UnsafeSettings: each such setting is named.
    """
    if not settings.is_public:
        return
    found = []
    if settings.demo:
        found.append("VKLAD_DEMO (the demo's issuer lets anyone sign in as anyone)")
    if _is_loopback(urlsplit(settings.oidc_issuer or "").hostname or ""):
        found.append("VKLAD_OIDC_ISSUER (an issuer on loopback is the demo's)")
    if settings.debug:
        found.append("VKLAD_DEBUG (logs would hold personal values)")
    if urlsplit(settings.public_url or "").scheme == "http":
        found.append("VKLAD_PUBLIC_URL (over plain http sessions could be stolen; use https)")
    if settings.chain is ChainSwitch.ON and settings.chain_rpc_url is None:
        found.append(
            "VKLAD_CHAIN_RPC_URL (unset: the embedded chain is for one machine and votes last "
            "seconds; name a chain, or set VKLAD_CHAIN=off)"
        )
    if settings.local_voting_period_s is not None:
        found.append(
            "VKLAD_LOCAL_VOTING_PERIOD_S (votes on a local chain decide nothing in public)"
        )
    if _known_words(settings.chain_mnemonic):
        found.append("VKLAD_CHAIN_MNEMONIC (everybody knows these keys)")
    found += [
        f"VKLAD_{name.upper()} (a test secret)"
        for name in ("secret", "oidc_client_secret")
        if _looks_like_test(getattr(settings, name), at_least=_LENGTHS[name])
    ]
    if found:
        raise UnsafeSettings(
            f"{settings.origin} (listening on {settings.host}) is not loopback, so this must not "
            f"start with: {'; '.join(found)}.",
            settings=list(found),
        )


def process_environment() -> dict[str, str]:
    """The environment that child processes of ours inherit."""
    return dict(os.environ)  # noqa: TID251 - the one door through which the environment enters


_LENGTHS: Final = {"secret": SECRET_LENGTH_MIN, "oidc_client_secret": 8}


def _home() -> Path:
    return PROJECT_FOLDER if (PROJECT_FOLDER / "pyproject.toml").exists() else Path.cwd()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _known_words(mnemonic: SecretStr | None) -> bool:
    words = mnemonic.get_secret_value().split() if mnemonic else []
    return words == _WELL_KNOWN_MNEMONIC.split()


def _looks_like_test(secret: SecretStr | None, at_least: int) -> bool:
    if secret is None:
        return False
    value = secret.get_secret_value()
    return len(value) < at_least or any(word in value.lower() for word in _TEST_WORDS)
