"""The shipped client against a real web process: tokens, accounts, tickets, msgpack, history, and its way back."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.accounts.test_auth import EMAIL, PASSWORD, registered
from tests.web.conftest import running_web
from tests.web.engine import NOON, Engine, candle
from tests.web.process import BEARER, TOKEN, Web, until
from ticktree_client import Candle, Client, Event, Following, Hole, Login, RefusedError, Tickets, UnavailableError
from ticktree_client.events import time_of

pytestmark = pytest.mark.anyio

CHANNEL = "candle.NSE:RELIANCE.1m"


@asynccontextmanager
async def heard(client: Client, *channels: str) -> AsyncGenerator[list[Event]]:
    """What a follower hears, as long as the block lasts."""
    events: list[Event] = []

    async def listen() -> None:
        async with aclosing(client.follow(*channels)) as told:
            async for event in told:
                events.append(event)  # noqa: PERF401 - each is to be seen when it comes

    task = asyncio.create_task(listen())
    yield events
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def closes(events: list[Event]) -> list[float | None]:
    return [event.close for event in events if isinstance(event, Candle) and event.state != "forming"]


def address(web: Web) -> str:
    return f"http://127.0.0.1:{web.port}"


async def until_followed(web: Web) -> None:
    await until(lambda: web.services.hub.statistics().topics > 0)


@pytest.mark.parametrize("msgpack", [False, True])
async def test_candles_come_as_they_close_and_are_revised(web: Web, engine: Engine, msgpack: bool) -> None:
    async with Client(address(web), token=TOKEN, msgpack=msgpack, trust_env=False) as client:
        async with heard(client, CHANNEL) as events:
            await until_followed(web)
            await engine.form(candle(0, 1.5, state="forming"))
            (offset,) = await engine.close(candle(0, 2.0))
            await engine.close(candle(0, 3.0, state="revised", revision=1))
            await until(lambda: closes(events) == [2.0, 3.0])
        final = next(event for event in events if isinstance(event, Candle) and event.state == "final")
        assert final.time == time_of(NOON // 1_000_000)
        assert final.position is not None
        assert final.position.offset == offset
        after = [event async for event in _first(client, final)]
        assert closes(after) == [3.0], "the revision that came after it"


async def _first(client: Client, final: Candle) -> AsyncGenerator[Event]:
    async with aclosing(client.candles("NSE:RELIANCE", since=final.position)) as events:
        async for event in events:
            yield event
            return


async def test_a_client_of_two_addresses_goes_on_at_the_other_one(
    hot: HotStore, durable: DurableStore, engine: Engine
) -> None:
    async with AsyncExitStack() as running, running_web(hot, durable, process="web-2") as second:
        first = await running.enter_async_context(running_web(hot, durable, process="web-1"))
        client = Client(address(first), address(second), token=TOKEN, trust_env=False)
        async with client, heard(client, CHANNEL) as events:
            await until_followed(first)
            await engine.close(candle(0, 1.0))
            await until(lambda: closes(events) == [1.0])
            await running.aclose()
            await engine.close(candle(1, 2.0), candle(2, 3.0))
            await until(lambda: closes(events) == [1.0, 2.0, 3.0], 10)
            assert not [event for event in events if isinstance(event, Hole)]


async def test_a_hole_is_told_and_history_has_what_it_lacks(web: Web, engine: Engine, hot: HotStore) -> None:
    async with Client(address(web), token=TOKEN, trust_env=False) as client, heard(client, CHANNEL) as events:
        await until_followed(web)
        await engine.close(candle(0, 1.0))
        await until(lambda: closes(events) == [1.0])
        await hot.begin_epoch()
        await until(lambda: any(isinstance(event, Hole) for event in events))
        await hot.write_candles([candle(minute, float(minute)) for minute in range(5)])
        noon = datetime.fromtimestamp(NOON / 1e9, UTC)
        past = await client.history("NSE:RELIANCE", "1m", noon, noon + timedelta(minutes=6))
        assert [one.close for one in past.candles] == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert not past.complete
        assert past.gaps[0].start == noon + timedelta(minutes=5)


async def test_an_answer_about_the_stream_comes_after_everything_before_it(web: Web, engine: Engine) -> None:
    following = Following([CHANNEL])
    async with web.client() as client:
        await client.send(**following.wish())
        assert not list(following.receive(await client.receive()))

        async def trade() -> None:
            for minute in range(60):
                await engine.close(candle(minute, float(minute)))
                await client.send(**following.question())

        trading, heard = asyncio.create_task(trade()), list[Event]()
        for _ in range(120):
            message = await client.receive()
            heard.extend(following.receive(message))
            if message.get("action") == "subscribe":
                assert int(message["position"]["offset"].partition("-")[0]) <= len(heard), "nothing is skipped by it"
        await trading
        assert len(heard) == 60


async def test_an_accounts_session_is_renewed_when_it_ends(web: Web, engine: Engine) -> None:
    await registered(web)
    login = Login(EMAIL, PASSWORD)
    client = Client(address(web), credentials=login, trust_env=False)
    async with client, heard(client, CHANNEL) as events:
        await until_followed(web)
        await engine.close(candle(0, 1.0))
        await until(lambda: closes(events) == [1.0])
        left = await web.http.post("/auth/logout", headers=await login.headers(web.http))
        assert left.is_success
        await until(lambda: len(web.services.sessions) == 0)
        await engine.close(candle(1, 2.0))
        await until(lambda: closes(events) == [1.0, 2.0], 15)
        assert not [event for event in events if isinstance(event, Hole)]


async def test_tickets_open_sockets(web: Web, engine: Engine) -> None:
    async def next_ticket() -> str:
        return (await web.http.post("/auth/ws-ticket", headers=BEARER)).json()["ticket"]

    client = Client(address(web), credentials=Tickets(next_ticket), trust_env=False)
    async with client, heard(client, CHANNEL) as events:
        await until_followed(web)
        await engine.close(candle(0, 1.0))
        await until(lambda: closes(events) == [1.0])


async def test_a_wrong_token_and_an_unknown_symbol_are_refused_in_words(web: Web) -> None:
    async with Client(address(web), token="wrong", trust_env=False) as client:
        with pytest.raises(RefusedError, match="3500"):
            await anext(client.candles("NSE:RELIANCE"))
        with pytest.raises(RefusedError, match="401"):
            await client.history("NSE:RELIANCE", "1m", datetime.now(UTC))
    async with Client(address(web), token=TOKEN, trust_env=False) as client:
        with pytest.raises(RefusedError, match="NSE:RELIANCE"):
            await anext(client.candles("NSE:RELIANC"))
        with pytest.raises(RefusedError, match="400"):
            await client.history("NSE:RELIANCE", "7m", datetime.now(UTC))


async def test_nobody_at_home_is_an_error_after_some_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticktree_client.client.ATTEMPTS", 2)
    async with Client("http://127.0.0.1:9", token=TOKEN, trust_env=False) as client:
        with pytest.raises(UnavailableError, match="after 2 attempts"):
            await client.history("NSE:RELIANCE", "1m", datetime.now(UTC))


def test_who_it_is_must_be_said_one_way() -> None:
    with pytest.raises(ValueError, match=re.escape("a token, or an email and its password")):
        Client("http://127.0.0.1:9", token=TOKEN, email=EMAIL)
    with pytest.raises(ValueError, match="at least one address"):
        Client()
