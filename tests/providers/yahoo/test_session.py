from functools import partial

import pytest
import trio
from trio_websocket import WebSocketConnection
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection

from engine.providers.base import Advice, Notification, PlanError, ProviderError, Route, VolumeBasis
from engine.providers.socket import Patience
from engine.providers.yahoo.session import YahooFeed
from tests.providers.feed_server import FeedServer, serve
from tests.providers.yahoo.routes import APPLE, NIFTY, NOW_NS, RELIANCE, message

PATIENCE = Patience(connect_s=0.5, send_s=0.5, silence_s=0.5, goodbye_s=0.5)
FRAME = message()


def feed_at(url: str, *, heartbeat_s: float = 0.05) -> YahooFeed:
    return YahooFeed(url, heartbeat_s=heartbeat_s, patience=PATIENCE, now_ns=lambda: NOW_NS)


async def quiet(server: FeedServer, socket: WebSocketConnection) -> None:
    """Accepts and says nothing."""


async def first_frame(server: FeedServer, socket: WebSocketConnection) -> None:
    await server.next_request(socket)
    await socket.send_message(FRAME.decode())


async def test_the_wanted_symbols_are_named_and_prices_arrive_as_bytes() -> None:
    async with serve(first_frame) as server:
        async with feed_at(server.url, heartbeat_s=9).connect([APPLE, NIFTY]) as connection:
            assert await connection.receive() == FRAME
        await server.closed.wait()

    assert server.paths == ["/?version=2"]
    assert server.requests == [{"subscribe": ["AAPL", "^NSEI"]}]


async def test_the_whole_list_is_said_again_and_again() -> None:
    async with serve(quiet) as server:
        async with feed_at(server.url).connect([APPLE, NIFTY]):
            with trio.fail_after(5):
                while len(server.requests) < 4:
                    await trio.sleep(0.01)
        await server.closed.wait()

    assert server.requests[:4] == [{"subscribe": ["AAPL", "^NSEI"]}] * 4


async def test_instruments_come_and_go_and_the_list_is_always_whole() -> None:
    async with serve(quiet) as server:
        async with feed_at(server.url, heartbeat_s=9).connect([APPLE]) as connection:
            await connection.subscribe([NIFTY])
            await connection.unsubscribe([APPLE, RELIANCE])
            await connection.subscribe([RELIANCE])
            await connection.unsubscribe([APPLE])
        await server.closed.wait()

    assert server.requests == [
        {"subscribe": ["AAPL"]},
        {"subscribe": ["AAPL", "^NSEI"]},
        {"unsubscribe": ["AAPL"]},
        {"subscribe": ["^NSEI", "RELIANCE.NS"]},
    ]


async def test_who_leaves_while_another_joins_is_not_asked_for_again() -> None:
    async with serve(quiet) as server:
        for _ in range(8):  # which of the two tasks goes first is left to chance
            async with feed_at(server.url, heartbeat_s=9).connect([APPLE]) as connection:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(connection.subscribe, [NIFTY])
                    nursery.start_soon(connection.unsubscribe, [APPLE])
                await connection.subscribe([RELIANCE])
            with trio.fail_after(5):
                while server.requests[-1] != {"subscribe": ["^NSEI", "RELIANCE.NS"]}:
                    await trio.sleep(0.01)


async def test_one_connection_carries_five_hundred_and_no_more() -> None:
    many = [Route(f"NYSE:S{number}", "NYSE", f"S{number}", 0.01, "equity") for number in range(500)]
    async with serve(quiet) as server, feed_at(server.url).connect(many) as connection:
        with pytest.raises(PlanError, match="500, not 501"):
            await connection.subscribe([APPLE])
        await connection.unsubscribe(many[:1])
        await connection.subscribe([APPLE])


async def test_text_that_is_no_price_is_told_to_whoever_wants_to_hear() -> None:
    async def chat(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket.send_message('{"status":"maintenance"}')
        await socket.send_message(FRAME.decode())

    heard: list[Notification] = []
    async with serve(chat) as server, feed_at(server.url).connect([APPLE], notify=heard.append) as connection:
        assert await connection.receive() == FRAME

    assert heard == [Notification("yahoo", "message", NOW_NS, {"text": '{"status":"maintenance"}'})]


async def test_a_quiet_market_is_no_silent_line() -> None:
    """Yahoo sends no pings of its own: it is asked for a sign of life."""

    async def late(server: FeedServer, socket: WebSocketConnection) -> None:
        await server.next_request(socket)
        with trio.move_on_after(3 * PATIENCE.silence_s):
            await server.listen(socket)
        await socket.send_message(FRAME.decode())

    async with serve(late) as server, feed_at(server.url).connect([NIFTY]) as connection:
        assert await connection.receive() == FRAME


async def answer_handshake_only(stream: trio.SocketStream) -> None:
    protocol = WSConnection(ConnectionType.SERVER)
    protocol.receive_data(await stream.receive_some())
    await stream.send_all(protocol.send(AcceptConnection()))
    await trio.sleep_forever()


async def test_a_line_that_answers_no_ping_is_given_up() -> None:
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, answer_handshake_only, 0, host="127.0.0.1"))
        url = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}"
        async with feed_at(url).connect([NIFTY]) as connection:
            with trio.fail_after(5), pytest.raises(ProviderError, match="silent") as raised:
                await connection.receive()
        nursery.cancel_scope.cancel()

    assert raised.value.advice is Advice.RETRY


async def test_a_close_by_yahoo_invites_another_try() -> None:
    async def close(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket.aclose(1001, "going away")

    async with serve(close) as server, feed_at(server.url).connect([NIFTY]) as connection:
        with pytest.raises(ProviderError, match="GOING_AWAY") as raised:
            await connection.receive()
        with pytest.raises(ProviderError, match="Yahoo's feed closed"):
            await connection.subscribe([APPLE])

    assert raised.value.advice is Advice.RETRY


@pytest.mark.parametrize(
    ("status", "headers", "advice", "wait_s"),
    [
        (429, {}, Advice.WAIT, 300.0),
        (429, {"Retry-After": "900"}, Advice.WAIT, 900.0),
        (403, {}, Advice.WAIT, 300.0),
        (404, {}, Advice.FIX_REQUEST, None),
        (503, {"Retry-After": "5"}, Advice.RETRY, 5.0),
    ],
)
async def test_a_refused_handshake_is_told_with_what_to_do_about_it(
    status: int, headers: dict[str, str], advice: Advice, wait_s: float | None
) -> None:
    async with serve(quiet, reject=(status, headers)) as server:
        with pytest.raises(ProviderError, match=str(status)) as raised:
            async with feed_at(server.url).connect([NIFTY]):
                pass

    assert (raised.value.advice, raised.value.wait_s) == (advice, wait_s)


async def test_an_error_of_the_caller_passes_through_as_it_is() -> None:
    async with serve(first_frame) as server:
        with pytest.raises(KeyError, match="mine"):
            async with feed_at(server.url).connect([NIFTY]):
                raise KeyError("mine")
        await server.closed.wait()


def test_the_feed_says_what_it_can() -> None:
    feed = YahooFeed()

    assert feed.capabilities.volume is VolumeBasis.SESSION
    assert not feed.capabilities.replays
    assert feed.plan([APPLE, NIFTY]) == [[APPLE, NIFTY]]
    assert feed.limits.capacity == 1_000
