"""The calendar and the candles against recorded market data, with pandas as the independent witness."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.market import Calendar, Candle, CandleState, Tick, derive
from tests.market.builders import INSTRUMENT, MINUTE, SECOND, Runner, numbers

pytestmark = pytest.mark.recorded

FROZEN = date(2024, 1, 20)
"""After this Saturday's close the recorder went on for hours with the last price."""

NOT_RECORDED = {date(2024, 2, 1), date(2024, 3, 4), date(2024, 4, 5)}
"""Trading days that the file lacks as a whole."""


@pytest.fixture(scope="module")
def nifty(recordings: Path) -> pd.Series:
    frame = pd.read_csv(recordings / "bars/NIFTY_1m_2024-01_to_04.csv", dtype=str)
    stamps = pd.to_datetime(frame["Date"] + " " + frame["Time"], format="%Y%m%d %H:%M")
    return stamps.dt.tz_localize("Asia/Kolkata")


@pytest.fixture(scope="module")
def reliance(recordings: Path) -> pd.DataFrame:
    frame = pd.read_csv(recordings / "bars/RELIANCE_1m_2025-10-29_to_12-26.csv", parse_dates=["date"])
    return frame.set_index("date")


@pytest.fixture(scope="module")
def minutes(reliance: pd.DataFrame) -> list[Candle]:
    return [
        Candle(
            INSTRUMENT, "1m", ns_of(row.Index), row.open, row.high, row.low, row.close, int(row.volume),
            state=CandleState.FINAL, source="recording",
        )
        for row in reliance.itertuples()
    ]  # fmt: skip


def ns_of(stamp: Any) -> int:
    return int(stamp.timestamp()) * SECOND


def test_every_recorded_minute_of_nifty_falls_into_a_session(nifty: pd.Series, nse: Calendar) -> None:
    outside = [stamp for stamp in nifty if nse.session_at(ns_of(stamp)) is None]
    assert {stamp.date() for stamp in outside} == {FROZEN}
    assert {stamp.strftime("%H") for stamp in outside} <= {"15", "16", "17", "18"}


def test_every_session_of_nifty_was_recorded_minute_by_minute(nifty: pd.Series, nse: Calendar) -> None:
    recorded = {ns_of(stamp) for stamp in nifty}
    for session in nse.sessions(nifty.iloc[0].date(), nifty.iloc[-1].date()):
        minutes = range(session.start_ns, session.end_ns, MINUTE)
        present = sum(minute in recorded for minute in minutes)
        assert present == (0 if session.date in NOT_RECORDED else len(minutes)), session.date


def test_the_days_reliance_traded_are_the_calendars(reliance: pd.DataFrame, nse: Calendar) -> None:
    stamps = reliance.index
    days = {day.date for day in nse.trading_days(stamps[0].date(), stamps[-1].date())}
    assert {stamp.date() for stamp in stamps} == days
    assert all(nse.is_open(ns_of(stamp)) for stamp in stamps)


@pytest.mark.parametrize(("timeframe", "rule"), [("5m", "5min"), ("1h", "60min"), ("4h", "240min"), ("1d", "24h")])
def test_derived_bars_equal_an_independent_resample(
    minutes: list[Candle], reliance: pd.DataFrame, nse: Calendar, timeframe: str, rule: str
) -> None:
    groups = [day.resample(rule, origin="start") for _, day in reliance.groupby(reliance.index.date)]
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    expected = pd.concat([group.agg(how) for group in groups]).dropna()
    bars = derive(minutes, timeframe, nse)
    assert [numbers(bar) for bar in bars] == [tuple(row) for row in expected.itertuples(index=False)]
    if timeframe != "1d":
        assert [bar.time for bar in bars] == [ns_of(stamp) for stamp in expected.index]


def test_ticks_along_the_recorded_bars_give_the_bars_back(minutes: list[Candle], nse: Calendar) -> None:
    first = minutes[:750]
    runner = Runner(nse, volume=0, day=nse.session_date(first[0].time))
    total, day = 0, nse.session_date(first[0].time)
    for bar in first:
        if nse.session_date(bar.time) != day:
            total, day = 0, nse.session_date(bar.time)
        for second, price, size in path(bar):
            total += size
            runner.feed(Tick(INSTRUMENT, price, size, total, bar.time + second * SECOND, 0, "dhan"))
        runner.clock(bar.time + MINUTE + 2 * SECOND)
    assert [numbers(bar) for bar in runner.final("1m")] == [numbers(bar) for bar in first]
    for timeframe in ("5m", "1h", "1d"):
        assert [numbers(bar) for bar in runner.final(timeframe)] == [numbers(b) for b in derive(first, timeframe, nse)]


def path(bar: Candle) -> list[tuple[int, float, int]]:
    """Open, low, high, close at the quarters of the minute; the volume at the last."""
    return [(0, bar.open, 1), (15, bar.low, 1), (30, bar.high, 1), (45, bar.close, bar.volume - 3)]


@pytest.mark.parametrize("day", [date(2022, 11, 7), date(2022, 11, 10)])
def test_no_print_before_the_open_or_after_the_close_enters_a_candle(
    recordings: Path, nse: Calendar, day: date
) -> None:
    """The recordings begin with the auction at 09:00 and go on with the last price after 15:30."""
    prints = prints_of(recordings / f"ticks/NIFTY_1s_{day}.csv")
    (session,) = nse.sessions(day, day)
    regular = [tick for tick in prints if session.start_ns <= tick.ts_event < session.end_ns]
    assert len(prints) - len(regular) > 1000
    candles, witness = candles_of(prints, nse, day), candles_of(regular, nse, day)
    assert candles == witness
    minutes = [candle for candle in candles if candle.timeframe == "1m"]
    assert [candle.time for candle in minutes] == list(range(session.start_ns, session.end_ns, MINUTE))
    (whole,) = [candle for candle in candles if candle.timeframe == "1d"]
    prices = [tick.price for tick in regular]
    assert (whole.open, whole.high, whole.low, whole.close) == (prices[0], max(prices), min(prices), prices[-1])
    assert [candle.time for candle in candles if candle.timeframe == "1h"][-1] == session.end_ns - 15 * MINUTE


def prints_of(file: Path) -> list[Tick]:
    frame = pd.read_csv(file, header=None, names=["time", "price"], parse_dates=["time"])
    stamps = frame["time"].dt.tz_localize("Asia/Kolkata")
    return [
        Tick(INSTRUMENT, float(price), 0, None, ns_of(stamp), ns_of(stamp), "recording")
        for stamp, price in zip(stamps, frame["price"], strict=True)
    ]


def candles_of(prints: list[Tick], nse: Calendar, day: date) -> list[Candle]:
    runner = Runner(nse, day=day)
    for tick in prints:
        runner.clock(tick.ts_recv)
        runner.feed(tick)
    runner.clock(nse.sessions(day, day)[-1].end_ns + MINUTE)
    return runner.closed


def test_daily_bars_agree_with_the_recorded_daily_file(minutes: list[Candle], recordings: Path, nse: Calendar) -> None:
    """Open, high and low do. The file's close is the exchange's average of the last half hour, its volume has auctions."""
    daily = pd.read_csv(recordings / "bars/RELIANCE_1d.csv", parse_dates=["date"])
    recorded = {row.date.date(): row for row in daily.itertuples()}
    bars = derive(minutes, "1d", nse)
    assert len(bars) == 41
    for bar in bars:
        day = recorded[nse.session_date(bar.time)]
        assert (bar.open, bar.high, bar.low) == (day.open, day.high, day.low)
        assert bar.volume < day.volume
