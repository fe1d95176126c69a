import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from engine.providers.base import Advice, PlanError, ProviderError
from engine.providers.dhan.account import DhanEndpoints, account_of
from engine.providers.dhan.codec import DisconnectPacket, TickerPacket, encode
from engine.providers.dhan.session import DhanFeed
from engine.providers.keyring import Keyring
from engine.providers.socket import Patience
from tests.providers.dhan.routes import ABB, HDFCBANK, NIFTY, many
from tests.providers.feed_server import FeedServer, serve

TOKEN = "eyJ0eXAi.canary+/=token"
PATIENCE = Patience(connect_s=0.5, send_s=0.5, silence_s=0.5, goodbye_s=0.5)
FRAME = encode(TickerPacket(0, 13, 25974.9, 1767000000))


def feed_at(url: str, **options: object) -> DhanFeed:
    return DhanFeed(
        Keyring.holding("dhan", "1100012345", TOKEN),
        DhanEndpoints(feed_url=url),
        patience=PATIENCE,
        **options,  # pyright: ignore[reportArgumentType]
    )


async def quiet(server: FeedServer, socket: WebSocketConnection) -> None:
    """Accepts and says nothing."""


async def first_frame(server: FeedServer, socket: WebSocketConnection) -> None:
    await server.next_request(socket)
    await socket.send_message(FRAME)


async def test_the_account_and_the_wanted_instruments_are_named_and_frames_arrive() -> None:
    async with serve(first_frame) as server:
        async with feed_at(server.url + "/feed").connect([HDFCBANK, NIFTY]) as connection:
            assert await connection.receive() == FRAME
        await server.closed.wait()

    (path,) = server.paths
    assert urlsplit(path).path == "/feed"
    assert parse_qs(urlsplit(path).query) == {
        "version": ["2"],
        "token": [TOKEN],
        "clientId": ["1100012345"],
        "authType": ["2"],
    }
    assert [request["RequestCode"] for request in server.requests] == [17, 15, 12]


async def test_instruments_may_come_and_go_on_an_open_connection() -> None:
    async with serve(quiet) as server:
        async with feed_at(server.url, mode="full").connect([HDFCBANK]) as connection:
            await connection.subscribe([ABB])
            await connection.unsubscribe([HDFCBANK])
        await server.closed.wait()

    asked = [
        (request["RequestCode"], [instrument["SecurityId"] for instrument in request.get("InstrumentList", [])])
        for request in server.requests
    ]
    assert asked == [(21, ["1333"]), (21, ["13"]), (22, ["1333"]), (12, [])]


async def test_one_connection_carries_five_thousand_and_no_more() -> None:
    async with serve(quiet) as server, feed_at(server.url).connect(many(4_999)) as connection:
        await connection.subscribe(many(5_000))
        with pytest.raises(PlanError, match="5,000, not 5,001"):
            await connection.subscribe(many(5_001))
        await connection.unsubscribe([HDFCBANK])
        await connection.subscribe([NIFTY])


REASONS = {
    800: Advice.RETRY,
    804: Advice.FIX_REQUEST,
    805: Advice.WAIT,
    806: Advice.GIVE_UP,
    807: Advice.NEW_TOKEN,
    808: Advice.NEW_TOKEN,
    809: Advice.NEW_TOKEN,
    810: Advice.GIVE_UP,
    811: Advice.FIX_REQUEST,
    812: Advice.FIX_REQUEST,
    813: Advice.FIX_REQUEST,
    814: Advice.FIX_REQUEST,
    999: Advice.RETRY,
}


