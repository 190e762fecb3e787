"""What the facts of a guest say, case by case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from ledger.events.model import Scalar, StoredFact
from ledger.kernel.clock import Instant
from ledger.kernel.units import Money
from ledger.members.model import IdentityKey
from ledger.programme.model import Attribute
from ledger.programme.model_referral import ORDER_PAID, ORDER_REFUNDED
from ledger.referral.facts import first_payment, is_subscribed, paid_before, payment_of
from ledger.referral.fingerprints import WALLET, Fingerprints

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SHOP = "https://shop.example"


def fact(
    number: int, type_: str, at: datetime = AT, *, source: str = SHOP, **stated: Scalar
) -> StoredFact:
    moment = Instant.of(at)
    return StoredFact(UUID(int=number), source, str(number), type_, None, moment, stated)


def paid(number: int, minor: int, at: datetime = AT, **more: Scalar) -> StoredFact:
    stated: dict[str, Scalar] = {"order": "A", "currency": "USD", "amount_minor": minor, **more}
    return fact(number, ORDER_PAID, at, **stated)


def back(number: int, minor: int, source: str = SHOP, **more: Scalar) -> StoredFact:
    stated: dict[str, Scalar] = {"order": "A", "currency": "USD", "amount_minor": minor, **more}
    return fact(number, ORDER_REFUNDED, AT + SECOND, source=source, **stated)


def test_paid_before_is_strictly_before_and_paid() -> None:
    assert paid_before([paid(1, 5)], AT + SECOND)
    assert not paid_before([paid(1, 5)], AT)
    assert not paid_before([back(1, 5)], AT + 9 * SECOND)


def test_the_first_payment_is_the_first_with_an_amount() -> None:
    facts = [
        back(1, 5),
        paid(2, 0),
        fact(3, ORDER_PAID, order="A", currency="USD"),
        paid(4, 1),
        paid(5, 900),
    ]
    payment = first_payment(facts)
    assert payment is not None
    assert (payment.event_id, payment.paid) == (UUID(int=4), Money(1, "USD"))
    assert payment.paid_at == AT
    assert first_payment(facts[:3]) is None


@pytest.mark.parametrize(
    "stated",
    [
        {"order": "A", "currency": "USD", "amount_minor": "5"},
        {"order": "A", "currency": 840, "amount_minor": 5},
        {"currency": "USD", "amount_minor": 5},
        {"order": "A", "currency": "dollars", "amount_minor": 5},
    ],
)
def test_an_amount_that_is_not_stated_whole_is_none(stated: dict[str, Scalar]) -> None:
    assert first_payment([fact(1, ORDER_PAID, **stated)]) is None
    assert payment_of([fact(1, ORDER_PAID, **stated)], UUID(int=1)) is None


def test_a_payment_is_found_by_its_event() -> None:
    facts = [paid(1, 5), paid(2, 7)]
    payment = payment_of(facts, UUID(int=2))
    assert payment is not None
    assert payment.paid == Money(7, "USD")
    assert payment_of(facts, UUID(int=3)) is None


@pytest.mark.parametrize(
    ("refunds", "refunded"),
    [
        ([], 0),
        ([back(2, 30)], 30),
        ([back(2, 30), back(3, 20)], 50),
        # The same refund told twice counts once; without a name each counts.
        ([back(2, 30, refund="r"), back(3, 30, refund="r")], 30),
        ([back(2, 30, refund="r"), back(3, 20, refund="s")], 50),
        ([back(2, 70), back(3, 70)], 100),
        ([back(2, 0)], 0),
        ([back(2, -5)], 0),
        ([back(2, 30, source="https://other.example")], 0),
        ([back(2, 30, order="B")], 0),
        ([fact(2, ORDER_REFUNDED, order="A", amount_minor=30)], 30),
        # In whole units, where no minor ones are stated.
        ([fact(2, ORDER_REFUNDED, order="A", currency="USD", amount=Decimal("0.30"))], 30),
        ([fact(2, ORDER_REFUNDED, order="A", currency="USD", amount=1)], 100),
        ([fact(2, ORDER_REFUNDED, order="A", currency=None, amount=Decimal("0.05"))], 5),
        ([back(2, 30, amount=Decimal(5))], 30),
        # One that does not say how much of this currency is taken to be of everything.
        ([back(2, 30, currency="EUR")], 100),
        ([back(2, 30, currency=840)], 100),
        ([fact(2, ORDER_REFUNDED, order="A", currency="USD")], 100),
        ([fact(2, ORDER_REFUNDED, order="A", currency="USD", amount=Decimal("0.005"))], 100),
        ([fact(2, ORDER_REFUNDED, order="A", currency="USD", amount="1")], 100),
        ([fact(2, ORDER_REFUNDED, order="A"), back(3, 4)], 100),
        ([fact(2, ORDER_REFUNDED, order="B"), back(3, 4)], 4),
        # Until it is told again with the amount.
        ([fact(2, ORDER_REFUNDED, order="A", refund="r"), back(3, 4, refund="r")], 4),
        ([back(2, 4, refund="r"), fact(3, ORDER_REFUNDED, order="A", refund="r")], 4),
    ],
)
def test_refunds_of_the_same_order_and_source_count(
    refunds: list[StoredFact], refunded: int
) -> None:
    payment = first_payment([paid(1, 100), *refunds])
    assert payment is not None
    assert payment.refunded == Money(refunded, "USD")


LEVEL = Attribute("level", "to", ("free", "paid", 7), "free", None, {})


def changed(to: Scalar, at: datetime = AT, type_: str = LEVEL.event_type) -> StoredFact:
    return fact(1, type_, at, to=to)


@pytest.mark.parametrize(
    ("facts", "subscribed"),
    [
        ([], False),
        ([changed("paid")], True),
        ([changed(7)], True),
        ([changed("paid", AT + SECOND)], False),
        ([changed("paid", type_="member.other.changed")], False),
        ([changed("paid"), changed("free")], False),
        ([changed("paid"), changed("gold")], True),
        ([changed("paid"), changed(None)], True),
        ([changed("free"), changed("paid", AT + SECOND)], False),
        ([changed("paid"), changed(True)], True),
    ],
)
def test_the_last_known_value_counts(facts: list[StoredFact], *, subscribed: bool) -> None:
    assert is_subscribed(facts, LEVEL, ("paid", 7), AT) is subscribed


def test_a_boolean_is_no_number() -> None:
    plan = Attribute("plan", "to", (0, 1), 0, None, {})
    said = fact(1, plan.event_type, to=True)
    assert not is_subscribed([said], plan, (1,), AT)


PRINTS = Fingerprints(b"k" * 32)


def kinds(*identities: IdentityKey, wallets: tuple[str, ...] = ()) -> set[str]:
    return {one.kind for one in PRINTS.identifiers(identities, wallets)}


def test_identifiers_are_of_accounts_and_of_wallets() -> None:
    lms = IdentityKey("lms", "https://a.example", "7")
    assert kinds(lms, wallets=("0xaa",)) == {"lms", WALLET}
    assert kinds(IdentityKey("phone_hash", "https://a.example", "ab")) == {"phone"}


def test_a_phone_is_the_same_everywhere_and_an_account_is_not() -> None:
    def digests(provider: str, issuer: str) -> frozenset[object]:
        return PRINTS.identifiers([IdentityKey(provider, issuer, "7")], ())

    assert digests("phone", "https://a.example") == digests("phone_hash", "https://b.example")
    assert digests("lms", "https://a.example") != digests("lms", "https://b.example")


def test_parts_do_not_run_into_each_other() -> None:
    one = PRINTS.identifiers([IdentityKey("a", "bc", "d")], ())
    other = PRINTS.identifiers([IdentityKey("a", "b", "cd")], ())
    assert {each.digest for each in one} != {each.digest for each in other}


def test_the_hash_is_keyed_and_of_this_form() -> None:
    # HMAC-SHA-256 of each part after its length in four bytes.
    (wallet,) = Fingerprints(b"k").identifiers([], ["0xaa"])
    assert wallet.digest.hex() == (
        "240b2c945ae5c0e2d9d88c2d362bec2584c25363bc29bcc46f962c5733c459b0"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.255", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:192.0.2.9", "192.0.2.1", True),
    ],
)
def test_a_network_is_a_24_or_a_48(one: str, other: str, *, same: bool) -> None:
    assert (PRINTS.network(one) == PRINTS.network(other)) is same
    assert PRINTS.network(one) is not None


def test_no_address_is_no_network() -> None:
    assert PRINTS.network(None) is None
    assert PRINTS.network("") is None
    assert PRINTS.network("localhost") is None
