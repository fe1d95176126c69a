"""Errors as Kite's REST calls tell them."""

from http import HTTPStatus
from typing import Final

import msgspec

from engine.providers.simulator.http import Response

_STATUSES: Final = {
    "TokenException": HTTPStatus.FORBIDDEN,
    "InputException": HTTPStatus.BAD_REQUEST,
    "NetworkException": HTTPStatus.TOO_MANY_REQUESTS,
    "GeneralException": HTTPStatus.INTERNAL_SERVER_ERROR,
}


class KiteRestError(Exception):
    """A REST call is answered with an error."""

    def __init__(self, kind: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{kind} {message}")
        self._kind = kind
        self._message = message
        self._retry_after_s = retry_after_s

    def response(self) -> Response:
        """The error as Kite writes it."""
        headers = {} if self._retry_after_s is None else {"Retry-After": f"{self._retry_after_s:g}"}
        body = {"status": "error", "message": self._message, "error_type": self._kind}
        return Response(_STATUSES[self._kind], msgspec.json.encode(body), headers)


def too_many(retry_after_s: float) -> KiteRestError:
    return KiteRestError("NetworkException", "Too many requests", retry_after_s=retry_after_s)


def bad_input(message: str) -> KiteRestError:
    return KiteRestError("InputException", message)
