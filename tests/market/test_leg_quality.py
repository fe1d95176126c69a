"""Which price of an option is believed, and how far."""

import numpy as np
import pytest

from engine.market import Quote
from engine.market.chain_snapshot import Quality
from engine.market.leg_quality import QUALITIES, priced, qualities
from engine.market.quote_columns import QuoteColumns


def quoted(last: float, bid: float | None = None, ask: float | None = None) -> QuoteColumns:
    columns = QuoteColumns.unknown(1)
    columns.take(0, Quote(last, bid=bid, ask=ask), 1, "dhan", polled=False)
    return columns


@pytest.mark.parametrize(
    ("last", "bid", "ask", "price", "by_mid"),
    [
        (100.0, 101.0, 103.0, 102.0, True),
        (100.0, None, None, 100.0, False),
        (100.0, 0.0, 103.0, 100.0, False),
        (100.0, 104.0, 103.0, 100.0, False),
        (100.0, 60.0, 130.0, 100.0, False),
        (50.0, 60.0, 130.0, 95.0, True),
        (0.0, 101.0, 103.0, 102.0, True),
        (0.05, 0.05, 0.10, 0.05, False),
    ],
    ids=[
        "the middle",
        "the last without quotes",
        "the last without a bid",
        "the last when crossed",
        "the last within a wide spread",
        "the middle when the last lies outside a wide spread",
        "the middle without a trade",
        "the last of one tick",
    ],
)
def test_the_price_is(last: float, bid: float | None, ask: float | None, price: float, by_mid: bool) -> None:
    found = priced(quoted(last, bid, ask))
    assert (found.price[0], found.by_mid[0]) == (price, by_mid)


def test_without_trade_and_quotes_there_is_no_price() -> None:
    assert np.isnan(priced(QuoteColumns.unknown(1)).price[0])
    assert np.isnan(priced(quoted(0.0, 0.0, 103.0)).price[0])


def quality(columns: QuoteColumns, *, below_intrinsic: bool = False, stale: bool = False) -> Quality:
    flags = np.array([below_intrinsic]), np.array([stale])
    return QUALITIES[qualities(columns, priced(columns).price, below_intrinsic=flags[0], stale=flags[1])[0]]


def test_the_first_fault_of_a_quote_is_told() -> None:
    assert quality(quoted(100.0, 99.0, 101.0)) is Quality.GOOD
    assert quality(quoted(100.0)) is Quality.GOOD, "a feed without quotes says nothing against them"
    assert quality(quoted(100.0, 0.0, 101.0)) is Quality.NO_BID
    assert quality(quoted(100.0, 0.0, 101.0), stale=True) is Quality.STALE
    assert quality(quoted(100.0, 99.0, 101.0), stale=True, below_intrinsic=True) is Quality.BELOW_INTRINSIC
    assert quality(quoted(100.0, 102.0, 101.0), stale=True, below_intrinsic=True) is Quality.CROSSED
    assert quality(QuoteColumns.unknown(1), stale=True) is Quality.UNKNOWN
