"""What went wrong on the way to the server, and what follows from it: come back, show a new token first, or give up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ticktree_client.pauses import may_come_back

TOKEN_ENDED = 3500
LONGEST_WAIT_S = 60.0
_LATER = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why, in words; ``is_final`` when the same again would fail the same."""

    why: str
    is_final: bool = False
    token_ended: bool = False
    later_s: float = 0.0
    """How long the server wants to be left alone."""


def failure_of(error: Exception) -> Failure:
    """What ended a connection, or kept it from being one."""
    match error:
        case ConnectionClosed(rcvd=frame) if frame is not None:
            why = f"the server closed with {int(frame.code)}: {frame.reason or 'no reason given'}"
            return Failure(why, not may_come_back(frame.code), frame.code == TOKEN_ENDED)
        case InvalidStatus(response=response):
            return _of_status(response.status_code, response.headers, f"status {response.status_code}")
        case _:
            return Failure(str(error) or type(error).__name__)


def failure_of_answer(answer: httpx.Response) -> Failure:
    """What an answer says that is not the one we wanted."""
    is_ours = answer.headers.get("Content-Type", "").startswith("application/json")
    body: Any = answer.json() if is_ours else {}
    why = f"status {answer.status_code}: {body.get('detail') or answer.reason_phrase}"
    return _of_status(answer.status_code, answer.headers, why)


def _of_status(status: int, headers: Mapping[str, str], why: str) -> Failure:
    written = headers.get("Retry-After", "")
    later_s = min(float(written), LONGEST_WAIT_S) if written.isdecimal() else 0.0  # nobody silences us for a day
    return Failure(why, status not in _LATER, status == 401, later_s)
