"""Who the member is here: profile and identities, consents, touches, levels, units, reviews."""

from __future__ import annotations

from collections.abc import Iterator

from api.archive import mine_store
from api.archive.mine import Mine, at, name_of
from api.archive.model import Note
from api.pages.earning import say
from ledger.consents import store as consents
from ledger.funnel import touches_store
from ledger.kernel.canonical import Json
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.quarantine.model import PREFIX as REVIEW
from ledger.quarantine.store import cases_of_member
from ledger.standing import service as standing
from ledger.standing.store import levels_of
from ledger.units import service as units

REVIEWS_MAX = 1_000


def profile(mine: Mine) -> Iterator[Note]:
    """Name, roles and the accounts that speak for the member."""
    member = members.require_member(mine.work, mine.member_id)
    merit = standing.standing_of(mine.work, mine.member_id)
    linked: list[Json] = [
        {
            "provider": None if each.key is None else each.key.provider,
            "issuer": None if each.key is None else each.key.issuer,
            "subject": None if each.key is None else each.key.subject,
            "linked_at": at(each.linked_at),
            "proof": each.proof_kind,
        }
        for each in members_store.identities_of_member(mine.work, mine.member_id)
    ]
    yield Note(
        "profile",
        member.display_name or mine.t("archive.note.profile"),
        {
            "member": name_of("mem", mine.member_id),
            "display_name": member.display_name,
            "status": member.status.value,
            "locale": member.locale,
            "created_at": at(member.created_at),
            "roles": sorted(each.value for each in members.roles_of(mine.work, mine.member_id)),
            "identities": linked,
            "standing": merit.standing.points.amount,
            "voice": merit.voice.points.amount,
        },
        lines=[
            ("created_at", mine.moment(member.created_at)),
            ("standing", mine.number(merit.standing.points)),
            ("voice", mine.number(merit.voice.points)),
            ("identities", mine.number(len(linked))),
        ],
    )


def consent_notes(mine: Mine) -> Iterator[Note]:
    """Every yes and no about the terms and the purposes of data."""
    versions = {each.terms_id: each for each in consents.versions(mine.work)}
    for each in mine_store.consents_said(mine.work, mine.member_id):
        terms = None if each.terms_id is None else versions[each.terms_id]
        about = (
            mine.t("archive.note.terms")
            if each.purpose is None
            else mine.t(f"terms.purpose.{each.purpose}")
        )
        yield Note(
            name_of("cns", each.consent_id),
            about,
            {
                "about": "terms" if each.purpose is None else each.purpose,
                "terms": None if terms is None else terms.digest.hex(),
                "gives": each.gives,
                "said_by": "me" if each.by_member else "school",
                "said_at": at(each.said_at),
            },
            words=[mine.t("archive.note.yes" if each.gives else "archive.note.no")],
            lines=[("created_at", mine.moment(each.said_at))],
        )


def touch_notes(mine: Mine) -> Iterator[Note]:
    """What the member came by before signing up, as they agreed that it be kept."""
    for touch_id, when, channel in touches_store.touches_of_person(mine.work, mine.member_id):
        yield Note(
            name_of("tch", touch_id),
            channel.source,
            {
                "utm_source": channel.source,
                "utm_medium": channel.medium,
                "utm_campaign": channel.campaign or None,
                "touched_at": at(when),
            },
            lines=[("created_at", mine.moment(when))],
        )


def levels(mine: Mine) -> Iterator[Note]:
    """Levels reached and left."""
    terms = None if mine.programme is None else mine.programme.levels
    titles = {each.level_id: each.title for each in (terms.steps if terms else ())}
    for member in sorted(mine.members):
        for each in levels_of(mine.work, member):
            title = say(mine.view, titles.get(each.level_id or ""), each.level_id or "-")
            yield Note(
                f"{name_of('lvl', member)}-{each.number}",
                title,
                {
                    "level": each.level_id,
                    "standing": each.standing,
                    "reached_at": at(each.reached_at),
                    "programme": each.programme_hash.hex(),
                },
                lines=[
                    ("standing", mine.number(each.standing)),
                    ("created_at", mine.moment(each.reached_at)),
                ],
            )


def unit_notes(mine: Mine) -> Iterator[Note]:
    """What there is in units beside points, each award with its receipt."""
    for each in units.units_of(mine.work, mine.member_id):
        reached = each.reached.level
        told: list[Json] = [
            {"points": award.points.amount, "award_receipt": award.receipt.to_json()}
            for award in each.awards
        ]
        yield Note(
            f"unit-{each.unit}",
            say(mine.view, each.programme.title, each.unit),
            {
                "unit": each.unit,
                "points": each.standing.points.amount,
                "level": None if reached is None else reached.level_id,
                "awards": told,
            },
            lines=[("points", mine.number(each.standing.points))],
        )


def reviews(mine: Mine) -> Iterator[Note]:
    """Cases about the member's facts, with the member's own words; why, once it is decided."""
    for each in cases_of_member(mine.work, mine.member_id, REVIEWS_MAX):
        own = [one.words for one in each.said if one.by in mine.members and one.words]
        decided = each.decided_at is not None
        kind = mine.t(f"admin.reviews.kind.{each.kind.value}")
        yield Note(
            name_of(REVIEW, each.case_id),
            kind if decided else mine.t("archive.note.review"),
            {
                "about": each.kind.value if decided else None,
                "state": each.state.value,
                "opened_at": at(each.opened_at),
                "decided_at": at(each.decided_at),
                "my_words": list(own),
            },
            quotes=own,
            lines=[("created_at", mine.moment(each.opened_at))],
        )
