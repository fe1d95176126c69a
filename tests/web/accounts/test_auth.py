"""Signing up, in and out end to end: tokens, cookies, sockets, and several web processes."""

import os
import threading
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.process import BEARER, SECRET, TOKEN, Web, until
from tests.web.test_rest import problem
from tests.web.test_sockets import closed_with
from web.accounts.passwords import WAITING
from web.accounts.tokens import AccessTokens

pytestmark = pytest.mark.anyio

EMAIL, PASSWORD = "ann@example.org", "vexed-otter-climbs"


class Person:
    """Somebody with an account, in one web process."""

    def __init__(self, web: Web, tokens: dict[str, Any]) -> None:
        self.web = web
        self.access: str = tokens["access_token"]
        self.refresh_token: str = tokens.get("refresh_token", "")

    async def get(self, path: str, web: Web | None = None) -> httpx.Response:
        return await (web or self.web).http.get(path, headers=self.bearer)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    async def refresh(self, web: Web | None = None) -> httpx.Response:
        return await (web or self.web).http.post("/auth/refresh", json={"refresh_token": self.refresh_token})


async def registered(web: Web, email: str = EMAIL, **more: Any) -> Person:
    response = await web.http.post("/auth/register", json={"email": email, "password": PASSWORD, **more})
    assert response.status_code == 201, response.text
    return Person(web, response.json())


async def signed_in(web: Web, email: str = EMAIL, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return await web.http.post("/auth/login", json={"email": email, "password": password, **more})


async def admin(web: Web, email: str = "root@example.org") -> Person:
    person = await registered(web, email)
    identity = (await person.get("/auth/me")).json()["id"]
    changed = await web.http.patch(f"/users/{identity}", json={"role": "admin"}, headers=BEARER)
    assert changed.status_code == 200
    return Person(web, (await signed_in(web, email)).json())


def _never(*_: object) -> bool:
    return False


async def test_who_registers_is_signed_in_and_known(web: Web) -> None:
    person = await registered(web, "  Ann@Example.org ", name="Ann")
    body = (await person.get("/auth/me")).json()
    assert (body["kind"], body["email"], body["name"], body["role"]) == ("user", EMAIL, "Ann", "user")
    assert body["scopes"] == ["read", "screeners", "stream"]
    assert (await person.get("/api/v1/current_prices?keys=TCS")).status_code == 200
    await problem(await person.get("/admin/tree"), 403)
    await problem(await person.get("/users/"), 403)


async def test_an_answer_has_what_the_contract_says(web: Web) -> None:
    await registered(web)
    body = (await signed_in(web, "ANN@example.org")).json()
    assert (body["token_type"], body["expires_in"]) == ("bearer", 900)
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token"}


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"email": "ann", "password": PASSWORD}, 400, "email"),
        ({"email": "a@b.c" + "d" * 250, "password": PASSWORD}, 400, "email"),
        ({"email": EMAIL, "password": "short"}, 400, "8 to 256"),
        ({"email": EMAIL, "password": "Password123"}, 400, "guessed first"),
        ({"email": EMAIL, "password": "ann@example.org"}, 400, "guessed first"),
        ({"email": EMAIL}, 400, "password: missing"),
        ({"email": EMAIL, "password": 12345678}, 400, "password: expected str"),
        ({"email": EMAIL, "password": PASSWORD, "role": "admin"}, 400, "role: unknown field"),
        (["not an object"], 400, "expected object"),
    ],
)
async def test_a_registration_that_can_not_be_is_refused_with_a_reason(
    web: Web, wish: object, status: int, words: str
) -> None:
    body = await problem(await web.http.post("/auth/register", json=wish), status)
    assert words in body["detail"]


async def test_an_email_is_registered_once(web: Web) -> None:
    await registered(web)
    response = await web.http.post("/auth/register", json={"email": EMAIL.upper(), "password": PASSWORD})
    assert (await problem(response, 409))["code"] == "email_taken"


async def test_strangers_make_no_account_where_the_administrator_does(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, allow_registration=False) as web:
        response = await web.http.post("/auth/register", json={"email": EMAIL, "password": PASSWORD})
        assert (await problem(response, 403))["code"] == "registration_closed"
        assert (await web.http.get("/auth/ways")).json() == {"google": False, "registration": False}


