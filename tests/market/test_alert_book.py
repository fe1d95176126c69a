"""The alert book: many rules on one instrument cost little, and only what is told is put into words."""

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from engine.market.alert_book import AlertBook
from engine.market.alert_rule import AlertRule, Condition, Look, PriceCondition, Standing
from engine.market.candle import Candle
from engine.market.tick import Tick


def rules(count: int, value: float = 100.0) -> list[AlertRule]:
    values: dict[str, Any] = {"once": False, "cool_down_s": 0, "hysteresis_percent": 1.0, "standing": Standing()}
    condition: Condition = PriceCondition(instrument="NSE:A", comparison="above", value=value)
    return [AlertRule(id=one, owner="u1", name="", condition=condition, revision=0, **values) for one in range(count)]


def tick(price: float) -> Tick:
    return Tick("NSE:A", price, 1, 1, 0, 0, "test")


def test_each_rule_on_an_instrument_is_told_once_and_in_their_order() -> None:
    book = AlertBook()
    book.replace(rules(5_000), 0, 0)
    book.replace(rules(5_000), 0, 0)
    assert book.instruments == {"NSE:A"}
    for price in (99.0, 101.0, 102.0):
        book.take(tick(price), 1)
    assert [due.rule.id for due in book.due] == list(range(5_000))
    assert book.due[0].look.words == "NSE:A rose to 100: it is at 101"


def test_what_is_not_told_is_not_put_into_words() -> None:
    asked = Counter[str]()

    class Price(float):
        """Knows when it is written down."""

        def __format__(self, form: str) -> str:
            asked[form] += 1
            return float.__format__(self, form)

    book = AlertBook()
    book.replace(rules(10), 0, 0)
    book.take(tick(Price(99.0)), 1)
    book.take(tick(Price(101.0)), 2)
    assert asked == {}
    assert "it is at 101" in book.due[0].look.words
    assert asked.total() == 1


def test_names_with_braces_are_only_names() -> None:
    look = Look(1.0, "The token of {} {}", ("{x}", "has ended"))
    assert look.words == "The token of {x} has ended"
    assert msgspec.structs.replace(look, about="y").words == look.words


def test_a_rule_that_the_past_has_told_waits_until_its_price_has_gone_back() -> None:
    book, minute_ns = AlertBook(), 60 * 10**9
    book.replace(rules(1), 0, 5 * minute_ns)
    book.take(msgspec.structs.replace(tick(99.5), ts_event=5 * minute_ns), 5 * minute_ns)
    [past] = book.pasts.due(5 * minute_ns, {})
    bar = Candle("NSE:A", "1m", 2 * minute_ns, 99.5, 101.0, 99.5, 99.5, 1)
    book.look_back(past, [bar], ZoneInfo("Asia/Kolkata"), 5 * minute_ns, is_all=True)
    for price in (99.5, 100.5, 98.5):
        book.take(msgspec.structs.replace(tick(price), ts_event=6 * minute_ns), 6 * minute_ns)
    assert len(book.due) == 1
    book.take(msgspec.structs.replace(tick(100.5), ts_event=6 * minute_ns), 6 * minute_ns)
    assert len(book.due) == 2
