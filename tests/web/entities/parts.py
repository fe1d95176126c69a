"""How the tests of entities speak: as the administrator, and with the least that each entity needs."""

from typing import Any

import httpx

from tests.web.process import BEARER, Web


async def send(web: Web, method: str, path: str, body: Any = None, **arguments: Any) -> httpx.Response:
    return await web.http.request(method, path, json=body, params=arguments or None, headers=BEARER)


async def made(web: Web, path: str, **body: Any) -> dict[str, Any]:
    answered = await send(web, "POST", path, body)
    assert answered.status_code == 201, answered.text
    return answered.json()


async def listed(web: Web, path: str, **arguments: Any) -> list[dict[str, Any]]:
    """All pages together."""
    rows: list[dict[str, Any]] = []
    token = ""
    while True:
        answered = await web.get(path, page_token=token, **arguments)
        assert answered.status_code == 200, answered.text
        rows += answered.json()["items"]
        token = answered.json()["next_page_token"]
        if token is None:
            return rows


def exchange(code: str = "LSE", **more: Any) -> dict[str, Any]:
    hours = {"market_open_time": "08:00:00", "market_close_time": "16:30:00"}
    return {
        "code": code,
        "name": "London",
        "timezone": "Europe/London",
        "country": "GB",
        "currency": "GBP",
        **hours,
        **more,
    }


async def an_exchange(web: Web, code: str = "LSE") -> int:
    return (await made(web, "/exchange/", **exchange(code)))["id"]


async def a_share(web: Web, exchange_id: int, symbol: str = "VOD", **more: Any) -> dict[str, Any]:
    return await made(
        web, "/instruments/", exchange_id=exchange_id, symbol=symbol, kind="equity", tick_size=0.01, **more
    )
