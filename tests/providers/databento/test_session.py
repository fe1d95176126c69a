import traceback
from collections.abc import Awaitable, Callable

import databento_dbn as dbn
import pytest
import trio

from engine.market.tick import Tick
from engine.providers.base import Advice, Mode, Notification, PlanError, ProviderError, Route
from engine.providers.databento.account import DatabentoEndpoints
from engine.providers.databento.session import DatabentoFeed
from engine.providers.databento.wire import Patience
from engine.providers.keyring import Credential, Keyring
from engine.providers.secret import Secret
from tests.providers.databento.gateway import KEY, Gateway, playing, serve
from tests.providers.databento.streams import (
    APPLE,
    GOLD,
    NOW,
    OIL,
    SECOND,
    SILVER,
    begin,
    error,
    heartbeat,
    metadata,
    system,
    trade,
)

PATIENCE = Patience(connect_s=0.5, login_s=0.5, send_s=0.5, silence_s=0.5)


def keyring_with(key: str = KEY) -> Keyring:
    return Keyring("databento", Credential("databento", Secret(key)))


def feed_at(url: str, *, keyring: Keyring | None = None, mode: Mode = Mode.QUOTE) -> DatabentoFeed:
    return DatabentoFeed(
        keyring or keyring_with(),
        DatabentoEndpoints(gateway_url=url),
        mode=mode,
        patience=PATIENCE,
        clock=lambda: NOW,
    )


async def quiet(gateway: Gateway, stream: trio.SocketStream) -> None:
    await gateway.begin(stream)


async def test_the_key_is_proved_and_the_wanted_instruments_are_named_before_the_session_starts() -> None:
    async with serve(playing(begin("GC.c.0") + trade())) as gateway:
        async with feed_at(gateway.url).connect([GOLD, SILVER, OIL]) as connection:
            assert await connection.receive() == begin("GC.c.0") + trade()
        await gateway.closed.wait()

    login, wanted, start = gateway.lines
    assert login["dataset"] == "GLBX.MDP3"
    assert (login["encoding"], login["compression"], login["heartbeat_interval_s"]) == ("dbn", "none", "10")
    assert (wanted["schema"], wanted["stype_in"], wanted["symbols"]) == ("tbbo", "continuous", "CL.c.0,GC.c.0,SI.c.0")
    assert "start" not in wanted
    assert start == {"start_session": "0"}


@pytest.mark.parametrize(("mode", "schema"), [(Mode.TICKER, "trades"), (Mode.QUOTE, "tbbo"), (Mode.FULL, "mbp-1")])
async def test_the_mode_decides_what_is_asked_for(mode: Mode, schema: str) -> None:
    async with serve(quiet) as gateway:
        async with feed_at(gateway.url, mode=mode).connect([APPLE]):
            pass
        await gateway.closed.wait()

    assert (gateway.lines[1]["schema"], gateway.lines[1]["stype_in"]) == (schema, "raw_symbol")
    assert gateway.lines[0]["dataset"] == "EQUS.MINI"


async def test_many_instruments_are_asked_for_in_several_lines() -> None:
    routes = [Route(f"NYSE:A{n}", "NYSE", f"A{n}", 0.01, "equity") for n in range(1_001)]
    async with serve(quiet) as gateway:
        async with feed_at(gateway.url).connect(routes):
            pass
        await gateway.closed.wait()

    sizes = [len(line["symbols"].split(",")) for line in gateway.lines[1:-1]]
    assert sizes == [500, 500, 1]


async def test_records_are_handed_out_whole_wherever_the_line_cuts_them() -> None:
    stream = begin("GC.c.0") + trade() * 5
    pieces = [stream[at : at + 37] for at in range(0, len(stream), 37)]

    async def play(gateway: Gateway, wire: trio.SocketStream) -> None:
        await gateway.begin(wire)
        for piece in pieces:
            await wire.send_all(piece)
            await trio.sleep(0.001)

    heard = b""
    async with serve(play) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        while len(heard) < len(stream):
            frame = await connection.receive()
            heard += frame
            assert (len(heard) - len(begin("GC.c.0"))) % len(trade()) == 0 or len(heard) <= len(begin("GC.c.0"))

    assert heard == stream


