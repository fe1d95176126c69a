"""Yahoo's REST calls through the ``yfinance`` package, typed and tamed. They block: call them in worker threads.

The package knows which browser to pass for, and how to come by cookie and crumb. What it does for the whole process is
kept from it: one session for all, answers remembered for ever, caches in the user's home (which it pickles), log lines.
Importing this module imports the package, which takes two seconds and 100 MB: do so when the first call is made.
"""

import logging
import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import HTTPError, RequestException
from pandas.errors import InvalidIndexError

from engine.providers.base import ProviderError
from engine.providers.http_answers import retry_after_s
from engine.providers.yahoo.actions import Event, Events
from engine.providers.yahoo.charts import Bar, Chart
from engine.providers.yahoo.failures import EmptyRangeError, http_failure, refusal

T = TypeVar("T")
HttpFailure = Callable[[int, float | None], ProviderError]

_yfinance: Any = import_module("yfinance")
_data: Any = import_module("yfinance.data")
_history: Any = import_module("yfinance.scrapers.history")
_errors: Any = import_module("yfinance.exceptions")

_QUERY_URL: Final = "https://query2.finance.yahoo.com"
_DATA_PATHS: Final = ("/v1/finance/", "/v7/finance/", "/v8/finance/")
"""Where prices are. Cookie and crumb are asked for elsewhere, and may fail without harm."""
_STALE_CRUMB: Final = 401
_TOO_MANY: Final = 429
_EXPLAINED: Final = (400, 404, 422)
_QUOTE_FIELDS: Final = (
    "symbol,regularMarketPrice,regularMarketTime,regularMarketVolume,regularMarketOpen,regularMarketDayHigh,"
    "regularMarketDayLow,regularMarketPreviousClose,bid,ask"
)
_STUMBLES: Final = (
    _errors.YFException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    InvalidIndexError,
)
"""What the package, and pandas below it, raise over answers of another form (a day after the year 9999 is a
``NotImplementedError``); anything else is a fault of the program, and for supervision."""
_COLUMNS: Final = ("Open", "High", "Low", "Close", "Adj Close", "Volume")


def _tame() -> None:
    _yfinance.config.debug.hide_exceptions = False  # failures are raised, not logged
    _yfinance.set_tz_cache_location(os.devnull)  # where no folder can be made, it goes without caches
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)


_tame()


class YahooClient:
    """The REST calls of one address; usable from several threads.

    What fails at Yahoo's is a ``ProviderError``. ``rest_url`` stands for all of Yahoo's hosts, where it is not one of them.
    """

    def __init__(self, rest_url: str, *, timeout_s: float, cool_off_s: float) -> None:
        self._failure: HttpFailure = partial(http_failure, cool_off_s=cool_off_s)
        self._session = _Session(rest_url, timeout_s, self._failure)
        # yfinance has one of these for the whole process, which two addresses would share with all cookies
        self._data: Any = type.__call__(_data.YfData, self._session)
        self._data.cache_get = self._data.get  # it would remember all answers about the past, refusals included

    def chart(self, symbol: str, interval: str, start_s: int, end_s: int) -> Chart:
        """The bars that open in ``[start_s, end_s)`` (s, UTC)."""
        try:
            return self._calling(self._chart, symbol, interval, start_s, end_s)
        except EmptyRangeError:
            return Chart()

    def actions(self, symbol: str, start_s: int, end_s: int) -> Events:
        """The splits and dividends of ``[start_s, end_s)`` (s, UTC)."""
        try:
            return self._calling(self._actions, symbol, start_s, end_s)
        except EmptyRangeError:
            return Events()

    def quotes(self, symbols: Sequence[str]) -> Any:
        """Yahoo's answer about the last trades of these symbols."""
        parameters = {"symbols": ",".join(symbols), "fields": _QUOTE_FIELDS, "formatted": "false"}
        return self._calling(self._json, "/v7/finance/quote", parameters)

    def search(self, text: str, most: int) -> Any:
        """Yahoo's answer to what somebody looks for."""
        parameters = {"q": text, "quotesCount": most, "newsCount": 0, "listsCount": 0}
        return self._calling(self._json, "/v1/finance/search", parameters)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _calling(self, call: Callable[..., T], *arguments: Any) -> T:
        """What a call returns; what the package raises comes out as a ``ProviderError``."""
        try:
            told = call(*arguments)
        except ProviderError:
            raise
        except HTTPError as error:
            raise self._failure(_STALE_CRUMB, None) from error  # all others the session has raised
        except RequestException as error:
            raise ProviderError(f"Yahoo can not be reached: {error}") from error
        except _errors.YFRateLimitError as error:
            raise self._failure(_TOO_MANY, None) from error
        except _STUMBLES as error:
            raise ProviderError(f"Yahoo's answer can not be read: {error!r}") from error
        # without its cache on disk the package would ask for another cookie before every call
        self._data._cookie = True  # noqa: SLF001
        return told

    def _chart(self, symbol: str, interval: str, start_s: int, end_s: int) -> Chart:
        return _chart(self._table(symbol, interval, start_s, end_s, actions=False))

    def _actions(self, symbol: str, start_s: int, end_s: int) -> Events:
        return _events(self._table(symbol, "1d", start_s, end_s, actions=True))

    def _table(self, symbol: str, interval: str, start_s: int, end_s: int, *, actions: bool) -> Any:
        # A Ticker would do the same after it has asked for the time zone, which only dates without one need
        prices = _history.PriceHistory(self._data, symbol, "UTC", session=self._session)
        try:
            return prices.history(interval=interval, start=start_s, end=end_s, auto_adjust=False, actions=actions)
        except _errors.YFPricesMissingError as error:
            self._session.raise_for_last_status()
            raise (refusal(error.yahoo_reason) if error.yahoo_reason else EmptyRangeError(str(error))) from error

    def _json(self, path: str, parameters: Mapping[str, Any]) -> Any:
        return self._data.get_raw_json(_QUERY_URL + path, params=parameters)


