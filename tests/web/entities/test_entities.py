"""What all routes of entities have in common: who may do what, pages, deletion, the audit, and refusals."""

from typing import Any

import pytest

from tests.web.accounts.test_auth import registered
from tests.web.engine import Engine
from tests.web.entities.parts import a_share, an_exchange, exchange, listed, made, send
from tests.web.process import Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

LISTS = ("/exchange/", "/sectors/", "/provider/", "/instruments/")


async def bodies(web: Web) -> dict[str, dict[str, Any]]:
    """One of each kind, as it is made."""
    share = {"exchange_id": await an_exchange(web, "XLON"), "symbol": "VOD", "kind": "equity", "tick_size": 0.01}
    return dict(zip(LISTS, (exchange(), {"name": "Telephones"}, {"name": "reuters"}, share), strict=True))


async def test_each_kind_is_made_read_changed_retired_and_removed(web: Web) -> None:
    for path, body in (await bodies(web)).items():
        row = await made(web, path, **body)
        assert {name: row[name] for name in body} == body
        assert row["is_active"]
        assert row["created_at"].endswith("Z")
        one = f"{path}{row['id']}"
        assert (await web.get(one)).json() == row
        assert row in await listed(web, path)

        rewritten = (await send(web, "PUT", one, {**body, "is_active": True})).json()
        assert {**rewritten, "updated_at": ""} == {**row, "updated_at": ""}
        assert rewritten["updated_at"] > row["updated_at"]

        retired = (await send(web, "DELETE", one)).json()
        assert (retired["id"], retired["is_active"]) == (row["id"], False)
        assert row["id"] not in [other["id"] for other in await listed(web, path)]
        assert retired in await listed(web, path, include_inactive=True)
        assert (await send(web, "PUT", one, body)).json()["is_active"]

        removed = await send(web, "DELETE", one, hard=True)
        assert (removed.status_code, removed.json()["is_active"]) == (200, False)
        await problem(await web.get(one), 404)


async def test_what_is_not_there_is_404_whatever_is_asked_of_it(web: Web) -> None:
    for path, body in (await bodies(web)).items():
        for number in (2_000_000_000, 2**31, 0):
            await problem(await web.get(f"{path}{number}"), 404)
            await problem(await send(web, "PUT", f"{path}{number}", body), 404)
            await problem(await send(web, "DELETE", f"{path}{number}"), 404)
        for written in ("one", "-1", "1.5", "9" * 5_000):
            await problem(await web.get(f"{path}{written}"), 404)


async def test_whoever_reads_prices_reads_them_and_administrators_write(web: Web) -> None:
    person = await registered(web)
    for path in LISTS:
        await problem(await web.http.get(path), 401)
        assert (await person.get(path)).status_code == 200
        for method in ("POST", "PUT", "DELETE"):
            where = path if method == "POST" else f"{path}1"
            await problem(await web.http.request(method, where, json={}), 401)
            await problem(await web.http.request(method, where, json={}, headers=person.bearer), 403)


async def test_what_is_there_already_is_a_conflict_and_an_exchange_in_use_is_not_removed(web: Web) -> None:
    for path, body in (await bodies(web)).items():
        await made(web, path, **body)
        told = await problem(await send(web, "POST", path, body), 409)
        assert told["detail"].endswith("already")
    [xlon] = [row for row in await listed(web, "/exchange/") if row["code"] == "XLON"]
    told = await problem(await send(web, "DELETE", f"/exchange/{xlon['id']}", hard=True), 409)
    assert told["detail"] == "the exchange is still referred to by instruments"
    assert (await web.get(f"/exchange/{xlon['id']}")).json()["is_active"]


async def test_every_change_is_audited_with_its_outcome(web: Web) -> None:
    row = await made(web, "/exchange/", **exchange())
    await send(web, "POST", "/exchange/", exchange())
    await send(web, "PUT", f"/exchange/{row['id']}", exchange(name="London Stock Exchange"))
    await send(web, "DELETE", f"/exchange/{row['id']}")
    await send(web, "DELETE", f"/exchange/{row['id']}", hard=True)
    noted = await web.services.durable.audit_log()
    assert [(one.actor, one.action, one.target, one.outcome) for one in reversed(noted)] == [
        ("operator", "exchange_added", "LSE", "done"),
        ("operator", "exchange_added", "LSE", "refused"),
        ("operator", "exchange_changed", "LSE", "done"),
        ("operator", "exchange_retired", "LSE", "done"),
        ("operator", "exchange_removed", "LSE", "done"),
    ]
    assert all(one.address for one in noted)


async def test_pages_together_are_the_list_in_order(web: Web) -> None:
    number = await an_exchange(web)
    for symbol in ("B", "D", "A", "C", "E"):
        await a_share(web, number, symbol)
    assert [row["symbol"] for row in await listed(web, "/instruments/", exchange_id=number, limit=2)] == list("ABCDE")
    for path in ("/exchange/", "/sectors/", "/provider/"):
        assert await listed(web, path, limit=1) == await listed(web, path)


