"""What the parts of a ``redemption`` section must be to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Final

from ledger.programme.schema_terms import DatedRates, ProductFile, Rates, RedemptionFile
from ledger.programme.source import Path

_SECTION: Final = "redemption"


def check_redemption(file: RedemptionFile) -> Iterator[tuple[Path, str, str]]:
    """Rates above zero, rows in the order of their days, bounds in currencies that have a rate."""
    yield from _dated((_SECTION, "rates"), file.rates)
    currencies = {currency for _, rates in _tables((), file.rates) for currency in rates}
    for index, product in enumerate(file.products):
        if isinstance(product, ProductFile) and product.rates is not None:
            path: Path = (_SECTION, "products", index, "rates")
            yield from _dated(path, product.rates)
            for place, rates in _tables(path, product.rates):
                for currency in sorted(rates.keys() - currencies):
                    wrong = f"{currency} has no common rate"
                    yield (*place, currency), wrong, f"rates: {{{currency}: 1}}"
    for currency in file.min_cash:
        if currency not in currencies:
            wrong = f"{currency} has no rate"
            yield (_SECTION, "min_cash", currency), wrong, f"rates: {{{currency}: 1}}"
    least, most = file.min_points, file.max_points
    if least is not None and most is not None and least > most:
        wrong = f"no order takes {least} points, since {most} are the most"
        yield (_SECTION, "min_points"), wrong, f"min_points: {most}"


def _tables(path: Path, rates: DatedRates) -> list[tuple[Path, Rates]]:
    """Each mapping of currencies, and where it stands."""
    if not isinstance(rates, list):
        return [(path, rates)]
    return [((*path, index, "rates"), row.rates) for index, row in enumerate(rates)]


def _dated(where: Path, rates: DatedRates) -> Iterator[tuple[Path, str, str]]:
    for place, table in _tables(where, rates):
        yield from _rates(place, table)
    before: date | None = None
    for index, row in enumerate(rates if isinstance(rates, list) else ()):
        path: Path = (*where, index)
        try:
            since = date.fromisoformat(row.since)
        except ValueError:
            yield (*path, "from"), f"{row.since} is no day", "from: 2026-07-01"
            continue
        if before is not None and since <= before:
            yield (*path, "from"), "must be later than the row before", "from: 2026-07-01"
        before = since


def _rates(path: Path, rates: Mapping[str, Fraction]) -> Iterator[tuple[Path, str, str]]:
    for currency, rate in rates.items():
        if rate == 0:
            yield (*path, currency), "must be above zero", f"{currency}: 1"
