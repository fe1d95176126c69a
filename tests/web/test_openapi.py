"""The interface as a whole: whatever a client sends to any operation, the answer is one that the document has.

Half of what is sent fits the document and has to be understood; of the other half each breaks it in some way, and is refused.
"""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from functools import partial
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from anyio import to_thread
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis import checks as usual_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi_checks

from engine.screening import Result
from engine.storage.durable import DurableStore
from tests.web.engine import Engine, candle, seed
from tests.web.process import BEARER, Web
from tests.web.test_socket_channels import bearer

pytestmark = [pytest.mark.anyio, pytest.mark.slow]  # it grows with every operation

_usual: Any = usual_checks  # generic in what it leaves unknown
_openapi: Any = openapi_checks


def no_failure(context: Any, response: Any, case: Any) -> None:
    """No error of ours. Nothing is wrong with a server that says when what it lacks, here an engine, is asked for again."""
    if not (response.status_code == 503 and "retry-after" in response.headers):
        _usual.not_a_server_error(context, response, case)


CHECKS = [
    no_failure,
    _openapi.status_code_conformance,
    _openapi.content_type_conformance,
    _openapi.response_headers_conformance,
    _openapi.response_schema_conformance,
    _openapi.negative_data_rejection,
]
EXAMPLES = 12
REFUSALS = {401, 403}
USER = "ann"
RISING = {"where": {"left": "close", "is": ">", "right": "sma(50)"}, "universe": {"exchange": "NSE"}}
BELONGINGS: dict[str, dict[str, Any]] = {
    "/api/v1/screeners/": {"name": "Mine", "definition": RISING},
    "/watchlists/": {"name": "Mine", "instruments": ["NSE:TCS"]},
    "/api/v1/alerts/": {
        "name": "Mine",
        "condition": {"kind": "price", "instrument": "NSE:TCS", "comparison": "above", "value": 5.0},
    },
    "/api/v1/alerts/webhooks": {"name": "Mine", "url": "https://example.org/hook"},
}
"""What somebody with an account may have."""

KNOWN: dict[str, list[str]] = {
    "symbol": ["RELIANCE", "NSE:TCS"],
    "symbols": ["RELIANCE,TCS", "INFY"],
    "keys": ["NSE_EQ:1,RELIANCE"],
    "timeframe": ["1m", "5m", "1d"],
    "start": ["2026-11-18", "2026-11-18T11:27:00Z"],
    "start_date": ["2026-11-18", "2026-11-18T11:27:00Z"],
    "end": ["2026-11-18"],
    "end_date": ["2026-11-18"],
    "as_of": ["2026-11-19"],
    "range": ["1w"],
    "process": ["web-1"],
    "page_token": [""],
}
"""What is there: without it most of what is sent would be answered with 404."""


@pytest.fixture
async def durable(database_url: str) -> AsyncGenerator[DurableStore]:
    """A database of its own: what is sent here changes the instruments that all other tests look for."""
    store = await DurableStore.connect(database_url)
    await seed(store)
    yield store
    await store.close()


async def test_no_operation_fails_and_each_answers_as_documented(
    web: Web, engine: Engine, durable: DurableStore
) -> None:
    """First as the operator, whom what belongs to accounts refuses; that once more as somebody who has one, or had one."""
    await engine.store(1.5)
    await engine.hot.write_heartbeat({"engine": "e1", "time": 1, "feeds": {"dhan/0": {"status": "live"}}})
    await web.services.durable.save([candle(minute) for minute in range(5)])
    assert await durable.add_user(USER, "ann@example.org", password_hash="none")
    nothing = Result(finished=1, timeframe="1d", columns=[])
    await durable.screenings.keep("longterm", msgspec.json.encode(nothing).decode())
    explored = partial(Explored, web.port, await document(web), await understood(web))
    as_operator = await to_thread.run_sync(explored, lambda _: BEARER)
    as_user, as_gone = [
        await to_thread.run_sync(explored, partial(in_a_session_of, who), as_operator.refused) for who in (USER, "gone")
    ]
    faults = [*as_operator.faults, *as_user.faults, *as_gone.faults]
    assert not faults, "\n\n".join(faults)
    assert as_operator.refused
    assert not as_user.refused, "nobody was let in: what these answer is not looked at"


