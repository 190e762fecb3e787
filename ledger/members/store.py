"""Statements over members and identities. One statement, one function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.arrays import TEXT, UUID_, Column, any_uuid, table_of
from ledger.kernel.pipeline import Prepared
from ledger.kernel.transaction import Work
from ledger.members.model import (
    IdentityKey,
    LinkedIdentity,
    Locale,
    Member,
    MemberStatus,
    Role,
    RoleGrant,
)
from ledger.members.tables import (
    identities,
    identity_links,
    member_roles,
    members,
    personal_identities,
    personal_profiles,
)

_MEMBERSHIP_LOCK: Final = 0x766B_6C61_6400_0001
"""Advisory lock, shared by those who add facts and exclusive to those who change whose they are
or take them back. Without it a fact and a link could miss each other, unseen by both."""
_LOCK_SHARED: Final = sa.select(sa.func.pg_advisory_xact_lock_shared(_MEMBERSHIP_LOCK))
_LOCK: Final = sa.select(sa.func.pg_advisory_xact_lock(_MEMBERSHIP_LOCK))
MEMBERSHIP_SHARED: Final = Prepared(_LOCK_SHARED)
"""As :func:`lock_membership_shared`, in a pipeline."""
MEMBERSHIP_ALONE: Final = Prepared(_LOCK)
"""As :func:`lock_membership`, in a pipeline."""


def lock_membership_shared(work: Work) -> None:
    """Hold off links and retractions until this transaction ends; do not hold off each other."""
    work.connection.execute(_LOCK_SHARED)


def lock_membership(work: Work) -> None:
    """Wait for everyone who adds facts, links or retracts, then hold them off until the end."""
    work.connection.execute(_LOCK)


def insert_members(work: Work, member_ids: Sequence[UUID], locale: Locale) -> None:
    """New active members."""
    new = table_of("new", id=(UUID_, list(member_ids)))
    work.connection.execute(
        members.insert().from_select(
            ["member_id", "status", "locale", "created_at"],
            sa.select(new.c.id, sa.literal("active"), sa.literal(locale), sa.literal(work.now)),
        )
    )


def set_display_name(work: Work, member_id: UUID, name: str) -> None:
    """Write or replace the shown name."""
    row = pg.insert(personal_profiles).values(member_id=member_id, display_name=name)
    work.connection.execute(
        row.on_conflict_do_update(
            index_elements=["member_id"], set_={"display_name": row.excluded.display_name}
        )
    )


def set_status(work: Work, member_id: UUID, status: MemberStatus) -> None:
    """Change whether a member takes part."""
    work.connection.execute(
        members.update().where(members.c.member_id == member_id).values(status=status)
    )


def erase_personal(work: Work, member_id: UUID, references: Iterable[UUID]) -> None:
    """Delete who a member was: name, identities, roles."""
    mine = personal_identities.c.reference == any_uuid("refs", references)
    work.connection.execute(personal_identities.delete().where(mine))
    for table in (personal_profiles, member_roles):
        work.connection.execute(table.delete().where(table.c.member_id == member_id))


def lock_member(work: Work, member_id: UUID) -> MemberStatus | None:
    """Lock one member's row (rows that name it may be added); ``None``: no such member."""
    mine = sa.select(members.c.status).where(members.c.member_id == member_id)
    status = work.connection.execute(mine.with_for_update(key_share=True)).scalar_one_or_none()
    return None if status is None else MemberStatus(status)


def find_member(work: Work, member_id: UUID) -> Member | None:
    """One member with the shown name."""
    query = _members_query().where(members.c.member_id == member_id)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _member(row)


def list_members(work: Work, *, after: UUID | None, limit: int) -> list[Member]:
    """Members by id, which is the order they came in; those after ``after``."""
    query = _members_query().order_by(members.c.member_id).limit(limit)
    query = query if after is None else query.where(members.c.member_id > after)
    return [_member(row) for row in work.connection.execute(query)]


def count_members(work: Work) -> int:
    """How many members there are."""
    return work.connection.execute(sa.select(sa.func.count()).select_from(members)).scalar_one()


def references_by_key(work: Work, keys: Sequence[IdentityKey]) -> dict[IdentityKey, UUID]:
    """The references of those keys that have one."""
    asked, known = _table_of_keys(keys), personal_identities
    query = sa.select(known.c.provider, known.c.issuer, known.c.subject, known.c.reference).join(
        asked,
        sa.and_(
            known.c.provider == asked.c.provider,
            known.c.issuer == asked.c.issuer,
            known.c.subject == asked.c.subject,
        ),
    )
    return {
        IdentityKey(row.provider, row.issuer, row.subject): row.reference
        for row in work.connection.execute(query)
    }


