"""A stream ends when its markets close, and is not started while they are closed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import anyio
import msgspec
import pytest

from config.calendars import load_calendar
from engine.market.calendars import Calendars
from engine.market.symbols import SymbolTable
from engine.runtime import ActorSystem, ChildSpec, LoopClock, Supervisor
from engine.storage.durable import DurableStore
from engine.storage.errors import HotStoreUnavailableError
from engine.storage.hot import HotStore, InstrumentReport, PriceStream
from engine.storage.memory import MemoryHotStore
from tests.web.engine import Engine
from tests.web.process import BEARER, Web
from web.directory import Directory, Listing
from web.last_prices import LastPriceWishes
from web.streams import PriceStreams, StreamChange, key_of, opens_ns, streams_tree, trades_now
from web.streams.messages import Look
from web.streams.price_publisher import CHANNEL
from web.streams.streams import lock_of

A, GOLD, SIMULATED = "NSE:A", "MCX:GOLD", "SIM:A"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def listed() -> Directory:
    directory, places = Directory(), {A: "NSE_EQ:1", GOLD: "MCX_COMM:2", SIMULATED: "SIM_EQ:3"}
    back = {key: name for name, key in places.items()}
    calendars = Calendars(load_calendar, {"SIM": "Asia/Kolkata"})
    directory.replace(Listing(SymbolTable((), places, back), places, back, {}, calendars, ()))
    return directory


@pytest.mark.parametrize(
    ("moment", "instruments", "trades"),
    [
        ("2026-11-20T03:29", [A], False),
        ("2026-11-20T03:31", [A], True),  # the call auction
        ("2026-11-20T09:59", [A], True),
        ("2026-11-20T10:00", [A], False),
        ("2026-11-20T10:00", [A, GOLD], True),
        ("2026-11-20T23:00", [A, GOLD], False),
        ("2026-11-21T06:00", [A], False),  # a Saturday
        ("2026-11-21T18:30", [SIMULATED], True),
        ("2026-11-21T06:00", [A, SIMULATED], True),
        ("2026-11-21T06:00", ["NOWHERE:X"], True),  # nobody knows when it closes
    ],
)
def test_a_market_trades_within_its_day(moment: str, instruments: list[str], *, trades: bool) -> None:
    assert trades_now(listed(), instruments, at(moment)) is trades


def test_who_comes_too_early_is_told_when_it_opens() -> None:
    assert opens_ns(listed(), [A], at("2026-11-21T06:00")) == at("2026-11-23T03:45")
    assert opens_ns(listed(), ["NOWHERE:X"], at("2026-11-21T06:00")) is None


@asynccontextmanager
async def streams_at(
    moment: str, hot: HotStore, durable: DurableStore
) -> AsyncGenerator[tuple[ActorSystem, PriceStreams]]:
    async with ActorSystem("web", clock=LoopClock(at(moment))) as system:
        wishes = LastPriceWishes(hot, jitter=system.jitter)
        running = system.ref("/web/streams/running")
        tree = partial(streams_tree, hot, durable, listed(), wishes, process="web-1", running=running)
        await system.start(ChildSpec("web", partial(Supervisor, [ChildSpec("streams", tree)])))
        yield system, PriceStreams(hot, system.ref("/web/streams/keeper"), lambda: system.clock.now_ns() // 10**6)


@pytest.mark.anyio
async def test_it_ends_with_the_last_of_its_markets(hot: HotStore, durable: DurableStore) -> None:
    async with streams_at("2026-11-20T09:59:58", hot, durable) as (system, streams):
        for instruments in ([A], [A, GOLD], [SIMULATED]):
            assert (await streams.start(instruments, "user:1"))[0] is StreamChange.STARTED
        with anyio.fail_after(15):
            while len(await streams.all()) > 2:
                await anyio.sleep(0.1)
        assert sorted(stream.instruments for stream in await streams.all()) == [(GOLD, A), (SIMULATED,)]
        assert len(system.snapshot("/web/streams/running").children) == 2


@pytest.mark.anyio
async def test_a_closed_market_is_refused_with_when_it_opens(
    web: Web, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = web.services.directory
    directory.replace(msgspec.structs.replace(directory.listing, calendars=Calendars(load_calendar)))
    monkeypatch.setattr(web.system.clock, "now_ns", lambda: at("2026-11-21T06:00"))
    refused = await web.http.post("/screeners/ltp/start", json={"keys": ["NSE:TCS"]}, headers=BEARER)
    assert (refused.status_code, refused.json()["code"]) == (409, "market_closed")
    assert "until 2026-11-23 03:45 UTC" in refused.json()["detail"]


@pytest.mark.anyio
async def test_it_goes_on_after_redis_was_away(durable: DurableStore) -> None:
    hot = MemoryHotStore()
    async with streams_at("2026-11-20T06:00", hot, durable) as (system, streams):
        await streams.start([A], "user:1")
        async with hot.subscribe(CHANNEL) as messages:
            hot.link.away = True
            await system.ref("/web/streams/keeper").ask(Look(), timeout_s=5)
            await anyio.sleep(1)
            hot.link.away = False
            await hot.write_live([InstrumentReport(A, "NSE_EQ:1", 7.5, {"ltp": 7.5, "ts_event": 1}, {}, ())])
            with anyio.fail_after(15):
                _, payload = await messages.receive()
            assert msgspec.json.decode(payload)["ltp"] == 7.5
        (carried,) = system.snapshot("/web/streams/running").children
        assert (carried.restarts, system.snapshot("/web/streams/keeper").restarts) == (0, 0)


@pytest.mark.anyio
async def test_locks_whose_streams_can_not_be_carried_now_are_free_for_others(
    durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis goes away between the locks and the first stream: another process may carry the second one, too."""
    hot = MemoryHotStore()
    for name in (A, GOLD):
        stream = PriceStream(key_of([name]), (name,), {"user:1": 1}, 1)
        await hot.change_stream(stream.key, lambda _, stream=stream: stream)
    change, others = hot.change_stream, durable.session_locks()

    async def away(*_: object) -> None:
        raise HotStoreUnavailableError

    async with streams_at("2026-11-20T06:00", hot, durable) as (system, _):
        monkeypatch.setattr(hot, "change_stream", away)
        await system.ref("/web/streams/keeper").ask(Look(), timeout_s=5)
        numbers = [lock_of(key_of([name])) for name in (A, GOLD)]
        assert await others.take(numbers, 2) == set(numbers)
        await others.close()
        monkeypatch.setattr(hot, "change_stream", change)
        await system.ref("/web/streams/keeper").ask(Look(), timeout_s=5)
        assert len(system.snapshot("/web/streams/running").children) == 2