async def test_more_instruments_of_the_dataset_may_join() -> None:
    async with serve(quiet) as gateway:
        async with feed_at(gateway.url).connect([GOLD]) as connection:
            await connection.subscribe([SILVER], Mode.FULL)
            await connection.subscribe([GOLD])
            await connection.unsubscribe([GOLD])
            with pytest.raises(PlanError, match="one dataset"):
                await connection.subscribe([OIL, APPLE])
            with pytest.raises(PlanError, match=r"GLBX\.MDP3"):
                await connection.subscribe([APPLE])
        await gateway.closed.wait()

    assert [(line["schema"], line["symbols"]) for line in gateway.lines if "symbols" in line] == [
        ("tbbo", "GC.c.0"),
        ("mbp-1", "SI.c.0"),
        ("tbbo", "GC.c.0"),
    ]


async def test_another_mode_ends_the_connection_rather_than_tell_each_trade_twice() -> None:
    async with serve(quiet) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        with pytest.raises(ProviderError, match="new connection") as raised:
            await connection.subscribe([SILVER, GOLD], Mode.FULL)
        with pytest.raises(ProviderError, match="new connection"):
            await connection.receive()

    assert raised.value.advice is Advice.RETRY


async def test_a_connection_may_begin_without_any_instrument() -> None:
    async with serve(quiet) as gateway:
        async with feed_at(gateway.url).connect([]) as connection:
            await connection.subscribe([OIL])
        await gateway.closed.wait()
    assert [set(line) & {"start_session", "symbols"} for line in gateway.lines[1:]] == [{"start_session"}, {"symbols"}]


LOGINS = [
    (b"success=0|error=CRAM authentication failed\n", Advice.NEW_TOKEN, None),
    (b"success=0|error=Failed: user not found\n", Advice.NEW_TOKEN, None),
    (b"success=0\n", Advice.NEW_TOKEN, None),
    (b"success=0|error=Too many connections\n", Advice.WAIT, 60.0),
    (b"success=0|error=Not authorized for GLBX.MDP3\n", Advice.GIVE_UP, None),
    (b"success=0|error=Unknown dataset\n", Advice.FIX_REQUEST, None),
    (b"success=0|error=Internal error\n", Advice.RETRY, None),
]


@pytest.mark.parametrize(("answer", "advice", "wait_s"), LOGINS)
async def test_a_refused_login_is_told_with_what_to_do_about_it(
    answer: bytes, advice: Advice, wait_s: float | None
) -> None:
    async def refuse(gateway: Gateway, stream: trio.SocketStream) -> None:
        await gateway.read_line(stream)
        await stream.send_all(answer)

    async with serve(refuse) as gateway:
        with pytest.raises(ProviderError, match="login") as raised:
            async with feed_at(gateway.url).connect([GOLD]):
                pass

    assert (raised.value.advice, raised.value.wait_s) == (advice, wait_s)
    assert_no_key(raised.value)


def assert_no_key(error: BaseException) -> None:
    assert "canary" not in "".join(traceback.format_exception(error))


async def test_without_a_key_nobody_is_asked() -> None:
    with pytest.raises(ProviderError, match="no access token") as raised:
        async with feed_at("tcp://127.0.0.1:1", keyring=Keyring("databento")).connect([GOLD]):
            pass
    assert raised.value.advice is Advice.NEW_TOKEN


async def test_each_connection_uses_the_key_then_in_force() -> None:
    keyring = keyring_with("db-older-key-AAAAA")
    async with serve(quiet) as gateway:
        feed = feed_at(gateway.url, keyring=keyring)
        keyring.replace(Credential("databento", Secret(KEY)))
        async with feed.connect([GOLD]):
            pass
        await gateway.closed.wait()
    assert gateway.lines[0]["auth"].endswith(KEY[-5:])


async def test_the_key_does_not_travel() -> None:
    async with serve(quiet) as gateway:
        async with feed_at(gateway.url).connect([GOLD]):
            pass
        await gateway.closed.wait()
    assert not any(KEY in value for line in gateway.lines for value in line.values())


Behaviour = Callable[[Gateway, trio.SocketStream], Awaitable[None]]


