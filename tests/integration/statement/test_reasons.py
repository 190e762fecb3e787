"""Why each line is there: orders, holds, projects, goods and what expired, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import ChainSwitch
from governance.goods import service as goods
from ledger.kernel.transaction import execute
from ledger.lots import service as lots
from ledger.redemption import service as redemption
from ledger.redemption.service import CaptureRedemption, RefundRedemption
from ledger.statement import service as statements
from tests.integration.pages.conftest import Reader, app_of
from tests.integration.projects.conftest import Guild
from tests.integration.redemption.conftest import School


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Order A-17, $0.40 less to pay. Set aside until it is paid or let go.",
                "Order A-17, $0.40 less to pay. The discount was used.",
                "Refund Order A-17, $0.40 less to pay. What was bought was given back",
                "Grant Approved by two persons.",
            ],
        ),
        (
            "ru",
            [
                "Заказ A-17, платить меньше на 0,40 $. Скидка использована.",
                "Возврат Заказ A-17, платить меньше на 0,40 $. Покупку вернули",
            ],
        ),
    ],
)
def test_discounts(school: School, tmp_path: Path, language: str, expected: list[str]) -> None:
    school.grant(100)
    held = school.held(40)
    captured = CaptureRedemption(school.lms, held.redemption_id)
    execute(school.database, redemption.capture, captured)
    given_back = RefundRedemption(school.lms, held.redemption_id, "r1", 460)
    execute(school.database, redemption.refund, given_back)
    app = app_of(school.database, tmp_path / "state", ChainSwitch.OFF, None)
    said = Reader(app, school.member, "member").words("/statement/2026-W10", language)
    for words in expected:
        assert words in said
    assert Reader(app, school.member, "member").get("/statement/2026-W10.pdf").status_code == 200


def test_projects_goods_and_expiry(guild: Guild, tmp_path: Path) -> None:
    guild.give("anna", 300, days=2)
    project = guild.funded("boris")
    guild.done(project, reward=90, by="boris", anna=2, boris=1)
    guild.stake("anna", project, 50)
    guild.end(goods.fulfil, guild.order(guild.good(), "anna", 2))
    guild.clock.forward(days=3)
    guild.do(lots.apply_due, lots.ApplyDue(guild["anna"], guild.clock.time))
    app = app_of(guild.database, tmp_path / "state", ChainSwitch.OFF, None)
    anna = Reader(app, guild["anna"], "member")
    said = anna.words("/statement/2026-W10")
    for words in ("A library of exercises", "A cup", "Behind a project.", "Their life was over."):
        assert words in said, words
    assert "Кружка" in anna.words("/statement/2026-W10", "ru")
    with guild.database.read() as work:
        week = statements.newest_week(work, guild["anna"])
        found = statements.statement_of(work, guild["anna"], week)
    assert found.opening + found.change == found.closing
