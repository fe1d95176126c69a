"""Revalidation: an answer that has not changed is not sent again."""

import pytest

from tests.web.engine import candle
from tests.web.process import BEARER, Web

pytestmark = pytest.mark.anyio

PATHS = (
    "/marketdata/intraday?symbol=RELIANCE&timeframe=1m&start_date=2026-11-18&end_date=2026-11-18",
    "/marketdata/daily?symbol=RELIANCE&start_date=2026-11-18&end_date=2026-11-18",
    "/api/v1/bars?symbols=RELIANCE&start=2026-11-18&end=2026-11-18",
    "/api/v1/quarantine/",
    "/jobs/",
    "/exchange/",
    "/instruments/",
)


@pytest.mark.parametrize("path", PATHS)
async def test_who_has_it_already_is_told_so(web: Web, path: str) -> None:
    await web.services.durable.save([candle(minute) for minute in range(60)])
    first = await web.http.get(path, headers=BEARER)
    assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
    tag = first.headers["ETag"]
    for shown in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await web.http.get(path, headers={**BEARER, "If-None-Match": shown})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert "Content-Encoding" not in again.headers
    packed = await web.http.get(path, headers={**BEARER, "Accept-Encoding": "identity"})
    assert (packed.headers["ETag"], packed.json()) == (tag, first.json()), "however it is packed"


async def test_what_has_changed_is_sent(web: Web) -> None:
    await web.services.durable.save([candle(0)])
    tag = (await web.http.get(PATHS[0], headers=BEARER)).headers["ETag"]
    await web.services.durable.save([candle(1)])
    again = await web.http.get(PATHS[0], headers={**BEARER, "If-None-Match": tag})
    assert (again.status_code, len(again.json()["items"])) == (200, 2)
    assert again.headers["ETag"] != tag


async def test_a_tag_admits_nobody_and_errors_have_none(web: Web) -> None:
    tag = (await web.http.get(PATHS[0], headers=BEARER)).headers["ETag"]
    refused = await web.http.get(PATHS[0], headers={"If-None-Match": tag})
    assert (refused.status_code, refused.headers.get("ETag"), refused.headers["Cache-Control"]) == (
        401,
        None,
        "no-store",
    )
    assert "ETag" not in (await web.http.get("/marketdata/intraday", headers=BEARER)).headers


async def test_live_prices_and_secrets_are_kept_by_nobody(web: Web) -> None:
    for path in ("/api/v1/current_prices?keys=TCS", "/admin/tree", "/auth/me"):
        assert (await web.http.get(path, headers=BEARER)).headers["Cache-Control"] == "no-store"
