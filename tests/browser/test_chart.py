"""The chart in a browser: what it shows is what the API has, also after its socket was killed while history was healed."""

import os
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import anyio
import msgspec
import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.browser.complaints import Complaints
from tests.browser.looks import faults
from tests.browser.site import Site
from tests.launcher.whole import CANARY

pytestmark = pytest.mark.anyio

INSTRUMENT = "NSE:RELIANCE"
HOLLOW = "NSE:HDFCBANK"
"""Nobody else looks at its past, which would fill it."""
SPLIT = "NSE:SBIN"
FEED = "/admin/actors/engine/engine/feeds/simulator"
KOLKATA_MS = 19_800_000
"""How far the exchange's clock is ahead: its hours begin with the half."""
SHOWN = 100
"""Rows of the table, the newest candles."""
FUTURE_MS = 1_900_000_200_000
"""Later than all that the engine has to tell meanwhile."""
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
PATIENCE_S = 90
"""At first the provider's history of a year is read, which revises what stands there."""
SHOWN_ROWS = """rows => rows.map(row => [
    Number(row.dataset.time), row.dataset.state,
    ...[...row.querySelectorAll("td")].slice(0, 5).map(cell => Number(cell.textContent.replaceAll(",", ""))),
])"""

HEALED_MS = 120_000
"""The provider has a minute's history when the minute is over, and the feed came back in the middle of one."""

Row = tuple[int | float | str, ...]


class Sockets:
    """The page's sockets, through our hands: let through, or ended as by a server that goes away."""

    def __init__(self) -> None:
        self._is_away = False
        self._opened: list[WebSocketRoute] = []

    async def listen(self, page: Page) -> None:
        await page.route_web_socket("**/ws", self._pass_on)

    async def kill(self) -> None:
        """The one that is open, and all that come after it."""
        self._is_away = True
        await self._opened[-1].close(code=1012, reason="the server is restarted")

    def push(self, *candles: dict[str, Any]) -> None:
        """As if the server had sent them."""
        told = [{"channel": f"candle.{INSTRUMENT}.5m", "offset": None, "data": candle} for candle in candles]
        self._opened[-1].send(msgspec.msgpack.encode(told))

    def let_through(self) -> None:
        self._is_away = False

    async def _pass_on(self, socket: WebSocketRoute) -> None:
        if self._is_away:
            await socket.close(code=1013, reason="the server is away")
        else:
            socket.connect_to_server()
            self._opened.append(socket)


async def test_the_chart_outlives_its_socket_and_shows_what_the_api_has(ann: Page, site: Site) -> None:
    sockets = Sockets()
    await sockets.listen(ann)
    await _open_table(ann, INSTRUMENT)
    said = ann.get_by_role("status", name="Chart")
    await sockets.kill()
    await expect(said).to_contain_text("The live connection is away")
    sockets.let_through()
    await expect(said).not_to_contain_text("The live connection is away")
    await _until_equal(ann, site)


async def test_a_hole_of_yesterday_is_healed_on_the_open_chart(ann: Page, site: Site) -> None:
    """A site that was just set up has today's candles only; an operator's scan gets those that are asked for."""
    first_ms = _hour_ms(30)
    await _open_table(ann, HOLLOW, "1h")
    hole = ann.locator(", ".join(f'tr[data-time="{first_ms + place * HOUR_MS}"]' for place in range(3)))
    await expect(hole).to_have_count(0)

    stretch = {"start": _iso(first_ms), "end": _iso(first_ms + 3 * HOUR_MS), "symbols": [HOLLOW]}
    await _command(ann, site, "/admin/scan", stretch)

    await expect(hole).to_have_count(3)
    await _until_equal(ann, site, HOLLOW, "1h")


