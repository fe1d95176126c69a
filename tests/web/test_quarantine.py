"""The quarantine over REST: a list in pages for the administrator alone, and words that the engine carries out."""

from typing import Any

import msgspec
import pytest

from actors.channels import encode_alert_event
from actors.messages import Alert
from engine.market import Suspect
from engine.market.quarantine import Fate, Quarantined
from tests.web.engine import NOON, Engine, tick
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem
from web.hub import decode_event
from web.hub.feed import AlertEvent

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
PATH = "/api/v1/quarantine/"


def entry(second: int, status: Fate = Fate.HELD, symbol: str = "RELIANCE") -> Quarantined:
    one = tick(120.0, symbol, NOON + second * SECOND, 100)
    return Quarantined.of_tick(Suspect(one, 100.0, 5.0), status, "" if status is Fate.HELD else "ticks")


async def listed(web: Web, **arguments: Any) -> dict[str, Any]:
    response = await web.get(PATH, **arguments)
    assert response.status_code == 200, response.text
    return response.json()


async def test_entries_are_listed_newest_first_with_their_evidence(web: Web) -> None:
    await web.services.durable.note_quarantined([entry(0), entry(1, Fate.DISCARDED, "TCS")])
    body = await listed(web)
    newest, oldest = body["items"]
    assert (newest["instrument"], newest["status"], newest["decided_by"]) == ("NSE:TCS", "discarded", "ticks")
    assert newest["decided_at"].endswith("Z")
    assert (oldest["timestamp"], oldest["price"], oldest["decided_at"]) == ("2026-11-18T11:27:00.000Z", 120.0, None)
    assert oldest["reason"] == "jumped 20 from 100, limit 5"
    assert (oldest["evidence"]["day_high"], oldest["evidence"]["volume"]) == (2.0, 100)
    assert (body["next_page_token"], body["data"]) == (None, "simulated")


async def test_they_are_asked_for_by_status_and_symbol_and_come_in_pages(web: Web) -> None:
    await web.services.durable.note_quarantined([entry(second) for second in range(5)])
    await web.services.durable.note_quarantined([entry(9, Fate.RELEASED, "TCS")])
    assert [one["instrument"] for one in (await listed(web, symbol="TCS"))["items"]] == ["NSE:TCS"]
    assert [one["status"] for one in (await listed(web, status="released"))["items"]] == ["released"]
    first = await listed(web, status="held", limit=3)
    rest = await listed(web, status="held", limit=3, page_token=first["next_page_token"])
    assert [one["timestamp"][17:19] for one in (*first["items"], *rest["items"])] == ["04", "03", "02", "01", "00"]
    assert rest["next_page_token"] is None


@pytest.mark.parametrize(
    "arguments", [{"status": "lost"}, {"limit": 0}, {"limit": "many"}, {"limit": 1001}, {"page_token": "x"}]
)
async def test_what_can_not_be_listed_says_why(web: Web, arguments: dict[str, Any]) -> None:
    body = await problem(await web.get(PATH, **arguments), 400)
    [name] = arguments
    assert name in str(body)


async def test_the_quarantine_is_the_administrators(web: Web, engine: Engine) -> None:
    engine.decision = msgspec.to_builtins(entry(0, Fate.RELEASED))
    for refused in (await web.http.get(PATH), await web.http.post(f"{PATH}1/release")):
        assert (await problem(refused, 401))["code"] == "not_authenticated"
    assert not await web.services.durable.audit_log()


@pytest.mark.parametrize(("word", "status"), [("release", "released"), ("discard", "discarded")])
async def test_an_operators_word_goes_to_the_engine_and_is_audited(
    web: Web, engine: Engine, word: str, status: str
) -> None:
    await web.services.hot.publish_tree("engine", {})
    engine.decision = msgspec.to_builtins(entry(0, Fate(status)))
    answered = await web.http.post(f"{PATH}7/{word}", headers=BEARER)
    assert (answered.status_code, answered.json()["status"]) == (200, status)
    assert (engine.asked["entry"], engine.asked["status"], engine.asked["by"]) == (7, status, "operator")
    [noted] = await web.services.durable.audit_log()
    assert (noted.actor, noted.action, noted.target) == ("operator", word, "quarantine/7")


@pytest.mark.parametrize("code", [404, 409, 503])
async def test_what_the_engine_can_not_carry_out_is_told_with_its_reason(web: Web, engine: Engine, code: int) -> None:
    await web.services.hot.publish_tree("engine", {})
    engine.decision = {"error": "There is no quarantine entry 7.", "code": code}
    body = await problem(await web.http.post(f"{PATH}7/release", headers=BEARER), code)
    assert body["detail"] == "There is no quarantine entry 7."


async def test_words_that_mean_nothing_are_refused(web: Web) -> None:
    for words in ("7/forget", "seven/release"):
        assert (await problem(await web.http.post(f"{PATH}{words}", headers=BEARER), 404))["code"] == "not_found"


def test_an_alert_in_the_stream_of_events_is_understood() -> None:
    event = decode_event(encode_alert_event(Alert("NSE:TCS", "tick of 13 discarded: …", NOON)))
    assert isinstance(event, AlertEvent)
    assert (event.symbol, event.at) == ("NSE:TCS", NOON // 1_000_000)
