import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import trio
from trio_websocket import WebSocketConnection

from engine.providers.base import Advice, Mode, Notification, PlanError, ProviderError, VolumeBasis
from engine.providers.keyring import Credential, Keyring
from engine.providers.kite.account import KiteEndpoints
from engine.providers.kite.codec import HEARTBEAT, LtpPacket
from engine.providers.kite.fills import Fills
from engine.providers.kite.session import PATIENCE, KiteConnection, KiteFeed
from engine.providers.secret import Secret
from engine.providers.socket import Patience
from tests.providers.feed_server import FeedServer, serve
from tests.providers.kite.routes import INFY, INFY_TOKEN, NIFTY, NIFTY_TOKEN, NOW_NS, many
from tests.providers.kite.test_codec import frame_of

TOKEN = "canary+/=token"
QUICK = Patience(connect_s=0.5, send_s=0.5, silence_s=0.5, goodbye_s=0.5)
FRAME = frame_of(LtpPacket(NIFTY_TOKEN, 25_974_90))


def feed_at(url: str, keyring: Keyring | None = None, **options: Any) -> KiteFeed:
    keyring = keyring or Keyring("kite", Credential("apikey", Secret(TOKEN)))
    return KiteFeed(keyring, KiteEndpoints(feed_url=url), patience=QUICK, now_ns=lambda: NOW_NS, **options)


async def quiet(server: FeedServer, socket: WebSocketConnection) -> None:
    """Accepts and says nothing."""


async def first_frame(server: FeedServer, socket: WebSocketConnection) -> None:
    await server.next_request(socket)
    await socket.send_message(FRAME)


@asynccontextmanager
async def listening(told: list[Notification], *messages: str | bytes) -> AsyncGenerator[KiteConnection]:
    async with serve(saying(*messages)) as server, feed_at(server.url).connect([], notify=told.append) as connection:
        yield connection


def saying(*messages: str | bytes) -> Any:
    async def say(server: FeedServer, socket: WebSocketConnection) -> None:
        for message in messages:
            await socket.send_message(message)

    return say


async def test_key_and_token_are_named_at_the_door_and_frames_arrive() -> None:
    async with serve(first_frame) as server:
        async with feed_at(server.url).connect([INFY, NIFTY]) as connection:
            assert await connection.receive() == FRAME
        await server.closed.wait()

    (path,) = server.paths
    assert parse_qs(urlsplit(path).query) == {"api_key": ["apikey"], "access_token": [TOKEN]}
    assert server.headers[0]["x-kite-version"] == "3"
    assert server.requests == [
        {"a": "subscribe", "v": [INFY_TOKEN, NIFTY_TOKEN]},
        {"a": "mode", "v": ["full", [INFY_TOKEN, NIFTY_TOKEN]]},
    ]


async def test_instruments_may_come_and_go_and_change_their_mode_on_an_open_connection() -> None:
    async with serve(quiet) as server:
        async with feed_at(server.url, mode=Mode.QUOTE).connect([INFY]) as connection:
            await connection.subscribe([NIFTY], Mode.TICKER)
            await connection.subscribe([INFY], Mode.FULL)
            await connection.unsubscribe([INFY])
        await server.closed.wait()

    assert [request["v"] for request in server.requests if request["a"] == "mode"] == [
        ["quote", [INFY_TOKEN]],
        ["ltp", [NIFTY_TOKEN]],
        ["full", [INFY_TOKEN]],
    ]
    assert server.requests[-1] == {"a": "unsubscribe", "v": [INFY_TOKEN]}


async def test_one_connection_carries_three_thousand_and_no_more() -> None:
    async with serve(quiet) as server, feed_at(server.url).connect(many(2_999)) as connection:
        await connection.subscribe(many(3_000))
        with pytest.raises(PlanError, match="3,000, not 3,001"):
            await connection.subscribe(many(3_001))
        await connection.unsubscribe(many(1))
        await connection.subscribe([NIFTY])


async def test_the_next_connection_opens_with_the_new_token() -> None:
    keyring = Keyring("kite", Credential("apikey", Secret("old")))
    async with serve(quiet) as server:
        feed = feed_at(server.url, keyring)
        async with feed.connect([]):
            keyring.replace(Credential("apikey", Secret("new")))
        async with feed.connect([]):
            pass

    assert [parse_qs(urlsplit(path).query)["access_token"] for path in server.paths] == [["old"], ["new"]]


@pytest.mark.parametrize("credential", [None, Credential("apikey", Secret("two words")), Credential("", Secret("x"))])
async def test_without_a_token_that_can_be_sent_another_is_asked_for(credential: Credential | None) -> None:
    async with serve(quiet) as server:
        with pytest.raises(ProviderError, match=r"enter another|no access token") as raised:
            async with feed_at(server.url, Keyring("kite", credential)).connect([INFY]):
                pass

    assert raised.value.advice is Advice.NEW_TOKEN
    assert "two words" not in "".join(traceback.format_exception(raised.value))
    assert server.paths == []


ORDER: dict[str, Any] = {"type": "order", "data": {"order_id": "220303000308932", "status": "COMPLETE"}}


async def test_orders_errors_and_messages_are_told_and_never_taken_for_prices() -> None:
    told: list[Notification] = []
    texts = [ORDER, {"type": "error", "data": "no such token"}, {"type": "message", "data": {"text": "closing"}}]
    async with listening(told, *map(encoded, texts), FRAME) as connection:
        assert await connection.receive() == FRAME

    assert told == [
        Notification("kite", "order", NOW_NS, ORDER["data"]),
        Notification("kite", "error", NOW_NS, {"message": "no such token"}),
        Notification("kite", "message", NOW_NS, {"text": "closing"}),
    ]


