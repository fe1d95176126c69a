"""The exchange's own report of a day: how much of what traded was delivered, and the close it started from.

Read by its columns' names, wherever they stand and however they are padded; as NSE's ``sec_bhavdata_full`` has them.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from engine.market.errors import MarketError

SERIES: Final = ("EQ", "BE", "BZ", "SM", "ST")
"""Shares; a symbol may be listed in other series beside it, as bonds and rights are. The first that is there counts."""
NEEDED: Final = ("SYMBOL", "SERIES", "DATE1", "DELIV_PER")


class ReportError(MarketError):
    """The exchange's report can not be read."""


class Reported(msgspec.Struct, frozen=True):
    """What the report says of one symbol."""

    symbol: str
    delivery_percentage: float | None
    """Of the traded quantity, in percent; None where the exchange tells none."""
    previous_close: float | None = None
    """The close that the day's change is counted from: the exchange has corrected it for what the company did."""


def parse_report(text: str, day: date) -> list[Reported]:
    """What a report says of that day, by symbol. Raises ReportError when it is none, or tells of no such day."""
    found: dict[str, tuple[int, Reported]] = {}
    for row in _rows(text):
        if row.get("SERIES") in SERIES and _day(row.get("DATE1", "")) == day:
            rank, symbol = SERIES.index(row["SERIES"]), row["SYMBOL"]
            if symbol not in found or rank < found[symbol][0]:
                found[symbol] = rank, _reported(symbol, row)
    if not found:
        raise ReportError(f"it tells nothing of shares on {day}")
    return [found[symbol][1] for symbol in sorted(found)]


def _rows(text: str) -> Iterator[dict[str, str]]:
    lines = csv.reader(text.splitlines())
    try:
        columns = {name.strip().upper(): place for place, name in enumerate(next(lines, list[str]()))}
        lacking = [name for name in NEEDED if name not in columns]
        if lacking:
            raise ReportError(f"expected the columns {', '.join(NEEDED)}, {', '.join(lacking)} was not there")
        for cells in lines:
            if len(cells) >= len(columns):
                yield {name: cells[place].strip() for name, place in columns.items()}
    except csv.Error as error:
        raise ReportError(f"it is no table of values between commas: {error}") from error


def _reported(symbol: str, row: Mapping[str, str]) -> Reported:
    percentage, close = _number(row["DELIV_PER"]), _number(row.get("PREV_CLOSE", ""))
    within = percentage is not None and 0.0 <= percentage <= 100.0
    return Reported(symbol, percentage if within else None, close if close and close > 0 else None)


def _number(text: str) -> float | None:
    """Dashes stand where there is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        return None
