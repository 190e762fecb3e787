"""What points were used for: discounts, goods, purchases, stakes, and tokens in a wallet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from api.archive import mine_store
from api.archive.mine import PAGE, Mine, at, name_of, pages
from api.archive.model import Note, Ref
from api.archive.points import ENTRY
from api.i18n.formats import write_money
from governance.goods import store as goods
from governance.goods.model import ORDER_PREFIX, Good, GoodOrder, OrderState
from governance.projects.model import PREFIX as PROJECT
from governance.staking.model import PREFIX as STAKE
from ledger.kernel.canonical import Json
from ledger.kernel.units import Money
from ledger.purchases import store as purchases
from ledger.purchases.model import Purchase
from ledger.redemption import store as redemptions
from ledger.redemption.model import Redemption
from ledger.redemption.store import StoredRefund
from oracle.bridge import redeeming_store
from oracle.bridge import store as bridge
from oracle.bridge.service import PREFIX as BRIDGED

BURNS_MAX = 5_000


def redemption_notes(mine: Mine) -> Iterator[Note]:
    """Discounts at checkout, with what was refunded of each."""

    def read(after: UUID | None) -> Sequence[Redemption]:
        return redemptions.list_redemptions(
            mine.work,
            member_id=mine.member_id,
            order_source=None,
            order_number=None,
            after=after,
            limit=PAGE,
        )

    for each in pages(read, lambda one: one.redemption_id):
        yield _redemption(mine, each, redemptions.refunds_of(mine.work, each.redemption_id))


def _redemption(mine: Mine, found: Redemption, refunds: Sequence[StoredRefund]) -> Note:
    discount = Money(found.captured_minor or found.discount_minor, found.currency)
    told: list[Json] = [
        {
            "id": name_of("rfd", each.refund_id),
            "amount_minor": each.amount_minor,
            "points": each.points.amount,
            "recorded_at": at(each.recorded_at),
        }
        for each in refunds
    ]
    return Note(
        name_of("red", found.redemption_id),
        mine.t("archive.note.redemption", number=found.order_number),
        {
            "order_source": found.order_source,
            "order_number": found.order_number,
            "state": found.state.value,
            "currency": found.currency,
            "net_minor": found.net_minor,
            "discount_minor": found.discount_minor,
            "points": found.points.amount,
            "captured_points": found.captured_points.amount,
            "captured_minor": found.captured_minor,
            "returned_points": found.returned_points.amount,
            "refunded_minor": found.refunded_minor,
            "created_at": at(found.created_at),
            "captured_at": at(found.captured_at),
            "closed_at": at(found.closed_at),
            "refunds": told,
        },
        lines=[
            ("points", mine.number(found.captured_points or found.points)),
            ("discount", write_money(discount, mine.view.language)),
            ("returned", mine.number(found.returned_points)),
            ("created_at", mine.moment(found.created_at)),
        ],
    )


def good_orders(mine: Mine) -> Iterator[Note]:
    """Orders from the catalogue."""
    shelf = {each.good_id: each for each in goods.list_goods(mine.work, offered_only=False)}

    def read(before: UUID | None) -> Sequence[GoodOrder]:
        return goods.list_orders(
            mine.work,
            member_id=mine.member_id,
            states=tuple(OrderState),
            before=before,
            limit=PAGE,
        )

    for each in pages(read, lambda one: one.order_id):
        yield _order(mine, each, shelf.get(each.good_id))


def _order(mine: Mine, order: GoodOrder, good: Good | None) -> Note:
    names = {} if good is None else {"en": good.terms.name_en, "ru": good.terms.name_ru}
    title = names.get(mine.view.written, "")
    return Note(
        name_of(ORDER_PREFIX, order.order_id),
        mine.t("archive.note.good", title=title, quantity=order.quantity),
        {
            "good": None if good is None else {"en": good.terms.name_en, "ru": good.terms.name_ru},
            "quantity": order.quantity,
            "price": order.price.amount,
            "state": order.state.value,
            "ordered_at": at(order.ordered_at),
            "ended_at": at(order.ended_at),
            "refunded_at": at(order.refunded_at),
            "note": order.note,
        },
        quotes=[order.note] if order.note else [],
        lines=[
            ("points", mine.number(order.points)),
            ("created_at", mine.moment(order.ordered_at)),
        ],
    )


def bought(mine: Mine) -> Iterator[Note]:
    """What was bought from other members; from whom is theirs."""

    def of(buyer: UUID) -> Iterator[Purchase]:
        return pages(
            lambda after: purchases.list_purchases(
                mine.work, buyer_id=buyer, source=None, after=after, limit=PAGE
            ),
            lambda row: row.purchase_id,
        )

    for member in sorted(mine.members):
        for each in of(member):
            yield Note(
                name_of("pur", each.purchase_id),
                mine.t("archive.note.purchase", number=each.number),
                {
                    "source": each.source,
                    "number": each.number,
                    "rule": each.rule,
                    "points": each.points.amount,
                    "made_at": at(each.made_at),
                    "returned_at": at(each.returned_at),
                },
                lines=[
                    ("points", mine.number(each.points)),
                    ("created_at", mine.moment(each.made_at)),
                ],
            )


def stakes(mine: Mine) -> Iterator[Note]:
    """Points that stand or stood behind projects."""
    for each in mine_store.stakes_of(mine.work, mine.member_id):
        project = Ref(name_of(PROJECT, each.project_id), mine.t("archive.note.project"))
        yield Note(
            name_of(STAKE, each.hold_id),
            mine.t("archive.note.stake", count=each.amount),
            {
                "points": each.amount,
                "state": each.state,
                "placed_at": at(each.placed_at),
                "ended_at": at(each.resolved_at),
            },
            lines=[
                ("points", mine.number(each.amount)),
                ("created_at", mine.moment(each.placed_at)),
            ],
            refs={"project": [project]},
        )


def wallets(mine: Mine) -> Iterator[Note]:
    """Wallets that speak or spoke for the member."""
    for each in mine_store.wallets_of(mine.work, mine.member_id):
        yield Note(
            name_of("wal", each.wallet_id),
            each.address,
            {
                "address": each.address,
                "linked_at": at(each.linked_at),
                "unlinked_at": at(each.unlinked_at),
            },
            lines=[("linked_at", mine.moment(each.linked_at))],
        )


def bridged(mine: Mine) -> Iterator[Note]:
    """Points carried to a wallet as tokens, and back."""
    for each in pages(
        lambda before: bridge.requests_of_member(
            mine.work, mine.member_id, before=before, limit=PAGE
        ),
        lambda one: one.request_id,
    ):
        yield Note(
            name_of(BRIDGED, each.request_id),
            mine.t("archive.note.bridged", count=each.points.amount),
            {
                "points": each.points.amount,
                "wallet": each.wallet,
                "state": each.state.value,
                "created_at": at(each.created_at),
            },
            lines=[
                ("points", mine.number(each.points)),
                ("created_at", mine.moment(each.created_at)),
            ],
            refs={"entry": [Ref(name_of(ENTRY, each.entry_id), mine.t("archive.note.entry"))]},
        )
    for burn in redeeming_store.redemptions_of_member(mine.work, mine.member_id, BURNS_MAX):
        refs: dict[str, Sequence[Ref]] = {}
        if burn.entry_id is not None:
            entry = name_of(ENTRY, burn.entry_id)
            refs["entry"] = [Ref(entry, mine.t("archive.note.entry"))]
        yield Note(
            f"burn-{burn.chain_key}-{burn.sequence}",
            mine.t("archive.note.burnt", count=burn.points.amount),
            {
                "points": burn.points.amount,
                "wallet": burn.holder,
                "state": burn.state.value,
                "transaction": f"0x{burn.transaction_hash.hex()}",
                "recorded_at": at(burn.recorded_at),
            },
            lines=[
                ("points", mine.number(burn.points)),
                ("recorded_at", mine.moment(burn.recorded_at)),
            ],
            refs=refs,
        )
