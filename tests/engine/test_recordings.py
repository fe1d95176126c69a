"""What was recorded goes through the simulator's sockets and the whole engine, and comes out as pandas says it must."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from actors.messages import WatchList
from engine.market import TIMEFRAMES, Candle
from engine.market.volume import VolumeMeter
from engine.providers.simulator.options import SimulatorOptions
from engine.runtime import ReplayClock
from tests.engine.conftest import Stores
from tests.engine.harness import SECOND_NS, Bench, until, whole_engine

pytestmark = pytest.mark.recorded

SPEED = 60.0
FUTURE = "NFO:NIFTY30DEC25FUT"
LOT = 75
NO_HISTORY = "error@0+1000"
"""The exchange answers no question about the past: what comes out was built from ticks alone."""


class HeldClock(ReplayClock):
    """Stands at its start until it is released: nothing is recorded for an engine that is still starting."""

    held = True

    def now_ns(self) -> int:
        return self._start_ns if self.held else super().now_ns()

    def release(self) -> None:
        self.held = False


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND_NS


def clock_at(text: str) -> HeldClock:
    return HeldClock(moment(text), SPEED)


async def play(bench: Bench, until_ns: int) -> None:
    """From the moment the engine has subscribed."""
    await until(lambda: bench.simulator.exchange.doors["simulator"].statistics().subscriptions > 0)
    assert isinstance(bench.clock, HeldClock)
    bench.clock.release()
    await until(lambda: bench.clock.now_ns() >= until_ns)


async def closed(bench: Bench, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
    assert await bench.hot.candles(instrument, timeframe, start_ns, end_ns)
    await bench.exam.save()
    kept = await bench.durable.candles(instrument, timeframe, start_ns, end_ns)
    assert [rows(candle) for candle in kept] == [
        rows(candle) for candle in await bench.hot.candles(instrument, timeframe, start_ns, end_ns)
    ]
    return kept


def rows(candle: Candle) -> tuple[float, ...]:
    return (candle.time, candle.open, candle.high, candle.low, candle.close, candle.volume)


@pytest.fixture
def packets(recordings: Path) -> pd.DataFrame:
    frame = pd.read_csv(recordings / "dhan/nifty_fut_full_2025-12-29.csv", parse_dates=["time"])
    frame = frame[frame["type"] == "full"].copy()
    frame["ltp"] = frame["ltp"].round(1)  # float32 on the wire, ten paise on the exchange
    frame["traded"] = frame["volume"].diff()
    return frame.set_index(frame["time"].dt.tz_localize("Asia/Kolkata"))


def trades(packets: pd.DataFrame, *, first: bool) -> pd.DataFrame:
    """More than half of the packets tell of the book only. Nobody knows whether the first one was a trade."""
    return packets[(packets["traded"] > 0) | (first & packets["traded"].isna())].fillna({"traded": 0})


def resampled(packets: pd.DataFrame, timeframe: str) -> list[tuple[float, ...]]:
    """Buckets of so many minutes from 09:15 on."""
    rule = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min", "4h": "240min", "1d": "24h"}
    groups = packets.resample(rule[timeframe], origin=pd.Timestamp("2025-12-29 09:15", tz="Asia/Kolkata"))
    bars = groups.agg({"ltp": ["first", "max", "min", "last"], "traded": "sum"}).dropna()
    return [(int(row[0].timestamp()) * SECOND_NS, *row[1:]) for row in bars.itertuples()]


@pytest.mark.parametrize("faults", [NO_HISTORY, ""], ids=["live", "healed"])
async def test_the_recorded_packets_become_the_candles_of_an_independent_resample(
    stores: Stores, recordings: Path, packets: pd.DataFrame, faults: str
) -> None:
    file = recordings / "dhan/nifty_fut_full_2025-12-29.csv"
    clock = clock_at("2025-12-29T12:46:50+05:30")
    options = SimulatorOptions(recordings=(file,), start_ns=clock.now_ns(), faults=faults)
    async with whole_engine(stores, clock, options=options, around_the_clock=False, dhanhq_ws_mode="full") as bench:
        await bench.ref("watches").ask(WatchList("web", (FUTURE,)), timeout_s=5)
        end_ns = moment("2025-12-29T12:52:00+05:30")
        await play(bench, end_ns + 70 * SECOND_NS)
        minutes = await closed(bench, FUTURE, "1m", 0, end_ns)
        first, last = packets["volume"].iloc[0], packets["volume"].iloc[-1]
        packets = trades(packets, first=bool(faults))
        assert [rows(candle) for candle in minutes] == resampled(packets, "1m")
        [five] = await closed(bench, FUTURE, "5m", 0, moment("2025-12-29T12:50:00+05:30"))
        assert rows(five) == resampled(packets, "5m")[0]
        forming = await bench.hot.live_candles([(FUTURE, timeframe) for timeframe in TIMEFRAMES])
        for timeframe in TIMEFRAMES[2:]:
            assert rows(forming[FUTURE, timeframe]) == resampled(packets, timeframe)[-1], timeframe
        [day] = await bench.durable.days(FUTURE, date(2025, 12, 29), date(2025, 12, 29))
        assert rows(day.candle) == resampled(packets, "1d")[-1]
        meter = VolumeMeter.restore((await bench.hot.states([FUTURE]))[FUTURE]["baseline"], bench.exam.calendar, end_ns)
        assert sum(candle.volume for candle in minutes) + meter.unattributed == last - first
        assert all(candle.volume % LOT == 0 for candle in minutes)
        assert bool(faults) == any(candle.resolve_required for candle in minutes)


async def test_recorded_bars_come_out_as_themselves(stores: Stores, recordings: Path) -> None:
    file, name = recordings / "bars/RELIANCE_1m_2025-10-29_to_12-26.csv", "NSE:RELIANCE"
    clock = clock_at("2025-11-03T09:14:55+05:30")
    options = SimulatorOptions(recordings=(file,), start_ns=clock.now_ns())
    async with whole_engine(stores, clock, options=options, around_the_clock=False) as bench:
        start_ns, end_ns = moment("2025-11-03T09:15:00+05:30"), moment("2025-11-03T09:20:00+05:30")
        await play(bench, end_ns + 12 * SECOND_NS)

        async def is_written() -> bool:
            found = [await bench.hot.candles(name, timeframe, start_ns, end_ns) for timeframe in ("1m", "5m")]
            return [len(candles) for candles in found] == [5, 1]

        await until(is_written)
        recorded = pd.read_csv(file, parse_dates=["date"]).set_index("date")
        recorded = recorded.loc["2025-11-03 09:15":"2025-11-03 09:19"]
        expected = [(int(row[0].timestamp()) * SECOND_NS, *row[1:6]) for row in recorded.itertuples()]
        minutes = await closed(bench, name, "1m", start_ns, end_ns)
        assert [rows(candle) for candle in minutes] == expected
        [five] = await closed(bench, name, "5m", start_ns, end_ns)
        values = (
            recorded["open"].iloc[0],
            recorded["high"].max(),
            recorded["low"].min(),
            recorded["close"].iloc[-1],
        )
        assert rows(five) == (start_ns, *values, recorded["volume"].sum())
