"""Who may be in over a socket, as whom and for how long: tickets, expiry, ends, caps, and those that fell silent."""

import asyncio
import base64
import os
import time
from typing import Any

import anyio
import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.engine import Engine
from tests.web.process import BEARER, SECRET, TOKEN, Web, until
from tests.web.test_sockets import closed_with
from web.accounts.principal import Role
from web.accounts.tokens import ACCESS_S, AccessTokens, digest

pytestmark = pytest.mark.anyio


def token(user: str = "u1", role: Role = "user", session: str = "s1", left_s: float = ACCESS_S) -> str:
    """An access token that is good for so long."""
    return AccessTokens(SECRET).issue(user, session, role, time.time() - ACCESS_S + left_s)


def headers(**of: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**of)}"}


async def ticket(web: Web) -> str:
    response = await web.http.post("/auth/ws-ticket", headers=BEARER)
    return str(response.json()["ticket"])


async def test_a_ticket_in_the_address_opens_one_socket(web: Web) -> None:
    shown = await ticket(web)
    async with web.client(bearer=False, query=f"?ticket={shown}") as client:
        assert (await client.ask(action="subscribe", channels=["ltp.TCS"]))["results"][0]["ok"]
    async with web.client(bearer=False, query=f"?ticket={shown}") as client:
        assert (await client.receive())["code"] == 402
        assert await closed_with(client) == 3500


async def test_a_token_in_the_address_opens_nothing(web: Web) -> None:
    async with web.client(bearer=False, query=f"?token={TOKEN}") as client:
        assert (await client.ask(action="subscribe", channels=["ltp.TCS"]))["code"] == 401


@pytest.mark.parametrize("key", ["action", "message_type", "type"])
async def test_a_ticket_may_be_the_first_message_of_any_dialect(web: Web, key: str) -> None:
    async with web.client(bearer=False) as client:
        told = await client.ask(**{key: "auth", "ticket": await ticket(web)})
        assert "code" not in told
        assert "code" not in await client.ask(**{key: "ping"})
    async with web.client(bearer=False) as client:
        assert (await client.ask(**{key: "auth", "ticket": "made up"}))["code"] == 402
        assert await closed_with(client) == 3500


async def test_a_ticket_of_a_session_that_has_ended_opens_nothing(web: Web) -> None:
    response = await web.http.post("/auth/ws-ticket", headers=headers())
    await web.services.hot.end_session("sid", "s1")
    await until(lambda: "s1" in web.services.accounts.ended)
    async with web.client(bearer=False, query=f"?ticket={response.json()['ticket']}") as client:
        assert await closed_with(client) == 3500


async def test_a_socket_ends_with_its_token(web: Web) -> None:
    async with web.client(bearer=False, headers=headers(left_s=1.5)) as client:
        assert (await client.ask(type="ping")) == {"type": "pong"}
        assert (await client.receive())["code"] == 401
        assert await closed_with(client) == 3500


async def test_a_fresh_token_of_the_same_user_lets_the_socket_go_on(web: Web) -> None:
    async with web.client(bearer=False, headers=headers(left_s=2.5)) as client:
        assert (await client.ask(id=1, action="auth", token=token(user="u2")))["code"] == 403
        assert (await client.ask(id=2, action="auth", token="wrong"))["code"] == 402
        assert (await client.ask(id=3, action="auth", token=token())) == {"id": 3, "action": "auth", "ok": True}
        await anyio.sleep(2.6)
        assert (await client.ask(id=4, action="ping")) == {"id": 4, "action": "pong"}


async def test_what_a_fresh_token_does_not_permit_is_followed_no_more(web: Web, engine: Engine) -> None:
    async with web.client(bearer=False, headers=headers(role="admin")) as client:
        await client.ask(action="subscribe", channels=["jobs", "alerts", "ltp.TCS"])
        await client.ask(action="auth", token=token(role="user"))
        error = await client.until(lambda message: message.get("type") == "error")
        assert (error["code"], error["message"], error["about"]) == (409, "jobs is for administrators", "jobs")
        (outbox,) = web.services.hub.outboxes
        await until(lambda: [channel.name for channel in outbox.channels] == ["ltp.TCS"])


