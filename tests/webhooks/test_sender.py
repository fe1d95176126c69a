"""The sender: what arrives can be checked by who shares the secret, and nothing but a success counts as one."""

import hmac
import json

import pytest
import trio

from engine.credentials import NoKeyError, SealingKeys
from engine.credentials.sealing import SealError
from engine.providers.secret import Secret
from engine.storage.durable.alerts import FiredAlert
from engine.webhooks import Sender, WebhookSecrets
from tests.webhooks.receiver import receiving

NOON = 1_795_069_800 * 10**9
ALERT = FiredAlert(
    id="7-1", owner="u1", rule=7, name="r", kind="price", instrument="NSE:TCS", message="m", value=1.5, at_ns=NOON
)
SECRET = Secret("whsec_only-for-tests")


async def test_a_delivery_is_signed_over_its_time_and_body() -> None:
    async with receiving(204) as receiver:
        answer = await Sender(to_private=True).send(receiver.url, SECRET, ALERT, NOON + 5)
        [received] = receiver.received
    assert (answer.http_status, answer.is_delivered) == (204, True)
    assert received.line == "POST /hook?a=1 HTTP/1.1"
    told = json.loads(received.body)
    assert told == {
        "type": "alert", "id": "7-1", "rule": 7, "name": "r", "about": "price", "symbol": "NSE:TCS", "message": "m",
        "value": 1.5, "is_test": False, "at": NOON // 1_000_000,
    }  # fmt: skip
    assert received.headers["x-ticktree-id"] == "7-1"
    timestamp = received.headers["x-ticktree-timestamp"]
    assert timestamp == str(NOON // 10**9)
    signed = timestamp.encode() + b"." + received.body
    expected = hmac.new(SECRET.reveal().encode(), signed, "sha256").hexdigest()
    assert received.headers["x-ticktree-signature"] == f"v1={expected}"
    assert received.headers["host"] == receiver.url.split("/")[2]


@pytest.mark.parametrize("status", [302, 400, 410, 500])
async def test_anything_but_a_success_is_none_and_no_redirection_is_followed(status: int) -> None:
    async with receiving(status) as receiver:
        answer = await Sender(to_private=True).send(receiver.url, SECRET, ALERT, NOON)
        assert len(receiver.received) == 1
    assert (answer.http_status, answer.why) == (status, f"it answered {status}")


async def test_where_only_we_can_reach_nothing_is_sent() -> None:
    async with receiving(204) as receiver:
        for url in (receiver.url, receiver.url.replace("http:", "https:").replace("127.0.0.1", "localhost")):
            answer = await Sender(to_private=False).send(url, SECRET, ALERT, NOON)
            assert (answer.http_status, answer.is_delivered) == (None, False)
            assert "can not be sent to" in answer.why
        assert receiver.received == []


async def test_who_does_not_answer_is_not_waited_for() -> None:
    async with receiving(0) as receiver:
        with trio.fail_after(5):
            answer = await Sender(to_private=True, step_s=0.2).send(receiver.url, SECRET, ALERT, NOON)
    assert answer.why == "no answer: ReadTimeout"
    closed = await Sender(to_private=True).send("http://127.0.0.1:1/", SECRET, ALERT, NOON)
    assert closed.why == "no answer: ConnectError"


async def test_what_speaks_no_tls_is_no_answer() -> None:
    async with receiving(204) as receiver:
        answer = await Sender(to_private=True).send(receiver.url.replace("http:", "https:"), SECRET, ALERT, NOON)
    assert answer.why == "no answer: ConnectError"


def test_a_secret_opens_for_its_owner_alone() -> None:
    secrets = WebhookSecrets(SealingKeys.derived("a-key-for-tests-only"))
    text, sealed = secrets.make("u1")
    other, _ = secrets.make("u1")
    assert text.startswith("whsec_")
    assert text != other
    assert secrets.open("u1", sealed).reveal() == text
    with pytest.raises(SealError):
        secrets.open("u2", sealed)
    for attempt in (lambda: WebhookSecrets(None).make("u1"), lambda: WebhookSecrets(None).open("u1", sealed)):
        with pytest.raises(NoKeyError, match="TICKTREE_CREDENTIALS_KEY"):
            attempt()
