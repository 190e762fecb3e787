"""An address that we ask may hold a secret: no error, traceback or line of a log holds it."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from traceback import format_exception

import pytest

from api.cli.logs import begin_logging
from api.tasks.app import reach_broker
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import connect, ping
from oracle.chain.port import ChainUnavailable
from oracle.chain.remote_signer import RemoteSigner, SignerUnavailable
from oracle.chain.web3_adapter import Web3Chain
from oracle.sender.model import SenderRole
from tests.support.refusing import Repeating, refusing

SECRET = "of" + "the" + "address"  # In one piece it stands in no line that a traceback shows.
NOBODY = "127.0.0.1:9"
DOORS: dict[str, Callable[[str], object]] = {
    "chain, in the path": lambda at: Web3Chain(f"http://{at}/v3/{SECRET}").chain_id(),
    "chain, a password": lambda at: Web3Chain(f"http://us:{SECRET}@{at}").chain_id(),
    "chain, a batch": lambda at: Web3Chain(f"http://{at}/v3/{SECRET}").blocks(0, 3),
    "signer, in the path": lambda at: _poster(f"http://{at}/{SECRET}/{{role}}"),
    "signer, a password": lambda at: _poster(f"http://us:{SECRET}@{at}/{{role}}"),
    "database": lambda at: ping(connect(f"postgresql+psycopg://us:{SECRET}@{at}/vklad")),
    "broker": lambda at: reach_broker(f"redis://:{SECRET}@{at}/0"),
}


@pytest.fixture
def quiet() -> Iterator[None]:
    """The logs of our processes, and afterwards those of the tests again."""
    root, library = logging.getLogger(), logging.getLogger("httpx")
    levels = root.level, library.level
    begin_logging()
    root.setLevel(logging.INFO)
    yield
    root.setLevel(levels[0])
    library.setLevel(levels[1])


def _poster(url: str) -> object:
    return RemoteSigner(url).address(SenderRole.POSTER)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("refuses", [False, True])
def test_an_address_that_fails_is_told_to_nobody(
    door: str, caplog: pytest.LogCaptureFixture, *, refuses: bool
) -> None:
    with refusing() as place, pytest.raises((VkladError, OSError)) as told:
        DOORS[door](place if refuses else NOBODY)
    assert SECRET not in "".join(format_exception(told.value))
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("door", [door for door in DOORS if door.startswith(("chain", "signer"))])
def test_a_refusal_that_repeats_the_address_is_told_without_it(
    door: str, caplog: pytest.LogCaptureFixture
) -> None:
    with refusing(Repeating) as place, pytest.raises(VkladError) as told:
        DOORS[door](place)
    shown = "".join(format_exception(told.value)) + caplog.text
    assert SECRET not in shown
    assert base64.b64encode(f"us:{SECRET}".encode()).decode() not in shown
    assert "is not allowed" in shown or "batch" in door


def test_why_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with refusing() as place:
        with pytest.raises(ChainUnavailable, match="eth_chainId: HTTPError 401"):
            Web3Chain(f"http://{place}/").chain_id()
        with pytest.raises(SignerUnavailable, match="poster answered 401"):
            _poster(f"http://{place}/")
    with pytest.raises(ChainUnavailable, match="eth_chainId: ConnectionError"):
        Web3Chain(f"http://{NOBODY}/").chain_id()
