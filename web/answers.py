"""Answers: objects of ours as JSON, with what every one of them says."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

import msgspec
from quart import Response, current_app, request

DataKind = Annotated[
    Literal["simulated", "live"],
    msgspec.Meta(description="Whether prices come from a simulated exchange or a real one."),
]

_encode = msgspec.json.Encoder().encode


def answer(body: Any, status: int = 200) -> Response:
    """An object as a JSON answer."""
    return Response(_encode(body), status, content_type="application/json")


def items(rows: Sequence[Any], next_page_token: str | None = None, **more: Any) -> Response:
    """A list as the contract writes lists, with the kind of data beside it."""
    return answer({"items": rows, "next_page_token": next_page_token, **more})


async def json_body() -> dict[str, Any]:
    """The request's body as an object; empty for anything else, which then lacks what the route asks for."""
    try:
        body: object = msgspec.json.decode(await request.get_data(cache=False))
    except (msgspec.DecodeError, RecursionError):
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def data_kind() -> DataKind:
    """``simulated`` or ``live``: what every page and answer says."""
    return cast("DataKind", current_app.config["DATA_KIND"])
