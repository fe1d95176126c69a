"""Instruments and their mappings over REST: the symbol and the columns say the same, and days do not overlap."""

from typing import Any

import pytest

from tests.web.entities.parts import a_share, an_exchange, listed, made, send
from tests.web.process import Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

OPTION = {"symbol": "VOD26NOV26110CE", "kind": "option", "tick_size": 0.05, "lot_size": 1000}


async def test_what_the_symbol_of_a_derivative_says_need_not_be_said_again(web: Web) -> None:
    number = await an_exchange(web)
    row = await made(web, "/instruments/", exchange_id=number, **OPTION)
    assert (row["expiry"], row["strike"], row["option_type"], row["underlying"]) == ("2026-11-26", 110.0, "CE", "VOD")
    assert (row["exchange"], row["instrument"], row["name"]) == ("LSE", "LSE:VOD26NOV26110CE", "VOD26NOV26110CE")
    future = await made(
        web,
        "/instruments/",
        exchange_id=number,
        symbol="vod31dec26fut",
        kind="future",
        tick_size=0.05,
        underlying="VOD",
    )
    assert (future["symbol"], future["expiry"]) == ("VOD31DEC26FUT", "2026-12-31")
    endless = await made(web, "/instruments/", exchange_id=number, symbol="VOD1!", kind="future", tick_size=0.05)
    assert (endless["underlying"], endless["expiry"]) == ("VOD", None)
    assert [row["symbol"] for row in await listed(web, "/instruments/", underlying="LSE:VOD", expiry="2026-11-26")] == [
        "VOD26NOV26110CE"
    ]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"strike": 120}, "strike"),
        ({"expiry": "2026-11-27"}, "expiry"),
        ({"option_type": "PE"}, "option_type"),
        ({"underlying": "BT"}, "underlying"),
        ({"kind": "future"}, "kind"),
        ({"kind": "equity"}, "kind"),
        ({"kind": "bond"}, "kind"),
        ({"symbol": "VOD", "kind": "option"}, "symbol"),
        ({"symbol": "VOD", "kind": "equity", "expiry": "2026-11-26"}, "expiry"),
        ({"symbol": "VOD:VOD"}, "symbol"),
        ({"symbol": "VOD31FEB26FUT"}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "()"}, "symbol"),
        ({"tick_size": 0}, "tick_size"),
        ({"tick_size": "0.05"}, "tick_size"),
        ({"lot_size": 0}, "lot_size"),
        ({"exchange_id": 2_000_000_000}, "exchange_id"),
        ({"exchange_id": 2**31}, "exchange_id"),
        ({"sector_id": 2_000_000_000}, "sector_id"),
        ({"name": "\u0000"}, "name"),
    ],
)
async def test_an_instrument_that_can_not_be_is_refused_by_the_field(
    web: Web, changes: dict[str, Any], named: str
) -> None:
    body = {"exchange_id": await an_exchange(web), **OPTION, **changes}
    told = await problem(await send(web, "POST", "/instruments/", body), 400)
    assert told["errors"][0].startswith(f"{named}: ")


async def test_an_instrument_keeps_the_name_its_history_is_known_by(web: Web) -> None:
    number = await an_exchange(web)
    row = await a_share(web, number)
    body = {"exchange_id": number, "symbol": "vod", "kind": "equity", "tick_size": 0.05, "name": "Vodafone"}
    changed = (await send(web, "PUT", f"/instruments/{row['id']}", body)).json()
    assert (changed["symbol"], changed["name"], changed["tick_size"]) == ("VOD", "Vodafone", 0.05)
    told = await problem(await send(web, "PUT", f"/instruments/{row['id']}", {**body, "symbol": "BT"}), 409)
    assert told["detail"].startswith("symbol: the instrument stays LSE:VOD")


async def test_they_are_found_by_what_they_are_and_what_they_are_called(web: Web) -> None:
    number = await an_exchange(web)
    sector = (await made(web, "/sectors/", name="Telephones"))["id"]
    await a_share(web, number, "VOD", name="Vodafone", sector_id=sector)
    await a_share(web, number, "AVON", name="Avon")
    await made(web, "/instruments/", exchange_id=number, symbol="FTSE", kind="index", tick_size=0.01)

    async def symbols(**arguments: Any) -> list[str]:
        return [row["symbol"] for row in await listed(web, "/instruments/", exchange_id=number, **arguments)]

    assert await symbols() == ["AVON", "FTSE", "VOD"]
    assert await symbols(q="vo") == ["VOD", "AVON"]
    assert await symbols(q="fone") == ["VOD"]
    assert await symbols(kind="index") == ["FTSE"]
    assert await symbols(sector_id=sector) == ["VOD"]
    for arguments in (
        {"kind": "bond"},
        {"expiry": "soon"},
        {"exchange_id": 0},
        {"q": "a\x00"},
        {"expiry": "2026-02-30"},
    ):
        await problem(await web.get("/instruments/", **arguments), 400)


