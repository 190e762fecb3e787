"""A member's week in words, the same for page and file: titles, reasons, sums with their signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from api.i18n.formats import write_day, write_exact, write_number, write_time
from api.pages.causes import About, abouts
from api.pages.earning import period_words
from api.pages.entries import in_force, rule_title, stated_words
from api.pages.rendering import View
from ledger.grants import store as grants
from ledger.grants.taking_back import store as taking_back
from ledger.journal.model import EntryKind
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots.history import HistoryEntry
from ledger.programme.model import Programme
from ledger.programme.numbers import exact_text
from ledger.statement import store as statements
from ledger.statement.model import Balance, Explained, KindOfMove, Move, OrderPaid

STAGES: Final = ("available", "pending", "held", "debt")


@dataclass(frozen=True, slots=True)
class Known:
    """What the rooms know of the entries that a statement tells."""

    programme: Programme | None
    reasons: Mapping[UUID, str]
    about: Mapping[UUID, About]
    orders: Mapping[UUID, OrderPaid]


@dataclass(frozen=True, slots=True)
class ShownMove:
    """One line of the week. ``amounts`` are by place in ``STAGES``, empty where nothing changed."""

    title: str
    kind: str
    why: tuple[str, ...]
    day: str
    belongs: str | None
    path: str | None
    amounts: tuple[str, ...]
    tones: tuple[str, ...]
    number: str


def know(view: View, work: Work, entries: Sequence[HistoryEntry]) -> Known:
    """Read what stands behind entries, each room once."""
    given = {each.entry_id for each in entries if each.kind is EntryKind.GRANT}
    reasons = grants.reasons_of_entries(work, given) if given else {}
    taken = {each.entry_id: UUID(why["take_back"]) for each, why in _whys(entries, "take_back")}
    words = taking_back.reasons_of(work, set(taken.values())) if taken else {}
    reasons |= {entry_id: words[each] for entry_id, each in taken.items() if each in words}
    wanted = {parse_id("red", why["redemption"]) for _, why in _whys(entries, "redemption")}
    return Known(
        programme=in_force(work),
        reasons=reasons,
        about=abouts(view, work, entries),
        orders=statements.orders_of(work, wanted) if wanted else {},
    )


def shown_move(view: View, known: Known, zone: tzinfo, move: Move) -> ShownMove:
    """An entry as a line: what it is called, why, and what it changed."""
    entry = move.entry
    kind = kind_title(view, entry.kind)
    about = known.about.get(entry.entry_id)
    title = kind
    if move.award is not None:
        title = award_title(view, known.programme, move.award)
    elif about is not None:
        title = about.title
    recorded = entry.recorded_at.astimezone(zone)
    belongs = entry.effective_at.astimezone(zone)
    return ShownMove(
        title=title,
        kind="" if title == kind else kind,
        why=tuple(_why(view, known, move)),
        day=write_time(recorded, view.language, zone),
        belongs=None
        if abs(recorded - belongs) < timedelta(hours=1)
        else view.catalogue.text(
            view.language,
            "statement.moves.belongs",
            date=write_day(belongs, view.language, zone),
        ),
        path=None if about is None else about.path,
        amounts=amounts(view, move.change),
        tones=tones(move.change),
        number=write_number(entry.sequence, view.language),
    )


def kind_title(view: View, kind: EntryKind) -> str:
    """What a kind of entries is called, as a line begins."""
    said = view.catalogue.text(view.language, f"member.history.kind.{kind.value}")
    return said[:1].upper() + said[1:]


def rest_title(view: View, rest: KindOfMove) -> str:
    """What entries that are not told one by one are called."""
    said = view.catalogue.text(view.language, "statement.moves.rest", count=rest.count)
    return f"{kind_title(view, rest.kind)}: {said}"


def award_title(view: View, programme: Programme | None, award: Explained) -> str:
    """What an award is called: its period, or its rule."""
    if award.key.period is not None:
        return period_words(view, award.key.period)
    return rule_title(view, programme, award.key.rule_id)


def award_why(view: View, programme: Programme | None, award: Explained) -> list[str]:
    """How an award came about, a sentence a step."""
    receipt = award.receipt
    text = view.catalogue.text
    if "base" not in receipt:
        return [text(view.language, "member.receipt.gone")]
    said = _contributions(view, programme, receipt.get("contributions", ()))
    factors = " ".join(
        text(
            view.language,
            "statement.factor",
            factor=_exact(view, each["factor"]),
            because=because_words(view, programme, each["because"]),
        )
        for each in receipt["multipliers"]
    )
    if factors:
        result = _exact(view, receipt.get("rounded", receipt["points"]))
        base = _exact(view, receipt["base"])
        said.append(
            text(view.language, "statement.formula", base=base, factors=factors, result=result)
        )
    said += [sentence for sentence, _ in cap_words(view, receipt)]
    said += _reduction(view, receipt.get("reduction"))
    return said or [text(view.language, "statement.why.award")]


def cap_words(view: View, receipt: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each cap that took something of an award, in words, and how much it took."""
    caps = receipt.get("caps")
    if caps is None:
        daily = receipt.get("cap")
        if not daily or not receipt.get("trimmed"):
            return []
        caps = [
            {
                **daily,
                "over": "trim",
                "amount": receipt["points"] + receipt["trimmed"],
                "kept": receipt["points"],
            }
        ]
    return [
        (
            view.catalogue.text(
                view.language,
                f"member.receipt.cap.{each['over']}.{each['per']}",
                cap=each["points"],
                before=_exact(view, each["awarded_before"]),
            ),
            _exact(view, exact_text(Fraction(str(each["amount"])) - Fraction(str(each["kept"])))),
        )
        for each in caps
        if each["kept"] != each["amount"]
    ]