async def test_the_same_answer_for_who_is_unknown_disabled_or_mistaken(web: Web) -> None:
    person = await registered(web)
    identity = (await person.get("/auth/me")).json()["id"]
    wrong = await problem(await signed_in(web, password="vexed-otter-climbed"), 401)
    unknown = await problem(await signed_in(web, "bob@example.org"), 401)
    await web.http.delete(f"/users/{identity}", headers=BEARER)
    disabled = await problem(await signed_in(web), 401)
    for body in (wrong, unknown, disabled):
        body.pop("request_id")
    assert wrong == unknown == disabled
    assert wrong["code"] == "bad_credentials"


async def test_a_refresh_token_is_good_once_and_its_session_goes_on(web: Web) -> None:
    person = await registered(web)
    first = (await person.refresh()).json()
    assert first["refresh_token"] != person.refresh_token
    again = (await person.refresh()).json()
    assert again["refresh_token"] == first["refresh_token"], "a repeat at once, as when the answer was lost"
    following = Person(web, first)
    assert (await following.get("/auth/me")).status_code == 200
    assert (await following.refresh()).status_code == 200
    body = await problem(await person.refresh(), 401)
    assert body["code"] == "session_over"
    await problem(await following.get("/auth/me"), 401)
    (noted,) = [entry for entry in await web.services.durable.audit_log() if entry.action == "refresh_token_reused"]
    assert noted.outcome == "refused"


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 1024, "\u0000" * 43])
async def test_a_refresh_token_that_is_none_of_ours_is_refused(web: Web, token: str) -> None:
    await problem(await web.http.post("/auth/refresh", json={"refresh_token": token}), 401)


async def test_neither_kind_of_token_does_the_others_work(web: Web) -> None:
    person = await registered(web)
    await problem(await web.http.get("/auth/me", headers={"Authorization": f"Bearer {person.refresh_token}"}), 401)
    await problem(await web.http.post("/auth/refresh", json={"refresh_token": person.access}), 401)


async def test_many_who_refresh_at_once_go_on_together(web: Web) -> None:
    person, answers = await registered(web), list[httpx.Response]()

    async def refresh() -> None:
        answers.append(await person.refresh())

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(refresh)
    assert {response.status_code for response in answers} == {200}
    assert len({response.json()["refresh_token"] for response in answers}) == 1


async def test_who_signs_out_is_out_everywhere_at_once(hot: HotStore, durable: DurableStore, web: Web) -> None:
    async with running_web(hot, durable, process="web-2") as other:
        person = await registered(web)
        another = Person(web, (await signed_in(web)).json())
        assert (await person.get("/auth/me", other)).status_code == 200
        async with (
            other.client(bearer=False, headers=person.bearer) as client,
            other.client(bearer=False, headers=another.bearer) as stays,
        ):
            assert (await client.ask(action="ping"))["action"] == "pong"
            assert (await web.http.post("/auth/logout", headers=person.bearer)).status_code == 200
            assert await closed_with(client) == 3500
            assert (await stays.ask(action="ping"))["action"] == "pong"
        for process in (web, other):
            body = await problem(await person.get("/auth/me", process), 401)
            assert body["code"] == "token_expired"
            await problem(await person.refresh(process), 401)
        assert (await another.get("/auth/me", other)).status_code == 200


async def test_a_process_that_begins_later_knows_what_has_ended(hot: HotStore, durable: DurableStore, web: Web) -> None:
    person = await registered(web)
    await web.http.post("/auth/logout", headers=person.bearer)
    async with running_web(hot, durable, process="web-2") as other:
        await problem(await person.get("/auth/me", other), 401)


