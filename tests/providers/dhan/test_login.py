"""Dhan's login: a token for a PIN and a code, and failures that show neither."""

import pytest

from engine.providers.base import Advice, ProviderError
from engine.providers.dhan.login import LEAST_WAIT_S, token_for
from engine.providers.secret import Secret
from engine.providers.simulator.http import Response
from tests.providers.rest_server import answers, reply, serve

PIN = Secret("canary-of-a-pin")
CODE = "271828"


async def test_a_token_is_made_of_a_pin_and_a_code() -> None:
    async with serve(answers(reply({"dhanClientId": "1", "accessToken": "made", "expiryTime": "soon"}))) as server:
        token = await token_for("1100012345", PIN, CODE, auth_url=server.url)
    assert token.reveal() == "made"
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v2/app/generateAccessToken")
    assert request.query == {"dhanClientId": "1100012345", "pin": PIN.reveal(), "totp": CODE}


@pytest.mark.parametrize(
    ("response", "advice"),
    [
        (reply({"message": f"wrong {PIN.reveal()} or {CODE}", "status": "error"}), Advice.FIX_REQUEST),
        (Response(200, b"not json", {}), Advice.FIX_REQUEST),
        (reply({"error": PIN.reveal()}, 401), Advice.NEW_TOKEN),
        (reply({}, 429), Advice.WAIT),
        (reply({}, 500), Advice.RETRY),
    ],
)
async def test_a_refusal_says_what_to_do_and_none_of_the_secrets(response: Response, advice: Advice) -> None:
    async with serve(answers(response)) as server:
        with pytest.raises(ProviderError) as caught:
            await token_for("1100012345", PIN, CODE, auth_url=server.url)
    assert caught.value.advice is advice
    assert caught.value.wait_s == LEAST_WAIT_S
    assert PIN.reveal() not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert CODE not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_login_that_is_away_is_said_without_its_address() -> None:
    with pytest.raises(ProviderError) as caught:
        await token_for("1100012345", PIN, CODE, auth_url="http://127.0.0.1:1")
    assert caught.value.advice is Advice.RETRY
    assert PIN.reveal() not in f"{caught.value!r} {caught.value.__cause__!r}"
