"""The historical calls over HTTP: each on a line of its own, within bounds, its answer handed on while it comes."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import trio

from engine.providers.base import ProviderError
from engine.providers.databento.answers import refusal
from engine.providers.http_answers import retry_after_s
from engine.providers.secret import Secret

_GOOD: Final = (200, 206)  # 206: some of the symbols are not known for all of the time
_MOST_COMPLAINT: Final = 65_536


class DatabentoClient:
    """Asks for ranges. Nothing may fall silent for ``silence_s``, and no call take longer than ``timeout_s``."""

    def __init__(self, rest_url: str, *, timeout_s: float, silence_s: float) -> None:
        self._url = f"{rest_url}/timeseries.get_range"
        self._timeout_s = timeout_s
        self._silence_s = silence_s

    async def read(self, form: Mapping[str, str], key: Secret, take: Callable[[bytes], None]) -> None:
        """Give the answer to ``take``, piece by piece; everything that is no answer raises ``ProviderError``."""
        try:
            with trio.fail_after(self._timeout_s):
                await self._read(form, key, take)
        except trio.TooSlowError as error:
            raise ProviderError(f"Databento did not answer within {self._timeout_s:g} s") from error
        except self._httpx.HTTPError as error:
            raise ProviderError(f"Databento can not be reached: {error or type(error).__name__}") from error

    async def _read(self, form: Mapping[str, str], key: Secret, take: Callable[[bytes], None]) -> None:
        options = {"data": form, "auth": (key.reveal(), ""), "headers": {"Accept-Encoding": "identity"}}
        async with (
            self._httpx.AsyncClient(verify=self._encryption, trust_env=False, timeout=self._silence_s) as http,
            http.stream("POST", self._url, **options) as answer,
        ):
            if answer.status_code not in _GOOD:
                body = await _complaint(answer)
                raise refusal(answer.status_code, body, wait_s=retry_after_s(answer.headers.get("Retry-After")))
            async for piece in answer.aiter_bytes():
                take(piece)

    @cached_property
    def _httpx(self) -> Any:
        """Imported when first needed (0.2 s, 12 MB)."""
        import httpx  # noqa: PLC0415

        return httpx

    @cached_property
    def _encryption(self) -> Any:
        """The certificates trusted, read once: it takes 20 ms."""
        return self._httpx.create_ssl_context(trust_env=False)


async def _complaint(answer: Any) -> bytes:
    """The body, as far as anybody would read it; taken to its end, or httpx would leave it unclosed."""
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece[: _MOST_COMPLAINT - len(body)]
    return body
