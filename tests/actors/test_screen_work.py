"""The screen job: judged portion by portion out of PostgreSQL, kept, told, and taken up again in the middle."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import anyio
import msgspec
import pytest

import actors.screen_work as subject
from actors.channels import encode_screener_event
from actors.job_arguments import JobError
from actors.messages import HistoryWanted
from actors.screen_frame import frame_of
from actors.screen_work import NUMBERS, Screening, portion, reach_ns
from config.calendars import load_calendar
from engine.market import Calendars
from engine.market.candle import CandleState
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.screening import Result, bars, operands, parse_operand, read_definition
from engine.storage.durable import DailyCandle, DurableStore, Job
from engine.storage.errors import StorageError
from tests.screening.markets import market
from tests.screening.usual import USUAL
from tests.storage.durable.seeds import NSE, equity
from tests.storage.samples import bar

pytestmark = pytest.mark.anyio

FRIDAY = date(2026, 11, 20)
CALENDARS = Calendars(load_calendar)
CLOSE_NS = CALENDARS.of_exchange("NSE").sessions(FRIDAY, FRIDAY)[0].end_ns
NAMES = [f"NSE:S{number:03}" for number in range(9)]
RISING = {
    "where": {"left": "close", "is": ">", "right": "close[5]"},
    "sort": {"by": "close"},
    "universe": {"list": "x"},
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def durable(database_url: str, anyio_backend: object) -> AsyncGenerator[DurableStore]:
    store = await DurableStore.connect(database_url)
    await store.seed([NSE], [equity(name.partition(":")[2]) for name in NAMES], [])
    await store.save([], [day(name, ago, close) for number, name in enumerate(NAMES) for ago, close in walk(number)])
    yield store
    await store.close()


def walk(number: int) -> list[tuple[int, float]]:
    """Days ago and closes: those of even numbers rise, the last has just begun, the one before trades no more."""
    sign = 1 if number % 2 == 0 else -1
    ages = range(3) if number == 8 else range(11, 14) if number == 7 else range(10)
    return [(ago, 1000.0 + 10 * number - sign * ago) for ago in ages]


def day(name: str, ago: int, close: float) -> DailyCandle:
    candle = bar(name, timeframe="1d", open=close, high=close + 1, low=close - 1, close=close)
    return DailyCandle(
        FRIDAY - timedelta(ago), msgspec.structs.replace(candle, time=CLOSE_NS - ago * 86_400 * 10**9 - 1)
    )


class Historian:
    """Whose history was wished for."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def tell(self, wish: HistoryWanted) -> None:
        self.heard.append(wish.instrument)


def at_the_close() -> int:
    """As a clock that goes by the loop's time: it can be read nowhere else."""
    anyio.current_time()
    return CLOSE_NS


def screening(durable: DurableStore, historian: Any = None) -> Screening:
    return Screening(durable, CALENDARS, historian=historian or Historian(), now_ns=at_the_close)


def asked(**more: Any) -> dict[str, Any]:
    return {"screener": "swing", "definition": RISING, "instruments": [*NAMES, "NSE:NOPE"], **more}


async def kept(durable: DurableStore) -> Result:
    told = await durable.screenings.newest("swing")
    assert told is not None
    return msgspec.json.decode(told, type=Result)


