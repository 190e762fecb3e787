"""Made-up journeys: the rows of a random school, and what somebody would count by hand of it.

The rows are written straight into the tables, because use cases take their times from the clock
and their parts from one another. What is counted by hand reads the same rows as Python objects and
knows nothing of the product's statements.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from governance.polls.tables import poll_ballots, poll_names, poll_voters, polls
from governance.tables import ballots
from ledger.events.tables import event_participants, events, retractions, sources
from ledger.funnel.model import Channel, Journey, Stage
from ledger.funnel.tables import funnel_touches
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Database, Work, execute
from ledger.lots.tables import holds
from ledger.members.tables import identities, identity_links, members
from ledger.redemption.tables import orders, redemptions
from ledger.scoring.tables import award_revisions, awards
from oracle.bridge.tables import bridge_batches, bridge_requests
from oracle.indexer.tables import chains

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 700
SOURCE = "https://lms.example/made-up"
ACTS = ("lms.section.read", "club.post.created", "text.submitted", "own.type")
NO_ACTS = (
    *("club.user.registered", "lms.course.registered", "lms.course.unregistered"),
    *("reminder.delivered", "member.level.changed", "shop.order.refunded"),
)
PAID = "shop.order.paid"
CHANNELS = (
    Channel("telegram", "social", "spring"),
    Channel("digest", "email"),
    Channel("school.example", "referral"),
    Channel("direct", "none"),
)
_HASH = bytes(32)


@dataclass
class School:
    """Rows by table, and how each member is one person with whom."""

    dice: random.Random
    ids: RandomIds = field(default_factory=RandomIds)
    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: sa.Table, **values: Any) -> dict[str, Any]:
        self.rows[table].append(values)
        return values

    def id(self) -> UUID:
        return self.ids.new(BEGIN)

    def moment(self, after: datetime = BEGIN) -> datetime:
        """At most 90 days later, to the second."""
        return after + timedelta(seconds=self.dice.randrange(90 * 86_400))

    def chance(self, of: float) -> bool:
        return self.dice.random() < of

    def write(self, database: Database) -> None:
        """Put everything into the tables."""

        def put(work: Work, _: None) -> None:
            for table, rows in self.rows.items():
                for row in rows:
                    work.connection.execute(table.insert().values(**row))

        execute(database, put, None)


def make(database: Database, seed: int, count: int) -> School:
    """A school of ``count`` members, and half as many visitors, written into the database."""
    school = School(random.Random(seed))  # noqa: S311 - no secret
    first = school.id()
    school.add(
        members,
        member_id=first,
        status="active",
        locale="en",
        created_at=BEGIN,
        merged_into=None,
    )
    _frame(school, first)
    known = [_member(school) for _ in range(count)]
    for absorbed, survivor in zip(known[1::7], known[::7], strict=False):
        absorbed |= {"status": "merged", "merged_into": survivor["member_id"]}
    for each in known:
        _life(school, each["member_id"])
    for _ in range(count // 2):
        _visits(school, school.moment(BEGIN + timedelta(days=school.dice.randrange(DAYS))), None)
    school.write(database)
    return school


def _frame(school: School, first: UUID) -> None:
    """What the rows of members refer to: a source, a chain with a batch, two polls."""
    school.add(
        sources,
        source_id=school.id(),
        uri=SOURCE,
        name="made-up",
        profile="bearer",
        state="active",
        authority={},
        lateness_days=1,
        hourly_budget=1,
        created_at=BEGIN,
        changed_at=BEGIN,
    )
    school.add(
        chains,
        chain_id=31_337,
        genesis_hash=_HASH,
        bridge_address="0x" + "1" * 40,
        bridge_code_hash=_HASH,
        recorded_at=BEGIN,
    )
    school.add(
        bridge_batches,
        batch_id=school.id(),
        chain_key=1,
        sequence=1,
        state="executed",
        records=bytes(26),
        records_hash=_HASH,
        points=1,
        ledger_position=1,
        escrowed_points=1,
        executable_at=BEGIN,
        expires_at=BEGIN + timedelta(days=9),
        attempt=1,
        created_at=BEGIN,
        settled_at=BEGIN,
    )
    for number in range(3):
        closes = BEGIN + timedelta(days=200 * number + 100)
        counted = number < 2
        school.add(
            polls,
            poll_id=school.id(),
            author_id=first,
            title="Poll",
            body="",
            options=["yes", "no"],
            method="single",
            weighing="person",
            standing_min=0,
            opens_at=BEGIN,
            closes_at=closes,
            definition_digest=_HASH,
            eligible=1,
            weight=1,
            eligibility_root=_HASH,
            snapshot={},
            announced_at=BEGIN,
            counted_at=closes if counted else None,
            closing={} if counted else sa.null(),
        )


def _member(school: School) -> dict[str, Any]:
    status = "erased" if school.chance(0.05) else "active"
    return school.add(
        members,
        member_id=school.id(),
        status=status,
        locale="en",
        created_at=BEGIN,
        merged_into=None,
    )


def _life(school: School, member: UUID) -> None:
    """Everything that one member did; some never signed up, some did things before."""
    joined = BEGIN + timedelta(seconds=school.dice.randrange(DAYS * 86_400))
    references = [_identity(school, member, joined) for _ in range(school.dice.randrange(3))]
    if references and school.chance(0.6):
        _visits(school, joined - timedelta(seconds=school.dice.randrange(86_400 * 30)), member)
    began = joined - timedelta(days=school.dice.randrange(20))
    for _ in range(school.dice.randrange(8)):
        if references:
            _fact(school, school.dice.choice(references), school.moment(began))
    for _ in range(school.dice.randrange(3)):
        _award(school, member, school.moment(began))
    for purpose in school.dice.sample(("redemption", "purchase", "goods", "bridge", "stake"), 2):
        _hold(school, member, purpose, school.moment(joined))
    if school.chance(0.4):
        _carry(school, member, school.moment(joined))
    if school.chance(0.4):
        _vote(school, member, school.moment(joined))
    for poll in school.rows[polls]:
        if school.chance(0.2):
            _vote_in(school, poll, member)


def _identity(school: School, member: UUID, joined: datetime) -> UUID:
    at = school.moment(joined)
    reference = school.id()
    school.add(
        identities,
        reference=reference,
        member_id=member,
        linked_at=at,
        proof_kind="test",
        created_at=at,
    )
    for action in ("linked", *(("unlinked", "linked") if school.chance(0.1) else ())):
        school.add(
            identity_links,
            link_id=school.id(),
            reference=reference,
            member_id=member,
            action=action,
            proof_kind="test",
            recorded_at=at,
        )
        at += timedelta(days=1)
    return reference


def _visits(school: School, at: datetime, member: UUID | None) -> None:
    digest = None if member else school.dice.randbytes(32)
    again = school.chance(0.5)
    for is_first in (True, False)[: 1 + again]:
        channel = school.dice.choice(CHANNELS)
        school.add(
            funnel_touches,
            touch_id=school.id(),
            visitor_digest=digest,
            member_id=member,
            is_first=is_first,
            touched_at=at,
            source=channel.source,
            medium=channel.medium,
            campaign=channel.campaign,
        )
        at += timedelta(minutes=school.dice.randrange(1, 9))


def _fact(school: School, reference: UUID, at: datetime) -> None:
    kind = school.dice.choice((*ACTS, *NO_ACTS, PAID, PAID))
    number = str(len(school.rows[events]))
    event = school.add(
        events,
        event_id=school.id(),
        source=SOURCE,
        source_event_id=number,
        type=kind,
        recognised=True,
        subject_reference=reference,
        occurred_at=at,
        occurred_fraction="",
        data={},
        content_digest=_HASH,
        recorded_at=at,
    )
    school.add(event_participants, event_id=event["event_id"], role="subject", reference=reference)
    if school.chance(0.3):
        school.add(
            retractions,
            source=SOURCE,
            source_event_id=number,
            retracted_by="r",
            recorded_at=at,
        )


def _award(school: School, member: UUID, at: datetime) -> None:
    award = school.add(
        awards,
        award_id=school.id(),
        member_id=member,
        rule_id="rule",
        period=str(len(school.rows[awards])),
        earned_at=at,
        created_at=at,
    )
    for revision in range(1, school.dice.randrange(2, 4)):
        school.add(
            award_revisions,
            award_id=award["award_id"],
            revision=revision,
            points=school.dice.choice((0, 5)),
            excess=0,
            receipt={},
            recorded_at=at,
        )


def _hold(school: School, member: UUID, purpose: str, at: datetime) -> None:
    captured = school.chance(0.6)
    hold = school.add(
        holds,
        hold_id=school.id(),
        member_id=member,
        purpose=purpose,
        state="captured" if captured else "released",
        amount=5,
        captured=5 if captured else 0,
        gone_on_to_expired=0,
        placed_at=at,
        expires_at=at + timedelta(days=1),
        resolved_at=at,
        entry_id=school.id(),
        resolution_entry_id=school.id(),
    )
    if purpose == "redemption":
        _order(school, hold)


def _order(school: School, hold: dict[str, Any]) -> None:
    number = str(len(school.rows[orders]))
    order = school.add(
        orders,
        order_id=school.id(),
        source=SOURCE,
        number=number,
        digest=_HASH,
        member_id=hold["member_id"],
        currency="EUR",
        net_minor=100,
        content={},
        recorded_at=hold["placed_at"],
    )
    discount = school.dice.choice((50, 100))
    captured = hold["state"] == "captured"
    school.add(
        redemptions,
        redemption_id=school.id(),
        order_id=order["order_id"],
        order_source=SOURCE,
        order_number=number,
        member_id=hold["member_id"],
        hold_id=hold["hold_id"],
        state=hold["state"],
        programme_hash=_HASH,
        rate="1",
        currency="EUR",
        net_minor=100,
        discount_minor=discount,
        points=5,
        refund_grace=timedelta(),
        quote={},
        created_at=hold["placed_at"],
        expires_at=hold["expires_at"],
        captured_minor=discount if captured else 0,
        captured_points=hold["captured"],
        paid_minor=100 - discount if captured else 0,
        expired_points=0,
        refunded_minor=0,
        returned_minor=0,
        returned_points=0,
        captured_at=hold["resolved_at"] if captured else None,
        closed_at=None if captured else hold["resolved_at"],
    )


def _carry(school: School, member: UUID, at: datetime) -> None:
    state = school.dice.choice(("escrowed", "minted", "minted"))
    batch = school.rows[bridge_batches][0]["batch_id"]
    number = len(school.rows[bridge_requests]) + 1
    school.add(
        bridge_requests,
        request_id=school.id(),
        chain_key=1,
        member_id=member,
        wallet="0x" + "2" * 40,
        points=1,
        salt=_HASH,
        entry_id=school.id(),
        journal_sequence=number,
        state=state,
        batch_id=batch if state == "minted" else None,
        created_at=at,
        settled_at=at if state == "minted" else None,
    )


def _vote(school: School, member: UUID, at: datetime) -> None:
    state = school.dice.choice(("received", "recorded", "recorded", "rejected"))
    number = len(school.rows[ballots])
    school.add(
        ballots,
        ballot_id=school.id(),
        chain_key=1,
        proposal_id=number,
        member_id=member,
        voter_address=f"0x{number:040x}",
        support=1,
        reason="",
        params=b"",
        nonce=0,
        signature=b"",
        weight=1,
        received_at=at,
        state=state,
        rejection="no" if state == "rejected" else None,
        settled_at=None if state == "received" else at,
    )


def _vote_in(school: School, poll: dict[str, Any], member: UUID) -> None:
    """Announced to vote; most do, some of them twice."""
    pseudonym = school.dice.randbytes(32)
    school.add(poll_voters, poll_id=poll["poll_id"], pseudonym=pseudonym, weight=1)
    school.add(
        poll_names, poll_id=poll["poll_id"], member_id=member, pseudonym=pseudonym, salt=_HASH
    )
    for version in range(1, school.dice.randrange(1, 4)):
        school.add(
            poll_ballots,
            poll_id=poll["poll_id"],
            number=len(school.rows[poll_ballots]) + 1,
            pseudonym=pseudonym,
            version=version,
            choice=[1],
            salt=_HASH,
            kind="unsigned",
            commitment=_HASH,
            register_head=_HASH,
            cast_at=BEGIN,
        )


def by_hand(school: School) -> dict[UUID, Journey]:
    """Every person's journey, one person and one row after another."""
    standing = {each["member_id"]: each["merged_into"] for each in school.rows[members]}
    status = {each["member_id"]: each["status"] for each in school.rows[members]}
    found = {}
    for person, merged_into in standing.items():
        if merged_into is not None or status[person] == "erased":
            continue
        mine = {person, *(one for one, into in standing.items() if into == person)}
        reached: dict[Stage, datetime] = {}
        for stage, at in _moments(school, mine):
            reached[stage] = min(at, reached.get(stage, at))
        if Stage.SIGN_UP in reached:
            touches = sorted(
                (each["touched_at"], each["touch_id"], each)
                for each in school.rows[funnel_touches]
                if each["member_id"] in mine
            )
            ends = [_channel(touches[place][2]) if touches else None for place in (0, -1)]
            found[person] = Journey(reached, *ends)
    return found