@pytest.mark.parametrize("path", [*LISTS, "/provider/1/mappings"])
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"page_token": "x"}, "page_token"),
        ({"include_inactive": "perhaps"}, "include_inactive"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_can_not_be_listed_names_the_parameter(
    web: Web, path: str, arguments: dict[str, Any], named: str
) -> None:
    told = await problem(await web.get(path, **arguments), 400)
    assert told["errors"][0].startswith(f"{named}: ")


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/sectors/", {}, "name"),
        ("/sectors/", {"name": ""}, "name"),
        ("/sectors/", {"name": 5}, "name"),
        ("/sectors/", {"name": "x" * 201}, "name"),
        ("/sectors/", {"name": "a\x00b"}, "name"),
        ("/sectors/", {"name": "ab\n"}, "name"),
        ("/sectors/", {"name": "a", "color": 1}, "color"),
        ("/provider/", {"name": "Dhan"}, "name"),
        ("/provider/", {"name": "dhan\n"}, "name"),
        ("/provider/", {"name": "a", "rate_limits": {"x": -1}}, "rate_limits"),
        ("/provider/", {"name": "a", "rate_limits": {"x\x00": 1}}, "rate_limits"),
        ("/exchange/", exchange("lse"), "code"),
        ("/exchange/", exchange("LSE\n"), "code"),
        ("/exchange/", exchange(timezone="Mars/Olympus"), "timezone"),
        ("/exchange/", exchange(timezone="../../etc/passwd"), "timezone"),
        ("/exchange/", exchange(timezone="Europe"), "timezone"),
        ("/exchange/", exchange(country="gb"), "country"),
        ("/exchange/", exchange(currency="pounds"), "currency"),
        ("/exchange/", exchange(market_open_time=None), "market_open_time"),
        ("/exchange/", exchange(market_close_time="25:00:00"), "market_close_time"),
        ("/exchange/", exchange(market_close_time="08:00:00"), "market_close_time"),
        ("/exchange/", exchange(market_open_time="08:00:00+01:00"), "market_open_time"),
        ("/exchange/", exchange(market_open_time="08:00:30"), "market_open_time"),
    ],
)
async def test_a_field_that_can_not_be_is_refused_by_its_name(
    web: Web, path: str, body: dict[str, Any], named: str
) -> None:
    told = await problem(await send(web, "POST", path, body), 400)
    assert told["errors"][0].startswith(named)


async def test_an_exchange_around_the_clock_needs_no_hours(web: Web) -> None:
    row = await made(web, "/exchange/", code="COIN", name="Coins", timezone="UTC", is_24_hours=True)
    assert (row["market_open_time"], row["country"]) == (None, "")


async def test_what_an_exchange_or_a_provider_is_known_by_stays(web: Web) -> None:
    number = await an_exchange(web)
    told = await problem(await send(web, "PUT", f"/exchange/{number}", exchange("XLON")), 409)
    assert told["detail"].startswith("code: the exchange keeps LSE")
    number = (await made(web, "/provider/", name="reuters"))["id"]
    await problem(await send(web, "PUT", f"/provider/{number}", {"name": "bloomberg"}), 409)


async def test_the_engine_hears_of_what_changes_what_it_carries_and_of_nothing_else(web: Web, engine: Engine) -> None:
    async def is_told(method: str, path: str, body: Any = None, **arguments: Any) -> bool:
        engine.asked = {}
        answered = await send(web, method, path, body, **arguments)
        assert answered.is_success, answered.text
        return engine.asked.get("command") == "take_up"

    await engine.appear()
    provider = (await made(web, "/provider/", name="reuters"))["id"]
    share = await a_share(web, await an_exchange(web))
    assert engine.asked == {}, "nobody carries them yet"
    mapping = {"instrument_id": share["id"], "segment": "LSE_EQ", "provider_symbol": "7", "valid_from": "2026-01-01"}
    mappings = f"/provider/{provider}/mappings"
    assert await is_told("POST", mappings, mapping)
    for path in (f"/instruments/{share['id']}", f"/provider/{provider}", f"/exchange/{share['exchange_id']}"):
        await engine.appear()
        assert await is_told("DELETE", path)
    assert not await is_told("POST", "/sectors/", {"name": "Telephones"})
    await problem(await send(web, "POST", mappings, mapping), 409)
    assert engine.asked == {}, "nothing was changed"
    (row,) = await listed(web, mappings)
    await web.services.hot._link.call("DEL", "tree:engine")  # pyright: ignore[reportPrivateUsage]
    assert not await is_told("DELETE", f"{mappings}/{row['id']}", hard=True), "without one it is done all the same"
