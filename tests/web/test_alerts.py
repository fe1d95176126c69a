"""Alerts over REST: one's own rules, what they told, and webhooks whose secret is shown once."""

from typing import Any

import httpx
import pytest

from engine.market.alert_rule import Standing
from engine.storage.durable.alerts import FiredAlert
from tests.web.accounts.test_auth import Person, registered
from tests.web.engine import NOON, Engine
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem

pytestmark = pytest.mark.anyio

BASE = "/api/v1/alerts"
PRICE = {"kind": "price", "instrument": "tcs", "comparison": "above", "value": 100}


async def sent(person: Person, method: str, path: str, body: object = None) -> httpx.Response:
    return await person.web.http.request(method, f"{BASE}{path}", json=body, headers=person.bearer)


async def made(person: Person, **changes: Any) -> dict[str, Any]:
    response = await sent(person, "POST", "/", {"condition": PRICE} | changes)
    assert response.status_code == 201, response.text
    return response.json()


async def listed(person: Person, path: str) -> list[Any]:
    response = await person.get(f"{BASE}{path}")
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def test_a_rule_is_made_read_rewritten_and_taken_away_and_the_engine_hears_of_it(
    web: Web, engine: Engine
) -> None:
    await engine.appear()
    person = await registered(web)
    row = await made(person, name="up")
    assert engine.asked["command"] == "alerts_changed"
    assert row["condition"] == {"kind": "price", "instrument": "NSE:TCS", "comparison": "above", "value": 100.0}
    assert (row["once"], row["cool_down_s"], row["is_enabled"], row["fired_at"]) == (True, 300, True, None)
    one = f"/{row['id']}"
    assert (await sent(person, "GET", one)).json() == row
    feed = {"condition": {"kind": "feed", "provider": "dhan"}, "once": False, "is_enabled": False}
    rewritten = (await sent(person, "PUT", one, feed)).json()
    assert (rewritten["condition"]["seconds"], rewritten["is_enabled"]) == (60, False)
    assert await listed(person, "/") == [rewritten]
    assert (await sent(person, "DELETE", one)).status_code == 200
    await problem(await sent(person, "GET", one), 404)
    assert await listed(person, "/") == []


@pytest.mark.parametrize(
    ("condition", "status", "part"),
    [
        (PRICE | {"comparison": "near"}, 400, "condition.comparison: one of above, below, crosses, rises, falls, gaps"),
        (PRICE | {"value": 0}, 400, "condition.value: "),
        (PRICE | {"value": "100"}, 400, "condition.value: "),
        (PRICE | {"colour": "red"}, 400, "condition.colour: unknown field"),
        ({"kind": "price", "instrument": "TCS", "value": 1}, 400, "condition.comparison: missing"),
        (PRICE | {"instrument": "NSE:NOSUCH"}, 404, ""),
        ({"kind": "moon"}, 400, "condition.kind: "),
        ({"kind": "feed", "provider": "moon"}, 400, "condition.provider: one of "),
        ({"kind": "token", "provider": "dhan"}, 403, ""),
        (None, 400, "condition: "),
    ],
)
async def test_a_rule_that_can_not_be_is_refused_with_the_part(
    web: Web, condition: dict[str, Any] | None, status: int, part: str
) -> None:
    person = await registered(web)
    told = await problem(await sent(person, "POST", "/", {"condition": condition}), status)
    assert part in told["detail"]
    assert await listed(person, "/") == []


async def test_terms_that_can_not_be_are_refused_with_the_field(web: Web) -> None:
    person = await registered(web)
    for field, value in (
        ("cool_down_s", 1),
        ("hysteresis_percent", -1),
        ("webhook", 7),
        ("name", "a\nb"),
        ("once", "no"),
    ):
        told = await problem(await sent(person, "POST", "/", {"condition": PRICE, field: value}), 400)
        assert told["detail"].startswith(f"{field}: ")