def in_a_session_of(user: str, operation: str) -> dict[str, str]:
    """One for each operation: some end the session they are sent in."""
    return bearer(user, session=operation)


async def understood(web: Web) -> dict[str, list[dict[str, Any]]]:
    """By operation what it can carry out, of things that somebody has: made up by chance it would be nobody's."""
    told: dict[str, list[dict[str, Any]]] = {
        "GET /api/v1/screeners/{identity}": [{"path_parameters": {"identity": "swing"}}],
        "POST /screeners/ltp/start": [{"body": {"screener": "longterm"}}],
        "POST /screeners/ltp/stop": [{"body": {"screener": "longterm"}}],
    }
    for path, body in BELONGINGS.items():
        made = await web.http.post(path, json=body, headers=bearer(USER))
        assert made.status_code == 201, made.text
        one = {"path_parameters": {"identity": made.json()["id"]}}
        told[f"POST {path}"] = [{"body": body}, {"body": body | {"name": "Another"}}]
        alone = f"{path.rstrip('/')}/{{identity}}"
        told |= {f"GET {alone}": [one], f"PUT {alone}": [one | {"body": body}], f"DELETE {alone}": [one]}
        told[f"POST {alone}/test"] = told[f"POST {alone}/run"] = [one]
    return told


async def document(web: Web) -> dict[str, Any]:
    return (await web.http.get("/openapi.json")).json()


class Explored:
    """Every operation, or those that are named, was sent what fits it and what does not."""

    def __init__(
        self,
        port: int,
        told: dict[str, Any],
        understood: dict[str, list[dict[str, Any]]],
        headers: Callable[[str], dict[str, str]],
        only: Collection[str] = (),
    ) -> None:
        """``headers`` and what is ``understood`` are by operation."""
        usual_checks.load_all_checks()
        schema: Any = schemathesis.openapi.from_dict(told)
        self.faults: list[str] = []
        self.refused: list[str] = []
        """Operations of which every answer was that this is for somebody else, or that there is no such thing."""
        self._understood = understood
        for result in schema.get_all_operations():
            operation = result.ok()
            if not only or operation.label in only:
                self._explore(operation, f"http://127.0.0.1:{port}", headers(operation.label))

    def _explore(self, operation: Any, base_url: str, headers: dict[str, str]) -> None:
        answers: set[int] = set()
        with requests.Session() as session:
            to = {"base_url": base_url, "session": session, "checks": CHECKS}
            session.trust_env = False
            session.headers.update(headers)
            session.hooks["response"] = [lambda response, **_: answers.add(response.status_code)]
            for case in self._understood.get(operation.label, ()):
                self.faults += faults_of(operation, partial(operation.Case(**case).call_and_validate, **to))
            self.faults += faults_of(operation, sending(operation, to))
        if answers & REFUSALS and answers <= {*REFUSALS, 404}:
            self.refused.append(operation.label)


def faults_of(operation: Any, send: Callable[[], object]) -> Iterable[str]:
    try:
        send()
    except FailureGroup as failures:
        return [f"{operation.label}: {failure}" for failure in failures.exceptions]
    return []


def sending(operation: Any, to: dict[str, Any]) -> Callable[[], None]:
    """Sends what is made up."""
    fitting: Any = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    unfitting: Any = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=fitting | unfitting, known=st.booleans(), data=st.data())
    def send(case: Any, known: bool, data: st.DataObject) -> None:
        if known:
            make_known(case, data)
        case.call_and_validate(**to)

    return send


def make_known(case: Any, data: st.DataObject) -> None:
    """Puts what there is in the place of what was made up."""
    for place in (case.query, case.path_parameters):
        for name in set(place or {}) & set(KNOWN):
            place[name] = data.draw(st.sampled_from(KNOWN[name]))
