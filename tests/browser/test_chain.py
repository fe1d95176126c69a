"""The option chain in a browser: one that REST tells, with more strikes than are in sight and all that can go wrong with a leg."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.complaints import Complaints
from tests.browser.looks import faults

pytestmark = pytest.mark.anyio

STRIKES = range(25_000, 27_000, 50)
"""More than are in sight."""
NOW = datetime.now(UTC)
SOON, LATER = ((NOW + timedelta(days=days)).date().isoformat() for days in (3, 33))
AS_OF = int(NOW.timestamp() * 1_000)
MINUTE_MS = 60_000


@pytest.fixture
async def told(ann: Page) -> Page:
    """A page to which the chain is told by REST alone: the socket stays silent."""
    await ann.route_web_socket("**/ws", lambda _: None)
    await ann.route(re.compile("/api/v1/option_chain/"), _answer)
    return ann


async def test_the_strikes_are_drawn_around_the_money_for_each_expiry(told: Page) -> None:
    await told.goto("/chain/NSE:NIFTY")
    table = told.get_by_role("region", name="Strikes").get_by_role("table")
    await expect(table.get_by_role("rowheader", name="at the money")).to_be_in_viewport()
    assert await table.get_by_role("row").count() < len(STRIKES)
    await expect(told.get_by_text("told by simulator. No engine runs.")).to_be_visible()
    await expect(told.get_by_title("not known: there is no open interest")).to_contain_text("Put wall")
    await expect(told.get_by_title("2 h old")).to_contain_text("VIX")
    assert await faults(told) == []

    await told.get_by_label("Expiry").select_option(LATER)
    await expect(table.locator(f"[data-instrument*='{LATER}']").first).to_be_visible()
    await expect(table.get_by_role("rowheader", name="at the money")).to_be_in_viewport()


async def test_volatility_and_greeks_stand_beside_prices_and_what_lacks_says_why(told: Page) -> None:
    await told.goto("/chain/NSE:NIFTY?show=greeks")
    table = told.get_by_role("region", name="Strikes").get_by_role("table")
    await expect(_leg(table, 26_000, "CE", "iv")).to_have_text("12.5")
    await expect(_leg(table, 26_000, "CE", "delta")).to_have_text("0.51")
    lacking = _leg(table, 26_050, "PE", "iv")
    await expect(lacking).to_have_text("\N{EN DASH}below intrinsic")
    await expect(lacking).to_have_attribute("title", "below intrinsic")
    await expect(lacking).to_have_attribute("data-doubtful", "true")
    assert await faults(told) == []

    await told.get_by_role("button", name="Quotes").click()
    await expect(told).to_have_url(re.compile("show=quotes"))
    await expect(_leg(table, 26_050, "PE", "quality")).to_have_text("below intrinsic")
    await expect(_leg(table, 26_000, "PE", "age")).to_have_text("0.4 s")


async def test_the_charts_all_look_at_the_strike_that_keys_choose(told: Page) -> None:
    await told.goto("/chain/NSE:NIFTY?show=charts")
    interest = told.get_by_role("slider", name="Open interest", exact=True)
    await expect(interest).to_have_attribute("aria-valuetext", "26,000: Calls 1K, Puts 2K")
    await interest.focus()
    await told.keyboard.press("ArrowRight")
    smile = told.get_by_role("slider", name="Implied volatility")
    await expect(smile).to_have_attribute("aria-valuetext", "26,050: Calls 12.5, Puts \N{EN DASH}")
    await told.keyboard.press("Home")
    await expect(smile).to_have_attribute("aria-valuetext", re.compile("^25,500: "))
    await told.get_by_role("button", name="All", exact=True).click()
    await told.keyboard.press("Tab")
    await interest.focus()
    await told.keyboard.press("Home")
    await expect(smile).to_have_attribute("aria-valuetext", re.compile("^25,000: "))
    assert await faults(told) == []


async def test_a_minute_of_the_past_is_looked_at_as_it_was(told: Page) -> None:
    await told.goto("/chain/NSE:NIFTY?show=history")
    straddle = told.get_by_role("slider", name="Straddle at the money")
    await expect(straddle).to_have_attribute("aria-valuetext", re.compile("Straddle 242.00$"))
    assert await faults(told) == []
    await told.get_by_role("button", name="A week").click()
    await expect(straddle).to_have_attribute("aria-valuetext", re.compile(r"^\d\d-\d\d \d\d:\d\d: "))
    await straddle.focus()
    await told.keyboard.press("Home")
    await told.get_by_role("button", name=re.compile("Show the chain at")).click()
    await told.get_by_role("button", name="Interest").click()
    say = told.get_by_role("status", name="Chain")
    await expect(say).to_contain_text("This is how it was at")
    await expect(told.get_by_text("25,111.00")).to_be_visible()
    await told.get_by_role("button", name="Back to now").click()
    await expect(told.get_by_text("26,012.00")).to_be_visible()


async def test_a_chain_that_can_not_be_had_says_why_and_comes_when_it_can(ann: Page, complaints: Complaints) -> None:
    complaints.expect("503 .*/api/v1/option_chain")
    await ann.route_web_socket("**/ws", lambda _: None)
    await ann.route(re.compile("/api/v1/option_chain/.*/expiries"), _answer)
    refused = {"detail": "no engine runs", "status_code": 503, "code": "not_available", "errors": []}
    chain = re.compile(r"/api/v1/option_chain/[^/]*\?")
    await ann.route(chain, lambda route: route.fulfill(status=503, json=refused))
    await ann.goto("/chain/NSE:NIFTY")
    await expect(ann.get_by_text("No engine runs. Trying again…")).to_be_visible()
    await ann.unroute(chain)
    await ann.route(chain, _answer)
    await expect(ann.get_by_role("region", name="Strikes")).to_be_visible()


def _leg(table: Locator, strike: int, side: str, field: str) -> Locator:
    return table.locator(f"[data-instrument='NFO:{SOON}-{strike}-{side}'][data-field='{field}']")


async def _answer(route: Route) -> None:
    url = route.request.url
    if "/expiries" in url:
        items = [
            {"expiry": expiry, "expires_at": AS_OF + days * 86_400_000, "strikes": len(STRIKES)}
            for expiry, days in ((SOON, 3), (LATER, 33))
        ]
        return await route.fulfill(json={"underlying": "NSE:NIFTY", "timezone": "Asia/Kolkata", "items": items})
    if "/history" in url:
        start = SOON if "days=1&" in f"{url}&" else "2026-01-01"
        minutes = [_figures(AS_OF - (2 - at) * MINUTE_MS, 26_010.0 + at) | {"straddle": 240.0 + at} for at in range(3)]
        return await route.fulfill(
            json={"start_date": start, "end_date": SOON, "timezone": "Asia/Kolkata", "items": minutes}
        )
    spot = 26_012.0 if url.endswith("at=") else 25_111.0
    expiry = LATER if f"expiry={LATER}" in url else SOON
    return await route.fulfill(json=_figures(AS_OF, spot) | _chain(expiry))


def _figures(as_of: int, spot: float) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "spot": spot,
        "future_price": 26_030.0,
        "forward": 26_030.0,
        "vix": 13.25,
        "atm": 26_000.0,
        "atm_iv": 12.5,
        "straddle": 240.0,
        "ce_oi": 40_000,
        "pe_oi": 80_000,
        "pcr_oi": 2.0,
        "pcr_volume": 1.5,
        "max_pain": 25_950.0,
        "reasons": {"pe_walls": "no_interest"},
    }


def _chain(expiry: str) -> dict[str, Any]:
    return {
        "underlying": "NSE:NIFTY",
        "expiry": expiry,
        "day": "2026-11-20",
        "previous_day": "2026-11-19",
        "expires_at": AS_OF + 3 * 86_400_000,
        "future": "NFO:NIFTY24NOV26FUT",
        "forward_source": "future",
        "spot_age_ms": 300,
        "future_age_ms": 500,
        "forward_age_ms": 500,
        "vix_age_ms": 7_200_000,
        "rate": 6.5,
        "ce_volume": 1,
        "pe_volume": 1,
        "ce_walls": [{"strike": 26_100.0, "oi": 9_000}],
        "pe_walls": [],
        "strikes": [
            {"strike": float(strike), "ce": _option(expiry, strike, "CE"), "pe": _option(expiry, strike, "PE")}
            for strike in STRIKES
        ],
        "provider": "simulator",
        "degraded": "no engine runs",
    }


def _option(expiry: str, strike: int, side: str) -> dict[str, Any]:
    doubtful = (strike, side) == (26_050, "PE")
    return {
        "instrument": f"NFO:{expiry}-{strike}-{side}",
        "ltp": 120.5,
        "bid": 120.0,
        "ask": 121.0,
        "volume": 75_000,
        "oi": 1_000 if side == "CE" else 2_000,
        "oi_change": 150,
        "oi_change_open": -75,
        "previous_close": 110.0,
        "iv": None if doubtful else 12.5,
        "delta": None if doubtful else 0.51,
        "gamma": None if doubtful else 0.00123,
        "theta": None if doubtful else -8.25,
        "vega": None if doubtful else 11.4,
        "reason": "below_intrinsic" if doubtful else None,
        "quote_age_ms": 400,
        "quality": "below_intrinsic" if doubtful else "good",
        "build_up": "long_build_up",
        "polled": doubtful,
    }
