"""Kite's REST calls over HTTP: one open line for as long as somebody asks, and failures told apart."""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio

from engine.providers.base import ProviderError
from engine.providers.http_answers import retry_after_s
from engine.providers.keyring import Credential
from engine.providers.kite.account import VERSION, headers_of
from engine.providers.kite.failures import failure

if TYPE_CHECKING:
    import httpx

_GOODBYE_S: Final = 2.0
_SHOWN: Final = 200

Params = Sequence[tuple[str, str | int]]


class _Complaint(msgspec.Struct):
    message: str = ""
    error_type: str | None = None


class KiteClient:
    """Asks Kite, each call within ``timeout_s`` from its first byte to its last.

    Lines are kept open while somebody is inside ``line`` and closed when the last one leaves: so nothing is left to be
    closed by whoever has no loop at hand any more.
    """

    def __init__(self, rest_url: str, *, timeout_s: float) -> None:
        self._rest_url = rest_url
        self._timeout_s = timeout_s
        self._users = 0
        self._http: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def line(self) -> AsyncGenerator["httpx.AsyncClient"]:
        """Calls made inside share their connections."""
        http = self._http = self._http or self._httpx.AsyncClient(
            base_url=self._rest_url, verify=self._encryption, trust_env=False, timeout=None
        )
        self._users += 1
        try:
            yield http
        finally:
            self._users -= 1
            if not self._users:
                self._http = None
                with trio.move_on_after(_GOODBYE_S, shield=True):
                    await http.aclose()

    async def get(self, path: str, params: Params, credential: Credential) -> bytes:
        """The body of a call that went well; everything else raises ``ProviderError``."""
        return await self._call(credential, "GET", path, params=list(params), headers=headers_of(credential))

    async def post(self, path: str, form: Mapping[str, str]) -> bytes:
        """The same of a form, without an account."""
        return await self._call(None, "POST", path, data=form, headers=VERSION)

    async def _call(self, credential: Credential | None, method: str, path: str, **request: Any) -> bytes:
        async with self.line() as http:
            try:
                with trio.fail_after(self._timeout_s):
                    answer = await http.request(method, path, **request)
            except trio.TooSlowError as error:
                raise ProviderError(f"Kite did not answer within {self._timeout_s:g} s") from error
            except self._httpx.HTTPError as error:
                raise ProviderError(f"Kite can not be reached: {error or type(error).__name__}") from error
        if answer.status_code == self._httpx.codes.OK:
            return answer.content
        raise _failure(answer, credential)

    @cached_property
    def _httpx(self) -> Any:
        """Imported when first needed (0.2 s, 12 MB). It would log a line for every call."""
        import httpx  # noqa: PLC0415

        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        return httpx

    @cached_property
    def _encryption(self) -> Any:
        """The certificates trusted, read once: it takes 20 ms."""
        return self._httpx.create_ssl_context(trust_env=False)


def _failure(answer: "httpx.Response", credential: Credential | None) -> ProviderError:
    complaint = _Complaint()
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        complaint = msgspec.json.decode(answer.content, type=_Complaint)
    message = complaint.message if credential is None else credential.token.redact(complaint.message)
    return failure(
        answer.status_code,
        complaint.error_type,
        message=message[:_SHOWN],
        wait_s=retry_after_s(answer.headers.get("Retry-After")),
    )
