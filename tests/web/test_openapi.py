"""The interface as a whole: whatever a client sends to any operation, the answer is one that the document has.

Half of what is sent fits the document and has to be understood; of the other half each breaks it in some way, and is refused.
"""

from collections.abc import AsyncGenerator, Iterable
from functools import partial
from typing import Any

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

from engine.storage.durable import DurableStore
from tests.web.engine import Engine, candle, seed
from tests.web.process import BEARER, Web

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


async def test_no_operation_fails_and_each_answers_as_documented(web: Web, engine: Engine) -> None:
    await engine.store(1.5)
    await engine.hot.write_heartbeat({"engine": "e1", "time": 1, "feeds": {"dhan/0": {"status": "live"}}})
    await web.services.durable.save([candle(minute) for minute in range(5)])
    await to_thread.run_sync(partial(explore, web.port, await document(web), BEARER))


async def document(web: Web) -> dict[str, Any]:
    return (await web.http.get("/openapi.json")).json()


def explore(port: int, told: dict[str, Any], headers: dict[str, str]) -> None:
    """Sends every operation what fits it and what does not; all faults are told together."""
    usual_checks.load_all_checks()
    schema: Any = schemathesis.openapi.from_dict(told)
    faults: list[str] = []
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update(headers)
        for result in schema.get_all_operations():
            faults += faults_of(result.ok(), f"http://127.0.0.1:{port}", session)
    assert not faults, "\n\n".join(faults)


def faults_of(operation: Any, base_url: str, session: requests.Session) -> Iterable[str]:
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
        case.call_and_validate(base_url=base_url, session=session, checks=CHECKS)

    try:
        send()
    except FailureGroup as failures:
        return [f"{operation.label}: {failure}" for failure in failures.exceptions]
    return []


def make_known(case: Any, data: st.DataObject) -> None:
    """Puts what there is in the place of what was made up."""
    for place in (case.query, case.path_parameters):
        for name in set(place or {}) & set(KNOWN):
            place[name] = data.draw(st.sampled_from(KNOWN[name]))
