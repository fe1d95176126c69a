"""Corporate actions as a CSV file: one line an action, under ``symbol,ex_date,kind,ratio,amount``."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from math import isfinite
from typing import Final, NamedTuple

from engine.market.corporate_action import ActionKind, CorporateAction
from engine.market.errors import SymbolError
from engine.market.symbols import parse_symbol

COLUMNS: Final = ("symbol", "ex_date", "kind", "ratio", "amount")
SOURCE: Final = "file"


class BadLine(NamedTuple):
    """A line that says no action, and why."""

    number: int
    reason: str


def read_actions(lines: Iterable[str]) -> tuple[list[CorporateAction], list[BadLine]]:
    """The actions of a file, and the lines that are none. Symbols are canonical, ``NSE:RELIANCE``.

    A ratio is a number of shares afterwards for each before, or is written as it is announced: a split ``1:5`` makes five
    of one, a bonus ``1:2`` gives one for each two held.
    """
    rows = csv.DictReader(lines, skipinitialspace=True)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        return [], [BadLine(1, f"lacks {', '.join(missing)}: expected {','.join(COLUMNS)}")]
    actions: list[CorporateAction] = []
    bad: list[BadLine] = []
    try:
        for row in rows:
            try:
                actions.append(_action({name: (row[name] or "").strip() for name in COLUMNS}))
            except (ValueError, SymbolError) as error:
                bad.append(BadLine(rows.line_num, str(error)))
    except csv.Error as error:  # a quote that never ends, most often
        bad.append(BadLine(rows.line_num, str(error)))
    return actions, bad


def _action(row: Mapping[str, str]) -> CorporateAction:
    if row["kind"] not in set(ActionKind):
        raise ValueError(f"kind: expected {', '.join(ActionKind)}, was {row['kind'][:20]!r}")
    kind = ActionKind(row["kind"])
    told, other = ("amount", "ratio") if kind is ActionKind.DIVIDEND else ("ratio", "amount")
    if not row[told] or row[other]:
        raise ValueError(f"a {kind} has {'an' if told == 'amount' else 'a'} {told} and no {other}")
    number = _ratio(kind, row["ratio"]) if told == "ratio" else _positive(row["amount"])
    symbol = parse_symbol(row["symbol"])
    if not symbol.exchange:
        raise ValueError(f"symbol: expected EXCHANGE:SYMBOL, was {row['symbol'][:40]!r}")
    return CorporateAction(
        instrument=symbol.canonical,
        ex_date=date.fromisoformat(row["ex_date"]),
        kind=kind,
        source=SOURCE,
        ratio=number if told == "ratio" else None,
        amount=number if told == "amount" else None,
    )


def _ratio(kind: ActionKind, text: str) -> float:
    first, colon, second = text.partition(":")
    if not colon:
        return _positive(text)
    one, other = _positive(first), _positive(second)
    return other / one if kind is ActionKind.SPLIT else (one + other) / other


def _positive(text: str) -> float:
    number = float(text)
    if not (isfinite(number) and number > 0):
        raise ValueError(f"expected a number above 0, was {text[:20]!r}")
    return number
