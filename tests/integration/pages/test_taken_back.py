"""What refunds and votes against took of an award stands in its receipt, in both languages."""

from __future__ import annotations

from fastapi import FastAPI

from ledger.events.model import ExactJson
from ledger.kernel.transaction import Database
from tests.integration.pages.conftest import Reader
from tests.world import World

FORUM = """\
programme: forum
version: "1"
zone: UTC
rules:
  - {id: post, on: club.post.created, to: actor, points: 5, once_per: [data.post]}
  - {id: bought, on: shop.order.paid, to: actor, points: 90}
reductions:
  - {rules: post, on: club.dislike.given, key: data.post, takes: 2, to: data.owner}
  - {rules: bought, on: shop.order.refunded, key: data.order, whole: data.amount_minor,
     part: data.amount_minor}
"""
DAY = "2026-03-02T09:00:00Z"


def test_a_receipt_says_what_went_back(app: FastAPI, database: Database) -> None:
    world = World.make(database)
    world.activate(FORUM)
    world.link("anna")
    world.link("boris")
    world.state("p", "club.post.created", "lms:anna", DAY, {"post": "p"})
    for number in range(2):
        against = {"post": "p", "owner": "lms:anna"}
        world.state(f"v{number}", "club.dislike.given", "lms:boris", DAY, against)
    for kind, amount in (("paid", 3), ("refunded", 1)):
        order: dict[str, ExactJson] = {"order": "A", "amount_minor": amount}
        world.state(kind, f"shop.order.{kind}", "lms:anna", DAY, order)
    world.score()
    anna = Reader(app, world.linked["anna"], "member")
    said, russian = anna.words("/history"), anna.words("/history", "ru")
    assert "2 votes against it − 4" in said
    assert "Gone back with the purchase − 30" in said
    assert "2 голоса против − 4" in russian
    assert "Вернулось вместе с покупкой − 30" in russian
