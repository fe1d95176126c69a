"""The live feed over real sockets: who is let in, what requests do, and how connections end."""

from collections.abc import Callable
from functools import partial

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from engine.providers.dhan.codec import DisconnectPacket, FullPacket, PreviousClosePacket, QuotePacket, TickerPacket
from engine.providers.simulator.dhan.feed_rules import MOST_CONNECTIONS, DhanFeedRules
from engine.providers.simulator.feed_server import FeedServer
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN, SimulatorOptions
from engine.providers.simulator.server import Simulator, open_exchange
from engine.providers.simulator.vendors import Address
from tests.providers.simulator.markets import (
    feed_client,
    feed_url,
    first,
    handshake_status,
    next_packets,
    place_of,
    post,
    request,
    simulator,
)

RELIANCE = ("NSE_EQ", "2885")
NIFTY = ("IDX_I", "13")


async def test_a_subscribed_instrument_ticks() -> None:
    async with simulator(instruments=10, ticks_per_second=200) as running, feed_client(running) as socket:
        await socket.send_message(request(17, RELIANCE))

        volumes = [(await first(socket, QuotePacket)).volume for _ in range(5)]

        assert volumes == sorted(volumes)
        assert volumes[0] < volumes[-1]


async def test_full_packets_and_index_tickers_share_a_socket() -> None:
    async with simulator(instruments=10, ticks_per_second=100) as running, feed_client(running) as socket:
        await socket.send_message(request(21, RELIANCE))
        await socket.send_message(request(15, NIFTY))

        assert (await first(socket, FullPacket)).security_id == 2885
        assert (await first(socket, PreviousClosePacket)).security_id == 13


async def test_several_packets_come_in_one_frame() -> None:
    async with simulator(instruments=50, ticks_per_second=4_000) as running, feed_client(running) as socket:
        listings = running.exchange.market.listings[2:]
        await socket.send_message(request(17, *((item.segment, str(item.security_id)) for item in listings)))

        sizes = [len(await next_packets(socket)) for _ in range(10)]

        assert 20 < max(sizes) <= 100


async def test_unsubscribing_ends_the_stream() -> None:
    async with simulator(instruments=10, ticks_per_second=500) as running, feed_client(running) as socket:
        await socket.send_message(request(15, RELIANCE))
        await first(socket, TickerPacket)
        await socket.send_message(request(16, RELIANCE))

        with trio.move_on_after(0.3) as quiet:
            while True:
                await socket.get_message()
                quiet.deadline = trio.current_time() + 0.3

        assert running.exchange.doors["simulator"].statistics().subscriptions == 0


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("version=2&token=wrong&clientId=1000000001&authType=2", 401),
        ("version=2&token=simulated-token&clientId=1&authType=2", 401),
        ("version=1&token=simulated-token&clientId=1000000001&authType=2", 400),
        ("", 400),
    ],
)
async def test_who_does_not_say_the_right_words_is_not_let_in(query: str, status: int) -> None:
    async with simulator(instruments=3) as running:
        assert await handshake_status(running, f"{running.feed_url}/?{query}") == status


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", 814),
        ('{"RequestCode":99,"InstrumentCount":0,"InstrumentList":[]}', 814),
        (
            '{"RequestCode":17,"InstrumentCount":2,"InstrumentList":[{"ExchangeSegment":"NSE_EQ","SecurityId":"1"}]}',
            814,
        ),
        (request(17, ("NSE_EQ", 2885)), 813),
        (request(17, *[RELIANCE] * 101), 804),
    ],
)
async def test_a_bad_request_ends_the_connection_with_its_code(message: str, code: int) -> None:
    async with simulator(instruments=3) as running, feed_client(running) as socket:
        await socket.send_message(message)

        assert (await first(socket, DisconnectPacket)).reason == code
        with pytest.raises(ConnectionClosed):
            await socket.get_message()


async def test_more_instruments_than_a_connection_may_have_are_too_many() -> None:
    exchange = open_exchange(SimulatorOptions(instruments=10))
    door = exchange.doors["simulator"]
    rules = DhanFeedRules(door, client_id=SIMULATED_CLIENT_ID, token=SIMULATED_TOKEN, most_instruments=5)
    server = FeedServer(door, rules)
    keys = [(item.segment, str(item.security_id)) for item in exchange.market.listings if item.kind != "index"]
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, server.serve_stream, 0, host="127.0.0.1"))
        feed_url = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}"
        running = Simulator({"simulator": Address(feed_url, "")}, exchange)
        async with feed_client(running) as socket:
            await socket.send_message(request(15, *keys[:5]))
            assert len(await next_packets(socket)) == 5

            await socket.send_message(request(15, keys[5]))

            assert (await first(socket, DisconnectPacket)).reason == 804
        nursery.cancel_scope.cancel()


async def test_unknown_instruments_are_passed_over_without_a_word() -> None:
    async with simulator(instruments=10, ticks_per_second=200) as running, feed_client(running) as socket:
        await socket.send_message(request(17, ("NSE_EQ", "999999"), ("MARS", "1"), ("NSE_EQ", "x"), RELIANCE))

        assert (await first(socket, QuotePacket)).security_id == 2885