async def nothing(gateway: Gateway, stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def hang_up(gateway: Gateway, stream: trio.SocketStream) -> None:
    await stream.aclose()


GREETINGS = [
    (b"", nothing, "0.5 s"),
    (b"lsg_version=0.4.2\n", nothing, "0.5 s"),
    (b"lsg_version=0.4.2\n", hang_up, "gateway (closed|broke)"),
    (b"x" * 10_000, nothing, "4,096 bytes"),
    (b"HTTP/1.1 400 Bad Request\r\n", nothing, "none of its lines"),
    (b"a=1\n" * 6, nothing, "did not ask"),
    (b"lsg_version=0.4.2\nerror=Too many connections\n", nothing, "Too many"),
]


@pytest.mark.parametrize(("greeting", "behaviour", "complaint"), GREETINGS)
async def test_whoever_is_no_gateway_is_told_within_the_bound(
    greeting: bytes, behaviour: Behaviour, complaint: str
) -> None:
    async with serve(behaviour, greeting) as gateway:
        with trio.fail_after(3), pytest.raises(ProviderError, match=complaint):
            async with feed_at(gateway.url).connect([GOLD]):
                pass


async def test_a_gateway_that_is_not_there_invites_another_try() -> None:
    async with serve(quiet) as gateway:
        url = gateway.url
    with pytest.raises(ProviderError, match="can not be reached") as raised:
        async with feed_at(url).connect([GOLD]):
            pass
    assert raised.value.advice is Advice.RETRY


ERRORS = [
    (dbn.ErrorCode.AUTH_FAILED, Advice.NEW_TOKEN, None),
    (dbn.ErrorCode.API_KEY_DEACTIVATED, Advice.NEW_TOKEN, None),
    (dbn.ErrorCode.CONNECTION_LIMIT_EXCEEDED, Advice.WAIT, 60.0),
    (dbn.ErrorCode.INVALID_SUBSCRIPTION, Advice.FIX_REQUEST, None),
    (dbn.ErrorCode.INTERNAL_ERROR, Advice.RETRY, None),
    (dbn.ErrorCode.SKIPPED_RECORDS_AFTER_SLOW_READING, Advice.RETRY, None),
    (dbn.ErrorCode.REPLAY_DATA_AGED_OUT, Advice.RETRY, None),
]


@pytest.mark.parametrize(("code", "advice", "wait_s"), ERRORS)
async def test_a_parting_word_is_told_with_what_to_do_about_it(
    code: dbn.ErrorCode, advice: Advice, wait_s: float | None
) -> None:
    last = trade() + error("so it is", code)
    async with serve(playing(begin("GC.c.0"), last)) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        heard = b""
        while not heard.endswith(last):  # the trade before the word is not lost
            heard += await connection.receive()
        for _ in range(2):
            with pytest.raises(ProviderError, match="so it is") as raised:
                await connection.receive()

    assert (raised.value.advice, raised.value.wait_s, raised.value.code) == (advice, wait_s, str(int(code)))


async def test_a_symbol_nobody_knows_is_told_and_the_others_go_on() -> None:
    told: list[Notification] = []
    unknown = error("XX.c.0 did not resolve", dbn.ErrorCode.SYMBOL_RESOLUTION_FAILED)
    slow = system("you are slow", dbn.SystemCode.SLOW_READER_WARNING)
    script = playing(begin("GC.c.0") + unknown + heartbeat() + slow + trade())
    async with serve(script) as gateway, feed_at(gateway.url).connect([GOLD], notify=told.append) as connection:
        assert (await connection.receive()).endswith(trade())

    assert [(note.provider, note.kind, note.data["text"]) for note in told] == [
        ("databento", "error", "XX.c.0 did not resolve"),
        ("databento", "message", "you are slow"),
    ]


async def test_a_close_is_told_with_the_last_complaint() -> None:
    async def part(gateway: Gateway, stream: trio.SocketStream) -> None:
        await gateway.begin(stream)
        await stream.send_all(metadata() + error("no reason of this list", dbn.ErrorCode.UNSET))
        await stream.aclose()

    async with serve(part) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        await connection.receive()
        with pytest.raises(ProviderError, match="no reason of this list") as raised:
            await connection.receive()
    assert raised.value.advice is Advice.RETRY


@pytest.mark.parametrize("damage", [bytes(16), b"\x02" + bytes(40)])
async def test_a_stream_that_breaks_ends_the_connection_after_what_was_whole(damage: bytes) -> None:
    script = playing(begin("GC.c.0") + trade() + damage + trade())
    async with serve(script) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        assert (await connection.receive()).endswith(trade())
        with pytest.raises(ProviderError, match="can not be read on") as raised:
            await connection.receive()
    assert raised.value.advice is Advice.RETRY


async def test_what_is_no_dbn_ends_the_connection() -> None:
    async with serve(playing(b"<html>sorry</html>" * 5)) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        with pytest.raises(ProviderError, match="no DBN"):
            await connection.receive()


async def test_a_line_without_even_a_heartbeat_is_given_up() -> None:
    async with serve(playing(begin("GC.c.0"))) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        await connection.receive()
        with trio.fail_after(3), pytest.raises(ProviderError, match="silent") as raised:
            await connection.receive()
    assert raised.value.advice is Advice.RETRY


async def test_heartbeats_alone_keep_a_quiet_line() -> None:
    async def beat(gateway: Gateway, stream: trio.SocketStream) -> None:
        await gateway.begin(stream)
        await stream.send_all(metadata())
        for _ in range(8):
            await trio.sleep(PATIENCE.silence_s / 4)
            await stream.send_all(heartbeat())
        await stream.send_all(trade())

    frame = b""
    async with serve(beat) as gateway, feed_at(gateway.url).connect([GOLD]) as connection:
        while not frame.endswith(trade()):
            frame = await connection.receive()
        assert trio.current_time() - connection.heard_s < 1.0


async def test_an_error_of_the_caller_passes_through_as_it_is() -> None:
    async with serve(quiet) as gateway:
        with pytest.raises(KeyError, match="mine"):
            async with feed_at(gateway.url).connect([GOLD]):
                raise KeyError("mine")
        await gateway.closed.wait()


async def test_after_a_lost_connection_the_next_begins_where_it_ended_and_no_trade_is_lost_or_doubled() -> None:
    trades = [trade(7, 4000.0 + n, time_ns=NOW - 60 * SECOND + n // 2 * SECOND, size=n + 1) for n in range(30)]
    starts: list[int] = []

    async def play(gateway: Gateway, stream: trio.SocketStream) -> None:
        await gateway.begin(stream)
        start = int(gateway.lines[-2].get("start", 0))
        starts.append(start)
        if not start:
            await stream.send_all(begin("GC.c.0") + b"".join(trades[:11]) + trades[11][:20])
            await stream.aclose()
        else:
            first = (start - (NOW - 60 * SECOND)) // SECOND * 2
            await stream.send_all(begin("GC.c.0") + b"".join(trades[first:]))

    told: list[Tick] = []
    async with serve(play) as gateway:
        feed = feed_at(gateway.url)
        with pytest.raises(ProviderError):
            await collect(feed, 0, told, 30)
        await collect(feed, NOW - 30 * SECOND, told, 30)

    assert [tick.size for tick in told] == list(range(1, 31))
    assert starts == [0, NOW - 56 * SECOND]  # a second before the newest trade, whatever our own clock says


async def collect(feed: DatabentoFeed, since_ns: int, told: list[Tick], wanted: int) -> None:
    decoder = feed.decoder([GOLD])
    async with feed.connect([GOLD], since_ns=since_ns) as connection:
        with trio.fail_after(5):
            while len(told) < wanted:
                told += [tick for _, tick in decoder.decode(await connection.receive(), NOW)]


def test_routes_are_planned_by_dataset() -> None:
    feed = feed_at("tcp://gateway:1")
    assert feed.plan([GOLD, APPLE, OIL, SILVER]) == [[GOLD, OIL, SILVER], [APPLE]]
    assert feed.plan([]) == []


def test_what_databento_can_not_know_is_named() -> None:
    strange = Route("NSE:RELIANCE", "NSE_EQ", "2885", 0.05, "equity")
    broken = Route("COMEX:GC", "COMEX", "GC|start=0", 0.1, "future")
    with pytest.raises(PlanError, match="RELIANCE") as raised:
        feed_at("tcp://gateway:1").plan([GOLD, strange, broken])
    assert raised.value.routes == (strange, broken)
    with pytest.raises(PlanError, match="share"):
        feed_at("tcp://gateway:1").plan([GOLD, GOLD])


def test_the_dataset_is_part_of_the_real_address() -> None:
    assert DatabentoEndpoints().gateway("GLBX.MDP3") == ("glbx-mdp3.lsg.databento.com", 13000)
    for url in ("wss://host", "tcp://", "host:1", "tcp://host/path"):
        with pytest.raises(ValueError, match="tcp://host"):
            DatabentoEndpoints(gateway_url=url)
    with pytest.raises(ValueError, match="https://host"):
        DatabentoEndpoints(rest_url="ftp://x")