def filled(quantity: int, status: str = "OPEN", order: str = "1") -> dict[str, Any]:
    return {"order_id": order, "status": status, "filled_quantity": quantity}


async def test_an_order_of_which_more_is_filled_than_before_is_told_as_a_trade() -> None:
    told: list[Notification] = []
    updates = [filled(0), filled(3), filled(3), filled(5, order="2"), filled(7), filled(7, "CANCELLED")]
    texts = [encoded({"type": "order", "data": update}) for update in updates]
    async with listening(told, *texts, FRAME) as connection:
        await connection.receive()

    assert [notification.kind for notification in told] == ["order", "trade", "order", "trade", "trade", "order"]
    assert [notification.data for notification in told] == updates


def test_fills_of_the_orders_that_were_silent_for_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.providers.kite.fills.MOST", 2)
    fills = Fills()
    assert [fills.kind(filled(5, order=order)) for order in ("1", "2", "1", "3")] == [
        "trade",
        "trade",
        "order",
        "trade",
    ]
    assert [fills.kind(filled(5, order=order)) for order in ("1", "2")] == ["order", "trade"]


@pytest.mark.recorded
async def test_a_recorded_order_is_told_as_the_vendor_wrote_it(recordings: Path) -> None:
    order = msgspec.json.decode((recordings / "kite/mocks/postback.json").read_bytes())
    told: list[Notification] = []
    async with listening(told, encoded({"type": "order", "data": order}), FRAME) as connection:
        await connection.receive()

    assert [notification.data for notification in told] == [order]


async def test_what_kite_says_to_its_own_application_is_passed_over() -> None:
    told: list[Notification] = []
    texts = [{"type": "instruments_meta", "data": {"count": 90_517}}, {"type": "app_code", "timestamp": "…"}]
    async with listening(told, *map(encoded, texts), FRAME) as connection:
        assert await connection.receive() == FRAME
        assert connection.unread_texts == 0

    assert told == []


@pytest.mark.parametrize(
    "text", ["hello", '{"type":', "[]", '{"data":1}', '{"type":7}', "null", "", '{"type":"order","data":' + "[" * 5_000]
)
async def test_broken_text_is_passed_over_and_counted(text: str) -> None:
    async with serve(saying(text, FRAME)) as server, feed_at(server.url).connect([]) as connection:
        assert await connection.receive() == FRAME
        assert connection.unread_texts == 1


async def test_an_error_of_the_listener_is_not_taken_for_broken_text() -> None:
    def notify(_: Notification) -> None:
        raise ValueError("mine")

    async with serve(saying(encoded(ORDER))) as server, feed_at(server.url).connect([], notify=notify) as connection:
        with pytest.raises(ValueError, match="mine"):
            await connection.receive()


async def test_heartbeats_keep_a_quiet_line_and_are_no_frames() -> None:
    async def beat(server: FeedServer, socket: WebSocketConnection) -> None:
        for _ in range(8):
            await trio.sleep(QUICK.silence_s / 4)
            await socket.send_message(HEARTBEAT)
        await socket.send_message(FRAME)

    async with serve(beat) as server, feed_at(server.url).connect([NIFTY]) as connection:
        assert await connection.receive() == FRAME


async def test_a_line_without_even_a_heartbeat_is_given_up() -> None:
    async with serve(quiet) as server, feed_at(server.url).connect([NIFTY]) as connection:
        with pytest.raises(ProviderError, match="silent") as raised:
            await connection.receive()

    assert raised.value.advice is Advice.RETRY
    assert PATIENCE.silence_s == 5.0


REJECTIONS: list[tuple[int, dict[str, str], Advice, float | None]] = [
    (403, {}, Advice.NEW_TOKEN, None),
    (400, {}, Advice.NEW_TOKEN, None),
    (429, {}, Advice.WAIT, 60.0),
    (429, {"Retry-After": "300"}, Advice.WAIT, 300.0),
    (404, {}, Advice.FIX_REQUEST, None),
    (502, {}, Advice.RETRY, None),
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
    assert "canary" not in "".join(traceback.format_exception(raised.value))


async def test_a_close_by_the_other_side_invites_another_try() -> None:
    async def close(server: FeedServer, socket: WebSocketConnection) -> None:
        await socket.aclose(1001, "going away")

    async with serve(close) as server, feed_at(server.url).connect([]) as connection:
        with pytest.raises(ProviderError, match="GOING_AWAY") as raised:
            await connection.receive()

    assert raised.value.advice is Advice.RETRY


@pytest.mark.parametrize(
    ("mode", "volume", "open_interest", "depth"),
    [
        (Mode.TICKER, VolumeBasis.NONE, False, 0),
        (Mode.QUOTE, VolumeBasis.SESSION, False, 0),
        (Mode.FULL, VolumeBasis.SESSION, True, 5),
    ],
)
def test_what_a_feed_can_do_is_told_by_its_mode(
    mode: Mode, volume: VolumeBasis, open_interest: bool, depth: int
) -> None:
    can = feed_at("ws://host", mode=mode).capabilities

    assert (can.volume, can.open_interest, can.depth) == (volume, open_interest, depth)
    assert (can.replays, can.notifies) == (False, True)


@pytest.mark.parametrize("url", ["https://ws.kite.trade", "ws.kite.trade", "wss://", "wss://host/", "wss://h?a=b"])
def test_an_address_that_is_no_web_socket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="wss://host"):
        KiteEndpoints(feed_url=url)


def test_an_address_that_is_no_rest_service_is_refused() -> None:
    with pytest.raises(ValueError, match="https://host"):
        KiteEndpoints(rest_url="ws://api.kite.trade")


def encoded(message: object) -> str:
    return msgspec.json.encode(message).decode()
