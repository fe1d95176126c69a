"""Credentials over REST: administrators enter and forget them, and nobody reads one back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.credentials.tokens import jwt
from tests.web.accounts.test_auth import registered
from tests.web.engine import Engine
from tests.web.entities.parts import made, send
from tests.web.process import Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

CANARY = "canary-that-was-entered"
SEED = "JBSWY3DPEHPK3PXP"


async def dhan(web: Web) -> str:
    return f"/provider/{(await made(web, '/provider/', name='dhan'))['id']}/credentials"


async def kept(web: Web, path: str) -> Any:
    answered = await send(web, "GET", path)
    assert answered.status_code == 200, answered.text
    assert CANARY not in answered.text
    return answered.json()


async def test_what_is_entered_is_kept_sealed_audited_and_told_to_the_engine(web: Web, engine: Engine) -> None:
    await engine.appear()
    path = await dhan(web)
    token = jwt(exp=1_795_300_000, canary=CANARY)
    answered = await send(web, "POST", path, {"identity": "1100012345", "token": token})
    assert answered.status_code == 201, answered.text
    assert token not in answered.text
    body = answered.json()
    assert (body["identity"], body["kind"], body["source"]) == ("1100012345", "token", "admin")
    assert body["expires_at"] == "2026-11-21T22:26:40Z"
    assert engine.asked["command"] == "credentials_changed"
    [row] = await web.services.durable.credentials()
    assert token.encode() not in row.ciphertext
    [opened] = await web.services.vault.opened()
    assert opened.parts["token"].reveal() == token
    noted = (await web.services.durable.audit_log())[0]
    assert (noted.actor, noted.action, noted.outcome) == ("operator", "credential_entered", "done")
    assert noted.target == f"dhan/token {body['fingerprint']}"


async def test_a_list_tells_what_is_kept_and_what_may_be_entered(web: Web) -> None:
    path = await dhan(web)
    empty = await kept(web, path)
    assert (empty["items"], empty["kinds"], empty["needs_identity"]) == ([], ["token", "totp"], True)
    assert (empty["can_keep"], empty["in_force"]) == (True, None)
    await made(web, path, identity="1", token=CANARY)
    await made(web, path, identity="1", kind="totp", seed=SEED, pin="1234")
    assert [row["kind"] for row in (await kept(web, path))["items"]] == ["token", "totp"]
    databento = f"/provider/{(await made(web, '/provider/', name='databento'))['id']}/credentials"
    other = await kept(web, databento)
    assert (other["items"], other["kinds"], other["needs_identity"]) == ([], ["token"], False)


async def test_the_next_one_takes_the_place_of_the_first_and_one_that_is_forgotten_is_gone(web: Web) -> None:
    path = await dhan(web)
    first = await made(web, path, identity="1", token=CANARY)
    ends = datetime.now(UTC) + timedelta(hours=1)
    second = await made(web, path, identity="1", token="another", expires_at=ends.isoformat())
    assert second["id"] == first["id"]
    assert second["fingerprint"] != first["fingerprint"]
    assert (await send(web, "DELETE", f"{path}/{first['id']}")).status_code == 200
    assert (await kept(web, path))["items"] == []
    await problem(await send(web, "DELETE", f"{path}/{first['id']}"), 404)


async def test_a_credential_of_another_provider_is_not_forgotten_in_passing(web: Web) -> None:
    path = await dhan(web)
    entered = await made(web, path, identity="1", token=CANARY)
    other = f"/provider/{(await made(web, '/provider/', name='kite'))['id']}/credentials"
    await problem(await send(web, "DELETE", f"{other}/{entered['id']}"), 404)
    assert len((await kept(web, path))["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"identity": "1"}, "token"),
        ({"token": CANARY}, "identity"),
        ({"identity": "1", "token": f"{CANARY} blank"}, "token"),
        ({"identity": "1", "kind": "totp", "seed": f"{CANARY}!", "pin": "1"}, "seed"),
        ({"identity": "1", "token": CANARY * 1_000}, "token"),
        ({"identity": "1", "token": CANARY, "expires_at": "2026-11-22T03:00:00"}, "expires_at"),
        ({"identity": "1", "token": [CANARY]}, "token"),
    ],
)
async def test_what_can_be_no_credential_is_refused_without_being_quoted(
    web: Web, body: dict[str, Any], field: str
) -> None:
    refused = await send(web, "POST", await dhan(web), body)
    assert field in (await problem(refused, 400))["detail"]
    assert CANARY not in refused.text
    assert CANARY not in str(await web.services.durable.audit_log())


async def test_only_administrators_enter_see_and_forget(web: Web) -> None:
    path = await dhan(web)
    headers = (await registered(web)).bearer
    for method, where in (("GET", path), ("POST", path), ("DELETE", f"{path}/1")):
        answered = await web.http.request(method, where, json={} if method == "POST" else None, headers=headers)
        await problem(answered, 403)
        await problem(await web.http.request(method, where), 401)


async def test_a_provider_that_is_not_there_has_none(web: Web) -> None:
    await problem(await send(web, "GET", "/provider/999999/credentials"), 404)
    await problem(await send(web, "POST", "/provider/999999/credentials", {"token": CANARY}), 404)
