"""The one error body, for everything that can go wrong with a request."""

from collections.abc import Sequence

import msgspec
import structlog
from quart import Quart, Response, g
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from engine.storage.errors import StorageError, StorageUnavailableError
from web.answers import answer

log = structlog.get_logger("ticktree.web")

_CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    409: "conflict",
    413: "too_large",
    415: "not_json",
    429: "too_many_requests",
    500: "internal_error",
    503: "not_available",
    504: "no_reply",
}


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not answered as it was meant."""

    detail: str
    status_code: int
    code: str
    errors: list[str]
    request_id: str | None


class ApiError(Exception):
    """A request can not be answered as it was meant; ``detail`` says why, in words for who sent it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[str] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code or _CODES.get(status, "error")
        self.errors = list(errors)
        self.retry_after_s = retry_after_s

    @property
    def response(self) -> Response:
        problem = Problem(self.detail, self.status, self.code, self.errors, g.get("request_id"))
        response = answer(problem, self.status)
        if self.retry_after_s is not None:
            response.headers["Retry-After"] = str(int(self.retry_after_s) + 1)
        if self.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response


def install(app: Quart) -> None:
    """Makes the one body of every error that can reach a client."""
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StorageError, _storage_error)


async def _api_error(error: ApiError) -> Response:
    return error.response


async def _http_error(error: HTTPException) -> Response:
    """Werkzeug's own, and with status 500 whatever nobody caught; Quart has logged that with its traceback."""
    status = error.code or 500
    detail = "something went wrong here; it has been logged" if status >= 500 else error.description or error.name
    response = ApiError(status, detail).response
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


async def _storage_error(error: StorageError) -> Response:
    log.warning("request_failed", error=str(error))
    if isinstance(error, StorageUnavailableError):
        return ApiError(503, "a store is away; try again in a moment", retry_after_s=1).response
    return ApiError(500, "a store refused; it has been logged").response
