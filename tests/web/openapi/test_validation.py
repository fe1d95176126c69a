"""Validation: what is wrong with a query or a body is said field by field, and a right one becomes its model."""

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta
from quart import Quart, Response

from web import errors
from web.answers import answer
from web.openapi import Body, Query, validate_querystring, validate_request

pytestmark = pytest.mark.anyio


class Where(Body, frozen=True, kw_only=True):
    line: int


class Wish(Query, frozen=True, kw_only=True):
    symbol: str
    limit: Annotated[int, Meta(ge=1, le=10)] = 5
    format: Literal["json", "csv"] = "json"
    gaps: bool = False


class Order(Body, frozen=True, kw_only=True):
    keys: Annotated[tuple[str, ...], Meta(max_length=3)] = ()
    where: Where | None = None


@pytest.fixture
def app() -> Quart:
    app = Quart("test", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    errors.install(app)

    @app.get("/")
    @validate_querystring(Wish)
    async def _read(query_args: Wish) -> Response:
        return answer(query_args)

    @app.post("/")
    @validate_request(Order)
    async def _write(data: Order) -> Response:
        return answer(data)

    return app


async def test_a_right_query_becomes_its_model(app: Quart) -> None:
    answered = await app.test_client().get("/?symbol=TCS&limit=7&gaps=true")
    assert await answered.get_json() == {"symbol": "TCS", "limit": 7, "format": "json", "gaps": True}


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("", "symbol: missing"),
        ("symbol=TCS&limit=0", "limit: expected int >= 1"),
        ("symbol=TCS&limit=11", "limit: expected int <= 10"),
        ("symbol=TCS&limit=many", "limit: expected int, got str"),
        ("symbol=TCS&limit=", "limit: expected int, got str"),
        ("symbol=TCS&limit=1.5", "limit: expected int, got str"),
        (f"symbol=TCS&limit={'9' * 5_000}", "limit: integer value out of range"),
        ("symbol=TCS&gaps=perhaps", "gaps: expected bool, got str"),
        ("symbol=TCS&format=xml", "format: one of json, csv"),
        ("symbol=TCS&nobody=1", "nobody: unknown field"),
        ("symbol=TCS&symbol=INFY", "symbol: given more than once"),
        ("symbol=TCS&%60%00=1", "`\0: unknown field"),
    ],
)
async def test_each_fault_of_a_query_is_named(app: Quart, written: str, error: str) -> None:
    answered = await app.test_client().get(f"/?{written}")
    body = await answered.get_json()
    assert (answered.status_code, body["code"], body["errors"]) == (400, "bad_request", [error])
    assert body["detail"] == error


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/x+json", ""])
async def test_a_right_body_becomes_its_model(app: Quart, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answered = await app.test_client().post("/", data=b'{"keys": ["a"], "where": {"line": 1}}', headers=headers)
    assert await answered.get_json() == {"keys": ["a"], "where": {"line": 1}}


async def test_no_body_is_an_empty_one(app: Quart) -> None:
    assert await (await app.test_client().post("/")).get_json() == {"keys": [], "where": None}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"keys": "a"}', 400, "keys: expected array, got str"),
        (b'{"keys": ["a", 1]}', 400, "keys[1]: expected str, got int"),
        (b'{"keys": ["a", "b", "c", "d"]}', 400, "keys: expected array of length <= 3"),
        (b'{"where": {}}', 400, "where.line: missing"),
        (b'{"where": {"line": "1"}}', 400, "where.line: expected int, got str"),
        (b'{"where": {"line": 1, "row": 2}}', 400, "where.row: unknown field"),
        (b'{"kys": []}', 400, "kys: unknown field"),
        (b"[]", 400, "the body: expected object, got array"),
        (b"null", 400, "the body: expected object, got null"),
    ],
)
async def test_each_fault_of_a_body_is_named(app: Quart, body: bytes, status: int, error: str) -> None:
    answered = await app.test_client().post("/", data=body, headers={"Content-Type": "application/json"})
    assert (answered.status_code, (await answered.get_json())["errors"]) == (status, [error])


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_request"),
        (b"\xff\xfe", "application/json", 400, "bad_request"),
        (b'{"keys": NaN}', "application/json", 400, "bad_request"),
        (b'{"keys": ["\\ud800"]}', "application/json", 400, "bad_request"),
        (b'{"where":' * 100, "application/json", 400, "bad_request"),
        (b"[" * 900, "application/json", 400, "bad_request"),
        (b"keys=a", "application/x-www-form-urlencoded", 415, "not_json"),
        (b"{}", "text/plain", 415, "not_json"),
        (b" " * 2_000, "application/json", 413, "too_large"),
        (b" " * 2_000, "text/plain", 413, "too_large"),
    ],
)
async def test_what_is_no_json_is_refused(app: Quart, body: bytes, kind: str, status: int, code: str) -> None:
    answered = await app.test_client().post("/", data=body, headers={"Content-Type": kind})
    told: Any = await answered.get_json()
    assert (answered.status_code, told["status_code"], told["code"]) == (status, status, code)


async def test_another_method_is_told_which_there_are(app: Quart) -> None:
    answered = await app.test_client().delete("/")
    assert (answered.status_code, (await answered.get_json())["code"]) == (405, "method_not_allowed")
    assert answered.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
