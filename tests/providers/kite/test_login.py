import traceback
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.providers.base import Advice, ProviderError
from engine.providers.kite.login import API_SECRET, log_in, login_page, token_ends_ns
from engine.providers.secret import Secret
from tests.providers.kite.routes import NOW_NS, SECOND
from tests.providers.rest_server import Response, answers, reply, serve

API_SECRET_VALUE, REQUEST_TOKEN = Secret("canary-secret"), Secret("canary-request")


def test_the_owner_is_led_to_kites_own_page() -> None:
    page = urlsplit(login_page("api key"))

    assert (page.scheme, page.netloc) == ("https", "kite.zerodha.com")
    assert parse_qs(page.query) == {"v": ["3"], "api_key": ["api key"]}


async def test_what_the_owner_brings_back_becomes_a_days_token() -> None:
    async with serve(answers(reply({"status": "success", "data": {"access_token": "fresh"}}))) as server:
        credential = await log_in(server.url, "key", API_SECRET_VALUE, REQUEST_TOKEN, now_ns=NOW_NS)

    assert (credential.identity, credential.token.reveal()) == ("key", "fresh")
    assert credential.expires_ns == token_ends_ns(NOW_NS)
    assert credential.more[API_SECRET].reveal() == "canary-secret"
    (request,) = server.requests
    assert (request.method, request.path, request.headers["x-kite-version"]) == ("POST", "/v2/session/token", "3")
    assert parse_qs(request.body.decode()) == {
        "api_key": ["key"],
        "request_token": ["canary-request"],
        "checksum": [sha256(b"keycanary-requestcanary-secret").hexdigest()],
    }


@pytest.mark.parametrize(
    ("response", "advice"),
    [
        (reply({"message": "no such token", "error_type": "TokenException"}, 403), Advice.NEW_TOKEN),
        (reply({"message": "bad checksum", "error_type": "InputException"}, 400), Advice.FIX_REQUEST),
        (Response(503, b""), Advice.RETRY),
        (reply({"data": {"access_token": ["canary-access"]}}), Advice.RETRY),
        (Response(200, b"canary-access"), Advice.RETRY),
    ],
)
async def test_a_login_that_fails_says_what_to_do_and_shows_no_secret(response: Response, advice: Advice) -> None:
    async with serve(answers(response)) as server:
        with pytest.raises(ProviderError) as raised:
            await log_in(server.url, "key", API_SECRET_VALUE, REQUEST_TOKEN, now_ns=NOW_NS)

    assert raised.value.advice is advice
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("made", "ends"),
    [
        ("2025-12-29T00:29:59+00:00", "2025-12-29T00:30:00+00:00"),
        ("2025-12-29T00:30:00+00:00", "2025-12-30T00:30:00+00:00"),
        ("2025-12-29T03:40:00+00:00", "2025-12-30T00:30:00+00:00"),
        ("2025-12-29T20:00:00+00:00", "2025-12-30T00:30:00+00:00"),
    ],
)
def test_a_token_lives_until_six_in_the_morning_in_india(made: str, ends: str) -> None:
    since = (datetime.fromisoformat(made) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)

    assert token_ends_ns(since * SECOND) == int(datetime.fromisoformat(ends).timestamp()) * SECOND
