"""``/api/v1/bars`` end to end: pages over symbols, both orders, as of a time, what is missing, and every form."""

import csv
import io
from importlib import import_module
from typing import Any

import httpx
import msgpack  # pyright: ignore[reportMissingTypeStubs]
import msgspec
import pytest

from actors.channels import encode_candle_event
from engine.market import Candle, Verdict
from engine.storage.durable import DurableStore
from engine.storage.errors import DurableStoreError
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.engine import MINUTE, NOON, Engine, candle
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem

pa: Any = import_module("pyarrow")
pytestmark = pytest.mark.anyio

RANGE = {"start": "2026-11-18T11:27:00Z", "end": "2026-11-18T11:33:00Z", "timeframe": "1m"}
"""Seven minutes: both ends are included."""


def published(minute: int, after_ns: int) -> Candle:
    """A minute's candle that was told so long after noon."""
    return msgspec.structs.replace(candle(minute), published_ns=NOON + after_ns)


async def asked(web: Web, **arguments: Any) -> dict[str, Any]:
    response = await web.get("/api/v1/bars", **(RANGE | arguments))
    assert response.status_code == 200, response.text
    return response.json()


async def test_bars_of_both_stores_and_the_forming_one(web: Web, durable: DurableStore, engine: Engine) -> None:
    await durable.save([candle(0, 1.0)])
    await web.services.hot.write_candles([candle(1, 2.0)])
    await engine.store(3.0, forming=(candle(2, 3.0, state="forming"),))
    body = await asked(web, symbols="RELIANCE,NSE:TCS")
    assert body["bars"]["NSE:TCS"] == []
    first, *_, last = body["bars"]["RELIANCE"]
    assert first == {
        "t": NOON // 1_000_000, "o": 1.0, "h": 1.0, "l": 1.0, "c": 1.0, "v": 10, "oi": None, "state": "final", "rev": 0, "source": "simulator"
    }  # fmt: skip
    assert (last["c"], last["state"], body["next_page_token"], body["data"]) == (3.0, "forming", None, "simulated")


