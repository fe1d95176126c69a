"""The REST calls of the ``dhanhq`` package, typed and tamed. They block: call them in worker threads."""

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, cast

import msgspec

from engine.providers.dhan.account import account_of
from engine.providers.http_answers import retry_after_s
from engine.providers.keyring import Credential, Keyring
from engine.providers.secret import Secret

_LOGGING_MODULES: Final = ("dhanhq.dhan_http", "dhanhq.dhan_context", "dhanhq._historical_data")
_FAILED: Final = ("failed", "failure", "error")


class Reply(msgspec.Struct, frozen=True):
    """What came back. The package tells a time-out, a 429 and a broken body alike; this does not."""

    ok: bool
    body: Any = None
    status: int | None = None
    """Of HTTP; ``None`` when nothing was answered."""
    code: str | None = None
    """Dhan's name for the failure, ``DH-905`` or ``805``."""
    retry_after_s: float | None = None
    complaint: str = ""


class DhanClient:
    """One account's REST calls; usable from several threads."""

    def __init__(self, keyring: Keyring, rest_url: str, *, timeout_s: float) -> None:
        self._keyring = keyring
        self._rest_url = rest_url
        self._timeout_s = timeout_s
        self._answer = threading.local()
        self._making = threading.Lock()
        self._package: Any = None
        self._made_for: Credential | None = None

    def intraday(
        self, instrument: Mapping[str, str], start: str, end: str, *, minutes: int, open_interest: bool
    ) -> Reply:
        """Bars of 1, 5, 15, 25 or 60 minutes; ``YYYY-MM-DD HH:MM:SS`` in Indian time, both ends."""
        bars = {"from_date": start, "to_date": end, "interval": minutes}
        return self._call("intraday_minute_data", **instrument, **bars, oi=open_interest)

    def days(self, instrument: Mapping[str, str], start: str, end: str, *, open_interest: bool) -> Reply:
        """Daily bars from ``start`` to the day before ``end``, both ``YYYY-MM-DD``."""
        return self._call("historical_daily_data", **instrument, from_date=start, to_date=end, oi=open_interest)

    def last_prices(self, ids: Mapping[str, Sequence[int]]) -> Reply:
        """Last prices of at most 1,000 instruments, by segment."""
        return self._call("ticker_data", {segment: list(numbers) for segment, numbers in ids.items()})

    def quotes(self, ids: Mapping[str, Sequence[int]]) -> Reply:
        """Everything about the last trades of at most 1,000 instruments, by segment."""
        return self._call("quote_data", {segment: list(numbers) for segment, numbers in ids.items()})

    def expiries(self, security_id: int, segment: str) -> Reply:
        """The days on which options of an underlying expire."""
        return self._call("expiry_list", security_id, segment)

    def option_chain(self, security_id: int, segment: str, expiry: str) -> Reply:
        """The options of an underlying that expire on a day, ``YYYY-MM-DD``."""
        return self._call("option_chain", security_id, segment, expiry)

    def orders(self) -> Reply:
        """All orders of the day, each as it stands now."""
        return self._call("get_order_list")

    def close(self) -> None:
        """Give the connections back."""
        if self._package is not None:
            self._package.dhan_http.session.close()

    def _call(self, method: str, *arguments: Any, **named: Any) -> Reply:
        account = account_of(self._keyring)
        with self._making:
            if not account.is_same_as(self._made_for):
                self._package, self._made_for = self._make(account), account
            package = self._package
        self._answer.response = None
        envelope: dict[str, Any] = getattr(package, method)(*arguments, **named)
        return self._reply(envelope, account.token)

    def _make(self, account: Credential) -> Any:
        """The package, imported when first needed (0.2 s, 17 MB)."""
        package = import_module("dhanhq")
        _silence()
        context = package.DhanContext(account.identity, account.token.reveal())
        http = context.get_dhan_http()
        http.base_url = self._rest_url
        http.timeout = self._timeout_s
        http.session.trust_env = False
        http.session.max_redirects = 0  # the token stands in a header that would follow to any host
        http.session.hooks["response"].append(self._remember)
        return package.dhanhq(context)

    def _remember(self, response: Any, *_arguments: Any, **_named: Any) -> None:
        _ = response.content  # a body that breaks off is to fail the call, not us when we look at it later
        self._answer.response = response

    def _reply(self, envelope: dict[str, Any], token: Secret) -> Reply:
        response: Any = self._answer.response
        body = envelope.get("data")
        if envelope.get("status") == "success" and not _says_failed(body):
            return Reply(ok=True, body=body, status=response.status_code)
        complaint = token.redact(str(envelope.get("remarks") or body))
        if response is None:
            return Reply(ok=False, complaint=complaint)
        return Reply(
            ok=False,
            status=response.status_code,
            code=_code(response.content),
            retry_after_s=retry_after_s(response.headers.get("Retry-After")),
            complaint=complaint,
        )


def _silence() -> None:
    """Keep the package from the root logger, where its module-level calls would even install a handler.

    What it would say there comes back in the envelope, and is raised.
    """
    quiet = logging.getLogger("dhanhq")
    quiet.setLevel(logging.CRITICAL)
    for name in _LOGGING_MODULES:
        vars(import_module(name))["logging"] = quiet


def _says_failed(body: Any) -> bool:
    return _members(body).get("status") in _FAILED


def _code(content: bytes) -> str | None:
    """Dhan's code in either shape of a failure.

    ``{"errorCode": "DH-905", …}`` or ``{"data": {"805": "…"}, "status": "failed"}``.
    """
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = _members(msgspec.json.decode(content))
        code = body.get("errorCode")
        return code if isinstance(code, str) else next(filter(str.isdecimal, _members(body.get("data"))), None)
    return None


def _members(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
