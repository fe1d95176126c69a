"""Changing one's own password over REST: who knows the current one, and nobody else; all who were in are out."""

from typing import Any

import httpx
import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.accounts.test_auth import EMAIL, PASSWORD, Person, registered, signed_in
from tests.web.conftest import running_web
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem
from tests.web.test_sockets import closed_with
from web.accounts.attempts import CHANGE_PASSWORD

pytestmark = pytest.mark.anyio

NEW = "calm-heron-wades"


async def changed(person: Person, current: str = PASSWORD, new: str = NEW, **more: Any) -> httpx.Response:
    wish = {"current_password": current, "new_password": new, **more}
    return await person.web.http.post("/auth/password", json=wish, headers=person.bearer)


async def test_all_who_were_in_are_out_and_who_changed_it_goes_on(
    hot: HotStore, durable: DurableStore, web: Web
) -> None:
    async with running_web(hot, durable, process="web-2") as other:
        person = await registered(web)
        stranger = Person(other, (await signed_in(web)).json())
        async with other.client(bearer=False, headers=stranger.bearer) as client:
            following = Person(web, (await changed(person)).json())
            assert await closed_with(client) == 3500
        for gone in (person, stranger):
            await problem(await gone.get("/auth/me"), 401)
            await problem(await gone.refresh(), 401)
        assert (await following.get("/auth/me")).status_code == 200
        assert (await following.refresh()).status_code == 200
        await problem(await signed_in(web), 401)
        assert (await signed_in(web, password=NEW)).status_code == 200


async def test_whoever_does_not_know_the_current_one_changes_nothing(web: Web) -> None:
    """An access token may be stolen; 401 would tell its owner's programs to fetch another one."""
    person = await registered(web)
    assert (await problem(await changed(person, "vexed-otter-climbed"), 403))["code"] == "wrong_password"
    assert (await person.get("/auth/me")).status_code == 200
    assert (await signed_in(web)).status_code == 200
    for _ in range(CHANGE_PASSWORD.most - 1):
        await problem(await changed(person, "vexed-otter-climbed"), 403)
    refused = await changed(person)
    await problem(refused, 429)
    assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"new_password": "short"}, "8 to 256"),
        ({"new_password": EMAIL}, "guessed first"),
        ({"new_password": None}, "new_password: expected str"),
        ({"for": "ever"}, "for: unknown field"),
    ],
)
async def test_a_password_that_can_not_be_is_refused_with_a_reason(web: Web, wish: dict[str, Any], words: str) -> None:
    person = await registered(web)
    sent = {"current_password": PASSWORD, "new_password": NEW} | wish
    response = await web.http.post("/auth/password", json=sent, headers=person.bearer)
    assert words in (await problem(response, 400))["detail"]
    assert (await signed_in(web)).status_code == 200


async def test_who_signs_in_with_google_only_has_none_to_change(web: Web, durable: DurableStore) -> None:
    user = await durable.add_user("u0123456789abcdef", EMAIL, google_subject="g1")
    assert user is not None
    grant = await web.services.accounts.sign_in(user, "here")
    person = Person(web, {"access_token": grant.access_token})
    assert (await problem(await changed(person, ""), 409))["code"] == "no_password"


async def test_it_is_for_accounts_alone(web: Web) -> None:
    wish = {"current_password": PASSWORD, "new_password": NEW}
    await problem(await web.http.post("/auth/password", json=wish), 401)
    await problem(await web.http.post("/auth/password", json=wish, headers=BEARER), 403)


async def test_a_browser_gets_its_cookie(web: Web) -> None:
    response = await changed(await registered(web), client="browser")
    assert "refresh_token" not in response.json()
    assert "HttpOnly" in response.headers["Set-Cookie"]


async def test_it_is_noted_and_no_secret_is(web: Web) -> None:
    person = await registered(web)
    await changed(person, "vexed-otter-climbed")
    await changed(person)
    noted = await web.services.durable.audit_log()
    assert [one.outcome for one in noted if one.action == "password_change"] == ["done", "refused"]
    assert not any(secret in str(one) for one in noted for secret in (PASSWORD, NEW))
