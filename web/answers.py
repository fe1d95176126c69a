"""Answers: objects of ours as JSON, with what every one of them says."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast

import msgspec
import structlog
from quart import Response, current_app

log = structlog.get_logger("ticktree.web")

DataKind = Annotated[
    Literal["simulated", "live"],
    msgspec.Meta(description="Whether prices come from a simulated exchange or a real one."),
]

SHORT_BYTES: Final = 256 * 1024
"""What is longer goes out while it is read."""
STREAM_S: Final = 600.0
"""A client that takes longer to read an answer is cut off."""

_encode = msgspec.json.Encoder().encode


def answer(body: Any, status: int = 200) -> Response:
    """An object as a JSON answer."""
    return Response(_encode(body), status, content_type="application/json")


def items(rows: Sequence[Any], next_page_token: str | None = None, **more: Any) -> Response:
    """A list as the contract writes lists, with the kind of data beside it."""
    return answer({"items": rows, "next_page_token": next_page_token, **more})


async def streamed_items(
    pieces: AsyncIterator[Sequence[Any]],
    about: Callable[[], Mapping[str, Any]],
    *,
    name: str = "items",
    short_bytes: int | None = None,
) -> Response:
    """The same of rows that come in pieces. A long list goes out while it is read; what is said of it stands behind it."""
    most = SHORT_BYTES if short_bytes is None else short_bytes
    body, beginning, size = _body_of_items(pieces, about, name), list[bytes](), 0
    async for part in body:  # what goes wrong in the beginning is told with its status
        beginning.append(part)
        size += len(part)
        if size >= most:
            return streamed(_joined(b"".join(beginning), body), "application/json")
    return Response(b"".join(beginning), content_type="application/json")


def streamed(parts: AsyncIterator[bytes], content_type: str) -> Response:
    """An answer that is made while it is sent."""
    response = Response(_witnessed(parts), content_type=content_type)
    response.timeout = STREAM_S
    return response


async def _body_of_items(
    pieces: AsyncIterator[Sequence[Any]], about: Callable[[], Mapping[str, Any]], name: str
) -> AsyncIterator[bytes]:
    before = b'{"%s":[' % name.encode()
    async for rows in pieces:
        if rows:
            yield before + _encode(rows)[1:-1]
            before = b","
    yield (before if before != b"," else b"") + b"]," + _encode(about())[1:]


async def _joined(beginning: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield beginning
    async for part in rest:
        yield part


async def _witnessed(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """What goes wrong in the middle has no status any more: the client sees the answer break off, the log says why."""
    try:
        async for part in parts:
            yield part
    except Exception:
        log.exception("answer_broken_off")
        raise


def data_kind() -> DataKind:
    """``simulated`` or ``live``: what every page and answer says."""
    return cast("DataKind", current_app.config["DATA_KIND"])
