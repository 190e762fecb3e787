"""The design's rules on the rows that a step touched, set-wise, by queries that share no code.

`vklad ledger verify` looks at everything and takes seconds; this looks at the transfers since the
step before, and at the accounts, lots, persons, holds and awards that they touched. Each query
gives the rows that break a rule; what is not a row's matter (events once, the projection) is asked
in Python. Rules 7 and 10's two persons concern chain and grants, which are looked at elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.events import store as events_store
from ledger.kernel.transaction import Database, Work
from ledger.scoring import service as scoring
from ledger.scoring import store as awards_store
from ledger.scoring.entitlements.service import projection

_SINCE: Final = "WITH fresh AS (SELECT * FROM transfers WHERE sequence > :before) "
_ACCOUNTS: Final = """, sides AS (
    SELECT sequence, debit_account_id AS account_id, -amount AS change, debit_previous AS previous,
           debit_balance_after AS after FROM fresh
    UNION ALL SELECT sequence, credit_account_id, amount, credit_previous, credit_balance_after
    FROM fresh
), ids AS MATERIALIZED (SELECT DISTINCT account_id FROM sides),
mine AS MATERIALIZED (SELECT a.* FROM ids JOIN accounts AS a USING (account_id)),
touched_lots AS MATERIALIZED (
    SELECT DISTINCT l.* FROM mine JOIN lots AS l ON l.lot_id = mine.owner),
touched_members AS MATERIALIZED (
    SELECT coalesce(merged_into, member_id) AS member_id FROM members WHERE member_id IN (
        SELECT member_id FROM touched_lots UNION SELECT owner FROM mine WHERE kind = 'debt'))