def visits_by_hand(school: School) -> list[Journey]:
    """Those of visitors whom nobody knows, by the month."""
    found = []
    for each in school.rows[funnel_touches]:
        if each["visitor_digest"] is not None and each["is_first"]:
            last = next(
                (
                    other
                    for other in school.rows[funnel_touches]
                    if other["visitor_digest"] == each["visitor_digest"] and not other["is_first"]
                ),
                each,
            )
            month = each["touched_at"].replace(day=1, hour=0, minute=0, second=0)
            reached = {Stage.FIRST_VISIT: month}
            found.append(Journey(reached, _channel(each), _channel(last)))
    return found


def _channel(row: dict[str, Any]) -> Channel:
    return Channel(row["source"], row["medium"], row["campaign"])


def _moments(school: School, mine: set[UUID]) -> list[tuple[Stage, datetime]]:
    found = []

    def look(
        stage: Stage, table: sa.Table, at: str, counts: Callable[[dict[str, Any]], bool]
    ) -> None:
        mine_here = [row for row in school.rows[table] if row["member_id"] in mine]
        found.extend((stage, row[at]) for row in mine_here if counts(row))

    look(Stage.FIRST_VISIT, funnel_touches, "touched_at", lambda _: True)
    look(Stage.SIGN_UP, identity_links, "recorded_at", lambda row: row["action"] == "linked")
    look(
        Stage.FIRST_REDEMPTION,
        holds,
        "resolved_at",
        lambda row: row["captured"] > 0 and row["purpose"] not in {"bridge", "stake"},
    )
    look(Stage.PURCHASE, redemptions, "captured_at", lambda row: row["paid_minor"] > 0)
    look(Stage.BRIDGE, bridge_requests, "settled_at", lambda row: row["state"] == "minted")
    look(Stage.VOTE, ballots, "settled_at", lambda row: row["state"] == "recorded")
    look(Stage.FIRST_EARN, awards, "earned_at", lambda row: _worth(school, row) > 0)
    own = {each["reference"] for each in school.rows[identities] if each["member_id"] in mine}
    gone = {each["source_event_id"] for each in school.rows[retractions]}
    for row in school.rows[events]:
        if row["subject_reference"] in own and row["source_event_id"] not in gone:
            if row["type"] in ACTS:
                found.append((Stage.ACTIVATION, row["occurred_at"]))
            if row["type"] == PAID:
                found.append((Stage.PURCHASE, row["occurred_at"]))
    for name in school.rows[poll_names]:
        (poll,) = [each for each in school.rows[polls] if each["poll_id"] == name["poll_id"]]
        cast = any(each["pseudonym"] == name["pseudonym"] for each in school.rows[poll_ballots])
        if name["member_id"] in mine and poll["counted_at"] and cast:
            found.append((Stage.VOTE, poll["closes_at"]))
    return found


def _worth(school: School, award: dict[str, Any]) -> int:
    mine = [row for row in school.rows[award_revisions] if row["award_id"] == award["award_id"]]
    return int(max(mine, key=lambda row: row["revision"])["points"])
