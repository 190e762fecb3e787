from __future__ import annotations

import json
import os
import platform
import socket
from pathlib import Path

import psutil
import pytest

from api.supervisor.anvil import free_port
from api.supervisor.errors import PartFailed, PartMissing, PortTaken, StateFolderUnusable
from api.supervisor.ports import Place, refuse_taken_port
from api.supervisor.process import recorded
from api.supervisor.state import SOCKET_PATH_BYTES_MAX, StateFolder, own_folder
from api.supervisor.valkey import server_binary


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.prepare()
    return state


def test_a_secret_is_made_once_and_kept_from_others(state: StateFolder) -> None:
    first = state.secret("valkey")
    assert len(first) >= 43
    assert state.secret("valkey") == first != state.secret("api")
    assert (state.path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert state.secret("words", lambda: "made") == "made"
    assert state.secret("words", lambda: "again") == "made"


def test_a_value_is_remembered(state: StateFolder) -> None:
    assert state.remembered("chain_port") is None
    state.remember("chain_port", "1234")
    state.remember("other", "x")
    assert StateFolder(state.path).remembered("chain_port") == "1234"


def test_folders_are_closed_to_others(state: StateFolder) -> None:
    assert (state.path / "run").stat().st_mode & 0o777 == 0o700
    assert (state.path / "logs").stat().st_mode & 0o777 == 0o700
    assert not state.path.stat().st_mode & 0o066


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFolderUnusable, match="VKLAD_STATE_FOLDER"):
        StateFolder(tmp_path / "file" / "state").prepare()


def test_a_folder_that_somebody_else_laid_there_is_not_used(tmp_path: Path) -> None:
    mine, link = tmp_path / "mine", tmp_path / "link"
    own_folder(mine)
    own_folder(mine)
    assert mine.stat().st_mode & 0o777 == 0o700
    link.symlink_to(mine)
    with pytest.raises(StateFolderUnusable):
        own_folder(link)


def test_a_socket_is_beside_the_state_if_its_path_is_short_enough() -> None:
    short, long = StateFolder(Path("/srv/vklad")), StateFolder(Path("/srv") / ("long" * 30))
    assert short.socket_folder("postgres") == Path("/srv/vklad/sockets/postgres")
    far = long.socket_folder("postgres")
    assert not far.is_relative_to(long.path)
    assert str(os.geteuid()) in far.name
    for folder in (short.socket_folder("postgres"), far):
        assert len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_BYTES_MAX
    assert far != StateFolder(Path("/srv") / ("long" * 31)).socket_folder("postgres")


def test_a_record_speaks_of_one_process_not_of_a_number(tmp_path: Path) -> None:
    record = tmp_path / "part.pid.json"
    mine = psutil.Process()
    content = {"pid": mine.pid, "created": mine.create_time(), "stop_signal": 15}
    record.write_text(json.dumps(content))
    assert recorded(record) == mine
    record.write_text(json.dumps({**content, "created": mine.create_time() - 60}))
    assert recorded(record) is None
    record.write_text("{")
    assert recorded(record) is None
    assert recorded(tmp_path / "none") is None


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port}, where api should.*VKLAD_PORT") as caught:
            refuse_taken_port(Place(port, "VKLAD_PORT"), "api")
        with pytest.raises(PortTaken):
            refuse_taken_port(Place(port, "VKLAD_PORT", "0.0.0.0"), "api")  # noqa: S104 - refused
    assert caught.value.operands == {"part": "api", "port": port}
    assert f"process {os.getpid()})" in caught.value.message
    refuse_taken_port(Place(free_port(), "VKLAD_PORT"), "api")


def test_an_address_of_another_machine_is_no_place_to_listen() -> None:
    with pytest.raises(PartFailed, match=r"cannot listen on port 8000 of 192\.0\.2\.1.*VKLAD_HOST"):
        refuse_taken_port(Place(8000, "VKLAD_HOST", "192.0.2.1"), "api")


def test_a_machine_that_the_wheel_was_not_made_for_is_told_of_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "sparc64")
    with pytest.raises(PartMissing, match="VKLAD_BROKER_URL"):
        server_binary()