async def test_what_redis_never_heard_is_read_from_the_database(
    hot: HotStore, durable: DurableStore, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.accounts.follower.READ_S", 0.1)
    async with running_web(hot, durable, process="web-2") as other:
        person = await registered(web)
        session = web.services.access._tokens.principal(person.access, web.system.clock.now_ns() / 1e9).session  # pyright: ignore[reportPrivateUsage]
        assert (await person.get("/auth/me", other)).status_code == 200
        await durable.end_session(session, web.system.clock.now_ns(), "logout")
        await until(lambda: session in other.services.accounts.ended)
        await problem(await person.get("/auth/me", other), 401)


async def test_a_role_that_changes_ends_the_sessions_that_had_the_old_one(web: Web) -> None:
    person = await registered(web)
    identity = (await person.get("/auth/me")).json()["id"]
    changed = await web.http.patch(f"/users/{identity}", json={"role": "admin"}, headers=BEARER)
    assert (changed.json()["account"]["role"], changed.json()["ended_sessions"]) == ("admin", 1)
    await problem(await person.get("/auth/me"), 401)
    again = Person(web, (await signed_in(web)).json())
    assert (await again.get("/admin/tree")).status_code == 200
    await problem(await web.http.patch(f"/users/{identity}", json={"role": "user"}, headers=again.bearer), 409)


async def test_administrators_see_and_disable_accounts(web: Web) -> None:
    root = await admin(web)
    person = await registered(web)
    listed = (await root.get("/users/?limit=1")).json()
    assert [user["email"] for user in listed["items"]] == [EMAIL]
    following = (await root.get(f"/users/?limit=1&page_token={listed['next_page_token']}")).json()
    assert [user["email"] for user in following["items"]] == ["root@example.org"]
    assert "password" not in str(listed)
    identity = listed["items"][0]["id"]
    assert (await root.get(f"/users/{identity}")).json() == listed["items"][0]
    key = await person.web.http.post("/auth/api-keys", json={"name": "mine"}, headers=person.bearer)
    with_key = {"X-API-Key": key.json()["key"]}
    assert (await web.http.get("/auth/me", headers=with_key)).status_code == 200
    async with web.client(bearer=False, headers=with_key) as client:
        assert (await client.ask(action="ping"))["action"] == "pong"
        disabled = await web.http.delete(f"/users/{identity}", headers=root.bearer)
        assert (disabled.json()["account"]["is_active"], disabled.json()["ended_sessions"]) == (False, 1)
        assert await closed_with(client) == 3500
    await problem(await person.get("/auth/me"), 401)
    await problem(await person.refresh(), 401)
    await problem(await web.http.get("/auth/me", headers=with_key), 401)
    (noted,) = [entry for entry in await web.services.durable.audit_log() if entry.action == "user_change"][:1]
    assert (noted.target, noted.address) == (f"{identity} is_active=False", "127.0.0.1")
    for path in ("/users/nobody", "/users/?limit=0", "/users/?limit=x", "/users/?page_token=%ff"):
        assert (await root.get(path)).status_code in (400, 404)
    await problem(await web.http.patch(f"/users/{identity}", json={}, headers=root.bearer), 400)
    await problem(await web.http.patch("/users/nobody", json={"role": "user"}, headers=root.bearer), 404)
    assert (await web.http.delete(f"/users/{identity}?hard=true", headers=root.bearer)).status_code == 200
    await problem(await root.get(f"/users/{identity}"), 404)


async def test_a_browser_keeps_its_refresh_token_where_no_script_reads_it(web: Web) -> None:
    await registered(web)
    own = {"Origin": f"http://127.0.0.1:{web.port}"}
    response = await signed_in(web, client="browser")
    assert "refresh_token" not in response.json()
    cookie = response.headers["Set-Cookie"]
    for word in ("ticktree_refresh=", "HttpOnly", "SameSite=Strict", "Path=/auth", "Max-Age="):
        assert word in cookie
    assert "Secure" not in cookie, "this is no HTTPS"
    refreshed = await web.http.post("/auth/refresh", headers=own)
    assert refreshed.status_code == 200
    assert "refresh_token" not in refreshed.json()
    assert refreshed.headers["Set-Cookie"] != cookie
    for origin in ({"Origin": "https://evil.example"}, {}, {"Origin": "null"}):
        assert (await problem(await web.http.post("/auth/refresh", headers=origin), 403))["code"] == "foreign_origin"
        await problem(await web.http.post("/auth/logout", headers=origin), 403)
    signed_out = await web.http.post("/auth/logout", headers=own)
    assert signed_out.status_code == 200
    assert "ticktree_refresh=;" in signed_out.headers["Set-Cookie"]
    await problem(await Person(web, refreshed.json()).get("/auth/me"), 401)


async def test_a_cookie_is_for_https_only_where_the_site_is(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, public_url="https://ticks.example.org") as web:
        await registered(web)
        assert "Secure" in (await signed_in(web, client="browser")).headers["Set-Cookie"]
        refreshed = await web.http.post("/auth/refresh", headers={"Origin": "https://ticks.example.org"})
        assert refreshed.status_code == 401, "this client speaks no HTTPS, so it sends no cookie"


async def test_who_has_nothing_is_signed_out_already(web: Web) -> None:
    assert (await web.http.post("/auth/logout")).status_code == 200
    assert (await web.http.post("/auth/logout", json={"refresh_token": "x" * 43})).status_code == 200
    await problem(await web.http.post("/auth/refresh"), 401)


async def test_a_ticket_is_kept_for_the_socket_that_will_show_it(web: Web) -> None:
    from web.accounts.principal import unpack_principal
    from web.accounts.tokens import digest

    person = await registered(web)
    body = (await web.http.post("/auth/ws-ticket", headers=person.bearer)).json()
    assert body["expires_in"] == 30
    kept = await web.services.hot.take_ticket(digest(body["ticket"]))
    assert kept is not None
    me = (await person.get("/auth/me")).json()
    assert (unpack_principal(kept).subject, unpack_principal(kept).expires_s) == (me["id"], me["expires_at"])
    await problem(await web.http.post("/auth/ws-ticket"), 401)


async def test_a_key_opens_what_its_scopes_say(web: Web) -> None:
    person = await registered(web)

    async def made(**wish: Any) -> dict[str, str]:
        response = await web.http.post("/auth/api-keys", json={"name": "mine", **wish}, headers=person.bearer)
        assert response.status_code == 201, response.text
        return {"Authorization": f"Bearer {response.json()['key']}"}

    reader, streamer = await made(scopes=["read"]), await made(scopes=["stream"])
    path = "/api/v1/current_prices?keys=TCS"
    assert (await web.http.get(path, headers=reader)).status_code == 200
    await problem(await web.http.get(path, headers=streamer), 403)
    assert (await web.http.post("/auth/ws-ticket", headers=streamer)).status_code == 200
    await problem(await web.http.post("/auth/ws-ticket", headers=reader), 403)
    async with web.client(bearer=False, headers=reader) as client:
        assert await closed_with(client) == 3507
    async with web.client(bearer=False) as client:
        assert (await client.ask(action="auth", token=streamer["Authorization"][7:]))["ok"]
    for headers in (reader, streamer):
        await problem(await web.http.post("/auth/api-keys", json={"name": "more"}, headers=headers), 403)
        await problem(await web.http.get("/auth/api-keys", headers=headers), 403)
    listed = (await person.get("/auth/api-keys")).json()["items"]
    assert [key["scopes"] for key in listed] == [["read"], ["stream"]]
    assert not any("key" in key for key in listed)
    ended = await web.http.delete(f"/auth/api-keys/{listed[0]['id']}", headers=person.bearer)
    assert ended.status_code == 200
    await problem(await web.http.get(path, headers=reader), 401)
    await problem(await web.http.delete(f"/auth/api-keys/{listed[0]['id']}", headers=person.bearer), 404)
    await problem(await web.http.delete(f"/auth/api-keys/{listed[1]['id']}", headers=BEARER), 404)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"scopes": ["read", "fly"]}, 400),
        ({"scopes": []}, 400),
        ({"scopes": ["admin"]}, 403),
        ({"name": ""}, 400),
        ({"requests_per_minute": 0}, 400),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400),
        ({"expires_at": "2100-01-01T00:00:00"}, 400),
        ({"user": "u1"}, 400),
    ],
)
async def test_a_key_that_can_not_be_is_refused(web: Web, wish: dict[str, Any], status: int) -> None:
    person = await registered(web)
    await problem(await web.http.post("/auth/api-keys", json={"name": "mine", **wish}, headers=person.bearer), status)


