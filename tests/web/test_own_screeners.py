"""Own screeners: kept for one user, refused with the part that is wrong, run by the engine, and live once they were."""

from typing import Any

import msgspec
import pytest

from actors import screen_universe
from engine.screening import INDICATORS, Definition, Match, Result
from engine.storage.durable import DurableStore, Job
from engine.storage.durable import screeners as durable_screeners
from tests.web.accounts.test_auth import Person, registered
from tests.web.accounts.test_belongings import sent
from tests.web.engine import NOON, Engine
from tests.web.process import BEARER, Web
from tests.web.test_rest import problem
from web.routes import screeners

pytestmark = pytest.mark.anyio

PATH = "/api/v1/screeners/"
RISING = {"left": "close", "is": ">", "right": "sma(50)"}
PAIR = ["NSE:TCS", "NSE:INFY"]
DEFINITION = {"universe": {"exchange": "NSE"}, "where": {"all": [RISING]}, "timeframe": "1d"}
BODY = {"name": "Mine", "description": "of days", "definition": DEFINITION}
RESULT = Result(
    (Match("NSE:TCS", 5, 99.0, (99.0, None)),),
    found=1,
    examined=2,
    undecided=1,
    finished=NOON // 1_000_000,
    timeframe="1d",
    columns=["close", "sma(50)"],
)


async def made(person: Person, **more: Any) -> dict[str, Any]:
    response = await sent(person, "POST", PATH, BODY | more)
    assert response.status_code == 201, response.text
    return response.json()


async def found(durable: DurableStore, screener: str) -> None:
    await durable.screenings.keep(screener, msgspec.json.encode(RESULT).decode())


async def test_one_is_made_read_rewritten_and_taken_away(web: Web) -> None:
    person = await registered(web)
    row = await made(person)
    assert (row["name"], row["description"], row["definition"]) == ("Mine", "of days", without_defaults(DEFINITION))
    one = f"{PATH}{row['id']}"
    shown = (await person.get(one)).json()
    assert (shown["is_own"], shown["result"], shown["instruments"]) == (True, None, [])
    assert shown["definition"] == row["definition"]
    listed = (await person.get(PATH)).json()["items"]
    assert [(line["id"], line["is_own"], line["can_run"], line["finished"]) for line in listed] == [
        ("longterm", False, True, None),
        ("swing", False, True, None),
        (row["id"], True, True, None),
    ]

    changed = await sent(person, "PUT", one, BODY | {"name": "Ours", "definition": DEFINITION | {"limit": 5}})
    assert changed.json()["definition"]["limit"] == 5
    assert (await sent(person, "DELETE", one)).json()["name"] == "Ours"
    await problem(await person.get(one), 404)
    await made(person)


def without_defaults(definition: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(msgspec.convert(definition, Definition)))


async def test_nobody_sees_changes_or_runs_those_of_another(web: Web) -> None:
    ann, bob = await registered(web), await registered(web, "bob@example.org")
    one = f"{PATH}{(await made(ann))['id']}"
    await problem(await bob.get(one), 404)
    await problem(await sent(bob, "PUT", one, BODY), 404)
    await problem(await sent(bob, "DELETE", one), 404)
    await problem(await sent(bob, "POST", f"{one}/run"), 404)
    assert [line["id"] for line in (await bob.get(PATH)).json()["items"]] == ["longterm", "swing"]
    await problem(await web.http.post(PATH, json=BODY, headers=BEARER), 403)
    await problem(await web.http.get(one, headers=BEARER), 404)
    await problem(await web.http.get(PATH), 401)


async def test_every_part_that_is_wrong_is_named(web: Web) -> None:
    person = await registered(web)
    for wrong, told in (
        ({"name": ""}, ["name: expected str of length >= 1"]),
        (
            {"definition": {**DEFINITION, "where": {**RISING, "is": "over"}}},
            ["definition.where.is: invalid enum value 'over'"],
        ),
        (
            {
                "definition": {
                    "universe": {"list": "mine"},
                    "where": {**RISING, "left": "smaa"},
                    "sort": {"by": "rsi(0)"},
                }
            },
            [
                "definition.where.left: there is no indicator 'smaa'; near it: sma, ema",
                "definition.sort.by: length of rsi is a number of 2 to 500, whole, was '0'",
                "definition.universe.list: there is no list 'mine'; near it: longterm, swing",
            ],
        ),
        (
            {"definition": {**DEFINITION, "universe": {"exchange": "NSEE", "sector": "Bonks"}}},
            [
                "definition.universe.exchange: there is no exchange 'NSEE'; near it: NSE",
                "definition.universe.sector: there is no sector 'Bonks'",
            ],
        ),
        (
            {"definition": {**DEFINITION, "universe": {"instruments": ["NSE:TCS", "NSE:NOPE", "INFY"]}}},
            [
                "definition.universe.instruments[2]: expected EXCHANGE:SYMBOL, was 'INFY'",
                "definition.universe.instruments[1]: there is no instrument 'NSE:NOPE'",
            ],
        ),
    ):
        refused = await problem(await sent(person, "POST", PATH, BODY | wrong), 400)
        assert [one.replace(", macd", "") for one in refused["errors"]] == told
    row, other = await made(person), await made(person, name="Other")
    await problem(await sent(person, "POST", PATH, BODY), 409)
    await problem(await sent(person, "PUT", f"{PATH}{other['id']}", BODY), 409)
    await problem(await sent(person, "PUT", f"{PATH}swing", BODY), 409)
    for number in ("0", str(2**31), "9" * 40, "nobody", "-1"):
        await problem(await sent(person, "PUT", f"{PATH}{number}", BODY), 404)
    assert (await person.get(f"{PATH}{row['id']}")).json()["name"] == "Mine"


