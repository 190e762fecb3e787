"""What persons and the shop of the soak do with points: all by the use cases that people have.

Checkouts, single-use codes, purchases between members, and the jobs that end what was left open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.redeeming import quote_keys
from api.webhooks.secret_box import FernetBox
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import execute
from ledger.lots import jobs as lots_jobs
from ledger.purchases import returning
from ledger.purchases.offers import OFFER_TOKEN_TYPE
from ledger.purchases.returning import TakeBack
from ledger.purchases.service import Buy, Purchases
from ledger.redemption import code_use, codes, service, tokens
from ledger.redemption.checkout import AskQuote, HoldRedemption, Redeeming
from ledger.redemption.code_use import UseCode
from ledger.redemption.codes import CancelCode, IssueCode
from ledger.redemption.jobs import expire_redemptions
from ledger.redemption.offers import Caller
from ledger.redemption.orders import ORDER_TOKEN_TYPE
from ledger.redemption.service import CaptureRedemption, RefundRedemption, ReleaseRedemption
from tests.support.credentials import issue_secret
from tests.world import SOURCE_URI, World

if TYPE_CHECKING:
    from tests.integration.soak.soak_worker import Walker

SECRET: Final = b"of every process of the soak: 0123456789"
SIGNED_WITH: Final = "a secret of the learning system"
SHOP: Final = Caller(source=SOURCE_URI)
PRICE: Final = 5_000
BOX: Final = FernetBox(SECRET)
REDEEMING: Final = Redeeming(quote_keys(SECRET), BOX)
MARKET: Final = Purchases(BOX)
LINES: Final[Json] = [{"id": "1", "product": "course:go", "price_minor": PRICE}]


def prepare(world: World) -> None:
    """The shop may sign what it sells."""
    admins = (world.first_admin, world.second_admin)
    issue_secret(world.database, BOX, admins, "lms", SIGNED_WITH)


def hold(walker: Walker) -> None:
    """A quote for an order, and the points that it promised set aside."""
    name = walker.name
    buyer = Caller(member_id=walker.named[name])
    stated: dict[str, Json] = {"order": _number(walker), "currency": "USD", "lines": LINES}
    order = _signed(walker, ORDER_TOKEN_TYPE, {"sub": f"lms:{name}", **stated})
    with walker.database.read() as work:
        given = REDEEMING.quote(work, AskQuote(buyer, order, walker.points(60)))
    made = execute(walker.database, REDEEMING.hold, HoldRedemption(buyer, order, given.token))
    walker.keep(walker.held, made.redemption_id)


def capture(walker: Walker) -> None:
    """An order was paid for, with all that was held or a part of it."""
    redemption_id = walker.one(walker.held)
    part = walker.chance.choice((None, walker.chance.randint(1, 30)))
    command = CaptureRedemption(SHOP, redemption_id, part)
    walker.keep(walker.captured, execute(walker.database, service.capture, command))


def release(walker: Walker) -> None:
    """An order came to nothing."""
    command = ReleaseRedemption(SHOP, walker.one(walker.held))
    execute(walker.database, service.release, command)


def refund(walker: Walker) -> None:
    """A part of the money goes back, or all of it if none has."""
    paid = walker.one(walker.captured)
    amount = walker.chance.choice((walker.chance.randint(1, 2_000), paid.paid_minor))
    command = RefundRedemption(SHOP, paid.redemption_id, _number(walker), amount)
    execute(walker.database, service.refund, command)


def expire(walker: Walker) -> None:
    """The jobs that end what nobody settled in time."""
    jobs = [expire_redemptions, lots_jobs.expire_holds]
    walker.chance.shuffle(jobs)
    for job in jobs:
        job(walker.database)


def issue_code(walker: Walker) -> None:
    """A discount under a code."""
    member = walker.member
    command = IssueCode(member, "lms", "USD", walker.chance.randint(1, 60))
    issued = execute(walker.database, codes.issue, command)
    walker.keep(walker.codes, (member, issued.code.code_id, issued.text))


def use_code(walker: Walker) -> None:
    """The shop spends a code on an order of its own."""
    _, _, text = walker.one(walker.codes)
    order: dict[str, Json] = {"order": _number(walker), "currency": "USD", "lines": LINES}
    used = execute(walker.database, code_use.use, UseCode(SHOP, text, order))
    walker.keep(walker.captured, used)


def cancel_code(walker: Walker) -> None:
    """A member takes a code back."""
    member, code_id, _ = walker.one(walker.codes)
    execute(walker.database, codes.cancel, CancelCode(member, code_id))


def buy(walker: Walker) -> None:
    """One member buys from the other, and the school has its share."""
    buyer, author = walker.chance.sample(sorted(walker.named), 2)
    claims: dict[str, Json] = {
        "sub": f"lms:{buyer}",
        "sale": _number(walker),
        "rule": "course",
        "points": walker.chance.randint(1, 60),
        "recipients": {"author": f"lms:{author}"},
    }
    offer = _signed(walker, OFFER_TOKEN_TYPE, claims)
    command = Buy(Caller(member_id=walker.named[buyer]), offer)
    walker.keep(walker.bought, execute(walker.database, MARKET.buy, command).purchase_id)


def take_back(walker: Walker) -> None:
    """A purchase is undone, whatever its author has done with the points."""
    command = TakeBack(SHOP, walker.one(walker.bought))
    execute(walker.database, returning.take_back, command)


def _signed(walker: Walker, kind: str, claims: dict[str, Json]) -> str:
    now = int(walker.now.timestamp())
    times: dict[str, Json] = {"iat": now, "exp": now + 6 * 86_400}
    return tokens.sign(claims | times, token_type=kind, key_id="lms", secret=SIGNED_WITH.encode())


def _number(walker: Walker) -> str:
    return walker.new_id().hex