async def test_a_portion_a_step_and_the_last_one_keeps_what_was_found(
    durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "PORTION", 4)
    craft = screening(durable)
    work = craft.work(craft.complete(asked(), 0))

    said = [await work.step(number) for number in range(len(work))]

    assert said == [
        "2 of the first 4 instruments match",
        "4 of the first 8 instruments match",
        "4 of 10 instruments match; the history that some lack is asked for",
    ]
    result = await kept(durable)
    assert [match.instrument for match in result.matches] == ["NSE:S006", "NSE:S004", "NSE:S002", "NSE:S000"]
    assert result.columns == ["close", "close[5]"]
    assert result.matches[0].values == (1060.0, 1055.0)
    assert (result.found, result.examined, result.undecided, result.stale, result.missing) == (4, 7, 1, 1, 1)
    assert (result.timeframe, result.finished) == ("1d", CLOSE_NS // 1_000_000)


async def test_the_next_portion_is_read_while_one_is_judged_and_a_store_that_is_away_then_fails_its_own_step_alone(
    durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "PORTION", 4)
    craft = screening(durable)
    work = craft.work(craft.complete(asked(), 0))
    await work.step(0)
    await durable.close()
    assert await work.step(1) == "4 of the first 8 instruments match"
    with pytest.raises(StorageError):
        await work.step(2)


async def test_who_takes_it_up_in_the_middle_keeps_the_same(
    durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "PORTION", 4)
    craft = screening(durable)
    arguments = craft.complete(asked(), 0)
    whole = craft.work(arguments)
    for number in range(len(whole)):
        await whole.step(number)
    before = await kept(durable)

    await craft.work(arguments).step(2)
    await craft.work(arguments).step(2)

    assert await kept(durable) == before


async def test_what_an_own_screener_looked_for_before_it_was_rewritten_is_not_kept(durable: DurableStore) -> None:
    assert await durable.add_user("ada", "ada@example.org", password_hash="hash")
    own = await durable.screeners.add("ada", "Mine", "", json.dumps(RISING))
    assert own is not None
    craft = screening(durable)
    run = craft.complete(asked(screener=str(own.id), owner="ada"), 0)
    assert (await craft.work(run).step(0)).startswith("4 of 10 instruments match")
    assert await durable.screenings.newest(str(own.id)) is not None

    assert await durable.screeners.change("ada", own.id, "Mine", "", json.dumps(RISING | {"limit": 1}))
    assert (await craft.work(run).step(0)).endswith("what was found is not kept")
    assert await durable.screenings.newest(str(own.id)) is None


async def test_history_is_wished_for_of_few_and_only_where_some_lack_it(
    durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    historian = Historian()
    craft = screening(durable, historian)
    whole = craft.complete(asked(instruments=NAMES[:7]), 0)
    assert await craft.work(whole).step(0) == "4 of 7 instruments match"
    assert historian.heard == []

    lacking = craft.complete(asked(instruments=[*NAMES[:2], "NSE:NOPE"]), 0)
    await craft.work(lacking).step(0)
    assert historian.heard == [*NAMES[:2], "NSE:NOPE"]

    monkeypatch.setattr(subject, "FEW", 2)
    await craft.work(lacking).step(0)
    assert len(historian.heard) == 3


async def test_minutes_know_the_session_they_are_of(durable: DurableStore) -> None:
    sessions = CALENDARS.of_exchange("NSE").sessions(FRIDAY - timedelta(1), FRIDAY)
    minutes = [
        bar("NSE:S000", timeframe="5m", time=session.start_ns + number * 300 * 10**9, close=2451.0 + number)
        for session in sessions
        for number in range(3)
    ]
    await durable.save(minutes)
    frame = frame_of(await durable.screenings.bars(["NSE:S000", "NSE:S001"], "5m", 0), CALENDARS, {})
    assert frame["date"].to_list() == [FRIDAY - timedelta(1)] * 3 + [FRIDAY] * 3
    assert frame["time"].is_sorted()

    definition = {**RISING, "timeframe": "5m", "where": {"left": "vwap", "is": ">", "right": 0}}
    craft = screening(durable)
    await craft.work(craft.complete(asked(definition=definition), 0)).step(0)
    assert [match.instrument for match in (await kept(durable)).matches] == ["NSE:S000"]


SPLIT = CorporateAction(instrument="NSE:SPLIT", ex_date=FRIDAY - timedelta(60), kind=ActionKind.SPLIT, ratio=5)
LOOKED_AT = ("close", "close[80]", "change", "sma(100)", "ema(20)", "rsi(14)", "atr(14)", "roc(90)", "highest(80)")
BY_VOLUME = ("volume_average(80)", "relative_volume(70)")


@pytest.mark.parametrize("source", ["dhan", "yahoo", "kite"])
async def test_splits_are_worked_into_what_indicators_see(durable: DurableStore, source: str) -> None:
    """A provider whose history has the split in it already was read before it for the older half, and after it for the rest."""
    frame = market(5, [300]).to_pandas()
    frame[["open", "high", "low", "close"]] = frame[["open", "high", "low", "close"]].round(2)
    await durable.seed([], [equity("SPLIT")], [])
    await durable.corporate_actions.save([SPLIT])
    await durable.save([], [as_told(bar_of, 299 - at, source) for at, bar_of in enumerate(frame.to_dict("records"))])

    definition = {
        **RISING,
        "where": {"left": "close", "is": ">", "right": 0},
        "columns": [*LOOKED_AT, *BY_VOLUME],
        "sort": None,
    }
    craft = screening(durable)
    await craft.work(craft.complete(asked(instruments=["NSE:SPLIT"], definition=definition), 0)).step(0)

    (match,) = (await kept(durable)).matches
    for written, value in zip((await kept(durable)).columns, match.values, strict=True):
        operand = parse_operand(written)
        numbers = [int(number) for number in operand.arguments]
        usual = USUAL[operand.indicator](frame, *numbers).iloc[-1 - operand.ago]
        assert value == pytest.approx(usual, rel=1e-5), written


DIVIDEND = CorporateAction(
    instrument="NSE:SPLIT", ex_date=FRIDAY - timedelta(40), kind=ActionKind.DIVIDEND, amount=20.0
)


@pytest.mark.parametrize(("adjustment", "splits", "dividends"), [("raw", 0, 0), ("dividend", 0, 1), ("all", 1, 1)])
async def test_a_definition_says_what_is_worked_in(
    durable: DurableStore, adjustment: str, splits: int, dividends: int
) -> None:
    frame = market(5, [300]).to_pandas()
    frame[["open", "high", "low", "close"]] = frame[["open", "high", "low", "close"]].round(2) + 100
    await durable.seed([], [equity("SPLIT")], [])
    await durable.corporate_actions.save([SPLIT, DIVIDEND])
    await durable.save([], [as_told(bar_of, 299 - at, "dhan") for at, bar_of in enumerate(frame.to_dict("records"))])

    before = frame["close"].iloc[299 - 41]
    ages = frame.index[::-1]
    factor = (5.0 ** (1 - splits)) ** (ages > 60) * ((1 - DIVIDEND.amount / before) ** dividends) ** (ages > 40)
    frame[["open", "high", "low", "close"]] = frame[["open", "high", "low", "close"]].mul(factor, axis=0)

    definition = {**RISING, "where": {"left": "close", "is": ">", "right": 0}, "columns": LOOKED_AT, "sort": None}
    craft = screening(durable)
    definition["adjustment"] = adjustment
    await craft.work(craft.complete(asked(instruments=["NSE:SPLIT"], definition=definition), 0)).step(0)
    result = await kept(durable)
    for written, value in zip(result.columns, result.matches[0].values, strict=True):
        operand = parse_operand(written)
        usual = USUAL[operand.indicator](frame, *map(int, operand.arguments)).iloc[-1 - operand.ago]
        assert value == pytest.approx(usual, rel=1e-5), written


async def test_a_dividend_that_can_not_be_reckoned_leaves_an_instrument_undecided(durable: DurableStore) -> None:
    beyond = msgspec.structs.replace(DIVIDEND, instrument=NAMES[0], ex_date=FRIDAY - timedelta(2), amount=10**6)
    nothing_before = msgspec.structs.replace(DIVIDEND, instrument=NAMES[2], ex_date=FRIDAY - timedelta(9))
    await durable.corporate_actions.save([beyond, nothing_before])
    for adjustment, found, undecided in (("split", 4, 0), ("all", 3, 1)):
        craft = screening(durable)
        definition = RISING | {"adjustment": adjustment}
        await craft.work(craft.complete(asked(instruments=NAMES[:7], definition=definition), 0)).step(0)
        result = await kept(durable)
        assert (result.found, result.undecided, result.missing) == (found, undecided, 0)


def as_told(adjusted: dict[str, Any], ago: int, source: str) -> DailyCandle:
    """A day as it was kept: before its split as it was traded then, unless its source had the split worked in by then."""
    day = FRIDAY - timedelta(ago)
    read_later = source != "dhan" and ago < 150
    ratio = 5 if day < SPLIT.ex_date and not read_later else 1
    read_on = datetime.combine(FRIDAY if read_later else day, time(12), UTC)
    prices = {name: adjusted[name] * ratio for name in ("open", "high", "low", "close")}
    candle = bar(
        "NSE:SPLIT",
        timeframe="1d",
        time=CLOSE_NS - ago * 86_400 * 10**9 - 1,
        volume=int(adjusted["volume"]) // 5 * (5 // ratio),
        source=source,
        published_ns=int(read_on.timestamp()) * 10**9,
        **prices,
    )
    return DailyCandle(day, candle)


async def test_what_waits_to_be_healed_decides_nothing(durable: DurableStore) -> None:
    flagged = msgspec.structs.replace(day(NAMES[0], 3, 5.0).candle, revision=1, resolve_required=True)
    forming = msgspec.structs.replace(
        day(NAMES[2], -1, 5000.0).candle, state=CandleState.FORMING, resolve_required=True
    )
    await durable.save([], [DailyCandle(FRIDAY - timedelta(3), flagged), DailyCandle(FRIDAY + timedelta(1), forming)])
    craft = screening(durable)
    await craft.work(craft.complete(asked(instruments=NAMES[:7]), 0)).step(0)

    result = await kept(durable)
    assert (result.found, result.examined, result.undecided, result.missing) == (3, 6, 1, 0)
    assert NAMES[0] not in [match.instrument for match in result.matches]
    assert result.matches[0].values[0] == 5000.0  # the newest bar counts as it stands: it is not at its end


@pytest.mark.parametrize(("timeframe", "days"), [("1d", 9), ("1h", 2), ("5m", 1)])
def test_no_more_is_read_than_is_needed(timeframe: str, days: int) -> None:
    """Of six bars and the one before: by the calendar, on which a weekend and a holiday may lie between."""
    definition = read_definition({**RISING, "timeframe": timeframe})
    trading = [day.date for day in CALENDARS.of_exchange("NSE").trading_days(FRIDAY - timedelta(30), FRIDAY)]
    since_ns = reach_ns(CALENDARS, NAMES, definition, CLOSE_NS)
    assert datetime.fromtimestamp(since_ns / 10**9, UTC).date() == trading[-days]
    assert reach_ns(CALENDARS, ["NSE:A", "CME:ES"], definition, CLOSE_NS) <= since_ns


@pytest.mark.parametrize(
    ("columns", "instruments"),
    [(["sma(200)"], 500), (["ema(500)[250]"], 147), ([f"ema({length})" for length in range(481, 501)], 62)],
)
def test_the_more_bars_each_needs_the_fewer_are_judged_at_once(columns: list[str], instruments: int) -> None:
    definition = read_definition({**RISING, "timeframe": "1m", "columns": columns})
    assert portion(definition) == instruments
    assert instruments * bars(definition) * len(operands(definition)) <= NUMBERS


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"instruments": []}, "there is no instrument to look at"),
        ({"definition": {}}, "screen: Object missing required field `where`"),
        ({"definition": {**RISING, "sort": {"by": "rsii"}}}, "sort.by: there is no indicator 'rsii'"),
        ({"instruments": ["NSE:TCS"] * 50_001}, "at most 50,000 instruments"),
    ],
)
async def test_what_can_not_be_meant_is_refused(wrong: dict[str, Any], why: str) -> None:
    nobody: Any = None
    with pytest.raises(JobError, match=why):
        screening(nobody).complete(asked(**wrong), 0)


async def test_a_run_is_told_with_whose_it_is() -> None:
    nobody: Any = None
    arguments = screening(nobody).complete(asked(owner="ada"), 0)
    job = Job("screen-5", "screen", "running", arguments=arguments, progress=0.5, message="half", total=2, done=1)
    assert msgspec.msgpack.decode(encode_screener_event(job)) == {
        "kind": "screener",
        "screener": "swing",
        "owner": "ada",
        "job": "screen-5",
        "status": "running",
        "progress": 0.5,
        "message": "half",
    }
