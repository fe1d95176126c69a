"""Signing in with Google, against a provider of OpenID Connect on loopback."""

import base64
import hmac
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pydantic import SecretStr

from config.errors import SettingsError
from config.settings import Settings
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.accounts.oidc import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.web.accounts.test_auth import EMAIL, PASSWORD, registered
from tests.web.conftest import running_web
from tests.web.process import Web
from tests.web.test_rest import problem
from web.accounts.errors import IdentityError
from web.accounts.google import KEYS_AGAIN_S, Google, configured_google
from web.accounts.identity import read_identity

pytestmark = pytest.mark.anyio

LOGIN, CALLBACK = "/auth/google/login", "/auth/google/callback"
NOW_S = 1_800_000_000.0


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        yield running


@pytest.fixture
async def web(hot: HotStore, durable: DurableStore, provider: Provider) -> AsyncGenerator[Web]:
    async with running_web(hot, durable, **with_google(provider)) as process:
        yield process


def with_google(provider: Provider) -> dict[str, Any]:
    return {
        "google_client_id": CLIENT_ID,
        "google_client_secret": CLIENT_SECRET,
        "google_issuer": provider.issuer,
        "public_url": "http://ticks.example.org",
    }


class Browser:
    """Keeps cookies, and follows to the provider and back; to us it comes by another name than the one in its bar."""

    def __init__(self, web: Web) -> None:
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{web.port}", trust_env=False, headers={"Connection": "close"}
        )

    async def sent_away(self, return_to: str = "/charts") -> str:
        response = await self.http.get(LOGIN, params={"return_to": return_to})
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    async def at_the_provider(self, address: str) -> str:
        """Signs in there; where it is sent back to, as a path."""
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            back = (await elsewhere.get(address)).headers["Location"]
        parts = urlsplit(back)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"http://ticks.example.org{CALLBACK}"
        return f"{CALLBACK}?{parts.query}"

    async def signed_in(self, return_to: str = "/charts") -> httpx.Response:
        return await self.http.get(await self.at_the_provider(await self.sent_away(return_to)))

    async def account(self) -> dict[str, Any]:
        """Who the session's cookie says that this is."""
        origin = {"Origin": "http://ticks.example.org"}
        tokens = await self.http.post("/auth/refresh", json={}, headers=origin)
        assert tokens.status_code == 200, tokens.text
        bearer = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        return (await self.http.get("/auth/me", headers=bearer)).json()


async def test_who_comes_back_from_google_is_signed_in_and_the_same_the_next_time(web: Web) -> None:
    browser = Browser(web)
    response = await browser.signed_in()
    assert (response.status_code, response.headers["Location"]) == (302, "/charts")
    assert response.headers["Referrer-Policy"] == "no-referrer"
    cookie = next(line for line in response.headers.get_list("Set-Cookie") if line.startswith("ticktree_refresh="))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    account = await browser.account()
    assert (account["email"], account["name"], account["role"]) == (EMAIL, "Ann", "user")

    other = Browser(web)
    await other.signed_in()
    assert (await other.account())["id"] == account["id"]


async def test_the_page_is_told_that_google_leads_somewhere(web: Web) -> None:
    assert (await web.http.get("/auth/ways")).json() == {"google": True, "registration": True}


async def test_an_answer_is_taken_once_and_only_from_the_browser_that_began(web: Web) -> None:
    browser, stranger = Browser(web), Browser(web)
    back = await browser.at_the_provider(await browser.sent_away())
    await stranger.sent_away()
    assert (await problem(await stranger.http.get(back), 400))["code"] == "bad_state"
    assert (await problem(await browser.http.get(back), 400))["code"] == "bad_state", "the first call took it"

    back = await browser.at_the_provider(await browser.sent_away())
    assert (await browser.http.get(back)).status_code == 302
    assert (await problem(await browser.http.get(back), 400))["code"] == "bad_state"
    assert (await problem(await browser.http.get(CALLBACK), 400))["code"] == "bad_state"


async def test_an_account_with_a_password_is_not_opened_by_its_email(web: Web) -> None:
    await registered(web, EMAIL)
    response = await Browser(web).signed_in("/charts?of=TCS")
    assert response.headers["Location"] == "/charts?of=TCS&sign_in=email_taken"
    assert "ticktree_refresh" not in str(response.headers)


async def test_its_owner_links_it_and_then_signs_in_either_way(web: Web) -> None:
    person = await registered(web, EMAIL)
    browser = Browser(web)
    begun = await browser.http.post("/auth/google/link", json={"return_to": "/settings"}, headers=person.bearer)
    response = await browser.http.get(await browser.at_the_provider(begun.json()["url"]))
    assert response.headers["Location"] == "/settings?sign_in=linked"

    await browser.signed_in()
    assert (await browser.account())["id"] == (await person.get("/auth/me")).json()["id"]
    login = await web.http.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert login.status_code == 200


async def test_one_google_account_is_linked_to_one_account(web: Web) -> None:
    await Browser(web).signed_in()
    person = await registered(web, "bob@example.org")
    browser = Browser(web)
    begun = await browser.http.post("/auth/google/link", json={}, headers=person.bearer)
    response = await browser.http.get(await browser.at_the_provider(begun.json()["url"]))
    assert response.headers["Location"] == "/?sign_in=linked_elsewhere"
    await problem(await browser.http.post("/auth/google/link", json={}), 401)


