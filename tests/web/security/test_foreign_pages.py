"""Foreign pages: whatever a browser adds to what they send, its session is of no use to them."""

import pytest
from websockets.exceptions import InvalidStatus

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.accounts.test_auth import registered, signed_in
from tests.web.conftest import running_web
from tests.web.process import Client, Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

EVIL = "https://evil.example"


async def cookie_of(web: Web) -> dict[str, str]:
    """What a browser that has signed in sends with everything, if no rule kept it from doing so."""
    await registered(web)
    response = await signed_in(web, client="browser")
    web.http.cookies.clear()
    return {"Cookie": response.headers["Set-Cookie"].partition(";")[0]}


async def refusal(client: Client) -> int:
    return (await client.ask(id=1, action="subscribe", channels=["ltp.TCS", "orders"]))["code"]


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", "http://127.0.0.1", "http://127.0.0.1:1", "http://evil.127.0.0.1", "file://", "//"]
)
async def test_a_foreign_page_opens_no_socket_with_the_cookie_of_somebody_who_has_signed_in(
    web: Web, origin: str
) -> None:
    headers = {**await cookie_of(web), "Origin": origin}
    with pytest.raises(InvalidStatus) as refused:
        async with web.client(bearer=False, headers=headers):
            pass
    assert refused.value.response.status_code == 403
    assert len(web.services.admission) == 0


async def test_a_cookie_alone_opens_nothing_from_wherever_it_comes(web: Web) -> None:
    """Programs send no origin, and pages of ours have one: neither is anybody by a cookie."""
    cookie = await cookie_of(web)
    for origin in ({}, {"Origin": f"http://127.0.0.1:{web.port}"}):
        async with web.client(bearer=False, headers={**cookie, **origin}) as client:
            assert await refusal(client) == 401


async def test_a_foreign_page_gets_no_ticket_and_reads_no_answer(web: Web) -> None:
    cookie = await cookie_of(web)
    for headers in (cookie, {**cookie, "Origin": EVIL}):
        await problem(await web.http.post("/auth/ws-ticket", headers=headers), 401)
        await problem(await web.http.post("/auth/refresh", headers=headers), 403)
        await problem(await web.http.post("/auth/logout", headers=headers), 403)
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for response in (
        await web.http.options("/auth/refresh", headers=asked),
        await web.http.get("/health", headers={"Origin": EVIL}),
    ):
        assert not any(name.lower().startswith("access-control-") for name in response.headers)


async def test_where_the_site_is_https_a_socket_without_it_is_refused(hot: HotStore, durable: DurableStore) -> None:
    """Its token would be read on the way."""
    async with running_web(hot, durable, public_url="https://ticks.example.org", trusted_proxies=1) as web:
        for scheme, welcome in (("https", True), ("http", False)):
            headers = {"X-Forwarded-Proto": scheme, "X-Forwarded-For": "10.0.0.9"}
            if welcome:
                async with web.client(headers=headers) as client:
                    assert (await client.ask(action="ping"))["action"] == "pong"
                continue
            with pytest.raises(InvalidStatus) as refused:
                async with web.client(headers=headers):
                    pass
            assert refused.value.response.status_code == 403


async def test_browsers_are_told_to_come_by_https_only_where_the_site_is(hot: HotStore, durable: DurableStore) -> None:
    name = "Strict-Transport-Security"
    async with running_web(hot, durable, public_url="https://ticks.example.org") as web:
        assert (await web.http.get("/health")).headers[name].startswith("max-age=")
    async with running_web(hot, durable) as web:
        assert name not in (await web.http.get("/health")).headers