def because_words(view: View, programme: Programme | None, basis: Mapping[str, Any]) -> str:
    """What a factor rests on, with what was bridged of a streak."""
    text = view.catalogue.text
    if "attribute" in basis:
        return stated_words(view, programme, dict(basis))
    kind = "days" if "days_in_a_row" in basis else "weeks"
    said = text(view.language, f"member.receipt.{kind}", count=basis[f"{kind}_in_a_row"])
    bridged = basis.get("bridged")
    if bridged and (bridged["frozen"] or bridged["excused"]):
        forgiven = text(
            view.language,
            "member.receipt.bridged",
            frozen=bridged["frozen"],
            excused=bridged["excused"],
            left=bridged["freezes_left"],
        )
        return f"{said}; {forgiven}"
    return said


def amounts(view: View, change: Balance) -> tuple[str, ...]:
    """What changed, by stage, with its sign."""
    return tuple(signed(view, getattr(change, stage)) for stage in STAGES)


def signed(view: View, amount: Points) -> str:
    """A difference with its sign; nothing for none."""
    if not amount:
        return ""
    sign = "+" if amount.amount > 0 else "−"
    return f"{sign}{write_number(abs(amount.amount), view.language)}"


def tones(change: Balance) -> tuple[str, ...]:
    """How each amount looks; a debt that grows is bad."""
    return tuple(
        "plus" if (getattr(change, stage).amount > 0) != (stage == "debt") else "minus"
        for stage in STAGES
    )


def _why(view: View, known: Known, move: Move) -> list[str]:
    entry = move.entry
    text = view.catalogue.text
    if move.award is not None and entry.kind in _OF_AWARDS:
        said = award_why(view, known.programme, move.award)
        if entry.kind is not EntryKind.AWARD:
            said = [text(view.language, f"statement.why.{entry.kind.value}"), *said]
        return said
    if entry.entry_id in known.reasons:
        return [known.reasons[entry.entry_id]]
    about = known.about.get(entry.entry_id)
    if about is not None and about.words:
        return [about.words]
    stated = _why_of(entry)
    if "redemption" in stated:
        found = known.orders.get(parse_id("red", stated["redemption"]))
        if found is not None:
            return [_order(view, entry, found)]
    purpose = _purpose(entry)
    if purpose is not None:
        return [text(view.language, f"statement.purpose.{purpose}")]
    return [text(view.language, f"statement.why.{entry.kind.value}")]


_OF_AWARDS: Final = (EntryKind.AWARD, EntryKind.CORRECTION)


def _order(view: View, entry: HistoryEntry, found: OrderPaid) -> str:
    text = view.catalogue.text
    order = text(view.language, "statement.order", number=found.number, money=found.discount)
    return f"{order}. {text(view.language, f'statement.why.{entry.kind.value}')}"


def _purpose(entry: HistoryEntry) -> str | None:
    stated: Any = entry.cause if isinstance(entry.cause, dict) else {}
    hold = stated.get("hold")
    return hold["purpose"] if entry.kind is EntryKind.HOLD and isinstance(hold, dict) else None


def _contributions(
    view: View, programme: Programme | None, told: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What a period was made of: each rule with its weight in all, and how often."""
    by_rule: dict[str, list[Fraction]] = {}
    for each in told:
        by_rule.setdefault(each["rule"], []).append(Fraction(each["weight"]))
    return [
        view.catalogue.text(
            view.language,
            "statement.counted",
            title=rule_title(view, programme, rule_id),
            weight=_exact(view, exact_text(sum(weights, Fraction(0)))),
            count=len(weights),
        )
        for rule_id, weights in by_rule.items()
    ]


def _reduction(view: View, told: Mapping[str, Any] | None) -> list[str]:
    if told is None:
        return []
    text = view.catalogue.text
    if "takes" in told:
        said = text(view.language, "member.receipt.against", count=len(told["by"]))
    else:
        said = text(view.language, "member.receipt.refunded")
    return [f"{said}: −{write_number(told['points'], view.language)}"]


def _whys(entries: Sequence[HistoryEntry], name: str) -> list[tuple[HistoryEntry, dict[str, Any]]]:
    found = [(each, _why_of(each)) for each in entries]
    return [(entry, why) for entry, why in found if isinstance(why.get(name), str)]


def _why_of(entry: HistoryEntry) -> dict[str, Any]:
    cause: Any = entry.cause if isinstance(entry.cause, dict) else {}
    why = cause.get("why")
    return why if isinstance(why, dict) else {}


def _exact(view: View, value: object) -> str:
    return write_exact(str(value), view.language)
