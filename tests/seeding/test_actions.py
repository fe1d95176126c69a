"""Corporate actions of a file: as they are announced, and lines that say none are named with their reason."""

from datetime import date
from typing import Any

import pytest

from engine.market.corporate_action import ActionKind, CorporateAction
from engine.seeding import BadLine, read_actions

HEADER = "symbol,ex_date,kind,ratio,amount"
DAY = date(2026, 6, 1)


def action(kind: ActionKind, **number: Any) -> CorporateAction:
    return CorporateAction(instrument="NSE:TCS", ex_date=DAY, kind=kind, source="file", **number)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("NSE:TCS,2026-06-01,split,1:5,", action(ActionKind.SPLIT, ratio=5)),
        ("NSE:TCS,2026-06-01,split,10:1,", action(ActionKind.SPLIT, ratio=0.1)),
        ("NSE:TCS,2026-06-01,split,5,", action(ActionKind.SPLIT, ratio=5)),
        ("NSE:TCS,2026-06-01,bonus,1:1,", action(ActionKind.BONUS, ratio=2)),
        (" nse:tcs , 2026-06-01 ,bonus,1:2, ", action(ActionKind.BONUS, ratio=1.5)),
        ("NSE:TCS,2026-06-01,dividend,,11.5", action(ActionKind.DIVIDEND, amount=11.5)),
    ],
)
def test_an_action_is_read_as_it_is_announced(line: str, expected: CorporateAction) -> None:
    assert read_actions([HEADER, line]) == ([expected], [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("NSE:TCS,2026-06-01,merger,1,", "split, bonus, dividend"),
        ("NSE:TCS,2026-06-01,split,,", "a split has a ratio"),
        ("NSE:TCS,2026-06-01,dividend,2,3", "a dividend has an amount and no ratio"),
        ("NSE:TCS,2026-06-01,split,0:5,", "above 0"),
        ("NSE:TCS,2026-06-01,split,nan,", "above 0"),
        ("NSE:TCS,2026-06-01,split,five,", "five"),
        ("NSE:TCS,01-06-2026,split,5,", "01-06-2026"),
        ("TCS,2026-06-01,split,5,", "EXCHANGE:SYMBOL"),
        ("NSE:TCS,2026-06-01", "kind"),
    ],
)
def test_a_line_that_says_none_is_named_with_its_reason(line: str, reason: str) -> None:
    actions, [bad] = read_actions([HEADER, "NSE:TCS,2026-06-01,split,5,", line])
    assert len(actions) == 1
    assert bad.number == 3
    assert reason in bad.reason


def test_a_quote_that_never_ends_is_a_bad_line() -> None:
    actions, [bad] = read_actions([HEADER, "NSE:TCS,2026-06-01,split,5,", '"' + "x" * 200_000])
    assert len(actions) == 1
    assert "field larger" in bad.reason


def test_a_file_of_another_form_is_told_what_is_expected() -> None:
    assert read_actions(["a,b"]) == ([], [BadLine(1, f"lacks {HEADER.replace(',', ', ')}: expected {HEADER}")])
    assert read_actions([])[1][0].reason.startswith("lacks symbol")
