"""Filling the tables over REST: a wish goes to the engine, which answers with its job; administrators alone may wish it."""

from datetime import date
from typing import Any

import pytest

from engine.storage.durable import MappingConflict
from tests.web.accounts.test_auth import registered
from tests.web.engine import Engine
from tests.web.entities.parts import listed, made, send
from tests.web.process import Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("what", ["exchanges", "instruments", "mappings"])
async def test_a_wish_goes_to_the_engine_with_all_it_says_and_is_audited(web: Web, engine: Engine, what: str) -> None:
    await web.services.hot.publish_tree("engine", {})
    wish = {"provider": "dhan", "file": "list.csv", "exchanges": ["NSE"], "underlyings": []}
    answered = await send(web, "POST", f"/populate_database/{what}", wish)
    assert (answered.status_code, list(answered.json())) == (202, ["job"])
    asked = {name: engine.asked[name] for name in ("command", "what", *wish)}
    assert asked == {"command": "populate", "what": what, **wish}
    [noted] = await web.services.durable.audit_log()
    assert (noted.actor, noted.action) == ("operator", "populate")
    assert noted.target == f"{what} provider dhan, file list.csv, exchanges ['NSE']"


async def test_nothing_need_be_said(web: Web, engine: Engine) -> None:
    await web.services.hot.publish_tree("engine", {})
    assert (await send(web, "POST", "/populate_database/instruments")).status_code == 202
    assert (engine.asked["provider"], engine.asked["exchanges"]) == ("", None)


async def test_without_an_engine_nobody_does_it(web: Web) -> None:
    refused = await send(web, "POST", "/populate_database/instruments")
    assert (await problem(refused, 503))["detail"].startswith("no engine")
    assert int(refused.headers["Retry-After"]) >= 1


async def test_what_the_engine_refuses_is_a_conflict_in_its_own_words(web: Web, engine: Engine) -> None:
    await web.services.hot.publish_tree("engine", {})
    engine.refusal = {"ok": False, "kind": "JobError", "error": "there is no list prices.csv"}
    body = await problem(await send(web, "POST", "/populate_database/instruments", {"file": "prices.csv"}), 409)
    assert body["detail"] == "there is no list prices.csv"


@pytest.mark.parametrize(
    "wish",
    [
        {"provider": 5},
        {"file": "a\x00b"},
        {"exchanges": "NSE"},
        {"exchanges": [""]},
        {"exchanges": ["NSE"] * 1_001},
        {"colour": "red"},
    ],
)
async def test_a_wish_that_can_not_be_is_refused(web: Web, wish: dict[str, Any]) -> None:
    await problem(await send(web, "POST", "/populate_database/instruments", wish), 400)


async def test_it_is_the_administrators(web: Web) -> None:
    person = await registered(web)
    path = "/populate_database/instruments"
    await problem(await web.http.post(path, json={}), 401)
    await problem(await web.http.post(path, json={}, headers=person.bearer), 403)
    await problem(await send(web, "POST", "/populate_database/sectors"), 404)


async def test_conflicts_of_its_lists_are_the_operators_to_settle(web: Web) -> None:
    provider = await made(web, "/provider/", name="acme")
    path = f"/provider/{provider['id']}/conflicts"
    found = [MappingConflict("repeated", f"NSE:S{number}", "NSE_EQ", str(number), "twice") for number in range(3)]
    await web.services.durable.note_conflicts("acme", date(2026, 11, 20), found)
    rows = await listed(web, path, limit=2)
    assert [row["instrument"] for row in rows] == ["NSE:S2", "NSE:S1", "NSE:S0"]
    assert (rows[0]["kind"], rows[0]["detail"], rows[0]["day"]) == ("repeated", "twice", "2026-11-20")
    one = f"{path}/{rows[0]['id']}"
    assert (await web.get(one)).json() == rows[0]
    assert (await send(web, "DELETE", one)).status_code == 200
    assert len(await listed(web, path)) == 2
    assert len(await listed(web, path, include_inactive="true")) == 3
    assert (await send(web, "DELETE", one, hard="true")).status_code in (200, 204)
    assert len(await listed(web, path, include_inactive="true")) == 2
    await problem(await web.get(f"/provider/{provider['id'] + 1}/conflicts"), 404)
    await problem(await web.get(f"{path}/{rows[0]['id']}"), 404)
    person = await registered(web)
    await problem(await web.http.delete(one, headers=person.bearer), 403)