def insert_identities(work: Work, new: Sequence[tuple[IdentityKey, UUID]]) -> None:
    """Add unlinked identities; a key that another transaction added meanwhile keeps its own row.

    One statement, so that no reference is left without the key it stands for.
    """
    keys = _table_of_keys([key for key, _ in new], [reference for _, reference in new])
    wanted = pg.insert(personal_identities).from_select(
        ["provider", "issuer", "subject", "reference"], sa.select(keys)
    )
    added = (
        wanted.on_conflict_do_nothing(index_elements=["provider", "issuer", "subject"])
        .returning(personal_identities.c.reference)
        .cte("added")
    )
    work.connection.execute(
        identities.insert().from_select(
            ["reference", "created_at"], sa.select(added.c.reference, sa.literal(work.now))
        )
    )


def members_by_reference(work: Work, references: Iterable[UUID]) -> dict[UUID, UUID]:
    """Reference → member, for the linked ones."""
    rows = work.connection.execute(
        sa.select(identities.c.reference, identities.c.member_id).where(
            identities.c.reference == any_uuid("refs", references),
            identities.c.member_id.is_not(None),
        )
    )
    return {row.reference: row.member_id for row in rows}


def owner_of_reference(work: Work, reference: UUID) -> tuple[bool, UUID | None]:
    """Whether the reference exists, and whose it is."""
    query = sa.select(identities.c.member_id).where(identities.c.reference == reference)
    row = work.connection.execute(query).one_or_none()
    return (False, None) if row is None else (True, row.member_id)


def unlinked_of(work: Work, references: Iterable[UUID]) -> list[UUID]:
    """Those of the references that are nobody's, in order."""
    rows = work.connection.execute(
        sa.select(identities.c.reference)
        .where(
            identities.c.reference == any_uuid("refs", references),
            identities.c.member_id.is_(None),
        )
        .order_by(identities.c.reference)
    )
    return list(rows.scalars())


def references_of_member(work: Work, member_id: UUID) -> list[UUID]:
    """References linked to a member."""
    rows = work.connection.execute(
        sa.select(identities.c.reference)
        .where(identities.c.member_id == member_id)
        .order_by(identities.c.reference)
    )
    return list(rows.scalars())


def identities_of_member(work: Work, member_id: UUID) -> list[LinkedIdentity]:
    """A member's identities with the keys that were not erased."""
    known = personal_identities
    rows = work.connection.execute(
        sa.select(
            identities.c.reference,
            identities.c.linked_at,
            identities.c.proof_kind,
            known.c.provider,
            known.c.issuer,
            known.c.subject,
        )
        .join_from(identities, known, isouter=True)
        .where(identities.c.member_id == member_id)
        .order_by(identities.c.linked_at, identities.c.reference)
    )
    return [
        LinkedIdentity(
            row.reference,
            IdentityKey(row.provider, row.issuer, row.subject) if row.provider else None,
            row.linked_at,
            row.proof_kind,
        )
        for row in rows
    ]


def keys_by_reference(work: Work, references: Iterable[UUID]) -> dict[UUID, IdentityKey]:
    """Reference → key, for those not erased."""
    known = personal_identities
    rows = work.connection.execute(
        sa.select(known).where(known.c.reference == any_uuid("refs", references))
    )
    return {row.reference: IdentityKey(row.provider, row.issuer, row.subject) for row in rows}


def set_owner(
    work: Work, pairs: Sequence[tuple[UUID, UUID | None]], proof_kind: str | None
) -> None:
    """Write whose these identities are; ``None`` is nobody's."""
    pair = table_of(
        "pair",
        reference=(UUID_, [reference for reference, _ in pairs]),
        member_id=(UUID_, [member_id for _, member_id in pairs]),
    )
    linked = pair.c.member_id.is_not(None)
    work.connection.execute(
        identities.update()
        .where(identities.c.reference == pair.c.reference)
        .values(
            member_id=pair.c.member_id,
            linked_at=sa.case((linked, work.now), else_=None),
            proof_kind=sa.case((linked, proof_kind), else_=None),
        )
    )