class _Session(Session[Response]):
    """A browser as Yahoo sees it, that may be led elsewhere, and that takes no for an answer.

    yfinance repeats what was refused at once, after four calls more for another cookie: that makes a 429 worse.
    """

    def __init__(self, rest_url: str, timeout_s: float, failure: HttpFailure) -> None:
        super().__init__(impersonate="chrome", trust_env=False)
        self._elsewhere = None if _is_yahoos(rest_url) else rest_url
        self._timeout_s = timeout_s
        self._failure = failure
        self._last = threading.local()

    def request(  # pyright: ignore[reportIncompatibleMethodOverride] - what else there is stays as it is
        self, method: Any, url: str, **named: Any
    ) -> Response:
        path = urlsplit(url).path
        if self._elsewhere is not None and _is_yahoos(url):
            url = self._elsewhere + path
        named["timeout"] = self._timeout_s
        response = super().request(method, url, **named)  # pyright: ignore[reportUnknownMemberType]
        if path.startswith(_DATA_PATHS):
            self._last.status = response.status_code
            if response.status_code >= 400 and response.status_code != _STALE_CRUMB:
                raise _explained(response) or self._failure(
                    response.status_code, retry_after_s(response.headers.get("Retry-After"))
                )
        return response

    def raise_for_last_status(self) -> None:
        """Raise what became of this thread's last call, where the package read nothing in a refusal."""
        if self._last.status >= 400:
            raise self._failure(self._last.status, None)


class _Error(msgspec.Struct, frozen=True):
    description: str | None = None


class _Part(msgspec.Struct, frozen=True):
    error: _Error | None = None


class _Refusal(msgspec.Struct, frozen=True):
    chart: _Part = _Part()
    finance: _Part = _Part()


def _explained(response: Response) -> ProviderError | None:
    """The error for a refused call that Yahoo explains, as it does with those that are the caller's fault."""
    try:
        told = msgspec.json.decode(response.content, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    error = told.chart.error or told.finance.error
    if error is None or not error.description or response.status_code not in _EXPLAINED:
        return None
    return refusal(error.description, response.status_code)


def _is_yahoos(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(".yahoo.com")


def _chart(table: Any) -> Chart:
    """A data frame as rows; its index is in the exchange's time zone."""
    times = table.index.as_unit("ns").asi8.tolist()
    columns = [table[name].tolist() for name in _COLUMNS]
    return Chart([Bar(*row) for row in zip(times, *columns, strict=True)], str(table.index.tz or "UTC"))


def _events(table: Any) -> Events:
    """The rows on which something happened."""
    times = table.index.as_unit("ns").asi8.tolist()
    columns = [table[name].tolist() for name in ("Dividends", "Stock Splits")]
    rows = [Event(*row) for row in zip(times, *columns, strict=True)]
    return Events([row for row in rows if row.dividend or row.split], str(table.index.tz or "UTC"))