async def test_an_email_that_google_has_not_verified_makes_no_account(web: Web, provider: Provider) -> None:
    provider.person |= {"email_verified": False}
    assert (await Browser(web).signed_in("/")).headers["Location"] == "/?sign_in=email_not_verified"


async def test_where_registration_is_closed_google_opens_no_account(
    hot: HotStore, durable: DurableStore, provider: Provider
) -> None:
    async with running_web(hot, durable, allow_registration=False, **with_google(provider)) as web:
        response = await Browser(web).signed_in("/")
        assert response.headers["Location"] == "/?sign_in=registration_closed"


async def test_who_was_disabled_is_not_let_in_by_google(web: Web, durable: DurableStore) -> None:
    browser = Browser(web)
    await browser.signed_in()
    await web.services.accounts.change((await browser.account())["id"], "disabled", is_active=False)
    assert (await browser.signed_in("/")).headers["Location"] == "/?sign_in=account_disabled"


async def test_who_refuses_at_google_comes_back_to_the_page(web: Web) -> None:
    browser = Browser(web)
    state = parse_qs(urlsplit(await browser.sent_away()).query)["state"][0]
    response = await browser.http.get(CALLBACK, params={"state": state, "error": "access_denied"})
    assert response.headers["Location"] == "/charts?sign_in=denied"


async def test_keys_that_the_provider_changed_are_read_again_but_not_for_every_forged_token(provider: Provider) -> None:
    now_s = [time.time()]
    google = Google(CLIENT_ID, CLIENT_SECRET, provider.issuer, "http://ticks.example.org", lambda: now_s[0])

    async def subject() -> str:
        begun = await google.begin("/")
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            back = (await elsewhere.get(begun.address)).headers["Location"]
        return (await google.finish(begun.pending, parse_qs(urlsplit(back).query)["code"][0])).subject

    assert await subject() == f"{provider.issuer} 107"
    provider.change_keys()
    with pytest.raises(IdentityError):
        await subject()
    assert provider.asked.count("/keys") == 1
    now_s[0] += KEYS_AGAIN_S
    assert await subject() == f"{provider.issuer} 107"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://elsewhere.example.org"},
        {"aud": "another program"},
        {"aud": [CLIENT_ID, "another program"]},
        {"aud": [CLIENT_ID, "another program"], "azp": "another program"},
        {"exp": 1},
        {"iat": 4_000_000_000},
        {"nonce": "another"},
        {"nonce": ""},
        {"sub": ""},
        {"sub": 7},
    ],
)
async def test_a_token_that_is_not_meant_for_us_signs_nobody_in(
    web: Web, provider: Provider, wrong: dict[str, Any]
) -> None:
    provider.claims = wrong
    response = await Browser(web).signed_in()
    assert (await problem(response, 400))["code"] == "bad_identity"
    assert "ticktree_refresh" not in str(response.headers)


@pytest.mark.parametrize(
    "place", ["//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "", "/a\nb"]
)
async def test_the_way_back_leads_to_a_page_of_ours(web: Web, place: str) -> None:
    response = await web.http.get(LOGIN, params={"return_to": place})
    await problem(response, 400)


async def test_a_provider_that_is_away_is_said_to_be(web: Web, provider: Provider) -> None:
    provider.fails = True
    response = await web.http.get(LOGIN)
    assert "Retry-After" in response.headers
    assert "Google" in (await problem(response, 503))["detail"]


async def test_where_google_is_not_set_up_nobody_is_sent_there(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable) as web:
        assert (await problem(await web.http.get(LOGIN), 404))["code"] == "not_set_up"
        assert (await problem(await web.http.get(CALLBACK), 404))["code"] == "not_set_up"


def test_half_a_setting_up_is_refused_at_the_start() -> None:
    half = Settings(google_client_id=CLIENT_ID, google_client_secret=SecretStr(CLIENT_SECRET))
    with pytest.raises(SettingsError, match="TICKTREE_PUBLIC_URL"):
        configured_google(half, lambda: NOW_S)
    assert configured_google(Settings(), lambda: NOW_S) is None


def signed_with_hs256(key: bytes, claims: str) -> str:
    """What a library that believes the header would take for good, since everybody has the public key."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"1"}').rstrip(b"=").decode()
    signature = hmac.new(key, f"{header}.{claims}".encode(), "sha256").digest()
    return f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_only_a_public_key_of_the_provider_signs() -> None:
    key = RSAKey.generate_key(2048, {"kid": "1"})
    claims = {"iss": "https://g", "aud": "c", "sub": "7", "nonce": "n", "iat": NOW_S, "exp": NOW_S + 60}
    good = jwt.encode({"alg": "RS256", "kid": "1"}, claims, key, algorithms=["RS256"])
    forged = [
        signed_with_hs256(key.as_pem(private=False), good.split(".")[1]),
        good.rpartition(".")[0] + ".",
        "eyJhbGciOiJub25lIn0." + good.split(".")[1] + ".",
        jwt.encode({"alg": "RS256", "kid": "1"}, claims, RSAKey.generate_key(2048), algorithms=["RS256"]),
        jwt.encode({"alg": "RS256", "kid": "2"}, claims, key, algorithms=["RS256"]),
        "",
    ]
    known = KeySet([RSAKey.import_key(key.as_dict(private=False))])

    def read(token: str) -> str:
        return read_identity(token, known, issuer="https://g", client_id="c", nonce="n", now_s=NOW_S).subject

    assert read(good) == "https://g 7"
    for token in forged:
        with pytest.raises(IdentityError):
            read(token)