async def test_a_provider_knows_an_instrument_by_one_token_at_a_time(web: Web) -> None:
    number = await an_exchange(web)
    vod, avon = await a_share(web, number), await a_share(web, number, "AVON")
    path = f"/provider/{(await made(web, '/provider/', name='reuters'))['id']}/mappings"
    first = {"instrument_id": vod["id"], "segment": "LSE", "provider_symbol": "VOD.L", "valid_from": "2026-01-01"}
    row = await made(web, path, **first, valid_to="2026-03-01")
    assert (row["instrument"], row["valid_to"], row["is_active"]) == ("LSE:VOD", "2026-03-01", True)
    told = await problem(await send(web, "POST", path, {**first, "instrument_id": avon["id"]}), 409)
    assert told["detail"] == f"mapping {row['id']} has LSE:VOD.L for LSE:VOD from 2026-01-01 to 2026-03-01"
    later = await made(web, path, **{**first, "instrument_id": avon["id"], "valid_from": "2026-03-01"})

    one = f"{path}/{row['id']}"
    assert (await web.get(one)).json() == row
    assert (await send(web, "PUT", one, {**first, "valid_to": "2026-02-01"})).json()["valid_to"] == "2026-02-01"
    await problem(await send(web, "PUT", one, first), 409)
    assert [found["id"] for found in await listed(web, path, limit=1)] == [row["id"], later["id"]]
    assert [found["id"] for found in await listed(web, path, day="2026-03-01")] == [later["id"]]
    assert [found["id"] for found in await listed(web, path, instrument_id=vod["id"])] == [row["id"]]
    assert await listed(web, path, segment="NSE_EQ") == []

    assert not (await send(web, "DELETE", one)).json()["is_active"]
    assert [found["id"] for found in await listed(web, path)] == [later["id"]]
    assert (await send(web, "DELETE", one, hard=True)).status_code == 200
    await problem(await web.get(one), 404)


async def test_a_mapping_is_its_providers_own(web: Web) -> None:
    vod = await a_share(web, await an_exchange(web))
    mine, other = [(await made(web, "/provider/", name=name))["id"] for name in ("reuters", "bloomberg")]
    body = {"instrument_id": vod["id"], "segment": "LSE", "provider_symbol": "1", "valid_from": "2026-01-01"}
    row = await made(web, f"/provider/{mine}/mappings", **body)
    for method in ("GET", "PUT", "DELETE"):
        await problem(await send(web, method, f"/provider/{other}/mappings/{row['id']}", body), 404)
    await problem(await web.get("/provider/2000000000/mappings"), 404)
    await problem(await send(web, "POST", "/provider/2000000000/mappings", body), 404)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"valid_to": "2026-01-01"}, "valid_to"),
        ({"valid_to": "2025-12-31"}, "valid_to"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"segment": "nse"}, "segment"),
        ({"provider_symbol": "a:b"}, "provider_symbol"),
        ({"provider_symbol": "a b"}, "provider_symbol"),
        ({"provider_symbol": ""}, "provider_symbol"),
        ({"instrument_id": 2_000_000_000}, "instrument_id"),
    ],
)
async def test_a_mapping_that_can_not_be_is_refused_by_the_field(web: Web, changes: dict[str, Any], named: str) -> None:
    vod = await a_share(web, await an_exchange(web))
    path = f"/provider/{(await made(web, '/provider/', name='reuters'))['id']}/mappings"
    body = {"instrument_id": vod["id"], "segment": "LSE", "provider_symbol": "1", "valid_from": "2026-01-01", **changes}
    told = await problem(await send(web, "POST", path, body), 400)
    assert told["errors"][0].startswith(f"{named}: ")


async def test_an_administrator_says_whose_ticks_are_kept(web: Web) -> None:
    number = await an_exchange(web)
    share = await a_share(web, number)
    assert share["keep_ticks"] is False
    body = {"exchange_id": number, "symbol": "VOD", "kind": "equity", "tick_size": 0.01, "keep_ticks": True}
    path = f"/instruments/{share['id']}"
    assert (await send(web, "PUT", path, body)).json()["keep_ticks"] is True
    assert await web.services.durable.ticks.kept() == ["LSE:VOD"]
    unaware = {name: value for name, value in body.items() if name != "keep_ticks"} | {"name": "Vodafone"}
    renamed = (await send(web, "PUT", path, unaware)).json()
    assert (renamed["name"], renamed["keep_ticks"]) == ("Vodafone", True), "who does not say it does not end it"
    assert (await send(web, "PUT", path, body | {"keep_ticks": False})).json()["keep_ticks"] is False
    assert await web.services.durable.ticks.kept() == []


async def test_whose_ticks_are_kept_is_said_without_saying_the_rest_again(web: Web) -> None:
    share = await a_share(web, await an_exchange(web))
    path = f"/instruments/{share['id']}"
    kept = (await send(web, "PATCH", path, {"keep_ticks": True})).json()
    assert kept == share | {"keep_ticks": True, "updated_at": kept["updated_at"]}
    await problem(await send(web, "PATCH", path, {"name": "Vodafone"}), 400)
    await problem(await send(web, "PATCH", "/instruments/999999", {"keep_ticks": True}), 404)
    assert (await send(web, "GET", path)).json()["keep_ticks"] is True