async def test_a_client_may_end_the_connection() -> None:
    async with simulator(instruments=3) as running, feed_client(running) as socket:
        await socket.send_message(request(12))

        with pytest.raises(ConnectionClosed) as closed:
            await socket.get_message()

        assert closed.value.reason is not None
        assert closed.value.reason.code == 1000


async def test_the_sixth_connection_drives_out_the_oldest() -> None:
    async with simulator(instruments=3) as running, trio.open_nursery() as nursery:
        oldest = await nursery.start(open_until_cancelled, running)
        for _ in range(MOST_CONNECTIONS):
            await nursery.start(open_until_cancelled, running)

        assert (await first(oldest, DisconnectPacket)).reason == 805
        await until(lambda: running.exchange.doors["simulator"].statistics().clients == MOST_CONNECTIONS)
        nursery.cancel_scope.cancel()


async def open_until_cancelled(
    running: Simulator, *, task_status: trio.TaskStatus[WebSocketConnection] = trio.TASK_STATUS_IGNORED
) -> None:
    async with feed_client(running) as socket:
        task_status.started(socket)
        await trio.sleep_forever()


async def until(true: Callable[[], bool], *, within_s: float = 5.0) -> None:
    with trio.fail_after(within_s):
        while not true():
            await trio.sleep(0.01)


async def test_a_slow_reader_holds_up_nobody() -> None:
    totals: list[int] = []
    async with (
        simulator(instruments=30, ticks_per_second=6_000) as running,
        trio.open_nursery() as nursery,
        await trio.open_tcp_stream(*place_of(running.feed_url)) as stream,
    ):
        await say_hello_and_subscribe(stream, running)

        async with feed_client(running) as socket:
            await socket.send_message(request(17, RELIANCE))
            for _ in range(20):
                with trio.fail_after(10):
                    totals.append((await first(socket, QuotePacket)).volume)
        nursery.cancel_scope.cancel()
    assert totals[-1] > totals[0]
    assert totals == sorted(totals)


async def say_hello_and_subscribe(stream: trio.SocketStream, running: Simulator) -> None:
    """A client that subscribes everything and then never reads."""
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import Request, TextMessage

    connection = WSConnection(ConnectionType.CLIENT)
    target = feed_url(running).removeprefix(running.feed_url)
    await stream.send_all(connection.send(Request(host="127.0.0.1", target=target)))
    while not any(True for _ in connection.events()):
        connection.receive_data(await stream.receive_some(4_096))
    listings = [item for item in running.exchange.market.listings if item.kind != "index"]
    message = request(21, *((item.segment, str(item.security_id)) for item in listings))
    await stream.send_all(connection.send(TextMessage(data=message)))


async def test_a_close_on_command_cuts_the_connection_and_a_new_one_works() -> None:
    async with simulator(instruments=10, ticks_per_second=200) as running:
        async with feed_client(running) as socket:
            await post(running, "/control", {"faults": "close"})
            with pytest.raises(ConnectionClosed) as closed:
                await socket.get_message()
            assert closed.value.reason is not None
            assert closed.value.reason.code == 1006

        async with feed_client(running) as socket:
            await socket.send_message(request(17, RELIANCE))
            await first(socket, QuotePacket)


async def test_a_scheduled_disconnect_tells_its_code() -> None:
    async with simulator(instruments=3, faults="disconnect=805@0.2") as running, feed_client(running) as socket:
        assert (await first(socket, DisconnectPacket)).reason == 805


async def test_a_frozen_feed_says_nothing_and_then_goes_on_with_what_is_new() -> None:
    async with simulator(instruments=10, ticks_per_second=500) as running, feed_client(running) as socket:
        await socket.send_message(request(17, RELIANCE))
        before = await first(socket, QuotePacket)
        await post(running, "/control", {"faults": "freeze+0.6"})
        await trio.sleep(0.1)  # what was on its way may still come

        longest_s, after = 0.0, before
        with trio.move_on_after(1.5):
            while True:
                since = trio.current_time()
                after = await first(socket, QuotePacket)
                longest_s = max(longest_s, trio.current_time() - since)

        assert longest_s > 0.4
        assert after.volume > before.volume
        assert running.exchange.doors["simulator"].statistics().faults.lost > 0


@pytest.mark.parametrize(("fault", "status"), [("refuse", 401), ("refuse=403", 403), ("429", 429)])
async def test_handshakes_are_refused_while_the_fault_goes_on(fault: str, status: int) -> None:
    async with simulator(instruments=3, faults=f"{fault}+0.4") as running:
        assert await handshake_status(running, feed_url(running)) == status

        await trio.sleep(0.5)
        assert await handshake_status(running, feed_url(running)) == 101


async def test_a_refused_token_may_be_told_by_packet_instead() -> None:
    async with simulator(instruments=3, faults="refuse=807") as running, feed_client(running) as socket:
        assert (await first(socket, DisconnectPacket)).reason == 807


async def test_garbage_instead_of_a_handshake_harms_nobody() -> None:
    async with simulator(instruments=3) as running:
        async with await trio.open_tcp_stream(*place_of(running.feed_url)) as stream:
            await stream.send_all(b"\x00\x01garbage\r\n\r\n")
            with trio.move_on_after(0.5):
                await stream.receive_some(100)
        assert await handshake_status(running, feed_url(running)) == 101
