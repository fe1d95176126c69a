"""Preferences and watchlists: each user's own, on every device."""

from typing import Any

import httpx
import pytest

from engine.storage.durable.accounts import WATCHLISTS
from tests.web.accounts.test_auth import Person, registered
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem
from web.routes.preferences import BYTES
from web.routes.watchlists import SYMBOLS

pytestmark = pytest.mark.anyio


async def sent(person: Person, method: str, path: str, body: object = None) -> httpx.Response:
    return await person.web.http.request(method, path, json=body, headers=person.bearer)


async def made(person: Person, name: str, *symbols: str) -> dict[str, Any]:
    response = await sent(person, "POST", "/watchlists/", {"name": name, "instruments": symbols})
    assert response.status_code == 201, response.text
    return response.json()


async def names(person: Person) -> list[str]:
    return [row["name"] for row in (await person.get("/watchlists/")).json()["items"]]


async def test_preferences_are_kept_as_they_were_sent_and_are_empty_at_first(web: Web) -> None:
    person = await registered(web)
    assert (await person.get("/preferences")).json() == {"preferences": {}}
    wish = {"preferences": {"theme": "dark", "charts": [{"symbol": "TCS", "zoom": 1.5, "ü": None}]}}
    assert (await sent(person, "PUT", "/preferences", wish)).json() == wish
    assert (await person.get("/preferences")).json() == wish
    other = await registered(web, "bob@example.org")
    assert (await other.get("/preferences")).json() == {"preferences": {}}


async def test_preferences_that_can_not_be_kept_are_refused_and_change_nothing(web: Web) -> None:
    person = await registered(web)
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"in": deep}
    wishes: list[tuple[Any, int]] = [
        ({"preferences": {"long": "x" * BYTES}}, 413),
        ({"preferences": deep}, 400),
        ({"preferences": {"zero": "\0"}}, 400),
        ({"preferences": []}, 400),
        ({"theme": "dark"}, 400),
    ]
    for body, status in wishes:
        await problem(await sent(person, "PUT", "/preferences", body), status)
    assert (await person.get("/preferences")).json() == {"preferences": {}}


async def test_a_watchlist_is_made_read_rewritten_and_taken_away(web: Web) -> None:
    person = await registered(web)
    row = await made(person, "Mine", "tcs", "NSE:RELIANCE", "TCS")
    assert row["instruments"] == ["NSE:TCS", "NSE:RELIANCE"]
    one = f"/watchlists/{row['id']}"
    assert (await person.get(one)).json() == row
    rewritten = (await sent(person, "PUT", one, {"name": "Ours", "instruments": ["INFY"]})).json()
    assert (rewritten["name"], rewritten["instruments"]) == ("Ours", ["NSE:INFY"])
    assert (await sent(person, "DELETE", one)).status_code == 200
    await problem(await person.get(one), 404)
    assert await names(person) == []
    await made(person, "Ours")


async def test_nobody_sees_or_changes_the_lists_of_another(web: Web) -> None:
    ann, bob = await registered(web), await registered(web, "bob@example.org")
    one = f"/watchlists/{(await made(ann, 'Mine', 'TCS'))['id']}"
    assert await names(bob) == []
    await problem(await bob.get(one), 404)
    await problem(await sent(bob, "PUT", one, {"name": "His"}), 404)
    await problem(await sent(bob, "DELETE", one), 404)
    await made(bob, "Mine")
    assert await names(ann) == ["Mine"]
    await problem(await web.http.get("/watchlists/"), 401)
    await problem(await web.http.get("/watchlists/", headers=BEARER), 403)


async def test_lists_that_can_not_be_are_refused_with_a_reason(web: Web) -> None:
    person = await registered(web)
    row, other = await made(person, "Mine"), await made(person, "Other")
    for body, status in (
        ({"name": "Mine"}, 409),
        ({"name": ""}, 400),
        ({"name": "a\nb"}, 400),
        ({"name": "New", "instruments": ["NSE:NOSUCH"]}, 404),
        ({"name": "New", "instruments": ["TCS"] * (SYMBOLS + 1)}, 400),
        ({"name": "New", "owner": "u1"}, 400),
    ):
        await problem(await sent(person, "POST", "/watchlists/", body), status)
    await problem(await sent(person, "PUT", f"/watchlists/{other['id']}", {"name": "Mine"}), 409)
    assert (await person.get(f"/watchlists/{row['id']}")).json() == row
    for number in (0, 2**31, 10**30):
        await problem(await person.get(f"/watchlists/{number}"), 404)


async def test_a_user_has_so_many_lists_and_no_more(web: Web) -> None:
    person = await registered(web)
    identity = (await person.get("/auth/me")).json()["id"]
    for number in range(WATCHLISTS):
        await web.services.durable.belongings.add_watchlist(identity, f"{number:03}", [])
    response = await sent(person, "POST", "/watchlists/", {"name": "one more"})
    assert (await problem(response, 409))["code"] == "too_many_watchlists"
    await sent(person, "DELETE", f"/watchlists/{(await person.get('/watchlists/')).json()['items'][0]['id']}")
    await made(person, "one more")