async def test_signing_out_closes_the_sockets_of_that_session_within_a_second(web: Web) -> None:
    async with (
        web.client(bearer=False, headers=headers()) as one,
        web.client(bearer=False, headers=headers()) as two,
        web.client(bearer=False, headers=headers(session="s2")) as other,
    ):
        for client in (one, two, other):
            await client.ask(action="ping")
        await web.services.hot.end_session("sid", "s1")
        with anyio.fail_after(1):
            assert [await closed_with(client) for client in (one, two)] == [3500, 3500]
        assert (await other.ask(action="ping"))["action"] == "pong"


async def test_who_came_with_an_administrators_token_that_is_replaced_goes_with_it(
    hot: HotStore, durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.server.REFRESH_S", 0.1)
    await durable.keep_hash("admin_token", digest(TOKEN))
    async with (
        running_web(hot, durable, admin_token=None) as web,
        web.client() as operator,
        web.client(bearer=False, headers=headers()) as user,
    ):
        for client in (operator, user):
            assert (await client.ask(action="ping"))["action"] == "pong"
        await durable.keep_hash("admin_token", digest("another"))
        assert await closed_with(operator) == 3500
        assert (await web.get("/admin/tree")).status_code == 401
        assert (await user.ask(action="ping"))["action"] == "pong"


async def test_an_account_has_so_many_sockets_and_no_more(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, sockets_per_account=1) as web:
        async with web.client(bearer=False, headers=headers()) as first:
            await first.ask(action="ping")
            async with web.client(bearer=False, headers=headers(session="s2")) as second:
                assert (await second.receive())["code"] == 406
                assert await closed_with(second) == 3504
            async with web.client(bearer=False, headers=headers(user="u2")) as other:
                await other.ask(action="ping")
        await until(lambda: len(web.services.admission) == 0)
        async with web.client(bearer=False, headers=headers()) as again:
            await again.ask(action="ping")


async def test_an_address_has_so_many_clients_that_have_not_said_who_they_are(
    hot: HotStore, durable: DurableStore
) -> None:
    async with (
        running_web(hot, durable, sockets_per_address=1) as web,
        web.client(bearer=False) as unknown,
        web.client() as known,
    ):
        await known.ask(action="ping")
        async with web.client(bearer=False) as refused:
            assert await closed_with(refused) == 3504
        await unknown.ask(action="auth", token=TOKEN)
        async with web.client(bearer=False) as next_one:
            assert (await next_one.ask(action="ping"))["action"] == "pong"


async def test_who_is_on_the_public_feed_may_sign_in_later(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, public_feed=True) as web, web.client(bearer=False) as client:
        assert (await client.ask(action="subscribe", channels=["alerts"]))["results"][0]["error"]["code"] == 409
        assert (await client.ask(action="auth", token=token()))["ok"]
        assert (await client.ask(action="subscribe", channels=["alerts"]))["results"][0]["ok"]


async def test_a_client_that_answers_no_ping_is_cut_off(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one whose network has gone: nothing comes from it, not even the answer to our goodbye."""
    monkeypatch.setattr("web.sockets.line.CLOSE_GRACE_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ("GET /ws HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    writer.write("\r\n".join([*lines, f"Sec-WebSocket-Key: {key}", f"Authorization: Bearer {TOKEN}", "", ""]).encode())
    with anyio.fail_after(5):
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
    await until(lambda: len(web.services.hub.outboxes) == 1)
    (outbox,) = web.services.hub.outboxes
    assert max(outbox.line.listen() for _ in range(4)) >= 3
    outbox.close(3012, "no pong")
    with anyio.fail_after(5):
        while await reader.read(1024):
            pass
    writer.close()
    await until(lambda: len(web.services.admission) == 0)


async def test_operators_see_what_became_of_each_clients_updates(web: Web, engine: Engine) -> None:
    async with web.client(bearer=False, headers=headers()) as client:
        await client.ask(type="subscribe", channel="dashboard_updates", keys=["NSE:TCS"])
        await engine.trade(2.0, "TCS")
        await client.until(lambda message: message["type"] == "screener_ltp_update")
        processes: dict[str, Any] = {}
        with anyio.fail_after(5):
            while "web-1" not in processes:  # it shows itself every second
                processes = (await web.get("/admin/clients")).json()["processes"]
        (told,) = processes["web-1"]
    assert (told["client"], told["dialect"], told["channels"]) == ("user:u1", "screener", 1)
    assert told["published"] == told["delivered"] + told["conflated"] + told["dropped"] + told["waiting"] > 0
