"""Tables of the governance rooms. What the chain decides is mirrored here, never decided here.

``proposals``, ``delegations`` and ``programme_votes`` are append-only. ``proposal_standings`` is a
reading of the chain that the next one replaces; ``ballots`` move through their four states.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import metadata

_WEI = sa.Numeric(78, 0)


def wei(number: int) -> sa.BindParameter[int]:
    """A number of up to 256 bits to compare a column with; bare integers are sent as 64 bits."""
    return sa.literal(number, _WEI)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _chain(*, primary_key: bool) -> sa.Column[int]:
    reference = sa.ForeignKey("chains.chain_key")
    return sa.Column("chain_key", sa.Integer, reference, nullable=False, primary_key=primary_key)


def _member(*, nullable: bool = False) -> sa.Column[object]:
    return sa.Column("member_id", sa.Uuid, sa.ForeignKey("members.member_id"), nullable=nullable)


proposals = sa.Table(
    "proposals",
    metadata,
    _chain(primary_key=True),
    sa.Column("proposal_id", _WEI, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("actions", pg.JSONB, nullable=False),
    _member(nullable=True),
    sa.Column("proposer_address", sa.Text, nullable=False),
    sa.Column("programme_hash", pg.BYTEA),
    _time("declared_effective_at", nullable=True),
    sa.Column("intent_key", sa.Text, nullable=False),
    _time("submitted_at"),
    sa.Column("order_hash", pg.BYTEA),
    sa.Column("preview_digest", pg.BYTEA),
    sa.CheckConstraint(
        "kind IN ('programme', 'limits', 'spending', 'tokens', 'budget', 'text', 'direct', "
        "'guardian', 'unpause', 'key')",
        name="kind_is_known",
    ),
    sa.CheckConstraint("(kind = 'direct') = (member_id IS NULL)", name="signer_is_named"),
    sa.CheckConstraint(
        "(kind = 'programme') = (programme_hash IS NOT NULL)", name="programme_is_named"
    ),
    sa.CheckConstraint(
        "(kind IN ('spending', 'budget')) = (order_hash IS NOT NULL)", name="order_is_named"
    ),
    sa.CheckConstraint(
        "preview_digest IS NULL OR kind = 'programme'", name="preview_is_of_a_programme"
    ),
)

proposal_standings = sa.Table(
    "proposal_standings",
    metadata,
    _chain(primary_key=True),
    sa.Column("proposal_id", _WEI, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    _time("snapshot_at"),
    _time("deadline_at"),
    _time("executable_at", nullable=True),
    sa.Column("against_votes", _WEI, nullable=False),
    sa.Column("for_votes", _WEI, nullable=False),
    sa.Column("abstain_votes", _WEI, nullable=False),
    sa.Column("voters", sa.Integer, nullable=False),
    sa.Column("quorum_votes", _WEI),
    sa.Column("quorum_voters", sa.Integer, nullable=False),
    sa.Column("block_number", sa.BigInteger, nullable=False),
    _time("read_at"),
    sa.CheckConstraint(
        "state IN ('pending', 'active', 'canceled', 'defeated', 'succeeded', 'queued', "
        "'expired', 'executed')",
        name="state_is_known",
    ),
)

programme_votes = sa.Table(
    "programme_votes",
    metadata,
    _chain(primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("programme_hash", pg.BYTEA, nullable=False),
    _time("effective_at"),
    sa.Column("transaction_hash", pg.BYTEA, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    _time("recorded_at"),
    sa.CheckConstraint(
        "outcome IN ('activated', 'file_missing', 'refused')", name="outcome_is_known"
    ),
)

ballots = sa.Table(
    "ballots",
    metadata,
    sa.Column("ballot_id", sa.Uuid, primary_key=True),
    _chain(primary_key=False),
    sa.Column("proposal_id", _WEI, nullable=False),
    _member(),
    sa.Column("voter_address", sa.Text, nullable=False),
    sa.Column("support", sa.SmallInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("params", pg.BYTEA, nullable=False),
    sa.Column("nonce", _WEI, nullable=False),
    sa.Column("signature", pg.BYTEA, nullable=False),
    sa.Column("weight", _WEI, nullable=False),
    _time("received_at"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("intent_key", sa.Text),
    sa.Column("rejection", sa.Text),
    _time("settled_at", nullable=True),
    sa.CheckConstraint(
        "state IN ('received', 'relayed', 'recorded', 'rejected')", name="state_is_known"
    ),
    sa.CheckConstraint("(state = 'rejected') = (rejection IS NOT NULL)", name="rejection_says"),
    sa.CheckConstraint(
        "(state IN ('recorded', 'rejected')) = (settled_at IS NOT NULL)", name="end_is_dated"
    ),
    sa.Index(
        "uq_ballots_open",
        "chain_key",
        "proposal_id",
        "voter_address",
        unique=True,
        postgresql_where=sa.text("state <> 'rejected'"),
    ),
    sa.Index("ix_ballots_member_id", "member_id", "received_at"),
)

delegations = sa.Table(
    "delegations",
    metadata,
    sa.Column("delegation_id", sa.Uuid, primary_key=True),
    _chain(primary_key=False),
    _member(),
    sa.Column("delegator_address", sa.Text, nullable=False),
    sa.Column("delegatee_address", sa.Text, nullable=False),
    sa.Column("nonce", _WEI, nullable=False),
    _time("signature_expires_at"),
    sa.Column("intent_key", sa.Text, nullable=False, unique=True),
    _time("received_at"),
    sa.Index("ix_delegations_member_id", "member_id", "received_at"),
)