async def test_what_is_missing_is_said_with_its_reason(web: Web, durable: DurableStore) -> None:
    await durable.save([candle(minute) for minute in (0, 1, 4, 6)])
    await durable.note_verdicts([Verdict("NSE:RELIANCE", "empty", NOON + 2 * MINUTE, NOON + 3 * MINUTE)])
    body = await asked(web, symbols="RELIANCE")
    assert not body["complete"]
    told = [((gap["start"] * 1_000_000 - NOON) // MINUTE, gap["symbol"], gap["reason"]) for gap in body["gaps"]]
    assert told == [(3, "RELIANCE", "missing"), (5, "RELIANCE", "missing")]
    await durable.save([candle(3), candle(5)])
    body = await asked(web, symbols="RELIANCE")
    assert (body["complete"], body["gaps"]) == (True, [])
    body = await asked(web, symbols="RELIANCE", timeframe="5m")
    assert [gap["state"] for gap in body["gaps"]] == ["missing"], "the quarter hour began before the first minute"


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
async def test_pages_go_over_all_symbols_and_hold_each_bar_once(
    web: Web, durable: DurableStore, sort: str, limit: int
) -> None:
    await durable.save([candle(minute, float(minute)) for minute in (0, 1, 2, 4, 5)])
    await durable.save([candle(minute, float(minute), symbol="TCS") for minute in range(3)])
    await web.services.hot.write_candles([candle(minute, float(minute)) for minute in (3, 6)])
    read: dict[str, list[float]] = {"RELIANCE": [], "INFY": [], "TCS": []}
    gaps: list[tuple[str, int]] = []
    token: str | None = ""
    while token is not None:
        more = {"page_token": token} if token else {}
        body = await asked(web, symbols="RELIANCE,INFY,TCS", limit=str(limit), sort=sort, **more)
        assert sum(map(len, body["bars"].values())) <= limit
        for symbol, bars in body["bars"].items():
            read[symbol] += [bar["c"] for bar in bars]
        for gap in body["gaps"]:
            first, end = ((gap[side] * 1_000_000 - NOON) // MINUTE for side in ("start", "end"))
            gaps += [(gap["symbol"], minute) for minute in range(first, end)]
        token = body["next_page_token"]
    ordered = slice(None, None, -1 if sort == "desc" else 1)
    assert read == {
        "RELIANCE": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0][ordered],
        "INFY": [],
        "TCS": [0.0, 1.0, 2.0][ordered],
    }
    assert sorted(gaps) == [*(("INFY", minute) for minute in range(7)), *(("TCS", minute) for minute in range(3, 7))]


async def test_as_of_a_time_the_bars_are_what_was_published_then(web: Web, durable: DurableStore) -> None:
    first = msgspec.structs.replace(candle(0, 1.0), published_ns=NOON + MINUTE)
    second = msgspec.structs.replace(candle(0, 2.0, state="revised", revision=1), published_ns=NOON + 5 * MINUTE)
    await durable.save([first, second])

    async def closes(moment: str) -> list[tuple[float, int]]:
        body = await asked(web, symbols="RELIANCE", as_of=moment, end="2026-11-18T11:27:00Z")
        assert body["as_of"] == moment
        return [(bar["c"], bar["rev"]) for bar in body["bars"]["RELIANCE"]]

    assert await closes("2026-11-18T11:27:59Z") == []
    assert await closes("2026-11-18T11:28:00Z") == [(1.0, 0)]
    assert await closes("2026-11-18T11:32:00Z") == [(2.0, 1)]
    assert await closes("2026-11-18") == [(2.0, 1)], "a date is the whole day at the exchange"


async def test_as_of_the_last_minutes_what_is_not_saved_yet_is_read_of_the_hot_store_and_the_events(
    web: Web, durable: DurableStore
) -> None:
    def told(revision: int, close: float, second: int) -> Candle:
        state = "revised" if revision else "final"
        one = candle(0, close, state=state, revision=revision)
        return msgspec.structs.replace(one, published_ns=NOON + 60 * 10**9 + second * 10**9)

    revisions = [told(number, number + 1.0, 10 * number) for number in range(3)]
    await durable.save([revisions[0]], checkpoint_ns=revisions[0].published_ns)
    hot = web.services.hot
    await hot.write_candles([revisions[2]])
    entries = [(f"{one.published_ns // 10**6 + 40}-0", encode_candle_event(one)) for one in revisions]
    await hot.append_events(entries)

    async def closes(second: int) -> list[float]:
        moment = f"2026-11-18T11:28:{second:02}Z"
        body = await asked(web, symbols="RELIANCE", as_of=moment)
        return [bar["c"] for bar in body["bars"]["RELIANCE"]]

    assert [await closes(second) for second in (0, 9, 10, 19, 20, 59)] == [[1.0], [1.0], [2.0], [2.0], [3.0], [3.0]]


async def test_as_of_a_time_gaps_are_of_what_was_published_then_and_verdicts_are_those_of_now(
    web: Web, durable: DurableStore
) -> None:
    await durable.save([published(0, MINUTE + 2), published(1, 10 * MINUTE), published(3, 4 * MINUTE + 2)])
    await durable.note_verdicts([Verdict("NSE:RELIANCE", "empty", NOON + 2 * MINUTE, NOON + 3 * MINUTE)])

    async def gaps(moment: str) -> list[tuple[int, str]]:
        body = await asked(web, symbols="RELIANCE", as_of=moment)
        assert body["verdicts_as_of"] * 1_000_000 >= NOON + 11 * MINUTE, (
            "the verdict is younger than the time asked for"
        )
        assert body["complete"] == (body["gaps"] == [])
        return [((gap["start"] * 1_000_000 - NOON) // MINUTE, gap["reason"]) for gap in body["gaps"]]

    assert await gaps("2026-11-18T11:28:01Z") == [], "what has only just closed is on its way"
    assert await gaps("2026-11-18T11:31:30Z") == [(1, "missing")]
    assert (await asked(web, symbols="RELIANCE"))["verdicts_as_of"] is None


async def test_as_of_a_time_a_published_bar_is_there_though_one_of_its_minutes_was_empty(
    web: Web, durable: DurableStore
) -> None:
    quarter = msgspec.structs.replace(published(3, 9 * MINUTE), timeframe="5m")
    await durable.save([quarter])
    await durable.note_verdicts([Verdict("NSE:RELIANCE", "empty", NOON + 5 * MINUTE, NOON + 6 * MINUTE)])
    wanted = {"timeframe": "5m", "start": "2026-11-18T11:30:00Z", "end": "2026-11-18T11:30:00Z"}
    for moment, complete in (("2026-11-18T11:35:59Z", False), ("2026-11-18T11:36:00Z", True)):
        body = await asked(web, symbols="RELIANCE", as_of=moment, **wanted)
        assert (body["complete"], len(body["bars"]["RELIANCE"])) == (complete, int(complete))


async def test_as_of_a_time_a_continuous_view_opens_at_the_close_that_was_known_then(
    web: Web, durable: DurableStore
) -> None:
    healed = msgspec.structs.replace(candle(0, 9.0, state="revised", revision=1), published_ns=NOON + 60 * MINUTE)
    await durable.save([published(0, MINUTE), healed, published(1, 2 * MINUTE)])
    body = await asked(
        web, symbols="RELIANCE", as_of="2026-11-18T11:40:00Z", start="2026-11-18T11:28:00Z", continuous="true"
    )
    assert [bar["o"] for bar in body["bars"]["RELIANCE"]] == [1.0]


async def test_a_continuous_view_opens_where_the_bar_before_closed_also_over_pages(
    web: Web, durable: DurableStore
) -> None:
    await durable.save([candle(minute, float(minute + 1)) for minute in range(4)])
    body = await asked(web, symbols="RELIANCE", continuous="true", limit="2")
    more = await asked(web, symbols="RELIANCE", continuous="true", limit="2", page_token=body["next_page_token"])
    assert [bar["o"] for bar in body["bars"]["RELIANCE"] + more["bars"]["RELIANCE"]] == [1.0, 1.0, 2.0, 3.0]
    assert body["view"] == {"continuous": True}


async def test_of_one_feed_only_its_bars_are_shown(web: Web, durable: DurableStore) -> None:
    other = msgspec.structs.replace(candle(1), source="dhan/ticks")
    await durable.save([candle(0), other])
    body = await asked(web, symbols="RELIANCE", feed="dhan")
    assert [bar["source"] for bar in body["bars"]["RELIANCE"]] == ["dhan/ticks"]


async def test_the_other_forms_say_the_same(web: Web, durable: DurableStore) -> None:
    await durable.save([candle(minute, float(minute)) for minute in range(7)])
    plain = await asked(web, symbols="RELIANCE", limit="3")
    packed = await web.get("/api/v1/bars", **RANGE, symbols="RELIANCE", limit="3", format="msgpack")
    assert packed.headers["Content-Type"] == "application/msgpack"
    assert msgpack.unpackb(packed.content) == plain  # pyright: ignore[reportUnknownMemberType]
    lines = await web.get("/api/v1/bars", **RANGE, symbols="RELIANCE", limit="3", format="csv")
    rows = list(csv.DictReader(io.StringIO(lines.text)))
    assert [(row["symbol"], float(row["c"]), row["state"]) for row in rows] == [
        ("RELIANCE", 0.0, "final"), ("RELIANCE", 1.0, "final"), ("RELIANCE", 2.0, "final")
    ]  # fmt: skip
    assert lines.headers["X-Ticktree-Complete"] == "true"
    assert lines.headers["X-Ticktree-Next-Page"] == plain["next_page_token"]


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/msgpack", "application/msgpack"),
        ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
        ("application/json;q=0.1, text/csv", "text/csv; charset=utf-8"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
    ],
)
async def test_the_header_accept_means_what_format_does(
    web: Web, durable: DurableStore, accept: str, given: str
) -> None:
    await durable.save([candle(minute) for minute in range(7)])
    wanted = RANGE | {"symbols": "RELIANCE"}
    response = await web.http.get("/api/v1/bars", params=wanted, headers={**BEARER, "Accept": accept})
    assert response.headers["Content-Type"] == given
    assert "Accept" in response.headers["Vary"].split(", ")
    word = next(word for word in ("csv", "msgpack", "arrow", "json") if word in given)
    by_word = await web.get("/api/v1/bars", **wanted, format=word)
    assert by_word.content == response.content


LONG = {"start": "2026-11-16T00:00:00Z", "end": "2026-11-18T11:26:00Z", "timeframe": "1m", "symbols": "TCS,RELIANCE"}
"""Four portions of each symbol."""


async def days_of_minutes(durable: DurableStore) -> list[int]:
    """More bars than are read at once, of two symbols; answers their times in ms."""
    numbers = range(-3_000, 0)
    await durable.save([candle(number, symbol=symbol) for number in numbers for symbol in ("RELIANCE", "TCS")])
    return [(NOON + number * MINUTE) // 1_000_000 for number in numbers]


async def test_a_long_answer_is_streamed_and_has_everything(web: Web, durable: DurableStore) -> None:
    times = await days_of_minutes(durable)
    wanted = LONG | {"limit": "50000"}
    plain = await web.get("/api/v1/bars", **wanted)
    assert plain.headers["Transfer-Encoding"] == "chunked"
    body = plain.json()
    assert {symbol: [bar["t"] for bar in bars] for symbol, bars in body["bars"].items()} == {
        "TCS": times,
        "RELIANCE": times,
    }
    assert body["next_page_token"] is None
    assert sum(gap["end"] - gap["start"] for gap in body["gaps"]) == 2 * 60_000 * 567
    packed = await web.get("/api/v1/bars", **wanted, format="msgpack")
    assert msgpack.unpackb(packed.content) == body  # pyright: ignore[reportUnknownMemberType]
    lines = await web.get("/api/v1/bars", **wanted, format="csv")
    assert (lines.headers["X-Ticktree-Complete"], lines.headers["X-Ticktree-Next-Page"]) == ("false", "")
    assert [int(row["t"]) for row in csv.DictReader(io.StringIO(lines.text))] == times * 2


@pytest.mark.parametrize("form", ["csv", "arrow"])
async def test_a_whole_range_is_exported_as_one_stream(web: Web, durable: DurableStore, form: str) -> None:
    times = await days_of_minutes(durable)
    response = await web.get("/api/v1/bars", **LONG, limit="all", format=form)
    assert response.headers["Transfer-Encoding"] == "chunked"
    if form == "csv":
        told = [int(row["t"]) for row in csv.DictReader(io.StringIO(response.text))]
    else:
        table = pa.ipc.open_stream(response.content).read_all()
        told = table["t"].cast(pa.int64()).to_pylist()
        assert table["symbol"].unique().to_pylist() == ["TCS", "RELIANCE"]
    assert told == times * 2


class RefusingStore(DurableStore):
    """Answers so many questions for candles, and refuses the next."""

    answers = 4

    async def candles(self, instrument: str, timeframe: str, start_ns: int, end_ns: int) -> list[Candle]:
        self.answers -= 1
        if self.answers < 0:
            raise DurableStoreError("no more")
        return await super().candles(instrument, timeframe, start_ns, end_ns)


async def test_an_answer_that_can_not_be_finished_does_not_look_finished(
    hot: HotStore, durable: DurableStore, web_database: str
) -> None:
    await days_of_minutes(durable)
    refusing = await RefusingStore.connect(web_database)
    async with running_web(hot, refusing) as web:
        with pytest.raises(httpx.RemoteProtocolError):
            await web.get("/api/v1/bars", **LONG, limit="50000")
        await problem(await web.get("/api/v1/bars", **LONG, limit="50000"), 500)
    await refusing.close()


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ({}, 400, "symbols"),
        ({"symbols": "RELIANC"}, 404, "RELIANC"),
        ({"symbols": "TCS", "sort": "up"}, 400, "sort"),
        ({"symbols": "TCS", "format": "parquet"}, 400, "format"),
        ({"symbols": "TCS", "adjustment": "none"}, 400, "adjustment is one of"),
        ({"symbols": "TCS", "feed": "nasdaq"}, 400, "feed is one of simulator"),
        ({"symbols": "TCS", "limit": "99999"}, 400, "limit"),
        ({"symbols": "TCS", "limit": "all"}, 400, "csv or arrow"),
        ({"symbols": "TCS,INFY", "limit": "all", "format": "csv", "start": "2026-01-01"}, 400, "together"),
        ({"symbols": "TCS", "as_of": "once"}, 400, "as_of"),
        ({"symbols": "TCS", "start": "1990-01-01"}, 400, "600,000"),
        ({"symbols": "TCS", "page_token": "x"}, 400, "page_token"),
        ({"symbols": "TCS", "page_token": "kqhOU0U6SU5GWQA="}, 400, "page_token"),
        ({"symbols": "TCS", "continuous": "maybe"}, 400, "continuous"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    web: Web, arguments: dict[str, str], status: int, word: str
) -> None:
    body = await problem(await web.get("/api/v1/bars", **(RANGE | arguments)), status)
    assert word in body["detail"]
