"""Halts, retired ids and lost subscriptions: what the exchange streams is what it remembers, also then."""

import pytest

from engine.providers.base import Mode
from engine.providers.dhan.codec import QuotePacket
from engine.providers.simulator.dhan.quotes import market_quotes
from engine.providers.simulator.faults import FaultError, FaultKind, parse_faults
from engine.providers.simulator.history import days, minutes
from engine.providers.simulator.hours import DAY_NS, MINUTE_NS
from tests.providers.simulator.markets import place
from tests.providers.simulator.test_exchange import NOON, Setting, bare, streamed_candles

SYMBOL = "NSE:RELIANCE"


def setting(faults: str = "") -> tuple[Setting, int]:
    made = Setting(faults=faults)
    index = place(made.exchange.market.listings, "equity")
    assert made.exchange.market.listings[index].instrument == SYMBOL
    made.subscribe(index, Mode.QUOTE)
    return made, index


async def volumes(made: Setting) -> list[int]:
    return [packet.volume for packet in await made.received() if isinstance(packet, QuotePacket)]


def quoted(made: Setting, index: int) -> int | None:
    """The volume that REST tells of; None for an unknown id."""
    listing = made.exchange.market.listings[index]
    body = b'{"%s":[%d]}' % (listing.segment.encode(), listing.security_id)
    found = market_quotes(made.door, body, detail="quote")["data"].get(listing.segment, {})
    return found.get(str(listing.security_id), {}).get("volume")


def test_faults_of_one_symbol_are_read_from_text() -> None:
    [halt, retire] = parse_faults("halt:NSE:M&M@5+20,retire:NFO:NIFTY26NOV26FUT")
    assert (halt.kind, halt.symbol, halt.at_s, halt.duration_s) == (FaultKind.HALT, "NSE:M&M", 5.0, 20.0)
    assert (retire.kind, retire.symbol) == (FaultKind.RETIRE, "NFO:NIFTY26NOV26FUT")
    with pytest.raises(FaultError, match="no symbol"):
        parse_faults("stall:NSE:TCS")


async def test_a_halted_symbol_is_traded_nowhere_and_its_volume_goes_on_where_it_stood() -> None:
    made, index = setting(f"halt:{SYMBOL}@30+120")
    made.run(30)
    before = (await volumes(made))[-1]
    made.run(118)
    assert await volumes(made) == []
    assert quoted(made, index) == before
    made.run(60)
    after = await volumes(made)
    step = after[0] - before
    whole = made.exchange.market.whole.last(index, made.exchange.now_ns)
    assert whole is not None
    assert 0 < step < (whole.volume - before) / 2
    assert quoted(made, index) == after[-1]


async def test_history_of_a_halted_symbol_is_what_was_streamed() -> None:
    made, index = setting(f"halt:{SYMBOL}@90+150")
    made.run(7 * 60)
    told = await minutes(made.exchange.market, index, NOON, NOON + 6 * MINUTE_NS, now_ns=made.exchange.now_ns)
    streamed = await streamed_candles(made, index)
    assert [candle.time for candle in told] == [NOON + minute * MINUTE_NS for minute in (0, 1, 4, 5)]
    assert list(map(bare, told)) == list(map(bare, streamed))[1:5]  # the welcome was of the minute before


async def test_the_day_of_a_halt_is_made_of_its_minutes() -> None:
    made, index = setting(f"halt:{SYMBOL}@0+600")
    made.run(1_200)
    midnight = NOON - 12 * 60 * MINUTE_NS
    now_ns = made.exchange.now_ns
    [day] = await days(made.exchange.market, index, midnight, midnight + DAY_NS, now_ns=now_ns)
    told = await minutes(made.exchange.market, index, midnight, midnight + DAY_NS, now_ns=now_ns)
    assert day.volume == sum(candle.volume for candle in told) == quoted(made, index)
    [later] = made.exchange.market.days(index, midnight, midnight + DAY_NS)
    whole = made.exchange.market.whole.days(index, midnight, midnight + DAY_NS)[0]
    assert later.volume < whole.volume


async def test_without_a_symbol_everything_is_halted() -> None:
    made, _ = setting("halt@10+60")
    other = place(made.exchange.market.listings, "future")
    made.subscribe(other, Mode.QUOTE)
    made.run(10)
    await made.received()
    made.run(58)
    assert await made.received() == []
    made.run(30)
    assert await made.received()


async def test_an_illiquid_symbol_is_traded_now_and_then_and_remembered_so() -> None:
    made, index = setting(f"illiquid:{SYMBOL}=0.2@0+3600")
    made.run(1_800)
    streamed = await streamed_candles(made, index)
    told = await minutes(made.exchange.market, index, NOON, NOON + 29 * MINUTE_NS, now_ns=made.exchange.now_ns)
    assert 10 < len(told) < 29
    both = {candle.time: bare(candle) for candle in streamed if NOON <= candle.time < NOON + 29 * MINUTE_NS}
    assert list(both.values()) == list(map(bare, told))


async def test_a_retired_id_is_known_to_nobody() -> None:
    made, index = setting(f"retire:{SYMBOL}@10")
    made.run(12)
    await made.received()
    made.run(60)
    assert await made.received() == []
    assert quoted(made, index) is None
    assert made.door.speech.route(made.exchange.market.listings[index]) not in made.door.places


async def test_a_lost_subscription_is_silent_until_it_is_made_again() -> None:
    made, index = setting(f"lose:{SYMBOL}@10")
    made.run(12)
    await made.received()
    made.run(60)
    assert await made.received() == []
    assert quoted(made, index) is not None
    made.subscribe(index, Mode.QUOTE)
    made.run(30)
    assert len(await volumes(made)) > 3
