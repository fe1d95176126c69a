"""Failures of ours: outside there is a sentence and an id, the log has the rest under that id."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx
import pytest
import structlog
from websockets.exceptions import InvalidStatus

from config.logging import configure
from config.settings import Settings
from engine.storage.durable import DurableStore
from engine.storage.errors import DurableStoreError, DurableStoreUnavailableError
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.engine import candle
from tests.web.process import BEARER, Client, Web, until
from tests.web.test_rest import problem
from tests.web.test_sockets import closed_with

pytestmark = pytest.mark.anyio

DETAIL = "the-detail-that-stays-inside"


class Log:
    """What the process has logged, one JSON object an event."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def of(self, request: str) -> str:
        """All that was logged of a request or actor, by its id."""
        lines = [json.loads(line) for line in self._stream.getvalue().splitlines()]
        return "\n".join(str(line) for line in lines if request in (line.get("request"), line.get("path")))


@pytest.fixture
def log() -> Iterator[Log]:
    stream = io.StringIO()
    configure(Settings(log_format="json"), stream)
    yield Log(stream)
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers.clear()


def breaks(*_: object, **__: object) -> Any:
    raise RuntimeError(DETAIL)


@pytest.mark.parametrize("debug", ["", "1"])
async def test_an_answer_tells_the_id_and_the_log_tells_the_rest(
    hot: HotStore, durable: DurableStore, log: Log, monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    """Also where the environment asks the framework to show tracebacks."""
    monkeypatch.setenv("FLASK_DEBUG", debug)
    monkeypatch.setenv("QUART_DEBUG", debug)
    async with running_web(hot, durable) as web:
        monkeypatch.setattr(web.services.durable, "users", breaks)
        response = await web.http.get("/users/", headers=BEARER)
        body = await problem(response, 500)
        assert (body["detail"], body["code"]) == ("something went wrong here; it has been logged", "internal_error")
        assert body["request_id"] == response.headers["X-Request-Id"]
        assert DETAIL not in f"{response.headers}{response.text}"
        assert "Traceback" not in response.text
        told = log.of(body["request_id"])
        assert DETAIL in told
        assert "Traceback" in told


@pytest.mark.parametrize(("error", "status"), [(DurableStoreError, 500), (DurableStoreUnavailableError, 503)])
async def test_what_a_store_said_stays_inside(
    web: Web, log: Log, monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int
) -> None:
    async def refuses(*_: object, **__: object) -> Any:
        raise error(DETAIL)

    monkeypatch.setattr(web.services.durable, "users", refuses)
    response = await web.http.get("/users/", headers=BEARER)
    body = await problem(response, status)
    assert DETAIL not in response.text
    assert DETAIL in log.of(body["request_id"])


async def test_who_takes_too_long_to_send_a_body_is_told_so_in_the_same_words(
    hot: HotStore, durable: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.site.BODY_S", 0.2)

    async def dribble() -> AsyncIterator[bytes]:
        yield b'{"email": '
        await anyio.sleep(5)

    async with running_web(hot, durable) as web:
        response = await web.http.post("/auth/login", content=dribble())
        assert (await problem(response, 408))["code"] == "too_slow"


async def test_an_answer_that_fails_in_the_middle_breaks_off_and_does_not_look_whole(
    web: Web, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await web.services.durable.save([candle(number, 1.0) for number in range(-3, 0)])
    monkeypatch.setattr("web.answers.SHORT_BYTES", 0)
    monkeypatch.setattr("web.intraday.borders", breaks)
    query = {
        "symbol": "RELIANCE",
        "timeframe": "1m",
        "start_date": "2026-11-18T10:00:00Z",
        "end_date": "2026-11-18T12:00:00Z",
    }
    headers = {**BEARER, "X-Request-Id": "id-of-the-half"}
    with pytest.raises(httpx.RemoteProtocolError):
        await web.http.get("/marketdata/intraday", params=query, headers=headers)
    await until(lambda: DETAIL in log.of("id-of-the-half"))


async def ends(client: Client) -> tuple[int, str]:
    """The code and reason a socket is closed with."""
    code = await closed_with(client)
    return code, client.socket.close_reason or ""


async def test_a_session_that_fails_ends_with_an_id(web: Web, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    async with web.client() as client:
        await client.ask(action="ping")
        monkeypatch.setattr("web.sockets.session.ClientSession._carry_out", breaks)
        await client.send(action="ping")
        code, reason = await ends(client)
    assert (code, reason.rpartition(" ")[0]) == (1011, "something went wrong here; it has been logged as")
    assert DETAIL in log.of(reason.rpartition(" ")[2])


async def test_a_socket_that_fails_before_its_session_ends_with_an_id_too(
    web: Web, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a last resort it would end as if all were well."""
    monkeypatch.setattr("web.sockets.admission.digest", breaks)
    async with web.client(bearer=False, query="?ticket=t") as client:
        code, reason = await ends(client)
    assert (code, reason.rpartition(" ")[0]) == (1011, "something went wrong here; it has been logged as")
    assert DETAIL in log.of(reason.rpartition(" ")[2])
    await until(lambda: len(web.services.admission) == 0)


async def test_a_handshake_that_fails_tells_the_id(web: Web, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.routes.socket.plumbing", breaks)
    with pytest.raises(InvalidStatus) as refused:
        async with web.client():
            pass
    response = refused.value.response
    assert response.status_code == 500
    body = json.loads(response.body or b"{}")
    assert DETAIL not in str(body)
    assert DETAIL in log.of(body["request_id"])


async def test_what_a_store_said_does_not_reach_a_chart(web: Web, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(*_: object, **__: object) -> Any:
        raise DurableStoreError(DETAIL)

    monkeypatch.setattr("web.sockets.histories.Histories.newest", refuses)
    async with web.client() as client:
        told = await client.ask(type="get_history", symbol="TCS", timeframe="5m", bars=10)
    assert (told["code"], told["message"]) == (500, "PostgreSQL refused.")