"""
RULES: Final[dict[str, str]] = {
    "1: an entry is whole, its lines are of one kind, time and cause": _SINCE
    + "SELECT entry_id FROM fresh GROUP BY entry_id HAVING count(*) <> max(lines) "
    "OR count(DISTINCT line) <> count(*) OR count(DISTINCT (kind, cause, recorded_at)) <> 1 "
    "OR min(amount) <= 0 OR bool_or(debit_account_id = credit_account_id)",
    "2: the sequence has no gap, and the head is its end": _SINCE
    + "SELECT sequence FROM journal_head WHERE sequence <> "
    "(SELECT coalesce(max(sequence), :before) FROM fresh) "
    "OR sequence - :before <> (SELECT count(*) FROM fresh)",
    "2: what was written is as it was": "SELECT :before WHERE :before > 0 AND "
    "(SELECT hash FROM transfers WHERE sequence = :before) IS DISTINCT FROM :hash",
    "1: each balance is the one before and the change": _SINCE
    + _ACCOUNTS
    + "SELECT s.sequence, s.account_id FROM sides AS s LEFT JOIN transfers AS p "
    "ON p.sequence = s.previous WHERE s.after <> s.change + CASE WHEN s.previous = 0 THEN 0 "
    "WHEN p.debit_account_id = s.account_id THEN p.debit_balance_after "
    "WHEN p.credit_account_id = s.account_id THEN p.credit_balance_after END "
    "OR (s.previous > 0 AND p.sequence IS NULL)",
    "1: an account is where its last transfer left it": _SINCE
    + _ACCOUNTS
    + "SELECT account_id FROM mine JOIN transfers AS t ON t.sequence = mine.last_sequence "
    "WHERE balance IS DISTINCT FROM CASE account_id WHEN debit_account_id "
    "THEN debit_balance_after WHEN credit_account_id THEN credit_balance_after END",
    "4: nothing of a member's is negative, debt is never above zero": _SINCE
    + _ACCOUNTS
    + "SELECT account_id FROM mine WHERE CASE kind WHEN 'issuance' THEN false "
    "WHEN 'debt' THEN balance > 0 ELSE balance < 0 END",
    "3: the parts of a lot add up to what was granted": _SINCE
    + _ACCOUNTS
    + """, own AS MATERIALIZED (
        SELECT a.account_id, a.owner FROM accounts AS a JOIN touched_lots AS l ON a.owner = l.lot_id
    ), moved AS (
        SELECT own.owner, t.entry_id, -t.amount AS change, t.credit_account_id AS other
        FROM transfers AS t JOIN own ON own.account_id = t.debit_account_id
        UNION ALL SELECT own.owner, t.entry_id, t.amount, t.debit_account_id
        FROM transfers AS t JOIN own ON own.account_id = t.credit_account_id
    ), outside AS (
        SELECT m.owner, m.change, o.kind, m.change > 0 AND m.entry_id = l.entry_id AS funds
        FROM moved AS m JOIN accounts AS o ON o.account_id = m.other
        JOIN touched_lots AS l ON l.lot_id = m.owner
        WHERE o.owner IS DISTINCT FROM m.owner
    ), stages AS (
        SELECT owner, CASE WHEN kind IN ('debt', 'rewards') THEN 'revoked' ELSE kind END AS stage,
            coalesce(sum(change) FILTER (WHERE funds), 0) AS funded,
            -coalesce(sum(change) FILTER (WHERE NOT funds), 0) AS gone
        FROM outside GROUP BY 1, 2
    ), parts AS (
        SELECT l.lot_id, l.granted, coalesce(sum(funded), 0) AS funded,
            (SELECT coalesce(sum(a.balance), 0) FROM accounts AS a WHERE a.owner = l.lot_id) AS has,
            coalesce(sum(gone), 0) AS gone, coalesce(min(gone), 0) AS least,
            coalesce(bool_or(gone <> 0 AND
                stage NOT IN ('spent', 'expired', 'revoked', 'escrow')), false) AS astray
        FROM touched_lots AS l LEFT JOIN stages ON owner = lot_id GROUP BY l.lot_id, l.granted
    ) SELECT lot_id, granted, has, funded, gone, least FROM parts
    WHERE funded <> granted OR has + gone <> granted OR least < 0 OR astray""",
    "8: what is held is what open holds took, lot by lot": _SINCE
    + _ACCOUNTS
    + """SELECT l.lot_id FROM touched_lots AS l
    LEFT JOIN accounts AS a ON a.owner = l.lot_id AND a.kind = 'lot_held'
    LEFT JOIN LATERAL (SELECT sum(p.amount) AS amount
        FROM hold_parts AS p JOIN holds USING (hold_id)
        WHERE p.lot_id = l.lot_id AND state = 'held') AS h ON true
    WHERE coalesce(a.balance, 0) <> coalesce(h.amount, 0)""",
    "8: a hold resolves once, by one entry": _SINCE
    + _ACCOUNTS
    + "SELECT h.hold_id FROM holds AS h JOIN members AS m USING (member_id) "
    "WHERE coalesce(m.merged_into, m.member_id) IN (SELECT member_id FROM touched_members) AND (("
    "h.state = 'held') <> (h.resolution_entry_id IS NULL) "
    "OR h.captured > h.amount OR h.amount <> "
    "(SELECT sum(amount) FROM hold_parts AS p WHERE p.hold_id = h.hold_id) OR h.captured <> "
    "(SELECT sum(captured) FROM hold_parts AS p WHERE p.hold_id = h.hold_id))",
    "9: no more comes back to a lot than was captured of it": _SINCE
    + _ACCOUNTS
    + "SELECT p.hold_id, p.lot_id FROM touched_lots JOIN hold_parts AS p USING (lot_id) "
    "JOIN holds AS h USING (hold_id) WHERE (SELECT coalesce(sum(r.amount), 0) FROM hold_returns "
    "AS r WHERE r.hold_id = p.hold_id AND r.lot_id = p.lot_id) > p.captured",
    "10: points are made for an award, a grant, an emission or what corrects them": _SINCE
    + "SELECT sequence, fresh.kind FROM fresh JOIN accounts ON account_id = debit_account_id "
    "WHERE accounts.kind IN ('issuance', 'rewards') "
    "AND fresh.kind NOT IN ('award', 'correction', 'grant', 'emission')",
    "10: an award's entry is named by one revision, or paid a gap": _SINCE
    + "SELECT entry_id FROM fresh WHERE line = 1 AND kind IN ('award', 'correction') AND 1 <> "
    "(SELECT count(*) FROM award_revisions AS r JOIN awards USING (award_id) "
    "WHERE r.entry_id = fresh.entry_id) + "
    "(SELECT count(*) FROM award_gaps AS g WHERE g.entry_id = fresh.entry_id)",
    "6: an award is worth what its entries moved and what is unpaid": """
    WITH mine AS MATERIALIZED (
        SELECT DISTINCT award_id FROM awards JOIN award_revisions USING (award_id)
        JOIN members USING (member_id)
        WHERE coalesce(merged_into, member_id) = ANY(:members)
    ), last AS (
        SELECT DISTINCT ON (award_id) award_id, points FROM mine JOIN award_revisions
        USING (award_id) ORDER BY award_id, revision DESC
    ), entries AS MATERIALIZED (
        SELECT award_id, r.entry_id, r.points - coalesce(lag(r.points) OVER one, 0) > 0 AS is_up
        FROM mine JOIN award_revisions AS r USING (award_id)
        WINDOW one AS (PARTITION BY award_id ORDER BY revision)
    ), moved AS (
        SELECT award_id, sum(CASE WHEN is_up THEN amount ELSE -amount END) AS amount
        FROM entries JOIN transfers AS t USING (entry_id)
        JOIN accounts AS d ON d.account_id = t.debit_account_id
        JOIN accounts AS c ON c.account_id = t.credit_account_id
        WHERE d.kind IN ('issuance', 'rewards') OR c.kind = 'revoked'
        GROUP BY award_id
    ), gaps AS (
        SELECT award_id, sum(change) FILTER (WHERE revision IS NOT NULL) AS change
        FROM mine JOIN award_gaps USING (award_id) GROUP BY award_id
    )
    SELECT award_id, points, m.amount, g.change FROM last
    LEFT JOIN moved AS m USING (award_id) LEFT JOIN gaps AS g USING (award_id)
    WHERE points <> coalesce(m.amount, 0) + coalesce(g.change, 0)""",
    "5: of one source and id there is one fact": "SELECT source, source_event_id FROM events "
    "WHERE source_event_id = ANY(:stated) GROUP BY 1, 2 HAVING count(*) <> 1",
}


@dataclass
class Touched:
    """Remembers where the journal stood, and looks at what is new."""

    database: Database
    sequence: int = 0
    hash: bytes = b""
    looked_at: int = 0
    members: set[UUID] = field(default_factory=set)

    def look(self, stated: Sequence[str] = ()) -> list[str]:
        """What breaks a rule among what came since the last look."""
        with self.database.read() as work:
            given = {"before": self.sequence, "hash": self.hash, "stated": list(stated)}
            self.members = self._members(work)
            found = []
            for rule, query in RULES.items():
                wanted = sa.text(query)
                names = wanted.compile().params
                values = {name: value for name, value in given.items() if name in names}
                if "members" in names:
                    values["members"] = sorted(self.members)
                rows = work.connection.execute(wanted, values).all()
                found += [f"rule {rule}: {tuple(row)}" for row in rows[:3]]
            found += self._unlike_replay(work)
            head = work.connection.execute(sa.text("SELECT sequence, hash FROM journal_head")).one()
        self.looked_at += head.sequence - self.sequence
        self.sequence, self.hash = head.sequence, bytes(head.hash)
        return found

    def _members(self, work: Work) -> set[UUID]:
        query = sa.text(_SINCE + _ACCOUNTS + "SELECT member_id FROM touched_members")
        return set(work.connection.execute(query, {"before": self.sequence}).scalars())

    def _unlike_replay(self, work: Work) -> list[str]:
        """Rules 6, 11 and 12: replaying a member's facts gives the awards and their receipts."""
        plan = scoring.current_plan(work)
        if plan is None:
            return []
        found = []
        for member_id in sorted(self.members):
            facts = events_store.facts_of_member(work, member_id)
            entitled = projection(work, plan, member_id, facts).entitlements
            wanted = {
                key: (each.points.amount, each.excess.amount, each.receipt.to_json())
                for key, each in entitled.items()
            }
            stored = awards_store.awards_of(work, member_id)
            has = {
                key: (each.points, each.excess, each.receipt)
                for key, each in stored.items()
                if key in wanted or each.points or each.excess
            }
            found += [
                f"rule 6: member {member_id} has {has.get(key)} for {key}, replay {wanted.get(key)}"
                for key in wanted.keys() | has.keys()
                if wanted.get(key) != has.get(key)
            ]
            found += [
                f"rule 11: a receipt of {member_id} has the float {number}"
                for each in stored.values()
                for number in _floats(each.receipt)
            ]
        return found


def _floats(receipt: Any) -> list[str]:
    seen: list[str] = []
    json.loads(json.dumps(receipt), parse_float=lambda text: seen.append(text) or text)
    return seen
