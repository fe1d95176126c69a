"""Errors as Dhan's REST calls tell them."""

from typing import Final

import msgspec

from engine.providers.simulator.http import Response

_KINDS: Final = {
    "DH-901": (401, "Invalid_Authentication", "Client ID or user generated access token is invalid or expired."),
    "DH-904": (429, "Rate_Limit", "Too many requests on server from single user breaching rate limits."),
    "DH-905": (400, "Input_Exception", "Missing required fields, bad values for parameters etc."),
    "DH-907": (400, "Data_Error", "System is unable to fetch data due to incorrect parameters or no data present."),
    "DH-908": (500, "Internal_Server_Error", "Server was not able to process API request."),
}


class RestError(Exception):
    """A REST call is answered with an error."""

    def __init__(self, code: str, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """The error as Dhan writes it."""
        status, kind, message = _KINDS[self.code]
        headers = {} if self.retry_after_s is None else {"Retry-After": f"{self.retry_after_s:g}"}
        body = {"errorType": kind, "errorCode": self.code, "errorMessage": self.detail or message}
        return Response(status, msgspec.json.encode(body), headers)