@pytest.mark.skipif(
    "TICKTREE_TEST_LONG" not in os.environ, reason="a minute is lost and healed in three: set TICKTREE_TEST_LONG=1"
)
async def test_a_minute_without_a_feed_is_healed_on_the_chart_without_a_hole(ann: Page, site: Site) -> None:
    await _open_table(ann, INSTRUMENT)
    await _command(ann, site, f"{FEED}/stop")
    lost_ms = (_now_ms() // MINUTE_MS + 1) * MINUTE_MS
    lost = ann.locator(f'tr[data-time="{lost_ms}"]')
    while _now_ms() < lost_ms + MINUTE_MS:
        await anyio.sleep(1)
    await expect(lost).to_have_count(0)
    await _command(ann, site, f"{FEED}/restart")

    await expect(lost).to_have_attribute("data-state", re.compile("final|revised"), timeout=HEALED_MS)
    shown = await _until_equal(ann, site)
    newest = [int(row[0]) for row in shown[:5]]
    assert newest == [newest[0] - place * MINUTE_MS for place in range(5)]


async def test_the_chart_is_drawn_and_accessible(ann: Page) -> None:
    await ann.goto(f"/chart/{quote(INSTRUMENT)}?range=1y")
    picture = ann.get_by_role("region", name=f"{INSTRUMENT}, candles")
    await expect(picture.locator("canvas").first).to_be_visible()
    await picture.press("Home")
    await expect(ann.get_by_text("candles since")).to_be_visible()
    assert await faults(ann) == []
    await ann.get_by_role("button", name="Show as table").click()
    assert await faults(ann) == []


@pytest.mark.parametrize("count", [50, 6_000])
async def test_candles_of_the_past_are_drawn_anew_without_errors(ann: Page, count: int) -> None:
    sockets = Sockets()
    await sockets.listen(ann)
    known = {place: _candle(place) for place in range(count)}
    await ann.route("**/api/v1/chart/**", lambda route: route.fulfill(json=_year(known)))
    await ann.goto(f"/chart/{quote(INSTRUMENT)}?range=1y")
    await ann.get_by_role("button", name="5m", exact=True).click()
    await expect(ann.get_by_text("1 gap among the candles")).to_be_visible()
    changes = {
        count - 2: _candle(count - 2, close=111, rev=1),
        count // 2: _candle(count // 2, close=112, rev=1),
        -7: _candle(-7, close=113, rev=1),
        count: _candle(count, close=114),
    }
    known |= changes
    sockets.push(*changes.values())
    await expect(ann.get_by_label("Candle", exact=True)).to_contain_text("114.0")
    await ann.get_by_role("button", name="Show as table").click()
    await expect(ann.locator(f'tr[data-time="{changes[count - 2]["time"]}"]')).to_contain_text("revised, revision 1")


async def test_after_a_split_earlier_prices_are_shown_as_the_api_adjusts_them(ann: Page, site: Site) -> None:
    today = datetime.fromtimestamp((_now_ms() + KOLKATA_MS) / 1000, UTC).date().isoformat()
    split = {"symbol": SPLIT, "ex_date": today, "kind": "split", "ratio": 5}
    await _command(ann, site, "/api/v1/corporate_actions/", split)
    await _open_table(ann, SPLIT, "1h")
    first_ms = _hour_ms(30)
    hole = {"start": _iso(first_ms), "end": _iso(first_ms + HOUR_MS), "symbols": [SPLIT]}
    await _command(ann, site, "/admin/scan", hole)
    before = ann.locator(f'tr[data-time="{first_ms}"]')
    await expect(before).to_have_count(1)
    traded = {row[0]: row for row in await _until_equal(ann, site, SPLIT, "1h")}

    await ann.get_by_label("Prices").select_option("adjusted for splits")
    await expect(ann.get_by_text("Earlier prices are adjusted for splits")).to_be_visible()
    await expect(ann).to_have_url(re.compile("adjustment=split"))
    adjusted = {row[0]: row for row in await _until_equal(ann, site, SPLIT, "1h", "split")}

    assert adjusted[first_ms][-2] == pytest.approx(float(traded[first_ms][-2]) / 5, abs=0.01)


async def test_an_instrument_that_nobody_knows_is_told_of_and_another_is_found(
    ann: Page, complaints: Complaints
) -> None:
    complaints.expect(r"404 .*/udf/symbols")
    await ann.goto("/chart/NSE:NOBODY")
    await expect(ann.get_by_role("alert")).to_contain_text("There is no instrument called NSE:NOBODY")
    await ann.get_by_role("combobox").fill("RELIANCE")
    await expect(ann.get_by_role("option", name="RELIANCE NSE")).to_be_visible()
    await ann.get_by_role("combobox").press("Enter")
    await expect(ann.get_by_role("heading", level=1)).to_contain_text(INSTRUMENT)


def _candle(place: int, *, close: int = 110, rev: int = 0) -> dict[str, Any]:
    """A closed candle of five minutes, as it is pushed."""
    prices = {"open": 100, "high": 120, "low": 90, "close": close, "volume": 7, "oi": None}
    about = {"instrument": INSTRUMENT, "symbol": INSTRUMENT, "timeframe": "5m", "source": "simulator"}
    return about | prices | {"time": FUTURE_MS + place * 300_000, "state": "revised" if rev else "final", "rev": rev}


def _year(known: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """What the API answers who asks for a year and there are these, between which some lack."""
    candles = [_bar(known[place]) for place in sorted(known)]
    gap = {"start": FUTURE_MS + 610_000, "end": FUTURE_MS + 620_000, "state": "missing", "reason": "missing"}
    told = {"complete": False, "gaps": [gap], "missing": [], "not_adjusted": [], "degraded": "", "data": "simulated"}
    return {"candles": candles, "forming": None, **told}


def _bar(candle: dict[str, Any]) -> dict[str, Any]:
    """The same as REST writes it."""
    short = {"t": "time", "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
    return {one: candle[name] for one, name in short.items()} | {
        name: candle[name] for name in ("oi", "state", "rev", "source")
    }


async def _open_table(page: Page, instrument: str, timeframe: str = "1m") -> None:
    await page.goto(f"/chart/{quote(instrument)}")
    await page.get_by_role("button", name=timeframe, exact=True).click()
    await page.get_by_role("button", name="Show as table").click()
    await expect(page.get_by_role("table").get_by_role("row").nth(1)).to_be_visible()


async def _command(page: Page, site: Site, path: str, wish: dict[str, Any] | None = None) -> None:
    """As the operator."""
    answered = await page.request.post(site.url + path, data=wish, headers={"Authorization": f"Bearer {CANARY}"})
    assert answered.ok, await answered.text()


async def _until_equal(
    page: Page, site: Site, instrument: str = INSTRUMENT, timeframe: str = "1m", adjustment: str = "raw"
) -> list[Row]:
    """Until the chart shows what the API has; that."""
    with anyio.fail_after(PATIENCE_S):
        while not (shown := await _shown(page)) or shown != await _had(page, site, instrument, timeframe, adjustment):
            await anyio.sleep(0.5)
    return shown


def _hour_ms(ago: int) -> int:
    """When an hour began at the exchange."""
    return (_now_ms() + KOLKATA_MS) // HOUR_MS * HOUR_MS - KOLKATA_MS - ago * HOUR_MS


def _now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


async def _shown(page: Page) -> list[Row]:
    """The closed candles of the table."""
    rows = await page.locator("tr[data-time]").evaluate_all(SHOWN_ROWS)
    return [tuple(row) for row in rows if row[1] != "forming"]


async def _had(page: Page, site: Site, instrument: str, timeframe: str, adjustment: str) -> list[Row]:
    """The closed ones of as many bars of the API."""
    answer = await page.request.get(
        f"{site.url}/api/v1/bars",
        params={
            "symbols": instrument,
            "timeframe": timeframe,
            "adjustment": adjustment,
            "limit": SHOWN,
            "sort": "desc",
            "start": _iso(_now_ms() - 7 * 24 * 60 * MINUTE_MS),
        },
        headers={"Authorization": f"Bearer {CANARY}"},
    )
    bars: list[dict[str, Any]] = (await answer.json())["bars"][instrument]
    return [
        (bar["t"], bar["state"], *(round(bar[name], 2) for name in ("o", "h", "l", "c")), bar["v"])
        for bar in bars
        if bar["state"] != "forming"
    ]
