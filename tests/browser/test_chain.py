"""The option chain in a browser, of contracts that the small simulated exchange does not list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.looks import faults

pytestmark = pytest.mark.anyio

STRIKES = range(10_000, 40_000, 100)
"""Many more than are in sight, with the price of the index somewhere among them."""
SOON = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
LATER = (datetime.now(UTC) + timedelta(days=33)).date().isoformat()


async def test_the_strikes_are_drawn_around_the_money_for_each_expiry(ann: Page) -> None:
    await ann.route("**/instruments/?kind=option**", _contracts)
    await ann.goto("/chain/NSE:NIFTY")
    table = ann.get_by_role("region", name="Strikes").get_by_role("table")
    await expect(table.get_by_role("rowheader", name="at the money")).to_be_in_viewport()
    assert await table.get_by_role("row").count() < len(STRIKES) / 2
    assert await faults(ann) == []

    await ann.get_by_label("Expiry").select_option(LATER)
    await expect(table.get_by_role("rowheader", name="at the money")).to_be_in_viewport()
    await expect(table.locator(f"[data-instrument*='{LATER}']").first).to_be_visible()


async def _contracts(route: Route) -> None:
    items = [_contract(strike, kind, expiry) for strike in STRIKES for kind in ("CE", "PE") for expiry in (SOON, LATER)]
    start = int((route.request.url.partition("page_token=")[2]) or 0)
    rest = start + 1_000
    await route.fulfill(json={"items": items[start:rest], "next_page_token": str(rest) if rest < len(items) else None})


def _contract(strike: int, kind: str, expiry: str) -> dict[str, Any]:
    symbol = f"NIFTY{expiry}{strike}{kind}"
    return {
        "instrument": f"NFO:{symbol}",
        "symbol": symbol,
        "exchange": "NFO",
        "kind": "option",
        "name": symbol,
        "lot_size": 75,
        "tick_size": 0.05,
        "expiry": expiry,
        "strike": strike,
        "option_type": kind,
        "underlying": "NIFTY",
    }