def insert_links(
    work: Work,
    pairs: Sequence[tuple[UUID, UUID]],
    *,
    action: Literal["linked", "unlinked"],
    proof_kind: str,
    proof_digest: bytes | None,
) -> None:
    """Log a change of owner for each (reference, member)."""
    pair = table_of(
        "pair",
        link_id=(UUID_, [work.ids.new(work.now) for _ in pairs]),
        reference=(UUID_, [reference for reference, _ in pairs]),
        member_id=(UUID_, [member_id for _, member_id in pairs]),
    )
    work.connection.execute(
        identity_links.insert().from_select(
            [column.name for column in identity_links.columns],
            sa.select(
                pair.c.link_id,
                pair.c.reference,
                pair.c.member_id,
                sa.literal(action),
                sa.literal(proof_kind),
                sa.literal(proof_digest, pg.BYTEA),
                sa.literal(work.now),
            ),
        )
    )


def roles_of(work: Work, member_id: UUID) -> frozenset[Role]:
    """Roles granted to an active member."""
    rows = work.connection.execute(
        sa.select(member_roles.c.role)
        .join(members, members.c.member_id == member_roles.c.member_id)
        .where(
            member_roles.c.member_id == member_id,
            member_roles.c.state == "granted",
            members.c.status == "active",
        )
    )
    return frozenset(Role(role) for role in rows.scalars())


def list_roles(work: Work) -> list[RoleGrant]:
    """Every role given or proposed."""
    rows = work.connection.execute(
        sa.select(member_roles).order_by(member_roles.c.member_id, member_roles.c.role)
    )
    return [_role_grant(row) for row in rows]


def find_role(work: Work, member_id: UUID, role: Role) -> RoleGrant | None:
    """One role of one member, locked."""
    row = work.connection.execute(
        sa.select(member_roles)
        .where(member_roles.c.member_id == member_id, member_roles.c.role == role)
        .with_for_update()
    ).one_or_none()
    return None if row is None else _role_grant(row)


def count_admins(work: Work) -> int:
    """How many are admins."""
    admins = sa.and_(member_roles.c.role == "admin", member_roles.c.state == "granted")
    query = sa.select(sa.func.count()).select_from(member_roles).where(admins)
    return work.connection.execute(query).scalar_one()


def count_other_active_admins(work: Work, member_id: UUID) -> int:
    """How many others may act as admins."""
    query = (
        sa.select(sa.func.count())
        .select_from(member_roles)
        .join(members, members.c.member_id == member_roles.c.member_id)
        .where(
            member_roles.c.role == "admin",
            member_roles.c.state == "granted",
            members.c.status == "active",
            members.c.member_id != member_id,
        )
    )
    return work.connection.execute(query).scalar_one()


def insert_role(work: Work, member_id: UUID, role: Role, proposed_by: UUID | None) -> bool:
    """Propose a role; false if it was proposed or granted before."""
    row = pg.insert(member_roles).values(
        member_id=member_id,
        role=role,
        state="proposed",
        proposed_by=proposed_by,
        proposed_at=work.now,
    )
    new = row.on_conflict_do_nothing().returning(member_roles.c.role)
    return work.connection.execute(new).first() is not None


def grant_role(work: Work, member_id: UUID, role: Role, approved_by: UUID | None) -> None:
    """Turn a proposal into a grant."""
    work.connection.execute(
        member_roles.update()
        .where(member_roles.c.member_id == member_id, member_roles.c.role == role)
        .values(state="granted", approved_by=approved_by, approved_at=work.now)
    )


def delete_role(work: Work, member_id: UUID, role: Role) -> None:
    """Take a role away."""
    work.connection.execute(
        member_roles.delete().where(
            member_roles.c.member_id == member_id, member_roles.c.role == role
        )
    )


def _members_query() -> sa.Select[Any]:
    return sa.select(members, personal_profiles.c.display_name).join_from(
        members, personal_profiles, isouter=True
    )


def _member(row: sa.Row[Any]) -> Member:
    return Member(
        row.member_id,
        MemberStatus(row.status),
        row.locale,
        row.created_at,
        row.display_name,
        row.merged_into,
    )


def _role_grant(row: sa.Row[Any]) -> RoleGrant:
    return RoleGrant(row.member_id, Role(row.role), row.state, row.proposed_by, row.approved_by)


def _table_of_keys(
    keys: Sequence[IdentityKey], references: Sequence[UUID] | None = None
) -> sa.TableValuedAlias:
    columns: dict[str, Column] = {
        "provider": (TEXT, [key.provider for key in keys]),
        "issuer": (TEXT, [key.issuer for key in keys]),
        "subject": (TEXT, [key.subject for key in keys]),
    }
    if references is not None:
        columns["reference"] = (UUID_, references)
    return table_of("asked", **columns)
