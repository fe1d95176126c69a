"""Sockets end to end: handshake, authentication, snapshot, updates, limits and goodbyes."""
# pyright: basic
# msgpack, the library that clients use, has no types

import contextlib
import json

import anyio
import msgpack
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from engine.storage.packing import pack
from tests.web.conftest import running_web
from tests.web.engine import MINUTE, NOON, Engine, candle
from tests.web.process import TOKEN, Client, Web, until
from web.sockets.session import ClientSession

pytestmark = pytest.mark.anyio


async def closed_with(client: Client) -> int:
    with anyio.fail_after(5), contextlib.suppress(ConnectionClosed):
        while True:
            await client.socket.recv()
    assert client.socket.close_code is not None
    return client.socket.close_code


async def test_a_client_gets_a_snapshot_and_then_updates(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    async with web.client() as client:
        reply = await client.ask(id=7, action="subscribe", channels=["ltp.RELIANCE"])
        assert (reply["id"], reply["channels"]) == (7, ["ltp.RELIANCE"])
        assert reply["results"] == [{"channel": "ltp.RELIANCE", "ok": True, "instrument": "NSE:RELIANCE"}]
        snapshot = await client.push("ltp.RELIANCE")
        assert (snapshot["ltp"], snapshot["instrument"]) == (1.5, "NSE:RELIANCE")
        await engine.trade(2.5)
        assert (await client.push("ltp.RELIANCE"))["ltp"] == 2.5


async def test_the_simple_dialect_tells_the_day_so_far(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    async with web.client() as client:
        reply = await client.ask(message_type="subscribe", channel="RELIANCE")
        assert reply == {"message_type": "info", "message": "Subscribed to RELIANCE"}
        await client.receive()
        await engine.trade(2.5)
        data = await client.until(lambda message: message.get("close") == 2.5)
        assert (data["message_type"], data["symbol"], data["previous_close"]) == ("data", "RELIANCE", 0.9)
        assert (await client.ask(message_type="unsubscribe", channel="RELIANCE"))[
            "message"
        ] == "Unsubscribed from RELIANCE"


async def test_candles_form_and_become_final(web: Web, engine: Engine) -> None:
    channel = "candle.NSE:RELIANCE.1m"
    async with web.client() as client:
        await client.ask(action="subscribe", channels=[channel])
        await engine.form(candle(0, 1.0, state="forming"))
        assert (await client.push(channel))["state"] == "forming"
        (offset,) = await engine.close(candle(0, 2.0))
        push = await client.receive()
        assert (push["offset"], push["data"]["state"], push["data"]["close"]) == (offset, "final", 2.0)


async def test_the_engine_is_told_what_is_watched(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await client.ask(action="subscribe", channels=["candle.RELIANCE.5m", "ltp.TCS"])
        await until(lambda: engine.watched == ["NSE:RELIANCE"])
    await until(lambda: engine.watched == [])


async def test_what_the_engine_does_not_carry_is_an_error_to_its_followers(web: Web, engine: Engine) -> None:
    engine.unmapped = ["NSE:TCS"]
    async with web.client() as client:
        await client.ask(action="subscribe", channels=["candle.TCS.1m"])
        error = await client.until(lambda message: message.get("type") == "error")
        assert (error["code"], error["about"], error["temporary"]) == (410, "candle.TCS.1m", True)


@pytest.mark.parametrize(("symbol", "code"), [("RELIANC", 400), ("NSE:ORPHAN", 410)])
async def test_a_symbol_nobody_has_is_an_error_with_near_names(web: Web, symbol: str, code: int) -> None:
    async with web.client() as client:
        reply = await client.ask(action="subscribe", channels=[f"ltp.{symbol}", "ltp.TCS"])
        assert [result["ok"] for result in reply["results"]] == [False, True]
        assert reply["results"][0]["error"]["code"] == code
        simple = await client.ask(action="subscribe", channels=["ltp.RELIANC"])
        assert "NSE:RELIANCE" in simple["results"][0]["error"]["message"]


async def test_msgpack_is_spoken_by_subprotocol(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    async with web.client(subprotocols=["ticktree.msgpack.v1"]) as client:
        assert client.socket.subprotocol == "ticktree.msgpack.v1"
        await client.socket.send(pack({"action": "subscribe", "channels": ["ltp.TCS"]}))
        reply = msgpack.unpackb(await client.socket.recv())
        assert reply["channels"] == ["ltp.TCS"]
        await engine.trade(3.0, "TCS")
        assert msgpack.unpackb(await client.socket.recv())[0]["data"]["ltp"] == 3.0


async def test_compression_is_not_spoken(web: Web) -> None:
    async with web.client(compression="deflate") as client:
        assert client.socket.protocol.extensions == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_foreign_origin_is_refused_before_the_handshake(web: Web, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with web.client(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_our_own_origin_and_allowed_ones_are_welcome(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, allowed_origins=("https://app.example",)) as web:
        for origin in ("https://app.example", f"http://127.0.0.1:{web.port}"):
            async with web.client(origin=origin) as client:
                assert (await client.ask(action="ping"))["action"] == "pong"


async def test_authentication_may_be_the_first_message(web: Web) -> None:
    async with web.client(bearer=False) as client:
        refused = await client.ask(id=1, action="subscribe", channels=["ltp.TCS"])
        assert (refused["code"], refused["id"]) == (401, 1)
        assert (await client.ask(id=2, action="auth", token=TOKEN))["ok"]
        assert (await client.ask(id=3, action="subscribe", channels=["ltp.TCS"]))["results"][0]["ok"]


async def test_a_wrong_token_ends_in_3500(web: Web) -> None:
    async with web.client(bearer=False) as client:
        assert (await client.ask(message_type="auth", token="wrong"))["code"] == 402
        assert await closed_with(client) == 3500
    async with web.client(bearer=False, headers={"Authorization": "Bearer wrong"}) as client:
        assert await closed_with(client) == 3500


async def test_a_good_token_that_can_not_be_told_yet_is_asked_to_come_again(web: Web) -> None:
    web.services.access.admin_hash = None
    async with web.client() as client:
        assert (await client.receive())["temporary"]
        assert await closed_with(client) == 1012
    async with web.client(bearer=False) as client:
        assert (await client.ask(id=4, action="auth", token=TOKEN))["id"] == 4
        assert await closed_with(client) == 1012
    assert (await web.get("/admin/tree")).status_code == 503


async def test_who_says_nothing_is_sent_away(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.sockets.session.AUTHENTICATION_S", 0.2)
    async with web.client(bearer=False) as client:
        assert (await client.receive())["code"] == 404
        assert await closed_with(client) == 3500


async def test_the_public_feed_needs_no_token(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, public_feed=True) as web, web.client(bearer=False) as client:
        assert (await client.ask(action="subscribe", channels=["ltp.TCS"]))["results"][0]["ok"]


async def test_malformed_messages_are_answered_and_change_nothing(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await client.ask(action="subscribe", channels=["ltp.TCS"])
        for message in ("{", "[]", b"\xff\x00", b"", "", json.dumps({"action": "fly"})):
            await client.socket.send(message)
            assert (await client.receive())["code"] == 400
        await engine.trade(3.0, "TCS")
        assert (await client.push("ltp.TCS"))["ltp"] == 3.0


async def test_an_oversize_message_ends_in_1009(web: Web) -> None:
    async with web.client() as client:
        await client.socket.send("x" * (64 * 1024 + 1))
        assert await closed_with(client) == 1009
    await until(lambda: len(web.services.sessions) == 0)


async def test_a_client_that_sends_too_much_ends_in_3013(web: Web) -> None:
    async with web.client() as client:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(1000):
                await client.send(action="ping")
        assert await closed_with(client) == 3013


async def test_too_many_channels_are_refused_one_by_one(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.sockets.judgement.SUBSCRIPTIONS", 2)
    async with web.client() as client:
        reply = await client.ask(action="subscribe", channels=["ltp.TCS", "ltp.INFY", "ltp.RELIANCE", "ltp.TCS"])
        assert [result["ok"] for result in reply["results"]] == [True, True, False]
        assert reply["results"][2]["error"]["code"] == 405


async def test_too_many_clients_are_sent_to_another_process(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, sockets=1) as web, web.client() as first:
        await first.ask(action="ping")
        async with web.client() as second:
            assert (await second.receive())["code"] == 406
            assert await closed_with(second) == 3504


async def test_a_silent_client_is_closed_with_3012(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async with web.client() as client:
        await client.ask(action="ping")
        (outbox,) = web.services.hub.outboxes
        assert [outbox.line.listen() for _ in range(3)] == [0, 1, 2]
        await client.ask(action="ping")
        assert outbox.line.listen() == 0


async def test_a_client_that_leaves_is_forgotten(web: Web, engine: Engine) -> None:
    async with web.client() as client:
        await client.ask(action="subscribe", channels=["ltp.TCS"])
        assert web.services.hub.statistics().clients == 1
    await until(lambda: web.services.hub.statistics().clients == 0 and len(web.services.sessions) == 0)
    assert web.services.hub.statistics().topics == 0
    await until(lambda: not web.system.snapshot("/web/sessions").children)


async def test_a_session_that_crashes_takes_only_its_own_client_along(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web.client() as unlucky, web.client() as other:
        await other.ask(action="ping")
        monkeypatch.setattr("web.sockets.session.ClientSession._carry_out", lambda *_: 1 / 0)
        await unlucky.send(action="ping")
        assert await closed_with(unlucky) == 1011
        monkeypatch.undo()
        assert (await other.ask(action="ping"))["action"] == "pong"
        assert web.services.hub.statistics().clients == 1
    await until(lambda: len(web.services.sessions) == 0)


async def test_a_client_that_is_parted_with_while_it_begins_leaves_no_session_behind(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = ClientSession.on_start

    def cut_off(session: ClientSession) -> None:
        """The handler is woken to close before it hears that the session has begun."""
        start(session)
        (outbox,) = web.services.hub.outboxes
        outbox.close(3500, "signed out")

    monkeypatch.setattr(ClientSession, "on_start", cut_off)
    async with web.client() as client:
        assert await closed_with(client) == 3500
    await until(lambda: not web.system.snapshot("/web/sessions").children)
    assert (len(web.services.hub.outboxes), len(web.services.admission)) == (0, 0)


async def test_a_session_that_comes_upon_a_bug_while_it_recognizes_somebody_ends(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web.client(bearer=False) as client:
        await client.ask(action="ping")
        monkeypatch.setattr("web.sockets.admission.digest", lambda _: 1 / 0)  # pyright: ignore[reportUnknownLambdaType]
        await client.send(action="auth", ticket="t")
        assert await closed_with(client) == 1011


async def test_clients_are_told_when_no_engine_answers(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.sources.followed_list.REPLY_S", 0.1)
    monkeypatch.setattr("web.sources.followed_list.RETRY_S", 0.1)
    async with web.client() as client:
        await client.ask(message_type="subscribe", channel="TCS")
        told = await client.until(lambda message: "status" in message)
        assert (told["status"], told["message"]) == ("stale", "prices: stale (no engine answers)")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Engine(web.services.hot).answer_commands)
            assert (await client.until(lambda message: "status" in message))["status"] == "live"
            tasks.cancel_scope.cancel()


async def test_statuses_begin_with_how_each_feed_is(web: Web, engine: Engine) -> None:
    feed = {"status": "live", "since": 7, "why": ""}
    await engine.hot.write_heartbeat({"engine": "one", "time": 9, "feeds": {"simulator/0": feed}})
    for _ in range(2):
        async with web.client() as client:
            await client.ask(action="subscribe", channels=["status"])
            told = await client.push("status")
            assert (told["feed"], told["status"], told["since"]) == ("simulator/0", "live", 7)


async def test_the_answer_to_a_subscription_says_how_each_instrument_is(hot: HotStore, durable: DurableStore) -> None:
    halted = {"status": "closed", "cause": "halted", "since": 7, "why": "halted"}
    await hot.set_statuses({"NSE:TCS": halted})
    async with running_web(hot, durable) as web, web.client() as client:
        told = await client.ask(action="subscribe", channels=["ltp.TCS", "ltp.RELIANCE", "status.TCS"])
        assert [result.get("status") for result in told["results"]] == [halted, None, halted]
        assert (await client.push("status.TCS"))["cause"] == "halted"


async def test_a_client_that_comes_back_is_told_what_became_of_its_instruments(web: Web, engine: Engine) -> None:
    epoch, offset = await engine.hot.events_position()
    event = {
        "kind": "status",
        "symbols": ["NSE:TCS", "NSE:RELIANCE"],
        "status": "stale",
        "since": 7,
        "why": "w",
        "cause": "c",
    }
    await engine.hot.append_events([(f"{int(offset.split('-')[0]) + 1}-0", pack(event))])
    async with web.client() as client:
        await client.ask(action="subscribe", channels=["ltp.TCS"])
        position = {"epoch": epoch, "offset": offset}
        told = await client.ask(action="subscribe", channels=["status", "status.RELIANCE"], since=position)
        assert told["recovered"]
        assert (await client.push("status"))["instrument"] == "NSE:TCS"
        assert (await client.push("status.RELIANCE"))["symbol"] == "RELIANCE"


async def test_the_end_of_the_server_is_told_and_takes_no_time(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable) as web, web.client() as one, web.client() as two:
        for client in (one, two):
            await client.ask(action="subscribe", channels=["ltp.TCS"])
        with anyio.fail_after(2):
            await web.system.stop()
        assert (await one.receive())["type"] == "notice"
        assert [await closed_with(client) for client in (one, two)] == [1012, 1012]


async def test_a_candle_channel_through_a_view_goes_on_from_the_bar_before_and_says_so(
    web: Web, engine: Engine
) -> None:
    name = "candle.RELIANCE.1m?continuous=true&wick=1"
    minute = web.system.clock.now_ns() // MINUTE - NOON // MINUTE
    await web.services.hot.write_candles([candle(minute - 1, 7.0)])
    await engine.store(3.0, forming=(candle(minute, 3.0, state="forming"),))
    async with web.client() as client:
        reply = await client.ask(id=1, action="subscribe", channels=[name, "candle.RELIANCE.1m"])
        assert [result["ok"] for result in reply["results"]] == [True, True]
        forming = await client.push(name)
        assert (forming["open"], forming["high"], forming["close"]) == (7.0, 7.0, 3.0)
        assert forming["view"] == {"continuous": True, "wick": "1"}
        await engine.close(candle(minute, 4.0))
        told = [await client.until(lambda push: push.get("data", {}).get("state") == "final") for _ in range(2)]
        final = {push["channel"]: push for push in told}
        assert (final[name]["data"]["open"], final[name]["offset"]) == (7.0, "1-0")
        plain = final["candle.RELIANCE.1m"]["data"]
        assert (plain["open"], "view" in plain) == (4.0, False)


async def test_who_resumes_through_a_view_gets_what_was_missed_as_the_chart_shows_it(web: Web, engine: Engine) -> None:
    name = "candle.RELIANCE.1m?continuous=true"
    minute = web.system.clock.now_ns() // MINUTE - NOON // MINUTE - 5
    before, *missed = [candle(minute + number, 7.0 + number) for number in range(4)]
    await web.services.hot.write_candles([before, *missed])
    [offset] = await engine.close(before)
    async with web.client() as client:
        reply = await client.ask(id=1, action="subscribe", channels=[name])
        position = reply["position"] | {"offset": offset}
    offsets = await engine.close(*missed)
    async with web.client() as client:
        reply = await client.ask(id=2, action="subscribe", channels=[name], since=position)
        assert reply["recovered"] is True
        told = [await client.until(lambda message: message.get("channel") == name) for _ in missed]

    assert [push["offset"] for push in told] == offsets
    assert [push["data"]["open"] for push in told] == [7.0, 8.0, 9.0]
    assert [push["data"]["close"] for push in told] == [8.0, 9.0, 10.0]