async def test_nobody_sees_or_changes_what_is_anothers(web: Web) -> None:
    ann, bob = await registered(web), await registered(web, "bob@example.org")
    one = f"/{(await made(ann))['id']}"
    assert await listed(bob, "/") == []
    for method, body in (("GET", None), ("PUT", {"condition": PRICE}), ("DELETE", None)):
        await problem(await sent(bob, method, one, body), 404)
    await problem(await sent(bob, "POST", f"{one}/test"), 404)
    await problem(await web.http.get(f"{BASE}/"), 401)
    await problem(await web.http.get(f"{BASE}/", headers=BEARER), 403)
    await problem(await sent(ann, "GET", f"/{10**30}"), 404)


async def test_a_webhooks_secret_is_shown_once_and_kept_sealed(web: Web) -> None:
    ann, bob = await registered(web), await registered(web, "bob@example.org")
    answered = await sent(ann, "POST", "/webhooks", {"name": "mine", "url": "https://example.org/hook"})
    assert answered.status_code == 201, answered.text
    new = answered.json()
    secret = new.pop("secret")
    assert secret.startswith("whsec_")
    assert await listed(ann, "/webhooks") == [new]
    assert await listed(bob, "/webhooks") == []
    kept = await web.services.durable._link.rows("SELECT ciphertext, name FROM webhooks")  # pyright: ignore[reportPrivateUsage]
    assert secret.encode() not in kept[0]["ciphertext"]
    assert (await made(ann, webhook=new["id"]))["webhook"] == new["id"]
    await problem(await sent(bob, "POST", "/", {"condition": PRICE, "webhook": new["id"]}), 400)
    await problem(await sent(bob, "DELETE", f"/webhooks/{new['id']}"), 404)
    assert (await sent(ann, "DELETE", f"/webhooks/{new['id']}")).status_code == 200
    assert [rule["webhook"] for rule in await listed(ann, "/")] == [None]


async def test_an_address_that_only_we_can_reach_is_no_webhook(web: Web) -> None:
    person = await registered(web)
    for url in (
        "http://example.org/",
        "https://localhost/",
        "https://169.254.169.254/latest",
        "https://a:b@example.org/",
    ):
        told = await problem(await sent(person, "POST", "/webhooks", {"name": "w", "url": url}), 400)
        assert told["detail"].startswith("url: ")
    assert await listed(person, "/webhooks") == []


async def test_a_test_is_told_and_sent_by_the_rules_ways(web: Web, engine: Engine) -> None:
    await engine.appear()
    person = await registered(web)
    webhook = (await sent(person, "POST", "/webhooks", {"name": "w", "url": "https://example.org/"})).json()["id"]
    row = await made(person, webhook=webhook)
    told = (await sent(person, "POST", f"/{row['id']}/test")).json()
    assert (told["is_test"], told["rule"], told["symbol"]) == (True, row["id"], "NSE:TCS")
    assert engine.asked["command"] == "alerts_changed"
    await problem(await sent(person, "POST", f"/{row['id']}/test"), 429)
    assert [alert.id for alert in await web.services.durable.fired_alerts.untold(10)] == [told["id"]]
    [delivery] = await listed(person, "/deliveries")
    assert (delivery["alert"], delivery["status"], delivery["attempts"]) == (told["id"], "waiting", 0)
    assert await listed(person, "/told") == [told]


async def test_what_was_told_is_read_page_by_page(web: Web) -> None:
    person = await registered(web)
    row, durable = await made(person, once=False), web.services.durable
    [rule] = [rule for rule in await durable.alert_rules.live() if rule.id == row["id"]]
    for number in range(5):
        alert = FiredAlert(
            id=f"{rule.id}-{number}", owner=rule.owner, rule=rule.id, name="", kind="price", instrument="NSE:TCS",
            message="m", value=1.0, at_ns=NOON + number // 2 * 1_000_000_000,
        )  # fmt: skip
        await durable.alert_rules.fire(rule, Standing(0, "", alert.at_ns), alert)
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        page = (await person.get(f"{BASE}/told?limit=2&page_token={token}")).json()
        found += [alert["id"] for alert in page["items"]]
        token = page["next_page_token"]
    assert found == [f"{rule.id}-{number}" for number in (4, 3, 2, 1, 0)]
    await problem(await person.get(f"{BASE}/told?page_token=nonsense"), 400)