@pytest.mark.parametrize(("reason", "advice"), REASONS.items())
async def test_a_parting_word_is_told_with_what_to_do_about_it(reason: int, advice: Advice) -> None:
    async def part(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket.send_message(FRAME + encode(DisconnectPacket(0, 0, reason)))
        await socket.aclose()

    async with serve(part) as server, feed_at(server.url).connect([NIFTY]) as connection:
        assert (await connection.receive()).startswith(FRAME)  # the tick before the word is not lost
        for _ in range(2):
            with pytest.raises(ProviderError, match=str(reason)) as raised:
                await connection.receive()
            assert (raised.value.advice, raised.value.code) == (advice, str(reason))
    assert raised.value.wait_s == (60.0 if reason == 805 else None)


async def test_a_packet_that_only_looks_like_a_parting_word_is_none() -> None:
    lookalike = encode(TickerPacket(0, 0x000A32, 1.0, 0x000A32))

    async def send(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket.send_message(lookalike)
        await socket.send_message(FRAME)

    async with serve(send) as server, feed_at(server.url).connect([NIFTY]) as connection:
        assert [await connection.receive(), await connection.receive()] == [lookalike, FRAME]


REJECTIONS: list[tuple[Any, ...]] = [
    (429, {}, Advice.WAIT, 60.0),
    (429, {"Retry-After": "300"}, Advice.WAIT, 300.0),
    (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, Advice.WAIT, 60.0),
    (401, {}, Advice.NEW_TOKEN, None),
    (403, {}, Advice.NEW_TOKEN, None),
    (400, {}, Advice.FIX_REQUEST, None),
    (404, {}, Advice.FIX_REQUEST, None),
    (500, {}, Advice.RETRY, None),
    (503, {"Retry-After": "5"}, Advice.RETRY, 5.0),
]


@pytest.mark.parametrize(("status", "headers", "advice", "wait_s"), REJECTIONS)
async def test_a_refused_handshake_is_told_with_what_to_do_about_it(
    status: int, headers: dict[str, str], advice: Advice, wait_s: float | None
) -> None:
    async with serve(quiet, reject=(status, headers)) as server:
        with pytest.raises(ProviderError, match=str(status)) as raised:
            async with feed_at(server.url).connect([NIFTY]):
                pass

    assert (raised.value.advice, raised.value.wait_s) == (advice, wait_s)
    assert_no_token(raised.value)


def assert_no_token(error: BaseException) -> None:
    assert "canary" not in "".join(traceback.format_exception(error))


async def test_a_close_by_the_other_side_invites_another_try() -> None:
    async def close(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket.send_message(FRAME)
        await socket.aclose(1001, "going away")

    async with serve(close) as server, feed_at(server.url).connect([NIFTY]) as connection:
        assert await connection.receive() == FRAME
        with pytest.raises(ProviderError, match="GOING_AWAY") as raised:
            await connection.receive()
        with pytest.raises(ProviderError, match="closed"):
            await connection.subscribe([ABB])

    assert raised.value.advice is Advice.RETRY


async def test_a_cut_line_invites_another_try() -> None:
    async def cut(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket._stream.aclose()  # pyright: ignore[reportPrivateUsage]

    async with serve(cut) as server, feed_at(server.url).connect([]) as connection:
        with pytest.raises(ProviderError, match="ABNORMAL") as raised:
            await connection.receive()

    assert raised.value.advice is Advice.RETRY


async def test_a_line_without_even_a_ping_is_given_up() -> None:
    async with serve(quiet) as server, feed_at(server.url).connect([NIFTY]) as connection:
        with pytest.raises(ProviderError, match="silent") as raised:
            await connection.receive()

    assert raised.value.advice is Advice.RETRY


async def test_pings_alone_keep_a_quiet_line() -> None:
    async def ping(server: FeedServer, socket: WebSocketConnection) -> None:
        for _ in range(8):
            await trio.sleep(PATIENCE.silence_s / 4)
            await socket.ping()
        await socket.send_message(FRAME)

    async with serve(ping) as server, feed_at(server.url).connect([NIFTY]) as connection:
        assert await connection.receive() == FRAME


async def test_a_caller_that_comes_back_late_finds_its_frames() -> None:
    async with serve(first_frame) as server, feed_at(server.url).connect([NIFTY]) as connection:
        await trio.sleep(PATIENCE.silence_s * 1.5)
        assert await connection.receive() == FRAME
        with pytest.raises(ProviderError, match="silent"):
            await connection.receive()


async def test_a_busy_caller_is_no_silent_line() -> None:
    async def flood(server: FeedServer, socket: WebSocketConnection) -> None:
        for _ in range(200):
            await socket.send_message(FRAME)

    async with serve(flood) as server, feed_at(server.url).connect([NIFTY]) as connection:
        await trio.sleep(PATIENCE.silence_s * 1.5)  # more frames than may wait: nobody listens meanwhile
        for _ in range(200):
            assert await connection.receive() == FRAME


async def test_text_is_passed_over() -> None:
    async def chat(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket.send_message("hello")
        await socket.send_message(FRAME)

    async with serve(chat) as server, feed_at(server.url).connect([NIFTY]) as connection:
        assert await connection.receive() == FRAME


async def test_an_error_of_the_caller_passes_through_as_it_is() -> None:
    async with serve(first_frame) as server:
        with pytest.raises(KeyError, match="mine"):
            async with feed_at(server.url).connect([NIFTY]):
                raise KeyError("mine")
        await server.closed.wait()
    assert server.requests[-1] == {"RequestCode": 12}


async def test_a_cancelled_caller_still_says_goodbye() -> None:
    async with serve(quiet) as server:
        with trio.move_on_after(0.1) as scope:
            async with feed_at(server.url).connect([NIFTY]) as connection:
                await connection.receive()
        assert scope.cancelled_caught
        await server.closed.wait()
    assert server.requests[-1] == {"RequestCode": 12}


async def test_a_ping_while_we_close_does_no_harm() -> None:
    async def ping(socket: WebSocketConnection) -> None:
        with suppress(ConnectionClosed):
            await socket.ping()

    async def ping_after_the_close(server: FeedServer, socket: WebSocketConnection) -> None:
        await trio.sleep(0.2)  # unread messages keep this side from seeing the close until it has pinged
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ping, socket)
            await server.next_request(socket)

    async with serve(ping_after_the_close) as server, feed_at(server.url).connect([NIFTY]):
        pass


Behaviour = Callable[[trio.SocketStream], Awaitable[None]]


async def listen(handle: Behaviour, nursery: trio.Nursery) -> str:
    (listener,) = await nursery.start(partial(trio.serve_tcp, handle, 0, host="127.0.0.1"))
    return f"ws://127.0.0.1:{listener.socket.getsockname()[1]}"


async def hang_up(stream: trio.SocketStream) -> None:
    await stream.receive_some()


async def babble(stream: trio.SocketStream) -> None:
    await stream.receive_some()
    await stream.send_all(b"\x00\xff" * 100 + b"\r\n\r\n")
    await trio.sleep(1)


async def say_nothing(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize(
    ("behaviour", "complaint"), [(hang_up, "without an answer"), (babble, "without an answer"), (say_nothing, "0.5 s")]
)
async def test_whoever_is_no_feed_is_told_within_the_bound(behaviour: Behaviour, complaint: str) -> None:
    async with trio.open_nursery() as nursery:
        url = await listen(behaviour, nursery)
        with trio.fail_after(3), pytest.raises(ProviderError, match=complaint) as raised:
            async with feed_at(url).connect([NIFTY]):
                pass
        nursery.cancel_scope.cancel()

    assert raised.value.advice is Advice.RETRY
    assert_no_token(raised.value)


@pytest.mark.parametrize(
    ("behaviour", "complaint"), [(hang_up, "no encrypted line"), (babble, "no encrypted line"), (say_nothing, "0.5 s")]
)
async def test_a_line_that_can_not_be_encrypted_is_told_within_the_bound(behaviour: Behaviour, complaint: str) -> None:
    async with trio.open_nursery() as nursery:
        url = await listen(behaviour, nursery)
        with trio.fail_after(3), pytest.raises(ProviderError, match=complaint) as raised:
            async with feed_at(url.replace("ws://", "wss://")).connect([NIFTY]):
                pass
        nursery.cancel_scope.cancel()

    assert raised.value.advice is Advice.RETRY


async def test_a_feed_that_is_not_there_invites_another_try() -> None:
    async with trio.open_nursery() as nursery:
        url = await listen(hang_up, nursery)
        nursery.cancel_scope.cancel()

    with pytest.raises(ProviderError, match="can not be reached") as raised:
        async with feed_at(url).connect([NIFTY]):
            pass

    assert raised.value.advice is Advice.RETRY


async def test_garbage_after_the_handshake_ends_the_connection() -> None:
    async def garble(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket._stream.send_all(b"\xff\xff\xff\xff" * 20)  # pyright: ignore[reportPrivateUsage]

    async with serve(garble) as server, feed_at(server.url).connect([]) as connection:
        with pytest.raises(ProviderError, match="closed") as raised:
            await connection.receive()

    assert raised.value.advice is Advice.RETRY


@pytest.mark.parametrize(
    "url", ["https://api-feed.dhan.co", "api-feed.dhan.co", "wss://", "wss://host/", "wss://h?a=b"]
)
def test_an_address_that_is_no_web_socket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="wss://host"):
        DhanEndpoints(feed_url=url)


def test_an_address_that_is_no_rest_service_is_refused() -> None:
    with pytest.raises(ValueError, match="https://host"):
        DhanEndpoints(rest_url="ws://api.dhan.co/v2")


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ümlaut", "x" * 10_000])
def test_a_token_that_can_be_none_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ProviderError, match="token") as raised:
        account_of(Keyring.holding("dhan", "1100012345", token))
    assert raised.value.advice is Advice.NEW_TOKEN
    assert not token or token not in str(raised.value)


def test_credentials_do_not_show_the_token() -> None:
    keyring = Keyring.holding("dhan", "1100012345", TOKEN)

    assert TOKEN not in f"{keyring!r} {keyring.current!r} {keyring.current.token}"
