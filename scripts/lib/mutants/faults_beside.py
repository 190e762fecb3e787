"""Faults beside the rooms of points: checkpoints, merges, imports, and awards under review."""

from __future__ import annotations

from typing import Final

from fault import Fault

_CHECKPOINTS: Final = (
    "tests/integration/scoring/test_checkpoints.py",
    "tests/property/scoring/test_checkpoints.py",
)
_MERGES: Final = (
    "tests/unit/merges",
    "tests/integration/merges/test_merging.py",
    "tests/integration/merges/test_paying_oneself.py",
)
_IMPORTS: Final = (
    "tests/unit/grants/test_import_terms.py",
    "tests/integration/grants/test_imports.py",
)
_REVIEWS: Final = (
    "tests/unit/lots/test_withheld.py",
    "tests/property/quarantine",
    "tests/integration/quarantine/test_quarantine.py",
)

BESIDE: Final[tuple[Fault, ...]] = (
    # Checkpoints of folds.
    Fault(
        "a checkpoint is gone on from although a fact before it arrived",
        "ledger/scoring/checkpoints/service.py",
        "for each in (now.news.since, *now.released_until.values())):",
        "for each in now.released_until.values()):",
        _CHECKPOINTS,
    ),
    Fault(
        "a new fact of a checkpoint's very time comes after it",
        "ledger/scoring/checkpoints/service.py",
        "if any(each <= position.time",
        "if any(each < position.time",
        _CHECKPOINTS,
    ),
    Fault(
        "a checkpoint of other versions is gone on from",
        "ledger/scoring/checkpoints/service.py",
        "if checkpoint.plan_digest != plan_digest(plan):",
        "if len(checkpoint.plan_digest) != len(plan_digest(plan)):",
        _CHECKPOINTS,
    ),
    Fault(
        "from when on a version is in force is not in a checkpoint's digest",
        "ledger/scoring/checkpoints/model.py",
        "[each.programme.hash_text, each.effective_at.seconds, each.effective_at.fraction]",
        "[each.programme.hash_text]",
        _CHECKPOINTS,
    ),
    Fault(
        "who asks for scoring without a word is taken to bring nothing",
        "ledger/scoring/checkpoints/service.py",
        "    if news is None:\n        store.drop(work, member_id)\n        return None\n",
        "    news = news or News(readiness.Instant(10**11), UUID(int=2**128 - 1))\n",
        _CHECKPOINTS,
    ),
    Fault(
        "of two who ask for scoring the one without a word is overheard",
        "ledger/events/telling.py",
        "        if not isinstance(row.payload, dict):\n            return None",
        "        if not isinstance(row.payload, dict):\n            continue",
        _CHECKPOINTS,
    ),
    Fault(
        "a retraction leaves the checkpoint after what it takes back",
        "ledger/events/service.py",
        "        told = dict.fromkeys(told)\n",
        "        told = dict(told)\n",
        _CHECKPOINTS,
    ),
    Fault(
        "a link leaves the checkpoint after what it brings",
        "ledger/members/service.py",
        "    asked = {*member_ids, *members_beside(work, references)}\n"
        "    outbox.put_many(work, SCORE_TOPIC, [(str(member_id), None) for member_id in "
        "sorted(asked)])",
        "    asked = {*member_ids, *members_beside(work, references)}\n"
        '    bare: Json = {"since": "9999-01-01T00:00:00Z", "first": str(references[0])}\n'
        "    outbox.put_many(work, SCORE_TOPIC, [(str(member_id), bare) for member_id in "
        "sorted(asked)])",
        _CHECKPOINTS,
    ),
    Fault(
        "a merge leaves the checkpoint after what it brings",
        "ledger/merges/service.py",
        "            scoring.score_locked(work, member_id)",
        "            news = scoring.News(scoring.Instant(10**11), member_id)\n"
        "            scoring.score_locked(work, member_id, news)",
        _CHECKPOINTS,
    ),
    Fault(
        "a refund after a checkpoint reaches nothing before it",
        "ledger/scoring/checkpoints/model.py",
        "    if any(fact.type in refund_types(plan) for fact in after):\n",
        "    if any(fact.type in refund_types(plan) for fact in after[1:0]):\n",
        _CHECKPOINTS,
    ),
    Fault(
        "a payment of an order that was refunded before has nothing behind it",
        "ledger/scoring/checkpoints/model.py",
        "    return bool(orders) and any(\n",
        "    return not orders and any(\n",
        _CHECKPOINTS,
    ),
    Fault(
        "a fact of a lower id than any before is not looked for",
        "ledger/scoring/checkpoints/service.py",
        "first = min(now.news.first, checkpoint.first_after)",
        "first = checkpoint.first_after",
        _CHECKPOINTS,
    ),
    # Merges.
    Fault(
        "debt stays behind with the merged member",
        "ledger/merges/moving.py",
        "if number == 1 and debt > ZERO:",
        "if number == 1 and debt < ZERO:",
        _MERGES,
    ),
    Fault(
        "what was the merged member's is nobody's to read",
        "ledger/members/persons/store.py",
        "either = themselves.union_all(merged).scalar_subquery()",
        "either = themselves.scalar_subquery()",
        _MERGES,
    ),
    Fault(
        "points on hold do not go over",
        "ledger/merges/moving.py",
        "        Stage.HELD: held.held,\n",
        "",
        _MERGES,
    ),
    Fault(
        "a split takes all of a person's debt along",
        "ledger/merges/service.py",
        "_hand_over(work, over, theirs, min(sheet.debt, brought))",
        "_hand_over(work, over, theirs, max(sheet.debt, brought))",
        _MERGES,
    ),
    Fault(
        "a split takes the survivor's own identities along",
        "ledger/merges/service.py",
        "    references = store.identities_gone_over(work, merge.merge_id, survivor)\n"
        "    theirs = branch_of",
        "    references = members_store.references_of_member(work, survivor)\n"
        "    theirs = branch_of",
        _MERGES,
    ),
    Fault(
        "who merged into the absorbed stays behind at a split",
        "ledger/merges/service.py",
        "found += by_survivor.get(member_id, [])",
        "found += by_survivor.get(absorbed, [])[:0]",
        _MERGES,
    ),
    Fault(
        "one of the two merged approves",
        "ledger/merges/service.py",
        "_refuse_party(command.by, {merge.survivor, merge.absorbed, merge.proposed_by})",
        "_refuse_party(command.by, {merge.proposed_by})",
        _MERGES,
    ),
    Fault(
        "whom somebody stands for is not asked through those merged before",
        "ledger/merges/service.py",
        "ours, theirs = persons.members_of(work, survivor), persons.members_of(work, absorbed)",
        "ours, theirs = [survivor], [absorbed]",
        _MERGES,
    ),
    Fault(
        "who met the two in a fact keeps what they earned by it",
        "ledger/merges/service.py",
        "asked = sorted({*whose, *beside})",
        "asked = sorted({*whose} | ({*beside} & {*whose}))",
        _MERGES,
    ),
    Fault(
        "what one of the two has pays nothing that the other owes",
        "ledger/merges/service.py",
        "    if sheet.debt > ZERO:\n        pay_debt(",
        "    if sheet.debt < ZERO:\n        pay_debt(",
        _MERGES,
    ),
    # Whose word counts.
    Fault(
        "the word of an admin who was blocked still counts",
        "ledger/members/roles/words.py",
        " if members.roles_of(work, each) & set(roles))",
        ")",
        ("tests/integration/grants/test_grants.py",),
    ),
    Fault(
        "a second person's word makes up for a proposer who was blocked",
        "ledger/merges/service.py",
        "    require_word(work, merge.proposed_by)\n",
        "",
        _MERGES,
    ),
    Fault(
        "the check of whose word counted overlooks who was blocked",
        "ledger/verify/words_store.py",
        "b.action = 'blocked'",
        "b.action = ''",
        ("tests/integration/verify/test_words.py",),
    ),
    # What erasing looks for.
    Fault(
        "a sum in somebody else's answer is taken for a subject",
        "ledger/members/erasures/words_store.py",
        "len(word) <= SHORT_NUMBER",
        "len(word) < 1",
        ("tests/integration/members/test_erasure_words.py",),
    ),
    # Imports of balances.
    Fault(
        "an import pays who stands for it",
        "ledger/grants/imports/paying.py",
        "if member_id is None or member_id in standing:",
        "if member_id is None:",
        _IMPORTS,
    ),
    Fault(
        "points that have expired are brought along",
        "ledger/grants/imports/paying.py",
        "start_of(line.expires_on) <= work.now:",
        "start_of(line.expires_on) < work.now:",
        _IMPORTS,
    ),
    Fault(
        "points brought along are usable from before the approval",
        "ledger/grants/imports/paying.py",
        "activates_at = max(activates_at, start_of(line.activates_on))",
        "activates_at = start_of(line.activates_on)",
        _IMPORTS,
    ),
    Fault(
        "one person alone takes an import back",
        "ledger/grants/imports/service.py",
        "        if not whose_word_counts(work, [each.person_id for each in asked]):\n"
        "            return what\n",
        "",
        _IMPORTS,
    ),
    Fault(
        "an approval of other content counts",
        "ledger/grants/imports/service.py",
        "    _require_content(what, command.content_digest)\n    if store.names_person(",
        "    if store.names_person(",
        _IMPORTS,
    ),
    Fault(
        "a budget that was used up meanwhile pays all the same",
        "ledger/grants/imports/service.py",
        "    grants.budget_with(work, what.budget_id, what.points)\n    store.close_import(",
        "    store.close_import(",
        _IMPORTS,
    ),
    Fault(
        "a balance is brought along again under the member's other name",
        "ledger/grants/imports/looking.py",
        "            ids.update(of_person.get(person, ()))",
        "            ids.update(of_person.get(person, ())[:0])",
        _IMPORTS,
    ),
    Fault(
        "what an admin stood for before does not count towards the threshold",
        "ledger/grants/imports/service.py",
        "if len(persons) >= max(what.persons_needed, 3 if over else 2):",
        "if len(persons) >= max(0 if over else what.persons_needed, 2):",
        _IMPORTS,
    ),
    Fault(
        "what is proposed was not looked at",
        "ledger/grants/imports/model.py",
        '            "file": hashlib.sha256(command.content).hexdigest(),\n',
        "",
        _IMPORTS,
    ),
    # Awards of which part waits while facts are under review.
    Fault(
        "of a period's award all waits, not what the facts under review brought",
        "ledger/quarantine/withholding.py",
        "found[key] = points - undoubted",
        "found[key] = points",
        _REVIEWS,
    ),
    Fault(
        "what a person let go still waits",
        "ledger/quarantine/withheld_store.py",
        "where(of_person(review_members.c.member_id, member_id), review_cases.c.state.in_(LIVE))",
        "where(of_person(review_members.c.member_id, member_id))",
        _REVIEWS,
    ),
    Fault(
        "a period's award is not looked at anew when it is worked out",
        "ledger/scoring/service.py",
        "    scored = _post_differences(work, member_id, news)\n"
        "    withhold_locked(work, member_id)\n",
        "    scored = _post_differences(work, member_id, news)\n",
        _REVIEWS,
    ),
    Fault(
        "what is withheld may be held",
        "ledger/lots/service.py",
        "holding.place(sheet, command, withheld=withheld_awards(work, command.member_id))",
        "holding.place(sheet, command)",
        _REVIEWS,
    ),
    Fault(
        "what is withheld may leave for tokens",
        "ledger/lots/service.py",
        "returning.move_to_escrow(\n"
        "        sheet, command, withheld=withheld_awards(work, command.member_id)\n"
        "    )",
        "returning.move_to_escrow(sheet, command)",
        _REVIEWS,
    ),
    Fault(
        "pending points of an award under review do not count first",
        "ledger/lots/holding.py",
        "left = points - min(points, pending)",
        "left = points",
        _REVIEWS,
    ),
    Fault(
        "of an award under review what expires first stays",
        "ledger/lots/holding.py",
        "for lot in reversed(own):",
        "for lot in own:",
        _REVIEWS,
    ),
)
