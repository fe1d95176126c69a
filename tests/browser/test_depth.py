"""The depth beside the chart in a browser: as a socket pushes it, and why there is none where there is none."""

import re
import time
from typing import Any

import anyio
import msgspec
import pytest
from playwright.async_api import Locator, Page, Route, WebSocketRoute, expect

from tests.browser.looks import faults

pytestmark = pytest.mark.anyio

INSTRUMENT = "NSE:RELIANCE"
CHANNEL = f"depth.{INSTRUMENT}"
LEVELS = 20
PATIENCE_S = 20
DEPTH = re.compile("/api/v1/depth/")


class Pushing:
    """The page's socket, answered by us: whatever is asked for is followed, and we push."""

    def __init__(self) -> None:
        self.is_followed = anyio.Event()
        self.is_left = anyio.Event()
        self._socket: WebSocketRoute | None = None

    async def listen(self, page: Page) -> None:
        await page.route_web_socket("**/ws", self._open)

    def push(self, book: dict[str, Any]) -> None:
        self._send({"channel": CHANNEL, "offset": None, "data": book})

    def _open(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        socket.on_message(self._heard)

    def _heard(self, message: str | bytes) -> None:
        told: dict[str, Any] = msgspec.msgpack.decode(message)
        action, channels = told["action"], told.get("channels", [])
        if CHANNEL in channels:
            (self.is_followed if action == "subscribe" else self.is_left).set()
        if action != "auth":
            self._send({"id": told["id"], "action": action, "results": [], "channels": channels, "position": None})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._socket is not None, "no page has connected"
        self._socket.send(msgspec.msgpack.encode(message))


@pytest.fixture
async def socket(ann: Page) -> Pushing:
    pushing = Pushing()
    await pushing.listen(ann)
    return pushing


async def test_twenty_levels_beside_the_chart_are_followed_until_they_are_closed(ann: Page, socket: Pushing) -> None:
    await ann.route(DEPTH, lambda route: _answer(route, _book()))
    await ann.goto(f"/chart/{INSTRUMENT}")
    button = ann.get_by_role("button", name="Depth")
    await button.press("Enter")
    panel = ann.get_by_role("region", name=f"Depth of {INSTRUMENT}")
    await expect(_levels(panel, "Bids")).to_have_count(LEVELS)
    await expect(_levels(panel, "Asks").first).to_have_text("1,300.11,0001")
    await expect(panel).to_contain_text("simulated, told by simulator")
    await expect(ann).to_have_url(re.compile("depth=20"))
    assert await faults(ann) == []

    with anyio.fail_after(PATIENCE_S):
        await socket.is_followed.wait()
    socket.push(_book(best=1_299.0))
    await expect(_levels(panel, "Bids").first).to_have_text("11,0001,298.9")

    await button.click()
    await expect(panel).to_have_count(0)
    with anyio.fail_after(PATIENCE_S):
        await socket.is_left.wait()


@pytest.mark.usefixtures("socket")
async def test_a_depth_that_can_not_be_had_says_why(ann: Page) -> None:
    nothing = {"bids": [], "asks": [], "ts_recv": None, "age_ms": None, "failed": "depth is of shares of NSE only"}
    await ann.route(DEPTH, lambda route: _answer(route, _book() | nothing))
    await ann.goto(f"/chart/{INSTRUMENT}?depth=20")
    panel = ann.get_by_role("region", name=f"Depth of {INSTRUMENT}")
    await expect(panel.get_by_role("status")).to_have_text("Depth is of shares of NSE only.")
    await expect(panel.get_by_role("table")).to_have_count(0)
    assert await faults(ann) == []


def _levels(panel: Locator, side: str) -> Locator:
    return panel.get_by_role("table", name=side).locator("tbody").get_by_role("row")


async def _answer(route: Route, book: dict[str, Any]) -> None:
    told = {"symbol": INSTRUMENT, "age_ms": 0, "levels": LEVELS, "failed": ""}
    await route.fulfill(json=told | book)


def _book(best: float = 1_300.0) -> dict[str, Any]:
    """Twenty levels a side, just received."""
    places = range(1, LEVELS + 1)
    return {
        "instrument": INSTRUMENT,
        "bids": [_level(best - place * 0.1, place) for place in places],
        "asks": [_level(best + place * 0.1, place) for place in places],
        "ts_recv": int(time.time() * 1_000),
        "source": "simulator",
        "data": "simulated",
    }


def _level(price: float, place: int) -> dict[str, Any]:
    return {"price": round(price, 2), "quantity": place * 1_000, "orders": place}
