"""What persons with power did, gathered from every table that records it. One statement each.

Each act is when, what, by whom (a member's random id, or the name that the room keeps; nothing for
the machine), on what, and the rest. Secrets are never among it, of their issue only that it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from ledger.kernel.transaction import Work

ACTS: Final[dict[str, str]] = {
    "budget.proposed": """
        SELECT proposed_at, proposed_by::text, budget_id::text, jsonb_build_object(
            'name', name, 'points', amount, 'content', encode(content_digest, 'hex'))
        FROM budget_proposals""",
    "budget.decided": """
        SELECT decided_at, decided_by::text, budget_id::text, jsonb_build_object(
            'decision', decision, 'content', encode(content_digest, 'hex'))
        FROM budget_decisions""",
    "budget.opened": """
        SELECT opened_at, opened_by::text, budget_id::text, jsonb_build_object(
            'name', name, 'points', amount, 'content', encode(content_digest, 'hex'))
        FROM budgets""",
    "grant.proposed": """
        SELECT created_at, created_by::text, grant_id::text, jsonb_build_object(
            'budget', budget_id, 'points', points, 'persons_needed', persons_needed,
            'content', encode(content_digest, 'hex'))
        FROM grants""",
    "grant.approved": """
        SELECT approved_at, person_id::text, grant_id::text, jsonb_build_object(
            'content', encode(content_digest, 'hex'))
        FROM grant_approvals""",
    "grant.ended": """
        SELECT closed_at, closed_by::text, grant_id::text, jsonb_build_object('state', state)
        FROM grants WHERE closed_at IS NOT NULL""",
    "grant.take_back_asked": """
        SELECT asked_at, asked_by::text, grant_id::text, jsonb_build_object(
            'take_back', take_back_id, 'content', encode(content_digest, 'hex'))
        FROM grant_take_backs""",
    "grant.take_back_decided": """
        SELECT d.decided_at, d.decided_by::text, t.grant_id::text, jsonb_build_object(
            'take_back', d.take_back_id, 'decision', d.decision,
            'content', encode(d.content_digest, 'hex'))
        FROM grant_take_back_decisions d JOIN grant_take_backs t USING (take_back_id)""",
    "import.proposed": """
        SELECT created_at, created_by::text, import_id::text, jsonb_build_object(
            'budget', budget_id, 'points', points, 'lines', line_count,
            'file', encode(file_digest, 'hex'), 'persons_needed', persons_needed,
            'content', encode(content_digest, 'hex'))
        FROM imports""",
    "import.approved": """
        SELECT approved_at, person_id::text, import_id::text, jsonb_build_object(
            'content', encode(content_digest, 'hex'))
        FROM import_approvals""",
    "import.decided": """
        SELECT closed_at, closed_by::text, import_id::text, jsonb_build_object(
            'accepted', state NOT IN ('rejected', 'withdrawn'))
        FROM imports WHERE closed_at IS NOT NULL""",
    "import.take_back_asked": """
        SELECT asked_at, person_id::text, import_id::text, jsonb_build_object(
            'content', encode(content_digest, 'hex'))
        FROM import_take_backs""",
    "guest_pass.reviewed": """
        SELECT decided_at, decided_by::text, referral_id::text, jsonb_build_object(
            'accepted', accepted)
        FROM referral_reviews""",
    "role.changed": """
        SELECT recorded_at, changed_by::text, member_id::text, jsonb_build_object(
            'role', role, 'action', action)
        FROM role_changes""",
    "member_merge.proposed": """
        SELECT proposed_at, proposed_by::text, merge_id::text, jsonb_build_object(
            'survivor', survivor, 'absorbed', absorbed, 'undoes', undoes,
            'content', encode(content_digest, 'hex'))
        FROM member_merges""",
    "member_merge.decided": """
        SELECT decided_at, decided_by::text, merge_id::text, jsonb_build_object(
            'decision', decision, 'content', encode(content_digest, 'hex'))
        FROM member_merge_decisions""",
    "source.proposed": """
        SELECT proposed_at, proposed_by, name, jsonb_build_object(
            'change', change_id, 'content', encode(content_digest, 'hex'))
        FROM source_changes""",
    "source.decided": """
        SELECT decided_at, decided_by, name, jsonb_build_object(
            'change', change_id, 'state', state, 'content', encode(content_digest, 'hex'))
        FROM source_changes WHERE decided_at IS NOT NULL""",
    "source.ended": """
        SELECT recorded_at, done_by::text, source, jsonb_build_object('act', act)
        FROM source_acts""",
    "embed_origin.ended": """
        SELECT ended_at, ended_by::text, source, jsonb_build_object(
            'credential', origin_id, 'origin', origin)
        FROM embed_origins WHERE ended_at IS NOT NULL""",
    "outgoing_hook.proposed": """
        SELECT proposed_at, proposed_by::text, hook_id::text, jsonb_build_object(
            'url', url, 'content', encode(content_digest, 'hex'))
        FROM outgoing_hooks""",
    "outgoing_hook.approved": """
        SELECT approved_at, approved_by::text, hook_id::text, jsonb_build_object(
            'url', url, 'content', encode(content_digest, 'hex'))
        FROM outgoing_hooks WHERE approved_at IS NOT NULL""",
    "outgoing_hook.ended": """
        SELECT ended_at, ended_by::text, hook_id::text, jsonb_build_object('url', url)
        FROM outgoing_hooks WHERE ended_at IS NOT NULL""",
    "sync.declared": """
        SELECT declared_at, declared_by::text, source, jsonb_build_object(
            'number', number, 'status', status, 'released', is_released)
        FROM source_syncs WHERE declared_by IS NOT NULL""",
    "credential.proposed": """
        SELECT proposed_at, proposed_by::text, source, jsonb_build_object(
            'credential', credential_id, 'kind', kind, 'content', encode(content_digest, 'hex'))
        FROM source_credentials""",
    "credential.decided": """
        SELECT decided_at, decided_by::text, source, jsonb_build_object(
            'credential', credential_id, 'kind', kind, 'state', state,
            'content', encode(content_digest, 'hex'))
        FROM source_credentials WHERE decided_at IS NOT NULL""",
    "secret.issued": """
        SELECT created_at, issued_by::text, source_id::text, jsonb_build_object(
            'secret', secret_id, 'expires_at', expires_at)
        FROM source_secrets""",
    "key.issued": """
        SELECT created_at, created_by::text, key_id::text, jsonb_build_object(
            'name', name, 'scopes', scopes, 'source', source, 'expires_at', expires_at)
        FROM api_keys""",
    "key.revoked": """
        SELECT revoked_at, revoked_by::text, key_id::text, jsonb_build_object('name', name)
        FROM api_keys WHERE revoked_at IS NOT NULL""",
    "poll.announced": """
        SELECT announced_at, author_id::text, poll_id::text, jsonb_build_object(
            'definition', encode(definition_digest, 'hex'), 'eligible', eligible,
            'weight', weight::text, 'eligibility_root', encode(eligibility_root, 'hex'),
            'opens_at', opens_at, 'closes_at', closes_at)
        FROM polls""",
    "poll.withdrawn": """
        SELECT withdrawn_at, withdrawn_by::text, poll_id::text, '{}'::jsonb
        FROM polls WHERE withdrawn_at IS NOT NULL""",
    "poll.counted": """
        SELECT counted_at, NULL, poll_id::text, jsonb_build_object(
            'register_size', closing->'register_size', 'register_head', closing->'register_head',
            'counted', closing->'counted', 'tally_root', closing->'tally_root')
        FROM polls WHERE counted_at IS NOT NULL""",
    "memorandum.proposed": """
        SELECT proposed_at, proposed_by::text, version_id::text, jsonb_build_object(
            'number', number, 'content', encode(content, 'hex'))
        FROM memorandum_versions""",
    "memorandum.decided": """
        SELECT decided_at, decided_by::text, version_id::text, jsonb_build_object(
            'state', state, 'approved', encode(content, 'hex'), 'vote', vote)
        FROM memorandum_decisions""",
    "memorandum.comment_hidden": """
        SELECT hidden_at, hidden_by::text, comment_id::text, jsonb_build_object(
            'reason', hidden_reason)
        FROM memorandum_comments WHERE hidden_at IS NOT NULL""",
    "switch.set": """
        SELECT changed_at, changed_by, switch, jsonb_build_object('on', is_on, 'reason', reason)
        FROM programme_switches""",
    "ceiling.set": """
        SELECT changed_at, changed_by, currency, jsonb_build_object(
            'month_minor', month_minor, 'reason', reason)
        FROM discount_ceilings""",
    "programme.stored": """
        SELECT stored_at, stored_by, encode(programme_hash, 'hex'), jsonb_build_object(
            'name', name, 'version', version)
        FROM programmes""",
    "programme.proposed": """
        SELECT proposed_at, proposed_by::text, encode(programme_hash, 'hex'), jsonb_build_object(
            'change', change_id, 'effective_at', effective_at, 'mode', mode)
        FROM programme_changes""",
    "programme.decided": """
        SELECT d.decided_at, d.decided_by::text, encode(c.programme_hash, 'hex'),
            jsonb_build_object('change', d.change_id, 'decision', d.decision)
        FROM programme_decisions d JOIN programme_changes c USING (change_id)""",
    "programme.consented": """
        SELECT consented_at, consented_by::text, encode(programme_hash, 'hex'), jsonb_build_object(
            'change', change_id, 'preview', encode(preview_digest, 'hex'))
        FROM programme_consents JOIN programme_changes USING (change_id)""",
    "programme.activated": """
        SELECT recorded_at, NULL, encode(programme_hash, 'hex'), jsonb_build_object(
            'effective_at', effective_at, 'mode', mode, 'cause', cause)
        FROM programme_activations""",
    "unit.proposed": """
        SELECT proposed_at, proposed_by::text, encode(programme_hash, 'hex'), jsonb_build_object(
            'change', change_id, 'unit', unit, 'effective_at', effective_at)
        FROM unit_changes""",
    "unit.approved": """
        SELECT a.approved_at, a.approved_by::text, encode(c.programme_hash, 'hex'),
            jsonb_build_object('change', a.change_id, 'effective_at', a.effective_at)
        FROM unit_approvals a JOIN unit_changes c USING (change_id)""",
    "unit.closed": """
        SELECT e.closed_at, e.closed_by::text, encode(c.programme_hash, 'hex'),
            jsonb_build_object('change', e.change_id)
        FROM unit_closures e JOIN unit_changes c USING (change_id)""",
    "programme.voted": """
        SELECT recorded_at, NULL, encode(programme_hash, 'hex'), jsonb_build_object(
            'number', number, 'outcome', outcome, 'reason', reason,
            'transaction', encode(transaction_hash, 'hex'))
        FROM programme_votes""",
    "project.approved": """
        SELECT approved_at, person_id::text, project_id::text, jsonb_build_object(
            'content', encode(content_digest, 'hex'))
        FROM project_approvals""",
    "project.decided": """
        SELECT at, member_id::text, coalesce(task_id, project_id)::text, jsonb_build_object(
            'act', act, 'project', project_id)
        FROM project_acts
        WHERE act IN ('funded', 'refused', 'closed', 'task_accepted', 'task_sent_back')""",
    "good.changed": """
        SELECT changed_at, changed_by::text, good_id::text, jsonb_build_object(
            'terms', terms, 'stock_change', stock_change)
        FROM good_changes""",
    "good.handed_out": """
        SELECT ended_at, ended_by::text, order_id::text, jsonb_build_object(
            'good', good_id, 'quantity', quantity, 'price', price)
        FROM good_orders WHERE state IN ('fulfilled', 'refunded')""",
    "good.refunded": """
        SELECT refunded_at, refunded_by::text, order_id::text, jsonb_build_object(
            'good', good_id, 'quantity', quantity, 'price', price)
        FROM good_orders WHERE refunded_at IS NOT NULL""",
    "chain_reset.prepared": """
        SELECT prepared_at, NULL, reset_id::text, jsonb_build_object(
            'chain', chain_key, 'content', encode(content_digest, 'hex'))
        FROM chain_resets""",
    "chain_reset.confirmed": """
        SELECT confirmed_at, member_id::text, reset_id::text, jsonb_build_object(
            'content', encode(content_digest, 'hex'))
        FROM chain_reset_confirmations""",
    "chain_reset.finished": """
        SELECT finished_at, NULL, reset_id::text, jsonb_build_object('chain', chain_key)
        FROM chain_resets WHERE finished_at IS NOT NULL""",
    "foreign_batch.acknowledged": """
        SELECT acknowledged_at, acknowledged_by::text, chain_key || '/' || sequence,
            jsonb_build_object('points', points, 'records', encode(records_hash, 'hex'))
        FROM bridge_foreign_batches""",
    "burn_gap.proposed": """
        SELECT proposed_at, proposed_by::text, gap_id::text, jsonb_build_object(
            'from', sequence_from, 'to', sequence_to, 'points', points, 'reason', reason)
        FROM bridge_redemption_gaps""",
    "burn_gap.confirmed": """
        SELECT confirmed_at, confirmed_by::text, gap_id::text, '{}'::jsonb
        FROM bridge_redemption_gaps WHERE confirmed_at IS NOT NULL""",
    "bridge.stopped": """
        SELECT stopped_at, NULL, stop_id::text, jsonb_build_object('reason', reason)
        FROM bridge_stops""",
    "bridge.lifted": """
        SELECT lifted_at, lifted_by::text, stop_id::text, '{}'::jsonb
        FROM bridge_stops WHERE lifted_at IS NOT NULL""",
    "bridge.paused": """
        SELECT block_time, '0x' || encode(substr(topics, 45, 20), 'hex'), chain_key::text,
            jsonb_build_object('transaction', encode(transaction_hash, 'hex'))
        FROM chain_events JOIN chain_checkpoints p USING (chain_key)
        WHERE contract = 'PointsBridge' AND name = 'Paused'
            AND chain_events.block_number <= p.block_number_final""",
    "bridge.unpaused": """
        SELECT block_time, NULL, chain_key::text,
            jsonb_build_object('transaction', encode(transaction_hash, 'hex'))
        FROM chain_events JOIN chain_checkpoints p USING (chain_key)
        WHERE contract = 'PointsBridge' AND name = 'Unpaused'
            AND chain_events.block_number <= p.block_number_final""",
    "batch.vetoed": """
        SELECT block_time, '0x' || encode(substr(topics, 77, 20), 'hex'),
            chain_key || '/' || ('x' || encode(substr(topics, 57, 8), 'hex'))::bit(64)::bigint,
            jsonb_build_object('transaction', encode(transaction_hash, 'hex'),
            'points', ('x' || encode(substr(payload, 25, 8), 'hex'))::bit(64)::bigint)
        FROM chain_events JOIN chain_checkpoints p USING (chain_key)
        WHERE contract = 'PointsBridge' AND name = 'BatchVetoed'
            AND chain_events.block_number <= p.block_number_final""",
    "vote.cancelled": """
        SELECT block_time, NULL, ('0x' || encode(substr(payload, 1, 32), 'hex'))::numeric::text,
            jsonb_build_object('transaction', encode(transaction_hash, 'hex'))
        FROM chain_events JOIN chain_checkpoints p USING (chain_key)
        WHERE contract = 'VklGovernor' AND name = 'ProposalCanceled'
            AND chain_events.block_number <= p.block_number_final""",
    "guardian.appointed": """
        SELECT block_time, NULL, '0x' || encode(CASE contract WHEN 'PointsBridge'
                THEN substr(topics, 77, 20) ELSE substr(topics, 45, 20) END, 'hex'),
            jsonb_build_object('transaction', encode(transaction_hash, 'hex'),
            'contract', contract, 'term_ends_at', to_timestamp(
                ('x' || encode(substr(payload, 25, 8), 'hex'))::bit(64)::bigint))
        FROM chain_events JOIN chain_checkpoints p USING (chain_key)
        WHERE (contract, name) IN (('PointsBridge', 'GuardianSet'),
                ('VklGovernor', 'ProposalGuardianTermSet'))
            AND chain_events.block_number <= p.block_number_final""",
    "guardian.reason": """
        SELECT r.recorded_at, lower(account), encode(transaction_hash, 'hex'),
            jsonb_build_object('chain_id', chain_id, 'bridge', lower(bridge_address),
            'reason', reason, 'signature', encode(signature, 'hex'))
        FROM guardian_reasons r JOIN chains USING (chain_key)""",
    "log_key.in_use": """
        SELECT valid_from, NULL, encode(key, 'hex'), jsonb_build_object(
            'signed_by', encode(signed_by, 'hex'))
        FROM log_keys""",
    "member.blocked": """
        SELECT recorded_at, done_by::text, member_id::text, jsonb_build_object(
            'action', action, 'reason', encode(reason_digest, 'hex'))
        FROM member_blocks""",
    "terms.published": """
        SELECT published_at, published_by::text, terms_id::text, jsonb_build_object(
            'digest', encode(digest, 'hex'), 'in_force_from', in_force_from)
        FROM terms_versions""",
    "member.consented": """
        SELECT said_at, said_by::text, member_id::text, jsonb_build_object(
            'terms', terms_id, 'purpose', purpose, 'gives', gives)
        FROM consents""",
    "review.opened": """
        SELECT opened_at, NULL, case_id::text, jsonb_build_object(
            'kind', kind, 'parameters', parameters)
        FROM review_cases""",
    "review.act": """
        SELECT recorded_at, done_by::text, case_id::text, jsonb_build_object(
            'act', act, 'words', encode(words_digest, 'hex'))
        FROM review_acts""",
    "member.erased": """
        SELECT erased_at, NULL, member_id::text, jsonb_build_object('requested_by', requested_by)
        FROM erasures""",
}
"""Kind of act → when, by whom, on what, the rest. A room that gives power adds a line here."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody with power did."""

    at: datetime
    act: str
    by: str | None
    on: str
    rest: dict[str, Any]


def acts(work: Work, since: datetime, until: datetime) -> Iterator[Act]:
    """Every act from ``since`` up to ``until``, exclusive, in order."""
    parts = [_within(act, select) for act, select in ACTS.items()]
    query = sa.text(
        f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS acts "  # noqa: S608 - constants above
        "ORDER BY at, act, subject, rest::text"
    )
    rows = work.connection.execution_options(yield_per=1_000).execute(
        query, {"since": since, "until": until}
    )
    for row in rows:
        yield Act(row.at, row.act, row.by, row.subject, row.rest)


def _within(act: str, select: str) -> str:
    return (
        f"SELECT '{act}' AS act, a.* "  # noqa: S608 - constants above
        f"FROM ({select}) AS a(at, by, subject, rest) "
        "WHERE at >= :since AND at < :until"
    )
