"""Who may import what (DESIGN 2.1)."""

from __future__ import annotations

from typing import Final

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.sources import ROOT, imported, modules

DELIVERY: Final = ("fastapi", "starlette", "uvicorn", "celery", "kombu", "typer", "rich", "jinja2")
DELIVERY_ONLY_IN: Final = ("api/",)
WEB3_ONLY_IN: Final = ("oracle/chain/web3_adapter.py",)
SETTINGS_ONLY_IN: Final = ("api/settings.py",)
DATABASE_ONLY_IN: Final = (
    "ledger/kernel/",
    "api/migrations/",
    "api/composition.py",  # Reads and rewrites a URL.
)
DRIVER_ONLY_IN: Final = ("api/supervisor/postgres.py", "ledger/kernel/packed.py")
PURE_NAMES: Final = ("model.py",)
PURE_PACKAGES: Final = ("ledger/scoring/",)
IMPURE: Final = (
    "sqlalchemy",
    "psycopg",
    "web3",
    "httpx",
    "requests",
    "socket",
    "secrets",
    "random",
)


def _importers(*packages: str, allowed: tuple[str, ...]) -> list[str]:
    return [
        f"{module} imports {name}"
        for module in modules()
        if not module.startswith(allowed)
        for name in imported(module)
        if name.split(".")[0] in packages
    ]


def _is_sql_module(module: str) -> bool:
    return module.endswith(("/store.py", "/tables.py", "_store.py", "_tables.py"))


def test_the_contracts_of_import_linter_are_kept() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == EXIT_STATUS_SUCCESS


def test_web_frameworks_celery_and_terminals_are_only_in_api() -> None:
    assert _importers(*DELIVERY, allowed=DELIVERY_ONLY_IN) == []


def test_web3_is_only_in_its_adapter() -> None:
    assert _importers("web3", allowed=WEB3_ONLY_IN) == []


def test_settings_are_only_in_settings() -> None:
    assert _importers("pydantic_settings", allowed=SETTINGS_ONLY_IN) == []


def test_sql_is_only_in_stores_and_tables() -> None:
    found = _importers("sqlalchemy", allowed=DATABASE_ONLY_IN)
    assert [one for one in found if not _is_sql_module(one.split()[0])] == []


def test_the_database_driver_is_only_where_servers_are_set_up_and_rows_packed() -> None:
    found = _importers("psycopg", allowed=DRIVER_ONLY_IN)
    assert [one for one in found if not _is_sql_module(one.split()[0])] == []


def test_models_and_scoring_are_pure() -> None:
    pure = [
        module
        for module in modules()
        if (module.endswith(PURE_NAMES) or module.startswith(PURE_PACKAGES))
        and not _is_sql_module(module)
        and not module.endswith(("/service.py", "/verify.py"))
    ]
    assert [
        f"{module} imports {name}"
        for module in pure
        for name in imported(module)
        if name.split(".")[0] in IMPURE or name.startswith("ledger.kernel.transaction")
    ] == []
