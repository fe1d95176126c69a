"""The document: every route is in it, and it says of each what it takes, what it answers and whom it lets in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.process import Web

pytestmark = pytest.mark.anyio

OPEN = {"/health", "/health/ready", "/api/v1/health/market_stream"}


async def document(web: Web) -> dict[str, Any]:
    answered = await web.http.get("/openapi.json")
    assert (answered.status_code, answered.headers["Content-Type"]) == (200, "application/json")
    return answered.json()


def operations(of: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in of["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


async def test_it_can_be_read_without_a_login_and_refers_to_nothing_that_is_not_there(web: Web) -> None:
    told = await document(web)
    assert (told["openapi"], told["info"]["title"]) == ("3.1.0", "ticktree")
    text = json.dumps(told)
    named = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named == set(told["components"]["schemas"])


async def test_each_operation_has_a_name_of_its_own_a_summary_and_a_group(web: Web) -> None:
    told = await document(web)
    found = [operation for _, _, operation in operations(told)]
    assert len({operation["operationId"] for operation in found}) == len(found)
    assert all(operation["summary"] and "`" not in operation["summary"] for operation in found)
    groups = {tag["name"]: tag["description"] for tag in told["tags"]}
    assert {name for operation in found for name in operation["tags"]} == set(groups)
    assert all(groups.values())


async def test_it_says_who_is_let_in_and_which_errors_there_are(web: Web) -> None:
    told = await document(web)
    problem = {"$ref": "#/components/schemas/Problem"}
    for path, _, operation in operations(told):
        if path.startswith("/auth/"):
            continue  # some are open; which, the paths' own test says
        secured = path not in OPEN
        assert bool(operation.get("security")) == secured, path
        assert {"500", "503"} <= set(operation["responses"])
        assert ({"401", "403", "429"} <= set(operation["responses"])) == secured
        for status, response in operation["responses"].items():
            if status >= "400" and path not in OPEN:
                assert response["content"]["application/json"]["schema"] == problem
                assert response["description"]


async def test_parameters_bodies_and_answers_are_described(web: Web) -> None:
    told = await document(web)
    listed = told["paths"]["/api/v1/quarantine/"]["get"]
    limit = next(one for one in listed["parameters"] if one["name"] == "limit")
    assert (limit["in"], limit["required"]) == ("query", False)
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    assert listed["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Entries")
    assert "content" not in listed["responses"]["304"]
    changed = told["paths"]["/jobs/{identity}/{action}"]["post"]
    action = next(one for one in changed["parameters"] if one["name"] == "action")
    assert set(action["schema"]["enum"]) == {"pause", "resume", "cancel", "retry"}
    assert {"404", "409", "504"} <= set(changed["responses"])


async def test_it_says_what_the_public_feed_shows_where_that_is_on(hot: HotStore, durable: DurableStore) -> None:
    async with running_web(hot, durable, public_feed=True) as web:
        told = await document(web)
        free = {(path, method) for path, method, operation in operations(told) if {} in operation.get("security", ())}
        assert free >= {
            ("/api/v1/bars", "get"),
            ("/api/v1/current_prices", "post"),
            ("/instruments/", "get"),
            ("/udf/history", "get"),
        }
        for path, method in free:
            if method == "get" and "{" not in path:
                assert (await web.http.get(path)).status_code != 401, path
        closed = {(path, method) for path, method, _ in operations(told)} - free
        assert closed >= {("/instruments/", "post"), ("/auth/me", "get"), ("/jobs/", "get"), ("/preferences", "get")}


async def test_it_says_that_nothing_is_free_where_the_public_feed_is_off(web: Web) -> None:
    assert not any({} in operation.get("security", ()) for _, _, operation in operations(await document(web)))
