"""`vklad doctor` names what would keep `up` from working, and what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from api.settings import Settings
from api.supervisor.lock import held, holder
from api.supervisor.state import StateFolder

ROOT = Path(__file__).resolve().parents[3]


def doctor(tmp_path: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "doctor", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            "COLUMNS": "200",
            "VKLAD_STATE_FOLDER": str(tmp_path / "state"),
            "VKLAD_CHAIN": "off",
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_good_machine_is_told_so(tmp_path: Path) -> None:
    status, said = doctor(tmp_path, VKLAD_PORT=str(_free_port()))
    assert status == 0, said
    assert "✗" not in said
    assert not (tmp_path / "state").exists()


def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        status, said = doctor(
            tmp_path,
            VKLAD_PORT=str(port),
            VKLAD_DATABASE_URL="postgresql://vklad_app:hunter2@127.0.0.1:1/vklad",
            VKLAD_BROKER_URL="redis://:hunter2@127.0.0.1:1/0",
            VKLAD_CHAIN="on",
            VKLAD_CHAIN_RPC_URL="http://127.0.0.1:1",
        )
    assert status == 1
    assert f"✗ port {port}: taken" in said
    for setting in (
        "VKLAD_PORT",
        "VKLAD_DATABASE_URL",
        "VKLAD_BROKER_URL",
        "VKLAD_CHAIN_RPC_URL",
    ):
        assert setting in said
    assert "hunter2" not in said


def test_every_setting_can_be_listed(tmp_path: Path) -> None:
    status, said = doctor(tmp_path, "--settings")
    assert status == 0
    assert [name for name in Settings.model_fields if f"VKLAD_{name.upper()}" not in said] == []


def test_who_holds_the_installation_is_known(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    assert holder(state) is None
    state.prepare()
    with held(state):
        assert holder(state) == str(os.getpid())
    assert holder(state) is None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