async def test_the_administrators_token_makes_keys_that_belong_to_nobody(web: Web) -> None:
    response = await web.http.post(
        "/auth/api-keys",
        json={"name": "ops", "scopes": ["admin"], "expires_at": "2100-01-01T00:00:00Z"},
        headers=BEARER,
    )
    key = {"X-API-Key": response.json()["key"]}
    assert (await web.http.get("/admin/tree", headers=key)).status_code == 200
    assert (await web.http.get("/auth/me", headers=key)).json()["kind"] == "key"


async def test_a_key_is_held_to_its_own_rate(web: Web) -> None:
    response = await web.http.post("/auth/api-keys", json={"name": "slow", "requests_per_minute": 12}, headers=BEARER)
    headers = {"X-API-Key": response.json()["key"]}
    answers = [await web.http.get("/auth/me", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    limited = await problem(answers[-1], 429)
    assert limited["code"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 6


async def test_one_account_is_tried_so_often_and_then_waits_even_with_the_right_password(web: Web) -> None:
    await registered(web)
    for _ in range(10):
        await problem(await signed_in(web, password="wrong-password-here"), 401)
    refused = await signed_in(web)
    await problem(refused, 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 901
    await registered(web, "bob@example.org")
    assert (await signed_in(web, "bob@example.org")).status_code == 200, "another account is not held up"


async def test_one_account_is_tried_so_often_from_all_addresses_together(
    hot: HotStore, durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who guesses at one address keeps its owner out there only; from many addresses, everybody waits."""
    async with running_web(hot, durable, trusted_proxies=1) as web:
        await registered(web)

        async def status(where: int, password: str = "wrong-password-here") -> int:
            return (
                await web.http.post(
                    "/auth/login",
                    json={"email": EMAIL, "password": password},
                    headers={"X-Forwarded-For": f"10.0.0.{where}"},
                )
            ).status_code

        assert [await status(1) for _ in range(12)] == [401] * 10 + [429] * 2
        assert await status(2, PASSWORD) == 200
        monkeypatch.setattr(web.services.accounts.passwords, "_matches", _never)
        assert [await status(number // 10) for number in range(100, 150)] == [401] * 50
        assert await status(3) == 429


async def test_who_signs_in_in_between_is_forgiven(web: Web) -> None:
    await registered(web)
    for _ in range(3):
        for _ in range(6):
            await problem(await signed_in(web, password="wrong-password-here"), 401)
        assert (await signed_in(web)).status_code == 200


async def test_one_address_tries_so_many_accounts_and_then_waits(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(*_: object) -> bool:
        return False

    monkeypatch.setattr(web.services.accounts.passwords, "matches", at_once)
    answers = [await signed_in(web, f"user{number}@example.org") for number in range(51)]
    assert [answer.status_code for answer in answers] == [401] * 50 + [429]


async def test_what_a_client_writes_about_its_address_changes_no_limit(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(*_: object) -> bool:
        return False

    monkeypatch.setattr(web.services.accounts.passwords, "matches", at_once)
    statuses: list[int] = []
    for number in range(51):
        response = await web.http.post(
            "/auth/login",
            json={"email": f"user{number}@example.org", "password": PASSWORD},
            headers={"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}"},
        )
        statuses.append(response.status_code)
    assert statuses[-1] == 429


async def test_behind_a_proxy_of_ours_clients_are_told_apart(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, trusted_proxies=1) as web:
        await registered(web)
        for number in range(12):
            headers = {"X-Forwarded-For": "6.6.6.6, 10.0.0.9", "Authorization": f"Bearer wrong{number}"}
            await web.http.get("/admin/tree", headers=headers)
        blocked = await web.http.get("/admin/tree", headers={"X-Forwarded-For": "10.0.0.9", **BEARER})
        assert blocked.status_code == 401
        assert (await web.http.get("/admin/tree", headers={"X-Forwarded-For": "10.0.0.8", **BEARER})).status_code == 200


async def test_sign_ins_are_noted_and_no_secret_is(web: Web, capfd: pytest.CaptureFixture[str]) -> None:
    person = await registered(web)
    await signed_in(web, password="wrong-password-here")
    await person.refresh()
    key = (await web.http.post("/auth/api-keys", json={"name": "mine"}, headers=person.bearer)).json()["key"]
    ticket = (await web.http.post("/auth/ws-ticket", headers=person.bearer)).json()["ticket"]
    await web.http.get("/auth/me", headers={"X-API-Key": key})
    await web.http.post("/auth/logout", headers=person.bearer)
    log = await web.services.durable.audit_log()
    assert [(entry.action, entry.outcome) for entry in reversed(log)] == [
        ("register", "done"), ("login", "refused"), ("api_key_made", "done"), ("logout", "done"),
    ]  # fmt: skip
    assert {entry.address for entry in log} == {"127.0.0.1"}
    written = capfd.readouterr()
    seen = f"{log} {written.out} {written.err} {(await web.http.get('/metrics')).text}"
    for secret in (PASSWORD, "wrong-password-here", person.access, person.refresh_token, key, ticket, SECRET, TOKEN):
        assert secret not in seen


async def test_redis_away_loses_nobody_and_limits_stay(
    hot: HotStore, durable: DurableStore, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.storage.errors import HotStoreUnavailableError

    async def away(*_: object, **__: object) -> Any:
        raise HotStoreUnavailableError

    person = await registered(web)
    monkeypatch.setattr(web.services.hot, "count_attempt", away)
    monkeypatch.setattr(web.services.hot, "end_session", away)
    for _ in range(10):
        await problem(await signed_in(web, password="wrong-password-here"), 401)
    await problem(await signed_in(web), 429)
    assert (await web.http.post("/auth/logout", headers=person.bearer)).status_code == 200
    await problem(await person.get("/auth/me"), 401)


async def test_an_access_token_signed_with_another_key_is_refused(web: Web) -> None:
    person = await registered(web)
    identity = (await person.get("/auth/me")).json()["id"]
    forged = AccessTokens(SECRET[::-1]).issue(identity, "s1", "admin", web.system.clock.now_ns() / 1e9)
    body = await problem(await web.http.get("/auth/me", headers={"Authorization": f"Bearer {forged}"}), 401)
    assert body["code"] == "bad_token"
    async with web.client(bearer=False) as client:
        assert (await client.ask(action="auth", token=forged))["code"] == 402
        assert await closed_with(client) == 3500


async def test_what_comes_behind_a_token_waits_for_it(web: Web) -> None:
    person = await registered(web)
    async with web.client(bearer=False) as client:
        await client.send(id=1, action="auth", token=person.access)
        await client.send(id=2, action="subscribe", channels=["ltp.TCS"])
        assert (await client.until(lambda message: message.get("id") == 1))["ok"]
        assert (await client.until(lambda message: message.get("id") == 2))["results"][0]["ok"]


@pytest.mark.parametrize("text", ["\u0000", "a\u0000@b.c", "' OR 1=1 --", "%00", "x" * 1_000, "\ufffd", "🐢@b.c"])
async def test_odd_texts_are_wrong_and_break_nothing(web: Web, text: str) -> None:
    assert (await signed_in(web, text, text)).status_code in {400, 401}
    for wish in ({"email": text}, {"name": f"{text}\u0000"}, {"client": text}):
        body = {"email": EMAIL, "password": PASSWORD, **wish}
        assert (await web.http.post("/auth/register", json=body)).status_code in {201, 400, 409}
    for path in ("/users/{}", "/auth/api-keys/{}"):
        response = await web.http.delete(path.format(quote(text, safe="")), headers=BEARER)
        assert response.status_code in {404, 405}
    for page in (text, "AA", "gaF4"):
        assert (await web.get("/users/", page_token=page)).status_code == 400
    await problem(await web.http.post("/auth/login", content=b'{"email": "\\ud800", "password": "\\ud800"}'), 400)
    await problem(await web.http.post("/auth/login", content=b"[" * 100_000), 400)
    await problem(await web.http.post("/auth/login", content=b"\xff\xfe"), 400)
    await problem(await web.http.get("/auth/me", headers={"X-API-Key": f"tt_{text[:8].encode().hex()}"}), 401)


async def test_fifty_who_sign_in_at_once_hold_up_nobody_else(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every thread for passwords is held: those who wait for one are few, and the loop serves everybody else."""
    gate, passwords = threading.Event(), web.services.accounts.passwords

    def held(*_: object) -> bool:
        return not gate.wait(20)

    monkeypatch.setattr(passwords, "_matches", held)
    statuses: list[int] = []

    async def sign_in(number: int) -> None:
        statuses.append((await signed_in(web, f"user{number}@example.org")).status_code)

    async with web.client() as client, anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(sign_in, number)
        await until(lambda: len(statuses) == 50 - WAITING - max(1, (os.cpu_count() or 1) // 2))
        assert set(statuses) == {503}, "told to come again at once, instead of waiting in a line without an end"
        for _ in range(20):
            assert (await client.ask(action="ping"))["action"] == "pong"
            assert (await web.get("/api/v1/current_prices", keys="TCS")).status_code == 200
        gate.set()
    assert sorted(set(statuses)) == [401, 503]
