"""When a client comes back, how long it waits, and when it gives up."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response

from ticktree_client.failures import LONGEST_WAIT_S, failure_of, failure_of_answer
from ticktree_client.pauses import FIRST_S, LONGEST_S, may_come_back, pause_s
from web.protocol import Close as ServerClose


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0, 60))
def test_pauses_grow_to_a_cap_and_differ(attempt: int, chance: float, least_s: float) -> None:
    pause = pause_s(attempt, lambda: chance, at_least_s=least_s)
    assert max(least_s, FIRST_S / 2) <= pause <= max(least_s, LONGEST_S)
    assert pause_s(attempt + 1, lambda: chance, at_least_s=least_s) >= pause


@pytest.mark.parametrize("code", list(ServerClose))
def test_the_client_understands_the_servers_close_codes(code: ServerClose) -> None:
    stays_away = {ServerClose.BAD_TOKEN, ServerClose.BAD_REQUEST, ServerClose.CONNECTION_LIMIT, ServerClose.PERMISSION}
    assert may_come_back(code) == (code not in stays_away)
    failure = failure_of(ConnectionClosedError(Close(code, "why"), None))
    assert (failure.is_final, failure.token_ended) == (code in stays_away, code == ServerClose.BAD_TOKEN)
    assert "why" in failure.why


def test_a_connection_that_broke_is_made_again() -> None:
    assert not failure_of(ConnectionClosedError(None, None)).is_final
    assert not failure_of(ConnectionRefusedError("refused")).is_final
    assert failure_of(TimeoutError()).why == "TimeoutError"


@pytest.mark.parametrize(("status", "is_final"), [(401, True), (403, True), (404, True), (429, False), (503, False)])
def test_a_refused_handshake_is_final_unless_later_may_be_better(status: int, is_final: bool) -> None:
    error = InvalidStatus(Response(status, "", Headers({"Retry-After": "7"})))
    assert (failure_of(error).is_final, failure_of(error).later_s) == (is_final, 7.0)


def test_the_server_says_why_and_how_long() -> None:
    told = failure_of_answer(httpx.Response(429, json={"detail": "too many"}, headers={"Retry-After": "86400"}))
    assert (told.why, told.is_final, told.later_s) == ("status 429: too many", False, LONGEST_WAIT_S)
    assert failure_of_answer(httpx.Response(502, text="<html>")).why == "status 502: Bad Gateway"