async def test_what_a_screener_named_and_has_gone_since_keeps_nobody_from_changing_the_rest(
    web: Web, durable: DurableStore
) -> None:
    person = await registered(web)
    row = await made(person)
    one, user = f"{PATH}{row['id']}", (await person.get("/auth/me")).json()["id"]
    gone = {"list": "gone", "exchange": "GONE", "sector": "Gone", "instruments": ["NSE:GONE"]}
    written = msgspec.json.encode(without_defaults(DEFINITION | {"universe": gone})).decode()
    assert await durable.screeners.change(user, int(row["id"]), "Mine", "", written)
    more = gone | {"instruments": ["NSE:TCS", "NSE:GONE"]}
    changed = await sent(person, "PUT", one, BODY | {"definition": DEFINITION | {"universe": more, "limit": 5}})
    assert (changed.status_code, changed.json()["definition"]["limit"]) == (200, 5)
    more = gone | {"list": "lost", "instruments": ["NSE:GONE", "NSE:LOST"]}
    refused = await sent(person, "PUT", one, BODY | {"definition": DEFINITION | {"universe": more}})
    assert [told.partition(";")[0] for told in (await problem(refused, 400))["errors"]] == [
        "definition.universe.list: there is no list 'lost'",
        "definition.universe.instruments[1]: there is no instrument 'NSE:LOST'",
    ]


async def test_ten_of_ones_own_may_run_by_themselves(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable_screeners, "DAILY", 1)
    person = await registered(web)
    daily = DEFINITION | {"schedule": "daily"}
    assert (await made(person, definition=daily))["definition"]["schedule"] == "daily"
    other = await made(person, name="Other")
    for method, path in (("POST", PATH), ("PUT", f"{PATH}{other['id']}")):
        refused = await problem(await sent(person, method, path, BODY | {"name": "New", "definition": daily}), 409)
        assert refused["code"] == "too_many_daily"
        assert refused["errors"][0].startswith("definition.schedule: 10 of your screeners are run daily already")
    wrong = await problem(
        await sent(person, "POST", PATH, BODY | {"definition": DEFINITION | {"schedule": "hourly"}}), 400
    )
    assert wrong["errors"] == ["definition.schedule: invalid enum value 'hourly'"]


async def test_a_run_is_the_engines_with_all_it_needs(web: Web, engine: Engine, durable: DurableStore) -> None:
    person = await registered(web)
    row = await made(person, definition=DEFINITION | {"universe": {"exchange": "NSE", "instruments": PAIR}})
    await engine.appear()
    engine.refusal = {"ok": True, "result": {"id": "screen-7"}}
    begun = await sent(person, "POST", f"{PATH}{row['id']}/run")
    assert begun.status_code == 202
    assert begun.json() == {"screener": row["id"], "job": "screen-7", "instruments": 2}
    asked = {name: engine.asked[name] for name in ("command", "screener", "definition", "instruments", "owner")}
    assert asked == {
        "command": "screen",
        "screener": row["id"],
        "definition": row["definition"],
        "instruments": sorted(PAIR),
        "owner": (await person.get("/auth/me")).json()["id"],
    }

    definition = (await person.get(f"{PATH}swing")).json()["definition"]
    arguments = {"screener": "swing", "owner": "", "definition": definition}
    await durable.save_job(Job("screen-8", "screen", "running", arguments=arguments))
    again = (await sent(person, "POST", f"{PATH}swing/run")).json()
    assert again["job"] == "screen-8"


