"""Answers that reach beyond the days a calendar knows say so, call nothing missing there, and never call it complete."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from engine.market import Calendar, Calendars
from engine.storage.durable import DurableStore
from tests.market.builders import at
from tests.web.engine import candle
from tests.web.process import Web
from web.known_days import borders, narrowest

ALWAYS = {name: ["00:00-24:00"] for name in ("monday", "tuesday", "wednesday", "thursday", "friday")}
ABOUT = {"code": "NSE", "name": "x", "timezone": "Asia/Kolkata", "country": "IN", "currency": "INR", "hours": ALWAYS}
TUESDAY, WEDNESDAY, THURSDAY = "2026-11-17", "2026-11-18", "2026-11-19"


def known(since: str, through: str) -> Calendars:
    valid = {"valid_from": date.fromisoformat(since), "valid_through": date.fromisoformat(through)}
    return Calendars(lambda _: {**ABOUT, **valid})


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("2026-11-17 00:00", "2026-11-19 00:00", {}),
        ("2026-11-16 23:59", "2026-11-19 00:00", {"calendar_valid_from": TUESDAY}),
        ("2026-11-17 00:00", "2026-11-19 00:01", {"calendar_valid_through": WEDNESDAY}),
        ("2026-01-01 00:00", "2026-12-31 00:00", {"calendar_valid_from": TUESDAY, "calendar_valid_through": WEDNESDAY}),
        ("2026-12-31 00:00", "2026-12-31 00:00", {}),
    ],
)
def test_a_border_is_told_where_a_range_passes_it(start: str, end: str, told: dict[str, str]) -> None:
    assert borders(known(TUESDAY, WEDNESDAY).of("NSE:A"), at(start), at(end)) == told


def test_an_exchange_that_never_closes_has_no_borders() -> None:
    assert borders(Calendar.continuous(), 0, at("2200-01-01", ZoneInfo("UTC"))) == {}


def test_of_several_exchanges_the_days_that_all_know_are_told() -> None:
    assert narrowest([]) == narrowest([{}, {}]) == {}
    several = [
        {"calendar_valid_through": "2026-12-31"}, {},
        {"calendar_valid_through": "2027-12-31", "calendar_valid_from": "2024-01-01"}, {"calendar_valid_from": "2025-01-01"},
    ]  # fmt: skip
    assert narrowest(several) == {"calendar_valid_from": "2025-01-01", "calendar_valid_through": "2026-12-31"}


async def answered(web: Web, calendars: Calendars, path: str, **arguments: Any) -> dict[str, Any]:
    web.services.directory.replace(msgspec.structs.replace(web.services.directory.listing, calendars=calendars))
    response = await web.get(path, **arguments)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.anyio
async def test_bars_of_unknown_days_are_shown_and_neither_complete_nor_lacking(web: Web, durable: DurableStore) -> None:
    await durable.save([candle(minute) for minute in (0, 1, 2, 5)])
    wish = {"start": "2026-11-18T11:27:00Z", "end": "2026-11-18T11:32:00Z", "timeframe": "1m"}
    bars, intraday = ("/api/v1/bars", "symbols"), ("/marketdata/intraday", "symbol")
    for path, name in (bars, intraday):
        ends = wish if path == bars[0] else {"start_date": wish["start"], "end_date": wish["end"], "timeframe": "1m"}
        body = await answered(web, known(TUESDAY, TUESDAY), path, **{name: "RELIANCE"}, **ends)
        assert (body["complete"], body["gaps"]) == (False, [])
        assert body["calendar_valid_through"] == TUESDAY
        assert len(body["items"] if path == intraday[0] else body["bars"]["RELIANCE"]) == 4
        body = await answered(web, known(THURSDAY, THURSDAY), path, **{name: "RELIANCE"}, **ends)
        assert (body["complete"], body["gaps"], body["calendar_valid_from"]) == (False, [], THURSDAY)
        body = await answered(web, known(WEDNESDAY, WEDNESDAY), path, **{name: "RELIANCE"}, **ends)
        assert len(body["gaps"]) == 1
        assert not {"calendar_valid_from", "calendar_valid_through"} & set(body)
    await durable.save([candle(minute) for minute in (3, 4)])
    body = await answered(web, known(WEDNESDAY, WEDNESDAY), bars[0], symbols="RELIANCE", **wish)
    assert (body["complete"], body["gaps"]) == (True, [])


@pytest.mark.anyio
async def test_completeness_counts_the_days_that_are_known_and_says_which_those_are(web: Web) -> None:
    wish = {"symbol": "RELIANCE", "start": TUESDAY, "end": THURSDAY}
    [row] = (await answered(web, known("2026-01-01", WEDNESDAY), "/api/v1/completeness", **wish))["items"]
    assert [session["date"] for session in row["sessions"]] == [TUESDAY, WEDNESDAY]
    assert (row["missing"], row["calendar_valid_through"]) == (2 * 1440, WEDNESDAY)
    [row] = (await answered(web, known("2026-01-01", THURSDAY), "/api/v1/completeness", **wish))["items"]
    assert (row["missing"], "calendar_valid_through" in row) == (3 * 1440, False)


@pytest.mark.anyio
async def test_a_chart_that_reaches_beyond_the_known_days_is_not_called_complete(web: Web) -> None:
    body = await answered(web, known("2026-01-01", TUESDAY), "/api/v1/chart/RELIANCE", timeframe="1h", range="5d")
    assert (body["complete"], body["calendar_valid_through"]) == (False, TUESDAY)
