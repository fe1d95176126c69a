import msgspec
import pytest

from engine.providers.base import Advice, PlanError, Route
from engine.providers.yahoo.planner import plan_connections, subscription, withdrawal
from tests.providers.yahoo.routes import APPLE, NIFTY, RELIANCE


def many(count: int) -> list[Route]:
    return [Route(f"NYSE:S{number}", "NYSE", f"S{number}", 0.01, "equity") for number in range(count)]


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (500, [500]), (501, [251, 250]), (1_000, [500, 500])])
def test_as_few_connections_as_will_do_evenly_filled(count: int, sizes: list[int]) -> None:
    assert [len(routes) for routes in plan_connections(many(count))] == sizes


def test_more_than_we_allow_ourselves_is_refused() -> None:
    with pytest.raises(PlanError, match="1,001 instruments are more than the 1,000 Yahoo serves") as raised:
        plan_connections(many(1_001))

    assert raised.value.advice is Advice.FIX_REQUEST


@pytest.mark.parametrize("symbol", ["", "aapl", "A B", "A\n", "/etc", "Ä", "X" * 41])
def test_what_can_be_no_symbol_is_named(symbol: str) -> None:
    odd = Route("NASDAQ:ODD", "NASDAQ", symbol, 0.01, "equity")

    with pytest.raises(PlanError, match="NASDAQ:ODD") as raised:
        plan_connections([APPLE, odd])

    assert raised.value.routes == (odd,)


@pytest.mark.parametrize("symbol", ["^NSEI", "M&M.NS", "BAJAJ-AUTO.NS", "GC=F", "0700.HK", "AAPL261218C00270000"])
def test_all_of_yahoos_spellings_are_known(symbol: str) -> None:
    route = Route("X:Y", "X", symbol, 0.01, "equity")

    assert plan_connections([route]) == [[route]]


def test_two_instruments_of_one_symbol_could_not_be_told_apart() -> None:
    other = Route("BSE:RELIANCE", "BSE", "RELIANCE.NS", 0.05, "equity")

    with pytest.raises(PlanError, match="share") as raised:
        plan_connections([RELIANCE, NIFTY, other])

    assert raised.value.routes == (RELIANCE, other)


def test_messages_name_the_symbols() -> None:
    assert msgspec.json.decode(subscription(["AAPL", "^NSEI"])) == {"subscribe": ["AAPL", "^NSEI"]}
    assert msgspec.json.decode(withdrawal(["AAPL"])) == {"unsubscribe": ["AAPL"]}