async def test_a_run_that_makes_no_sense_is_refused(
    web: Web, durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await registered(web)
    nowhere = await made(person, definition=DEFINITION | {"universe": {"exchange": "NSE", "kind": "index"}})
    refused = await problem(await sent(person, "POST", f"{PATH}{nowhere['id']}/run"), 409)
    assert refused["code"] == "empty_universe"

    monkeypatch.setattr(screeners, "MOST_INSTRUMENTS", 2)
    monkeypatch.setattr(screen_universe, "MOST_INSTRUMENTS", 2)
    everything = await made(person, name="All")
    refused = await problem(await sent(person, "POST", f"{PATH}{everything['id']}/run"), 409)
    assert refused["code"] == "too_many_instruments"

    for number in range(screeners.MOST):
        await durable.save_job(Job(f"screen-{number}", "screen", "waiting", arguments={"screener": f"s{number}"}))
    monkeypatch.undo()
    await problem(await sent(person, "POST", f"{PATH}swing/run"), 503)


async def test_of_ones_own_two_run_at_a_time_and_a_rewritten_one_is_begun_anew(
    web: Web, engine: Engine, durable: DurableStore
) -> None:
    person = await registered(web)
    mine = (await person.get("/auth/me")).json()["id"]
    row = await made(person, definition=DEFINITION | {"universe": {"instruments": PAIR}})
    arguments = {"screener": row["id"], "owner": mine, "definition": row["definition"]}
    await durable.save_job(Job("screen-1", "screen", "running", arguments=arguments))
    run = f"{PATH}{row['id']}/run"
    assert (await sent(person, "POST", run)).json()["job"] == "screen-1"

    await sent(person, "PUT", f"{PATH}{row['id']}", BODY | {"definition": row["definition"] | {"limit": 5}})
    await engine.appear()
    engine.refusal = {"ok": True, "result": {"id": "screen-2"}}
    assert (await sent(person, "POST", run)).json()["job"] == "screen-2"

    await durable.save_job(Job("screen-2", "screen", "waiting", arguments=arguments))
    refused = await problem(await sent(person, "POST", run), 429)
    assert refused["detail"] == "2 of your screeners are being run already"


async def test_who_rewrites_a_screener_or_takes_it_away_ends_its_run(
    web: Web, engine: Engine, durable: DurableStore
) -> None:
    person = await registered(web)
    mine = (await person.get("/auth/me")).json()["id"]
    row, other = await made(person), await made(person, name="Other")
    for number, one in ((1, row), (2, other)):
        arguments = {"screener": one["id"], "owner": mine, "definition": one["definition"]}
        await durable.save_job(Job(f"screen-{number}", "screen", "running", arguments=arguments))
    await engine.appear()
    path = f"{PATH}{row['id']}"

    await sent(person, "PUT", path, BODY | {"name": "Renamed"})
    assert engine.asked == {}
    await sent(person, "PUT", path, BODY | {"definition": DEFINITION | {"limit": 5}})
    assert {name: engine.asked[name] for name in ("command", "job", "action")} == ENDED
    engine.asked.clear()
    await sent(person, "DELETE", path)
    assert {name: engine.asked[name] for name in ("command", "job", "action")} == ENDED


ENDED = {"command": "job", "job": "screen-1", "action": "cancel"}


async def test_what_was_found_is_shown_and_streamed_until_it_is_taken_away(
    web: Web, engine: Engine, durable: DurableStore
) -> None:
    person = await registered(web)
    row = await made(person, definition=DEFINITION | {"universe": {"instruments": PAIR}})
    one = f"{PATH}{row['id']}"
    refused = await problem(await sent(person, "POST", "/screeners/ltp/start", {"screener": row["id"]}), 409)
    assert refused["code"] == "nothing_found"

    await engine.store(5.0, "TCS")
    await found(durable, row["id"])
    shown = (await person.get(one)).json()
    assert [(price["instrument"], price["price"]) for price in shown["instruments"]] == [("NSE:TCS", 5.0)]
    assert msgspec.convert(shown["result"], Result) == RESULT
    line = (await person.get(PATH)).json()["items"][-1]
    assert (line["count"], line["finished"]) == (1, RESULT.finished)

    started = await sent(person, "POST", "/screeners/ltp/start", {"screener": row["id"]})
    assert (started.json()["status"], started.json()["instruments"]) == ("started", 1)
    await durable.screenings.keep(
        row["id"], msgspec.json.encode(msgspec.structs.replace(RESULT, matches=(), found=0)).decode()
    )
    stopped = await sent(person, "POST", "/screeners/ltp/stop", {"screener": row["id"]})
    assert (stopped.json()["status"], stopped.json()["stream"]) == ("stopped", started.json()["stream"])

    await sent(person, "DELETE", one)
    assert await durable.screenings.newest(row["id"]) is None


async def test_old_runs_are_forgotten_when_a_new_one_is_kept(web: Web, durable: DurableStore) -> None:
    for number, (screener, status) in enumerate((("swing", "done"), ("swing", "running"), ("longterm", "done"))):
        await durable.save_job(Job(f"screen-{number}", "screen", status, arguments={"screener": screener}))
    await found(durable, "swing")
    assert {job.id for job in await durable.jobs(kind="screen")} == {"screen-1", "screen-2"}


async def test_the_catalogue_says_what_can_be_compared(web: Web) -> None:
    listed = (await web.get("/api/v1/indicators/")).json()["items"]
    assert [one["name"] for one in listed] == list(INDICATORS)
    (rsi,) = [one for one in listed if one["name"] == "rsi"]
    assert rsi["parameters"] == [
        {"name": "length", "default": 14.0, "minimum": 2.0, "maximum": 500.0, "is_whole": True}
    ]
